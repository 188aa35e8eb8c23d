/* SPDX-License-Identifier: MIT */
/*
 * look.c - see look.h.
 */
#include "look.h"

#include <stdlib.h>

#include "pair.h"

static bool read_block(void *context, u64 block, void *to)
{
	struct look *r = context;
	bool is_ok = image_read(&r->image, block, to);

	r->unreadable += !is_ok;
	return is_ok;
}

const char *look_name(const struct look *r, u32 id)
{
	for (u32 i = 0; i < r->check.records; i++)
		if (pool_check_record(r->arena, i)->id == id)
			return pool_check_record(r->arena, i)->name;
	return "?";
}

static void show_fault(const struct look *r, u64 block, u32 id, const char *text)
{
	if (r->is_quiet || r->check.faults > SHOWN_MAX)
		return;
	fprintf(r->err, "vos-pool: %s: ", r->image.path);
	if (id == 0)
		fprintf(r->err, "block %llu: %s\n", (unsigned long long)block, text);
	else
		fprintf(r->err, "volume %s, block %llu: %s\n", look_name(r, id), (unsigned long long)block, text);
}

void look_found(struct look *r, u64 block, u32 id, const char *text)
{
	r->check.faults++;
	show_fault(r, block, id, text);
}

void look_rest(const struct look *r)
{
	if (r->check.faults > SHOWN_MAX)
		fprintf(r->err, "vos-pool: %s: and %llu more\n", r->image.path,
			(unsigned long long)(r->check.faults - SHOWN_MAX));
}

static void found(void *context, enum check_fault fault, u64 block, u32 id)
{
	struct look *r = context;

	r->has_label &= fault != CHECK_LABEL;
	if (fault != CHECK_LABEL)
		show_fault(r, block, id, pool_check_text[fault]);
	else if (!r->is_quiet)
		fprintf(r->err, "vos-pool: %s: %s\n", r->image.path, pool_check_text[fault]);
}

double look_mib(u64 blocks)
{
	return (double)blocks * POOL_BLOCK / (1024.0 * 1024);
}

void look_show(const struct look *r, FILE *out)
{
	const struct pool_label *l = &r->check.label;

	fprintf(out, "pool %s: %.1f MiB, %.1f MiB used, %u volumes and snapshots, %u records in the log\n", l->name,
		look_mib(l->blocks), look_mib(r->check.super.used_blocks), (unsigned)r->check.records,
		(unsigned)r->check.log_records);
}

bool look_at(struct look *r, bool is_quiet, bool with_data)
{
	r->is_quiet = is_quiet;
	r->has_label = true;
	r->check = (struct pool_check){ .context = r, .read = read_block, .found = found,
		.device_sectors = r->image.bytes / POOL_SECTOR, .with_data = with_data };
	if (r->pair != NULL)
		r->check.plain = pair_compare;
	r->arena = malloc(pool_check_bytes(r->check.device_sectors));
	if (r->arena == NULL) {
		fprintf(r->err, "vos-pool: %s: no memory\n", r->image.path);
		return false;
	}
	pool_check(&r->check, r->arena);
	r->has_label &= r->check.label.blocks > 0;
	return true;
}

void look_close(struct look *r)
{
	free(r->arena);
	r->arena = NULL;
	image_close(&r->image);
}
