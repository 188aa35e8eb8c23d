/* SPDX-License-Identifier: MIT */
/*
 * smp_start.S - where an application processor begins: 16-bit code that is copied to SMP_PAGE and SMP_PAGE_2, notes
 * what the CPU looked like, and goes to long mode with the boot processor's page tables and descriptors.
 *
 * Each start takes the next number of a counter, and with it a record in smp_starts and a stack.
 */
#include "flat.h"

#define NUMBER 0x7000
#define NOTES 0x7040

	/* Changes EAX. */
	.macro NOTE register at
	movl \register, %eax
	movl %eax, NOTES + \at(%di)
	.endm

	.text
	.globl smp_code, smp_code_end, smp_code_gdt
	.code16
smp_code:
	movl %edx, %esi
	movw $0, %ax
	movw %ax, %ds
	movl $1, %ebx
	lock xaddl %ebx, NUMBER
	movl %ebx, %edi
	andl $7, %edi
	shll $6, %edi			/* a scratch stack and record in low memory: eight starts at a time */
	movw %ax, %ss
	leal NOTES + 64(%edi), %esp
	pushfl
	popl %ebp
	movl $0, %eax
	movw %cs, %ax
	movl %eax, NOTES + 4(%di)
	movl %esi, NOTES(%di)
	NOTE %cr0, 8
	NOTE %cr4, 12
	NOTE %cr3, 16
	movl $0xc0000080, %ecx
	rdmsr
	movl %eax, NOTES + 20(%di)
	movl %ebp, NOTES + 24(%di)
	NOTE %dr7, 28
	movl $0x1b, %ecx
	rdmsr
	movl %eax, NOTES + 32(%di)
	call 1f				/* the return address is right if IP began at 0 */
1:	popw %ax
	movzwl %ax, %eax
	subl $(1b - smp_code), %eax
	movl %eax, NOTES + 36(%di)
	lgdtl %cs:smp_code_gdt - smp_code
	movl %cr0, %eax
	andl $0x9fffffff, %eax
	orl $1, %eax
	movl %eax, %cr0
	ljmpl $0x18, $smp_32
smp_code_gdt:
	.skip 6
smp_code_end:

	.code32
smp_32:
	LOAD_FLAT_DATA
	movl $0x620, %eax		/* PAE OSFXSR OSXMMEXCPT */
	LOAD_PAGING
	movl $0x80010033, %eax
	movl %eax, %cr0
	ljmp $0x08, $smp_64

	.code64
smp_64:
	movl %ebx, %eax
	incl %eax
	shll $13, %eax
	leaq smp_stacks(%rax), %rsp
	leaq NOTES(%rdi), %rsi
	movl %ebx, %edi
	xorl %ebp, %ebp
	call smp_begin
1:	cli
	hlt
	jmp 1b

	.bss
	.align 4096
smp_stacks:
	.skip 512 * 8192
	.section .note.GNU-stack, "", @progbits
