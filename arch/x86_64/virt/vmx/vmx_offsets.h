/* SPDX-License-Identifier: MIT */
/*
 * vmx_offsets.h - where vmx_switch.S finds what it needs of C structures; vmx.c asserts that it is true.
 */
#ifndef VOS_VMX_OFFSETS_H
#define VOS_VMX_OFFSETS_H

/* struct vcpu_hw */
#define HW_PAGE		96
#define HW_HOST_RSP	112

/* struct pcpu */
#define PCPU_FAST_VCPU	120

/* struct vcpu_page: the GPRs, in the order of enum gpr: RAX RCX RDX RBX RSP RBP RSI RDI R8 ... R15 */
#define PAGE_GPR(number) 80 + 8 * (number)

#endif
