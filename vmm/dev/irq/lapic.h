/* SPDX-License-Identifier: MIT */
/*
 * lapic.h - the local APICs of one VM: registers, timer, inter-processor interrupts.
 *
 * One struct lapic per vCPU, joined by a struct lapic_bus. An APIC serves the xAPIC page and the x2APIC MSRs,
 * whichever mode its APIC_BASE has chosen. APIC ID = index of the vCPU. Time is the guest's TSC; the timer's bus clock
 * is 1 GHz. The VMM copies CR8: lapic_set_cr8() after an exit, lapic_cr8() before an entry (SDM Vol. 3 chapter 11, APM
 * Vol. 2 chapter 16).
 *
 * Threads: an APIC belongs to its vCPU's thread, and there are no locks. Other threads post vectors and events in
 * atomic bits of struct lapic_posted and call ops->kick; the owner takes them in lapic_collect(). The owner writes each
 * value that other threads read to route a message in one store.
 */
#ifndef VOS_LAPIC_H
#define VOS_LAPIC_H

#include "device.h"
#include "irq_message.h"
#include "platform.h"

#define LAPIC_BASE_BSP BIT64(8)
#define LAPIC_BASE_X2APIC BIT64(10)
#define LAPIC_BASE_ENABLE BIT64(11)
#define LAPIC_MSR_FIRST 0x800u
#define LAPIC_MSR_EOI 0x80bu
#define LAPIC_MSR_LAST 0x8ffu

struct lapic_bus;

enum lapic_lvt { LVT_TIMER, LVT_THERMAL, LVT_PERF, LVT_LINT0, LVT_LINT1, LVT_ERROR, LVT_COUNT };

struct lapic_bits { u32 word[8]; };	/* 256 vectors */

/* What other threads have posted. All atomic. */
struct lapic_posted {
	u32 what;		/* bit w: irr[w] has bits; LAPIC_POSTED_*. Set last, taken first */
	u32 irr[8];
	u32 level[8];		/* trigger modes of the vectors in irr */
};

struct lapic {
	struct lapic_bus *bus;
	u32 index;
	/* The owner writes, others read (atomic). */
	u64 base;		/* APIC_BASE */
	u32 tpr, ldr, dfr, svr;
	u64 tsc_adjust;		/* IA32_TSC_ADJUST: this vCPU's TSC - that of the bus's clock */
	/* The owner's alone. */
	u32 esr, esr_pending, divide, initial_count;
	u64 icr;
	u32 lvt[LVT_COUNT];
	struct lapic_bits irr, isr, tmr;
	u64 target_tsc;		/* when the timer fires (also TSC-deadline); 0 = not armed */
	/* Others write too (atomic). */
	u32 lint0;		/* level of LINT0: the 8259's INTR */
	struct lapic_posted posted;
};

/* What the APICs need of the machine. All are called with the target's index, and on any thread. */
struct lapic_ops {
	void (*kick)(void *ctx, u32 index);	/* something may be deliverable: lapic_collect(), lapic_pick() again */
	void (*nmi)(void *ctx, u32 index);
	/* INIT: its thread is to call lapic_reset(), reset the vCPU's registers, and wait for startup. */
	void (*init)(void *ctx, u32 index);
	/* SIPI: real mode at vector << 12, if it waits for one. */
	void (*startup)(void *ctx, u32 index, u8 vector);
	/* End of a level-triggered interrupt, to the I/O APICs. */
	void (*eoi)(void *ctx, u8 vector);
};

struct lapic_bus {
	struct lapic *lapics;
	u32 count;
	struct clock clock;
	const struct lapic_ops *ops;
	void *ctx;
};

/*
 * Power on: APIC 0 is the BSP's. All are in xAPIC mode, as firmware leaves them where IDs are below 255: a 32-bit
 * kernel may know no other. has_8259: with the virtual wire that PC firmware leaves behind.
 */
void lapic_bus_init(struct lapic_bus *bus, struct lapic *lapics, u32 count, const struct clock *clock,
		    const struct lapic_ops *ops, void *ctx, bool has_8259);
/* INIT: everything but APIC_BASE and the ID; what was posted until now is lost. */
void lapic_reset(struct lapic *l);

/* Take in what other threads posted. Before lapic_pick(). */
void lapic_collect(struct lapic *l);

/* An interrupt message from an I/O APIC or an MSI. Any thread. True if some APIC took it. */
bool lapic_bus_deliver(struct lapic_bus *bus, const struct irq_message *message);

/* APIC_BASE (1Bh), and its MSRs 800h-8FFh; false = #GP. */
static inline u64 lapic_base(const struct lapic *l) { return l->base; }
bool lapic_set_base(struct lapic *l, u64 value);
bool lapic_msr_read(struct lapic *l, u32 msr, u64 *value);
bool lapic_msr_write(struct lapic *l, u32 msr, u64 value);
/* The vCPU's TSC, and IA32_TSC_ADJUST (3Bh), which moves it against those of the others; the timer's count stays. */
u64 lapic_tsc(const struct lapic *l);
u64 lapic_tsc_adjust(const struct lapic *l);	/* any thread */
void lapic_set_tsc_adjust(struct lapic *l, u64 value);
/* IA32_TSC_DEADLINE (6E0h) */
u64 lapic_tsc_deadline(const struct lapic *l);
void lapic_set_tsc_deadline(struct lapic *l, u64 value);

/*
 * After a write to this register (MSR index - LAPIC_MSR_FIRST, or offset in the page / 16): does ops->kick cover all
 * its effects? Else the caller checks timers, interrupts and CR8 again.
 */
static inline bool lapic_write_kicks(u32 reg)
{
	/* EOI, ICR, its upper half, self-IPI */
	static const u64 registers = BIT64(0x0b) | BIT64(0x30) | BIT64(0x31) | BIT64(0x3f);

	return reg < 64 && (registers >> reg & 1);
}

/*
 * True while the xAPIC page is at `base & ~0xfff`: enabled and not x2APIC. Accesses to it go to lapic_region with the
 * accessing vCPU's struct lapic.
 */
bool lapic_has_mmio(const struct lapic *l);
extern const struct region_ops lapic_region;

/*
 * Highest vector that may be delivered now (priority above PPR), if any. lapic_accept() once the guest took it: IRR ->
 * ISR. *tpr_threshold, as in vcpu_page: CR8 must fall below this for a held-back interrupt to become deliverable; 0 =
 * nothing is held back by TPR.
 */
bool lapic_pick(const struct lapic *l, u8 *vector, u8 *tpr_threshold);
void lapic_accept(struct lapic *l, u8 vector);
/* Is exactly one interrupt requested or in service, and is that edge-triggered? Is any in service? */
bool lapic_has_one_edge(const struct lapic *l);
bool lapic_is_serving(const struct lapic *l);
/* As if the guest had written EOI. */
void lapic_end(struct lapic *l);
/*
 * LINT0 as ExtINT: the 8259's INTR gets through; also while the APIC is disabled by APIC_BASE. Take the vector from
 * pic_acknowledge().
 */
bool lapic_takes_extint(const struct lapic *l);
/* LINT0's level. Any thread, one at a time; as a fixed or NMI interrupt it acts at the next lapic_collect(). */
static inline bool lapic_lint0(const struct lapic *l) { return __atomic_load_n(&l->lint0, __ATOMIC_RELAXED) != 0; }
void lapic_set_lint0(struct lapic *l, bool is_asserted);

static inline u32 lapic_cr8(const struct lapic *l) { return l->tpr >> 4; }
void lapic_set_cr8(struct lapic *l, u32 cr8);

/*
 * Timer: guest TSC at which lapic_run() must be called, DEADLINE_NONE if never. Calling it early or late is harmless.
 * now: lapic_tsc().
 */
u64 lapic_deadline_tsc(const struct lapic *l);
void lapic_run(struct lapic *l, u64 now);

#endif
