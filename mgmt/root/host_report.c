/*
 * host_report.c - what root tells about the machine; see vm_report.h. Figures come from the kernel's own accounts.
 */
#include "root.h"
#include "sys.h"
#include "vm.h"
#include "vm_report.h"

static u64 system_value(enum system_op op, u64 a, u64 b)
{
	u64 value = 0;

	(void)sys_system_ctl(HANDLE_ROOT, op, a, b, &value);
	return value;
}

/* Only after PCPU_TIME_ELAPSED, which takes the picture. */
static u64 pcpu_time_ns(u32 index, enum pcpu_time what)
{
	return rt_time_ns(&root.time, system_value(SYSTEM_PCPU_TIME, index, what));
}

/* Signed, so that the reader sees whether time was lost or counted twice. */
static s64 pcpu_difference_ns(u32 index, u64 elapsed_tsc)
{
	u64 sum = 0;

	for (u32 what = PCPU_TIME_ELAPSED + 1; what < PCPU_TIME_COUNT; what++)
		sum += system_value(SYSTEM_PCPU_TIME, index, what);
	if (sum >= elapsed_tsc)
		return (s64)rt_time_ns(&root.time, sum - elapsed_tsc);
	return -(s64)rt_time_ns(&root.time, elapsed_tsc - sum);
}

void pcpu_report_fill(u32 index, struct pcpu_report *out)
{
	u64 elapsed_tsc = system_value(SYSTEM_PCPU_TIME, index, PCPU_TIME_ELAPSED);

	out->index = index;
	out->count = INFO->pcpu_count;
	out->elapsed_ns = rt_time_ns(&root.time, elapsed_tsc);
	out->guest_ns = pcpu_time_ns(index, PCPU_TIME_GUEST);
	out->vmm_ns = pcpu_time_ns(index, PCPU_TIME_VMM);
	out->system_ns = pcpu_time_ns(index, PCPU_TIME_SYSTEM);
	out->idle_ns = pcpu_time_ns(index, PCPU_TIME_IDLE);
	out->difference_ns = pcpu_difference_ns(index, elapsed_tsc);
}

void host_report_fill(struct host_report *out)
{
	u64 idle = 0;

	for (u32 i = 0; i < INFO->pcpu_count; i++) {
		(void)system_value(SYSTEM_PCPU_TIME, i, PCPU_TIME_ELAPSED);	/* takes the picture */
		idle += system_value(SYSTEM_PCPU_TIME, i, PCPU_TIME_IDLE);
	}
	out->memory_total = system_value(SYSTEM_MEMORY, FRAMES_INSTALLED, 0);
	out->memory_free = system_value(SYSTEM_MEMORY, FRAMES_FREE, 0);
	out->memory_kernel =
		system_value(SYSTEM_MEMORY, FRAMES_KERNEL, 0) + system_value(SYSTEM_MEMORY, FRAMES_KERNEL_FREE, 0);
	out->uptime_ns = rt_time_now_ns(&root.time);
	out->idle_ns = rt_time_ns(&root.time, idle);
	out->vm_count = vm_count(&out->vm_running);
}
