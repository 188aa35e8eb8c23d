/* SPDX-License-Identifier: MIT */
/*
 * svm_switch.S - the world switch (APM Vol. 2 15.5).
 *
 * u32 svm_switch(struct vcpu_hw *), and svm_switch_armed
 *
 * The way out leads straight to svm_exit, so that between svm_enter and there nobody but this saves registers.
 *
 * CLGI holds everything back; with IF = 1 at VMRUN host interrupts end guest mode (V_INTR_MASKING). STI does not
 * stand directly before VMRUN, or its shadow would leak into the guest on QEMU TCG. Host interrupts are taken between
 * STGI and CLI, with the host's FS, GS, TR and syscall MSRs back. Offsets are those of enum gpr: RAX 0, RCX 8, RDX
 * 16, RBX 24, RSP 32, RBP 40, RSI 48, RDI 56, R8 64 ... R15 120.
 *
 * Armed: breakpoints of the guest are in force here too (svm_features.leaves_breakpoints), none of which is on anything
 * that this runs or touches. They are disarmed before interrupts.
 */
#include "registers.h"
#include "svm_offsets.h"

	.macro SWITCH name armed
	.globl \name
	.type \name, @function
	.balign 16
\name:
	PUSH KEPT, rdi
	clgi
	sti
	movq HW_VMCB_HPA(%rdi), %rax
	movq HW_GPR(%rdi), %rsi
	pushq %rsi
	vmload %rax
	movq 8(%rsi), %rcx
	movq 16(%rsi), %rdx
	movq 24(%rsi), %rbx
	movq 40(%rsi), %rbp
	movq 56(%rsi), %rdi
	.irp number, 8, 9, 10, 11, 12, 13, 14, 15
	movq 8 * \number(%rsi), %r\number
	.endr
	movq 48(%rsi), %rsi
	vmrun %rax
	vmsave %rax
	.if \armed
	movl $0x400, %eax
	movq %rax, %dr7
	.endif
	popq %rax
	movq %rcx, 8(%rax)
	movq %rdx, 16(%rax)
	movq %rbx, 24(%rax)
	movq %rbp, 40(%rax)
	movq %rsi, 48(%rax)
	movq %rdi, 56(%rax)
	.irp number, 8, 9, 10, 11, 12, 13, 14, 15
	movq %r\number, 8 * \number(%rax)
	.endr
	popq %rdi
	movq HW_HOST_SAVE(%rdi), %rax
	vmload %rax
	POP KEPT_BACKWARDS
	cld
	stgi
	nop
	cli
	jmp svm_exit
	.size \name, . - \name
	.endm

	.text
	SWITCH svm_switch 0
	SWITCH svm_switch_armed 1
	.section .note.GNU-stack, "", @progbits
