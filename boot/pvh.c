/*
 * pvh.c - parser of the PVH start information (Xen's direct boot, also QEMU's -kernel). Pure: other memory is reached
 * through `read`.
 *
 * The list of modules has one entry on QEMU, the -initrd; it has no name, so it is called "bundle": root splits it.
 */
#include "parse.h"

#include <string.h>
#include <xen/arch-x86/hvm/start_info.h>	/* wants stdint.h, which parse.h brings */

#define DEFAULT_MODULE_NAME "bundle"

struct source {
	boot_read read;
	void *ctx;
};

static bool read_copy(const struct source *s, u64 at, void *to, size_t bytes)
{
	const void *from = s->read(s->ctx, HPA(at), bytes);

	if (!from)
		return false;
	memcpy(to, from, bytes);
	return true;
}

/* A string of unknown length: byte by byte, until its NUL or until `to` is full. */
static bool read_string(const struct source *s, u64 at, char *to, size_t room)
{
	size_t i;

	memset(to, 0, room);
	for (i = 0; i + 1 < room; i++) {
		if (at + i < at || !read_copy(s, at + i, &to[i], 1))
			return false;
		if (to[i] == '\0')
			break;
	}
	return true;
}

static enum status parse_modules(const struct source *s, const struct hvm_start_info *si, struct boot_info *out,
				 u32 *dropped)
{
	char string[sizeof(out->modules[0].string)];
	struct hvm_modlist_entry m;
	u32 i;

	for (i = 0; i < si->nr_modules; i++) {
		if (out->module_count == BOOT_INFO_MODULES) {
			*dropped += si->nr_modules - i;
			break;
		}
		if (!read_copy(s, si->modlist_paddr + i * sizeof(m), &m, sizeof(m)))
			return ST_INVAL;
		memcpy(string, DEFAULT_MODULE_NAME, sizeof(DEFAULT_MODULE_NAME));
		if (m.cmdline_paddr != 0 && !read_string(s, m.cmdline_paddr, string, sizeof(string)))
			return ST_INVAL;
		if (string[0] == '\0')
			memcpy(string, DEFAULT_MODULE_NAME, sizeof(DEFAULT_MODULE_NAME));
		if (!boot_add_module(out, m.paddr, m.size, string, sizeof(string), dropped))
			return ST_INVAL;
	}
	return ST_OK;
}

static enum status parse_memory_map(const struct source *s, const struct hvm_start_info *si, struct boot_info *out,
				    u32 *dropped)
{
	struct hvm_memmap_table_entry e;
	u32 i;

	if (si->version < 1)
		return ST_INVAL;
	for (i = 0; i < si->memmap_entries; i++) {
		if (out->range_count == BOOT_RANGES) {
			*dropped += si->memmap_entries - i;
			break;
		}
		if (!read_copy(s, si->memmap_paddr + i * sizeof(e), &e, sizeof(e)))
			return ST_INVAL;
		boot_add_range(out, e.addr, e.size, e.type, dropped);
	}
	return out->range_count > 0 ? ST_OK : ST_INVAL;
}

enum status boot_parse_pvh(const void *start_info, size_t bytes, boot_read read, void *ctx, struct boot_info *out,
			   u32 *dropped)
{
	const struct source s = { .read = read, .ctx = ctx };
	struct hvm_start_info si;
	enum status status;

	memset(out, 0, sizeof(*out));
	*dropped = 0;
	out->screen = boot_text_screen;
	out->firmware = BOOT_PVH;
	boot_copy_string(out->loader, sizeof(out->loader), "PVH", sizeof("PVH"));
	if (bytes < sizeof(si))
		return ST_INVAL;
	memcpy(&si, start_info, sizeof(si));
	if (si.magic != XEN_HVM_START_MAGIC_VALUE)
		return ST_INVAL;
	out->rsdp = HPA(si.rsdp_paddr);
	if (si.cmdline_paddr != 0 && !read_string(&s, si.cmdline_paddr, out->cmdline, sizeof(out->cmdline)))
		return ST_INVAL;
	status = parse_modules(&s, &si, out, dropped);
	if (status != ST_OK)
		return status;
	return parse_memory_map(&s, &si, out, dropped);
}
