/* SPDX-License-Identifier: MIT */
/*
 * job_time.c - what is due of the commands under way: to go on, the end of --wait, and a hint that it takes long.
 */
#include "session.h"
#include "units.h"

#define HINT_NS NS_PER_SECOND

static u64 wait_end(const struct job *job)
{
	/* what was not sent would not go on */
	bool is_all_sent = job->targets ? !job->is_unsent : !args_has(&job->args, ARG_ALL);

	return job->is_waiting && is_all_sent && job->args.wait_ns && job->origin != JOB_BACKGROUND ?
		       job->begun_ns + job->args.wait_ns :
		       ~0ull;
}

static u64 hint_at(const struct job *job)
{
	bool is_silent =
		job->is_hinted || job->origin != JOB_PROMPT || job_is_json(job) || args_has(&job->args, ARG_QUIET);

	return job->is_waiting && !is_silent ? job->begun_ns + HINT_NS : ~0ull;
}

/* --wait=TIME is over: the work goes on, whoever waited is told so. */
static void stop_waiting(struct session *s, struct job *job)
{
	bool is_batch = job->targets != NULL, is_kept = job->origin != JOB_PROMPT || job_to_background(s, job);
	const char *where = is_kept ? " in the background" : ", but its result will not be shown";
	struct cmd_error error;
	char text[UNIT_TEXT_BYTES];

	if (is_batch)
		error_set(&error, RESULT_TIMEOUT, "%s has not finished for all %u VMs after %s. It continues%s; see "
			"list-vm", job->args.command->verb, job->target_count,
			seconds_text(text, job->args.wait_ns), where);
	else if (args_has(&job->args, ARG_VOLUME))
		error_set(&error, RESULT_TIMEOUT, "%s %s has not finished after %s. It continues%s; see list-volume",
			job->args.command->verb, job->args.spec.disks[0].volume,
			seconds_text(text, job->args.wait_ns), where);
	else
		error_set(&error, RESULT_TIMEOUT, "%s %s has not finished after %s. It continues%s; see status-vm",
			job->args.command->verb, job->args.name, seconds_text(text, job->args.wait_ns), where);
	job->is_waiting = false;
	job_fail(s, job, &error);
}

/* What is due of a command. */
static void pump(struct job *job, u64 now)
{
	struct session *s = job->session;

	if (job->wake_ns && now >= job->wake_ns) {
		job->wake_ns = 0;
		job->args.command->ops.proceed(s, job);
	} else if (job->is_printing) {
		job->args.command->ops.proceed(s, job);
	} else if (now >= wait_end(job)) {
		stop_waiting(s, job);
	} else if (now >= hint_at(job)) {
		job->is_hinted = true;
		out_format(&s->terminal, "(%s %s; Ctrl-C leaves it to the background)\n", job->args.command->verb,
			job->is_unsent && job_is_early(job) ? "waits for the definitions of VMs and networks" :
							      "is in progress");
	}
}

void job_pump(struct console *c)
{
	u64 now = c->ops->now_ns(c->ops->context);

	job_send_unsent(c);
	for (u32 i = 0; i < JOB_COUNT; i++)
		if (c->jobs[i].is_used)
			pump(&c->jobs[i], now);
}

u64 job_deadline_ns(const struct console *c)
{
	u64 deadline = ~0ull;

	for (u32 i = 0; i < JOB_COUNT; i++) {
		const struct job *job = &c->jobs[i];

		if (!job->is_used)
			continue;
		if (job->wake_ns && job->wake_ns < deadline)
			deadline = job->wake_ns;
		if (wait_end(job) < deadline)
			deadline = wait_end(job);
		if (hint_at(job) < deadline)
			deadline = hint_at(job);
		if (job->is_unsent && job_is_early(job) && job_early_until_ns(c) < deadline)
			deadline = job_early_until_ns(c);
	}
	return deadline;
}
