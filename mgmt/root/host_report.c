/* SPDX-License-Identifier: MIT */
/*
 * host_report.c - what root tells about the machine; see vm_report.h. Figures come from the kernel's own accounts.
 */
#include "accounts.h"
#include "definitions.h"
#include "machine_checks.h"
#include "root.h"
#include "service_time.h"
#include "vm.h"
#include "vm_disks.h"
#include "vm_report.h"

static u64 ns_of(u64 tsc)
{
	return rt_time_ns(&root.time, tsc);
}

/* Signed, so that the reader sees whether time was lost or counted twice. */
static s64 difference_ns(const u64 *times)
{
	u64 sum = 0, elapsed = times[PCPU_TIME_ELAPSED];

	for (u32 what = PCPU_TIME_ELAPSED + 1; what < PCPU_TIME_COUNT; what++)
		sum += times[what];
	return sum >= elapsed ? (s64)ns_of(sum - elapsed) : -(s64)ns_of(elapsed - sum);
}

void pcpu_report_fill(u32 index, struct pcpu_report *out)
{
	const u64 *times = stats_of_pcpu(index);

	out->index = index;
	out->count = INFO->pcpu_count;
	out->elapsed_ns = ns_of(times[PCPU_TIME_ELAPSED]);
	out->guest_ns = ns_of(times[PCPU_TIME_GUEST]);
	out->vmm_ns = ns_of(times[PCPU_TIME_VMM]);
	out->system_ns = ns_of(times[PCPU_TIME_SYSTEM]);
	out->idle_ns = ns_of(times[PCPU_TIME_IDLE]);
	out->difference_ns = difference_ns(times);
}

void host_report_fill(struct host_report *out)
{
	const u64 *memory = stats_of_memory();
	u64 idle = 0, deleted_tsc;

	for (u32 i = 0; i < INFO->pcpu_count; i++)
		idle += stats_of_pcpu(i)[PCPU_TIME_IDLE];
	out->memory_total = memory[MEM_STAT_INSTALLED];
	out->memory_free = memory[MEM_STAT_FREE];
	out->memory_kernel = memory[MEM_STAT_KERNEL] + memory[MEM_STAT_KERNEL_FREE];
	out->uptime_ns = rt_time_now_ns(&root.time);
	out->idle_ns = ns_of(idle);
	out->vm_count = vm_count(&out->vm_running);
	vm_disks_deleted(&out->io_deleted, &deleted_tsc);
	out->service_ns = ns_of(service_time_all());
	out->service_deleted_ns = ns_of(deleted_tsc);
	definitions_report_fill(&out->definitions);
	machine_checks_report(&out->hardware);
}
