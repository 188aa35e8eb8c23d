/* SPDX-License-Identifier: MIT */
/*
 * switch_ports.h - what is plugged into switches: the configuration of each port (lib/proto/switch.h), the memory that
 * its client shares with the switch, and the handles by which the two signal each other.
 *
 * A switch that is started again gets all of them anew. The caller does so for a client that is (switch_port_client).
 */
#ifndef VOS_SWITCH_PORTS_H
#define VOS_SWITCH_PORTS_H

#include "status.h"
#include "switch.h"
#include "types.h"

#define PORT_NONE SWITCH_PORTS

/* The other end of a port's link: a PD that signals the switch by its handle `slot`, and gets `badge` from it. */
struct port_client {
	u64 h_pd, h_thread;
	u64 slot, badge;
};

/* Of a switch that is there: a port for that link, zeroed, without a client and not up. ST_FULL: all are taken. */
enum status switch_port_add(u32 number, u64 h_link, u32 *port) MUST_CHECK;
/* Who has the other end: a new client, or one that has been started again. */
enum status switch_port_client(u32 number, u32 port, const struct port_client *client) MUST_CHECK;
/* Take it into use, or change what holds of it. PORT_UP is in the flags from here on. */
void switch_port_set(u32 number, u32 port, const struct port_setup *setup);
/* The IPv4 address that its client has and no other port of its VLAN (0: none; in the processor's byte order), and the
 * filter of at most FILTER_RULES, whose hits begin again; does it drop what no rule matches? Call it before a port is
 * up for the first time. */
void switch_port_rules(u32 number, u32 port, u32 address, const struct filter_rule *rules, u32 count, bool drops_rest);
/* Take it out of use. True: the switch has nothing to do with its link any more, the port is free, and its last figures
 * are in *last; else the switch's signal wakes root, call again then. Its client may go after the first call. */
bool switch_port_remove(u32 number, u32 port, struct port_counts *last);
/* Of one that is being taken out: the time, of the time stamp counter, when a switch that has not followed hangs.
 * DEADLINE_NONE: it is down. */
u64 switch_port_limit(u32 number, u32 port);

/* Of a port that captures: 1 + the port whose frames it is to get, or 0. */
u32 switch_port_captured(u32 number, u32 port);
/* A port of that switch captures. */
bool switch_has_capture(u32 number);

/* It is being taken out of use: switch_port_remove. */
bool switch_port_is_ending(u32 number, u32 port);
bool switch_port_is_used(u32 number, u32 port);
u32 switch_ports_used(u32 number);
/* A private copy of what root says of it. */
void switch_port_setup_of(u32 number, u32 port, struct port_setup *setup);

/* The switch is deleted and its PD is gone: so are its ports. */
void switch_ports_forget(u32 number);

/* What the switch says of it: foreign, but for `status`, which is an enum status, ST_AGAIN while it does not follow. */
struct port_state {
	u32 status;
	u8 address[4];		/* 0.0.0.0: not known */
	u64 ticks;
	struct port_counts counts;
	u64 hits[FILTER_RULES];
};
void switch_port_state(u32 number, u32 port, struct port_state *out);

/* The PD of switch `number` is new: its ports are mapped and wired. */
enum status switch_ports_again(u32 number, u64 h_pd, u64 h_thread) MUST_CHECK;

#endif
