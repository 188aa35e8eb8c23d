/* SPDX-License-Identifier: MIT */
/*
 * upload.c - open-upload and finish-upload, and in between a stream whose bytes go into the window that root reads
 * (lib/proto/upload.h). What root has taken is kept there; this end may be lost at any time.
 */
#include <string.h>

#include "handlers.h"
#include "stream.h"
#include "stream_verbs.h"
#include "units.h"
#include "verbs.h"

/* ---- which uploads have a stream ---- */

static struct stream *find_upload(struct console *c, u64 upload, struct session **line)
{
	for (u32 i = 0; i < c->line_count * STREAM_COUNT; i++) {
		struct stream *stream = c->lines[i / STREAM_COUNT]->streams.list[i % STREAM_COUNT];

		*line = c->lines[i / STREAM_COUNT];
		if (stream && stream->kind == STREAM_UPLOAD && stream->upload == upload)
			return stream;
	}
	return NULL;
}

static bool is_name_open(const struct console *c, const char *name)
{
	for (u32 i = 0; i < c->line_count * STREAM_COUNT; i++) {
		const struct stream *stream = c->lines[i / STREAM_COUNT]->streams.list[i % STREAM_COUNT];

		if (stream && stream->kind == STREAM_UPLOAD && strcmp(stream->name, name) == 0)
			return true;
	}
	return false;
}

/* Root gave this place of the window to that upload: whoever had it before has it no more. */
static void end_former(struct console *c, const struct upload_report *r)
{
	for (u32 i = 0; i < c->line_count * STREAM_COUNT; i++) {
		struct session *line = c->lines[i / STREAM_COUNT];
		struct stream *stream = line->streams.list[i % STREAM_COUNT];

		if (stream && stream->kind == STREAM_UPLOAD && stream->slot == r->slot && stream->upload != r->upload)
			stream_end(line, stream, "root dropped the upload");
	}
}

/* ---- open-upload ---- */

static void opened_json(struct json_writer *writer, const char *key, const void *what)
{
	const struct stream *stream = what;

	json_open(writer, key, '{');
	json_number(writer, "stream", stream->number);
	json_number(writer, "offset", stream->received);
	json_number(writer, "limit", stream_input_limit(stream));
	json_close(writer, '}');
}

static void open_answer(struct session *s, struct job *job, const struct reply *reply)
{
	static const struct view view = { NULL, opened_json };
	const struct upload_report *r = &reply->upload;
	struct session *other_line;
	struct stream *stream, *other;
	struct cmd_error error;

	if (request_is_refused(s, job, reply))
		return;
	end_former(s->console, r);
	stream = r->slot < UPLOADS ? stream_new(s, job->client, STREAM_UPLOAD, &error) : NULL;
	if (!stream) {
		if (r->slot >= UPLOADS)
			error_set(&error, RESULT_FAILED, "root gave no room for it");
		job_fail(s, job, &error);
		return;
	}
	other = find_upload(s->console, r->upload, &other_line);
	if (other)
		stream_end(other_line, other, "another client goes on with the upload");
	stream->upload = r->upload;
	stream->bytes = r->bytes;
	stream->is_volume = (job->request.flags & REQ_FLAG_VOLUME) != 0;
	stream->slot = r->slot;
	stream->received = stream->taken = r->taken;
	stream->is_writable = true;
	memcpy(stream->name, job->request.image.name, sizeof(stream->name));
	job_show(s, job, &view, stream);
}

static const struct command open_command = {
	.verb = "open-upload", .op = REQ_UPLOAD_OPEN, .ops = { .answer = open_answer },
};

static bool take_hash(const struct json *json, u32 token, u8 hash[IMAGE_HASH_BYTES])
{
	char text[2 * IMAGE_HASH_BYTES + 1];

	return token && json->tokens[token].type == JSON_STRING && json_value(json, token, text, sizeof(text)) &&
		hex_parse(text, hash, IMAGE_HASH_BYTES);
}

static bool take_image(struct session *s, u32 arguments, struct image_request *image, struct cmd_error *error)
{
	const struct json *json = &s->console->json;
	u32 name = arguments ? json_member(json, arguments, "name") : 0;

	memset(image, 0, sizeof(*image));
	if (!name || json->tokens[name].type != JSON_STRING ||
		!json_value(json, name, image->name, sizeof(image->name)))
		return error_set(error, RESULT_USAGE, "open-upload needs a \"name\" of at most %u characters",
			IMAGE_NAME_BYTES - 1);
	if (!rpc_number_of(json, arguments, "bytes", &image->bytes))
		return error_set(error, RESULT_USAGE, "open-upload needs the number of \"bytes\"");
	if (!take_hash(json, json_member(json, arguments, "hash"), image->hash))
		return error_set(error, RESULT_USAGE,
			"open-upload needs a \"hash\": BLAKE2b-256 in 64 digits of 0-9 and a-f");
	return true;
}

struct job *rpc_begin(struct session *s, const struct command *command, const struct answer_to *to)
{
	struct job *job = job_new_client(s, to->client);
	struct cmd_error error;

	if (!job) {
		(void)error_busy(&error, "too many commands are in progress. Wait for one, or cancel one");
		rpc_refuse(s, &error, to);
		return NULL;
	}
	job_set_client(job, to->client, to->client_id);
	args_init(&job->args, command);
	return job;
}

void open_upload_serve(struct session *s, u32 arguments, const struct answer_to *to)
{
	struct image_request image;
	struct cmd_error error;
	bool is_volume = rpc_is_true(&s->console->json, arguments, "volume");
	struct job *job;

	if (!take_image(s, arguments, &image, &error) || !stream_has_room(s, to->client, &error)) {
		rpc_refuse(s, &error, to);
		return;
	}
	job = rpc_begin(s, &open_command, to);
	if (!job)
		return;
	job->request.image = image;
	job->request.flags = is_volume ? REQ_FLAG_VOLUME : is_name_open(s->console, image.name) ? 0 : REQ_FLAG_FORCE;
	job_send(s, job, REQ_UPLOAD_OPEN);
}

/* ---- the bytes ---- */

/* Root may have more than came on this stream: the one before it sent that. */
static void move_on(struct stream *stream, u64 taken)
{
	if (taken <= stream->taken || taken > stream->bytes)
		return;
	stream->taken = taken;
	if (stream->received < taken)
		stream->received = taken;
}

static void end_refused(struct session *line, struct stream *stream, const struct job *job, const struct reply *reply)
{
	struct cmd_error error;

	report_refusal(&error, &job->request, reply, &line->console->inventory);
	stream_end(line, stream, reply->error == ERR_NO_UPLOAD ? "root dropped the upload" : error.text);
}

static void write_answer(struct session *s, struct job *job, const struct reply *reply)
{
	struct session *line;
	struct stream *stream = find_upload(s->console, job->request.image.upload, &line);

	if (stream && reply->result != RESULT_OK) {
		end_refused(line, stream, job, reply);
	} else if (stream) {
		move_on(stream, reply->upload.taken);
		stream->is_ack_due = true;
	}
	job_drop(job);
}

static const struct command write_command = { .verb = "upload", .ops = { .answer = write_answer } };

static bool ask_write(struct session *s, const struct stream *stream)
{
	u64 left = stream->received - stream->taken, window = UPLOAD_WINDOW_BYTES - stream->taken % UPLOAD_WINDOW_BYTES;
	struct job *job;

	if (left == 0)
		return false;
	job = job_new_upload(s, stream->slot);
	if (!job)
		return false;
	args_init(&job->args, &write_command);
	job->login = stream->client->login.session;
	left = left < window ? left : window;
	job->request.image = (struct image_request){
		.upload = stream->upload, .offset = stream->taken,
		.count = left < UPLOAD_WRITE_BYTES ? (u32)left : UPLOAD_WRITE_BYTES,
	};
	job_send(s, job, REQ_UPLOAD_WRITE);
	return true;
}

bool upload_turn(struct session *s)
{
	bool is_some = false;

	for (u32 i = 0; s->streams.count && i < STREAM_COUNT; i++) {
		const struct stream *stream = s->streams.list[i];

		if (stream && stream->kind == STREAM_UPLOAD)
			is_some = ask_write(s, stream) || is_some;
	}
	return is_some;
}

/* ---- finish-upload ---- */

static void finish_answer(struct session *s, struct job *job, const struct reply *reply)
{
	static const struct view view = { NULL, json_image }, volume_view = { NULL, json_volume };
	struct stream *stream = stream_find(s, job->client, job->index);
	struct image_report image = reply->image;
	struct volume_row row = reply->volume;

	if (stream && stream->upload == job->request.image.upload && reply->error != ERR_UPLOAD_SHORT)
		stream_close(s, stream);
	if (request_is_refused(s, job, reply))
		return;
	if (job->is_of_volume) {
		row.name[sizeof(row.name) - 1] = row.on[sizeof(row.on) - 1] = row.of[sizeof(row.of) - 1] = 0;
		row.vm[sizeof(row.vm) - 1] = row.made_for[sizeof(row.made_for) - 1] = 0;
		job_show(s, job, &volume_view, &row);
		return;
	}
	image.name[sizeof(image.name) - 1] = 0;
	job_show(s, job, &view, &image);
}

/* When root has all that came. */
static void finish_proceed(struct session *s, struct job *job)
{
	struct stream *stream = stream_find(s, job->client, job->index);
	struct cmd_error error;

	if (!stream) {
		job->is_printing = false;
		error_set(&error, RESULT_NOT_FOUND, "the stream of the upload has ended");
		job_fail(s, job, &error);
	} else if (stream->taken == stream->received) {
		job->is_printing = false;
		memset(&job->request.image, 0, sizeof(job->request.image));
		job->request.image.upload = stream->upload;
		job->is_of_volume = stream->is_volume;
		job_send(s, job, REQ_UPLOAD_FINISH);
	}
}

static const struct command finish_command = {
	.verb = "finish-upload", .op = REQ_UPLOAD_FINISH,
	.ops = { .answer = finish_answer, .proceed = finish_proceed },
};

void finish_upload_serve(struct session *s, u32 arguments, const struct answer_to *to)
{
	struct cmd_error error;
	struct stream *stream = stream_named(s, arguments, to, &error);
	struct job *job;

	if (stream && stream->kind != STREAM_UPLOAD) {
		error_set(&error, RESULT_USAGE, "stream %u is no upload", stream->number);
		stream = NULL;
	}
	if (!stream) {
		rpc_refuse(s, &error, to);
		return;
	}
	job = rpc_begin(s, &finish_command, to);
	if (!job)
		return;
	job->index = stream->number;
	job->is_printing = true;
	finish_proceed(s, job);
}
