/* SPDX-License-Identifier: MIT */
/*
 * machine_nvram.c - UEFI's variables of a machine that has a disk for them: its device is the flash memory, and there
 * is no other. The vCPU that has changed one waits until that is on stable storage.
 */
#include "machine.h"

#define WAIT_TICKS BIT64(20)	/* of a vCPU that the store does not signal: well below the time anybody notices */

static void store_signal(void *ctx)
{
	const struct host *host = ((struct machine *)ctx)->host;

	host->signal_store(host->ctx);
}

/* Without the lock. What comes for thread 0 meanwhile, its loop gets. */
static void store_wait(void *ctx)
{
	struct machine *m = ctx;
	u64 bits = 0;

	machine_unlock(m);
	(void)!m->host->wait(m->host->ctx, m->host->tsc(m->host->ctx) + WAIT_TICKS, &bits);
	machine_lock(m);
	console_port_defer(&m->console, bits);
}

void machine_init_nvram(struct machine *m, u32 slot)
{
	struct nvram_ops ops = { .signal = store_signal, .wait = store_wait, .ctx = m };

	nvram_init(&m->nvram, m->links + (u64)slot * BLK_LINK_BYTES, m->flash_bytes, &ops);
	m->has_nvram = true;
}

bool machine_load_variables(struct machine *m)
{
	bool is_loaded;

	if (!m->has_nvram)
		return true;
	machine_lock(m);
	is_loaded = nvram_load(&m->nvram);
	machine_unlock(m);
	if (!is_loaded)
		machine_stop(m, 0, STOP_BAD_STATE, false, "the disk of its UEFI variables can't be read or written");
	return is_loaded;
}

void machine_keep_variables(struct machine *m)
{
	if (m->has_nvram && !nvram_write(&m->nvram))
		m->virtio_host.broken(m, "nvram", "its disk failed, so changes of UEFI variables are not kept");
}
