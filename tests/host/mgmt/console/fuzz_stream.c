/* SPDX-License-Identifier: MIT */
/*
 * Two programs that open, feed, credit and close streams in any order, with any offsets, while VMs come and go and root
 * is slow: nothing is read or written out of place, and no output queue overflows.
 */
/*
 * links: console
 * helpers: fake_root.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_root.h"

#define STEPS 12u		/* of one input; more would only take longer */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct session session;
static const uint8_t *input;
static size_t input_left;

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
	u64 offset = next_offset();
	u32 count = 2 * next();

	memcpy(message, &offset, sizeof(offset));
	for (u32 i = 0; i < count; i++)
		message[8 + i] = (u8)(offset + i);
	snprintf(channel, sizeof(channel), "s%u", stream);
	frame(root, channel, message, next() % 16 ? 8 + count : count % 10);
}

static void one(struct fake_root *root)
{
	static const char hash[] = "\"hash\":\"0000000000000000000000000000000000000000000000000000000000000000\"";
	char text[300];
	u32 op = next() % 16, stream = 1 + next() % 12;

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
		snprintf(text, sizeof(text),
			"\"open-upload\",\"arguments\":{\"name\":\"%c\",\"bytes\":%%llu,%s}",
			'p' + (char)(next() % 3), hash);
		request(root, text, 1 + next() * 300, 0);
		break;
	case 6:
		request(root, "\"finish-upload\",\"arguments\":{\"stream\":%llu}", stream, 0);
		break;
	case 7:
		request(root, "\"close-stream\",\"arguments\":{\"stream\":%llu}", stream, 0);
		break;
	case 8: case 9:
		request(root, next() % 2 ? "\"credit\",\"arguments\":{\"stream\":%llu,\"to\":%llu,\"from\":3}" :
			"\"credit\",\"arguments\":{\"stream\":%llu,\"to\":%llu}", stream, next_offset() >> 12);
		break;
	case 10:
		root->is_slow = !root->is_slow;
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
	static const char x[] = "{\"execute\":\"hello\",\"arguments\":{\"client\":\"x\",\"fragment\":300}}";
	static const char y[] = "{\"execute\":\"hello\",\"arguments\":{\"client\":\"y\"}}";

	input = bytes;
	input_left = size;
	fake_type(root, "create-vm a\rstart-vm a\r");
	frame(root, "control", x, strlen(x));
	frame(root, "control", y, strlen(y));
	for (u32 step = 0; step < STEPS && input_left; step++) {
		one(root);
		if (session.output.is_cut || root->terminal_used > FAKE_TERMINAL_BYTES / 2)
			fake_screen(root);
		if (session.output.is_cut)
			abort();
	}
	fake_end(root);
	return 0;
}
