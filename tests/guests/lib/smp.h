/* SPDX-License-Identifier: MIT */
/*
 * smp.h - tiny guests with several processors: starting them, telling them what to do, interrupts between them.
 *
 * Each application processor sits in HLT until smp_run gives it a function; the boot processor alone prints. A CPU's
 * number here is its APIC ID. The command line says how many there are (`cpus=N`) and whether their local APICs are in
 * xAPIC mode (`xapic`); otherwise they are in x2APIC mode.
 */
#ifndef SMP_H
#define SMP_H

#include "guest.h"

#define SMP_MAX 16u
#define SMP_STARTS 512u			/* of all CPUs together: each start takes a stack for good */
#define SMP_PAGE 0x8000ull		/* where a started CPU begins; also at SMP_PAGE_2 */
#define SMP_PAGE_2 0x9000ull
#define VECTOR_WAKE 0xf0u		/* takes a CPU out of HLT, to look for work */

struct cpu {
	u64 self;			/* at GS:0 */
	u32 id, start;			/* `start`: number of its last start, index into smp_starts */
	volatile u32 is_up;		/* counts its starts */
	void (*volatile work)(u64);	/* NULL = idle */
	volatile u64 argument;
	volatile u64 hits[256];		/* interrupts taken by smp_count_vector, NMIs too */
	volatile u64 out[8];		/* for the guest's own use */
};
extern struct cpu cpus[SMP_MAX];
extern u32 smp_cpus;			/* command line: cpus= */

/* What a CPU looked like when it began, in 16-bit code. */
struct smp_start {
	u32 edx, cs, cr0, cr4, cr3, efer, eflags, dr7, apic_base, ip, zero[6];
};
extern volatile struct smp_start smp_starts[SMP_STARTS];

static inline struct cpu *this_cpu(void)
{
	struct cpu *c;

	__asm__ volatile("movq %%gs:0, %0" : "=r"(c));
	return c;
}
static inline void relax(void) { __asm__ volatile("pause" : : : "memory"); }

/* The boot processor gets ready; no other CPU runs yet. */
void smp_init(void);
/* INIT, then SIPI twice; true once the CPU is up (again). */
bool smp_start(u32 id);
bool smp_start_at(u32 id, u64 page);
/* All of them; true if all came. */
bool smp_start_all(void);

/* Work for an idle CPU (never the own one); smp_wait is false if it isn't done in a long time. */
void smp_run(u32 id, void (*work)(u64), u64 argument);
bool smp_wait(u32 id);
/* On every CPU at once, the own one included; waits for all. */
bool smp_all(void (*work)(u64), u64 argument);
/* Waits until *word is at least `value`; false after a long time. */
bool smp_reach(volatile u64 *word, u64 value);
/* True once `ticks` of the TSC (patience= if 0) have gone by since `since`. */
bool smp_late(u64 since, u64 ticks);

/* ---- local APIC in either mode ---- */
#define APIC_ID 0x02u
#define APIC_TPR 0x08u
#define APIC_LDR 0x0du
#define APIC_DFR 0x0eu
#define APIC_IRR 0x20u
#define APIC_ESR 0x28u
#define ICR_LOWEST 0x100u
#define ICR_NMI 0x400u
#define ICR_INIT 0x500u
#define ICR_STARTUP 0x600u
#define ICR_LOGICAL 0x800u
#define ICR_PENDING 0x1000u
#define ICR_ASSERT 0x4000u
#define ICR_SELF 0x40000u
#define ICR_ALL 0x80000u
#define ICR_OTHERS 0xc0000u
extern bool apic_is_x2;
u32 apic_read(u32 reg);
void apic_write(u32 reg, u32 value);
u32 apic_id(void);
/* The mode of this CPU, and the APIC on. */
void apic_mode(bool is_x2);
void ipi(u32 destination, u32 low);
/* A trap handler that counts in this CPU's hits, and ends the interrupt; for NMIs too. */
void smp_count_vector(struct trap *t);

#endif
