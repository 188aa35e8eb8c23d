/* SPDX-License-Identifier: MIT */
/*
 * The direct map on a machine whose memory lies far apart: wherever frames are free, the kernel can have them. The real
 * map and frame pool on a made-up boot map; physical memory is one sparse mapping of the test.
 */
/* links: arch kernel */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "boot_info.h"
#include "cpu.h"
#include "fake_image.h"
#include "frames.h"
#include "log.h"
#include "object.h"
#include "panic.h"

#define PIECES 100u
#define DISTANCE (45 * GIB)	/* so that some of them are beyond 4 TiB */
#define PIECE_BYTES (4 * MIB)
#define FIRST_BYTES (512 * MIB)	/* the pool's records must fit in there */
#define TOP ((PIECES + 1) * DISTANCE)

u8 *fake_memory;
struct pcpu fake_pcpus[FAKE_PCPUS];
__thread u32 fake_here;
struct pcpu *pcpu_table[MAX_PCPUS];
u32 pcpu_count = 1;
struct cpu_features cpu_features = { .physical_bits = 46 };
const char image_phys_start[1], image_phys_end[1];

void printk(enum log_level level, const char *format, ...)
{
	(void)level, (void)format;
}

void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	abort();
}

bool boot_has_ram(const struct boot_info *boot, u64 start, u64 bytes)
{
	(void)boot, (void)start, (void)bytes;
	return true;
}

bool msr_try_write(u32 msr, u64 value)
{
	(void)msr, (void)value;
	return false;
}

static struct boot_info boot;

static int start_machine(void **state)
{
	(void)state;
	fake_memory = mmap(NULL, TOP, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(fake_memory, MAP_FAILED);
	boot.ranges[0] = (struct boot_range){ HPA(0), FIRST_BYTES, BOOT_MEMORY_USABLE, 0 };
	for (u32 i = 1; i <= PIECES; i++)
		boot.ranges[i] = (struct boot_range){ HPA(i * DISTANCE), PIECE_BYTES, BOOT_MEMORY_USABLE, 0 };
	boot.range_count = PIECES + 1;
	kernel_map_init();
	frames_init(&boot);
	return 0;
}

static void all_memory_can_become_kernel(void **state)
{
	u64 count = 0, free_frames = frames.free_user + frames.free_kernel;
	bool is_seen[TOP / GIB] = { 0 };
	u32 seen = 0;
	u64 *p;

	(void)state;
	while ((p = kernel_frames_alloc(64)) != NULL) {
		hpa_t frame = direct_hpa(p);

		seen += !is_seen[frame.raw / GIB];
		is_seen[frame.raw / GIB] = true;
		count += 64;
	}
	assert_int_equal(frames.free_user / CHUNK_FRAMES, 0);
	assert_true(free_frames - count < 2 * CHUNK_FRAMES);	/* what is in no whole chunk */
	assert_int_equal(seen, PIECES + 1);
}

/* What the processor would find there, by the tables that it would walk. */
static void each_is_mapped_where_it_is_looked_for(void **state)
{
	u64 *top = (u64 *)(KERNEL_BASE + arch_space_kernel().raw), space[512] = { 0 };

	(void)state;
	arch_space_init(space);
	for (u32 i = 0; i <= PIECES; i++) {
		hpa_t at = HPA(i * DISTANCE + (i == 0 ? FIRST_BYTES : PIECE_BYTES) - PAGE_SIZE_2M);
		u64 va = DIRECT_BASE + at.raw;

		assert_int_not_equal(top[va >> 39 & 511u] & 1u, 0);
		assert_int_equal(top[va >> 39 & 511u], space[va >> 39 & 511u]);
		assert_int_equal(arch_direct_map(at, PAGE_SIZE_2M), ST_OK);	/* it is there already */
	}
}

/* As for the page below 1 MiB in which other pCPUs begin: whatever the map says twice, and modules, are in the way. */
static void places_are_free(void **state)
{
	static struct boot_info low = {
		.ranges = {
			{ HPA(0), 0x9fc00, BOOT_MEMORY_USABLE, 0 }, { HPA(0x10000), 0x1001, BOOT_MEMORY_RESERVED, 0 },
			{ HPA(0xffffffffffff0000), ~0ull, BOOT_MEMORY_USABLE, 0 },
		},
		.range_count = 3, .modules = { { .start = HPA(0x8fff), .bytes = 1 } }, .module_count = 1,
	};

	(void)state;
	assert_int_equal(frames_place(&low, 0x8000, 0x98000, PAGE_SIZE, PAGE_SIZE), 0x9000);
	low.modules[0].bytes = 0x1002;
	assert_int_equal(frames_place(&low, 0x8000, 0x98000, PAGE_SIZE, PAGE_SIZE), 0xb000);
	low.modules[0].bytes = 0x7000;
	assert_int_equal(frames_place(&low, 0x8000, 0x98000, PAGE_SIZE, PAGE_SIZE), 0x12000);
	assert_int_equal(frames_place(&low, 0x8000, 0x12fff, PAGE_SIZE, PAGE_SIZE), 0);
	assert_int_equal(frames_place(&low, 0x9f000, 0xa0000, PAGE_SIZE, PAGE_SIZE), 0);
	low.modules[0].bytes = ~0ull;
	assert_int_equal(frames_place(&low, 0x8000, 0x98000, PAGE_SIZE, PAGE_SIZE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_memory_can_become_kernel),
		cmocka_unit_test(each_is_mapped_where_it_is_looked_for),
		cmocka_unit_test(places_are_free),
	};

	return cmocka_run_group_tests(tests, start_machine, NULL);
}
