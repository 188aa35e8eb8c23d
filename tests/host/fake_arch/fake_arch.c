/* SPDX-License-Identifier: MIT */
/*
 * What kernel/ calls of arch/ and of its own machine-only files, on the host.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "frames.h"
#include "kernel_upcalls.h"
#include "log.h"
#include "panic.h"
#include "sched.h"

#define CHUNKS ((u32)(FAKE_MEMORY_BYTES / PAGE_SIZE_2M))
#define PATTERN 0xa5

u8 *fake_memory;
struct pcpu fake_pcpus[FAKE_PCPUS];
__thread u32 fake_here;
u32 pcpu_count = 1;
struct pcpu *pcpu_table[MAX_PCPUS] = { &fake_pcpus[0], &fake_pcpus[1], &fake_pcpus[2], &fake_pcpus[3] };
u32 fake_ipis[FAKE_PCPUS];
u64 fake_tsc;
u32 fake_tlb_flushes;
struct frame_pool frames;
static struct chunk chunks[CHUNKS];

void fake_machine_init(void)
{
	fake_memory = aligned_alloc(PAGE_SIZE_2M, FAKE_MEMORY_BYTES);
	if (fake_memory == NULL)
		abort();
	memset(fake_memory, PATTERN, FAKE_MEMORY_BYTES);
	frame_pool_init(&frames, chunks, CHUNKS, NULL);
	frame_pool_add(&frames, PAGE_SIZE_2M, FAKE_MEMORY_BYTES - PAGE_SIZE_2M);
	for (u32 i = CHUNKS - CHUNKS / 4; i < CHUNKS; i++)
		if (frame_pool_make_kernel(&frames, i * PAGE_SIZE_2M) != ST_OK)
			abort();
}

void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	abort();
}

void printk(enum log_level level, const char *format, ...)
{
	(void)level;
	(void)format;
}

void *kernel_frames_alloc(u32 count)
{
	hpa_t frame;

	if (frame_pool_alloc_kernel(&frames, count, &frame) != ST_OK)
		return NULL;
	return memset(direct_pointer(frame), 0, count * PAGE_SIZE);
}

void kernel_frames_free(void *frames_start, u32 count)
{
	memset(frames_start, PATTERN, count * PAGE_SIZE);
	frame_pool_free(&frames, direct_hpa(frames_start), count);
}

bool frames_own(hpa_t start, u64 bytes)
{
	return start.raw < FAKE_MEMORY_BYTES || bytes > ~0ull - start.raw;
}

static enum status table_alloc(void *ctx, hpa_t *out)
{
	void *p = NULL;

	if (ctx == NULL || frame_pool_leave_spare(&frames) == ST_OK)
		p = kernel_frames_alloc(1);
	if (p == NULL)
		return ST_NOMEM;
	*out = direct_hpa(p);
	return ST_OK;
}

static void table_free(void *ctx, hpa_t frame)
{
	(void)ctx;
	kernel_frames_free(direct_pointer(frame), 1);
}

static u64 *table_pointer(void *ctx, hpa_t frame)
{
	(void)ctx;
	return direct_pointer(frame);
}

const struct pt_frames kernel_pt_frames = { .alloc = table_alloc, .free = table_free, .pointer = table_pointer };
const struct pt_frames guest_pt_frames = {
	.alloc = table_alloc, .free = table_free, .pointer = table_pointer, .ctx = &frames,
};

void arch_frame_zero(hpa_t frame)
{
	memset(direct_pointer(frame), 0, PAGE_SIZE);
}

void arch_frame_write(hpa_t at, const void *from, u64 bytes)
{
	memcpy(direct_pointer(at), from, bytes);
}

/* The kernel's half: present entries that must be left alone. */
void arch_space_init(u64 *top_table)
{
	for (u32 i = 256; i < 512; i++)
		top_table[i] = 0xdead0000000001ull;
}

void arch_tlb_flush_user(void)
{
	fake_tlb_flushes++;
}

__attribute__((weak)) void arch_ipi(const struct pcpu *pcpu)
{
	fake_ipis[pcpu - fake_pcpus]++;
}

/* For tests without a scheduler or a log. */
__attribute__((weak)) void sched_preempt(void)
{
	pcpu_self()->need_resched = false;
}

__attribute__((weak)) void sched_switched(void)
{
}

void log_wake_readers(void)
{
}

void fake_take_ipi(u32 pcpu)
{
	u32 here = fake_here;

	fake_here = pcpu;
	if (fake_ipis[pcpu] > 0) {
		fake_ipis[pcpu] = 0;
		kernel_ipi();
	}
	fake_here = here;
}

__attribute__((weak)) void sched_ipi(void)
{
}
