/* SPDX-License-Identifier: MIT */
/*
 * A line of plain frames beside the person's, and what a program on it can do to the others: nothing beyond a bound
 * that is printed here.
 */
/*
 * links: console
 * helpers: fake_root.c
 */
#include <stdlib.h>

#include "console_bench.h"
#include "units.h"

#define TURN_BYTES 256u		/* of each line in a turn, as main.c reads them */

static struct session plain;
static char sent[1u << 22];	/* by VOS on that line */
static size_t sent_used;
static bool is_stuck;

static size_t take(void *context, const char *bytes, size_t count)
{
	(void)context;
	if (is_stuck)
		return 0;
	if (count > sizeof(sent) - sent_used)
		sent_used = 0;
	memcpy(sent + sent_used, bytes, count);
	sent_used += count;
	return count;
}

static const struct line_ops line = { .send = take, .name = "com2" };

static int two_lines(void **state)
{
	(void)setup(state);
	is_stuck = false;
	sent_used = 0;
	assert_true(console_open(root->console, &plain, &line, FRAME_PLAIN));
	fake_run(root);
	return 0;
}

/* ---- frames ---- */

static char wire_bytes[1u << 20];
static size_t wire_used;

static void put(void *context, const char *bytes, size_t count)
{
	(void)context;
	assert_true(count <= sizeof(wire_bytes) - wire_used);
	memcpy(wire_bytes + wire_used, bytes, count);
	wire_used += count;
}

static void encode(enum frame_kind kind, const char *message)
{
	const struct frame_sink sink = { put, NULL };

	frame_encode(kind, &sink, "control", message, strlen(message));
}

static u32 input(struct session *s, const char *bytes, size_t count)
{
	size_t room = session_input_room(s), some = room < count ? room : count;

	if (some > TURN_BYTES)
		some = TURN_BYTES;
	if (some)
		console_input(s, bytes, some);
	return (u32)some;
}

static void post(const char *message)
{
	wire_used = sent_used = 0;
	encode(FRAME_PLAIN, message);
	for (size_t at = 0; at < wire_used; at += input(&plain, wire_bytes + at, wire_used - at))
		fake_run(root);
	fake_run(root);
}

/* The frame number `index` that the plain line got, into answer; false: there are not so many. */
static bool received(u32 index, char *channel)
{
	static char body[FRAME_PLAIN_BYTES];
	struct frame_scanner scanner;
	struct frame_result result;
	size_t at = 0;

	frame_scanner_init(&scanner, FRAME_PLAIN, body, sizeof(body));
	do {
		at += frame_scan(&scanner, sent + at, sent_used - at, &result);
		assert_null(result.broken);
		if (!result.is_frame || index-- > 0)
			continue;
		assert_true(result.length < sizeof(answer));
		memcpy(answer, result.message, result.length);
		answer[result.length] = 0;
		memcpy(channel, result.channel, FRAME_CHANNEL_BYTES);
		return true;
	} while (at < sent_used || !frame_is_empty(&result));
	return false;
}

static void expect_frame(u32 index, const char *channel, const char *words)
{
	char name[FRAME_CHANNEL_BYTES];

	answer[0] = 0;
	if (!received(index, name) || strcmp(name, channel) != 0 || !strstr(answer, words))
		fail_msg("frame %u is not %s with %s: %s", index, channel, words, answer);
}

static u64 say_hello(void)
{
	u64 number = 0;

	post("{\"execute\":\"hello\",\"arguments\":{\"client\":\"p\"},\"id\":\"p\"}");
	expect_frame(0, "control", "\"fragment\":61440");
	assert_int_equal(sscanf(answer, "{\"return\":{\"client\":%lu", &number), 1);
	return number;
}

/* ---- the line ---- */

static void without_person(void **state)
{
	char message[128], words[64];
	u64 client;

	(void)state;
	assert_int_equal(sent_used, 0);		/* no banner, no prompt */
	post("{\"execute\":\"sync\",\"arguments\":{\"token\":\"t\"},\"id\":1}");
	expect_frame(0, "control", "\"max-frame\":65536");
	post("{\"execute\":\"version\",\"id\":1}");
	expect_frame(0, "control", "E_LINK\",\"code\":8,\"desc\":\"say hello first");
	client = say_hello();
	snprintf(message, sizeof(message),
		"{\"execute\":\"create-vm\",\"arguments\":{\"name\":\"a\"},\"c\":%lu,\"id\":1}", client);
	post(message);
	expect_frame(0, "control", "\"name\":\"a\",\"state\":\"defined\"");
	/* The client of one line is none of the other. */
	snprintf(message, sizeof(message), "{\"execute\":\"version\",\"c\":%lu,\"id\":2}", client);
	exchange(message, "say hello");
	/* Events come as frames, and nothing comes for people. */
	command("start-vm a", "is running", RESULT_OK);
	sent_used = 0;
	fake_event(root, "a", VM_CRASHED, STOP_TRIPLE_FAULT);
	fake_log(root, "kernel says\n");
	fake_run(root);
	expect_frame(0, "events", "\"state\":\"crashed\"");
	assert_false(received(1, words));
	/* Bytes that are no frame are answered by a nak, once. */
	sent_used = 0;
	root->now_ns += NS_PER_SECOND;
	console_input(&plain, "list-vm\r", 8);
	fake_run(root);
	expect_frame(0, "nak", "{\"channel\":\"\",\"bytes\":");
	assert_false(received(1, words));
	post(message);
	expect_frame(0, "control", "\"version\":");
}

/* A long answer comes in one frame up to 60 KiB. */
/* Broken frames get a nak, also before hello, and nothing else; what is whole and no request is refused. */
static void broken_frames(void **state)
{
	char name[FRAME_CHANNEL_BYTES];

	(void)state;
	wire_used = sent_used = 0;
	encode(FRAME_PLAIN, "{\"execute\":\"sync\",\"id\":1}");
	wire_bytes[wire_used - 1] ^= 1;
	(void)input(&plain, wire_bytes, wire_used);
	fake_run(root);
	expect_frame(0, "nak", "{\"channel\":\"\",\"bytes\":48}");
	assert_false(received(1, name));
	sent_used = 0;
	root->now_ns += CLIENT_NAK_NS;
	(void)input(&plain, "garbage", 7);
	fake_run(root);
	assert_int_equal(sent_used, 0);		/* of the same gap: told already */
	post("[]");
	expect_frame(0, "control", "E_LINK");
	(void)input(&plain, "garbage", 7);
	fake_run(root);
	expect_frame(1, "nak", "\"bytes\":7}");
	assert_false(received(2, name));
}

/* All that VOS has sent comes back. */
static void loop_back(void)
{
	static char back[sizeof(sent)];
	size_t count = sent_used;

	memcpy(back, sent, count);
	sent_used = 0;
	for (size_t at = 0; at < count; at += input(&plain, back + at, count - at))
		fake_run(root);
	fake_run(root);
	root->now_ns += CLIENT_NAK_NS;
	fake_run(root);
}

static u32 frames_until_silent(void)
{
	char name[FRAME_CHANNEL_BYTES];
	u32 frames = 0;

	for (u32 i = 0; i < 1000; i++) {
		for (u32 k = 0; received(k, name); k++)
			frames++;
		loop_back();
	}
	return frames;
}

/* A plug that connects the line with itself: noise, and each answer, comes back at most once and is not answered. */
static void looped_back(void **state)
{
	static const char *const requests[] = {
		"{\"execute\":\"sync\",\"arguments\":{\"token\":\"t\"},\"id\":1}", "{\"execute\":\"version\",\"id\":1}",
		"{\"execute\":\"hello\",\"arguments\":{\"client\":\"me\"},\"id\":1}", "[]", "{}",
	};

	(void)state;
	wire_used = sent_used = 0;
	(void)input(&plain, "noise", 5);
	fake_run(root);
	assert_int_equal(frames_until_silent(), 1);
	assert_int_equal(root->logged, 1);
	assert_non_null(strstr(root->logged_text, "com2 brings back"));
	for (u32 i = 0; i < 100; i++) {		/* more of it has no answer at all */
		(void)input(&plain, "noise", 5);
		root->now_ns += CLIENT_NAK_NS;
		fake_run(root);
	}
	assert_int_equal(sent_used, 0);
	for (u32 i = 0; i < ARRAY_COUNT(requests); i++) {
		post(requests[i]);
		assert_int_equal(frames_until_silent(), 1);
	}
	fake_event(root, "a", VM_RUNNING, STOP_REQUEST);
	fake_run(root);
	(void)frames_until_silent();
	assert_int_equal(sent_used, 0);
	assert_int_equal(root->logged, 1);
	post("{\"execute\":\"sync\",\"arguments\":{\"token\":\"u\"},\"id\":2}");	/* a program is there again */
	expect_frame(0, "control", "\"token\":\"u\"");
	(void)input(&plain, "noise", 5);
	fake_run(root);
	expect_frame(1, "nak", "bytes");
}

static void long_answers(void **state)
{
	char message[128], name[FRAME_CHANNEL_BYTES], vm[VM_NAME_BYTES];
	u64 client = say_hello();

	(void)state;
	root->memory_free = 1000 * GIB;
	for (u32 i = 0; i < 60; i++) {
		snprintf(vm, sizeof(vm), "vm%u", i);
		make_vm(vm);
	}
	snprintf(message, sizeof(message), "{\"execute\":\"list-vm\",\"c\":%lu,\"id\":1}", client);
	post(message);
	assert_true(received(0, name));
	assert_string_equal(name, "control");
	assert_true(strlen(answer) > 30000);
	assert_false(received(1, name));
}

/* ---- bounds ---- */

struct cost { u32 turns; size_t bytes; };

/* One turn of main.c: input of both lines, the flood first, then all else, and root's answers. */
static void turn(const char *flood, size_t flood_bytes, size_t *flood_at, const char *mine, size_t *mine_at)
{
	if (flood_bytes) {
		size_t left = flood_bytes - *flood_at % flood_bytes;

		*flood_at += input(&plain, flood + *flood_at % flood_bytes, left);
	}
	if (mine[*mine_at])
		*mine_at += input(&session, mine + *mine_at, strlen(mine + *mine_at));
	root->sent = 0;
	(void)console_run(root->console);
	fake_answer(root);
}

/* What a request on the text line costs until its answer is out, beside a flood that has gone on for a while. */
static struct cost cost_of(const char *message, const char *flood, size_t flood_bytes, u32 turns_before)
{
	struct cost cost = { 0 };
	size_t flood_at = 0, mine_at = 0, end;
	char wanted[FRAME_CHANNEL_BYTES];

	for (u32 i = 0; i < turns_before; i++) {
		turn(flood, flood_bytes, &flood_at, "", &mine_at);
		root->now_ns += NS_PER_MS;
	}
	flood_at %= flood_bytes ? flood_bytes : 1;
	end = flood_at;
	forget_frames();
	mine_at = 0;
	do {
		turn(flood, flood_bytes, &flood_at, framed("control", message), &mine_at);
		cost.turns++;
		assert_true(cost.turns < 1000);
		next_frame(NULL);
	} while (!next_frame(wanted));
	cost.bytes = flood_at - end;
	return cost;
}

static void floods(void **state)
{
	static const char mine[] = "{\"execute\":\"status-vm\",\"arguments\":{\"name\":\"a\"},\"id\":1}";
	static char requests[400000], garbage[65536];
	u64 client = say_hello();
	struct cost alone, asked, spoiled, stuck;
	char message[128];

	(void)state;
	make_vm("a");
	alone = cost_of(mine, NULL, 0, 0);
	/* 100,000 requests: most are refused, as busy or as too old, and each takes its part of a turn. */
	wire_used = 0;
	for (u64 id = 1; wire_used < sizeof(requests) - 200; id++) {
		snprintf(message, sizeof(message), "{\"execute\":\"list-vm\",\"c\":%lu,\"id\":%lu}", client, id);
		encode(FRAME_PLAIN, message);
	}
	memcpy(requests, wire_bytes, wire_used);
	asked = cost_of(mine, requests, wire_used, 100000 * 80 / TURN_BYTES);
	/* Bytes that begin as frames do, at each place. */
	for (size_t i = 0; i < sizeof(garbage); i++)
		garbage[i] = "VOS1\x07\0\x01\x02"[i % 8];
	spoiled = cost_of(mine, garbage, sizeof(garbage), 4000);
	is_stuck = true;
	stuck = cost_of(mine, requests, wire_used, 4000);
	print_message("turns until the answer: alone %u, beside requests %u, garbage %u, a line that takes nothing %u; "
		"bytes of the flood that are taken meanwhile: %zu, %zu, %zu\n", alone.turns, asked.turns, spoiled.turns,
		stuck.turns, asked.bytes, spoiled.bytes, stuck.bytes);
	assert_int_equal(asked.turns, alone.turns);
	assert_int_equal(spoiled.turns, alone.turns);
	assert_int_equal(stuck.turns, alone.turns);
	assert_true(asked.bytes <= alone.turns * TURN_BYTES);
	/* What waits for a line that takes nothing is bounded too. */
	assert_true(session_output_used(&plain) < OUTPUT_BYTES / 4);
	assert_true(console_takes_reply(root->console));
	is_stuck = false;
	fake_run(root);
	assert_int_equal(session_output_used(&plain), 0);
}

/* On one line: an answer waits for the pieces of others' that are due before it, one of each client. */
static void large_answers_beside(void **state)
{
	char message[160], name[16];
	u64 clients[CLIENT_COUNT];
	size_t before, most = 0;

	(void)state;
	root->memory_free = 1000 * GIB;
	for (u32 i = 0; i < 60; i++) {
		snprintf(name, sizeof(name), "vm%u", i);
		make_vm(name);
	}
	for (u32 i = 0; i < CLIENT_COUNT; i++) {
		snprintf(message, sizeof(message),
			"{\"execute\":\"hello\",\"arguments\":{\"client\":\"c%u\"},\"id\":1}", i);
		exchange(message, "client");
		assert_int_equal(sscanf(answer, "{\"return\":{\"client\":%lu", &clients[i]), 1);
	}
	forget_frames();
	root->send_limit = 1;
	for (u32 i = 0; i + 1 < CLIENT_COUNT; i++) {
		snprintf(message, sizeof(message), "{\"execute\":\"list-vm\",\"c\":%lu,\"id\":1}", clients[i]);
		wire(message);
	}
	before = root->terminal_used + session_output_used(&session);
	snprintf(message, sizeof(message), "{\"execute\":\"version\",\"c\":%lu,\"id\":1}", clients[CLIENT_COUNT - 1]);
	wire(message);
	root->send_limit = 0;
	fake_run(root);
	root->terminal[root->terminal_used] = 0;
	for (const char *at = root->terminal; (at = strstr(at, "\x1b_vos;1;control;")) != NULL; at++)
		most = (size_t)(at - root->terminal);
	print_message("bytes on the line before a small answer, with 15 answers of 38 KB under way: %zu\n",
		most - before);
	assert_true(most - before <= OUTPUT_SHORT_BYTES + CLIENT_COUNT * (FRAGMENT_TEXT_MAX + 128) * 4 / 3);
}

#define test(name) cmocka_unit_test_setup_teardown(name, two_lines, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(without_person), test(broken_frames), test(looped_back), test(long_answers), test(floods),
		test(large_answers_beside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
