/* SPDX-License-Identifier: MIT */
/*
 * stream.c - see stream.h. One table for each line; whoever may send next is the next one in it, so a stream with much
 * to send takes no more than its turns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"
#include "stream.h"

#define OFFSET_BYTES 8u
#define CHANNEL_TEXT_BYTES FRAME_CHANNEL_BYTES

static void put_u64(char *to, u64 number)
{
	memcpy(to, &number, sizeof(number));	/* little endian, as this machine */
}

/* ---- the table ---- */

static bool refuse_limit(struct cmd_error *error, const char *who, u32 most)
{
	error_set(error, RESULT_RESOURCES, "%s has %u streams, the maximum. Close one first", who, most);
	error->class = "E_LIMIT";
	return false;
}

/* A free one, or that of a stream that was closed. */
static u32 *free_place_of(struct session *s, u32 *place)
{
	for (*place = 0; *place < STREAM_COUNT; ++*place)
		if (!s->streams.list[*place])
			return place;
	for (*place = 0; *place < STREAM_COUNT; ++*place)
		if (!s->streams.list[*place]->client)
			return place;
	return NULL;
}

static void clear_place(struct session *s, u32 place)
{
	s->streams.count -= s->streams.list[place] ? 1 : 0;
	free(s->streams.list[place]);
	s->streams.list[place] = NULL;
}

bool stream_has_room(struct session *s, const struct client *client, struct cmd_error *error)
{
	u32 place;

	if (client->streams >= STREAM_CLIENT_COUNT)
		return refuse_limit(error, "the client", STREAM_CLIENT_COUNT);
	return free_place_of(s, &place) || refuse_limit(error, "the line", STREAM_COUNT);
}

static struct stream *find_number(const struct session *s, u64 number)
{
	for (u32 i = 0; i < STREAM_COUNT; i++)
		if (s->streams.list[i] && s->streams.list[i]->number == number)
			return s->streams.list[i];
	return NULL;
}

static bool is_number_used(const struct console *c, u32 number)
{
	for (u32 i = 0; i < c->line_count; i++)
		if (find_number(c->lines[i], number))
			return true;
	return false;
}

/* Others than those of the console's former starts: a program that still sends to these reaches no new stream. */
static u32 new_number(struct console *c)
{
	u32 base = (c->start - 1) % (FRAME_STREAM_MAX / STREAM_NUMBERS) * STREAM_NUMBERS;

	do
		c->last_stream = c->last_stream % (STREAM_NUMBERS - 1) + 1;
	while (is_number_used(c, base + c->last_stream));
	return base + c->last_stream;
}

struct stream *stream_new(struct session *s, struct client *client, enum stream_kind kind, struct cmd_error *error)
{
	struct stream *stream;
	u32 place;

	if (!stream_has_room(s, client, error))
		return NULL;
	stream = calloc(1, sizeof(*stream));
	if (!stream) {
		error_set(error, RESULT_RESOURCES, "the console has no memory for one more stream");
		return NULL;
	}
	stream->number = new_number(s->console);
	stream->kind = kind;
	stream->client = client;
	client->streams++;
	clear_place(s, *free_place_of(s, &place));
	s->streams.list[place] = stream;
	s->streams.count++;
	return stream;
}

struct stream *stream_find(struct session *s, const struct client *client, u64 number)
{
	struct stream *stream = find_number(s, number);

	return stream && stream->client == client ? stream : NULL;
}

static void drop(struct session *s, const struct stream *stream)
{
	for (u32 i = 0; i < STREAM_COUNT; i++)
		if (s->streams.list[i] == stream)
			clear_place(s, i);
}

static const struct vm_entry *vm_of(const struct session *s, const struct stream *stream)
{
	const struct vm_entry *vm = &s->console->inventory.vms[stream->vm];

	return vm->is_used && vm->number == stream->vm_number ? vm : NULL;
}

/* The guest lives, and there is input that it has not taken. */
static bool has_rest(const struct session *s, const struct stream *stream)
{
	const struct vm_entry *vm = stream->kind == STREAM_CONSOLE ? vm_of(s, stream) : NULL;

	return vm && vm_is_live(vm) && stream->taken < stream->received;
}

/* Root is told that nobody reads it any more. */
static void end_fetched(struct session *s, struct stream *stream)
{
	s->console->sources_to_close[fetched_slot(stream->kind, stream->slot)] = stream->source;
	free(stream->kept);
	stream->kept = NULL;
}

void stream_close(struct session *s, struct stream *stream)
{
	stream->client->streams--;
	stream->client = NULL;
	if (stream_is_fetched(stream))
		end_fetched(s, stream);
	stream->is_writable = false;
	stream->closed_ns = session_now(s);
	if (!has_rest(s, stream))
		drop(s, stream);
}

void stream_close_all(struct session *s, const struct client *client, const char *reason)
{
	for (u32 i = 0; i < STREAM_COUNT; i++) {
		struct stream *stream = s->streams.list[i];

		if (!stream || stream->client != client)
			continue;
		if (reason)
			stream_end(s, stream, reason);
		else
			stream_close(s, stream);
	}
}

void stream_end(struct session *s, struct stream *stream, const char *reason)
{
	struct out out = out_to_buffer(&s->console->json_buffer);
	struct json_writer *writer = job_json_begin(s);

	json_text(writer, "event", "STREAM_END");
	json_open(writer, "data", '{');
	json_number(writer, "stream", stream->number);
	json_number(writer, "offset", stream->kind == STREAM_UPLOAD ? stream->received : stream->sent);
	json_text(writer, "reason", reason);
	json_close(writer, '}');
	json_number(writer, "c", stream->client->number);
	out_text(&out, "}");
	session_send_frame(s, "events");
	stream_close(s, stream);
}

/* ---- input ---- */

u64 stream_input_limit(const struct stream *stream)
{
	u64 limit = stream->taken + UPLOAD_WINDOW_BYTES;

	if (stream->kind != STREAM_UPLOAD)
		return stream->taken + STREAM_INPUT_BYTES;
	return limit < stream->bytes ? limit : stream->bytes;
}

/* Of which byte n is at n % *size. */
static char *input_buffer(struct session *s, struct stream *stream, u32 *size)
{
	*size = stream->kind == STREAM_UPLOAD ? UPLOAD_WINDOW_BYTES : STREAM_INPUT_BYTES;
	return stream->kind == STREAM_UPLOAD ?
		(char *)s->console->ops->uploads + (size_t)stream->slot * UPLOAD_WINDOW_BYTES : stream->input;
}

/* What comes behind what there is, as far as there is room. What is there already, or behind a gap, changes nothing. */
static void take_input(struct session *s, struct stream *stream, u64 offset, const char *bytes, size_t count)
{
	u64 limit = stream_input_limit(stream), known = stream->received - offset;
	char *buffer;
	u32 size;

	if (offset > stream->received || known >= count)
		return;
	buffer = input_buffer(s, stream, &size);
	for (size_t i = (size_t)known; i < count && stream->received < limit; i++)
		buffer[stream->received++ % size] = bytes[i];
}

bool stream_input(struct session *s, const char *channel, const char *message, size_t length)
{
	struct stream *stream;
	u32 number = frame_stream_of(channel);
	u64 offset;

	if (number == 0 || channel[0] != 's')
		return false;
	stream = find_number(s, number);
	if (!stream || !stream->is_writable || length < OFFSET_BYTES)
		return true;
	memcpy(&offset, message, sizeof(offset));
	stream->client->heard_ns = session_now(s);
	take_input(s, stream, offset, message + OFFSET_BYTES, length - OFFSET_BYTES);
	stream->is_ack_due = true;
	return true;
}

/* ---- output ---- */

static void send_frame(struct session *s, const struct stream *stream, char kind, const char *message, size_t length)
{
	struct frame_sink sink = { s->raw.write, s->raw.context };
	char channel[CHANNEL_TEXT_BYTES];

	snprintf(channel, sizeof(channel), "%c%u", kind, stream->number);
	frame_encode(s->kind, &sink, channel, message, length);
}

static bool send_ack(struct session *s, struct stream *stream)
{
	char message[2 * OFFSET_BYTES];

	if (!stream->is_ack_due)
		return false;
	put_u64(message, stream->received);
	put_u64(message + OFFSET_BYTES, stream_input_limit(stream));
	send_frame(s, stream, 'a', message, sizeof(message));
	stream->is_ack_due = false;
	return true;
}

/* Bytes of data in one frame. */
static size_t data_bytes(const struct stream *stream)
{
	return stream->kind == STREAM_EVENTS ? EVENT_BYTES : stream->client->fragment - OFFSET_BYTES;
}

static bool send_data(struct session *s, struct stream *stream)
{
	static char message[FRAGMENT_PLAIN_MAX + EVENT_BYTES];
	const struct stream_source *source = &stream_sources[stream->kind];
	u64 start, end, next;
	size_t size = data_bytes(stream), count;

	if (!source->read)
		return false;
	start = source->start(s, stream);
	if (stream->sent < start)
		stream->sent = start;
	end = source->end(s, stream);
	end = end < stream->credit ? end : stream->credit;
	if (stream->sent >= end)
		return false;
	if (stream->kind != STREAM_EVENTS && size > end - stream->sent)
		size = (size_t)(end - stream->sent);
	put_u64(message, stream->sent);
	count = source->read(s, stream, message + OFFSET_BYTES, size, &next);
	stream->sent = next;
	if (count)
		send_frame(s, stream, 's', message, OFFSET_BYTES + count);
	return true;
}

bool stream_send_one(struct session *s)
{
	for (u32 i = 0; s->streams.count && i < STREAM_COUNT; i++) {
		struct stream *stream = s->streams.list[s->streams.turn++ % STREAM_COUNT];

		if (stream && stream->client && (send_ack(s, stream) || send_data(s, stream)))
			return true;
	}
	return false;
}

/* ---- a turn ---- */

/* `first` was closed before `next` was, and what it left for the same VM comes first. */
static bool is_before(const struct session *s, const struct stream *first, const struct stream *next)
{
	if (first == next || first->client || first->vm_number != next->vm_number || !has_rest(s, first))
		return false;
	return next->client || first->closed_ns < next->closed_ns ||
	       (first->closed_ns == next->closed_ns && first->number < next->number);
}

/* Input of different programs is not mixed because one was closed, on whatever line. */
static bool must_wait(const struct session *s, const struct stream *stream)
{
	const struct console *c = s->console;

	for (u32 i = 0; i < c->line_count; i++)
		for (u32 k = 0; c->lines[i]->streams.count && k < STREAM_COUNT; k++)
			if (c->lines[i]->streams.list[k] && is_before(s, c->lines[i]->streams.list[k], stream))
				return true;
	return false;
}

/* To the guest, as it takes it. What was meant for a VM that does not live is gone. */
static bool feed(struct session *s, struct stream *stream)
{
	const struct console_ops *ops = s->console->ops;
	bool is_live = vm_is_live(vm_of(s, stream));
	u64 before = stream->taken;

	if (!is_live)
		stream->taken = stream->received;
	if (stream->taken == stream->received || must_wait(s, stream))
		return stream->taken != before;
	for (u32 i = 0; i < STREAM_FEED_BYTES && stream->taken < stream->received; i++) {
		if (!ops->vm_has_room(ops->context, stream->vm))
			break;
		ops->vm_write(ops->context, stream->vm, stream->input[stream->taken++ % STREAM_INPUT_BYTES]);
	}
	stream->is_ack_due = stream->is_ack_due || stream->taken != before;
	return stream->taken != before;
}

/* A stream that was closed: true if something was done. */
static bool rest_turn(struct session *s, struct stream *stream)
{
	bool is_some = has_rest(s, stream) && feed(s, stream);

	if (!has_rest(s, stream) || session_now(s) - stream->closed_ns >= STREAM_REST_NS)
		drop(s, stream);
	return is_some;
}

static bool turn(struct session *s, struct stream *stream)
{
	if (!stream->client)
		return rest_turn(s, stream);
	if (stream->kind == STREAM_CONSOLE && !vm_of(s, stream)) {
		stream_end(s, stream, "the VM was deleted");
		return true;
	}
	return stream->kind == STREAM_CONSOLE && feed(s, stream);
}

bool stream_turn(struct session *s)
{
	bool is_some = false;

	for (u32 i = 0; s->streams.count && i < STREAM_COUNT; i++)
		if (s->streams.list[i])
			is_some = turn(s, s->streams.list[i]) || is_some;
	return is_some;
}

u64 stream_deadline_ns(const struct session *s)
{
	u64 deadline = ~0ull;

	for (u32 i = 0; s->streams.count && i < STREAM_COUNT; i++) {
		const struct stream *stream = s->streams.list[i];

		if (stream && !stream->client && stream->closed_ns + STREAM_REST_NS < deadline)
			deadline = stream->closed_ns + STREAM_REST_NS;
	}
	return deadline;
}

bool stream_waits_for_vm(const struct session *s, u32 vm)
{
	for (u32 i = 0; s->streams.count && i < STREAM_COUNT; i++) {
		const struct stream *stream = s->streams.list[i];

		if (stream && stream->kind == STREAM_CONSOLE && stream->vm == vm && stream->taken < stream->received)
			return true;
	}
	return false;
}
