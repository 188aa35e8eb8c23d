/* SPDX-License-Identifier: MIT */
/*
 * driver_irqs.c - the interrupts of a driver; see driver_parts.h.
 */
#include "accounts.h"
#include "driver_parts.h"
#include "iommu.h"
#include "platform.h"
#include "range.h"
#include "root.h"
#include "rt_log.h"
#include "sys.h"

static enum status make_irq(struct driver *d, u64 h_thread, u64 gsi, u32 flags, struct object_set *objects)
{
	u64 *h_irq = &d->h_irq[d->irq_count];
	enum status st = sys_irq_create(HANDLE_ROOT, gsi, flags, h_thread, DRIVER_BIT_IRQ << d->irq_count, h_irq);

	return st == ST_OK ? object_set_add(objects, OBJECT_IRQ, *h_irq) : st;
}

static enum status grant_irq(struct driver *d, u64 h_pd)
{
	enum status st = sys_handle_grant(h_pd, DRIVER_H_IRQ + d->irq_count, d->h_irq[d->irq_count], RIGHT_ACK, 0);

	d->irq_count += st == ST_OK;
	return st;
}

static bool give_message(struct driver *d, u32 number, u64 h_pd, u64 h_thread, struct object_set *objects)
{
	const u64 *words;
	u64 address;
	u32 data;

	if (make_irq(d, h_thread, number % INFO->pcpu_count, IRQ_MSI, objects) != ST_OK)
		return false;
	words = stats_of(d->h_irq[d->irq_count]);
	address = words[STAT_IRQ_ADDRESS];
	data = (u32)words[STAT_IRQ_DATA];
	return iommu_message(number, d->device.f, d->irq_count, &address, &data) &&
	       pci_device_message(&d->device, d->irq_count, address, data) && grant_irq(d, h_pd) == ST_OK;
}

static void give_messages(struct driver *d, u32 number, u64 h_pd, u64 h_thread, struct object_set *objects)
{
	u64 count = min_u64(d->kind->irq_count, pci_device_message_count(&d->device));

	while (d->irq_count < count && give_message(d, number, h_pd, h_thread, objects))
		d->interrupts = DRIVER_IRQ_MESSAGES;
	if (d->interrupts == DRIVER_IRQ_NONE)
		pci_device_messages_off(&d->device);
}

static bool give_gsi(struct driver *d, u64 h_pd, u64 h_thread, u64 gsi, u32 flags, struct object_set *objects)
{
	if (!iommu_line((u32)gsi, &flags) || make_irq(d, h_thread, gsi, flags, objects) != ST_OK ||
	    grant_irq(d, h_pd) != ST_OK)
		return false;
	d->interrupts = DRIVER_IRQ_LINES;
	return true;
}

/* The ISA interrupt that the firmware has routed it to. There are machines where that is not its pin of the I/O APIC:
 * drivers poll until the first interrupt. */
static void give_line(struct driver *d, u64 h_pd, u64 h_thread, struct object_set *objects)
{
	const struct pci_function *f = d->device.f;
	u32 flags = 0;

	/* Line 0 is the timer's, or was never set. */
	if (f->irq_pin == 0 || f->irq_line == 0 || f->irq_line >= 16)
		return;
	d->gsi = platform_isa_irq(f->irq_line, &flags);
	if (flags == 0)
		flags = IRQ_LEVEL | IRQ_LOW;
	(void)give_gsi(d, h_pd, h_thread, d->gsi, flags | IRQ_SHARED, objects);
}

static void give_ide_lines(struct driver *d, u64 h_pd, u64 h_thread, struct object_set *objects)
{
	for (u32 channel = 0; channel < 2; channel++) {
		u32 flags, gsi = platform_isa_irq(14 + channel, &flags);

		if (!give_gsi(d, h_pd, h_thread, gsi, flags, objects))
			return;
		d->gsi = channel == 0 ? gsi : d->gsi;
	}
}

void driver_give_irqs(struct driver *d, u32 number, u64 h_pd, u64 h_thread, struct object_set *objects)
{
	d->irq_count = 0;
	d->interrupts = DRIVER_IRQ_NONE;
	if (driver_is_compatible_ide(d->device.f, 0))
		give_ide_lines(d, h_pd, h_thread, objects);
	else
		give_messages(d, number, h_pd, h_thread, objects);
	if (d->interrupts == DRIVER_IRQ_NONE && d->irq_count == 0)
		give_line(d, h_pd, h_thread, objects);
	if (d->interrupts == DRIVER_IRQ_NONE) {
		d->irq_count = 0;
		rt_log("root: no interrupt for %s, it polls", d->name);
	}
}
