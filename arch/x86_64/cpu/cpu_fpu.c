/* SPDX-License-Identifier: MIT */
/*
 * cpu_fpu.c - extended state (x87, SSE, AVX ...) of threads and guests: one frame for each, one owner of the registers
 * at a time.
 *
 * The live owner's state is saved when another's is loaded, never later: nobody ever runs with a stranger's values. The
 * only relief is arch_fpu_park: ring 3 may run with a guest's state in the registers as long as CR0.TS keeps it from
 * touching them.
 *
 * XSAVE uses the standard format with every component of xcr0_mask; XCR0 itself is the owner's while its state is live.
 * On an emulator whose guests write XCR0 without an exit, the register is the truth, so it is read back.
 */
#include "cpu.h"
#include "fpu_state.h"
#include "info_page.h"
#include "quirks_cpu.h"

#define XCR0_SSE BIT64(1)
#define XCR0_AVX BIT64(2)
#define XCR0_AVX512 (BIT64(5) | BIT64(6) | BIT64(7))
#define XCR0_PKRU BIT64(9)
/* Components that fit behind each other into one frame. Bounds registers and AMX tiles are left out. */
#define XCR0_WANTED (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512 | XCR0_PKRU)
#define XCR0_LEAST (XCR0_X87 | XCR0_SSE)

#define FPU_MXCSR_RESET 0x1f80u

struct fpu_area {
	u64 xcr0;
	u64 zero[7];
	u64 state[PAGE_SIZE / 8 - 8];	/* 64-byte aligned, as XSAVE wants */
};
_Static_assert(sizeof(struct fpu_area) == PAGE_SIZE, "one frame");

/* Largest end of a component in the standard format. */
static u32 area_bytes(u64 mask)
{
	u32 bytes = 512 + 64, i;

	for (i = 2; i < 63; i++) {
		struct cpuid c = cpuid(0xd, i);

		if ((mask & BIT64(i)) && c.ebx + c.eax > bytes)
			bytes = c.ebx + c.eax;
	}
	return bytes;
}

static u64 usable_components(void)
{
	struct cpuid c = cpuid(0xd, 0);
	u64 mask = ((u64)c.edx << 32 | c.eax) & XCR0_WANTED;

	if ((mask & XCR0_AVX512) != XCR0_AVX512 || !(mask & XCR0_AVX))
		mask &= ~XCR0_AVX512;
	if (area_bytes(mask) > sizeof(((struct fpu_area *)0)->state))
		mask = XCR0_LEAST;
	return mask;
}

void fpu_init(struct info_page *info)
{
	if (cpu_features.cr4 & CR4_OSXSAVE) {
		cpu_features.xcr0_mask = usable_components();
		cpu_features.xsave_bytes = area_bytes(cpu_features.xcr0_mask);
		xsetbv0(cpu_features.xcr0_mask);
	}
	info->xcr0_mask = cpu_features.xcr0_mask;
	info->xsave_bytes = cpu_features.xsave_bytes;
}

static void save(struct fpu_area *area)
{
	u32 low = (u32)cpu_features.xcr0_mask, high = (u32)(cpu_features.xcr0_mask >> 32);

	if (!cpu_features.xcr0_mask) {
		__asm__ volatile("fxsaveq %0" : "=m"(area->state));
		return;
	}
	area->xcr0 = xgetbv0() & cpu_features.xcr0_mask;
	xsetbv0(cpu_features.xcr0_mask);
	if (cpu_features.has_xsaveopt)
		__asm__ volatile("xsaveopt64 %0" : "+m"(area->state) : "a"(low), "d"(high));
	else
		__asm__ volatile("xsave64 %0" : "+m"(area->state) : "a"(low), "d"(high));
	if (cpu_features.is_tcg)
		quirk_tcg_mark_initial_x87(area->state);
}

static void restore(const struct fpu_area *area)
{
	u32 low = (u32)cpu_features.xcr0_mask, high = (u32)(cpu_features.xcr0_mask >> 32);

	fpu_forget_pointers();
	if (!cpu_features.xcr0_mask) {
		__asm__ volatile("fxrstorq %0" : : "m"(area->state));
		return;
	}
	xsetbv0(cpu_features.xcr0_mask);
	__asm__ volatile("xrstor64 %0" : : "m"(area->state), "a"(low), "d"(high));
	if (area->xcr0 != cpu_features.xcr0_mask)
		xsetbv0(area->xcr0);
}

void arch_fpu_init(struct fpu_area *area)
{
	/* XSTATE_BV = 0 resets all but MXCSR, which XRSTOR always takes from here; FXRSTOR takes all. */
	area->state[0] = FPU_CONTROL_RESET;
	area->state[FPU_MXCSR_AT / 8] = FPU_MXCSR_RESET;
	area->xcr0 = cpu_features.xcr0_mask;
}

void arch_fpu_switch(struct fpu_area *area)
{
	struct pcpu *pcpu = pcpu_self();

	if (pcpu->fpu_live == area)
		return;
	clts();
	pcpu->fpu_parked = false;
	pcpu->fast_vcpu = NULL;
	if (pcpu->fpu_live)
		save(pcpu->fpu_live);
	if (area)
		restore(area);
	pcpu->fpu_live = area;
}

void fpu_thread_switch(struct fpu_area *area)
{
	struct pcpu *pcpu = pcpu_self();
	bool is_back = pcpu->fpu_parked && pcpu->fpu_want == area;	/* from idling: still parked */

	pcpu->fpu_want = area;
	if (!is_back)
		arch_fpu_switch(area);
}

void arch_fpu_park(void)
{
	struct pcpu *pcpu = pcpu_self();

	if (pcpu->fpu_parked || pcpu->fpu_live == pcpu->fpu_want)
		return;
	cr0_write(cr0_read() | CR0_TS);
	pcpu->fpu_parked = true;
}

bool fpu_unpark(void)
{
	struct pcpu *pcpu = pcpu_self();

	if (!pcpu->fpu_parked)
		return false;
	arch_fpu_switch(pcpu->fpu_want);
	return true;
}

void arch_fpu_set_xcr0(struct fpu_area *area, u64 xcr0)
{
	area->xcr0 = xcr0;
	if (cpu_features.xcr0_mask && pcpu_self()->fpu_live == area)
		xsetbv0(xcr0);
}

u64 arch_fpu_xcr0(const struct fpu_area *area)
{
	if (cpu_features.xcr0_mask && pcpu_self()->fpu_live == area)
		return xgetbv0() & cpu_features.xcr0_mask;
	return area->xcr0;
}

void arch_fpu_forget(struct fpu_area *area)
{
	struct pcpu *pcpu = pcpu_self();

	if (pcpu->fpu_live == area)
		pcpu->fpu_live = NULL;
	if (pcpu->fpu_want == area)
		pcpu->fpu_want = NULL;
}
