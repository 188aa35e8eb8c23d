/* SPDX-License-Identifier: MIT */
/*
 * vcpu_page.h - the page through which a VMM and the kernel exchange a vCPU's state.
 *
 * Ownership: the VMM's while no vcpu_run is in progress, the kernel's from the entry of vcpu_run to its return. The
 * kernel reads each field once per run, judges what it read and uses that; only of `dirty` and deadline_tsc there may
 * be a look before, which chooses the way and nothing else. The VMM must treat everything it finds there after a return
 * as true.
 *
 * Vendor-neutral: no VMCB offset, VMCS field or hardware exit number appears here. Segment attributes are in the VMX
 * access-rights format (SDM Vol. 3 24.4.1: type 3:0, S 4, DPL 6:5, P 7, AVL 12, L 13, D/B 14, G 15, unusable 16),
 * which holds all that AMD's 12-bit form holds.
 *
 * Protocol for one run:
 *   - `filled` says which groups hold the vCPU's true state. GROUP_GPR always does after a return.
 *   - the VMM changes registers in groups that are filled, or writes whole groups, and sets their bits in `dirty`;
 *     the kernel loads those and clears `dirty`.
 *   - for each exit the kernel fills GROUP_GPR and the groups that exit reason needs (virt_exit_groups); SYS_VCPU_GET
 *     fills more. What it takes to fetch an instruction of unknown length (insn_len = 0) has to be asked for.
 *   - gpr[] but RAX and RSP is where the guest's registers are between two runs: what the VMM writes there needs no bit
 *     in `dirty`.
 *
 * Events: `event` is an exception, NMI or software interrupt to inject at the next entry, if `dirty` has GROUP_EVENT.
 * At a return it holds an event whose delivery was cut short by the exit, or that an entry was to deliver that the
 * hardware has refused, and GROUP_EVENT is set, else valid = 0; a VMM that leaves both alone thereby puts it back.
 * External interrupts: the VMM puts the best candidate into intr_vector, intr_pending = 1 and enters. The kernel
 * delivers it as soon as the guest can take it (interrupt window and all) and then sets intr_pending = 0; while
 * intr_pending is still 1 after a return the guest has not seen it, and the VMM may replace or withdraw it.
 * nmi_pending works alike.
 *
 * steal_tsc is the kernel's alone, which may write it whenever the vCPU's thread does not run.
 */
#ifndef VOS_VCPU_PAGE_H
#define VOS_VCPU_PAGE_H

#include "types.h"

#define VCPU_PAGE_VERSION 2u

/* Register groups. */
#define GROUP_GPR BIT32(0)	/* gpr[], rip, rflags, cr8, shadow */
#define GROUP_SEG BIT32(1)	/* es..tr, gdtr, idtr */
#define GROUP_CR BIT32(2)	/* cr0 cr2 cr3 cr4 xcr0 efer pat */
#define GROUP_DR BIT32(3)	/* dr0-3 dr6 dr7 */
#define GROUP_MSR BIT32(4)	/* syscall and sysenter MSRs, kernel_gs_base, tsc_aux */
#define GROUP_TIME BIT32(5)	/* tsc_offset; write only */
#define GROUP_ALL 0x3fu
/*
 * In `filled` only, at exits whose insn_len is 0: one of enum code_kind, which says that linear addresses are offsets
 * (the bases of CS, DS and SS are 0 where they count) and how they are translated; `cr3` is filled then, to be read.
 */
#define GROUP_CODE 0xff00u
#define GROUP_CODE_SHIFT 8
/*
 * In `dirty` only: the instruction that exited has been completed. Of GROUP_GPR only RAX and RIP are loaded, which need
 * no judging; RFLAGS.RF and the shadows of STI and MOV SS are cleared. Still there after a return that was not an
 * exit, if the guest was not entered; then RIP and RAX in the page are what the step will load, and stay so at a
 * SYS_VCPU_GET.
 */
#define GROUP_STEP BIT32(7)
/* In `dirty` only: `event` holds an event. */
#define GROUP_EVENT BIT32(8)

enum code_kind {
	CODE_OTHER,		/* GROUP_CODE is not filled */
	CODE_64,		/* 64-bit code, 4-level paging */
	CODE_32_LONG,		/* 32-bit code: 4-level paging */
	CODE_32_PAE,		/* ... PAE paging */
	CODE_32_PSE,		/* ... 32-bit paging, CR4.PSE set */
	CODE_32_NO_PSE,		/* ... and not set */
	CODE_32_UNPAGED		/* ... no paging */
};

enum gpr { GPR_RAX, GPR_RCX, GPR_RDX, GPR_RBX, GPR_RSP, GPR_RBP, GPR_RSI, GPR_RDI,
	   GPR_R8, GPR_R9, GPR_R10, GPR_R11, GPR_R12, GPR_R13, GPR_R14, GPR_R15, GPR_COUNT };

enum seg { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_LDTR, SEG_TR, SEG_COUNT };

struct vcpu_segment {
	u64 base;
	u32 limit;		/* in bytes, granularity already applied */
	u32 access;		/* VMX access-rights format */
	u16 selector;
	u16 zero[3];
};

struct vcpu_table {
	u64 base;
	u32 limit;
	u32 zero;
};

enum exit_reason {
	EXIT_NONE,
	EXIT_PIO,		/* .pio */
	EXIT_MEM,		/* .mem: access to a GPA that is not mapped, or not so */
	EXIT_MSR_READ,		/* .msr */
	EXIT_MSR_WRITE,		/* .msr */
	EXIT_CPUID,
	EXIT_HLT,
	EXIT_HYPERCALL,		/* VMCALL or VMMCALL */
	EXIT_XSETBV,		/* ECX, EDX:EAX not judged yet; CR */
	EXIT_DR,		/* MOV to or from a debug register, not executed; GPR SEG CR DR. QEMU 7.2 only */
	EXIT_CR8,		/* MOV to CR8 with a tpr_threshold, on hardware that can't compare; not executed */
	EXIT_TPR,		/* cr8 has fallen below tpr_threshold; the instruction was executed */
	EXIT_EXCEPTION,		/* .exception: intercepted #DB or #AC, to be put back as event; insn_len: of INT1 */
	EXIT_CACHE,		/* INVD or WBINVD */
	EXIT_PAUSE,		/* too many PAUSEs */
	EXIT_INSN,		/* not for guests (VMRUN, VMXON, RSM, MONITOR, RDPMC ...): inject #UD or #GP */
	EXIT_SHUTDOWN,		/* triple fault; SEG CR */
	EXIT_BAD_STATE,		/* entry refused: .bad_state; all groups */
	EXIT_DEADLINE,		/* deadline_tsc has passed */
	EXIT_NOMEM,		/* guest memory could not be granted: .mem */
	EXIT_GRANTED,		/* only counted: the kernel granted the memory, the VMM hears nothing */
	EXIT_SHADOW,		/* left in a shadow of interrupts; it may not last: execute a HLT behind STI */
	EXIT_CR,		/* MOV to CR0 or CR4, from CR4, or LMSW, not executed; GPR SEG CR; to be decoded */
	EXIT_TASK_SWITCH,	/* by a task gate or to a TSS, on hardware that leaves it to software */
	EXIT_REASON_COUNT
};

/* exit_flags: bits of several records */
#define PIO_IN BIT32(0)
#define PIO_STRING BIT32(1)
#define PIO_REP BIT32(2)
#define MEM_READ BIT32(0)
#define MEM_WRITE BIT32(1)
#define MEM_EXEC BIT32(2)
#define MEM_WALK BIT32(3)	/* the access was the guest's own page walk */
#define MEM_GVA BIT32(4)	/* .gva is valid */

struct vcpu_exit {
	u32 reason;		/* enum exit_reason */
	u32 insn_len;		/* bytes, 0 = the hardware did not say: decode */
	u32 flags;		/* PIO_*, MEM_* */
	u32 zero;
	union {
		/* size 1, 2, 4; next_rip 0 = unknown; string forms: decode for segment and address size */
		struct { u16 port; u8 size; u8 zero[5]; u64 next_rip; } pio;
		struct { u64 gpa; u64 gva; } mem;
		struct { u32 index; u32 zero; } msr;				/* value in EDX:EAX */
		struct { u32 vector; u32 error; u64 address; } exception;	/* address: CR2 or DR6 pending bits */
		struct { u64 hardware; u64 detail; } bad_state;	/* vendor's code, for people to read only */
	};
};

/* Soft exceptions: INT1, INT3, INTO. */
enum event_type { EVENT_EXCEPTION = 0, EVENT_NMI = 1, EVENT_SOFT_INT = 2, EVENT_SOFT_EXCEPTION = 3 };

struct vcpu_event {
	u8 valid;
	u8 type;		/* enum event_type */
	u8 vector;
	u8 has_error;
	u32 error;
	u32 insn_len;		/* software types: RIP is advanced by this much for the frame pushed */
	u32 zero;
};

/* Interrupt shadow, in `shadow`; as SDM Vol. 3 24.4.2 has it. */
#define SHADOW_STI BIT32(0)
#define SHADOW_MOVSS BIT32(1)
#define SHADOW_NMI BIT32(3)	/* NMIs blocked until IRET */

struct vcpu_page {
	u32 version;
	u32 index;
	u64 deadline_tsc;	/* host TSC; DEADLINE_NONE = none */
	u32 dirty;		/* VMM -> kernel; read as one with the next four */
	u8 intr_pending;
	u8 intr_vector;		/* 0 if there is none */
	u8 nmi_pending;
	u8 tpr_threshold;	/* 0..15: exit when CR8 falls below it; 0 = never */
	u32 filled;		/* kernel -> VMM */
	u32 zero0;
	struct vcpu_event event;
	struct vcpu_exit exit;
	/* GROUP_GPR */
	u64 gpr[GPR_COUNT];
	u64 rip;
	u64 rflags;
	u32 cr8;
	u32 shadow;
	/* GROUP_SEG */
	struct vcpu_segment seg[SEG_COUNT];
	struct vcpu_table gdtr;
	struct vcpu_table idtr;
	/* GROUP_CR */
	u64 cr0, cr2, cr3, cr4, xcr0, efer, pat;
	/* GROUP_DR */
	u64 dr[4], dr6, dr7;
	/* GROUP_MSR */
	u64 star, lstar, cstar, sfmask, kernel_gs_base;
	u64 sysenter_cs, sysenter_esp, sysenter_eip;
	u64 tsc_aux, spec_ctrl;
	/* GROUP_TIME */
	u64 tsc_offset;		/* guest TSC = host TSC + tsc_offset */
	/* no group */
	u64 steal_tsc;		/* how long the thread was ready to run, but others ran */
};

_Static_assert(sizeof(struct vcpu_segment) == 24, "ABI");
_Static_assert(sizeof(struct vcpu_exit) == 32, "ABI");
_Static_assert(sizeof(struct vcpu_event) == 16, "ABI");
_Static_assert(offsetof(struct vcpu_page, event) == 32, "ABI");
_Static_assert(offsetof(struct vcpu_page, exit) == 48, "ABI");
_Static_assert(offsetof(struct vcpu_page, gpr) == 80, "ABI");
_Static_assert(offsetof(struct vcpu_page, seg) == 232, "ABI");
_Static_assert(sizeof(struct vcpu_page) <= 4096, "ABI");

#endif
