/* SPDX-License-Identifier: MIT */
/*
 * Plain frames: what is a frame, what is not, and that a damaged one takes no other with it.
 */
/* links: console */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frame.h"

static char body[FRAME_PLAIN_BYTES];
static struct frame_scanner scanner;
static char wire[4 * FRAME_PLAIN_BYTES], zeros[FRAME_MESSAGE_BYTES + 1];
static size_t used;
static u32 frames, broken;
static char channels[16][FRAME_CHANNEL_BYTES], messages[16][64];
static size_t lengths[16];

static void put(void *context, const char *bytes, size_t count)
{
	(void)context;
	assert_true(used + count <= sizeof(wire));
	memcpy(wire + used, bytes, count);
	used += count;
}

static void add(const char *channel, const char *message, size_t length)
{
	const struct frame_sink sink = { put, NULL };

	frame_encode(FRAME_PLAIN, &sink, channel, message, length);
}

static void add_text(const char *message)
{
	add("control", message, strlen(message));
}

static void take(const struct frame_result *result)
{
	assert_int_equal(result->plain_count, 0);
	broken += result->broken != NULL;
	if (!result->is_frame)
		return;
	assert_true(frames < ARRAY_COUNT(lengths));
	memcpy(channels[frames], result->channel, FRAME_CHANNEL_BYTES);
	lengths[frames] = result->length;
	memset(messages[frames], 0, sizeof(messages[0]));
	memcpy(messages[frames++], result->message, result->length < 63 ? result->length : 63);
}

static void feed(const char *bytes, size_t count, size_t piece)
{
	struct frame_result result;

	while (count) {
		size_t some = piece < count ? piece : count;

		do {
			size_t taken = frame_scan(&scanner, bytes, some, &result);

			take(&result);
			bytes += taken;
			some -= taken;
			count -= taken;
		} while (some || !frame_is_empty(&result));
	}
}

static void idle(void)
{
	struct frame_result result;

	frame_idle(&scanner, &result);
	take(&result);
	do {
		(void)frame_scan(&scanner, NULL, 0, &result);
		take(&result);
	} while (!frame_is_empty(&result));
}

static int setup(void **state)
{
	(void)state;
	frame_scanner_init(&scanner, FRAME_PLAIN, body, sizeof(body));
	used = frames = broken = 0;
	return 0;
}

static void round_trip(void **state)
{
	static char long_message[FRAME_MESSAGE_BYTES];

	(void)state;
	memset(long_message, 'V', sizeof(long_message));
	for (size_t piece = 1; piece < 70; piece += 17) {
		used = frames = 0;
		add_text("");
		add("s12345", "VOS1VOS1", 8);
		add("control+", long_message, sizeof(long_message));
		add_text("{\"id\":1}");
		feed(wire, used, piece);
		assert_int_equal(frames, 4);
		assert_int_equal(broken, 0);
		assert_string_equal(channels[1], "s12345");
		assert_string_equal(messages[1], "VOS1VOS1");
		assert_int_equal(lengths[2], sizeof(long_message));
		assert_string_equal(messages[3], "{\"id\":1}");
		assert_int_equal(frame_idle_after(&scanner), 0);
	}
	/* As the document says: magic, 7, check, 2, CRC, channel, message. */
	used = 0;
	add_text("hi");
	assert_int_equal(used, FRAME_HEADER_BYTES + 7 + 2);
	assert_memory_equal(wire, "VOS1\x07\0", 6);
	assert_memory_equal(wire + 8, "\x02\0\0\0", 4);
	assert_memory_equal(wire + 16, "controlhi", 9);
}

/* Whatever one bit of a frame is changed to, the frame is not taken, and the next one is, at once. */
static void damaged(void **state)
{
	size_t length;

	(void)state;
	add_text("{\"id\":1,\"execute\":\"version\"}");
	length = used;
	add_text("next");
	for (size_t bit = 0; bit < 8 * length; bit++) {
		frames = broken = 0;
		wire[bit / 8] = (char)(wire[bit / 8] ^ 1 << bit % 8);
		feed(wire, used, 256);
		assert_int_equal(frames, 1);
		assert_true(broken > 0);
		assert_string_equal(messages[0], "next");
		wire[bit / 8] = (char)(wire[bit / 8] ^ 1 << bit % 8);
	}
}

/* One byte less: the frame behind it is looked at again, whichever byte it was. */
static void dropped(void **state)
{
	static char less[1024];
	size_t length;

	(void)state;
	add_text("{\"id\":1,\"execute\":\"version\"}");
	length = used;
	add_text("next");
	add_text("and next");
	for (size_t at = 0; at < length; at++) {
		frames = broken = 0;
		memcpy(less, wire, at);
		memcpy(less + at, wire + at + 1, used - at - 1);
		feed(less, used - 1, 256);
		assert_int_equal(frames, 2);
		assert_true(broken > 0);
		assert_string_equal(messages[0], "next");
		assert_string_equal(messages[1], "and next");
	}
}

static void garbage(void **state)
{
	static const char noise[] = "VVOSVOS1VOS1\x07\0\0\0\0\0\0\0\0\0\0\0 a person types ";

	(void)state;
	feed(noise, sizeof(noise) - 1, 3);
	assert_int_equal(frames, 0);
	assert_true(broken > 0);
	add_text("next");
	feed(wire, used, 256);
	assert_int_equal(frames, 1);
	assert_string_equal(messages[0], "next");
	/* Bytes outside of frames are told of once. */
	broken = 0;
	feed("xxxx", 4, 1);
	assert_int_equal(broken, 1);
}

/* A frame that does not go on is given up after a while, and those within it are found. */
static void cut_off(void **state)
{
	struct frame_header header;

	(void)state;
	add_text("whole");
	feed(wire, used - 1, 256);
	assert_int_equal(frame_idle_after(&scanner), FRAME_BODY_IDLE_NS);
	idle();
	assert_int_equal(broken, 1);
	assert_int_equal(frame_idle_after(&scanner), 0);
	used = 0;
	add("control", zeros, 4096);
	memcpy(&header, wire, sizeof(header));
	assert_int_equal(header.message_bytes, 4096);
	used = 2048;
	add_text("next");
	feed(wire, used, 256);
	assert_int_equal(frames, 0);
	idle();
	assert_int_equal(frames, 1);
	assert_string_equal(messages[0], "next");
}

/* Names of channels, and lengths, have their limits; checksums here are right. */
static void limits(void **state)
{
	static const char *const bad[] = { "Control", "control-", "con trol", "\xff" };

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++) {
		used = frames = broken = 0;
		add(bad[i], "x", 1);
		add_text("next");
		feed(wire, used, 256);
		assert_true(broken > 0);
		assert_int_equal(frames, 1);
	}
	assert_false(frame_is_channel("", 0));
	assert_false(frame_is_channel("0123456789abcdef", 16));
	assert_true(frame_is_channel("control+", 8));
	used = frames = 0;
	add("control", zeros, FRAME_MESSAGE_BYTES + 1);
	used = 2048;
	add_text("next");
	feed(wire, used, 256);
	assert_int_equal(frames, 1);
}

/* Good headers with checksums that are wrong, 16 bytes apart: each costs a checksum of 64 KiB. What is calculated stays
 * in proportion to what came. */
static void wasted(void **state)
{
	struct frame_result result;
	struct frame_header header;
	size_t summed = 0;

	(void)state;
	add("c", zeros, FRAME_MESSAGE_BYTES);
	memcpy(&header, wire, sizeof(header));
	header.crc++;
	for (used = 0; used + sizeof(header) <= sizeof(wire); used += sizeof(header))
		memcpy(wire + used, &header, sizeof(header));
	for (size_t at = 0, taken = 1; taken || !frame_is_empty(&result); at += taken) {
		result = (struct frame_result){ 0 };
		taken = frame_scan(&scanner, wire + at, used - at, &result);
		assert_false(result.is_frame);
		summed += result.broken && strstr(result.broken, "checksum") ? result.bytes : 0;
	}
	assert_true(summed > FRAME_MESSAGE_BYTES);
	assert_true(summed <= 2 * used + 6 * FRAME_PLAIN_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(round_trip, setup), cmocka_unit_test_setup(damaged, setup),
		cmocka_unit_test_setup(dropped, setup), cmocka_unit_test_setup(garbage, setup),
		cmocka_unit_test_setup(cut_off, setup), cmocka_unit_test_setup(limits, setup),
		cmocka_unit_test_setup(wasted, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
