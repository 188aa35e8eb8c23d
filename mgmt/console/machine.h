/*
 * machine.h - what the console knows of the machine: the last report of each VM, the images, the host.
 */
#ifndef VOS_MACHINE_H
#define VOS_MACHINE_H

#include "history.h"
#include "info_page.h"
#include "request.h"

struct vm_entry {
	bool is_used;
	bool is_confirmed;	/* seen since the last machine_unconfirm */
	struct vm_report report;
	u64 reported_ns;	/* when */
	u64 look_ns;		/* CPU%: time and CPU time of the last look */
	u64 look_cpu_ns;
	u32 cpu_tenths;		/* CPU% in tenths, between the last two looks */
	u32 told_state;		/* the state that the person was told last */
	struct history history;
};

struct machine {
	const struct info_page *info;
	struct host_report host;
	u32 image_count;
	struct image_report images[BOOT_MODULES];
	struct vm_entry vms[VM_COUNT];	/* by report.index */
};

/* Root's strings and indices are taken as they are but for this: text ends within its array, the index is in range. */
struct vm_entry *machine_update(struct machine *machine, const struct vm_report *report, u64 now_ns);
struct vm_entry *machine_find(struct machine *machine, const char *name);	/* 0 = not there */
void machine_forget(struct machine *machine, const char *name);
/* A listing begins: nothing is confirmed; it ended: what was not confirmed is gone. */
void machine_unconfirm(struct machine *machine);
void machine_drop_unconfirmed(struct machine *machine);
/* Take a sample for CPU%: at a look that is 200 ms or more after the last one. */
void machine_look(struct vm_entry *vm, u64 now_ns);
/* The VM has a VMM: starting, running, paused or stopping. */
bool vm_is_live(const struct vm_entry *vm);
u32 machine_live_count(const struct machine *machine);

#endif
