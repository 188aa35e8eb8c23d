/* SPDX-License-Identifier: MIT */
/*
 * batch.c - one command on several VMs, named or --all: a request for each, all of them under way together, one line of
 * result for each as it comes, and the exit code of the worst.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

#define RUNS (BIT32(VM_RUNNING) | BIT32(VM_SUSPENDED))
#define LIVE (BIT32(VM_STARTING) | RUNS | BIT32(VM_PAUSED) | BIT32(VM_STOPPING))
#define AT_REST (BIT32(VM_DEFINED) | BIT32(VM_STOPPED) | BIT32(VM_CRASHED))

/* BIT32(enum vm_state): which VMs --all means, and in which states one that refuses is as it was wanted. */
static const struct { u32 from, goal; } states[REQ_OP_COUNT] = {
	[REQ_START] = { AT_REST, BIT32(VM_STARTING) | RUNS },
	[REQ_STOP] = { LIVE, AT_REST },
	[REQ_PAUSE] = { RUNS, BIT32(VM_PAUSED) },
	[REQ_RESUME] = { BIT32(VM_PAUSED), RUNS },
	[REQ_RESET] = { LIVE, 0 },
	[REQ_NMI] = { RUNS, 0 },
	[REQ_DELETE] = { LIVE | AT_REST, 0 },
};

static u32 op_of(const struct job *job)
{
	return job->args.command->op;
}

/* A crashed VM may be about to start again by itself: stop-vm prevents that. One that runs is deleted by force only. */
static bool is_meant_by_all(const struct job *job, const struct vm_entry *vm)
{
	u32 op = op_of(job), from = states[op].from;

	if (op == REQ_DELETE && !args_has(&job->args, ARG_FORCE))
		from &= AT_REST;
	return vm->is_used && ((from & BIT32(vm->report.state)) ||
		(op == REQ_STOP && vm->report.state == VM_CRASHED && vm->report.spec.restart != RESTART_NEVER));
}

/* ---- which VMs ---- */

static bool add_target(struct job *job, const char *name)
{
	struct target *target = &job->targets[job->target_count++];

	memset(target, 0, sizeof(*target));
	return text_copy(target->name, sizeof(target->name), name);
}

/* Room for `count` targets; false: the job has failed. */
static bool make_room(struct session *s, struct job *job, u32 count)
{
	struct cmd_error error;

	job->targets = malloc((count ? count : 1) * sizeof(*job->targets));
	job->target_count = 0;
	if (job->targets)
		return true;
	error_set(&error, RESULT_RESOURCES, "the console has no memory for %u VMs at once. Name fewer", count);
	job_fail(s, job, &error);
	return false;
}

static void take_names(struct job *job, const struct name_list *names)
{
	for (u32 i = 0; i < names->count; i++)
		(void)add_target(job, names->name[i]);
}

static void take_all(struct session *s, struct job *job)
{
	for (u32 i = 0; i < VM_COUNT; i++)
		if (is_meant_by_all(job, &s->console->inventory.vms[i]))
			(void)add_target(job, s->console->inventory.vms[i].report.name);
}

/* ---- results ---- */

static const struct cmd_error *worst(const struct job *job)
{
	const struct cmd_error *found = &job->targets[0].error;

	for (u32 i = 1; i < job->target_count; i++)
		if (job->targets[i].error.code > found->code)
			found = &job->targets[i].error;
	return found;
}

static u32 failures(const struct job *job)
{
	u32 count = 0;

	for (u32 i = 0; i < job->target_count; i++)
		count += job->targets[i].error.code != RESULT_OK;
	return count;
}

static struct outcome outcome_of(const struct session *s, const struct job *job, const struct target *target)
{
	return (struct outcome){ .job = job, .name = target->name,
		.vm = inventory_find(&s->console->inventory, target->name) };
}

/* Of the job; each target was shown when it was done, by its outcome or its error. */
static void batch_text(const struct out *out, const void *what)
{
	const struct job *job = what;
	bool has_vms = false;

	for (u32 i = 0; i < VM_COUNT; i++)
		has_vms = has_vms || job->session->console->inventory.vms[i].is_used;
	if (job->target_count == 0)
		out_format(out, "%s --all: %s. Nothing was done.\n", job->args.command->verb,
			has_vms ? "no VM is in a state for it" : "there are no VMs");
}

static void batch_json(struct json_writer *writer, const char *key, const void *what)
{
	const struct job *job = what;

	json_open(writer, key, '[');
	for (u32 i = 0; i < job->target_count; i++) {
		const struct target *target = &job->targets[i];
		struct outcome outcome = outcome_of(job->session, job, target);

		json_open(writer, 0, '{');
		json_text(writer, "name", target->name);
		if (target->error.code != RESULT_OK)
			json_error(writer, &target->error);
		else
			outcome_view.json(writer, "return", &outcome);
		json_close(writer, '}');
	}
	json_close(writer, ']');
}

static void finish(struct session *s, struct job *job)
{
	static const struct view view = { batch_text, batch_json };
	u32 failed = failures(job);
	struct cmd_error error;

	if (failed) {
		error_set(&error, worst(job)->code, "%s failed for %u of %u VMs", job->args.command->verb, failed,
			job->target_count);
		error.class = worst(job)->class;
	}
	job_show_end(s, job, &view, job, failed ? &error : NULL);
}

/* ---- the question before a deletion ---- */

static void list_names(const struct job *job, char *text, size_t size)
{
	struct out_buffer buffer;
	struct out out;

	out_buffer_init(&buffer, text, size);
	out = out_to_buffer(&buffer);
	for (u32 i = 0; i < job->target_count && i < 3; i++)
		out_format(&out, "%s%s", i ? ", " : "", job->targets[i].name);
	if (job->target_count > 3)
		out_format(&out, " and %u more", job->target_count - 3);
}

/* True: the command is not to be begun now. */
static bool asks(struct session *s, struct job *job)
{
	char names[128], question[EDIT_PROMPT_BYTES];
	struct cmd_error error;

	if (op_of(job) != REQ_DELETE || args_has(&job->args, ARG_YES) || args_has(&job->args, ARG_DRY_RUN))
		return false;
	list_names(job, names, sizeof(names));
	if (job_is_json(job) || job->origin != JOB_PROMPT) {	/* nobody is there to answer */
		error_set(&error, RESULT_STATE, "%u VM%s would be deleted: %s. Say \"yes\" to delete",
			job->target_count, job->target_count == 1 ? "" : "s", names);
		job_fail(s, job, &error);
		return true;
	}
	snprintf(question, sizeof(question), "Delete %u VM%s? [y/N] ", job->target_count,
		job->target_count == 1 ? "" : "s");
	out_format(&s->terminal, "%s will be deleted, with memory and log.\n", names);
	prompt_ask(s, question);
	return true;
}

/* ---- the course of it ---- */

static void go(struct session *s, struct job *job)
{
	if (job->target_count == 0) {
		finish(s, job);
		return;
	}
	if (asks(s, job))
		return;
	request_fill(job);
	for (u32 i = 0; i < job->target_count; i++)
		request_note_asker(s, job, job->targets[i].name, true);
	job_send_all(s, job);
}

bool batch_is_meant(const struct job *job)
{
	const struct args *args = &job->args;

	return job->targets || args_has(args, ARG_ALL) || args->is_list || (args->names && args->names->count > 1);
}

void batch_begin(struct session *s, struct job *job)
{
	const struct name_list *names = job->args.names;

	if (job->targets) {	/* the question was answered */
		go(s, job);
	} else if (args_has(&job->args, ARG_ALL)) {
		fetch_begin(s, job, BIT32(FETCH_VMS));
	} else if (make_room(s, job, names->count)) {
		take_names(job, names);
		job->args.names = 0;	/* the next parse overwrites them */
		go(s, job);
	}
}

/* Of --all: it came to be so by itself meanwhile, or somebody else did it. */
static bool is_so_already(const struct job *job, const struct reply *reply)
{
	if (!args_has(&job->args, ARG_ALL))
		return false;
	if (reply->error == ERR_NO_VM)
		return op_of(job) == REQ_DELETE;
	return reply->error == ERR_VM_STATE && reply->have < VM_STATE_COUNT &&
	       (states[op_of(job)].goal & BIT32(reply->have));
}

/* Which VM it is about is to be seen in each line. */
static void name_in_error(struct target *target)
{
	struct cmd_error error = target->error;
	char quoted[VM_NAME_BYTES + 2];
	size_t length = strlen(target->name);
	bool is_first = strncmp(error.text, target->name, length) == 0 && error.text[length] == ' ';

	snprintf(quoted, sizeof(quoted), "\"%s\"", target->name);
	if (!is_first && !strstr(error.text, quoted))
		snprintf(target->error.text, sizeof(target->error.text), "%s: %.*s", target->name,
			(int)(sizeof(error.text) - sizeof(target->name) - 2), error.text);
}

static void take_result(struct session *s, struct job *job, const struct reply *reply)
{
	struct target *target = &job->targets[job->target];
	struct outcome outcome;

	request_take_vm(s, job, target->name, reply);
	if (reply->result == RESULT_OK || is_so_already(job, reply)) {
		outcome = outcome_of(s, job, target);
		job_show_part(s, job, &outcome_view, &outcome);
		return;
	}
	memcpy(job->request.name, target->name, sizeof(job->request.name));
	request_note_asker(s, job, target->name, false);
	report_refusal(&target->error, &job->request, reply, &s->console->inventory);
	name_in_error(target);
	job_show_error(s, job, &target->error);
}

void batch_answer(struct session *s, struct job *job, const struct reply *reply)
{
	if (!job->targets) {
		if (!fetch_answer(s, job, reply) || !make_room(s, job, VM_COUNT))
			return;
		take_all(s, job);
		go(s, job);
		return;
	}
	take_result(s, job, reply);
	if (!job->is_waiting)
		finish(s, job);
}

void batch_cancel_unsent(struct session *s, struct job *job)
{
	for (u32 i = job->target_sent; i < job->target_count; i++) {
		struct target *target = &job->targets[i];

		error_set(&target->error, RESULT_FAILED, "%s %s was canceled before it began",
			job->args.command->verb, target->name);
		target->error.class = "E_CANCELED";
		job_show_error(s, job, &target->error);
	}
	job_drop_unsent(job);
	if (!job->is_waiting)
		finish(s, job);
}
