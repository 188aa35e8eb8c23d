/* SPDX-License-Identifier: MIT */
/*
 * machine_disks.c - a machine's disks: those of its start, and those that come and go while the guest runs.
 *
 * Slot d is PCI device PCI_SLOT_DISKS + d and has link d. It is empty, has a disk, or its disk is leaving: the guest
 * has ejected it, and the store has requests of it still. Root is told when it is ejected, and when the slot is empty
 * again.
 */
#include <string.h>

#include "machine.h"

_Static_assert(VM_VCPUS <= VIRTIO_QUEUES && PCI_SLOT_DISKS + VM_DEVICES <= PCI_FUNCTIONS, "disks");
_Static_assert(PCI_SLOT_NICS - PCI_SLOT_DISKS == 8 && 8 + VM_DEVICES <= ACPI_HOTPLUG_SLOTS, "acpi_hotplug");
_Static_assert(sizeof(struct virtio_blk) <= VMM_DISK_BYTES, "root gives that much for each disk");

static void disk_signal(void *ctx)
{
	const struct host *host = ((struct machine *)ctx)->host;

	host->signal_store(host->ctx);
}

static void disk_later(void *ctx)
{
	machine_put_off(ctx, LATE_WORK);
}

void machine_serve_late_disks(struct machine *m)
{
	for (u32 left = m->disks_used; left != 0; left &= left - 1) {
		struct virtio_blk *b = m->disks[__builtin_ctz(left)].device;

		if (b->is_late)
			virtio_blk_serve(b);
	}
}

/* Root has judged and terminated the serial number. At least two queues, so that Linux takes no I/O scheduler. */
static enum status add(struct machine *m, u32 slot, const struct vmm_disk *arg, bool is_hot)
{
	struct virtio_blk_ops ops = { .signal = disk_signal, .later = disk_later, .ctx = m };
	struct virtio_blk_disk disk = { .bytes = arg->bytes, .block_bytes = arg->block_bytes, .is_hot = is_hot,
					.is_read_only = arg->flags & VMM_DISK_READ_ONLY };
	u32 queues = m->vcpu_count < 2 ? 2 : m->vcpu_count;
	enum status status;

	memcpy(disk.serial, arg->serial, sizeof(disk.serial));
	status = virtio_blk_init(m->disks[slot].device, (u8)((PCI_SLOT_DISKS + slot) << 3), &disk, queues,
				 m->links + (u64)slot * BLK_LINK_BYTES, &ops, &m->virtio_host, &m->pci);
	if (status == ST_OK)
		m->disks_used |= BIT32(slot);
	return status;
}

enum status machine_add_disks(struct machine *m)
{
	enum status status = ST_OK;

	for (u32 i = 0; i < m->args->disk_count && status == ST_OK; i++) {
		if (!(m->args->disks[i].flags & VMM_DISK_NVRAM))
			status = add(m, i, &m->args->disks[i], false);
		else if (machine_has_flash(m))
			machine_init_nvram(m, i);
	}
	return status;
}

/* ---- Disks that go ---- */

static void report(struct machine *m, u32 slot, enum vmm_disk_state state)
{
	__atomic_store_n(&m->control->disk_news[slot], vmm_disk_news(state, m->disks[slot].generation),
			 __ATOMIC_RELEASE);
	m->host->signal_root(m->host->ctx);
}

static void report_gone(struct machine *m, u32 slot)
{
	m->disks_used &= ~BIT32(slot);
	m->disks_leaving &= ~BIT32(slot);
	report(m, slot, VMM_DISK_GONE);
}

/* The guest ejects what it likes, as often as it likes. */
static void ejected(void *ctx, u32 slot)
{
	struct machine *m = ctx;

	if (slot >= MACHINE_NIC_HOTPLUG) {
		machine_nic_ejected(m, slot - MACHINE_NIC_HOTPLUG);
		return;
	}
	if (!(m->disks_used & ~m->disks_leaving & BIT32(slot)))
		return;
	if (virtio_blk_unplug(m->disks[slot].device)) {
		report_gone(m, slot);
		return;
	}
	m->disks_leaving |= BIT32(slot);
	report(m, slot, VMM_DISK_EJECTED);
}

void machine_poll_disks(struct machine *m)
{
	for (u32 left = m->disks_used; left != 0; left &= left - 1)
		virtio_blk_poll(m->disks[__builtin_ctz(left)].device);
	for (u32 left = m->disks_leaving; left != 0; left &= left - 1)
		if (virtio_blk_is_gone(m->disks[__builtin_ctz(left)].device))
			report_gone(m, (u32)__builtin_ctz(left));
}

void machine_init_hotplug(struct machine *m, const struct irq_line *irq)
{
	struct acpi_hotplug_ops ops = { .eject = ejected, .ctx = m };

	acpi_hotplug_init(&m->hotplug, &ops, irq);
}

/* ---- What root wants ---- */

/* Root attaches to a slot that it was told is empty. */
static void plug(struct machine *m, u32 slot, u32 generation, const struct vmm_disk *disk)
{
	if (m->disks_used & BIT32(slot))
		return;
	m->disks[slot].generation = generation;
	if (add(m, slot, disk, true) == ST_OK)
		acpi_hotplug_came(&m->hotplug, slot);
	else
		report(m, slot, VMM_DISK_REFUSED);
}

static void follow_wish(struct machine *m, u32 slot, u32 ejects)
{
	m->disks[slot].ejects_seen = ejects;
	if (m->disks_used & ~m->disks_leaving & BIT32(slot))
		acpi_hotplug_ask(&m->hotplug, slot, ejects & 1);
}

void machine_serve_disks(struct machine *m)
{
	for (u32 slot = 0; slot < VM_DEVICES; slot++) {
		const struct vmm_disk_slot *want = &m->control->disks[slot];
		u32 generation = __atomic_load_n(&want->generation, __ATOMIC_ACQUIRE);
		u32 ejects = __atomic_load_n(&want->ejects, __ATOMIC_ACQUIRE);

		if (generation != m->disks[slot].generation)
			plug(m, slot, generation, &want->disk);
		if (ejects != m->disks[slot].ejects_seen)
			follow_wish(m, slot, ejects);
	}
}
