/* SPDX-License-Identifier: MIT */
/*
 * machine_cd.c - a machine's CD drive, and the discs that root puts into it while the guest runs (struct vmm_disc).
 */
#include "machine.h"

static const u8 *disc_of(const struct machine *m, u32 generation)
{
	return m->discs + generation % 2 * VMM_DISC_STRIDE;
}

/* Before its VMM's first instruction the disc is that of generation 0. */
enum status machine_add_cd_drive(struct machine *m)
{
	if (!m->args->has_cd_drive)
		return ST_OK;
	return virtio_scsi_init(&m->cd_drive, PCI_SLOT_CD << 3, disc_of(m, 0), m->control->disc.bytes,
				&m->virtio_host, &m->pci);
}

void machine_serve_cd(struct machine *m)
{
	u32 generation = __atomic_load_n(&m->control->disc.generation, __ATOMIC_ACQUIRE);

	if (!m->args->has_cd_drive || generation == m->control->disc_seen)
		return;
	scsi_cd_change(&m->cd_drive.cd, disc_of(m, generation), m->control->disc.bytes);
	__atomic_store_n(&m->control->disc_seen, generation, __ATOMIC_RELEASE);
	m->host->signal_root(m->host->ctx);
}
