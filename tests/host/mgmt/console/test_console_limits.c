/* SPDX-License-Identifier: MIT */
/*
 * The limits of the prompt and of programs' commands: what is longer is refused as a whole, and help tells them all.
 */
/*
 * links: console
 * helpers: fake_root.c
 */
#include <stdlib.h>

#include "console_bench.h"
#include "syscalls.h"
#include "units.h"

static char line[3 * LINE_BYTES];

/* A command that is complete and valid in its first LINE_BYTES - 1 characters, padded with blanks to `length`. */
static const char *long_line(const char *head, size_t length, const char *tail)
{
	memset(line, ' ', sizeof(line));
	memcpy(line, head, strlen(head));
	strcpy(line + length - strlen(tail), tail);
	return line;
}

static void a_line_that_is_too_long_is_not_executed(void **state)
{
	(void)state;
	command(long_line("create-vm a", LINE_BYTES - 1, "--cpu 2"), "a is defined: 2 vCPUs", RESULT_OK);
	command(long_line("create-vm b", LINE_BYTES, "--cpu 2"),
		"error[E_USAGE]: the line has more than 4096 characters", RESULT_USAGE);
	command(long_line("create-vm b", 2 * LINE_BYTES, "--cpu 2"), "Nothing was done", RESULT_USAGE);
	assert_null(inventory_find(&root->console->inventory, "b"));
	/* Neither is what was cut in the history, nor does it spoil the next line. */
	command("\x10", "there is a VM \"a\" already", RESULT_STATE);
}

static void a_cut_line_may_be_made_anew(void **state)
{
	(void)state;
	fake_type(root, long_line("create-vm b", 2 * LINE_BYTES, "--cpu 2"));
	command("\x15version", "VOS " VOS_VERSION, RESULT_OK);	/* Ctrl-U */
	fake_type(root, long_line("create-vm b", 2 * LINE_BYTES, "--cpu 2"));
	fake_type(root, "\x7f\x7f\x7f");
	command("", "error[E_USAGE]", RESULT_USAGE);		/* shorter now, but what was lost is lost */
}

/* Enter after too long an answer is no yes. */
static void a_question_is_not_answered_by_a_cut_line(void **state)
{
	(void)state;
	run_vm("a");
	fake_type(root, "shutdown\r");
	expect("Switch off anyway? [y/N]");
	fake_type(root, long_line("y", 2 * LINE_BYTES, "y"));
	fake_type(root, "\r");
	expect("Nothing was done");
	assert_false(root->is_down);
}

static const char *long_cmdline(size_t length)
{
	static char text[CMDLINE_BYTES + 64];

	memset(text, 'x', length);
	memcpy(text + length - 5, " last", 5);
	text[length] = 0;
	return text;
}

static void a_command_line_of_2047_characters(void **state)
{
	char text[CMDLINE_BYTES + 128];

	(void)state;
	snprintf(text, sizeof(text), "create-vm a --cmdline \"%s\"", long_cmdline(CMDLINE_BYTES - 1));
	command(text, "a is defined", RESULT_OK);
	assert_string_equal(root->vms[0].report.spec.cmdline, long_cmdline(CMDLINE_BYTES - 1));
	command("status-vm a", "\r\n            last\r\n", RESULT_OK);
	snprintf(text, sizeof(text), "create-vm b --cmdline \"%s\"", long_cmdline(CMDLINE_BYTES));
	command(text, "error[E_USAGE]: --cmdline is too long: at most 2047 characters, not 2048", RESULT_USAGE);
	command("create-vm b --cmdline \"a\xc2\x9b" "31m\"", "--cmdline has a character that can't be printed",
		RESULT_USAGE);
}

/* Also if a program writes each character as \uXXXX. */
static void a_command_line_of_a_program(void **state)
{
	static const char create[] = "{\"execute\":\"create-vm\",\"arguments\":{\"name\":\"%s\",\"cmdline\":\"%s";
	static char message[8 * CMDLINE_BYTES];
	size_t used;

	(void)state;
	used = (size_t)snprintf(message, sizeof(message), create, "a", "");
	for (const char *c = long_cmdline(CMDLINE_BYTES - 1); *c; c++)
		used += (size_t)snprintf(message + used, sizeof(message) - used, "\\u%04x", (u8)*c);
	snprintf(message + used, sizeof(message) - used, "\"},\"id\":1}");
	exchange(message, "last\",\"platform\"");
	assert_string_equal(root->vms[0].report.spec.cmdline, long_cmdline(CMDLINE_BYTES - 1));
	used = (size_t)snprintf(message, sizeof(message), create, "b", long_cmdline(CMDLINE_BYTES + 9));
	snprintf(message + used, sizeof(message) - used, "\"},\"id\":2}");
	exchange(message, "--cmdline is too long: at most 2047 characters, not 2057");
	exchange("{\"execute\":\"create-vm\",\"arguments\":{\"name\":\"b\",\"cmdline\":\"a\\nb\"},\"id\":3}",
		"can't be printed");
}

/* The one frame that the terminal got, which is larger than one to VOS may be. */
static const char *large_answer(void)
{
	static char body[OUTPUT_BYTES];
	struct frame_scanner scanner;
	struct frame_result result;
	size_t at = 0;

	frame_scanner_init(&scanner, FRAME_TEXT, body, sizeof(body));
	do {
		assert_true(at < root->terminal_used);
		at += frame_scan(&scanner, root->terminal + at, root->terminal_used - at, &result);
		assert_null(result.broken);
	} while (!result.is_frame);
	result.message[result.length] = 0;
	return result.message;
}

/* 128 VMs with the longest command lines: the list is whole, for a person and for a program. */
static void the_longest_list(void **state)
{
	static char text[2 * CMDLINE_BYTES];
	u32 seen = 0;

	(void)state;
	root->memory_free = 1000 * GIB;
	for (u32 i = 0; i < VM_COUNT; i++) {
		snprintf(text, sizeof(text), "create-vm vm%u --cmdline \"%s\"", i, long_cmdline(CMDLINE_BYTES - 1));
		command(text, "is defined", RESULT_OK);
	}
	send_frame("control", "{\"execute\":\"list-vm\",\"id\":1}");
	for (const char *at = large_answer(); (at = strstr(at, "xxx last\"")) != 0; at++)
		seen++;
	assert_int_equal(seen, VM_COUNT);
	command("create-vm more", "there are 128 VMs, the maximum", RESULT_RESOURCES);
}

static void help_tells(const char *verb, const char *before, u64 limit)
{
	char text[64];

	snprintf(text, sizeof(text), "help %s full", verb);
	command(text, verb, RESULT_OK);
	for (char *c = root->terminal; *c; c++)		/* it may be wrapped anywhere */
		if (*c == '\r' || *c == '\n')
			*c = ' ';
	for (char *at; (at = strstr(root->terminal, "  ")) != 0;)
		memmove(at, at + 1, strlen(at));
	snprintf(text, sizeof(text), "%s%llu", before, (unsigned long long)limit);
	expect(text);
}

static void help_tells_all_limits(void **state)
{
	(void)state;
	help_tells("help", "Limits: ", LINE_BYTES - 1);
	help_tells("help", "characters and ", WORD_COUNT);
	help_tells("help", "in a line, ", VM_NAME_BYTES - 1);
	help_tells("help", "in the name of a VM, ", IMAGE_NAME_BYTES - 1);
	help_tells("help", "in that of an image, ", VM_COUNT);
	help_tells("create-vm", "at most ", VM_NAME_BYTES - 1);
	help_tells("create-vm", "virtual CPUs, up to ", VM_VCPUS);
	help_tells("create-vm", "Multiboot modules, at most ", IMAGE_MODULES);
	help_tells("create-vm", "in quotes; at most ", CMDLINE_BYTES - 1);
	help_tells("create-vm", "N restarts at most, up to ", 1000);
	help_tells("create-vm", "1 to ", SCHED_WEIGHT_MAX);
	help_tells("create-vm", "from 0 to ", 63);
	help_tells("create-vm", "to 16T, rounded up to a multiple of ", 2);
	help_tells("stop-vm", "forced off, up to ", 24);
	help_tells("top", "500ms to ", 24);
	help_tells("log", "lines, up to ", 1000000);
}

/* And they are true: the last value that is allowed, and the first that is not. */
static void the_limits_that_help_tells_are_true(void **state)
{
	(void)state;
	command("create-vm abcdefghijabcdefghijabcdefghijk --restart on-failure:1000 --weight 1000 --affinity 0",
		"defined", RESULT_OK);
	command("create-vm abcdefghijabcdefghijabcdefghijkl", "is not a name", RESULT_USAGE);
	command("create-vm a --restart on-failure:1001", "up to 1000", RESULT_USAGE);
	command("create-vm a --weight 1001", "1 to 1000", RESULT_USAGE);
	command("create-vm a --affinity 64", "from 0 to 63", RESULT_USAGE);
	command("create-vm a --memory 17T", "at most 16T", RESULT_USAGE);
	command("create-vm a --module 1,2,3,4,5,6,7,8,9", "at most 8 modules", RESULT_USAGE);
	command("stop-vm a --timeout 24h", "there is no VM", RESULT_NOT_FOUND);
	command("stop-vm a --timeout 25h", "at most 24h", RESULT_USAGE);
	command("top --interval 400ms", "at least 500ms", RESULT_USAGE);
	command("log --lines 1000001", "from 1 to 1000000", RESULT_USAGE);
}

/* ---- the queue of commands ---- */

static u32 sent(enum request_op op)
{
	u32 count = 0;

	for (u32 i = 0; i < root->held_count; i++)
		count += root->held[i].op == op;
	return count;
}

static void send_create(u32 number)
{
	char message[120];

	snprintf(message, sizeof(message),
		"{\"execute\":\"create-vm\",\"arguments\":{\"name\":\"vm%u\"},\"id\":%u}", number, number);
	send_frame("control", message);
}

/* 32 commands at once are all done, in the order in which they came, however few the ring takes at a time. */
static void a_queue_of_32(void **state)
{
	(void)state;
	root->memory_free = 100 * GIB;
	root->is_slow = root->is_full = true;
	for (u32 i = 0; i < JOB_QUEUE; i++)
		send_create(i);
	exchange("{\"execute\":\"status-vm\",\"arguments\":{\"name\":\"vm1\"},\"id\":\"x\"}",
		"{\"error\":{\"class\":\"E_BUSY\",\"code\":7,\"desc\":\"32 commands are in progress.");
	root->is_full = false;
	fake_run(root);
	assert_int_equal(root->held_count, JOB_QUEUE);
	for (u32 i = 0; i < JOB_QUEUE; i++)
		assert_int_equal(atoi(root->held[i].name + 2), i);
	fake_answer(root);
	assert_non_null(inventory_find(&root->console->inventory, "vm31"));
}

static void one_that_is_free_again_keeps_the_order(void **state)
{
	(void)state;
	root->is_slow = true;
	send_create(0);
	send_create(1);
	root->is_full = true;
	send_create(2);
	fake_answer_one(root);		/* the first place is free now, and is in front of that of vm2 */
	send_create(3);
	root->is_full = false;
	fake_run(root);
	assert_string_equal(root->held[1].name, "vm2");
	assert_string_equal(root->held[2].name, "vm3");
}

static void canceling(void **state)
{
	(void)state;
	run_vm("a");
	root->is_slow = true;
	send_frame("control", "{\"execute\":\"stop-vm\",\"arguments\":{\"name\":\"a\"},\"id\":\"stop\"}");
	root->is_full = true;
	for (u32 i = 1; i < JOB_QUEUE; i++)
		send_create(i);
	/* The queue is full, but something can be canceled; what was not sent is not done. */
	exchange("{\"execute\":\"cancel\",\"arguments\":{\"id\":7},\"id\":99}",
		"{\"error\":{\"class\":\"E_CANCELED\",\"code\":1,"
		"\"desc\":\"create-vm was canceled before it began\"},\"id\":7}");
	root->is_full = false;
	fake_run(root);
	assert_int_equal(sent(REQ_CREATE), JOB_QUEUE - 2);
	/* What waits at root is answered by root. */
	exchange("{\"execute\":\"cancel\",\"arguments\":{\"id\":\"stop\"},\"id\":98}",
		"canceled: a is not forced off\"},\"id\":\"stop\"}");
	exchange("{\"execute\":\"cancel\",\"arguments\":{\"id\":\"stop\"},\"id\":97}", "E_NOT_FOUND");
	exchange("{\"execute\":\"cancel\",\"id\":96}", "\"code\":1");
	assert_int_equal(sent(REQ_CREATE), 0);
	exchange("{\"execute\":\"cancel\",\"id\":95}", "{\"return\":{\"canceled\":0},\"id\":95}");
}

/* A list that is being collected, and a log or a `top` between two tables. */
static void canceling_between_steps(void **state)
{
	(void)state;
	send_frame("control", "{\"execute\":\"top\",\"arguments\":{\"count\":100},\"id\":1}");
	exchange("{\"execute\":\"cancel\",\"arguments\":{\"id\":1},\"id\":2}",
		"what it had done stays\"},\"id\":1}");
	root->is_slow = true;
	send_frame("control", "{\"execute\":\"list-vm\",\"id\":3}");
	send_frame("control", "{\"execute\":\"cancel\",\"arguments\":{\"id\":3},\"id\":4}");
	root->is_slow = false;
	exchange("{\"execute\":\"version\",\"id\":5}", VOS_VERSION);
	exchange("{\"execute\":\"cancel\",\"arguments\":{\"id\":3},\"id\":6}", "E_NOT_FOUND");
}

static void a_person_cancels_what_was_let_go(void **state)
{
	(void)state;
	run_vm("a");
	command("cancel", "No command is running in the background.", RESULT_OK);
	root->is_slow = true;
	fake_type(root, "stop-vm a\r");
	fake_type(root, "\x03");
	expect("(stop-vm continues in the background)");
	fake_type(root, "cancel\r");
	expect("error[E_CANCELED]: canceled: a is not forced off");
	expect("Commands canceled: 1");
	assert_int_equal(session.last_result, RESULT_OK);
}

/* There is no place for a 33rd command in the background: nothing is promised that will not be. */
static void a_full_background(void **state)
{
	(void)state;
	run_vm("a");
	root->is_slow = true;
	for (u32 i = 0; i < JOB_QUEUE; i++) {
		clear_screen();
		fake_type(root, "stop-vm a\r");
		fake_type(root, "\x03");
		expect("(stop-vm continues in the background)");
	}
	clear_screen();
	fake_type(root, "stop-vm a\r");
	fake_type(root, "\x03");
	expect("(stop-vm continues, unseen: 32 commands are in the background)");
	expect_not("continues in the background");
	clear_screen();
	fake_type(root, "stop-vm a --wait=1s\r");
	root->now_ns += 2 * NS_PER_SECOND;
	fake_run(root);
	expect("after 1.000 s. It continues, but its result will not be shown; see status-vm");
	clear_screen();
	root->is_full = true;
	fake_type(root, "stop-vm a\r");
	fake_type(root, "\x03");
	expect("(stop-vm ends, what it began continues: 32 commands are in the background)");
	expect_80_columns();
	root->is_full = root->is_slow = false;
	fake_answer(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_line_that_is_too_long_is_not_executed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_cut_line_may_be_made_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(a_question_is_not_answered_by_a_cut_line, setup, teardown),
		cmocka_unit_test_setup_teardown(a_command_line_of_2047_characters, setup, teardown),
		cmocka_unit_test_setup_teardown(a_command_line_of_a_program, setup, teardown),
		cmocka_unit_test_setup_teardown(the_longest_list, setup, teardown),
		cmocka_unit_test_setup_teardown(help_tells_all_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(a_queue_of_32, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_is_free_again_keeps_the_order, setup, teardown),
		cmocka_unit_test_setup_teardown(canceling, setup, teardown),
		cmocka_unit_test_setup_teardown(canceling_between_steps, setup, teardown),
		cmocka_unit_test_setup_teardown(a_person_cancels_what_was_let_go, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_background, setup, teardown),
		cmocka_unit_test_setup_teardown(the_limits_that_help_tells_are_true, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
