/* SPDX-License-Identifier: MIT */
/*
 * pvh_entry.S - lets QEMU's -kernel start VOS, without firmware and GRUB: for the tests, `make bench` and `make gdb`
 * only. Linked into vos-pvh.elf; turns the PVH start information (Xen, public/arch-x86/hvm/start_info.h) into
 * Multiboot2 boot information (specification 2.0, 3.6) and goes on at boot_entry, as a Multiboot2 loader would.
 *
 * The -initrd, which has no name, becomes the module "bundle". ACPI's root pointer is left for root to find, because
 * QEMU's firmware has run. Entered in 32-bit protected mode with paging off, flat segments and EBX = start information.
 */
#define MULTIBOOT2_BOOT_MAGIC	0x36d76289
#define BOOT_INFO		0x10000		/* conventional memory, of which QEMU uses nothing here; up to 60 KiB */
#define STACK_TOP		BOOT_INFO

#define PVH_NR_MODULES		12
#define PVH_MODLIST		16
#define PVH_CMDLINE		24
#define PVH_MEMMAP		40
#define PVH_MEMMAP_ENTRIES	48
#define MODLIST_ENTRY_BYTES	32		/* address, bytes, address of a string, 0 */
#define MEMMAP_ENTRY_BYTES	24		/* as in Multiboot2: address, bytes, type, 0 */

	.section .note.Xen, "a", @note
	.balign 4
	.long 4, 8, 18				/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.quad pvh_entry

	/* Begins a tag: EBP = its start. */
	.macro TAG type
	movl %edi, %ebp
	movl $\type, %eax
	stosl
	addl $4, %edi
	.endm

	.section .boot.text.pvh, "ax", @progbits
	.code32
pvh_entry:
	cld
	movl $STACK_TOP, %esp
	movl $(BOOT_INFO + 8), %edi

	movl PVH_CMDLINE(%ebx), %esi
	testl %esi, %esi
	jz 1f
	TAG 1
	call string
	call end_tag
1:	TAG 2					/* the loader's name */
	movl $loader_name, %esi
	call string
	call end_tag

	movl PVH_NR_MODULES(%ebx), %ecx
	movl PVH_MODLIST(%ebx), %edx
	jecxz 3f
2:	TAG 3
	movl (%edx), %eax
	stosl
	addl 8(%edx), %eax
	stosl
	movl $module_name, %esi
	call string
	call end_tag
	addl $MODLIST_ENTRY_BYTES, %edx
	loop 2b

3:	TAG 6
	movl $MEMMAP_ENTRY_BYTES, %eax
	stosl
	xorl %eax, %eax
	stosl
	movl PVH_MEMMAP(%ebx), %esi
	imull $(MEMMAP_ENTRY_BYTES / 4), PVH_MEMMAP_ENTRIES(%ebx), %ecx
	rep movsl
	call end_tag

	TAG 0
	call end_tag
	movl $BOOT_INFO, %ebx
	subl %ebx, %edi
	movl %edi, (%ebx)
	movl $0, 4(%ebx)
	movl $MULTIBOOT2_BOOT_MAGIC, %eax
	jmp boot_entry

/* Appends the string at ESI with its zero byte. */
string:
	lodsb
	stosb
	testb %al, %al
	jnz string
	ret

/* The tag at EBP ends at EDI; the next one begins at a multiple of 8. */
end_tag:
	movl %edi, %eax
	subl %ebp, %eax
	movl %eax, 4(%ebp)
	addl $7, %edi
	andl $~7, %edi
	ret

	.section .boot.rodata.pvh, "a", @progbits
loader_name:
	.asciz "PVH"
module_name:
	.asciz "bundle"

	.section .note.GNU-stack, "", @progbits
