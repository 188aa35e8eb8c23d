/* SPDX-License-Identifier: MIT */
/*
 * snapshots.c - snapshot-vm, list-snapshot, revert-vm and delete-snapshot.
 */
#include <stdio.h>
#include <string.h>

#include "handlers.h"
#include "session.h"

/* ---- list-snapshot ---- */

void snapshots_begin(struct session *s, struct job *job)
{
	if (!args_has(&job->args, ARG_NAME) || job_vm(s, job))
		listing_begin(s, job);
}

void snapshots_answer(struct session *s, struct job *job, const struct reply *reply)
{
	struct storage_look look = { &s->console->inventory, job->args.name };

	if (fetch_answer(s, job, reply))
		job_show(s, job, &job->args.command->view, &look);
}

/* ---- revert-vm: what is lost is said ---- */

static bool is_of(const struct inventory *m, const struct volume_row *snapshot, const char *vm)
{
	for (u32 i = 0; i < m->volume_count; i++)
		if (m->volumes[i].kind != VOLUME_ROW_SNAPSHOT && strcmp(m->volumes[i].name, snapshot->of) == 0)
			return strcmp(m->volumes[i].vm, vm) == 0;
	return false;
}

/* Of that VM and of that name; NULL: none. */
static const struct volume_row *find(const struct inventory *m, const char *vm, const char *name)
{
	for (u32 i = 0; i < m->volume_count; i++)
		if (m->volumes[i].kind == VOLUME_ROW_SNAPSHOT && strcmp(m->volumes[i].name, name) == 0 &&
		    is_of(m, &m->volumes[i], vm))
			return &m->volumes[i];
	return NULL;
}

/* Those of the same disk that are newer. */
static void list_newer(const struct out *out, const struct inventory *m, const struct volume_row *snapshot)
{
	u32 count = 0;

	for (u32 i = 0; i < m->volume_count; i++) {
		const struct volume_row *v = &m->volumes[i];

		if (v->kind != VOLUME_ROW_SNAPSHOT || v->age <= snapshot->age || strcmp(v->of, snapshot->of) != 0)
			continue;
		out_text(out, count++ ? ", " : "; newer snapshots are deleted: ");
		out_escaped_line(out, v->name, sizeof(v->name));
	}
}

static void ask(struct session *s, struct job *job, const struct volume_row *snapshot)
{
	const char *vm = job->args.name, *name = job->args.snapshot;
	struct out_buffer buffer;
	char text[400];
	struct out out;

	out_buffer_init(&buffer, text, sizeof(text));
	out = out_to_buffer(&buffer);
	out_format(&out, "what %s has written to its disks since snapshot %s is lost", vm, name);
	if (snapshot)	/* else it has just gone, and root says so */
		list_newer(&out, &s->console->inventory, snapshot);
	if (!prompt_can_ask(s, job, text))
		return;
	text[0] = 'W';
	report_line(&s->terminal, "", text);
	snprintf(text, sizeof(text), "Put %s back to %s? [y/N] ", vm, name);
	prompt_ask(s, text);
}

void revert_begin(struct session *s, struct job *job)
{
	if (args_has(&job->args, ARG_YES) || args_has(&job->args, ARG_DRY_RUN))
		request_begin(s, job);
	else
		request_try(s, job);
}

/* ---- what came of it ---- */

struct snapshot_done {
	const struct args *args;
	const struct snapshot_report *report;
};

static void done_text(const struct out *out, const void *what)
{
	const struct snapshot_done *done = what;
	const char *vm = done->args->name, *name = done->args->snapshot;

	if (args_has(done->args, ARG_DRY_RUN))
		out_format(out, "%s %s would succeed. Nothing was changed.\n", done->args->command->verb, vm);
	else if (done->args->command->op == REQ_REVERT_VM)
		out_format(out, "%s has its disks back as they were at snapshot %s\n", vm, name);
	else if (done->args->command->op == REQ_DELETE_SNAPSHOT)
		out_format(out, "snapshot %s of %s is deleted\n", name, vm);
	else
		out_format(out, "snapshot %s of %s is made, of %u disk%s. revert-vm goes back to it.\n",
			done->report->name, vm, done->report->disks, done->report->disks == 1 ? "" : "s");
}

static void done_json(struct json_writer *w, const char *key, const void *what)
{
	const struct snapshot_done *done = what;

	json_open(w, key, '{');
	if (done->args->command->op == REQ_SNAPSHOT_VM && !args_has(done->args, ARG_DRY_RUN)) {
		json_text(w, "name", done->report->name);
		json_text(w, "vm", done->args->name);
		json_number(w, "disks", done->report->disks);
	}
	json_close(w, '}');
}

void snapshot_answer(struct session *s, struct job *job, const struct reply *reply)
{
	static const struct view view = { done_text, done_json };
	struct snapshot_report report = reply->snapshot;
	struct snapshot_done done = { &job->args, &report };

	if (job->wanted != 0) {
		if (!fetch_answer(s, job, reply))
			return;
		ask(s, job, find(&s->console->inventory, job->args.name, job->args.snapshot));
		return;
	}
	report.name[sizeof(report.name) - 1] = 0;
	if (request_is_refused(s, job, reply))
		return;
	if (request_was_tried(job))
		fetch_begin(s, job, BIT32(FETCH_VOLUMES));
	else
		job_show(s, job, &view, &done);
}
