/* SPDX-License-Identifier: MIT */
/*
 * storage.c - list-disk, list-pool, list-volume, create-volume and delete-volume.
 */
#include "handlers.h"
#include "session.h"
#include "units.h"

static const char *name_wanted(const struct args *args)
{
	if (args_has(args, ARG_VOLUME) || args_has(args, ARG_POOL))
		return args->spec.disks[0].volume;
	return args_has(args, ARG_DISK_NAME) ? args->spec.disks[0].on : "";
}

static bool is_there(const struct inventory *m, const struct args *args)
{
	const char *name = name_wanted(args);

	if (*name == 0)
		return true;
	for (u32 i = 0; args_has(args, ARG_DISK_NAME) && i < m->disk_count; i++)
		if (strcmp(m->disks[i].name, name) == 0)
			return true;
	for (u32 i = 0; args_has(args, ARG_POOL) && i < m->pool_count; i++)
		if (strcmp(m->pools[i].name, name) == 0)
			return true;
	for (u32 i = 0; args_has(args, ARG_VOLUME) && i < m->volume_count; i++)
		if (strcmp(m->volumes[i].name, name) == 0)
			return true;
	return false;
}

void storage_answer(struct session *s, struct job *job, const struct reply *reply)
{
	struct storage_look look = { &s->console->inventory, name_wanted(&job->args) };
	struct cmd_error error;

	if (!fetch_answer(s, job, reply))
		return;
	if (is_there(look.inventory, &job->args)) {
		job_show(s, job, &job->args.command->view, &look);
		return;
	}
	error_set(&error, RESULT_NOT_FOUND, "there is no %s \"%s\". %s shows what there is",
		args_has(&job->args, ARG_VOLUME) ? "volume" : args_has(&job->args, ARG_POOL) ? "pool" : "disk",
		look.name, job->args.command->verb);
	job_fail(s, job, &error);
}

/* ---- create-volume, delete-volume ---- */

struct volume_done {
	const struct args *args;
	const struct volume_row *row;
};

static void done_text(const struct out *out, const void *what)
{
	const struct volume_done *done = what;
	const char *name = done->args->spec.disks[0].volume;
	char size[UNIT_TEXT_BYTES] = "no";

	if (args_has(done->args, ARG_DRY_RUN)) {
		out_format(out, "%s %s would succeed. Nothing was changed.\n", done->args->command->verb, name);
	} else if (done->args->command->op == REQ_RENAME_VOLUME) {
		out_format(out, "volume %s is called %s now\n", name, done->args->spec.disks[1].volume);
	} else if (done->args->command->op == REQ_SET_VOLUME) {
		if (done->args->spec.disks[0].bytes != 0)
			size_text(size, done->args->spec.disks[0].bytes, false);
		out_format(out, "volume %s has %s room kept in its pool\n", name, size);
	} else if (done->args->command->op == REQ_DELETE_VOLUME) {
		out_format(out, "volume %s is deleted\n", name);
	} else {
		report_volume(out, done->row);
		out_format(out, args_has(done->args, ARG_UPLOAD) ? ". It waits for an upload, 5 minutes.\n"
			: ". create-vm --disk volume=%s gives it to a VM.\n", name);
	}
}

static void done_json(struct json_writer *writer, const char *key, const void *what)
{
	const struct volume_done *done = what;

	if (args_has(done->args, ARG_DRY_RUN) || done->args->command->op != REQ_CREATE_VOLUME)
		json_raw(writer, key, "{}");
	else
		json_volume(writer, key, done->row);
}

void volume_answer(struct session *s, struct job *job, const struct reply *reply)
{
	static const struct view view = { done_text, done_json };
	struct volume_row row = reply->volume;
	struct volume_done done = { &job->args, &row };
	struct cmd_error error;

	if (reply->result != RESULT_OK) {
		report_refusal(&error, &job->request, reply, &s->console->inventory);
		job_fail(s, job, &error);
		return;
	}
	row.name[sizeof(row.name) - 1] = row.on[sizeof(row.on) - 1] = 0;
	row.vm[sizeof(row.vm) - 1] = row.made_for[sizeof(row.made_for) - 1] = 0;
	job_show(s, job, &view, &done);
}
