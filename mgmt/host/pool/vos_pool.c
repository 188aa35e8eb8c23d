/* SPDX-License-Identifier: MIT */
/*
 * vos_pool.c - see vos_pool.h.
 */
#include "vos_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "extract.h"
#include "layout.h"
#include "look.h"
#include "pair.h"

static const char usage[] =
	"usage: vos-pool check IMAGE [OFFSET]   look for faults, also of its data\n"
	"       vos-pool check IMAGE IMAGE      the same for both disks of a mirror; compares them\n"
	"       vos-pool info IMAGE [OFFSET]    show the pool and its volumes\n"
	"       vos-pool extract IMAGE VOLUME FILE [OFFSET]\n"
	"                                       copy a volume, or a snapshot, to a new file\n"
	"IMAGE is a file or a disk; without OFFSET (bytes) the pool is at its beginning\n"
	"or in its one partition of a pool's type. Nothing is written to it.\n"
	"exit status: 0 no fault, 1 faults, 2 wrong arguments, 3 not readable or no pool\n";

static void show_volume(const struct look *r, const struct pool_record *v, FILE *out)
{
	static const char *const kinds[] = { [POOL_PLAIN] = "plain", [POOL_INTEGRITY] = "integrity",
		[POOL_ENCRYPTED] = "encrypted" };

	fprintf(out, "%-23s  %-9s  %10.1f  %10.1f", v->name, kinds[v->kind],
		look_mib(v->sectors / POOL_BLOCK_SECTORS), look_mib(v->mapped * layout_granule_blocks(v->kind)));
	if ((v->flags & POOL_VOLUME_THICK) != 0)
		fputs("  thick", out);
	if ((v->flags & POOL_VOLUME_DELETING) != 0)
		fputs("  being deleted", out);
	if (v->head != 0)
		fprintf(out, "  snapshot of %s", look_name(r, v->head));
	if (v->origin != 0)
		fprintf(out, "  clone of %s", look_name(r, v->origin));
	fputc('\n', out);
}

static int check(struct look *r, char **arguments, FILE *out)
{
	(void)arguments;
	if (!look_at(r, false, true))
		return VOS_POOL_UNREADABLE;
	if (r->has_label)
		look_show(r, out);
	look_rest(r);
	if (!r->has_label)
		return VOS_POOL_UNREADABLE;
	fprintf(out, r->check.faults == 0 ? "no fault\n" : "%llu faults\n", (unsigned long long)r->check.faults);
	if (r->check.faults == 0)
		return VOS_POOL_OK;
	return r->unreadable > 0 ? VOS_POOL_UNREADABLE : VOS_POOL_FAULTS;
}

static int info(struct look *r, char **arguments, FILE *out)
{
	(void)arguments;
	if (!look_at(r, true, false))
		return VOS_POOL_UNREADABLE;
	if (!r->has_label) {
		fprintf(r->err, "vos-pool: %s: %s\n", r->image.path, pool_check_text[CHECK_LABEL]);
		return VOS_POOL_UNREADABLE;
	}
	look_show(r, out);
	fprintf(out, "%-23s  %-9s  %10s  %10s\n", "NAME", "KIND", "SIZE MiB", "MAPPED MiB");
	for (u32 i = 0; i < r->check.records; i++)
		show_volume(r, pool_check_record(r->arena, i), out);
	if (r->check.faults == 0)
		return VOS_POOL_OK;
	fprintf(r->err, "vos-pool: %s: %llu faults: vos-pool check shows them\n", r->image.path,
		(unsigned long long)r->check.faults);
	return VOS_POOL_FAULTS;
}

static int extract_one(struct look *r, char **arguments, FILE *out)
{
	return extract(&r->image, arguments[0], arguments[1], out, r->err);
}

static const struct command {
	const char *name;
	int arguments;		/* behind IMAGE */
	int (*act)(struct look *r, char **arguments, FILE *out);
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

/* A number is none, nor what begins with a minus sign; ./7 is. */
static bool is_image(const char *text)
{
	return *text != '-' && text[strspn(text, "0123456789")] != 0;
}

static int status_of(enum image_result opened)
{
	return opened == IMAGE_SEVERAL_POOLS ? VOS_POOL_USAGE : VOS_POOL_UNREADABLE;
}

static int check_pair(char **paths, FILE *out, FILE *err)
{
	static struct look side[POOL_MEMBERS];
	enum image_result opened = IMAGE_OPEN;
	u32 open = 0;
	int status;

	memset(side, 0, sizeof(side));
	while (open < POOL_MEMBERS && opened == IMAGE_OPEN) {
		side[open].err = err;
		opened = image_open(&side[open].image, paths[open], IMAGE_ANYWHERE, err);
		open += opened == IMAGE_OPEN;
	}
	status = open == POOL_MEMBERS ? pair_check(side, out) : status_of(opened);
	while (open > 0)
		look_close(&side[--open]);
	return status;
}

int vos_pool(int argc, char **argv, FILE *out, FILE *err)
{
	const struct command *c = argc < 2 ? NULL : command_of(argv[1]);
	u64 offset = IMAGE_ANYWHERE;
	int offset_at = c == NULL ? 0 : 3 + c->arguments, status;
	struct look r = { .err = err };
	enum image_result opened;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, out);
		return VOS_POOL_OK;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		fputs("vos-pool " VOS_VERSION "\n", out);
		return VOS_POOL_OK;
	}
	if (argc == 4 && c != NULL && c->act == check && is_image(argv[3]))
		return check_pair(argv + 2, out, err);
	if (c == NULL || argc < offset_at || argc > offset_at + 1 ||
		(argc > offset_at && !parse_offset(argv[offset_at], &offset))) {
		if (c != NULL && argc == offset_at + 1)
			fputs("vos-pool: OFFSET is a number of bytes, a multiple of 512\n", err);
		fputs(usage, err);
		return VOS_POOL_USAGE;
	}
	opened = image_open(&r.image, argv[2], offset, err);
	if (opened != IMAGE_OPEN)
		return status_of(opened);
	status = c->act(&r, argv + 3, out);
	look_close(&r);
	return status;
}
