/* SPDX-License-Identifier: MIT */
/*
 * port_rules.h - what a port of a switch lets pass: guards against frames that lie about their sender, and the
 * operator's filter. Pure; a frame's headers (struct packet) were judged by packet_network().
 */
#ifndef VOS_PORT_RULES_H
#define VOS_PORT_RULES_H

#include "packet.h"
#include "switch.h"

struct port_guard {
	u32 set;		/* GUARD_... */
	u64 mac;
	u8 address[4];		/* 0.0.0.0: none yet */
};

/* May a port's client send that? `head` is what `p` was read from. */
enum net_drop port_guard_judge(const struct port_guard *g, const struct packet *p, const u8 *head);

struct port_filter {
	u32 count;
	bool drops_rest;	/* what no rule matches */
	struct filter_rule rule[FILTER_RULES];
	u64 *hits;		/* of each rule */
};

/* Are the rule's fields in range? */
bool filter_rule_ok(const struct filter_rule *r);
/* Counts the rule that decides. */
bool port_filter_allows(struct port_filter *f, enum filter_direction direction, const struct packet *p);

#endif
