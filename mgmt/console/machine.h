/* SPDX-License-Identifier: MIT */
/*
 * machine.h - what the console knows of the machine: the last report of each VM, the images, the host.
 */
#ifndef VOS_MACHINE_H
#define VOS_MACHINE_H

#include "history.h"
#include "info_page.h"
#include "request.h"

/* What happened between the last two looks. Tenths of a percent of one pCPU, and events a second. */
struct vm_rates {
	u32 cpu_tenths, guest_tenths;
	u32 exits, wakeups;
};

/* Figures that only grow, as they were at the last look. */
struct vm_look { u64 now_ns, cpu_ns, guest_ns, exits, wakeups; };

enum asker { ASKER_NONE, ASKER_PERSON, ASKER_PROGRAM };

struct vm_entry {
	bool is_used;
	u32 number;		/* no other VM has had it, also not in this place; 0 = there is none */
	u32 confirmed;		/* the listing (machine_listing) that it was seen in last */
	struct vm_report report;
	struct vm_look look;
	struct vm_rates rates;
	u32 told_state;		/* the state that the person was told last */
	enum asker stop_asker;	/* whose stop-vm it is that it obeys, or has obeyed */
	struct history history;
};

#define MACHINE_PCPUS 256u	/* that are shown */

struct pcpu_entry {
	struct pcpu_report report;	/* the last one */
	struct pcpu_report look;	/* the one at the last look */
	u32 guest_tenths, vmm_tenths, system_tenths, idle_tenths;	/* between the last two looks */
};

struct machine {
	const struct info_page *info;
	struct host_report host;
	struct memory_report memory;
	u32 listing;
	u32 last_number;
	u32 pcpu_count;
	struct pcpu_entry pcpus[MACHINE_PCPUS];
	u32 image_count;
	struct image_report images[IMAGE_COUNT];
	struct vm_entry vms[VM_COUNT];	/* by report.index */
};

/* Root's strings and indices are taken as they are but for this: text ends within its array, the index is in range. */
struct vm_entry *machine_update(struct machine *machine, const struct vm_report *report);
void machine_update_pcpu(struct machine *machine, const struct pcpu_report *report);
struct vm_entry *machine_find(struct machine *machine, const char *name);	/* 0 = not there */
void machine_forget(struct machine *machine, const char *name);
/* A listing begins, and has this number; it ended: what was not seen since is gone. Listings may overlap. */
u32 machine_listing(struct machine *machine);
void machine_listed(struct machine *machine, u32 listing);
/* Take a sample for the rates, at a look that is 200 ms or more after the last one. */
void machine_look(struct vm_entry *vm);
void machine_look_pcpus(struct machine *machine);
/* The VM has a VMM: starting, running, suspended, paused or stopping. */
bool state_is_live(u32 state);
bool vm_is_live(const struct vm_entry *vm);

#endif
