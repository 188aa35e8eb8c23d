/* SPDX-License-Identifier: MIT */
/*
 * gpt.c - see gpt.h.
 */
#include "gpt.h"

#include <string.h>

#include "range.h"

#define SIGNATURE "EFI PART"
#define REVISION 0x10000u
#define ENTRY_BYTES 128u		/* of a new table; any table's are that times a power of two */
#define ENTRY_BYTES_MAX 4096u
#define NEW_ENTRIES 128u
#define NAME_UNITS 36u
/* MBR, two headers, two arrays, and one block to use. */
#define FEWEST_BLOCKS(array) (4 + 2 * (u64)(array))

const u8 gpt_type_volume[STORE_GUID_BYTES] = {
	0x33, 0x31, 0xfa, 0xef, 0xa2, 0xa3, 0x42, 0x4e, 0xad, 0xe5, 0x3c, 0xa4, 0xd8, 0x92, 0xe6, 0x2f,
};

const u8 gpt_type_zeroing[STORE_GUID_BYTES] = {
	0x9f, 0x2e, 0x08, 0x0b, 0x7c, 0x55, 0xae, 0x40, 0x88, 0x56, 0x78, 0xc6, 0xbf, 0x25, 0xb2, 0x03,
};

const u8 gpt_type_pool[STORE_GUID_BYTES] = {
	0x3d, 0xfe, 0xf4, 0x3e, 0x3f, 0x4d, 0xcb, 0x4f, 0x8b, 0xb7, 0x03, 0x64, 0xb8, 0xce, 0x2c, 0xcb,
};

/* UEFI 2.10, table 5-5. */
struct header {
	char signature[8];
	u32 revision, bytes, checksum, zero;
	u64 own, other;			/* blocks of this header and of the other copy's */
	u64 first_usable, last_usable;
	u8 guid[STORE_GUID_BYTES];
	u64 array;
	u32 entry_count, entry_bytes, array_checksum;
} __attribute__((packed));
_Static_assert(sizeof(struct header) == 92, "layout");

/* UEFI 2.10, table 5-6. */
struct entry {
	u8 type[STORE_GUID_BYTES];	/* all zero: the entry is empty */
	u8 guid[STORE_GUID_BYTES];
	u64 first, last, attributes;
	u16 name[NAME_UNITS];		/* UTF-16LE */
};
_Static_assert(sizeof(struct entry) == ENTRY_BYTES, "layout");

#define ATTRIBUTE_EXPORTED BIT64(52)
#define ATTRIBUTE_IMPORTED BIT64(51)
#define ATTRIBUTE_MEMBER BIT64(50)
#define ATTRIBUTE_UNFINISHED BIT64(49)
#define ATTRIBUTE_MARK BIT64(48)	/* bits 48 to 63 belong to the type (table 5-8) */

/* UEFI 2.10, table 5-1 and 5-3. */
#define MBR_RECORDS 446u
#define MBR_RECORD_BYTES 16u
#define MBR_RECORD_COUNT 4u
#define MBR_TYPE 4u			/* in a record: */
#define MBR_FIRST 8u
#define MBR_COUNT 12u
#define MBR_PROTECTIVE 0xeeu
#define MBR_END 510u

u32 gpt_crc32(u32 sum, const void *bytes, u32 count)
{
	static const u32 by_half[16] = {	/* of a byte */
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	const u8 *at = bytes;

	sum = ~sum;
	for (u32 i = 0; i < count; i++) {
		sum ^= at[i];
		sum = sum >> 4 ^ by_half[sum & 15];
		sum = sum >> 4 ^ by_half[sum & 15];
	}
	return ~sum;
}

void gpt_make_guid(u8 guid[STORE_GUID_BYTES])
{
	guid[7] = (u8)((guid[7] & 0x0f) | 0x40);	/* the version: high byte of a little-endian word */
	guid[8] = (u8)((guid[8] & 0x3f) | 0x80);
}

static u32 array_bytes(const struct gpt *t)
{
	return t->entry_count * t->entry_bytes;
}

u32 gpt_array_blocks(const struct gpt *t)
{
	return (array_bytes(t) + t->block_bytes - 1) / t->block_bytes;
}

/* ---- entries ---- */

static void get(const struct gpt *t, u32 i, struct entry *out)
{
	memcpy(out, &t->entries[i * t->entry_bytes], sizeof(*out));
}

static bool is_zero(const u8 *at, u32 bytes)
{
	for (u32 i = 0; i < bytes; i++)
		if (at[i] != 0)
			return false;
	return true;
}

static bool is_used(const struct entry *e)
{
	return !is_zero(e->type, sizeof(e->type));
}

static void label_of(const struct entry *e, char label[VOLUME_NAME_BYTES])
{
	u32 n = 0;

	for (; n < NAME_UNITS && e->name[n] != 0; n++)
		label[n] = e->name[n] >= ' ' && e->name[n] <= '~' ? (char)e->name[n] : '?';
	label[n] = '\0';
}
_Static_assert(NAME_UNITS == VOLUME_NAME_MAX && NAME_UNITS < VOLUME_NAME_BYTES, "a volume's name fits");

bool gpt_part(const struct gpt *t, u32 i, struct gpt_part *out)
{
	struct entry e;

	if (i >= t->entry_count)
		return false;
	get(t, i, &e);
	if (!is_used(&e))
		return false;
	*out = (struct gpt_part){ .first = e.first, .blocks = e.last - e.first + 1 };
	memcpy(out->type, e.type, sizeof(out->type));
	memcpy(out->guid, e.guid, sizeof(out->guid));
	label_of(&e, out->label);
	out->is_marked = (e.attributes & ATTRIBUTE_MARK) != 0;
	out->is_unfinished = (e.attributes & ATTRIBUTE_UNFINISHED) != 0;
	out->is_member = (e.attributes & ATTRIBUTE_MEMBER) != 0;
	out->is_imported = (e.attributes & ATTRIBUTE_IMPORTED) != 0;
	out->is_exported = (e.attributes & ATTRIBUTE_EXPORTED) != 0;
	return true;
}

s32 gpt_find(const struct gpt *t, const u8 guid[STORE_GUID_BYTES])
{
	struct entry e;

	for (u32 i = 0; i < t->entry_count; i++) {
		get(t, i, &e);
		if (is_used(&e) && memcmp(e.guid, guid, sizeof(e.guid)) == 0)
			return (s32)i;
	}
	return -1;
}

static s32 empty_entry(const struct gpt *t)
{
	struct entry e;

	for (u32 i = 0; i < t->entry_count; i++) {
		get(t, i, &e);
		if (!is_used(&e))
			return (s32)i;
	}
	return -1;
}

void gpt_replace(struct gpt *t, u32 i, const struct gpt_part *part)
{
	struct entry e = { .first = part->first, .last = part->first + part->blocks - 1,
			   .attributes = (part->is_marked ? ATTRIBUTE_MARK : 0) |
					 (part->is_unfinished ? ATTRIBUTE_UNFINISHED : 0) |
					 (part->is_member ? ATTRIBUTE_MEMBER : 0) |
					 (part->is_imported ? ATTRIBUTE_IMPORTED : 0) |
					 (part->is_exported ? ATTRIBUTE_EXPORTED : 0) };

	memcpy(e.type, part->type, sizeof(e.type));
	memcpy(e.guid, part->guid, sizeof(e.guid));
	for (u32 n = 0; n < NAME_UNITS && part->label[n] != '\0'; n++)
		e.name[n] = (u8)part->label[n];
	memset(&t->entries[i * t->entry_bytes], 0, t->entry_bytes);
	memcpy(&t->entries[i * t->entry_bytes], &e, sizeof(e));
}

s32 gpt_add(struct gpt *t, const struct gpt_part *part)
{
	s32 i = empty_entry(t);

	if (i >= 0)
		gpt_replace(t, (u32)i, part);
	return i;
}

void gpt_retype(struct gpt *t, u32 i, const u8 type[STORE_GUID_BYTES])
{
	memcpy(&t->entries[i * t->entry_bytes], type, STORE_GUID_BYTES);
}

void gpt_mark(struct gpt_part *part, u32 flags)
{
	part->is_marked = (flags & STORE_MARK) != 0;
	part->is_unfinished = (flags & STORE_UNFINISHED) != 0;
	part->is_member = (flags & STORE_IS_MEMBER) != 0;
}

void gpt_unmark(struct gpt *t, u32 i, u32 mark)
{
	struct entry e;

	get(t, i, &e);
	e.attributes &= ~(mark == STORE_MARK ? ATTRIBUTE_MARK : ATTRIBUTE_UNFINISHED);
	memcpy(&t->entries[i * t->entry_bytes], &e, sizeof(e));
}

void gpt_remove(struct gpt *t, u32 i)
{
	memset(&t->entries[i * t->entry_bytes], 0, t->entry_bytes);
}

/* ---- judging ---- */

static bool are_entries_ok(const struct header *h)
{
	return h->entry_bytes >= ENTRY_BYTES && h->entry_bytes <= ENTRY_BYTES_MAX &&
	       (h->entry_bytes & (h->entry_bytes - 1)) == 0 && h->entry_count != 0 &&
	       h->entry_count <= STORE_PARTITIONS && h->entry_count <= GPT_ARRAY_BYTES / h->entry_bytes;
}

/* Both copies of the table have a place outside of what is usable. */
static bool are_places_ok(const struct gpt *t, const struct header *h, bool is_second)
{
	u64 last = t->blocks - 1;
	u32 blocks = gpt_array_blocks(t);

	if (t->blocks < FEWEST_BLOCKS(blocks) || h->own != (is_second ? last : 1) || (is_second && h->other != 1))
		return false;
	if (h->first_usable > h->last_usable || h->last_usable >= last - blocks)
		return false;
	if (!range_ok(2, blocks, h->first_usable))
		return false;
	if (is_second)
		return h->array > h->last_usable && range_ok(h->array, blocks, last);
	return h->array >= 2 && range_ok(h->array, blocks, h->first_usable);
}

static enum store_fault judge_entry(const struct gpt *t, u32 i, const struct entry *e)
{
	struct entry other;

	if (e->first > e->last || e->first < t->first_usable || e->last > t->last_usable)
		return STORE_FAULT_RANGE;
	for (u32 k = 0; k < i; k++) {
		get(t, k, &other);
		if (!is_used(&other))
			continue;
		if (e->first <= other.last && other.first <= e->last)
			return STORE_FAULT_OVERLAP;
		if (memcmp(e->guid, other.guid, sizeof(e->guid)) == 0)
			return STORE_FAULT_TWICE;
	}
	return STORE_FAULT_NONE;
}

static enum store_fault judge_entries(const struct gpt *t)
{
	enum store_fault fault = STORE_FAULT_NONE;
	struct entry e;

	for (u32 i = 0; i < t->entry_count && fault == STORE_FAULT_NONE; i++) {
		get(t, i, &e);
		if (is_used(&e))
			fault = judge_entry(t, i, &e);
	}
	return fault;
}

/* Where a run of blocks lies in the region. NULL: not in it. */
static const u8 *in_region(const struct gpt *t, const struct gpt_region *r, u64 block, u32 blocks)
{
	u64 count = r->bytes / t->block_bytes;

	if (block < r->first || !range_ok(block - r->first, blocks, count))
		return NULL;
	return r->at + (block - r->first) * t->block_bytes;
}

/* Rest of the block behind what a header has today. */
static u32 header_checksum(struct header h, const u8 *rest)
{
	h.checksum = 0;
	return gpt_crc32(gpt_crc32(0, &h, sizeof(h)), rest, h.bytes - (u32)sizeof(h));
}

static enum store_fault read_header(const struct gpt *t, const struct gpt_region *r, u64 block, struct header *h)
{
	const u8 *at = in_region(t, r, block, 1);

	if (at == NULL)
		return STORE_FAULT_MISSING;
	memcpy(h, at, sizeof(*h));
	__asm__ volatile("" : : : "memory");	/* the copy is what is judged */
	if (memcmp(h->signature, SIGNATURE, sizeof(h->signature)) != 0)
		return STORE_FAULT_MISSING;
	if (h->revision != REVISION || h->bytes < sizeof(*h) || h->bytes > t->block_bytes ||
	    header_checksum(*h, at + sizeof(*h)) != h->checksum)
		return STORE_FAULT_HEADER;
	return are_entries_ok(h) ? STORE_FAULT_NONE : STORE_FAULT_ENTRIES;
}

enum store_fault gpt_read(struct gpt *out, const struct gpt_region *region, bool is_second)
{
	u64 block = is_second ? out->blocks - 1 : 1;
	struct header h;
	enum store_fault fault = read_header(out, region, block, &h);
	const u8 *at;

	if (fault != STORE_FAULT_NONE)
		return fault;
	out->entry_bytes = h.entry_bytes;
	out->entry_count = h.entry_count;
	if (!are_places_ok(out, &h, is_second))
		return STORE_FAULT_HEADER;
	at = in_region(out, region, h.array, gpt_array_blocks(out));
	if (at == NULL)
		return STORE_FAULT_ENTRIES;
	out->first_usable = h.first_usable;
	out->last_usable = h.last_usable;
	out->array = is_second ? 2 : h.array;
	memcpy(out->guid, h.guid, sizeof(out->guid));
	memcpy(out->entries, at, array_bytes(out));
	__asm__ volatile("" : : : "memory");
	if (gpt_crc32(0, out->entries, array_bytes(out)) != h.array_checksum)
		return STORE_FAULT_CHECKSUM;
	return judge_entries(out);
}

bool gpt_is_same(const struct gpt *a, const struct gpt *b)
{
	return a->entry_bytes == b->entry_bytes && a->entry_count == b->entry_count &&
	       a->first_usable == b->first_usable && a->last_usable == b->last_usable &&
	       memcmp(a->guid, b->guid, sizeof(a->guid)) == 0 &&
	       memcmp(a->entries, b->entries, array_bytes(a)) == 0;
}

enum gpt_mbr gpt_judge_mbr(const u8 *block, u32 block_bytes)
{
	bool has_partition = false;

	if (is_zero(block, block_bytes))
		return GPT_MBR_ZERO;
	if (block[MBR_END] != 0x55 || block[MBR_END + 1] != 0xaa)
		return GPT_MBR_OTHER;
	for (u32 i = 0; i < MBR_RECORD_COUNT; i++) {
		u8 type = block[MBR_RECORDS + i * MBR_RECORD_BYTES + MBR_TYPE];

		if (type == MBR_PROTECTIVE)
			return GPT_MBR_PROTECTIVE;
		has_partition = has_partition || type != 0;
	}
	return has_partition ? GPT_MBR_PARTITIONS : GPT_MBR_OTHER;
}

/* ---- building ---- */

bool gpt_new(struct gpt *t, const u8 guid[STORE_GUID_BYTES])
{
	u32 array;

	t->entry_bytes = ENTRY_BYTES;
	t->entry_count = NEW_ENTRIES;
	array = gpt_array_blocks(t);
	if (t->blocks < FEWEST_BLOCKS(array))
		return false;
	t->array = 2;
	t->first_usable = 2 + array;
	t->last_usable = t->blocks - 2 - array;
	memcpy(t->guid, guid, sizeof(t->guid));
	memset(t->entries, 0, sizeof(t->entries));
	return true;
}

void gpt_grow(struct gpt *t)
{
	t->last_usable = max_u64(t->last_usable, t->blocks - 2 - gpt_array_blocks(t));
}

u64 gpt_header_block(const struct gpt *t, bool is_second)
{
	return is_second ? t->blocks - 1 : 1;
}

u64 gpt_array_block(const struct gpt *t, bool is_second)
{
	return is_second ? t->blocks - 1 - gpt_array_blocks(t) : t->array;
}

void gpt_build_header(const struct gpt *t, bool is_second, u8 *out)
{
	struct header h = {
		.revision = REVISION, .bytes = sizeof(h), .own = gpt_header_block(t, is_second),
		.other = gpt_header_block(t, !is_second), .first_usable = t->first_usable,
		.last_usable = t->last_usable, .array = gpt_array_block(t, is_second),
		.entry_count = t->entry_count, .entry_bytes = t->entry_bytes,
		.array_checksum = gpt_crc32(0, t->entries, array_bytes(t)),
	};

	memcpy(h.signature, SIGNATURE, sizeof(h.signature));
	memcpy(h.guid, t->guid, sizeof(h.guid));
	h.checksum = header_checksum(h, out);	/* there is no rest */
	memset(out, 0, t->block_bytes);
	memcpy(out, &h, sizeof(h));
}

/*
 * A BIOS executes what stands there: INT 18h, by which it goes on with what it would boot next (Plug and Play BIOS
 * Specification 1.0A, 3.6). If it comes back, the processor halts. UEFI does not look at it.
 */
static const u8 boot_code[] = { 0xcd, 0x18, 0xf4, 0xeb, 0xfd };

void gpt_build_mbr(const struct gpt *t, u8 *out)
{
	u32 count = t->blocks - 1 < 0xffffffffu ? (u32)(t->blocks - 1) : 0xffffffffu, first = 1;
	u8 *record = out + MBR_RECORDS;

	memset(out, 0, t->block_bytes);
	memcpy(out, boot_code, sizeof(boot_code));
	record[2] = 2;				/* begins at cylinder 0, head 0, sector 2: block 1 */
	record[MBR_TYPE] = MBR_PROTECTIVE;
	memset(&record[5], 0xff, 3);		/* ends beyond what cylinders can say */
	memcpy(&record[MBR_FIRST], &first, sizeof(first));
	memcpy(&record[MBR_COUNT], &count, sizeof(count));
	out[MBR_END] = 0x55;
	out[MBR_END + 1] = 0xaa;
}

void gpt_build_array(const struct gpt *t, u8 *out)
{
	memset(out, 0, (u64)gpt_array_blocks(t) * t->block_bytes);
	memcpy(out, t->entries, array_bytes(t));
}

/* ---- room ---- */

/* The next free extent at or behind *from, whatever its alignment; *from goes behind the partition that ends it. */
static bool next_gap(const struct gpt *t, u64 *from, u64 *first, u64 *end)
{
	struct entry e, next = { 0 };
	bool is_last = true;

	if (*from > t->last_usable)
		return false;
	*first = *from;
	for (u32 i = 0; i < t->entry_count; i++) {
		get(t, i, &e);
		if (!is_used(&e) || e.first < *from || (!is_last && e.first > next.first))
			continue;
		next = e;
		is_last = false;
	}
	*end = is_last ? t->last_usable + 1 : next.first;
	*from = is_last ? *end : next.last + 1;
	return true;
}

/* Of that extent, whole units: 0 blocks if there is none. */
static u64 whole_units(const struct gpt *t, u64 *first, u64 end)
{
	u64 unit = GPT_UNIT_BYTES / t->block_bytes;

	*first = align_up(*first, unit);
	return *first < end ? align_down(end - *first, unit) : 0;
}

bool gpt_find_room(const struct gpt *t, u64 blocks, u64 *first)
{
	u64 from = t->first_usable, at, end, best = ~0ull;

	while (next_gap(t, &from, &at, &end)) {
		u64 room = whole_units(t, &at, end);

		if (room < blocks || room >= best)
			continue;
		best = room;
		*first = at;
	}
	return best != ~0ull && empty_entry(t) >= 0;
}

u64 gpt_room_behind(const struct gpt *t, u32 i)
{
	u64 unit = GPT_UNIT_BYTES / t->block_bytes, limit = t->last_usable + 1;
	struct entry own, e;

	get(t, i, &own);
	for (u32 k = 0; k < t->entry_count; k++) {
		get(t, k, &e);
		if (k != i && is_used(&e) && e.first > own.last)
			limit = min_u64(limit, e.first);
	}
	return limit > own.last + 1 ? align_down(limit - own.last - 1, unit) : 0;
}

void gpt_free(const struct gpt *t, u64 *largest, u64 *sum)
{
	u64 from = t->first_usable, at, end;

	*largest = *sum = 0;
	while (empty_entry(t) >= 0 && next_gap(t, &from, &at, &end)) {
		u64 room = whole_units(t, &at, end);

		*largest = max_u64(*largest, room);
		*sum += room;
	}
}
