/* SPDX-License-Identifier: MIT */
/*
 * forget.c - forget-definitions: statements of a pool's text that could not be applied stay in it, word for word; a
 * person sees them, and drops them.
 */
#include <string.h>

#include "handlers.h"

struct forgotten {
	struct console *console;
	u32 dropped;
};

static void forget_text(const struct out *out, const void *what)
{
	const struct forgotten *f = what;
	const char *text;
	u32 shown = 0;

	if (f->dropped != 0) {
		out_format(out, "%u statement%s dropped.\n", f->dropped, f->dropped == 1 ? " is" : "s are");
		return;
	}
	for (u32 i = 0; i < f->console->keeper.left_count; i++) {
		u32 bytes = keeper_left(f->console, i, &text);

		if (bytes == 0)
			continue;
		shown++;
		out_escaped(out, text, bytes);
		out_text(out, "\n");
	}
	if (shown != 0)
		out_text(out, "# These could not be applied; forget-definitions --yes drops them.\n");
	else if (!f->console->keeper.is_settled)
		out_text(out, "Definitions are not applied yet. Try again later.\n");
	else
		out_text(out, "Nothing is left that could not be applied. See info: where definitions are.\n");
}

static void forget_json(struct json_writer *writer, const char *key, const void *what)
{
	const struct forgotten *f = what;
	const char *text;

	json_open(writer, key, '{');
	json_number(writer, "dropped", f->dropped);
	json_open(writer, "statements", '[');
	for (u32 i = 0; i < f->console->keeper.left_count; i++) {
		u32 bytes = keeper_left(f->console, i, &text);

		if (bytes != 0)
			json_bytes(writer, 0, text, bytes);
	}
	json_close(writer, ']');
	json_close(writer, '}');
}

static const struct view view = { forget_text, forget_json };

void forget_begin(struct session *s, struct job *job)
{
	struct keeper *keeper = &s->console->keeper;
	struct forgotten f = { .console = s->console };
	const char *text;

	job->index = 0;
	for (u32 i = 0; i < keeper->left_count; i++)
		job->index += keeper_left(s->console, i, &text) != 0;
	if (job->index == 0 || !args_has(&job->args, ARG_YES)) {
		job_show(s, job, &view, &f);
		return;
	}
	keeper->left_count = 0;
	memset(&job->request, 0, sizeof(job->request));
	job_send(s, job, REQ_KEEP);
}

void forget_answer(struct session *s, struct job *job, const struct reply *reply)
{
	struct forgotten f = { .console = s->console, .dropped = job->index };

	if (!request_is_refused(s, job, reply))
		job_show(s, job, &view, &f);
}
