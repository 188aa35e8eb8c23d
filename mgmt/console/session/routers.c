/* SPDX-License-Identifier: MIT */
/*
 * routers.c - show-router, create-router, set-router and delete-router.
 */
#include <string.h>

#include "handlers.h"

static bool is_there(const struct inventory *m, const char *name)
{
	for (u32 i = 0; i < m->router_count; i++)
		if (strcmp(m->routers[i].name, name) == 0)
			return true;
	return false;
}

void routers_answer(struct session *s, struct job *job, const struct reply *reply)
{
	struct storage_look look = { &s->console->inventory, job->args.name };
	struct cmd_error error;

	if (!fetch_answer(s, job, reply))
		return;
	if (is_there(look.inventory, look.name)) {
		job_show(s, job, &job->args.command->view, &look);
		return;
	}
	error_set(&error, RESULT_NOT_FOUND, "there is no router \"%s\". list-router shows what there is", look.name);
	job_fail(s, job, &error);
}

static void done_text(const struct out *out, const void *what)
{
	const struct args *args = what;

	if (args_has(args, ARG_DRY_RUN))
		out_format(out, "%s %s would succeed. Nothing was changed.\n", args->command->verb, args->name);
	else if (args->command->op == REQ_DELETE_ROUTER)
		out_format(out, "router %s is deleted\n", args->name);
	else if (args->command->op == REQ_SET_ROUTER)
		out_format(out, "router %s has %u forward%s now\n", args->name, args->router.forward_count,
			args->router.forward_count == 1 ? "" : "s");
	else
		out_format(out, "router %s is made. show-router %s shows what it does.\n", args->name, args->name);
}

static void done_json(struct json_writer *writer, const char *key, const void *what)
{
	(void)what;
	json_raw(writer, key, "{}");
}

void router_answer(struct session *s, struct job *job, const struct reply *reply)
{
	static const struct view view = { done_text, done_json };

	if (!request_is_refused(s, job, reply))
		job_show(s, job, &view, &job->args);
}
