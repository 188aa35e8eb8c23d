/* SPDX-License-Identifier: MIT */
/*
 * The frame pool: rounding of the boot map, classes, levels, reservations, and a long random run against a plain model.
 */
/* links: kernel */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frames.h"
#include "panic.h"

#define CHUNKS 2100u
#define FRAMES (CHUNKS * CHUNK_FRAMES)
#define SLOTS 4000u

static struct frame_pool pool;
static struct chunk chunks[CHUNKS];
static u32 kernel_calls;
static bool kernel_fails;
static jmp_buf on_panic;
static bool expects_panic;

void panic(const char *format, ...)
{
	(void)format;
	if (expects_panic)
		longjmp(on_panic, 1);
	abort();
}

static enum status make_kernel(hpa_t chunk)
{
	assert_int_equal(chunk.raw % PAGE_SIZE_2M, 0);
	kernel_calls++;
	return kernel_fails ? ST_NOMEM : ST_OK;
}

static int setup(void **state)
{
	(void)state;
	frame_pool_init(&pool, chunks, CHUNKS, make_kernel);
	kernel_calls = 0;
	kernel_fails = expects_panic = false;
	return 0;
}

static void test_map_is_rounded(void **state)
{
	(void)state;
	frame_pool_add(&pool, 0, 0xa0000);			/* below 1 MiB: never used */
	assert_int_equal(pool.total, 0);
	frame_pool_add(&pool, 0x100001, 3 * PAGE_SIZE);		/* only two whole frames */
	assert_int_equal(pool.total, 2);
	frame_pool_add(&pool, 0x100001, 3 * PAGE_SIZE);		/* again: nothing new */
	assert_int_equal(pool.free_user, 2);
	frame_pool_take(&pool, 0x102fff, 2);			/* the last byte of one, the first of the next */
	assert_int_equal(pool.free_user, 1);
	frame_pool_take(&pool, 0x102000, PAGE_SIZE);
	assert_int_equal(pool.free_user, 1);
}

static void test_map_ends_are_judged(void **state)
{
	(void)state;
	frame_pool_add(&pool, CHUNKS * PAGE_SIZE_2M - PAGE_SIZE, 1ull << 40);	/* beyond the records */
	assert_int_equal(pool.free_user, 1);
	frame_pool_add(&pool, ~0ull - 100, 200);		/* wraps */
	frame_pool_add(&pool, ~0ull, ~0ull);
	frame_pool_add(&pool, 0x200000, 0);
	frame_pool_add(&pool, 0x200fff, 1);			/* no whole frame */
	assert_int_equal(pool.free_user, 1);
	frame_pool_take(&pool, 0, ~0ull);
	assert_int_equal(pool.free_user, 0);
}

static void test_reservation_limits(void **state)
{
	hpa_t frame;

	(void)state;
	frame_pool_add(&pool, PAGE_SIZE_2M, 2 * PAGE_SIZE_2M);
	assert_int_equal(frame_pool_alloc_reserved(&pool, PT_LEVEL_4K, &frame), ST_NOMEM);	/* nothing reserved */
	assert_int_equal(frame_pool_reserve(&pool, 1025), ST_NOMEM);
	assert_int_equal(frame_pool_reserve(&pool, ~0ull), ST_NOMEM);
	assert_int_equal(frame_pool_reserve(&pool, 1000), ST_OK);
	assert_int_equal(frame_pool_reserve(&pool, 25), ST_NOMEM);
	/* a chunk would break the promise */
	assert_int_equal(frame_pool_alloc_kernel(&pool, 1, &frame), ST_NOMEM);
	assert_int_equal(frame_pool_make_kernel(&pool, PAGE_SIZE_2M), ST_NOMEM);
	for (u32 i = 0; i < 1000; i++)
		assert_int_equal(frame_pool_alloc_reserved(&pool, PT_LEVEL_4K, &frame), ST_OK);
	assert_int_equal(pool.reserved, 0);
	assert_int_equal(frame_pool_alloc_reserved(&pool, PT_LEVEL_4K, &frame), ST_NOMEM);
	assert_int_equal(pool.free_user, 24);
}

/* Memory that nobody reserved ends at what others did, and at the watermark; the counters follow. */
static void test_unreserved(void **state)
{
	hpa_t frame, large;
	u32 count = 0;

	(void)state;
	frame_pool_add(&pool, PAGE_SIZE_2M, 4 * PAGE_SIZE_2M);
	pool.watermark_user = 100;
	assert_int_equal(frame_pool_reserve(&pool, 600), ST_OK);
	assert_int_equal(frame_pool_alloc_unreserved(&pool, PT_LEVEL_2M, &large), ST_OK);
	assert_int_equal(frame_pool_alloc_unreserved(&pool, PT_LEVEL_1G, &frame), ST_NOMEM);
	assert_int_equal(pool.granted, 512);
	while (frame_pool_alloc_unreserved(&pool, PT_LEVEL_4K, &frame) == ST_OK)
		count++;
	assert_int_equal(count, 2048 - 512 - 600 - 100);
	assert_int_equal(pool.reserved, 600);
	assert_int_equal(frame_pool_alloc_unreserved(&pool, PT_LEVEL_2M, &frame), ST_NOMEM);
	assert_int_equal(frame_pool_alloc_reserved(&pool, PT_LEVEL_4K, &frame), ST_OK);
	assert_int_equal(frame_pool_reserve(&pool, 100), ST_OK);	/* reservations go below the watermark */
	assert_int_equal(pool.granted, 512 + count + 1);
	(void)frame_pool_free(&pool, large, CHUNK_FRAMES);
	assert_int_equal(pool.granted, count + 1);
}

/* Bad frames: free ones go at once, others when they are given back; what is promised stays promised. */
static void test_bad(void **state)
{
	hpa_t frame, large;

	(void)state;
	frame_pool_add(&pool, PAGE_SIZE_2M, 2 * PAGE_SIZE_2M);
	assert_int_equal(frame_pool_reserve(&pool, 513), ST_OK);
	assert_int_equal(frame_pool_alloc_reserved(&pool, PT_LEVEL_2M, &large), ST_OK);
	assert_int_equal(frame_pool_retire(&pool, HPA((u64)FRAMES * PAGE_SIZE)), ST_INVAL);
	assert_int_equal(frame_pool_retire(&pool, HPA(large.raw + 5 * PAGE_SIZE)), ST_STATE);
	assert_int_equal(frame_pool_retire(&pool, HPA(large.raw + 5 * PAGE_SIZE)), ST_STATE);
	assert_int_equal(pool.bad_count, 1);
	assert_true(frame_pool_is_awaited(&pool, HPA(large.raw + 5 * PAGE_SIZE)));
	assert_false(frame_pool_is_awaited(&pool, large));
	frame = HPA(large.raw == PAGE_SIZE_2M ? 2 * PAGE_SIZE_2M : PAGE_SIZE_2M);
	assert_int_equal(frame_pool_retire(&pool, frame), ST_OK);
	assert_int_equal(pool.total, 1023);
	assert_int_equal(pool.free_user, 511);
	assert_int_equal(frame_pool_free(&pool, large, CHUNK_FRAMES), 1);
	assert_int_equal(pool.bad_count, 0);
	assert_false(frame_pool_is_awaited(&pool, HPA(large.raw + 5 * PAGE_SIZE)));
	assert_int_equal(pool.total, 1022);
	assert_int_equal(pool.free_user, 1022);
	assert_int_equal(pool.granted, 0);
	/* Neither is given out again. */
	assert_int_equal(frame_pool_reserve(&pool, 1021), ST_OK);
	for (u32 i = 0; i < 1022; i++) {
		hpa_t got;

		assert_int_equal(frame_pool_alloc_reserved(&pool, PT_LEVEL_4K, &got), ST_OK);
		assert_int_not_equal(got.raw, frame.raw);
		assert_int_not_equal(got.raw, large.raw + 5 * PAGE_SIZE);
	}
}

/* All that is free is promised; and more than can be waited for. */
static void test_bad_limits(void **state)
{
	hpa_t frame;

	(void)state;
	frame_pool_add(&pool, PAGE_SIZE_2M, PAGE_SIZE_2M);
	assert_int_equal(frame_pool_reserve(&pool, 512), ST_OK);
	assert_int_equal(frame_pool_retire(&pool, HPA(PAGE_SIZE_2M)), ST_STATE);
	assert_int_equal(pool.total, 512);
	assert_int_equal(frame_pool_alloc_reserved(&pool, PT_LEVEL_2M, &frame), ST_OK);
	for (u64 i = 1; i < FRAMES_BAD_MAX; i++)
		assert_int_equal(frame_pool_retire(&pool, HPA(frame.raw + i * PAGE_SIZE)), ST_STATE);
	assert_int_equal(frame_pool_retire(&pool, HPA(frame.raw + 100 * PAGE_SIZE)), ST_FULL);
	assert_int_equal(frame_pool_free(&pool, frame, CHUNK_FRAMES), FRAMES_BAD_MAX);
	assert_int_equal(pool.total, 512 - FRAMES_BAD_MAX);
}

static void test_kernel_watermark(void **state)
{
	hpa_t frame;

	(void)state;
	frame_pool_add(&pool, PAGE_SIZE_2M, 2 * PAGE_SIZE_2M);
	pool.watermark_kernel = 10;
	pool.watermark_user = 500;
	assert_int_equal(frame_pool_check_watermark(&pool), ST_OK);		/* makes a chunk KERNEL */
	assert_int_equal(pool.free_kernel, 512);
	for (u32 i = 0; i < 502; i++)
		assert_int_equal(frame_pool_alloc_kernel(&pool, 1, &frame), ST_OK);
	assert_int_equal(frame_pool_check_watermark(&pool), ST_NOMEM);	/* the other chunk would go below it */
	pool.watermark_user = 0;
	assert_int_equal(frame_pool_check_watermark(&pool), ST_OK);
	assert_int_equal(pool.free_kernel, 10 + 512);
	assert_int_equal(pool.granted, 0);
}

static void test_kernel_class(void **state)
{
	hpa_t a, b, c;

	(void)state;
	frame_pool_add(&pool, PAGE_SIZE_2M, 2 * PAGE_SIZE_2M);
	kernel_fails = true;
	assert_int_equal(frame_pool_alloc_kernel(&pool, 1, &a), ST_NOMEM);
	assert_int_equal(pool.free_user, 1024);
	kernel_fails = false;
	assert_int_equal(frame_pool_alloc_kernel(&pool, 1, &a), ST_OK);
	assert_int_equal(frame_pool_alloc_kernel(&pool, 16, &b), ST_OK);
	assert_int_equal(frame_pool_alloc_kernel(&pool, 2, &c), ST_OK);
	assert_int_equal(b.raw % (16 * PAGE_SIZE), 0);
	assert_int_equal(c.raw % (2 * PAGE_SIZE), 0);
	assert_int_equal(kernel_calls, 2);
	assert_int_equal(pool.free_user, 512);
	assert_int_equal(pool.free_kernel, 512 - 19);
	(void)frame_pool_free(&pool, a, 1);
	(void)frame_pool_free(&pool, b, 16);
	(void)frame_pool_free(&pool, c, 2);
	assert_int_equal(pool.free_kernel, 512);
	assert_int_equal(pool.free_user, 512);		/* a KERNEL chunk stays one */
	assert_int_equal(frame_pool_make_kernel(&pool, CHUNKS * PAGE_SIZE_2M), ST_STATE);
	assert_int_equal(frame_pool_make_kernel(&pool, a.raw), ST_STATE);
}

static void test_large_frames(void **state)
{
	hpa_t giant, large, small;

	(void)state;
	frame_pool_add(&pool, PAGE_SIZE_2M, 1100 * PAGE_SIZE_2M);	/* one whole aligned GiB lies within */
	assert_int_equal(frame_pool_reserve(&pool, pool.free_user), ST_OK);
	assert_int_equal(frame_pool_alloc_reserved(&pool, PT_LEVEL_1G, &giant), ST_OK);
	assert_int_equal(giant.raw, PAGE_SIZE_1G);
	assert_int_equal(frame_pool_alloc_reserved(&pool, PT_LEVEL_1G, &large), ST_NOMEM);
	assert_int_equal(frame_pool_alloc_reserved(&pool, PT_LEVEL_2M, &large), ST_OK);
	assert_int_equal(large.raw % PAGE_SIZE_2M, 0);
	assert_int_equal(frame_pool_alloc_reserved(&pool, PT_LEVEL_4K, &small), ST_OK);
	(void)frame_pool_free(&pool, giant, 512 * CHUNK_FRAMES);
	(void)frame_pool_free(&pool, large, CHUNK_FRAMES);
	(void)frame_pool_free(&pool, small, 1);
	assert_int_equal(pool.free_user, 1100 * CHUNK_FRAMES);
}

/* Below 4 GiB if that is asked for, whatever else is free; the counters follow. */
static void test_low_frames(void **state)
{
	hpa_t frame, low[2];

	(void)state;
	frame_pool_add(&pool, 2 * PAGE_SIZE_2M, 2 * PAGE_SIZE_2M);
	frame_pool_add(&pool, 4 * PAGE_SIZE_1G, 3 * PAGE_SIZE_2M);
	assert_int_equal(frame_pool_reserve(&pool, 5 * CHUNK_FRAMES), ST_OK);
	assert_int_equal(frame_pool_alloc_reserved(&pool, PT_LEVEL_2M, &frame), ST_OK);
	for (u32 i = 0; i < 2; i++) {
		assert_int_equal(frame_pool_alloc_low(&pool, &low[i]), ST_OK);
		assert_int_equal(low[i].raw, (2 + i) * PAGE_SIZE_2M);
	}
	assert_int_equal(frame_pool_alloc_low(&pool, &frame), ST_NOMEM);
	assert_int_equal(pool.reserved, 2 * CHUNK_FRAMES);
	assert_int_equal(pool.granted, 3 * CHUNK_FRAMES);
	(void)frame_pool_free(&pool, low[1], CHUNK_FRAMES);
	assert_int_equal(frame_pool_reserve(&pool, CHUNK_FRAMES), ST_OK);
	assert_int_equal(frame_pool_alloc_low(&pool, &low[1]), ST_OK);
	assert_int_equal(frame_pool_alloc_reserved(&pool, PT_LEVEL_2M, &frame), ST_OK);
	assert_int_equal(frame_pool_alloc_reserved(&pool, PT_LEVEL_2M, &frame), ST_OK);
	assert_int_equal(pool.free_user, 0);
	(void)frame_pool_free(&pool, low[1], CHUNK_FRAMES);
	assert_int_equal(frame_pool_alloc_low(&pool, &frame), ST_NOMEM);	/* nothing reserved */
}

/* A frame freed twice would belong to two owners. */
static void test_double_free_panics(void **state)
{
	hpa_t frame;

	(void)state;
	frame_pool_add(&pool, PAGE_SIZE_2M, PAGE_SIZE_2M);
	assert_int_equal(frame_pool_alloc_kernel(&pool, 1, &frame), ST_OK);
	(void)frame_pool_free(&pool, frame, 1);
	expects_panic = true;
	if (setjmp(on_panic) == 0) {
		(void)frame_pool_free(&pool, frame, 1);
		fail();
	}
	if (setjmp(on_panic) == 0) {
		(void)frame_pool_free(&pool, HPA(FRAMES * PAGE_SIZE), 1);
		fail();
	}
	if (setjmp(on_panic) == 0) {
		frame_pool_unreserve(&pool, 1);
		fail();
	}
}

static u8 owner[FRAMES];		/* the model: 0 free, else in use */
static struct { u64 first; u32 count; } slots[SLOTS];

static void model_set(u64 first, u64 count, u8 from, u8 to)
{
	for (u64 i = first; i < first + count; i++) {
		assert_int_equal(owner[i], from);
		owner[i] = to;
	}
}

static void random_step(u32 *seed)
{
	u32 slot = (u32)rand_r((unsigned *)seed) % SLOTS, kind = (u32)rand_r((unsigned *)seed) % 8;
	enum status status;
	hpa_t frame;

	if (slots[slot].count != 0) {
		model_set(slots[slot].first, slots[slot].count, 1, 0);
		(void)frame_pool_free(&pool, HPA(slots[slot].first * PAGE_SIZE), slots[slot].count);
		slots[slot].count = 0;
		return;
	}
	if (kind == 0) {
		slots[slot].count = 1u << (u32)rand_r((unsigned *)seed) % 7;
		status = frame_pool_alloc_kernel(&pool, slots[slot].count, &frame);
	} else {
		slots[slot].count = kind == 1 ? CHUNK_FRAMES : 1;
		status = frame_pool_reserve(&pool, slots[slot].count);
		if (status == ST_OK) {
			status = frame_pool_alloc_reserved(&pool, kind == 1 ? PT_LEVEL_2M : PT_LEVEL_4K, &frame);
			if (status != ST_OK)
				frame_pool_unreserve(&pool, slots[slot].count);
			assert_true(status == ST_OK || kind == 1);	/* 4 KiB can't fail within a reservation */
		}
	}
	if (status != ST_OK) {
		slots[slot].count = 0;
		return;
	}
	slots[slot].first = frame.raw / PAGE_SIZE;
	model_set(slots[slot].first, slots[slot].count, 0, 1);
}

static void test_random_against_model(void **state)
{
	u64 free_count = 0;
	u32 seed = 1;

	(void)state;
	memset(owner, 2, sizeof(owner));
	memset(owner + 512, 0, 40 * CHUNK_FRAMES);
	memset(slots, 0, sizeof(slots));
	frame_pool_add(&pool, PAGE_SIZE_2M, 40 * PAGE_SIZE_2M);
	for (u32 i = 0; i < 200000; i++)
		random_step(&seed);
	for (u32 i = 0; i < FRAMES; i++)
		free_count += owner[i] == 0;
	assert_int_equal(pool.free_user + pool.free_kernel, free_count);
	for (u32 i = 0; i < SLOTS; i++)
		if (slots[i].count != 0)
			(void)frame_pool_free(&pool, HPA(slots[i].first * PAGE_SIZE), slots[i].count);
	assert_int_equal(pool.free_user + pool.free_kernel, 40 * CHUNK_FRAMES);
	assert_int_equal(pool.free_kernel, pool.kernel);
	assert_int_equal(pool.granted, 0);
	assert_int_equal(pool.reserved, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_map_is_rounded, setup),
		cmocka_unit_test_setup(test_map_ends_are_judged, setup),
		cmocka_unit_test_setup(test_reservation_limits, setup),
		cmocka_unit_test_setup(test_unreserved, setup),
		cmocka_unit_test_setup(test_bad, setup),
		cmocka_unit_test_setup(test_bad_limits, setup),
		cmocka_unit_test_setup(test_kernel_watermark, setup),
		cmocka_unit_test_setup(test_kernel_class, setup),
		cmocka_unit_test_setup(test_large_frames, setup),
		cmocka_unit_test_setup(test_low_frames, setup),
		cmocka_unit_test_setup(test_double_free_panics, setup),
		cmocka_unit_test_setup(test_random_against_model, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
