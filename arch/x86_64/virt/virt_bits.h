/* SPDX-License-Identifier: MIT */
/*
 * virt_bits.h - architectural bits that both back ends and the filter share, beyond x86.h. No policy, no vendor's
 * structure here. Sources: AMD APM Vol. 2 (3.1, 4.7, 13.1), Intel SDM Vol. 3 (2.5, 17.2, 24.4.1).
 */
#ifndef VOS_VIRT_BITS_H
#define VOS_VIRT_BITS_H

#include "info_page.h"
#include "types.h"
#include "vcpu_page.h"
#include "x86.h"

#define EFER_FFXSR BIT64(14)	/* AMD: fast FXSAVE */

#define DR7_FIXED 0x400ull
#define DR7_ENABLES 0xffull	/* L0 .. G3 */
#define DR7_GD BIT64(13)
#define DR7_IO_0 (BIT64(1) | BIT64(17))	/* G0, on a port: needs CR4.DE */
#define DR6_FIXED 0xffff0ff0ull
#define DR6_BREAKPOINTS 0xfull
#define DR6_BS BIT64(14)
#define DR6_CAUSES 0xe00full	/* B0-B3, BD, BS, BT */

/* Segment access rights as in vcpu_page.h. */
#define ACCESS_TYPE 0xfu
#define ACCESS_TYPE_ACCESSED BIT32(0)
#define ACCESS_TYPE_READABLE BIT32(1)	/* of a code segment */
#define ACCESS_TYPE_CODE BIT32(3)
#define ACCESS_S BIT32(4)
#define ACCESS_DPL_SHIFT 5u
#define ACCESS_DPL (3u << ACCESS_DPL_SHIFT)
#define ACCESS_P BIT32(7)
#define ACCESS_L BIT32(13)
#define ACCESS_DB BIT32(14)
#define ACCESS_G BIT32(15)
#define ACCESS_UNUSABLE BIT32(16)
#define ACCESS_DEFINED 0x1f0ffu

#define VECTOR_INTO 4u

/*
 * TSC ticks: PAUSEs at most so far apart belong to one loop, and a loop this long exits. That is longer than a lock is
 * held by a vCPU that runs, and about what two exits cost. AMD counts PAUSEs instead, of 40 ticks and more.
 */
#define PAUSE_GAP 128u
#define PAUSE_WINDOW 4096u
#define PAUSE_COUNT (PAUSE_WINDOW / 40)

/* Exceptions that push an error code (APM Vol. 2 8.2): 8, 10-14, 17, 21, 29, 30. */
#define ERROR_CODE_VECTORS 0x60227d00u

/* enum code_kind of 32-bit code whose segments are flat. */
static inline u32 code_32_kind(u64 cr0, u64 cr4, u64 efer)
{
	if (!(cr0 & CR0_PG))
		return CODE_32_UNPAGED;
	if (efer & EFER_LMA)
		return CODE_32_LONG;
	if (cr4 & CR4_PAE)
		return CODE_32_PAE;
	return cr4 & CR4_PSE ? CODE_32_PSE : CODE_32_NO_PSE;
}

/*
 * Of class fault, so that the frame shows RF = 1 (APM Vol. 2 8.2, 13.1.3; SDM Vol. 3 6.8.2); but #DB, which may be one
 * and knows itself: 0, 5-7, 10-14, 16, 17, 19-21, 28-30.
 */
#define FAULT_VECTORS 0x703b7ce1u

static inline bool virt_sets_rf(const struct vcpu_event *e)
{
	return e->type == EVENT_EXCEPTION && (FAULT_VECTORS & BIT32(e->vector & 31u));
}

/*
 * A register of 64 bits that is the same in the vcpu page and in the hardware's structure, where it is at `hw`. Loops
 * over them are unrolled: the compiler then tests each group once, with constants for all else.
 */
struct state_field { u16 page, hw; u32 group; };
#define STATE_FIELD(which, name, where) { .page = offsetof(struct vcpu_page, name), .hw = (where), .group = (which) }

static inline u64 *state_at(const void *base, u32 offset)
{
	return (u64 *)((u64)base + offset);	/* NOLINT: into the page or the VMCB, whichever that is */
}

/* The state after INIT (APM Vol. 2 14.1.3, SDM Vol. 3 9.1.1), for vcpu_init. (virt.c) */
extern const struct vcpu_page virt_init_state;

/* #GP(0) is to be injected at the next entry. (virt.c) */
struct vcpu_entry;
void virt_raise_gp(struct vcpu_entry *entry);

/* For the back ends' probes: a feature they know of, and why the machine can't be used. (virt.c) */
void virt_note_feature(struct info_page *info, u32 feature, bool is_there);
void virt_note_reason(struct info_page *info, const char *reason);

#endif
