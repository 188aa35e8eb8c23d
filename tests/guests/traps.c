/* SPDX-License-Identifier: MIT */
/*
 * traps.c - exceptions, their error codes, and events whose delivery an exit cut short: the first push of a handler's
 * frame may meet second-level faults, and nothing may be lost or doubled.
 *
 * `bochs-svm`: Bochs as an AMD processor does not load CR2 at VMRUN; the exit that cuts the delivery of V_IRQ short
 * tells another event than that interrupt; and an exit for #DB does not bring DR6 up to date, so that the step over the
 * IRET of an NMI is not seen.
 */
#include "guest.h"

static volatile u64 hits, last_error, last_vector;
static u64 skip;

static void count(struct trap *t)
{
	hits++;
	last_error = t->error;
	last_vector = t->vector;
	t->rip += skip;
}

#define EXPECT(instruction, number, length, error, name, ...)                                                         \
	do {                                                                                                          \
		u64 before = hits;                                                                                    \
		trap_handlers[number] = count;                                                                        \
		skip = (length);                                                                                      \
		__asm__ volatile("" : : : "memory");	/* the handler is there before the trap */                    \
		__asm__ volatile(instruction : : __VA_ARGS__);                                                        \
		__asm__ volatile("" : : : "memory");                                                                  \
		trap_handlers[number] = NULL;                                                                         \
		ok(hits == before + 1 && last_vector == (number) && last_error == (error), name);                     \
	} while (0)

static void test_exceptions(void)
{
	EXPECT("xorl %%edx, %%edx; xorl %%ecx, %%ecx; divl %%ecx", 0, 2, 0, "#DE", "a"(1) : "rcx", "rdx");
	EXPECT("int3", 3, 0, 0, "#BP", "a"(0));
	EXPECT("ud2", 6, 2, 0, "#UD", "a"(0));
	EXPECT("movw %%ax, %%ds", 13, 2, 0x1230, "#GP with a selector", "a"(0x1230));
	EXPECT("movb (%%rax), %%cl", 13, 2, 0, "#GP: not canonical", "a"(0x8000000000000000ull) : "rcx");
	EXPECT("movb %%cl, (%%rax)", 14, 2, 2, "#PF: write, not present", "a"(0x700000000000ull));
	EXPECT("movb (%%rax), %%cl", 14, 2, 0, "#PF: read, not present", "a"(0x700000000000ull) : "rcx");
	if (!guest_has("bochs-svm"))
		ok_equal(READ_CR(2), 0x700000000000ull, "#PF: CR2");
	EXPECT("int $0x80", 0x80, 0, 0, "INT 80h", "a"(0));
	WRITE_CR(0, READ_CR(0) | BIT64(3));
	EXPECT("fninit", 7, 2, 0, "#NM", "a"(0));
	__asm__ volatile("clts");
}

/* #AC in ring 0 never happens; the flag alone must not hurt. */
static void test_alignment(void)
{
	u64 words[2] = { 1, 2 };

	__asm__ volatile("pushfq; orq $0x40000, (%%rsp); popfq; movq 1(%0), %%rax;"
			 "pushfq; andq $~0x40000, (%%rsp); popfq"
			 : : "r"(words) : "rax", "memory", "cc");
	ok(true, "AC flag in ring 0");
}

/*
 * Deliver an exception on a stack in memory that was never touched: the push takes a second-level fault in the middle
 * of the delivery. Each round uses a fresh 2 MiB of RAM.
 */
static void test_interrupted_delivery(u64 from, u64 rounds)
{
	u64 lost = 0;

	trap_handlers[6] = count;
	trap_handlers[3] = count;
	for (u64 i = 0; i < rounds; i++) {
		u64 top = from + i * 0x200000 + 0x10000, before = hits;

		if (i & 1) {
			skip = 0;
			__asm__ volatile("movq %%rsp, %%rbx; movq %0, %%rsp; int3; movq %%rbx, %%rsp"
					 : : "r"(top) : "rbx", "memory");
		} else {
			skip = 2;
			__asm__ volatile("movq %%rsp, %%rbx; movq %0, %%rsp; ud2; movq %%rbx, %%rsp"
					 : : "r"(top) : "rbx", "memory");
		}
		if (hits != before + 1)
			lost++;
	}
	trap_handlers[6] = trap_handlers[3] = NULL;
	ok_equal(lost, 0, "delivery cut short by a second-level fault");
}

static volatile u64 irqs;

static void on_irq(struct trap *t)
{
	(void)t;
	irqs++;
	write_msr(X2APIC(APIC_EOI), 0);
}

/* The same with an interrupt, which arrives while RSP points at fresh memory. */
static void test_interrupted_irq(u64 from, u64 rounds)
{
	u64 wrong = 0;

	for (u64 i = 0; i < rounds; i++) {
		u64 top = from + i * 0x200000 + 0x10000, before = irqs;

		write_msr(X2APIC(APIC_SELF), 0x50);
		__asm__ volatile("movq %%rsp, %%rbx; movq %0, %%rsp; sti; nop; nop; nop; cli; movq %%rbx, %%rsp"
				 : : "r"(top) : "rbx", "memory");
		if (irqs != before + 1)
			wrong++;
	}
	ok_equal(wrong, 0, "interrupt delivery cut short by a second-level fault");
}

static void test_interrupts(void)
{
	u64 before = irqs, order = 0;

	/* STI's shadow: nothing between STI and the next instruction */
	write_msr(X2APIC(APIC_SELF), 0x50);
	__asm__ volatile("sti; movq %1, %0; cli" : "=r"(order) : "m"(irqs));
	ok_equal(order, before, "STI shadow");
	__asm__ volatile("sti; nop; nop; cli");
	ok_equal(irqs, before + 1, "interrupt after the shadow");
	/* many, and none lost or doubled */
	before = irqs;
	interrupts_on();
	for (u32 i = 0; i < 2000; i++) {
		u64 now = irqs;

		write_msr(X2APIC(APIC_SELF), 0x50);
		while (irqs == now)
			;
	}
	interrupts_off();
	ok_equal(irqs, before + 2000, "2000 self-IPIs");
}

static volatile u64 nmis, nested, returned_to[2];

static void on_nmi(struct trap *t)
{
	returned_to[nmis++ % 2] = t->rip;
	if (nmis == 1) {
		write_msr(X2APIC(APIC_ICR), 4 << 8 | 1 << 18);	/* another NMI to ourselves: must wait for IRET */
		cpuid(0, 0);
		nested = nmis;
	}
}

static void test_nmi(void)
{
	trap_handlers[2] = on_nmi;
	write_msr(X2APIC(APIC_ICR), 4 << 8 | 1 << 18);
	for (volatile u32 i = 0; i < 1000; i++)
		;
	ok_equal(nested, 1, "NMI: blocked within its handler");
	ok_equal(nmis, 2, "NMI: the second comes after IRET");
	ok_equal(returned_to[1], returned_to[0], "NMI: the second comes before anything else has run");
}

void guest_main(void)
{
	test_exceptions();
	test_alignment();
	test_interrupted_delivery(16 << 20, 8);
	apic_init();
	trap_handlers[0x50] = on_irq;
	if (!guest_has("bochs-svm"))
		test_interrupted_irq(32 << 20, 8);
	test_interrupts();
	if (!guest_has("bochs-svm"))
		test_nmi();
}
