/* SPDX-License-Identifier: MIT */
/*
 * mmio.c - every instruction form the VMM emulates for device memory: operand sizes, registers, flags, strings, bit
 * and compare-and-exchange forms.
 *
 * Two targets: an address where nobody is (reads give ones, writes are lost), and the I/O APIC's window, which keeps
 * what is written to a redirection entry's writable bits.
 *
 * `bochs-svm`: Bochs as an AMD processor does not load CR2 at VMRUN.
 */
#include "guest.h"

#define NOBODY 0xfea00000ull
#define IOAPIC_SELECT ((volatile u32 *)0xfec00000ull)
#define IOAPIC_WINDOW ((volatile u32 *)0xfec00010ull)
#define MASKED 0x00010000u

#define FLAG_C 0x001u
#define FLAG_Z 0x040u
#define FLAG_S 0x080u
#define FLAG_O 0x800u
#define FLAGS (FLAG_C | FLAG_Z | FLAG_S | FLAG_O)

static u8 buffer[8192] __attribute__((aligned(4096)));

/* instruction with RAX in/out, address in RDI; RAX starts as 1122334455667788h */
#define LOAD(instruction, want)                                                                                       \
	do {                                                                                                          \
		u64 a_ = 0x1122334455667788ull;                                                                       \
		__asm__ volatile(instruction : "+a"(a_) : "D"(NOBODY) : "rbx", "rdx", "memory", "cc");                \
		ok_equal(a_, want, instruction);                                                                      \
	} while (0)

static void test_loads(void)
{
	LOAD("movb (%%rdi), %%al", 0x11223344556677ffull);
	LOAD("movb (%%rdi), %%ah", 0x112233445566ff88ull);
	LOAD("movw (%%rdi), %%ax", 0x112233445566ffffull);
	LOAD("movl (%%rdi), %%eax", 0xffffffffull);
	LOAD("movq (%%rdi), %%rax", ~0ull);
	LOAD("movzbl (%%rdi), %%eax", 0xffull);
	LOAD("movzbw (%%rdi), %%ax", 0x11223344556600ffull);
	LOAD("movzwl (%%rdi), %%eax", 0xffffull);
	LOAD("movzbq (%%rdi), %%rax", 0xffull);
	LOAD("movsbl (%%rdi), %%eax", 0xffffffffull);
	LOAD("movswq (%%rdi), %%rax", ~0ull);
	LOAD("movslq (%%rdi), %%rax", ~0ull);
	LOAD("movl 8(%%rdi), %%eax", 0xffffffffull);
	LOAD("xorl %%esi, %%esi; movl 0x40(%%rdi,%%rsi,4), %%eax", 0xffffffffull);
	LOAD("movabsl 0xfea00010, %%eax", 0xffffffffull);
	LOAD("movl %%gs:(%%rdi), %%eax", 0xffffffffull);
	LOAD("addr32 movl (%%edi), %%eax", 0xffffffffull);
	LOAD("movbe (%%rdi), %%eax", 0xffffffffull);
	LOAD("xchgl %%eax, (%%rdi)", 0xffffffffull);
	LOAD("xchgb %%al, (%%rdi)", 0x11223344556677ffull);
	LOAD("andl (%%rdi), %%eax", 0x55667788ull);
	LOAD("orq (%%rdi), %%rax", ~0ull);
	LOAD("xorw (%%rdi), %%ax", 0x1122334455668877ull);
	LOAD("addl (%%rdi), %%eax", 0x55667787ull);
	LOAD("stc; adcl (%%rdi), %%eax", 0x55667788ull);
	LOAD("subq (%%rdi), %%rax", 0x1122334455667789ull);
	LOAD("clc; sbbl (%%rdi), %%eax", 0x55667789ull);
	LOAD("pushq (%%rdi); popq %%rax", ~0ull);
	LOAD("stc; cmovcl (%%rdi), %%eax", 0xffffffffull);
	LOAD("clc; cmovcl (%%rdi), %%eax", 0x55667788ull);
	LOAD("imulq $3, (%%rdi), %%rax", ~0ull - 2);
	LOAD("imull (%%rdi), %%eax", 0xaa998878ull);
	LOAD("mulb (%%rdi)", 0x1122334455668778ull);
	LOAD("bsrl (%%rdi), %%eax", 31);
	LOAD("bsfw (%%rdi), %%ax", 0x1122334455660000ull);
	LOAD("popcntq (%%rdi), %%rax", 64);
	LOAD("movl $7, %%eax; xorl %%edx, %%edx; divl (%%rdi)", 0);
	LOAD("movq %%rdi, %%rbx; xlatb", 0x11223344556677ffull);
	u64 r = 0;
	__asm__ volatile("movq (%1), %%r13; movq %%r13, %0" : "=r"(r) : "r"(NOBODY) : "r13", "memory");
	ok_equal(r, ~0ull, "movq (), %r13");
	__asm__ volatile("movq %1, %%r12; movl (%%r12), %%r9d; movq %%r9, %0" : "=r"(r) : "r"(NOBODY)
			 : "r9", "r12", "memory");
	ok_equal(r, 0xffffffff, "movl (%r12), %r9d");
}

/* flags after an instruction on memory of all ones */
#define FLAGS_OF(instruction, want)                                                                                   \
	do {                                                                                                          \
		u64 f_, a_ = 1;                                                                                       \
		__asm__ volatile(instruction "; pushfq; popq %0" : "=r"(f_), "+a"(a_) : "D"(NOBODY) : "memory", "cc"); \
		ok_equal(f_ & FLAGS, want, "flags: " instruction);                                                    \
	} while (0)

static void test_flags(void)
{
	FLAGS_OF("cmpl $-1, (%%rdi)", FLAG_Z);
	FLAGS_OF("cmpb $1, (%%rdi)", FLAG_S);
	FLAGS_OF("cmpl %%eax, (%%rdi)", FLAG_S);
	FLAGS_OF("cmpl (%%rdi), %%eax", FLAG_C);
	FLAGS_OF("testl $0x80000000, (%%rdi)", FLAG_S);
	FLAGS_OF("testb $1, (%%rdi)", 0);
	FLAGS_OF("addl $1, (%%rdi)", FLAG_C | FLAG_Z);
	FLAGS_OF("clc; incl (%%rdi)", FLAG_Z);
	FLAGS_OF("stc; decl (%%rdi)", FLAG_C | FLAG_S);
	FLAGS_OF("negl (%%rdi)", FLAG_C);
	FLAGS_OF("xorl $-1, (%%rdi)", FLAG_Z);
	FLAGS_OF("subw $-1, (%%rdi)", FLAG_Z);
	FLAGS_OF("stc; sbbl $-1, (%%rdi)", FLAG_C | FLAG_S);
	FLAGS_OF("btl $5, (%%rdi)", FLAG_C);
	FLAGS_OF("xorl %%eax, %%eax; lock cmpxchgl %%eax, (%%rdi)", FLAG_C);
	FLAGS_OF("movl $-1, %%eax; lock cmpxchgl %%eax, (%%rdi)", FLAG_Z);
}

static u32 window(void)
{
	return *IOAPIC_WINDOW;
}

#define STORE(instruction, before, want)                                                                              \
	do {                                                                                                          \
		*IOAPIC_WINDOW = (before);                                                                            \
		u64 a_ = 0x11223344000000a5ull;                                                                       \
		__asm__ volatile(instruction : "+a"(a_) : "D"(IOAPIC_WINDOW), "c"(3) : "memory", "cc");               \
		ok_equal(window(), want, instruction);                                                                \
	} while (0)

static void test_stores(void)
{
	*IOAPIC_SELECT = 0x10 + 2 * 23;		/* redirection entry 23: masked, vector in the low byte */
	STORE("movl %%eax, (%%rdi)", MASKED, 0xa5);
	STORE("movl $0x10042, (%%rdi)", MASKED, 0x10042);
	STORE("movabsl %%eax, 0xfec00010", MASKED, 0xa5);
	STORE("movnti %%eax, (%%rdi)", MASKED, 0xa5);
	STORE("orl $0x10, (%%rdi)", MASKED | 1, MASKED | 0x11);
	STORE("orl %%eax, (%%rdi)", MASKED, MASKED | 0xa5);
	STORE("andl $~0xf, (%%rdi)", MASKED | 0x3f, MASKED | 0x30);
	STORE("xorl $0xff, (%%rdi)", MASKED | 0x0f, MASKED | 0xf0);
	STORE("addl $1, (%%rdi)", MASKED | 0x1f, MASKED | 0x20);
	STORE("subl $1, (%%rdi)", MASKED | 0x20, MASKED | 0x1f);
	STORE("incl (%%rdi)", MASKED | 0x7f, MASKED | 0x80);
	STORE("decl (%%rdi)", MASKED | 0x80, MASKED | 0x7f);
	STORE("btsl $3, (%%rdi)", MASKED, MASKED | 8);
	STORE("btrl $16, (%%rdi)", MASKED | 8, 8);
	STORE("btcl %%ecx, (%%rdi)", MASKED | 8, MASKED);
	STORE("lock xaddl %%eax, (%%rdi)", MASKED, MASKED | 0xa5);
	STORE("movl $0x10011, %%eax; movl $0x10022, %%ecx; lock cmpxchgl %%ecx, (%%rdi)", MASKED | 0x11, MASKED | 0x22);
	STORE("movl $0x10012, %%eax; movl $0x10022, %%ecx; lock cmpxchgl %%ecx, (%%rdi)", MASKED | 0x11, MASKED | 0x11);
	STORE("xchgl %%eax, (%%rdi)", MASKED | 0x33, 0xa5);
	STORE("shll $1, (%%rdi)", MASKED >> 1 | 3, MASKED | 6);
	STORE("shrl %%cl, (%%rdi)", 0x88, 0x11);
	STORE("sarl $1, (%%rdi)", 0x22, 0x11);
	STORE("rorl $16, (%%rdi)", 1, MASKED);
	STORE("rcll $1, (%%rdi)", 8, 0x10);
	STORE("shldl %%cl, %%eax, (%%rdi)", 1, 8);
	STORE("shrdl $1, %%ecx, (%%rdi)", 2, 1);
	STORE("pushq $0x77; popq %%rax; movl %%eax, (%%rdi)", MASKED, 0x77);
	STORE("movl %%eax, %%gs:(%%rdi)", MASKED, 0xa5);
	*IOAPIC_WINDOW = MASKED;
	/* one interrupt entry's two halves don't mix */
	*IOAPIC_SELECT = 0x11 + 2 * 23;
	*IOAPIC_WINDOW = 0xff000000;
	ok_equal(window(), 0xff000000, "high half");
	*IOAPIC_SELECT = 0x10 + 2 * 23;
	ok_equal(window(), MASKED, "low half");
}

/* Nobody's memory reads as ones: the pair is exchanged if RDX:RAX are all ones. */
static void test_pairs(void)
{
	u64 a = ~0ull, d = ~0ull, flags;

	__asm__ volatile("lock cmpxchg16b (%3); pushfq; popq %2" : "+a"(a), "+d"(d), "=r"(flags)
			 : "r"(NOBODY), "b"(0ull), "c"(0ull) : "memory", "cc");
	ok(a == ~0ull && d == ~0ull && (flags & FLAG_Z), "cmpxchg16b: equal");
	a = d = 5;
	__asm__ volatile("lock cmpxchg16b (%3); pushfq; popq %2" : "+a"(a), "+d"(d), "=r"(flags)
			 : "r"(NOBODY), "b"(0ull), "c"(0ull) : "memory", "cc");
	ok(a == ~0ull && d == ~0ull && !(flags & FLAG_Z), "cmpxchg16b: not equal");
	a = d = 5;
	__asm__ volatile("cmpxchg8b (%3); pushfq; popq %2" : "+a"(a), "+d"(d), "=r"(flags)
			 : "r"(NOBODY), "b"(0ull), "c"(0ull) : "memory", "cc");
	ok(a == 0xffffffff && d == 0xffffffff && !(flags & FLAG_Z), "cmpxchg8b: not equal");
	fault_reset();
	__asm__ volatile(TRY("cmpxchg16b 8(%0)") : : "r"(NOBODY), "a"(0), "d"(0), "b"(0ull), "c"(0ull)
			 : "memory", "cc");
	ok_fault(13, "cmpxchg16b: alignment");
}

/* What is stored is lost; no fault comes, and no VM ends. */
#define QUIET(instruction)                                                                                            \
	do {                                                                                                          \
		fault_reset();                                                                                        \
		__asm__ volatile(TRY(instruction) : : "D"(NOBODY) : "memory", "cc");                                  \
		ok_fault(NO_FAULT, instruction);                                                                      \
	} while (0)

/* Not for device memory: #UD. */
#define UNDEFINED(instruction)                                                                                        \
	do {                                                                                                          \
		fault_reset();                                                                                        \
		__asm__ volatile(TRY(instruction) : : "D"(NOBODY) : "memory", "cc");                                  \
		ok_fault(6, instruction);                                                                             \
	} while (0)

static void test_others(void)
{
	QUIET("smsw (%%rdi)");
	QUIET("movw %%ds, (%%rdi)");
	QUIET("setc (%%rdi)");
	QUIET("clflush (%%rdi)");
	UNDEFINED("fldl (%%rdi)");
	UNDEFINED("movups (%%rdi), %%xmm0");
	UNDEFINED("movdqa %%xmm0, (%%rdi)");
	UNDEFINED("fxsave (%%rdi)");
	UNDEFINED("lgdt (%%rdi)");
	UNDEFINED("sidt (%%rdi)");
	UNDEFINED("movw (%%rdi), %%es");
	UNDEFINED("jmp *(%%rdi)");
	UNDEFINED("invpcid (%%rdi), %%rax");
	UNDEFINED("call *(%%rdi)");
	/* the smallest value is what EDX:EAX can't be divided by */
	fault_reset();
	__asm__ volatile(TRY("divl (%0)") : : "r"(NOBODY), "a"(0), "d"(0xffffffff) : "cc", "memory");
	ok_fault(0, "div: too large");
}

static void test_strings(void)
{
	u64 si = NOBODY, di = (u64)buffer + 4090, cx = 3;

	memset(buffer, 0, sizeof(buffer));
	__asm__ volatile("rep movsl" : "+S"(si), "+D"(di), "+c"(cx) : : "memory");
	ok(si == NOBODY + 12 && di == (u64)buffer + 4102 && cx == 0, "rep movsl: registers");
	ok(buffer[4089] == 0 && buffer[4090] == 0xff && buffer[4101] == 0xff && buffer[4102] == 0,
	   "rep movsl: device to memory, over a page");
	si = (u64)buffer;
	di = NOBODY;
	cx = 16;
	__asm__ volatile("rep movsb" : "+S"(si), "+D"(di), "+c"(cx) : : "memory");
	ok(si == (u64)buffer + 16 && di == NOBODY + 16 && cx == 0, "rep movsb: memory to device");
	di = NOBODY + 64;
	cx = 4;
	__asm__ volatile("std; rep stosq; cld" : "+D"(di), "+c"(cx) : "a"(0) : "memory");
	ok(di == NOBODY + 32 && cx == 0, "rep stosq backwards");
	u64 a = 0;
	si = NOBODY;
	__asm__ volatile("lodsw" : "+S"(si), "+a"(a) : : "memory");
	ok(a == 0xffff && si == NOBODY + 2, "lodsw");
	di = NOBODY;
	cx = 10;
	__asm__ volatile("repe scasb" : "+D"(di), "+c"(cx) : "a"(0xff) : "memory", "cc");
	ok(cx == 0 && di == NOBODY + 10, "repe scasb: all equal");
	di = NOBODY;
	cx = 10;
	__asm__ volatile("repe scasb" : "+D"(di), "+c"(cx) : "a"(0) : "memory", "cc");
	ok(cx == 9 && di == NOBODY + 1, "repe scasb: stops");
	memset(buffer, 0xff, 64);
	buffer[5] = 1;
	si = (u64)buffer;
	di = NOBODY;
	cx = 64;
	__asm__ volatile("repe cmpsb" : "+S"(si), "+D"(di), "+c"(cx) : : "memory", "cc");
	ok(cx == 58 && si == (u64)buffer + 6, "repe cmpsb");
	/* a long one: bounded pieces, the same end */
	si = NOBODY;
	di = (u64)buffer;
	cx = 2000;
	memset(buffer, 0, sizeof(buffer));
	__asm__ volatile("rep movsb" : "+S"(si), "+D"(di), "+c"(cx) : : "memory");
	ok(cx == 0 && buffer[1999] == 0xff && buffer[2000] == 0, "rep movsb: 2000 bytes");
}

static void test_faults(void)
{
	u64 cx = 4, di = 0x700000000000ull, si = NOBODY;

	/* device to a page that is not there: the guest gets the #PF */
	fault_reset();
	__asm__ volatile(TRY("rep movsl") : "+S"(si), "+D"(di), "+c"(cx) : : "memory");
	if (!guest_has("bochs-svm"))
		ok_equal(fault_address, 0x700000000000ull, "movs: #PF address");
	ok_equal(fault_error & 2, 2, "movs: #PF is a write");
	ok_fault(14, "movs: #PF");
	ok(cx == 4 && si == NOBODY, "movs: nothing moved");
}

void guest_main(void)
{
	test_loads();
	test_flags();
	test_stores();
	test_pairs();
	test_others();
	test_strings();
	test_faults();
}
