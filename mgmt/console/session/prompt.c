/* SPDX-License-Identifier: MIT */
/*
 * prompt.c - the line: keys to the editor, completion, help in place, and starting what was typed.
 */
#include <stdio.h>
#include <string.h>

#include "help.h"
#include "session.h"
#include "units.h"

#define COMPLETIONS_PER_ROW_COLUMNS 79u
#define LOGIN_LINE_BYTES (USER_NAME_BYTES + 8u)

static const char *prompt_text(const struct session *s, char text[EDIT_PROMPT_BYTES])
{
	if (login_is_locked(s))
		return "login: ";
	snprintf(text, EDIT_PROMPT_BYTES, "%s%svos> ", s->login.user, s->login.session ? "@" : "");
	return text;
}

void prompt_show(struct session *s)
{
	char text[EDIT_PROMPT_BYTES];

	s->mode = MODE_PROMPT;
	edit_begin(&s->editor, prompt_text(s, text), true);
}

void prompt_ask(struct session *s, const char *question)
{
	s->mode = MODE_QUESTION;
	edit_begin(&s->editor, question, false);
}

void prompt_ask_secret(struct session *s, const char *question)
{
	s->mode = MODE_SECRET;
	edit_begin_secret(&s->editor, question);
}

bool prompt_can_ask(struct session *s, struct job *job, const char *what)
{
	struct cmd_error error;

	if (!job_is_json(job) && job->origin == JOB_PROMPT)
		return true;
	error_set(&error, RESULT_STATE, "%s. Say \"yes\" if that is meant", what);
	job_fail(s, job, &error);
	return false;
}

static void remember(struct session *s, enum result result, const char *class)
{
	s->last_result = result;
	s->last_class = class;
}

void prompt_check(struct session *s)
{
	if (s->mode == MODE_BUSY && !job_of_prompt(s)->is_used)
		prompt_show(s);
}

/* It was not done, because that was not wanted. */
static void give_up(struct session *s)
{
	struct cmd_error error;

	error_set(&error, RESULT_FAILED, "not done");
	remember(s, error.code, error.class);
}

/* Without a place in the background, what root was asked for goes on, and nobody hears of it. */
static void let_go(struct session *s, struct job *job)
{
	const char *verb = job->args.command->verb;

	if (job_to_background(s, job))
		out_format(&s->terminal, "(%s continues in the background)\n", verb);
	else if (!job->is_unsent)
		out_format(&s->terminal, "(%s continues, unseen: %u commands are in the background)\n", verb,
			   JOB_QUEUE);
	else
		out_format(&s->terminal, "(%s ends, what it began continues: %u commands are in the background)\n",
			   verb, JOB_QUEUE);
}

void prompt_interrupt(struct session *s)
{
	struct job *job = job_of_prompt(s);

	out_text(&s->terminal, "^C\n");
	if (job->is_waiting && !job->args.command->ends_at_interrupt)
		let_go(s, job);
	job_drop(job);
	give_up(s);
}

/* ---- names for completion ---- */

static const char *vm_name(void *context, u32 index)
{
	const struct session *s = context;

	for (u32 i = 0; i < VM_COUNT; i++)
		if (s->console->inventory.vms[i].is_used && index-- == 0)
			return s->console->inventory.vms[i].report.name;
	return 0;
}

static const char *image_name(void *context, u32 index)
{
	const struct session *s = context;

	return index < s->console->inventory.image_count ? s->console->inventory.images[index].name : 0;
}

/* Services as the last listing had them. */
static const char *service_name(void *context, u32 index)
{
	const struct inventory *m = &((const struct session *)context)->console->inventory;

	return index < m->service_count ? m->services[index].name : 0;
}

/* Disks, volumes and pools as the last listing had them. */
static const char *disk_name(void *context, u32 index)
{
	const struct inventory *m = &((const struct session *)context)->console->inventory;

	return index < m->disk_count ? m->disks[index].name : 0;
}

static const char *volume_name(void *context, u32 index)
{
	const struct inventory *m = &((const struct session *)context)->console->inventory;

	for (u32 i = 0; i < m->volume_count; i++)
		if (m->volumes[i].kind != VOLUME_ROW_SNAPSHOT && index-- == 0)
			return m->volumes[i].name;
	return 0;
}

static const char *snapshot_name(void *context, u32 index)
{
	const struct inventory *m = &((const struct session *)context)->console->inventory;

	for (u32 i = 0; i < m->volume_count; i++)
		if (m->volumes[i].kind == VOLUME_ROW_SNAPSHOT && index-- == 0)
			return m->volumes[i].name;
	return 0;
}

static const char *switch_name(void *context, u32 index)
{
	const struct inventory *m = &((const struct session *)context)->console->inventory;

	return index < m->switch_count ? m->switches[index].name : 0;
}

static const char *router_name(void *context, u32 index)
{
	const struct inventory *m = &((const struct session *)context)->console->inventory;

	return index < m->router_count ? m->routers[index].name : 0;
}

static const char *pool_name(void *context, u32 index)
{
	const struct inventory *m = &((const struct session *)context)->console->inventory;

	return index < m->pool_count ? m->pools[index].name : 0;
}

static void list_candidates(struct session *s, const struct completion *completion)
{
	size_t width = 0, column = 0;

	for (u32 i = 0; i < completion->count; i++)
		if (strlen(completion->candidates[i]) > width)
			width = strlen(completion->candidates[i]);
	edit_hide(&s->editor);
	for (u32 i = 0; i < completion->count; i++) {
		if (column && column + width > COMPLETIONS_PER_ROW_COLUMNS) {
			out_text(&s->terminal, "\n");
			column = 0;
		}
		out_format(&s->terminal, "%-*s  ", (int)width, completion->candidates[i]);
		column += width + 2;
	}
	out_text(&s->terminal, "\n");
	edit_show(&s->editor);
}

static bool is_good_name(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text >= 0x7f || strchr("\"'\\#", *text))
			return false;
	return true;
}

static void tab(struct session *s)
{
	struct name_source names = {
		vm_name, image_name, service_name, disk_name, volume_name, switch_name, router_name, pool_name,
		snapshot_name, s,
	};
	struct completion *completion = &s->console->completion;
	size_t common;
	char last;

	complete(s->editor.line, s->editor.cursor, &names, completion);
	common = complete_common(completion);
	if (completion->count == 0 || !is_good_name(completion->candidates[0])) {
		out_text(&s->terminal, "\a");
		return;
	}
	if (common > completion->length)
		edit_insert(&s->editor, completion->candidates[0] + completion->length, common - completion->length);
	else if (completion->count > 1)
		list_candidates(s, completion);
	last = completion->candidates[0][common ? common - 1 : 0];
	if (completion->count == 1 && last != ':' && s->editor.line[s->editor.cursor] != ' ')
		edit_insert(&s->editor, " ", 1);
}

static void question(struct session *s)
{
	struct name_source names = {
		vm_name, image_name, service_name, disk_name, volume_name, switch_name, router_name, pool_name,
		snapshot_name, s,
	};
	char text[EDIT_PROMPT_BYTES];

	if (s->mode != MODE_PROMPT || !complete_wants_help(s->editor.line, s->editor.cursor)) {
		edit_insert(&s->editor, "?", 1);
		return;
	}
	edit_hide(&s->editor);
	out_text(&s->terminal, prompt_text(s, text));
	out_escaped_line(&s->terminal, s->editor.line, s->editor.length);
	out_text(&s->terminal, "?\n");
	complete_help(s->editor.line, s->editor.cursor, &names, &s->terminal);
	edit_show(&s->editor);
}

/* ---- starting commands ---- */

/* At `login: ` a single word that is no command is a user's name. */
static const char *as_login(const struct session *s, const char *line, char text[LOGIN_LINE_BYTES])
{
	bool is_name = name_ok(line) && !command_named(line);

	if (!login_is_locked(s) || !is_name)
		return line;
	snprintf(text, LOGIN_LINE_BYTES, "login %s", line);
	return text;
}

static void run_line(struct session *s, const char *typed)
{
	struct job *job = job_new(s, JOB_PROMPT);
	char text[LOGIN_LINE_BYTES];
	const char *line = as_login(s, typed, text);
	struct cmd_error error;

	if (!command_parse(line, &job->args, &error)) {
		job->is_used = false;
		report_error(&s->terminal, "", &error);
		remember(s, error.code, error.class);
		prompt_show(s);
		return;
	}
	if (!job->args.command) {
		job->is_used = false;
		prompt_show(s);
		return;
	}
	s->mode = MODE_BUSY;
	if (args_has(&job->args, ARG_HELP)) {
		help_command(&s->terminal, job->args.command);
		job_ok(s, job);
		return;
	}
	job_start(s, job);
}

/* The question was whether the command in the prompt's job is meant. */
static void answer(struct session *s, const char *text)
{
	struct job *job = job_of_prompt(s);

	s->mode = MODE_BUSY;
	if (strcmp(text, "y") == 0 || strcmp(text, "yes") == 0 || strcmp(text, "Y") == 0) {
		job->args.given |= ARG_BIT(ARG_YES);
		job_start(s, job);
		return;
	}
	job_drop(job);
	out_text(&s->terminal, "Nothing was done.\n");
	give_up(s);
}

static void answer_secret(struct session *s, const char *text)
{
	struct job *job = job_of_prompt(s);

	job->args.typed_length = strlen(text);
	if (*text == 0) {
		answer(s, "n");
		return;
	}
	job->args.has_typed = true;
	if (job->args.command->takes & (ARG_BIT(ARG_PASSWORD) | ARG_BIT(ARG_NEW_PASSWORD)))
		user_secret(job->args.typed, text, strlen(text));
	else
		pool_secret(job->args.typed, STORE_PASSPHRASE, text, strlen(text));
	edit_wipe(&s->editor);
	s->mode = MODE_BUSY;
	job_start(s, job);
}

static void refuse_line(struct session *s)
{
	struct cmd_error error;

	(void)line_too_long(&error);
	report_error(&s->terminal, "", &error);
	if (s->mode != MODE_PROMPT) {
		answer(s, "n");
		return;
	}
	remember(s, error.code, error.class);
	prompt_show(s);
}

void prompt_feed(struct session *s, char byte)
{
	struct key key = keys_feed(&s->keys, (u8)byte);

	switch (edit_key(&s->editor, &key)) {
	case EDIT_NONE:
		break;
	case EDIT_LINE:
		if (s->mode == MODE_QUESTION)
			answer(s, edit_text(&s->editor));
		else if (s->mode == MODE_SECRET)
			answer_secret(s, edit_text(&s->editor));
		else
			run_line(s, edit_text(&s->editor));
		break;
	case EDIT_TOO_LONG:
		refuse_line(s);
		break;
	case EDIT_CANCEL:
		if (s->mode != MODE_PROMPT)
			answer(s, "n");
		else
			prompt_show(s);
		break;
	case EDIT_TAB:
		if (s->mode == MODE_PROMPT)
			tab(s);
		break;
	case EDIT_QUESTION:
		question(s);
		break;
	case EDIT_CLEAR:
		out_text(&s->raw, "\x1b[H\x1b[2J");
		edit_show(&s->editor);
		break;
	}
}
