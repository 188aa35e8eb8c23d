/* SPDX-License-Identifier: MIT */
/*
 * pools.c - create-pool and delete-pool: what is on the disk is shown, and the person asked. check-pool and scrub-pool.
 */
#include <stdio.h>
#include <string.h>

#include "handlers.h"
#include "session.h"
#include "units.h"

static const char *pool_name(const struct job *job)
{
	return job->args.spec.disks[0].volume;
}

static bool is_sure(const struct job *job)
{
	bool is_harmless = job->args.command->op == REQ_DELETE_POOL && !args_has(&job->args, ARG_POOL_FORCE);

	return is_harmless || args_has(&job->args, ARG_YES) || args_has(&job->args, ARG_DRY_RUN);
}

/* ---- the question ---- */

static u32 volumes_on(const struct inventory *m, const char *disk)
{
	u32 count = 0;

	for (u32 i = 0; i < m->volume_count; i++)
		count += strcmp(m->volumes[i].on, disk) == 0 && m->volumes[i].kind != VOLUME_ROW_DISK;
	return count;
}

/* The disk's line, and those of what is on it. */
static void show_disk(struct session *s, const char *disk)
{
	const struct inventory *m = &s->console->inventory;
	struct storage_look look = { m, disk };

	report_disks(&s->terminal, &look);
	for (u32 i = 0; i < m->volume_count; i++) {
		if (strcmp(m->volumes[i].on, disk) != 0 || m->volumes[i].kind == VOLUME_ROW_DISK)
			continue;
		out_text(&s->terminal, "  ");
		report_volume(&s->terminal, &m->volumes[i]);
		out_text(&s->terminal, "\n");
	}
	for (u32 i = 0; i < m->pool_count; i++) {
		if (strcmp(m->pools[i].on, disk) != 0 && strcmp(m->pools[i].member_on[0], disk) != 0 &&
		    strcmp(m->pools[i].member_on[1], disk) != 0)
			continue;
		out_text(&s->terminal, "  ");
		report_pool(&s->terminal, &m->pools[i]);
		out_text(&s->terminal, "\n");
	}
}

static const struct disk_row *disk_of(const struct inventory *m, const char *name)
{
	for (u32 i = 0; i < m->disk_count; i++)
		if (strcmp(m->disks[i].name, name) == 0)
			return &m->disks[i];
	return NULL;
}

/* There is nothing to ask: the disk has just gone. */
static void refuse_disk(struct session *s, struct job *job)
{
	static struct reply no;
	bool is_first = disk_of(&s->console->inventory, job->args.spec.disks[0].on) == NULL;
	struct cmd_error error;

	no = (struct reply){ .result = RESULT_NOT_FOUND, .error = ERR_UNKNOWN_DISK };
	snprintf(no.text, sizeof(no.text), "%s", job->args.spec.disks[is_first ? 0 : 1].on);
	report_refusal(&error, &job->request, &no, &s->console->inventory);
	job_fail(s, job, &error);
}

static const struct volume_row *partition_of(const struct inventory *m, const char *name)
{
	for (u32 i = 0; i < m->volume_count; i++)
		if (m->volumes[i].kind == VOLUME_ROW_PARTITION && strcmp(m->volumes[i].name, name) == 0)
			return &m->volumes[i];
	return NULL;
}

static void ask_partition(struct session *s, struct job *job, const struct volume_row *row)
{
	char text[160];

	snprintf(text, sizeof(text), "all that is in partition %.39s would be lost", row->name);
	if (!prompt_can_ask(s, job, text))
		return;
	show_disk(s, row->on);
	out_format(&s->terminal, "Pool %s takes all of partition %.39s. All that is in it is lost.\n", pool_name(job),
		row->name);
	snprintf(text, sizeof(text), "Make pool %s of %.39s? [y/N] ", pool_name(job), row->name);
	prompt_ask(s, text);
}

/* For a pool on the disks that are named; of two the least. */
#define NO_DISK (~0ull)
static u64 room_on(const struct session *s, const struct job *job)
{
	const struct disk_spec *want = job->args.spec.disks;
	const struct disk_row *a = disk_of(&s->console->inventory, want[0].on);
	const struct disk_row *b = want[1].on[0] != '\0' ? disk_of(&s->console->inventory, want[1].on) : a;

	if (a == NULL || b == NULL)
		return NO_DISK;
	return a->free_bytes < b->free_bytes ? a->free_bytes : b->free_bytes;
}

static void ask_disks(struct session *s, struct job *job)
{
	const char *disk = job->args.spec.disks[0].on, *other = job->args.spec.disks[1].on;
	u32 count = volumes_on(&s->console->inventory, disk) + volumes_on(&s->console->inventory, other);
	u64 bytes = job->args.spec.disks[0].bytes, room = room_on(s, job);
	bool is_mirror = other[0] != '\0';
	char text[192], size[UNIT_TEXT_BYTES];

	if (room == NO_DISK) {
		refuse_disk(s, job);
		return;
	}
	snprintf(text, sizeof(text), "disk %s%s%s has %u volume%s, which would stay, and pool %s would take room there",
		disk, is_mirror ? " or " : "", other, count, count == 1 ? "" : "s", pool_name(job));
	if (!prompt_can_ask(s, job, text))
		return;
	show_disk(s, disk);
	if (is_mirror)
		show_disk(s, other);
	out_format(&s->terminal, is_mirror ? "Pool %s, a mirror, takes %s%s. What is on the disks stays.\n"
		: "Pool %s takes %s%s. What is on the disk stays.\n", pool_name(job),
		size_text(size, bytes != 0 ? bytes : room, false),
		bytes != 0 ? "" : is_mirror ? " of each disk" : ", the largest free part");
	snprintf(text, sizeof(text), "Make pool %s on %s%s%s? [y/N] ", pool_name(job), disk, is_mirror ? " and " : "",
		other);
	prompt_ask(s, text);
}

static void ask_create(struct session *s, struct job *job)
{
	const struct inventory *m = &s->console->inventory;
	const struct disk_row *disk = disk_of(m, job->args.spec.disks[0].on);
	const struct volume_row *partition = partition_of(m, job->args.spec.disks[0].on);

	if (disk != NULL)
		ask_disks(s, job);
	else if (partition != NULL)
		ask_partition(s, job, partition);
	else
		refuse_disk(s, job);
}

static void ask_delete(struct session *s, struct job *job)
{
	char text[160];

	snprintf(text, sizeof(text), "all that is in pool %s would be lost", pool_name(job));
	if (!prompt_can_ask(s, job, text))
		return;
	out_format(&s->terminal, "If pool %s can't be opened, all that is in it is lost.\n", pool_name(job));
	snprintf(text, sizeof(text), "Delete pool %s? [y/N] ", pool_name(job));
	prompt_ask(s, text);
}

static void ask_replace(struct session *s, struct job *job)
{
	const struct disk_spec *want = job->args.spec.disks;
	char text[192];

	snprintf(text, sizeof(text), "disk %s would be no disk of pool %s any more", want[0].on, pool_name(job));
	if (!prompt_can_ask(s, job, text))
		return;
	out_format(&s->terminal, "Until the copy has ended, pool %s is on its other disk alone.\n", pool_name(job));
	snprintf(text, sizeof(text), "Copy pool %s to %s, in the place of %s? [y/N] ", pool_name(job), want[1].on,
		want[0].on);
	prompt_ask(s, text);
}

static void ask_open(struct session *s, struct job *job)
{
	char text[160];

	snprintf(text, sizeof(text), "what only the other disk of pool %s has would be lost", pool_name(job));
	if (!prompt_can_ask(s, job, text))
		return;
	out_text(&s->terminal, "What only the other disk has is lost then, also if that comes back.\n");
	snprintf(text, sizeof(text), "Use pool %s with this disk alone? [y/N] ", pool_name(job));
	prompt_ask(s, text);
}

static void ask(struct session *s, struct job *job)
{
	if (job->args.command->op == REQ_REPLACE_DISK)
		ask_replace(s, job);
	else if (job->args.command->op == REQ_OPEN_POOL)
		ask_open(s, job);
	else if (job->args.command->op == REQ_DELETE_POOL)
		ask_delete(s, job);
	else
		fetch_begin(s, job, BIT32(FETCH_DISKS) | BIT32(FETCH_VOLUMES) | BIT32(FETCH_POOLS));
}

/* What root would refuse is not asked. */
void pool_begin(struct session *s, struct job *job)
{
	if (is_sure(job))
		request_begin(s, job);
	else
		request_try(s, job);
}

/* ---- the answer ---- */

struct pool_done {
	struct console *console;
	const struct args *args;
	const struct pool_row *row;
};

/* Root gives the console the definitions again: what could not be applied without the pool is by now, or waits. */
static void open_text(const struct out *out, const struct pool_done *done)
{
	u32 waiting = 0;
	const char *text;

	for (u32 i = 0; i < done->console->keeper.left_count; i++)
		waiting += keeper_left(done->console, i, &text) != 0;
	out_format(out, "pool %s is open\n", done->args->spec.disks[0].volume);
	if (waiting != 0)
		out_text(out, "Definitions that waited for it are applied now; forget-definitions shows what waits.\n");
}

static void import_text(const struct out *out, const struct pool_row *p)
{
	report_pool(out, p);
	out_format(out, ", is open: list-volume shows what is in it.\n%s\n", p->owner == POOL_IMPORTED ?
		"Its definitions of VMs are not applied: another pool has this machine's." :
		"If it has definitions of VMs, they are this machine's from now on.");
}

static void done_text(const struct out *out, const void *what)
{
	const struct pool_done *done = what;
	const char *name = done->args->spec.disks[0].volume;

	if (args_has(done->args, ARG_DRY_RUN)) {
		out_format(out, "%s %s would succeed. Nothing was changed.\n", done->args->command->verb, name);
	} else if (done->args->command->op == REQ_DELETE_POOL) {
		out_format(out, "pool %s is deleted\n", name);
	} else if (done->args->command->op == REQ_REPLACE_DISK) {
		out_format(out, "pool %s is being copied to %s; list-pool %s shows how far it is\n", name,
			done->args->spec.disks[1].on, name);
	} else if (done->args->command->op == REQ_OPEN_POOL) {
		open_text(out, done);
	} else if (done->args->command->op == REQ_IMPORT_POOL) {
		import_text(out, done->row);
	} else if (done->args->command->op == REQ_GROW_POOL) {
		report_pool(out, done->row);
		out_text(out, " by now\n");
	} else if (done->args->command->op == REQ_EXPORT_POOL) {
		out_format(out, "pool %s is closed. import-pool opens it, here or on another machine.\n", name);
	} else if (done->args->command->op != REQ_CREATE_POOL) {
		char size[UNIT_TEXT_BYTES];

		out_format(out, "pool %s is sound: %s read, no damage found\n", name,
			size_text(size, done->row->scrub_bytes, false));
	} else {
		report_pool(out, done->row);
		out_text(out, ". New disks of VMs are made in it.\n");
	}
}

static void done_json(struct json_writer *writer, const char *key, const void *what)
{
	const struct pool_done *done = what;

	if (args_has(done->args, ARG_DRY_RUN) || done->args->command->op == REQ_DELETE_POOL)
		json_raw(writer, key, "{}");
	else
		json_pool(writer, key, done->row);
}

void pool_answer(struct session *s, struct job *job, const struct reply *reply)
{
	static const struct view view = { done_text, done_json };
	struct pool_row row = reply->pool;
	struct pool_done done = { s->console, &job->args, &row };
	struct cmd_error error;

	if (job->wanted != 0) {
		if (fetch_answer(s, job, reply))
			ask_create(s, job);
		return;
	}
	if (reply->result != RESULT_OK) {
		report_refusal(&error, &job->request, reply, &s->console->inventory);
		job_fail(s, job, &error);
		return;
	}
	if (request_was_tried(job)) {
		ask(s, job);
		return;
	}
	row.name[sizeof(row.name) - 1] = row.on[sizeof(row.on) - 1] = 0;
	row.member_on[0][sizeof(row.on) - 1] = row.member_on[1][sizeof(row.on) - 1] = 0;
	job_show(s, job, &view, &done);
}
