/* SPDX-License-Identifier: MIT */
/*
 * header.S - the Multiboot2 header, and the way from 32-bit protected mode to boot_main in long mode.
 *
 * Linked where it is loaded (1 MiB). Entered with paging off, a flat 4 GiB code and data segment, interrupts off;
 * nothing else is assumed. The tables made here map 0..4 GiB as they are and 0..1 GiB at KERNEL_BASE, all of it
 * writable and executable: arch_init replaces them.
 */
#include "long_mode.h"

#define MULTIBOOT2_MAGIC	0xe85250d6
#define BOOT_STACK_BYTES	16384

#define EFER_LME		0x100
#define PT_PRESENT_WRITE	0x3
#define PT_LARGE		0x80

#define COM1			0x3f8

/* ---- Multiboot2 header (specification 3.1). Loaders may ignore what is marked optional (1). */
	.section .multiboot2, "a"
	.balign 8
header_start:
	.long MULTIBOOT2_MAGIC
	.long 0					/* i386 protected mode */
	.long header_end - header_start
	.long -(MULTIBOOT2_MAGIC + (header_end - header_start))
	/* Information request: command line, loader, modules, memory map, framebuffer, EFI, ACPI. */
	.balign 8
request_start:
	.short 1, 1
	.long request_end - request_start
	.long 1, 2, 3, 6, 8, 12, 14, 15
request_end:
	/* Framebuffer: UEFI has no text mode, so take what there is. On BIOS the menu asks for text (gfxpayload, set
	 * after the multiboot2 command, which overwrites it): a video BIOS call of the loader is one more thing that
	 * can go wrong. */
	.balign 8
	.short 5, 1
	.long 20
	.long 1024, 768, 32
	/* Modules on page boundaries. */
	.balign 8
	.short 6, 1
	.long 8
	/* End. */
	.balign 8
	.short 0, 0
	.long 8
header_end:

/* ---- 32-bit entry: EAX (the loader's magic), EBX (its structure) -> ESI, EBX. */
	.section .boot.text, "ax", @progbits
	.code32
	.globl boot_entry
boot_entry:
	movl %eax, %esi
	cli
	cld
	movl $early_stack_top, %esp
	call need_long_mode

	/* 2 MiB leaves for 0..4 GiB. */
	movl $early_pd, %edi
	movl $(PT_PRESENT_WRITE | PT_LARGE), %eax
1:	movl %eax, (%edi)
	movl $0, 4(%edi)
	addl $0x200000, %eax
	addl $8, %edi
	cmpl $early_pd + 4 * 4096, %edi
	jne 1b

	movl $(early_pdpt_low + PT_PRESENT_WRITE), early_pml4
	movl $(early_pdpt_high + PT_PRESENT_WRITE), early_pml4 + 511 * 8
	movl $(early_pd + PT_PRESENT_WRITE), early_pdpt_high + 510 * 8
	movl $(early_pd + PT_PRESENT_WRITE), early_pdpt_low
	movl $(early_pd + 0x1000 + PT_PRESENT_WRITE), early_pdpt_low + 8
	movl $(early_pd + 0x2000 + PT_PRESENT_WRITE), early_pdpt_low + 16
	movl $(early_pd + 0x3000 + PT_PRESENT_WRITE), early_pdpt_low + 24

	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $early_pml4, %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	xorl %edx, %edx
	movl $EFER_LME, %eax
	wrmsr
	movl $CR0_PE_MP_NE_WP_PG, %eax
	movl %eax, %cr0
	lgdt early_gdtr
	ljmp $8, $in_long_mode

/* Returns if CPUID says that long mode is there; else tells whoever looks, and stops. Clobbers EAX ECX EDX EDI EBP. */
need_long_mode:
	movl %ebx, %ebp
	pushfl
	popl %eax
	movl %eax, %ecx
	xorl $0x200000, %eax			/* RFLAGS.ID can be changed: there is a CPUID instruction */
	pushl %eax
	popfl
	pushfl
	popl %eax
	xorl %ecx, %eax
	testl $0x200000, %eax
	jz too_old
	movl $0x80000000, %eax
	cpuid
	cmpl $0x80000001, %eax
	jb too_old
	movl $0x80000001, %eax
	cpuid
	testl $(1 << 29), %edx
	jz too_old
	movl %ebp, %ebx
	ret

too_old:
	movl $too_old_text, %esi
	movl $0xb8000, %edi
1:	lodsb
	testb %al, %al
	jz 3f
	movb $0x4f, %ah				/* white on red */
	movw %ax, (%edi)
	addl $2, %edi
	movb %al, %cl
	movl $0x10000, %ebp			/* a port that is not there must not hang us */
2:	movw $(COM1 + 5), %dx
	inb %dx, %al
	decl %ebp
	jz 4f
	testb $0x20, %al
	jz 2b
4:	movw $COM1, %dx
	movb %cl, %al
	outb %al, %dx
	jmp 1b
3:	hlt
	jmp 3b

	.code64
in_long_mode:
	movabsq $boot_high, %rax
	jmpq *%rax

	.section .boot.rodata, "a", @progbits
too_old_text:
	.asciz "VOS: this processor has no 64-bit mode (long mode). VOS cannot run here."
	.balign 8
	.globl early_gdt, early_pml4		/* also ap_entry.S's */
early_gdt:
	.quad 0
	.quad 0x00af9b000000ffff		/* 64-bit code */
	.quad 0x00cf93000000ffff		/* data */
early_gdtr:
	.short early_gdtr - early_gdt - 1
	.long early_gdt

	.section .boot.bss, "aw", @nobits
	.balign 4096
early_pml4:		.skip 4096
early_pdpt_low:		.skip 4096
early_pdpt_high:	.skip 4096
early_pd:		.skip 4 * 4096
early_stack:		.skip 256
early_stack_top:

/* ---- High half: ESI, EBX -> boot_main(magic, structure). */
	.section .text.boot_high, "ax", @progbits
	.globl boot_high
boot_high:
	LOAD_DATA_SEGMENTS
	movq $boot_stack_top, %rsp
	/* The stack protector's canary, before any C: RDRAND if there, and the time. The low byte stays zero to stop
	 * strings. */
	movl %ebx, %r8d
	movl $1, %eax
	cpuid
	xorl %r9d, %r9d
	btl $30, %ecx
	jnc 1f
	rdrand %r9
1:	rdtsc
	shlq $32, %rdx
	orq %rdx, %rax
	movabsq $0x9e3779b97f4a7c15, %rdx
	imulq %rdx, %rax
	xorq %r9, %rax
	xorb %al, %al
	movq %rax, __stack_chk_guard
	movl %esi, %edi
	movl %r8d, %esi
	xorl %ebp, %ebp
	call boot_main
	ud2

	.section .bss.boot_stack, "aw", @nobits
	.balign 4096
	.globl boot_stack, boot_stack_top
boot_stack:	.skip BOOT_STACK_BYTES
boot_stack_top:

	.section .note.GNU-stack, "", @progbits
