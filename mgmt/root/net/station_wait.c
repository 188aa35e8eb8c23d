/* SPDX-License-Identifier: MIT */
/*
 * station_wait.c - see station_wait.h.
 */
#include "station_wait.h"

#include <string.h>

#include "client.h"
#include "root.h"
#include "rt_time.h"
#include "switches.h"
#include "syscalls.h"

#define WAITS 16u
#define LIST_LIMIT_NS (100 * NS_PER_MS)	/* a turn of a switch takes less than a millisecond */

static struct station_wait {
	bool is_used;
	u32 client, request_id;
	u32 list;		/* switch_config.stations of this request */
	u64 limit_tsc;
	char name[VM_NAME_BYTES];
} waits[WAITS];

struct error_info station_wait_begin(u32 client, const struct request *request)
{
	u32 number = switch_find(request->name), i = 0;

	if (number == SWITCHES)
		return error_info_about(ERR_NO_SWITCH, request->name);
	while (i < WAITS && waits[i].is_used)
		i++;
	if (i == WAITS)
		return error_info_of(ERR_BUSY, 0, 0);
	waits[i] = (struct station_wait){
		.is_used = true, .client = client, .request_id = request->id, .list = switch_list_stations(number),
		.limit_tsc = rt_time_after(&root.time, LIST_LIMIT_NS),
	};
	strcpy(waits[i].name, request->name);
	return ERROR_INFO_NONE;
}

/* A switch that is started again finds the request in its configuration. One that is down answers with what it knew. */
static bool is_due(const struct station_wait *w)
{
	u32 number = switch_find(w->name);
	u32 listed;

	if (number == SWITCHES || switch_pd(number) == 0)
		return true;
	listed = __atomic_load_n(&switch_figures_at(number)->stations, __ATOMIC_ACQUIRE);
	return listed == w->list || listed == switch_config_at(number)->stations || rt_time_tsc() >= w->limit_tsc;
}

bool station_wait_take(u32 *client, struct request *request)
{
	for (u32 i = 0; i < WAITS; i++) {
		struct station_wait *w = &waits[i];

		if (!w->is_used || !is_due(w) || client_room(w->client) == 0)
			continue;
		*client = w->client;
		memset(request, 0, sizeof(*request));
		request->id = w->request_id;
		strcpy(request->name, w->name);
		w->is_used = false;
		return true;
	}
	return false;
}

u64 station_wait_limit(void)
{
	u64 limit_tsc = DEADLINE_NONE;

	for (u32 i = 0; i < WAITS; i++)
		if (waits[i].is_used && !is_due(&waits[i]) && waits[i].limit_tsc < limit_tsc)
			limit_tsc = waits[i].limit_tsc;
	return limit_tsc;
}

void station_wait_drop(u32 client)
{
	for (u32 i = 0; i < WAITS; i++)
		if (waits[i].client == client)
			waits[i].is_used = false;
}
