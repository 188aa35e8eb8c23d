/* SPDX-License-Identifier: MIT */
/*
 * switches.h - the virtual switches: each has a name, a PD (families.h) and two areas of memory that root shares with
 * it (lib/proto/switch.h). The memory stays while the PD is started again, so that nobody has to tell it anything. What
 * is plugged into a switch is switch_ports.h's.
 */
#ifndef VOS_SWITCHES_H
#define VOS_SWITCHES_H

#include "error_info.h"
#include "status.h"
#include "switch.h"
#include "types.h"

#define SWITCH_PROGRAM "switch"

/* ---- The table ---- */

/* SWITCHES: there is none of that name. Not one that is being deleted. */
u32 switch_find(const char *name);
bool switch_is_there(u32 number);
const char *switch_name(u32 number);

/* Could one of that name be made / make it, with its memory; its PD is the caller's to start. */
struct error_info switch_judge_new(const char *name);
struct error_info switch_create(const char *name, u32 *number);
/* Nobody has a port of it. It is none any more; its memory goes with its PD (switch_released). */
void switch_delete(u32 number);

/* Where root sees its memory. The figures are foreign. */
volatile struct switch_config *switch_config_at(u32 number);
volatile struct switch_figures *switch_figures_at(u32 number);
/* Its PD and its thread; 0 while it is down. */
u64 switch_pd(u32 number);
u64 switch_thread(u32 number);
/* A PD of it is there, perhaps on its way down: it may see memory of its ports. */
bool switch_has_maps(u32 number);
/* Its configuration has changed. */
void switch_signal(u32 number);

/* Have it list the addresses that it knows anew. Returns the number of that list (switch_config.stations). */
u32 switch_list_stations(u32 number);

/* Of all. */
u64 switches_bytes(void);

/* ---- For switch_service.c ---- */

/* Its memory into a new PD. */
enum status switch_map(u32 number, u64 h_pd) MUST_CHECK;
/* That runs from now on; 0: it is down. */
void switch_set_pd(u32 number, u64 h_pd, u64 h_thread);
/* All that its PD had is given back. */
void switch_released(u32 number);

#endif
