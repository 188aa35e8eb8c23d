/* SPDX-License-Identifier: MIT */
/*
 * report_io.c - what VMs ask of their disks, and packets of their cards, for people and for programs: parts of
 * status-vm, stats-vm and accounting. See report_tables.h.
 */
#include <stdio.h>
#include <string.h>

#include "histogram.h"
#include "nic_arg.h"
#include "report.h"
#include "report_tables.h"
#include "units.h"

u64 io_requests(const struct io_counts *io)
{
	return io->reads + io->writes + io->flushes + io->discards;
}

void report_io(const struct out *out, const struct io_counts *io)
{
	char read[UNIT_TEXT_BYTES], reads[UNIT_TEXT_BYTES], written[UNIT_TEXT_BYTES], writes[UNIT_TEXT_BYTES];
	char all[UNIT_TEXT_BYTES], errors[UNIT_TEXT_BYTES];

	out_format(out, "%s request%s: read %s in %s, wrote %s in %s; %s error%s, %u in flight",
		count_text(all, io_requests(io)), io_requests(io) == 1 ? "" : "s",
		size_text(read, io->read_bytes, false), count_text(reads, io->reads),
		size_text(written, io->written_bytes, false), count_text(writes, io->writes),
		count_text(errors, io->errors), io->errors == 1 ? "" : "s",
		(u32)io->in_flight);
}

void report_limits(const struct out *out, const struct disk_spec *disk)
{
	char count[UNIT_TEXT_BYTES], size[UNIT_TEXT_BYTES];

	if (disk->iops)
		out_format(out, "; at most %s requests", count_text(count, disk->iops));
	if (disk->rate)
		out_format(out, "%s%s", disk->iops ? ", " : "; at most ", size_text(size, disk->rate, false));
	out_text(out, disk->iops || disk->rate ? " a second" : "");
}

void json_io(struct json_writer *w, const struct io_counts *io)
{
	json_number(w, "reads", io->reads);
	json_number(w, "writes", io->writes);
	json_number(w, "flushes", io->flushes);
	json_number(w, "discards", io->discards);
	json_number(w, "read-bytes", io->read_bytes);
	json_number(w, "written-bytes", io->written_bytes);
	json_number(w, "errors", io->errors);
}

/* ---- stats-vm ---- */

static void kind_row(const struct out *out, const char *kind, u64 count, u64 ns)
{
	char all[UNIT_TEXT_BYTES], rate[UNIT_TEXT_BYTES];

	out_format(out, "  %-8s %15s  %10s", kind, count_text(all, count), count_text(rate, per_second(count, ns)));
}

static void data_row(const struct out *out, const char *kind, u64 count, u64 bytes, u64 ns)
{
	char all[UNIT_TEXT_BYTES], rate[UNIT_TEXT_BYTES];

	kind_row(out, kind, count, ns);
	out_format(out, "  %10s  %10s\n", size_text(all, bytes, false), size_text(rate, per_second(bytes, ns), false));
}

static void plain_row(const struct out *out, const char *kind, u64 count, u64 ns)
{
	if (count == 0)
		return;
	kind_row(out, kind, count, ns);
	out_text(out, "\n");
}

/* "32 us": what takes less than that is in the bucket. Nothing above the last one. */
static const char *below_text(char text[24], u32 bucket)
{
	u64 ns = 1ull << (bucket + 1);

	if (bucket == STORE_LATENCY_BUCKETS - 1)
		(void)snprintf(text, 24, "more than %u ms", (u32)(ns / 2 / 1000000));
	else if (ns < 1000)
		(void)snprintf(text, 24, "below %u ns", (u32)ns);
	else if (ns < 1000000)
		(void)snprintf(text, 24, "below %u us", (u32)(ns / 1000));
	else
		(void)snprintf(text, 24, "below %u ms", (u32)(ns / 1000000));
	return text;
}

static const u32 percentiles[] = { 50, 90, 99 };

static void latency_rows(const struct out *out, const u64 *latency)
{
	char text[24];

	if (histogram_percentile(latency, STORE_LATENCY_BUCKETS, 50) == STORE_LATENCY_BUCKETS)
		return;
	out_text(out, "  Latency");
	for (u32 i = 0; i < ARRAY_COUNT(percentiles); i++)
		out_format(out, "%s p%u %s", i ? "," : ":", percentiles[i],
			below_text(text, histogram_percentile(latency, STORE_LATENCY_BUCKETS, percentiles[i])));
	out_text(out, "\n");
	histogram_show(out, latency, STORE_LATENCY_BUCKETS);
}

static void stats_disk(const struct out *out, u32 number, const struct disk_stats *d, u64 ns)
{
	const struct io_counts *io = &d->figures.counts;
	char errors[UNIT_TEXT_BYTES], line[4 * VOLUME_NAME_BYTES + 64];
	struct out_buffer buffer;
	struct out words;

	out_buffer_init(&buffer, line, sizeof(line));
	words = out_to_buffer(&buffer);
	out_text(&words, "volume ");
	out_escaped_line(&words, d->volume, sizeof(d->volume));
	out_format(&words, "; queue depth %u, %s error%s", (u32)io->in_flight, count_text(errors, io->errors),
		io->errors == 1 ? "" : "s");
	out_format(out, "Disk %u: ", number);
	out_wrapped(out, line, 8, 8, REPORT_COLUMNS);
	out_format(out, "  %-8s %15s  %10s  %10s  %10s\n", "REQUEST", "COUNT", "COUNT/S", "DATA", "DATA/S");
	data_row(out, "read", io->reads, io->read_bytes, ns);
	data_row(out, "write", io->writes, io->written_bytes, ns);
	plain_row(out, "flush", io->flushes, ns);
	plain_row(out, "discard", io->discards, ns);
	latency_rows(out, d->figures.latency);
}

void report_disk_stats(const struct out *out, const struct vm_stats *v)
{
	for (u32 i = 0; i < v->disk_count && i < VM_DEVICES; i++)
		stats_disk(out, i, &v->disks[i], v->load.run_ns);
}

static void percentile_json(struct json_writer *w, const u64 *latency, u32 percent)
{
	u32 bucket = histogram_percentile(latency, STORE_LATENCY_BUCKETS, percent);
	char key[24];

	(void)snprintf(key, sizeof(key), "latency-p%u-ns", percent);
	json_number(w, key, bucket < STORE_LATENCY_BUCKETS ? 1ull << (bucket + 1) : 0);
}

static void disk_json(struct json_writer *w, const struct disk_stats *d, u64 ns)
{
	const struct io_counts *io = &d->figures.counts;

	json_open(w, 0, '{');
	json_bytes(w, "volume", d->volume, strnlen(d->volume, sizeof(d->volume)));
	json_io(w, io);
	json_number(w, "in-flight", io->in_flight);
	json_number(w, "reads-per-second", per_second(io->reads, ns));
	json_number(w, "writes-per-second", per_second(io->writes, ns));
	json_number(w, "read-bytes-per-second", per_second(io->read_bytes, ns));
	json_number(w, "written-bytes-per-second", per_second(io->written_bytes, ns));
	for (u32 i = 0; i < ARRAY_COUNT(percentiles); i++)
		percentile_json(w, d->figures.latency, percentiles[i]);
	json_open(w, "latency-log2-ns", '[');
	for (u32 i = 0; i < STORE_LATENCY_BUCKETS; i++)
		json_number(w, 0, d->figures.latency[i]);
	json_close(w, ']');
	json_close(w, '}');
}

void json_disk_stats(struct json_writer *w, const struct vm_stats *v)
{
	json_open(w, "disks", '[');
	for (u32 i = 0; i < v->disk_count && i < VM_DEVICES; i++)
		disk_json(w, &v->disks[i], v->load.run_ns);
	json_close(w, ']');
}

static void stats_nic(const struct out *out, u32 number, const struct nic_stats *n, u64 ns)
{
	const struct nic_report *r = &n->report;
	char mac[MAC_TEXT_BYTES], drops[UNIT_TEXT_BYTES], line[4 * VM_NAME_BYTES + 64];
	struct out_buffer buffer;
	struct out words;

	out_buffer_init(&buffer, line, sizeof(line));
	words = out_to_buffer(&buffer);
	out_escaped_line(&words, n->network, sizeof(n->network));
	out_format(&words, ", %s; %s dropped", mac_text(mac, r->mac), count_text(drops, r->drops));
	out_format(out, "Network card %u: ", number);
	out_wrapped(out, line, 16, 8, REPORT_COLUMNS);
	out_format(out, "  %-8s %15s  %10s  %10s  %10s\n", "PACKETS", "COUNT", "COUNT/S", "DATA", "DATA/S");
	data_row(out, "sent", r->sent_frames, r->sent_bytes, ns);
	data_row(out, "got", r->got_frames, r->got_bytes, ns);
}

void report_nic_stats(const struct out *out, const struct vm_stats *v)
{
	for (u32 i = 0; i < v->nic_count && i < VM_DEVICES; i++)
		stats_nic(out, i, &v->nics[i], v->load.run_ns);
}

void json_nic_stats(struct json_writer *w, const struct vm_stats *v)
{
	u64 ns = v->load.run_ns;
	char mac[MAC_TEXT_BYTES];

	json_open(w, "nics", '[');
	for (u32 i = 0; i < v->nic_count && i < VM_DEVICES; i++) {
		const struct nic_report *r = &v->nics[i].report;

		json_open(w, 0, '{');
		json_bytes(w, "switch", v->nics[i].network, strnlen(v->nics[i].network, sizeof(v->nics[i].network)));
		json_text(w, "mac", mac_text(mac, r->mac));
		json_packets(w, r);
		json_number(w, "sent-frames-per-second", per_second(r->sent_frames, ns));
		json_number(w, "got-frames-per-second", per_second(r->got_frames, ns));
		json_number(w, "sent-bytes-per-second", per_second(r->sent_bytes, ns));
		json_number(w, "got-bytes-per-second", per_second(r->got_bytes, ns));
		json_close(w, '}');
	}
	json_close(w, ']');
}

/* ---- accounting ---- */

static bool has_io(const struct vm_report *r)
{
	return r->spec.disk_count != 0 || io_requests(&r->io) != 0;
}

static void io_line(const struct out *out, const char *name, const struct io_counts *io, u64 service_ns)
{
	char all[UNIT_TEXT_BYTES], read[UNIT_TEXT_BYTES], written[UNIT_TEXT_BYTES], errors[UNIT_TEXT_BYTES];
	char time[UNIT_TEXT_BYTES];

	out_format(out, "%-22.22s %14s %10s %10s %6s %12s\n", name, count_text(all, io_requests(io)),
		size_text(read, io->read_bytes, false), size_text(written, io->written_bytes, false),
		count_text(errors, io->errors), seconds_text(time, service_ns));
}

/* Time of the services that was for nobody in particular. */
static u64 unassigned_ns(const struct inventory *m)
{
	u64 sum = m->host.service_deleted_ns;

	for (u32 i = 0; i < VM_COUNT; i++)
		sum += m->vms[i].is_used ? m->vms[i].report.service_ns : 0;
	return m->host.service_ns > sum ? m->host.service_ns - sum : 0;
}

void report_io_table(const struct out *out, const struct inventory *m)
{
	static const struct io_counts none;

	out_format(out, "\n%-22s %14s %10s %10s %6s %12s\n", "DISK I/O", "REQUESTS", "READ", "WRITTEN", "ERRORS",
		"CPU TIME");
	for (u32 i = 0; i < VM_COUNT; i++)
		if (m->vms[i].is_used && has_io(&m->vms[i].report))
			io_line(out, m->vms[i].report.name, &m->vms[i].report.io, m->vms[i].report.service_ns);
	io_line(out, "VMs that were deleted", &m->host.io_deleted, m->host.service_deleted_ns);
	io_line(out, "for no VM", &none, unassigned_ns(m));
}

void json_io_table(struct json_writer *w, const struct inventory *m)
{
	json_open(w, "io", '{');
	json_open(w, "vm", '[');
	for (u32 i = 0; i < VM_COUNT; i++) {
		if (!m->vms[i].is_used || !has_io(&m->vms[i].report))
			continue;
		json_open(w, 0, '{');
		json_text(w, "name", m->vms[i].report.name);
		json_io(w, &m->vms[i].report.io);
		json_number(w, "service-time-ns", m->vms[i].report.service_ns);
		json_close(w, '}');
	}
	json_close(w, ']');
	json_open(w, "deleted-vms", '{');
	json_io(w, &m->host.io_deleted);
	json_number(w, "service-time-ns", m->host.service_deleted_ns);
	json_close(w, '}');
	json_number(w, "service-time-ns", m->host.service_ns);
	json_close(w, '}');
}
