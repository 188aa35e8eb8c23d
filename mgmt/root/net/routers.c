/* SPDX-License-Identifier: MIT */
/*
 * routers.c - see routers.h.
 */
#include "routers.h"

#include <stdio.h>
#include <string.h>

#include "object_set.h"
#include "pd.h"
#include "range.h"
#include "root.h"
#include "shared_mem.h"
#include "sys.h"
#include "vm_layout.h"

#define MEMORY_ADDRESS 0x27000000ull	/* in root: a stride for each router, behind the switches' (switches.c) */
#define MEMORY_STRIDE 0x20000ull
#define REPORT_OFFSET 0x10000ull
_Static_assert(ROUTER_CONFIG_BYTES <= REPORT_OFFSET && ROUTER_REPORT_BYTES <= MEMORY_STRIDE - REPORT_OFFSET, "layout");
_Static_assert(ROUTERS * MEMORY_STRIDE <= 0x1000000, "below the next that is mapped in root");

static struct {
	bool is_used;
	bool is_going;		/* it is deleted; its PD or a switch has its memory still */
	bool is_released;	/* thereof: not its PD */
	char name[VM_NAME_BYTES];
	struct router_spec spec;
	u64 h_config, h_report;
	u64 h_pd, h_thread;	/* 0 while it is down */
} routers[ROUTERS];

u32 router_find(const char *name)
{
	u32 i = 0;

	while (i < ROUTERS && !(router_is_there(i) && strcmp(routers[i].name, name) == 0))
		i++;
	return i;
}

bool router_is_there(u32 number)
{
	return number < ROUTERS && routers[number].is_used && !routers[number].is_going;
}

const char *router_name(u32 number)
{
	return routers[number].name;
}

const char *router_service_name(u32 number)
{
	static char names[ROUTERS][VM_NAME_BYTES];

	(void)snprintf(names[number], sizeof(names[number]), ROUTER_SERVICE_PREFIX "%s", routers[number].name);
	return names[number];
}

u32 router_free_place(void)
{
	u32 i = 0;

	while (i < ROUTERS && routers[i].is_used)
		i++;
	return i;
}

const struct router_spec *router_spec_of(u32 number)
{
	return &routers[number].spec;
}

void router_set_forwards(u32 number, const struct router_spec *from)
{
	routers[number].spec.forward_count = from->forward_count;
	memcpy(routers[number].spec.forward, from->forward, sizeof(from->forward));
}

const struct router_port_spec *router_port_spec_of(const struct router_spec *spec, u32 port)
{
	const struct router_port_spec *p = port == ROUTER_PORT_OUTER ? &spec->outer : &spec->inner[port - 1];

	return p->network[0] != '\0' && (port == ROUTER_PORT_OUTER || port <= spec->inner_count) ? p : NULL;
}

u32 router_with_address(const char *network, u32 vlan, u32 address)
{
	for (u32 n = 0; n < ROUTERS; n++)
		for (u32 i = 0; router_is_there(n) && i < ROUTER_PORTS; i++) {
			const struct router_port_spec *port = router_port_spec_of(&routers[n].spec, i);

			if (port != NULL && port->address == address && strcmp(port->network, network) == 0 &&
			    vlan_or_default(port->vlan) == vlan_or_default(vlan))
				return n;
		}
	return ROUTERS;
}

/* ---- memory ---- */

static u64 config_address(u32 number)
{
	return MEMORY_ADDRESS + number * MEMORY_STRIDE;
}

static u64 report_address(u32 number)
{
	return config_address(number) + REPORT_OFFSET;
}

struct router_config *router_config_at(u32 number)
{
	return (struct router_config *)config_address(number);		/* mapped by router_create */
}

const struct router_report *router_report_at(u32 number)
{
	return (const struct router_report *)report_address(number);	/* likewise */
}

static void drop_memory(u32 number)
{
	shared_mem_drop(&routers[number].h_config, config_address(number), ROUTER_CONFIG_BYTES);
	shared_mem_drop(&routers[number].h_report, report_address(number), ROUTER_REPORT_BYTES);
}

u64 routers_bytes(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < ROUTERS; i++)
		sum += object_bytes(routers[i].h_config) + object_bytes(routers[i].h_report);
	return sum;
}

/* ---- made and deleted ---- */

enum status router_create(u32 number, const char *name, const struct router_spec *spec)
{
	enum status st = shared_mem_make(ROUTER_CONFIG_BYTES, config_address(number), &routers[number].h_config);

	if (st == ST_OK)
		st = shared_mem_make(ROUTER_REPORT_BYTES, report_address(number), &routers[number].h_report);
	if (st != ST_OK) {
		drop_memory(number);
		return st;
	}
	strcpy(routers[number].name, name);
	routers[number].spec = *spec;
	routers[number].is_used = true;
	return ST_OK;
}

void router_delete(u32 number)
{
	routers[number].is_going = true;
}

bool router_is_going(u32 number)
{
	return routers[number].is_going;
}

void router_forget(u32 number)
{
	drop_memory(number);
	memset(&routers[number], 0, sizeof(routers[number]));
}

/* ---- its PD ---- */

bool router_read_probe(u32 number, struct router_probe_report *out)
{
	const struct router_report *from = router_report_at(number);
	u32 before = __atomic_load_n(&from->generation, __ATOMIC_ACQUIRE);

	memcpy(out, &from->probe, sizeof(*out));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return (before & 1) == 0 && __atomic_load_n(&from->generation, __ATOMIC_RELAXED) == before;
}

u64 router_pd(u32 number)
{
	return routers[number].h_pd;
}

u64 router_thread(u32 number)
{
	return routers[number].h_thread;
}

void router_signal(u32 number)
{
	if (routers[number].h_pd != 0)
		(void)sys_notify_signal(SLOT_ROUTER + number);
}

enum status router_map(u32 number, u64 h_pd)
{
	enum status st = pd_fill(h_pd, routers[number].h_config, ROUTER_CONFIG, 0, ROUTER_CONFIG_BYTES, RIGHT_R);

	if (st != ST_OK)
		return st;
	return pd_fill(h_pd, routers[number].h_report, ROUTER_REPORT, 0, ROUTER_REPORT_BYTES, RIGHT_R | RIGHT_W);
}

void router_set_pd(u32 number, u64 h_pd, u64 h_thread)
{
	routers[number].h_pd = h_pd;
	routers[number].h_thread = h_thread;
}

void router_released(u32 number)
{
	routers[number].is_released = routers[number].is_going;
}

bool router_is_released(u32 number)
{
	return routers[number].is_released;
}
