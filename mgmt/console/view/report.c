/* SPDX-License-Identifier: MIT */
/*
 * report.c - see report.h: text for people.
 */
#include <stdio.h>
#include <string.h>

#include "fields.h"
#include "report.h"
#include "report_tables.h"
#include "syscalls.h"
#include "units.h"
#include "vcpu_page.h"

#define ROW_BYTES (4u * CMDLINE_BYTES)	/* a command line, each byte as \\xNN; 16 vCPUs take less */

static const char *const exit_names[EXIT_REASON_COUNT] = {
	[EXIT_NONE] = "host-interrupt",
	[EXIT_PIO] = "port",
	[EXIT_MEM] = "memory",
	[EXIT_MSR_READ] = "rdmsr",
	[EXIT_MSR_WRITE] = "wrmsr",
	[EXIT_CPUID] = "cpuid",
	[EXIT_HLT] = "hlt",
	[EXIT_HYPERCALL] = "hypercall",
	[EXIT_XSETBV] = "xsetbv",
	[EXIT_DR] = "debug-register",
	[EXIT_CR8] = "cr8",
	[EXIT_TPR] = "tpr",
	[EXIT_EXCEPTION] = "exception",
	[EXIT_CACHE] = "cache",
	[EXIT_PAUSE] = "pause",
	[EXIT_INSN] = "forbidden-instruction",
	[EXIT_SHUTDOWN] = "shutdown",
	[EXIT_BAD_STATE] = "bad-state",
	[EXIT_DEADLINE] = "deadline",
	[EXIT_NOMEM] = "no-memory",
	[EXIT_GRANTED] = "memory-granted",
	[EXIT_SHADOW] = "sti-shadow",
	[EXIT_TASK_SWITCH] = "task-switch",
	[EXIT_CR] = "control-register",
};

const char *exit_text(u32 reason)
{
	return reason < EXIT_REASON_COUNT && exit_names[reason] ? exit_names[reason] : "?";
}

static const char *virt_text(const struct info_page *info)
{
	switch (info->virt) {
	case VIRT_SVM:
		return "AMD SVM + NPT";
	case VIRT_VMX:
		return "Intel VMX + EPT";
	default:
		return "no virtualization";
	}
}

/* Why devices are not confined. */
static void iommu_text(const struct out *out, const struct info_page *info)
{
	if (info->iommu_problem[0] == 0)
		out_text(out, "no IOMMU");
	else
		out_format(out, "IOMMU not used: %.*s", (int)sizeof(info->iommu_problem), info->iommu_problem);
}

void report_banner(const struct out *out, const struct info_page *info)
{
	char size[UNIT_TEXT_BYTES];

	out_format(out, "VOS %s  %s  %u pCPU%s  %s\n", VOS_VERSION, virt_text(info), info->pcpu_count,
		info->pcpu_count == 1 ? "" : "s", size_text(size, info->memory_bytes, false));
	if (info->virt == VIRT_NONE) {
		out_text(out, "VMs can't run on this machine: ");
		out_escaped_line(out,
			info->virt_reason[0] ? info->virt_reason : "the processor has neither SVM nor VMX",
			sizeof(info->virt_reason));
		out_text(out, ".\nEverything else works.\n");
	}
	if (info->dma == DMA_NOT_CONTAINED) {
		out_text(out, "DMA not contained: ");
		out_text(out, info->iommu_problem[0] != 0 ? "" : "this machine has ");
		iommu_text(out, info);
		out_text(out, ", drivers of devices are trusted.\n");
	}
}

/* A row whose text may take several lines is written in here first; one at a time. */
static char row_text[ROW_BYTES];
static struct out_buffer row;

static struct out row_begin(void)
{
	out_buffer_init(&row, row_text, sizeof(row_text));
	return out_to_buffer(&row);
}

static void row_end(const struct out *out, const char *name)
{
	label(out, name);
	out_wrapped(out, row_text[0] ? row_text : "-", LABEL_COLUMN, LABEL_COLUMN, REPORT_COLUMNS);
}

static void features(const struct out *out, const char *name, const struct feature_name *names, u32 count, u64 bits)
{
	struct out words = row_begin();

	for (u32 i = 0; i < count; i++)
		if (bits & BIT64(i))
			out_format(&words, "%s ", names[i].name);
	row_end(out, name);
}

static void foreign_row(const struct out *out, const char *name, const char *text, size_t size)
{
	struct out escaped = row_begin();

	out_escaped_line(&escaped, text, size);
	row_end(out, name);
}

static void memory_row(const struct out *out, const struct inventory *m)
{
	char total[UNIT_TEXT_BYTES], free_[UNIT_TEXT_BYTES], kernel[UNIT_TEXT_BYTES];

	label(out, "Memory");
	out_format(out, "%s, %s free, %s for the kernel; see accounting\n",
		size_text(total, m->host.memory_total, false), size_text(free_, m->host.memory_free, false),
		size_text(kernel, m->host.memory_kernel, false));
}

static void load_row(const struct out *out, const struct inventory *m)
{
	char up[UNIT_TEXT_BYTES];
	u64 all = m->host.uptime_ns / 1000 * m->info->pcpu_count, idle = m->host.idle_ns / 1000;

	label(out, "Uptime");
	out_format(out, "%s, %u%% idle\n", duration_text(up, m->host.uptime_ns),
		all ? (u32)((idle < all ? idle : all) * 100 / all) : 0);
}

/* How busy each pCPU was since the last look. */
static void pcpu_row(const struct out *out, const struct inventory *m)
{
	struct out words = row_begin();

	for (u32 i = 0; i < m->pcpu_count; i++) {
		u32 idle = m->pcpus[i].idle_permille, busy = idle < 1000 ? 1000 - idle : 0;

		if (sizeof(row_text) - row.used < 24) {
			out_text(&words, "; ...");
			break;
		}
		out_glued(&words, i ? "; " : "", "pCPU %u %u.%u%%", i, busy / 10, busy % 10);
	}
	row_end(out, "Load");
}

static void dma_row(const struct out *out, const struct info_page *info)
{
	label(out, "DMA");
	switch ((enum info_dma)info->dma) {
	case DMA_CONTAINED:
		out_text(out, "contained: an IOMMU confines each device to the memory of its driver\n");
		break;
	case DMA_INTERRUPTS_OPEN:
		out_text(out, "contained, but a device can raise any interrupt: the IOMMU does not remap them\n");
		break;
	case DMA_NOT_CONTAINED:
		out_text(out, "not contained (");
		iommu_text(out, info);
		out_text(out, "): drivers are trusted; see list-device\n");
		break;
	case DMA_NONE:
		out_text(out, "none: no device has a driver\n");
		break;
	}
}

static void definitions_row(const struct out *out, const struct definitions_report *r)
{
	static const char *const words[DEFINITIONS_PLACE_COUNT] = {
		[DEFINITIONS_SEARCHED] = "disks are still coming",
		[DEFINITIONS_IN_RAM] = "kept in RAM only; create-pool makes them last",
		[DEFINITIONS_IN_POOL] = "kept in pool ", [DEFINITIONS_NOT_WRITTEN] = "not written to pool ",
		[DEFINITIONS_DAMAGED] = "kept in RAM only; damaged in pool ",
		[DEFINITIONS_TWICE] = "kept in RAM only; there are some in pools ",
		[DEFINITIONS_AWAITED] = "kept in RAM only; others may be in a pool that waits: ",
	};

	label(out, "Definitions");
	if (r->place == DEFINITIONS_SEARCHED && r->pool[0])
		out_format(out, "being read from pool %.*s", (int)sizeof(r->pool), r->pool);
	else if (r->place < DEFINITIONS_PLACE_COUNT)
		out_format(out, "%s%.*s", words[r->place], (int)sizeof(r->pool), r->pool);
	if (r->other[0])
		out_format(out, " and %.*s", (int)sizeof(r->other), r->other);
	out_text(out, "\n");
}

void report_info(const struct out *out, const void *what)
{
	const struct inventory *m = what;
	const struct info_page *info = m->info;

	label(out, "VOS");
	out_format(out, "%s\n", VOS_VERSION);
	foreign_row(out, "Processor", info->brand[0] ? info->brand : info->vendor,
		info->brand[0] ? sizeof(info->brand) : sizeof(info->vendor));
	label(out, "Vendor");
	out_format(out, "%.12s, %u pCPU%s, time stamp counter at %u MHz\n", info->vendor, info->pcpu_count,
		info->pcpu_count == 1 ? "" : "s", (u32)(info->tsc_hz / 1000000));
	label(out, "VMs");
	if (info->virt == VIRT_NONE)
		out_format(out, "can't run: %.*s\n", (int)sizeof(info->virt_reason), info->virt_reason);
	else
		out_format(out, "%s; %u defined, %u active\n", virt_text(info), m->host.vm_count, m->host.vm_running);
	features(out, "Used", feature_names, FEAT_COUNT, info->features_used);
	features(out, "Missing", feature_names, FEAT_COUNT, info->features_missing);
	features(out, "Open to", silicon_flaw_names, SILICON_FLAW_COUNT, info->silicon_flaws);
	memory_row(out, m);
	label(out, "Booted");
	out_format(out, "%.16s", info->firmware);
	if (strncmp(info->firmware, info->loader, sizeof(info->firmware)) != 0) {
		out_text(out, ", ");
		out_escaped_line(out, info->loader, sizeof(info->loader));
	}
	out_text(out, "\n");
	foreign_row(out, "Options", info->cmdline, sizeof(info->cmdline));
	label(out, "Console");
	if (info->serial_port)
		out_format(out, "serial port 0x%x, %u baud 8N1\n", info->serial_port, info->serial_baud);
	else
		out_text(out, "no serial port\n");
	dma_row(out, info);
	load_row(out, m);
	pcpu_row(out, m);
	label(out, "Images");
	out_format(out, "%u; list-image shows them\n", m->image_count);
	definitions_row(out, &m->host.definitions);
	hardware_row(out, &m->host.hardware);
}

static void reason_row(const struct out *out, const struct vm_report *r)
{
	struct out words = row_begin();

	out_text(&words, report_reason_is_old(r) ? "- (before: " : "");
	report_reason(&words, r);
	out_text(&words, report_reason_is_old(r) ? ")" : "");
	row_end(out, "Reason");
}

/* At most `room` columns of the reason: tables stay within the line. */
static void short_reason(const struct out *out, const struct vm_report *r, size_t room)
{
	char text[300];
	struct out_buffer buffer;
	struct out words;

	out_buffer_init(&buffer, text, sizeof(text));
	words = out_to_buffer(&buffer);
	if (report_reason_is_old(r))
		out_text(&words, "-");
	else
		report_reason(&words, r);
	if (buffer.used > room && room > 2) {
		memcpy(text + room - 2, "..", 3);
		buffer.used = room;
	}
	out_bytes(out, text, buffer.used);
	out_text(out, "\n");
}

static void vms_row(const struct out *out, const struct vm_entry *vm, u32 width)
{
	const struct vm_report *r = &vm->report;
	bool is_live = vm_is_live(vm);
	u32 permille = is_live ? vm->rates.cpu_permille : 0;
	char memory[UNIT_TEXT_BYTES], uptime[UNIT_TEXT_BYTES];

	out_format(out, "%-*s  %-9s %3u  %-5s %4u.%u  %-8s  ", (int)width, r->name, state_text(r->state), r->spec.cpus,
		size_short(memory, r->spec.memory_bytes), permille / 10, permille % 10,
		is_live ? duration_text(uptime, r->load.uptime_ns) : "-");
	short_reason(out, r, REPORT_COLUMNS - 41 - width);
}

void report_vms(const struct out *out, const void *what)
{
	const struct inventory *m = what;
	u32 width = 7, count = 0;

	for (u32 i = 0; i < VM_COUNT; i++) {
		if (!m->vms[i].is_used)
			continue;
		count++;
		if (strlen(m->vms[i].report.name) > width)
			width = (u32)strlen(m->vms[i].report.name);
	}
	if (count == 0 && m->waiting_pool[0]) {
		out_format(out, "There are no VMs. Pool %s, which waits for a disk, may have some: see list-pool.\n",
			m->waiting_pool);
		return;
	}
	if (count == 0) {
		out_text(out, m->are_vms_coming ?
			"Definitions of VMs are being read, so some may come: see list-vm again.\n" :
			"There are no VMs. For example: create-vm --name myvm --cpu 1 --memory 512M\n");
		return;
	}
	out_format(out, "%-*s  %-9s %3s  %-5s  %5s  %-8s  %s\n", (int)width, "NAME", "STATE", "CPU", "MEM", "CPU%",
		"UPTIME", "REASON");
	for (u32 i = 0; i < VM_COUNT; i++)
		if (m->vms[i].is_used)
			vms_row(out, &m->vms[i], width);
}

static void cpu_row(const struct out *out, const struct vm_entry *vm)
{
	const struct vm_report *r = &vm->report;
	char used[UNIT_TEXT_BYTES], guest[UNIT_TEXT_BYTES];

	label(out, "CPU");
	out_format(out, "%u vCPU%s", r->spec.cpus, r->spec.cpus == 1 ? "" : "s");
	if (vm_is_live(vm))
		out_format(out, ", %u.%u%%", vm->rates.cpu_permille / 10, vm->rates.cpu_permille % 10);
	out_format(out, ", %s used, %s of it in the guest\n", duration_text(used, r->load.cpu_time_ns),
		duration_text(guest, r->load.guest_time_ns));
	label(out, "Exits");
	out_format(out, "%s, %s of them to the VMM\n", count_text(used, r->load.exits),
		count_text(guest, r->load.exits_vmm));
}

void report_share(const struct out *out, const struct vm_share *share)
{
	char set[SET_TEXT_BYTES];

	if (share->class == SCHED_CLASS_RT)
		out_text(out, "real-time");
	else
		out_format(out, "fair, weight %u", share->weight);
	out_format(out, share->cap ? ", cap %u%%" : ", no cap", share->cap);
	out_format(out, share->affinity == SHARE_ALL_PCPUS ? ", all pCPUs" : ", pCPUs %s",
		set_text(set, share->affinity));
}

/* What each vCPU is at, and the time of its thread. */
static void vcpu_row(const struct out *out, const struct vm_report *r)
{
	char time[UNIT_TEXT_BYTES];
	struct out words = row_begin();

	for (u32 i = 0; i < r->spec.cpus && i < VM_VCPUS; i++)
		out_glued(&words, i ? "; " : "", "%u %s, %s", i, vcpu_state_text(r->vcpu_state[i]),
			seconds_text(time, r->vcpu_time_ns[i]));
	row_end(out, "vCPUs");
}

/* A property that says all by itself. */
static void plain_row(const struct out *out, const struct vm_spec *spec, u32 field)
{
	const char *name = arg_specs[ARG_OF_FIELD(field)].name;
	struct out words = row_begin();
	char title[LABEL_COLUMN], text[SET_TEXT_BYTES];
	const char *value = field_text(text, spec, field);

	out_escaped_line(&words, value, strlen(value));
	if (spec_fields[field].kind == KIND_PERCENT && spec_number(spec, field))
		out_text(&words, " of a pCPU");
	snprintf(title, sizeof(title), "%c%.*s", name[0] - 'a' + 'A', (int)sizeof(title) - 3, name + 1);
	row_end(out, title);
}

static void kernel_rows(const struct out *out, const struct vm_spec *spec)
{
	struct out words = row_begin();

	out_escaped_line(&words, spec->kernel[0] ? spec->kernel : "the default", IMAGE_NAME_BYTES);
	if (spec->initrd[0]) {
		out_text(&words, ", initrd ");
		out_escaped_line(&words, spec->initrd, IMAGE_NAME_BYTES);
	}
	for (u32 i = 0; i < spec->module_count; i++) {
		out_text(&words, i ? ", " : ", modules ");
		out_escaped_line(&words, spec->modules[i], MODULE_BYTES);
	}
	row_end(out, "Kernel");
	if (spec->kernel[0] || spec->cmdline[0])
		foreign_row(out, "Cmdline", spec->cmdline, sizeof(spec->cmdline));
}

static void image_rows(const struct out *out, const struct vm_spec *spec)
{
	if (spec_has_firmware(spec)) {
		plain_row(out, spec, FIELD_BOOT);
		plain_row(out, spec, FIELD_FIRMWARE);
		if (spec_loses_variables(spec)) {
			label(out, "Variables");
			out_text(out, "lost when it ends or restarts: it has no disk with nvram\n");
		}
	} else {
		kernel_rows(out, spec);
	}
	if (spec->iso[0])
		foreign_row(out, "CD", spec->iso, sizeof(spec->iso));
	if (spec->vmm[0])
		foreign_row(out, "VMM", spec->vmm, sizeof(spec->vmm));
}

void report_disk(const struct out *out, const struct disk_report *disk)
{
	char size[UNIT_TEXT_BYTES], traits[TRAITS_TEXT_BYTES];
	bool is_ram = strcmp(disk->on, VOLUME_RAM) == 0;

	out_text(out, "volume ");
	out_escaped_line(out, disk->volume, VOLUME_NAME_BYTES);
	out_format(out, ", %s%s %s%s%s", size_text(size, disk->bytes, false),
		(disk->flags & DISK_READ_ONLY) ? " read-only" : (disk->flags & DISK_NVRAM) ? " of UEFI variables" : "",
		is_ram ? "in memory" : "on ",
		is_ram ? ": lost when VOS ends" : disk->on, traits_text(traits, ", ", disk->flags));
}

static void disk_rows(const struct out *out, const struct vm_report *r)
{
	char title[20];

	for (u32 i = 0; i < r->spec.disk_count; i++) {
		struct out words = row_begin();

		report_disk(&words, &r->disks[i]);
		out_text(&words, "; ");
		report_io(&words, &r->disks[i].io);
		report_limits(&words, &r->spec.disks[i]);
		snprintf(title, sizeof(title), "Disk %u", i);
		row_end(out, title);
	}
}

static void nic_rows(const struct out *out, const struct vm_report *r)
{
	char title[20];

	for (u32 i = 0; i < r->spec.nic_count; i++) {
		struct out words = row_begin();

		report_nic(&words, &r->spec.nics[i], &r->nics[i]);
		snprintf(title, sizeof(title), "NIC %u", i);
		row_end(out, title);
	}
}

static void class_row(const struct out *out, const struct vm_share *share)
{
	label(out, "Class");
	if (share->class == SCHED_CLASS_RT)
		out_text(out, "rt, before all fair VMs\n");
	else
		out_format(out, "fair, weight %u\n", share->weight);
}

static void restart_row(const struct out *out, const struct vm_report *r)
{
	char text[SET_TEXT_BYTES];

	label(out, "Restart");
	out_text(out, field_text(text, &r->spec, FIELD_RESTART));
	if (r->restarts || r->spec.restart != RESTART_NEVER)
		out_format(out, ", restarted %u time%s", r->restarts, r->restarts == 1 ? "" : "s");
	out_text(out, r->has_given_up ? "; it is started no more\n" : "\n");
}

static void on_error_row(const struct out *out, const struct vm_spec *spec)
{
	label(out, "I/O errors");
	out_text(out, spec->on_io_error == IO_ERROR_PAUSE ? "pause the VM; resume-vm tries again\n" :
							    "are reported to the guest\n");
}

static void memory_rows(const struct out *out, const struct vm_report *r)
{
	char a[UNIT_TEXT_BYTES], b[UNIT_TEXT_BYTES], c[UNIT_TEXT_BYTES], policy[SET_TEXT_BYTES];

	label(out, "Memory");
	out_format(out, "%s %s, %s granted, %s overhead\n", size_text(a, r->spec.memory_bytes, false),
		field_text(policy, &r->spec, FIELD_MEMORY_POLICY), size_text(b, r->memory_granted_bytes, false),
		size_text(c, r->overhead_bytes, false));
}

/* The properties, some of them in one row. */
static void spec_rows(const struct out *out, const struct vm_entry *vm)
{
	const struct vm_report *r = &vm->report;

	for (u32 i = 0; i < FIELD_SPEC_COUNT; i++) {
		switch (i) {
		case FIELD_CPU:
			cpu_row(out, vm);
			break;
		case FIELD_MEMORY:
			memory_rows(out, r);
			break;
		case FIELD_KERNEL:
			image_rows(out, &r->spec);
			break;
		case FIELD_DISK:
			disk_rows(out, r);
			break;
		case FIELD_NIC:
			nic_rows(out, r);
			break;
		case FIELD_CLASS:
			class_row(out, &r->spec.share);
			break;
		case FIELD_RESTART:
			restart_row(out, r);
			break;
		case FIELD_ON_IO_ERROR:
			if (r->spec.disk_count)
				on_error_row(out, &r->spec);
			break;
		case FIELD_MEMORY_POLICY: case FIELD_INITRD: case FIELD_MODULE: case FIELD_CMDLINE: case FIELD_WEIGHT:
		case FIELD_VMM: case FIELD_BOOT: case FIELD_FIRMWARE: case FIELD_ISO:
			break;	/* told with another */
		default:
			plain_row(out, &r->spec, i);
		}
	}
}

void report_vm(const struct out *out, const void *what)
{
	const struct vm_entry *vm = what;
	const struct vm_report *r = &vm->report;
	char text[UNIT_TEXT_BYTES];

	label(out, "Name");
	out_format(out, "%s\n", r->name);
	label(out, "State");
	out_text(out, state_text(r->state));
	if (vm_is_live(vm))
		out_format(out, ", up %s", duration_text(text, r->load.uptime_ns));
	out_text(out, "\n");
	reason_row(out, r);
	if (r->state == VM_CRASHED && r->load.exits) {
		label(out, "Last exit");
		out_format(out, "%s at rip %llx\n", exit_text(r->last_exit), (unsigned long long)r->rip);
	}
	spec_rows(out, vm);
	if (vm_is_live(vm))
		vcpu_row(out, r);
	label(out, "Log");
	out_format(out, "%s bytes so far; log-vm %s\n", count_text(text, vm->history.written - vm->history.first),
		   r->name);
}

void report_state(const struct out *out, const struct vm_report *r)
{
	switch (r->state) {
	case VM_DEFINED:
		out_format(out, "%s is defined", r->name);
		break;
	case VM_CRASHED:
		out_format(out, "%s crashed: ", r->name);
		report_reason(out, r);
		break;
	case VM_STOPPED:
		out_format(out, "%s has stopped (%s)", r->name, reason_text(r->reason));
		break;
	default:
		out_format(out, "%s is %s", r->name, state_text(r->state));
		if (r->reason == STOP_GUEST_REBOOT)
			out_text(out, " (the guest rebooted)");
	}
	out_text(out, "\n");
}
