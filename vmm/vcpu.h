/*
 * vcpu.h - one vCPU as its thread in the VMM sees it: its page, what it was offered, why it does not run.
 *
 * Everything here belongs to the vCPU's own thread, except `requests` and `is_away`, through which other threads reach
 * it.
 */
#ifndef VOS_VCPU_H
#define VOS_VCPU_H

#include "insn_cache.h"
#include "vcpu_page.h"
#include "x86.h"

struct machine;
struct lapic;

enum vcpu_activity { VCPU_RUNS, VCPU_HALTED, VCPU_WAITS_FOR_STARTUP };

enum offer_source { OFFER_NONE, OFFER_LAPIC, OFFER_PIC };

/* Bits of `requests`. */
#define VCPU_REQUEST_SERVICE BIT32(0)	/* timers may be due or have been set, interrupts may have changed */
#define VCPU_REQUEST_NMI BIT32(1)
#define VCPU_REQUEST_INIT BIT32(2)
#define VCPU_REQUEST_STARTUP BIT32(3)	/* vector in startup_vector */
#define VCPU_REQUEST_OFFER BIT32(4)	/* interrupts may have changed, timers have not */

struct vcpu {
	struct machine *machine;
	struct vcpu_page *page;
	struct lapic *lapic;
	u32 index;
	u32 requests;		/* any thread sets bits (atomic), the own one takes them */
	u8 is_away;		/* atomic: in vcpu_run or wait, so a request needs a signal */
	u8 startup_vector;
	u8 activity;		/* enum vcpu_activity */
	u8 offered;		/* enum offer_source of what is in intr_pending */
	u32 last_exit;		/* enum exit_reason */
	u32 cr8;		/* as last seen in the page */
	u64 tsc_adjust;
	u64 misc_enable;	/* MSRs that only remember */
	u64 hwcr;
	bool is_gpa_known;	/* exit.mem.gpa is that of the only access of the instruction being emulated */
	struct insn insn;	/* the last one decoded anew */
	struct insn_cache insns;
};

void vcpu_init(struct vcpu *v, struct machine *machine, u32 index, struct vcpu_page *page);

/* Any thread: ask the vCPU's thread for something, waking it if it is away. */
void vcpu_request(struct vcpu *v, u32 requests);

/* Run until the machine ends. */
void vcpu_loop(struct vcpu *v);

/* One exit, already in the page. (exits.c; separate for tests) */
void vcpu_handle_exit(struct vcpu *v);

/* ---- vcpu_insn.c ---- */

/* Make these groups of the page valid. */
void vcpu_need(struct vcpu *v, u32 groups);

/*
 * Give the guest an exception; combines with one whose delivery was interrupted, as the processor does (SDM Vol. 3
 * 6.15, #DF).
 */
void vcpu_inject(struct vcpu *v, struct fault fault);

/*
 * Fetch and decode the instruction at CS:RIP; good until the next call. NULL: the guest got a fault for it, or the
 * machine ended. Needs nothing; CODE is filled afterwards, or SEG and CR are.
 */
const struct insn *vcpu_decode(struct vcpu *v);

/* Step over the instruction that caused this exit. False as above. */
bool vcpu_skip(struct vcpu *v);

/* After an instruction was completed in software: the single-step trap, if the guest asked for one. */
void vcpu_completed(struct vcpu *v);

/* Fetch, decode and emulate the instruction at CS:RIP. */
void vcpu_emulate(struct vcpu *v);

/* INIT state, then real mode at vector << 12. Fills and marks all groups. */
void vcpu_reset_registers(struct vcpu_page *page, u8 startup_vector);

#endif
