/* SPDX-License-Identifier: MIT */
/*
 * follow.c - see follow.h.
 */
#include "follow.h"

#include <string.h>

/* A version that is complete, in `copy`. False: root is writing it, and signals when it has. */
static bool copy_config(const struct switch_port_config *shared, u32 version, struct switch_port_config *copy)
{
	if (version % 2 != 0)
		return false;
	memcpy(copy, shared, sizeof(*copy));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&shared->version, __ATOMIC_RELAXED) == version;
}

/* A port that was not up before. What its link holds from an earlier use is not for this switch. */
static void attach(struct switch_follow *f, u32 port, u32 version)
{
	switch_io_attach(f->io, port, f->link_at(port));
	if (f->figures->port[port].version != version)		/* else this switch has followed it, and has died */
		net_drop_all(&f->io->rings[port].from);
}

static enum status add(struct switch_follow *f, u32 port, const struct switch_port_config *c, bool had_link,
		       u32 version)
{
	struct net_switch *s = f->io->s;
	enum status status = c->drops_rest <= 1 ? switch_add_port(s, port, &c->setup) : ST_INVAL;

	if (status != ST_OK)
		return status;
	status = switch_set_filter(s, port, c->rules, c->rule_count, c->drops_rest != 0);
	if (status == ST_OK)
		status = switch_set_address(s, port, c->address);
	if (status != ST_OK) {
		switch_remove_port(s, port);
		return status;
	}
	if (!had_link)
		attach(f, port, version);
	return ST_OK;
}

/* `is_last`: what it asks for is free now, or is another port's. */
static void follow(struct switch_follow *f, u32 port, const struct switch_port_config *c, u32 version, bool is_last)
{
	struct switch_port_figures *figures = &f->figures->port[port];
	bool was_up = f->io->s->port[port].is_up;
	enum status status = ST_OK;

	if (was_up)
		switch_remove_port(f->io->s, port);
	if ((c->setup.flags & PORT_UP) != 0)
		status = add(f, port, c, was_up, version);
	if (status == ST_EXISTS && !is_last)
		return;
	f->seen[port] = version;
	figures->status = status;
	__atomic_store_n(&figures->version, version, __ATOMIC_RELEASE);
}

/* True: a list was asked for. */
static bool list_stations(struct switch_follow *f, u32 now_s)
{
	u32 wanted = __atomic_load_n(&f->config->stations, __ATOMIC_ACQUIRE);

	if (wanted == f->figures->stations)
		return false;
	f->figures->station_count = mac_table_list(&f->io->s->table, now_s, f->figures->station);
	__atomic_store_n(&f->figures->stations, wanted, __ATOMIC_RELEASE);
	return true;
}

void follow_init(struct switch_follow *f)
{
	memset(f->seen, 0, sizeof(f->seen));
	switch_init(f->io->s, f->config->secret, f->figures->port);
}

static bool follow_ports(struct switch_follow *f, bool is_last)
{
	static struct switch_port_config copy;
	bool is_news = false;

	for (u32 i = 0; i < SWITCH_PORTS; i++) {
		u32 version = __atomic_load_n(&f->config->port[i].version, __ATOMIC_ACQUIRE);

		if (version == f->seen[i] || !copy_config(&f->config->port[i], version, &copy))
			continue;
		follow(f, i, &copy, version, is_last);
		is_news = true;
	}
	return is_news;
}

/* A port may ask for what another one gives up: root wrote that first, but the other may have the higher number. */
bool follow_turn(struct switch_follow *f, u32 now_s)
{
	bool is_news = follow_ports(f, false);

	if (is_news)
		(void)follow_ports(f, true);
	return list_stations(f, now_s) || is_news;
}
