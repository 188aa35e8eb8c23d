/* SPDX-License-Identifier: MIT */
/*
 * vmcb.h - the VMCB as the hardware defines it (APM Vol. 2 appendix B), and the numbers that go into it. Stays in
 * this room.
 */
#ifndef VOS_VMCB_H
#define VOS_VMCB_H

#include "types.h"

struct vmcb_segment {
	u16 selector;
	u16 attributes;		/* bits 7:0 = descriptor bits 47:40, bits 11:8 = 55:52 */
	u32 limit;
	u64 base;
};

struct vmcb {
	/* Control area. */
	u32 intercept_cr;		/* reads 15:0, writes 31:16 */
	u32 intercept_dr;
	u32 intercept_exceptions;
	u32 intercept_misc1;
	u32 intercept_misc2;
	u32 intercept_misc3;
	u8 zero0[0x24];
	u16 pause_threshold;
	u16 pause_count;
	u64 iopm_base;
	u64 msrpm_base;
	u64 tsc_offset;
	u32 asid;
	u8 tlb_control;
	u8 zero1[3];
	u32 int_control;		/* V_TPR, V_IRQ ... */
	u32 int_vector;
	u64 int_state;
	u64 exit_code;
	u64 exit_info1;
	u64 exit_info2;
	u64 exit_int_info;
	u64 np_enable;
	u8 zero2[0x10];
	u64 event_inject;
	u64 nested_cr3;
	u64 lbr_control;
	u64 clean_bits;
	u64 next_rip;
	u8 fetched_count;
	u8 fetched[15];
	u8 zero3[0x320];
	/* State-save area. */
	struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	u8 zero4[0x2b];
	u8 cpl;
	u8 zero5[4];
	u64 efer;
	u8 zero6[0x70];
	u64 cr4, cr3, cr0, dr7, dr6, rflags, rip;
	u8 zero7[0x58];
	u64 rsp;
	u8 zero8[0x18];
	u64 rax;
	u64 star, lstar, cstar, sfmask, kernel_gs_base, sysenter_cs, sysenter_esp, sysenter_eip;
	u64 cr2;
	u8 zero9[0x20];
	u64 pat;
	u8 zero10[0x990];
};

_Static_assert(offsetof(struct vmcb, iopm_base) == 0x040, "APM B.1");
_Static_assert(offsetof(struct vmcb, int_control) == 0x060, "APM B.1");
_Static_assert(offsetof(struct vmcb, exit_code) == 0x070, "APM B.1");
_Static_assert(offsetof(struct vmcb, np_enable) == 0x090, "APM B.1");
_Static_assert(offsetof(struct vmcb, event_inject) == 0x0a8, "APM B.1");
_Static_assert(offsetof(struct vmcb, next_rip) == 0x0c8, "APM B.1");
_Static_assert(offsetof(struct vmcb, es) == 0x400, "APM B.2");
_Static_assert(offsetof(struct vmcb, cpl) == 0x4cb, "APM B.2");
_Static_assert(offsetof(struct vmcb, efer) == 0x4d0, "APM B.2");
_Static_assert(offsetof(struct vmcb, cr4) == 0x548, "APM B.2");
_Static_assert(offsetof(struct vmcb, rip) == 0x578, "APM B.2");
_Static_assert(offsetof(struct vmcb, rsp) == 0x5d8, "APM B.2");
_Static_assert(offsetof(struct vmcb, rax) == 0x5f8, "APM B.2");
_Static_assert(offsetof(struct vmcb, cr2) == 0x640, "APM B.2");
_Static_assert(offsetof(struct vmcb, pat) == 0x668, "APM B.2");
_Static_assert(sizeof(struct vmcb) == 4096, "APM B.2");

/* Exit codes (APM appendix C); the intercept bits of misc1 and misc2 follow their order. */
enum svm_exit_code {
	SVM_CR_READ = 0x00, SVM_CR_WRITE = 0x10, SVM_DR_READ = 0x20, SVM_DR_WRITE = 0x30, SVM_EXCEPTION = 0x40,
	SVM_INTR = 0x60, SVM_NMI, SVM_SMI, SVM_INIT, SVM_VINTR, SVM_CR0_SELECTIVE, SVM_IDTR_READ, SVM_GDTR_READ,
	SVM_LDTR_READ, SVM_TR_READ,
	SVM_IDTR_WRITE, SVM_GDTR_WRITE, SVM_LDTR_WRITE, SVM_TR_WRITE, SVM_RDTSC, SVM_RDPMC, SVM_PUSHF, SVM_POPF,
	SVM_CPUID, SVM_RSM, SVM_IRET,
	SVM_SOFT_INT, SVM_INVD, SVM_PAUSE, SVM_HLT, SVM_INVLPG, SVM_INVLPGA, SVM_IOIO, SVM_MSR, SVM_TASK_SWITCH,
	SVM_FERR, SVM_SHUTDOWN,
	SVM_VMRUN, SVM_VMMCALL, SVM_VMLOAD, SVM_VMSAVE, SVM_STGI, SVM_CLGI, SVM_SKINIT, SVM_RDTSCP, SVM_ICEBP,
	SVM_WBINVD, SVM_MONITOR,
	SVM_MWAIT, SVM_MWAIT_ARMED, SVM_XSETBV, SVM_RDPRU,
	SVM_EXIT_TABLE_SIZE,
	SVM_INVLPGB = 0xa0, SVM_INVLPGB_ILLEGAL, SVM_INVPCID, SVM_NESTED_FAULT = 0x400
};
_Static_assert(SVM_SHUTDOWN == 0x7f && SVM_XSETBV == 0x8d, "APM appendix C");

#define SVM_EXIT_INVALID 0xffffffffu		/* compare 32 bits: QEMU TCG leaves the upper half 0 */

#define SVM_INTERCEPT1(code) BIT32((code) - SVM_INTR)
#define SVM_INTERCEPT2(code) BIT32((code) - SVM_VMRUN)
#define SVM_INTERCEPT3(code) BIT32((code) - SVM_INVLPGB)
#define SVM_INTERCEPT_DR_ALL 0xffffffffu
/* Always: bits that the guest's CPUID does not have, and the host's CR4.MCE in it. */
#define SVM_INTERCEPT_CR4 (BIT32(4) | BIT32(16 + 4))
#define SVM_INTERCEPT_CR8_WRITE BIT32(16 + 8)

/* int_control */
#define SVM_V_TPR 0xfu
#define SVM_V_IRQ BIT32(8)
#define SVM_V_IGN_TPR BIT32(20)
#define SVM_V_INTR_MASKING BIT32(24)
#define SVM_INT_CONTROL (SVM_V_INTR_MASKING | SVM_V_IGN_TPR)	/* always */

#define SVM_ATTRIBUTE_L 0x200u
#define SVM_ATTRIBUTE_DB 0x400u

#define SVM_INT_STATE_SHADOW BIT64(0)

/* EVENTINJ and EXITINTINFO */
#define SVM_EVENT_VECTOR 0xffu
#define SVM_EVENT_TYPE_SHIFT 8u
#define SVM_EVENT_TYPE 7u
#define SVM_EVENT_HAS_ERROR BIT64(11)
#define SVM_EVENT_VALID BIT64(31)
enum svm_event_type { SVM_EVENT_INTR = 0, SVM_EVENT_NMI = 2, SVM_EVENT_EXCEPTION = 3, SVM_EVENT_SOFT_INT = 4 };

/* EXITINFO1 of IOIO and of a nested page fault */
#define SVM_IO_IN BIT64(0)
#define SVM_IO_STRING BIT64(2)
#define SVM_IO_REP BIT64(3)
#define SVM_NPF_WRITE BIT64(1)
#define SVM_NPF_RESERVED BIT64(3)
#define SVM_NPF_EXEC BIT64(4)
#define SVM_NPF_WALK BIT64(33)

#define SVM_TLB_FLUSH_ALL 1u

#define MSR_VM_CR 0xc0010114u
#define VM_CR_SVMDIS BIT64(4)
#define MSR_VM_HSAVE_PA 0xc0010117u

#endif
