/* SPDX-License-Identifier: MIT */
/*
 * pit8254.c - 8254 (Intel data sheet 231164): a counter is a start tick and a count, everything else follows from the
 * time.
 *
 * A new count takes effect at once in every mode. Mode 3 counts by two, and its half periods are equal.
 */
#include "pit8254.h"

#include "byte_region.h"
#include "mul_div.h"

enum { PORT_CONTROL = 3 };
enum { ACCESS_LATCH, ACCESS_LOW, ACCESS_HIGH, ACCESS_BOTH };
enum { MODE_TERMINAL, MODE_ONE_SHOT, MODE_RATE, MODE_SQUARE, MODE_SOFT_STROBE, MODE_HARD_STROBE };

#define READ_BACK 3u		/* in the control word's counter field */
#define READ_BACK_NO_COUNT BIT32(5)
#define READ_BACK_NO_STATUS BIT32(4)
#define STATUS_OUT BIT32(7)
#define STATUS_NULL BIT32(6)

#define SPEAKER_GATE BIT32(0)
#define SPEAKER_WRITABLE 0x03u
#define SPEAKER_REFRESH BIT32(4)
#define SPEAKER_OUT BIT32(5)
#define REFRESH_TICKS 18u	/* the refresh bit toggles every 15 us */

/* Interrupts closer to each other than 50 us would leave the guest no time for anything else: some are left out. */
#define PERIOD_MIN_TICKS 60u

static u64 now_tick(const struct pit *p)
{
	return mul_div(p->clock.ns(p->clock.ctx), PIT_HZ, NS_PER_SECOND);
}

static bool is_gated(const struct pit_counter *c)
{
	return c->mode != MODE_ONE_SHOT && c->mode != MODE_HARD_STROBE;
}

static bool is_edge_started(const struct pit_counter *c)
{
	return !is_gated(c);
}

/* Ticks since the count was loaded or triggered. */
static u64 elapsed(const struct pit_counter *c, u64 now)
{
	return c->gate || !is_gated(c) ? now - c->start_tick : c->frozen_ticks;
}

static u32 counter_value(const struct pit_counter *c, u64 now)
{
	u64 ticks = elapsed(c, now);
	u32 modulus = c->is_bcd ? 10000 : 65536;

	if (c->count == 0 || (is_edge_started(c) && !c->is_triggered))
		return c->count;
	if (c->mode == MODE_RATE)
		return c->count - (u32)(ticks % c->count);
	if (c->mode == MODE_SQUARE)
		return c->count - (u32)(ticks * 2 % c->count);
	return (c->count + modulus - (u32)(ticks % modulus)) % modulus;
}

static u16 to_bcd(u32 value)
{
	u32 bcd = 0;

	for (u32 shift = 0; shift < 16; shift += 4, value /= 10)
		bcd |= value % 10 << shift;
	return (u16)bcd;
}

static u32 from_bcd(u32 bcd)
{
	u32 value = 0;

	for (u32 shift = 16; shift > 0; shift -= 4)
		value = value * 10 + (bcd >> (shift - 4) & 0xf);
	return value % 10000;
}

static u16 counter_shown(const struct pit_counter *c, u64 now)
{
	u32 value = counter_value(c, now);

	return c->is_bcd ? to_bcd(value) : (u16)value;
}

static bool counter_out(const struct pit_counter *c, u64 now)
{
	u64 ticks = elapsed(c, now);

	if (c->count == 0)
		return c->mode != MODE_TERMINAL;
	switch (c->mode) {
	case MODE_TERMINAL:
		return ticks >= c->count;
	case MODE_ONE_SHOT:
		return !c->is_triggered || ticks >= c->count;
	case MODE_RATE:
		return !c->gate || ticks % c->count != c->count - 1;
	case MODE_SQUARE:
		return !c->gate || ticks % c->count < (c->count + 1) / 2;
	default:
		return ticks != c->count || (is_edge_started(c) && !c->is_triggered);
	}
}

static void set_gate(struct pit_counter *c, bool gate, u64 now)
{
	if (gate == c->gate)
		return;
	if (!gate) {
		c->frozen_ticks = elapsed(c, now);
	} else if (c->mode == MODE_TERMINAL || c->mode == MODE_SOFT_STROBE) {
		c->start_tick = now - c->frozen_ticks;
	} else {
		c->start_tick = now;
		c->is_triggered = true;
	}
	c->gate = gate;
}

/* ---- Counter 0's interrupt: rising edges of its output ---- */

/* The first edge after `fired_tick`, DEADLINE_NONE if there is none. */
static u64 next_edge(const struct pit *p)
{
	const struct pit_counter *c = &p->counter[0];
	u64 period = c->count, last;

	if (c->count == 0 || is_edge_started(c))
		return DEADLINE_NONE;
	if (c->mode == MODE_RATE || c->mode == MODE_SQUARE) {
		if (period < PERIOD_MIN_TICKS)
			period *= (PERIOD_MIN_TICKS + period - 1) / period;
		return c->start_tick + ((p->fired_tick - c->start_tick) / period + 1) * period;
	}
	last = c->start_tick + c->count + (c->mode == MODE_SOFT_STROBE ? 1 : 0);
	return p->fired_tick < last ? last : DEADLINE_NONE;
}

static u64 pit_deadline_ns(void *device)
{
	u64 edge = next_edge(device);

	return edge == DEADLINE_NONE ? DEADLINE_NONE : mul_div_up(edge, NS_PER_SECOND, PIT_HZ);
}

static void pit_run(void *device)
{
	struct pit *p = device;
	u64 now = now_tick(p);

	if (now < next_edge(p))
		return;
	p->fired_tick = now;
	irq_line_set(&p->irq, true);
	irq_line_set(&p->irq, false);
}

const struct timer_ops pit_timer = { .deadline_ns = pit_deadline_ns, .run = pit_run };

/* ---- Registers ---- */

static void counter_load(struct pit *p, struct pit_counter *c, u32 value)
{
	u64 now = now_tick(p);

	if (c->is_bcd)
		c->count = value ? from_bcd(value) : 10000;
	else
		c->count = value ? value : 65536;
	if (c->count == 0)	/* BCD digits beyond 9 that come to nothing */
		c->count = 10000;
	if (is_edge_started(c))
		return;		/* waits for its gate */
	c->start_tick = now;
	c->frozen_ticks = 0;
	if (c == &p->counter[0])
		p->fired_tick = now;
}

static void write_counter(struct pit *p, struct pit_counter *c, u8 value)
{
	switch (c->access) {
	case ACCESS_LOW:
		counter_load(p, c, value);
		break;
	case ACCESS_HIGH:
		counter_load(p, c, (u32)value << 8);
		break;
	default:
		if (c->write_high)
			counter_load(p, c, (u32)value << 8 | c->low);
		else
			c->low = value;
		c->write_high = !c->write_high;
		break;
	}
}

static void latch_count(struct pit_counter *c, u64 now)
{
	if (c->latch_bytes)
		return;
	c->latch = counter_shown(c, now);
	c->latch_bytes = c->access == ACCESS_BOTH ? 2 : 1;
	c->read_high = false;
}

static void latch_status(struct pit_counter *c, u64 now)
{
	if (c->is_status_latched)
		return;
	c->status = (u8)((counter_out(c, now) ? STATUS_OUT : 0) | (c->count ? 0 : STATUS_NULL) | (u32)c->access << 4 |
			 (u32)c->mode << 1 | (c->is_bcd ? 1u : 0));
	c->is_status_latched = true;
}

static void read_back(struct pit *p, u8 value)
{
	u64 now = now_tick(p);

	for (u32 i = 0; i < PIT_COUNTERS; i++) {
		if (!(value & BIT32(i + 1)))
			continue;
		if (!(value & READ_BACK_NO_COUNT))
			latch_count(&p->counter[i], now);
		if (!(value & READ_BACK_NO_STATUS))
			latch_status(&p->counter[i], now);
	}
}

static void set_mode(struct pit_counter *c, u8 value)
{
	u8 mode = value >> 1 & 7;

	c->mode = mode > MODE_HARD_STROBE ? mode & 3 : mode;
	c->access = value >> 4 & 3;
	c->is_bcd = value & 1;
	c->count = 0;
	c->frozen_ticks = 0;
	c->latch_bytes = 0;
	c->is_triggered = c->is_status_latched = c->read_high = c->write_high = false;
}

static void write_control(struct pit *p, u8 value)
{
	u32 index = value >> 6;

	if (index == READ_BACK)
		read_back(p, value);
	else if ((value >> 4 & 3) == ACCESS_LATCH)
		latch_count(&p->counter[index], now_tick(p));
	else
		set_mode(&p->counter[index], value);
}

static u8 read_counter(const struct pit *p, struct pit_counter *c)
{
	u16 value;
	bool is_high;

	if (c->is_status_latched) {
		c->is_status_latched = false;
		return c->status;
	}
	value = c->latch_bytes ? c->latch : counter_shown(c, now_tick(p));
	is_high = c->access == ACCESS_HIGH || (c->access == ACCESS_BOTH && c->read_high);
	if (c->access == ACCESS_BOTH)
		c->read_high = !c->read_high;
	if (c->latch_bytes)
		c->latch_bytes--;
	return (u8)(is_high ? value >> 8 : value);
}

static u8 pit_read_reg(void *device, u32 reg)
{
	struct pit *p = device;

	return reg == PORT_CONTROL ? 0xff : read_counter(p, &p->counter[reg]);
}

static void pit_write_reg(void *device, u32 reg, u8 value)
{
	struct pit *p = device;

	if (reg == PORT_CONTROL)
		write_control(p, value);
	else
		write_counter(p, &p->counter[reg], value);
}

static u64 pit_read(void *device, u64 offset, u32 size)
{
	return byte_region_read(device, offset, size, PIT_COUNTERS + 1, pit_read_reg);
}

static void pit_write(void *device, u64 offset, u32 size, u64 value)
{
	byte_region_write(device, offset, size, PIT_COUNTERS + 1, value, pit_write_reg);
}

const struct region_ops pit_region = { .read = pit_read, .write = pit_write, .sets_timer = SETS_TIMER_BY_WRITE };

static u64 control_read(void *device, u64 offset, u32 size)
{
	const struct pit *p = device;
	u64 now = now_tick(p);

	if (offset != 0 || size != 1)
		return ~0ull;
	return p->speaker | (now / REFRESH_TICKS & 1 ? SPEAKER_REFRESH : 0) |
	       (counter_out(&p->counter[2], now) ? SPEAKER_OUT : 0);
}

static void control_write(void *device, u64 offset, u32 size, u64 value)
{
	struct pit *p = device;

	if (offset != 0 || size != 1)
		return;
	p->speaker = (u8)value & SPEAKER_WRITABLE;
	set_gate(&p->counter[2], value & SPEAKER_GATE, now_tick(p));
}

const struct region_ops pit_control_region = {
	.read = control_read, .write = control_write, .sets_timer = SETS_TIMER_BY_WRITE,
};

void pit_init(struct pit *p, const struct clock *clock, const struct irq_line *irq)
{
	*p = (struct pit){ .clock = *clock, .irq = *irq };
	for (u32 i = 0; i < PIT_COUNTERS; i++)
		p->counter[i] = (struct pit_counter){ .access = ACCESS_BOTH, .mode = MODE_SQUARE, .gate = i != 2 };
}
