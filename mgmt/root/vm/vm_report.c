/* SPDX-License-Identifier: MIT */
/*
 * vm_report.c - see vm_report.h. Figures come from the kernel's own accounts (accounts.h).
 */
#include "vm_report.h"

#include "vm_disks.h"
#include "vm_nics.h"

#include <string.h>

#include "accounts.h"
#include "root.h"

/* Returns that were no VM exit, and VM exits that the VMM does not hear of. */
static const bool is_no_exit[EXIT_REASON_COUNT] = { [EXIT_DEADLINE] = true };
static const bool is_kernels[EXIT_REASON_COUNT] = { [EXIT_NONE] = true, [EXIT_GRANTED] = true };

static void add_exits(struct vm_counters *out, const u64 *counts)
{
	for (u32 i = 0; i < EXIT_REASON_COUNT; i++) {
		out->exits += is_no_exit[i] ? 0 : counts[i];
		out->exits_vmm += is_no_exit[i] || is_kernels[i] ? 0 : counts[i];
	}
}

void vm_counters_read(const struct vm *vm, struct vm_counters *out)
{
	const u64 *stats = stats_of(vm->pd.h_pd);

	*out = (struct vm_counters){
		.cpu_tsc = stats[STAT_TIME_TSC], .guest_tsc = stats[STAT_TIME_GUEST_TSC],
		.ready_tsc = stats[STAT_TIME_READY],
	};
	for (u32 i = 0; i < STAT_WAKE_BUCKETS; i++)
		out->wakeups += stats[STAT_WAKE_BUCKET + i];
	for (u32 i = 0; i < vm->spec.cpus; i++)
		add_exits(out, stats_of(vm->h_vcpus[i]) + STAT_EXIT_COUNT);
}

_Static_assert(EXIT_REASON_COUNT <= STATS_EXITS && STAT_WAKE_BUCKETS == STATS_BUCKETS, "room for all");

void vm_profile_read(const struct vm *vm, struct vm_profile *out)
{
	const u64 *stats = stats_of(vm->pd.h_pd);

	memset(out, 0, sizeof(*out));
	memcpy(out->wake_bucket, stats + STAT_WAKE_BUCKET, sizeof(out->wake_bucket));
	for (u32 i = 0; i < vm->spec.cpus; i++) {
		stats = stats_of(vm->h_vcpus[i]);
		for (u32 reason = 0; reason < EXIT_REASON_COUNT; reason++) {
			out->exit_count[reason] += stats[STAT_EXIT_COUNT + reason];
			out->exit_tsc[reason] += stats[STAT_EXIT_TICKS + reason];
		}
	}
}

/* Granted memory of its VMM. */
static u64 vmm_bytes(const struct vm *vm)
{
	u64 sum = 0;

	for (u32 i = 0; i < vm->objects.count; i++)
		if (vm->objects.items[i].kind == OBJECT_MEM && vm->objects.items[i].handle != vm->h_ram)
			sum += stat_of(vm->objects.items[i].handle, STAT_BYTES_GRANTED);
	return sum;
}

static void fill_stop_info(const struct vm *vm, struct vm_report *out)
{
	out->reason = vm->stop_info.reason;
	out->rip = vm->stop_info.rip;
	out->last_exit = vm->stop_info.last_exit;
	out->vmm_fault = vm->stop_info.vmm_fault;
	out->detail = vm->stop_info.detail;
	memcpy(out->text, vm->stop_info.text, sizeof(out->text));
	if (vm_state_of(vm) == VM_RUNNING && vm_control(vm)->no_medium != 0)
		out->reason = STOP_NO_MEDIUM;
	if (vm_waits_for_key(vm))
		out->reason = STOP_POOL_LOCKED;
}

static u64 ns_of(u64 tsc)
{
	return rt_time_ns(&root.time, tsc);
}

static u64 uptime_ns(const struct vm *vm)
{
	return ns_of(vm->up_tsc + (vm->is_clock_running ? rt_time_tsc() - vm->up_since_tsc : 0));
}

static u64 run_ns(const struct vm *vm)
{
	return ns_of((vm_is_alive(vm) ? rt_time_tsc() : vm->ended_tsc) - vm->built_tsc);
}

static void fill_load(const struct vm *vm, const struct vm_counters *counters, struct vm_load *out)
{
	out->now_ns = rt_time_now_ns(&root.time);
	out->uptime_ns = uptime_ns(vm);
	out->run_ns = run_ns(vm);
	out->cpu_time_ns = ns_of(counters->cpu_tsc);
	out->guest_time_ns = ns_of(counters->guest_tsc);
	out->ready_ns = ns_of(counters->ready_tsc);
	out->service_time_ns = ns_of(vm->service_tsc - vm->service_before_tsc);
	out->wakeups = counters->wakeups;
	out->exits = counters->exits;
	out->exits_vmm = counters->exits_vmm;
}

/* Which vCPUs are started is what the VMM says; whether it lies matters to nobody else. */
static enum vcpu_state vcpu_state(const struct vm *vm, u64 started, u32 i, bool is_waiting)
{
	if (vm->phase == VM_PHASE_LOADING)
		return VCPU_IS_OFF;
	if ((started >> i & 1) == 0)
		return VCPU_IS_UNSTARTED;
	if (vm->phase == VM_PHASE_PAUSED)
		return VCPU_IS_PAUSED;
	return is_waiting ? VCPU_IS_HALTED : VCPU_IS_RUNNING;
}

static void fill_vcpus(const struct vm *vm, struct vm_report *out)
{
	u64 started = vm_control(vm)->vcpus_online;

	for (u32 i = 0; i < vm->spec.cpus; i++) {
		const u64 *stats = stats_of(vm->h_threads[i]);

		out->vcpu_state[i] = (u8)vcpu_state(vm, started, i, stats[STAT_IS_WAITING] != 0);
		out->vcpu_time_ns[i] = ns_of(stats[STAT_TIME_TSC]);
	}
}

/* What only a VM with objects has. */
static void fill_live(const struct vm *vm, struct vm_report *out)
{
	out->memory_granted_bytes = stat_of(vm->h_ram, STAT_BYTES_GRANTED);
	out->overhead_bytes = vm_bytes(vm) - stat_of(vm->h_ram, STAT_BYTES_HELD) - stat_of(vm->h_vm, STAT_TABLE_BYTES);
	fill_vcpus(vm, out);
}

void vm_report_fill(const struct vm *vm, struct vm_report *out)
{
	struct vm_counters counters = vm->last;

	memcpy(out->name, vm->name, sizeof(out->name));
	out->index = vm->index;
	out->state = vm_state_of(vm);
	out->restarts = vm->restarts;
	out->has_given_up = vm_has_given_up(vm);
	out->is_leaving = vm->phase == VM_PHASE_ENDING && vm->after_teardown == AFTER_DELETE;
	out->spec = vm->spec;
	fill_stop_info(vm, out);
	vm_disks_report(vm, out);
	vm_nics_report(vm, out);
	out->service_ns = ns_of(vm->service_tsc);
	if (vm_is_alive(vm)) {
		vm_counters_read(vm, &counters);
		fill_live(vm, out);
	}
	fill_load(vm, &counters, &out->load);
}

static void fill_profile(struct vm_stats *out, const struct vm_profile *profile)
{
	for (u32 i = 0; i < STATS_EXITS; i++) {
		out->exit_count[i] = profile->exit_count[i];
		out->exit_ns[i] = ns_of(profile->exit_tsc[i]);
	}
	memcpy(out->wake_bucket, profile->wake_bucket, sizeof(out->wake_bucket));
}

static void fill_stats_live(const struct vm *vm, struct vm_stats *out)
{
	out->ram_granted_bytes = stat_of(vm->h_ram, STAT_BYTES_GRANTED);
	out->guest_table_bytes = stat_of(vm->h_vm, STAT_TABLE_BYTES);
	out->vmm_table_bytes = stat_of(vm->pd.h_pd, STAT_TABLE_BYTES);
	out->vmm_bytes = vmm_bytes(vm);
}

void vm_stats_fill(const struct vm *vm, struct vm_stats *out)
{
	static struct vm_profile profile;
	struct vm_counters counters = vm->last;

	profile = vm->last_profile;
	if (vm_is_alive(vm)) {
		vm_counters_read(vm, &counters);
		vm_profile_read(vm, &profile);
		fill_stats_live(vm, out);
	}
	memcpy(out->name, vm->name, sizeof(out->name));
	out->state = vm_state_of(vm);
	out->cpus = vm->spec.cpus;
	out->share = vm->spec.share;
	out->ram_bytes = vm->spec.memory_bytes;
	fill_load(vm, &counters, &out->load);
	fill_profile(out, &profile);
	vm_disks_stats(vm, out);
	vm_nics_stats(vm, out);
}
