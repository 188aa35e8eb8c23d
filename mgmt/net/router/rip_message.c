/* SPDX-License-Identifier: MIT */
/*
 * rip_message.c - see rip_message.h.
 */
#include "rip_message.h"

#define VERSION 2u
#define FAMILY_AUTHENTICATION 0xffffu

u32 rip_entries(const u8 *bytes, u32 count, enum rip_command *command)
{
	u32 entries;

	if (count < RIP_HEADER + RIP_ENTRY || count > RIP_MOST || (count - RIP_HEADER) % RIP_ENTRY != 0)
		return 0;
	if ((bytes[0] != RIP_REQUEST && bytes[0] != RIP_RESPONSE) || bytes[1] != VERSION)
		return 0;
	entries = (count - RIP_HEADER) / RIP_ENTRY;
	for (u32 i = 0; i < entries; i++)
		if (be16_load(bytes + RIP_HEADER + i * RIP_ENTRY) == FAMILY_AUTHENTICATION)
			return 0;
	*command = (enum rip_command)bytes[0];
	return entries;
}

struct rip_entry rip_entry_at(const u8 *bytes, u32 index)
{
	const u8 *p = bytes + RIP_HEADER + index * RIP_ENTRY;

	return (struct rip_entry){
		.family = be16_load(p), .tag = be16_load(p + 2), .address = be32_load(p + 4), .mask = be32_load(p + 8),
		.next_hop = be32_load(p + 12), .metric = be32_load(p + 16),
	};
}

/* The default route, or a network of hosts' addresses. */
bool rip_entry_ok(const struct rip_entry *e, u8 *bits)
{
	u32 host_part = ~e->mask;

	if (e->family != RIP_FAMILY_IPV4 || e->metric == 0 || e->metric > RIP_INFINITY)
		return false;
	if ((host_part & (host_part + 1)) != 0 || (e->address & host_part) != 0)
		return false;
	*bits = (u8)__builtin_popcount(e->mask);
	return *bits == 0 || (*bits >= 8 && is_host(e->address));
}

void rip_begin(struct rip_writer *w, enum rip_command command)
{
	u8 *p = w->bytes + OWN_UDP_HEADERS;

	p[0] = (u8)command;
	p[1] = VERSION;
	be16_store(p + 2, 0);
	w->count = RIP_HEADER;
}

void rip_put(struct rip_writer *w, const struct rip_entry *e)
{
	u8 *p = w->bytes + OWN_UDP_HEADERS + w->count;

	be16_store(p, e->family);
	be16_store(p + 2, e->tag);
	be32_store(p + 4, e->address);
	be32_store(p + 8, e->mask);
	be32_store(p + 12, e->next_hop);
	be32_store(p + 16, e->metric);
	w->count += RIP_ENTRY;
}
