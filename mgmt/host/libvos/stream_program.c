/* SPDX-License-Identifier: MIT */
/*
 * stream_program.c - streams as a program has them: opening, reading, writing, closing. stream.c keeps them going.
 */
#include <stdio.h>
#include <string.h>

#include "conn.h"

#define INPUT_MAX 65536u

/* *opened: the answer, for json_decref, unless that is NULL. */
static struct vos_stream *open_stream_for(struct vos *vos, const char *verb, json_t *arguments, json_t **opened)
{
	struct vos_stream *stream = stream_new(vos);
	json_t *answer = NULL;

	if (stream && arguments && vos->client)
		answer = conn_call(vos, verb, json_incref(arguments), false);
	else if (!vos->client)
		conn_result(vos, VOS_UNSUPPORTED, "E_UNSUPPORTED", "VOS %s is too old for %s (protocol 1.0)",
			vos->version, verb);
	else
		conn_result(vos, VOS_FAILED, "E_FAILED", "no memory");
	if (vos->result != VOS_OK || !answer) {
		json_decref(arguments);
		json_decref(answer);
		if (stream)
			stream_free(stream);
		return NULL;
	}
	stream->arguments = arguments;
	stream->verb = verb;
	stream->is_events = strcmp(verb, "open-events") == 0;
	stream->is_capture = strcmp(verb, "open-capture") == 0;
	stream->is_export = stream->is_capture || strcmp(verb, "open-export") == 0;
	stream_opened(stream, answer);
	if (opened)
		*opened = answer;
	else
		json_decref(answer);
	return stream;
}

static struct vos_stream *open_stream(struct vos *vos, const char *verb, json_t *arguments)
{
	return open_stream_for(vos, verb, arguments, NULL);
}

struct vos_stream *vos_export_open(struct vos *vos, const char *volume, const char *snapshot, const char *since,
	uint64_t from, struct vos_export *export)
{
	json_t *arguments = json_pack("{s:s, s:s, s:s, s:I}", "name", volume, "snapshot", snapshot ? snapshot : "",
		"since", since ? since : "", "from", (json_int_t)(from & INT64_MAX)), *opened, *result;
	struct vos_stream *stream = open_stream_for(vos, "open-export", arguments, &opened);
	const char *id;

	if (!stream)
		return NULL;
	result = json_object_get(opened, "return");
	id = json_string_value(json_object_get(result, "id"));
	export->bytes = (uint64_t)json_integer_value(json_object_get(result, "bytes"));
	snprintf(export->id, sizeof(export->id), "%s", id ? id : "");
	json_decref(opened);
	return stream;
}

struct vos_stream *vos_capture_open(struct vos *vos, const char *nic, unsigned snap_bytes)
{
	json_t *arguments = json_pack("{s:s}", "nic", nic);

	if (snap_bytes && arguments)
		json_object_set_new(arguments, "snap", json_integer((json_int_t)snap_bytes));
	return open_stream(vos, "open-capture", arguments);
}

uint64_t vos_capture_dropped(struct vos_stream *s)
{
	json_t *answer = s->number ? conn_call(s->vos, "credit", json_pack("{s:I}", "stream", (json_int_t)s->number),
		false) : NULL;
	json_t *dropped = json_object_get(json_object_get(answer, "return"), "dropped");

	if (json_is_integer(dropped) && json_integer_value(dropped) > 0)
		s->dropped = (uint64_t)json_integer_value(dropped);
	json_decref(answer);
	return s->dropped;
}

struct vos_stream *vos_console_open(struct vos *vos, const char *name, enum vos_from from, bool writes)
{
	return open_stream(vos, "open-console", json_pack("{s:s, s:s, s:b}", "name", name, "from",
		from == VOS_FROM_LOG ? "log" : "live", "write", writes));
}

struct vos_stream *vos_console_open_at(struct vos *vos, const char *name, uint64_t offset, bool writes)
{
	return open_stream(vos, "open-console", json_pack("{s:s, s:I, s:b}", "name", name, "from",
		(json_int_t)(offset & INT64_MAX), "write", writes));
}

struct vos_stream *vos_log_open(struct vos *vos)
{
	return open_stream(vos, "open-log", json_pack("{s:s}", "from", "log"));
}

struct vos_stream *vos_events_open(struct vos *vos, uint64_t since)
{
	struct vos_stream *stream = open_stream(vos, "open-events", since == VOS_EVENTS_NEW ?
		json_pack("{s:s}", "since", "live") : json_pack("{s:I}", "since", (json_int_t)(since & INT64_MAX)));

	if (stream && since && since != VOS_EVENTS_NEW && stream->offset > since)
		stream->lost = stream->offset - since;
	return stream;
}

static ssize_t give_bytes(struct vos_stream *s, void *bytes, size_t size)
{
	size_t count = s->data.used < size ? s->data.used : size;

	memcpy(bytes, s->data.bytes, count);
	wire_drop(&s->data, count);
	s->offset += count;
	s->held -= count;
	return (ssize_t)count;
}

static ssize_t give_event(struct vos_stream *s, void *bytes, size_t size)
{
	u32 length;

	memcpy(&length, s->data.bytes, sizeof(length));
	if (length >= size) {
		conn_result(s->vos, VOS_USAGE, "E_USAGE", "the event has %u bytes, and there is room for %zu", length,
			size);
		return -1;
	}
	memcpy(bytes, s->data.bytes + sizeof(length), length);
	((char *)bytes)[length] = 0;
	wire_drop(&s->data, sizeof(length) + length);
	s->offset++;
	s->held--;
	return (ssize_t)length;
}

ssize_t vos_stream_read(struct vos_stream *s, void *bytes, size_t size, int timeout_ms)
{
	u64 until = until_ns(timeout_ms);

	while (s->held == 0 && !s->is_ended) {
		if (conn_is_canceled(s->vos)) {
			conn_result(s->vos, VOS_FAILED, "E_CANCELED", "the wait was ended");
			return -1;
		}
		conn_turn(s->vos, until);
		if (s->held == 0 && !s->is_ended && now_ns() >= until) {
			conn_result(s->vos, VOS_TIMEOUT, "E_TIMEOUT", "nothing came in that time");
			return -1;
		}
	}
	if (!s->held && s->is_failed) {
		conn_result(s->vos, VOS_LINK, "E_LINK", "%s", s->reason);
		return -1;
	}
	conn_result(s->vos, VOS_OK, "ok", "%s", "");
	if (!s->held)
		return 0;
	return s->is_events ? give_event(s, bytes, size) : give_bytes(s, bytes, size);
}

size_t vos_stream_write(struct vos_stream *s, const void *bytes, size_t size)
{
	size_t room = INPUT_MAX - s->input.used;

	if (s->is_ended)
		return 0;
	if (size > room)
		size = room;
	if (!wire_append(&s->input, bytes, size))
		return 0;
	conn_turn(s->vos, 0);
	return size;
}

uint64_t vos_stream_offset(const struct vos_stream *s)
{
	return s->offset;
}

uint64_t vos_stream_end(const struct vos_stream *s)
{
	return s->end;
}

uint64_t vos_stream_lost(const struct vos_stream *s)
{
	return s->lost;
}

const char *vos_stream_reason(const struct vos_stream *s)
{
	return s->is_ended ? s->reason : "";
}

void vos_stream_close(struct vos_stream *s)
{
	struct vos *vos;
	struct request *request;

	if (!s)
		return;
	vos = s->vos;
	if (s->number && vos->client && retry_has_room(vos)) {
		request = retry_new(vos, "close-stream", json_pack("{s:I}", "stream", (json_int_t)s->number), true,
			false);
		if (request)
			request->is_dropped = true;
	}
	stream_free(s);
	conn_turn(vos, 0);
}
