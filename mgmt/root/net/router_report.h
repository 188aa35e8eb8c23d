/* SPDX-License-Identifier: MIT */
/*
 * router_report.h - what clients are told of routers: rows of the table of them, and what a router's program reports.
 * The report is another PD's: copied once, and its counts judged.
 */
#ifndef VOS_ROUTER_REPORT_H
#define VOS_ROUTER_REPORT_H

#include "error_info.h"
#include "router_spec.h"
#include "types.h"

/* Router *index, or the next one; *index is behind it then. False: no more. */
bool router_report_row(u32 *index, struct router_row *out);
/* Rows of that router's tables from *index on; ERR_NO_DEVICE: no more. The name is foreign. */
struct error_info router_report_lines(const char *name, u32 *index, struct router_lines *out);

#endif
