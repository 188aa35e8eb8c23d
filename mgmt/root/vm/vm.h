/* SPDX-License-Identifier: MIT */
/*
 * vm.h - the VMs: what they are to be (spec), what becomes of them (phase), and the kernel objects of the ones that
 * live.
 *
 * Everything that happens to a VM goes through vm_input and lifecycle.h's table. Only root's main thread is here, so
 * there are no locks.
 */
#ifndef VOS_VM_H
#define VOS_VM_H

#include "error_info.h"
#include "lifecycle.h"
#include "object_set.h"
#include "pd.h"
#include "pending_reply.h"
#include "request.h"
#include "stop_info.h"
#include "syscalls.h"
#include "types.h"
#include "vm_layout.h"

/* What follows VM_PHASE_ENDING. RETRY: start again a little later, after a crash. */
enum after_teardown { AFTER_STAY_IDLE, AFTER_RESTART, AFTER_RETRY, AFTER_DELETE };

struct vm_counters {
	u64 cpu_tsc, guest_tsc, ready_tsc;
	u64 wakeups;
	u64 exits, exits_vmm;
};

/* Why a VM pauses for a disk; the store holds requests until it is resumed. */
enum disk_trouble {
	DISK_NO_TROUBLE,
	DISK_FAILED,		/* IO_ERROR_PAUSE */
	DISK_POOL_FULL,
	DISK_POOL_HAS_ROOM,	/* it was full: the VM goes on by itself */
};

/* What only stats-vm wants to know. */
struct vm_profile {
	u64 exit_count[STATS_EXITS], exit_tsc[STATS_EXITS];
	u64 wake_bucket[STATS_BUCKETS];
};

/* A slot for a disk in its machine, in this run (struct vmm_disk_slot). */
struct vm_slot {
	bool has_disk;
	bool is_leaving;	/* the guest has ejected its disk, the store has the link still */
	bool is_in_use;		/* thereof: the guest's requests are under way, the VMM has the link too */
	u32 generation, ejects;	/* as in the control page */
	u64 h_link;		/* 0: none */
	u64 h_own;		/* memory of the VMM's device; it stays for the slot's next disk */
};

/* A network card. */
struct vm_nic {
	u64 mac;		/* for as long as it is defined */
	u8 slot;		/* in its machine: its place in the spec when that starts */
};

/* A slot for a network card in its machine, in this run or the last (struct vmm_nic_slot). */
struct vm_nic_slot {
	bool has_card;
	bool has_port;		/* of that switch; it lives, or the switch has not let go of its link yet: */
	u32 number, port;
	u32 generation, ejects;	/* as in the control page */
	u64 h_link;		/* 0: none */
	u64 h_own;		/* memory of the VMM's device; it stays for the slot's next card */
	struct port_counts last;	/* of a run that is over */
};

/* A disc that is mapped into its VMM (vm_cd.h). */
struct vm_disc {
	u64 bytes;		/* 0: there is none */
	char image[IMAGE_NAME_BYTES];
};

struct vm {
	bool is_used;
	u32 events_due;		/* bit = client that is to be told the present state */
	enum vm_state reported_state;	/* when that was last so */
	u32 reported_restarts;
	u32 index;
	u64 id;			/* no other VM, before or after, has it */
	char name[VM_NAME_BYTES];
	struct vm_spec spec;
	struct vm_nic nics[VM_DEVICES];
	struct vm_nic_slot nic_slots[VM_DEVICES];
	u8 slot_of[VM_DEVICES];	/* of its disks, by their place in the spec: the place itself when it starts */

	enum vm_phase phase;
	enum vm_state idle_state;	/* state when idle */
	enum after_teardown after_teardown;
	u64 deadline_tsc;	/* of this phase, or DEADLINE_NONE */
	struct stop_info stop_info;	/* why it is in its state */
	bool are_disks_kept;	/* when it is deleted */
	u64 deletion;		/* AFTER_DELETE: the count of changes (definition_changes.h) with that one */
	bool is_start_due;	/* when its disks' pool is unlocked */
	u64 log;		/* the number of its log in a pool; 0 = it has none */
	u32 log_slot;		/* its place there (log_blocks.h) */
	u32 restarts;		/* by itself, since an operator started it */
	u32 crash_restarts;

	bool is_clock_running;
	u64 up_since_tsc, up_tsc;
	u64 built_tsc, ended_tsc;	/* this run's VMM, or the last run's */
	struct io_counts io_before;	/* of its disks, in runs before that */
	u64 service_tsc, service_before_tsc;	/* ticks that services worked for it; thereof in runs before that */
	struct vm_counters last;	/* of a run that is over */
	struct vm_profile last_profile;

	/* Only in a phase with objects (lifecycle_has_objects). */
	struct object_set objects;
	struct object_set links;	/* memory shared with the store; goes when the store has given it back */
	struct vm_slot slots[VM_DEVICES];
	struct vm_disc discs[2];	/* of that generation, and the one before it */
	u32 disc_generation;
	struct pd pd;
	u64 h_ram, h_vm;
	u64 h_vcpus[VM_VCPUS], h_threads[VM_VCPUS];
	u32 button_presses, nmi_presses;
	u64 stop_tsc;		/* VM_PHASE_POWERING: it is forced off then */
	u32 pause_wish;		/* as in the control page */
	bool is_pause_asked;	/* by an operator: it does not go on by itself */
	enum disk_trouble disk_trouble;
	char disk_failure[80];
	bool is_memory_damaged;	/* IN_FAULT comes of that */
	bool is_filling;	/* MEMORY_EAGER: its RAM is being granted, its threads have not started */
};

/* A request, or root itself: is_request is false and timeout_ns 0 then. */
struct request_context {
	bool is_request;
	bool keeps_disks;	/* IN_DELETE, IN_DELETE_FORCE */
	bool is_applied;	/* IN_START: by its definition, not by an operator: its restarts go on counting */
	u64 timeout_ns;
};

struct outcome {
	struct error_info info;
	enum wait_for_state wait_for;		/* not WAIT_FOR_NONE: the answer comes when this is reached */
};

/* It is there, and has kernel objects that stay for now. */
static inline bool vm_is_alive(const struct vm *vm)
{
	return vm != NULL && lifecycle_has_objects(vm->phase) && vm->phase != VM_PHASE_ENDING;
}

/* ---- vm.c: the table ---- */
struct vm *vm_at(u32 index);			/* NULL if there is none */
u32 vms_end(void);		/* above all indexes that are used: each turn of root walks to here only */
struct vm *vm_find(const char *name);
struct error_info vm_define(const char *name, const struct vm_spec *spec, bool is_dry_run, struct vm **out);
/* Change the fields `asked` (BIT32(FIELD_*)) of its spec: all of them at rest, those of FIELDS_ANY_TIME always. The VMM
 * of one that lives is to be signalled then. */
struct error_info vm_set(struct vm *vm, const struct vm_spec *wanted, u32 asked, bool is_dry_run);
/* The part of vm_set that concerns disks: could it have these? */
struct error_info vm_judge_disks(const struct vm *vm, const struct vm_spec *next, bool is_dry_run);
u32 vm_count(u32 *running);
/* Bytes that must be free for a VM of that spec to start / bytes that would be free if no VM lived. */
u64 vm_need_bytes(const struct vm_spec *spec);
u64 vm_held_bytes(void);
u64 vm_free_bytes(void);
/* Bytes of RAM that VMs which live have not touched yet, and may: nothing is set aside for them. */
u64 vm_untouched_bytes(void);
/* A VM that is defined with that image, or NULL. */
const struct vm *vm_with_image(const char *name);
/* A VM that has too little memory for its images, or could not even run alone on this machine. */
struct error_info vm_memory_judge(const struct vm_spec *spec);
enum vm_state vm_state_of(const struct vm *vm);
/* It starts when the pool of its disks is unlocked. */
bool vm_waits_for_key(const struct vm *vm);
/* It has crashed more often than its policy starts it again. */
bool vm_has_given_up(const struct vm *vm);
/* The same, except that a VM whose guest has suspended itself is VM_RUNNING: its VMM says so whenever it likes. */
enum vm_state vm_state_for_events(const struct vm *vm);
volatile struct vmm_control *vm_control(const struct vm *vm);

/* ---- vm_action.c ---- */
/* Would a request be refused now, and why? A dry run asks nothing else, and vm_input asks it of each request first. */
struct error_info vm_judge(const struct vm *vm, enum input input);
struct outcome vm_input(struct vm *vm, enum input input, const struct request_context *context);

/* ---- vm_build.c ---- */
/* Bytes of RAM that a VM with objects has been granted. */
u64 vm_granted_bytes(const struct vm *vm);
/* All that a VM takes of the machine's memory; also one that does not live. */
u64 vm_bytes(const struct vm *vm);
#define VM_SHARED_BYTES (VM_RINGS_BYTES + PAGE_SIZE)	/* console rings, control page: for as long as it is defined */

/* Make all objects and start the first instruction, or the filling of its RAM. Objects made before a failure are in
 * vm->objects. */
enum status vm_build(struct vm *vm) MUST_CHECK;
/* is_filling: a bounded piece. ST_AGAIN: call again; ST_OK: it has started. */
enum status vm_fill_step(struct vm *vm) MUST_CHECK;
void vm_signal(const struct vm *vm);
/* Stop or start all threads: each, whatever became of the others; the first failure. */
enum status vm_threads_ctl(const struct vm *vm, enum thread_op op) MUST_CHECK;

/* ---- vm_share.c ---- */
/* Tell the kernel the spec's share, before the first thread runs. */
enum status vm_share_build(const struct vm *vm) MUST_CHECK;
/* Tell the kernel the share that the spec is to have next, if it has objects of the VM that stay. */
struct error_info vm_share_change(const struct vm *vm, const struct vm_share *next);

/* ---- vm_report.c ---- */
void vm_counters_read(const struct vm *vm, struct vm_counters *out);
void vm_profile_read(const struct vm *vm, struct vm_profile *out);

#endif
