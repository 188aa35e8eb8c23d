/* SPDX-License-Identifier: MIT */
/*
 * inventory.c - see inventory.h.
 */
#include <string.h>

#include "inventory.h"
#include "range.h"
#include "spec_fields.h"
#include "units.h"

#define SAMPLE_NS (200 * NS_PER_MS)

struct vm_entry *inventory_find(struct inventory *m, const char *name)
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

static void judge_disks(struct vm_report *r)
{
	if (r->spec.disk_count > VM_DEVICES)
		r->spec.disk_count = 0;
	for (u32 i = 0; i < VM_DEVICES; i++) {
		terminate(r->spec.disks[i].volume, VOLUME_NAME_BYTES);
		terminate(r->spec.disks[i].on, DISK_NAME_BYTES);
		terminate(r->spec.disks[i].serial, DISK_SERIAL_BYTES);
		terminate(r->disks[i].volume, VOLUME_NAME_BYTES);
		terminate(r->disks[i].on, DISK_NAME_BYTES);
	}
}

static void judge_nics(struct vm_report *r)
{
	if (r->spec.nic_count > VM_DEVICES)
		r->spec.nic_count = 0;
	for (u32 i = 0; i < VM_DEVICES; i++)
		terminate(r->spec.nics[i].network, VM_NAME_BYTES);
}

bool inventory_has_card(const struct inventory *m)
{
	for (u32 i = 0; i < m->service_count; i++)
		if (strcmp(m->services[i].name, NIC_NAME "0") == 0)
			return true;
	return false;
}

bool inventory_add_disk(struct inventory *m, const struct disk_row *row)
{
	struct disk_row *to = &m->disks[m->disk_count];

	if (m->disk_count == INVENTORY_DISKS)
		return false;
	*to = *row;
	terminate(to->name, sizeof(to->name));
	terminate(to->program, sizeof(to->program));
	terminate(to->model, sizeof(to->model));
	terminate(to->serial, sizeof(to->serial));
	terminate(to->vm, sizeof(to->vm));
	m->disk_count++;
	return true;
}

bool inventory_add_volume(struct inventory *m, const struct volume_row *row)
{
	struct volume_row *to = &m->volumes[m->volume_count];

	if (m->volume_count == STORE_VOLUMES)
		return false;
	*to = *row;
	terminate(to->name, sizeof(to->name));
	terminate(to->on, sizeof(to->on));
	terminate(to->vm, sizeof(to->vm));
	terminate(to->made_for, sizeof(to->made_for));
	terminate(to->of, sizeof(to->of));
	terminate(to->snapshot, sizeof(to->snapshot));
	m->volume_count++;
	return true;
}

bool inventory_add_switch(struct inventory *m, const struct switch_row *row)
{
	if (m->switch_count == SWITCHES)
		return false;
	m->switches[m->switch_count] = *row;
	terminate(m->switches[m->switch_count].name, sizeof(row->name));
	terminate(m->switches[m->switch_count].uplink, sizeof(row->uplink));
	m->switch_count++;
	return true;
}

bool inventory_add_port(struct inventory *m, const struct port_row *row)
{
	if (m->port_count == SWITCH_PORTS)
		return false;
	m->ports[m->port_count] = *row;
	terminate(m->ports[m->port_count].client, sizeof(row->client));
	m->port_count++;
	return true;
}

bool inventory_add_stations(struct inventory *m, const struct station_rows *rows)
{
	for (u32 i = 0; i < rows->count && i < STATION_ROWS; i++) {
		if (m->station_count == SWITCH_STATIONS)
			return false;
		m->stations[m->station_count++] = rows->station[i];
	}
	return true;
}

static void judge_router_port(struct router_port_spec *port)
{
	terminate(port->network, sizeof(port->network));
	port->prefix_bits &= 31;
}

bool inventory_add_router(struct inventory *m, const struct router_row *row)
{
	struct router_row *to = &m->routers[m->router_count];

	if (m->router_count == ROUTERS)
		return false;
	*to = *row;
	terminate(to->name, sizeof(to->name));
	judge_router_port(&to->spec.outer);
	for (u32 i = 0; i < ROUTER_INNER_PORTS; i++)
		judge_router_port(&to->spec.inner[i]);
	for (u32 i = 0; i < ROUTER_FORWARDS; i++)
		terminate(to->spec.forward[i].vm, VM_NAME_BYTES);
	if (to->spec.inner_count > ROUTER_INNER_PORTS)
		to->spec.inner_count = 0;
	if (to->spec.forward_count > ROUTER_FORWARDS)
		to->spec.forward_count = 0;
	m->router_count++;
	return true;
}

/* Where a table of the router's is, how many rows it has room for, and bytes of one. */
static void *router_table(struct inventory *m, u32 table, u32 *most, size_t *bytes)
{
	const struct { void *rows; u32 most; size_t bytes; } tables[ROUTER_TABLE_COUNT] = {
		[ROUTER_TABLE_ROUTES] = { m->routes, ARRAY_COUNT(m->routes), sizeof(m->routes[0]) },
		[ROUTER_TABLE_LEASES] = { m->leases, ARRAY_COUNT(m->leases), sizeof(m->leases[0]) },
		[ROUTER_TABLE_NEIGHBOURS] = { m->neighbours, ARRAY_COUNT(m->neighbours), sizeof(m->neighbours[0]) },
		[ROUTER_TABLE_SESSIONS] = { m->sessions, ARRAY_COUNT(m->sessions), sizeof(m->sessions[0]) },
		[ROUTER_TABLE_ROUTES6] = { m->routes6, ARRAY_COUNT(m->routes6), sizeof(m->routes6[0]) },
		[ROUTER_TABLE_NEIGHBOURS6] = { m->neighbours6, ARRAY_COUNT(m->neighbours6), sizeof(m->neighbours6[0]) },
	};

	*most = tables[table].most;
	*bytes = tables[table].bytes;
	return tables[table].rows;
}

bool inventory_add_lines(struct inventory *m, const struct router_lines *lines)
{
	u32 most, *count;
	size_t bytes;
	char *rows;

	if (lines->table >= ROUTER_TABLE_COUNT || lines->count > ROUTER_LINES)
		return false;
	rows = router_table(m, lines->table, &most, &bytes);
	count = &m->line_count[lines->table];
	if (lines->count > most - *count)
		return false;
	memcpy(rows + *count * bytes, lines->route, lines->count * bytes);
	*count += lines->count;
	return true;
}

bool inventory_add_pool(struct inventory *m, const struct pool_row *row)
{
	struct pool_row *to = &m->pools[m->pool_count];

	if (m->pool_count == STORE_POOLS_MAX)
		return false;
	*to = *row;
	terminate(to->name, sizeof(to->name));
	terminate(to->on, sizeof(to->on));
	for (u32 k = 0; k < STORE_MEMBERS; k++)
		terminate(to->member_on[k], sizeof(to->member_on[k]));
	m->pool_count++;
	return true;
}

struct vm_entry *inventory_update(struct inventory *m, const struct vm_report *report)
{
	struct vm_entry *vm;

	if (report->index >= VM_COUNT || report->name[0] == 0)
		return 0;
	vm = &m->vms[report->index];
	if (!vm->is_used || strncmp(vm->report.name, report->name, VM_NAME_BYTES) != 0) {
		history_free(&vm->history);
		*vm = (struct vm_entry){ .is_used = true, .number = ++m->last_number,
			.history = { .first = m->history_first, .written = m->history_first } };
	}
	vm->report = *report;
	vm->confirmed = m->listing;
	terminate(vm->report.name, sizeof(vm->report.name));
	terminate(vm->report.text, sizeof(vm->report.text));
	for (u32 i = 0; i < FIELD_SPEC_COUNT; i++)
		if (spec_fields[i].kind == KIND_IMAGE || spec_fields[i].kind == KIND_TEXT)
			terminate((char *)&vm->report.spec + spec_fields[i].offset, spec_fields[i].bytes);
	for (u32 i = 0; i < IMAGE_MODULES; i++)
		terminate(vm->report.spec.modules[i], MODULE_BYTES);
	if (vm->report.spec.module_count > IMAGE_MODULES)
		vm->report.spec.module_count = 0;
	judge_disks(&vm->report);
	judge_nics(&vm->report);
	return vm;
}

static void drop(struct vm_entry *vm)
{
	history_free(&vm->history);
	*vm = (struct vm_entry){ 0 };
}

const struct switch_row *inventory_switch(const struct inventory *m, const char *name)
{
	for (u32 i = 0; i < m->switch_count; i++)
		if (strcmp(m->switches[i].name, name) == 0)
			return &m->switches[i];
	return NULL;
}

const struct router_row *inventory_router(const struct inventory *m, const char *name)
{
	for (u32 i = 0; i < m->router_count; i++)
		if (strcmp(m->routers[i].name, name) == 0)
			return &m->routers[i];
	return NULL;
}

void inventory_forget(struct inventory *m, const char *name)
{
	struct vm_entry *vm = inventory_find(m, name);

	if (vm)
		drop(vm);
}

u32 inventory_listing(struct inventory *m)
{
	return ++m->listing;
}

void inventory_listed(struct inventory *m, u32 listing)
{
	for (u32 i = 0; i < VM_COUNT; i++)
		if (m->vms[i].is_used && (s32)(m->vms[i].confirmed - listing) < 0)
			drop(&m->vms[i]);
}

static u32 permille(u64 part_ns, u64 whole_ns)
{
	return whole_ns >= 1000 ? (u32)(part_ns / (whole_ns / 1000)) : 0;
}

/* Also the first look of a run, whose figures begin anew. */
static bool is_first_sample(const struct vm_entry *vm, const struct vm_sample *now)
{
	return vm->sample.now_ns == 0 || now->cpu_ns < vm->sample.cpu_ns || now->exits < vm->sample.exits ||
	       now->service_ns < vm->sample.service_ns ||
	       now->io < vm->sample.io || now->io_bytes < vm->sample.io_bytes;
}

/* A card that was detached takes its figures with it. */
static u64 grown(u64 from, u64 to)
{
	return to > from ? to - from : 0;
}

static struct vm_rates rates_of(const struct vm_sample *from, const struct vm_sample *to)
{
	u64 ns = to->now_ns - from->now_ns;

	return (struct vm_rates){
		.cpu_permille = permille(to->cpu_ns - from->cpu_ns, ns),
		.guest_permille = permille(to->guest_ns - from->guest_ns, ns),
		.service_permille = permille(to->service_ns - from->service_ns, ns),
		.exits = (u32)per_second(to->exits - from->exits, ns),
		.wakeups = (u32)per_second(to->wakeups - from->wakeups, ns),
		.io = (u32)per_second(to->io - from->io, ns),
		.io_bytes = per_second(to->io_bytes - from->io_bytes, ns),
		.packets = (u32)per_second(grown(from->packets, to->packets), ns),
		.packet_bytes = per_second(grown(from->packet_bytes, to->packet_bytes), ns),
	};
}

static void add_io(struct vm_sample *to, const struct vm_report *r)
{
	for (u32 i = 0; i < r->spec.disk_count; i++) {
		const struct io_counts *io = &r->disks[i].io;

		to->io += io->reads + io->writes + io->flushes + io->discards;
		to->io_bytes += io->read_bytes + io->written_bytes;
	}
}

static void add_packets(struct vm_sample *to, const struct vm_report *r)
{
	for (u32 i = 0; i < r->spec.nic_count; i++) {
		to->packets += r->nics[i].sent_frames + r->nics[i].got_frames;
		to->packet_bytes += r->nics[i].sent_bytes + r->nics[i].got_bytes;
	}
}

void inventory_sample(struct vm_entry *vm)
{
	const struct vm_report *r = &vm->report;
	const struct vm_load *load = &r->load;
	struct vm_sample now = {
		.now_ns = load->now_ns, .cpu_ns = load->cpu_time_ns, .guest_ns = load->guest_time_ns,
		.service_ns = load->service_time_ns, .exits = load->exits, .wakeups = load->wakeups,
	};
	struct vm_sample from = vm->sample;
	u32 most = 1000 * r->spec.cpus;

	add_io(&now, r);
	add_packets(&now, r);
	if (is_first_sample(vm, &now))
		from = (struct vm_sample){ .now_ns = now.now_ns - load->run_ns };
	else if (now.now_ns - from.now_ns < SAMPLE_NS)
		return;
	vm->rates = rates_of(&from, &now);
	vm->sample = now;
	if (vm->rates.cpu_permille > most)	/* the figures are read one after the other */
		vm->rates.cpu_permille = most;
}

void inventory_update_pcpu(struct inventory *m, const struct pcpu_report *report)
{
	if (report->index >= INVENTORY_PCPUS)
		return;
	m->pcpus[report->index].report = *report;
	m->pcpu_count = report->count < INVENTORY_PCPUS ? report->count : INVENTORY_PCPUS;
}

void inventory_sample_pcpus(struct inventory *m)
{
	for (u32 i = 0; i < m->pcpu_count; i++) {
		struct pcpu_entry *p = &m->pcpus[i];
		const struct pcpu_report *to = &p->report, *from = &p->sample;
		u64 ns = to->elapsed_ns - from->elapsed_ns;

		if (ns < SAMPLE_NS)
			continue;
		p->guest_permille = permille(to->guest_ns - from->guest_ns, ns);
		p->vmm_permille = permille(to->vmm_ns - from->vmm_ns, ns);
		p->system_permille = permille(to->system_ns - from->system_ns, ns);
		p->idle_permille = permille(to->idle_ns - from->idle_ns, ns);
		p->sample = *to;
	}
}

bool state_is_live(u32 state)
{
	return state == VM_STARTING || state == VM_RUNNING || state == VM_PAUSED || state == VM_STOPPING ||
	       state == VM_SUSPENDED;
}

bool vm_is_live(const struct vm_entry *vm)
{
	return state_is_live(vm->report.state);
}
