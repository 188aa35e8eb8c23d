/*
 * vm_report.c - see vm_report.h. Figures come from the kernel's own accounts (SYS_OBJECT_STAT).
 */
#include "vm_report.h"

#include <string.h>

#include "root.h"
#include "sys.h"

static u64 stat_of(u64 handle, enum stat stat)
{
	u64 value = 0;

	if (handle == 0 || sys_object_stat(handle, stat, &value) != ST_OK)
		return 0;
	return value;
}

void vm_counters_read(const struct vm *vm, struct vm_counters *out)
{
	memset(out, 0, sizeof(*out));
	for (u32 i = 0; i < vm->spec.cpus; i++) {
		out->cpu_tsc += stat_of(vm->h_threads[i], STAT_TIME_TSC);
		out->guest_tsc += stat_of(vm->h_threads[i], STAT_TIME_GUEST_TSC);
		out->exits += stat_of(vm->h_vcpus[i], STAT_EXITS);
		out->exits_vmm += stat_of(vm->h_vcpus[i], STAT_EXITS_VMM);
	}
}

static bool is_alive(const struct vm *vm)
{
	return lifecycle_has_objects(vm->life) && vm->life != LIFE_ENDING;
}

static u64 overhead_bytes(const struct vm *vm)
{
	u64 sum = stat_of(vm->pd.h_pd, STAT_TABLE_BYTES) + stat_of(vm->h_vm, STAT_TABLE_BYTES);

	for (u32 i = 0; i < vm->objects.count; i++)
		if (vm->objects.items[i].kind == HOLD_MEM && vm->objects.items[i].handle != vm->h_ram)
			sum += stat_of(vm->objects.items[i].handle, STAT_BYTES_GRANTED);
	return sum;
}

static void fill_ending(const struct vm *vm, struct vm_report *out)
{
	out->reason = vm->ending.reason;
	out->rip = vm->ending.rip;
	out->last_exit = vm->ending.last_exit;
	out->vmm_fault = vm->ending.vmm_fault;
	out->detail = vm->ending.detail;
	memcpy(out->text, vm->ending.text, sizeof(out->text));
}

void vm_report_fill(const struct vm *vm, struct vm_report *out)
{
	struct vm_counters counters = vm->last;
	u64 up = vm->up_tsc;

	memcpy(out->name, vm->name, sizeof(out->name));
	out->index = vm->index;
	out->state = vm_state_of(vm);
	out->restarts = vm->restarts;
	out->spec = vm->spec;
	fill_ending(vm, out);
	if (vm->is_clock_running)
		up += rt_time_tsc() - vm->up_since_tsc;
	out->uptime_ns = rt_time_ns(&root.time, up);
	if (is_alive(vm)) {
		vm_counters_read(vm, &counters);
		out->memory_granted_bytes = stat_of(vm->h_ram, STAT_BYTES_GRANTED);
		out->overhead_bytes = overhead_bytes(vm);
	}
	out->cpu_time_ns = rt_time_ns(&root.time, counters.cpu_tsc);
	out->guest_time_ns = rt_time_ns(&root.time, counters.guest_tsc);
	out->exits = counters.exits;
	out->exits_vmm = counters.exits_vmm;
}

static u64 system_value(enum system_op op, u64 a)
{
	u64 value = 0;

	(void)sys_system_ctl(HANDLE_ROOT, op, a, 0, &value);
	return value;
}

void host_report_fill(struct host_report *out)
{
	u64 idle = 0;

	for (u32 i = 0; i < INFO->pcpu_count; i++)
		idle += system_value(SYSTEM_IDLE_TSC, i);
	out->memory_total = system_value(SYSTEM_FRAMES_TOTAL, 0);
	out->memory_free = system_value(SYSTEM_FRAMES_FREE, 0);
	out->memory_kernel = system_value(SYSTEM_FRAMES_KERNEL, 0);
	out->uptime_ns = rt_time_now_ns(&root.time);
	out->idle_ns = rt_time_ns(&root.time, idle);
	out->vm_count = vm_count(&out->vm_running);
}
