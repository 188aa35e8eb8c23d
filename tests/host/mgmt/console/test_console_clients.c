/* SPDX-License-Identifier: MIT */
/*
 * Programs that have said hello: numbers, requests that come again, answers in pieces, broken frames, limits; and that
 * programs which have not see what they saw.
 */
/*
 * links: console
 * helpers: fake_root.c
 */
#include "console_bench.h"
#include "units.h"

/* Frames that came since the last forget_frames. */
struct got { char channel[FRAME_CHANNEL_BYTES]; char text[8192]; size_t length; };
static struct got got[256];
static u32 got_count;

static void collect(void)
{
	static char body[4 * sizeof(answer)];
	struct frame_scanner scanner;
	struct frame_result result;
	size_t at = 0;

	frame_scanner_init(&scanner, FRAME_TEXT, body, sizeof(body));
	got_count = 0;
	while (at < root->terminal_used) {
		at += frame_scan(&scanner, root->terminal + at, root->terminal_used - at, &result);
		assert_null(result.broken);
		if (!result.is_frame)
			continue;
		assert_true(got_count < ARRAY_COUNT(got) && result.length < sizeof(got[0].text));
		memcpy(got[got_count].channel, result.channel, FRAME_CHANNEL_BYTES);
		memcpy(got[got_count].text, result.message, result.length);
		got[got_count].text[result.length] = 0;
		got[got_count++].length = result.length;
	}
}

static u64 say_hello(const char *name, u32 fragment)
{
	char message[160];
	u64 number = 0;

	snprintf(message, sizeof(message),
		"{\"execute\":\"hello\",\"arguments\":{\"client\":\"%s\",\"fragment\":%u},\"id\":1}", name, fragment);
	exchange(message, "\"idle-ns\":60000000000,\"boot-id\":\"000000000000b007\",\"console-start\":1},\"id\":1}");
	assert_int_equal(sscanf(answer, "{\"return\":{\"client\":%lu", &number), 1);
	return number;
}

/* Ask as that client; all that came is in got[]. */
static void ask(u64 client, u64 id, const char *request)
{
	static char message[1024];

	snprintf(message, sizeof(message), "{\"execute\":%s,\"c\":%lu,\"id\":%lu}", request, client, id);
	forget_frames();
	wire(message);
	collect();
}

static void expect_got(u32 at, const char *channel, const char *words)
{
	if (at >= got_count || strcmp(got[at].channel, channel) != 0 || !strstr(got[at].text, words))
		fail_msg("frame %u of %u is not %s with %s: %s %s", at, got_count, channel, words,
			at < got_count ? got[at].channel : "", at < got_count ? got[at].text : "");
}

static void ask_for(u64 client, u64 id, const char *request, const char *words)
{
	ask(client, id, request);
	assert_int_equal(got_count, 1);
	expect_got(0, "control", words);
}

static void numbers(void **state)
{
	u64 a = say_hello("vosd-1", 0), b = say_hello("vosd-2", 0);
	char words[96];

	(void)state;
	assert_int_equal(a, 1000000001);
	assert_int_equal(b, a + 1);
	assert_int_equal(say_hello("vosd-1", 512), a);
	assert_non_null(strstr(answer, "\"fragment\":512"));
	(void)say_hello("vosd-1", 1);
	assert_non_null(strstr(answer, "\"fragment\":256"));
	(void)say_hello("vosd-1", 100000);
	assert_non_null(strstr(answer, "\"fragment\":4096"));
	snprintf(words, sizeof(words), "},\"c\":%lu,\"id\":1}", a);
	ask_for(a, 1, "\"version\"", words);
	ask_for(a, 2, "\"create-vm\",\"arguments\":{\"name\":\"x y\"}", "\"class\":\"E_USAGE\"");
	snprintf(words, sizeof(words), "},\"c\":%lu,\"id\":2}", a);
	expect_got(0, "control", words);
	ask_for(b + 1, 7, "\"version\"", "\"class\":\"E_LINK\",\"code\":8,\"desc\":\"no client ");
	snprintf(words, sizeof(words), "on this line: say hello\"},\"c\":%lu,\"id\":7}", b + 1);
	expect_got(0, "control", words);
	exchange("{\"execute\":\"version\",\"c\":\"x\",\"id\":7}", "not the number of a client\"},\"id\":7}");
	exchange("{\"execute\":\"hello\",\"arguments\":{\"client\":\"\"},\"id\":1}", "E_USAGE");
	exchange("{\"execute\":\"hello\",\"arguments\":{\"client\":\"a b\"},\"id\":1}", "E_USAGE");
	exchange("{\"execute\":\"hello\",\"arguments\":{\"client\":\"0123456789012345678901234567890x\"}}", "E_USAGE");
	exchange("{\"execute\":\"hello\",\"arguments\":{\"client\":\"a\",\"fragment\":-1},\"id\":1}", "E_USAGE");
	exchange("{\"execute\":\"hello\",\"id\":1}", "E_USAGE");
	for (u32 i = 3; i <= CLIENT_COUNT; i++) {
		snprintf(words, sizeof(words), "many-%u", i);
		(void)say_hello(words, 0);
	}
	exchange("{\"execute\":\"hello\",\"arguments\":{\"client\":\"one-more\"},\"id\":1}", "\"class\":\"E_LIMIT\"");
}

/* A request that comes again is done once, and has the same answer. */
static void repeats(void **state)
{
	u64 a = say_hello("a", 0), b = say_hello("b", 0);
	char first[sizeof(got[0].text)];

	(void)state;
	ask_for(a, 1, "\"create-vm\",\"arguments\":{\"name\":\"x\"}", "\"return\":{\"name\":\"x\"");
	memcpy(first, got[0].text, sizeof(first));
	for (u32 i = 0; i < 3; i++) {
		ask_for(a, 1, "\"create-vm\",\"arguments\":{\"name\":\"x\"}", "\"return\":{\"name\":\"x\"");
		assert_string_equal(got[0].text, first);
	}
	ask_for(b, 1, "\"create-vm\",\"arguments\":{\"name\":\"x\"}", "E_EXISTS");
	ask_for(b, 2, "\"delete-vm\",\"arguments\":{\"name\":\"x\"}", "{\"return\":{},\"c\":");
	/* The error is kept too. */
	ask_for(b, 1, "\"create-vm\",\"arguments\":{\"name\":\"x\"}", "E_EXISTS");
	assert_false(root->vms[0].is_used);
	/* An id below the highest that was not seen is done; 8 below and more is too old. */
	ask_for(a, 9, "\"version\"", "return");
	ask_for(a, 2, "\"create-vm\",\"arguments\":{\"name\":\"y\"}", "\"name\":\"y\"");
	ask_for(a, 1, "\"create-vm\",\"arguments\":{\"name\":\"z\"}", "the id is too old");
	ask_for(a, 1000, "\"version\"", "return");
	ask_for(a, 992, "\"delete-vm\",\"arguments\":{\"name\":\"y\"}", "too old");
	assert_true(root->vms[0].is_used);
	/* Ids of clients are whole numbers. */
	exchange("{\"execute\":\"version\",\"c\":1000000001}", "whole number from 1 on\"},\"c\":1000000001}");
	exchange("{\"execute\":\"version\",\"c\":1000000001,\"id\":0}", "whole number");
	exchange("{\"execute\":\"version\",\"c\":1000000001,\"id\":\"a\"}", "whole number");
	exchange("{\"execute\":\"version\",\"c\":1000000001,\"id\":9007199254740992}", "whole number");
	exchange("{\"execute\":\"version\",\"c\":1000000001,\"id\":1.5}", "whole number");
}

static void under_way(void **state)
{
	u64 a = say_hello("a", 0), b = say_hello("b", 0);
	char words[64];

	(void)state;
	make_vm("x");
	root->is_slow = true;
	ask(a, 1, "\"start-vm\",\"arguments\":{\"name\":\"x\"}");
	assert_int_equal(got_count, 0);
	assert_int_equal(root->held_count, 1);
	snprintf(words, sizeof(words), "{\"pending\":true,\"c\":%lu,\"id\":1}", a);
	ask_for(a, 1, "\"start-vm\",\"arguments\":{\"name\":\"x\"}", words);
	assert_int_equal(root->held_count, 1);
	/* Four of one client, and the others have theirs. */
	for (u64 id = 2; id <= 4; id++)
		ask(a, id, "\"status-vm\",\"arguments\":{\"name\":\"x\"}");
	ask_for(a, 5, "\"status-vm\",\"arguments\":{\"name\":\"x\"}", "\"class\":\"E_BUSY\",\"code\":7");
	ask(b, 1, "\"status-vm\",\"arguments\":{\"name\":\"x\"}");
	assert_int_equal(got_count, 0);
	assert_int_equal(root->held_count, 5);
	/* cancel reaches a client's own commands only, and is possible beyond the four. */
	ask_for(b, 2, "\"cancel\",\"arguments\":{\"id\":2}", "E_NOT_FOUND");
	ask(a, 6, "\"cancel\",\"arguments\":{\"id\":2}");
	assert_int_equal(got_count, 2);
	expect_got(0, "control", "{\"canceled\":1}");
	expect_got(1, "control", "E_CANCELED");
	root->is_slow = false;
	forget_frames();
	fake_answer(root);
	fake_run(root);
	collect();
	assert_int_equal(got_count, 4);
	ask_for(a, 5, "\"status-vm\",\"arguments\":{\"name\":\"x\"}", "E_BUSY");
	ask_for(a, 7, "\"status-vm\",\"arguments\":{\"name\":\"x\"}", "running");
}

/* 32 of all clients together; programs without hello, and the prompt, have their own. */
static void together(void **state)
{
	u64 clients[9];
	char name[8];

	(void)state;
	make_vm("x");
	for (u32 i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "c%u", i);
		clients[i] = say_hello(name, 0);
	}
	root->is_slow = true;
	for (u32 i = 0; i < CLIENTS_JOBS; i++)
		ask(clients[i / 4], i % 4 + 1, "\"status-vm\",\"arguments\":{\"name\":\"x\"}");
	assert_int_equal(root->held_count, CLIENTS_JOBS);
	ask_for(clients[8], 1, "\"version\"", "E_BUSY");
	send_frame("control", "{\"execute\":\"status-vm\",\"arguments\":{\"name\":\"x\"},\"id\":1}");
	assert_int_equal(root->held_count, CLIENTS_JOBS + 1);
	root->is_slow = false;
	fake_answer(root);
	fake_run(root);
	ask_for(clients[8], 2, "\"version\"", "return");
}

static void forgotten(void **state)
{
	u64 a = say_hello("a", 0), b = say_hello("b", 0);

	(void)state;
	make_vm("x");
	ask_for(a, 1, "\"version\"", "return");
	root->is_slow = true;
	ask(b, 1, "\"start-vm\",\"arguments\":{\"name\":\"x\"}");
	root->now_ns += CLIENT_SILENT_NS - 1;
	fake_run(root);
	assert_int_equal(session.clients.count, 2);
	root->now_ns++;
	fake_run(root);
	assert_int_equal(session.clients.count, 1);
	/* From the answer on it has the same time: it may have been lost. */
	root->is_slow = false;
	forget_frames();
	fake_answer(root);
	fake_run(root);
	collect();
	expect_got(0, "control", "\"state\":\"running\"");
	root->now_ns += CLIENT_SILENT_NS - 1;
	fake_run(root);
	assert_int_equal(session.clients.count, 1);
	root->now_ns++;
	fake_run(root);
	assert_int_equal(session.clients.count, 0);
	ask_for(a, 1, "\"version\"", "no client ");
	assert_int_equal(say_hello("a", 0), b + 1);
}

/* What belongs to the line is answered also if it names the client. */
static void line_verbs_with_number(void **state)
{
	u64 a = say_hello("a", 0);
	char words[64];

	(void)state;
	snprintf(words, sizeof(words), "{\"return\":{\"client\":%lu,", a);
	ask_for(a, 1, "\"hello\",\"arguments\":{\"client\":\"a\"}", words);
	ask_for(a, 2, "\"sync\",\"arguments\":{\"token\":\"t\"}", "{\"return\":{\"token\":\"t\"");
	ask_for(a, 3, "\"hello\"", "hello needs");
}

/* A program that reads nothing is told of states up to a limit: replies for others don't wait for it. */
static void events_unread(void **state)
{
	(void)state;
	exchange("{\"execute\":\"sync\",\"arguments\":{\"token\":\"t\"},\"id\":1}", "return");
	make_vm("x");
	root->send_limit = 1;
	for (u32 i = 0; i < 2000; i++) {
		fake_event(root, "x", i & 1 ? VM_RUNNING : VM_CRASHED, STOP_TRIPLE_FAULT);
		fake_run(root);
	}
	assert_true(session_takes_reply(&session));
	assert_true(session_output_used(&session) < OUTPUT_BYTES / 4);
	root->send_limit = 0;
}

/* ---- bye ---- */

static void expect_unknown(u64 client)
{
	char words[64];

	snprintf(words, sizeof(words), "no client %lu on this line", client);
	ask_for(client, 90, "\"version\"", words);
}

/* One after the other, more than there are places for. */
static void leaves(void **state)
{
	char name[16], words[64];
	u64 a;

	(void)state;
	for (u32 i = 0; i < 3 * CLIENT_COUNT; i++) {
		snprintf(name, sizeof(name), "short-%u", i);
		a = say_hello(name, 0);
		ask_for(a, 1, "\"version\"", "return");
		snprintf(words, sizeof(words), "{\"return\":{},\"c\":%lu,\"id\":2}", a);
		ask_for(a, 2, "\"bye\"", words);
		assert_string_equal(got[0].text, words);
		ask_for(a, 2, "\"bye\"", "\"class\":\"E_LINK\"");
		assert_int_equal(session.clients.count, 0);
	}
	/* Without an id there is no answer; without a number nobody is meant. */
	a = say_hello("quiet", 0);
	exchange("{\"execute\":\"bye\",\"id\":7}", "bye needs the number of the client as \\\"c\\\"\"},\"id\":7}");
	snprintf(words, sizeof(words), "{\"execute\":\"bye\",\"c\":%lu}", a);
	send_frame("control", words);
	collect();
	assert_int_equal(got_count, 0);
	assert_int_equal(session.clients.count, 0);
	assert_int_equal(say_hello("quiet", 0), a + 1);
}

static u32 jobs_under_way(void)
{
	u32 count = 0;

	for (u32 i = 0; i < JOB_COUNT; i++)
		count += session.console->jobs[i].is_used &&
			 session.console->jobs[i].origin != JOB_KEEPER;	/* which is always there */
	return count;
}

/* What changes something goes on, and its answer goes to nobody; what only reads ends. */
static void leaves_work_behind(void **state)
{
	u64 a = say_hello("a", 0), b = say_hello("b", 0);

	(void)state;
	make_vm("x");
	ask(a, 1, "\"top\",\"arguments\":{\"count\":1000},\"text\":true");
	ask(b, 1, "\"top\",\"arguments\":{\"count\":2}");
	root->is_slow = true;
	ask(a, 2, "\"start-vm\",\"arguments\":{\"name\":\"x\"}");
	ask(a, 3, "\"status-vm\",\"arguments\":{\"name\":\"x\"}");
	ask(a, 4, "\"delete-vm\",\"arguments\":{\"name\":[\"x\",\"y\"],\"yes\":true},\"text\":true");
	assert_int_equal(jobs_under_way(), 5);
	ask_for(a, 5, "\"bye\"", "{\"return\":{}");
	/* Nothing stays here of what root was asked for: who leaves holds no place of the others'. */
	assert_int_equal(jobs_under_way(), 1);
	assert_int_equal(session.clients.count, 1);
	expect_unknown(a);
	/* They are nobody's: not of a program without hello, and not of the one that has the place now. */
	exchange("{\"execute\":\"cancel\",\"id\":1}", "{\"canceled\":0}");
	assert_int_equal(say_hello("a", 0), b + 1);
	ask_for(b + 1, 1, "\"cancel\"", "{\"canceled\":0}");
	root->is_slow = false;
	forget_frames();
	fake_answer(root);
	fake_run(root);
	for (u32 i = 0; i < 3; i++) {
		root->now_ns += 10 * NS_PER_SECOND;
		fake_run(root);
	}
	collect();
	assert_int_equal(got_count, 2);
	expect_got(0, "events", "\"TOP\"");
	expect_got(1, "control", "{\"return\":{\"uptime-ns\"");
	assert_int_equal(jobs_under_way(), 0);
	assert_true(root->vms[0].is_used);
	ask_for(b, 2, "\"status-vm\",\"arguments\":{\"name\":\"x\"}", "running");
}

/* All places are taken, by some that will never say bye: the one that was silent longest gives way, if it was for 20 s
 * and nothing of it is under way. */
static void give_way(void **state)
{
	static const char hello[] = "{\"execute\":\"hello\",\"arguments\":{\"client\":\"new\"},\"id\":1}";
	u64 clients[CLIENT_COUNT];
	char name[16];

	(void)state;
	make_vm("x");
	for (u32 i = 0; i < CLIENT_COUNT; i++) {
		snprintf(name, sizeof(name), "old-%u", i);
		clients[i] = say_hello(name, 0);
		root->now_ns++;
	}
	ask_for(clients[0], 1, "\"open-log\"", "\"stream\"");
	root->is_slow = true;
	ask(clients[1], 1, "\"start-vm\",\"arguments\":{\"name\":\"x\"}");
	root->now_ns += CLIENT_GIVE_WAY_NS - CLIENT_COUNT - 1;
	ask_for(clients[2], 1, "\"version\"", "return");
	exchange(hello, "\"class\":\"E_LIMIT\"");
	root->now_ns += 4;	/* old-3 has been silent for 20 s */
	assert_int_equal(say_hello("new", 0), clients[CLIENT_COUNT - 1] + 1);
	assert_int_equal(say_hello("new", 0), clients[CLIENT_COUNT - 1] + 1);
	exchange("{\"execute\":\"hello\",\"arguments\":{\"client\":\"more\"},\"id\":1}", "\"class\":\"E_LIMIT\"");
	for (u32 i = 0; i < CLIENT_COUNT; i++)
		if (i == 3)
			expect_unknown(clients[i]);
		else if (i != 1)
			ask_for(clients[i], 90, "\"version\"", "return");
	assert_int_equal(session.clients.count, CLIENT_COUNT);
}

/* ---- pieces ---- */

static char whole[131072];
static size_t whole_length;

/* Put together what came for that client and id; returns how many pieces, or 0 if it is not whole. */
static u32 assemble(u64 client, u64 id)
{
	unsigned long c, i;
	u32 seq, count = 0, crc = 0, seen = 0;
	int head;

	whole_length = 0;
	for (u32 next = 0, at = 0; at < got_count; at++) {
		if (strcmp(got[at].channel, "control+") != 0)
			continue;
		assert_int_equal(sscanf(got[at].text, "%lu %lu %u %u %8x%n", &c, &i, &seq, &count, &crc, &head), 5);
		assert_int_equal(got[at].text[head], '\n');
		if (c != client || i != id || seq != next)
			continue;
		next++;
		seen++;
		memcpy(whole + whole_length, got[at].text + head + 1, got[at].length - (size_t)head - 1);
		whole_length += got[at].length - (size_t)head - 1;
	}
	whole[whole_length] = 0;
	return seen && seen == count && crc32c(0, whole, whole_length) == crc ? seen : 0;
}

static void make_vms(u32 count)
{
	char name[16];

	root->memory_free = 1000 * GIB;
	for (u32 i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "vm%u", i);
		make_vm(name);
	}
}

static void pieces(void **state)
{
	u64 a = say_hello("a", 512), b = say_hello("b", 0);
	u32 count, first_of_b = 0;

	(void)state;
	make_vms(40);
	ask(a, 1, "\"list-vm\"");
	count = assemble(a, 1);
	assert_int_equal(count, got_count);
	assert_true(count > 10);
	assert_true(strncmp(whole, "{\"return\":[{\"name\":\"vm0\"", 23) == 0);
	for (u32 i = 0; i < got_count; i++)
		assert_true(got[i].length <= 512 + 80);
	/* Some of them again, and no others. */
	send_frame("control", "{\"execute\":\"resend\",\"arguments\":{\"id\":1,\"seq\":[3,9,3,99999]},"
		"\"c\":1000000001}");
	collect();
	assert_int_equal(got_count, 2);
	expect_got(0, "control+", "1000000001 1 3 ");
	expect_got(1, "control+", "1000000001 1 9 ");
	/* All of them again. */
	ask(a, 1, "\"list-vm\"");
	assert_int_equal(assemble(a, 1), count);
	send_frame("control", "{\"execute\":\"resend\",\"arguments\":{\"id\":2,\"seq\":[0]},\"c\":1000000001}");
	collect();
	assert_int_equal(got_count, 1);
	expect_got(0, "control", "{\"gone\":true,\"c\":1000000001,\"id\":2}");
	/* Another client's answer does not wait for the end of a large one. */
	root->send_limit = 1;
	forget_frames();
	wire("{\"execute\":\"list-vm\",\"c\":1000000001,\"id\":3}");
	wire("{\"execute\":\"version\",\"c\":1000000002,\"id\":1}");
	root->send_limit = 0;
	fake_run(root);
	collect();
	assert_int_equal(assemble(a, 3), count);
	assert_int_equal(got_count, count + 1);
	while (first_of_b < got_count && strcmp(got[first_of_b].channel, "control") != 0)
		first_of_b++;
	assert_true(first_of_b < got_count - 3);
	ask_for(b, 2, "\"version\"", "return");
}

/* Large answers share the room of a line: the oldest is dropped, and had again if the command only reads. */
static void large_answers(void **state)
{
	char again[32];
	u32 count;
	u64 a = say_hello("a", 0);

	(void)state;
	make_vms(60);
	ask(a, 1, "\"list-vm\"");
	count = assemble(a, 1);
	assert_true(count > 8);
	for (u64 id = 2; id <= 8; id++) {
		ask(a, id, "\"list-vm\"");
		assert_int_equal(assemble(a, id), count);
	}
	assert_true(session.clients.large_bytes <= ANSWERS_LARGE_BYTES);
	assert_true(session.clients.large_bytes > 8 * 4096);
	/* As if there had been more: the answer is gone. */
	session.clients.large_bytes += ANSWERS_LARGE_BYTES;
	ask(a, 9, "\"list-vm\"");
	ask_for(a, 9, "\"list-vm\"", "E_BUSY");
	session.clients.large_bytes -= ANSWERS_LARGE_BYTES;
	send_frame("control", "{\"execute\":\"resend\",\"arguments\":{\"id\":5,\"seq\":[0]},\"c\":1000000001}");
	collect();
	expect_got(0, "control", "{\"gone\":true,\"c\":1000000001,\"id\":5}");
	ask(a, 5, "\"list-vm\"");
	assert_int_equal(assemble(a, 5), count);
	snprintf(again, sizeof(again), "%lu 5 0 ", a);
	expect_got(0, "control+", again);
}

/* A command that is done and whose answer is gone is not done again; an error of its own says so. */
static void lost_answers(void **state)
{
	char many[2048] = "\"stop-vm\",\"arguments\":{\"name\":[";
	u32 used = (u32)strlen(many);
	u64 a = say_hello("a", 0);

	(void)state;
	for (u32 i = 0; i < 40; i++)
		used += (u32)snprintf(many + used, sizeof(many) - used, "%s\"no-such-vm-%u\"", i ? "," : "", i);
	snprintf(many + used, sizeof(many) - used, "]}");
	ask(a, 1, many);
	assert_true(session.clients.large_bytes > ANSWER_SMALL_BYTES);
	/* As if there were others. */
	session.clients.large_bytes += ANSWERS_LARGE_BYTES;
	ask_for(a, 2, many, "\"class\":\"E_DONE\",\"code\":11,\"desc\":\"the command is done, and the console has no");
	ask_for(a, 2, many, "\"class\":\"E_DONE\"");
	ask_for(a, 1, many, "\"class\":\"E_DONE\",\"code\":11,\"desc\":\"the command is done, and its answer is no");
	session.clients.large_bytes -= ANSWERS_LARGE_BYTES;
}

/* A slow line needs more than 60 s for it: who takes it is not forgotten meanwhile, and for 60 s after. */
static void long_answer(void **state)
{
	u64 a = say_hello("a", 0);
	u32 seconds = 0;

	(void)state;
	make_vms(100);
	root->send_limit = 200;
	forget_frames();
	wire("{\"execute\":\"list-vm\",\"c\":1000000001,\"id\":1}");
	for (; session_has_output(&session) || client_has_piece(&session.clients.list[0]); seconds++) {
		root->now_ns += NS_PER_SECOND;
		fake_run(root);
	}
	assert_true(seconds > 2 * CLIENT_SILENT_NS / NS_PER_SECOND);
	collect();
	assert_int_equal(assemble(a, 1), got_count);
}

/* ---- broken frames ---- */

static void naks(void **state)
{
	char bad[] = "\x1b_vos;1;control;e30=;00000000\x1b\\";

	(void)state;
	forget_frames();
	fake_type(root, bad);
	collect();
	assert_int_equal(got_count, 1);		/* nobody has said hello */
	expect_got(0, "control", "E_LINK");
	(void)say_hello("a", 0);
	forget_frames();
	fake_type(root, bad);
	collect();
	assert_int_equal(got_count, 2);
	expect_got(0, "nak", "{\"channel\":\"\",\"bytes\":23}");
	expect_got(1, "control", "E_LINK");
	/* Many in a row: one more, a while later. */
	forget_frames();
	for (u32 i = 0; i < 10; i++)
		fake_type(root, bad);
	root->now_ns += CLIENT_NAK_NS - 1;
	fake_run(root);
	collect();
	assert_int_equal(got_count, 10);
	assert_int_equal(console_deadline_ns(root->console), root->now_ns + 1);
	forget_frames();
	root->now_ns++;
	fake_run(root);
	collect();
	assert_int_equal(got_count, 1);
	expect_got(0, "nak", "bytes");
}

/* ---- programs without hello ---- */

/* What VOS answered before there were clients, to the byte, but for new members of sync's answer. */
static void old_programs(void **state)
{
	static const struct { const char *message, *frame; } cases[] = {
		{ "{\"execute\":\"version\",\"id\":1}", "{\"return\":{\"version\":\"" VOS_VERSION "\"},\"id\":1}" },
		{ "{\"execute\":\"version\",\"id\":\"x\"}",
		  "{\"return\":{\"version\":\"" VOS_VERSION "\"},\"id\":\"x\"}" },
		{ "{\"execute\":\"version\"}", "{\"return\":{\"version\":\"" VOS_VERSION "\"}}" },
		{ "{\"execute\":\"list-vm\",\"id\":1}", "{\"return\":[],\"id\":1}" },
		{ "{\"execute\":\"list-vm\",\"id\":1}", "{\"return\":[],\"id\":1}" },
		{ "{\"execute\":\"status-vm\",\"arguments\":{\"name\":\"a\"},\"id\":-3}",
		  "{\"error\":{\"class\":\"E_NOT_FOUND\",\"code\":3,\"desc\":\"there is no VM \\\"a\\\". list-vm shows "
		  "what there is\"},\"id\":-3}" },
		{ "{\"execute\":\"cancel\",\"arguments\":{\"id\":9},\"id\":4}",
		  "{\"error\":{\"class\":\"E_NOT_FOUND\",\"code\":3,\"desc\":\"no command with the id 9 is in "
		  "progress\"},"
		  "\"id\":4}" },
		{ "{\"id\":5}",
		  "{\"error\":{\"class\":\"E_USAGE\",\"code\":2,\"desc\":\"there is no \\\"execute\\\"\"},"
		  "\"id\":5}" },
		{ "[]", "{\"error\":{\"class\":\"E_LINK\",\"code\":8,\"desc\":\"the message is not a JSON object\"}}" },
		{ "{\"execute\":\"sync\",\"arguments\":{\"token\":\"t\"},\"id\":6}",
		  "{\"return\":{\"token\":\"t\",\"VOS\":{\"version\":\"" VOS_VERSION "\",\"protocol\":1,\"channels\":"
		  "[\"control\",\"events\"],\"minor\":1,\"boot-id\":\"000000000000b007\",\"max-frame\":24576,"
		  "\"auth\":[\"none\"],\"users\":0,\"console-start\":1}},\"id\":6}" },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(cases); i++) {
		forget_frames();
		wire(cases[i].message);
		assert_string_equal(fake_screen(root), framed("control", cases[i].frame));
		root->terminal[0] = 0;
	}
	/* In one frame, however long. */
	make_vms(60);
	send_frame("control", "{\"execute\":\"list-vm\",\"id\":1}");
	assert_memory_equal(root->terminal, "\x1b_vos;1;control;", 16);
	assert_ptr_equal(memchr(root->terminal + 1, '\x1b', root->terminal_used - 1),
		root->terminal + root->terminal_used - 2);
	assert_true(root->terminal_used > 3 * FRAGMENT_TEXT_MAX);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(numbers), test(repeats), test(under_way), test(together), test(forgotten),
		test(line_verbs_with_number), test(events_unread), test(leaves), test(leaves_work_behind),
		test(give_way), test(long_answer), test(pieces),
		test(large_answers), test(lost_answers), test(naks), test(old_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
