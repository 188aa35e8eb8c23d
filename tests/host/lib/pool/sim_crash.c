/* SPDX-License-Identifier: MIT */
#include "sim_crash.h"

#include <stdlib.h>
#include <string.h>

void crash_make(struct crash_disk *c, u64 sectors)
{
	u64 blocks = sectors / POOL_BLOCK_SECTORS;

	memset(c, 0, sizeof(*c));
	c->sectors = sectors;
	c->copies_max = (u32)blocks;
	c->copy = calloc(blocks, sizeof(*c->copy));
	c->copies = malloc(blocks * POOL_BLOCK);
	c->touched = calloc(blocks, sizeof(*c->touched));
	c->bytes_max = 32u << 20;
	c->bytes = malloc(c->bytes_max);
	if (c->copy == NULL || c->copies == NULL || c->touched == NULL || c->bytes == NULL)
		abort();
}

void crash_free(struct crash_disk *c)
{
	free(c->copy);
	free(c->copies);
	free(c->touched);
	free(c->bytes);
}

void crash_reset(struct crash_disk *c, const u8 *base)
{
	for (u32 i = 0; i < c->copied; i++)
		c->copy[c->touched[i]] = NULL;
	c->copied = 0;
	c->base = base;
	c->events = 0;
	c->bytes_used = 0;
	c->queued = 0;
}

const u8 *crash_block(const struct crash_disk *c, u64 block)
{
	return c->copy[block] != NULL ? c->copy[block] : c->base + block * POOL_BLOCK;
}

static u8 *block_to_write(struct crash_disk *c, u64 block)
{
	if (c->copy[block] == NULL) {
		c->copy[block] = c->copies + (u64)c->copied * POOL_BLOCK;
		c->touched[c->copied++] = (u32)block;
		memcpy(c->copy[block], c->base + block * POOL_BLOCK, POOL_BLOCK);
	}
	return c->copy[block];
}

void crash_write(struct crash_disk *c, u64 sector, u32 sectors, const u8 *data, u64 random)
{
	for (u32 i = 0; i < sectors; i++) {
		u64 at = sector + i;

		if ((random >> i % 64 & 1) != 0)
			memcpy(block_to_write(c, at / POOL_BLOCK_SECTORS) + at % POOL_BLOCK_SECTORS * POOL_SECTOR,
				data + i * POOL_SECTOR, POOL_SECTOR);
	}
}

static void note(struct crash_disk *c, const struct pool_io *io)
{
	u64 bytes = (u64)io->sectors * POOL_SECTOR;

	if (c->events == CRASH_EVENTS || bytes > c->bytes_max - c->bytes_used)
		abort();
	if (bytes > 0)
		memcpy(c->bytes + c->bytes_used, io->data, bytes);
	c->event[c->events++] = (struct crash_event){ io->sector, io->sectors, c->bytes + c->bytes_used };
	c->bytes_used += bytes;
}

static bool submit(void *context, struct pool_io *io)
{
	struct crash_disk *c = context;

	if (c->queued == SIM_QUEUE)
		return false;
	if (io->op != POOL_IO_FLUSH && (io->sectors == 0 || io->sector >= c->sectors ||
		io->sectors > c->sectors - io->sector))
		abort();
	c->queue[c->queued++] = io;
	return true;
}

struct pool_device crash_device(struct crash_disk *c)
{
	return (struct pool_device){ c, c->sectors, 1, submit };
}

static void do_io(struct crash_disk *c, struct pool_io *io)
{
	if (io->op != POOL_IO_READ)
		note(c, io);
	if (io->op == POOL_IO_WRITE)
		crash_write(c, io->sector, io->sectors, io->data, ~0ull);
	for (u32 i = 0; io->op == POOL_IO_READ && i < io->sectors; i++)
		memcpy(io->data + i * POOL_SECTOR, crash_block(c, (io->sector + i) / POOL_BLOCK_SECTORS) +
			(io->sector + i) % POOL_BLOCK_SECTORS * POOL_SECTOR, POOL_SECTOR);
}

void crash_drain(struct crash_disk *c)
{
	for (pool_run(c->pool); c->queued > 0; pool_run(c->pool)) {
		struct pool_io *io = c->queue[0];

		memmove(c->queue, c->queue + 1, --c->queued * sizeof(c->queue[0]));
		if (c->fail_after == 1) {
			pool_io_done(c->pool, io, false);
			continue;
		}
		c->fail_after -= c->fail_after > 1;
		do_io(c, io);
		pool_io_done(c->pool, io, true);
	}
}
