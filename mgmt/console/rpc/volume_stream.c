/* SPDX-License-Identifier: MIT */
/*
 * volume_stream.c - open-export: a stream whose bytes root reads out of a volume (lib/proto/exports.h).
 */
#include <stdio.h>
#include <string.h>

#include "handlers.h"
#include "stream.h"
#include "stream_verbs.h"
#include "verbs.h"

/* Root gave that place to another export. */
static void end_former(struct console *c, const struct export_report *r)
{
	for (u32 i = 0; i < c->line_count * STREAM_COUNT; i++) {
		struct session *line = c->lines[i / STREAM_COUNT];
		struct stream *stream = line->streams.list[i % STREAM_COUNT];

		if (stream && stream->client && stream->kind == STREAM_EXPORT && stream->slot == r->slot &&
			stream->source != r->number)
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
	c->sources_to_close[fetched_slot(STREAM_EXPORT, r->slot % EXPORTS)] = r->number;
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
	opened.stream = fetched_new(s, job->client, STREAM_EXPORT, r->number, r->slot, job->request.image.offset,
		&error);
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
