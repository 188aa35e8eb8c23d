/* SPDX-License-Identifier: MIT */
/*
 * loop.c - root's start and its turns. It starts the services, then serves requests, watches VMMs, and gives back
 * what ended VMs leave behind, a slice at a time. It parses no text, and everything it reads from other PDs is copied
 * once and judged.
 */
#include "audit_log.h"
#include "change.h"
#include "client.h"
#include "definitions.h"
#include "dispatch.h"
#include "drivers.h"
#include "image_store.h"
#include "image_volumes.h"
#include "import.h"
#include "machine_checks.h"
#include "memory_report.h"
#include "nic_capture.h"
#include "nic_change.h"
#include "pending_reply.h"
#include "pools.h"
#include "power.h"
#include "probe_wait.h"
#include "reply.h"
#include "root.h"
#include "router_requests.h"
#include "service.h"
#include "service_time.h"
#include "store_client.h"
#include "order_ring.h"
#include "supervisor.h"
#include "switch_watch.h"
#include "syscalls.h"
#include "user_requests.h"
#include "vm_layout.h"
#include "vm_logs.h"
#include "vm_watch.h"
#include "volume_export.h"
#include "wires.h"

static u64 earlier(u64 a, u64 b)
{
	return a < b ? a : b;
}

static u64 captures_step(void)
{
	u32 number = 0;
	u64 limit_tsc = nic_capture_step(&number);

	return limit_tsc != DEADLINE_NONE ? switch_watch(number, limit_tsc, rt_time_tsc()) : DEADLINE_NONE;
}

u64 root_turn(u64 bits)
{
	u64 next;

	if ((bits & ROOT_BIT_FAULT) != 0) {
		supervisor_check_faults();
		vm_poll_faults();
	}
	if ((bits & ROOT_BIT_HARDWARE) != 0)
		machine_checks_take();
	if ((bits & ROOT_BIT_VMM) != 0)
		vm_poll_controls();
	if ((bits & ROOT_BIT_REQUEST) != 0 || ((bits & ROOT_BIT_STORE) != 0 && service_time_is_due()))
		service_time_collect();		/* a request may report it */
	(void)store_turn(service_pd(SERVICE_STORE));
	if (pools_take_outgrown())
		supervisor_restart(SERVICE_STORE);
	vm_poll_disks();
	vms_start_unlocked();
	user_requests_step((bits & ROOT_BIT_GUARD) != 0);
	next = dispatch_requests();
	next = earlier(next, machine_checks_step());
	next = earlier(next, vm_step());
	next = earlier(next, captures_step());	/* before a switch runs that was down: ports are others' */
	next = earlier(next, supervisor_step());
	next = earlier(next, router_step());
	next = earlier(next, probe_wait_step());
	next = earlier(next, power_step());
	next = earlier(next, image_volumes_step());
	next = earlier(next, import_step());
	next = earlier(next, export_step());
	next = earlier(next, change_step());
	next = earlier(next, nic_change_step());
	next = earlier(next, image_store_step());
	next = earlier(next, vm_logs_step());
	next = earlier(next, definitions_step());	/* of what was changed by all before */
	if (store_turn(service_pd(SERVICE_STORE)))
		next = 0;
	/* A client that had no room for these signals when there is. */
	pending_reply_flush();
	reply_flush_events();
	return (!audit_log_has_room() || clients_may_sleep()) && store_reports_may_sleep() && definitions_may_sleep() &&
	       vm_logs_may_sleep() ? next : 0;
}

enum status root_start(void)
{
	enum status st;

	rt_time_init(&root.time, INFO->tsc_hz, INFO->tsc_boot);
	memory_report_init();
	st = root_share();
	if (st != ST_OK)
		return st;
	for (u32 client = 0; client < client_count; client++)
		client_reset(client);
	order_ring_init();
	boot_modules_read(&root.images, &root.conf, &root.users);
	machine_checks_start();
	drivers_find();
	supervisor_start();
	return ST_OK;
}
