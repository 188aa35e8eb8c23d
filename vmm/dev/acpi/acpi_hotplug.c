/* SPDX-License-Identifier: MIT */
/*
 * acpi_hotplug.c - see acpi_hotplug.h.
 */
#include "acpi_hotplug.h"

#include "byte_region.h"

static void update_line(const struct acpi_hotplug *h)
{
	irq_line_set(&h->irq, (h->up | h->down) != 0);
}

void acpi_hotplug_came(struct acpi_hotplug *h, u32 slot)
{
	h->up |= (u16)BIT32(slot);
	h->down &= (u16)~BIT32(slot);
	update_line(h);
}

void acpi_hotplug_ask(struct acpi_hotplug *h, u32 slot, bool is_asked)
{
	u16 bit = (u16)BIT32(slot);

	h->down = is_asked ? h->down | bit : h->down & (u16)~bit;
	update_line(h);
}

static u32 shift_of(u32 reg)
{
	return reg / ACPI_HOTPLUG_BANK * 8;
}

static u8 read_register(void *device, u32 reg)
{
	const struct acpi_hotplug *h = device;

	switch (reg % ACPI_HOTPLUG_BANK) {
	case ACPI_HOTPLUG_UP:
		return (u8)(h->up >> shift_of(reg));
	case ACPI_HOTPLUG_DOWN:
		return (u8)(h->down >> shift_of(reg));
	default:
		return 0;
	}
}

/* What was to be said of a device that goes is void. */
static void eject(struct acpi_hotplug *h, u16 slots)
{
	h->up &= (u16)~slots;
	h->down &= (u16)~slots;
	for (u32 left = slots; left != 0; left &= left - 1)
		h->ops.eject(h->ops.ctx, (u32)__builtin_ctz(left));
}

static void write_register(void *device, u32 reg, u8 value)
{
	struct acpi_hotplug *h = device;
	u16 slots = (u16)(value << shift_of(reg));

	if (reg % ACPI_HOTPLUG_BANK == ACPI_HOTPLUG_UP)
		h->up &= (u16)~slots;
	else if (reg % ACPI_HOTPLUG_BANK == ACPI_HOTPLUG_DOWN)
		h->down &= (u16)~slots;
	else if (reg % ACPI_HOTPLUG_BANK == ACPI_HOTPLUG_EJECT)
		eject(h, slots);
	update_line(h);
}

static u64 region_read(void *device, u64 offset, u32 size)
{
	return byte_region_read(device, offset, size, ACPI_HOTPLUG_PORTS, read_register);
}

static void region_write(void *device, u64 offset, u32 size, u64 value)
{
	byte_region_write(device, offset, size, ACPI_HOTPLUG_PORTS, value, write_register);
}

const struct region_ops acpi_hotplug_region = { .read = region_read, .write = region_write };

void acpi_hotplug_init(struct acpi_hotplug *h, const struct acpi_hotplug_ops *ops, const struct irq_line *irq)
{
	*h = (struct acpi_hotplug){ .ops = *ops, .irq = *irq };
}
