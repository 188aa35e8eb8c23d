/* SPDX-License-Identifier: MIT */
/*
 * Bytes from the line into the frame scanner, its decoder and the JSON reader: what is not a frame passes unchanged,
 * what is decodes within its bounds.
 */
/* links: console */
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is_true)
{
	if (!is_true)
		abort();
}

static void parse(const char *text, size_t length)
{
	static struct json json;
	char value[64];

	if (!json_parse(&json, text, length))
		return;
	check(json.count > 0 && json.tokens[0].end == json.count);
	for (u32 i = 0; i < json.count; i++) {
		const struct json_token *t = &json.tokens[i];

		check(t->start <= length && t->length <= length - t->start && t->end > i && t->end <= json.count);
		if (json_value(&json, i, value, sizeof(value)))
			check(strlen(value) < sizeof(value));
		check(json_member(&json, i, "id") < json.count);
	}
}

static void decode(char *body, size_t count)
{
	char channel[FRAME_CHANNEL_BYTES], *message;
	size_t length;

	if (frame_decode(body, count, channel, &message, &length))
		return;
	check(strlen(channel) > 0 && message >= body && length <= count - (size_t)(message - body));
	parse(message, length);
}

static void scan(const uint8_t *data, size_t size)
{
	static struct frame_scanner scanner;
	size_t passed = 0;
	bool is_frame = false;

	memset(&scanner, 0, sizeof(scanner));
	for (size_t i = 0; i < size; i++) {
		struct frame_result result = frame_feed(&scanner, data[i]);

		check(result.plain_count <= sizeof(result.plain));
		is_frame = is_frame || scanner.matched == 6 || result.broken;
		for (u32 j = 0; j < result.plain_count && !is_frame; j++)
			check(result.plain[j] == data[passed + j]);
		passed += result.plain_count;
		if (result.is_complete)
			decode(scanner.body, scanner.count);
	}
	(void)frame_idle(&scanner);
	check(frame_idle_after(&scanner) == 0);
}

/* The same bytes as a message in a well-formed frame, which must come back as they are. */
static void round_trip(const uint8_t *data, size_t size)
{
	static char text[8192];
	struct out_buffer buffer;
	struct out out;
	char channel[FRAME_CHANNEL_BYTES], *message;
	size_t length;

	if (size > 4096)
		return;
	out_buffer_init(&buffer, text, sizeof(text));
	out = out_to_buffer(&buffer);
	frame_encode(&out, "control", (const char *)data, size);
	check(!buffer.is_full);
	check(frame_decode(text + 6, buffer.used - 8, channel, &message, &length) == 0);
	check(length == size && memcmp(message, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scan(data, size);
	round_trip(data, size);
	parse((const char *)data, size);
	return 0;
}
