/* SPDX-License-Identifier: MIT */
/*
 * kernel_map.c - the kernel's half of every address space (memory_layout.h), and the windows through which other frames
 * are touched.
 *
 * The top-level entries of this half are made once, here, and are the same in every PD, so a mapping added later is
 * seen everywhere at once. Tables come from a reserve: the kernel's half never needs a frame, so arch_direct_map can't
 * recurse into the frame allocator. What bss has is enough to map the records of all frames, behind which there are as
 * many tables as the direct map of the whole memory can take (arch_direct_extend). The walker is pt.h's. No identity
 * map is left.
 */
#include <string.h>

#include "cpu.h"
#include "lock.h"
#include "mitigations.h"
#include "range.h"
#include "syscalls.h"

#define TOP_BYTES (512 * GIB)			/* what a top-level entry covers */
#define DIRECT_BYTES (MMIO_BASE - DIRECT_BASE)
#define DIRECT_TABLES 16u			/* for the frame records: 3 GiB in one piece with 64 TiB of memory */
#define MMIO_TABLES 24u
#define OTHER_TABLES 20u			/* root, image, windows */
#define TABLES (DIRECT_TABLES + MMIO_TABLES + OTHER_TABLES)

#define TOP_INDEX(va) ((va) >> 39 & 511u)
#define VA48(va) ((va) & (BIT64(48) - 1))	/* the walker knows 48 bits and no sign */
#define MMIO_BYTES (1 * GIB)
#define WINDOW_SLOTS 8u		/* a pCPU's entries of the table of windows: a cache line of its own; the first is
				 * used */

extern char text_start[], text_end[], rodata_start[], embed_end[], data_start[], data_end[];

static u64 tables[TABLES][512] __attribute__((aligned(PAGE_SIZE)));
static u32 tables_used;
static struct { hpa_t start; u64 count, used; } further;	/* tables in the direct map, when those are used up */
static struct lock map_lock;	/* guards tables_used, further, the tree and mmio_next */
static u64 mmio_next = MMIO_BASE;

static enum status table_alloc(void *, hpa_t *out)
{
	if (tables_used < TABLES) {
		*out = arch_image_hpa(tables[tables_used++]);
		return ST_OK;
	}
	if (further.used == further.count)
		return ST_NOMEM;
	*out = HPA(further.start.raw + further.used++ * PAGE_SIZE);
	memset(direct_pointer(*out), 0, PAGE_SIZE);
	return ST_OK;
}

/* Nothing is ever unmapped here but window leaves, which are written directly. */
static void table_free(void *, hpa_t)
{
}

static u64 *table_pointer(void *, hpa_t frame)
{
	bool is_further = frame.raw - further.start.raw < further.count * PAGE_SIZE;

	return is_further ? direct_pointer(frame) : (u64 *)(KERNEL_BASE + frame.raw);
}

static const struct pt_frames table_frames = { .alloc = table_alloc, .free = table_free, .pointer = table_pointer };
static struct pt kernel_pt;
static u64 *windows;	/* the table of windows */

static void must(enum status status)
{
	if (status != ST_OK)
		__builtin_trap();	/* before there is a log: our own table of constants is wrong */
}

static void map_image(const char *start, const char *end, u32 rights)
{
	for (u64 va = (u64)start; va < (u64)end; va += PAGE_SIZE)
		must(pt_map(&kernel_pt, VA48(va), HPA(va - KERNEL_BASE), PT_LEVEL_4K, rights | PT_GLOBAL));
}

/* A table for a top-level entry, so that PDs made later and earlier agree about this half. */
static void make_top(u64 va)
{
	u64 *top = table_pointer(NULL, kernel_pt.root);
	hpa_t table;

	must(table_alloc(NULL, &table));
	top[TOP_INDEX(va)] = pt_table_entry(&pt_host, table);
}

/* The tables above them, by a mapping that goes again. */
static void make_windows(void)
{
	must(pt_map(&kernel_pt, VA48(WINDOW_BASE), HPA(0), PT_LEVEL_4K, PT_R));
	windows = tables[tables_used - 1];	/* the lowest was made last */
	windows[0] = 0;
}

void kernel_map_init(void)
{
	must(pt_init(&kernel_pt, &pt_host, &table_frames, false));
	make_top(MMIO_BASE);
	make_windows();
	map_image(text_start, text_end, PT_R | PT_X);
	map_image(rodata_start, embed_end, PT_R);
	map_image(data_start, data_end, PT_R | PT_W);
	cr3_write(kernel_pt.root.raw);
	/* The early mappings were not global, so they are gone. */
}

void arch_space_init(u64 *top_table)
{
	memcpy(top_table + 256, table_pointer(NULL, kernel_pt.root) + 256, 256 * sizeof(u64));
}

hpa_t arch_space_kernel(void)
{
	return kernel_pt.root;
}

void arch_space_switch(hpa_t root)
{
	struct pcpu *pcpu = pcpu_self();

	if (pcpu->space == root.raw)
		return;
	if ((mitigations & MITIGATE_IBPB) != 0 && pcpu->space != kernel_pt.root.raw)
		mitigations_leave_space();
	__atomic_store_n(&pcpu->space, root.raw, __ATOMIC_RELAXED);
	cr3_write(root.raw);	/* drops what was cached; waits for the store above */
}

void arch_tlb_flush_user(void)
{
	cr3_write(cr3_read());
}

enum status arch_direct_map(hpa_t hpa, u64 bytes)
{
	enum status status = ST_OK;

	if (!range_ok(hpa.raw, bytes, DIRECT_BYTES))
		return ST_UNSUPPORTED;
	if (!aligned_ok(hpa.raw | bytes, PAGE_SIZE_2M))
		return ST_INVAL;
	lock_acquire(&map_lock);
	for (u64 at = 0; at < bytes; at += PAGE_SIZE_2M) {
		status = pt_map(&kernel_pt, VA48(DIRECT_BASE + hpa.raw + at), HPA(hpa.raw + at), PT_LEVEL_2M,
				PT_R | PT_W | PT_GLOBAL);
		if (status == ST_EXISTS)
			status = ST_OK;		/* this very mapping: an address has only one */
		if (status != ST_OK)
			break;
	}
	lock_release(&map_lock);
	return status;
}

u64 arch_direct_tables(u64 top)
{
	return top / GIB + top / TOP_BYTES + 2;
}

void arch_direct_extend(hpa_t start, u64 top)
{
	const u64 *entries = table_pointer(NULL, kernel_pt.root);

	further.start = start;
	further.count = arch_direct_tables(top);
	for (u64 at = 0; at < top; at += TOP_BYTES)
		if (entries[TOP_INDEX(DIRECT_BASE + at)] == 0)
			make_top(DIRECT_BASE + at);
}

/* With 4 KiB leaves, or, where address and size make it worth while, 2 MiB ones (framebuffers). */
static void *mmio_map_locked(hpa_t hpa, u64 bytes)
{
	enum pt_level level = bytes >= PAGE_SIZE_2M ? PT_LEVEL_2M : PT_LEVEL_4K;
	u64 leaf = level == PT_LEVEL_2M ? PAGE_SIZE_2M : PAGE_SIZE;
	u64 first = align_down(hpa.raw, leaf);
	u64 end = align_up(hpa.raw + bytes, leaf);
	u64 va = align_up(mmio_next, leaf);

	if (!range_ok(va - MMIO_BASE, end - first, MMIO_BYTES))
		return NULL;
	for (u64 at = 0; at < end - first; at += leaf)
		if (pt_map(&kernel_pt, VA48(va + at), HPA(first + at), level,
			   PT_R | PT_W | PT_UNCACHED | PT_GLOBAL) != ST_OK)
			return NULL;
	mmio_next = va + (end - first);
	return (void *)(va + (hpa.raw - first));
}

u64 arch_memory_limit(void)
{
	return BIT64(cpu_features.physical_bits);
}

void *arch_mmio_map(hpa_t hpa, u64 bytes)
{
	void *p;

	if (bytes == 0 || !range_ok(hpa.raw, bytes, arch_memory_limit() - PAGE_SIZE_2M))
		return NULL;
	lock_acquire(&map_lock);
	p = mmio_map_locked(hpa, bytes);
	lock_release(&map_lock);
	return p;
}

/* ---- Windows. A slot is not present between uses, so only closing it needs a TLB flush. --------- */

static u8 *window_open(hpa_t frame)
{
	u32 slot = pcpu_self()->id * WINDOW_SLOTS;

	windows[slot] = pt_leaf_entry(&pt_host, frame, PT_R | PT_W, PT_LEVEL_4K);
	return (u8 *)(WINDOW_BASE + slot * PAGE_SIZE);
}

static void window_close(void)
{
	u32 slot = pcpu_self()->id * WINDOW_SLOTS;

	windows[slot] = 0;
	invlpg(WINDOW_BASE + slot * PAGE_SIZE);
}

void arch_frame_zero(hpa_t frame)
{
	void *at = window_open(frame);
	u64 words = PAGE_SIZE / 8;

	__asm__ volatile("rep stosq" : "+D"(at), "+c"(words) : "a"(0ull) : "memory");
	window_close();
}

void arch_frame_write(hpa_t at, const void *from, u64 bytes)
{
	u64 offset = at.raw % PAGE_SIZE;

	memcpy(window_open(HPA(at.raw - offset)) + offset, from, bytes);
	window_close();
}
