/* SPDX-License-Identifier: MIT */
/*
 * networks.c - answers of the commands that show, make, change and delete a switch or a router; and capture,
 * which a prompt can't carry out: it has no file.
 */
#include <stdio.h>
#include <string.h>

#include "handlers.h"

/* ---- show-switch, show-router ---- */

/* Once all is fetched. `kind` is the word for what was looked for. */
static void show_one(struct session *s, struct job *job, bool is_there, const char *kind)
{
	struct storage_look look = { &s->console->inventory, job->args.name };
	struct cmd_error error;

	if (is_there) {
		job_show(s, job, &job->args.command->view, &look);
		return;
	}
	error_set(&error, RESULT_NOT_FOUND, "there is no %s \"%s\". list-%s shows what there is", kind, look.name,
		kind);
	job_fail(s, job, &error);
}

static bool has_switch(const struct inventory *m, const char *name)
{
	for (u32 i = 0; i < m->switch_count; i++)
		if (strcmp(m->switches[i].name, name) == 0)
			return true;
	return false;
}

static bool has_router(const struct inventory *m, const char *name)
{
	for (u32 i = 0; i < m->router_count; i++)
		if (strcmp(m->routers[i].name, name) == 0)
			return true;
	return false;
}

void switches_answer(struct session *s, struct job *job, const struct reply *reply)
{
	if (fetch_answer(s, job, reply))
		show_one(s, job, has_switch(&s->console->inventory, job->args.name), "switch");
}

void routers_answer(struct session *s, struct job *job, const struct reply *reply)
{
	if (fetch_answer(s, job, reply))
		show_one(s, job, has_router(&s->console->inventory, job->args.name), "router");
}

/* ---- changes ---- */

static void done_text(const struct out *out, const void *what)
{
	const struct args *args = what;

	if (args_has(args, ARG_DRY_RUN))
		out_format(out, "%s %s would succeed. Nothing was changed.\n", args->command->verb, args->name);
	else if (args->command->op == REQ_DELETE_SWITCH)
		out_format(out, "switch %s is deleted\n", args->name);
	else if (args->command->op == REQ_DELETE_ROUTER)
		out_format(out, "router %s is deleted\n", args->name);
	else if (args->command->op == REQ_SET_ROUTER)
		out_format(out, "router %s has %u forward%s now\n", args->name, args->router.forward_count,
			args->router.forward_count == 1 ? "" : "s");
	else if (args->command->op == REQ_CREATE_ROUTER)
		out_format(out, "router %s is made. show-router %s shows what it does.\n", args->name, args->name);
	else
		out_format(out, "switch %s is made. create-vm --nic %s gives a VM a network card on it.\n", args->name,
			args->name);
}

static void done_json(struct json_writer *writer, const char *key, const void *what)
{
	(void)what;
	json_raw(writer, key, "{}");
}

void network_answer(struct session *s, struct job *job, const struct reply *reply)
{
	static const struct view view = { done_text, done_json };

	if (!request_is_refused(s, job, reply))
		job_show(s, job, &view, &job->args);
}

/* ---- capture ---- */

void capture_begin(struct session *s, struct job *job)
{
	const struct args *args = &job->args;
	struct cmd_error error;
	char number[16] = "";

	if (args->card != CAPTURE_UPLINK)
		snprintf(number, sizeof(number), "/%u", args->card);
	error_set(&error, RESULT_UNSUPPORTED, "a prompt can't keep frames. On your own machine: vos capture %s%s FILE, "
		"or vos capture %s%s | tcpdump -r -", args->name, number, args->name, number);
	job_fail(s, job, &error);
}
