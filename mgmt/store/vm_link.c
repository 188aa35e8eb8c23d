/* SPDX-License-Identifier: MIT */
/*
 * vm_link.c - see vm_link.h. A link whose VMM has signalled is busy until it was found empty after the VMM had been
 * asked to signal again; busy links are served in turn, a few requests each.
 */
#include "vm_link.h"

#include <string.h>

#include "blk_link.h"
#include "limits.h"
#include "vm_layout.h"

#define REQUESTS_PER_TURN 16u
#define BADGES 32u
#define BUSY_WORDS (BLK_WINDOWS / 64)

static struct vm_link {
	struct volume *volume;		/* NULL: not attached */
	struct blk_server server;
} links[BLK_WINDOWS];

static u64 busy[BUSY_WORDS];
static const struct vm_link_ops *ops;
static struct store_figures *figures;

void vm_link_init(const struct vm_link_ops *with, struct store_figures *to)
{
	memset(links, 0, sizeof(links));
	memset(busy, 0, sizeof(busy));
	ops = with;
	figures = to;
}

static void set_busy(u32 number, bool is_busy)
{
	if (is_busy)
		busy[number / 64] |= BIT64(number % 64);
	else
		busy[number / 64] &= ~BIT64(number % 64);
}

enum store_error vm_link_attach(u32 number, struct volume *volume, bool is_read_only, const char *serial)
{
	struct blk_info info;

	if (number >= BLK_WINDOWS)
		return STORE_BAD_ORDER;
	if (links[number].volume != NULL)
		return STORE_EXISTS;
	volume_info(volume, is_read_only, serial, &info);
	links[number].volume = volume;
	volume->links++;
	memset(&figures[number], 0, sizeof(figures[number]));
	blk_server_begin(&links[number].server, ops->at(number), &info, BLK_UP, 0);
	set_busy(number, true);
	ops->signal(number / VM_DEVICES);
	return STORE_OK;
}

bool vm_link_detach(u32 number)
{
	struct vm_link *l = number < BLK_WINDOWS ? &links[number] : NULL;

	if (l == NULL || l->volume == NULL)
		return true;
	set_busy(number, false);
	if (l->server.in_flight != 0)
		return false;
	l->volume->links--;
	l->volume = NULL;
	return true;
}

static u32 bucket_of(u64 ns)
{
	u32 bucket = ns != 0 ? 63u - (u32)__builtin_clzll(ns) : 0;

	return bucket < STORE_LATENCY_BUCKETS ? bucket : STORE_LATENCY_BUCKETS - 1;
}

static void count(struct store_figures *f, const struct blk_sqe *sqe, enum blk_status status, u64 ns)
{
	u64 bytes = (u64)sqe->sectors * BLK_SECTOR_BYTES;

	switch (sqe->op) {
	case BLK_READ:
		f->reads++;
		f->read_bytes += bytes;
		break;
	case BLK_WRITE:
		f->writes++;
		f->written_bytes += bytes;
		break;
	case BLK_FLUSH:
		f->flushes++;
		break;
	default:
		f->discards++;
	}
	f->errors += status != BLK_OK;
	f->latency[bucket_of(ns)]++;
}

static void carry_out(u32 number, const struct blk_sqe *sqe)
{
	struct vm_link *l = &links[number];
	u64 begin_ns = ops->now_ns();
	enum blk_status status = volume_ram_do(l->volume, ops->at(number), sqe);

	count(&figures[number], sqe, status, ops->now_ns() - begin_ns);
	blk_server_complete(&l->server, sqe->cookie, status);
}

/* Some requests of one link. */
static void serve(u32 number)
{
	struct vm_link *l = &links[number];
	struct blk_sqe sqe;
	u32 done = 0;

	blk_server_wait(&l->server, false);
	while (done < REQUESTS_PER_TURN && blk_server_take(&l->server, &sqe)) {
		carry_out(number, &sqe);
		done++;
	}
	if (done < REQUESTS_PER_TURN) {
		blk_server_wait(&l->server, true);
		set_busy(number, blk_server_has_work(&l->server));
	}
	if (blk_server_should_signal(&l->server))
		ops->signal(number / VM_DEVICES);
}

void vm_link_woken(u64 bits)
{
	for (u64 left = bits / STORE_BIT_VM; left != 0; left &= left - 1)
		for (u32 vm = (u32)__builtin_ctzll(left); vm < VM_COUNT; vm += BADGES)
			for (u32 number = vm * VM_DEVICES; number < (vm + 1) * VM_DEVICES; number++)
				if (links[number].volume != NULL)
					set_busy(number, true);
}

bool vm_link_turn(void)
{
	bool is_busy = false;

	for (u32 word = 0; word < BUSY_WORDS; word++)
		for (u64 left = busy[word]; left != 0; left &= left - 1)
			serve(word * 64 + (u32)__builtin_ctzll(left));
	for (u32 word = 0; word < BUSY_WORDS; word++)
		is_busy = is_busy || busy[word] != 0;
	return is_busy;
}
