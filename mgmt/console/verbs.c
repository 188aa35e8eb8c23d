/*
 * verbs.c - how commands begin and what they do with an answer of root's, but for those that have a file of their own:
 * the table of commands (command_table.c) names these functions.
 */
#include <stdio.h>
#include <string.h>

#include "handlers.h"
#include "help.h"
#include "syscalls.h"
#include "units.h"

/* ---- commands on VMs ---- */

void vms_begin(struct session *s, struct job *job)
{
	if (batch_is_meant(job))
		batch_begin(s, job);
	else
		request_begin(s, job);
}

void vms_answer(struct session *s, struct job *job, const struct reply *reply)
{
	if (batch_is_meant(job))
		batch_answer(s, job, reply);
	else
		request_answer(s, job, reply);
}

/* ---- listings: one request after the other, then the whole ---- */

static void print(struct session *s, struct job *job, void (*text)(const struct out *, const struct machine *),
		  void (*json)(struct json_writer *, const char *, const struct machine *))
{
	struct out out;

	if (job_is_json(job)) {
		json(job_json_begin(s), "return", &s->machine);
		job_json_end(s, job);
	} else {
		out = job_text_begin(s, job);
		text(&out, &s->machine);
		job_text_end(s, job);
	}
	job_ok(s, job);
}

void list_begin(struct session *s, struct job *job)
{
	collect_begin(s, job, BIT32(COLLECT_VMS));
}

void list_answer(struct session *s, struct job *job, const struct reply *reply)
{
	if (!collect_answer(s, job, reply))
		return;
	for (u32 i = 0; i < VM_COUNT; i++)
		if (s->machine.vms[i].is_used)
			machine_look(&s->machine.vms[i]);
	print(s, job, report_vms, json_vms);
}

void images_begin(struct session *s, struct job *job)
{
	collect_begin(s, job, BIT32(COLLECT_IMAGES));
}

void images_answer(struct session *s, struct job *job, const struct reply *reply)
{
	if (collect_answer(s, job, reply))
		print(s, job, report_images, json_images);
}

void info_begin(struct session *s, struct job *job)
{
	collect_begin(s, job, BIT32(COLLECT_IMAGES) | BIT32(COLLECT_PCPUS) | BIT32(COLLECT_HOST));
}

void info_answer(struct session *s, struct job *job, const struct reply *reply)
{
	if (!collect_answer(s, job, reply))
		return;
	machine_look_pcpus(&s->machine);
	print(s, job, report_info, json_info);
}

void accounting_begin(struct session *s, struct job *job)
{
	collect_begin(s, job, BIT32(COLLECT_VMS) | BIT32(COLLECT_PCPUS) | BIT32(COLLECT_MEMORY));
}

void accounting_answer(struct session *s, struct job *job, const struct reply *reply)
{
	if (collect_answer(s, job, reply))
		print(s, job, report_accounting, json_accounting);
}

void stats_answer(struct session *s, struct job *job, const struct reply *reply)
{
	struct out out;

	if (request_is_refused(s, job, reply))
		return;
	if (job_is_json(job)) {
		json_stats(job_json_begin(s), "return", &reply->stats);
		job_json_end(s, job);
	} else {
		out = job_text_begin(s, job);
		report_stats(&out, &reply->stats);
		job_text_end(s, job);
	}
	job_ok(s, job);
}

void status_answer(struct session *s, struct job *job, const struct reply *reply)
{
	struct vm_entry *vm;
	struct out out;

	if (request_is_refused(s, job, reply))
		return;
	request_take_vm(s, job, job->args.name, reply);
	vm = machine_find(&s->machine, job->args.name);
	if (vm) {
		machine_look(vm);
		if (job_is_json(job)) {
			json_vm(job_json_begin(s), "return", vm);
			job_json_end(s, job);
		} else {
			out = job_text_begin(s, job);
			report_vm(&out, vm);
			job_text_end(s, job);
		}
	}
	job_ok(s, job);
}

/* ---- the machine ---- */

static void list_live(const struct session *s, char *text, size_t size)
{
	struct out_buffer buffer;
	struct out out;
	u32 count = 0;

	out_buffer_init(&buffer, text, size);
	out = out_to_buffer(&buffer);
	for (u32 i = 0; i < VM_COUNT; i++)
		if (s->machine.vms[i].is_used && vm_is_live(&s->machine.vms[i]) && ++count <= 3)
			out_format(&out, "%s%s", count == 1 ? "" : ", ", s->machine.vms[i].report.name);
	if (count > 3)
		out_format(&out, " and %u more", count - 3);
}

void power_begin(struct session *s, struct job *job)
{
	bool is_off = verb_of(job->args.command) == VERB_SHUTDOWN;
	u32 live = machine_live_count(&s->machine);
	char names[128], text[EDIT_PROMPT_BYTES];
	struct fault fault;

	list_live(s, names, sizeof(names));
	if (live && !args_has(&job->args, ARG_YES)) {
		if (job_is_json(job)) {
			fault_set(&fault, RESULT_STATE, "VMs are running: %s. stop-vm them, or say \"yes\"", names);
			job_fail(s, job, &fault);
			return;
		}
		snprintf(text, sizeof(text), "%s anyway? [y/N] ", is_off ? "Switch off" : "Reboot");
		out_format(&s->terminal, "%s %s running and will be cut off.\n", names, live == 1 ? "is" : "are");
		prompt_ask(s, text);
		return;
	}
	if (!job_is_json(job))
		out_text(&s->terminal, is_off ? "Switching off.\n" : "Rebooting.\n");
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
	else
		help_all(&s->terminal);
	job_ok(s, job);
}

void version_begin(struct session *s, struct job *job)
{
	struct json_writer *writer;

	if (job_is_json(job)) {
		writer = job_json_begin(s);
		json_open(writer, "return", '{');
		json_text(writer, "version", VOS_VERSION);
		json_close(writer, '}');
		job_json_end(s, job);
	} else {
		out_format(&s->terminal, "VOS %s\n", VOS_VERSION);
	}
	job_ok(s, job);
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
