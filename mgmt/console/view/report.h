/* SPDX-License-Identifier: MIT */
/*
 * report.h - answers put into words: tables and blocks for a terminal of 80 columns, the same as JSON, and errors.
 */
#ifndef VOS_REPORT_H
#define VOS_REPORT_H

#include "cmd_error.h"
#include "inventory.h"
#include "json.h"
#include "view.h"

/* Views of a struct inventory. */
/* Where the definitions are kept, as a line. */
void report_definitions(const struct out *out, const struct definitions_report *r);
void report_info(const struct out *out, const void *inventory);
void json_info(struct json_writer *writer, const char *key, const void *inventory);
/* info --cpu */
void report_processor(const struct out *out, const void *inventory);
void json_processor(struct json_writer *writer, const char *key, const void *inventory);
void report_images(const struct out *out, const void *inventory);
void json_images(struct json_writer *writer, const char *key, const void *inventory);
void json_image(struct json_writer *writer, const char *key, const void *image);	/* struct image_report */
void report_devices(const struct out *out, const void *inventory);
void json_devices(struct json_writer *writer, const char *key, const void *inventory);
void report_services(const struct out *out, const void *inventory);
void json_services(struct json_writer *writer, const char *key, const void *inventory);
/* Users and sessions. */
void report_logins(const struct out *out, const void *inventory);
void json_logins(struct json_writer *writer, const char *key, const void *inventory);
void report_users(const struct out *out, const void *inventory);
void json_users(struct json_writer *writer, const char *key, const void *inventory);
void report_audit(const struct out *out, const void *rows);	/* struct audit_rows */
void json_audit(struct json_writer *writer, const char *key, const void *rows);
void report_audit_verdict(const struct out *out, const void *verdict);	/* struct audit_verdict */
void json_audit_verdict(struct json_writer *writer, const char *key, const void *verdict);
void report_user_lines(const struct out *out, const void *inventory);
void json_user_lines(struct json_writer *writer, const char *key, const void *inventory);
/* Of a struct storage_look. */
struct storage_look {
	const struct inventory *inventory;
	const char *name;	/* of the only one that is wanted; "" = all */
};
void report_disks(const struct out *out, const void *look);
void json_disks(struct json_writer *writer, const char *key, const void *look);
/* Of an inventory: all switches; of a struct storage_look, one with its ports. */
void report_switches(const struct out *out, const void *inventory);
void json_switches(struct json_writer *writer, const char *key, const void *inventory);
void report_switch(const struct out *out, const void *look);
void json_switch(struct json_writer *writer, const char *key, const void *look);
/* The same of routers. */
void report_routers(const struct out *out, const void *inventory);
void json_routers(struct json_writer *writer, const char *key, const void *inventory);
void report_router(const struct out *out, const void *look);
void report_neighbours(const struct out *out, const void *look);
void json_neighbour_tables(struct json_writer *writer, const char *key, const void *look);
void json_router(struct json_writer *writer, const char *key, const void *look);
void report_volumes(const struct out *out, const void *look);
void json_volumes(struct json_writer *writer, const char *key, const void *look);
/* Of a struct storage_look whose name is that of a VM. */
void report_snapshots(const struct out *out, const void *look);
void json_snapshots(struct json_writer *writer, const char *key, const void *look);
void report_pools(const struct out *out, const void *look);
void json_pools(struct json_writer *writer, const char *key, const void *look);
/* Of a struct pool_row. */
void report_pool(const struct out *out, const void *row);
void json_pool(struct json_writer *writer, const char *key, const void *row);
/* Those of a volume's traits (flags: DISK_TRAIT) that are on, with `between` before each: ", policy=thick".
 * text[TRAITS_TEXT_BYTES]. */
#define TRAITS_TEXT_BYTES 64u
const char *traits_text(char *text, const char *between, u32 flags);
/* As members of an object that is open; "" in a volume that is in no pool. */
void json_traits(struct json_writer *writer, u32 flags);
/* Of a struct volume_row. */
void report_volume(const struct out *out, const void *row);
void json_volume(struct json_writer *writer, const char *key, const void *row);
void report_vms(const struct out *out, const void *inventory);
void json_vms(struct json_writer *writer, const char *key, const void *inventory);
void report_accounting(const struct out *out, const void *inventory);
void json_accounting(struct json_writer *writer, const char *key, const void *inventory);
/* Of a struct vm_entry, and of a struct vm_stats. */
void report_vm(const struct out *out, const void *vm);
void json_vm(struct json_writer *writer, const char *key, const void *vm);
void report_stats(const struct out *out, const void *stats);
void json_stats(struct json_writer *writer, const char *key, const void *stats);

/* "volume a.0, 64.0 MiB in memory: lost when VOS ends" */
void report_disk(const struct out *out, const struct disk_report *disk);

const char *state_text(u32 state);
/* What devices with drivers can reach: "none", "contained", "not contained". */
const char *dma_text(const struct info_page *info);
const char *reason_text(u32 reason);
const char *vcpu_state_text(u32 state);

/* "VOS 0.1.0  AMD SVM + NPT  1 pCPU  2.0 GiB", one or two lines. */
void report_banner(const struct out *out, const struct info_page *info);
/* "fair, weight 100, cap 50%, pCPUs 0,2-3" */
void report_share(const struct out *out, const struct vm_share *share);
/*
 * The tables of `top`, at most `rows` lines; what is busiest comes first. Where the line is too short for all columns
 * of the VMs, some are left out, down to name and CPU%.
 */
void report_top(const struct out *out, const struct inventory *inventory, u32 rows, u32 columns);
/* One line: "myvm is running", "myvm crashed: triple error, rip ..." */
void report_state(const struct out *out, const struct vm_report *report);
/* "triple-fault rip=ffffffff8100a2c0", or "-" */
void report_reason(const struct out *out, const struct vm_report *report);
/* It is of an end before: the VM is up again. */
bool report_reason_is_old(const struct vm_report *report);

/* As JSON members of an object that is open, or as elements of an array. */
void json_load(struct json_writer *writer, const struct vm_load *load);
void json_top(struct json_writer *writer, const char *key, const struct inventory *inventory);
/* {"error":{"class":..., "code":..., "desc":...}} without its braces */
void json_error(struct json_writer *writer, const struct cmd_error *error);

/* Put root's refusal into words. */
void report_refusal(struct cmd_error *error, const struct request *request, const struct reply *reply,
	const struct inventory *inventory);
#define REPORT_COLUMNS 79u	/* terminals differ in what follows a character in the last one */
/* A message on as many lines as it takes, between words; `before` is printed as it is. */
void report_line(const struct out *out, const char *before, const char *message);
/* "error[E_NOMEM]: ..."; `before` says where, such as "vos.conf: a: ", or is empty. */
void report_error(const struct out *out, const char *before, const struct cmd_error *error);

#endif
