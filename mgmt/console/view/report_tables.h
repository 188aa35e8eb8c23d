/* SPDX-License-Identifier: MIT */
/*
 * report_tables.h - inside of the reports: tables of names.
 */
#ifndef VOS_REPORT_TABLES_H
#define VOS_REPORT_TABLES_H

#include "inventory.h"
#include "json.h"
#include "out.h"
#include "root_info.h"

#define LABEL_COLUMN 12u	/* of blocks: where what stands behind a label begins */

static inline void label(const struct out *out, const char *name)
{
	out_format(out, "%-*s", (int)LABEL_COLUMN, name);
}

/*
 * A line of a table, cell by cell, with two blanks between them. A cell that does not fit into the rest of the
 * terminal's line begins another one, indented. `width`: what the cell takes at least; below 0: its text stands to the
 * right. `text` may be foreign; it ends at a zero or after `most` bytes.
 */
struct table_line {
	const struct out *out;
	u32 at, blanks;		/* columns printed; blanks that come before the next cell */
};
struct table_line line_begin(const struct out *out);
void line_cell(struct table_line *line, s32 width, const char *text, size_t most);
void line_end(struct table_line *line);

struct feature_name { const char *name; };

extern const struct feature_name feature_names[FEAT_COUNT], silicon_flaw_names[SILICON_FLAW_COUNT];

/* Errors that the processors reported (report_hardware.c): a row of info, and in JSON. */
void hardware_row(const struct out *out, const struct hardware_report *r);
void json_hardware(struct json_writer *w, const char *key, const struct hardware_report *r);

/* Name of an enum exit_reason. */
const char *exit_text(u32 reason);

/* The difference in parts per million of the whole, by its size. */
u64 difference_ppm(const struct pcpu_report *pcpu);
/* Whether guest + VMM + system + idle time is elapsed time on all pCPUs; what memory is missing, negative: too much. */
bool time_holds(const struct inventory *inventory);
s64 memory_difference(const struct memory_report *memory);

/* "12 requests: read 4.0 MiB in 10, wrote 8.0 KiB in 2; 0 errors, 1 in flight" */
void report_io(const struct out *out, const struct io_counts *io);
/* "; at most 500 requests, 50.0 MiB a second", or nothing */
void report_limits(const struct out *out, const struct disk_spec *disk);
/* As members of an object that is open. */
void json_io(struct json_writer *writer, const struct io_counts *io);
u64 io_requests(const struct io_counts *io);
void json_packets(struct json_writer *writer, const struct nic_report *nic);
/* Parts of stats-vm and accounting. */
void report_nic_stats(const struct out *out, const struct vm_stats *stats);
void json_nic_stats(struct json_writer *writer, const struct vm_stats *stats);
void report_disk_stats(const struct out *out, const struct vm_stats *stats);
void json_disk_stats(struct json_writer *writer, const struct vm_stats *stats);
void report_io_table(const struct out *out, const struct inventory *inventory);
void json_io_table(struct json_writer *writer, const struct inventory *inventory);

/* A network card of a VM, in a row of status-vm; all of them as a member of an object. */
void report_nic(const struct out *out, const struct nic_spec *spec, const struct nic_report *nic);
void json_nics(struct json_writer *writer, const struct vm_report *report);

/* VMs by CPU%, the busiest first; returns how many. */
u32 vms_by_load(const struct inventory *inventory, const struct vm_entry *sorted[VM_COUNT]);

#endif
