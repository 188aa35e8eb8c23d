/* SPDX-License-Identifier: MIT */
/*
 * networks.h - what clients ask about networks: switches are made and deleted together with their programs, and reports
 * of them.
 */
#ifndef VOS_NETWORKS_H
#define VOS_NETWORKS_H

#include "error_info.h"
#include "types.h"

/* The name is one of a VM, as far as its characters go; the rest is foreign. */
struct error_info networks_create_switch(const char *name, const struct switch_spec *spec, bool is_dry_run);
struct error_info networks_delete_switch(const char *name, bool is_dry_run);

/* Switch *index, or the next one; *index is behind it then. False: no more. */
bool networks_switch_row(u32 *index, struct switch_row *out);
/* The same of that switch's ports in use, and of the addresses that it knows; ERR_NO_DEVICE: no more. The name is
 * foreign. The addresses are those of the list that was asked for last (station_wait.h). */
struct error_info networks_port_row(const char *name, u32 *index, struct port_row *out);
struct error_info networks_station_rows(const char *name, u32 *index, struct station_rows *out);

#endif
