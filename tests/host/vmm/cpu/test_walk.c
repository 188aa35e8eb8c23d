/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * The walker of guests' page tables in every paging mode: translations, permissions and their error codes, reserved
 * bits, accessed and dirty bits, tables outside RAM. And guest_memory.c, on which it stands.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vm_layout.h"
#include "walk.h"

#define RAM_BYTES (1 * MIB)
#define P 1ull
#define W 2ull
#define U 4ull
#define A 0x20ull
#define D 0x40ull
#define PS 0x80ull
#define NX BIT64(63)

static u8 *ram;
static struct guest_memory memory;

static void put8(u64 gpa, u64 value)
{
	memcpy(ram + gpa, &value, 8);
}

static u64 get8(u64 gpa)
{
	u64 value;

	memcpy(&value, ram + gpa, 8);
	return value;
}

static void put4(u64 gpa, u32 value)
{
	memcpy(ram + gpa, &value, 4);
}

static struct walk_cpu long_mode(void)
{
	memset(ram, 0, RAM_BYTES);
	return (struct walk_cpu){ .cr0 = CR0_PE | CR0_PG | CR0_WP,
				  .cr3 = 0x1000,
				  .cr4 = CR4_PAE,
				  .efer = EFER_LME | EFER_LMA | EFER_NXE,
				  .physical_bits = 40 };
}

/* Linear 0x40201000 -> PML4[0] PDPT[1] PD[1] PT[1] -> leaf */
#define LINEAR 0x40201234ull
static void map_long(u64 leaf, u64 flags)
{
	put8(0x1000, 0x2000 | P | W | U);
	put8(0x2008, 0x3000 | P | W | U);
	put8(0x3008, 0x4000 | P | W | U);
	put8(0x4008, leaf | flags);
}

static void expect_gpa(const struct walk_cpu *cpu, u64 linear, u32 access, u64 gpa)
{
	struct walk_result r;

	if (!walk(cpu, &memory, linear, access, &r))
		fail_msg("fault %x at %llx", r.fault.error, (unsigned long long)linear);
	if (r.gpa != gpa)
		fail_msg("%llx instead of %llx", (unsigned long long)r.gpa, (unsigned long long)gpa);
}

static void expect_fault(const struct walk_cpu *cpu, u64 linear, u32 access, u32 error)
{
	struct walk_result r;

	assert_false(walk(cpu, &memory, linear, access, &r));
	assert_int_equal(r.fault.vector, VECTOR_PF);
	assert_true(r.fault.address == linear);
	if (r.fault.error != error)
		fail_msg("error code %x instead of %x", r.fault.error, error);
}

static void test_no_paging(void **state)
{
	struct walk_cpu cpu = { .cr0 = CR0_PE };

	(void)state;
	expect_gpa(&cpu, 0x123456789, WALK_WRITE, 0x23456789);
}

static void test_long_mode(void **state)
{
	struct walk_cpu cpu = long_mode();

	(void)state;
	map_long(0x7f5000, P | W | U);
	expect_gpa(&cpu, LINEAR, 0, 0x7f5234);
	assert_true(get8(0x1000) & A && get8(0x2008) & A && get8(0x3008) & A && get8(0x4008) & A);
	assert_false(get8(0x4008) & D);
	expect_gpa(&cpu, LINEAR, WALK_WRITE | WALK_NO_DIRTY, 0x7f5234);
	assert_false(get8(0x4008) & D);
	expect_gpa(&cpu, LINEAR, WALK_WRITE, 0x7f5234);
	assert_true(get8(0x4008) & D);
	assert_false(get8(0x3008) & D);
	put8(0x3008, 0x7e00000 | P | W | PS);	/* 2 MiB */
	expect_gpa(&cpu, LINEAR, WALK_WRITE, 0x7e01234);
	assert_true((get8(0x3008) & (A | D)) == (A | D));
	put8(0x2008, 0x80000000 | P | W | PS);	/* 1 GiB */
	expect_gpa(&cpu, LINEAR, 0, 0x80201234);
}

static void test_permissions(void **state)
{
	struct walk_cpu cpu = long_mode();

	(void)state;
	map_long(0x5000, P | U);		/* read only, user */
	expect_fault(&cpu, LINEAR, WALK_WRITE, 3);
	assert_false(get8(0x4008) & A);		/* a refused access leaves no trace */
	cpu.cr0 &= ~CR0_WP;
	expect_gpa(&cpu, LINEAR, WALK_WRITE, 0x5234);
	cpu.cpl = 3;
	expect_fault(&cpu, LINEAR, WALK_WRITE, 7);
	expect_gpa(&cpu, LINEAR, 0, 0x5234);
	map_long(0x5000, P | W);		/* supervisor */
	expect_fault(&cpu, LINEAR, 0, 5);
	map_long(0x5000, 0);
	expect_fault(&cpu, LINEAR, WALK_WRITE, 6);
	cpu.cpl = 0;
	expect_fault(&cpu, LINEAR, WALK_FETCH, 0x10);
	map_long(0x5000, P | W | NX);
	expect_fault(&cpu, LINEAR, WALK_FETCH, 0x11);
	expect_gpa(&cpu, LINEAR, 0, 0x5234);
	map_long(0x5000, P | W | U);
	put8(0x3008, 0x4000 | P | U);		/* read only one level up */
	cpu.cr0 |= CR0_WP;
	expect_fault(&cpu, LINEAR, WALK_WRITE, 3);
	map_long(0x5000, P | W | U);
	cpu.cr4 |= CR4_SMEP | CR4_SMAP;
	expect_fault(&cpu, LINEAR, WALK_FETCH, 0x11);
	expect_fault(&cpu, LINEAR, 0, 1);
	cpu.rflags |= RFLAGS_AC;
	expect_gpa(&cpu, LINEAR, 0, 0x5234);
}

static void test_reserved(void **state)
{
	struct walk_cpu cpu = long_mode();

	(void)state;
	map_long(0x5000 | BIT64(40), P | W | U);	/* beyond the physical width */
	expect_fault(&cpu, LINEAR, 0, 9);
	map_long(0x5000, P | W | U);
	put8(0x3008, 0x7e02000 | P | PS);		/* a 2 MiB page that is not aligned */
	expect_fault(&cpu, LINEAR, WALK_WRITE, 11);
	put8(0x1000, 0x2000 | P | W | PS);		/* PS in the top level */
	expect_fault(&cpu, LINEAR, 0, 9);
	cpu.efer &= ~EFER_NXE;
	map_long(0x5000, P | NX);			/* NX while it is off */
	expect_fault(&cpu, LINEAR, 0, 9);
	cpu.cr3 = 2 * RAM_BYTES;			/* no RAM there: all ones */
	cpu.efer |= EFER_NXE;
	expect_fault(&cpu, LINEAR, 0, 9);
	cpu.cr3 = ~0ull;
	expect_fault(&cpu, LINEAR, 0, 9);
}

static void test_five_levels(void **state)
{
	struct walk_cpu cpu = long_mode();

	(void)state;
	map_long(0x5000, P | W | U);
	cpu.cr4 |= CR4_LA57;
	cpu.cr3 = 0x8000;
	put8(0x8008, 0x1000 | P | W);
	expect_gpa(&cpu, BIT64(48) | LINEAR, 0, 0x5234);
	expect_fault(&cpu, LINEAR, 0, 0);
}

static void test_pae(void **state)
{
	struct walk_cpu cpu = long_mode();

	(void)state;
	cpu.efer = EFER_NXE;
	cpu.cr3 = 0x1020;			/* 32-byte aligned */
	put8(0x1028, 0x3000 | P);		/* top entry 1: no W or U there, yet writable */
	put8(0x3008, 0x4000 | P | W | U);
	put8(0x4008, 0x6000 | P | W | U);
	cpu.cpl = 3;
	expect_gpa(&cpu, LINEAR, WALK_WRITE, 0x6234);
	assert_true(get8(0x1028) == (0x3000 | P));	/* no accessed bit */
	put8(0x1028, 0x3000 | P | A);		/* QEMU's walker marks top entries too */
	expect_gpa(&cpu, LINEAR, WALK_WRITE, 0x6234);
	for (u32 bit = 0; bit < 64; bit++) {	/* reserved in the top: all but the address, what is ignored, P and A */
		bool is_reserved = (0xffffff00000001c6ull >> bit) & 1;

		put8(0x1028, 0x3000 | P | BIT64(bit));
		if (is_reserved)
			expect_fault(&cpu, LINEAR, 0, 13);
	}
	put8(0x1028, 0x3000 | P);
	put8(0x4008, 0x6000 | P | BIT64(52));
	expect_fault(&cpu, LINEAR, 0, 13);
}

static void test_32_bit(void **state)
{
	struct walk_cpu cpu = long_mode();
	u32 entry;

	(void)state;
	cpu.efer = 0;
	cpu.cr4 = 0;
	put4(0x1000 + 4 * (LINEAR >> 22), 0x4000 | P | W | U);
	put4(0x4000 + 4 * (LINEAR >> 12 & 1023), 0x9000 | P | W);
	expect_gpa(&cpu, LINEAR, WALK_WRITE, 0x9234);
	memcpy(&entry, ram + 0x4000 + 4 * (LINEAR >> 12 & 1023), 4);
	assert_int_equal(entry, 0x9000 | P | W | A | D);
	put4(0x1000 + 4 * (LINEAR >> 22), 0x00c00000 | P | W | PS | 3u << 13);
	cpu.cr4 = CR4_PSE;
	expect_gpa(&cpu, LINEAR, 0, (3ull << 32) | 0x00c00000 | (LINEAR & 0x3fffff));
	put4(0x1000 + 4 * (LINEAR >> 22), 0x00c00000 | P | PS | BIT32(21));
	expect_fault(&cpu, LINEAR, 0, 9);
	cpu.physical_bits = 36;
	put4(0x1000 + 4 * (LINEAR >> 22), 0x00c00000 | P | PS | BIT32(16));
	expect_gpa(&cpu, LINEAR, 0, (8ull << 32) | 0x00c00000 | (LINEAR & 0x3fffff));
	put4(0x1000 + 4 * (LINEAR >> 22), 0x00c00000 | P | PS | BIT32(17));	/* bit 36 of the address */
	expect_fault(&cpu, LINEAR, 0, 9);
	cpu.cr4 = 0;		/* PS means nothing: a table, which is not RAM and reads as all ones */
	expect_gpa(&cpu, LINEAR, 0, 0xfffff234);
}

static void test_memory(void **state)
{
	struct guest_memory big = { .ram = ram, .bytes = RAM_LOW_LIMIT + 2 * MIB };	/* not touched, only computed */
	u64 value;

	(void)state;
	assert_ptr_equal(guest_memory_at(&memory, GPA(0), RAM_BYTES), ram);
	assert_null(guest_memory_at(&memory, GPA(1), RAM_BYTES));
	assert_null(guest_memory_at(&memory, GPA(RAM_BYTES), 1));
	assert_null(guest_memory_at(&memory, GPA(~0ull), 2));
	assert_null(guest_memory_at(&memory, GPA(4 * GIB), 1));
	assert_ptr_equal(guest_memory_at(&big, GPA(4 * GIB), 2 * MIB), ram + RAM_LOW_LIMIT);
	assert_null(guest_memory_at(&big, GPA(4 * GIB), 2 * MIB + 1));
	assert_null(guest_memory_at(&big, GPA(RAM_LOW_LIMIT - 1), 2));
	assert_null(guest_memory_at(&big, GPA(4 * GIB - 1), 2));
	assert_true(guest_memory_store(&memory, GPA(16), 8, 0x1122334455667788ull));
	assert_true(guest_memory_load(&memory, GPA(20), 4, &value) && value == 0x11223344);
	assert_false(guest_memory_load(&memory, GPA(17), 2, &value));
	assert_false(guest_memory_load(&memory, GPA(16), 3, &value));
	assert_false(guest_memory_store(&memory, GPA(RAM_BYTES), 1, 0));
	guest_memory_set_bits(&memory, GPA(16), 8, 1, 2);	/* no longer 1: nothing happens */
	assert_true(guest_memory_load(&memory, GPA(16), 8, &value) && value == 0x1122334455667788ull);
}

static int setup(void **state)
{
	(void)state;
	ram = calloc(1, RAM_BYTES);
	memory = (struct guest_memory){ .ram = ram, .bytes = RAM_BYTES };
	return ram == NULL;
}

static int teardown(void **state)
{
	(void)state;
	free(ram);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_paging),   cmocka_unit_test(test_long_mode),
		cmocka_unit_test(test_permissions), cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_five_levels), cmocka_unit_test(test_pae),
		cmocka_unit_test(test_32_bit),	    cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
