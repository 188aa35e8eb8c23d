/* SPDX-License-Identifier: MIT */
/*
 * switch_service.c - see switch_service.h.
 */
#include "switch_service.h"

#include "pd.h"
#include "root.h"
#include "switch_ports.h"
#include "syscalls.h"
#include "uplinks.h"
#include "vm_layout.h"

enum status switch_prepare(u32 number, u64 h_pd, u64 h_thread, struct object_set *objects)
{
	enum status st = switch_map(number, h_pd);

	(void)objects;
	if (st == ST_OK)
		st = pd_signal(h_pd, H_ROOT_SIGNAL, HANDLE_SELF_THREAD, ROOT_BIT_SWITCH);
	if (st == ST_OK)
		st = pd_signal(HANDLE_SELF_PD, SLOT_SWITCH + number, h_thread, SWITCH_BIT_ROOT);
	if (st == ST_OK)
		st = switch_ports_again(number, h_pd, h_thread);
	if (st != ST_OK)
		return st;
	switch_set_pd(number, h_pd, h_thread);
	uplink_plug(number, true);
	return ST_OK;
}

void switch_stopped(u32 number)
{
	switch_set_pd(number, 0, 0);
	uplink_plug(number, false);
}

void switch_gone(u32 number)
{
	if (!switch_is_there(number)) {
		uplink_remove(number);
		switch_ports_forget(number);
	}
	switch_released(number);
}
