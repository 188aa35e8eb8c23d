/* SPDX-License-Identifier: MIT */
/*
 * Programs that break every rule on two lines at once, while root is slow, lines stall and the console starts again:
 * what is counted stays right, nothing is kept for ever, and a program on a third line has its answers and its bytes.
 */
/*
 * links: console
 * helpers: fake_root.c
 */
#include <stdlib.h>

#include "console_bench.h"
#include "units.h"

#define STEPS 6000u
#define HOSTILE_LINES 2u

static struct session hostile[HOSTILE_LINES];
static bool is_stuck[HOSTILE_LINES];
static unsigned seed;
static u64 numbers[8];		/* of clients, on any line, also old ones */
static u64 victim, victim_id;

static u32 pick(u32 limit)
{
	return (u32)rand_r(&seed) % limit;
}

static size_t take(void *context, const char *bytes, size_t count)
{
	const bool *is_line_stuck = context;

	(void)bytes;
	return *is_line_stuck ? 0 : count;
}

static const struct line_ops lines[HOSTILE_LINES] = {
	{ .send = take, .context = &is_stuck[0], .name = "com2" },
	{ .send = take, .context = &is_stuck[1], .name = "port" },
};

static void open_lines(void)
{
	for (u32 i = 0; i < HOSTILE_LINES; i++) {
		is_stuck[i] = false;
		assert_true(console_open(root->console, &hostile[i], &lines[i], FRAME_PLAIN));
	}
	fake_run(root);
}

/* ---- bytes ---- */

static char bytes[1u << 18];
static size_t used;

static void put(void *context, const char *from, size_t count)
{
	(void)context;
	assert_true(count <= sizeof(bytes) - used);
	memcpy(bytes + used, from, count);
	used += count;
}

/* As much as the line takes; now and then a part of it only, or with a byte that is wrong. */
static void post(u32 line)
{
	size_t room = session_input_room(&hostile[line]);

	if (pick(16) == 0 && used)
		bytes[pick((u32)used)] ^= (char)(1u << pick(8));
	if (pick(16) == 0)
		used = pick((u32)used + 1);
	console_input(&hostile[line], bytes, room < used ? room : used);
	used = 0;
}

static void frame(u32 line, const char *channel, const void *message, size_t length)
{
	const struct frame_sink sink = { put, NULL };

	frame_encode(FRAME_PLAIN, &sink, channel, message, length);
	post(line);
}

static u64 any_number(void)
{
	static const u64 extremes[] = {
		0, 1, 4095, 65536, 0xffffffff, 0x100000000, BIT64(53) - 1, BIT64(53), BIT64(63), ~0ull,
	};

	return pick(2) ? extremes[pick(ARRAY_COUNT(extremes))] : pick(100);
}

/* Mostly one of that line's. */
static const struct stream *any_stream(u32 line)
{
	static const struct stream none = { .number = 7 };
	const struct stream *stream = NULL;

	for (u32 i = 0; i < 20 && !stream; i++)
		stream = hostile[pick(16) ? line : pick(HOSTILE_LINES)].streams.list[pick(STREAM_COUNT)];
	return stream ? stream : &none;
}

static const struct client *any_client(u32 line)
{
	const struct client *client = NULL;

	for (u32 i = 0; i < 20 && (!client || !client->number); i++)
		client = &hostile[line].clients.list[pick(CLIENT_COUNT)];
	return client;
}

static const char *any_name(void)
{
	static const char *const names[] = {
		"a", "a", "b", "p", "q", "r", "debian-kernel", "", "..", "a/b", "\\u0000",
		"\\u001b_vos;1;", "\\n\\r\\t", "\\ud800",
		"0123456789012345678901234567890", "01234567890123456789012345678901",
		"01234567890123456789012345678901234567890123456789012345678901234567890123456789",
	};

	return names[pick(ARRAY_COUNT(names))];
}

/* ---- what they do ---- */

static void ask(u32 line, const char *verb, const char *arguments)
{
	const struct client *client = any_client(line);
	u64 number = pick(20) ? client->number : numbers[pick(ARRAY_COUNT(numbers))];
	u64 id = client->highest + (pick(4) ? 1 : pick(12) - 6);	/* also again, and sometimes far off */
	char message[1024];

	number = pick(50) ? number : any_number();
	snprintf(message, sizeof(message), "{\"execute\":\"%s\",\"arguments\":{%s},\"c\":%lu,\"id\":%lu}", verb,
		arguments, number, pick(200) ? id : any_number());
	frame(line, "control", message, strlen(message));
}

static void say_hello(u32 line)
{
	char message[256];
	u32 n = pick(CLIENT_COUNT);

	snprintf(message, sizeof(message),
		"{\"execute\":\"hello\",\"arguments\":{\"client\":\"%s%u\",\"fragment\":%lu}}",
		pick(4) ? "h" : any_name(), pick(40), any_number());
	frame(line, "control", message, strlen(message));
	if (hostile[line].clients.list[n].number)
		numbers[pick(ARRAY_COUNT(numbers))] = hostile[line].clients.list[n].number;
}

static void open_something(u32 line)
{
	static const char *const verbs[] = { "open-console", "open-log", "open-events" };
	char arguments[300];

	snprintf(arguments, sizeof(arguments), "\"name\":\"%s\",\"write\":true,\"from\":%lu,\"since\":%lu", any_name(),
		any_number(), any_number());
	ask(line, verbs[pick(3)], pick(3) ? arguments : "\"name\":\"a\",\"from\":\"log\",\"write\":true");
}

static void open_upload(u32 line)
{
	char arguments[300];

	snprintf(arguments, sizeof(arguments), "\"name\":\"%s\",\"bytes\":%lu,\"hash\":\"%064x\"", any_name(),
		pick(8) ? 1 + pick(70000) : any_number(), pick(2));
	ask(line, "open-upload", arguments);
}

static void use_stream(u32 line)
{
	static const char *const verbs[] = { "credit", "credit", "credit", "close-stream", "finish-upload", "resend" };
	char arguments[300];

	snprintf(arguments, sizeof(arguments), "\"stream\":%u,\"to\":%lu,\"from\":%lu,\"id\":%lu,\"seq\":[%lu,0,1]",
		any_stream(line)->number, any_number(), any_number(), any_number(), any_number());
	ask(line, verbs[pick(ARRAY_COUNT(verbs))], arguments);
}

static void send_data(u32 line)
{
	static u8 message[70000];
	const struct stream *stream = any_stream(line);
	u64 offset = pick(4) ? stream->received - pick(2) * pick(50) : any_number() - pick(3);
	char channel[FRAME_CHANNEL_BYTES];

	memcpy(message, &offset, sizeof(offset));
	snprintf(channel, sizeof(channel), "s%u", stream->number);
	frame(line, channel, message, pick(8) ? pick(300) : pick(FRAME_MESSAGE_BYTES));
}

static void command_anything(u32 line)
{
	static const char *const verbs[] = {
		"list-vm", "top", "start-vm", "stop-vm", "create-vm", "delete-vm", "delete-image", "list-image",
		"cancel", "status-vm", "version", "bye", "sync", "log", "no-such", "apply-config", "export-config",
	};
	char arguments[300];

	snprintf(arguments, sizeof(arguments),
		pick(2) ? "\"name\":\"%s\"" : "\"name\":\"%s\",\"count\":4000000000,\"yes\":true",
		any_name());
	ask(line, verbs[pick(ARRAY_COUNT(verbs))], pick(3) ? arguments : "");
}

static void send_garbage(u32 line)
{
	u32 count = pick(3000);

	for (used = 0; used < count; used++)
		bytes[used] = "VOS1\x07\0\x01\x02{}[]\"\\\x1b_"[pick(16)];
	post(line);
}

/* A header that is right, and nothing behind it. */
static void begin_frame(u32 line)
{
	const struct frame_sink sink = { put, NULL };
	static const char message[FRAME_MESSAGE_BYTES];

	frame_encode(FRAME_PLAIN, &sink, "control", message, sizeof(message));
	used = FRAME_HEADER_BYTES + pick(1000);
	post(line);
}

static void disturb(u32 line)
{
	switch (pick(8)) {
	case 0:
		root->is_slow = !root->is_slow;
		break;
	case 1: case 2:
		fake_answer(root);
		break;
	case 3:
		is_stuck[line] = !is_stuck[line];
		break;
	case 4:
		console_cut(&hostile[line]);
		break;
	case 5:
		fake_guest_writes(root, "a", "the guest says something\r\n");
		fake_guests(root);
		break;
	case 6:
		root->now_ns += pick(40) * NS_PER_SECOND;
		break;
	default:
		root->now_ns += pick(100) * NS_PER_MS;
		break;
	}
}

static void (*const acts[])(u32 line) = {
	say_hello, open_something, open_upload, use_stream, use_stream, send_data, send_data, command_anything,
	command_anything, send_garbage, begin_frame, disturb, disturb, disturb,
};

/* ---- what holds all the same ---- */

static void check_line(const struct session *s, u32 *jobs)
{
	u32 clients = 0, streams = 0, owned = 0, of_clients = 0, large = 0;

	for (u32 i = 0; i < CLIENT_COUNT; i++) {
		const struct client *c = &s->clients.list[i];

		clients += c->number != 0;
		of_clients += c->streams;
		*jobs += c->jobs;
		assert_true(c->jobs <= CLIENT_JOBS && c->streams <= STREAM_CLIENT_COUNT);
		for (u32 k = 0; k < CLIENT_IDS; k++)
			if (c->ids[k].answer && c->ids[k].answer->length > ANSWER_SMALL_BYTES)
				large += c->ids[k].answer->length;
	}
	for (u32 i = 0; i < STREAM_COUNT; i++) {
		streams += s->streams.list[i] != NULL;
		owned += s->streams.list[i] && s->streams.list[i]->client;
	}
	assert_int_equal(clients, s->clients.count);
	assert_int_equal(streams, s->streams.count);
	assert_int_equal(owned, of_clients);
	assert_int_equal(large, s->clients.large_bytes);
	assert_true(session_output_used(s) < OUTPUT_BYTES / 4);
}

static void check_all(void)
{
	u32 jobs = 0, with_client = 0;

	check_line(&session, &jobs);
	for (u32 i = 0; i < HOSTILE_LINES; i++)
		check_line(&hostile[i], &jobs);
	for (u32 i = 0; i < JOB_COUNT; i++)
		with_client += root->console->jobs[i].is_used && root->console->jobs[i].client;
	assert_int_equal(jobs, with_client);
	assert_true(console_takes_reply(root->console));
}

static void meet_victim(void)
{
	exchange("{\"execute\":\"hello\",\"arguments\":{\"client\":\"victim\"},\"id\":1}", "\"client\":");
	assert_int_equal(sscanf(answer, "{\"return\":{\"client\":%lu", &victim), 1);
}

/* The program on the third line asks something, and gets it, with root at work. */
static void serve_victim(void)
{
	char message[160], words[64];

	root->is_slow = false;
	fake_answer(root);
	fake_run(root);
	meet_victim();		/* it may have been silent for a minute */
	snprintf(message, sizeof(message), "{\"execute\":\"list-image\",\"c\":%lu,\"id\":%lu}", victim, ++victim_id);
	snprintf(words, sizeof(words), "\"c\":%lu,\"id\":%lu}", victim, victim_id);
	exchange(message, words);
	assert_non_null(strstr(answer, "debian-kernel"));
}

static void restart(void)
{
	root->is_slow = false;
	root->now_ns += NS_PER_SECOND;
	fake_restart(root, NULL);
	memset(hostile, 0, sizeof(hostile));
	open_lines();
	meet_victim();
}

static void run(unsigned first_seed)
{
	seed = first_seed;
	victim_id = 0;
	make_vm("a");
	open_lines();
	meet_victim();
	for (u32 step = 0; step < STEPS; step++) {
		acts[pick(ARRAY_COUNT(acts))](pick(HOSTILE_LINES));
		fake_run(root);
		check_all();
		if (step % 100 == 99)
			serve_victim();
		if (step % 1500 == 1499)
			restart();
	}
	/* They stop. After a while nothing of them is left. */
	root->is_slow = is_stuck[0] = is_stuck[1] = false;
	for (u32 i = 0; i < 40; i++) {
		fake_answer(root);
		fake_run(root);
		root->now_ns += CLIENT_DEAD_NS / 10;
	}
	check_all();
	for (u32 i = 0; i < HOSTILE_LINES; i++) {
		assert_int_equal(hostile[i].clients.count + hostile[i].streams.count, 0);
		assert_int_equal(session_output_used(&hostile[i]), 0);
	}
	assert_int_equal(console_deadline_ns(root->console), ~0ull);
	for (u32 i = 0; i < JOB_COUNT; i++)
		assert_true(!root->console->jobs[i].is_used || root->console->jobs[i].origin == JOB_KEEPER);
}

static void first(void **state)
{
	(void)state;
	run(1);
}

static void second(void **state)
{
	(void)state;
	run(2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(first, setup, teardown),
		cmocka_unit_test_setup_teardown(second, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
