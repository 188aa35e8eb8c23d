/* SPDX-License-Identifier: MIT */
/*
 * volume_stream.c - open-export, and the stream whose bytes root reads out of a volume (lib/proto/exports.h). They are
 * fetched as far as the program has given credit, and the last of them are kept for what gets lost on the line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers.h"
#include "stream.h"
#include "stream_verbs.h"
#include "verbs.h"

/* ---- which exports have a stream ---- */

static struct stream *find_export(struct console *c, u64 number, struct session **line)
{
	for (u32 i = 0; i < c->line_count * STREAM_COUNT; i++) {
		struct stream *stream = c->lines[i / STREAM_COUNT]->streams.list[i % STREAM_COUNT];

		*line = c->lines[i / STREAM_COUNT];
		if (stream && stream->client && stream->kind == STREAM_EXPORT && stream->export == number)
			return stream;
	}
	return NULL;
}

/* Root gave that place to another export. */
static void end_former(struct console *c, const struct export_report *r)
{
	for (u32 i = 0; i < c->line_count * STREAM_COUNT; i++) {
		struct session *line = c->lines[i / STREAM_COUNT];
		struct stream *stream = line->streams.list[i % STREAM_COUNT];

		if (stream && stream->client && stream->kind == STREAM_EXPORT && stream->slot == r->slot &&
			stream->export != r->number)
			stream_end(line, stream, "another client reads that volume");
	}
}

/* ---- open-export ---- */

struct opened {
	const struct stream *stream;
	const struct export_report *report;
};

static void opened_json(struct json_writer *writer, const char *key, const void *what)
{
	const struct opened *o = what;
	char id[2 * STORE_GUID_BYTES + 1];

	for (u32 i = 0; i < STORE_GUID_BYTES; i++)
		snprintf(id + 2 * i, 3, "%02x", o->report->guid[i]);
	json_open(writer, key, '{');
	json_number(writer, "stream", o->stream->number);
	json_number(writer, "offset", o->stream->sent);
	json_number(writer, "end", o->stream->sent);
	json_number(writer, "bytes", o->report->bytes);
	json_text(writer, "id", id);
	json_close(writer, '}');
}

/* What root has begun, and nobody reads. */
static void give_up(struct console *c, const struct export_report *r)
{
	c->exports_to_close[r->slot % EXPORTS] = r->number;
}

static struct stream *new_stream(struct session *s, struct job *job, const struct export_report *r,
	struct cmd_error *error)
{
	struct stream *stream = r->slot < EXPORTS ? stream_new(s, job->client, STREAM_EXPORT, error) : NULL;

	if (!stream)
		return NULL;
	stream->kept = malloc(EXPORT_KEPT_BYTES);
	stream->export = r->number;
	stream->slot = r->slot;
	stream->begun = stream->fetched = stream->sent = stream->credit = job->request.image.offset;
	if (stream->kept)
		return stream;
	error_set(error, RESULT_RESOURCES, "the console has no memory for one more stream");
	stream_close(s, stream);
	return NULL;
}

static void open_answer(struct session *s, struct job *job, const struct reply *reply)
{
	static const struct view view = { NULL, opened_json };
	const struct export_report *r = &reply->export;
	struct opened opened = { .report = r };
	struct cmd_error error;

	if (request_is_refused(s, job, reply))
		return;
	end_former(s->console, r);
	error_set(&error, RESULT_FAILED, "root gave no room for it");
	opened.stream = new_stream(s, job, r, &error);
	if (!opened.stream) {
		give_up(s->console, r);
		job_fail(s, job, &error);
		return;
	}
	job_show(s, job, &view, &opened);
}

static const struct command open_command = {
	.verb = "open-export", .op = REQ_EXPORT_OPEN, .ops = { .answer = open_answer },
};

/* An argument that may be left out. False: it is too long. */
static bool take_text(const struct json *json, u32 arguments, const char *name, char *to, size_t size)
{
	u32 token = arguments ? json_member(json, arguments, name) : 0;

	to[0] = 0;
	return !token || (json->tokens[token].type == JSON_STRING && json_value(json, token, to, size));
}

static bool take_request(struct session *s, u32 arguments, struct request *r, struct cmd_error *error)
{
	const struct json *json = &s->console->json;

	if (!take_text(json, arguments, "name", r->image.name, VOLUME_NAME_BYTES) || !r->image.name[0])
		return error_set(error, RESULT_USAGE, "open-export needs the \"name\" of a volume");
	if (!take_text(json, arguments, "snapshot", r->snapshot, sizeof(r->snapshot)) ||
		!take_text(json, arguments, "since", r->to, sizeof(r->to)))
		return error_set(error, RESULT_USAGE, "\"snapshot\" and \"since\" are names of snapshots");
	if (json_member(json, arguments, "from") && !rpc_number_of(json, arguments, "from", &r->image.offset))
		return error_set(error, RESULT_USAGE, "\"from\" is an offset in the stream");
	return true;
}

void open_export_serve(struct session *s, u32 arguments, const struct answer_to *to)
{
	static struct request r;
	struct cmd_error error;
	struct job *job;

	memset(&r, 0, sizeof(r));
	if (!take_request(s, arguments, &r, &error) || !stream_has_room(s, to->client, &error)) {
		rpc_refuse(s, &error, to);
		return;
	}
	job = rpc_begin(s, &open_command, to);
	if (!job)
		return;
	job->request = r;
	job_send(s, job, REQ_EXPORT_OPEN);
}

/* ---- the bytes ---- */

static void keep(struct stream *stream, const struct export_data *data)
{
	for (u32 i = 0; i < data->count; i++)
		stream->kept[(stream->fetched + i) % EXPORT_KEPT_BYTES] = (char)data->bytes[i];
	stream->fetched += data->count;
	stream->is_all_fetched = data->is_over != 0;
}

static void read_answer(struct session *s, struct job *job, const struct reply *reply)
{
	const struct export_data *data = &reply->exported;
	struct session *line;
	struct stream *stream = find_export(s->console, job->request.image.upload, &line);
	struct cmd_error error;

	if (stream && reply->result != RESULT_OK) {
		report_refusal(&error, &job->request, reply, &line->console->inventory);
		stream_end(line, stream, error.text);
	} else if (stream && (data->offset != stream->fetched || data->count > job->request.image.count)) {
		stream_end(line, stream, "root read something else");
	} else if (stream) {
		keep(stream, data);
	}
	job_drop(job);
}

static void close_answer(struct session *s, struct job *job, const struct reply *reply)
{
	(void)s;
	(void)reply;
	job_drop(job);
}

static const struct command read_command = { .verb = "export", .ops = { .answer = read_answer } };
static const struct command close_command = { .verb = "export", .ops = { .answer = close_answer } };

static bool ask(struct session *s, enum request_op op, u32 slot, u64 export, u32 count)
{
	struct job *job = job_new_export(s, slot, op == REQ_EXPORT_CLOSE);

	if (!job)
		return false;
	args_init(&job->args, op == REQ_EXPORT_CLOSE ? &close_command : &read_command);
	job->request.image = (struct image_request){ .upload = export, .count = count };
	job_send(s, job, op);
	return true;
}

/* As far as there is credit, and what was not sent yet is not lost. */
static bool ask_read(struct session *s, const struct stream *stream)
{
	u64 end = stream->sent + EXPORT_KEPT_BYTES;

	end = end < stream->credit ? end : stream->credit;
	if (stream->is_all_fetched || end <= stream->fetched)
		return false;
	end -= stream->fetched;
	return ask(s, REQ_EXPORT_READ, stream->slot, stream->export,
		end < EXPORT_DATA_BYTES ? (u32)end : EXPORT_DATA_BYTES);
}

bool export_turn(struct session *s)
{
	struct console *c = s->console;
	bool is_some = false;

	for (u32 i = 0; i < EXPORTS; i++)
		if (c->exports_to_close[i] && ask(s, REQ_EXPORT_CLOSE, i, c->exports_to_close[i], 0)) {
			c->exports_to_close[i] = 0;
			is_some = true;
		}
	for (u32 i = 0; s->streams.count && i < STREAM_COUNT; i++) {
		const struct stream *stream = s->streams.list[i];

		if (stream && stream->client && stream->kind == STREAM_EXPORT)
			is_some = ask_read(s, stream) || is_some;
	}
	return is_some;
}
