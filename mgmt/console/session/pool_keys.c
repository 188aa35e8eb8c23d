/* SPDX-License-Identifier: MIT */
/*
 * pool_keys.c - set-pool and unlock-pool: a passphrase is asked for, unseen, and only its hash is kept, until root has
 * it.
 */
#include <stdio.h>
#include <string.h>

#include "handlers.h"
#include "session.h"

#define PASSPHRASE_MIN 8u

static const char *pool_name(const struct job *job)
{
	return job->args.spec.disks[0].volume;
}

static bool is_set(const struct job *job)
{
	return job->args.command->op == REQ_SET_POOL_KEY;
}

static void refuse(struct session *s, struct job *job, const char *why)
{
	struct cmd_error error;

	error_set(&error, RESULT_USAGE, "%s", why);
	job_fail(s, job, &error);
}

static void send(struct session *s, struct job *job)
{
	request_fill(job);
	job->request.index = job->args.key_way;
	memcpy(job->request.secret, job->args.secret, sizeof(job->request.secret));
	explicit_bzero(job->args.secret, sizeof(job->args.secret));
	job_send(s, job, (enum request_op)job->args.command->op);
	if (!job->is_unsent)
		explicit_bzero(job->request.secret, sizeof(job->request.secret));
}

static void ask(struct session *s, const struct job *job)
{
	const char *what = !is_set(job) ? "Passphrase" : job->args.is_secret_given ? "Again" : "New passphrase";
	char text[EDIT_PROMPT_BYTES];

	snprintf(text, sizeof(text), "%s of pool %.23s: ", what, pool_name(job));
	prompt_ask_secret(s, text);
}

/* For a pool that there is not, or that has no key, nobody is asked. */
static void try_first(struct session *s, struct job *job)
{
	request_fill(job);
	job->request.index = STORE_PASSPHRASE;
	job->request.flags |= REQ_FLAG_DRY_RUN;
	job_send(s, job, (enum request_op)job->args.command->op);
}

/* What was typed: a new passphrase has to be typed twice. */
static void take(struct session *s, struct job *job)
{
	struct args *args = &job->args;
	size_t length = args->typed_length;

	args->typed_length = 0;
	if (!args->is_secret_given) {
		memcpy(args->secret, args->typed, sizeof(args->secret));
		args->is_secret_given = true;
		if (is_set(job) && length < PASSPHRASE_MIN)
			refuse(s, job, "a passphrase has at least 8 characters. Nothing was changed");
		else if (is_set(job))
			ask(s, job);
		else
			args->key_way = STORE_PASSPHRASE;
	} else if (memcmp(args->typed, args->secret, sizeof(args->secret)) == 0) {
		args->key_way = STORE_PASSPHRASE;
	} else {
		refuse(s, job, "the two were not the same. Nothing was changed");
	}
	explicit_bzero(args->typed, sizeof(args->typed));
}

void key_begin(struct session *s, struct job *job)
{
	struct args *args = &job->args;
	bool is_prompt = job->origin == JOB_PROMPT && !job_is_json(job);

	if (args_has(args, ARG_PASSPHRASE) + args_has(args, ARG_SECRET) + args_has(args, ARG_KEY) +
		args_has(args, ARG_KEY_MODULE) > 1)
		refuse(s, job, "give one of --passphrase and --key-module");
	else if (job->origin == JOB_PROMPT && (args_has(args, ARG_SECRET) || args_has(args, ARG_KEY)))
		refuse(s, job, "that is for programs: a line is remembered. Leave it out, and you are asked");
	else if (args_has(args, ARG_KEY_MODULE))
		args->key_way = STORE_KEY_FILE;
	else if (is_set(job) && args->key_way == 0 && !args_has(args, ARG_PASSPHRASE))
		refuse(s, job, "what is to be set? --passphrase asks for one, --key-module IMAGE takes a key file");
	else if (args->key_way == 0 && !is_prompt)
		refuse(s, job, "a program gives the passphrase as \"secret\"");
	else if (args->typed_length > 0)
		take(s, job);
	else if (args->key_way == 0)
		try_first(s, job);
	if (job->is_used && args->key_way != 0)
		send(s, job);
}

/* ---- the answer ---- */

static void done_text(const struct out *out, const void *what)
{
	const struct job *job = what;

	if (args_has(&job->args, ARG_DRY_RUN))
		out_format(out, "%s %s would succeed. Nothing was changed.\n", job->args.command->verb, pool_name(job));
	else if (is_set(job))
		out_format(out, "pool %s has a new %s. Without it, what is encrypted there is lost.\n", pool_name(job),
			job->args.key_way == STORE_KEY_FILE ? "key" : "passphrase");
	else
		out_format(out, "pool %s is unlocked\n", pool_name(job));
}

static void done_json(struct json_writer *writer, const char *key, const void *what)
{
	(void)what;
	json_raw(writer, key, "{}");
}

void key_answer(struct session *s, struct job *job, const struct reply *reply)
{
	static const struct view view = { done_text, done_json };
	struct cmd_error error;

	explicit_bzero(job->request.secret, sizeof(job->request.secret));
	if (reply->result == RESULT_OK && request_was_tried(job)) {
		ask(s, job);
		return;
	}
	if (reply->result == RESULT_OK) {
		job_show(s, job, &view, job);
		return;
	}
	report_refusal(&error, &job->request, reply, &s->console->inventory);
	job_fail(s, job, &error);
}
