/* SPDX-License-Identifier: MIT */
/*
 * oracle_disk.c - reads a pool's disk on its own, and counts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"

#define BLOCK 4096u
#define FANOUT 254u
#define FANOUT_ENCRYPTED 84u
#define CHUNK 16u

struct walk {
	struct oracle *o;
	const void *disk;
	const u8 *(*block)(const void *disk, u64 block);
	u64 blocks;
	u64 *used;		/* who has it: volume tree << 32 | what; 0 = nobody */
	u64 used_count, mapped;
	u32 volume;		/* the family's first head: what shares blocks */
	u8 record[64][256];
	u32 records;
	u32 granule_blocks, leaf, entry;	/* blocks; entries in a leaf, and bytes of one */
	bool is_bad;
};

static bool complain(struct walk *w, const char *text, u64 a, u64 b)
{
	if (!w->is_bad)
		snprintf(w->o->failure, sizeof(w->o->failure), "%s: %llu, %llu", text, (unsigned long long)a,
			(unsigned long long)b);
	w->is_bad = true;
	return false;
}

static u32 u32_at(const u8 *bytes, u32 at)
{
	u32 x;

	memcpy(&x, bytes + at, sizeof(x));
	return x;
}

static u64 u64_at(const u8 *bytes, u32 at)
{
	u64 x;

	memcpy(&x, bytes + at, sizeof(x));
	return x;
}

static u32 sum_of(const u8 *bytes, u32 count)
{
	static u32 table[256];
	u32 crc = ~0u;

	for (u32 i = 0; table[255] == 0 && i < 256; i++) {
		u32 x = i;

		for (u32 k = 0; k < 8; k++)
			x = (x & 1) != 0 ? x >> 1 ^ 0x82f63b78 : x >> 1;
		table[i] = x;
	}
	for (u32 i = 0; i < count; i++)
		crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 255];
	return ~crc;
}

static void take(struct walk *w, u64 block, u64 owner)
{
	if (block >= w->blocks) {
		complain(w, "a block beyond the end", block, owner);
		return;
	}
	if (w->used[block] != 0 && (w->used[block] != owner || w->volume == 0))
		complain(w, "a block is used twice", block, owner);
	w->used_count += w->used[block] == 0;
	w->used[block] = owner;
}

/* A node, judged and counted; NULL = there is none. */
static const u8 *node(struct walk *w, const u8 *ref, u32 kind, u32 level, u64 index)
{
	u64 block = u64_at(ref, 0);
	const u8 *bytes;

	if (block == 0)
		return NULL;
	take(w, block, (u64)kind << 60 | (u64)w->volume << 48 | (u64)level << 44 | index << 4);
	if (w->is_bad)
		return NULL;
	bytes = w->block(w->disk, block);
	if (sum_of(bytes, BLOCK) != u32_at(ref, 8))
		complain(w, "a node's checksum is wrong", block, kind);
	if (bytes[4] != kind || bytes[5] != level || u64_at(bytes, 8) != index || u32_at(bytes, 16) != u32_at(ref, 12))
		complain(w, "another node than the one referenced", block, kind);
	return w->is_bad ? NULL : bytes;
}

static void granules(struct walk *w, const u8 *bytes, u64 first)
{
	for (u32 i = 0; i < w->leaf; i++) {
		u64 place = u64_at(bytes, 32 + i * w->entry), block = place & ((1ull << 44) - 1);

		if (place == 0)
			continue;
		w->mapped++;
		for (u32 k = 0; k < w->granule_blocks; k++)
			take(w, block + k, 8ull << 60 | (u64)w->volume << 48 | (first + i) << 4 | k);
	}
}

static void map(struct walk *w, const u8 *ref, u32 level, u64 index)
{
	const u8 *bytes = node(w, ref, 1, level, index);

	if (bytes == NULL)
		return;
	if (level == 0)
		granules(w, bytes, index * w->leaf);
	for (u32 i = 0; level > 0 && i < FANOUT; i++)
		map(w, bytes + 32 + i * 16, level - 1, index * FANOUT + i);
}

/* The head of the line that the origins lead to. */
static u32 family_of(struct walk *w, const u8 *r)
{
	for (u32 tries = 0; tries < 64; tries++) {
		u32 up = u32_at(r, 144) != 0 ? u32_at(r, 144) : u32_at(r, 148), i = 0;

		if (up == 0)
			return u32_at(r, 0);
		while (i < w->records && u32_at(w->record[i], 0) != up)
			i++;
		if (i == w->records)
			break;
		r = w->record[i];
	}
	complain(w, "a snapshot of nothing", u32_at(r, 0), 0);
	return 0;
}

static void volume(struct walk *w, const u8 *r)
{
	w->volume = family_of(w, r);
	w->granule_blocks = r[4] == 1 ? CHUNK : 1;
	w->leaf = r[4] == 3 ? FANOUT_ENCRYPTED : FANOUT;
	w->entry = r[4] == 3 ? 48 : 16;
	w->mapped = 0;
	map(w, r + 96, r[5] - 1u, 0);
	/* Of a volume that is being deleted whole parts go at a time, uncounted. */
	if ((r[6] & 4) == 0 && w->mapped != u64_at(r, 112))
		complain(w, "a volume's count of granules", w->mapped, u64_at(r, 112));
	w->volume = 0;
}

static void volumes(struct walk *w, const u8 *bytes)
{
	for (u32 i = 0; i < 15; i++)
		if (u32_at(bytes, 32 + i * 256) != 0)
			memcpy(w->record[w->records++], bytes + 32 + i * 256, 256);
}

/* Calls `leaf` for each leaf of a table. */
static void table(struct walk *w, const u8 *ref, u32 kind, u32 level, u64 index,
	void (*leaf)(struct walk *w, const u8 *bytes))
{
	const u8 *bytes = node(w, ref, kind, level, index);

	if (bytes == NULL)
		return;
	if (level == 0 && leaf != NULL)
		leaf(w, bytes);
	for (u32 i = 0; level > 0 && i < FANOUT; i++)
		table(w, bytes + 32 + i * 16, kind, level - 1, index * FANOUT + i, leaf);
}

static const u8 *newest(struct walk *w)
{
	const u8 *best = NULL;

	for (u32 i = 1; i <= 2; i++) {
		u8 copy[512];
		const u8 *s = w->block(w->disk, i);

		memcpy(copy, s, sizeof(copy));
		memset(copy + 4, 0, 4);
		if (u32_at(s, 0) == 0x42535056 && sum_of(copy, sizeof(copy)) == u32_at(s, 4) &&
			(best == NULL || u64_at(s, 24) > u64_at(best, 24)))
			best = s;
	}
	return best;
}

/* The bitmap's leaves again, now that all is counted. */
static void bits(struct walk *w, const u8 *bytes)
{
	u64 first = u64_at(bytes, 8) * 4064 * 8;

	for (u64 b = first; b < first + 4064 * 8 && b < w->blocks; b++)
		if ((bytes[32 + (b - first) / 8] >> (b - first) % 8 & 1) != (w->used[b] != 0))
			complain(w, "the free map differs, and who has the block", b, w->used[b]);
}

/* A table without nodes in it: the references are good, as the first walk has judged them. */
static void each_bitmap(struct walk *w, const u8 *ref, u32 level)
{
	const u8 *bytes = u64_at(ref, 0) == 0 ? NULL : w->block(w->disk, u64_at(ref, 0));

	if (bytes != NULL && level == 0)
		bits(w, bytes);
	for (u32 i = 0; bytes != NULL && level > 0 && i < FANOUT; i++)
		each_bitmap(w, bytes + 32 + i * 16, level - 1);
}

bool oracle_accounts(struct oracle *o, const void *disk, const u8 *(*block)(const void *disk, u64 block), u64 blocks)
{
	struct walk w = { .o = o, .disk = disk, .block = block, .blocks = blocks };
	const u8 *s = newest(&w);

	if (s == NULL)
		return complain(&w, "no superblock", 0, 0);
	w.used = calloc(blocks, sizeof(*w.used));
	if (w.used == NULL)
		abort();
	for (u64 b = 0; b < 8 + u32_at(block(disk, 0), 72); b++)
		take(&w, b, ~0ull);
	table(&w, s + 48, 2, 2, 0, volumes);
	table(&w, s + 64, 3, 2, 0, NULL);
	for (u32 i = 0; i < w.records; i++)
		volume(&w, w.record[i]);
	if (u64_at(s, 80) != w.used_count)
		complain(&w, "the superblock's count of used blocks", u64_at(s, 80), w.used_count);
	if (!w.is_bad)
		each_bitmap(&w, s + 64, 2);
	free(w.used);
	return !w.is_bad;
}
