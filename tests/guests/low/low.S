/* SPDX-License-Identifier: MIT */
/*
 * low.S - a Multiboot kernel far below 1 MiB, linked to the address in its name: says what it was told, and whether
 * all of it is where it should be.
 */
#define FILLER_BYTES 0x20000
#define FILLER 0xa5
#define COM1 0x3f8
#define SLEEP_CONTROL 0x600		/* platform modern (vmm/dev/platform.h) */
#define S5 0x34

	.code32
	.section .text
	.globl start
	.balign 4
	.long 0x1badb002, 0, -0x1badb002
start:
	movl $stack_end, %esp
	cld
	cmpl $0x2badb002, %eax
	jne bad
	movl $told, %esi
	call put
	movl 16(%ebx), %esi		/* struct mb_info: cmdline */
	call put
	cmpl $1, 20(%ebx)		/* mods_count */
	jne bad
	movl $module, %esi
	call put
	movl 24(%ebx), %esi		/* mods_addr: start, end, string */
	movl 8(%esi), %esi
	call put
	movl $filler, %edi
	movl $FILLER_BYTES, %ecx
	movb $FILLER, %al
	repe scasb
	jne bad
	movl $whole, %esi
	call put
	jmp off
bad:
	movl $spoiled, %esi
	call put
off:
	movw $SLEEP_CONTROL, %dx
	movb $S5, %al
	outb %al, %dx
	hlt

put:
	movw $COM1, %dx
1:	lodsb
	testb %al, %al
	jz 2f
	outb %al, %dx
	jmp 1b
2:	ret

told:	.asciz "told "
module:	.asciz ", module "
whole:	.asciz ", all whole\n"
spoiled: .asciz ", spoiled\n"

	.section .data
filler:	.fill FILLER_BYTES, 1, FILLER
	.section .bss
	.skip 1024
stack_end:
