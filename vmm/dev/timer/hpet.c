/* SPDX-License-Identifier: MIT */
/*
 * hpet.c - a high precision event timer: registers, comparators, interrupts.
 */
#include "hpet.h"

#include "platform.h"

/* Registers of 8 bytes (IA-PC HPET 1.0a, 2.3); of each the guest may reach either half. */
#define REG_CAPABILITIES 0x00u
#define REG_CONFIG 0x10u
#define REG_STATUS 0x20u
#define REG_COUNTER 0xf0u
#define REG_TIMER 0x100u
#define TIMER_BYTES 0x20u
#define TIMER_CONFIG 0x00u
#define TIMER_COMPARATOR 0x08u

#define FEMTOSECONDS_PER_NS 1000000ull
#define CONFIG_ENABLE BIT64(0)

#define TIMER_LEVEL BIT64(1)
#define TIMER_INTERRUPT BIT64(2)
#define TIMER_PERIODIC BIT64(3)
#define TIMER_CAN_PERIODIC BIT64(4)
#define TIMER_CAN_64 BIT64(5)
#define TIMER_SET_VALUE BIT64(6)
#define TIMER_32 BIT64(8)
#define TIMER_ROUTE(config) ((u32)((config) >> 9 & 0x1f))
#define TIMER_ROUTE_MASK (0x1full << 9)
#define TIMER_WRITABLE (TIMER_LEVEL | TIMER_INTERRUPT | TIMER_PERIODIC | TIMER_SET_VALUE | TIMER_32 | TIMER_ROUTE_MASK)
#define TIMER_FIXED (TIMER_CAN_PERIODIC | TIMER_CAN_64 | (u64)HPET_ROUTES << 32)

#define NEVER (~0ull)

static bool is_running(const struct hpet *h)
{
	return h->config & CONFIG_ENABLE;
}

static u64 clock_tick(const struct hpet *h)
{
	return h->clock.ns(h->clock.ctx) / HPET_TICK_NS;
}

static u64 counter(const struct hpet *h)
{
	return is_running(h) ? clock_tick(h) - h->start_tick : h->stopped;
}

/* The counter's next value that matches. In 64-bit mode there may be none any more, in 32-bit mode there always is. */
static u64 next_match(const struct hpet_timer *t, u64 now)
{
	u64 due;

	if (!(t->config & TIMER_32))
		return t->comparator >= now ? t->comparator : NEVER;
	due = now + (u32)((u32)t->comparator - (u32)now);
	return due >= now ? due : NEVER;
}

/* ---- Interrupts ---- */

static bool has_route(const struct hpet_timer *t)
{
	return HPET_ROUTES >> TIMER_ROUTE(t->config) & 1;
}

static bool may_interrupt(const struct hpet *h, const struct hpet_timer *t)
{
	return is_running(h) && (t->config & TIMER_INTERRUPT) && has_route(t);
}

static void set_line(struct hpet *h, u32 gsi, bool is_asserted)
{
	struct irq_line line = h->irq;

	line.gsi = gsi;
	irq_line_set(&line, is_asserted);
}

/* The I/O APIC inputs that the timers assert; several may share one. */
static void update_lines(struct hpet *h)
{
	u32 lines = 0, changed;

	for (u32 i = 0; i < HPET_TIMERS; i++)
		if ((h->status & BIT64(i)) && (h->timer[i].config & TIMER_LEVEL) && may_interrupt(h, &h->timer[i]))
			lines |= BIT32(TIMER_ROUTE(h->timer[i].config));
	changed = lines ^ h->lines;
	h->lines = lines;
	for (u32 gsi = 0; changed >> gsi; gsi++)
		if (changed >> gsi & 1)
			set_line(h, gsi, lines >> gsi & 1);
}

static void raise(struct hpet *h, u32 index)
{
	const struct hpet_timer *t = &h->timer[index];
	u32 gsi = TIMER_ROUTE(t->config);

	if (t->config & TIMER_LEVEL) {
		h->status |= BIT64(index);
	} else if (may_interrupt(h, t) && !(h->lines >> gsi & 1)) {
		set_line(h, gsi, true);
		set_line(h, gsi, false);
	}
}

/* ---- Time ---- */

/* It has fired at `due`; now is not earlier. */
static void advance(struct hpet_timer *t, u64 now)
{
	u64 passed;

	if ((t->config & TIMER_PERIODIC) && t->period != 0) {
		passed = (now - t->due) / t->period + 1;
		t->comparator += passed * t->period;	/* wraps as the register does */
		if (t->config & TIMER_32)
			t->comparator = (u32)t->comparator;
		t->due = passed * t->period > NEVER - t->due ? NEVER : t->due + passed * t->period;
	} else if (t->config & TIMER_32) {
		t->due = next_match(t, now + 1);
	} else {
		t->due = NEVER;
	}
}

static void sync(struct hpet *h)
{
	u64 now = counter(h);

	for (u32 i = 0; is_running(h) && i < HPET_TIMERS; i++) {
		struct hpet_timer *t = &h->timer[i];

		if (t->due == NEVER || t->due > now)
			continue;
		advance(t, now);
		raise(h, i);
	}
	update_lines(h);
}

static void plan(struct hpet *h, struct hpet_timer *t)
{
	t->due = next_match(t, counter(h));
}

/* ---- Registers ---- */

static u64 read_register(struct hpet *h, u32 reg)
{
	u32 index = (reg - REG_TIMER) / TIMER_BYTES;

	switch (reg) {
	case REG_CAPABILITIES:
		return HPET_ID | HPET_TICK_NS * FEMTOSECONDS_PER_NS << 32;
	case REG_CONFIG:
		return h->config;
	case REG_STATUS:
		return h->status;
	case REG_COUNTER:
		return counter(h);
	default:
		break;
	}
	if (reg < REG_TIMER || index >= HPET_TIMERS)
		return 0;
	if (reg % TIMER_BYTES == TIMER_CONFIG)
		return h->timer[index].config | TIMER_FIXED;
	return reg % TIMER_BYTES == TIMER_COMPARATOR ? h->timer[index].comparator : 0;
}

static void write_config(struct hpet *h, u64 value)
{
	u64 now = counter(h);

	h->config = value & CONFIG_ENABLE;
	h->stopped = now;
	h->start_tick = clock_tick(h) - now;
	for (u32 i = 0; i < HPET_TIMERS; i++)
		plan(h, &h->timer[i]);
}

/* The counter can be written only while it is stopped (2.3.7). */
static void write_counter(struct hpet *h, u64 value)
{
	if (!is_running(h))
		h->stopped = value;
}

static void write_timer_config(struct hpet *h, u32 index, u64 value)
{
	struct hpet_timer *t = &h->timer[index];

	t->config = value & TIMER_WRITABLE;
	if (!(t->config & TIMER_PERIODIC))
		t->config &= ~TIMER_SET_VALUE;
	if (t->config & TIMER_32) {
		t->comparator = (u32)t->comparator;
		t->period = (u32)t->period;
	}
	if (!(t->config & TIMER_LEVEL))
		h->status &= ~BIT64(index);
	plan(h, t);
}

/* A periodic timer's period is what was written last; the first match is elsewhere only after SET_VALUE (2.3.9.2.2). */
static void write_comparator(struct hpet *h, struct hpet_timer *t, u64 value)
{
	bool sets_match = !(t->config & TIMER_PERIODIC) || (t->config & TIMER_SET_VALUE);

	if (t->config & TIMER_32)
		value = (u32)value;
	t->period = value;
	t->config &= ~TIMER_SET_VALUE;
	if (!sets_match)
		return;
	t->comparator = value;
	plan(h, t);
}

static void write_register(struct hpet *h, u32 reg, u64 value)
{
	u32 index = (reg - REG_TIMER) / TIMER_BYTES;

	if (reg == REG_CONFIG)
		write_config(h, value);
	else if (reg == REG_STATUS)
		h->status &= ~value;
	else if (reg == REG_COUNTER)
		write_counter(h, value);
	else if (reg >= REG_TIMER && index < HPET_TIMERS && reg % TIMER_BYTES == TIMER_CONFIG)
		write_timer_config(h, index, value);
	else if (reg >= REG_TIMER && index < HPET_TIMERS && reg % TIMER_BYTES == TIMER_COMPARATOR)
		write_comparator(h, &h->timer[index], value);
}

/* Accesses are of 4 or 8 bytes, aligned to their size (2.3.1). */
static bool access_ok(u64 offset, u32 size)
{
	return offset < HPET_BYTES && (size == 4 || size == 8) && offset % size == 0;
}

static u64 hpet_read(void *device, u64 offset, u32 size)
{
	struct hpet *h = device;
	u64 value;

	if (!access_ok(offset, size))
		return ~0ull;
	sync(h);
	value = read_register(h, (u32)offset & ~7u);
	return size == 8 ? value : (u32)(offset & 4 ? value >> 32 : value);
}

static void hpet_write(void *device, u64 offset, u32 size, u64 value)
{
	struct hpet *h = device;
	u32 reg = (u32)offset & ~7u;

	if (!access_ok(offset, size))
		return;
	sync(h);
	if (size == 4 && reg == REG_STATUS)
		value = (u64)(u32)value << (offset & 4 ? 32 : 0);	/* ones clear: the other half stays */
	else if (size == 4 && (offset & 4))
		value = (u32)read_register(h, reg) | value << 32;
	else if (size == 4)
		value = (u32)value | read_register(h, reg) >> 32 << 32;
	write_register(h, reg, value);
	sync(h);
	h->ops.armed(h->ops.ctx);
}

const struct region_ops hpet_region = { .read = hpet_read, .write = hpet_write };

static u64 deadline_ns(void *device)
{
	const struct hpet *h = device;
	u64 earliest = NEVER, now, ahead;

	if (!is_running(h))
		return DEADLINE_NONE;
	for (u32 i = 0; i < HPET_TIMERS; i++) {
		const struct hpet_timer *t = &h->timer[i];

		if ((t->config & TIMER_INTERRUPT) && t->due < earliest)
			earliest = t->due;
	}
	if (earliest == NEVER)
		return DEADLINE_NONE;
	now = counter(h);
	ahead = earliest > now ? earliest - now : 0;
	if (ahead >= (DEADLINE_NONE - 1) / HPET_TICK_NS - clock_tick(h))
		return DEADLINE_NONE - 1;
	return (clock_tick(h) + ahead) * HPET_TICK_NS;
}

static void hpet_run(void *device)
{
	sync(device);
}

const struct timer_ops hpet_timer_ops = { .deadline_ns = deadline_ns, .run = hpet_run };

void hpet_init(struct hpet *h, const struct hpet_ops *ops, const struct clock *clock, const struct irq_line *irq)
{
	*h = (struct hpet){ .clock = *clock, .ops = *ops, .irq = *irq };
	for (u32 i = 0; i < HPET_TIMERS; i++)
		h->timer[i] = (struct hpet_timer){ .comparator = ~0ull, .due = NEVER };
}
