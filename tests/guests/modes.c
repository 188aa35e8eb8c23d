/* SPDX-License-Identifier: MIT */
/*
 * modes.c - from long mode down to real mode and back, with exits in each mode on the way.
 */
#include "guest.h"

extern u8 modes_start[], modes_end[];
/* What the code below leaves at 0x7000. */
struct notes {
	u32 protected32, paging_off, real16, interrupt_real, back32;
	u32 cpuid_real, in_real, segment_real;
	u32 bios_flags, bios_ax, stub_flags;
};
#define NOTES ((volatile struct notes *)0x7000)

/*
 * The image is at 1 MiB, so the part that runs in 16-bit mode is copied to 0x8000 and
 * addresses within it are relative to modes_start.
 */
__asm__(
"	.text\n"
"	.globl modes_start, modes_end\n"
"	.code64\n"
"modes_start:\n"
"	pushq %rbx\n"
"	pushq %rbp\n"
"	movq %rsp, 0x7100\n"
"	sgdt 0x7110\n"
"	sidt 0x7120\n"
"	pushq $0x18\n"
"	pushq $0x8000 + modes_32 - modes_start\n"
"	lretq\n"
"	.code32\n"
"modes_32:\n"				/* compatibility mode */
"	movl $0x10, %eax\n"
"	movl %eax, %ds\n"
"	movl %eax, %ss\n"
"	movl $0x7f00, %esp\n"
"	movl $1, 0x7000\n"
"	movl %cr0, %eax\n"
"	andl $0x7fffffff, %eax\n"
"	movl %eax, %cr0\n"			/* paging off: leaves long mode */
"	movl $0xc0000080, %ecx\n"
"	rdmsr\n"
"	movl %eax, 0x7004\n"			/* EFER: LMA must be off */
"	andl $~0x100, %eax\n"
"	wrmsr\n"
"	xorl %eax, %eax\n"
"	cpuid\n"
"	ljmp $0x20, $0x8000 + modes_16 - modes_start\n"
"	.code16\n"
"modes_16:\n"				/* 16-bit protected */
"	movw $0x28, %ax\n"
"	movw %ax, %ds\n"
"	movw %ax, %es\n"
"	movw %ax, %ss\n"
"	movl %cr0, %eax\n"
"	andl $~1, %eax\n"
"	movl %eax, %cr0\n"
"	ljmp $0x0800, $modes_real_mode - modes_start\n"
"modes_real_mode:\n"
"	xorw %ax, %ax\n"
"	movw %ax, %ds\n"
"	movw %ax, %ss\n"
"	movw $0x7f00, %sp\n"
"	movw $0x100, %ax\n"
"	movw %ax, %es\n"
"	movw %cs, %ax\n"
"	movzwl %ax, %eax\n"
"	movl %eax, 0x7008\n"
"	xorl %eax, %eax\n"
"	cpuid\n"
"	movl %ebx, 0x7014\n"
"	movw $0x3ff, %dx\n"
"	movb $0x3c, %al\n"
"	outb %al, %dx\n"
"	xorl %eax, %eax\n"
"	inb %dx, %al\n"
"	movl %eax, 0x7018\n"
"	movw $0x10, %di\n"
"	movw $4, %cx\n"
"	rep insb\n"				/* ES:DI = 0x1010 */
"	movl %es:0x10, %eax\n"
"	movl %eax, 0x701c\n"
/* the BIOS: asked for its memory map it refuses; an interrupt of hardware does nothing */
"	lidtw %cs:modes_ivt - modes_start\n"
"	movl $0xe820, %eax\n"
"	clc\n"
"	int $0x15\n"
"	pushfw\n"
"	popw %bx\n"
"	movzwl %bx, %ebx\n"
"	movl %ebx, 0x7020\n"
"	movzwl %ax, %eax\n"
"	movl %eax, 0x7024\n"
"	clc\n"
"	int $8\n"
"	pushfw\n"
"	popw %bx\n"
"	movzwl %bx, %ebx\n"
"	movl %ebx, 0x7028\n"
/* an interrupt through the real-mode vector table */
"	movw $0x8000 + modes_handler - modes_start, 0x180\n"
"	movw $0, 0x182\n"
"	int $0x60\n"
/* and back */
"	lgdtl 0x7110\n"
"	movl %cr0, %eax\n"
"	orl $1, %eax\n"
"	movl %eax, %cr0\n"
"	ljmpl $0x18, $0x8000 + modes_back32 - modes_start\n"
"modes_handler:\n"
"	movl $0x1234, 0x700c\n"
"	iretw\n"
"modes_ivt: .word 0x3ff\n .long 0\n"
"	.code32\n"
"modes_back32:\n"
"	movl $0x10, %eax\n"
"	movl %eax, %ds\n"
"	movl %eax, %es\n"
"	movl %eax, %ss\n"
"	movl $1, 0x7010\n"
"	movl $0xc0000080, %ecx\n"
"	rdmsr\n"
"	orl $0x100, %eax\n"
"	wrmsr\n"
"	movl %cr0, %eax\n"
"	orl $0x80000000, %eax\n"
"	movl %eax, %cr0\n"
"	ljmp $0x08, $0x8000 + modes_back64 - modes_start\n"
"	.code64\n"
"modes_back64:\n"
"	lidt 0x7120\n"
"	movq 0x7100, %rsp\n"
"	popq %rbp\n"
"	popq %rbx\n"
"	ret\n"
"modes_end:\n");

void guest_main(void)
{
	void (*code)(void) = (void (*)(void))0x8000;

	memset((void *)0x7000, 0, 0x100);
	memcpy((void *)0x8000, modes_start, (size_t)(modes_end - modes_start));
	code();
	ok_equal(NOTES->protected32, 1, "compatibility mode");
	ok(!(NOTES->paging_off & BIT32(10)), "EFER.LMA off without paging");
	ok_equal(NOTES->real16, 0x800, "real mode: CS");
	ok_equal(NOTES->cpuid_real, cpuid(0, 0).b, "real mode: CPUID");
	ok_equal(NOTES->in_real, 0x3c, "real mode: port");
	ok_equal(NOTES->segment_real, 0x3c3c3c3c, "real mode: REP INSB to ES:DI");
	ok_equal(NOTES->interrupt_real, 0x1234, "real mode: INT through the vector table");
	ok(NOTES->bios_flags & 1, "real mode: INT 15h sets carry");
	ok_equal(NOTES->bios_ax, 0x8620, "real mode: INT 15h is not supported");
	ok(!(NOTES->stub_flags & 1) && NOTES->stub_flags & 2, "real mode: INT 8 returns");
	ok_equal(NOTES->back32, 1, "back in protected mode");
	ok(read_msr(0xc0000080) & BIT64(10), "back in long mode");
	cpuid(0, 0);
	ok(true, "exits go on");
}
