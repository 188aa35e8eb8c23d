/* SPDX-License-Identifier: MIT */
/*
 * emulate.h - executes one decoded instruction of a guest in software. Pure: memory and ports are reached through ops.
 *
 * Registers are those of the vcpu page, whose groups GPR, SEG and CR must be filled. A fault leaves the registers as
 * they were before the instruction, or between two iterations of a REP, as on a processor.
 */
#ifndef VOS_EMULATE_H
#define VOS_EMULATE_H

#include "decode.h"
#include "vcpu_page.h"
#include "x86.h"

/* Bytes that lie in one page of linear addresses, translated. */
struct emulate_place {
	u8 *ram;	/* NULL: a device's, at gpa */
	u64 gpa;
};

/* Linear addresses, size 1, 2, 4 or 8, any alignment. Return false with *fault filled. */
struct emulate_ops {
	bool (*read)(void *ctx, u64 linear, u32 size, u64 *value, struct fault *fault);
	bool (*write)(void *ctx, u64 linear, u32 size, u64 value, struct fault *fault);
	/* Would write() fault? Without side effects. Here size may be 16, too. */
	bool (*probe_write)(void *ctx, u64 linear, u32 size, struct fault *fault);
	/* For a run of elements that lies in one page: any size up to its end. */
	bool (*translate)(void *ctx, u64 linear, u32 size, bool is_write, struct emulate_place *place,
			  struct fault *fault);
	u64 (*device_read)(void *ctx, u64 gpa, u32 size);
	void (*device_write)(void *ctx, u64 gpa, u32 size, u64 value);
	/* Several accesses to one port. */
	void (*port_read)(void *ctx, u16 port, u32 size, u32 *values, u32 count);
	void (*port_write)(void *ctx, u16 port, u32 size, const u32 *values, u32 count);
};

#define EMULATE_REP_MAX 1024u	/* iterations of a REP before the guest may take an interrupt */

enum emulate_result {
	EMULATE_DONE,		/* executed; RIP is behind it */
	EMULATE_AGAIN,		/* a REP in progress: RIP still at it, enter the guest again */
	EMULATE_FAULT,		/* inject *fault; RIP still at it */
	EMULATE_UNSUPPORTED	/* not possible here (vector registers, length-only decodings); nothing was done */
};

struct emulate {
	struct vcpu_page *page;
	const struct emulate_ops *ops;
	void *ctx;
	struct fault fault;	/* out, with EMULATE_FAULT */
};

/*
 * Execute. Sets GROUP_GPR in page->dirty if it changed a register; clears RF and the interrupt shadow when the
 * instruction is done.
 */
enum emulate_result emulate(struct emulate *e, const struct insn *insn);

/* seg:offset to a linear address with all checks of the mode (limit, type, canonical form). false: e->fault. */
bool emulate_linear(struct emulate *e, u32 seg, u64 offset, u32 size, bool is_write, u64 *linear);

/* Offset of the memory operand within its segment. */
static inline u64 emulate_address(const struct vcpu_page *page, const struct insn *insn)
{
	u64 address = (u64)insn->disp;

	if (insn->is_rip_relative)
		address += page->rip + insn->len;
	if (insn->base != INSN_NO_REG)
		address += page->gpr[insn->base];
	if (insn->index != INSN_NO_REG)
		address += page->gpr[insn->index] * insn->scale;
	return address & alu_mask(insn->addr_bytes);
}

/*
 * RIP behind an instruction of `len` bytes that was executed in the VMM: RF and the interrupt shadow end. GPR, SEG, CR
 * filled.
 */
void emulate_finish(struct vcpu_page *page, enum cpu_mode mode, u32 len);

#endif
