/* SPDX-License-Identifier: MIT */
/*
 * dsdt.S - the two DSDTs that iasl made of dsdt-*.asl, as read-only data.
 */
	.section .rodata.dsdt, "a"
	.balign 16
	.globl dsdt_modern, dsdt_modern_end, dsdt_pc, dsdt_pc_end
dsdt_modern:
	.incbin "build/aml/dsdt-modern.aml"
dsdt_modern_end:
	.balign 16
dsdt_pc:
	.incbin "build/aml/dsdt-pc.aml"
dsdt_pc_end:

	.section .note.GNU-stack, "", @progbits
