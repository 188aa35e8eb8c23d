/* SPDX-License-Identifier: MIT */
/*
 * services.c - restart-service: asks root for the names of all services first, for completion and for what is said of a
 * name that is none.
 */
#include <string.h>

#include "handlers.h"

static const struct service_report *service_find(const struct inventory *m, const char *name)
{
	for (u32 i = 0; i < m->service_count; i++)
		if (strcmp(m->services[i].name, name) == 0)
			return &m->services[i];
	return 0;
}

static void refuse(struct session *s, struct job *job)
{
	const struct inventory *m = &s->console->inventory;
	struct cmd_error error;
	struct out_buffer buffer;
	static char names[INVENTORY_SERVICES * (VM_NAME_BYTES + 2)];	/* too large for the stack */
	struct out out;

	out_buffer_init(&buffer, names, sizeof(names));
	out = out_to_buffer(&buffer);
	for (u32 i = 0; i < m->service_count; i++)
		out_format(&out, "%s%s", i ? ", " : "", m->services[i].name);
	error_set(&error, RESULT_NOT_FOUND, "there is no service \"%s\". There are %s", job->args.name, names);
	job_fail(s, job, &error);
}

static void done_text(const struct out *out, const void *what)
{
	const struct args *args = what;

	if (args_has(args, ARG_DRY_RUN))
		out_format(out, "%s %s would succeed. Nothing was changed.\n", args->command->verb, args->name);
	else if (strcmp(args->name, "store") == 0)
		out_text(out, "store and the drivers of disks are restarted. VMs' requests to disks wait for them.\n");
	else
		out_format(out, "%s is restarted. list-service shows its state.\n", args->name);
}

static void done_json(struct json_writer *writer, const char *key, const void *what)
{
	(void)what;
	json_raw(writer, key, "{}");
}

void service_begin(struct session *s, struct job *job)
{
	fetch_begin(s, job, BIT32(FETCH_SERVICES));
}

void service_answer(struct session *s, struct job *job, const struct reply *reply)
{
	static const struct view view = { done_text, done_json };

	if (job->wanted == 0) {
		if (!request_is_refused(s, job, reply))
			job_show(s, job, &view, &job->args);
	} else if (fetch_answer(s, job, reply)) {
		if (service_find(&s->console->inventory, job->args.name))
			request_begin(s, job);
		else
			refuse(s, job);
	}
}
