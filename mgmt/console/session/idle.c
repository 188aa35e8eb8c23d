/* SPDX-License-Identifier: MIT */
/*
 * idle.c - see idle.h.
 */
#include "idle.h"

#include <stdio.h>
#include <string.h>

#include "units.h"

#define IDLE_NS (15 * 60 * NS_PER_SECOND)

/* A command that changes something is under way, and its person may wait for it. */
static bool is_waited_for(struct session *s)
{
	const struct job *job = job_of_prompt(s);

	return s->mode == MODE_BUSY && job->is_used && !command_only_reads(job->args.command);
}

u64 idle_deadline_ns(struct session *s)
{
	return s->login.session != 0 && !is_waited_for(s) ? s->key_ns + IDLE_NS : ~0ull;
}

/* Whatever has the line gives it back. */
static void leave(struct session *s)
{
	input_discard(s);
	if (s->mode == MODE_TOP)
		top_interrupt(s);
	else if (s->mode == MODE_BUSY)
		prompt_interrupt(s);
	else if (s->mode == MODE_QUESTION || s->mode == MODE_SECRET)
		job_drop(job_of_prompt(s));
	else if (s->mode != MODE_PROMPT)
		attach_leave(s);
	edit_hide(&s->editor);
}

void idle_log_out(struct session *s, const char *why)
{
	struct console *c = s->console;
	struct login login = s->login;

	if (login.session == 0)
		return;
	leave(s);
	if (c->logout_count < SESSIONS_MAX)
		c->logouts[c->logout_count++] = login.session;
	memset(&s->login, 0, sizeof(s->login));
	edit_wipe(&s->editor);
	edit_forget(&s->editor);
	out_format(&s->terminal, "[%s is logged out: %s]\n", login.user, why);
	prompt_show(s);
}

void idle_check(struct session *s)
{
	if (session_now(s) >= idle_deadline_ns(s))
		idle_log_out(s, "15 minutes without a key");
}
