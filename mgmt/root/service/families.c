/* SPDX-License-Identifier: MIT */
/*
 * families.c - the table of families; see families.h. The drivers are first: SERVICE_DRIVER.
 */
#include "families.h"

#include "drivers.h"
#include "range.h"
#include "router_service.h"
#include "switch_service.h"
#include "syscalls.h"
#include "uplinks.h"

#define DRIVER_CAP 80u		/* of a pCPU: a driver runs before all VMs */
#define SWITCH_CAP 80u		/* VMs and the wire order its work, at a class above the VMs' */
#define ROUTER_CAP 80u		/* likewise */

/* A network card's driver is a client of the switch that has the card. */
static enum status prepare_driver(u32 number, u64 h_pd, u64 h_thread, struct object_set *objects)
{
	enum status st = driver_prepare(number, h_pd, h_thread, objects);

	return st == ST_OK && driver_is_nic(number) ? uplink_card_up(number, h_pd, h_thread) : st;
}

static void stop_driver(u32 number)
{
	driver_stop(number);
	uplink_card_down(number);
}

const struct service_family service_families[] = {
	{
		.count = DRIVER_COUNT,
		.row = { .heap_bytes = 256 * KIB, .class = SCHED_CLASS_SERVICE, .cap = DRIVER_CAP },
		.program = driver_program, .name = driver_name,
		.is_wanted = driver_is_wanted, .is_given_up = driver_is_given_up,
		.prepare = prepare_driver, .stop = stop_driver, .failed = driver_failed,
		.pause_ns = driver_pause_ns, .forgive = driver_forgive,
	},
	{
		.count = SWITCHES,
		.row = { .program = SWITCH_PROGRAM, .heap_bytes = 64 * KIB, .class = SCHED_CLASS_SERVICE,
			 .cap = SWITCH_CAP },
		.name = switch_name, .is_wanted = switch_is_there,
		.prepare = switch_prepare, .stop = switch_stopped, .released = switch_gone,
	},
	{
		.count = ROUTERS,
		.row = { .program = ROUTER_PROGRAM, .heap_bytes = 64 * KIB, .class = SCHED_CLASS_SERVICE,
			 .cap = ROUTER_CAP },
		.name = router_service_name, .is_wanted = router_is_there,
		.prepare = router_prepare, .stop = router_stopped, .released = router_released,
	},
};

const u32 service_family_count = ARRAY_COUNT(service_families);
