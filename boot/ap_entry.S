/* SPDX-License-Identifier: MIT */
/*
 * ap_entry.S - the way of another pCPU from real mode to ap_main in long mode.
 *
 * ap_trampoline is copied to a page below 1 MiB, where the start-up IPI (SIPI) leads, with CS:IP = page:0. It goes to
 * long mode at once, on the boot pCPU's early tables, which map all of this image. What it is to be comes with its
 * stack: whoever takes ap_stack is the one that was called; a latecomer finds none, and sleeps for ever.
 */
#include "long_mode.h"

#define EFER_LME_NXE		0x900

	.section .rodata.ap_trampoline, "a", @progbits
	.globl ap_trampoline, ap_trampoline_end
	.code16
ap_trampoline:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	lgdtl (ap_gdtr - ap_trampoline)
	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $early_pml4, %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	xorl %edx, %edx
	movl $EFER_LME_NXE, %eax
	wrmsr
	movl $CR0_PE_MP_NE_WP_PG, %eax		/* caches on, too: INIT may have left them off */
	movl %eax, %cr0
	ljmpl $8, $ap_low
ap_gdtr:
	.short 3 * 8 - 1
	.long early_gdt
ap_trampoline_end:

	.section .boot.text, "ax", @progbits
	.code64
ap_low:
	movabsq $ap_high, %rax
	jmpq *%rax

	.section .text.ap_high, "ax", @progbits
ap_high:
	LOAD_DATA_SEGMENTS
	movq ap_space, %rax
	movq %rax, %cr3
	xorl %eax, %eax
	xchgq %rax, ap_stack
	testq %rax, %rax
	jz 1f
	movq %rax, %rsp
	movq (%rsp), %rdi			/* its struct pcpu */
	xorl %ebp, %ebp
	call ap_main
1:	cli
	hlt
	jmp 1b

	.section .bss.ap, "aw", @nobits
	.balign 8
	.globl ap_space, ap_stack
ap_space:	.skip 8
ap_stack:	.skip 8

	.section .note.GNU-stack, "", @progbits
