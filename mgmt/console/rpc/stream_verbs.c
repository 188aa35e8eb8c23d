/* SPDX-License-Identifier: MIT */
/*
 * stream_verbs.c - the requests about streams: open-console, open-log, open-events, credit, close-stream.
 */
#include <string.h>

#include "stream.h"
#include "stream_verbs.h"
#include "verbs.h"

#define FROM_BYTES 24u

bool rpc_is_true(const struct json *json, u32 arguments, const char *name)
{
	u32 token = arguments ? json_member(json, arguments, name) : 0;

	return token && json->tokens[token].type == JSON_TRUE;
}

/* ---- opening ---- */

static void say_opened(struct session *s, const struct stream *stream, const struct answer_to *to)
{
	const struct stream_source *source = &stream_sources[stream->kind];
	struct json_writer *writer = job_json_begin(s);

	json_open(writer, "return", '{');
	json_number(writer, "stream", stream->number);
	json_number(writer, "offset", stream->sent);
	json_number(writer, "end", source->end(s, stream));
	if (stream->is_writable) {
		json_number(writer, "taken", stream->received);
		json_number(writer, "limit", stream_input_limit(stream));
	}
	json_close(writer, '}');
	job_json_end_for(s, to);
}

/* "live" (also if nothing is said), "log", or an offset: as far as that is there. */
static bool set_start(struct session *s, u32 arguments, const char *name, struct stream *stream,
	struct cmd_error *error)
{
	const struct stream_source *source = &stream_sources[stream->kind];
	const struct json *json = &s->console->json;
	u32 token = arguments ? json_member(json, arguments, name) : 0;
	u64 start = source->start(s, stream), end = source->end(s, stream), offset = end;

	if (token && json_is(json, token, "log"))
		offset = start;
	else if (token && !json_is(json, token, "live") && !rpc_number(json, token, &offset))
		return error_set(error, RESULT_USAGE, "\"%s\" is \"live\", \"log\" or an offset", name);
	offset = offset < start ? start : offset;
	stream->sent = stream->credit = offset < end ? offset : end;
	return true;
}

/* It is there: where it begins, and the answer. */
static void open_at(struct session *s, u32 arguments, const char *from, struct stream *stream,
	const struct answer_to *to)
{
	struct cmd_error error;

	if (set_start(s, arguments, from, stream, &error)) {
		say_opened(s, stream, to);
		return;
	}
	stream_close(s, stream);
	rpc_refuse(s, &error, to);
}

void open_console_serve(struct session *s, u32 arguments, const struct answer_to *to)
{
	const struct json *json = &s->console->json;
	u32 token = arguments ? json_member(json, arguments, "name") : 0;
	struct cmd_error error;
	const struct vm_entry *vm = NULL;
	struct stream *stream;
	char name[VM_NAME_BYTES];

	if (token && json_value(json, token, name, sizeof(name)))
		vm = inventory_find(&s->console->inventory, name);
	if (!vm) {
		if (token && json->tokens[token].type == JSON_STRING)
			error_set(&error, RESULT_NOT_FOUND, "there is no such VM. list-vm shows what there is");
		else
			error_set(&error, RESULT_USAGE, "open-console needs the \"name\" of a VM");
		rpc_refuse(s, &error, to);
		return;
	}
	if (rpc_is_true(json, arguments, "write") &&
		!login_may(s, &to->client->login, ROLE_OPERATOR, "open-console with write", &error)) {
		rpc_refuse(s, &error, to);
		return;
	}
	stream = stream_new(s, to->client, STREAM_CONSOLE, &error);
	if (!stream) {
		rpc_refuse(s, &error, to);
		return;
	}
	stream->vm = vm->report.index;
	stream->vm_number = vm->number;
	stream->is_writable = rpc_is_true(json, arguments, "write");
	open_at(s, arguments, "from", stream, to);
}

static void open_kind(struct session *s, u32 arguments, enum stream_kind kind, const char *from,
	const struct answer_to *to)
{
	struct cmd_error error;
	struct stream *stream = stream_new(s, to->client, kind, &error);

	if (stream)
		open_at(s, arguments, from, stream, to);
	else
		rpc_refuse(s, &error, to);
}

void open_log_serve(struct session *s, u32 arguments, const struct answer_to *to)
{
	open_kind(s, arguments, STREAM_LOG, "from", to);
}

void open_events_serve(struct session *s, u32 arguments, const struct answer_to *to)
{
	open_kind(s, arguments, STREAM_EVENTS, "since", to);
}

/* ---- going on, closing ---- */

struct stream *stream_named(struct session *s, u32 arguments, const struct answer_to *to, struct cmd_error *error)
{
	struct stream *stream = NULL;
	u64 number;

	if (!arguments || !rpc_number_of(&s->console->json, arguments, "stream", &number))
		error_set(error, RESULT_USAGE, "\"stream\" is the number of a stream");
	else if ((stream = stream_find(s, to->client, number)) == NULL)
		error_set(error, RESULT_NOT_FOUND, "this client has no stream %llu", (unsigned long long)number);
	return stream;
}

/* Served each time that it comes, so the answer is not kept; without an id there is none. */
static void say_credit(struct session *s, const struct stream *stream, const struct cmd_error *error,
	const struct answer_to *to)
{
	struct answer_to each = { .id = to->id };
	struct json_writer *writer;

	if (!to->id[0])
		return;
	writer = job_json_begin(s);
	if (stream) {
		const struct stream_source *source = &stream_sources[stream->kind];

		json_open(writer, "return", '{');
		json_number(writer, "offset", stream->sent);
		json_number(writer, "end", source->end ? source->end(s, stream) : stream->bytes);
		json_number(writer, "taken", stream->received);
		json_number(writer, "start", source->start ? source->start(s, stream) : 0);
		if (stream->kind == STREAM_CAPTURE)
			json_number(writer, "dropped", stream->dropped);
		json_close(writer, '}');
	} else {
		json_error(writer, error);
	}
	json_number(writer, "c", to->client->number);
	job_json_end_for(s, &each);
}

static void set_credit(struct session *s, u32 arguments, struct stream *stream)
{
	const struct json *json = &s->console->json;
	const struct stream_source *source = &stream_sources[stream->kind];
	u64 number;

	if (rpc_number_of(json, arguments, "to", &number))
		stream->credit = number;
	if (source->end && rpc_number_of(json, arguments, "from", &number))
		stream->sent = number < source->end(s, stream) ? number : source->end(s, stream);
	stream->is_ack_due = stream->is_ack_due || stream->is_writable;
}

void credit_serve(struct session *s, u32 arguments, const struct answer_to *to)
{
	struct cmd_error error;
	struct stream *stream;

	if (!to->client)
		return;
	stream = stream_named(s, arguments, to, &error);
	if (stream)
		set_credit(s, arguments, stream);
	say_credit(s, stream, &error, to);
}

void close_stream_serve(struct session *s, u32 arguments, const struct answer_to *to)
{
	struct cmd_error error;
	struct stream *stream = stream_named(s, arguments, to, &error);

	if (!stream) {
		rpc_refuse(s, &error, to);
		return;
	}
	stream_close(s, stream);
	json_raw(job_json_begin(s), "return", "{}");
	job_json_end_for(s, to);
}
