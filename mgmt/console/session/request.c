/* SPDX-License-Identifier: MIT */
/*
 * request.c - commands that are one request to root: what is asked, and what is said of the answer.
 */
#include <string.h>

#include "fields.h"
#include "nic_arg.h"
#include "session.h"
#include "syscalls.h"
#include "units.h"

void request_fill(struct job *job)
{
	const struct args *args = &job->args;
	struct request *r = &job->request;

	memset(r, 0, sizeof(*r));
	memcpy(r->name, args_has(args, ARG_TEMPLATE) ? args->to : args->name, sizeof(r->name));
	memcpy(r->to, args_has(args, ARG_TEMPLATE) ? args->name : args->to, sizeof(r->to));
	memcpy(r->snapshot, args->snapshot, sizeof(r->snapshot));
	if (args->command->op == REQ_CREATE_SWITCH)
		r->network = args->network;
	else if (args->command->op == REQ_CREATE_ROUTER || args->command->op == REQ_SET_ROUTER)
		r->router = args->router;
	else
		r->spec = args->spec;
	r->fields = fields_of_args(args->given);
	r->index = args->card;
	if (args_has(args, ARG_FORCE) || args_has(args, ARG_POOL_FORCE))
		r->flags |= REQ_FLAG_FORCE;
	if (args->command->is_of_drive)
		r->flags |= REQ_FLAG_OF_DRIVE;
	if (args_has(args, ARG_KEEP_DISK))
		r->flags |= REQ_FLAG_KEEP_DISKS;
	if (args_has(args, ARG_DRY_RUN))
		r->flags |= REQ_FLAG_DRY_RUN;
	if (args_has(args, ARG_UPLOAD))
		r->flags |= REQ_FLAG_UPLOAD;
	r->timeout_ms = (u32)(args->timeout_ns / NS_PER_MS);
	if (args->timeout_ns && r->timeout_ms == 0)
		r->timeout_ms = 1;
}

void request_note_asker(struct session *s, const struct job *job, const char *name, bool is_begun)
{
	enum asker asker = !is_begun ? ASKER_NONE : job->origin == JOB_RPC ? ASKER_PROGRAM : ASKER_PERSON;
	struct vm_entry *vm = inventory_find(&s->console->inventory, name);
	u32 op = job->args.command->op;

	if (vm && (op == REQ_STOP || op == REQ_START) && !args_has(&job->args, ARG_DRY_RUN))
		vm->stop_asker = op == REQ_STOP ? asker : ASKER_NONE;
}

void request_begin(struct session *s, struct job *job)
{
	request_fill(job);
	request_note_asker(s, job, job->args.name, true);
	job_send(s, job, args_has(&job->args, ARG_TEMPLATE) ? REQ_CLONE_VM : (enum request_op)job->args.command->op);
}

void request_try(struct session *s, struct job *job)
{
	request_fill(job);
	job->request.flags |= REQ_FLAG_DRY_RUN;
	job_send(s, job, (enum request_op)job->args.command->op);
}

bool request_was_tried(const struct job *job)
{
	return (job->request.flags & REQ_FLAG_DRY_RUN) != 0 && !args_has(&job->args, ARG_DRY_RUN);
}

static void say_rounding(const struct out *out, u64 asked, u64 bytes)
{
	char from[UNIT_TEXT_BYTES], to[UNIT_TEXT_BYTES];

	if (asked && asked != bytes)
		out_format(out, "Note: --memory is rounded up, from %s to %s.\n", size_text(from, asked, false),
			size_text(to, bytes, false));
}

/* Worth knowing, but no mistake. */
static void say_notes(const struct out *out, const struct vm_entry *vm, u32 fields, u32 pcpus, u64 memory_bytes)
{
	char size[UNIT_TEXT_BYTES];
	const struct vm_share *share = &vm->report.spec.share;
	u64 online = pcpus < 64 ? BIT64(pcpus) - 1 : ~0ull;
	u32 usable = (u32)__builtin_popcountll(share->affinity & online);

	if (pcpus > 64 && share->affinity == SHARE_ALL_PCPUS)
		usable = pcpus;
	if ((fields & BIT32(FIELD_MEMORY)) && vm->report.spec.memory_bytes > memory_bytes)
		out_format(out, "Note: this machine has %s; the VM ends if it needs more than is free.\n",
			size_text(size, memory_bytes, false));
	if ((fields & (BIT32(FIELD_CPU) | BIT32(FIELD_AFFINITY))) && vm->report.spec.cpus > usable)
		out_format(out, "Note: its %u vCPUs share %u pCPU%s.\n", vm->report.spec.cpus,
			usable, usable == 1 ? "" : "s");
	if ((fields & (BIT32(FIELD_CLASS) | BIT32(FIELD_CAP))) && share->class == SCHED_CLASS_RT && share->cap == 0)
		out_text(out, "Note: a real-time VM without a cap can starve the fair VMs.\n");
}

#define DISK_COLUMN 8u		/* behind "Disk 0: " */

static const char *before_text(u32 flags)
{
	if (!(flags & DISK_MADE))
		return "; it was there and keeps its data, delete-vm keeps it";
	if (flags & DISK_WAS_THERE)
		return "; it was there and keeps its data, delete-vm deletes it";
	return flags & DISK_WAS_BLANK ? ", which was blank and is taken into use" : "";
}

/* What is behind each disk; of those from `first_new` on also what it was before. */
static void say_disks(const struct out *out, const struct vm_entry *vm, u32 first_new)
{
	for (u32 i = 0; vm && i < vm->report.spec.disk_count; i++) {
		char line[256];
		struct out_buffer buffer;
		struct out text;

		out_buffer_init(&buffer, line, sizeof(line));
		text = out_to_buffer(&buffer);
		report_disk(&text, &vm->report.disks[i]);
		if (i >= first_new)
			out_text(&text, before_text(vm->report.disks[i].flags));
		out_format(out, "Disk %u: ", i);
		out_wrapped(out, line, DISK_COLUMN, DISK_COLUMN, REPORT_COLUMNS);
	}
}

static void say_disk_list(const struct out *out, const struct job *job, const struct vm_entry *vm)
{
	u32 count = vm->report.spec.disk_count;
	u32 attached = job->args.command->op == REQ_ATTACH_DISK ? job->args.spec.disk_count : 0;

	if (job->args.command->op == REQ_DETACH_DISK)
		out_format(out, "Volume %s is no longer a disk of %s, and is kept.\n", job->args.spec.disks[0].volume,
			vm->report.name);
	out_format(out, "%s has %u disk%s.\n", vm->report.name, count, count == 1 ? "" : "s");
	say_disks(out, vm, count > attached ? count - attached : 0);
}

static void say_nics(const struct out *out, const struct vm_entry *vm)
{
	u32 count = vm->report.spec.nic_count;
	char mac[MAC_TEXT_BYTES];

	out_format(out, "%s has %u network card%s.\n", vm->report.name, count, count == 1 ? "" : "s");
	for (u32 i = 0; i < count; i++)
		out_format(out, "Network card %u: switch %s, MAC %s\n", i, vm->report.spec.nics[i].network,
			   mac_text(mac, vm->report.nics[i].mac));
}

/* The volumes that went with a VM, and those that stay: ", and with it volume a.0; kept: volume data". */
static char volumes_note[VM_DEVICES * (VOLUME_NAME_BYTES + 2) + 64];

static void list_volumes(const struct out *out, const struct vm_entry *vm, const char *before, bool is_made)
{
	u32 count = 0;

	for (u32 i = 0; vm && i < vm->report.spec.disk_count; i++)
		if (((vm->report.disks[i].flags & DISK_MADE) != 0) == is_made && vm->report.disks[i].volume[0])
			out_format(out, "%s%s", count++ ? ", " : before, vm->report.disks[i].volume);
}

static void note_volumes(const struct vm_entry *vm, bool is_kept)
{
	struct out_buffer buffer;
	struct out out;

	out_buffer_init(&buffer, volumes_note, sizeof(volumes_note));
	out = out_to_buffer(&buffer);
	list_volumes(&out, vm, is_kept ? "; kept: volume " : ", and with it volume ", true);
	list_volumes(&out, vm, "; not made for it, so kept: volume ", false);
}

static void say_set(const struct out *out, const struct vm_entry *vm, u32 fields)
{
	u32 count = 0;

	if (fields & FIELDS_SHARE) {
		out_format(out, "%s: ", vm->report.name);
		report_share(out, &vm->report.spec.share);
		out_text(out, "\n");
	}
	fields &= ~FIELDS_SHARE;
	for (u32 i = 0; i < FIELD_SPEC_COUNT; i++) {
		if (!(fields & BIT32(i)))
			continue;
		out_text(out, count++ ? "; " : vm->report.name);
		out_text(out, count == 1 ? ": " : "");
		field_conf(out, &vm->report.spec, i);
	}
	out_text(out, count ? "\n" : "");
}

static void say_done(const struct out *out, const struct job *job, const char *name, const struct vm_entry *vm)
{
	char size[UNIT_TEXT_BYTES];

	if (args_has(&job->args, ARG_DRY_RUN)) {
		out_format(out, *name ? "%s %s would succeed. Nothing was changed.\n" :
			"%s%s would succeed. Nothing was changed.\n", job->args.command->verb, name);
		return;
	}
	switch (job->request.op) {
	case REQ_CREATE:
		out_format(out, "%s is defined: %u vCPU%s, %s. start-vm %s starts it.\n", name,
			job->args.spec.cpus, job->args.spec.cpus == 1 ? "" : "s",
			size_text(size, job->args.spec.memory_bytes, false), name);
		say_disks(out, vm, 0);
		if (vm && spec_loses_variables(&vm->report.spec))
			out_format(out, "Its UEFI forgets its variables whenever it ends or restarts: it has no disk "
				"for them.\n`attach-disk %s --disk 2M,nvram` gives it one.\n", name);
		return;
	case REQ_RESIZE_DISK:
		say_disks(out, vm, vm ? vm->report.spec.disk_count : 0);
		return;
	case REQ_CLONE_VM:
		out_format(out, "%s is defined as a clone of %s. start-vm %s starts it.\n", name,
			job->request.name, name);
		say_disks(out, vm, vm ? vm->report.spec.disk_count : 0);
		return;
	case REQ_ATTACH_DISK: case REQ_DETACH_DISK:
		if (vm)
			say_disk_list(out, job, vm);
		return;
	case REQ_ATTACH_NIC: case REQ_DETACH_NIC:
		if (vm)
			say_nics(out, vm);
		return;
	case REQ_SET:
		if (vm)
			say_set(out, vm, job->request.fields);
		return;
	case REQ_START:
		out_format(out, "%s is running. console %s attaches to it.\n", name, name);
		return;
	case REQ_NMI:
		out_format(out, "%s received an NMI\n", name);
		return;
	case REQ_DELETE:
		out_format(out, "%s is deleted%s\n", name, volumes_note);
		return;
	default:
		if (vm)
			report_state(out, &vm->report);
		return;
	}
}

static void outcome_text(const struct out *out, const void *what)
{
	const struct outcome *o = what;

	say_done(out, o->job, o->name, o->vm);
	if (o->vm && !args_has(&o->job->args, ARG_DRY_RUN) &&
		(o->job->request.op == REQ_CREATE || o->job->request.op == REQ_SET)) {
		say_rounding(out, o->job->args.memory_asked_bytes, o->vm->report.spec.memory_bytes);
		say_notes(out, o->vm, o->job->request.op == REQ_SET ? o->job->request.fields : FIELDS_ALL,
			o->info->pcpu_count, o->info->memory_bytes);
	}
}

static void outcome_json(struct json_writer *writer, const char *key, const void *what)
{
	const struct outcome *o = what;

	if (o->vm && o->job->args.command->op != REQ_DELETE)
		json_vm(writer, key, o->vm);
	else
		json_raw(writer, key, "{}");
}

const struct view outcome_view = { outcome_text, outcome_json };

static bool carries_vm(u32 op)
{
	return (op >= REQ_CREATE && op <= REQ_STATUS && op != REQ_DELETE) || op == REQ_SET || op == REQ_NMI ||
	       op == REQ_ATTACH_DISK || op == REQ_DETACH_DISK || op == REQ_CLONE_VM ||
	       op == REQ_RESIZE_DISK || op == REQ_ATTACH_NIC || op == REQ_DETACH_NIC;
}

void request_take_vm(struct session *s, const struct job *job, const char *name, const struct reply *reply)
{
	struct vm_entry *vm = 0;

	volumes_note[0] = 0;
	/* Somebody else has deleted it, or its volume's failure came after its end. */
	if (reply->error == ERR_NO_VM || (job->request.op == REQ_DELETE &&
					  (reply->error == ERR_VOLUME_STAYS || reply->error == ERR_DISK_SILENT)))
		inventory_forget(&s->console->inventory, name);
	if (reply->result != RESULT_OK || (job->request.flags & REQ_FLAG_DRY_RUN))
		return;
	if (job->request.op == REQ_DELETE) {
		note_volumes(inventory_find(&s->console->inventory, name), args_has(&job->args, ARG_KEEP_DISK));
		inventory_forget(&s->console->inventory, name);
	} else if (carries_vm(job->request.op)) {
		vm = inventory_update(&s->console->inventory, &reply->vm);
	}
	if (vm && job->origin != JOB_RPC)
		*session_told(s, vm) = vm->report.state;
}

bool request_is_refused(struct session *s, struct job *job, const struct reply *reply)
{
	struct cmd_error error;

	if (reply->result == RESULT_OK)
		return false;
	request_note_asker(s, job, job->args.name, false);
	request_take_vm(s, job, job->args.name, reply);
	report_refusal(&error, &job->request, reply, &s->console->inventory);
	job_fail(s, job, &error);
	return true;
}

void request_answer(struct session *s, struct job *job, const struct reply *reply)
{
	bool is_clone = job->request.op == REQ_CLONE_VM;
	struct outcome outcome = {
		.job = job, .name = is_clone ? job->request.to : job->args.name, .info = s->console->inventory.info,
	};

	if (request_is_refused(s, job, reply))
		return;
	request_take_vm(s, job, outcome.name, reply);
	outcome.vm = inventory_find(&s->console->inventory, outcome.name);
	job_show(s, job, &outcome_view, &outcome);
}
