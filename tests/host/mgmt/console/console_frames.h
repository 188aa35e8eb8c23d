/* SPDX-License-Identifier: MIT */
/*
 * console_frames.h - for tests that play a program on the console's line: frames in, answers out.
 */
#ifndef VOS_CONSOLE_FRAMES_H
#define VOS_CONSOLE_FRAMES_H

#include "console_bench.h"

static struct json json;
static char answer[8192];

/* Take the next frame out of what the terminal got. */
static bool next_frame(char *channel)
{
	static struct frame_scanner scanner;
	static size_t at;
	char *message;
	size_t length;

	if (!channel) {
		at = 0;
		return false;
	}
	while (at < root->terminal_used) {
		struct frame_result result = frame_feed(&scanner, (u8)root->terminal[at++]);

		if (!result.is_complete)
			continue;
		assert_null(frame_decode(scanner.body, scanner.count, channel, &message, &length));
		assert_true(length < sizeof(answer));
		memcpy(answer, message, length);
		answer[length] = 0;
		if (!json_parse(&json, answer, length))
			fail_msg("not JSON: %s", answer);
		return true;
	}
	return false;
}

static void send_frame(const char *channel, const char *message)
{
	static char text[65536];
	struct out_buffer buffer;
	struct out out;

	out_buffer_init(&buffer, text, sizeof(text));
	out = out_to_buffer(&buffer);
	frame_encode(&out, channel, message, strlen(message));
	fake_screen(root);
	next_frame(0);
	fake_type(root, text);
}

static inline void exchange(const char *message, const char *words)
{
	char channel[FRAME_CHANNEL_BYTES];

	send_frame("control", message);
	while (next_frame(channel))
		if (strcmp(channel, "control") == 0)
			break;
	if (!strstr(answer, words))
		fail_msg("%s: no \"%s\" in %s", message, words, answer);
}

#endif
