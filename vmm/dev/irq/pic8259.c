/* SPDX-License-Identifier: MIT */
/*
 * pic8259.c - 8259A pair (Intel 8259A data sheet) and the ELCR of PCI chip sets.
 *
 * The slave's output is the master's input 2, always level. An edge stays latched until it is acknowledged, even if
 * the wire falls before: a line that pulses is not lost.
 */
#include "pic8259.h"

#include "byte_region.h"

#define CASCADE 2u
#define SPURIOUS 7u
#define NONE (-1)

#define ICW1 BIT32(4)		/* command port: set = ICW1, else OCW2 or OCW3 */
#define ICW1_NEEDS_ICW4 BIT32(0)
#define ICW1_SINGLE BIT32(1)
#define ICW4_AUTO_EOI BIT32(1)
#define ICW4_SPECIAL_NESTED BIT32(4)
#define OCW3 BIT32(3)
#define OCW3_READ_ISR BIT32(0)
#define OCW3_READ BIT32(1)
#define OCW3_POLL BIT32(2)
#define OCW3_SPECIAL_MASK BIT32(5)
#define OCW3_SET_SPECIAL_MASK BIT32(6)
#define POLL_PENDING 0x80u

enum { READY, EXPECT_ICW2, EXPECT_ICW3, EXPECT_ICW4 };
enum ocw2 {
	ROTATE_AUTO_OFF, EOI, NOTHING, EOI_SPECIFIC, ROTATE_AUTO_ON, EOI_ROTATE, SET_PRIORITY, EOI_SPECIFIC_ROTATE
};

/* Rank of the first set bit in priority order, 0 = highest, 8 if the set is empty. */
static u32 rank(const struct pic_chip *c, u8 set)
{
	u32 first = (c->lowest + 1u) & 7;
	u32 in_order = (u32)set >> first | ((u32)set << (8 - first) & 0xff);

	return in_order ? (u32)__builtin_ctz(in_order) : 8;
}

static u32 ranked(const struct pic_chip *c, u32 r)
{
	return (c->lowest + 1 + r) & 7;
}

/* The input to be served next, NONE if nothing unmasked outranks what is in service. */
static int chip_pending(const struct pic_chip *c)
{
	u8 in_service = c->isr;
	u32 r = rank(c, (u8)(c->irr & ~c->imr));

	if (c->special_mask)
		in_service &= (u8)~c->imr;
	if (c->special_nested && c->is_master)
		in_service &= (u8)~BIT32(CASCADE);
	return r < rank(c, in_service) ? (int)ranked(c, r) : NONE;
}

static u8 vector_of(const struct pic_chip *c, int input)
{
	return (u8)(c->base + (input == NONE ? (int)SPURIOUS : input));
}

/*
 * Pass the slave's output to the master, and the master's to the processor, also if only the vector has changed.
 */
static void refresh(struct pic *p)
{
	struct pic_chip *master = &p->chip[0];
	int slave_input = chip_pending(&p->chip[1]), input;
	u32 output = 0;

	if (slave_input != NONE)
		master->irr |= BIT32(CASCADE);
	else
		master->irr &= (u8)~BIT32(CASCADE);
	input = chip_pending(master);
	p->is_asserted = input != NONE;
	if (p->is_asserted)
		output = 0x100u | (input == (int)CASCADE ? vector_of(&p->chip[1], slave_input)
							 : vector_of(master, input));
	if (output != p->output) {
		p->output = output;
		p->intr(p->ctx, p->is_asserted);
	}
}

void pic_set_irq(void *pic, u32 irq, bool is_asserted)
{
	struct pic *p = pic;
	struct pic_chip *c;
	u8 bit = (u8)BIT32(irq & 7);

	if (irq >= 16 || irq == CASCADE)
		return;
	c = &p->chip[irq / 8];
	if (!is_asserted) {
		c->level &= (u8)~bit;
		c->irr &= (u8)~(c->elcr & bit);
	} else {
		if ((c->elcr & bit) || !(c->level & bit))
			c->irr |= bit;
		c->level |= bit;
	}
	refresh(p);
}

static void end_of_interrupt(struct pic_chip *c, u32 input, bool is_rotating)
{
	c->isr &= (u8)~BIT32(input);
	if (is_rotating)
		c->lowest = (u8)input;
}

static void put_in_service(struct pic_chip *c, u32 input)
{
	u8 bit = (u8)BIT32(input);

	c->isr |= bit;
	if (!(c->elcr & bit))
		c->irr &= (u8)~bit;
	if (c->auto_eoi)
		end_of_interrupt(c, input, c->rotate_auto_eoi);
}

/* First half of INTA on one chip: the input that is now in service, NONE if it was spurious. */
static int chip_acknowledge(struct pic_chip *c)
{
	int input = chip_pending(c);

	if (input != NONE)
		put_in_service(c, (u32)input);
	return input;
}

u8 pic_peek(const struct pic *p)
{
	int input = chip_pending(&p->chip[0]);

	if (input == (int)CASCADE)
		return vector_of(&p->chip[1], chip_pending(&p->chip[1]));
	return vector_of(&p->chip[0], input);
}

u8 pic_acknowledge(struct pic *p)
{
	int input = chip_acknowledge(&p->chip[0]);
	u8 vector = vector_of(&p->chip[0], input);

	if (input == (int)CASCADE)
		vector = vector_of(&p->chip[1], chip_acknowledge(&p->chip[1]));
	refresh(p);
	return vector;
}

void pic_acknowledge_vector(struct pic *p, u8 vector)
{
	if (p->is_asserted && pic_peek(p) == vector) {
		(void)pic_acknowledge(p);
		return;
	}
	if ((vector & 0xf8) == p->chip[1].base) {
		put_in_service(&p->chip[1], vector & 7);
		put_in_service(&p->chip[0], CASCADE);
	} else if ((vector & 0xf8) == p->chip[0].base) {
		put_in_service(&p->chip[0], vector & 7);
	}
	refresh(p);
}

/* ---- Registers ---- */

static void write_icw1(struct pic_chip *c, u8 value)
{
	c->irr = c->level & c->elcr;
	c->isr = 0;
	c->imr = 0;
	c->lowest = 7;
	c->auto_eoi = c->rotate_auto_eoi = c->special_mask = c->special_nested = c->read_isr = c->poll = false;
	c->is_single = value & ICW1_SINGLE;
	c->needs_icw4 = value & ICW1_NEEDS_ICW4;
	c->init_step = EXPECT_ICW2;
}

static void write_ocw2(struct pic_chip *c, u8 value)
{
	enum ocw2 command = (enum ocw2)(value >> 5);
	u32 input = value & 7, highest = rank(c, c->isr);

	switch (command) {
	case ROTATE_AUTO_OFF:
	case ROTATE_AUTO_ON:
		c->rotate_auto_eoi = command == ROTATE_AUTO_ON;
		break;
	case EOI:
	case EOI_ROTATE:
		if (highest < 8)
			end_of_interrupt(c, ranked(c, highest), command == EOI_ROTATE);
		break;
	case EOI_SPECIFIC:
	case EOI_SPECIFIC_ROTATE:
		end_of_interrupt(c, input, command == EOI_SPECIFIC_ROTATE);
		break;
	case SET_PRIORITY:
		c->lowest = (u8)input;
		break;
	case NOTHING:
		break;
	}
}

static void write_ocw3(struct pic_chip *c, u8 value)
{
	c->poll = value & OCW3_POLL;
	if (value & OCW3_READ)
		c->read_isr = value & OCW3_READ_ISR;
	if (value & OCW3_SET_SPECIAL_MASK)
		c->special_mask = value & OCW3_SPECIAL_MASK;
}

static void write_command(struct pic_chip *c, u8 value)
{
	if (value & ICW1)
		write_icw1(c, value);
	else if (value & OCW3)
		write_ocw3(c, value);
	else
		write_ocw2(c, value);
}

static void write_data(struct pic_chip *c, u8 value)
{
	switch (c->init_step) {
	case EXPECT_ICW2:
		c->base = value & 0xf8;
		c->init_step = c->is_single ? (c->needs_icw4 ? EXPECT_ICW4 : READY) : EXPECT_ICW3;
		break;
	case EXPECT_ICW3:	/* the wiring is fixed */
		c->init_step = c->needs_icw4 ? EXPECT_ICW4 : READY;
		break;
	case EXPECT_ICW4:
		c->auto_eoi = value & ICW4_AUTO_EOI;
		c->special_nested = value & ICW4_SPECIAL_NESTED;
		c->init_step = READY;
		break;
	default:
		c->imr = value;
		break;
	}
}

/* A poll is an acknowledge cycle of this chip alone. */
static u8 read_poll(struct pic_chip *c)
{
	int input = chip_acknowledge(c);

	c->poll = false;
	refresh(c->pic);
	return input == NONE ? 0 : (u8)(POLL_PENDING | (u32)input);
}

static u8 pic_read_reg(void *device, u32 reg)
{
	struct pic_chip *c = device;

	if (c->poll)
		return read_poll(c);
	if (reg == 1)
		return c->imr;
	return c->read_isr ? c->isr : c->irr;
}

static void pic_write_reg(void *device, u32 reg, u8 value)
{
	struct pic_chip *c = device;

	if (reg == 0)
		write_command(c, value);
	else
		write_data(c, value);
	refresh(c->pic);
}

static u64 pic_read(void *device, u64 offset, u32 size)
{
	return byte_region_read(device, offset, size, 2, pic_read_reg);
}

static void pic_write(void *device, u64 offset, u32 size, u64 value)
{
	byte_region_write(device, offset, size, 2, value, pic_write_reg);
}

const struct region_ops pic_region = { .read = pic_read, .write = pic_write };

static u8 elcr_read_reg(void *device, u32 reg)
{
	const struct pic *p = device;

	return p->chip[reg].elcr;
}

static void elcr_write_reg(void *device, u32 reg, u8 value)
{
	struct pic *p = device;

	p->chip[reg].elcr = value & p->chip[reg].elcr_mask;
}

static u64 elcr_read(void *device, u64 offset, u32 size)
{
	return byte_region_read(device, offset, size, 2, elcr_read_reg);
}

static void elcr_write(void *device, u64 offset, u32 size, u64 value)
{
	byte_region_write(device, offset, size, 2, value, elcr_write_reg);
}

const struct region_ops pic_elcr_region = { .read = elcr_read, .write = elcr_write };

void pic_init(struct pic *p, void (*intr)(void *ctx, bool is_asserted), void *ctx)
{
	*p = (struct pic){ .intr = intr, .ctx = ctx };
	/* As firmware leaves them: everything masked. IRQ 0, 1, 2, 8 and 13 can't be level triggered. */
	p->chip[0] = (struct pic_chip){ .pic = p, .imr = 0xff, .lowest = 7, .base = 0x08, .elcr_mask = 0xf8,
					.is_master = true };
	p->chip[1] = (struct pic_chip){ .pic = p, .imr = 0xff, .lowest = 7, .base = 0x70, .elcr_mask = 0xde };
}
