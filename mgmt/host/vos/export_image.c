/* SPDX-License-Identifier: MIT */
/*
 * export_image.c - the command export-image: a volume or a snapshot becomes a disk image of this machine. What VOS
 * sends is kept in FILE.part, and goes on there when the command is repeated; then it becomes the image.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "extents.h"
#include "image_out.h"
#include "units.h"
#include "vos_main.h"

#define PIECE_BYTES 65536u
#define PATH_BYTES 4096u
#define WHY_BYTES 400u
#define WAIT_MS 1000
#define TRIES 100u

/* At the begin of FILE.part: of what the rest is. Strings end. */
struct part_head {
	char magic[16];
	char volume[64], snapshot[64], vm[64];	/* vm: the snapshot was made for this export, of that VM; or "" */
	char id[40];
	char zero[264];
};
_Static_assert(sizeof(struct part_head) == 512, "file");
#define PART_MAGIC "VOS export 1\n"

struct exporter {
	struct vos *vos;
	const struct call *call;
	const char *volume, *path;
	char part_path[PATH_BYTES];
	struct part_head head;
	int fd;
	u64 at;			/* bytes of the stream that are in the file */
	struct extents extents;	/* of the stream, up to there */
	u64 bytes;		/* of the disk */
	char why[WHY_BYTES];
};

static int fail(const struct exporter *e, const char *what, const char *why)
{
	struct cmd_error error;

	error_set(&error, RESULT_FAILED, "%.200s: %s", what, why);
	return show_error(e->call, &error);
}

/* ---- the file ---- */

static bool head_ok(const struct part_head *h)
{
	return strncmp(h->magic, PART_MAGIC, sizeof(h->magic)) == 0 && memchr(h->volume, 0, sizeof(h->volume)) &&
	       memchr(h->snapshot, 0, sizeof(h->snapshot)) && memchr(h->vm, 0, sizeof(h->vm)) &&
	       memchr(h->id, 0, sizeof(h->id));
}

/* Some bytes of the stream: where in it we are. False: it is none. */
static bool follow(struct exporter *e, const u8 *bytes, size_t count)
{
	u64 used;

	for (size_t done = 0; done < count; done += (size_t)used) {
		enum extents_state state = extents_next(&e->extents, bytes + done, count - done, &used);

		if (state == EXTENTS_BAD)
			return false;
		if (state == EXTENTS_DATA)
			extents_took(&e->extents, used);
	}
	e->at += count;
	return true;
}

/* What an export before this one has left of the same. False: nothing that is of use. */
static bool take_up(struct exporter *e)
{
	static u8 piece[PIECE_BYTES];
	struct part_head head;
	ssize_t count;

	if (pread(e->fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head) || !head_ok(&head) || !head.snapshot[0] ||
	    strcmp(head.volume, e->volume) != 0)
		return false;
	if (args_has(&e->call->args, ARG_ITS_SNAPSHOT) && strcmp(head.snapshot, e->call->args.snapshot) != 0)
		return false;
	while ((count = pread(e->fd, piece, sizeof(piece), (off_t)(sizeof(head) + e->at))) > 0)
		if (!follow(e, piece, (size_t)count))
			return false;
	e->head = head;
	return count == 0;
}

static void begin_anew(struct exporter *e)
{
	e->at = 0;
	extents_init(&e->extents);
}

static bool write_head(const struct exporter *e)
{
	return ftruncate(e->fd, 0) == 0 && pwrite(e->fd, &e->head, sizeof(e->head), 0) == (ssize_t)sizeof(e->head);
}

static bool open_part(struct exporter *e)
{
	if (snprintf(e->part_path, sizeof(e->part_path), "%s.part", e->path) >= (int)sizeof(e->part_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	e->fd = open(e->part_path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (e->fd < 0)
		return false;
	begin_anew(e);
	if (take_up(e))
		return true;
	begin_anew(e);
	strcpy(e->head.magic, PART_MAGIC);
	snprintf(e->head.volume, sizeof(e->head.volume), "%s", e->volume);
	if (args_has(&e->call->args, ARG_ITS_SNAPSHOT))
		snprintf(e->head.snapshot, sizeof(e->head.snapshot), "%s", e->call->args.snapshot);
	return true;
}

/* ---- VOS ---- */

/* The VM whose disk it is. False: none. */
static bool find_vm(struct exporter *e)
{
	char *answer = NULL;
	json_t *all, *row;
	size_t i;

	if (vos_call(e->vos, "list-volume", "{}", 0, &answer) != VOS_OK)
		return false;
	all = json_loads(answer, 0, NULL);
	free(answer);
	json_array_foreach(json_object_get(all, "return"), i, row)
		if (strcmp(json_string_value(json_object_get(row, "name")) ?: "", e->volume) == 0 &&
		    strcmp(json_string_value(json_object_get(row, "kind")) ?: "", "snapshot") != 0)
			snprintf(e->head.vm, sizeof(e->head.vm), "%s",
				json_string_value(json_object_get(row, "vm")) ?: "");
	json_decref(all);
	return e->head.vm[0] != 0;
}

static int ask_snapshot(struct exporter *e, const char *verb)
{
	json_t *arguments = json_pack("{s:s, s:s}", "name", e->head.vm, "snapshot", e->head.snapshot);
	char *text = json_dumps(arguments, JSON_COMPACT), *answer = NULL;
	int result = vos_call(e->vos, verb, text, 0, &answer);

	json_decref(arguments);
	free(text);
	free(answer);
	return result;
}

/* VOS needs a moment to give back what has read it. */
static int delete_snapshot(struct exporter *e)
{
	const struct timespec moment = { .tv_nsec = 100000000 };
	int result = VOS_TIMEOUT;

	for (u32 i = 0; i < TRIES && result == VOS_TIMEOUT; i++) {
		result = ask_snapshot(e, "delete-snapshot");
		if (result == VOS_TIMEOUT)
			(void)nanosleep(&moment, NULL);
	}
	return result;
}

/* The VM runs: what is exported is its state of now. */
static bool make_snapshot(struct exporter *e)
{
	u32 number;

	if (e->head.snapshot[0] || !find_vm(e) || getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		return false;
	snprintf(e->head.snapshot, sizeof(e->head.snapshot), "export-%08x", number);
	return ask_snapshot(e, "snapshot-vm") == VOS_OK;
}

static struct vos_stream *open_once(struct exporter *e)
{
	const char *snapshot = e->head.snapshot[0] ? e->head.snapshot : NULL;
	struct vos_export info;
	struct vos_stream *stream = vos_export_open(e->vos, e->volume, snapshot, NULL, e->at, &info);

	if (stream == NULL)
		return NULL;
	if (e->at != 0 && strcmp(info.id, e->head.id) != 0) {	/* it is another of that name */
		vos_stream_close(stream);
		begin_anew(e);
		return open_once(e);
	}
	e->bytes = info.bytes;
	snprintf(e->head.id, sizeof(e->head.id), "%s", info.id);
	return stream;
}

static struct vos_stream *open_stream(struct exporter *e)
{
	struct vos_stream *stream = open_once(e);

	if (stream != NULL || vos_result(e->vos) != VOS_STATE || !make_snapshot(e))
		return stream;
	return open_once(e);
}

static void tell(const struct exporter *e, bool is_last)
{
	bool is_shown = !e->call->is_quiet && !e->call->is_json && isatty(STDERR_FILENO);

	if (is_shown && e->bytes != 0)
		show_progress((void *)&e->volume, is_last ? e->bytes : e->extents.offset, e->bytes);
}

/* NULL: the stream is whole. */
static const char *receive(struct exporter *e, struct vos_stream *stream)
{
	static u8 piece[PIECE_BYTES];
	ssize_t count;

	while (!e->extents.is_over) {
		count = vos_stream_read(stream, piece, sizeof(piece), WAIT_MS);
		if (count < 0 && vos_result(e->vos) == VOS_TIMEOUT)
			continue;
		if (count < 0)
			return vos_error(e->vos);
		if (count == 0)
			return vos_stream_reason(stream);
		if (vos_stream_lost(stream) != 0)
			return "a part of it was lost";
		if (pwrite(e->fd, piece, (size_t)count, (off_t)(sizeof(e->head) + e->at)) != count)
			return strerror(errno);
		if (!follow(e, piece, (size_t)count))
			return "what VOS sent is malformed";
		tell(e, false);
	}
	tell(e, true);
	return NULL;
}

/* ---- the command ---- */

static enum image_out_format format_of(const struct call *call)
{
	const char *format = grammar_value(call, ARG_FORMAT), *compress = grammar_value(call, ARG_COMPRESS);

	if (format == NULL || strcmp(format, "raw") == 0)
		return compress == NULL || strcmp(compress, "none") == 0 ? IMAGE_OUT_RAW : IMAGE_OUT_COUNT;
	return compress != NULL && strcmp(compress, "zstd") == 0 ? IMAGE_OUT_QCOW2_ZSTD : IMAGE_OUT_QCOW2;
}

static int show_done(const struct exporter *e)
{
	char size[UNIT_TEXT_BYTES];
	json_t *object;
	char *text;

	if (e->call->is_json) {
		object = json_pack("{s:{s:s, s:s, s:I}}", "return", "name", e->volume, "file", e->path, "bytes",
			(json_int_t)e->bytes);
		text = json_dumps(object, JSON_COMPACT);
		printf("%s\n", text ? text : "{}");
		free(text);
		json_decref(object);
	} else if (!e->call->is_quiet) {
		printf("%s has the image of %s, %s.\n", e->path, e->volume, size_text(size, e->bytes, false));
	}
	return 0;
}

static int export(struct exporter *e, enum image_out_format format)
{
	struct vos_stream *stream = open_stream(e);
	const char *why;

	if (stream == NULL)
		return show_failure(e->call, e->vos);
	if (e->at == 0 && !write_head(e)) {
		vos_stream_close(stream);
		return fail(e, e->part_path, strerror(errno));
	}
	why = receive(e, stream);
	snprintf(e->why, sizeof(e->why), "%s", why ? why : "");
	vos_stream_close(stream);
	if (why != NULL)
		return fail(e, e->volume, e->why);
	if (!image_out_write(e->fd, sizeof(e->head), e->path, format, e->why, sizeof(e->why)))
		return fail(e, e->path, e->why);
	(void)unlink(e->part_path);
	return e->head.vm[0] && delete_snapshot(e) != VOS_OK ? show_failure(e->call, e->vos) :
									       show_done(e);
}

int run_export_image(struct vos *vos, const struct call *call)
{
	static struct exporter e;
	enum image_out_format format = format_of(call);
	struct cmd_error error;
	int result;

	e = (struct exporter){ .vos = vos, .call = call, .volume = call->args.spec.disks[0].volume,
		.path = grammar_value(call, ARG_OUT_FILE) };
	if (format == IMAGE_OUT_COUNT) {
		error_set(&error, RESULT_USAGE, "a raw image is not compressed. Add --format qcow2");
		return show_error(call, &error);
	}
	if (!open_part(&e))
		return fail(&e, e.part_path, strerror(errno));
	result = export(&e, format);
	close(e.fd);
	return result;
}
