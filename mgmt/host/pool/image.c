/* SPDX-License-Identifier: MIT */
/*
 * image.c - see image.h.
 */
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "gpt.h"
#include "pool_format.h"
#include "range.h"

#define EDGE (256u * 1024)	/* at either end of a disk: header and entries of the table are within it */

static bool read_at(int fd, u64 offset, void *to, u64 bytes)
{
	u8 *at = to;

	while (bytes > 0) {
		ssize_t n = pread(fd, at, bytes, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		offset += (u64)n;
		bytes -= (u64)n;
	}
	return true;
}

bool image_read(const struct image *i, u64 block, void *to)
{
	return range_ok(block * POOL_BLOCK, POOL_BLOCK, i->bytes) &&
		read_at(i->fd, i->offset + block * POOL_BLOCK, to, POOL_BLOCK);
}

static bool has_label(const struct image *i)
{
	u8 block[POOL_BLOCK];

	return image_read(i, POOL_LABEL_BLOCK, block) && memcmp(block, POOL_LABEL_MAGIC, 8) == 0;
}

/* One copy of the partition table. */
static bool read_table(const struct image *i, struct gpt *t, u32 block_bytes, bool is_second)
{
	static u8 edge[EDGE];
	u64 from = is_second ? align_down(i->bytes, block_bytes) - EDGE : 0;
	struct gpt_region region = { edge, from / block_bytes, EDGE };

	memset(t, 0, sizeof(*t));
	t->blocks = i->bytes / block_bytes;
	t->block_bytes = block_bytes;
	return i->bytes >= 2 * EDGE && read_at(i->fd, from, edge, EDGE) &&
		gpt_read(t, &region, is_second) == STORE_FAULT_NONE;
}

static bool find_table(const struct image *i, struct gpt *t)
{
	return read_table(i, t, 512, false) || read_table(i, t, 4096, false) || read_table(i, t, 512, true) ||
		read_table(i, t, 4096, true);
}

/* The partitions of a pool's type: how many; `i` becomes the last of them. */
static u32 find_pools(struct image *i, FILE *err)
{
	static struct gpt t;
	struct gpt_part part;
	u32 found = 0;

	if (!find_table(i, &t))
		return 0;
	for (u32 k = 0; k < t.entry_count; k++) {
		if (!gpt_part(&t, k, &part) || memcmp(part.type, gpt_type_pool, sizeof(part.type)) != 0)
			continue;
		if (found > 0)
			fprintf(err, "vos-pool: %s: a pool at offset %llu\n", i->path, (unsigned long long)i->offset);
		i->offset = part.first * t.block_bytes;
		i->bytes = part.blocks * t.block_bytes;
		found++;
	}
	if (found > 1)
		fprintf(err, "vos-pool: %s: a pool at offset %llu\nvos-pool: %s: several pools: name an offset\n",
			i->path, (unsigned long long)i->offset, i->path);
	return found;
}

static enum image_result find(struct image *i, u64 offset, FILE *err)
{
	u32 found;

	if (offset != IMAGE_ANYWHERE) {
		if (offset >= i->bytes) {
			fprintf(err, "vos-pool: %s: ends before the offset\n", i->path);
			return IMAGE_NO_POOL;
		}
		i->offset = offset;
		i->bytes -= offset;
		return IMAGE_OPEN;
	}
	if (has_label(i))
		return IMAGE_OPEN;
	found = find_pools(i, err);
	if (found == 0)
		fprintf(err, "vos-pool: %s: no pool at the beginning, and no partition of a pool's type\n", i->path);
	return found == 1 ? IMAGE_OPEN : found == 0 ? IMAGE_NO_POOL : IMAGE_SEVERAL_POOLS;
}

enum image_result image_open(struct image *i, const char *path, u64 offset, FILE *err)
{
	enum image_result result;
	off_t end;

	*i = (struct image){ .path = path, .fd = open(path, O_RDONLY | O_CLOEXEC) };
	end = i->fd < 0 ? -1 : lseek(i->fd, 0, SEEK_END);
	if (end < 0) {
		fprintf(err, "vos-pool: %s: %s\n", path, strerror(errno));
		image_close(i);
		return IMAGE_NO_POOL;
	}
	i->bytes = (u64)end;
	result = find(i, offset, err);
	if (result != IMAGE_OPEN)
		image_close(i);
	return result;
}

void image_close(struct image *i)
{
	if (i->fd >= 0)
		close(i->fd);
	i->fd = -1;
}
