/* SPDX-License-Identifier: MIT */
/*
 * arena.c - the memory of libc's brk and mmap: pages of one fixed region, brk from its bottom, mmap from its top down,
 * first fit.
 *
 * A page that was used before is zeroed when it is handed out again; fresh ones are zero as the kernel granted them.
 * Threads take turns by a flag.
 */
#include "range.h"
#include "sys.h"
#include "user.h"
#include "vm_layout.h"

#define ARENA_PAGES 8192u	/* 32 MiB at most; each PD has the bitmaps */

static struct {
	bool is_busy;		/* atomic */
	u32 pages;
	u64 brk;
	u64 used[ARENA_PAGES / 64];
	u64 soiled[ARENA_PAGES / 64];	/* has been used before */
} arena = { .brk = PD_HEAP_ADDRESS };

static void enter(void)
{
	while (__atomic_exchange_n(&arena.is_busy, true, __ATOMIC_ACQUIRE))
		(void)sys_thread_ctl(0, THREAD_YIELD, 0, 0, NULL);
}

static void leave(void)
{
	__atomic_store_n(&arena.is_busy, false, __ATOMIC_RELEASE);
}

static bool bit_get(const u64 *bits, u32 page)
{
	return (bits[page / 64] & BIT64(page % 64)) != 0;
}

static void bit_set(u64 *bits, u32 page, bool value)
{
	if (value)
		bits[page / 64] |= BIT64(page % 64);
	else
		bits[page / 64] &= ~BIT64(page % 64);
}

static u64 page_address(u32 page)
{
	return PD_HEAP_ADDRESS + page * PAGE_SIZE;
}

void arena_init(u64 bytes)
{
	arena.pages = (u32)min_u64(bytes >> PAGE_SHIFT, ARENA_PAGES);
}

static bool range_is_free(u32 first, u32 count)
{
	for (u32 i = first; i < first + count; i++)
		if (bit_get(arena.used, i))
			return false;
	return true;
}

static void pages_take(u32 first, u32 count)
{
	for (u32 i = first; i < first + count; i++) {
		if (bit_get(arena.soiled, i))
			__builtin_memset((void *)page_address(i), 0, PAGE_SIZE);
		bit_set(arena.used, i, true);
	}
}

static void pages_drop(u32 first, u32 count)
{
	for (u32 i = first; i < first + count; i++) {
		bit_set(arena.used, i, false);
		bit_set(arena.soiled, i, true);
	}
}

static u32 pages_below(u64 address)
{
	return (u32)((align_up(address, PAGE_SIZE) - PD_HEAP_ADDRESS) >> PAGE_SHIFT);
}

u64 arena_brk(u64 address)
{
	u32 old, new;

	enter();
	if (address >= PD_HEAP_ADDRESS && address <= page_address(arena.pages)) {
		old = pages_below(arena.brk);
		new = pages_below(address);
		if (new <= old || range_is_free(old, new - old)) {
			if (new > old)
				pages_take(old, new - old);
			else
				pages_drop(new, old - new);
			arena.brk = address;
		}
	}
	address = arena.brk;
	leave();
	return address;
}

/* Highest run of `count` free pages; arena.pages if there is none. */
static u32 find_run(u32 count)
{
	u32 run = 0;

	for (u32 i = arena.pages; i > 0; i--) {
		run = bit_get(arena.used, i - 1) ? 0 : run + 1;
		if (run == count)
			return i - 1;
	}
	return arena.pages;
}

u64 arena_map(u64 bytes)
{
	u64 address = 0;
	u32 count, first;

	if (bytes == 0 || bytes > (u64)ARENA_PAGES * PAGE_SIZE)
		return 0;
	count = (u32)((bytes + PAGE_SIZE - 1) >> PAGE_SHIFT);
	enter();
	first = find_run(count);
	if (first != arena.pages) {
		pages_take(first, count);
		address = page_address(first);
	}
	leave();
	return address;
}

bool arena_unmap(u64 address, u64 bytes)
{
	u64 size = (u64)arena.pages * PAGE_SIZE;

	if (bytes == 0 || address < PD_HEAP_ADDRESS || !aligned_ok(address, PAGE_SIZE) ||
	    !range_ok(address - PD_HEAP_ADDRESS, bytes, size))
		return false;
	enter();
	pages_drop(pages_below(address), (u32)((bytes + PAGE_SIZE - 1) >> PAGE_SHIFT));
	leave();
	return true;
}
