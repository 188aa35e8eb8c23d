/* SPDX-License-Identifier: MIT */
/*
 * router_service.c - see router_service.h.
 */
#include "router_service.h"

#include "pd.h"
#include "root.h"
#include "router_config.h"
#include "router_ports.h"
#include "syscalls.h"
#include "vm_layout.h"

enum status router_prepare(u32 number, u64 h_pd, u64 h_thread, struct object_set *objects)
{
	enum status st = router_map(number, h_pd);

	(void)objects;
	if (st == ST_OK)
		st = pd_signal(HANDLE_SELF_PD, SLOT_ROUTER + number, h_thread, ROUTER_BIT_CONFIG);
	if (st == ST_OK)
		st = pd_signal(h_pd, H_ROOT_SIGNAL, HANDLE_SELF_THREAD, ROOT_BIT_SWITCH);
	if (st == ST_OK)
		st = router_ports_connect(number, h_pd, h_thread);
	if (st != ST_OK)
		return st;
	router_config_begin(number);
	router_set_pd(number, h_pd, h_thread);
	return ST_OK;
}

void router_stopped(u32 number)
{
	router_set_pd(number, 0, 0);
	router_ports_disconnect(number);
}
