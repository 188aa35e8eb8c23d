/* SPDX-License-Identifier: MIT */
/*
 * start.S - PVH entry of a tiny guest: 64-bit mode with the first 4 GiB identity-mapped by 2 MiB pages, an IDT with 256
 * gates, then guest_start. The GDT also has 16- and 32-bit segments for the guests that change modes.
 */
#include "flat.h"

	.section .note.Xen, "a", @note
	.align 4
	.long 4, 4, 18			/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.align 4
	.long pvh_entry

	.section .text.boot, "ax", @progbits
	.code32
	.globl pvh_entry
pvh_entry:
	cld
	cli
	movl $stack_top, %esp
	movl %ebx, start_info_address

	movl $pdpt + 3, pml4
	movl $pdpt, %edi
	movl $page_directories + 3, %eax
	movl $4, %ecx
1:	movl %eax, (%edi)
	addl $4096, %eax
	addl $8, %edi
	loop 1b
	movl $page_directories, %edi
	movl $0x83, %eax
	movl $2048, %ecx
1:	movl %eax, (%edi)
	addl $0x200000, %eax
	addl $8, %edi
	loop 1b

	movl %cr4, %eax
	orl $0x620, %eax		/* PAE OSFXSR OSXMMEXCPT */
	LOAD_PAGING
	movl %cr0, %eax
	andl $0x9ffffff9, %eax		/* CD NW EM off */
	orl $0x80010023, %eax		/* PG WP NE MP PE */
	movl %eax, %cr0
	lgdt gdt_pointer
	ljmp $0x08, $start64

	.code64
start64:
	LOAD_FLAT_DATA
	movq $stack_top, %rsp
	/* the TSS descriptor's base */
	movl $tss, %eax
	movw %ax, gdt + 0x30 + 2
	shrl $16, %eax
	movb %al, gdt + 0x30 + 4
	movb %ah, gdt + 0x30 + 7
	movl $0x30, %eax
	ltr %ax
	xorl %ebp, %ebp
	call guest_start
1:	hlt
	jmp 1b

	/* One stub a vector, 16 bytes each: push 0 where the processor pushes no error code, push the vector. */
	.text
	.align 16
	.globl trap_stubs
trap_stubs:
	.set vector, 0
	.rept 256
	.align 16
	.if (vector != 8) && ((vector < 10) || (vector > 14)) && (vector != 17) && (vector != 21)
	pushq $0
	.endif
	pushq $vector
	jmp trap_common
	.set vector, vector + 1
	.endr

trap_common:
	pushq %rax
	pushq %rcx
	pushq %rdx
	pushq %rbx
	pushq %rbp
	pushq %rsi
	pushq %rdi
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, %rdi
	cld
	movq %rsp, %rbx
	andq $~15, %rsp
	call guest_trap
	movq %rbx, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rdi
	popq %rsi
	popq %rbp
	popq %rbx
	popq %rdx
	popq %rcx
	popq %rax
	addq $16, %rsp
	iretq

	.data
	.align 16
	.globl gdt, gdt_pointer
gdt:	.quad 0
	.quad 0x00af9b000000ffff	/* 08: code, 64 bits */
	.quad 0x00cf93000000ffff	/* 10: data, flat */
	.quad 0x00cf9b000000ffff	/* 18: code, 32 bits, flat */
	.quad 0x00009b000000ffff	/* 20: code, 16 bits, base 0 */
	.quad 0x000093000000ffff	/* 28: data, 16 bits, base 0 */
	.quad 0x0000890000000067	/* 30: TSS, 16 bytes */
	.quad 0
	.quad 0x00affb000000ffff	/* 40: code, 64 bits, ring 3 */
	.quad 0x00cff3000000ffff	/* 48: data, ring 3 */
gdt_pointer:
	.word . - gdt - 1
	.quad gdt

	.bss
	.align 4096
	.globl pml4, pdpt, page_directories, stack_top, tss, start_info_address
pml4:	.skip 4096
pdpt:	.skip 4096
page_directories:
	.skip 4 * 4096
	.skip 65536
stack_top:
tss:	.skip 104
start_info_address:
	.skip 8
	.section .note.GNU-stack, "", @progbits
