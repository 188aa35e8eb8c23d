/* SPDX-License-Identifier: MIT */
/*
 * ioapic.c - I/O APIC (82093AA data sheet, EOI register as in ICH chips).
 *
 * Messages are delivered the moment they are due, so delivery status always reads idle. An edge on a masked input is
 * lost, as the data sheet says. Polarity is kept for the guest to read, and has no meaning here: lines are asserted or
 * not.
 */
#include "ioapic.h"

enum { WINDOW_SELECT = 0x00, WINDOW_DATA = 0x10, WINDOW_EOI = 0x40 };
enum { REG_ID = 0, REG_VERSION = 1, REG_ARBITRATION = 2, REG_TABLE = 0x10 };

#define VERSION (0x20u | (IOAPIC_INPUTS - 1) << 16)

#define ENTRY_LOGICAL BIT64(11)
#define ENTRY_REMOTE_IRR BIT64(14)
#define ENTRY_LEVEL BIT64(15)
#define ENTRY_MASKED BIT64(16)
#define ENTRY_WRITABLE 0xff0000000001afffull

static u8 entry_delivery(u64 entry)
{
	return (u8)(entry >> 8 & 7);
}

static void send(struct ioapic *io, u32 input)
{
	u64 entry = io->entry[input];
	struct irq_message message = {
		.destination = irq_destination_widen((u8)(entry >> 56)),
		.vector = (u8)entry,
		.delivery = entry_delivery(entry),
		.is_logical = entry & ENTRY_LOGICAL,
		.is_level = entry & ENTRY_LEVEL,
	};

	if (entry & ENTRY_LEVEL)
		io->entry[input] |= ENTRY_REMOTE_IRR;
	io->ops.deliver(io->ops.ctx, &message);
}

/* Send a level-triggered interrupt that is due: asserted, not masked, and not being handled. */
static void check_level(struct ioapic *io, u32 input)
{
	u64 entry = io->entry[input];

	if ((io->level & BIT32(input)) && (entry & ENTRY_LEVEL) && !(entry & (ENTRY_MASKED | ENTRY_REMOTE_IRR)))
		send(io, input);
}

void ioapic_set_irq(void *ioapic, u32 gsi, bool is_asserted)
{
	struct ioapic *io = ioapic;
	bool was_asserted;

	if (gsi >= IOAPIC_INPUTS)
		return;
	was_asserted = io->level & BIT32(gsi);
	if (!is_asserted) {
		io->level &= ~BIT32(gsi);
		return;
	}
	io->level |= BIT32(gsi);
	if (io->entry[gsi] & ENTRY_LEVEL)
		check_level(io, gsi);
	else if (!was_asserted && !(io->entry[gsi] & ENTRY_MASKED))
		send(io, gsi);
}

void ioapic_eoi(void *ioapic, u8 vector)
{
	struct ioapic *io = ioapic;

	for (u32 i = 0; i < IOAPIC_INPUTS; i++) {
		if ((u8)io->entry[i] != vector || !(io->entry[i] & ENTRY_REMOTE_IRR))
			continue;
		io->entry[i] &= ~ENTRY_REMOTE_IRR;
		check_level(io, i);
	}
}

bool ioapic_takes_extint(const struct ioapic *io)
{
	return !(io->entry[0] & ENTRY_MASKED) && entry_delivery(io->entry[0]) == DELIVER_EXTINT;
}

static u32 read_register(const struct ioapic *io)
{
	u32 input = (io->select - REG_TABLE) / 2u;

	switch (io->select) {
	case REG_ID:
	case REG_ARBITRATION:
		return (u32)io->id << 24;
	case REG_VERSION:
		return VERSION;
	default:
		if (io->select < REG_TABLE || input >= IOAPIC_INPUTS)
			return 0xffffffff;
		return (u32)(io->select & 1 ? io->entry[input] >> 32 : io->entry[input]);
	}
}

static void write_entry(struct ioapic *io, u32 input, bool is_high, u32 value)
{
	u64 entry = io->entry[input];

	if (is_high)
		entry = (entry & 0xffffffff) | (u64)value << 32;
	else
		entry = (entry & ~0xffffffffull) | value;
	entry = (entry & ENTRY_WRITABLE) | (io->entry[input] & ENTRY_REMOTE_IRR);
	if (!(entry & ENTRY_LEVEL))	/* changing to edge forgets an interrupt whose EOI went astray */
		entry &= ~ENTRY_REMOTE_IRR;
	io->entry[input] = entry;
	check_level(io, input);
	if (input == 0 && ioapic_takes_extint(io))
		io->ops.extint(io->ops.ctx);
}

static void write_register(struct ioapic *io, u32 value)
{
	u32 input = (io->select - REG_TABLE) / 2u;

	if (io->select == REG_ID)
		io->id = value >> 24 & 0xf;
	else if (io->select >= REG_TABLE && input < IOAPIC_INPUTS)
		write_entry(io, input, io->select & 1, value);
}

static u64 window_read(void *device, u64 offset, u32 size)
{
	const struct ioapic *io = device;

	if (size != 4)
		return ~0ull;
	if (offset == WINDOW_SELECT)
		return io->select;
	return offset == WINDOW_DATA ? read_register(io) : ~0ull;
}

/* The select register is also written as a byte. */
static void window_write(void *device, u64 offset, u32 size, u64 value)
{
	struct ioapic *io = device;

	if (offset == WINDOW_SELECT && size <= 4)
		io->select = (u8)value;
	else if (offset == WINDOW_DATA && size == 4)
		write_register(io, (u32)value);
	else if (offset == WINDOW_EOI && size == 4)
		ioapic_eoi(io, (u8)value);
}

const struct region_ops ioapic_region = { .read = window_read, .write = window_write };

void ioapic_init(struct ioapic *io, const struct ioapic_ops *ops)
{
	*io = (struct ioapic){ .ops = *ops };
	for (u32 i = 0; i < IOAPIC_INPUTS; i++)
		io->entry[i] = ENTRY_MASKED;
}
