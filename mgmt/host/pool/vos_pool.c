/* SPDX-License-Identifier: MIT */
/*
 * vos_pool.c - see vos_pool.h.
 */
#include "vos_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "extract.h"
#include "image.h"
#include "layout.h"

#define SHOWN_MAX 100u		/* faults that are listed */

struct run {
	struct image image;
	struct pool_check check;
	void *arena;
	FILE *err;
	bool is_quiet;		/* faults are only counted */
	bool has_label;
	u64 unreadable;		/* blocks */
};

static const char usage[] =
	"usage: vos-pool check IMAGE [OFFSET]   look for faults; data with a checksum is read, too\n"
	"       vos-pool info IMAGE [OFFSET]    show the pool and its volumes\n"
	"       vos-pool extract IMAGE VOLUME FILE [OFFSET]\n"
	"                                       copy a volume, or a snapshot, to a new file\n"
	"IMAGE is a file or a disk; without OFFSET (bytes) the pool is at its beginning\n"
	"or in its one partition of a pool's type. Nothing is written to it.\n"
	"exit status: 0 no fault, 1 faults, 2 wrong arguments, 3 not readable or no pool\n";

static bool read_block(void *context, u64 block, void *to)
{
	struct run *r = context;
	bool is_ok = image_read(&r->image, block, to);

	r->unreadable += !is_ok;
	return is_ok;
}

static const char *name_of(const struct run *r, u32 id)
{
	for (u32 i = 0; i < r->check.records; i++)
		if (pool_check_record(r->arena, i)->id == id)
			return pool_check_record(r->arena, i)->name;
	return "?";
}

static void found(void *context, enum check_fault fault, u64 block, u32 id)
{
	struct run *r = context;

	r->has_label &= fault != CHECK_LABEL;
	if (r->is_quiet || r->check.faults > SHOWN_MAX)
		return;
	fprintf(r->err, "vos-pool: %s: ", r->image.path);
	if (fault == CHECK_LABEL)
		fprintf(r->err, "%s\n", pool_check_text[fault]);
	else if (id == 0)
		fprintf(r->err, "block %llu: %s\n", (unsigned long long)block, pool_check_text[fault]);
	else
		fprintf(r->err, "volume %s, block %llu: %s\n", name_of(r, id), (unsigned long long)block,
			pool_check_text[fault]);
}

static double mib(u64 blocks)
{
	return (double)blocks * POOL_BLOCK / (1024.0 * 1024);
}

static void show_pool(const struct run *r, FILE *out)
{
	const struct pool_label *l = &r->check.label;

	fprintf(out, "pool %s: %.1f MiB, %.1f MiB used, %u volumes and snapshots, %u records in the log\n", l->name,
		mib(l->blocks), mib(r->check.super.used_blocks), (unsigned)r->check.records,
		(unsigned)r->check.log_records);
}

static void show_volume(const struct run *r, const struct pool_record *v, FILE *out)
{
	static const char *const kinds[] = { [POOL_PLAIN] = "plain", [POOL_INTEGRITY] = "integrity",
		[POOL_ENCRYPTED] = "encrypted" };

	fprintf(out, "%-23s  %-9s  %10.1f  %10.1f", v->name, kinds[v->kind],
		mib(v->sectors / POOL_BLOCK_SECTORS), mib(v->mapped * layout_granule_blocks(v->kind)));
	if ((v->flags & POOL_VOLUME_THICK) != 0)
		fputs("  thick", out);
	if ((v->flags & POOL_VOLUME_DELETING) != 0)
		fputs("  being deleted", out);
	if (v->head != 0)
		fprintf(out, "  snapshot of %s", name_of(r, v->head));
	if (v->origin != 0)
		fprintf(out, "  clone of %s", name_of(r, v->origin));
	fputc('\n', out);
}

/* As the last checkpoint left it. False: no memory. */
static bool look(struct run *r, bool is_quiet, bool with_data)
{
	r->is_quiet = is_quiet;
	r->has_label = true;
	r->check = (struct pool_check){ .context = r, .read = read_block, .found = found,
		.device_sectors = r->image.bytes / POOL_SECTOR, .with_data = with_data };
	r->arena = malloc(pool_check_bytes(r->check.device_sectors));
	if (r->arena == NULL) {
		fprintf(r->err, "vos-pool: %s: no memory\n", r->image.path);
		return false;
	}
	pool_check(&r->check, r->arena);
	r->has_label &= r->check.label.blocks > 0;
	return true;
}

static int check(struct run *r, char **arguments, FILE *out)
{
	(void)arguments;
	if (!look(r, false, true))
		return VOS_POOL_UNREADABLE;
	if (r->has_label)
		show_pool(r, out);
	if (r->check.faults > SHOWN_MAX)
		fprintf(r->err, "vos-pool: %s: and %llu more\n", r->image.path,
			(unsigned long long)(r->check.faults - SHOWN_MAX));
	if (!r->has_label)
		return VOS_POOL_UNREADABLE;
	fprintf(out, r->check.faults == 0 ? "no fault\n" : "%llu faults\n", (unsigned long long)r->check.faults);
	if (r->check.faults == 0)
		return VOS_POOL_OK;
	return r->unreadable > 0 ? VOS_POOL_UNREADABLE : VOS_POOL_FAULTS;
}

static int info(struct run *r, char **arguments, FILE *out)
{
	(void)arguments;
	if (!look(r, true, false))
		return VOS_POOL_UNREADABLE;
	if (!r->has_label) {
		fprintf(r->err, "vos-pool: %s: %s\n", r->image.path, pool_check_text[CHECK_LABEL]);
		return VOS_POOL_UNREADABLE;
	}
	show_pool(r, out);
	fprintf(out, "%-23s  %-9s  %10s  %10s\n", "NAME", "KIND", "SIZE MiB", "MAPPED MiB");
	for (u32 i = 0; i < r->check.records; i++)
		show_volume(r, pool_check_record(r->arena, i), out);
	if (r->check.faults == 0)
		return VOS_POOL_OK;
	fprintf(r->err, "vos-pool: %s: %llu faults: vos-pool check shows them\n", r->image.path,
		(unsigned long long)r->check.faults);
	return VOS_POOL_FAULTS;
}

static int extract_one(struct run *r, char **arguments, FILE *out)
{
	return extract(&r->image, arguments[0], arguments[1], out, r->err);
}

static const struct command {
	const char *name;
	int arguments;		/* behind IMAGE */
	int (*act)(struct run *r, char **arguments, FILE *out);
} commands[] = {
	{ "check", 0, check },
	{ "info", 0, info },
	{ "extract", 2, extract_one },
};

static const struct command *command_of(const char *name)
{
	for (u32 i = 0; i < ARRAY_COUNT(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static bool parse_offset(const char *text, u64 *offset)
{
	char *end;

	errno = 0;
	*offset = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && *end == 0 && errno == 0 && *offset % POOL_SECTOR == 0 &&
		*offset != IMAGE_ANYWHERE;
}

int vos_pool(int argc, char **argv, FILE *out, FILE *err)
{
	const struct command *c = argc < 2 ? NULL : command_of(argv[1]);
	u64 offset = IMAGE_ANYWHERE;
	int offset_at = c == NULL ? 0 : 3 + c->arguments, status;
	struct run r = { .err = err };
	enum image_result opened;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, out);
		return VOS_POOL_OK;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		fputs("vos-pool " VOS_VERSION "\n", out);
		return VOS_POOL_OK;
	}
	if (c == NULL || argc < offset_at || argc > offset_at + 1 ||
		(argc > offset_at && !parse_offset(argv[offset_at], &offset))) {
		if (c != NULL && argc == offset_at + 1)
			fputs("vos-pool: OFFSET is a number of bytes, a multiple of 512\n", err);
		fputs(usage, err);
		return VOS_POOL_USAGE;
	}
	opened = image_open(&r.image, argv[2], offset, err);
	if (opened != IMAGE_OPEN)
		return opened == IMAGE_SEVERAL_POOLS ? VOS_POOL_USAGE : VOS_POOL_UNREADABLE;
	status = c->act(&r, argv + 3, out);
	free(r.arena);
	image_close(&r.image);
	return status;
}
