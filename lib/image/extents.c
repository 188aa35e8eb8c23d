/* SPDX-License-Identifier: MIT */
/*
 * extents.c - see extents.h.
 */
#include "extents.h"

#include <string.h>

#include "range.h"

static const char magic[8] = { 'V', 'O', 'S', 'D', 'I', 'S', 'K', '1' };
static const char diff_magic[8] = { 'V', 'O', 'S', 'D', 'I', 'F', 'F', '1' };
#define ARE_ZEROS BIT64(63)

static void put_u64(u8 *to, u64 value)
{
	for (u32 i = 0; i < sizeof(value); i++)
		to[i] = (u8)(value >> 8 * i);
}

static u64 get_u64(const u8 *from)
{
	u64 value = 0;

	for (u32 i = 0; i < sizeof(value); i++)
		value |= (u64)from[i] << 8 * i;
	return value;
}

void extents_put_head(u8 *out, u64 disk_bytes, bool is_diff)
{
	memcpy(out, is_diff ? diff_magic : magic, sizeof(magic));
	put_u64(out + sizeof(magic), disk_bytes);
}

void extents_put_extent(u8 *out, u64 offset, u64 bytes)
{
	put_u64(out, offset);
	put_u64(out + sizeof(u64), bytes);
}

void extents_put_zeros(u8 *out, u64 offset, u64 bytes)
{
	extents_put_extent(out, offset, bytes | ARE_ZEROS);
}

void extents_put_end(u8 *out, u64 disk_bytes)
{
	extents_put_extent(out, disk_bytes, 0);
}

void extents_init(struct extents *e)
{
	memset(e, 0, sizeof(*e));
}

/* The first one of a stream. */
static bool head_ok(struct extents *e)
{
	u64 bytes = get_u64(e->head + sizeof(magic));

	e->is_diff = e->takes_diff && memcmp(e->head, diff_magic, sizeof(magic)) == 0;
	if ((!e->is_diff && memcmp(e->head, magic, sizeof(magic)) != 0) || bytes == 0 || bytes > EXTENTS_MAX_BYTES)
		return false;
	e->disk_bytes = bytes;
	return true;
}

static bool extent_ok(struct extents *e)
{
	u64 offset = get_u64(e->head), bytes = get_u64(e->head + sizeof(u64));
	bool are_zeros = e->is_diff && (bytes & ARE_ZEROS) != 0;

	if (bytes == 0) {
		e->is_over = true;
		return offset == e->disk_bytes;
	}
	bytes &= are_zeros ? ~ARE_ZEROS : ~0ull;
	if (bytes == 0)
		return false;
	if (!aligned_ok(offset, EXTENTS_UNIT) || !aligned_ok(bytes, EXTENTS_UNIT) || offset < e->behind ||
	    !range_ok(offset, bytes, align_up(e->disk_bytes, EXTENTS_UNIT)))
		return false;
	e->offset = offset;
	e->left = are_zeros ? 0 : bytes;
	e->zeros = are_zeros ? bytes : 0;
	e->behind = offset + bytes;
	return true;
}

/* Some bytes of a head. */
static void take_head(struct extents *e, const u8 *bytes, u64 count)
{
	memcpy(e->head + e->head_count, bytes, count);
	e->head_count += (u32)count;
	if (e->head_count < EXTENTS_HEAD_BYTES)
		return;
	e->head_count = 0;
	e->is_bad = !(e->disk_bytes == 0 ? head_ok(e) : extent_ok(e));
}

enum extents_state extents_next(struct extents *e, const u8 *bytes, u64 count, u64 *used)
{
	if (e->left != 0 && !e->is_bad) {
		*used = min_u64(count, e->left);
		return count != 0 ? EXTENTS_DATA : EXTENTS_MORE;
	}
	*used = 0;
	e->zeros = 0;
	while (!e->is_bad && !e->is_over && e->left == 0 && e->zeros == 0 && *used < count) {
		u64 some = min_u64(count - *used, EXTENTS_HEAD_BYTES - e->head_count);

		take_head(e, bytes + *used, some);
		*used += some;
	}
	if (e->is_bad || (e->is_over && *used < count))
		return EXTENTS_BAD;
	if (e->is_over)
		return EXTENTS_END;
	return e->zeros != 0 ? EXTENTS_ZEROS : EXTENTS_MORE;
}

void extents_took(struct extents *e, u64 count)
{
	e->offset += count;
	e->left -= count;
}
