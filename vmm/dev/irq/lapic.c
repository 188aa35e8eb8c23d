/* SPDX-License-Identifier: MIT */
/*
 * lapic.c - local APIC: interrupt state, delivery between APICs, INIT and APIC_BASE (SDM Vol. 3 chapter 11).
 *
 * lapic_regs.c has the registers as the guest sees them, lapic_timer.c the timer.
 */
#include "lapic_parts.h"

#include "platform.h"

#define DFR_FLAT 0xffffffffu

int lapic_bits_highest(const struct lapic_bits *b)
{
	u64 two_words;

	/* The set is nearly always empty. */
#pragma GCC unroll 4
	for (int i = 3; i >= 0; i--) {
		__builtin_memcpy(&two_words, &b->word[2 * i], sizeof(two_words));
		if (two_words)
			return i * 64 + 63 - __builtin_clzll(two_words);
	}
	return -1;
}

static void bits_set(struct lapic_bits *b, u8 vector)
{
	b->word[vector / 32] |= BIT32(vector % 32);
}

static void bits_clear(struct lapic_bits *b, u8 vector)
{
	b->word[vector / 32] &= ~BIT32(vector % 32);
}

/* ---- Priorities ---- */

/* Class of the highest interrupt in service, 0 if there is none. */
static u32 service_class(const struct lapic *l)
{
	int vector = lapic_bits_highest(&l->isr);

	return vector < 0 ? 0 : (u32)vector & 0xf0;
}

u32 lapic_ppr(const struct lapic *l)
{
	u32 service = service_class(l);

	return (l->tpr & 0xf0) >= service ? l->tpr : service;
}

bool lapic_pick(const struct lapic *l, u8 *vector, u8 *tpr_threshold)
{
	int highest = lapic_bits_highest(&l->irr);
	u32 class = (u32)highest & 0xf0;

	*tpr_threshold = 0;
	if (highest < 0 || !(l->base & LAPIC_BASE_ENABLE) || class <= service_class(l))
		return false;
	if (class <= (l->tpr & 0xf0)) {
		*tpr_threshold = (u8)(class >> 4);
		return false;
	}
	*vector = (u8)highest;
	return true;
}

void lapic_accept(struct lapic *l, u8 vector)
{
	bits_clear(&l->irr, vector);
	bits_set(&l->isr, vector);
}

void lapic_set_cr8(struct lapic *l, u32 cr8)
{
	if (cr8 != l->tpr >> 4)
		LAPIC_PUBLISH(l->tpr, (cr8 & 0xf) << 4);
}

/* ---- Raising ---- */

void lapic_error(struct lapic *l, u32 esr_bit)
{
	u32 lvt = l->lvt[LVT_ERROR];

	l->esr_pending |= esr_bit;
	if (!(lvt & LVT_MASKED) && (lvt & LVT_VECTOR) >= 16)
		lapic_raise(l, (u8)(lvt & LVT_VECTOR), false);
}

void lapic_raise(struct lapic *l, u8 vector, bool is_level)
{
	if (vector < 16) {
		lapic_error(l, ESR_RECEIVE_VECTOR);
		return;
	}
	if (is_level)
		bits_set(&l->tmr, vector);
	else
		bits_clear(&l->tmr, vector);
	if (lapic_bits_test(&l->irr, vector))
		return;
	bits_set(&l->irr, vector);
	l->bus->ops->kick(l->bus->ctx, l->index);
}

/* ---- From other threads ---- */

static void post_event(struct lapic *l, u32 event)
{
	__atomic_fetch_or(&l->posted.what, event, __ATOMIC_SEQ_CST);
	l->bus->ops->kick(l->bus->ctx, l->index);
}

static void post(struct lapic *l, u8 vector, bool is_level)
{
	u32 word = vector / 32, bit = BIT32(vector % 32);

	if (vector < 16) {
		post_event(l, LAPIC_POSTED_ERROR);
		return;
	}
	if (is_level)
		__atomic_fetch_or(&l->posted.level[word], bit, __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(&l->posted.level[word], ~bit, __ATOMIC_SEQ_CST);
	/* The thread that has set the bit first tells the owner. */
	if (__atomic_fetch_or(&l->posted.irr[word], bit, __ATOMIC_SEQ_CST) & bit)
		return;
	post_event(l, BIT32(word));
}

static void collect_word(struct lapic *l, u32 word)
{
	u32 vectors = __atomic_exchange_n(&l->posted.irr[word], 0, __ATOMIC_SEQ_CST);
	u32 level = __atomic_load_n(&l->posted.level[word], __ATOMIC_SEQ_CST);

	l->irr.word[word] |= vectors;
	l->tmr.word[word] = (l->tmr.word[word] & ~vectors) | (level & vectors);
}

static void lint0_rose(struct lapic *l)
{
	u32 lvt = l->lvt[LVT_LINT0];

	if (lvt & LVT_MASKED)
		return;
	if (LVT_DELIVERY(lvt) == DELIVER_FIXED)
		lapic_raise(l, (u8)(lvt & LVT_VECTOR), false);
	else if (LVT_DELIVERY(lvt) == DELIVER_NMI)
		l->bus->ops->nmi(l->bus->ctx, l->index);
}

void lapic_collect(struct lapic *l)
{
	u32 what;

	if (LAPIC_PEEK(l->posted.what) == 0)
		return;
	what = __atomic_exchange_n(&l->posted.what, 0, __ATOMIC_SEQ_CST);
	for (u32 words = what & 0xff; words; words &= words - 1)
		collect_word(l, (u32)__builtin_ctz(words));
	if (what & LAPIC_POSTED_ERROR)
		lapic_error(l, ESR_RECEIVE_VECTOR);
	if (what & LAPIC_POSTED_LINT0_EDGE)
		lint0_rose(l);
}

/* ---- End of interrupt, LINT0 ---- */

void lapic_write_eoi(struct lapic *l)
{
	int vector = lapic_bits_highest(&l->isr);

	if (vector < 0)
		return;
	bits_clear(&l->isr, (u8)vector);
	if (lapic_bits_test(&l->tmr, (u8)vector))
		l->bus->ops->eoi(l->bus->ctx, (u8)vector);
	if (lapic_bits_highest(&l->irr) >= 0)
		l->bus->ops->kick(l->bus->ctx, l->index);
}

void lapic_end(struct lapic *l)
{
	lapic_write_eoi(l);
}

static u64 two_words(const struct lapic_bits *bits, u32 i)
{
	return bits->word[i] | (u64)bits->word[i + 1] << 32;
}

bool lapic_has_one_edge(const struct lapic *l)
{
	u32 count = 0;
	u64 wrong = 0;

	for (u32 i = 0; i < ARRAY_COUNT(l->irr.word); i += 2) {
		u64 here = two_words(&l->irr, i) | two_words(&l->isr, i);

		if (here == 0)
			continue;
		count++;
		wrong |= here & ((here - 1) | two_words(&l->tmr, i));
	}
	return count == 1 && wrong == 0;
}

bool lapic_is_serving(const struct lapic *l)
{
	return lapic_bits_highest(&l->isr) >= 0;
}

bool lapic_takes_extint(const struct lapic *l)
{
	u32 lvt = l->lvt[LVT_LINT0];

	if (!(l->base & LAPIC_BASE_ENABLE))
		return l->base & LAPIC_BASE_BSP;
	return !(lvt & LVT_MASKED) && LVT_DELIVERY(lvt) == DELIVER_EXTINT;
}

void lapic_set_lint0(struct lapic *l, bool is_asserted)
{
	bool was_asserted = __atomic_exchange_n(&l->lint0, is_asserted, __ATOMIC_SEQ_CST);

	if (is_asserted)
		post_event(l, was_asserted ? 0 : LAPIC_POSTED_LINT0_EDGE);
}

/* ---- Between APICs ---- */

u32 lapic_ldr(const struct lapic *l)
{
	return lapic_is_x2apic(l) ? l->index >> 4 << 16 | BIT32(l->index & 0xf) : LAPIC_PEEK(l->ldr);
}

static bool matches_logical(const struct lapic *l, u32 destination)
{
	u32 ldr = lapic_ldr(l);

	if (lapic_is_x2apic(l))
		return destination >> 16 == ldr >> 16 && (destination & ldr & 0xffff);
	if (destination > 0xff)
		return false;
	ldr >>= 24;
	if (LAPIC_PEEK(l->dfr) >> 28 == 0xf)
		return destination & ldr;
	return destination >> 4 == ldr >> 4 && (destination & ldr & 0xf);
}

static bool matches(const struct lapic *l, const struct irq_message *m)
{
	if (!(LAPIC_PEEK(l->base) & LAPIC_BASE_ENABLE))
		return false;
	if (m->destination == IRQ_BROADCAST)
		return true;
	return m->is_logical ? matches_logical(l, m->destination) : m->destination == l->index;
}

static bool is_on(const struct lapic *l)
{
	return LAPIC_PEEK(l->svr) & SVR_ENABLE;
}

/* from: the APIC whose thread this is, NULL if it may be any thread. */
static bool deliver_to(struct lapic *l, const struct irq_message *m, const struct lapic *from)
{
	struct lapic_bus *bus = l->bus;

	switch (m->delivery) {
	case DELIVER_FIXED:
	case DELIVER_LOWEST:
		if (!is_on(l))
			return false;
		if (l == from)
			lapic_raise(l, m->vector, m->is_level);
		else
			post(l, m->vector, m->is_level);
		return true;
	case DELIVER_NMI:
		bus->ops->nmi(bus->ctx, l->index);
		return true;
	case DELIVER_INIT:
		bus->ops->init(bus->ctx, l->index);
		return true;
	case DELIVER_STARTUP:
		bus->ops->startup(bus->ctx, l->index, m->vector);
		return true;
	default:	/* SMI: there is none. ExtINT: the 8259 asks lapic_takes_extint() */
		return false;
	}
}

/* Lowest priority: among those addressed, the one with the lowest task priority; of equals the first. */
static bool deliver_lowest(struct lapic_bus *bus, const struct irq_message *m, const struct lapic *from)
{
	struct lapic *best = NULL;

	for (u32 i = 0; i < bus->count; i++) {
		struct lapic *l = &bus->lapics[i];

		if (matches(l, m) && is_on(l) && (!best || LAPIC_PEEK(l->tpr) < LAPIC_PEEK(best->tpr)))
			best = l;
	}
	return best && deliver_to(best, m, from);
}

static bool deliver_except(struct lapic_bus *bus, const struct irq_message *m, const struct lapic *from,
			   const struct lapic *except)
{
	bool is_taken = false;

	for (u32 i = 0; i < bus->count; i++) {
		struct lapic *l = &bus->lapics[i];

		if (l != except && matches(l, m))
			is_taken |= deliver_to(l, m, from);
	}
	return is_taken;
}

static bool deliver(struct lapic_bus *bus, const struct irq_message *m, const struct lapic *from)
{
	struct lapic *l;

	if (m->is_logical || m->destination == IRQ_BROADCAST)
		return m->delivery == DELIVER_LOWEST ? deliver_lowest(bus, m, from)
						     : deliver_except(bus, m, from, NULL);
	if (m->destination >= bus->count)
		return false;
	l = &bus->lapics[m->destination];	/* the usual case: one APIC, by its ID */
	return matches(l, m) && deliver_to(l, m, from);
}

bool lapic_bus_deliver(struct lapic_bus *bus, const struct irq_message *m)
{
	return deliver(bus, m, NULL);
}

enum shorthand { TO_DESTINATION, TO_SELF, TO_ALL, TO_OTHERS };

static void send_shorthand(struct lapic *l, struct irq_message *m, enum shorthand shorthand)
{
	if (shorthand == TO_SELF) {
		deliver_to(l, m, l);
		return;
	}
	m->destination = IRQ_BROADCAST;
	deliver_except(l->bus, m, l, shorthand == TO_OTHERS ? l : NULL);
}

void lapic_write_icr(struct lapic *l, u64 value)
{
	u32 high = (u32)(value >> 32);
	enum shorthand shorthand = (enum shorthand)(value >> 18 & 3);
	struct irq_message m = {
		.destination = lapic_is_x2apic(l) ? high : irq_destination_widen((u8)(high >> 24)),
		.vector = (u8)value,
		.delivery = (u8)(value >> 8 & 7),
		.is_logical = value & BIT64(11),
	};

	l->icr = value & ~ICR_PENDING;
	if (m.delivery == DELIVER_INIT && (value & ICR_TRIGGER_LEVEL) && !(value & ICR_LEVEL_ASSERT))
		return;		/* INIT level de-assert: nothing since the P6 */
	if (m.delivery <= DELIVER_LOWEST && m.vector < 16) {
		lapic_error(l, ESR_SEND_VECTOR);
		return;
	}
	if (shorthand == TO_DESTINATION)
		deliver(l->bus, &m, l);
	else
		send_shorthand(l, &m, shorthand);
}

/* ---- Reset and APIC_BASE ---- */

void lapic_reset(struct lapic *l)
{
	for (u32 i = 0; i < LVT_COUNT; i++)
		l->lvt[i] = LVT_MASKED;
	lapic_collect(l);	/* to be thrown away with the rest */
	LAPIC_PUBLISH(l->tpr, 0);
	LAPIC_PUBLISH(l->ldr, 0);
	LAPIC_PUBLISH(l->dfr, DFR_FLAT);
	LAPIC_PUBLISH(l->svr, 0xff);
	l->esr = l->esr_pending = l->divide = l->initial_count = 0;
	l->icr = 0;
	l->target_tsc = 0;
	l->irr = l->isr = l->tmr = (struct lapic_bits){ .word = { 0 } };
}

void lapic_bus_init(struct lapic_bus *bus, struct lapic *lapics, u32 count, const struct clock *clock,
		    const struct lapic_ops *ops, void *ctx, bool has_8259)
{
	*bus = (struct lapic_bus){ .lapics = lapics, .count = count, .clock = *clock, .ops = ops, .ctx = ctx };
	for (u32 i = 0; i < count; i++) {
		struct lapic *l = &lapics[i];

		*l = (struct lapic){ .bus = bus, .index = i };
		l->base = LAPIC_ADDRESS | LAPIC_BASE_ENABLE | (i == 0 ? LAPIC_BASE_BSP : 0);
		lapic_reset(l);
	}
	if (has_8259)		/* the virtual wire that PC firmware leaves behind */
		lapics[0].lvt[LVT_LINT0] = DELIVER_EXTINT << 8;
}

/* Allowed: off -> xAPIC -> x2APIC -> off, and xAPIC -> off (SDM Vol. 3 11.12.5). The page can't be moved. */
bool lapic_set_base(struct lapic *l, u64 value)
{
	const u64 mode_mask = LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC;
	u64 old = l->base & mode_mask, new = value & mode_mask;

	if ((value & ~(mode_mask | LAPIC_BASE_BSP)) != LAPIC_ADDRESS)
		return false;
	if (new == LAPIC_BASE_X2APIC || (old == mode_mask && new == LAPIC_BASE_ENABLE) ||
	    (old == 0 && new == mode_mask))
		return false;
	LAPIC_PUBLISH(l->base, (l->base & ~mode_mask) | new);
	if (new == 0)
		lapic_reset(l);
	return true;
}

bool lapic_has_mmio(const struct lapic *l)
{
	return (l->base & (LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC)) == LAPIC_BASE_ENABLE;
}
