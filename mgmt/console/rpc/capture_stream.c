/* SPDX-License-Identifier: MIT */
/*
 * capture_stream.c - open-capture: the frames of a network card as a stream (lib/proto/captures.h).
 */
#include <string.h>

#include "handlers.h"
#include "nic_arg.h"
#include "stream.h"
#include "stream_verbs.h"
#include "verbs.h"

#define PLACE_BYTES 64u

static void opened_json(struct json_writer *writer, const char *key, const void *what)
{
	const struct stream *stream = what;

	json_open(writer, key, '{');
	json_number(writer, "stream", stream->number);
	json_number(writer, "offset", stream->sent);
	json_number(writer, "end", stream->sent);
	json_close(writer, '}');
}

static void open_answer(struct session *s, struct job *job, const struct reply *reply)
{
	static const struct view view = { NULL, opened_json };
	const struct capture_report *r = &reply->capture;
	struct cmd_error error;
	struct stream *stream;

	if (request_is_refused(s, job, reply))
		return;
	error_set(&error, RESULT_FAILED, "root gave no room for it");
	stream = fetched_new(s, job->client, STREAM_CAPTURE, r->number, r->slot, 0, &error);
	if (stream) {
		job_show(s, job, &view, stream);
		return;
	}
	s->console->sources_to_close[fetched_slot(STREAM_CAPTURE, r->slot % CAPTURES)] = r->number;
	job_fail(s, job, &error);
}

static const struct command open_command = {
	.verb = "open-capture", .op = REQ_CAPTURE_OPEN, .ops = { .answer = open_answer },
};

static bool take_request(struct session *s, u32 arguments, struct request *r, struct cmd_error *error)
{
	const struct json *json = &s->console->json;
	u32 token = arguments ? json_member(json, arguments, "nic") : 0;
	char place[PLACE_BYTES];
	u64 snap = CAPTURE_SNAP_MAX;

	if (!token || json->tokens[token].type != JSON_STRING || !json_value(json, token, place, sizeof(place)))
		return error_set(error, RESULT_USAGE, "open-capture needs \"nic\", such as \"myvm/0\"");
	if (json_member(json, arguments, "snap") &&
		(!rpc_number_of(json, arguments, "snap", &snap) || snap < CAPTURE_SNAP_MIN || snap > CAPTURE_SNAP_MAX))
		return error_set(error, RESULT_USAGE, "\"snap\" is a number of bytes, %u to %u", CAPTURE_SNAP_MIN,
			CAPTURE_SNAP_MAX);
	r->image.count = (u32)snap;
	return nic_parse_place(r->name, &r->index, place, error);
}

void open_capture_serve(struct session *s, u32 arguments, const struct answer_to *to)
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
	job_send(s, job, REQ_CAPTURE_OPEN);
}
