/* SPDX-License-Identifier: MIT */
/*
 * long_mode.h - the way to long mode, for assembly: what is the same for the boot pCPU (header.S) and the others
 * (ap_entry.S).
 */
#ifndef VOS_LONG_MODE_H
#define VOS_LONG_MODE_H

#define CR0_PE_MP_NE_WP_PG	0x80010023
#define CR4_PAE			0x20
#define MSR_EFER		0xc0000080

	/* DS, ES and SS are early_gdt's data segment, FS and GS none. Changes EAX. */
	.macro LOAD_DATA_SEGMENTS
	movl $16, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	.endm

#endif
