/* SPDX-License-Identifier: MIT */
/*
 * stream_bench.h - what tests of streams share: clients on the line, their requests, frames with binary messages, and
 * what each stream sent.
 */
#ifndef VOS_STREAM_BENCH_H
#define VOS_STREAM_BENCH_H

#include <stdlib.h>

#include "console_bench.h"
#include "units.h"

#define SEEN_STREAMS 64u
#define SEEN_BYTES 262144u

/* What came of a stream since forget_all, by number. */
struct seen {
	u64 first;		/* offset of bytes[0] */
	u64 next;
	u32 frames, jumps, longest;
	u64 acks, taken, limit;	/* of the last ack */
	char bytes[SEEN_BYTES];
};
static struct seen seen[SEEN_STREAMS];
static u32 ends;		/* events STREAM_END; the last one: */
static char end_text[512];
static char control[65536];	/* the last message on control */
static u32 controls;
static u64 ids;

static inline u64 u64_of(const char *bytes)
{
	u64 number;

	memcpy(&number, bytes, sizeof(number));
	return number;
}

static inline void see_data(struct seen *to, const char *message, size_t length)
{
	u64 offset = u64_of(message);
	size_t count = length - 8;

	if (to->frames++ == 0)
		to->first = to->next = offset;
	if (offset != to->next)
		to->jumps++;
	if (length > to->longest)
		to->longest = (u32)length;
	if (offset - to->first + count <= SEEN_BYTES)
		memcpy(to->bytes + (offset - to->first), message + 8, count);
	to->next = offset + count;
}

static inline void see(const struct frame_result *frame)
{
	u32 number = (u32)strtoul(frame->channel + 1, NULL, 10);

	if (strcmp(frame->channel, "control") == 0) {
		memcpy(control, frame->message, frame->length);
		control[frame->length] = 0;
		controls++;
	} else if (strcmp(frame->channel, "events") == 0) {
		if (memmem(frame->message, frame->length, "STREAM_END", 10)) {
			ends++;
			memcpy(end_text, frame->message, frame->length);
			end_text[frame->length] = 0;
		}
	} else if (frame->channel[0] == 's' && number < SEEN_STREAMS) {
		see_data(&seen[number], frame->message, frame->length);
	} else if (frame->channel[0] == 'a' && number < SEEN_STREAMS) {
		assert_int_equal(frame->length, 16);
		seen[number].acks++;
		seen[number].taken = u64_of(frame->message);
		seen[number].limit = u64_of(frame->message + 8);
	}
}

/* Take all that came. */
static inline void collect(void)
{
	static char body[262144];
	struct frame_scanner scanner;
	struct frame_result result;
	size_t at = 0;

	frame_scanner_init(&scanner, FRAME_TEXT, body, sizeof(body));
	while (at < root->terminal_used) {
		at += frame_scan(&scanner, root->terminal + at, root->terminal_used - at, &result);
		assert_null(result.broken);
		if (result.is_frame)
			see(&result);
	}
	fake_screen(root);
}

static inline void forget_all(void)
{
	fake_screen(root);
	memset(seen, 0, sizeof(seen));
	ends = controls = 0;
}

static inline u64 hello(const char *name, u32 fragment)
{
	char message[160];
	u64 number = 0;

	snprintf(message, sizeof(message),
		"{\"execute\":\"hello\",\"arguments\":{\"client\":\"%s\",\"fragment\":%u},\"id\":1}", name, fragment);
	exchange(message, "\"client\":");
	assert_int_equal(sscanf(answer, "{\"return\":{\"client\":%lu", &number), 1);
	return number;
}

/* `request` is the verb, quoted, and perhaps ,"arguments":{...}. The answer is in control[]. */
static inline void ask(u64 client, const char *request)
{
	static char message[1024];

	snprintf(message, sizeof(message), "{\"execute\":%s,\"c\":%lu,\"id\":%lu}", request, client, ++ids);
	control[0] = 0;
	wire(message);
	collect();
}

static inline void ask_for(u64 client, const char *request, const char *words)
{
	ask(client, request);
	if (!strstr(control, words))
		fail_msg("%s: no %s in %s", request, words, control);
}

static inline u64 number_in(const char *text, const char *name)
{
	char key[32];
	const char *at;

	snprintf(key, sizeof(key), "\"%s\":", name);
	at = strstr(text, key);
	if (!at)
		fail_msg("no %s in %s", key, text);
	return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

static inline u32 open_stream(u64 client, const char *request)
{
	ask_for(client, request, "\"stream\":");
	return (u32)number_in(control, "stream");
}

/* Without an id, so there is no answer. */
static inline void credit(u64 client, u32 stream, u64 to)
{
	char message[160];

	snprintf(message, sizeof(message),
		"{\"execute\":\"credit\",\"arguments\":{\"stream\":%u,\"to\":%lu},\"c\":%lu}", stream, to, client);
	wire(message);
	collect();
}

/* A frame of input. */
static inline void put(u32 stream, u64 offset, const char *bytes, size_t count)
{
	static char text[131072];
	char channel[FRAME_CHANNEL_BYTES];
	struct frame_piece pieces[] = { { &offset, 8 }, { bytes, count } };
	struct out_buffer buffer;
	struct frame_sink sink;

	snprintf(channel, sizeof(channel), "s%u", stream);
	out_buffer_init(&buffer, text, sizeof(text));
	sink = (struct frame_sink){ out_to_buffer(&buffer).write, &buffer };
	frame_encode_pieces(FRAME_TEXT, &sink, channel, pieces, 2);
	fake_type_bytes(root, text, buffer.used);
	collect();
}

#endif
