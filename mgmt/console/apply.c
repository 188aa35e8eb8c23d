/*
 * apply.c - vos.conf made true: VMs that it names and that are not there are created, and started if it says so. What
 * is there is never changed.
 */
#include <string.h>

#include "config.h"
#include "session.h"
#include "units.h"

struct reading {
	struct session *s;
	struct job *job;
	u32 mistakes;
};

static void on_vm(void *context, const struct args *args)
{
	struct reading *reading = context;

	if (reading->s->config_count < VM_COUNT)
		reading->s->config[reading->s->config_count++] = *args;
}

static void on_mistake(void *context, u32 line, u32 column, const char *text)
{
	struct reading *reading = context;
	struct out out = job_text_begin(reading->s, reading->job);

	reading->mistakes++;
	out_format(&out, "vos.conf:%u:%u: ", line, column);
	out_foreign_line(&out, text, FAULT_TEXT_BYTES);
	out_text(&out, "\n");
	job_text_end(reading->s, reading->job);
}

/* Does a VM that is there differ from what the file says? Only what the file says is looked at. */
static bool differs(const struct vm_spec *is, const struct args *args)
{
	const struct vm_spec *want = &args->spec;

	return is->cpus != want->cpus || is->memory_bytes != want->memory_bytes || is->platform != want->platform ||
		is->restart != want->restart || is->restart_limit != want->restart_limit ||
		(args_has(args, ARG_CLASS) && is->share.class != want->share.class) ||
		(args_has(args, ARG_WEIGHT) && is->share.weight != want->share.weight) ||
		(args_has(args, ARG_CAP) && is->share.cap != want->share.cap) ||
		(args_has(args, ARG_AFFINITY) && is->share.affinity != want->share.affinity) ||
		(args_has(args, ARG_MEMORY_POLICY) && is->memory_policy != want->memory_policy) ||
		(args_has(args, ARG_KERNEL) && strcmp(is->kernel, want->kernel) != 0) ||
		(args_has(args, ARG_INITRD) && strcmp(is->initrd, want->initrd) != 0) ||
		(args_has(args, ARG_CMDLINE) && strcmp(is->cmdline, want->cmdline) != 0);
}

static void say(struct session *s, struct job *job, const char *mark, const struct args *args, const char *text)
{
	struct out out;

	if (args_has(&job->args, ARG_QUIET) || job->origin == JOB_STARTUP)
		return;
	out = job_text_begin(s, job);
	out_format(&out, "%s %s: %s\n", mark, args->name, text);
	job_text_end(s, job);
}

static void send(struct session *s, struct job *job, const struct args *args, enum request_op op)
{
	memset(&job->request, 0, sizeof(job->request));
	memcpy(job->request.name, args->name, sizeof(job->request.name));
	job->request.spec = args->spec;
	job_send(s, job, op);
}

static void finish(struct session *s, struct job *job)
{
	if (s->config_count == 0 && s->conf_bytes == 0)
		say(s, job, "vos.conf", &job->args, "there is none on this boot medium");
	job_ok(s, job);
}

/* Go on with the next VM that needs a request. */
static void next(struct session *s, struct job *job)
{
	for (; job->index < s->config_count; job->index++) {
		const struct args *args = &s->config[job->index];
		const struct vm_entry *vm = machine_find(&s->machine, args->name);

		if (vm && differs(&vm->report.spec, args)) {
			say(s, job, "!", args, "is there and differs; delete-vm it first to have it as in vos.conf");
		} else if (vm) {
			say(s, job, "=", args, "is there");
		} else if (args_has(&job->args, ARG_DRY_RUN)) {
			say(s, job, "+", args, args->autostart ? "would be created and started" : "would be created");
		} else {
			send(s, job, args, REQ_CREATE);
			return;
		}
	}
	finish(s, job);
}

static bool is_taken(const struct session *s, const struct job *job)
{
	for (u32 i = 0; i < JOB_COUNT; i++) {
		const struct job *other = &s->jobs[i];

		if (other != job && other->is_used && other->args.command == &commands[VERB_APPLY])
			return true;
	}
	return false;
}

void apply_begin(struct session *s, struct job *job)
{
	struct reading reading = { s, job, 0 };
	struct config_ops ops = { on_vm, on_mistake, &reading };
	struct fault fault;

	if (is_taken(s, job)) {
		fault_set(&fault, RESULT_STATE, "vos.conf is being applied already. Try again in a moment");
		job_fail(s, job, &fault);
		return;
	}
	s->config_count = 0;
	if (s->conf_bytes)
		config_parse(s->conf, s->conf_bytes, &ops);
	job->index = 0;
	next(s, job);
}

static void failed(struct session *s, struct job *job, const struct reply *reply)
{
	struct fault fault;
	struct out out = job_text_begin(s, job);

	report_refusal(&fault, &job->request, reply, &s->machine);
	out_format(&out, "vos.conf: %s: ", job->request.name);
	report_fault(&out, &fault);
	job_text_end(s, job);
}

void apply_answer(struct session *s, struct job *job, const struct reply *reply)
{
	const struct args *args = &s->config[job->index];
	bool is_created = job->request.op == REQ_CREATE;

	if (reply->result != RESULT_OK) {
		failed(s, job, reply);
	} else {
		(void)machine_update(&s->machine, &reply->vm);
		say(s, job, "+", args, is_created ? "created" : "started");
		if (is_created && args->autostart) {
			send(s, job, args, REQ_START);
			return;
		}
	}
	job->index++;
	next(s, job);
}
