/* SPDX-License-Identifier: MIT */
/*
 * Two programs that open, feed, credit and close streams in any order, with any offsets, while VMs come and go, root is
 * slow, and the console starts again: each byte of an upload is the one that was sent for its offset, each byte of the
 * log the log's; no stream goes beyond its credit or has a number that was given before; what is counted is there; and
 * no output queue overflows.
 */
/*
 * links: console
 * helpers: fake_root.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_root.h"

#define CHANNELS 4096u		/* streams that are watched, by number modulo this */
#define STEPS 12u		/* of one input; more would only take longer */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct session session;
static const uint8_t *input;
static size_t input_left;

static void expect(bool is_true, const char *what)
{
	if (is_true)
		return;
	fprintf(stderr, "not true: %s\n", what);
	abort();
}

/* ---- what is known of streams, by the frames on the line ---- */

static struct watched {
	u32 number;		/* 0 = none */
	bool is_given, is_log;
	u64 credit;		/* the highest that was given */
	u64 taken;		/* of the last ack */
} watched[CHANNELS];
static u32 given;		/* the stream that was opened last */
static bool opens_log;		/* the last request was open-log */

static struct watched *watch(u32 number)
{
	struct watched *w = &watched[number % CHANNELS];

	if (w->number != number)
		*w = (struct watched){ .number = number };
	return w;
}

/* An answer that gives a stream: none is sent again here. */
static void see_answer(const char *text)
{
	const char *at = strstr(text, "{\"return\":{\"stream\":");
	u32 number = at ? (u32)strtoul(at + 20, NULL, 10) : 0;

	if (number == 0)
		return;
	expect(!watch(number)->is_given, "a stream's number is a new one");
	*watch(number) = (struct watched){ .number = number, .is_given = true, .is_log = opens_log };
	given = number;
}

static void see_data(const struct fake_root *root, u32 number, const char *message, size_t length)
{
	const struct watched *w = watch(number);
	u64 offset;

	expect(length > sizeof(offset), "a frame of a stream has an offset and bytes");
	memcpy(&offset, message, sizeof(offset));
	expect(offset < w->credit, "a stream stays within its credit");
	if (!w->is_log)
		return;
	expect(offset + length - sizeof(offset) <= w->credit, "the log's bytes stay within the credit");
	for (u64 i = 0; i < length - sizeof(offset); i++)
		expect(message[sizeof(offset) + i] == root->log.text[(offset + i) % LOG_BYTES], "the log's bytes");
}

static void see_ack(u32 number, const char *message, size_t length)
{
	struct watched *w = watch(number);
	u64 taken, limit;

	expect(length == 2 * sizeof(u64), "an ack is two numbers");
	memcpy(&taken, message, sizeof(taken));
	memcpy(&limit, message + sizeof(taken), sizeof(limit));
	expect(taken <= limit, "what came is within the limit");
	expect(taken >= w->taken, "what came stays");
	w->taken = taken;
}

static void see(const struct fake_root *root, const struct frame_result *frame)
{
	u32 number = frame_stream_of(frame->channel);

	if (strcmp(frame->channel, "control") == 0) {
		frame->message[frame->length] = 0;	/* the checksum was there */
		see_answer(frame->message);
	} else if (number && frame->channel[0] == 's') {
		see_data(root, number, frame->message, frame->length);
	} else if (number) {
		see_ack(number, frame->message, frame->length);
	}
}

static void see_all(struct fake_root *root)
{
	static char body[FRAME_BYTES + 1];
	struct frame_scanner scanner;
	struct frame_result result;
	size_t at = 0;

	frame_scanner_init(&scanner, FRAME_TEXT, body, FRAME_BYTES);
	while (at < root->terminal_used) {
		at += frame_scan(&scanner, root->terminal + at, root->terminal_used - at, &result);
		expect(!result.broken, "VOS sends whole frames");
		if (result.is_frame)
			see(root, &result);
	}
	fake_screen(root);
}

/* Byte n of each upload is n, as data() sends it. */
static void check_uploads(void)
{
	for (u32 slot = 0; slot < UPLOADS; slot++) {
		u64 taken;
		const u8 *bytes = fake_upload_bytes(slot, &taken);

		for (u64 i = 0; bytes && i < taken; i++)
			expect(bytes[i] == (u8)i, "a byte of an upload is at its offset");
	}
}

static void check_counts(void)
{
	u32 of_clients = 0, in_use = 0, owned = 0;

	for (u32 i = 0; i < CLIENT_COUNT; i++)
		of_clients += session.clients.list[i].streams;
	for (u32 i = 0; i < STREAM_COUNT; i++) {
		in_use += session.streams.list[i] != NULL;
		owned += session.streams.list[i] && session.streams.list[i]->client;
	}
	expect(in_use == session.streams.count && owned == of_clients, "streams are counted");
}

/* ---- what is done ---- */

static u32 next(void)
{
	if (input_left == 0)
		return 0;
	input_left--;
	return *input++;
}

/* Mostly near what is right, sometimes anything. */
static u64 next_offset(void)
{
	u32 kind = next();
	u64 value = next();

	if (kind < 128)
		return value;
	if (kind < 240)
		return value << (kind % 24);
	return ~0ull - value;
}

static void frame(struct fake_root *root, const char *channel, const void *bytes, size_t count)
{
	static char text[65536];
	struct out_buffer buffer;
	struct frame_sink sink;

	out_buffer_init(&buffer, text, sizeof(text));
	sink = (struct frame_sink){ out_to_buffer(&buffer).write, &buffer };
	frame_encode(FRAME_TEXT, &sink, channel, bytes, count);
	fake_type_bytes(root, text, buffer.used);
}

static void request(struct fake_root *root, const char *text, u64 a, u64 b)
{
	static u64 id;
	char arguments[300], message[400];

	snprintf(arguments, sizeof(arguments), text, (unsigned long long)a, (unsigned long long)b);
	snprintf(message, sizeof(message), "{\"execute\":%s,\"c\":%llu,\"id\":%llu}", arguments,
		(unsigned long long)session.clients.list[a % 2].number, (unsigned long long)++id);
	frame(root, "control", message, strlen(message));
}

static void data(struct fake_root *root, u32 stream)
{
	u8 message[600];
	char channel[16];
	u32 near = next(), count = 2 * next();
	u64 offset = near % 4 ? watch(stream)->taken - (near % 4 == 1 ? near % 3 : 0) : next_offset();

	memcpy(message, &offset, sizeof(offset));
	for (u32 i = 0; i < count; i++)
		message[8 + i] = (u8)(offset + i);
	snprintf(channel, sizeof(channel), "s%u", stream);
	frame(root, channel, message, next() % 16 ? 8 + count : count % 10);
}

/* The fake root's of that many bytes, as data() sends them; sometimes another one. */
static const char *hash_of(u64 bytes)
{
	static char text[80];
	u8 sum = next() % 4 == 0 ? 1 : 0;
	int used = snprintf(text, sizeof(text), "\"hash\":\"");

	for (u64 i = 0; i < bytes; i++)
		sum = (u8)(sum + i);
	for (u32 i = 0; i < IMAGE_HASH_BYTES; i++)
		used += snprintf(text + used, sizeof(text) - (size_t)used, "%02x", sum);
	snprintf(text + used, sizeof(text) - (size_t)used, "\"");
	return text;
}

static void open_upload(struct fake_root *root)
{
	u64 bytes = 1 + next() * 300;
	char text[300];

	snprintf(text, sizeof(text), "\"open-upload\",\"arguments\":{\"name\":\"%c\",\"bytes\":%llu,%s}",
		'p' + (char)(next() % 3), (unsigned long long)bytes, hash_of(bytes));
	request(root, text, next(), 0);
}

static void give_credit(struct fake_root *root, u32 stream)
{
	u64 to = next_offset() >> 12;
	struct watched *w = watch(stream);

	w->credit = to > w->credit ? to : w->credit;
	request(root, next() % 2 ? "\"credit\",\"arguments\":{\"stream\":%llu,\"to\":%llu,\"from\":3}" :
		"\"credit\",\"arguments\":{\"stream\":%llu,\"to\":%llu}", stream, to);
}

static void greet(struct fake_root *root)
{
	static const char x[] = "{\"execute\":\"hello\",\"arguments\":{\"client\":\"x\",\"fragment\":300}}";
	static const char y[] = "{\"execute\":\"hello\",\"arguments\":{\"client\":\"y\"}}";

	frame(root, "control", x, strlen(x));
	frame(root, "control", y, strlen(y));
}

static void one(struct fake_root *root)
{
	u32 op = next() % 16, pick = next();
	u32 stream = pick % 4 ? given : (root->args.start - 1) * STREAM_NUMBERS + 1 + pick % 12;

	opens_log = op == 3;
	switch (op) {
	case 0: case 1:
		request(root, "\"open-console\",\"arguments\":{\"name\":\"a\",\"write\":true,\"from\":%llu}",
			next_offset() >> 12, 0);
		break;
	case 2:
		request(root, "\"open-events\",\"arguments\":{\"since\":%llu}", next(), 0);
		break;
	case 3:
		request(root, "\"open-log\",\"arguments\":{\"from\":\"log\"}", stream, 0);
		break;
	case 4: case 5:
		open_upload(root);
		break;
	case 6:
		request(root, "\"finish-upload\",\"arguments\":{\"stream\":%llu}", stream, 0);
		break;
	case 7:
		request(root, "\"close-stream\",\"arguments\":{\"stream\":%llu}", stream, 0);
		break;
	case 8: case 9:
		give_credit(root, stream);
		break;
	case 10:
		root->is_slow = !root->is_slow;
		if (next() % 8 == 0) {
			see_all(root);
			fake_restart(root, NULL);
			greet(root);
		}
		break;
	case 11:
		fake_answer(root);
		break;
	case 12:
		fake_guest_writes(root, "a", "the guest says something\r\n");
		fake_guests(root);
		break;
	case 13:
		fake_type(root, next() % 2 ? "delete-vm a --force\r" : "create-vm a\rstart-vm a\r");
		break;
	default:
		data(root, stream);
		break;
	}
	fake_run(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fake_root *root = fake_start(&session, 0);

	input = bytes;
	input_left = size;
	memset(watched, 0, sizeof(watched));
	given = 1;
	fake_log(root, "[    0.000000] a line of the log, and what it says\n");
	fake_type(root, "create-vm a\rstart-vm a\r");
	greet(root);
	for (u32 step = 0; step < STEPS && input_left; step++) {
		one(root);
		expect(!session.output.is_cut, "no output is lost");
		see_all(root);
		check_uploads();
		check_counts();
	}
	fake_end(root);
	return 0;
}
