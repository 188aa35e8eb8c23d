/* SPDX-License-Identifier: MIT */
/*
 * Uploads over streams: whole, interrupted and gone on with, with a wrong hash, by two clients at once, while root is
 * slow. The fake root believes a hash that is the sum of the bytes (fake_images.h).
 */
/*
 * links: console
 * helpers: fake_root.c
 */
#define _GNU_SOURCE
#include "stream_bench.h"

#define BYTES 200000u
#define PIECE 3000u

static char file[BYTES];

static void fill(void)
{
	u32 x = 3;

	for (u32 i = 0; i < BYTES; i++) {
		x = x * 1664525u + 1013904223u;
		file[i] = (char)(x >> 24);
	}
}

/* "open-upload" of the file's first bytes. */
static const char *open_text(const char *name, u32 bytes, u8 spoil)
{
	static char text[256];
	char hash[65];
	u8 sum = spoil;

	for (u32 i = 0; i < bytes; i++)
		sum = (u8)(sum + (u8)file[i]);
	for (u32 i = 0; i < 32; i++)
		sprintf(hash + 2 * i, "%02x", sum);
	snprintf(text, sizeof(text),
		"\"open-upload\",\"arguments\":{\"name\":\"%s\",\"bytes\":%u,\"hash\":\"%s\"}", name, bytes, hash);
	return text;
}

/* As a client does it: as far as the limit lets it, from what is acknowledged on. */
static void send_until(u32 stream, u64 from, u64 end)
{
	struct seen *s = &seen[stream];

	s->taken = from;
	s->limit = from + PIECE;
	while (s->taken < end) {
		u64 left = end - s->taken, room = s->limit - s->taken;
		u32 count = PIECE;

		count = left < count ? (u32)left : count;
		count = room < count ? (u32)room : count;
		assert_int_not_equal(count, 0);
		put(stream, s->taken, file + s->taken, count);
	}
	assert_int_equal(s->taken, end);
}

static void finish(u64 client, u32 stream, const char *words)
{
	char text[96];

	snprintf(text, sizeof(text), "\"finish-upload\",\"arguments\":{\"stream\":%u}", stream);
	ask_for(client, text, words);
}

static void close_stream(u64 client, u32 stream)
{
	char text[96];

	snprintf(text, sizeof(text), "\"close-stream\",\"arguments\":{\"stream\":%u}", stream);
	ask_for(client, text, "\"return\":{}");
}

static void whole(void **state)
{
	u64 x = hello("x", 4096);
	u32 a = open_stream(x, open_text("guest", BYTES, 0));

	(void)state;
	assert_int_equal(number_in(control, "offset"), 0);
	assert_int_equal(number_in(control, "limit"), UPLOAD_WINDOW_BYTES);
	send_until(a, 0, BYTES - 1);
	finish(x, a, "\"class\":\"E_STATE\"");		/* and it goes on */
	send_until(a, BYTES - 1, BYTES);
	finish(x, a, "{\"return\":{\"name\":\"guest\",\"bytes\":200000,\"default\":false,\"kind\":\"uploaded\","
		"\"hash\":\"");
	finish(x, a, "E_NOT_FOUND");
	ask_for(x, "\"list-image\"", "\"name\":\"guest\",\"bytes\":200000");
	ask_for(x, open_text("guest", BYTES, 0), "\"class\":\"E_EXISTS\"");
	command("create-vm v --kernel guest", "is defined", RESULT_OK);
	command("delete-image guest", "image guest is deleted", RESULT_OK);
	a = open_stream(x, open_text("guest", BYTES, 0));
}

/* The client is gone, another goes on; frames come twice, or not. */
static void goes_on(void **state)
{
	u64 x = hello("x", 4096), y = hello("y", 4096);
	u32 a = open_stream(x, open_text("guest", BYTES, 0)), b;

	(void)state;
	send_until(a, 0, 100000);
	put(a, 0, file, PIECE);
	put(a, 150000, file + 150000, PIECE);
	assert_int_equal(seen[a].taken, 100000);
	close_stream(x, a);
	put(a, 100000, file + 100000, PIECE);
	b = open_stream(y, open_text("guest", BYTES, 0));
	assert_int_equal(number_in(control, "offset"), 100000);
	send_until(b, 100000, BYTES);
	finish(y, b, "\"name\":\"guest\"");
}

static void wrong_hash(void **state)
{
	u64 x = hello("x", 4096);
	u32 a = open_stream(x, open_text("guest", 5000, 1));

	(void)state;
	send_until(a, 0, 5000);
	finish(x, a, "\"class\":\"E_INTEGRITY\",\"code\":10");
	ask(x, "\"list-image\"");
	assert_null(strstr(control, "guest"));
	a = open_stream(x, open_text("guest", 5000, 1));	/* nothing was kept */
	assert_int_equal(number_in(control, "offset"), 0);
}

/* The newer one has it; the other is told. With another image under the same name it is refused. */
static void two_clients(void **state)
{
	u64 x = hello("x", 4096), y = hello("y", 4096);
	u32 a = open_stream(x, open_text("guest", BYTES, 0)), b;

	(void)state;
	send_until(a, 0, 10000);
	ask_for(y, open_text("guest", BYTES - 1, 0), "\"class\":\"E_BUSY\"");
	forget_all();
	b = open_stream(y, open_text("guest", BYTES, 0));
	assert_int_equal(ends, 1);
	assert_non_null(strstr(end_text, "another client goes on"));
	put(a, 10000, file + 10000, PIECE);
	assert_int_equal(seen[a].acks, 0);
	send_until(b, 10000, BYTES);
	finish(x, a, "E_NOT_FOUND");
	finish(y, b, "\"name\":\"guest\"");
	/* Nobody sends it any more: another one takes its place. */
	a = open_stream(x, open_text("other", 5000, 0));
	send_until(a, 0, 1000);
	close_stream(x, a);
	b = open_stream(y, open_text("other", 4000, 0));
	assert_int_equal(number_in(control, "offset"), 0);
	send_until(b, 0, 4000);
	finish(y, b, "\"bytes\":4000");
}

/* Root answers later: what came fills the window, no more; finish-upload waits for it. */
static void slow_root(void **state)
{
	u64 x = hello("x", 4096);
	u32 a = open_stream(x, open_text("guest", 100000, 0));
	char text[96];

	(void)state;
	root->is_slow = true;
	forget_all();
	for (u32 at = 0; at < 90000; at += PIECE)
		put(a, at, file + at, PIECE);
	assert_int_equal(seen[a].taken, UPLOAD_WINDOW_BYTES);
	assert_int_equal(seen[a].limit, UPLOAD_WINDOW_BYTES);
	assert_int_equal(root->held_count, 1);
	root->is_slow = false;
	fake_answer(root);
	fake_run(root);
	collect();
	assert_int_equal(seen[a].limit, 100000);
	send_until(a, UPLOAD_WINDOW_BYTES, 100000 - PIECE);
	root->is_slow = true;
	put(a, 100000 - PIECE, file + 100000 - PIECE, PIECE);
	snprintf(text, sizeof(text), "\"finish-upload\",\"arguments\":{\"stream\":%u}", a);
	ask(x, text);
	assert_string_equal(control, "");
	root->is_slow = false;
	fake_answer(root);
	fake_run(root);
	fake_answer(root);
	fake_run(root);
	collect();
	assert_non_null(strstr(control, "\"name\":\"guest\""));
}

/* Let root answer all that it was asked. */
static void answer_all(void)
{
	root->is_slow = false;
	fake_answer(root);
	fake_run(root);
	collect();
}

/* Two uploads have bytes in the window at the same time, and each gets its own. */
static void side_by_side(void **state)
{
	u64 x = hello("x", 4096), y = hello("y", 4096);
	u32 a = open_stream(x, open_text("one", 5000, 0)), b = open_stream(y, open_text("two", 4000, 0));

	(void)state;
	root->is_slow = true;
	put(a, 0, file, PIECE);
	put(b, 0, file, PIECE);
	assert_int_equal(root->held_count, 2);
	answer_all();
	send_until(b, PIECE, 4000);
	send_until(a, PIECE, 5000);
	finish(x, a, "\"name\":\"one\"");
	finish(y, b, "\"name\":\"two\"");
}

/* Root is asked to open, then to take bytes of the stream before: it has more than the new client sent. */
static void opens_before_it_takes(void **state)
{
	u64 x = hello("x", 4096), y = hello("y", 4096);
	u32 a = open_stream(x, open_text("guest", 5000, 0)), b;

	(void)state;
	root->is_slow = true;
	ask(y, open_text("guest", 5000, 0));
	put(a, 0, file, PIECE);
	assert_int_equal(root->held_count, 2);
	forget_all();
	answer_all();
	b = (u32)number_in(control, "stream");
	assert_int_equal(ends, 1);
	put(b, 0, file, 1000);
	assert_int_equal(seen[b].taken, PIECE);
	send_until(b, PIECE, 5000);
	finish(y, b, "\"name\":\"guest\"");
}

/* Two open other bytes under one name at once: the later one has the place, and nobody else writes into it. */
static void same_name_at_once(void **state)
{
	u64 x = hello("x", 4096), y = hello("y", 4096);
	u32 a, b;

	(void)state;
	root->is_slow = true;
	ask(x, open_text("guest", 5000, 0));
	ask(y, open_text("guest", 4000, 0));
	assert_int_equal(root->held_count, 2);
	forget_all();
	answer_all();
	b = (u32)number_in(control, "stream");
	a = b - 1;
	assert_int_equal(ends, 1);
	assert_int_equal(number_in(end_text, "stream"), a);
	assert_non_null(strstr(end_text, "root dropped the upload"));
	root->is_slow = true;
	put(b, 0, file, PIECE);
	put(a, 0, file + 9000, PIECE);
	answer_all();
	send_until(b, PIECE, 4000);
	finish(y, b, "\"name\":\"guest\"");
}

/* Root drops an upload, and gives its place to another, while the stream is open. */
static void place_given_away(void **state)
{
	u64 x = hello("x", 4096), y = hello("y", 4096);
	u32 a = open_stream(x, open_text("one", 5000, 0)), b;

	(void)state;
	command("delete-image one", "image one is deleted", RESULT_OK);
	forget_all();
	b = open_stream(y, open_text("two", 4000, 0));
	assert_int_equal(ends, 1);
	put(a, 0, file + 9000, PIECE);
	send_until(b, 0, 4000);
	finish(y, b, "\"name\":\"two\"");
}

/* Bytes that root does not take: the stream ends with root's reason. */
static void write_fails(u32 name, void (*spoil)(struct request *r), const char *words)
{
	char text[16];
	u32 a;

	snprintf(text, sizeof(text), "gone-%u", name);
	a = open_stream(hello("x", 4096), open_text(text, 5000, 0));
	root->is_slow = true;
	put(a, 0, file, PIECE);
	spoil(&root->held[0]);
	forget_all();
	answer_all();
	assert_int_equal(ends, 1);
	if (!strstr(end_text, words))
		fail_msg("no %s in %s", words, end_text);
}

static void of_nobody(struct request *r)
{
	r->image.upload = 99;
}

static void of_no_size(struct request *r)
{
	r->image.count = 0;
}

static void refused_bytes(void **state)
{
	(void)state;
	write_fails(1, of_nobody, "root dropped the upload");
	write_fails(2, of_no_size, "an image has");
}

static void refusals(void **state)
{
	static const char *const bad[] = {
		"{}", "{\"name\":\"a\"}", "{\"name\":\"a\",\"bytes\":5}", "{\"name\":7,\"bytes\":5,\"hash\":\"00\"}",
		"{\"name\":\"a\",\"bytes\":-5,\"hash\":\"00\"}", "{\"name\":\"a\",\"bytes\":5,\"hash\":\"00\"}",
		"{\"name\":\"a\",\"bytes\":5,\"hash\":\"0000000000000000000000000000000000000000000000000000000000000"
		"00G\"}",
		"{\"name\":\"a\",\"bytes\":5,\"hash\":"
		"1111111111111111111111111111111111111111111111111111111111111111}",
	};
	u64 x = hello("x", 4096);
	char text[256];
	u32 a;

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++) {
		snprintf(text, sizeof(text), "\"open-upload\",\"arguments\":%s", bad[i]);
		ask_for(x, text, "E_USAGE");
	}
	ask_for(x, open_text("memtest", 5, 0), "E_EXISTS");
	ask_for(x, "\"finish-upload\",\"arguments\":{\"stream\":77}", "E_NOT_FOUND");
	a = open_stream(x, "\"open-log\"");
	finish(x, a, "is no upload");
}

static int begin(void **state)
{
	fill();
	ids = 0;
	return setup(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whole, begin, teardown),
		cmocka_unit_test_setup_teardown(goes_on, begin, teardown),
		cmocka_unit_test_setup_teardown(wrong_hash, begin, teardown),
		cmocka_unit_test_setup_teardown(two_clients, begin, teardown),
		cmocka_unit_test_setup_teardown(slow_root, begin, teardown),
		cmocka_unit_test_setup_teardown(side_by_side, begin, teardown),
		cmocka_unit_test_setup_teardown(same_name_at_once, begin, teardown),
		cmocka_unit_test_setup_teardown(place_given_away, begin, teardown),
		cmocka_unit_test_setup_teardown(refused_bytes, begin, teardown),
		cmocka_unit_test_setup_teardown(refusals, begin, teardown),
		cmocka_unit_test_setup_teardown(opens_before_it_takes, begin, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
