/* SPDX-License-Identifier: MIT */
/*
 * route.c - which frame is whose. Messages with a client's number pass as they are, to the program that got that number
 * from VOS; messages without one get an id of ours on the line, and theirs back. Bytes of streams go to the program
 * whose client opened the stream.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vosd.h"

#define STREAM_MESSAGE_TEXT 8192u	/* longest message of a stream to VOS, on a line with text frames */

static u64 integer(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_integer(value) && json_integer_value(value) > 0 ? (u64)json_integer_value(value) : 0;
}

/* ---- whose ---- */

static bool has_client(const struct peer *peer, u64 client)
{
	for (u32 i = 0; i < peer->client_count; i++)
		if (peer->clients[i] == client)
			return true;
	return false;
}

static struct peer *peer_of_client(struct vosd *v, u64 client)
{
	for (u32 i = 0; i < PEERS; i++)
		if (v->peers[i].fd >= 0 && has_client(&v->peers[i], client))
			return &v->peers[i];
	return NULL;
}

static void learn_client(struct vosd *v, struct peer *peer, u64 client)
{
	struct peer *other = peer_of_client(v, client);

	if (client == 0 || other == peer)
		return;
	if (other)	/* the same name from another program: the newest has it */
		for (u32 i = 0; i < other->client_count; i++)
			if (other->clients[i] == client)
				other->clients[i] = other->clients[--other->client_count];
	if (peer->client_count == PEER_CLIENTS)
		memmove(peer->clients, peer->clients + 1, sizeof(peer->clients[0]) * --peer->client_count);
	peer->clients[peer->client_count++] = client;
}

static struct peer *peer_of_stream(struct vosd *v, u32 stream)
{
	for (u32 i = 0; i < PEERS; i++)
		for (u32 j = 0; v->peers[i].fd >= 0 && j < v->peers[i].stream_count; j++)
			if (v->peers[i].streams[j] == stream)
				return &v->peers[i];
	return NULL;
}

static void unlearn_stream(struct vosd *v, u32 stream)
{
	struct peer *peer = peer_of_stream(v, stream);

	for (u32 i = 0; peer && i < peer->stream_count; i++)
		if (peer->streams[i] == stream)
			peer->streams[i] = peer->streams[--peer->stream_count];
}

static void learn_stream(struct vosd *v, struct peer *peer, u64 stream)
{
	if (stream == 0 || stream > FRAME_STREAM_MAX || peer_of_stream(v, (u32)stream) == peer)
		return;
	unlearn_stream(v, (u32)stream);
	if (peer->stream_count == PEER_STREAMS)
		memmove(peer->streams, peer->streams + 1, sizeof(peer->streams[0]) * --peer->stream_count);
	peer->streams[peer->stream_count++] = (u32)stream;
}

static struct waiting *waiting_for(struct vosd *v, u64 number)
{
	for (u32 i = 0; i < WAITING; i++)
		if (v->waiting[i].number == number)
			return &v->waiting[i];
	return NULL;
}

static void free_waiting(struct waiting *w)
{
	json_decref(w->id);
	memset(w, 0, sizeof(*w));
}

/* A free one, or that which waits longest. */
static struct waiting *new_waiting(struct vosd *v)
{
	struct waiting *oldest = &v->waiting[0];

	for (u32 i = 0; i < WAITING; i++)
		if (v->waiting[i].number < oldest->number)
			oldest = &v->waiting[i];
	free_waiting(oldest);
	oldest->number = ++v->next_number;
	return oldest;
}

/* ---- to VOS ---- */

/* An error of ours; the member "vosd" tells it from one of VOS. */
static void refuse(struct peer *peer, const json_t *message, const char *why)
{
	json_t *answer = json_pack("{s:{s:s, s:i, s:s}, s:b}", "error", "class", "E_LINK", "code", 8, "desc", why,
		"vosd", 1);

	if (!answer)
		return;
	if (json_object_get(message, "id"))
		json_object_set(answer, "id", json_object_get(message, "id"));
	if (json_object_get(message, "c"))
		json_object_set(answer, "c", json_object_get(message, "c"));
	peer_send_json(peer, answer);
	json_decref(answer);
}

static void send_renumbered(struct vosd *v, struct peer *peer, json_t *message)
{
	const char *verb = json_string_value(json_object_get(message, "execute"));
	struct waiting *w = new_waiting(v);
	char *text;

	w->peer = peer;
	w->id = json_incref(json_object_get(message, "id"));
	w->is_hello = verb && strcmp(verb, "hello") == 0;
	json_object_set_new(message, "id", json_integer((json_int_t)w->number));
	text = json_dumps(message, JSON_COMPACT);
	if (text)
		line_send(v, "control", text, strlen(text));
	free(text);
}

static void control_up(struct vosd *v, struct peer *peer, const struct wire_frame *frame)
{
	json_t *message = json_loadb((const char *)frame->message, frame->length, 0, NULL);
	u64 client = integer(message, "c");
	char why[HOST_WHY_BYTES];

	if (!json_is_object(message)) {
		refuse(peer, NULL, "the message is not a JSON object");
	} else if (!line_is_up(v) && !client) {
		snprintf(why, sizeof(why), "vosd has no connection to %.100s: %.200s", v->host.text, v->why);
		refuse(peer, message, why);
	} else if (!client) {
		send_renumbered(v, peer, message);
	} else if (!has_client(peer, client)) {
		refuse(peer, message, "no such client on this line: say hello");
	} else {
		learn_stream(v, peer, integer(json_object_get(message, "arguments"), "stream"));
		line_send(v, "control", frame->message, frame->length);
	}
	json_decref(message);
}

void route_up(struct vosd *v, struct peer *peer, const struct wire_frame *frame)
{
	u32 stream = frame_stream_of(frame->channel);

	if (strcmp(frame->channel, "control") == 0)
		control_up(v, peer, frame);
	else if (stream && frame->channel[0] == 's' && peer_of_stream(v, stream) == peer &&
		 (v->kind == FRAME_PLAIN || frame->length <= STREAM_MESSAGE_TEXT))
		line_send(v, frame->channel, frame->message, frame->length);
}

/* ---- to programs ---- */

static void pass(struct peer *peer, const struct wire_frame *frame, bool is_needed)
{
	if (!peer)
		return;
	if (frame->length <= FRAME_MESSAGE_BYTES)
		peer_send(peer, frame->channel, frame->message, frame->length, is_needed);
	else
		refuse(peer, NULL, "an answer of VOS is too long for vosd");
}

static void broadcast(struct vosd *v, const struct wire_frame *frame, bool is_needed)
{
	for (u32 i = 0; i < PEERS; i++)
		if (v->peers[i].fd >= 0)
			pass(&v->peers[i], frame, is_needed);
}

static void say_bye(struct vosd *v, u64 client)
{
	char text[64];
	int count = snprintf(text, sizeof(text), "{\"execute\":\"bye\",\"c\":%llu}", (unsigned long long)client);

	line_send(v, "control", text, (size_t)count);
}

/* An error without an id: some frame came spoiled, and nobody knows whose. All repeat what is unanswered. */
static void nak_all(struct vosd *v)
{
	static const char text[] = "{\"channel\":\"\",\"bytes\":0}";

	for (u32 i = 0; i < PEERS; i++)
		if (v->peers[i].fd >= 0)
			peer_send(&v->peers[i], "nak", text, sizeof(text) - 1, false);
}

static void unnumbered_down(struct vosd *v, json_t *message)
{
	struct waiting *w = integer(message, "id") ? waiting_for(v, integer(message, "id")) : NULL;
	u64 client = integer(json_object_get(message, "return"), "client");

	if (!w) {
		if (json_object_get(message, "error"))
			nak_all(v);
		return;
	}
	if (w->peer && w->is_hello)
		learn_client(v, w->peer, client);
	else if (w->is_hello && client)
		say_bye(v, client);
	if (w->id)
		json_object_set(message, "id", w->id);
	else
		json_object_del(message, "id");
	if (w->peer)
		peer_send_json(w->peer, message);
	free_waiting(w);
}

static void control_down(struct vosd *v, const struct wire_frame *frame)
{
	json_t *message = json_loadb((const char *)frame->message, frame->length, 0, NULL);
	u64 client = integer(message, "c");
	struct peer *peer = client ? peer_of_client(v, client) : NULL;

	if (peer) {
		learn_stream(v, peer, integer(json_object_get(message, "return"), "stream"));
		pass(peer, frame, true);
	} else if (!client && json_is_object(message)) {
		unnumbered_down(v, message);
	}
	json_decref(message);
}

static void event_down(struct vosd *v, const struct wire_frame *frame)
{
	json_t *message = json_loadb((const char *)frame->message, frame->length, 0, NULL);
	const char *name = json_string_value(json_object_get(message, "event"));
	u64 client = integer(message, "c");

	if (client)
		pass(peer_of_client(v, client), frame, true);
	else
		broadcast(v, frame, false);
	if (name && strcmp(name, "STREAM_END") == 0)
		unlearn_stream(v, (u32)integer(json_object_get(message, "data"), "stream"));
	json_decref(message);
}

/* "C ID SEQ ...": whose fragment it is. */
static u64 client_of_fragment(const struct wire_frame *frame)
{
	u64 client = 0;

	for (size_t i = 0; i < frame->length && i < 16 && frame->message[i] >= '0' && frame->message[i] <= '9'; i++)
		client = client * 10 + (u64)(frame->message[i] - '0');
	return client;
}

void route_down(struct vosd *v, const struct wire_frame *frame)
{
	u32 stream = frame_stream_of(frame->channel);

	if (strcmp(frame->channel, "control") == 0)
		control_down(v, frame);
	else if (strcmp(frame->channel, "control+") == 0)
		pass(peer_of_client(v, client_of_fragment(frame)), frame, true);
	else if (strcmp(frame->channel, "events") == 0)
		event_down(v, frame);
	else if (strcmp(frame->channel, "nak") == 0)
		broadcast(v, frame, false);
	else if (stream)
		pass(peer_of_stream(v, stream), frame, false);
}

void route_forget(struct vosd *v, struct peer *peer)
{
	for (u32 i = 0; i < peer->client_count; i++)
		say_bye(v, peer->clients[i]);
	for (u32 i = 0; i < WAITING; i++)
		if (v->waiting[i].peer == peer)
			v->waiting[i].peer = NULL;
	peer->client_count = peer->stream_count = 0;
}
