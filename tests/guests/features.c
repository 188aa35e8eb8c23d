/* SPDX-License-Identifier: MIT */
/*
 * features.c - a feature that CPUID does not show must not work: each bit of CR4, XCR0 and EFER, and instructions that
 * have a bit in CPUID. What it does show works.
 *
 * `tcg`: on QEMU's processor, where a guest writes XCR0 without an exit, so what that has and VOS hides can't be
 * refused.
 */
#include "guest.h"

enum reg { A, B, C, D };
struct feature { u32 leaf, subleaf; u8 reg, bit; };

static bool has(const struct feature *f)
{
	u32 highest = cpuid(f->leaf & 0x80000000, 0).a;
	struct cpuid r = cpuid(f->leaf, f->subleaf);
	u32 words[] = { r.a, r.b, r.c, r.d };

	return f->leaf <= highest && (words[f->reg] & BIT32(f->bit));
}

static void report(const char *what, u64 number, u64 got, u64 want)
{
	if (got == want)
		return;
	put_text("# ");
	put_text(what);
	put_char(' ');
	put_decimal(number);
	put_char('\n');
	ok_equal(got, want, what);
}

static u32 fault(void)
{
	u32 vector = fault_vector - 1;

	fault_reset();
	return vector;
}

/* ---- CR4 ---- */
static const struct { u8 bit; struct feature feature; } cr4_bits[] = {
	{ 0, { 1, 0, D, 1 } }, { 1, { 1, 0, D, 1 } }, { 2, { 1, 0, D, 4 } }, { 3, { 1, 0, D, 2 } },
	{ 4, { 1, 0, D, 3 } }, { 5, { 1, 0, D, 6 } }, { 6, { 1, 0, D, 7 } }, { 7, { 1, 0, D, 13 } },
	{ 9, { 1, 0, D, 24 } }, { 10, { 1, 0, D, 25 } }, { 11, { 7, 0, C, 2 } }, { 13, { 1, 0, C, 5 } },
	{ 14, { 1, 0, C, 6 } }, { 16, { 7, 0, B, 0 } }, { 17, { 1, 0, C, 17 } }, { 18, { 1, 0, C, 26 } },
	{ 20, { 7, 0, B, 7 } }, { 21, { 7, 0, B, 20 } }, { 22, { 7, 0, C, 3 } }, { 23, { 7, 0, C, 7 } },
	{ 24, { 7, 0, C, 31 } },
};

static bool may_set_cr4(u32 bit)
{
	if (bit == 8)
		return true;		/* PCE has no bit of its own */
	for (u32 i = 0; i < ARRAY_COUNT(cr4_bits); i++)
		if (cr4_bits[i].bit == bit)
			return has(&cr4_bits[i].feature);
	return false;			/* LA57 among them: never in long mode */
}

static void test_cr4(void)
{
	u64 before = READ_CR(4);

	for (u32 bit = 0; bit < 64; bit++) {
		bool may = may_set_cr4(bit);

		if (bit == 6)
			continue;	/* MCE: OVMF sets it whatever CPUID says, so it is let, without an effect */
		WRITE_CR(4, before | BIT64(bit));
		report("CR4: fault", bit, fault(), may ? NO_FAULT : 13);
		report("CR4: value", bit, READ_CR(4), may ? before | BIT64(bit) : before);
		WRITE_CR(4, before);
		report("CR4: back", bit, fault(), NO_FAULT);
	}
	ok(true, "CR4, all bits");
}

/* ---- XCR0 ---- */
#define AVX512 0xe0ull
#define MPX 0x18ull
#define AMX 0x60000ull

static bool is_unit(u64 value, u64 bits, u64 needs)
{
	return !(value & bits) || ((value & bits) == bits && (value & needs) == needs);
}

static bool may_set_xcr0(u64 value)
{
	struct cpuid r = cpuid(0xd, 0);
	u64 mask = (u64)r.d << 32 | r.a;

	return (value & 1) && !(value & ~mask) && is_unit(value, 4, 2) && is_unit(value, MPX, 0) &&
	       is_unit(value, AVX512, 4) && is_unit(value, AMX, 0);
}

static u64 xgetbv(void)
{
	u32 low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (u64)high << 32 | low;
}

static void try_xcr0(u64 value)
{
	u64 before = xgetbv();
	bool may = may_set_xcr0(value);

	if (guest_has("tcg") && !may && is_unit(value, MPX, 0) && may_set_xcr0(value & ~MPX))
		return;
	__asm__ volatile(TRY("xsetbv") : : "a"((u32)value), "d"((u32)(value >> 32)), "c"(0));
	report("XCR0: fault", value, fault(), may ? NO_FAULT : 13);
	report("XCR0: value", value, xgetbv(), may ? value : before);
}

static void test_xcr0(void)
{
	static const u64 bases[] = { 1, 3, 7, 0xe7 };

	if (!(cpuid(1, 0).c & BIT32(26)))
		return;
	WRITE_CR(4, READ_CR(4) | BIT64(18));
	for (u32 bit = 0; bit < 64; bit++)
		for (u32 i = 0; i < ARRAY_COUNT(bases); i++) {
			try_xcr0(bases[i] | BIT64(bit));
			try_xcr0(bases[i] & ~BIT64(bit));
		}
	try_xcr0(1 | MPX);
	try_xcr0(1 | AMX);
	try_xcr0(7);
	try_xcr0(3);
	ok(true, "XCR0, all bits");
}

/* ---- EFER ---- */
#define EFER 0xc0000080u

static void test_efer(void)
{
	static const struct feature nx = { 0x80000001, 0, D, 20 };
	u64 before = read_msr(EFER);

	for (u32 bit = 0; bit < 64; bit++) {
		bool may = bit == 0 || bit == 8 || bit == 10 || (bit == 11 && has(&nx));

		write_msr(EFER, before | BIT64(bit));
		report("EFER: fault", bit, fault(), may ? NO_FAULT : 13);
		report("EFER: value", bit, read_msr(EFER), may ? before | BIT64(bit) : before);
		write_msr(EFER, before);
		report("EFER: back", bit, fault(), NO_FAULT);
	}
	ok(true, "EFER, all bits");
}

/* ---- instructions ---- */
static u8 area[8192] __attribute__((aligned(64)));

#define INSN(name, bytes)                                                                                             \
	static void name(void)                                                                                        \
	{                                                                                                             \
		__asm__ volatile(TRY(".byte " bytes) : : "a"(area), "c"(0), "d"(0), "D"(area), "b"(0)                 \
				 : "memory", "cc");                                                                   \
	}
INSN(monitor, "0x0f, 0x01, 0xc8")
INSN(monitorx, "0x0f, 0x01, 0xfa")
INSN(rdtscp, "0x0f, 0x01, 0xf9")
INSN(rdpru, "0x0f, 0x01, 0xfd")
INSN(invlpgb, "0x0f, 0x01, 0xfe")
INSN(tlbsync, "0x0f, 0x01, 0xff")
INSN(encls, "0x0f, 0x01, 0xcf")
INSN(pconfig, "0x0f, 0x01, 0xc5")
INSN(vmfunc, "0x0f, 0x01, 0xd4")
INSN(getsec, "0x0f, 0x37")
INSN(tpause, "0x66, 0x0f, 0xae, 0xf1")
INSN(invpcid, "0x66, 0x0f, 0x38, 0x82, 0x0f")
INSN(rdpkru, "0x0f, 0x01, 0xee")
INSN(rdfsbase, "0xf3, 0x0f, 0xae, 0xc0")
INSN(xsaves, "0x0f, 0xc7, 0x2f")
INSN(vaddps, "0xc5, 0xf4, 0x58, 0xc2")
INSN(vpaddd, "0xc5, 0xf5, 0xfe, 0xc2")
INSN(vaddps_512, "0x62, 0xf1, 0x74, 0x48, 0x58, 0xc2")
INSN(wrss, "0x0f, 0x38, 0xf6, 0x07")
INSN(stui, "0xf3, 0x0f, 0x01, 0xef")
INSN(rdrand, "0x0f, 0xc7, 0xf0")
INSN(rdseed, "0x0f, 0xc7, 0xf8")
INSN(movbe, "0x0f, 0x38, 0xf0, 0x07")
INSN(crc32, "0xf2, 0x0f, 0x38, 0xf1, 0xc0")
INSN(popcnt, "0xf3, 0x0f, 0xb8, 0xc1")
INSN(aesenc, "0x66, 0x0f, 0x38, 0xdc, 0xc1")
INSN(pclmul, "0x66, 0x0f, 0x3a, 0x44, 0xc1, 0x00")
INSN(cmpxchg16b, "0x48, 0x0f, 0xc7, 0x0f")
INSN(adcx, "0x66, 0x0f, 0x38, 0xf6, 0xc1")
INSN(andn, "0xc4, 0xe2, 0x78, 0xf2, 0xc1")
INSN(mulx, "0xc4, 0xe2, 0x7b, 0xf6, 0xc1")
INSN(clflushopt, "0x66, 0x0f, 0xae, 0x3f")
INSN(clwb, "0x66, 0x0f, 0xae, 0x37")
INSN(rdpid, "0xf3, 0x0f, 0xc7, 0xf8")
INSN(xsaveopt, "0x0f, 0xae, 0x37")

/* If the processor has it and CPUID does not show it: refused, where there is a way to, or as the processor is. */
enum hidden { AS_IS, REFUSED, REFUSED_BY_VMX };
static const struct insn {
	const char *name;
	void (*run)(void);
	struct feature feature;
	enum hidden hidden;
} insns[] = {
	{ "MONITOR", monitor, { 1, 0, C, 3 }, REFUSED },
	{ "MONITORX", monitorx, { 0x80000001, 0, C, 29 }, REFUSED },
	{ "RDTSCP", rdtscp, { 0x80000001, 0, D, 27 }, REFUSED },
	{ "RDPRU", rdpru, { 0x80000008, 0, B, 4 }, REFUSED },
	{ "INVLPGB", invlpgb, { 0x80000008, 0, B, 3 }, REFUSED },
	{ "TLBSYNC", tlbsync, { 0x80000008, 0, B, 3 }, REFUSED },
	{ "ENCLS", encls, { 7, 0, B, 2 }, REFUSED },
	{ "PCONFIG", pconfig, { 7, 0, D, 18 }, REFUSED },
	{ "VMFUNC", vmfunc, { 1, 0, C, 5 }, REFUSED },
	{ "GETSEC", getsec, { 1, 0, C, 6 }, REFUSED },
	{ "TPAUSE", tpause, { 7, 0, C, 5 }, AS_IS },
	{ "INVPCID", invpcid, { 7, 0, B, 10 }, REFUSED },
	{ "RDPKRU", rdpkru, { 7, 0, C, 3 }, REFUSED },
	{ "RDFSBASE", rdfsbase, { 7, 0, B, 0 }, REFUSED },
	{ "XSAVES", xsaves, { 0xd, 1, A, 3 }, REFUSED_BY_VMX },
	{ "AVX", vaddps, { 1, 0, C, 28 }, REFUSED },
	{ "AVX2", vpaddd, { 7, 0, B, 5 }, AS_IS },
	{ "AVX512F", vaddps_512, { 7, 0, B, 16 }, REFUSED },
	{ "WRSS", wrss, { 7, 0, C, 7 }, REFUSED },
	{ "STUI", stui, { 7, 0, D, 5 }, REFUSED },
	{ "RDRAND", rdrand, { 1, 0, C, 30 }, AS_IS },
	{ "RDSEED", rdseed, { 7, 0, B, 18 }, AS_IS },
	{ "MOVBE", movbe, { 1, 0, C, 22 }, AS_IS },
	{ "CRC32", crc32, { 1, 0, C, 20 }, AS_IS },
	{ "POPCNT", popcnt, { 1, 0, C, 23 }, AS_IS },
	{ "AESENC", aesenc, { 1, 0, C, 25 }, AS_IS },
	{ "PCLMULQDQ", pclmul, { 1, 0, C, 1 }, AS_IS },
	{ "CMPXCHG16B", cmpxchg16b, { 1, 0, C, 13 }, AS_IS },
	{ "ADCX", adcx, { 7, 0, B, 19 }, AS_IS },
	{ "ANDN", andn, { 7, 0, B, 3 }, AS_IS },
	{ "MULX", mulx, { 7, 0, B, 8 }, AS_IS },
	{ "CLFLUSHOPT", clflushopt, { 7, 0, B, 23 }, AS_IS },
	{ "CLWB", clwb, { 7, 0, B, 24 }, AS_IS },
	{ "RDPID", rdpid, { 7, 0, C, 22 }, AS_IS },
	{ "XSAVEOPT", xsaveopt, { 0xd, 1, A, 0 }, AS_IS },
};

/* All that may be switched on is. */
static void switch_on(void)
{
	struct cpuid r = cpuid(0xd, 0);

	for (u32 bit = 0; bit < 32; bit++)
		if (bit != 11 && bit != 20 && bit != 21 && may_set_cr4(bit))
			WRITE_CR(4, READ_CR(4) | BIT64(bit));
	if (cpuid(1, 0).c & BIT32(26))
		__asm__ volatile(TRY("xsetbv") : : "a"(r.a), "d"(r.d), "c"(0));
	report("XCR0: all of it", r.a, fault(), NO_FAULT);
}

static void test_instructions(void)
{
	for (u32 i = 0; i < ARRAY_COUNT(insns); i++) {
		const struct insn *insn = &insns[i];
		bool is_there = has(&insn->feature);

		fault_reset();
		insn->run();
		if (is_there)
			ok_fault(NO_FAULT, insn->name);
		else if (insn->hidden == REFUSED || (insn->hidden == REFUSED_BY_VMX && !is_amd()))
			ok_fault(6, insn->name);
	}
	ok(true, "instructions");
}

/* ---- protection keys ---- */
#define KEYED 0x1000000ull		/* 2 MiB of memory with key 1, for ring 3 */

static void wrpkru(u32 value)
{
	__asm__ volatile("wrpkru" : : "a"(value), "c"(0), "d"(0) : "memory");
}

static u32 rdpkru_value(void)
{
	u32 a, d;

	__asm__ volatile("rdpkru" : "=a"(a), "=d"(d) : "c"(0));
	return a;
}

static u32 touch(bool is_write)
{
	fault_reset();
	if (is_write)
		__asm__ volatile(TRY("movl $1, (%0)") : : "r"(KEYED) : "memory");
	else
		__asm__ volatile(TRY("movl (%0), %%eax") : : "r"(KEYED) : "eax", "memory");
	return fault_vector == 0 ? NO_FAULT : (u32)fault_error;
}

static void test_keys(void)
{
	static const struct feature pku = { 7, 0, C, 3 }, ospke = { 7, 0, C, 4 };

	if (!has(&pku))
		return;
	ok(has(&ospke), "OSPKE follows CR4.PKE");
	pml4[0] |= 4;
	pdpt[0] |= 4;
	page_directories[0][KEYED >> 21] |= 4 | 1ull << 59;
	WRITE_CR(3, READ_CR(3));
	ok_equal(touch(true), NO_FAULT, "protection keys: all rights");
	wrpkru(2 << 2);
	ok_equal(touch(false), NO_FAULT, "protection keys: reads allowed");
	ok_equal(touch(true), 0x23, "protection keys: writes refused");
	wrpkru(1 << 2);
	if (guest_has("tcg"))	/* Bochs lets ring 0 read */
		ok_equal(touch(false), 0x21, "protection keys: reads refused");
	for (u32 i = 0; i < 100; i++)
		cpuid(1, 0);
	put_text("# others run meanwhile\n");
	ok_equal(rdpkru_value(), 1 << 2, "PKRU kept over exits");
	wrpkru(0);
	WRITE_CR(4, READ_CR(4) & ~BIT64(22));
	ok(!has(&ospke), "OSPKE: off");
	fault_reset();
}

void guest_main(void)
{
	fault_reset();
	test_cr4();
	test_xcr0();
	test_efer();
	switch_on();
	test_instructions();
	test_keys();
}
