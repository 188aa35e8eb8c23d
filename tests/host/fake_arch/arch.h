/* SPDX-License-Identifier: MIT */
/*
 * A stand-in for arch/x86_64/include/arch.h in host tests of kernel/: the same declarations, but memory is an array of
 * the test, the time a variable, and the test says which pCPU it is.
 */
#ifndef VOS_FAKE_ARCH_H
#define VOS_FAKE_ARCH_H

#define pcpu_self machine_pcpu_self
#define arch_tsc machine_tsc
#define direct_pointer machine_direct_pointer
#define direct_hpa machine_direct_hpa
#include "../../../arch/x86_64/include/arch.h"
#undef pcpu_self
#undef arch_tsc
#undef direct_pointer
#undef direct_hpa

#define FAKE_MEMORY_BYTES (64 * MIB)

extern u8 *fake_memory;		/* physical address 0 .. FAKE_MEMORY_BYTES */
#define FAKE_PCPUS 4u
extern struct pcpu fake_pcpus[FAKE_PCPUS];
extern __thread u32 fake_here;	/* which one runs now, in this thread of the test */
#define fake_pcpu (fake_pcpus[0])
extern u64 fake_tsc;
extern u32 fake_tlb_flushes;

static inline struct pcpu *pcpu_self(void)
{
	return &fake_pcpus[fake_here];
}

static inline u64 arch_tsc(void)
{
	return fake_tsc;
}

static inline void *direct_pointer(hpa_t hpa)
{
	return fake_memory + hpa.raw;
}

static inline hpa_t direct_hpa(const void *p)
{
	return HPA((u64)((const u8 *)p - fake_memory));
}

/* arch_ipi only counts; this pCPU takes one now, if it has any. */
extern u32 fake_ipis[FAKE_PCPUS];
void fake_take_ipi(u32 pcpu);

/* Memory filled with a pattern, and a frame pool that covers it but the first 2 MiB; a quarter of it KERNEL. Once a
 * program (slabs keep their frames). */
void fake_machine_init(void);

#endif
