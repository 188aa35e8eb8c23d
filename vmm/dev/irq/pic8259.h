/* SPDX-License-Identifier: MIT */
/*
 * pic8259.h - the two cascaded 8259A interrupt controllers of a PC and their ELCR.
 */
#ifndef VOS_PIC8259_H
#define VOS_PIC8259_H

#include "device.h"

struct pic;

struct pic_chip {
	struct pic *pic;
	u8 irr, isr, imr, level;	/* level = wire state */
	u8 elcr, elcr_mask;
	u8 base;			/* vector of input 0 */
	u8 lowest;			/* input with the lowest priority */
	u8 init_step;			/* 0 = initialised, else the ICW that is expected */
	bool is_master, is_single, needs_icw4;
	bool auto_eoi, rotate_auto_eoi, special_mask, special_nested, read_isr, poll;
};

struct pic {
	struct pic_chip chip[2];
	void (*intr)(void *ctx, bool is_asserted);	/* INTR output or its vector changed: lapic_set_lint0(), kick
							 * vCPU 0 */
	void *ctx;
	bool is_asserted;
	u32 output;		/* what intr was told last: 0 or 100h | vector */
};

void pic_init(struct pic *p, void (*intr)(void *ctx, bool is_asserted), void *ctx);
/* An input 0..15 changed; fits struct irq_line with ctx = struct pic. */
void pic_set_irq(void *pic, u32 irq, bool is_asserted);
/* INTR output. */
static inline bool pic_is_asserted(const struct pic *p) { return p->is_asserted; }
/* The vector that pic_acknowledge() would give now, without acknowledging. */
u8 pic_peek(const struct pic *p);
/* INTA cycle: returns the vector (spurious: input 7's). */
u8 pic_acknowledge(struct pic *p);
/*
 * The processor took this vector, which pic_peek() gave; since then its input may have fallen, been masked or
 * outranked.
 */
void pic_acknowledge_vector(struct pic *p, u8 vector);

extern const struct region_ops pic_region;	/* 2 ports; device = &pic.chip[0] or [1] */
extern const struct region_ops pic_elcr_region;	/* 2 ports; device = struct pic */

#endif
