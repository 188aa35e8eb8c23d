/* SPDX-License-Identifier: MIT */
/*
 * boot_sector.S - the first sector of a disk, as a BIOS starts it: says so by INT 10h, reads the second sector by INT
 * 13h and says what is in it, writes the third one with what key it got by INT 16h, and starts the machine again with
 * key r. Sectors end with a zero byte or with themselves.
 */
	.code16
	.text
	.globl start
start:
	ljmp $0, $1f
1:	xor %ax, %ax
	mov %ax, %ds
	mov %ax, %es
	mov %ax, %ss
	mov $0x7c00, %sp
	mov %dl, drive
	mov $hello, %si
	call print

	mov $0x4200, %ax		/* extended read */
	call transfer
	mov $0x8000, %si
	call print
	mov $keys, %si
	call print

key:	xor %ax, %ax
	int $0x16
	push %ax
	mov $0x0e, %ah
	xor %bx, %bx
	int $0x10
	pop %ax
	mov %al, 0x8000
	movb $0, 0x8001
	movw $2, packet_lba
	mov $0x4300, %ax		/* extended write */
	call transfer
	cmpb $'r', 0x8000
	jne key
	ljmp $0xffff, $0

transfer:
	mov $packet, %si
	mov drive, %dl
	int $0x13
	jc 1f
	ret
1:	mov $failed, %si
	call print
	hlt
	jmp 1b

print:	lodsb
	test %al, %al
	jz 1f
	mov $0x0e, %ah
	xor %bx, %bx
	int $0x10
	jmp print
1:	ret

drive:	.byte 0
packet:	.byte 16, 0
	.word 1				/* sector */
	.word 0x8000, 0			/* where */
packet_lba:
	.quad 1
hello:	.asciz "boot sector runs: "
keys:	.asciz "\r\nkeys: "
failed:	.asciz "\r\nINT 13h failed\r\n"

	.org 510
	.word 0xaa55
