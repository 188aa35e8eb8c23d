/* SPDX-License-Identifier: MIT */
/*
 * msrs.c - model-specific registers that software uses without asking CPUID, because each processor of that vendor has
 * them; and what they read afterwards.
 */
#include "guest.h"

#define PERF_SELECT 0x30fffd7ffffull

enum vendor { ANY, AMD, INTEL };

/* ZERO: takes any value, reads 0. */
enum kind { KEEPS, ZERO, READ_ONLY, WRITE_ONLY };

static const struct row {
	u32 msr;
	enum vendor vendor;	/* who has it; #GP on others */
	enum kind kind;
	u64 keeps;		/* KEEPS: bits that read as written, the others read 0 */
} rows[] = {
	{ 0x0, ANY, ZERO, 0 }, { 0x1, ANY, ZERO, 0 }, { 0x17, ANY, READ_ONLY, 0 }, { 0x2a, ANY, ZERO, 0 },
	{ 0x79, ANY, ZERO, 0 }, { 0x8b, ANY, ZERO, 0 }, { 0xfe, ANY, READ_ONLY, 0 }, { 0x179, ANY, READ_ONLY, 0 },
	{ 0x198, ANY, READ_ONLY, 0 }, { 0x199, INTEL, ZERO, 0 }, { 0x1d9, ANY, ZERO, 0 }, { 0x1db, ANY, READ_ONLY, 0 },
	{ 0x1dc, ANY, READ_ONLY, 0 }, { 0x1dd, ANY, READ_ONLY, 0 }, { 0x1de, ANY, READ_ONLY, 0 },
	{ 0xc0010010, AMD, ZERO, 0 }, { 0xc001001a, AMD, ZERO, 0 }, { 0xc001001d, AMD, ZERO, 0 },
	{ 0xc001001f, ANY, ZERO, 0 }, { 0xc0010020, AMD, WRITE_ONLY, 0 }, { 0xc0010055, ANY, ZERO, 0 },
	{ 0xc0010058, AMD, ZERO, 0 }, { 0xc0011020, AMD, KEEPS, ~0ull }, { 0xc0011021, AMD, KEEPS, ~0ull },
	{ 0xc0011022, AMD, KEEPS, ~0ull }, { 0xc0011023, AMD, KEEPS, ~0ull }, { 0xc001102a, AMD, KEEPS, ~0ull },
	{ 0xc001102c, AMD, KEEPS, ~0ull },
};

static void wrong(const struct row *r, const char *what)
{
	put_hex(r->msr);
	put_text(": ");
	ok(false, what);
}

/* The vector of the fault since the last reset, or NO_FAULT. */
static u32 fault(void)
{
	u32 vector = fault_vector - 1;

	fault_reset();
	return vector;
}

static void test_absent(const struct row *r)
{
	read_msr(r->msr);
	if (fault() != 13)
		wrong(r, "read without #GP");
	write_msr(r->msr, 0);
	if (fault() != 13)
		wrong(r, "written without #GP");
}

static void test_value(const struct row *r, u64 value)
{
	write_msr(r->msr, value);
	if (fault() != NO_FAULT)
		wrong(r, "a write faults");
	if (r->kind != WRITE_ONLY && read_msr(r->msr) != (value & r->keeps))
		wrong(r, "another value than was written");
	if (fault() != NO_FAULT)
		wrong(r, "a read faults");
}

static void test_row(const struct row *r)
{
	u64 before = read_msr(r->msr);

	if (fault() != (r->kind == WRITE_ONLY ? 13 : NO_FAULT))
		wrong(r, "the first read");
	if (before != 0)
		wrong(r, "is not 0 at first");
	if (r->kind == READ_ONLY) {
		write_msr(r->msr, 0);
		if (fault() != 13)
			wrong(r, "written without #GP");
		return;
	}
	test_value(r, ~0ull);
	test_value(r, 0x0123456789abcdefull);
	test_value(r, 0);
}

static bool is_ours(const struct row *r)
{
	return r->vendor == ANY || (r->vendor == AMD) == is_amd();
}

static void test_rows(void)
{
	for (u32 i = 0; i < ARRAY_COUNT(rows); i++) {
		if (is_ours(&rows[i]))
			test_row(&rows[i]);
		else
			test_absent(&rows[i]);
	}
	ok(true, "registers that each processor has");
}

/* IA32_MISC_ENABLE: what is defined keeps its value; bits 11 and 12 say what is missing. */
static void test_misc_enable(void)
{
	u64 bits = BIT64(0) | BIT64(3) | BIT64(16) | BIT64(18) | BIT64(22) | BIT64(23) | BIT64(34);
	u64 fixed = BIT64(11) | BIT64(12), before = read_msr(0x1a0);

	ok_equal(before, 1 | fixed, "MISC_ENABLE at first");
	write_msr(0x1a0, ~0ull);
	ok_equal(read_msr(0x1a0), bits | fixed, "MISC_ENABLE: ones");
	write_msr(0x1a0, 0);
	ok_equal(read_msr(0x1a0), fixed, "MISC_ENABLE: zeros");
	write_msr(0x1a0, before);
	ok_fault(NO_FAULT, "MISC_ENABLE");
}

static bool has_apic(void)
{
	return cpuid(1, 0).d & BIT32(9);
}

/* CPUID's APIC bits follow IA32_APIC_BASE.EN, in both directions, however often they were asked for before. */
static void test_apic_bit(void)
{
	u64 base = read_msr(0x1b);

	ok(has_apic() && has_apic(), "CPUID: APIC");
	ok(!!(cpuid(0x80000001, 0).d & BIT32(9)) == is_amd(), "CPUID 80000001h: APIC, AMD's");
	write_msr(0x1b, base & ~(BIT64(10) | BIT64(11)));
	ok_fault(NO_FAULT, "APIC_BASE.EN cleared");
	ok(!has_apic() && !has_apic(), "CPUID: no APIC without APIC_BASE.EN");
	ok(!(cpuid(0x80000001, 0).d & BIT32(9)), "CPUID 80000001h: no APIC");
	write_msr(0x1b, (base & ~BIT64(10)) | BIT64(11));
	write_msr(0x1b, base);
	ok_fault(NO_FAULT, "APIC_BASE as before");
	ok(has_apic(), "CPUID: APIC again");
	ok(!!(cpuid(0x80000001, 0).d & BIT32(9)) == is_amd(), "CPUID 80000001h: as before");
}

static u64 read_counter(u32 number)
{
	u32 low = 0, high = 0;

	fault_reset();
	__asm__ volatile(TRY("rdpmc") : "+a"(low), "+d"(high) : "c"(number));
	return (u64)high << 32 | low;
}

/* AMD64's four: select, and 48 bits of count (APM Vol. 2 13.2.1). */
static void test_counters(void)
{
	for (u32 i = 0; i < 4; i++) {
		struct row select = { 0xc0010000 + i, AMD, KEEPS, PERF_SELECT };
		struct row count = { 0xc0010004 + i, AMD, KEEPS, 0xffffffffffffull };

		if (!is_amd()) {
			test_absent(&select);
			test_absent(&count);
			read_counter(i);
			ok_fault(13, "no performance counter");
			continue;
		}
		test_row(&select);
		test_row(&count);
		write_msr(count.msr, 0xabcd00001234ull + i);
		ok_equal(read_counter(i), 0xabcd00001234ull + i, "RDPMC");
		ok_fault(NO_FAULT, "RDPMC of a performance counter");
	}
	read_counter(4);
	ok_fault(13, "RDPMC: no fifth counter");
}

void guest_main(void)
{
	fault_reset();
	test_rows();
	test_counters();
	test_misc_enable();
	test_apic_bit();
}
