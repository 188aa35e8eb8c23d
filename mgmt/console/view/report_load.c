/* SPDX-License-Identifier: MIT */
/*
 * report_load.c - where time and memory go, for people: stats-vm, accounting, top. See report.h.
 */
#include <string.h>

#include "histogram.h"
#include "report.h"
#include "report_tables.h"
#include "syscalls.h"
#include "units.h"
#include "vcpu_page.h"

#define PCPU_LINES 8u		/* of top, at most */
#define PCPU_COLUMNS 37u
#define PCPU_GAP 4u
#define NAME_LEAST 8u		/* columns for a name, at least */
#define PPM 1000000u
#define PPM_ALLOWED 1000u	/* time: within 0.1 % */

/* part / whole, in thousandths */
static u32 permille(u64 part, u64 whole)
{
	if (whole > ~0ull / 1000)
		return (u32)(part / (whole / 1000));
	return whole ? (u32)(part * 1000 / whole) : 0;
}

/* ---- stats-vm ---- */

static void stats_head(const struct out *out, const struct vm_stats *v)
{
	char time[UNIT_TEXT_BYTES];

	label(out, "Name");
	out_format(out, "%.*s, %s, %s %s, %u vCPU%s\n", (int)sizeof(v->name), v->name, state_text(v->state),
		state_is_live(v->state) ? "up" : "was up", duration_text(time, v->load.uptime_ns), v->cpus,
		v->cpus == 1 ? "" : "s");
	label(out, "Share");
	report_share(out, &v->share);
	out_text(out, "\n");
}

static void share_of_time(const struct out *out, const char *what, u64 ns, u64 whole_ns)
{
	char time[UNIT_TEXT_BYTES];
	u32 part = permille(ns, whole_ns);

	out_format(out, "  %-26s %14s  %4u.%u%%\n", what, seconds_text(time, ns), part / 10, part % 10);
}

static void stats_time(const struct out *out, const struct vm_stats *v)
{
	u64 vmm = v->load.cpu_time_ns > v->load.guest_time_ns ? v->load.cpu_time_ns - v->load.guest_time_ns : 0;

	out_text(out, "Time, and its part of one pCPU since the start\n");
	share_of_time(out, "in the guest", v->load.guest_time_ns, v->load.run_ns);
	share_of_time(out, "in its VMM and the kernel", vmm, v->load.run_ns);
	share_of_time(out, "in services for its disks", v->load.service_time_ns, v->load.run_ns);
	share_of_time(out, "waiting (pCPU taken, cap)", v->load.ready_ns, v->load.run_ns);
}

/* The reasons that occurred, the most frequent first. */
static u32 sort_exits(const struct vm_stats *v, u32 order[STATS_EXITS])
{
	u32 count = 0;

	for (u32 i = 0; i < STATS_EXITS; i++) {
		u32 at = count;

		if (v->exit_count[i] == 0)
			continue;
		for (; at > 0 && v->exit_count[order[at - 1]] < v->exit_count[i]; at--)
			order[at] = order[at - 1];
		order[at] = i;
		count++;
	}
	return count;
}

static void stats_exits(const struct out *out, const struct vm_stats *v)
{
	char exits[UNIT_TEXT_BYTES], vmm[UNIT_TEXT_BYTES], count[UNIT_TEXT_BYTES], each[UNIT_TEXT_BYTES];
	u32 order[STATS_EXITS], reasons = sort_exits(v, order);
	u64 all = 0;	/* also what came up between two entries */

	out_format(out, "Exits: %s, %s of them to the VMM\n", count_text(exits, v->load.exits),
		count_text(vmm, v->load.exits_vmm));
	if (reasons)
		out_format(out, "  %-22s %15s  %6s  %12s  %6s\n", "REASON", "COUNT", "SHARE", "NS EACH", "PCPU%");
	for (u32 i = 0; i < reasons; i++)
		all += v->exit_count[order[i]];
	for (u32 i = 0; i < reasons; i++) {
		u64 n = v->exit_count[order[i]], ns = v->exit_ns[order[i]];
		u32 share = permille(n, all), time = permille(ns, v->load.run_ns);

		out_format(out, "  %-22s %15s  %4u.%u%%  %12s  %4u.%u\n", exit_text(order[i]), count_text(count, n),
			share / 10, share % 10, count_text(each, ns / n), time / 10, time % 10);
	}
}

static void stats_wakeups(const struct out *out, const struct vm_stats *v)
{
	char text[UNIT_TEXT_BYTES];

	out_format(out, "Wake-ups: %s; time from the event until it ran\n", count_text(text, v->load.wakeups));
	histogram_show(out, v->wake_bucket, STATS_BUCKETS);
}

static void stats_memory(const struct out *out, const struct vm_stats *v)
{
	char a[UNIT_TEXT_BYTES], b[UNIT_TEXT_BYTES], c[UNIT_TEXT_BYTES], d[UNIT_TEXT_BYTES], e[UNIT_TEXT_BYTES];

	out_format(out,
		"Memory: %s of %s RAM granted, %s second-level tables,\n        %s VMM, %s page tables of the VMM\n",
		size_text(a, v->ram_granted_bytes, false), size_text(b, v->ram_bytes, false),
		size_text(c, v->guest_table_bytes, false), size_text(d, v->vmm_bytes, false),
		size_text(e, v->vmm_table_bytes, false));
}

void report_stats(const struct out *out, const void *what)
{
	const struct vm_stats *v = what;
	stats_head(out, v);
	stats_time(out, v);
	stats_exits(out, v);
	stats_wakeups(out, v);
	stats_memory(out, v);
	report_disk_stats(out, v);
	report_nic_stats(out, v);
}

/* ---- accounting ---- */

u64 difference_ppm(const struct pcpu_report *p)
{
	u64 off = p->difference_ns < 0 ? 0 - (u64)p->difference_ns : (u64)p->difference_ns;
	u64 micros = p->elapsed_ns / PPM;

	return micros ? off / micros : PPM;	/* no time at all is no account */
}

bool time_holds(const struct inventory *m)
{
	for (u32 i = 0; i < m->pcpu_count; i++)
		if (difference_ppm(&m->pcpus[i].report) > PPM_ALLOWED)
			return false;
	return true;
}

s64 memory_difference(const struct memory_report *r)
{
	return (s64)(r->installed - r->vms - r->system - r->kernel - r->free);
}

static void percent(const struct out *out, u64 part, u64 whole)
{
	u64 hundredths = whole >= 10000 ? part / (whole / 10000) : 0;

	out_format(out, " %6u.%02u%%", (u32)(hundredths / 100), (u32)(hundredths % 100));
}

static void time_table(const struct out *out, const struct inventory *m)
{
	char time[UNIT_TEXT_BYTES];

	out_format(out, "%-5s %16s %10s %10s %10s %10s  %s\n", "PCPU", "ELAPSED", "GUEST", "VMM", "SYSTEM", "IDLE",
		"DIFFERENCE");
	for (u32 i = 0; i < m->pcpu_count; i++) {
		const struct pcpu_report *p = &m->pcpus[i].report;

		out_format(out, "%-5u %16s", p->index, seconds_text(time, p->elapsed_ns));
		percent(out, p->guest_ns, p->elapsed_ns);
		percent(out, p->vmm_ns, p->elapsed_ns);
		percent(out, p->system_ns, p->elapsed_ns);
		percent(out, p->idle_ns, p->elapsed_ns);
		out_format(out, "  %llu ppm\n", (unsigned long long)difference_ppm(p));
	}
	out_text(out, time_holds(m) ? "Time adds up: guest + VMM + system + idle = elapsed on each pCPU.\n" :
				      "TIME DOES NOT ADD UP: more than 1000 ppm are missing or counted twice.\n");
}

static void memory_line(const struct out *out, const char *name, u64 bytes)
{
	char count[UNIT_TEXT_BYTES], size[UNIT_TEXT_BYTES];

	out_format(out, "%-31.31s %20s  %12s\n", name, count_text(count, bytes), size_text(size, bytes, false));
}

static void memory_table(const struct out *out, const struct inventory *m)
{
	const struct memory_report *r = &m->memory;
	s64 missing = memory_difference(r);
	char count[UNIT_TEXT_BYTES];

	out_format(out, "\n%-31s %20s\n", "MEMORY", "BYTES");
	for (u32 i = 0; i < VM_COUNT; i++)
		if (m->vms[i].is_used && r->vm[i])
			memory_line(out, m->vms[i].report.name, r->vm[i]);
	memory_line(out, "VMs together", r->vms);
	memory_line(out, "system programs, boot images", r->system);
	memory_line(out, "kernel", r->kernel);
	memory_line(out, "free", r->free);
	memory_line(out, "installed", r->installed);
	if (missing == 0)
		out_text(out, "Memory adds up: VMs + system + kernel + free = installed.\n");
	else
		out_format(out, "MEMORY DOES NOT ADD UP: %s bytes are %s.\n",
			count_text(count, missing < 0 ? 0 - (u64)missing : (u64)missing),
			missing < 0 ? "counted twice" : "missing");
}

void report_accounting(const struct out *out, const void *what)
{
	const struct inventory *m = what;
	time_table(out, m);
	memory_table(out, m);
	report_io_table(out, m);
}

/* ---- top ---- */

u32 vms_by_load(const struct inventory *m, const struct vm_entry *sorted[VM_COUNT])
{
	u32 count = 0;

	for (u32 i = 0; i < VM_COUNT; i++) {
		const struct vm_entry *vm = &m->vms[i];
		u32 at = count;

		if (!vm->is_used)
			continue;
		for (; at > 0 && sorted[at - 1]->rates.cpu_permille < vm->rates.cpu_permille; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = vm;
		count++;
	}
	return count;
}

static void top_head(const struct out *out, const struct inventory *m)
{
	char time[UNIT_TEXT_BYTES], free_[UNIT_TEXT_BYTES], total[UNIT_TEXT_BYTES];
	u32 count = 0, running = 0, paused = 0;

	for (u32 i = 0; i < VM_COUNT; i++) {
		u32 state = m->vms[i].report.state;

		if (!m->vms[i].is_used)
			continue;
		count++;
		running += state == VM_RUNNING;
		paused += state == VM_PAUSED || state == VM_SUSPENDED;
	}
	out_format(out, "up %s, %u VM%s, %u running, ", duration_text(time, m->host.uptime_ns), count,
		count == 1 ? "" : "s", running);
	if (paused)
		out_format(out, "%u paused, ", paused);
	out_format(out, "%s of %s free\n", size_text(free_, m->host.memory_free, false),
		size_text(total, m->host.memory_total, false));
}

static void top_pcpu(const struct out *out, const struct inventory *m, u32 i)
{
	const struct pcpu_entry *p = &m->pcpus[i];

	out_format(out, "%-5u %5u.%u %5u.%u %5u.%u %5u.%u", i, p->guest_permille / 10, p->guest_permille % 10,
		p->vmm_permille / 10, p->vmm_permille % 10, p->system_permille / 10, p->system_permille % 10,
		p->idle_permille / 10, p->idle_permille % 10);
}

/* As many beside each other as the line is wide. Returns the lines written. */
static u32 top_pcpus(const struct out *out, const struct inventory *m, u32 columns)
{
	u32 beside = columns > PCPU_COLUMNS ? (columns + PCPU_GAP) / (PCPU_COLUMNS + PCPU_GAP) : 1;
	u32 lines = (m->pcpu_count + beside - 1) / beside, shown;

	if (lines > PCPU_LINES)
		lines = PCPU_LINES;
	shown = lines * beside < m->pcpu_count ? lines * beside : m->pcpu_count;
	for (u32 i = 0; i < beside && i < shown; i++)
		out_format(out, "%*s%-5s %7s %7s %7s %7s", i ? (int)PCPU_GAP : 0, "", "PCPU", "GUEST%", "VMM%",
			"SYSTEM%", "IDLE%");
	out_text(out, "\n");
	for (u32 line = 0; line < lines; line++) {
		for (u32 i = line; i < shown; i += lines) {
			out_format(out, "%*s", i >= lines ? (int)PCPU_GAP : 0, "");
			top_pcpu(out, m, i);
		}
		out_text(out, "\n");
	}
	if (shown == m->pcpu_count)
		return lines + 1;
	out_format(out, "and %u more; accounting shows all\n", m->pcpu_count - shown);
	return lines + 2;
}

/* ---- the columns of VMs ---- */

static void put_state(const struct out *out, const struct vm_entry *vm, const struct vm_rates *rates)
{
	(void)rates;
	out_format(out, "%-9s", state_text(vm->report.state));
}

static void put_vcpus(const struct out *out, const struct vm_entry *vm, const struct vm_rates *rates)
{
	(void)rates;
	out_format(out, "%4u", vm->report.spec.cpus);
}

static void put_cpu(const struct out *out, const struct vm_entry *vm, const struct vm_rates *rates)
{
	(void)vm;
	out_format(out, "%4u.%u", rates->cpu_permille / 10, rates->cpu_permille % 10);
}

static void put_guest(const struct out *out, const struct vm_entry *vm, const struct vm_rates *rates)
{
	(void)vm;
	out_format(out, "%4u.%u", rates->guest_permille / 10, rates->guest_permille % 10);
}

static void put_service(const struct out *out, const struct vm_entry *vm, const struct vm_rates *rates)
{
	(void)vm;
	out_format(out, "%4u.%u", rates->service_permille / 10, rates->service_permille % 10);
}

static void put_exits(const struct out *out, const struct vm_entry *vm, const struct vm_rates *rates)
{
	(void)vm;
	out_format(out, "%7u", rates->exits);
}

static void put_wakeups(const struct out *out, const struct vm_entry *vm, const struct vm_rates *rates)
{
	(void)vm;
	out_format(out, "%7u", rates->wakeups);
}

static void put_io(const struct out *out, const struct vm_entry *vm, const struct vm_rates *rates)
{
	(void)vm;
	out_format(out, "%6u", rates->io);
}

static void put_io_bytes(const struct out *out, const struct vm_entry *vm, const struct vm_rates *rates)
{
	char bytes[UNIT_TEXT_BYTES];

	(void)vm;
	out_format(out, "%6s", size_short(bytes, rates->io_bytes));
}

static void put_packets(const struct out *out, const struct vm_entry *vm, const struct vm_rates *rates)
{
	(void)vm;
	out_format(out, "%6u", rates->packets);
}

static void put_packet_bytes(const struct out *out, const struct vm_entry *vm, const struct vm_rates *rates)
{
	char bytes[UNIT_TEXT_BYTES];

	(void)vm;
	out_format(out, "%5s", size_short(bytes, rates->packet_bytes));
}

static void put_memory(const struct out *out, const struct vm_entry *vm, const struct vm_rates *rates)
{
	char memory[UNIT_TEXT_BYTES];

	(void)rates;
	out_format(out, "%5s", size_short(memory, vm->report.memory_granted_bytes + vm->report.overhead_bytes));
}

/* In the order in which they are shown. `rank`: what there is no room for goes in this order, the highest first. */
static const struct top_column {
	const char *title;
	u32 gap, width, rank;
	void (*put)(const struct out *out, const struct vm_entry *vm, const struct vm_rates *rates);
} top_columns[] = {
	{ "STATE", 2, 9, 1, put_state },     { "VCPU", 1, 4, 3, put_vcpus },	{ "CPU%", 1, 6, 0, put_cpu },
	{ "GUEST%", 1, 6, 4, put_guest },    { "EXITS/S", 1, 7, 5, put_exits }, { "WAKES/S", 1, 7, 10, put_wakeups },
	{ "IO/S", 1, 6, 6, put_io },	     { "DATA/S", 1, 6, 8, put_io_bytes },
	{ "PKT/S", 1, 6, 7, put_packets },   { "NET/S", 1, 5, 9, put_packet_bytes },
	{ "DISK%", 1, 6, 11, put_service },  { "USED", 1, 5, 2, put_memory },
};
#define RANK_BESIDE_NAME 6u	/* columns of a higher rank give way to a long name */

/* Columns of up to that rank, and the name. */
static u32 columns_width(u32 rank, u32 name_columns)
{
	u32 width = name_columns;

	for (u32 i = 0; i < ARRAY_COUNT(top_columns); i++)
		if (top_columns[i].rank <= rank)
			width += top_columns[i].gap + top_columns[i].width;
	return width;
}

static u32 rank_that_fits(u32 columns, u32 name_columns)
{
	u32 rank = ARRAY_COUNT(top_columns) - 1;

	while (rank && columns_width(rank, name_columns) > columns)
		rank--;
	return rank;
}

static void top_titles(const struct out *out, u32 rank, u32 name_columns)
{
	out_format(out, "%-*s", (int)name_columns, "NAME");
	for (u32 i = 0; i < ARRAY_COUNT(top_columns); i++)
		if (top_columns[i].rank <= rank)
			out_format(out, top_columns[i].put == put_state ? "%*s%-*s" : "%*s%*s",
				(int)top_columns[i].gap, "", (int)top_columns[i].width, top_columns[i].title);
	out_text(out, "\n");
}

static void top_vm(const struct out *out, const struct vm_entry *vm, u32 rank, u32 name_columns)
{
	struct vm_rates rates = vm_is_live(vm) ? vm->rates : (struct vm_rates){ 0 };

	out_format(out, "%-*.*s", (int)name_columns, (int)name_columns, vm->report.name);
	for (u32 i = 0; i < ARRAY_COUNT(top_columns); i++) {
		if (top_columns[i].rank > rank)
			continue;
		out_format(out, "%*s", (int)top_columns[i].gap, "");
		top_columns[i].put(out, vm, &rates);
	}
	out_text(out, "\n");
}

/* As long as the longest name, as far as there is room beside the columns that matter more. */
static u32 name_width(const struct vm_entry *const *vms, u32 count, u32 columns)
{
	u32 others = columns_width(RANK_BESIDE_NAME, 0);
	u32 room = columns > others + NAME_LEAST ? columns - others : NAME_LEAST;
	size_t width = NAME_LEAST;

	for (u32 i = 0; i < count; i++)
		if (strlen(vms[i]->report.name) > width)
			width = strlen(vms[i]->report.name);
	return width < room ? (u32)width : room;
}

void report_top(const struct out *out, const struct inventory *m, u32 rows, u32 columns)
{
	static const struct vm_entry *vms[VM_COUNT];
	u32 count = vms_by_load(m, vms), width = name_width(vms, count, columns), rank, used, shown;

	top_head(out, m);
	used = 1 + top_pcpus(out, m, columns) + 1;
	rank = rank_that_fits(columns, width);
	top_titles(out, rank, width);
	shown = used + count <= rows ? count : rows > used + 1 ? rows - used - 1 : 0;
	for (u32 i = 0; i < shown; i++)
		top_vm(out, vms[i], rank, width);
	if (shown < count)
		out_format(out, "and %u more; list-vm shows all\n", count - shown);
}
