/* SPDX-License-Identifier: MIT */
/*
 * supervisor.c - see supervisor.h.
 */
#include "supervisor.h"

#include "audit_log.h"
#include "change.h"
#include "client.h"
#include "definitions.h"
#include "driver_dma.h"
#include "drivers.h"
#include "image_store.h"
#include "iommu.h"
#include "nic_capture.h"
#include "nic_change.h"
#include "pending_reply.h"
#include "probe_wait.h"
#include "root.h"
#include "rt_log.h"
#include "service.h"
#include "services.h"
#include "station_wait.h"
#include "sys.h"
#include "user_requests.h"
#include "vm_logs.h"
#include "volume_export.h"
#include "wiring.h"

#include <string.h>

static struct {
	enum { OFF, UP, DOWN, RESTING } phase;
	u64 rest_until;
	u32 restarts;
} states[SERVICES_MAX];

/* What services on their way down give back is not for guests: they come up again. */
static void set_watermark(void)
{
	(void)sys_system_ctl(HANDLE_ROOT, SYSTEM_WATERMARK, service_bytes_down(), 0, NULL);
}

static bool build(u32 id)
{
	enum status st = service_build(id);

	states[id].phase = st == ST_OK ? UP : DOWN;
	if (st != ST_OK)
		rt_log("root: %s can't be made (status %u)", service_name(id), (unsigned)st);
	for (u32 client = 0; client < client_count; client++)
		if (client_table[client].service == id) {	/* a new one knows nothing of what the old one asked */
			client_reset(client);
			pending_reply_drop(client);
			change_drop(client);
			nic_change_drop(client);
			image_store_drop(client);
			export_drop(client);
			nic_capture_drop(client);
			probe_wait_drop(client);
			definitions_drop(client);
			vm_logs_drop(client);
			station_wait_drop(client);
			user_requests_drop(client);
			audit_log_drop(client);
		}
	return st == ST_OK;
}

/* Build these, then connect all with each other, then let the new ones run. */
static void bring_up(u64 set)
{
	enum status st;

	for (u32 id = 0; id < service_total(); id++)
		if ((set & BIT64(id)) != 0 && !build(id))
			set &= ~BIT64(id);
	st = wiring_connect();
	if (st != ST_OK)
		rt_log("root: services can't be wired (status %u)", (unsigned)st);
	for (u32 id = 0; id < service_total(); id++)
		if ((set & BIT64(id)) != 0)
			service_start(id);
}

void supervisor_start(void)
{
	u64 set = 0;

	for (u32 id = 0; id < service_total(); id++) {
		if (service_is_wanted(id) && service_has_program(id))
			set |= BIT64(id);
		else if (service_is_wanted(id))
			rt_log("root: there is no program %s", service_name(id));
	}
	bring_up(set);
}

/* A driver may be busy with what the old store told it to do with memory that the new one does not know. */
static void follow_store(u32 id)
{
	if (id == SERVICE_STORE)
		for (u32 number = 0; number < DRIVER_COUNT; number++)
			if (driver_has_disks(number))
				supervisor_restart(SERVICE_DRIVER(number));
}

static void went_down(u32 id)
{
	states[id].phase = DOWN;
	states[id].restarts++;
	set_watermark();
	follow_store(id);
}

void supervisor_check_faults(void)
{
	for (u32 id = 0; id < service_total(); id++)
		if (service_check_fault(id))
			went_down(id);
}

void supervisor_restart(u32 id)
{
	if (states[id].phase == OFF && service_forgive(id))
		states[id].phase = DOWN;
	if (states[id].phase != UP)
		return;
	service_take_down(id);
	went_down(id);
}

void supervisor_add(u32 id)
{
	if (states[id].phase != OFF || !service_has_program(id))
		return;
	states[id].phase = RESTING;
	states[id].rest_until = 0;
	states[id].restarts = 0;
}

void supervisor_remove(u32 id)
{
	if (states[id].phase == UP)
		service_take_down(id);
	states[id].phase = DOWN;	/* also where there is nothing to give back */
}

bool supervisor_has(const char *name)
{
	for (u32 id = 0; id < service_total(); id++)
		if (service_is_there(id) && strcmp(service_name(id), name) == 0)
			return true;
	return false;
}

enum error supervisor_request(const char *name, bool is_dry_run)
{
	for (u32 id = 0; id < service_total(); id++) {
		if (!service_is_there(id) || strcmp(service_name(id), name) != 0)
			continue;
		if (states[id].phase == DOWN || states[id].phase == RESTING)
			return ERR_SERVICE_DOWN;
		if (is_dry_run)
			return ERR_NONE;
		supervisor_restart(id);
		if (states[id].phase == OFF)
			return ERR_SERVICE_DOWN;
		rt_log("root: %s is started again on request", name);
		return ERR_NONE;
	}
	return ERR_NO_SERVICE;
}

static enum service_state state_of(u32 id)
{
	if (!service_has_program(id))
		return SERVICE_MISSING;
	if (!service_is_wanted(id))
		return SERVICE_GIVEN_UP;
	return states[id].phase == UP ? SERVICE_UP : SERVICE_RESTARTING;
}

bool supervisor_report(u32 *index, struct service_report *out)
{
	while (*index < service_total() && !service_is_there(*index))
		++*index;
	if (*index >= service_total())
		return false;
	out->index = *index;
	strcpy(out->name, service_name(*index));
	out->state = state_of(*index);
	out->restarts = states[*index].restarts;
	out->bytes = service_bytes_of(*index);
	++*index;
	return true;
}

/* A driver that does not acknowledge keeps others' interrupts from coming. */
static void restart_deaf(u64 *next)
{
	u32 deaf = drivers_deaf(next);

	for (u32 number = 0; number < DRIVER_COUNT; number++) {
		if ((deaf & BIT32(number)) == 0)
			continue;
		rt_log("root: %s does not acknowledge a shared interrupt; starting it again", driver_name(number));
		supervisor_restart(SERVICE_DRIVER(number));
	}
}

/* It can neither confine a device nor take one out of its memory. */
static void stop_behind_dead_iommu(void)
{
	static bool is_done;

	if (is_done || !iommu_is_dead())
		return;
	is_done = true;
	rt_log("root: the IOMMU does not answer; the devices behind it are stopped until VOS starts again");
	for (u32 number = 0; number < DRIVER_COUNT; number++) {
		driver_give_up(number);
		supervisor_restart(SERVICE_DRIVER(number));
	}
}

/* All that it had is given back. */
static void rest(u32 id)
{
	states[id].phase = service_is_wanted(id) ? RESTING : OFF;
	states[id].rest_until = rt_time_after(&root.time, service_pause_ns(id));
	if (states[id].phase == OFF)
		set_watermark();
}

u64 supervisor_step(void)
{
	u64 next, next_look, set = 0;

	restart_deaf(&next);
	stop_behind_dead_iommu();
	driver_dma_look(&next_look);
	next = next_look < next ? next_look : next;
	for (u32 id = 0; id < service_total(); id++) {
		if (states[id].phase == DOWN && service_release_step(id) == ST_OK) {
			service_released(id);
			rest(id);
			next = 0;	/* who waited for what it had may go on */
		} else if (states[id].phase == RESTING && !service_is_wanted(id)) {	/* given up meanwhile */
			rest(id);
		}
		if (states[id].phase == DOWN)
			next = 0;
		if (states[id].phase == RESTING && states[id].rest_until <= rt_time_tsc())
			set |= BIT64(id);
		else if (states[id].phase == RESTING && states[id].rest_until < next)
			next = states[id].rest_until;
	}
	if (set == 0)
		return next;
	bring_up(set);
	set_watermark();
	return 0;
}
