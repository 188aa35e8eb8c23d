/* SPDX-License-Identifier: MIT */
/*
 * backup_vm.c - the command backup-vm: a snapshot of all disks of a VM, and what the VM is, into a file. The snapshot
 * stays as what the next backup is compared with.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "backup_cmd.h"
#include "units.h"

#define PATH_BYTES 4096u
#define WAIT_MS 1000
#define TRIES 100u
#define NAME_BYTES 64u

struct backup {
	struct vos *vos;
	const struct call *call;
	const char *vm;
	json_t *status, *disks;		/* of the VM; its disks */
	char snapshot[NAME_BYTES], base_snapshot[NAME_BYTES];	/* base: "": all is wanted */
	u8 base[BACKUP_ID_BYTES];
	struct backup_out *out;
	u64 sent;			/* bytes of streams */
	char why[BACKUP_WHY];
	int result;		/* of VOS, as that failed */
};

static bool fail(struct backup *b, const char *why)
{
	if (b->why[0] == '\0') {
		snprintf(b->why, sizeof(b->why), "%s", why);
		b->result = vos_result(b->vos);
	}
	return false;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* ---- what is to be kept ---- */

/* What create-vm takes: the properties, without those that say nothing. */
static json_t *definition_of(const json_t *status)
{
	json_t *definition = json_object();

	for (u32 i = 0; i < FIELD_SPEC_COUNT; i++) {
		const char *name = arg_specs[ARG_OF_FIELD(i)].name;
		json_t *value = json_object_get(status, name);
		bool is_none = !value || (json_is_string(value) && json_string_length(value) == 0) ||
			(json_is_array(value) && json_array_size(value) == 0);

		if (is_none || (i == FIELD_WEIGHT && strcmp(text_of(status, "class"), "rt") == 0))
			continue;
		json_object_set(definition, name, value);
	}
	return definition;
}

/* Those of list-volume that are disks of the VM, in the order of their names. */
static bool find_disks(struct backup *b)
{
	json_t *all = backup_ask(b->vos, "list-volume", json_object()), *row;
	size_t i;

	b->disks = json_array();
	json_array_foreach(all, i, row)
		if (strcmp(text_of(row, "vm"), b->vm) == 0 && strcmp(text_of(row, "kind"), "snapshot") != 0)
			json_array_append(b->disks, row);
	json_decref(all);
	if (!all)
		return fail(b, vos_error(b->vos));
	return json_array_size(b->disks) != 0 || fail(b, "it has no disks");
}

static bool find_vm(struct backup *b)
{
	b->status = backup_ask(b->vos, "status-vm", json_pack("{s:s}", "name", b->vm));
	return b->status ? find_disks(b) : fail(b, vos_error(b->vos));
}

static bool has_snapshot(struct backup *b, const char *name)
{
	json_t *all = backup_ask(b->vos, "list-snapshot", json_object()), *row;
	bool is_found = false;
	size_t i;

	json_array_foreach(all, i, row)
		if (strcmp(text_of(row, "vm"), b->vm) == 0 && strcmp(text_of(row, "name"), name) == 0)
			is_found = true;
	json_decref(all);
	return is_found;
}

/* The backup that this one is to build on. */
static bool take_base(struct backup *b, const char *path, const struct backup_key *key)
{
	static struct backup_reader r;
	bool is_ok = backup_reader_open(&r, path, key);

	if (!is_ok)
		snprintf(b->why, sizeof(b->why), "%.200s: %.90s", path, r.why);
	else if (strcmp(text_of(r.vm, "vm"), b->vm) != 0)
		is_ok = fail(b, "--since is the backup of another VM");
	else
		snprintf(b->base_snapshot, sizeof(b->base_snapshot), "%s", text_of(r.vm, "snapshot"));
	memcpy(b->base, r.info.id, sizeof(b->base));
	backup_reader_close(&r);
	if (is_ok && !has_snapshot(b, b->base_snapshot))
		return fail(b, "the snapshot of the backup that --since names is not there any more");
	return is_ok;
}

/* ---- the snapshot ---- */

static bool ask_snapshot(struct backup *b, const char *verb, const char *name)
{
	json_t *answer = backup_ask(b->vos, verb, json_pack("{s:s, s:s}", "name", b->vm, "snapshot", name));

	json_decref(answer);
	return vos_result(b->vos) == VOS_OK;
}

/* VOS needs a moment to give back what has read it. */
static void delete_snapshot(struct backup *b, const char *name)
{
	const struct timespec moment = { .tv_nsec = 100000000 };

	for (u32 i = 0; i < TRIES; i++) {
		if (ask_snapshot(b, "delete-snapshot", name) || vos_result(b->vos) != VOS_TIMEOUT)
			return;
		(void)nanosleep(&moment, NULL);
	}
}

static bool make_snapshot(struct backup *b)
{
	u32 number;

	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		return fail(b, strerror(errno));
	snprintf(b->snapshot, sizeof(b->snapshot), "backup-%08x", number);
	if (ask_snapshot(b, "snapshot-vm", b->snapshot))
		return true;
	fail(b, vos_error(b->vos));
	b->snapshot[0] = '\0';
	return false;
}

/* ---- the content ---- */

static bool put_vm(struct backup *b)
{
	json_t *vm = json_pack("{s:s, s:I, s:s, s:I, s:o}", "vm", b->vm, "time", (json_int_t)time(NULL), "snapshot",
		b->snapshot, "disks", (json_int_t)json_array_size(b->disks), "definition", definition_of(b->status));
	bool is_put = backup_put_json(b->out, vm);

	json_decref(vm);
	return is_put || fail(b, strerror(errno));
}

/* A disk that came after the base has no older state: then it is all of it. */
static struct vos_stream *open_disk(struct backup *b, const char *volume, bool *is_diff, struct vos_export *info)
{
	struct vos_stream *stream = NULL;

	*is_diff = b->base_snapshot[0] != '\0';
	if (*is_diff)
		stream = vos_export_open(b->vos, volume, b->snapshot, b->base_snapshot, 0, info);
	if (stream == NULL && *is_diff && vos_result(b->vos) == VOS_NOT_FOUND)
		*is_diff = false;
	if (stream == NULL && !*is_diff)
		stream = vos_export_open(b->vos, volume, b->snapshot, NULL, 0, info);
	return stream;
}

/* All that the stream says of the disk. */
static bool put_stream(struct backup *b, struct vos_stream *stream)
{
	static u8 piece[65536];
	struct extents e;
	u64 used;

	extents_init(&e);
	e.takes_diff = true;
	while (!e.is_over) {
		ssize_t count = vos_stream_read(stream, piece, sizeof(piece), WAIT_MS);

		if (count < 0 && vos_result(b->vos) == VOS_TIMEOUT)
			continue;
		if (count <= 0)
			return fail(b, count < 0 ? vos_error(b->vos) : vos_stream_reason(stream));
		if (vos_stream_lost(stream) != 0)
			return fail(b, "a part of it was lost");
		for (u64 done = 0; done < (u64)count; done += used) {
			enum extents_state state = extents_next(&e, piece + done, (u64)count - done, &used);

			if (state == EXTENTS_BAD)
				return fail(b, "what VOS sent is malformed");
			if (state == EXTENTS_DATA)
				extents_took(&e, used);
		}
		if (!backup_out_put(b->out, piece, (size_t)count))
			return fail(b, strerror(errno));
		b->sent += (u64)count;
	}
	return true;
}

static bool put_disk(struct backup *b, const char *volume)
{
	struct vos_export info;
	bool is_diff, is_put;
	struct vos_stream *stream = open_disk(b, volume, &is_diff, &info);
	json_t *disk;

	if (stream == NULL)
		return fail(b, vos_error(b->vos));
	disk = json_pack("{s:s, s:I, s:s, s:b}", "volume", volume, "bytes", (json_int_t)info.bytes, "id", info.id,
		"diff", (int)is_diff);
	is_put = backup_put_json(b->out, disk) ? put_stream(b, stream) : fail(b, strerror(errno));
	json_decref(disk);
	vos_stream_close(stream);
	return is_put;
}

static bool put_all(struct backup *b, int fd, const struct backup_key *key)
{
	const char *why;
	json_t *row;
	size_t i;

	b->out = backup_out_begin(fd, key, b->base, &why);
	if (b->out == NULL)
		return fail(b, why);
	if (!put_vm(b))
		return false;
	json_array_foreach(b->disks, i, row)
		if (!put_disk(b, text_of(row, "name")))
			return false;
	return backup_out_end(b->out) || fail(b, strerror(errno));
}

/* ---- the command ---- */

static bool write_file(struct backup *b, const char *path, const struct backup_key *key)
{
	char new_path[PATH_BYTES];
	bool is_done;
	int fd;

	if (snprintf(new_path, sizeof(new_path), "%s.new", path) >= (int)sizeof(new_path))
		return fail(b, "its name is too long");
	fd = open(new_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(b, strerror(errno));
	is_done = make_snapshot(b) && put_all(b, fd, key);
	close(fd);
	if (is_done && rename(new_path, path) != 0)
		is_done = fail(b, strerror(errno));
	if (!is_done) {
		(void)unlink(new_path);
		if (b->snapshot[0])
			delete_snapshot(b, b->snapshot);
	}
	return is_done;
}

static void show_done(const struct backup *b, const char *path)
{
	char size[UNIT_TEXT_BYTES];
	json_t *object;
	char *text;

	if (b->call->is_json) {
		object = json_pack("{s:{s:s, s:s, s:s, s:I, s:I}}", "return", "name", b->vm, "file", path, "snapshot",
			b->snapshot, "disks", (json_int_t)json_array_size(b->disks), "bytes", (json_int_t)b->sent);
		text = json_dumps(object, JSON_COMPACT);
		printf("%s\n", text ? text : "{}");
		free(text);
		json_decref(object);
	} else if (!b->call->is_quiet) {
		printf("%s has the backup of %s: %zu disk%s, %s. Its snapshot %s is kept for the next one.\n", path,
			b->vm,
			json_array_size(b->disks), json_array_size(b->disks) == 1 ? "" : "s",
			size_text(size, b->sent, false), b->snapshot);
	}
}

int run_backup_vm(struct vos *vos, const struct call *call)
{
	static struct backup b;
	const char *path = grammar_value(call, ARG_OUT_FILE), *since = grammar_value(call, ARG_BASE_FILE);
	struct backup_key key;
	bool is_done;

	b = (struct backup){ .vos = vos, .call = call, .vm = call->args.name };
	if (!backup_key_take(call, true, &key))
		return RESULT_USAGE;
	is_done = find_vm(&b) && (!since || take_base(&b, since, &key)) && write_file(&b, path, &key);
	backup_key_forget(&key);
	backup_out_free(b.out);
	json_decref(b.status);
	if (is_done && b.base_snapshot[0])
		delete_snapshot(&b, b.base_snapshot);
	if (is_done)
		show_done(&b, path);
	json_decref(b.disks);
	return is_done ? 0 :
		backup_refuse(call, b.result != VOS_OK ? (enum result)b.result : RESULT_FAILED, b.vm, b.why);
}
