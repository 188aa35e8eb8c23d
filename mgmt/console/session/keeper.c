/* SPDX-License-Identifier: MIT */
/*
 * keeper.c - what root asks for so that the machine's definitions outlive it (REQ_DEFINITIONS): to apply vos.conf, to
 * apply the text that a pool has, and to write a text of what there is now. Root parses no text; this side does not
 * know where it goes.
 *
 * What of a pool's text could not be applied is no less defined: its disk may be there next time. Such statements are
 * written again, word for word, until something of their name exists.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "handlers.h"

static void keeper_answer(struct session *s, struct job *job, const struct reply *reply);

static const struct command keeper_command = { .verb = "definitions", .ops = { .answer = keeper_answer } };

/* The task in hand is done; which is the next one? */
static void ask(struct session *s, struct job *job, u64 bytes)
{
	const struct keeper *keeper = &s->console->keeper;

	memset(&job->request, 0, sizeof(job->request));
	job->request.definitions = (struct definitions_request){ .number = keeper->task.number, .bytes = bytes };
	job_send(s, job, REQ_DEFINITIONS);
}

void keeper_begin(struct session *s)
{
	struct job *job = job_new(s, JOB_KEEPER);

	job->args.command = &keeper_command;
	ask(s, job, 0);
}

/* ---- applying ---- */

/* A copy: the next text is written to where this one is. False: no memory, or root lies. */
static bool take_text(struct console *c)
{
	struct keeper *keeper = &c->keeper;

	free(keeper->text);
	keeper->left_count = 0;
	keeper->bytes = 0;
	keeper->text = keeper->task.bytes <= DEFINITIONS_BYTES ? malloc(keeper->task.bytes + 1) : NULL;
	if (!keeper->text)
		return false;
	keeper->bytes = keeper->task.bytes;
	memcpy(keeper->text, c->ops->definitions, keeper->bytes);
	return true;
}

static void begin_load(struct console *c)
{
	struct keeper *keeper = &c->keeper;

	keeper->is_broken = !take_text(c);
	c->inventory.history_first = HISTORY_BYTES;
	c->startup = (struct apply_source){
		.text = keeper->text, .bytes = keeper->bytes, .is_kept = true, .is_again = keeper->task.is_again != 0,
	};
	snprintf(c->startup.what, sizeof(c->startup.what), "pool %s", keeper->task.pool);
}

static void begin_conf(struct console *c)
{
	c->inventory.history_first = 0;
	c->startup = (struct apply_source){ .text = c->conf, .bytes = c->conf_bytes, .what = "vos.conf" };
}

static bool is_there(struct console *c, const struct left *left)
{
	if (left->op == REQ_CREATE_SWITCH)
		return inventory_switch(&c->inventory, left->name) != NULL;
	if (left->op == REQ_CREATE_ROUTER)
		return inventory_router(&c->inventory, left->name) != NULL;
	return inventory_find(&c->inventory, left->name) != NULL;
}

/* The last place takes all that follows. */
static struct left *add_left(struct keeper *keeper, struct config_span span)
{
	struct left *last = &keeper->left[KEEPER_LEFT - 1];

	if (keeper->left_count == KEEPER_LEFT) {
		*last = (struct left){ .span = { last->span.from, (u32)keeper->bytes } };
		return last;
	}
	keeper->left[keeper->left_count] = (struct left){ .span = span };
	return &keeper->left[keeper->left_count++];
}

/* What could not be applied, once the rest is. */
static void find_left(struct console *c)
{
	for (u32 i = 0; i < c->apply.bad_count; i++)
		(void)add_left(&c->keeper, c->apply.bad[i]);
	for (u32 i = 0; i < apply_entry_count(c); i++) {
		const struct args *args = apply_entry(c, i);
		struct left *left;

		if (!c->apply.rows[i].has_fault)
			continue;
		left = add_left(&c->keeper, c->apply.rows[i].span);
		memcpy(left->name, args->name, sizeof(left->name));
		left->op = args->command->op;
	}
}

/* ---- writing ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

u32 keeper_left(struct console *c, u32 number, const char **text)
{
	struct left *left = &c->keeper.left[number];

	if (left->name[0] && is_there(c, left))
		left->span.to = left->span.from;	/* that is what is defined from now on */
	*text = c->keeper.text + left->span.from;
	while (left->span.to > left->span.from && is_blank(c->keeper.text[left->span.to - 1]))
		left->span.to--;
	return left->span.to > left->span.from ? left->span.to - left->span.from : 0;
}

bool keeper_waits(struct console *c, enum request_op op, const char *name)
{
	const char *text;

	for (u32 i = 0; i < c->keeper.left_count; i++)
		if (c->keeper.left[i].op == op && strcmp(c->keeper.left[i].name, name) == 0 &&
		    keeper_left(c, i, &text) != 0)
			return true;
	return false;
}

static void write_left(const struct out *out, struct console *c)
{
	const char *text;

	for (u32 i = 0; i < c->keeper.left_count; i++) {
		u32 bytes = keeper_left(c, i, &text);

		out_bytes(out, text, bytes);
		out_text(out, bytes != 0 ? "\n" : "");
	}
}

/* 0: there is no room for it. */
static u64 write_text(struct session *s)
{
	struct console *c = s->console;
	struct export_what what = { s, "" };
	struct out_buffer buffer;
	struct out out;

	out_buffer_init(&buffer, c->ops->definitions, DEFINITIONS_BYTES);
	out = out_to_buffer(&buffer);
	export_text(&out, &what);
	write_left(&out, c);
	return buffer.is_full || c->keeper.is_broken ? 0 : buffer.used;
}

/* ---- tasks ---- */

/* Where they are kept, if that is news. */
static void tell(struct session *s)
{
	struct keeper *keeper = &s->console->keeper;
	const struct definitions_report *r = &keeper->task;
	struct out out;

	if (r->task == DEFINITIONS_LOAD && r->is_again)
		return;
	if (keeper->is_told && keeper->told_place == r->place && strcmp(keeper->told_pool, r->pool) == 0)
		return;
	keeper->is_told = true;
	keeper->told_place = r->place;
	memcpy(keeper->told_pool, r->pool, sizeof(keeper->told_pool));
	out = notice_begin(s);
	report_definitions(&out, r);
	if (r->task == DEFINITIONS_LOAD && keeper->left_count != 0)
		out_format(&out, "%u of its statements could not be applied, and %s: forget-definitions shows them.\n",
			   keeper->left_count, keeper->left_count == 1 ? "stays" : "stay");
	if (r->task == DEFINITIONS_LOAD && s->console->conf_bytes)
		out_text(&out, "vos.conf of the boot medium is not applied: they count. apply-config applies it.\n");
	notice_end(s);
}

static void begin_task(struct session *s, struct job *job)
{
	struct console *c = s->console;

	switch ((enum definitions_task)c->keeper.task.task) {
	case DEFINITIONS_SAVE:
		tell(s);
		fetch_begin(s, job, BIT32(FETCH_VMS) | BIT32(FETCH_SWITCHES) | BIT32(FETCH_ROUTERS) |
				       BIT32(FETCH_SERVICES));
		return;
	case DEFINITIONS_LOAD:
		begin_load(c);
		c->keeper.is_apply_due = true;
		return;
	case DEFINITIONS_CONF:
		begin_conf(c);
		c->keeper.is_apply_due = true;
		return;
	case DEFINITIONS_TELL:
		tell(s);
		break;
	case DEFINITIONS_NOTHING: case DEFINITIONS_TASK_COUNT:
		break;
	}
	ask(s, job, 0);
}

static void keeper_answer(struct session *s, struct job *job, const struct reply *reply)
{
	struct keeper *keeper = &s->console->keeper;

	if (job->wanted) {
		if (fetch_answer(s, job, reply))
			ask(s, job, write_text(s));
		return;
	}
	if (reply->result != RESULT_OK) {	/* another one asks already: never */
		job_drop(job);
		return;
	}
	keeper->task = reply->definitions;
	keeper->task.pool[sizeof(keeper->task.pool) - 1] = 0;
	keeper->task.other[sizeof(keeper->task.other) - 1] = 0;
	snprintf(s->console->inventory.waiting_pool, sizeof(keeper->task.pool), "%s",
		keeper->task.place == DEFINITIONS_AWAITED ? keeper->task.pool : "");
	begin_task(s, job);
}

static void begin_apply(struct session *s)
{
	struct job *job = job_new(s, JOB_STARTUP);

	args_init(&job->args, command_named("apply-config"));
	job_start(s, job);
}

/* One at a time: an operator's apply-config ends first. */
void keeper_turn(struct console *c)
{
	struct keeper *keeper = &c->keeper;
	struct job *job = job_of_keeper(c);

	if ((!keeper->is_apply_due && !keeper->is_applying) || apply_is_on(c))
		return;
	if (keeper->is_apply_due) {
		keeper->is_apply_due = false;
		keeper->is_applying = true;
		begin_apply(job->session);
		return;
	}
	keeper->is_applying = false;
	keeper->is_settled = true;
	c->inventory.are_vms_coming = false;
	c->inventory.history_first = 0;
	if (c->startup.is_kept)
		find_left(c);
	tell(job->session);
	ask(job->session, job, 0);
}
