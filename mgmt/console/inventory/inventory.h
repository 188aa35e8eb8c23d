/* SPDX-License-Identifier: MIT */
/*
 * inventory.h - what the console knows of the machine: the last report of each VM, the images, the host.
 */
#ifndef VOS_INVENTORY_H
#define VOS_INVENTORY_H

#include "history.h"
#include "info_page.h"
#include "request.h"

/* What happened between the last two looks. Tenths of a percent of one pCPU, and events a second. */
struct vm_rates {
	u32 cpu_permille, guest_permille;
	u32 service_permille;		/* beside that: of services for it */
	u32 exits, wakeups;
	u32 io;			/* disk requests */
	u64 io_bytes;
	u32 packets;		/* that its network cards sent and got */
	u64 packet_bytes;
};

/* Figures that only grow, as they were at the last look. */
struct vm_sample { u64 now_ns, cpu_ns, guest_ns, service_ns, exits, wakeups, io, io_bytes, packets, packet_bytes; };

enum asker { ASKER_NONE, ASKER_PERSON, ASKER_PROGRAM };

/* How much of a VM's history a pool has (log_keeper.c). By numbers of the history's bytes: */
struct vm_log {
	bool is_read;		/* what the pool had of it is in the history */
	u64 kept;		/* those before that are written */
	u64 from;		/* there the piece begins that is written next */
	u64 ahead;		/* what the pool's numbers are more */
	u64 again_ns;		/* not before that */
};

struct vm_entry {
	bool is_used;
	u32 number;		/* no other VM has had it, also not in this place; 0 = there is none */
	u32 confirmed;		/* the listing (inventory_listing) that it was seen in last */
	struct vm_report report;
	struct vm_sample sample;
	struct vm_rates rates;
	enum asker stop_asker;	/* whose stop-vm it is that it obeys, or has obeyed */
	struct history history;
	struct vm_log log;
};

#define INVENTORY_DEVICES 256u	/* PCI functions that are shown */
#define INVENTORY_SERVICES 32u	/* that are shown */
#define INVENTORY_DISKS (DRIVER_COUNT * DRIVER_LINKS)
#define INVENTORY_PCPUS 256u	/* that are shown */

struct pcpu_entry {
	struct pcpu_report report;	/* the last one */
	struct pcpu_report sample;	/* the one at the last look */
	u32 guest_permille, vmm_permille, system_permille, idle_permille;	/* between the last two looks */
};

struct inventory {
	const struct info_page *info;
	struct host_report host;
	struct memory_report memory;
	u32 listing;
	u32 last_number;
	bool are_vms_coming;	/* definitions of VMs are still to be read and applied */
	char waiting_pool[DISK_NAME_BYTES];	/* that may have others; "" = none does */
	u64 history_first;	/* of VMs that are new: there may be a history before theirs */
	u32 pcpu_count;
	struct pcpu_entry pcpus[INVENTORY_PCPUS];
	u32 image_count;
	struct image_report images[IMAGE_COUNT];
	u32 device_count;
	struct device_report devices[INVENTORY_DEVICES];
	u32 service_count;
	struct service_report services[INVENTORY_SERVICES];
	u32 disk_count;
	struct disk_row disks[INVENTORY_DISKS];
	u32 volume_count;
	struct volume_row volumes[STORE_VOLUMES];
	u32 switch_count;
	struct switch_row switches[SWITCHES];
	/* Of the switch that was shown last: */
	u32 port_count;
	struct port_row ports[SWITCH_PORTS];
	u32 station_count;
	struct switch_station stations[SWITCH_STATIONS];
	u32 router_count;
	struct router_row routers[ROUTERS];
	/* Of the router that was shown last: */
	u32 line_count[ROUTER_TABLE_COUNT];
	struct router_report_lease leases[ROUTER_REPORT_LEASES];
	struct router_route routes[ROUTER_REPORT_ROUTES];
	struct router_report_neighbour neighbours[ROUTER_REPORT_NEIGHBOURS];
	struct router_report_session sessions[ROUTER_REPORT_SESSIONS];
	struct router_report_route6 routes6[ROUTER_REPORT_ROUTES6];
	struct router_report_neighbour6 neighbours6[ROUTER_REPORT_NEIGHBOURS];
	u32 pool_count;
	struct pool_row pools[STORE_POOLS_MAX];
	u32 session_count;
	struct session_row logins[SESSIONS_MAX];
	u32 user_count;
	struct user_row users[USERS_MAX];
	struct vm_entry vms[VM_COUNT];	/* by report.index */
};

/* Root's strings and indices are taken as they are but for this: text ends within its array, the index is in range. */
struct vm_entry *inventory_update(struct inventory *inventory, const struct vm_report *report);
/* The next row of a table; false: it is full. */
bool inventory_add_disk(struct inventory *inventory, const struct disk_row *row);
bool inventory_add_pool(struct inventory *inventory, const struct pool_row *row);
bool inventory_add_volume(struct inventory *inventory, const struct volume_row *row);
bool inventory_add_switch(struct inventory *inventory, const struct switch_row *row);
bool inventory_add_port(struct inventory *inventory, const struct port_row *row);
bool inventory_add_router(struct inventory *inventory, const struct router_row *row);
bool inventory_add_lines(struct inventory *inventory, const struct router_lines *lines);
bool inventory_add_stations(struct inventory *inventory, const struct station_rows *rows);
/* A network card of the machine has a driver: a service, as the last listing had them. */
bool inventory_has_card(const struct inventory *inventory);
void inventory_update_pcpu(struct inventory *inventory, const struct pcpu_report *report);
struct vm_entry *inventory_find(struct inventory *inventory, const char *name);	/* 0 = not there */
const struct switch_row *inventory_switch(const struct inventory *inventory, const char *name);	/* 0 = not there */
const struct router_row *inventory_router(const struct inventory *inventory, const char *name);
void inventory_forget(struct inventory *inventory, const char *name);
/* A listing begins, and has this number; it ended: what was not seen since is gone. Listings may overlap. */
u32 inventory_listing(struct inventory *inventory);
void inventory_listed(struct inventory *inventory, u32 listing);
/* Take a sample for the rates, at a look that is 200 ms or more after the last one. */
void inventory_sample(struct vm_entry *vm);
void inventory_sample_pcpus(struct inventory *inventory);
/* The VM has a VMM: starting, running, suspended, paused or stopping. */
bool state_is_live(u32 state);
bool vm_is_live(const struct vm_entry *vm);

#endif
