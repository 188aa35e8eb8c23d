/* SPDX-License-Identifier: MIT */
/*
 * boot_modules.c - see boot_modules.h. What is not usable is named in the log and left out.
 */
#include "boot_modules.h"

#include <string.h>

#include "info_page.h"
#include "map_window.h"
#include "newc.h"
#include "range.h"
#include "rt_log.h"
#include "sys.h"
#include "vm_layout.h"

#define BOOT ((const struct boot_page *)BOOT_PAGE_ADDRESS)
#define BUNDLE "bundle"
#define CONF "vos.conf"
#define CONF_BYTES_MAX (2 * MIB)	/* room at CONSOLE_CONF */
#define USERS "users"

/* The boot modules that are no images. */
struct texts {
	struct boot_conf *conf, *users;
};

/* False: it is of no use. */
static bool take_text(struct boot_conf *to, const char *name, u64 bytes, u64 bytes_max, u64 h_mem)
{
	if (bytes <= bytes_max && to->bytes == 0)
		*to = (struct boot_conf){ .h_mem = h_mem, .bytes = bytes };
	else
		rt_log("boot module %s is too long, or a second one, and is ignored", name);
	return to->h_mem == h_mem;
}

/* False: it is of no use. */
static bool take(struct image_table *images, const struct texts *texts, const char *name, u64 bytes, u64 h_mem,
		 bool is_built_in)
{
	enum status st;

	if (!is_built_in && strcmp(name, CONF) == 0)
		return take_text(texts->conf, CONF, bytes, CONF_BYTES_MAX, h_mem);
	if (!is_built_in && strcmp(name, USERS) == 0)
		return take_text(texts->users, USERS, bytes, GUARD_MODULE_BYTES_MAX, h_mem);
	st = image_add(images, name, bytes, h_mem, is_built_in);
	if (st != ST_OK)
		rt_log("boot module %s left out: %s", image_name_ok(name, IMAGE_NAME_BYTES) ? name : "?",
		       st == ST_EXISTS ? "its name is taken" : st == ST_FULL ? "too many" : "bad name or size");
	return st == ST_OK;
}

/* One file of the bundle, into memory of its own. 0: there is none. */
static u64 copy_file(const struct newc_file *file)
{
	u64 h_mem;

	if (file->count == 0 ||
	    sys_mem_create(HANDLE_ROOT, align_up(file->count, PAGE_SIZE), MEM_LARGE, &h_mem) != ST_OK)
		return 0;
	if (map_window_open(WINDOW_TARGET, h_mem, file->count, true) != ST_OK) {
		(void)sys_object_destroy(h_mem);
		return 0;
	}
	memcpy(map_window_at(WINDOW_TARGET), file->bytes, file->count);
	map_window_close(WINDOW_TARGET);
	return h_mem;
}

static void take_bundle(struct image_table *images, const struct texts *texts, const struct boot_module *module)
{
	enum status st = map_window_open(WINDOW_SOURCE, module->handle, module->bytes, false);
	struct newc_file file;
	u64 at = 0;

	if (st != ST_OK) {
		rt_log("boot module " BUNDLE " can't be read (status %u)", (unsigned)st);
		return;
	}
	while (st == ST_OK) {
		st = newc_next(map_window_at(WINDOW_SOURCE), module->bytes, &at, &file);
		if (st == ST_OK) {
			u64 h_mem = copy_file(&file);

			if (!take(images, texts, h_mem != 0 ? file.name : "", file.count, h_mem, false) && h_mem != 0)
				while (sys_object_destroy(h_mem) == ST_AGAIN)
					;
		}
	}
	if (st != ST_FULL)
		rt_log("boot module " BUNDLE ": not a whole cpio archive");
	map_window_close(WINDOW_SOURCE);
}

void boot_modules_read(struct image_table *images, struct boot_conf *conf, struct boot_conf *users)
{
	const struct texts texts = { conf, users };
	u32 count = BOOT->module_count < BOOT_MODULES ? BOOT->module_count : BOOT_MODULES;

	for (u32 i = 0; i < count; i++) {
		const struct boot_module *m = &BOOT->modules[i];

		if (m->built_in == 0 && strncmp(m->name, BUNDLE, sizeof(m->name)) == 0)
			take_bundle(images, &texts, m);
		else
			(void)take(images, &texts, m->name, m->bytes, m->handle, m->built_in != 0);
	}
}
