/* SPDX-License-Identifier: MIT */
/*
 * Streams of programs: a VM's console with two viewers, input that comes twice or not at all, the log, events, and what
 * ends a stream. No stream makes a guest wait.
 */
/*
 * links: console
 * helpers: fake_root.c
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "stream_bench.h"

static void say(const char *text)
{
	fake_guest_writes(root, "a", text);
	fake_run(root);
	collect();
}

static void two_viewers(void **state)
{
	u64 x = hello("x", 1024), y = hello("y", 256);
	u32 live, all;

	(void)state;
	run_vm("a");
	say("first line\r\n");
	forget_all();
	live = open_stream(x, "\"open-console\",\"arguments\":{\"name\":\"a\"}");
	assert_int_equal(number_in(control, "offset"), number_in(control, "end"));
	all = open_stream(y, "\"open-console\",\"arguments\":{\"name\":\"a\",\"from\":\"log\"}");
	assert_int_equal(number_in(control, "offset"), 0);
	assert_int_not_equal(live, all);
	say("second line\r\n");
	assert_int_equal(seen[live].frames + seen[all].frames, 0);	/* no credit yet */
	credit(x, live, 1000000);
	credit(y, all, 15);
	assert_int_equal(seen[live].next - seen[live].first, 13);
	assert_memory_equal(seen[live].bytes, "second line\r\n", 13);
	assert_int_equal(seen[all].next, 15);
	assert_memory_equal(seen[all].bytes, "first line\r\nsec", 15);
	credit(y, all, 1000000);
	assert_int_equal(seen[all].next, 25);
	assert_memory_equal(seen[all].bytes, "first line\r\nsecond line\r\n", 25);
	/* A frame was lost: from there again; asked twice, it comes twice. */
	forget_all();
	ask_for(y, "\"credit\",\"arguments\":{\"stream\":2,\"to\":1000000,\"from\":6}",
		"\"end\":25,\"taken\":0,\"start\":0");
	assert_int_equal(seen[all].first, 6);
	assert_memory_equal(seen[all].bytes, "line\r\nsecond line\r\n", 19);
	/* A VM that stops and starts is the same console. */
	command("stop-vm a --force", "stopped", RESULT_OK);
	command("start-vm a", "running", RESULT_OK);
	forget_all();
	say("third\r\n");
	assert_memory_equal(seen[live].bytes, "third\r\n", 7);
	assert_memory_equal(seen[all].bytes, "third\r\n", 7);
	assert_int_equal(ends, 0);
}

/* 3,000 lines, in pieces as a guest writes them; both get all of them, in frames of their sizes. */
static void long_output(void **state)
{
	static char all[SEEN_BYTES];
	size_t used = 0;
	u64 x = hello("x", 4096), y = hello("y", 300);
	u32 a, b;

	(void)state;
	run_vm("a");
	a = open_stream(x, "\"open-console\",\"arguments\":{\"name\":\"a\",\"from\":\"log\"}");
	b = open_stream(y, "\"open-console\",\"arguments\":{\"name\":\"a\",\"from\":\"log\"}");
	credit(x, a, 10000000);
	credit(y, b, 10000000);
	forget_all();
	root->send_limit = 4000;	/* a slow line */
	for (u32 i = 0; i < 3000; i++) {
		char line[40];

		snprintf(line, sizeof(line), "line %u of the guest\r\n", i);
		memcpy(all + used, line, strlen(line));
		used += strlen(line);
		fake_guest_writes(root, "a", line);
		if (i % 10 == 9) {
			fake_run(root);
			collect();
		}
	}
	for (u32 i = 0; i < 200; i++) {
		fake_run(root);
		collect();
	}
	root->send_limit = 0;
	for (u32 i = 0; i < 2; i++) {
		struct seen *s = &seen[i ? b : a];

		assert_int_equal(s->jumps, 0);
		assert_int_equal(s->next - s->first, used);
		assert_memory_equal(s->bytes, all, used);
	}
	assert_true(seen[a].longest <= 4096 && seen[b].longest <= 300);
}

/* One whose reader was killed makes room for others soon; one that asks whether there is something does not end. */
static void capture_without_reader(void **state)
{
	u64 x = hello("x", 1024), y = hello("y", 1024);
	u32 dead, live;

	(void)state;
	run_vm("a");
	dead = open_stream(x, "\"open-capture\",\"arguments\":{\"nic\":\"a/0\"}");
	live = open_stream(y, "\"open-capture\",\"arguments\":{\"nic\":\"a/0\"}");
	assert_int_equal(root->captures, 2);
	for (u32 i = 0; i < 6; i++) {
		assert_int_equal(ends, 0);
		root->now_ns += 10 * NS_PER_SECOND - 1;
		if (i >= 3)
			break;
		credit(y, live, 0);
	}
	assert_int_equal(root->captures, 2);
	root->now_ns += 3;
	fake_run(root);
	collect();
	assert_int_equal(ends, 1);
	assert_int_equal(number_in(end_text, "stream"), dead);
	assert_int_equal(root->captures, 1);
}

/* A viewer without credit, or that takes nothing: the guest writes on, and the next offset shows what was lost. */
static void never_stops_the_guest(void **state)
{
	static char line[1001];
	u64 x = hello("x", 1024);
	u32 a;

	(void)state;
	memset(line, 'x', 1000);
	run_vm("a");
	a = open_stream(x, "\"open-console\",\"arguments\":{\"name\":\"a\",\"from\":\"log\"}");
	credit(x, a, 10);
	forget_all();
	for (u32 i = 0; i < 200; i++)
		say(line);
	assert_int_equal(root->vms[0].out_head, root->vms[0].out_tail);
	assert_int_equal(seen[a].next, 10);
	forget_all();
	credit(x, a, 10000000);
	assert_int_equal(seen[a].first, 200000 - HISTORY_BYTES);
	assert_int_equal(seen[a].next, 200000);
}

static void expect_typed(const char *words)
{
	struct fake_vm *vm = &root->vms[0];

	assert_int_equal(vm->in_count, strlen(words));
	assert_memory_equal(vm->input, words, strlen(words));
}

/* A client that leaves takes its streams along, and no others. */
static void leaves(void **state)
{
	u64 x = hello("x", 1024), y = hello("y", 1024);
	u32 a, b;

	(void)state;
	run_vm("a");
	a = open_stream(x, "\"open-console\",\"arguments\":{\"name\":\"a\",\"write\":true}");
	for (u32 i = 1; i < STREAM_CLIENT_COUNT; i++)
		(void)open_stream(x, "\"open-log\"");
	b = open_stream(y, "\"open-console\",\"arguments\":{\"name\":\"a\"}");
	credit(x, a, 1000);
	credit(y, b, 1000);
	ask_for(x, "\"bye\"", "{\"return\":{}");
	forget_all();
	say("more\r\n");
	put(a, 0, "typed", 5);
	expect_typed("");
	assert_int_equal(seen[a].frames + seen[a].acks, 0);
	assert_memory_equal(seen[b].bytes, "more\r\n", 6);
	assert_int_equal(ends, 0);
	for (u32 i = 0; i < STREAM_COUNT; i++)
		assert_true(!session.streams.list[i] || session.streams.list[i]->number == b);
}

static void input(void **state)
{
	static char many[STREAM_INPUT_BYTES + 500];
	u64 x = hello("x", 1024);
	u32 a, b;

	(void)state;
	run_vm("a");
	b = open_stream(x, "\"open-console\",\"arguments\":{\"name\":\"a\"}");
	a = open_stream(x, "\"open-console\",\"arguments\":{\"name\":\"a\",\"write\":true}");
	assert_int_equal(number_in(control, "limit"), STREAM_INPUT_BYTES);
	forget_all();
	put(b, 0, "not allowed", 11);
	expect_typed("");
	assert_int_equal(seen[b].acks, 0);
	put(a, 0, "hello", 5);
	expect_typed("hello");
	assert_int_equal(seen[a].taken, 5);
	assert_int_equal(seen[a].limit, 5 + STREAM_INPUT_BYTES);
	put(a, 0, "hello", 5);			/* came twice */
	put(a, 7, "gap", 3);			/* one was lost */
	expect_typed("hello");
	assert_int_equal(seen[a].taken, 5);
	put(a, 3, "lo wor", 6);			/* partly known */
	expect_typed("hello wor");
	assert_int_equal(seen[a].taken, 9);
	put(a, ~0ull - 2, "xxxxxxxx", 8);	/* around zero */
	expect_typed("hello wor");
	put(a, 9, "", 0);
	/* The guest takes no more: as much waits as was allowed. */
	memset(many, 'm', sizeof(many));
	put(a, 9, many, sizeof(many));
	assert_int_equal(root->vms[0].in_count, 64);
	assert_true(stream_waits_for_vm(&session, 0));
	assert_int_equal(seen[a].taken, 9 + STREAM_INPUT_BYTES);
	assert_int_equal(seen[a].limit, 64 + STREAM_INPUT_BYTES);
	for (u32 i = 0; i < 100; i++) {
		root->vms[0].in_count = 0;
		fake_run(root);
	}
	collect();
	assert_int_equal(seen[a].limit, seen[a].taken + STREAM_INPUT_BYTES);
	assert_false(stream_waits_for_vm(&session, 0));
	/* What was meant for a VM that does not live is gone. */
	command("stop-vm a --force", "stopped", RESULT_OK);
	root->vms[0].in_count = 0;
	put(a, seen[a].taken, "lost", 4);
	expect_typed("");
	put(a, seen[a].taken, "\0\0", 2);	/* any byte */
}

static void log_and_events(void **state)
{
	u64 x = hello("x", 512);
	u32 a, b, c;

	(void)state;
	run_vm("v");
	a = open_stream(x, "\"open-log\",\"arguments\":{\"from\":\"log\"}");
	credit(x, a, 1000);
	forget_all();
	fake_log(root, "[    1.000000] a line\n");
	fake_run(root);
	collect();
	assert_non_null(memmem(seen[a].bytes, SEEN_BYTES, "a line\n", 7));
	b = open_stream(x, "\"open-events\"");
	credit(x, b, 1000000);
	c = open_stream(x, "\"open-events\",\"arguments\":{\"since\":0}");
	forget_all();
	credit(x, c, 1000000);
	forget_all();
	for (u32 i = 0; i < 300; i++) {
		fake_event(root, "v", i % 2 ? VM_RUNNING : VM_PAUSED, STOP_REQUEST);
		fake_run(root);
		collect();
	}
	assert_int_equal(seen[b].frames, 300);
	assert_non_null(memmem(seen[b].bytes, SEEN_BYTES, "\"event\":\"VM_STATE\",\"seq\":", 25));
	/* One that comes later: the last ones, and the jump says how many were lost. */
	a = open_stream(x, "\"open-events\",\"arguments\":{\"since\":0}");
	assert_true(number_in(control, "offset") == number_in(control, "end") - EVENTS_KEPT);
	forget_all();
	credit(x, a, 1000000);
	assert_int_equal(seen[a].frames, EVENTS_KEPT);
}

/* One that the console had no memory for comes as lost, so that all who follow know where they are. */
static void a_lost_event(void **state)
{
	u64 x = hello("x", 512), number;
	u32 stream;
	char expected[80];

	(void)state;
	run_vm("v");
	number = root->console->events.next - 1;
	free(root->console->events.texts[number % EVENTS_KEPT]);
	root->console->events.texts[number % EVENTS_KEPT] = NULL;
	stream = open_stream(x, "\"open-events\",\"arguments\":{\"since\":0}");
	forget_all();
	credit(x, stream, 1000000);
	assert_int_equal(seen[stream].frames, number + 1);
	snprintf(expected, sizeof(expected), "{\"event\":\"LOST\",\"seq\":%lu}", number);
	assert_non_null(memmem(seen[stream].bytes, SEEN_BYTES, expected, strlen(expected)));
}

static void endings(void **state)
{
	u64 x = hello("x", 512), y = hello("y", 512);
	char request[96];
	u32 a, b;

	(void)state;
	run_vm("a");
	a = open_stream(x, "\"open-console\",\"arguments\":{\"name\":\"a\"}");
	b = open_stream(y, "\"open-console\",\"arguments\":{\"name\":\"a\",\"write\":true}");
	snprintf(request, sizeof(request), "\"close-stream\",\"arguments\":{\"stream\":%u}", a);
	ask_for(y, request, "E_NOT_FOUND");		/* another client's */
	ask_for(x, request, "{\"return\":{},\"c\":");
	ask_for(x, request, "E_NOT_FOUND");
	command("delete-vm a --force", "deleted", RESULT_OK);
	collect();
	assert_int_equal(ends, 1);
	assert_non_null(strstr(end_text, "\"reason\":\"the VM was deleted\"},\"c\":"));
	snprintf(request, sizeof(request), "\"credit\",\"arguments\":{\"stream\":%u,\"to\":5}", b);
	ask_for(y, request, "E_NOT_FOUND");
	put(b, 0, "late", 4);
	/* Another VM of that name is another one. */
	ask_for(x, "\"open-console\",\"arguments\":{\"name\":\"a\"}", "E_NOT_FOUND");
	ask_for(x, "\"open-console\",\"arguments\":{\"name\":7}", "E_USAGE");
	ask_for(x, "\"open-console\"", "E_USAGE");
	run_vm("a");
	ask_for(x, "\"open-console\",\"arguments\":{\"name\":\"a\",\"from\":\"nowhere\"}", "E_USAGE");
	ask_for(x, "\"credit\",\"arguments\":{}", "E_USAGE");
	exchange("{\"execute\":\"open-log\",\"id\":1}", "say hello first");
	for (u32 i = 0; i < STREAM_CLIENT_COUNT; i++)
		(void)open_stream(x, "\"open-log\"");
	ask_for(x, "\"open-log\"", "E_LIMIT");
	for (u32 i = 0; i < 3 * STREAM_CLIENT_COUNT; i++) {
		char name[16];

		snprintf(name, sizeof(name), "z%u", i / STREAM_CLIENT_COUNT);
		(void)open_stream(hello(name, 0), "\"open-log\"");
	}
	ask_for(y, "\"open-log\"", "E_LIMIT");
	/* Whoever says nothing for so long has left; the next one finds room. */
	forget_all();
	root->now_ns += CLIENT_DEAD_NS;
	fake_run(root);
	collect();
	assert_int_equal(ends, STREAM_COUNT);
	assert_non_null(strstr(end_text, "\"reason\":\"silent\""));
	y = hello("y", 512);
	(void)open_stream(y, "\"open-log\"");
}

static u32 closing(void)
{
	u32 count = 0;

	for (u32 i = 0; i < STREAM_COUNT; i++)
		count += session.streams.list[i] && !session.streams.list[i]->client;
	return count;
}

static void close_with_input(u64 client, const char *bytes, size_t count)
{
	u32 stream = open_stream(client, "\"open-console\",\"arguments\":{\"name\":\"a\",\"write\":true}");
	char request[96];

	put(stream, 0, bytes, count);
	snprintf(request, sizeof(request), "\"close-stream\",\"arguments\":{\"stream\":%u}", stream);
	ask_for(client, request, "{\"return\":{},\"c\":");
	ask_for(client, request, "E_NOT_FOUND");
	put(stream, count, "late", 4);
}

/* What came before close-stream or bye still goes to a guest that is slow, and nothing behind it. */
static void closed_with_input(void **state)
{
	char many[300], name[8];
	u64 x = hello("x", 1024);
	u32 viewer;

	(void)state;
	run_vm("a");
	for (u32 i = 0; i < sizeof(many); i++)
		many[i] = (char)('a' + i % 26);
	viewer = open_stream(x, "\"open-console\",\"arguments\":{\"name\":\"a\"}");
	credit(x, viewer, 10000);
	forget_all();
	close_with_input(x, many, sizeof(many));
	assert_int_equal(closing(), 1);
	for (u32 i = 0; i < 20; i++) {
		assert_int_equal(console_waits_for_vm(root->console, 0), closing());
		fake_guests(root);
		fake_run(root);
	}
	collect();
	assert_int_equal(seen[viewer].next - seen[viewer].first, sizeof(many));
	assert_memory_equal(seen[viewer].bytes, many, sizeof(many));
	assert_int_equal(closing(), 0);
	/* A guest that takes nothing is not waited for for ever, nor is one that is gone. */
	close_with_input(x, many, sizeof(many));
	assert_int_equal(console_deadline_ns(root->console), root->now_ns + STREAM_REST_NS);
	root->now_ns += STREAM_REST_NS;
	fake_run(root);
	assert_int_equal(closing(), 0);
	fake_guests(root);
	close_with_input(x, many, sizeof(many));
	command("stop-vm a --force", "has stopped", RESULT_OK);
	assert_int_equal(closing(), 0);
	command("start-vm a", "is running", RESULT_OK);
	/* Such streams hold no place of others. */
	for (u32 i = 0; i < 2 * STREAM_COUNT; i++)
		close_with_input(x, many, sizeof(many));
	assert_int_equal(closing(), STREAM_COUNT - 1);
	for (u32 i = 0; i + 1 < STREAM_COUNT; i++) {
		snprintf(name, sizeof(name), "z%u", i / STREAM_CLIENT_COUNT);
		(void)open_stream(hello(name, 0), "\"open-log\"");
	}
	assert_int_equal(closing(), 0);
	ask_for(x, "\"open-log\"", "E_LIMIT");
}

static void guest_takes(char *to, u32 *used)
{
	struct fake_vm *vm = &root->vms[0];

	memcpy(to + *used, vm->input, vm->in_count);
	*used += (u32)vm->in_count;
	vm->in_count = 0;
	fake_run(root);
}

/* What one stream left comes before what the next one sends, whatever their places, also where that is closed too. */
static void closed_comes_first(void **state)
{
	static const char request[] = "\"open-console\",\"arguments\":{\"name\":\"a\",\"write\":true}";
	char many[300], got[1024], close[96];
	u64 x = hello("x", 1024);
	u32 first, next, used = 0;

	(void)state;
	run_vm("a");
	memset(many, 'm', sizeof(many));
	first = open_stream(x, "\"open-log\"");
	close_with_input(x, many, sizeof(many));
	snprintf(close, sizeof(close), "\"close-stream\",\"arguments\":{\"stream\":%u}", first);
	ask_for(x, close, "{\"return\":{}");
	next = open_stream(x, request);			/* it has the place before the closed one's */
	assert_int_equal(session.streams.list[0]->number, next);
	put(next, 0, "next", 4);
	snprintf(close, sizeof(close), "\"close-stream\",\"arguments\":{\"stream\":%u}", next);
	ask_for(x, close, "{\"return\":{}");
	assert_int_equal(closing(), 2);
	put(open_stream(x, request), 0, "last", 4);
	for (u32 i = 0; i < 20; i++)
		guest_takes(got, &used);
	assert_int_equal(used, sizeof(many) + 8);
	assert_memory_equal(got, many, sizeof(many));
	assert_memory_equal(got + sizeof(many), "nextlast", 8);
	assert_int_equal(closing(), 0);
}

/* A program that has died, on a machine where nothing else happens: it loses all after a while, and its last frame
 * counts. */
static void dead(void **state)
{
	u64 x = hello("x", 1024), died_ns;
	u32 a;

	(void)state;
	run_vm("a");
	a = open_stream(x, "\"open-console\",\"arguments\":{\"name\":\"a\",\"write\":true}");
	ask(x, "\"top\",\"arguments\":{\"count\":1000000,\"interval\":86400}");
	root->now_ns += CLIENT_DEAD_NS - 1;
	put(a, 0, "x", 1);
	fake_guests(root);
	fake_run(root);
	died_ns = root->now_ns;
	forget_all();
	root->now_ns += CLIENT_DEAD_NS - 1;
	assert_int_equal(console_deadline_ns(root->console), died_ns + CLIENT_DEAD_NS);
	fake_run(root);
	assert_int_equal(session.clients.count, 1);
	root->now_ns = console_deadline_ns(root->console);
	fake_run(root);
	collect();
	assert_int_equal(ends, 1);
	assert_non_null(strstr(end_text, "\"reason\":\"silent\""));
	assert_int_equal(session.clients.count + session.streams.count, 0);
	assert_int_equal(console_deadline_ns(root->console), ~0ull);	/* nor is its `top` there */
}

/* The console is started again: programs are told, on a machine that is the same, and what an old one still sends to
 * its stream reaches no new one. */
static void console_starts_again(void **state)
{
	static const char open[] = "\"open-console\",\"arguments\":{\"name\":\"a\",\"write\":true}";
	u64 x = hello("x", 1024), y;
	char channel[FRAME_CHANNEL_BYTES];
	u32 old, new;

	(void)state;
	run_vm("a");
	old = open_stream(x, open);
	forget_frames();
	root->now_ns += NS_PER_SECOND;		/* for other random numbers */
	fake_restart(root, NULL);
	assert_true(next_frame(channel));
	assert_string_equal(channel, "events");
	assert_non_null(strstr(answer, "{\"event\":\"CONSOLE_START\",\"data\":{\"start\":2},\"uptime-ns\":"));
	assert_false(next_frame(channel));
	exchange("{\"execute\":\"hello\",\"arguments\":{\"client\":\"z\"},\"id\":1}",
		"\"boot-id\":\"000000000000b007\",\"console-start\":2}");
	fake_screen(root);
	ask_for(x, "\"open-log\"", "no client ");
	y = hello("y", 1024);
	new = open_stream(y, open);
	assert_int_equal(new, STREAM_NUMBERS + old);
	put(old, 0, "old", 3);
	expect_typed("");
	put(new, 0, "new", 3);
	expect_typed("new");
}

/* A repeated request opens one stream, not two. */
static void open_again(void **state)
{
	u64 x = hello("x", 512);
	char first[256];

	(void)state;
	ask_for(x, "\"open-log\"", "\"stream\":");
	memcpy(first, control, sizeof(first));
	ids--;
	ask_for(x, "\"open-log\"", "\"stream\":");
	assert_string_equal(control, first);
	assert_int_equal(session.clients.list[0].streams, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(capture_without_reader, setup, teardown),
		cmocka_unit_test_setup_teardown(two_viewers, setup, teardown),
		cmocka_unit_test_setup_teardown(long_output, setup, teardown),
		cmocka_unit_test_setup_teardown(never_stops_the_guest, setup, teardown),
		cmocka_unit_test_setup_teardown(leaves, setup, teardown),
		cmocka_unit_test_setup_teardown(input, setup, teardown),
		cmocka_unit_test_setup_teardown(log_and_events, setup, teardown),
		cmocka_unit_test_setup_teardown(a_lost_event, setup, teardown),
		cmocka_unit_test_setup_teardown(endings, setup, teardown),
		cmocka_unit_test_setup_teardown(closed_with_input, setup, teardown),
		cmocka_unit_test_setup_teardown(closed_comes_first, setup, teardown),
		cmocka_unit_test_setup_teardown(dead, setup, teardown),
		cmocka_unit_test_setup_teardown(console_starts_again, setup, teardown),
		cmocka_unit_test_setup_teardown(open_again, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
