/* SPDX-License-Identifier: MIT */
/*
 * debug.c - debug exceptions and what they meet: INT1, the shadow of MOV SS, the trap flag; the resume flag that faults
 * push; instructions at the end of the address space; debug registers that are used often.
 *
 * `bochs-svm`: in Bochs as an AMD processor the single step of an instruction that exits is a #DB of the host.
 */
#include "guest.h"

#define TF BIT64(8)
#define RF BIT64(16)
#define DR6_BS BIT64(14)

static volatile u64 hits, last_rip, last_flags, last_error, last_dr6;

static void note(struct trap *t)
{
	u64 dr6;

	hits++;
	last_rip = t->rip;
	last_flags = t->rflags;
	last_error = t->error;
	__asm__ volatile("mov %%dr6, %0" : "=r"(dr6));
	last_dr6 = dr6;
	__asm__ volatile("mov %0, %%dr6" : : "r"(0xffff0ff0ull));
	t->rflags &= ~TF;
}

/* Runs it with the trap flag set from its first instruction on; `at` is where the label 9 in it is. */
#define STEPPED(instructions, at, ...)                                                                                \
	__asm__ volatile("leaq 9f(%%rip), %0; pushfq; orq $0x100, (%%rsp); popfq; " instructions                      \
			 : "=&r"(at) : __VA_ARGS__ : "rax", "rbx", "rcx", "rdx", "memory", "cc")

static void expect_one(u64 rip, const char *once, const char *where)
{
	ok_equal(hits, 1, once);
	ok_equal(last_rip, rip, where);
	hits = 0;
}

static void test_int1(void)
{
	u64 at;

	fault_reset();
	__asm__ volatile(TRY(".byte 0xf1") : : : "memory");
	if (is_amd() && fault_vector == 6 + 1)
		return;		/* QEMU has none */
	hits = 0;
	__asm__ volatile("leaq 9f(%%rip), %0; .byte 0xf1; 9: nop" : "=&r"(at) : : "memory");
	expect_one(at, "INT1: once", "INT1: RIP is behind it");
	if (guest_has("bochs-svm"))
		return;
	STEPPED("movl %%ss, %%ecx; .byte 0xf1; 9: nop; nop", at, "i"(0));
	ok(hits >= 1 && hits <= 2, "INT1 under the trap flag");
	hits = 0;
	STEPPED("movw %w1, %%ss; .byte 0xf1; 9: nop; nop", at, "r"(0x10));
	expect_one(at, "MOV SS, INT1 under the trap flag: once", "MOV SS, INT1 under the trap flag: RIP");
	ok(last_flags & TF, "MOV SS, INT1 under the trap flag: it shows");
}

static void test_shadow(void)
{
	u64 at;

	STEPPED("movw %w1, %%ss; nop; 9: nop; nop", at, "r"(0x10));
	expect_one(at, "MOV SS, NOP under the trap flag: once", "MOV SS, NOP under the trap flag: RIP");
	if (guest_has("bochs-svm"))
		return;
	STEPPED("movw %w1, %%ss; cpuid; 9: nop; nop", at, "r"(0x10));
	expect_one(at, "MOV SS, CPUID under the trap flag: once", "MOV SS, CPUID under the trap flag: RIP");
	ok(last_dr6 & DR6_BS, "MOV SS, CPUID under the trap flag: BS");
}

/* The resume flag keeps an execution breakpoint from being met again when a fault returns to its instruction. */
static void skip(struct trap *t)
{
	note(t);
	t->rip = (u64)t->rbx;
}

#define FAULT(vector, instruction, name, ...)                                                                         \
	do {                                                                                                          \
		trap_handlers[vector] = skip;                                                                         \
		hits = last_flags = 0;                                                                                \
		__asm__ volatile("leaq 8f(%%rip), %%rbx; " instruction "; 8:" : : __VA_ARGS__ : "rbx", "memory");      \
		ok(hits == 1 && (last_flags & RF), name);                                                             \
		trap_handlers[vector] = NULL;                                                                         \
	} while (0)

static void test_resume_flag(void)
{
	if (!is_amd()) {	/* QEMU's own faults leave it 0 */
		FAULT(6, "ud2", "RF: #UD of the processor", "a"(0));
		FAULT(14, "movl (%0), %%eax", "RF: #PF", "r"(0x700000000000ull));
	}
	FAULT(6, "monitor", "RF: #UD of the hypervisor", "a"(0), "c"(0), "d"(0));
	FAULT(13, "rdmsr", "RF: #GP of RDMSR", "c"(0x7ffffff0));
	FAULT(13, "wrmsr", "RF: #GP of WRMSR", "c"(0xc0000082), "a"(0), "d"(0x80000000));
	FAULT(13, "mov %0, %%cr4", "RF: #GP of MOV to CR4", "r"(READ_CR(4) | BIT64(30)));
	FAULT(13, "mov %0, %%dr7", "RF: #GP of MOV to DR7", "r"(BIT64(40)));
}

/* CPUID as the last instruction of the lower half: it is executed, and what follows is at no address. */
static void leave(struct trap *t)
{
	note(t);
	t->rip = t->rsi;
}

static void test_end_of_space(void)
{
	static u64 tables[2][512] __attribute__((aligned(4096)));

	/* The last 2 MiB of the lower half are the guest's at 16 MiB. */
	pml4[255] = (u64)tables[0] | 3;
	tables[0][511] = (u64)tables[1] | 3;
	tables[1][511] = (16 << 20) | 0x83;
	memcpy((void *)((18 << 20) - 2), "\x0f\xa2", 2);
	trap_handlers[13] = leave;
	hits = 0;
	__asm__ volatile("leaq 8f(%%rip), %%rsi; jmp *%0; 8:"
			 : : "r"(0x7ffffffffffeull), "a"(0), "c"(0) : "rbx", "rdx", "rsi", "memory");
	ok_equal(hits, 1, "the end of the lower half: #GP");
	ok_equal(last_rip << 16, BIT64(63), "the end of the lower half: RIP");
	ok_equal(last_error, 0, "the end of the lower half: error code");
	trap_handlers[13] = NULL;
	pml4[255] = 0;
}

void guest_main(void)
{
	trap_handlers[1] = note;
	test_int1();
	test_shadow();
	trap_handlers[1] = NULL;
	test_resume_flag();
	test_end_of_space();
}
