/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * The memory of decoded instructions: whatever an instruction came from changes, it must not be found any more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "insn_cache.h"

#define RAM_BYTES 0x8000u
#define CODE 0x5010u
#define CODE_GROUPS(kind) (GROUP_GPR | (u32)(kind) << GROUP_CODE_SHIFT)

static u8 ram[RAM_BYTES] __attribute__((aligned(4096)));
static const struct guest_memory memory = { .ram = ram, .bytes = RAM_BYTES };
static struct vcpu_page page;
static struct insn_cache cache;

static u64 *table(u32 gpa)
{
	return (u64 *)(void *)(ram + gpa);
}

/* Long mode, the first page tables at 1000h-4000h, the page at 5000h mapped to itself; CPUID at CODE. */
static void start(void)
{
	memset(ram, 0x90, sizeof(ram));
	memset(&cache, 0, sizeof(cache));
	memset(ram + 0x1000, 0, 0x4000);
	*table(0x1000) = 0x2003;
	*table(0x2000) = 0x3003;
	*table(0x3000) = 0x4003;
	*table(0x4000 + 5 * 8) = 0x5003;
	*table(0x4000 + 6 * 8) = 0x5003;
	memcpy(ram + CODE, "\x0f\xa2", 2);
	page = (struct vcpu_page){ .filled = CODE_GROUPS(CODE_64), .rip = CODE, .cr0 = CR0_PG | CR0_PE,
				   .cr3 = 0x1000, .cr4 = CR4_PAE, .efer = EFER_LME | EFER_LMA };
	page.seg[SEG_CS].access = ACCESS_PRESENT | ACCESS_CODE | ACCESS_S | ACCESS_L;
	page.seg[SEG_SS].access = ACCESS_PRESENT | ACCESS_WRITABLE | ACCESS_S;
}

static void put(void)
{
	struct walk_result w;
	struct walk_cpu cpu;
	struct insn insn;

	walk_cpu_init(&cpu, &page, 40);
	assert_true(walk(&cpu, &memory, page.rip, WALK_FETCH, &w));
	assert_int_equal(decode(&insn, ram + w.gpa, INSN_BYTES_MAX, MODE_64), DECODE_OK);
	insn_cache_put(&cache, &page, &memory, &w, ram + w.gpa, &insn);
}

static void put_and_find(void)
{
	const struct insn *insn;

	put();
	insn = insn_cache_find(&cache, &page);
	assert_non_null(insn);
	assert_int_equal(insn->op, OP_CPUID);
	assert_int_equal(insn->len, 2);
}

static void assert_forgotten(void)
{
	assert_null(insn_cache_find(&cache, &page));
}

static void test_code_changes(void **state)
{
	(void)state;
	start();
	assert_forgotten();
	put_and_find();
	ram[CODE] = 0x66;
	assert_forgotten();
	ram[CODE] = 0x0f;
	assert_non_null(insn_cache_find(&cache, &page));
	ram[CODE + 14] = 0;
	assert_forgotten();
}

static void test_tables_change(void **state)
{
	static const u32 entries[] = { 0x1000, 0x2000, 0x3000, 0x4000 + 5 * 8 };

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(entries); i++) {
		start();
		put_and_find();
		assert_true(*table(entries[i]) & 0x20);	/* the walk's accessed bit, and what was remembered has it too
							 * */
		*table(entries[i]) ^= 1;
		assert_forgotten();
		*table(entries[i]) ^= 1 | 0x1000;	/* somewhere else */
		assert_forgotten();
		*table(entries[i]) ^= 0x1000 | 0x20;	/* no longer accessed: a fetch would set it */
		assert_forgotten();
	}
}

#define FORGETS(member, bits)                                           \
	do {                                                            \
		start();                                                \
		put_and_find();                                         \
		(member) ^= (bits);                                     \
		assert_forgotten();                                     \
		(member) ^= (bits);                                     \
		assert_non_null(insn_cache_find(&cache, &page));        \
	} while (0)

static void test_registers_change(void **state)
{
	(void)state;
	FORGETS(page.rip, 0x1000);
	FORGETS(page.rip, 1);
	FORGETS(page.cr3, 0x1000);
	FORGETS(page.filled, CODE_GROUPS(CODE_64) ^ CODE_GROUPS(CODE_OTHER));
	FORGETS(page.filled, CODE_GROUPS(CODE_64) ^ CODE_GROUPS(CODE_32_LONG));
}

/* Two pages of linear addresses that share a frame are two instructions. */
static void test_alias(void **state)
{
	(void)state;
	start();
	put_and_find();
	page.rip = CODE + 0x1000;
	assert_forgotten();
	put_and_find();
}

static void test_left_out(void **state)
{
	(void)state;
	start();
	page.rip = 0x5ff8;		/* its bytes may reach into the next page */
	memcpy(ram + 0x5ff8, "\x0f\xa2", 2);
	put();
	assert_forgotten();
	start();
	page.filled = GROUP_GPR;
	page.efer = 0;			/* PAE: not in long mode; the top table has other bits */
	page.cr3 = 0x2000;
	*table(0x2000) = 0x3001;
	put();
	page.filled = CODE_GROUPS(CODE_64);
	assert_forgotten();
}

static u32 *table_32(u32 gpa)
{
	return (u32 *)(void *)(ram + gpa);
}

/* 32-bit code, with the tables that each kind of paging has. */
static void start_32(u32 kind)
{
	start();
	page.filled = CODE_GROUPS(kind);
	page.seg[SEG_CS].access = ACCESS_PRESENT | ACCESS_CODE | ACCESS_S | ACCESS_DB;
	if (kind == CODE_32_LONG)
		return;
	page.efer = 0;
	if (kind == CODE_32_PAE) {
		*table(0x1000) = 0x3001;
		*table(0x3000) = 0x4003;
		return;
	}
	page.cr4 = kind == CODE_32_PSE ? CR4_PSE : 0;
	if (kind == CODE_32_UNPAGED)
		page.cr0 = CR0_PE;
	*table_32(0x1000) = 0x2003;
	*table_32(0x2000 + 5 * 4) = 0x5003;
}

static void test_32_bit_code(void **state)
{
	static const struct { u32 kind, last; } kinds[] = {
		{ CODE_32_LONG, 0x4000 + 5 * 8 }, { CODE_32_PAE, 0x4000 + 5 * 8 }, { CODE_32_PSE, 0x2000 + 5 * 4 },
		{ CODE_32_NO_PSE, 0x2000 + 5 * 4 }, { CODE_32_UNPAGED, CODE },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(kinds); i++) {
		start_32(kinds[i].kind);
		put_and_find();
		*table_32(kinds[i].last) ^= 0x20;
		assert_forgotten();
		*table_32(kinds[i].last) ^= 0x20;
		assert_non_null(insn_cache_find(&cache, &page));
		page.filled = CODE_GROUPS(CODE_64);
		assert_forgotten();
	}
}

/* The whole guest has changed to paging whose entries are half as long: nothing of before may be taken for now's. */
static void test_paging_changes(void **state)
{
	(void)state;
	start_32(CODE_32_PSE);
	put_and_find();
	page.filled = CODE_GROUPS(CODE_32_UNPAGED);
	assert_forgotten();
	page.cr0 = CR0_PE;
	put_and_find();
	page.filled = CODE_GROUPS(CODE_32_PSE);
	assert_forgotten();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_code_changes), cmocka_unit_test(test_tables_change),
		cmocka_unit_test(test_registers_change), cmocka_unit_test(test_alias), cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_32_bit_code), cmocka_unit_test(test_paging_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
