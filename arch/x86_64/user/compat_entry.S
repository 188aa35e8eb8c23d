/* SPDX-License-Identifier: MIT */
/*
 * compat_entry.S - where calls with Linux's numbers arrive.
 */
	.section .note.GNU-stack, "", @progbits
	.text

/*
 * The kernel resumes a thread here instead of executing SYSCALL with RAX < SYS_FIRST: RAX number, RDI RSI RDX R10 R8 R9
 * arguments, RCX = where to go on. The caller expects everything but RAX, RCX and R11 to be kept, vector registers and
 * the red zone included.
 */
	.globl compat_entry
	.type compat_entry, @function
compat_entry:
	leaq -128(%rsp), %rsp
	pushq %rcx
	pushq %rdi
	pushq %rsi
	pushq %rdx
	pushq %r10
	pushq %r8
	pushq %r9
	pushq %rbp
	movq %rsp, %rbp
	andq $-16, %rsp
	/* compat_call(number, a0, a1, a2, a3, a4); none of the calls we answer needs a5 */
	movq %r8, %r9
	movq %r10, %r8
	movq %rdx, %rcx
	movq %rsi, %rdx
	movq %rdi, %rsi
	movq %rax, %rdi
	cld
	call compat_call
	movq %rbp, %rsp
	popq %rbp
	popq %r9
	popq %r8
	popq %r10
	popq %rdx
	popq %rsi
	popq %rdi
	popq %rcx
	leaq 128(%rsp), %rsp
	jmpq *%rcx
	.size compat_entry, . - compat_entry
