/* SPDX-License-Identifier: MIT */
/*
 * start.S - where a PD's threads begin (RDI = size of the heap or index of the thread, RSP = top of the stack).
 */
	.section .note.GNU-stack, "", @progbits
	.text

	.globl _start
	.type _start, @function
_start:
	xorl %ebp, %ebp
	andq $-16, %rsp
	call user_start
	ud2
	.size _start, . - _start
