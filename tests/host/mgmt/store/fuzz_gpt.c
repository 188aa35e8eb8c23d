/* SPDX-License-Identifier: MIT */
/* links: store pool rt */
/*
 * A disk's first and last sectors with any bytes in them: what is accepted is within the disk and without overlap, and
 * is read again as it was written back, with either copy, also after a change.
 */
#include <stdlib.h>
#include <string.h>

#include "gpt.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#define BLOCKS 20000u
#define COPY_BLOCKS 34u
#define BLOCK_MAX 4096u

#define ENTRIES 16u		/* few, for speed; a changed header may say any number */

static u8 head[COPY_BLOCKS * BLOCK_MAX], tail[COPY_BLOCKS * BLOCK_MAX];

static void must(bool is_so)
{
	if (!is_so)
		abort();
}

static struct gpt_region region_of(const struct gpt *t, bool is_second)
{
	return (struct gpt_region){
		is_second ? tail : head, is_second ? BLOCKS - COPY_BLOCKS : 0, COPY_BLOCKS * t->block_bytes,
	};
}

static enum store_fault read_copy(struct gpt *t, u32 block_bytes, bool is_second)
{
	struct gpt_region region;

	memset(t, 0xa5, sizeof(*t));
	t->blocks = BLOCKS;
	t->block_bytes = block_bytes;
	region = region_of(t, is_second);
	return gpt_read(t, &region, is_second);
}

static u8 *block_at(const struct gpt *t, u64 block, bool is_second)
{
	u64 i = is_second ? block - (BLOCKS - COPY_BLOCKS) : block;

	must(i < COPY_BLOCKS);
	return (is_second ? tail : head) + i * t->block_bytes;
}

static void write_copy(const struct gpt *t, bool is_second)
{
	gpt_build_array(t, block_at(t, gpt_array_block(t, is_second), is_second));
	gpt_build_header(t, is_second, block_at(t, gpt_header_block(t, is_second), is_second));
}

static void start(struct gpt *t, u32 block_bytes)
{
	const u8 guid[STORE_GUID_BYTES] = { 7 };
	u64 unit = GPT_UNIT_BYTES / block_bytes;

	memset(head, 0, COPY_BLOCKS * block_bytes);
	memset(tail, 0, COPY_BLOCKS * block_bytes);
	t->blocks = BLOCKS;
	t->block_bytes = block_bytes;
	must(gpt_new(t, guid));
	t->entry_count = ENTRIES;
	for (u32 i = 0; i < 3; i++) {
		struct gpt_part p = { .first = unit * (1 + i), .blocks = unit, .guid = { (u8)i } };

		memcpy(p.type, i == 2 ? gpt_type_zeroing : gpt_type_volume, sizeof(p.type));
		must(gpt_add(t, &p) >= 0);
	}
	gpt_build_mbr(t, head);
	write_copy(t, false);
	write_copy(t, true);
}

/* Right checksums, for what lies where the table's own builder would have put it. */
static void seal(const struct gpt *t, bool is_second)
{
	u8 *header = block_at(t, gpt_header_block(t, is_second), is_second);
	u32 count, bytes, sum;
	u64 length;

	memcpy(&count, header + 80, 4);
	memcpy(&bytes, header + 84, 4);
	length = (u64)count * bytes;
	if (length <= ENTRIES * 128u) {
		sum = gpt_crc32(0, block_at(t, gpt_array_block(t, is_second), is_second), (u32)length);
		memcpy(header + 88, &sum, 4);
	}
	memset(header + 16, 0, 4);
	memcpy(&bytes, header + 12, 4);
	sum = gpt_crc32(0, header, bytes <= t->block_bytes ? bytes : 92);
	memcpy(header + 16, &sum, 4);
}

static void check(const struct gpt *t)
{
	struct gpt_part a, b;

	must(t->first_usable > 1 && t->last_usable < BLOCKS - 1 && t->entry_count <= STORE_PARTITIONS);
	for (u32 i = 0; i < t->entry_count; i++) {
		if (!gpt_part(t, i, &a))
			continue;
		must(a.blocks != 0 && a.first >= t->first_usable && a.blocks <= t->last_usable + 1 - a.first);
		must(strlen(a.label) <= VOLUME_NAME_MAX);
		for (u32 k = 0; k < i; k++)
			must(!gpt_part(t, k, &b) || a.first + a.blocks <= b.first || b.first + b.blocks <= a.first);
	}
}

/* What was accepted, written back. */
static void round_trip(const struct gpt *t)
{
	static struct gpt again;

	for (u32 second = 0; second < 2; second++) {
		write_copy(t, second);
		must(read_copy(&again, t->block_bytes, second) == STORE_FAULT_NONE && gpt_is_same(t, &again));
	}
}

static void change(struct gpt *t)
{
	struct gpt_part p = { .blocks = GPT_UNIT_BYTES / t->block_bytes, .label = "new", .guid = { 0xfe, 0xdc } };
	u64 largest, sum;

	gpt_free(t, &largest, &sum);
	must(largest <= sum && sum <= BLOCKS);
	memcpy(p.type, gpt_type_volume, sizeof(p.type));
	must(gpt_find_room(t, p.blocks, &p.first) == (largest >= p.blocks));
	if (largest < p.blocks || gpt_find(t, p.guid) >= 0)
		return;
	must(gpt_add(t, &p) >= 0);
	check(t);
	round_trip(t);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct gpt t;
	u32 block_bytes = size != 0 && (data[0] & 1) ? 4096 : 512;

	start(&t, block_bytes);
	for (size_t i = 1; i + 4 <= size; i += 4) {
		u8 *to = data[i] & 1 ? tail : head;
		u32 at = ((u32)data[i] << 8 | data[i + 1]) % (COPY_BLOCKS * block_bytes);

		if (data[i] & 2)	/* the header, mostly */
			at = data[i] & 1 ? (COPY_BLOCKS - 1) * block_bytes + data[i + 1] % 96u
					 : block_bytes + data[i + 1] % 96u;
		else if (data[i] & 4)	/* or the first entries */
			at = data[i + 1] + block_bytes * (data[i] & 1 ? COPY_BLOCKS - 1 - gpt_array_blocks(&t) : 2);
		to[at] = data[i + 2];
		to[(at + 1) % (COPY_BLOCKS * block_bytes)] ^= data[i + 3];
	}
	if (size != 0 && (data[0] & 6) != 0)
		for (u32 second = 0; second < 2; second++)
			seal(&t, second);
	(void)gpt_judge_mbr(head, block_bytes);
	for (u32 second = 0; second < 2; second++) {
		if (read_copy(&t, block_bytes, second) != STORE_FAULT_NONE)
			continue;
		check(&t);
		if (gpt_array_block(&t, false) + gpt_array_blocks(&t) > COPY_BLOCKS)
			continue;
		round_trip(&t);
		change(&t);
	}
	return 0;
}
