/* SPDX-License-Identifier: MIT */
/*
 * cancel.c - the command `cancel`: one after the other, ends commands of the same person or program. Root answers those
 * that wait for it at once; what is at another step ends with the next answer, or here.
 */
#include <stdio.h>
#include <string.h>

#include "handlers.h"

static bool has_id(const struct job *job, const char *id)
{
	char quoted[COMMAND_ID_BYTES + 2];

	snprintf(quoted, sizeof(quoted), "\"%s\"", id);
	return strcmp(job->id, id) == 0 || strcmp(job->id, quoted) == 0;
}

static bool is_meant(const struct job *job, const struct job *by)
{
	enum job_origin origin = by->origin == JOB_RPC ? JOB_RPC : JOB_BACKGROUND;

	return job != by && job->is_used && job->session == by->session && job->client_number == by->client_number &&
	       !job->is_canceled && job->origin == origin &&
	       (!args_has(&by->args, ARG_ID) || has_id(job, by->args.id));
}

static void ask_root(struct session *s, struct job *by, u32 id)
{
	memset(&by->request, 0, sizeof(by->request));
	by->request.index = id;
	job_send(s, by, REQ_CANCEL);
}

/* A command on several VMs: one request after the other. True: root was asked for the next. */
static bool cancel_targets(struct session *s, struct job *job, struct job *by)
{
	by->index += job->cancel_at == 0;
	if (job->is_unsent)
		batch_cancel_unsent(s, job);
	if (!job->is_used)	/* the rest was done */
		return false;
	while (job->cancel_at < job->target_sent)
		if (!job->targets[job->cancel_at++].is_done) {
			ask_root(s, by, job->target_id + job->cancel_at - 1);
			return true;
		}
	job->is_canceled = true;
	return false;
}

/* True: root was asked, and its answer brings us back. */
static bool cancel(struct session *s, struct job *job, struct job *by)
{
	bool is_at_root = job->is_waiting && !job->is_unsent;

	if (job->targets)
		return cancel_targets(s, job, by);
	by->index++;
	job->is_canceled = is_at_root || job->index != 0 || job->is_printing;
	if (!is_at_root) {
		job->is_unsent = false;
		job_fail_canceled(s, job);
		return false;
	}
	ask_root(s, by, job->request.id);
	return true;
}

/* Of their number. */
static void canceled_text(const struct out *out, const void *count)
{
	out_format(out, *(const u32 *)count ? "Commands canceled: %u\n" : "No command is running in the background.\n",
		*(const u32 *)count);
}

static void canceled_json(struct json_writer *writer, const char *key, const void *count)
{
	json_open(writer, key, '{');
	json_number(writer, "canceled", *(const u32 *)count);
	json_close(writer, '}');
}

static void done(struct session *s, struct job *by)
{
	static const struct view view = { canceled_text, canceled_json };
	struct cmd_error error;

	if (by->index == 0 && args_has(&by->args, ARG_ID)) {
		error_set(&error, RESULT_NOT_FOUND, "no command with the id %s is in progress", by->args.id);
		job_fail(s, by, &error);
		return;
	}
	job_show(s, by, &view, &by->index);
}

static void next(struct session *s, struct job *by)
{
	for (u32 i = 0; i < JOB_COUNT; i++)
		if (is_meant(&s->console->jobs[i], by) && cancel(s, &s->console->jobs[i], by))
			return;
	done(s, by);
}

void cancel_begin(struct session *s, struct job *job)
{
	next(s, job);
}

void cancel_answer(struct session *s, struct job *job, const struct reply *reply)
{
	(void)reply;
	next(s, job);
}
