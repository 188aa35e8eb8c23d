/* SPDX-License-Identifier: MIT */
/* links: console */
/*
 * Every table and block of the reports stays within a terminal of 80 columns, also with the longest names and the
 * largest numbers that there can be; each word is shown whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "report.h"
#include "report_tables.h"
#include "syscalls.h"
#include "units.h"
#include "vcpu_page.h"

#define TIB (GIB << 10)

static char text[1 << 20];
static struct inventory m;
static struct info_page info;
static struct vm_stats stats;

/* A name of all its bytes but the zero, which differs from others by its number. */
static void name(char *to, size_t size, u32 number)
{
	memset(to, 'n', size - 1);
	to[size - 1] = 0;
	to[0] = (char)('a' + number % 26);
}

static void fill_io(struct io_counts *io)
{
	*io = (struct io_counts){ 30000000000, 30000000000, 30000000000, 1, 900 * TIB, 900 * TIB, 99999, 256 };
}

static void fill_vm(struct vm_report *r)
{
	struct vm_spec *spec = &r->spec;

	name(r->name, sizeof(r->name), 0);
	r->state = VM_CRASHED;
	r->reason = STOP_VMM_FAULT;
	r->vmm_fault = 15;
	r->detail = r->rip = ~0ull;
	memset(r->text, 'x', sizeof(r->text) - 1);
	for (u32 i = 10; i < sizeof(r->text) - 1; i += 11)
		r->text[i] = ' ';
	*spec = (struct vm_spec){ .cpus = VM_VCPUS, .memory_bytes = VM_MEMORY_MAX, .disk_count = VM_DEVICES };
	spec->share = (struct vm_share){ .weight = SCHED_WEIGHT_MAX, .cap = 1600, .affinity = 0x5555555555555555ull };
	name(spec->kernel, sizeof(spec->kernel), 1);
	name(spec->initrd, sizeof(spec->initrd), 2);
	name(spec->vmm, sizeof(spec->vmm), 3);
	for (u32 i = 0; i < VM_DEVICES; i++) {
		name(r->disks[i].volume, VOLUME_NAME_MAX + 1, i);
		name(r->disks[i].on, sizeof(r->disks[i].on), i);
		r->disks[i].bytes = VOLUME_BYTES_MAX;
		r->disks[i].flags = DISK_READ_ONLY;
		spec->disks[i].iops = DISK_IOPS_MAX;
		spec->disks[i].rate = DISK_RATE_MAX;
		fill_io(&r->disks[i].io);
	}
	spec->nic_count = VM_DEVICES;
	for (u32 i = 0; i < VM_DEVICES; i++)
		r->nics[i] = (struct nic_report){ .sent_frames = 30000000000, .got_frames = 30000000000,
						  .sent_bytes = 900 * TIB, .got_bytes = 900 * TIB };
	fill_io(&r->io);
	r->memory_granted_bytes = r->overhead_bytes = VM_MEMORY_MAX;
	r->load.cpu_time_ns = r->load.guest_time_ns = r->load.uptime_ns = ~0ull >> 10;
	r->service_ns = 999999 * 1000 * NS_PER_MS;
	r->load.exits = r->load.exits_vmm = ~0ull >> 8;
}

static void fill_storage(void)
{
	m.disk_count = 2;
	for (u32 i = 0; i < m.disk_count; i++) {
		struct disk_row *d = &m.disks[i];

		name(d->name, sizeof(d->name), i);
		name(d->program, sizeof(d->program), i);
		name(d->vm, sizeof(d->vm), i);
		memset(d->model, 'M', sizeof(d->model));
		memset(d->serial, 'S', sizeof(d->serial) - 1);
		for (u32 k = 9; k < sizeof(d->model); k += 10)
			d->model[k] = ' ';
		d->bytes = d->free_bytes = VOLUME_BYTES_MAX;
		d->zeroing = 38;
		d->state = i == 0 ? DISK_ROW_WHOLE : DISK_ROW_READY;
	}
	m.volume_count = 4;		/* two volumes, and a snapshot of each that has the other one as a clone */
	for (u32 i = 0; i < m.volume_count; i++) {
		struct volume_row *v = &m.volumes[i];

		name(v->name, VOLUME_NAME_MAX + 1, i);
		name(v->on, sizeof(v->on), i);
		name(v->vm, sizeof(v->vm), i);
		name(v->made_for, sizeof(v->made_for), i);
		v->bytes = VOLUME_BYTES_MAX;
		v->state = VOLUME_ROW_DELETING;
		v->kind = i < 2 ? VOLUME_ROW_THIN : VOLUME_ROW_SNAPSHOT;
		v->used_bytes = VOLUME_BYTES_MAX;
		name(v->of, VOLUME_NAME_MAX + 1, i < 2 ? 1 - i : i - 2);
		name(v->snapshot, VOLUME_NAME_MAX + 1, i < 2 ? 3 - i : 0);
	}
}

static void fill_rest(void)
{
	m.image_count = 2;
	for (u32 i = 0; i < m.image_count; i++) {
		name(m.images[i].name, sizeof(m.images[i].name), i);
		m.images[i].bytes = ~0ull >> 14;
		m.images[i].is_uploaded = i;
		m.images[i].is_default = true;
	}
	m.device_count = 2;
	for (u32 i = 0; i < m.device_count; i++) {
		struct device_report *d = &m.devices[i];

		*d = (struct device_report){ .vendor = 0xffff, .device = 0xffff, .class_code = 0x078000,
			.group = DEVICE_NO_GROUP - 1, .interrupts = 2, .irq_count = 99, .faults = ~0u };
		name(d->driver, sizeof(d->driver), i);
	}
	m.service_count = 1;
	name(m.services[0].name, sizeof(m.services[0].name), 0);
	m.services[0].restarts = ~0u;
	m.services[0].bytes = ~0ull >> 14;
	m.pcpu_count = 64;
	for (u32 i = 0; i < m.pcpu_count; i++)
		m.pcpus[i].idle_permille = 0;
}

static void fill(void)
{
	memset(&m, 0, sizeof(m));
	memset(&info, 0, sizeof(info));
	m.info = &info;
	info.pcpu_count = 64;
	info.memory_bytes = VM_MEMORY_MAX;
	info.dma = DMA_NOT_CONTAINED;
	memset(info.cmdline, 'o', 60);
	info.features_used = info.features_missing = info.silicon_flaws = ~0ull;
	m.vms[0].is_used = true;
	fill_vm(&m.vms[0].report);
	fill_storage();
	fill_rest();
	memset(&stats, 0, sizeof(stats));
	stats.disk_count = VM_DEVICES;
	for (u32 i = 0; i < VM_DEVICES; i++) {
		name(stats.disks[i].volume, VOLUME_NAME_MAX + 1, i);
		fill_io(&stats.disks[i].figures.counts);
		for (u32 k = 0; k < STORE_LATENCY_BUCKETS; k++)
			stats.disks[i].figures.latency[k] = ~0ull >> 8;
	}
	stats.nic_count = VM_DEVICES;
	for (u32 i = 0; i < VM_DEVICES; i++) {
		name(stats.nics[i].network, sizeof(stats.nics[i].network), i);
		stats.nics[i].report = m.vms[0].report.nics[i];
		stats.nics[i].report.drops = ~0ull >> 8;
	}
	stats.load.run_ns = 1000 * NS_PER_MS;
	name(stats.name, sizeof(stats.name), 0);
}

static void expect_columns(void (*report)(const struct out *out, const void *what), const void *what)
{
	struct out_buffer buffer;
	struct out out;

	out_buffer_init(&buffer, text, sizeof(text));
	out = out_to_buffer(&buffer);
	report(&out, what);
	assert_false(buffer.is_full);
	assert_true(buffer.used > 0);
	for (const char *line = text; *line; line += strcspn(line, "\n") + (strchr(line, '\n') != NULL))
		if (strcspn(line, "\n") > REPORT_COLUMNS)
			fail_msg("%zu columns: %.*s", strcspn(line, "\n"), (int)strcspn(line, "\n"), line);
}

static void longest_names(void **state)
{
	const struct storage_look look = { &m, "" };

	(void)state;
	fill();
	expect_columns(report_devices, &m);
	expect_columns(report_disks, &look);
	assert_non_null(strstr(text, m.disks[0].name));
	assert_non_null(strstr(text, "zeroing 37%"));
	expect_columns(report_volumes, &look);
	expect_columns(report_snapshots, &look);
	assert_non_null(strstr(text, m.volumes[1].name));
	assert_non_null(strstr(text, m.volumes[1].made_for));
	expect_columns(report_images, &m);
	assert_non_null(strstr(text, m.images[0].name));
	expect_columns(report_services, &m);
	expect_columns(report_vms, &m);
	expect_columns(report_info, &m);
	expect_columns(report_accounting, &m);
	expect_columns(report_vm, &m.vms[0]);
	expect_columns(report_stats, &stats);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(longest_names) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
