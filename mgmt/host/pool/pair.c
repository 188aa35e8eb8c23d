/* SPDX-License-Identifier: MIT */
/*
 * pair.c - see pair.h. Nodes and data with checksums are judged on each image by themselves; what has none, data of
 * plain volumes, is compared.
 */
#include "pair.h"

#include <string.h>

#include "layout.h"
#include "vos_pool.h"

struct pair {
	struct look *source, *other;
	struct pool_super super[POOL_MEMBERS];	/* the newest one of each image */
	u8 regions[POOL_BLOCK];		/* of either */
	bool has_all[POOL_MEMBERS];
	u64 unsettled;			/* blocks that differ, and may */
};

static bool complain(const struct look *r, const char *text)
{
	fprintf(r->err, "vos-pool: %s: %s\n", r->image.path, text);
	return false;
}

/* ---- which of them has all ---- */

static bool read_super(struct look *r, struct pool_super *newest)
{
	struct pool_node block;
	struct pool_super s;

	for (u32 at = 0; at < 2; at++) {
		if (!image_read(&r->image, POOL_SUPER_BLOCK + at, &block))
			continue;
		memcpy(&s, &block, sizeof(s));
		if (layout_super(&s, &r->check.label) && (s.generation & 1) == at &&
			s.generation > newest->generation)
			*newest = s;
	}
	return newest->generation != 0 || complain(r, pool_check_text[CHECK_SUPER]);
}

static bool read_head(struct look *r, struct pair *m, u32 k)
{
	struct pool_node block;
	const u8 *bits = (const u8 *)&block;

	if (!image_read(&r->image, POOL_LABEL_BLOCK, &block))
		return complain(r, pool_check_text[CHECK_READ]);
	memcpy(&r->check.label, &block, sizeof(r->check.label));
	if (layout_label(&r->check.label, r->image.bytes / POOL_SECTOR) != POOL_OK)
		return complain(r, pool_check_text[CHECK_LABEL]);
	if (!read_super(r, &m->super[k]))
		return false;
	if (!image_read(&r->image, POOL_REGION_BLOCK, &block))
		return complain(r, pool_check_text[CHECK_READ]);
	for (u32 i = 0; i < POOL_BLOCK; i++)
		m->regions[i] |= bits[i];
	return true;
}

static bool are_of_one_mirror(const struct look side[POOL_MEMBERS])
{
	const struct pool_label *a = &side[0].check.label, *b = &side[1].check.label;

	return a->member_count == POOL_MEMBERS && a->member_index != b->member_index && layout_is_same_pool(a, b);
}

/* NULL: it has all. */
static const char *lack_of(const struct look side[POOL_MEMBERS], const struct pair *m, u32 k)
{
	const struct pool_label *mine = &side[k].check.label, *others = &side[1 - k].check.label;
	u32 at = mine->member_index;

	if (memcmp(mine->member_uuid[at], others->member_uuid[at], POOL_UUID_BYTES) != 0)
		return "another disk has its place in the mirror";
	if (m->super[k].stale_generation[at] != 0)
		return "stale: it was being copied to, and has not all";
	if (m->super[1 - k].stale_generation[at] != 0)
		return "stale: the pool has gone on without it";
	return NULL;
}

/* Counts those that lack something. */
static u32 find_lacks(struct look side[POOL_MEMBERS], struct pair *m)
{
	u32 count = 0;

	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		const char *lack = lack_of(side, m, k);

		m->has_all[k] = lack == NULL;
		if (lack == NULL)
			continue;
		complain(&side[k], lack);
		count++;
	}
	return count;
}

/* ---- what is alike ---- */

static bool may_differ(const struct pair *m, u64 block)
{
	u64 region = block >> m->source->check.label.region_shift;

	return (m->regions[region / 8] >> region % 8 & 1) != 0;
}

static void compare_block(struct pair *m, u64 block, u32 id)
{
	u8 a[POOL_BLOCK], b[POOL_BLOCK];
	bool has_a = image_read(&m->source->image, block, a), has_b = image_read(&m->other->image, block, b);

	m->source->unreadable += !has_a;
	m->other->unreadable += !has_b;
	if (!has_a)
		look_found(m->source, block, id, pool_check_text[CHECK_READ]);
	if (!has_b)
		look_found(m->other, block, id, pool_check_text[CHECK_READ]);
	if (!has_a || !has_b || memcmp(a, b, sizeof(a)) == 0)
		return;
	if (may_differ(m, block))
		m->unsettled++;
	else
		look_found(m->source, block, id, "the other disk has other data");
}

void pair_compare(void *context, u64 block, u32 count, u32 id)
{
	const struct look *r = context;

	for (u32 i = 0; i < count; i++)
		compare_block(r->pair, block + i, id);
}

/* ---- the whole ---- */

/* The one that is checked second is not compared again. */
static bool look_at_both(struct look side[POOL_MEMBERS], struct pair *m, bool are_both_whole)
{
	u32 s = !m->has_all[0] || (m->has_all[1] && m->super[1].generation > m->super[0].generation);

	m->source = &side[s];
	m->other = &side[1 - s];
	if (!are_both_whole)
		return look_at(m->source, false, true);
	if (!look_at(m->other, false, true))
		return false;
	m->source->pair = m;
	if (!look_at(m->source, false, true))
		return false;
	look_rest(m->other);
	return true;
}

int pair_check(struct look side[POOL_MEMBERS], FILE *out)
{
	struct pair m = { 0 };
	u32 lacking;
	u64 faults;

	if (!read_head(&side[0], &m, 0) || !read_head(&side[1], &m, 1))
		return VOS_POOL_UNREADABLE;
	if (!are_of_one_mirror(side)) {
		fprintf(side[0].err, "vos-pool: %s and %s are not the two disks of one mirror\n", side[0].image.path,
			side[1].image.path);
		return VOS_POOL_USAGE;
	}
	lacking = find_lacks(side, &m);
	if (lacking == POOL_MEMBERS) {
		fputs("vos-pool: neither disk has all: VOS opens no such mirror\n", side[0].err);
		return VOS_POOL_FAULTS;
	}
	if (!look_at_both(side, &m, lacking == 0))
		return VOS_POOL_UNREADABLE;
	look_show(m.source, out);
	look_rest(m.source);
	if (m.unsettled > 0)
		fprintf(out, "%llu blocks differ that were being written: the next opening makes them equal\n",
			(unsigned long long)m.unsettled);
	faults = m.source->check.faults + (lacking == 0 ? m.other->check.faults : lacking);
	fprintf(out, faults == 0 ? "no fault\n" : "%llu faults\n", (unsigned long long)faults);
	if (faults == 0)
		return VOS_POOL_OK;
	return side[0].unreadable + side[1].unreadable > 0 ? VOS_POOL_UNREADABLE : VOS_POOL_FAULTS;
}
