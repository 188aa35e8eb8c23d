/* SPDX-License-Identifier: MIT */
/*
 * handlers.c - how commands begin and what they do with root's answers, except commands with a file of their own. The
 * table of commands (command_table.c) names these functions.
 */
#include <stdio.h>
#include <string.h>

#include "export.h"
#include "handlers.h"
#include "help.h"
#include "report.h"
#include "syscalls.h"
#include "units.h"

/* ---- commands on VMs ---- */

/* A VM or network of the pool that could not be defined, as with its disk away, is not to be replaced unseen. */
void definition_begin(struct session *s, struct job *job)
{
	bool is_clone = job->args.command->op == REQ_CLONE_VM;
	const char *name = is_clone ? job->args.to : job->args.name;
	struct cmd_error error;

	if (!keeper_waits(s->console, is_clone ? REQ_CREATE : (enum request_op)job->args.command->op, name)) {
		request_begin(s, job);
		return;
	}
	error_set(&error, RESULT_STATE, "%.31s has a definition that could not be applied yet: forget-definitions "
		"shows it. Take another name, or drop what waits", name);
	job_fail(s, job, &error);
}

void vms_begin(struct session *s, struct job *job)
{
	if (batch_is_meant(job)) {
		batch_begin(s, job);
		return;
	}
	job->args.names = 0;	/* the next parse overwrites them */
	request_begin(s, job);
}

void vms_answer(struct session *s, struct job *job, const struct reply *reply)
{
	if (job->targets || args_has(&job->args, ARG_ALL))
		batch_answer(s, job, reply);
	else
		request_answer(s, job, reply);
}

/* ---- listings: one request after the other, then the whole ---- */

void listing_begin(struct session *s, struct job *job)
{
	fetch_begin(s, job, job->args.command->tables);
}

static const struct view processor_view = { report_processor, json_processor };

void listing_answer(struct session *s, struct job *job, const struct reply *reply)
{
	const struct command *command = job->args.command;

	if (!fetch_answer(s, job, reply))
		return;
	if (command->is_look && (command->tables & BIT32(FETCH_PCPUS)))
		inventory_sample_pcpus(&s->console->inventory);
	for (u32 i = 0; i < VM_COUNT && command->is_look && (command->tables & BIT32(FETCH_VMS)); i++)
		if (s->console->inventory.vms[i].is_used)
			inventory_sample(&s->console->inventory.vms[i]);
	job_show(s, job, args_has(&job->args, ARG_PROCESSOR) ? &processor_view : &command->view,
		&s->console->inventory);
}

void export_begin(struct session *s, struct job *job)
{
	if (!args_has(&job->args, ARG_NAME) || job_vm(s, job))
		fetch_begin(s, job, BIT32(FETCH_VMS) | BIT32(FETCH_SWITCHES) | BIT32(FETCH_ROUTERS) |
				       BIT32(FETCH_SERVICES));
}

void export_answer(struct session *s, struct job *job, const struct reply *reply)
{
	static const struct view view = { export_text, export_json };
	struct export_what what = { s, job->args.name };

	if (fetch_answer(s, job, reply))
		job_show(s, job, &view, &what);
}

void stats_answer(struct session *s, struct job *job, const struct reply *reply)
{
	static const struct view view = { report_stats, json_stats };

	if (!request_is_refused(s, job, reply))
		job_show(s, job, &view, &reply->stats);
}

void status_answer(struct session *s, struct job *job, const struct reply *reply)
{
	static const struct view view = { report_vm, json_vm };
	struct vm_entry *vm;

	if (request_is_refused(s, job, reply))
		return;
	request_take_vm(s, job, job->args.name, reply);
	vm = inventory_find(&s->console->inventory, job->args.name);
	if (!vm) {
		job_ok(s, job);
		return;
	}
	inventory_sample(vm);
	job_show(s, job, &view, vm);
}

/* ---- the machine ---- */

static bool is_cut_off(const struct session *s, const struct vm_entry *vm)
{
	(void)s;
	return vm_is_live(vm);
}

/* "a, b, c and 2 more"; returns how many. */
static u32 list_vms(const struct session *s, bool (*is_meant)(const struct session *, const struct vm_entry *),
		    char *text, size_t size)
{
	struct out_buffer buffer;
	struct out out;
	u32 count = 0;

	out_buffer_init(&buffer, text, size);
	out = out_to_buffer(&buffer);
	for (u32 i = 0; i < VM_COUNT; i++)
		if (s->console->inventory.vms[i].is_used && is_meant(s, &s->console->inventory.vms[i]) && ++count <= 3)
			out_format(&out, "%s%s", count == 1 ? "" : ", ", s->console->inventory.vms[i].report.name);
	if (count > 3)
		out_format(&out, " and %u more", count - 3);
	return count;
}

/* What goes with the machine. */
struct loss { u32 live, gone; char cut_off[128], lost[128]; };

static void refuse_loss(struct session *s, struct job *job, const struct loss *loss)
{
	struct cmd_error error;

	error_set(&error, RESULT_STATE, "%s%s%s%s%s. Say \"yes\" if that is meant",
		loss->live ? "VMs are running: " : "", loss->cut_off, loss->live && loss->gone ? "; " : "",
		loss->gone ? "vos.conf lacks definitions, see export-config: " : "", loss->lost);
	job_fail(s, job, &error);
}

static void ask_loss(struct session *s, const struct loss *loss, bool is_off)
{
	char text[256];

	if (loss->live)
		out_format(&s->terminal, "%s %s running and will be cut off.\n", loss->cut_off,
			loss->live == 1 ? "is" : "are");
	if (loss->gone) {
		snprintf(text, sizeof(text),
			"vos.conf does not define %s as %s: export-config prints what will be lost.", loss->lost,
			loss->gone == 1 ? "it is" : "they are");
		report_line(&s->terminal, "", text);
	}
	prompt_ask(s, is_off ? "Switch off anyway? [y/N] " : "Reboot anyway? [y/N] ");
}

static void power_text(const struct out *out, const void *is_off)
{
	out_text(out, *(const bool *)is_off ? "Switching off.\n" : "Rebooting.\n");
}

void power_begin(struct session *s, struct job *job)
{
	static const struct view view = { .text = power_text };
	bool is_off = job->args.command->op == REQ_POWEROFF;
	struct loss loss;

	loss.live = list_vms(s, is_cut_off, loss.cut_off, sizeof(loss.cut_off));
	loss.gone = s->console->keeper.task.place == DEFINITIONS_IN_POOL ?
		0 : list_vms(s, export_is_lost, loss.lost, sizeof(loss.lost));
	if ((loss.live || loss.gone) && !args_has(&job->args, ARG_YES)) {
		if (job_is_json(job) || job->origin != JOB_PROMPT)
			refuse_loss(s, job, &loss);
		else
			ask_loss(s, &loss, is_off);
		return;
	}
	job_show_part(s, job, &view, &is_off);
	request_begin(s, job);
}

/* ---- the prompt ---- */

void help_begin(struct session *s, struct job *job)
{
	const struct command *topic = command_named(job->args.verb);
	u32 group = 0;

	while (group < GROUP_COUNT && strcmp(job->args.verb, group_names[group]) != 0)
		group++;
	if (topic && job->args.is_full)
		help_command_full(&s->terminal, topic);
	else if (topic)
		help_command(&s->terminal, topic);
	else if (group < GROUP_COUNT)
		help_group(&s->terminal, group);
	else if (job->args.verb[0] != '\0')
		help_noun(&s->terminal, job->args.verb);
	else
		help_all(&s->terminal);
	job_ok(s, job);
}

static void version_text(const struct out *out, const void *what)
{
	out_format(out, "VOS %s\n", (const char *)what);
}

static void version_json(struct json_writer *writer, const char *key, const void *what)
{
	json_open(writer, key, '{');
	json_text(writer, "version", what);
	json_close(writer, '}');
}

void version_begin(struct session *s, struct job *job)
{
	static const struct view view = { version_text, version_json };

	job_show(s, job, &view, VOS_VERSION);
}

void result_begin(struct session *s, struct job *job)
{
	enum result result = s->last_result;
	const char *class = s->last_class;

	out_format(&s->terminal, "%u %s\n", result, class);
	job_ok(s, job);
	s->last_result = result;
	s->last_class = class;
}

void clear_begin(struct session *s, struct job *job)
{
	out_text(&s->raw, "\x1b[H\x1b[2J");
	job_ok(s, job);
}
