/* SPDX-License-Identifier: MIT */
/*
 * A stand-in for arch/x86_64/include/x86.h in host tests of the back ends: the same numbers, but the privileged
 * instructions that they use do nothing, or read zero. Those of VMX are in fake_vmx.c. Debug registers and TSC_AUX are
 * kept in the test's variables.
 */
#ifndef VOS_FAKE_X86_H
#define VOS_FAKE_X86_H

#define cpuid(leaf, subleaf) machine_cpuid(leaf, subleaf)
#define rdmsr machine_rdmsr
#define wrmsr machine_wrmsr
#define cr0_read machine_cr0_read
#define cr2_read machine_cr2_read
#define cr3_read machine_cr3_read
#define cr4_read machine_cr4_read
#define cr2_write machine_cr2_write
#define cr3_write machine_cr3_write
#define invlpg machine_invlpg
#define cr8_write machine_cr8_write
#define dr_write_addresses machine_dr_write_addresses
#define dr_read_addresses machine_dr_read_addresses
#define dr6_read machine_dr6_read
#define dr6_write machine_dr6_write
#define dr7_write machine_dr7_write
#define lgdt machine_lgdt
#define ltr machine_ltr
#define vmsave machine_vmsave
#define vmread machine_vmread
#define vmwrite machine_vmwrite
#define vmread_to machine_vmread_to
#define vmwrite_from machine_vmwrite_from
#define vmptrld machine_vmptrld
#define vmclear machine_vmclear
#define invept machine_invept
#include "../../../arch/x86_64/include/x86.h"
#undef cpuid
#undef rdmsr
#undef wrmsr
#undef cr0_read
#undef cr2_read
#undef cr3_read
#undef cr4_read
#undef cr2_write
#undef cr3_write
#undef invlpg
#undef cr8_write
#undef dr_write_addresses
#undef dr_read_addresses
#undef dr6_read
#undef dr6_write
#undef dr7_write
#undef lgdt
#undef ltr
#undef vmsave
#undef vmread
#undef vmwrite
#undef vmread_to
#undef vmwrite_from
#undef vmptrld
#undef vmclear
#undef invept

extern u64 fake_drs[][8], fake_tsc_aux;
extern __thread u32 fake_here;
#define fake_dr fake_drs[fake_here]

/* A test that defines it says what the processor is. */
struct cpuid fake_cpuid(u32 leaf) __attribute__((weak));

static inline struct cpuid cpuid(u32 leaf, u32 subleaf)
{
	return fake_cpuid ? fake_cpuid(leaf) : machine_cpuid(leaf, subleaf);
}

static inline u64 rdmsr(u32 msr)
{
	(void)msr;
	return 0;
}

static inline void wrmsr(u32 msr, u64 value)
{
	if (msr == MSR_TSC_AUX)
		fake_tsc_aux = value;
}

#define FAKE_READ(name) static inline u64 name(void) { return 0; }
FAKE_READ(cr0_read)
FAKE_READ(cr2_read)
FAKE_READ(cr3_read)
FAKE_READ(cr4_read)
#undef FAKE_READ

#define FAKE_WRITE(name, type) static inline void name(type value) { (void)value; }
FAKE_WRITE(cr2_write, u64)
FAKE_WRITE(cr3_write, u64)
FAKE_WRITE(invlpg, u64)
FAKE_WRITE(cr8_write, u64)
FAKE_WRITE(lgdt, const void *)
FAKE_WRITE(ltr, u32)
FAKE_WRITE(vmsave, hpa_t)
#undef FAKE_WRITE

static inline void dr_write_addresses(const u64 dr[4])
{
	for (u32 i = 0; i < 4; i++)
		fake_dr[i] = dr[i];
}

static inline void dr_read_addresses(u64 dr[4])
{
	for (u32 i = 0; i < 4; i++)
		dr[i] = fake_dr[i];
}

static inline u64 dr6_read(void)
{
	return fake_dr[6];
}

static inline void dr6_write(u64 value)
{
	fake_dr[6] = value;
}

static inline void dr7_write(u64 value)
{
	fake_dr[7] = value;
}

u64 vmread(u64 field);
void vmwrite(u64 field, u64 value);
void vmread_to(u64 field, void *to);
void vmwrite_from(u64 field, const u64 *from);
void vmptrld(const void *address);
void vmclear(const void *address);
void invept(u64 type, u64 pointer);

#endif
