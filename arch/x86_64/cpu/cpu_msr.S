/* SPDX-License-Identifier: MIT */
/*
 * cpu_msr.S - the two instructions of ring 0 whose #GP is an answer: RDMSR and WRMSR of a register that CPUID does not
 * tell of. cpu_trap.c leads their #GP to cpu_msr_refused. They use no stack, so that there is nothing to undo.
 */
	.text

/* bool msr_try_read(u32 msr, u64 *value) */
	.globl msr_try_read
msr_try_read:
	movl %edi, %ecx
	.globl cpu_msr_read_at
cpu_msr_read_at:
	rdmsr
	shlq $32, %rdx
	orq %rdx, %rax
	movq %rax, (%rsi)
	movl $1, %eax
	ret

/* bool msr_try_write(u32 msr, u64 value) */
	.globl msr_try_write
msr_try_write:
	movl %edi, %ecx
	movl %esi, %eax
	movq %rsi, %rdx
	shrq $32, %rdx
	.globl cpu_msr_write_at
cpu_msr_write_at:
	wrmsr
	movl $1, %eax
	ret

	.globl cpu_msr_refused
cpu_msr_refused:
	xorl %eax, %eax
	ret

	.section .note.GNU-stack, "", @progbits
