/* SPDX-License-Identifier: MIT */
/*
 * pt.c - the page-table walker: the tree, and of an entry's bits only those that all formats have in common: address
 * and size (APM Vol. 2 5.3.4, SDM Vol. 3 4.5.4, 28.3.2). The others are the codecs': pt_host.c, pt_ept.c.
 *
 * Invariants: each entry was made here; a present entry of level 4 is a table; a table but the root holds at least one
 * present entry, unless hardware walks the tree. No recursion: at most four levels, kept in arrays. Must not be here:
 * TLB work, knowledge of what is mapped.
 */
#include "pt.h"
#include "range.h"

#define ENTRIES 512u
#define VA_LIMIT BIT64(48)
#define ENTRY_LARGE BIT64(7)	/* above the lowest level: a leaf, not a table */
#define ENTRY_ADDRESS 0x000ffffffffff000ull

static u32 level_index(u64 va, u32 level)
{
	return (u32)(va >> (PAGE_SHIFT + 9 * (level - 1))) & (ENTRIES - 1);
}

static u64 *table_at(const struct pt *pt, hpa_t table)
{
	return pt->frames->pointer(pt->frames->ctx, table);
}

u64 pt_leaf_entry(const struct pt_format *format, hpa_t hpa, u32 rights, enum pt_level level)
{
	return hpa.raw | format->leaf(rights) | (level == PT_LEVEL_4K ? 0 : ENTRY_LARGE);
}

u64 pt_table_entry(const struct pt_format *format, hpa_t table)
{
	return table.raw | format->table;
}

static bool is_present(const struct pt *pt, u64 entry)
{
	return (entry & pt->format->present) != 0;
}

static bool is_table(const struct pt *pt, u64 entry, u32 level)
{
	return level > PT_LEVEL_4K && is_present(pt, entry) && (entry & ENTRY_LARGE) == 0;
}

/* Of the table or the first frame that it points at. */
static hpa_t entry_hpa(u64 entry)
{
	return HPA(entry & ENTRY_ADDRESS);
}

static enum status table_alloc(struct pt *pt, hpa_t *out)
{
	enum status status = pt->frames->alloc(pt->frames->ctx, out);

	if (status == ST_OK)
		pt->table_count++;
	return status;
}

static void table_free(struct pt *pt, hpa_t table)
{
	pt->frames->free(pt->frames->ctx, table);
	pt->table_count--;
}

enum status pt_init(struct pt *pt, const struct pt_format *format, const struct pt_frames *frames, bool has_1g)
{
	*pt = (struct pt){ .format = format, .frames = frames, .top = PT_LEVEL_TOP, .has_1g = has_1g };
	return table_alloc(pt, &pt->root);
}

/* The path from the root down to where va's translation ends: entries[l] is va's entry in the table of level l. */
struct path {
	u64 *entries[PT_LEVEL_TOP + 1];
	u64 *tables[PT_LEVEL_TOP + 1];
	u32 level;		/* the lowest level reached: its entry is a leaf or not present */
};

static void path_walk(const struct pt *pt, u64 va, struct path *path)
{
	hpa_t table = pt->root;

	for (u32 level = pt->top;; level--) {
		path->tables[level] = table_at(pt, table);
		path->entries[level] = &path->tables[level][level_index(va, level)];
		path->level = level;
		if (!is_table(pt, *path->entries[level], level))
			return;
		table = entry_hpa(*path->entries[level]);
	}
}

static bool table_is_empty(const struct pt *pt, const u64 *table)
{
	for (u32 i = 0; i < ENTRIES; i++)
		if (is_present(pt, table[i]))
			return false;
	return true;
}

/* Free the tables on va's path that have become empty, from the lowest up. */
static void path_prune(struct pt *pt, u64 va)
{
	struct path path;

	if (pt->is_walked)
		return;
	path_walk(pt, va, &path);
	for (u32 level = path.level; level < pt->top && table_is_empty(pt, path.tables[level]); level++) {
		table_free(pt, entry_hpa(*path.entries[level + 1]));
		__atomic_store_n(path.entries[level + 1], 0, __ATOMIC_RELEASE);
	}
}

enum status pt_map(struct pt *pt, u64 va, hpa_t hpa, enum pt_level level, u32 rights)
{
	struct path path;
	hpa_t table;
	enum status status = ST_OK;

	if (level < PT_LEVEL_4K || level > PT_LEVEL_1G || (level == PT_LEVEL_1G && !pt->has_1g))
		return ST_INVAL;
	if (!aligned_ok(va | hpa.raw, pt_level_bytes(level)) || !range_ok(va, pt_level_bytes(level), VA_LIMIT))
		return ST_INVAL;
	path_walk(pt, va, &path);
	if (path.level < level || is_present(pt, *path.entries[path.level]))
		return ST_EXISTS;
	while (path.level > level && status == ST_OK) {
		status = table_alloc(pt, &table);
		if (status != ST_OK)
			break;
		/* The zeroed table is visible before the entry that points at it: hardware may walk at any time. */
		__atomic_store_n(path.entries[path.level], pt_table_entry(pt->format, table), __ATOMIC_RELEASE);
		path.level--;
		path.entries[path.level] = &table_at(pt, table)[level_index(va, path.level)];
	}
	if (status != ST_OK) {
		path_prune(pt, va);
		return status;
	}
	__atomic_store_n(path.entries[level], pt_leaf_entry(pt->format, hpa, rights, level), __ATOMIC_RELEASE);
	return ST_OK;
}

struct pt_leaf pt_next(const struct pt *pt, u64 from, u64 end, u64 *va)
{
	struct path path;
	u64 entry;

	end = min_u64(end, VA_LIMIT);
	for (u64 at = from; at < end; at = *va + pt_level_bytes(path.level)) {
		path_walk(pt, at, &path);
		*va = align_down(at, pt_level_bytes(path.level));
		entry = *path.entries[path.level];
		if (is_present(pt, entry))
			return (struct pt_leaf){ (enum pt_level)path.level, entry_hpa(entry),
						 pt->format->rights(entry) };
	}
	return (struct pt_leaf){ 0 };
}

struct pt_leaf pt_lookup(const struct pt *pt, u64 va)
{
	u64 first;

	return pt_next(pt, va, va + 1, &first);
}

/* Does a leaf that maps `va` lie within [start, end)? Nothing mapped is fine. */
static bool leaf_is_within(const struct pt *pt, u64 va, u64 start, u64 end)
{
	u64 first;
	struct pt_leaf leaf = pt_next(pt, va, va + 1, &first);

	return leaf.level == 0 || (first >= start && pt_level_bytes(leaf.level) <= end - first);
}

enum status pt_unmap(struct pt *pt, u64 va, u64 bytes)
{
	struct path path;
	u64 end, next;

	if (bytes == 0 || !aligned_ok(va | bytes, PAGE_SIZE) || !range_ok(va, bytes, VA_LIMIT))
		return ST_INVAL;
	end = va + bytes;
	if (!leaf_is_within(pt, va, va, end) || !leaf_is_within(pt, end - PAGE_SIZE, va, end))
		return ST_INVAL;
	for (u64 at = va; at < end; at = next) {
		path_walk(pt, at, &path);
		next = align_down(at, pt_level_bytes(path.level)) + pt_level_bytes(path.level);
		__atomic_store_n(path.entries[path.level], 0, __ATOMIC_RELEASE);
		/* Leaving this table, or done: it may be empty now. */
		if (next >= end || level_index(next, path.level) == 0)
			path_prune(pt, at);
	}
	return ST_OK;
}

/* Free one table that has no tables below; climbs down from the root. False if only the root is left. */
static bool fini_one(struct pt *pt, u32 keep_from)
{
	hpa_t table = pt->root;
	u64 *parent_entry = NULL;

	for (u32 level = pt->top; level > PT_LEVEL_4K; level--) {
		u64 *entries = table_at(pt, table);
		u32 limit = level == pt->top ? keep_from : ENTRIES;
		u32 i = 0;

		while (i < limit && !is_table(pt, entries[i], level))
			i++;
		if (i == limit)
			break;
		parent_entry = &entries[i];
		table = entry_hpa(entries[i]);
	}
	if (parent_entry == NULL)
		return false;
	*parent_entry = 0;
	table_free(pt, table);
	return true;
}

enum status pt_fini_step(struct pt *pt, u32 keep_from, u32 budget)
{
	while (budget-- > 0) {
		if (fini_one(pt, keep_from))
			continue;
		table_free(pt, pt->root);
		pt->root = HPA(0);
		return ST_OK;
	}
	return ST_AGAIN;
}
