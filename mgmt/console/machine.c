/*
 * machine.c - see machine.h.
 */
#include <string.h>

#include "machine.h"
#include "units.h"

#define LOOK_NS (200 * NS_PER_MS)

struct vm_entry *machine_find(struct machine *m, const char *name)
{
	for (u32 i = 0; i < VM_COUNT; i++)
		if (m->vms[i].is_used && strcmp(m->vms[i].report.name, name) == 0)
			return &m->vms[i];
	return 0;
}

static void terminate(char *text, size_t size)
{
	text[size - 1] = 0;
}

struct vm_entry *machine_update(struct machine *m, const struct vm_report *report, u64 now_ns)
{
	struct vm_entry *vm;

	if (report->index >= VM_COUNT || report->name[0] == 0)
		return 0;
	vm = &m->vms[report->index];
	if (!vm->is_used || strncmp(vm->report.name, report->name, VM_NAME_BYTES) != 0) {
		history_free(&vm->history);
		*vm = (struct vm_entry){ .is_used = true };
	}
	vm->report = *report;
	vm->reported_ns = now_ns;
	vm->is_confirmed = true;
	terminate(vm->report.name, sizeof(vm->report.name));
	terminate(vm->report.text, sizeof(vm->report.text));
	terminate(vm->report.spec.kernel, IMAGE_NAME_BYTES);
	terminate(vm->report.spec.initrd, IMAGE_NAME_BYTES);
	terminate(vm->report.spec.vmm, IMAGE_NAME_BYTES);
	terminate(vm->report.spec.cmdline, CMDLINE_BYTES);
	for (u32 i = 0; i < IMAGE_MODULES; i++)
		terminate(vm->report.spec.modules[i], IMAGE_NAME_BYTES);
	if (vm->report.spec.module_count > IMAGE_MODULES)
		vm->report.spec.module_count = 0;
	return vm;
}

static void drop(struct vm_entry *vm)
{
	history_free(&vm->history);
	*vm = (struct vm_entry){ 0 };
}

void machine_forget(struct machine *m, const char *name)
{
	struct vm_entry *vm = machine_find(m, name);

	if (vm)
		drop(vm);
}

void machine_unconfirm(struct machine *m)
{
	for (u32 i = 0; i < VM_COUNT; i++)
		m->vms[i].is_confirmed = false;
}

void machine_drop_unconfirmed(struct machine *m)
{
	for (u32 i = 0; i < VM_COUNT; i++)
		if (m->vms[i].is_used && !m->vms[i].is_confirmed)
			drop(&m->vms[i]);
}

void machine_look(struct vm_entry *vm, u64 now_ns)
{
	const struct vm_report *r = &vm->report;
	u64 passed = now_ns - vm->look_ns, used;

	if (vm->look_ns == 0 || r->cpu_time_ns < vm->look_cpu_ns) {
		passed = r->uptime_ns;
		used = r->cpu_time_ns;
	} else if (passed < LOOK_NS) {
		return;
	} else {
		used = r->cpu_time_ns - vm->look_cpu_ns;
	}
	vm->look_ns = now_ns;
	vm->look_cpu_ns = r->cpu_time_ns;
	vm->cpu_tenths = passed >= 1000 ? (u32)(used / (passed / 1000)) : 0;
	/* CPU time begins with the VMM, uptime with the guest: soon after a start there is more of the one. */
	if (vm->cpu_tenths > 1000 * r->spec.cpus)
		vm->cpu_tenths = 1000 * r->spec.cpus;
}

bool vm_is_live(const struct vm_entry *vm)
{
	u32 state = vm->report.state;

	return state == VM_STARTING || state == VM_RUNNING || state == VM_PAUSED || state == VM_STOPPING;
}

u32 machine_live_count(const struct machine *m)
{
	u32 count = 0;

	for (u32 i = 0; i < VM_COUNT; i++)
		count += m->vms[i].is_used && vm_is_live(&m->vms[i]);
	return count;
}
