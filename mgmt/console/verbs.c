/*
 * verbs.c - what each command does: a table of how it begins and what it does with an answer of root's.
 */
#include <stdio.h>
#include <string.h>

#include "fields.h"
#include "help.h"
#include "session.h"
#include "syscalls.h"
#include "units.h"

struct handler {
	void (*begin)(struct session *s, struct job *job);
	void (*answer)(struct session *s, struct job *job, const struct reply *reply);
};

/* ---- commands that are one request ---- */

void verb_fill_request(struct job *job)
{
	const struct args *args = &job->args;
	struct request *r = &job->request;

	memset(r, 0, sizeof(*r));
	memcpy(r->name, args->name, sizeof(r->name));
	r->spec = args->spec;
	r->fields = fields_of_args(args->given);
	if (args_has(args, ARG_FORCE))
		r->flags |= REQ_FLAG_FORCE;
	if (args_has(args, ARG_DRY_RUN))
		r->flags |= REQ_FLAG_DRY_RUN;
	r->timeout_ms = (u32)(args->timeout_ns / NS_PER_MS);
	if (args->timeout_ns && r->timeout_ms == 0)
		r->timeout_ms = 1;
}

void verb_note_asker(struct session *s, const struct job *job, const char *name, bool is_begun)
{
	enum asker asker = !is_begun ? ASKER_NONE : job->origin == JOB_WIRE ? ASKER_PROGRAM : ASKER_PERSON;
	struct vm_entry *vm = machine_find(&s->machine, name);
	u32 op = job->args.command->op;

	if (vm && (op == REQ_STOP || op == REQ_START) && !args_has(&job->args, ARG_DRY_RUN))
		vm->stop_asker = op == REQ_STOP ? asker : ASKER_NONE;
}

static void begin_request(struct session *s, struct job *job)
{
	verb_fill_request(job);
	verb_note_asker(s, job, job->args.name, true);
	job_send(s, job, (enum request_op)job->args.command->op);
}

static void begin_on_vms(struct session *s, struct job *job)
{
	if (batch_is_meant(job))
		batch_begin(s, job);
	else
		begin_request(s, job);
}

static void say_rounding(const struct out *out, u64 asked, u64 bytes)
{
	char from[UNIT_TEXT_BYTES], to[UNIT_TEXT_BYTES];

	if (asked && asked != bytes)
		out_format(out, "Note: --memory is rounded up, from %s to %s.\n", size_text(from, asked, false),
			size_text(to, bytes, false));
}

/* Worth knowing, but no mistake. */
static void say_notes(const struct out *out, const struct vm_entry *vm, u32 pcpus)
{
	const struct vm_share *share = &vm->report.spec.share;
	u64 online = pcpus < 64 ? BIT64(pcpus) - 1 : ~0ull;
	u32 usable = (u32)__builtin_popcountll(share->affinity & online);

	if (pcpus > 64 && share->affinity == SHARE_ALL_PCPUS)
		usable = pcpus;
	if (vm->report.spec.cpus > usable)
		out_format(out, "Note: its %u vCPUs have %u pCPU%s to run on, and take turns.\n", vm->report.spec.cpus,
			usable, usable == 1 ? "" : "s");
	if (share->class == SCHED_CLASS_RT && share->cap == 0)
		out_text(out, "Note: without a cap it can keep fair VMs from running for as long as it wants.\n");
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

void verb_say_done(const struct out *out, const struct job *job, const char *name, const struct vm_entry *vm)
{
	char size[UNIT_TEXT_BYTES];

	if (args_has(&job->args, ARG_DRY_RUN)) {
		out_format(out, *name ? "%s %s would work. Nothing was changed.\n" :
			"%s%s would work. Nothing was changed.\n", job->args.command->verb, name);
		return;
	}
	switch (verb_of(job->args.command)) {
	case VERB_CREATE:
		out_format(out, "%s is defined: %u vCPU%s, %s. start-vm %s starts it.\n", name,
			job->args.spec.cpus, job->args.spec.cpus == 1 ? "" : "s",
			size_text(size, job->args.spec.memory_bytes, false), name);
		return;
	case VERB_SET:
		if (vm)
			say_set(out, vm, job->request.fields);
		return;
	case VERB_START:
		out_format(out, "%s is running. console %s shows its terminal.\n", name, name);
		return;
	case VERB_NMI:
		out_format(out, "%s has got an NMI\n", name);
		return;
	case VERB_DELETE:
		out_format(out, "%s is deleted\n", name);
		return;
	default:
		if (vm)
			report_state(out, &vm->report);
		return;
	}
}

static bool carries_vm(u32 op)
{
	return (op >= REQ_CREATE && op <= REQ_STATUS && op != REQ_DELETE) || op == REQ_SET || op == REQ_NMI;
}

void verb_take_vm(struct session *s, const struct job *job, const char *name, const struct reply *reply)
{
	struct vm_entry *vm = 0;

	if (reply->result != RESULT_OK || (job->request.flags & REQ_FLAG_DRY_RUN))
		return;
	if (job->request.op == REQ_DELETE)
		machine_forget(&s->machine, name);
	else if (carries_vm(job->request.op))
		vm = machine_update(&s->machine, &reply->vm);
	if (vm && job->origin != JOB_WIRE)
		vm->told_state = vm->report.state;
}

static void answer_request(struct session *s, struct job *job, const struct reply *reply)
{
	struct vm_entry *vm = machine_find(&s->machine, job->args.name);
	struct json_writer *writer;
	struct out out;

	if (job_is_json(job)) {
		writer = job_json_begin(s);
		if (vm)
			json_vm(writer, "return", vm);
		else
			json_raw(writer, "return", "{}");
		job_json_end(s, job);
	} else if (!args_has(&job->args, ARG_QUIET)) {
		out = job_text_begin(s, job);
		verb_say_done(&out, job, job->args.name, vm);
		if (vm && !args_has(&job->args, ARG_DRY_RUN) &&
			(job->request.op == REQ_CREATE || job->request.op == REQ_SET)) {
			say_rounding(&out, job->args.memory_asked_bytes, vm->report.spec.memory_bytes);
			say_notes(&out, vm, s->machine.info->pcpu_count);
		}
		job_text_end(s, job);
	}
	(void)reply;
	job_ok(s, job);
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

static void begin_list(struct session *s, struct job *job)
{
	collect_begin(s, job, BIT32(COLLECT_VMS));
}

static void answer_list(struct session *s, struct job *job, const struct reply *reply)
{
	if (!collect_answer(s, job, reply))
		return;
	for (u32 i = 0; i < VM_COUNT; i++)
		if (s->machine.vms[i].is_used)
			machine_look(&s->machine.vms[i]);
	print(s, job, report_vms, json_vms);
}

static void begin_images(struct session *s, struct job *job)
{
	collect_begin(s, job, BIT32(COLLECT_IMAGES));
}

static void answer_images(struct session *s, struct job *job, const struct reply *reply)
{
	if (collect_answer(s, job, reply))
		print(s, job, report_images, json_images);
}

static void begin_info(struct session *s, struct job *job)
{
	collect_begin(s, job, BIT32(COLLECT_IMAGES) | BIT32(COLLECT_PCPUS) | BIT32(COLLECT_HOST));
}

static void answer_info(struct session *s, struct job *job, const struct reply *reply)
{
	if (!collect_answer(s, job, reply))
		return;
	machine_look_pcpus(&s->machine);
	print(s, job, report_info, json_info);
}

static void begin_accounting(struct session *s, struct job *job)
{
	collect_begin(s, job, BIT32(COLLECT_VMS) | BIT32(COLLECT_PCPUS) | BIT32(COLLECT_MEMORY));
}

static void answer_accounting(struct session *s, struct job *job, const struct reply *reply)
{
	if (collect_answer(s, job, reply))
		print(s, job, report_accounting, json_accounting);
}

static void answer_stats(struct session *s, struct job *job, const struct reply *reply)
{
	struct out out;

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

static void answer_status(struct session *s, struct job *job, const struct reply *reply)
{
	struct vm_entry *vm = machine_find(&s->machine, job->args.name);
	struct out out;

	(void)reply;
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

/* ---- reading what there is at the start: VMs, images, then vos.conf ---- */

void startup_begin(struct session *s, struct job *job)
{
	args_init(&job->args, &commands[VERB_APPLY]);
	collect_begin(s, job, BIT32(COLLECT_VMS) | BIT32(COLLECT_IMAGES));
}

void startup_answer(struct session *s, struct job *job, const struct reply *reply)
{
	if (job->is_applying) {
		apply_answer(s, job, reply);
	} else if (collect_answer(s, job, reply)) {
		job->is_applying = true;
		apply_begin(s, job);
	}
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

static void begin_power(struct session *s, struct job *job)
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
	begin_request(s, job);
}

/* ---- the prompt ---- */

static void begin_help(struct session *s, struct job *job)
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

static void begin_version(struct session *s, struct job *job)
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

static void begin_result(struct session *s, struct job *job)
{
	enum result result = s->last_result;
	const char *class = s->last_class;

	out_format(&s->terminal, "%u %s\n", result, class);
	job_ok(s, job);
	s->last_result = result;
	s->last_class = class;
}

static void begin_clear(struct session *s, struct job *job)
{
	out_text(&s->raw, "\x1b[H\x1b[2J");
	job_ok(s, job);
}

static const struct handler handlers[VERB_COUNT] = {
	[VERB_CREATE] = { begin_request, answer_request },
	[VERB_START] = { begin_on_vms, answer_request },
	[VERB_STOP] = { begin_on_vms, answer_request },
	[VERB_PAUSE] = { begin_on_vms, answer_request },
	[VERB_RESUME] = { begin_on_vms, answer_request },
	[VERB_RESET] = { begin_on_vms, answer_request },
	[VERB_NMI] = { begin_on_vms, answer_request },
	[VERB_DELETE] = { begin_on_vms, answer_request },
	[VERB_SET] = { begin_request, answer_request },
	[VERB_STATUS] = { begin_request, answer_status },
	[VERB_STATS] = { begin_request, answer_stats },
	[VERB_LIST] = { begin_list, answer_list },
	[VERB_TOP] = { top_begin, top_answer },
	[VERB_LOG_VM] = { log_vm_begin, 0 },
	[VERB_CONSOLE] = { console_begin, 0 },
	[VERB_LIST_IMAGE] = { begin_images, answer_images },
	[VERB_APPLY] = { apply_begin, apply_answer },
	[VERB_INFO] = { begin_info, answer_info },
	[VERB_ACCOUNTING] = { begin_accounting, answer_accounting },
	[VERB_VERSION] = { begin_version, 0 },
	[VERB_LOG] = { log_begin, 0 },
	[VERB_REBOOT] = { begin_power, answer_request },
	[VERB_SHUTDOWN] = { begin_power, answer_request },
	[VERB_HELP] = { begin_help, 0 },
	[VERB_CANCEL] = { cancel_begin, cancel_answer },
	[VERB_RESULT] = { begin_result, 0 },
	[VERB_CLEAR] = { begin_clear, 0 },
};

void verb_begin(struct session *s, struct job *job)
{
	if (args_has(&job->args, ARG_HELP)) {
		help_command(&s->terminal, job->args.command);
		job_ok(s, job);
		return;
	}
	handlers[verb_of(job->args.command)].begin(s, job);
}

void verb_answer(struct session *s, struct job *job, const struct reply *reply)
{
	enum verb verb = verb_of(job->args.command);
	struct fault fault;

	if (job->is_canceled && (job->wanted || verb == VERB_APPLY)) {
		job_fail_canceled(s, job);
		return;
	}
	if (job->targets || (job->wanted && batch_is_meant(job))) {
		batch_answer(s, job, reply);
		return;
	}
	verb_take_vm(s, job, job->request.name, reply);
	if (reply->result != RESULT_OK && !job->wanted && verb != VERB_APPLY) {	/* a table ends with a refusal */
		verb_note_asker(s, job, job->args.name, false);
		report_refusal(&fault, &job->request, reply, &s->machine);
		job_fail(s, job, &fault);
		return;
	}
	handlers[verb].answer(s, job, reply);
}
