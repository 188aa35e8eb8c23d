/* SPDX-License-Identifier: MIT */
/*
 * walk.h - walks a guest's own page tables: linear address to guest physical address, with the permission checks of the
 * processor. Pure.
 *
 * All paging modes: none, 32-bit, PAE, 4-level, 5-level. Tables that lie outside RAM read as all ones, as on a bus
 * without a device. Protection keys are not checked: the VMM does not see PKRU. (SDM Vol. 3 chapter 4, APM Vol. 2
 * chapter 5.)
 */
#ifndef VOS_WALK_H
#define VOS_WALK_H

#include "guest_memory.h"
#include "x86.h"

#define WALK_WRITE BIT32(0)
#define WALK_FETCH BIT32(1)
#define WALK_NO_DIRTY BIT32(2)	/* check only: don't set the dirty bit */

/* The state of a vCPU that translations depend on. */
struct walk_cpu {
	u64 cr0, cr3, cr4, efer, rflags;
	u32 cpl;
	u32 physical_bits;	/* bits of a GPA as CPUID tells the guest */
};

#define WALK_LEVELS 5u

/* One entry on the way down. */
struct walk_step {
	u64 gpa;	/* of the entry */
	u64 entry;	/* as it was found, with the bits that the walk set */
};

struct walk_result {
	u64 gpa;
	u32 count;	/* of steps; 0 = no paging */
	struct walk_step steps[WALK_LEVELS];
	struct fault fault;	/* when walk() returned false: the #PF to inject */
};

/*
 * Translate one linear address. Sets accessed bits on the way, and the dirty bit for a write. The range up to the end
 * of the 4 KiB page that contains `linear` translates alike.
 */
bool walk(const struct walk_cpu *cpu, const struct guest_memory *memory, u64 linear, u32 access,
	  struct walk_result *result);

/* Fill in from a vcpu page whose GPR, SEG and CR groups are filled. */
void walk_cpu_init(struct walk_cpu *cpu, const struct vcpu_page *page, u32 physical_bits);

#endif
