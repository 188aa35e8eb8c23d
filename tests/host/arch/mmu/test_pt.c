/* SPDX-License-Identifier: MIT */
/*
 * The page-table walker with each of its three codecs: what the hardware documents say of the bits, bad arguments, and
 * random maps and unmaps against a model that knows one leaf for each page.
 */
/* links: arch */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pt.h"

#define TABLES 4096u
#define MODEL_PAGES (4096u)	/* 16 MiB */
#define NX BIT64(63)

static u64 tables[TABLES][512];

static void fini(struct pt *pt)
{
	while (pt_fini_step(pt, 512, 1) == ST_AGAIN)
		;
}

static bool is_used[TABLES];
static u32 used_count;
static u32 alloc_limit;

/* Frame i is "at" physical address (i + 1) * 4 KiB. */
static enum status table_alloc(void *ctx, hpa_t *out)
{
	(void)ctx;
	for (u32 i = 0; i < TABLES && used_count < alloc_limit; i++) {
		if (is_used[i])
			continue;
		is_used[i] = true;
		used_count++;
		memset(tables[i], 0, sizeof(tables[i]));
		*out = HPA((i + 1) * PAGE_SIZE);
		return ST_OK;
	}
	return ST_NOMEM;
}

static void table_free(void *ctx, hpa_t frame)
{
	u64 i = frame.raw / PAGE_SIZE - 1;

	(void)ctx;
	assert_true(i < TABLES && is_used[i]);
	is_used[i] = false;
	used_count--;
	memset(tables[i], 0xff, sizeof(tables[i]));
}

static u64 *table_pointer(void *ctx, hpa_t frame)
{
	u64 i = frame.raw / PAGE_SIZE - 1;

	(void)ctx;
	assert_true(frame.raw % PAGE_SIZE == 0 && i < TABLES && is_used[i]);
	return tables[i];
}

static const struct pt_frames pt_frames = { table_alloc, table_free, table_pointer, NULL };

static struct pt start(const struct pt_format *format)
{
	struct pt pt;

	assert_int_equal(used_count, 0);
	alloc_limit = TABLES;
	assert_int_equal(pt_init(&pt, format, &pt_frames, true), ST_OK);
	return pt;
}

static const struct pt_format *const formats[] = { &pt_host, &pt_npt, &pt_ept };

static u64 bytes_of(enum pt_level level)
{
	return PAGE_SIZE << 9 * (level - PT_LEVEL_4K);
}

static void test_host_bits(void **state)
{
	(void)state;
	assert_int_equal(pt_leaf_entry(&pt_host, HPA(0x1000), PT_R, PT_LEVEL_4K), 0x1000 | NX | 0x21);
	assert_int_equal(pt_leaf_entry(&pt_host, HPA(0x1000), PT_R | PT_W | PT_USER, PT_LEVEL_4K), 0x1000 | NX | 0x67);
	assert_int_equal(pt_leaf_entry(&pt_host, HPA(0x200000), PT_R | PT_X | PT_GLOBAL, PT_LEVEL_2M),
			 0x200000 | 0x1a1);
	assert_int_equal(pt_leaf_entry(&pt_host, HPA(0x1000), PT_R | PT_UNCACHED, PT_LEVEL_4K), 0x1000 | NX | 0x39);
	assert_int_equal(pt_table_entry(&pt_host, HPA(0x5000)) & 0xfff, 0x27);
	assert_int_equal(pt_host.present, 1);
}

static void test_npt_bits(void **state)
{
	(void)state;
	/* the user bit, always */
	assert_int_equal(pt_leaf_entry(&pt_npt, HPA(0x1000), PT_R, PT_LEVEL_4K), 0x1000 | NX | 0x5);
	assert_int_equal(pt_leaf_entry(&pt_npt, HPA(0x200000), PT_R | PT_W | PT_X, PT_LEVEL_2M), 0x200000 | 0x87);
	assert_int_equal(pt_leaf_entry(&pt_npt, HPA(0x1000), PT_R | PT_X | PT_GLOBAL, PT_LEVEL_4K) & BIT64(8), 0);
	assert_int_equal(pt_table_entry(&pt_npt, HPA(0x5000)), 0x5007);
}

static void test_ept_bits(void **state)
{
	(void)state;
	assert_int_equal(pt_leaf_entry(&pt_ept, HPA(0x1000), PT_R, PT_LEVEL_4K), 0x1000 | 0x31);
	/* W without R would be a misconfiguration */
	assert_int_equal(pt_leaf_entry(&pt_ept, HPA(0x1000), PT_W, PT_LEVEL_4K), 0x1000 | 0x33);
	assert_int_equal(pt_leaf_entry(&pt_ept, HPA(0x200000), PT_R | PT_W | PT_X, PT_LEVEL_2M), 0x200000 | 0xb7);
	assert_int_equal(pt_leaf_entry(&pt_ept, HPA(0x1000), PT_R | PT_UNCACHED, PT_LEVEL_4K), 0x1001);
	assert_int_equal(pt_table_entry(&pt_ept, HPA(0x5000)), 0x5007);
	assert_int_equal(pt_ept.present, 7);				/* execute-only is present */
}

static void test_bad_arguments(void **state)
{
	(void)state;
	for (u32 f = 0; f < ARRAY_COUNT(formats); f++) {
		struct pt pt = start(formats[f]);

		assert_int_equal(pt_map(&pt, 0x1001, HPA(0x1000), PT_LEVEL_4K, PT_R), ST_INVAL);
		assert_int_equal(pt_map(&pt, 0x1000, HPA(0x1001), PT_LEVEL_4K, PT_R), ST_INVAL);
		assert_int_equal(pt_map(&pt, 0x1000, HPA(0), PT_LEVEL_2M, PT_R), ST_INVAL);
		assert_int_equal(pt_map(&pt, 0, HPA(0x1000), PT_LEVEL_2M, PT_R), ST_INVAL);
		assert_int_equal(pt_map(&pt, 0, HPA(0), PT_LEVEL_TOP, PT_R), ST_INVAL);
		assert_int_equal(pt_map(&pt, 0, HPA(0), (enum pt_level)0, PT_R), ST_INVAL);
		assert_int_equal(pt_map(&pt, BIT64(48), HPA(0), PT_LEVEL_4K, PT_R), ST_INVAL);
		assert_int_equal(pt_map(&pt, ~0xfffull, HPA(0), PT_LEVEL_4K, PT_R), ST_INVAL);
		assert_int_equal(pt_unmap(&pt, 0, 0), ST_INVAL);
		assert_int_equal(pt_unmap(&pt, 1, PAGE_SIZE), ST_INVAL);
		assert_int_equal(pt_unmap(&pt, 0, PAGE_SIZE + 1), ST_INVAL);
		assert_int_equal(pt_unmap(&pt, PAGE_SIZE, ~0xfffull), ST_INVAL);
		assert_int_equal(pt_unmap(&pt, BIT64(48) - PAGE_SIZE, 2 * PAGE_SIZE), ST_INVAL);
		assert_int_equal(pt_lookup(&pt, ~0ull).level, 0);
		pt.has_1g = false;
		assert_int_equal(pt_map(&pt, 0, HPA(0), PT_LEVEL_1G, PT_R), ST_INVAL);
		assert_int_equal(pt.table_count, 1);
		fini(&pt);
	}
}

static void test_levels_exclude_each_other(void **state)
{
	(void)state;
	for (u32 f = 0; f < ARRAY_COUNT(formats); f++) {
		struct pt pt = start(formats[f]);
		u64 va;

		assert_int_equal(pt_map(&pt, PAGE_SIZE_1G, HPA(PAGE_SIZE_1G), PT_LEVEL_1G, PT_R | PT_W), ST_OK);
		assert_int_equal(pt_map(&pt, PAGE_SIZE_1G + 0x5000, HPA(0), PT_LEVEL_4K, PT_R), ST_EXISTS);
		assert_int_equal(pt_map(&pt, PAGE_SIZE_1G, HPA(0), PT_LEVEL_1G, PT_R), ST_EXISTS);
		assert_int_equal(pt_map(&pt, 0x5000, HPA(0x9000), PT_LEVEL_4K, PT_R), ST_OK);
		assert_int_equal(pt_map(&pt, 0, HPA(0), PT_LEVEL_2M, PT_R), ST_EXISTS);
		assert_int_equal(pt_map(&pt, 0, HPA(0), PT_LEVEL_1G, PT_R), ST_EXISTS);
		assert_int_equal(pt_lookup(&pt, PAGE_SIZE_1G + 12345).level, PT_LEVEL_1G);
		/* sticks out at the end */
		assert_int_equal(pt_unmap(&pt, PAGE_SIZE_1G, PAGE_SIZE_2M), ST_INVAL);
		/* at the start */
		assert_int_equal(pt_unmap(&pt, PAGE_SIZE_1G + PAGE_SIZE_2M, PAGE_SIZE_1G), ST_INVAL);
		assert_int_equal(pt_lookup(&pt, PAGE_SIZE_1G).level, PT_LEVEL_1G);
		assert_int_equal(pt_next(&pt, 0, BIT64(48), &va).hpa.raw, 0x9000);
		assert_int_equal(va, 0x5000);
		assert_int_equal(pt_next(&pt, PAGE_SIZE_1G + 0x3000, BIT64(48), &va).level, PT_LEVEL_1G);
		assert_int_equal(va, PAGE_SIZE_1G);
		assert_int_equal(pt_next(&pt, 2 * PAGE_SIZE_1G, BIT64(48), &va).level, 0);
		assert_int_equal(pt_unmap(&pt, 0, 4 * PAGE_SIZE_1G), ST_OK);
		assert_int_equal(pt.table_count, 1);
		assert_int_equal(used_count, 1);
		fini(&pt);
		assert_int_equal(used_count, 0);
	}
}

/* Wherever the tables run out, nothing is left behind. */
static void test_out_of_tables(void **state)
{
	(void)state;
	for (u32 limit = 1; limit <= 4; limit++) {
		struct pt pt = start(&pt_ept);

		alloc_limit = limit;
		assert_int_equal(pt_map(&pt, 0x7000, HPA(0x7000), PT_LEVEL_4K, PT_R), limit < 4 ? ST_NOMEM : ST_OK);
		assert_int_equal(used_count, limit < 4 ? 1 : 4);
		assert_int_equal(pt.table_count, used_count);
		fini(&pt);
	}
}

static void test_kept_entries(void **state)
{
	struct pt pt = start(&pt_host);
	u32 steps = 0;

	(void)state;
	table_pointer(NULL, pt.root)[300] = 0x7ffffffff027ull;	/* somebody else's table: not even looked at */
	for (u64 i = 0; i < 200; i++)
		assert_int_equal(pt_map(&pt, i * PAGE_SIZE_1G, HPA(0), PT_LEVEL_4K, PT_R), ST_OK);
	while (pt_fini_step(&pt, 256, 10) == ST_AGAIN)
		steps++;
	assert_true(steps >= 40);
	assert_int_equal(used_count, 0);
}

static struct { u64 hpa; u32 rights; u8 level; u32 first; } model[MODEL_PAGES];

static void model_map(u32 page, enum pt_level level, u64 hpa, u32 rights)
{
	u32 count = (u32)(bytes_of(level) / PAGE_SIZE);

	for (u32 i = page; i < page + count; i++) {
		model[i].hpa = hpa;
		model[i].rights = rights;
		model[i].level = (u8)level;
		model[i].first = page;
	}
}

static bool model_is_free(u32 page, u32 count)
{
	for (u32 i = page; i < page + count; i++)
		if (model[i].level != 0)
			return false;
	return true;
}

static bool model_can_unmap(u32 page, u32 count)
{
	u32 last = page + count - 1;

	if (model[page].level != 0 && model[page].first < page)
		return false;
	if (model[page].level == PT_LEVEL_2M && count < 512)
		return false;
	return model[last].level != PT_LEVEL_2M || model[last].first + 512 <= page + count;
}

static void check_all(const struct pt *pt, u64 base)
{
	for (u32 i = 0; i < MODEL_PAGES; i++) {
		struct pt_leaf leaf = pt_lookup(pt, base + i * PAGE_SIZE + 5);

		assert_int_equal(leaf.level, model[i].level);
		if (leaf.level == 0)
			continue;
		assert_int_equal(leaf.hpa.raw, model[i].hpa);
		assert_int_equal(leaf.rights & (PT_R | PT_W | PT_X), model[i].rights);
	}
}

static void random_step(struct pt *pt, u64 base, unsigned *seed)
{
	u32 page = (u32)rand_r(seed) % MODEL_PAGES, count = 1 + (u32)rand_r(seed) % 700;
	u32 rights = PT_R | ((u32)rand_r(seed) & (PT_W | PT_X));
	enum pt_level level = rand_r(seed) % 4 == 0 ? PT_LEVEL_2M : PT_LEVEL_4K;
	u64 hpa = (u64)rand_r(seed) << 21;
	enum status want;

	if (rand_r(seed) % 3 == 0) {
		count = page + count > MODEL_PAGES ? MODEL_PAGES - page : count;
		want = model_can_unmap(page, count) ? ST_OK : ST_INVAL;
		assert_int_equal(pt_unmap(pt, base + page * PAGE_SIZE, count * PAGE_SIZE), want);
		for (u32 i = page; want == ST_OK && i < page + count; i++)
			model[i].level = 0;
		return;
	}
	page = level == PT_LEVEL_2M ? page & ~511u : page;
	want = model_is_free(page, level == PT_LEVEL_2M ? 512 : 1) ? ST_OK : ST_EXISTS;
	assert_int_equal(pt_map(pt, base + page * PAGE_SIZE, HPA(hpa), level, rights), want);
	if (want == ST_OK)
		model_map(page, level, hpa, rights);
}

static void test_random_against_model(void **state)
{
	const u64 base = BIT64(47) - MODEL_PAGES * PAGE_SIZE / 2;	/* across a boundary of top-level entries */
	unsigned seed = 7;

	(void)state;
	for (u32 f = 0; f < ARRAY_COUNT(formats); f++) {
		struct pt pt = start(formats[f]);

		memset(model, 0, sizeof(model));
		for (u32 i = 0; i < 30000; i++) {
			random_step(&pt, base, &seed);
			if (i % 1000 == 0)
				check_all(&pt, base);
		}
		check_all(&pt, base);
		assert_int_equal(pt.table_count, used_count);
		for (u64 at, next = base; pt_next(&pt, next, BIT64(48), &at).level != 0;) {
			next = at + bytes_of(pt_lookup(&pt, at).level);
			assert_int_equal(pt_unmap(&pt, at, next - at), ST_OK);
		}
		assert_int_equal(pt.table_count, 1);	/* empty tables go at once */
		fini(&pt);
		assert_int_equal(used_count, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host_bits),
		cmocka_unit_test(test_npt_bits),
		cmocka_unit_test(test_ept_bits),
		cmocka_unit_test(test_bad_arguments),
		cmocka_unit_test(test_levels_exclude_each_other),
		cmocka_unit_test(test_out_of_tables),
		cmocka_unit_test(test_kept_entries),
		cmocka_unit_test(test_random_against_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
