/* SPDX-License-Identifier: MIT */
/*
 * machine_nics.c - a machine's network cards. Card n is PCI device PCI_SLOT_NICS + n and has link n with a switch. A
 * switch that is started again goes on with the link: the guest loses frames, and sees nothing else.
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

static void poll(struct machine *m, u32 nics)
{
	for (u32 left = nics; left != 0; left &= left - 1)
		virtio_net_poll(m->nics[__builtin_ctz(left)]);
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

static enum status add(struct machine *m, u32 n)
{
	const struct vmm_nic *arg = &m->args->nics[n];
	struct virtio_net_ops ops = { .signal = nic_signal, .later = nic_later, .ctx = m };
	struct virtio_net_nic nic = { .number = n, .mtu = arg->mtu, .drops = &m->control->nic_drops[n] };

	memcpy(nic.mac, arg->mac, sizeof(nic.mac));
	return virtio_net_init(m->nics[n], (u8)((PCI_SLOT_NICS + n) << 3), &nic, m->nic_links + n * NET_LINK_STRIDE,
			       &ops, &m->virtio_host, &m->pci);
}

void machine_serve_nics(struct machine *m)
{
	u32 unplugged = __atomic_load_n(&m->control->nics_unplugged, __ATOMIC_ACQUIRE);
	u32 changed = (unplugged ^ m->nics_unplugged) & (BIT32(m->args->nic_count) - 1);

	m->nics_unplugged = unplugged;
	for (; changed != 0; changed &= changed - 1) {
		u32 n = (u32)__builtin_ctz(changed);

		virtio_net_set_link(m->nics[n], (unplugged >> n & 1) == 0);
	}
}

enum status machine_add_nics(struct machine *m)
{
	enum status status = ST_OK;

	for (u32 i = 0; i < m->args->nic_count && status == ST_OK; i++)
		status = add(m, i);
	if (status == ST_OK)
		machine_serve_nics(m);		/* cables that are out when it starts */
	return status;
}

void machine_poll_nics(struct machine *m, u64 bits)
{
	poll(m, (u32)(bits / VMM_BIT_NIC) & (BIT32(m->args->nic_count) - 1));
}
