/* SPDX-License-Identifier: MIT */
/*
 * registers.h - for assembly: pushes and pops lists of registers.
 */
#ifndef VOS_REGISTERS_H
#define VOS_REGISTERS_H

/* Those that a function of C keeps (System V AMD64 ABI 3.2.1), and the same backwards. */
#define KEPT rbx, rbp, r12, r13, r14, r15
#define KEPT_BACKWARDS r15, r14, r13, r12, rbp, rbx

	.macro PUSH first, more:vararg
	pushq %\first
	.ifnb \more
	PUSH \more
	.endif
	.endm

	.macro POP first, more:vararg
	popq %\first
	.ifnb \more
	POP \more
	.endif
	.endm

#endif
