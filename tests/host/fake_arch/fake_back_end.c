/* SPDX-License-Identifier: MIT */
/*
 * For host tests of vcpu_run with a back end: extended state, of which there is none but its owner; the back end's
 * frames; and the registers of x86.h.
 */
#include "cpu_features.h"
#include "arch.h"
#include "kernel_upcalls.h"
#include "x86.h"

u64 fake_drs[FAKE_PCPUS][8], fake_tsc_aux;
struct cpu_features cpu_features;

void arch_fpu_init(struct fpu_area *area)
{
	(void)area;
}

void arch_fpu_set_xcr0(struct fpu_area *area, u64 xcr0)
{
	(void)area, (void)xcr0;
}

u64 arch_fpu_xcr0(const struct fpu_area *area)
{
	(void)area;
	return 1;
}

void arch_fpu_park(void)
{
}

void arch_fpu_switch(struct fpu_area *area)
{
	if (pcpu_self()->fpu_live == area)
		return;
	pcpu_self()->fpu_live = area;
	pcpu_self()->entered = NULL;
}

void *kernel_frame_alloc(void)
{
	return kernel_frames_alloc(1);
}

void kernel_frame_free(void *frame)
{
	if (frame)
		kernel_frames_free(frame, 1);
}
