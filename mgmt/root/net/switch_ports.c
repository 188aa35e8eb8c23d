/* SPDX-License-Identifier: MIT */
/*
 * switch_ports.c - see switch_ports.h.
 */
#include "switch_ports.h"

#include <string.h>

#include "pd.h"
#include "root.h"
#include "root_limits.h"
#include "rt_time.h"
#include "switches.h"
#include "sys.h"
#include "vm_layout.h"

#define RW (RIGHT_R | RIGHT_W)
#define FOLLOW_LIMIT_NS (2 * NS_PER_S)	/* a turn of a switch takes less than a millisecond */

static struct port {
	u64 h_link;		/* 0: the port is free */
	bool is_ending;		/* the switch has not followed yet */
	u64 limit_tsc;		/* then: it has to, until that time */
	bool is_mapped;		/* in the switch's PD */
	struct port_client client;
} ports[SWITCHES][SWITCH_PORTS];

static u64 link_address(u32 port)
{
	return SWITCH_LINKS + port * NET_LINK_STRIDE;
}

static volatile struct switch_port_config *config_of(u32 number, u32 port)
{
	return &switch_config_at(number)->port[port];
}

static volatile struct switch_port_figures *figures_of(u32 number, u32 port)
{
	return &switch_figures_at(number)->port[port];
}

/* Memory that another PD writes, byte by byte and each once. */
static void copy_from(void *to, const volatile void *from, u32 bytes)
{
	for (u32 i = 0; i < bytes; i++)
		((u8 *)to)[i] = ((const volatile u8 *)from)[i];
}

/* ---- maps and handles ---- */

static void unmap(u64 h_pd, u32 port)
{
	while (sys_mem_unmap(h_pd, link_address(port), NET_LINK_BYTES) == ST_AGAIN)
		;
}

/* All of it, so that the switch never faults for want of memory; or nothing. */
static enum status map(u64 h_pd, u32 port, u64 h_link)
{
	enum status st;

	if (h_pd == 0)
		return ST_OK;
	st = pd_map(h_pd, h_link, link_address(port), NET_LINK_BYTES, RW);
	if (st != ST_OK)
		return st;
	st = pd_fill(h_pd, h_link, link_address(port), 0, NET_LINK_BYTES, RW);
	if (st != ST_OK)
		unmap(h_pd, port);
	return st;
}

static enum status wire(const struct port *p, u32 port, u64 h_pd, u64 h_thread)
{
	const struct port_client *c = &p->client;
	enum status st;

	if (h_pd == 0 || c->h_pd == 0)
		return ST_OK;
	st = pd_signal(h_pd, SWITCH_H_PORT + port, c->h_thread, c->badge);
	return st == ST_OK ? pd_signal(c->h_pd, c->slot, h_thread, SWITCH_BIT_PORT << port % 32) : st;
}

/* ---- ports ---- */

enum status switch_port_add(u32 number, u64 h_link, u32 *port)
{
	u32 i = 0;
	enum status st;

	while (i < SWITCH_PORTS && ports[number][i].h_link != 0)
		i++;
	if (i == SWITCH_PORTS)
		return ST_FULL;
	st = map(switch_pd(number), i, h_link);
	if (st != ST_OK)
		return st;
	ports[number][i] = (struct port){ .h_link = h_link, .is_mapped = switch_pd(number) != 0 };
	*port = i;
	return ST_OK;
}

enum status switch_port_client(u32 number, u32 port, const struct port_client *client)
{
	ports[number][port].client = *client;
	return wire(&ports[number][port], port, switch_pd(number), switch_thread(number));
}

/* Between two additions to the version (lib/proto/switch.h). */
static void begin_change(volatile struct switch_port_config *c)
{
	__atomic_store_n(&c->version, c->version + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static void end_change(u32 number, volatile struct switch_port_config *c)
{
	u32 version = c->version + 1;

	__atomic_store_n(&c->version, version != 0 ? version : 2, __ATOMIC_RELEASE);
	switch_signal(number);
}

static void write_setup(u32 number, u32 port, const struct port_setup *setup)
{
	volatile struct switch_port_config *c = config_of(number, port);

	begin_change(c);
	memcpy((void *)(uintptr_t)&c->setup, setup, sizeof(*setup));
	end_change(number, c);
}

void switch_port_set(u32 number, u32 port, const struct port_setup *setup)
{
	struct port_setup up = *setup;

	up.flags |= PORT_UP;
	write_setup(number, port, &up);
}

static void store_address(volatile u8 v4[4], u32 address)
{
	for (u32 i = 0; i < 4; i++)
		v4[i] = (u8)(address >> (24 - 8 * i));
}

void switch_port_rules(u32 number, u32 port, u32 address, const struct filter_rule *rules, u32 count, bool drops_rest)
{
	volatile struct switch_port_config *c = config_of(number, port);

	begin_change(c);
	store_address(c->address, address);
	c->rule_count = count;
	c->drops_rest = drops_rest;
	if (count != 0)
		memcpy((void *)(uintptr_t)c->rules, rules, count * sizeof(*rules));
	for (u32 i = 0; i < FILTER_RULES; i++)
		figures_of(number, port)->hits[i] = 0;
	end_change(number, c);
}

static bool is_followed(u32 number, u32 port)
{
	u32 followed = __atomic_load_n(&figures_of(number, port)->version, __ATOMIC_ACQUIRE);

	return followed == config_of(number, port)->version;
}

/* Its figures begin again with the next client, which has its own address and rules. The port is down: the switch does
 * not look at them. */
static void free_port(u32 number, u32 port)
{
	volatile struct switch_port_figures *f = figures_of(number, port);
	volatile struct switch_port_config *c = config_of(number, port);

	store_address(c->address, 0);
	c->rule_count = c->drops_rest = 0;
	for (u32 i = offsetof(struct switch_port_figures, status); i < sizeof(*f); i++)
		((volatile u8 *)f)[i] = 0;
	memset(&ports[number][port], 0, sizeof(ports[number][port]));
}

u32 switch_port_captured(u32 number, u32 port)
{
	return config_of(number, port)->setup.captured;
}

bool switch_has_capture(u32 number)
{
	for (u32 i = 0; i < SWITCH_PORTS; i++)
		if (switch_port_is_used(number, i) && (config_of(number, i)->setup.flags & PORT_CAPTURE) != 0)
			return true;
	return false;
}

/* From here on its client's handles may be closed: a switch that is started again is not wired with them. */
static void begin_end(u32 number, u32 port)
{
	static const struct port_setup down;
	struct port *p = &ports[number][port];

	if (p->is_ending)
		return;
	p->is_ending = true;
	p->limit_tsc = rt_time_after(&root.time, FOLLOW_LIMIT_NS);
	write_setup(number, port, &down);
}

bool switch_port_remove(u32 number, u32 port, struct port_counts *last)
{
	struct port *p = &ports[number][port];

	begin_end(number, port);
	if (switch_pd(number) != 0 ? !is_followed(number, port) : switch_has_maps(number))
		return false;
	if (switch_pd(number) != 0 && p->is_mapped)
		unmap(switch_pd(number), port);
	copy_from(last, &figures_of(number, port)->counts, sizeof(*last));
	free_port(number, port);
	return true;
}

void switch_ports_forget(u32 number)
{
	memset(ports[number], 0, sizeof(ports[number]));
}

u64 switch_port_limit(u32 number, u32 port)
{
	return switch_pd(number) != 0 ? ports[number][port].limit_tsc : DEADLINE_NONE;
}

bool switch_port_is_ending(u32 number, u32 port)
{
	return ports[number][port].is_ending;
}

bool switch_port_is_used(u32 number, u32 port)
{
	return ports[number][port].h_link != 0;
}

u32 switch_ports_used(u32 number)
{
	u32 count = 0;

	for (u32 i = 0; i < SWITCH_PORTS; i++)
		count += switch_port_is_used(number, i);
	return count;
}

void switch_port_setup_of(u32 number, u32 port, struct port_setup *setup)
{
	copy_from(setup, &config_of(number, port)->setup, sizeof(*setup));
}

void switch_port_state(u32 number, u32 port, struct port_state *out)
{
	const volatile struct switch_port_figures *f = figures_of(number, port);
	u32 status = f->status;

	out->status = status < ST_COUNT ? status : (u32)ST_INVAL;
	if (switch_pd(number) == 0 || !is_followed(number, port))
		out->status = ST_AGAIN;
	copy_from(out->address, f->address, sizeof(out->address));
	out->ticks = f->ticks;
	copy_from(&out->counts, &f->counts, sizeof(out->counts));
	copy_from(out->hits, f->hits, sizeof(out->hits));
}

/* A port whose end the old switch did not see any more is not mapped in the new one. */
enum status switch_ports_again(u32 number, u64 h_pd, u64 h_thread)
{
	enum status st = ST_OK;

	for (u32 i = 0; i < SWITCH_PORTS && st == ST_OK; i++) {
		struct port *p = &ports[number][i];

		p->is_mapped = p->h_link != 0 && !p->is_ending;
		if (!p->is_mapped)
			continue;
		st = map(h_pd, i, p->h_link);
		if (st == ST_OK)
			st = wire(p, i, h_pd, h_thread);
	}
	return st;
}
