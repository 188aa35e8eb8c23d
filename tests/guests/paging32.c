/* SPDX-License-Identifier: MIT */
/*
 * paging32.c - the two kinds of paging that only 32-bit code has: instructions that exit, and device memory, under
 * both. The tables map the first 4 MiB to themselves, device memory at its own address, and one page of their own.
 */
#include "guest.h"

#define IOAPIC_ADDRESS 0xfec00000u
#define IOAPIC_VERSION 0x00170020u	/* 24 inputs, version 20h */
#define ALIAS 0x00c00000u		/* where the tables show `aliased` */
#define P 1u
#define W 2u
#define A 0x20u
#define D 0x40u
#define PS 0x80u

/* What run32 does under the given tables, and what came of it. */
struct run32 {
	u32 cr3, cr4;
	u32 cpuid_ebx, version, added, paging;
};

static u32 table32[1024] __attribute__((aligned(4096))), leaves32[1024] __attribute__((aligned(4096)));
static u64 pdpt_pae[4] __attribute__((aligned(32))), directory_pae[4][512] __attribute__((aligned(4096)));
static u64 leaves_pae[512] __attribute__((aligned(4096)));
static volatile u32 aliased[1024] __attribute__((aligned(4096)));

void run32(struct run32 *r);

/* To 32-bit code without long mode, under r's tables, and back. The image lies in the first 4 MiB, which both map. */
__asm__(
"	.text\n"
"	.code64\n"
"	.globl run32\n"
"run32:\n"
"	pushq %rbx\n"
"	pushq %rbp\n"
"	movq %rsp, %rbp\n"
"	movq %cr3, %rax\n"
"	pushq %rax\n"
"	movq %cr4, %rax\n"
"	pushq %rax\n"
"	pushq $0x18\n"
"	pushq $run32_compatible\n"
"	lretq\n"
"	.code32\n"
"run32_compatible:\n"
"	movl $0x10, %eax\n"
"	movl %eax, %ds\n"
"	movl %eax, %ss\n"
"	movl %cr0, %eax\n"
"	andl $0x7fffffff, %eax\n"
"	movl %eax, %cr0\n"
"	movl $0xc0000080, %ecx\n"
"	rdmsr\n"
"	andl $~0x100, %eax\n"
"	wrmsr\n"
"	movl 4(%edi), %eax\n"
"	movl %eax, %cr4\n"
"	movl (%edi), %eax\n"
"	movl %eax, %cr3\n"
"	movl %cr0, %eax\n"
"	orl $0x80000000, %eax\n"
"	movl %eax, %cr0\n"
"	jmp 1f\n"
"1:	xorl %eax, %eax\n"
"	cpuid\n"
"	movl %ebx, 8(%edi)\n"
"	movl $1, 0xfec00000\n"			/* the I/O APIC's version register */
"	movl 0xfec00010, %eax\n"
"	movl %eax, 12(%edi)\n"
"	movl $5, 0xc00000\n"
"	movl $0xfec00010, %esi\n"
"	addl (%esi), %eax\n"
"	movl %eax, 16(%edi)\n"
"	movl $1, 20(%edi)\n"
"	movl %cr0, %eax\n"
"	andl $0x7fffffff, %eax\n"
"	movl %eax, %cr0\n"
"	movl -16(%ebp), %eax\n"
"	movl %eax, %cr4\n"
"	movl -8(%ebp), %eax\n"
"	movl %eax, %cr3\n"
"	movl $0xc0000080, %ecx\n"
"	rdmsr\n"
"	orl $0x100, %eax\n"
"	wrmsr\n"
"	movl %cr0, %eax\n"
"	orl $0x80000000, %eax\n"
"	movl %eax, %cr0\n"
"	ljmp $0x08, $run32_back\n"
"	.code64\n"
"run32_back:\n"
"	movq %rbp, %rsp\n"
"	popq %rbp\n"
"	popq %rbx\n"
"	ret\n");

static void check(const struct run32 *r, const char *name)
{
	put_text(name);
	put_char('\n');
	ok_equal(r->cpuid_ebx, cpuid(0, 0).b, "CPUID");
	ok_equal(r->version, IOAPIC_VERSION, "MOV from device memory");
	ok_equal(r->added, 2 * IOAPIC_VERSION, "ADD from device memory");
	ok_equal(r->paging, 1, "the end was reached");
	ok_equal(aliased[0], 5, "a page at another address");
}

static void test_two_levels(void)
{
	struct run32 r = { .cr3 = (u32)(u64)table32, .cr4 = 0x10 };	/* PSE */

	table32[0] = P | W | PS;
	table32[ALIAS >> 22] = (u32)(u64)leaves32 | P | W;
	leaves32[ALIAS >> 12 & 0x3ff] = (u32)(u64)aliased | P | W;
	table32[IOAPIC_ADDRESS >> 22] = (IOAPIC_ADDRESS & 0xffc00000) | P | W | PS;
	aliased[0] = 0;
	run32(&r);
	check(&r, "two levels");
}

/* top: bits of the four top entries beyond "present" */
static void test_pae(u32 top, const char *name)
{
	struct run32 r = { .cr3 = (u32)(u64)pdpt_pae, .cr4 = 0x20 };

	for (u32 i = 0; i < 4; i++)
		pdpt_pae[i] = (u64)directory_pae[i] | P | top;
	directory_pae[0][0] = P | W | PS;
	directory_pae[0][1] = 0x200000 | P | W | PS;
	directory_pae[0][ALIAS >> 21] = (u64)leaves_pae | P | W;
	leaves_pae[0] = (u64)aliased | P | W;
	directory_pae[3][IOAPIC_ADDRESS >> 21 & 0x1ff] = (IOAPIC_ADDRESS & 0xffe00000) | P | W | PS;
	aliased[0] = 0;
	run32(&r);
	check(&r, name);
	ok_equal(leaves_pae[0] & (A | D), A | D, "accessed and dirty");
}

void guest_main(void)
{
	test_two_levels();
	test_pae(0, "PAE");
	test_pae(0xe00, "PAE, with bits of the system's own");
}
