/* SPDX-License-Identifier: MIT */
/*
 * x86.h - privileged instructions, flags, MSR numbers and the kernel's segment selectors, for the arch rooms. One
 * instruction a function; no policy here. Sources: AMD APM Vol. 2 (3.1, 3.2, appendix A), Intel SDM Vol. 3 (2.5) and
 * Vol. 4.
 */
#ifndef VOS_X86_H
#define VOS_X86_H

#include "register_bits.h"
#include "status.h"

/* Selectors of the GDT (arch/x86_64/cpu/tables.c). The order is the one SYSRET wants: user data, then user code. */
#define SEL_KERNEL_CODE 0x08u
#define SEL_KERNEL_DATA 0x10u
#define SEL_USER_DATA 0x1bu	/* RPL 3 */
#define SEL_USER_CODE 0x23u	/* RPL 3 */
#define SEL_TSS 0x28u
#define SEL_SYSRET_BASE 0x13u

#define RFLAGS_CF BIT64(0)
#define RFLAGS_ONE BIT64(1)
#define RFLAGS_TF BIT64(8)
#define RFLAGS_IF BIT64(9)
#define RFLAGS_DF BIT64(10)
#define RFLAGS_IOPL (3ull << 12)
#define RFLAGS_NT BIT64(14)
#define RFLAGS_RF BIT64(16)
#define RFLAGS_VM BIT64(17)
#define RFLAGS_AC BIT64(18)

#define MSR_APIC_BASE 0x1bu
#define MSR_MICROCODE 0x8bu
#define MSR_PRED_CMD 0x49u
#define MSR_ARCH_CAPABILITIES 0x10au
#define MSR_FEATURE_CONTROL 0x3au
#define MSR_TSC_ADJUST 0x3bu
#define MSR_SYSENTER_CS 0x174u
#define MSR_SYSENTER_ESP 0x175u
#define MSR_SYSENTER_EIP 0x176u
#define MSR_PAT 0x277u
#define MSR_TSC_DEADLINE 0x6e0u
#define MSR_X2APIC 0x800u	/* + register offset / 16 */
#define MSR_EFER 0xc0000080u
#define MSR_STAR 0xc0000081u
#define MSR_LSTAR 0xc0000082u
#define MSR_CSTAR 0xc0000083u
#define MSR_SFMASK 0xc0000084u
#define MSR_FS_BASE 0xc0000100u
#define MSR_GS_BASE 0xc0000101u
#define MSR_KERNEL_GS_BASE 0xc0000102u
#define MSR_TSC_AUX 0xc0000103u

enum vector {
	VECTOR_DE = 0, VECTOR_DB = 1, VECTOR_NMI = 2, VECTOR_BP = 3, VECTOR_UD = 6, VECTOR_NM = 7, VECTOR_DF = 8,
	VECTOR_TS = 10, VECTOR_NP = 11, VECTOR_SS = 12, VECTOR_GP = 13, VECTOR_PF = 14, VECTOR_AC = 17, VECTOR_MC = 18,
	VECTOR_EXCEPTIONS = 32,	/* exceptions are below */
	VECTOR_TIMER = 0xf0,
	VECTOR_IPI = 0xf1,
	VECTOR_APIC_ERROR = 0xfe,
	VECTOR_SPURIOUS = 0xff
};

struct cpuid {
	u32 eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid r;

	__asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
	return r;
}

static inline u64 rdmsr(u32 msr)
{
	u32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
	return (u64)high << 32 | low;
}

static inline void wrmsr(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

/* The same of an MSR that CPUID does not promise. False: #GP, and *value is as it was. (cpu/cpu_msr.S) */
bool msr_try_read(u32 msr, u64 *value) MUST_CHECK;
bool msr_try_write(u32 msr, u64 value) MUST_CHECK;

#define X86_CR(n)										\
	static inline u64 cr##n##_read(void)							\
	{											\
		u64 value;									\
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(value) : : "memory");		\
		return value;									\
	}											\
	static inline void cr##n##_write(u64 value)						\
	{											\
		__asm__ volatile("mov %0, %%cr" #n : : "r"(value) : "memory");			\
	}
X86_CR(0)
X86_CR(2)
X86_CR(3)
X86_CR(4)	/* mask by CPUID first: some emulators answer a reserved bit with a fake VM exit */
X86_CR(8)
#undef X86_CR

#define X86_DR(n)										\
	static inline u64 dr##n##_read(void)							\
	{											\
		u64 value;									\
		__asm__ volatile("mov %%dr" #n ", %0" : "=r"(value));				\
		return value;									\
	}											\
	static inline void dr##n##_write(u64 value)						\
	{											\
		__asm__ volatile("mov %0, %%dr" #n : : "r"(value));				\
	}
X86_DR(0)
X86_DR(1)
X86_DR(2)
X86_DR(3)
X86_DR(6)
X86_DR(7)
#undef X86_DR

/* Where the breakpoints are; DR7 says whether they are in force. */
static inline void dr_write_addresses(const u64 dr[4])
{
	dr0_write(dr[0]);
	dr1_write(dr[1]);
	dr2_write(dr[2]);
	dr3_write(dr[3]);
}

static inline void dr_read_addresses(u64 dr[4])
{
	dr[0] = dr0_read();
	dr[1] = dr1_read();
	dr[2] = dr2_read();
	dr[3] = dr3_read();
}

static inline void clts(void)
{
	__asm__ volatile("clts" : : : "memory");
}

/* Only with CR4.OSXSAVE. */
static inline u64 xgetbv0(void)
{
	u32 low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (u64)high << 32 | low;
}

static inline void xsetbv0(u64 value)
{
	__asm__ volatile("xsetbv" : : "c"(0), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

/* What LGDT, LIDT and their like take. */
struct __attribute__((packed)) table_pointer { u16 limit; u64 base; };

#define X86_MEMORY(name, bytes)									\
	static inline void name(const void *operand)						\
	{											\
		__asm__ volatile(#name " %0" : : "m"(*(const u8 (*)[bytes])operand) : "cc", "memory"); \
	}
X86_MEMORY(lgdt, 10)
X86_MEMORY(lidt, 10)
X86_MEMORY(vmptrld, 8)	/* the address of the VMCS is there */
X86_MEMORY(vmclear, 8)
#undef X86_MEMORY

static inline void vmsave(hpa_t to)
{
	__asm__ volatile("vmsave %0" : : "a"(to.raw) : "memory");
}

/* VMRUN of a VMCB that no processor accepts, such as one of zeros (APM Vol. 2 15.5.1). Writes to it. */
static inline void vmrun_refused(hpa_t vmcb)
{
	__asm__ volatile("clgi\n\tvmrun %0\n\tstgi" : : "a"(vmcb.raw) : "cc", "memory");
}

/* VMCS fields: of the current VMCS. */
static inline u64 vmread(u64 field)
{
	u64 value;

	__asm__ volatile("vmread %1, %0" : "=rm"(value) : "r"(field) : "cc");
	return value;
}

static inline void vmwrite(u64 field, u64 value)
{
	__asm__ volatile("vmwrite %1, %0" : : "r"(field), "rm"(value) : "cc", "memory");
}

/* From or to memory, 8 bytes whatever the field's width. */
static inline void vmread_to(u64 field, void *to)
{
	__asm__ volatile("vmread %1, %0" : "=m"(*(u8 (*)[8])to) : "r"(field) : "cc");
}

static inline void vmwrite_from(u64 field, const u64 *from)
{
	__asm__ volatile("vmwrite %1, %0" : : "r"(field), "m"(*from) : "cc", "memory");
}

static inline void invept(u64 type, u64 pointer)
{
	struct { u64 pointer, zero; } descriptor = { pointer, 0 };

	__asm__ volatile("invept %0, %1" : : "m"(descriptor), "r"(type) : "cc", "memory");
}

static inline void ltr(u32 selector)
{
	__asm__ volatile("ltr %w0" : : "r"(selector) : "memory");
}

static inline void invlpg(u64 va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

static inline u8 inb(u16 port)
{
	u8 value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline void outb(u16 port, u8 value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

#endif
