/* SPDX-License-Identifier: MIT */
/*
 * message.c - what comes in: answers, events, bytes of streams, each handed to whom it is for. All of it is foreign:
 * what does not fit is dropped.
 */
#include <stdlib.h>
#include <string.h>

#include "conn.h"

static bool is_for_us(const struct vos *vos, const json_t *message)
{
	const json_t *client = json_object_get(message, "c");

	return json_is_integer(client) && (u64)json_integer_value(client) == vos->client && vos->client;
}

static void take_answer(struct vos *vos, json_t *message)
{
	const json_t *id = json_object_get(message, "id");
	struct request *request = json_is_integer(id) ? retry_find(vos, (u64)json_integer_value(id)) : NULL;

	if (!request || request->is_done)
		return;
	if (json_is_true(json_object_get(message, "pending"))) {
		request->is_pending = true;
		retry_alive(request, now_ns());
	} else if (json_object_get(message, "return") || json_object_get(message, "error")) {
		retry_answer(vos, request, json_incref(message));
	}
}

static void take_control(struct vos *vos, const u8 *text, size_t length)
{
	json_t *message = json_loadb((const char *)text, length, 0, NULL);

	if (json_is_object(message)) {
		if (is_for_us(vos, message))
			take_answer(vos, message);
		else if (!json_object_get(message, "c"))
			greet_message(vos, message);
		if (!json_object_get(message, "c") && !vos->client && vos->greeting == GREETING_DONE)
			take_answer(vos, message);
	}
	json_decref(message);
}

static void take_event(struct vos *vos, const u8 *text, size_t length)
{
	json_t *message = json_loadb((const char *)text, length, 0, NULL);
	const char *name = json_string_value(json_object_get(message, "event"));
	const json_t *data = json_object_get(message, "data");
	const char *reason = json_string_value(json_object_get(data, "reason"));
	json_int_t stream = json_integer_value(json_object_get(data, "stream"));
	char *dump = NULL;

	if (!name || (json_object_get(message, "c") && !is_for_us(vos, message))) {
		json_decref(message);
		return;
	}
	if (strcmp(name, "STREAM_END") == 0 && stream > 0) {
		stream_end(vos, (u32)stream, reason ? reason : "closed by VOS");
	} else if (strcmp(name, "CONSOLE_START") == 0) {
		vos->is_stranger = true;
	} else if (vos->event) {
		dump = json_dumps(message, JSON_COMPACT);
		vos->is_news = true;
		if (dump)
			vos->event(vos->event_context, dump);
	}
	free(dump);
	json_decref(message);
}

void message_in(struct vos *vos, const struct wire_frame *frame)
{
	u32 stream = frame_stream_of(frame->channel);

	if (strcmp(frame->channel, "control") == 0)
		take_control(vos, frame->message, frame->length);
	else if (strcmp(frame->channel, "control+") == 0)
		retry_fragment(vos, frame->message, frame->length);
	else if (strcmp(frame->channel, "events") == 0)
		take_event(vos, frame->message, frame->length);
	else if (strcmp(frame->channel, "nak") == 0)
		retry_nak(vos, now_ns());
	else if (stream && frame->channel[0] == 's')
		stream_data(vos, stream, frame->message, frame->length);
	else if (stream)
		stream_ack(vos, stream, frame->message, frame->length);
}
