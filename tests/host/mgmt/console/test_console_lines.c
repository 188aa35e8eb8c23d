/* SPDX-License-Identifier: MIT */
/*
 * Two lines of one console: both see the same machine, each has its own prompt, commands, results and terminal, and
 * neither holds the other up.
 */
/*
 * links: console
 * helpers: fake_root.c
 */
#include "console_bench.h"
#include "units.h"

/* The second line's terminal. */
static struct session second;
static char shown[FAKE_TERMINAL_BYTES];
static size_t shown_used;
static bool is_stuck, is_trickling;
static size_t budget;		/* is_trickling: bytes that it takes still */

static size_t show(void *context, const char *bytes, size_t count)
{
	(void)context;
	if (is_stuck)
		return 0;
	if (is_trickling && count > budget)
		count = budget;
	budget -= is_trickling ? count : 0;
	assert_true(shown_used + count < sizeof(shown));
	memcpy(shown + shown_used, bytes, count);
	shown_used += count;
	shown[shown_used] = 0;
	return count;
}

static const struct line_ops line = { .send = show };

static void forget(void)
{
	clear_screen();
	shown_used = 0;
	shown[0] = 0;
}

static int two_lines(void **state)
{
	(void)setup(state);
	is_stuck = is_trickling = false;
	forget();
	assert_true(console_open(root->console, &second, &line, FRAME_TEXT));
	fake_run(root);
	return 0;
}

static void type_second(const char *text)
{
	console_input(&second, text, strlen(text));
	fake_run(root);
}

static void expect_second(const char *words)
{
	if (!strstr(shown, words))
		fail_msg("no \"%s\" on the second line:\n%s", words, shown);
}

/* A line is cheap, and holds nothing of the heap while nothing waits. */
static void sizes(void **state)
{
	static struct session more[LINE_COUNT];
	u32 count = 0;

	(void)state;
	assert_true(sizeof(struct session) <= SESSION_BYTES_MAX);
	assert_true(SESSION_BYTES_MAX <= 40 * KIB);
	assert_true(sizeof(struct console) < 4400 * KIB);
	expect_second("VOS " VOS_VERSION);
	expect_second("vos> ");
	assert_null(second.input.first);
	assert_null(second.output.first);
	assert_null(second.held.first);
	assert_null(second.top.shown);
	while (console_open(root->console, &more[count], &line, FRAME_TEXT))
		count++;
	assert_int_equal(count, LINE_COUNT - 2);
}

static void one_machine(void **state)
{
	(void)state;
	make_vm("a");
	assert_null(strstr(shown, "a is defined"));
	type_second("start-vm a\r");
	expect_second("a is running. console a attaches to it");
	/* The first line is told of it as of any change that it did not ask for. */
	expect("a is running\r\n");
	forget();
	fake_event(root, "a", VM_PAUSED, STOP_REQUEST);
	fake_run(root);
	expect("a is paused");
	expect_second("a is paused");
	/* Results are each one's own. */
	type_second("start-vm b\r");
	command("version", "VOS", RESULT_OK);
	assert_int_equal(second.last_result, RESULT_NOT_FOUND);
	/* What is typed on one is not shown on the other, nor is it in its history. */
	forget();
	type_second("half a li");
	assert_string_equal(root->terminal, "");
	command("version", "VOS", RESULT_OK);
	assert_string_equal(second.editor.line, "half a li");
}

/* A line that comes later is told of what changes, and not of what is. */
static void told(void **state)
{
	static struct session third;

	(void)state;
	run_vm("a");
	forget();
	is_stuck = true;
	assert_true(console_open(root->console, &third, &line, FRAME_TEXT));
	is_stuck = false;
	fake_event(root, "a", VM_RUNNING, STOP_REQUEST);
	fake_run(root);
	assert_null(strstr(shown, "a is running"));
	fake_event(root, "a", VM_PAUSED, STOP_REQUEST);
	fake_run(root);
	expect_second("a is paused");
}

/* Commands in the background belong to the line that began them. */
static void background(void **state)
{
	(void)state;
	make_vm("a");
	root->is_slow = true;
	fake_type(root, "start-vm a\r");
	type_second("start-vm a\r");
	type_second("\x03");
	expect_second("(start-vm continues in the background)");
	assert_int_equal(session.mode, MODE_BUSY);
	assert_int_equal(second.mode, MODE_PROMPT);
	forget();
	fake_type(root, "\x03");
	command("cancel", "Commands canceled: 1", RESULT_OK);
	command("cancel", "No command is running in the background.", RESULT_OK);
	type_second("cancel\r");
	expect_second("Commands canceled: 1");
	root->is_slow = false;
	fake_answer(root);
}

static void attach_both(void)
{
	run_vm("a");
	fake_type(root, "console a\r");
	type_second("console a\r");
	forget();
}

/* What the terminal got of a guest that counts: numbers without a gap up to `last`. */
static void check_counted(const char *text, u32 from, u32 last)
{
	char word[16];

	for (u32 i = from; i <= last; i++) {
		snprintf(word, sizeof(word), "<%u>", i);
		if (strncmp(text, word, strlen(word)) != 0)
			fail_msg("no %s in: %.40s", word, text);
		text += strlen(word);
	}
	assert_string_equal(text, "");
}

static void count_up(u32 from, u32 last)
{
	char word[16];

	for (u32 i = from; i <= last; i++) {
		snprintf(word, sizeof(word), "<%u>", i);
		fake_guest_writes(root, "a", word);
	}
	fake_run(root);
}

static void two_viewers(void **state)
{
	(void)state;
	attach_both();
	type_second("x");
	fake_guests(root);
	fake_run(root);
	assert_string_equal(root->terminal, "x");
	assert_string_equal(shown, "x");
	forget();
	count_up(1, 100);
	check_counted(root->terminal, 1, 100);
	check_counted(shown, 1, 100);
	/* The second one is slow: the guest and the first one are not. */
	forget();
	is_stuck = true;
	for (u32 i = 0; i < 10; i++)
		count_up(i * 800, i * 800 + 799);
	check_counted(root->terminal, 0, 7999);
	assert_true(session_output_used(&second) <= OUTPUT_SHORT_BYTES + 512);
	is_stuck = false;
	fake_run(root);
	check_counted(shown, 0, 7999);
	/* More than the history has. */
	forget();
	is_stuck = true;
	for (u32 i = 0; i < 40; i++)
		count_up(10000 + i * 800, 10000 + i * 800 + 799);
	fake_screen(root);
	is_stuck = false;
	fake_run(root);
	expect_second("\r\n[some output was dropped]\r\n");
	expect_second("<41999>");
	/* Both see its end. */
	fake_event(root, "a", VM_STOPPED, STOP_GUEST_POWEROFF);
	fake_run(root);
	expect("[a has stopped: its guest powered off");
	expect_second("[a has stopped: its guest powered off");
}

/* A single viewer holds its guest up, so that nothing is lost. */
static void one_viewer(void **state)
{
	(void)state;
	attach_both();
	fake_type(root, "\x1d" "d");
	forget();
	is_stuck = true;
	for (u32 i = 0; i < 10; i++)
		count_up(i * 800, i * 800 + 799);
	assert_true(root->vms[0].out_head != root->vms[0].out_tail);
	is_stuck = false;
	fake_run(root);
	check_counted(shown, 0, 7999);
}

/* A line that takes nothing holds replies up for a while, because nothing of it is to be lost; but not for ever. */
static void a_line_that_stalls(void **state)
{
	char full[4096];
	u64 stall_ns;

	(void)state;
	memset(full, 'x', sizeof(full));
	is_stuck = true;
	root->now_ns += NS_PER_SECOND;
	for (u32 i = 0; i < OUTPUT_BYTES / 4 / sizeof(full); i++)
		out_bytes(&second.raw, full, sizeof(full));
	fake_run(root);
	assert_false(console_takes_reply(root->console));
	assert_int_equal(session_input_room(&second), 0);
	stall_ns = console_deadline_ns(root->console);
	assert_true(stall_ns <= root->now_ns + LINE_STALL_NS);
	root->now_ns = stall_ns - 1;
	assert_false(console_takes_reply(root->console));
	root->now_ns = stall_ns;
	assert_true(console_takes_reply(root->console));
	assert_int_equal(console_deadline_ns(root->console), ~0ull);
	make_vm("a");
	/* It takes something: it is waited for again. */
	is_stuck = false;
	out_bytes(&second.raw, full, sizeof(full));
	fake_run(root);
	assert_int_equal(session_output_used(&second), 0);
	assert_int_equal(second.full_ns, 0);
	assert_true(console_takes_reply(root->console));
}

/* A line that takes a byte now and then holds replies up no longer than one that takes nothing. */
static void a_line_that_trickles(void **state)
{
	char full[4096];
	u64 begun_ns;

	(void)state;
	memset(full, 'x', sizeof(full));
	is_trickling = true;
	budget = 0;
	for (u32 i = 0; i < OUTPUT_BYTES * 5 / 16 / sizeof(full); i++)
		out_bytes(&second.raw, full, sizeof(full));
	fake_run(root);
	assert_false(console_takes_reply(root->console));
	begun_ns = root->now_ns;
	while (!console_takes_reply(root->console)) {
		root->now_ns += LINE_STALL_NS / 4;
		assert_true(root->now_ns <= begun_ns + LINE_STALL_NS);
		budget = 1;
		fake_run(root);
	}
	/* It goes on like that, also where it is full, not full, and full again: the others have waited once. */
	for (u32 i = 0; i < 100; i++) {
		budget = i % 2 ? 1 : OUTPUT_BYTES / 8;
		forget();
		fake_run(root);
		root->now_ns += LINE_STALL_NS / 4;
		for (u32 k = 0; i % 2 && k < OUTPUT_BYTES / 8 / sizeof(full); k++)
			out_bytes(&second.raw, full, sizeof(full));
		assert_true(console_takes_reply(root->console));
	}
	is_trickling = false;
	fake_run(root);
	assert_int_equal(session_output_used(&second), 0);
}

/* A line that has nearly all of it taken again and again is waited for each time, also if it is never empty. */
static void a_line_that_streams(void **state)
{
	char full[4096];

	(void)state;
	memset(full, 'x', sizeof(full));
	is_trickling = true;
	for (u32 k = 0; k < 3; k++) {
		budget = 0;
		for (u32 i = 0; i < OUTPUT_BYTES / 4 / sizeof(full); i++)
			out_bytes(&second.raw, full, sizeof(full));
		fake_run(root);
		assert_false(console_takes_reply(root->console));
		root->now_ns += LINE_STALL_NS;
		assert_true(console_takes_reply(root->console));
		budget = session_output_used(&second) - 100;
		forget();
		fake_run(root);
		assert_in_range(session_output_used(&second), 1, OUTPUT_SHORT_BYTES - 1);
	}
	is_trickling = false;
	fake_run(root);
}

/* With one line there is nobody to be held up. */
static void the_only_line_is_waited_for(void **state)
{
	char full[4096];

	(void)state;
	memset(full, 'x', sizeof(full));
	root->send_limit = 1;
	for (u32 i = 0; i < OUTPUT_BYTES / 4 / sizeof(full); i++)
		out_bytes(&session.raw, full, sizeof(full));
	out_bytes(&session.raw, full, 8);
	fake_run(root);
	root->now_ns += 3600 * NS_PER_SECOND;
	assert_false(console_takes_reply(root->console));
	assert_int_equal(console_deadline_ns(root->console), ~0ull);
	root->send_limit = 0;
	fake_run(root);
	assert_true(console_takes_reply(root->console));
}

/* Events go to the line whose program has asked for them. */
static void programs(void **state)
{
	static const char sync[] = "{\"execute\":\"sync\",\"arguments\":{\"token\":\"t\"},\"id\":1}";

	(void)state;
	make_vm("a");
	forget();
	type_second(framed("control", sync));
	expect_second("\x1b_vos;1;control;");
	assert_string_equal(root->terminal, "");
	fake_event(root, "a", VM_CRASHED, STOP_TRIPLE_FAULT);
	fake_run(root);
	expect_second("\x1b_vos;1;events;");
	expect("a crashed: triple-fault");
	expect_not("\x1b_vos;1;events;");
}

/* Each has its own table of the same figures. */
static void two_tops(void **state)
{
	(void)state;
	run_vm("a");
	command("pause-vm a", "a is paused", RESULT_OK);
	forget();
	fake_type(root, "top\r\x1b[?1;2c\x1b[24;80R");
	assert_null(second.top.shown);
	type_second("top --count 1\r");
	root->now_ns += NS_PER_SECOND;
	fake_run(root);
	expect("1 VM, 0 running, 1 paused, ");
	expect_second("1 VM, 0 running, 1 paused, ");
	assert_int_equal(second.mode, MODE_PROMPT);
	assert_int_equal(session.mode, MODE_TOP);
	fake_type(root, "q");
	assert_int_equal(session.mode, MODE_PROMPT);
	assert_null(session.top.shown);
}

#define test(name) cmocka_unit_test_setup_teardown(name, two_lines, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(sizes), test(one_machine), test(told), test(background), test(two_viewers), test(one_viewer),
		test(a_line_that_stalls), test(a_line_that_trickles), test(a_line_that_streams), test(programs),
		test(two_tops),
		cmocka_unit_test_setup_teardown(the_only_line_is_waited_for, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
