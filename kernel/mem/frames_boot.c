/* SPDX-License-Identifier: MIT */
/*
 * frames_boot.c - the machine's one frame pool: made from the boot map, its chunk records, and the tables that the
 * direct map may need, placed in memory found there; and the calls by which the rest of the kernel gets kernel frames.
 *
 * A part of memory becomes KERNEL at once, so that ordinary operation does not eat into what is shown as free.
 */
#include "arch.h"
#include "frames.h"
#include "kernel_upcalls.h"
#include "log.h"
#include "object.h"
#include "panic.h"
#include "range.h"
#include "syscalls.h"

#include <string.h>

#define KERNEL_SHARE 64u	/* 1/64 of memory is KERNEL from the start ... */
#define KERNEL_CHUNKS_MIN 4u	/* ... but at least 8 MiB */
#define WATERMARK_USER 1024u	/* for root's own work when guests have taken the rest */
#define WATERMARK_KERNEL 256u
#define MEMORY_LIMIT (1ull << 46)

struct frame_pool frames;
static const struct boot_info *boot_map;

extern const char image_phys_start[], image_phys_end[];

struct extent {
	u64 start, end;
};

static struct extent extent_of(hpa_t at, u64 bytes)
{
	u64 start = min_u64(at.raw, MEMORY_LIMIT);

	return (struct extent){ start, start + min_u64(bytes, MEMORY_LIMIT - start) };
}

/* The i-th thing that occupies memory: the image, the modules, each range that is not usable. False past the last
 * one. */
static bool occupied(const struct boot_info *boot, u32 i, struct extent *out)
{
	if (i == 0) {
		*out = (struct extent){ (u64)image_phys_start, (u64)image_phys_end };
		return true;
	}
	if (i <= boot->module_count) {
		*out = extent_of(boot->modules[i - 1].start, boot->modules[i - 1].bytes);
		return true;
	}
	i -= boot->module_count + 1;
	if (i >= boot->range_count)
		return false;
	*out = extent_of(boot->ranges[i].start, boot->ranges[i].bytes);
	if (boot->ranges[i].type == BOOT_MEMORY_USABLE)
		out->end = out->start;
	return true;
}

/* The first aligned place in [at, end) where `bytes` are free of everything occupied; 0 if there is none. */
static u64 place_in(const struct boot_info *boot, u64 at, u64 end, u64 bytes, u64 alignment)
{
	struct extent e;
	u32 i = 0;

	at = align_up(at, alignment);
	while (at <= end && bytes <= end - at) {
		if (!occupied(boot, i++, &e))
			return at;
		if (e.start < e.end && e.start < at + bytes && at < e.end) {
			at = align_up(e.end, alignment);
			i = 0;
		}
	}
	return 0;
}

u64 frames_place(const struct boot_info *boot, u64 from, u64 to, u64 bytes, u64 alignment)
{
	struct extent e;
	u64 at;

	for (u32 i = 0; i < boot->range_count; i++) {
		if (boot->ranges[i].type != BOOT_MEMORY_USABLE)
			continue;
		e = extent_of(boot->ranges[i].start, boot->ranges[i].bytes);
		at = place_in(boot, max_u64(e.start, from), min_u64(e.end, to), bytes, alignment);
		if (at != 0)
			return at;
	}
	return 0;
}

static u64 memory_top(const struct boot_info *boot)
{
	u64 top = 0;

	for (u32 i = 0; i < boot->range_count; i++)
		if (boot->ranges[i].type == BOOT_MEMORY_USABLE)
			top = max_u64(top, extent_of(boot->ranges[i].start, boot->ranges[i].bytes).end);
	return top;
}

static void fill_pool(const struct boot_info *boot)
{
	struct extent e;

	for (u32 i = 0; i < boot->range_count; i++)
		if (boot->ranges[i].type == BOOT_MEMORY_USABLE)
			frame_pool_add(&frames, boot->ranges[i].start.raw, boot->ranges[i].bytes);
	for (u32 i = 0; occupied(boot, i, &e); i++)
		if (e.start < e.end)
			frame_pool_take(&frames, e.start, e.end - e.start);
}

bool frames_own(hpa_t start, u64 bytes)
{
	return !range_ok(start.raw, bytes, arch_memory_limit()) || boot_has_ram(boot_map, start.raw, bytes);
}

static enum status map_chunk(hpa_t chunk)
{
	return arch_direct_map(chunk, PAGE_SIZE_2M);
}

void frames_init(const struct boot_info *boot)
{
	u64 top = memory_top(boot);
	u32 chunk_count = (u32)((top + PAGE_SIZE_2M - 1) / PAGE_SIZE_2M);
	u64 tables_offset = align_up(chunk_count * sizeof(struct chunk), PAGE_SIZE);
	u64 records_bytes = tables_offset + arch_direct_tables(top) * PAGE_SIZE;
	u64 mapped_bytes = align_up(records_bytes, PAGE_SIZE_2M);
	u64 at = frames_place(boot, MIB, MEMORY_LIMIT, mapped_bytes, PAGE_SIZE_2M);
	u64 want;

	boot_map = boot;
	if (at == 0)
		panic("no memory for %llu bytes of frame records", (unsigned long long)mapped_bytes);
	if (arch_direct_map(HPA(at), mapped_bytes) != ST_OK)
		panic("frame records can't be mapped");
	arch_direct_extend(HPA(at + tables_offset), top);
	frame_pool_init(&frames, direct_pointer(HPA(at)), chunk_count, NULL);
	fill_pool(boot);
	for (u64 chunk = at; chunk < at + mapped_bytes; chunk += PAGE_SIZE_2M)
		if (frame_pool_make_kernel(&frames, chunk) != ST_OK)
			panic("frame records are not in free memory");
	frame_pool_take(&frames, at, records_bytes);
	frames.make_kernel = map_chunk;
	want = max_u64(frames.total / CHUNK_FRAMES / KERNEL_SHARE, KERNEL_CHUNKS_MIN);
	for (u32 i = chunk_count; i > 0 && frames.kernel < want * CHUNK_FRAMES; i--) {
		/* From the top of memory down; a chunk that isn't wholly free is passed over. */
		if (frame_pool_make_kernel(&frames, (u64)(i - 1) * PAGE_SIZE_2M) == ST_NOMEM)
			break;
	}
	if (frames.free_kernel == 0)
		panic("no kernel frames");
	frames.boot = frames.total - frames.kernel - frames.free_user;
	frames.watermark_user = WATERMARK_USER;
	frames.watermark_kernel = WATERMARK_KERNEL;
	if (boot->dropped_ranges != 0)
		printk(LOG_WARNING, "memory: %u ranges of the boot loader's map are ignored", boot->dropped_ranges);
	printk(LOG_INFO, "memory: %llu MiB usable, %llu MiB kernel", (unsigned long long)(frames.total >> 8),
	       (unsigned long long)(frames.kernel >> 8));
}

void *kernel_frames(u32 count, bool keeps_watermark)
{
	enum status status = ST_OK;
	hpa_t frame;
	void *p;

	lock_acquire(&frames.lock);
	if (keeps_watermark)
		status = frame_pool_check_watermark(&frames);
	if (status == ST_OK)
		status = frame_pool_alloc_kernel(&frames, count, &frame);
	lock_release(&frames.lock);
	if (status != ST_OK)
		return NULL;
	p = direct_pointer(frame);
	memset(p, 0, count * PAGE_SIZE);
	return p;
}

void *kernel_frames_alloc(u32 count)
{
	return kernel_frames(count, false);
}

void kernel_frames_free(void *frames_start, u32 count)
{
	lock_acquire(&frames.lock);
	(void)frame_pool_free(&frames, direct_hpa(frames_start), count);
	lock_release(&frames.lock);
}

void frames_set_watermark(u64 bytes)
{
	lock_acquire(&frames.lock);
	frames.watermark_user = WATERMARK_USER + min_u64(bytes >> PAGE_SHIFT, frames.total);
	lock_release(&frames.lock);
}
