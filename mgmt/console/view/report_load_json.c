/* SPDX-License-Identifier: MIT */
/*
 * report_load_json.c - where time and memory go, for programs: stats-vm, accounting, top. Times in nanoseconds.
 */
#include <string.h>

#include "fields.h"
#include "report.h"
#include "report_tables.h"
#include "vcpu_page.h"

static void exit_list(struct json_writer *w, const struct vm_stats *v)
{
	json_open(w, "exit-reasons", '[');
	for (u32 i = 0; i < EXIT_REASON_COUNT; i++) {
		if (v->exit_count[i] == 0)
			continue;
		json_open(w, 0, '{');
		json_text(w, "reason", exit_text(i));
		json_number(w, "count", v->exit_count[i]);
		json_number(w, "ns", v->exit_ns[i]);
		json_close(w, '}');
	}
	json_close(w, ']');
}

void json_stats(struct json_writer *w, const char *key, const void *what)
{
	const struct vm_stats *v = what;
	static struct vm_spec spec;	/* too large for the stack */

	json_open(w, key, '{');
	json_bytes(w, "name", v->name, strnlen(v->name, VM_NAME_BYTES));
	json_text(w, "state", state_text(v->state));
	json_number(w, "cpu", v->cpus);
	spec.share = v->share;
	fields_json(w, &spec, FIELDS_SHARE);
	json_load(w, &v->load);
	exit_list(w, v);
	json_open(w, "wake-latency-log2-ns", '[');
	for (u32 i = 0; i < STATS_BUCKETS; i++)
		json_number(w, 0, v->wake_bucket[i]);
	json_close(w, ']');
	json_number(w, "memory", v->ram_bytes);
	json_number(w, "memory-granted", v->ram_granted_bytes);
	json_number(w, "memory-guest-tables", v->guest_table_bytes);
	json_number(w, "memory-vmm-tables", v->vmm_table_bytes);
	json_number(w, "memory-vmm", v->vmm_bytes);
	json_disk_stats(w, v);
	json_nic_stats(w, v);
	json_close(w, '}');
}

static void time_list(struct json_writer *w, const struct inventory *m)
{
	json_open(w, "pcpus", '[');
	for (u32 i = 0; i < m->pcpu_count; i++) {
		const struct pcpu_report *p = &m->pcpus[i].report;

		json_open(w, 0, '{');
		json_number(w, "pcpu", p->index);
		json_number(w, "elapsed-ns", p->elapsed_ns);
		json_number(w, "guest-ns", p->guest_ns);
		json_number(w, "vmm-ns", p->vmm_ns);
		json_number(w, "system-ns", p->system_ns);
		json_number(w, "idle-ns", p->idle_ns);
		json_number(w, "difference-ppm", difference_ppm(p));
		json_close(w, '}');
	}
	json_close(w, ']');
	json_bool(w, "time-adds-up", time_holds(m));
}

static void memory_list(struct json_writer *w, const struct inventory *m)
{
	const struct memory_report *r = &m->memory;

	json_open(w, "memory", '{');
	json_number(w, "installed", r->installed);
	json_number(w, "vms", r->vms);
	json_number(w, "system", r->system);
	json_number(w, "kernel", r->kernel);
	json_number(w, "free", r->free);
	json_open(w, "vm", '[');
	for (u32 i = 0; i < VM_COUNT; i++) {
		if (!m->vms[i].is_used || !r->vm[i])
			continue;
		json_open(w, 0, '{');
		json_text(w, "name", m->vms[i].report.name);
		json_number(w, "bytes", r->vm[i]);
		json_close(w, '}');
	}
	json_close(w, ']');
	json_close(w, '}');
	json_bool(w, "memory-adds-up", memory_difference(r) == 0);
}

void json_accounting(struct json_writer *w, const char *key, const void *what)
{
	const struct inventory *m = what;
	json_open(w, key, '{');
	time_list(w, m);
	memory_list(w, m);
	json_io_table(w, m);
	json_close(w, '}');
}

static void load_list(struct json_writer *w, const struct inventory *m)
{
	json_open(w, "pcpus", '[');
	for (u32 i = 0; i < m->pcpu_count; i++) {
		const struct pcpu_entry *p = &m->pcpus[i];

		json_open(w, 0, '{');
		json_number(w, "pcpu", i);
		json_number(w, "guest-permille", p->guest_permille);
		json_number(w, "vmm-permille", p->vmm_permille);
		json_number(w, "system-permille", p->system_permille);
		json_number(w, "idle-permille", p->idle_permille);
		json_close(w, '}');
	}
	json_close(w, ']');
}

void json_top(struct json_writer *w, const char *key, const struct inventory *m)
{
	static const struct vm_entry *vms[VM_COUNT];
	u32 count = vms_by_load(m, vms);

	json_open(w, key, '{');
	json_number(w, "uptime-ns", m->host.uptime_ns);
	json_number(w, "memory-total", m->host.memory_total);
	json_number(w, "memory-free", m->host.memory_free);
	load_list(w, m);
	json_open(w, "vms", '[');
	for (u32 i = 0; i < count; i++) {
		const struct vm_report *r = &vms[i]->report;
		bool is_live = vm_is_live(vms[i]);

		json_open(w, 0, '{');
		json_text(w, "name", r->name);
		json_text(w, "state", state_text(r->state));
		json_number(w, "cpu", r->spec.cpus);
		json_number(w, "cpu-permille", is_live ? vms[i]->rates.cpu_permille : 0);
		json_number(w, "guest-permille", is_live ? vms[i]->rates.guest_permille : 0);
		json_number(w, "service-permille", is_live ? vms[i]->rates.service_permille : 0);
		json_number(w, "exits-per-second", is_live ? vms[i]->rates.exits : 0);
		json_number(w, "wakeups-per-second", is_live ? vms[i]->rates.wakeups : 0);
		json_number(w, "io-per-second", is_live ? vms[i]->rates.io : 0);
		json_number(w, "io-bytes-per-second", is_live ? vms[i]->rates.io_bytes : 0);
		json_number(w, "packets-per-second", is_live ? vms[i]->rates.packets : 0);
		json_number(w, "packet-bytes-per-second", is_live ? vms[i]->rates.packet_bytes : 0);
		json_number(w, "memory-used", r->memory_granted_bytes + r->overhead_bytes);
		json_close(w, '}');
	}
	json_close(w, ']');
	json_close(w, '}');
}
