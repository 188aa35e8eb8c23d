/* SPDX-License-Identifier: MIT */
/*
 * machine_checks.c - see machine_checks.h. The kernel knows no owner of a frame, so all memory of VMs and services is
 * searched, a piece at a time.
 */
#include "machine_checks.h"

#include "accounts.h"
#include "mce_words.h"
#include "range.h"
#include "root.h"
#include "rt_log.h"
#include "service.h"
#include "supervisor.h"
#include "vm.h"
#include "vm_layout.h"
#include "vm_watch.h"

#define LOOK_NS (60 * NS_PER_S)
#define LINES_MAX 10u		/* in that time */
#define FRAMES_MAX 8u		/* whose owners are searched at the same time */
#define SEARCHES_PER_STEP 64u
/* Memory of what has ended goes back to the pool a piece at a time, and belongs to nobody till then. */
#define RETRY_NS (NS_PER_S / 10)
#define RETRIES_MAX 100u

static struct {
	struct hardware_report counts;
	u64 look_tsc;
	u32 lines;
	u32 frame_count;
	u64 frames[FRAMES_MAX];	/* in use; the first one's owner is being searched: */
	u32 owner, item;	/* VMs by index, then services */
	u32 retries;
	u64 search_tsc;		/* not before */
} state;

void machine_checks_start(void)
{
	enum status st = sys_system_ctl(HANDLE_ROOT, SYSTEM_MACHINE_CHECK, MACHINE_CHECK_BIND, ROOT_BIT_HARDWARE,
					NULL);

	machine_checks_take();
	state.look_tsc = st == ST_OK ? rt_time_after(&root.time, LOOK_NS) : DEADLINE_NONE;
}

/* It is in use: by whom? */
static void search_later(u64 frame)
{
	for (u32 i = 0; i < state.frame_count; i++)
		if (state.frames[i] == frame)
			return;
	if (state.frame_count < FRAMES_MAX)
		state.frames[state.frame_count++] = frame;
	else
		rt_log("root: memory at %llx is damaged; too many are", (unsigned long long)frame);
}

static void say_free(u64 frame)
{
	state.counts.frames_free++;
	rt_log("root: memory at %llx is damaged, and free: it is not used any more", (unsigned long long)frame);
}

static void retire(u64 frame)
{
	enum status st = sys_system_ctl(HANDLE_ROOT, SYSTEM_FRAME_RETIRE, frame, 0, NULL);

	if (st == ST_OK) {
		say_free(frame);
	} else if (st == ST_STATE || st == ST_FULL) {
		search_later(frame);
	}
}

static void say(const struct machine_check *mc)
{
	if (state.lines >= LINES_MAX)
		return;
	state.lines++;
	rt_log("root: %s%s error (%s), pCPU %u, bank %u, status %llx, address %llx, misc %llx",
	       mc->source == MC_AT_BOOT ? "left from before: " : "", mce_weight_text(mce_weight(mc)),
	       mce_place_text(mc), (unsigned)mc->pcpu, (unsigned)mc->bank, (unsigned long long)mc->status,
	       (unsigned long long)mc->address, (unsigned long long)mc->misc);
}

static void take(const struct machine_check *mc)
{
	u64 *counts[] = {
		[MCE_CORRECTED] = &state.counts.corrected, [MCE_DEFERRED] = &state.counts.deferred,
		[MCE_UNCORRECTED] = &state.counts.uncorrected,
	};
	u64 frame;

	state.counts.lost += mc->lost;
	say(mc);
	if (mc->source == MC_AT_BOOT) {
		state.counts.at_boot++;
		return;
	}
	++*counts[mce_weight(mc)];
	if (mce_frame(mc, &frame))
		retire(frame);
}

void machine_checks_take(void)
{
	struct machine_check mc;
	u64 is_there = 0;

	while (sys_system_ctl(HANDLE_ROOT, SYSTEM_MACHINE_CHECK, MACHINE_CHECK_TAKE, 0, &is_there) == ST_OK &&
	       is_there != 0) {
		mc = STATS->machine_check;
		take(&mc);
	}
}

/* The item-th memory of a VM or a service; 0: it has no more. *is_mem: it is memory. */
static u64 item_of(u32 owner, u32 item, bool *is_mem)
{
	const struct object_set *sets[2] = { NULL, NULL };

	if (owner >= VM_COUNT) {
		sets[0] = service_objects(owner - VM_COUNT);
	} else if (vm_is_alive(vm_at(owner))) {
		sets[0] = &vm_at(owner)->objects;
		sets[1] = &vm_at(owner)->links;
	}
	for (u32 i = 0; i < ARRAY_COUNT(sets) && sets[i] != NULL; i++) {
		if (item < sets[i]->count) {
			*is_mem = sets[i]->items[item].kind == OBJECT_MEM;
			return sets[i]->items[item].handle;
		}
		item -= sets[i]->count;
	}
	return 0;
}

static void end_owner(u64 frame)
{
	if (state.owner < VM_COUNT) {
		rt_log("root: memory at %llx is damaged: VM %s ends", (unsigned long long)frame,
		       vm_at(state.owner)->name);
		vm_memory_error(vm_at(state.owner));
	} else {
		rt_log("root: memory at %llx is damaged: starting %s again", (unsigned long long)frame,
		       service_name(state.owner - VM_COUNT));
		supervisor_restart(state.owner - VM_COUNT);
	}
	state.counts.frames_used++;
}

static void next_frame(void)
{
	state.frame_count--;
	for (u32 i = 0; i < state.frame_count; i++)
		state.frames[i] = state.frames[i + 1];
	state.owner = state.item = state.retries = 0;
	state.search_tsc = 0;
}

/* Nobody whom root knows has it. */
static void end_search(u64 frame)
{
	u64 is_awaited = 0;

	(void)sys_system_ctl(HANDLE_ROOT, SYSTEM_FRAME_AWAITED, frame, 0, &is_awaited);
	if (is_awaited != 0 && state.retries < RETRIES_MAX) {
		state.retries++;
		state.owner = state.item = 0;
		state.search_tsc = rt_time_after(&root.time, RETRY_NS);
		return;
	}
	if (is_awaited == 0) {
		say_free(frame);
	} else {
		rt_log("root: memory at %llx is damaged, and VOS uses it itself", (unsigned long long)frame);
		state.counts.frames_kept++;
	}
	next_frame();
}

static void search_one(void)
{
	bool is_mem = false;
	u64 h_mem = item_of(state.owner, state.item, &is_mem), offset = 0;
	enum status st;

	if (h_mem == 0) {
		state.item = 0;
		if (++state.owner >= VM_COUNT + service_total())
			end_search(state.frames[0]);
		return;
	}
	st = is_mem ? sys_system_ctl(HANDLE_ROOT, SYSTEM_MEM_SEARCH, h_mem, state.frames[0], &offset) : ST_INVAL;
	if (st == ST_OK) {
		end_owner(state.frames[0]);
		next_frame();
	} else if (st != ST_AGAIN) {
		state.item++;
	}
}

u64 machine_checks_step(void)
{
	if (state.look_tsc <= rt_time_tsc()) {
		state.lines = 0;
		state.look_tsc = rt_time_after(&root.time, LOOK_NS);
		(void)sys_system_ctl(HANDLE_ROOT, SYSTEM_MACHINE_CHECK, MACHINE_CHECK_LOOK, 0, NULL);
	}
	for (u32 i = 0; i < SEARCHES_PER_STEP && state.frame_count != 0 && state.search_tsc <= rt_time_tsc(); i++)
		search_one();
	return state.frame_count == 0 ? state.look_tsc : min_u64(state.search_tsc, state.look_tsc);
}

void machine_checks_report(struct hardware_report *out)
{
	/* Also what came since the last look; what other pCPUs find comes a little later. */
	(void)sys_system_ctl(HANDLE_ROOT, SYSTEM_MACHINE_CHECK, MACHINE_CHECK_LOOK, 0, NULL);
	machine_checks_take();
	*out = state.counts;
}
