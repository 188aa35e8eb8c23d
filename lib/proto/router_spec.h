/* SPDX-License-Identifier: MIT */
/*
 * router_spec.h - what an operator says of a router, and what root reports of one: parts of request.h. IPv4 addresses
 * are numbers in the processor's byte order, as in router.h.
 */
#ifndef VOS_ROUTER_SPEC_H
#define VOS_ROUTER_SPEC_H

#include "root_limits.h"
#include "router.h"
#include "types.h"

#define ROUTER_INNER_PORTS (ROUTER_PORTS - 1)
/* Its ports: the outer one, whether there is one or not, then the inner ones. */
#define ROUTER_PORT_OUTER 0u
#define ROUTER_PORT_INNER(i) ((i) + 1u)
/* Its program is the service "router-NAME". */
#define ROUTER_SERVICE_PREFIX "router-"
#define ROUTER_NAME_MOST (VM_NAME_BYTES - sizeof(ROUTER_SERVICE_PREFIX))

#define ROUTER_NO_DHCP BIT32(0)		/* it gives no addresses there */
#define ROUTER_SPEAKS_RIP BIT32(1)	/* with the routers there (RFC 2453) */
#define ROUTER_SPEAKS_LS BIT32(2)	/* with the routers of VOS there, the link-state protocol */
#define ROUTER_PORT_FLAGS (ROUTER_NO_DHCP | ROUTER_SPEAKS_RIP | ROUTER_SPEAKS_LS)

struct router_port_spec {
	char network[VM_NAME_BYTES];	/* the switch; "": there is no such port */
	u32 vlan;			/* 1 .. 4094; 0 = VLAN_DEFAULT */
	u32 flags;			/* of an inner port; the outer one has none */
	u32 address, prefix_bits;	/* both 0: from DHCP, the outer port alone */
	u64 prefix6;			/* of an inner port: struct router_port; 0: it has no IPv6 */
};

struct router_forward_spec {
	char vm[VM_NAME_BYTES];		/* to the address of that VM's first card behind an inner port; or "": */
	u32 address;			/* to this one */
	u16 outer_port, port;
	u8 protocol;			/* 6 = TCP, 17 = UDP */
	u8 zero[3];
};

/* What a router is besides its name. */
struct router_spec {
	u32 inner_count;
	u32 forward_count;
	u32 gateway;			/* behind an outer port with an address: to everywhere else; 0 = none */
	u32 zero;
	u32 servers[ROUTER_SERVERS];	/* of DNS, 0 = none; those of DHCP are used if all are 0 */
	u32 zero1;
	struct router_port_spec outer, inner[ROUTER_INNER_PORTS];
	struct router_forward_spec forward[ROUTER_FORWARDS];
};

struct router_row {
	u32 index;
	u32 state;			/* enum service_state, of its program */
	u32 restarts;
	u32 error;			/* enum router_error: what its program says of its configuration */
	u32 dhcp_state;			/* enum router_dhcp_state, of the outer port */
	u32 dhcp_left_s, dhcp_server;
	u32 gateway;			/* of the default route; 0: none */
	u32 servers[ROUTER_SERVERS];	/* of DNS, in use */
	u32 sessions, leases, neighbours;	/* how many there are */
	u32 zero;
	u64 memory_bytes;
	u64 forwarded, answered;	/* packets handed on / that the router answered itself */
	u64 drops[ROUTER_DROP_COUNT];
	struct router_report_port port[ROUTER_PORTS];
	u32 port_status[ROUTER_PORTS];	/* enum status, of the switch's port: ST_OK: up */
	u32 forward_address[ROUTER_FORWARDS];	/* where each goes now; 0: nowhere, for the VM is not there */
	char name[VM_NAME_BYTES];
	struct router_spec spec;
};

enum router_table { ROUTER_TABLE_ROUTES, ROUTER_TABLE_LEASES, ROUTER_TABLE_NEIGHBOURS, ROUTER_TABLE_SESSIONS,
		    ROUTER_TABLE_ROUTES6, ROUTER_TABLE_NEIGHBOURS6, ROUTER_TABLE_COUNT };
#define ROUTER_LINES 64u		/* in one reply */

/* Some rows of one of a router's tables. */
struct router_lines {
	u32 next;			/* request.index of what follows */
	u32 table;			/* enum router_table */
	u32 count;
	u32 zero;
	union {
		struct router_route route[ROUTER_LINES];
		struct router_report_lease lease[ROUTER_LINES];
		struct router_report_neighbour neighbour[ROUTER_LINES];
		struct router_report_session session[ROUTER_LINES];
		struct router_report_route6 route6[ROUTER_LINES];
		struct router_report_neighbour6 neighbour6[ROUTER_LINES];
	};
};

#endif
