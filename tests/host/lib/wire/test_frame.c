/* SPDX-License-Identifier: MIT */
/*
 * Text frames in a stream of typed bytes: what is a frame, what is not, and what is broken.
 */
/* links: console */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "frame.h"

static char body[FRAME_BYTES];
static struct frame_scanner scanner = { .body = body, .size = sizeof(body) };
static char passed[1024], text[65536];
static size_t passed_count;
static u32 frames;
static const char *broken;
static bool takes_back;
static char message[1024], channel[FRAME_CHANNEL_BYTES];

static void take(const struct frame_result *result)
{
	assert_true(result->plain_count <= sizeof(result->plain));
	memcpy(passed + passed_count, result->plain, result->plain_count);
	passed_count += result->plain_count;
	passed[passed_count] = 0;
	if (result->broken)
		broken = result->broken;
	takes_back = takes_back || result->takes_back;
	if (!result->is_frame)
		return;
	frames++;
	memcpy(channel, result->channel, sizeof(channel));
	memcpy(message, result->message, result->length);
	message[result->length] = 0;
}

static void feed(const char *bytes, size_t count)
{
	passed_count = 0;
	passed[0] = message[0] = 0;
	frames = 0;
	takes_back = false;
	broken = 0;
	while (count) {
		struct frame_result result;
		size_t taken = frame_scan(&scanner, bytes, count, &result);

		bytes += taken;
		count -= taken;
		take(&result);
	}
}

static void feed_text(const char *bytes)
{
	feed(bytes, strlen(bytes));
}

static void add(void *context, const char *bytes, size_t count)
{
	size_t used = strlen(text);

	(void)context;
	assert_true(used + count < sizeof(text));
	memcpy(text + used, bytes, count);
	text[used + count] = 0;
}

static const char *encode(const char *to, const char *what)
{
	struct frame_sink sink = { add, NULL };

	text[0] = 0;
	frame_encode(FRAME_TEXT, &sink, to, what, strlen(what));
	return text;
}

static void checksum(void **state)
{
	(void)state;
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_equal(crc32c(0, "", 0), 0);
	assert_int_equal(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
}

static void round_trip(void **state)
{
	static const char *const messages[] = { "", "a", "ab", "abc", "abcd", "{\"execute\":\"list-vm\"}\xff\x01" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(messages); i++) {
		feed_text(encode("control", messages[i]));
		assert_null(broken);
		assert_int_equal(frames, 1);
		assert_string_equal(message, messages[i]);
		assert_string_equal(channel, "control");
		assert_string_equal(passed, "");
	}
	assert_memory_equal(encode("control", "hello"), "\x1b_vos;1;control;aGVsbG8=;", 25);
}

static void mixed(void **state)
{
	char line[256];

	(void)state;
	snprintf(line, sizeof(line), "list%s-vm\r", encode("control", "hi"));
	feed_text(line);
	assert_int_equal(frames, 1);
	assert_string_equal(message, "hi");
	assert_string_equal(passed, "list-vm\r");
	/* Keys that begin like a frame */
	feed_text("\x1b[A\x1b_x\x1b_vo\x1b\x1b_vos,a");
	assert_string_equal(passed, "\x1b[A\x1b_x\x1b_vo\x1b\x1b_vos,a");
	assert_int_equal(frames, 0);
	assert_null(broken);
}

static void pauses(void **state)
{
	struct frame_result result;

	(void)state;
	feed_text("\x1b");
	assert_string_equal(passed, "");
	assert_int_equal(frame_idle_after(&scanner), FRAME_IDLE_NS);
	frame_idle(&scanner, &result);
	take(&result);
	assert_string_equal(passed, "\x1b");
	assert_int_equal(frame_idle_after(&scanner), 0);
	feed_text("\x1b_vos;1;con");
	assert_int_equal(frame_idle_after(&scanner), FRAME_BODY_IDLE_NS);
	frame_idle(&scanner, &result);
	take(&result);
	assert_non_null(broken);
	feed_text("x");
	assert_string_equal(passed, "x");
	/* From ESC _ on it may be a frame that is sent slowly. */
	for (size_t i = 2; i < 6; i++) {
		feed("\x1b_vos;", i);
		assert_int_equal(frame_idle_after(&scanner), FRAME_BODY_IDLE_NS);
		frame_idle(&scanner, &result);
		passed_count = 0;
		broken = 0;
		take(&result);
		assert_memory_equal(passed, "\x1b_vos;", i);
		assert_int_equal(passed_count, i);
		assert_int_equal(broken != 0, i > 2);
	}
}

/* An ESC that was let go after a pause may still have been a frame's; it is let go once only. */
static void late_start(void **state)
{
	struct frame_result result;

	(void)state;
	feed_text("\x1b");
	frame_idle(&scanner, &result);
	take(&result);
	feed_text(encode("control", "late") + 1);
	assert_true(takes_back);
	assert_int_equal(frames, 1);
	assert_string_equal(message, "late");
	assert_string_equal(passed, "");
	feed_text("\x1b");
	frame_idle(&scanner, &result);
	take(&result);
	feed_text("_vox");
	assert_false(takes_back);
	assert_string_equal(passed, "_vox");
	feed_text("\x1b");
	frame_idle(&scanner, &result);
	take(&result);
	feed_text("x_vos;");
	assert_string_equal(passed, "x_vos;");
}

static void broken_frames(void **state)
{
	static const char *const bad[] = {
		"\x1b_vos;\x1b\\",
		"\x1b_vos;1;\x1b\\",
		"\x1b_vos;1;control;aGVsbG8=;00000000\x1b\\",
		"\x1b_vos;2;control;aGVsbG8=;e98f4f5c\x1b\\",
		"\x1b_vos;1;control;aGVsbG8=\x1b\\",
		"\x1b_vos;1;control;aGVsbG8=;E98F4F5C\x1b\\",
		"\x1b_vos;1;12345678;00000000\x1b\\",
		"\x1b_vos;1;control\r\x1b\\",
		"\x1b_vos;1;control;aGVs\r\nbG8=;e98f4f5c\x1b\\",
		"\x1b_vos;1;con trol\xff;aGVsbG8=;e98f4f5c\x1b\\",
	};
	char good[256], changed[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		feed_text(bad[i]);
		assert_non_null(broken);
		assert_string_equal(passed, "");
		feed_text(encode("control", "next"));
		assert_null(broken);
		assert_string_equal(message, "next");
	}
	/* Whatever one byte of a frame is changed to, it is not taken for the message. */
	snprintf(good, sizeof(good), "%s", encode("control", "{\"id\":1}"));
	for (size_t i = 6; i < strlen(good) - 2; i++)
		for (u32 byte = 0x21; byte < 0x7f; byte++) {
			if (byte == (u8)good[i])
				continue;
			memcpy(changed, good, sizeof(changed));
			changed[i] = (char)byte;
			feed_text(changed);
			assert_non_null(broken);
			assert_string_equal(message, "");
		}
}

/* A key of a person's (Ctrl-C, an arrow) ends a frame that nobody goes on with, and is not lost. */
static void cut_off(void **state)
{
	(void)state;
	feed_text("\x1b_vos;1;contr\x03" "abc");
	assert_non_null(broken);
	assert_string_equal(passed, "\x03" "abc");
	feed_text("\x1b_vos;1;contr\x1b[A");
	assert_non_null(broken);
	assert_string_equal(passed, "\x1b[A");
	snprintf(passed, sizeof(passed), "\x1b_vos;1;con%s", encode("control", "second"));
	memcpy(text, passed, strlen(passed) + 1);
	feed_text(text);
	assert_non_null(broken);
	assert_string_equal(message, "second");
}

static void overlong(void **state)
{
	static char big[FRAME_BYTES + 100];

	(void)state;
	memset(big, 'A', sizeof(big));
	memcpy(big, "\x1b_vos;", 6);
	memcpy(big + sizeof(big) - 2, "\x1b\\", 2);
	feed(big, sizeof(big));
	assert_string_equal(broken, "the frame is too long");
	assert_string_equal(passed, "");
	feed_text(encode("control", "next"));
	assert_string_equal(message, "next");
}

/* Padding, alphabet and unused bits are judged; checksums here are right. */
static void base64(void **state)
{
	static const struct {
		const char *base64;
		bool is_good;
	} cases[] = {
		{ "aGk=", true },
		{ "aGk", false },
		{ "aGl=", false },
		{ "a===", false },
		{ "====", false },
		{ "aG=k", false },
		{ "aG k", false },
		{ "aA==", true },
		{ "aB==", false },
		{ "", true },
		{ "aGk=aGk=", false },
		{ "-_-_", false },
	};
	char line[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		int used = snprintf(line, sizeof(line), "\x1b_vos;1;c;%s", cases[i].base64);
		u32 crc = crc32c(0, line + 2, (size_t)used - 2);

		snprintf(line + used, sizeof(line) - (size_t)used, ";%08x\x1b\\", crc);
		feed_text(line);
		assert_int_equal(broken == NULL, cases[i].is_good);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksum),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(mixed),
		cmocka_unit_test(pauses),
		cmocka_unit_test(late_start),
		cmocka_unit_test(broken_frames),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(overlong),
		cmocka_unit_test(base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
