/* SPDX-License-Identifier: MIT */
/*
 * vcpu_run, grace periods and a back end in front of simulated processors, with random interleavings of deadline,
 * signal, preemption, move, sleep, refused entry, host interrupt, exit, and memory that is taken away.
 *
 * Each VMM, and the one who takes memory away, is a context of its own; they change wherever ring 0 has interrupts on,
 * before each entry, and in ring 3. The test that includes this is the processor: it reads the vendor's structure into
 * a struct model_view, lets model_run say what the guest does, and writes the exit. What is checked: each instruction
 * is executed once, at the right RIP and with the right RAX; each event and interrupt is delivered once, or handed
 * back; `dirty` says what was not done, and nothing else; no entry sees a translation that is another vCPU's, older
 * than the guest's own flush, or of memory that was taken away.
 */
#ifndef VOS_VCPU_MODEL_H
#define VOS_VCPU_MODEL_H

#include "arch.h"
#include "vcpu_page.h"
#include "virt.h"

#define MODEL_VCPUS 6u		/* two a VM */
#define MODEL_VMS (MODEL_VCPUS / 2)
#define MODEL_SLOTS 4u		/* pages of a VM, each from a MEM of its own */
#define MODEL_INSN_BYTES 2u	/* of CPUID and INT */
#define MODEL_TURNS 600000u

#define CHECK(condition)									\
	do {											\
		if (!(condition))								\
			model_give_up(#condition, __FILE__, __LINE__);				\
	} while (0)
_Noreturn void model_give_up(const char *what, const char *file, int line);

u32 model_random(u32 count);
static inline bool one_in(u32 count)
{
	return model_random(count) == 0;
}

/* A translation that a processor may keep. */
struct model_cached { bool is_valid; u32 vcpu; u64 epoch, serial; };

enum model_exit { MODEL_CPUID, MODEL_INTERRUPT, MODEL_WINDOW, MODEL_FAULT, MODEL_DR };

struct model_view {
	/* The vendor's structure at the entry. */
	u64 s2_root, rip, rax;
	struct vcpu_event event;	/* to inject; of a software type, RIP is still at the instruction */
	u32 vector;			/* the interrupt: injected, or on offer; 0 = none */
	bool is_injected;		/* it is taken at the entry, or else when the guest can take it */
	bool has_window;		/* exit when the guest could take one */
	bool dr_exits;			/* MOV DR; else DR0-3 are the processor's, fake_dr */
	u64 *dr6, dr7;			/* at the exit, too; the host's DR7 enables nothing */
	struct model_cached *cached;	/* MODEL_SLOTS of them: what the processor has under this entry's tags */
	/* The exit. RIP and RAX are the new ones. */
	enum model_exit exit;
	u64 gpa;			/* of a MODEL_FAULT */
	bool is_taken;			/* the interrupt: taken, perhaps not delivered */
	bool is_event_cut, is_interrupt_cut;	/* not delivered */
	bool has_interrupts;		/* RFLAGS.IF */
};

/*
 * One world switch of the current vCPU: model_begin_entry, then, unless model_is_refused says so, model_run. has_window
 * and MODEL_WINDOW are for processors that inject interrupts.
 */
void model_begin_entry(const struct vcpu_hw *hw);
bool model_is_refused(void);
void model_run(struct model_view *view);
/* Which vCPU's entry this is; and of which VM. */
u32 model_vcpu(void);
/* Host interrupts are on, and others act. / They are taken, nobody else acts. */
void model_window(void);
void model_take_interrupts(void);
/* From the vCPU's true state, at an entry: may it take an interrupt? */
bool model_has_interrupts(void);

/* A vCPU's debug registers, as they should be. (vcpu_model_drs.c) */
struct model_drs { u64 dr[4], dr6, dr7; };
/* At an entry: breakpoints of its own are in force, and no others; and what it could read is what it wrote. */
void model_check_drs(const struct model_view *view, const struct model_drs *drs);
/* The guest writes all of them. False: that exits. */
bool model_move_drs(struct model_view *view, struct model_drs *drs);
extern u64 model_drs_moved;
/* The VMM reads them, or changes them. */
void model_look_at_drs(struct vcpu_page *page, struct model_drs *drs);

/* All of it, with this back end. cpu_on: this pCPU's part of it. */
struct model_vendor {
	const struct virt_ops *ops;
	const struct pt_format *format;
	void (*cpu_on)(void);
	void (*vcpu_on)(struct vcpu_hw *hw);
	u64 (*rip)(const struct vcpu_hw *hw);	/* as the hardware has it */
};
void model_test(const struct model_vendor *vendor);

#endif
