/* SPDX-License-Identifier: MIT */
/*
 * report_json.c - see report.h: the same reports for programs. Sizes in bytes, times in nanoseconds.
 */
#include <stdio.h>

#include "fields.h"
#include "report.h"
#include "report_tables.h"
#include "units.h"

void json_error(struct json_writer *w, const struct cmd_error *error)
{
	json_open(w, "error", '{');
	json_text(w, "class", error->class);
	json_number(w, "code", error->code);
	json_text(w, "desc", error->text);
	json_close(w, '}');
}

static void feature_list(struct json_writer *w, const char *key, const struct feature_name *names, u32 count, u64 bits)
{
	json_open(w, key, '[');
	for (u32 i = 0; i < count; i++)
		if (bits & BIT64(i))
			json_text(w, 0, names[i].name);
	json_close(w, ']');
}

static void json_definitions(struct json_writer *w, const char *key, const struct definitions_report *r)
{
	static const char *const places[DEFINITIONS_PLACE_COUNT] = {
		[DEFINITIONS_SEARCHED] = "searched", [DEFINITIONS_IN_RAM] = "ram", [DEFINITIONS_IN_POOL] = "pool",
		[DEFINITIONS_NOT_WRITTEN] = "not-written", [DEFINITIONS_DAMAGED] = "damaged",
		[DEFINITIONS_TWICE] = "twice", [DEFINITIONS_AWAITED] = "ram-awaited",
	};
	char pool[DISK_NAME_BYTES], other[DISK_NAME_BYTES];

	snprintf(pool, sizeof(pool), "%.*s", (int)sizeof(r->pool) - 1, r->pool);
	snprintf(other, sizeof(other), "%.*s", (int)sizeof(r->other) - 1, r->other);
	json_open(w, key, '{');
	json_text(w, "kept-in", r->place < DEFINITIONS_PLACE_COUNT ? places[r->place] : "?");
	json_text(w, "pool", pool);
	json_text(w, "other-pool", other);
	json_close(w, '}');
}

void json_info(struct json_writer *w, const char *key, const void *what)
{
	const struct inventory *m = what;
	static const char *const virts[] = { [VIRT_NONE] = "none", [VIRT_SVM] = "svm", [VIRT_VMX] = "vmx" };
	const struct info_page *info = m->info;

	json_open(w, key, '{');
	json_text(w, "version", VOS_VERSION);
	json_text(w, "vendor", info->vendor);
	json_text(w, "brand", info->brand);
	json_text(w, "virtualization", info->virt < ARRAY_COUNT(virts) ? virts[info->virt] : "none");
	json_text(w, "virtualization-reason", info->virt_reason);
	feature_list(w, "features-used", feature_names, FEAT_COUNT, info->features_used);
	feature_list(w, "features-missing", feature_names, FEAT_COUNT, info->features_missing);
	feature_list(w, "open-to", silicon_flaw_names, SILICON_FLAW_COUNT, info->silicon_flaws);
	json_number(w, "pcpus", info->pcpu_count);
	json_open(w, "pcpu-idle-ns", '[');
	for (u32 i = 0; i < m->pcpu_count; i++)
		json_number(w, 0, m->pcpus[i].report.idle_ns);
	json_close(w, ']');
	json_number(w, "tsc-hz", info->tsc_hz);
	json_number(w, "memory-installed", info->memory_bytes);
	json_number(w, "memory-total", m->host.memory_total);
	json_number(w, "memory-free", m->host.memory_free);
	json_number(w, "memory-kernel", m->host.memory_kernel);
	json_definitions(w, "definitions", &m->host.definitions);
	json_hardware(w, "hardware-errors", &m->host.hardware);
	json_text(w, "dma", dma_text(info));
	json_text(w, "firmware", info->firmware);
	json_text(w, "loader", info->loader);
	json_text(w, "cmdline", info->cmdline);
	json_number(w, "boot-time-ns", info->wall_boot_ns);
	json_number(w, "uptime-ns", m->host.uptime_ns);
	json_number(w, "idle-ns", m->host.idle_ns);
	json_number(w, "vms", m->host.vm_count);
	json_number(w, "vms-running", m->host.vm_running);
	json_number(w, "images", m->image_count);
	json_close(w, '}');
}

void json_load(struct json_writer *w, const struct vm_load *load)
{
	json_number(w, "now-ns", load->now_ns);
	json_number(w, "uptime-ns", load->uptime_ns);
	json_number(w, "run-ns", load->run_ns);
	json_number(w, "cpu-time-ns", load->cpu_time_ns);
	json_number(w, "guest-time-ns", load->guest_time_ns);
	json_number(w, "service-time-ns", load->service_time_ns);
	json_number(w, "ready-ns", load->ready_ns);
	json_number(w, "wakeups", load->wakeups);
	json_number(w, "exits", load->exits);
	json_number(w, "exits-vmm", load->exits_vmm);
}

static void vcpu_list(struct json_writer *w, const struct vm_report *r)
{
	json_open(w, "vcpus", '[');
	for (u32 i = 0; i < r->spec.cpus && i < VM_VCPUS; i++) {
		json_open(w, 0, '{');
		json_text(w, "state", vcpu_state_text(r->vcpu_state[i]));
		json_bool(w, "online", r->vcpu_state[i] != VCPU_IS_OFF && r->vcpu_state[i] != VCPU_IS_UNSTARTED);
		json_number(w, "cpu-time-ns", r->vcpu_time_ns[i]);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void disk_list(struct json_writer *w, const struct vm_report *r)
{
	json_open(w, "disks", '[');
	for (u32 i = 0; i < r->spec.disk_count; i++) {
		const struct disk_report *disk = &r->disks[i];

		json_open(w, 0, '{');
		json_text(w, "volume", disk->volume);
		json_text(w, "on", disk->on);
		json_number(w, "bytes", disk->bytes);
		json_bool(w, "read-only", (disk->flags & DISK_READ_ONLY) != 0);
		json_bool(w, "nvram", (disk->flags & DISK_NVRAM) != 0);
		json_traits(w, disk->flags);
		json_bool(w, "made-for-vm", (disk->flags & DISK_MADE) != 0);
		json_io(w, &disk->io);
		json_number(w, "in-flight", disk->io.in_flight);
		json_number(w, "iops-limit", r->spec.disks[i].iops);
		json_number(w, "rate-limit", r->spec.disks[i].rate);
		json_close(w, '}');
	}
	json_close(w, ']');
}

void json_vm(struct json_writer *w, const char *key, const void *what)
{
	const struct vm_entry *vm = what;
	const struct vm_report *r = &vm->report;
	char rip[24];

	json_open(w, key, '{');
	json_text(w, "name", r->name);
	json_text(w, "state", state_text(r->state));
	json_text(w, "reason", reason_text(r->reason));
	json_text(w, "text", r->text);
	fields_json(w, &r->spec, FIELDS_ALL);
	json_load(w, &r->load);
	vcpu_list(w, r);
	disk_list(w, r);
	json_nics(w, r);
	json_number(w, "memory-granted", r->memory_granted_bytes);
	json_number(w, "memory-overhead", r->overhead_bytes);
	json_number(w, "restarts", r->restarts);
	json_bool(w, "given-up", r->has_given_up != 0);
	json_number(w, "log-bytes", vm->history.written);
	if (r->state == VM_CRASHED) {
		snprintf(rip, sizeof(rip), "%llx", (unsigned long long)r->rip);
		json_text(w, "rip", rip);
		json_text(w, "last-exit", exit_text(r->last_exit));
	}
	json_close(w, '}');
}

void json_vms(struct json_writer *w, const char *key, const void *what)
{
	const struct inventory *m = what;
	json_open(w, key, '[');
	for (u32 i = 0; i < VM_COUNT; i++)
		if (m->vms[i].is_used)
			json_vm(w, 0, &m->vms[i]);
	json_close(w, ']');
}
