/* SPDX-License-Identifier: MIT */
/*
 * machine_nics.c - a machine's network cards: those of its start, and those that come and go while the guest runs. The
 * card in slot n is PCI device PCI_SLOT_NICS + n and has link n with a switch. A switch that is started again goes on
 * with the link: the guest loses frames, and sees nothing else.
 */
#include <string.h>

#include "machine.h"

_Static_assert(PCI_SLOT_DISKS + VM_DEVICES <= PCI_SLOT_NICS && PCI_SLOT_NICS + VM_DEVICES <= PCI_FUNCTIONS, "cards");
_Static_assert(sizeof(struct virtio_net) <= VMM_NIC_BYTES, "root gives that much for each card");

static void nic_signal(void *ctx, u32 nic)
{
	const struct host *host = ((struct machine *)ctx)->host;

	host->signal_switch(host->ctx, nic);
}

/* The thread of vCPU 0 goes on when it has let others have the lock. */
static void nic_later(void *ctx, u32 nic)
{
	struct machine *m = ctx;

	m->nics_late |= BIT32(nic);
	vcpu_request(&m->vcpu[0], VCPU_REQUEST_SERVICE);
}

static void nic_put_off(void *ctx)
{
	machine_put_off(ctx, LATE_WORK);
}

static void nic_tell_later(void *ctx)
{
	machine_put_off(ctx, LATE_NEWS);
}

void machine_serve_late_nics(struct machine *m)
{
	for (u32 left = m->nics_used; left != 0; left &= left - 1)
		virtio_net_serve_late(m->nics[__builtin_ctz(left)].device);
}

static void poll(struct machine *m, u32 nics)
{
	for (u32 left = nics & m->nics_used; left != 0; left &= left - 1)
		virtio_net_poll(m->nics[__builtin_ctz(left)].device);
}

static u64 late_deadline(void *device)
{
	return ((const struct machine *)device)->nics_late != 0 ? 0 : DEADLINE_NONE;
}

static void late_run(void *device)
{
	struct machine *m = device;
	u32 late = m->nics_late;

	m->nics_late = 0;
	poll(m, late);
}

const struct timer_ops machine_nics_timer = { .deadline_ns = late_deadline, .run = late_run };

static enum status add(struct machine *m, u32 n, const struct vmm_nic *arg, bool is_hot)
{
	struct virtio_net_ops ops = { .signal = nic_signal, .later = nic_later, .put_off = nic_put_off,
				      .tell_later = nic_tell_later, .ctx = m };
	struct virtio_net_nic nic = { .number = n, .mtu = arg->mtu, .drops = &m->control->nic_drops[n],
				      .is_hot = is_hot };
	enum status status;

	memcpy(nic.mac, arg->mac, sizeof(nic.mac));
	status = virtio_net_init(m->nics[n].device, (u8)((PCI_SLOT_NICS + n) << 3), &nic,
				 m->nic_links + n * NET_LINK_STRIDE, &ops, &m->virtio_host, &m->pci);
	if (status == ST_OK)
		m->nics_used |= BIT32(n);
	return status;
}

/* ---- What root wants ---- */

static void follow_cables(struct machine *m)
{
	u32 unplugged = __atomic_load_n(&m->control->nics_unplugged, __ATOMIC_ACQUIRE);
	u32 changed = (unplugged ^ m->nics_unplugged) & m->nics_used;

	m->nics_unplugged ^= changed;
	for (; changed != 0; changed &= changed - 1) {
		u32 n = (u32)__builtin_ctz(changed);

		virtio_net_set_link(m->nics[n].device, (unplugged >> n & 1) == 0);
	}
}

static void report(struct machine *m, u32 slot, enum vmm_disk_state state)
{
	__atomic_store_n(&m->control->nic_news[slot], vmm_disk_news(state, m->nics[slot].generation),
			 __ATOMIC_RELEASE);
	m->host->signal_root(m->host->ctx);
}

/* The guest ejects what it likes, as often as it likes. */
void machine_nic_ejected(struct machine *m, u32 slot)
{
	if ((m->nics_used & BIT32(slot)) == 0)
		return;
	virtio_net_unplug(m->nics[slot].device);
	m->nics_used &= ~BIT32(slot);
	report(m, slot, VMM_DISK_GONE);
}

/* Root attaches to a slot that it was told is empty. Its cable is in at first. */
static void plug(struct machine *m, u32 slot, u32 generation, const struct vmm_nic *nic)
{
	if ((m->nics_used & BIT32(slot)) != 0)
		return;
	m->nics[slot].generation = generation;
	m->nics_unplugged &= ~BIT32(slot);
	if (add(m, slot, nic, true) == ST_OK)
		acpi_hotplug_came(&m->hotplug, MACHINE_NIC_HOTPLUG + slot);
	else
		report(m, slot, VMM_DISK_REFUSED);
}

static void follow_slot(struct machine *m, u32 slot)
{
	const struct vmm_nic_slot *want = &m->control->nics[slot];
	u32 generation = __atomic_load_n(&want->generation, __ATOMIC_ACQUIRE);
	u32 ejects = __atomic_load_n(&want->ejects, __ATOMIC_ACQUIRE);

	if (generation != m->nics[slot].generation)
		plug(m, slot, generation, &want->nic);
	if (ejects == m->nics[slot].ejects_seen)
		return;
	m->nics[slot].ejects_seen = ejects;
	if ((m->nics_used & BIT32(slot)) != 0)
		acpi_hotplug_ask(&m->hotplug, MACHINE_NIC_HOTPLUG + slot, ejects & 1);
}

void machine_serve_nics(struct machine *m)
{
	for (u32 slot = 0; slot < VM_DEVICES; slot++)
		follow_slot(m, slot);
	follow_cables(m);
}

enum status machine_add_nics(struct machine *m)
{
	enum status status = ST_OK;

	for (u32 i = 0; i < m->args->nic_count && status == ST_OK; i++)
		status = add(m, i, &m->args->nics[i], false);
	if (status == ST_OK)
		follow_cables(m);		/* those that are out when it starts */
	return status;
}

void machine_poll_nics(struct machine *m, u64 bits)
{
	poll(m, (u32)(bits / VMM_BIT_NIC) & (BIT32(VM_DEVICES) - 1));
}
