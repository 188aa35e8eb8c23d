/* SPDX-License-Identifier: MIT */
/*
 * flat.h - what every CPU of a tiny guest does on its way to long mode, for assembly: start.S and smp_start.S.
 */
#ifndef GUEST_FLAT_H
#define GUEST_FLAT_H

	/* All data segments = gdt's flat one. Changes EAX. */
	.macro LOAD_FLAT_DATA
	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl %eax, %fs
	movl %eax, %gs
	.endm

	/* CR4 = EAX, CR3 and EFER for long mode: all but CR0.PG. Changes EAX, ECX, EDX. */
	.macro LOAD_PAGING
	movl %eax, %cr4
	movl $pml4, %eax
	movl %eax, %cr3
	movl $0xc0000080, %ecx
	rdmsr
	orl $0x901, %eax		/* NXE LME SCE */
	wrmsr
	.endm

#endif
