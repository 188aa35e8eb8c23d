/* SPDX-License-Identifier: MIT */
/*
 * memory_report.c - see memory_report.h.
 *
 * Nothing is computed as "the rest": installed and free are the kernel's, the VMs' and the system's parts are the sums
 * over the objects that root made, and to the kernel's own part root adds just what it found at its start and the
 * growth that the kernel names (slabs, root's own PD). So a frame that got lost anywhere shows as a difference.
 */
#include "memory_report.h"

#include "accounts.h"
#include "drivers.h"
#include "image_store.h"
#include "image_volumes.h"
#include "nic_capture.h"
#include "root.h"
#include "router_ports.h"
#include "routers.h"
#include "service.h"
#include "store_maps.h"
#include "store_pools.h"
#include "switches.h"
#include "vm.h"
#include "volume_link.h"

#define ATTEMPTS 100u

static struct {
	u64 root_bytes;		/* MEM objects that only the kernel has handles of */
	u64 kernel_bytes;	/* kernel frames neither in slabs nor root's PD's */
} at_start;

void memory_report_init(void)
{
	const u64 *memory = stats_of_memory();

	at_start.root_bytes = memory[MEM_STAT_GRANTED] + memory[MEM_STAT_RESERVED];
	at_start.kernel_bytes =
		memory[MEM_STAT_KERNEL] - memory[MEM_STAT_SLABS] - stat_of(HANDLE_SELF_PD, STAT_KERNEL_BYTES);
}

/* Of the memory that all VMs' console rings and control pages are in, a VM's part is its own. */
static void fill_vms(struct memory_report *out)
{
	for (u32 i = 0; i < vms_end(); i++) {
		const struct vm *vm = vm_at(i);

		if (vm == NULL)
			continue;
		out->vm[i] = vm_bytes(vm);
		out->vms += out->vm[i];
		out->system -= VM_SHARED_BYTES;
	}
}

static void fill_system(struct memory_report *out)
{
	out->system += at_start.root_bytes + service_bytes() + driver_bytes() + store_ram_bytes() +
		       store_pools_bytes() + image_store_bytes() +
		       image_volumes_bytes() + switches_bytes() + routers_bytes() +
		       router_ports_bytes() + nic_captures_bytes() + volume_links_bytes();
	for (u32 i = 0; i < SHARED_COUNT; i++)
		out->system += object_bytes(root.shared[i]);
	for (u32 i = 0; i < WIRES_MAX; i++)
		out->system += object_bytes(root.rings[i]);
	for (u32 i = 0; i < root.images.count; i++)
		out->system += object_bytes(root.images.images[i].h_mem);
	out->system += object_bytes(root.conf.h_mem);
}

static bool try_fill(struct memory_report *out)
{
	const u64 *memory = stats_of_memory();
	u64 changes = memory[MEM_STAT_CHANGES];

	*out = (struct memory_report){
		.installed = memory[MEM_STAT_INSTALLED],
		.free = memory[MEM_STAT_FREE] + memory[MEM_STAT_KERNEL_FREE],
		.kernel = at_start.kernel_bytes + memory[MEM_STAT_SLABS] + stat_of(HANDLE_SELF_PD, STAT_KERNEL_BYTES),
		.system = memory[MEM_STAT_BOOT],
	};
	fill_system(out);
	fill_vms(out);
	return stats_of_memory()[MEM_STAT_CHANGES] == changes;
}

void memory_report_fill(struct memory_report *out)
{
	for (u32 i = 0; i < ATTEMPTS && !try_fill(out); i++)
		;
}
