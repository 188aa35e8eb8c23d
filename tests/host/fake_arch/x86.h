/*
 * A stand-in for arch/x86_64/include/x86.h in host tests of the back ends: the same numbers, but the privileged
 * instructions that they use do nothing, or read zero.
 */
#ifndef VOS_FAKE_X86_H
#define VOS_FAKE_X86_H

#define rdmsr machine_rdmsr
#define wrmsr machine_wrmsr
#define cr8_write machine_cr8_write
#define dr0_write machine_dr0_write
#define dr1_write machine_dr1_write
#define dr2_write machine_dr2_write
#define dr3_write machine_dr3_write
#define dr7_write machine_dr7_write
#define vmsave machine_vmsave
#include "../../../arch/x86_64/include/x86.h"
#undef rdmsr
#undef wrmsr
#undef cr8_write
#undef dr0_write
#undef dr1_write
#undef dr2_write
#undef dr3_write
#undef dr7_write
#undef vmsave

static inline u64 rdmsr(u32 msr)
{
	(void)msr;
	return 0;
}

static inline void wrmsr(u32 msr, u64 value)
{
	(void)msr, (void)value;
}

#define FAKE_WRITE(name) static inline void name(u64 value) { (void)value; }
FAKE_WRITE(cr8_write)
FAKE_WRITE(dr0_write)
FAKE_WRITE(dr1_write)
FAKE_WRITE(dr2_write)
FAKE_WRITE(dr3_write)
FAKE_WRITE(dr7_write)
#undef FAKE_WRITE

static inline void vmsave(hpa_t to)
{
	(void)to;
}

#endif
