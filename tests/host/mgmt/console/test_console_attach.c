/* SPDX-License-Identifier: MIT */
/*
 * The terminals of VMs in front of a fake root: how an attachment begins and ends, and what is typed around that.
 */
/*
 * links: console
 * helpers: fake_root.c
 */
#include "console_bench.h"

#define PRESS_ENTER "Press Enter for the prompt]"

/* At the terminal of a VM that runs. */
static void attach(void)
{
	run_vm("a");
	fake_type(root, "console a\r");
	assert_int_equal(session.mode, MODE_ATTACHED);
	clear_screen();
}

static void ends(enum vm_state state, enum vm_reason reason)
{
	fake_event(root, "a", state, reason);
	fake_run(root);
}

/* Whatever comes is dropped, and nothing of it is shown, until Enter. */
static void check_dropped(const char *bytes)
{
	expect(PRESS_ENTER);
	expect_not("vos>");
	clear_screen();
	fake_type(root, bytes);
	assert_string_equal(root->terminal, "");
	fake_type(root, "\r");
	assert_int_equal(session.mode, MODE_PROMPT);
	assert_string_equal(session.editor.line, "");
	command("version", "VOS " VOS_VERSION, RESULT_OK);
}

/* A guest asks the terminal what it is, and powers off before the answer is there; or in the middle of it. */
static void an_answer_that_comes_too_late(void **state)
{
	static const char *const answers[][2] = {
		{ "", "\x1b[?64;1;2c" }, { "\x1b", "[24;80R" }, { "\x1b[24;8", "0R" },
		{ "", "\x1bP>|a terminal 1.2\x1b\\" }, { "\x1b]11;rgb:", "0000/0000/0000\x07" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(answers); i++) {
		root = fake_start(&session, 0);
		attach();
		fake_guest_writes(root, "a", "\x1b[6n");
		fake_run(root);
		fake_type(root, answers[i][0]);
		ends(VM_STOPPED, STOP_GUEST_POWEROFF);
		expect("[a has stopped: its guest powered off. " PRESS_ENTER);
		check_dropped(answers[i][1]);
		teardown(0);
	}
}

static void a_key_after_a_crash(void **state)
{
	(void)state;
	attach();
	fake_type(root, "typed for the guest");
	ends(VM_CRASHED, STOP_TRIPLE_FAULT);
	expect("[a has crashed: triple-fault rip=0. " PRESS_ENTER);
	check_dropped("shutdown\x03\x1d" "d");
	assert_false(root->is_down);
}

/* The LF that some terminals send after the CR is part of that Enter. */
static void enter_is_one_key(void **state)
{
	(void)state;
	attach();
	ends(VM_CRASHED, STOP_GUEST_PANIC);
	fake_type(root, "x\r\nversion\r");
	expect("VOS " VOS_VERSION);
	expect_not("there is no command");
	assert_null(strstr(strstr(root->terminal, "vos> ") + 1, "vos> \r\n"));
}

/* With the menu open it is no different. */
static void the_menu_ends_too(void **state)
{
	(void)state;
	attach();
	fake_type(root, "\x1d");
	ends(VM_STOPPED, STOP_GUEST_POWEROFF);
	check_dropped("d");
}

/* Programs are served all the while, and what is news is told. */
static void others_go_on(void **state)
{
	(void)state;
	attach();
	ends(VM_CRASHED, STOP_TRIPLE_FAULT);
	wire("{\"execute\":\"create-vm\",\"arguments\":{\"name\":\"b\"},\"id\":1}");
	expect("\x1b_vos;1;control;");
	fake_event(root, "b", VM_RUNNING, STOP_REQUEST);
	fake_log(root, "the kernel says something\n");
	fake_run(root);
	expect("b is running\r\n");
	expect("the kernel says something\r\n");
	assert_int_equal(session.mode, MODE_ENDED);
	check_dropped("x");
}

/* Who did it is said where it is known. */
static void ended_by_others(void **state)
{
	(void)state;
	attach();
	wire("{\"execute\":\"stop-vm\",\"arguments\":{\"name\":\"a\",\"force\":true}}");
	expect("[a was stopped by a program's stop-vm. " PRESS_ENTER);
	check_dropped("x");
	command("start-vm a", "running", RESULT_OK);
	root->is_slow = true;
	fake_type(root, "stop-vm a\r");
	fake_type(root, "\x03" "console a\r");
	root->is_slow = false;
	fake_run(root);
	expect("[a was stopped by stop-vm. " PRESS_ENTER);
	fake_type(root, "\r");
	command("start-vm a", "running", RESULT_OK);
	fake_type(root, "console a\r");
	ends(VM_STOPPED, STOP_FORCED);
	expect("[a was forced off. " PRESS_ENTER);
	fake_type(root, "\r");
}

/* One that is deleted has no event, and its place may be another's at once. */
static void deleted(void **state)
{
	(void)state;
	attach();
	wire("{\"execute\":\"delete-vm\",\"arguments\":{\"name\":\"a\",\"force\":true}}");
	expect("[a has been deleted. " PRESS_ENTER);
	check_dropped("x");
	fake_screen(root);
	attach();
	root->vms[0].is_used = false;
	fake_type(root, "for the guest");
	wire("{\"execute\":\"create-vm\",\"arguments\":{\"name\":\"b\"}}");
	expect("[a has been deleted. " PRESS_ENTER);
	check_dropped("x");
}

/* A reset is no end. */
static void a_reset(void **state)
{
	(void)state;
	attach();
	ends(VM_STARTING, STOP_GUEST_REBOOT);
	ends(VM_RUNNING, STOP_GUEST_REBOOT);
	assert_int_equal(session.mode, MODE_ATTACHED);
	expect_not(PRESS_ENTER);
}

/* Whoever comes to a terminal is told why nothing moves there. */
static void states_are_told(void **state)
{
	(void)state;
	attach();
	ends(VM_PAUSED, STOP_REQUEST);
	expect("\r\n[a is paused; resume-vm a resumes it]\r\n");
	fake_screen(root);
	ends(VM_RUNNING, STOP_REQUEST);
	expect("\r\n[a is running again]\r\n");
	fake_screen(root);
	ends(VM_SUSPENDED, STOP_REQUEST);
	expect("\r\n[a is suspended; any key wakes it]\r\n");
	ends(VM_PAUSED, STOP_REQUEST);
	fake_type(root, "\x1d" "d");
	command("console a", "[a is paused; resume-vm a resumes it]\r\n", RESULT_OK);
	fake_screen(root);
	ends(VM_STARTING, STOP_GUEST_REBOOT);
	expect("\r\n[a is starting (guest-reboot)]\r\n");
	fake_type(root, "\x1d" "d");
	command("console a", "[a is starting (guest-reboot)]\r\n", RESULT_OK);
	ends(VM_CRASHED, STOP_TRIPLE_FAULT);
	fake_type(root, "\r");
	command("console a", "error[E_STATE]: a crashed: triple-fault rip=0. Try start-vm a; log-vm a shows its "
		"output", RESULT_STATE);
	ends(VM_STOPPED, STOP_GUEST_POWEROFF);
	command("console a", "error[E_STATE]: a has stopped (guest-poweroff). Try start-vm a;", RESULT_STATE);
}

/* The menu waits as long as the person does; the guest does not wait for the menu, and nothing of it gets lost. */
static void the_menu_waits(void **state)
{
	static char line[60];

	(void)state;
	attach();
	fake_type(root, "\x1d");
	expect("b break");
	clear_screen();
	assert_int_equal(console_deadline_ns(root->console), ~0ull);
	for (u32 hour = 0; hour < 24; hour++) {
		root->now_ns += 3600ull * 1000000000;
		snprintf(line, sizeof(line), "hour %02u\n", hour);
		fake_guest_writes(root, "a", line);
		fake_run(root);
	}
	assert_int_equal(session.mode, MODE_MENU);
	assert_string_equal(root->terminal, "");
	assert_int_equal(root->vms[0].out_head, root->vms[0].out_tail);
	fake_type(root, "x");
	expect("[a]\r\nhour 00\nhour 01\n");
	expect("hour 23\n");
	assert_int_equal(session.mode, MODE_ATTACHED);
	fake_type(root, "\x1d?");
	expect("send a break");
	fake_screen(root);
	for (u32 i = 0; i < 3000; i++) {
		fake_guest_writes(root, "a", "a line of 50 characters or so, again and again .\n");
		fake_run(root);
	}
	fake_guest_writes(root, "a", "the last one");
	fake_run(root);
	fake_type(root, "x");
	expect("[a; some output was dropped]\r\n");
	expect("the last one");
}

static void a_break(void **state)
{
	(void)state;
	attach();
	fake_type(root, "\x1d" "b");
	expect("[a: a break was sent]");
	assert_int_equal(root->vms[0].breaks, 1);
	assert_int_equal(root->vms[0].in_count, 0);
	assert_int_equal(session.mode, MODE_ATTACHED);
	while (root->vms[0].in_count < sizeof(root->vms[0].input))
		fake_type(root, "x");
	fake_type(root, "\x1d" "b");
	expect("[a takes no input now]");
	assert_int_equal(root->vms[0].breaks, 1);
}

static void an_nmi(void **state)
{
	(void)state;
	command("nmi-vm a", "there is no VM", RESULT_NOT_FOUND);
	make_vm("a");
	command("nmi-vm a", "error[E_STATE]: a is defined. Try start-vm", RESULT_STATE);
	command("start-vm a", "running", RESULT_OK);
	command("nmi-vm a --dry-run", "nmi-vm a would succeed", RESULT_OK);
	assert_int_equal(root->vms[0].nmis, 0);
	command("nmi-vm a", "a received an NMI\r\n", RESULT_OK);
	assert_int_equal(root->vms[0].nmis, 1);
	command("pause-vm a", "paused", RESULT_OK);
	command("nmi-vm a", "error[E_STATE]: a is paused. Try resume-vm", RESULT_STATE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_that_comes_too_late),
		cmocka_unit_test_setup_teardown(a_key_after_a_crash, setup, teardown),
		cmocka_unit_test_setup_teardown(enter_is_one_key, setup, teardown),
		cmocka_unit_test_setup_teardown(the_menu_ends_too, setup, teardown),
		cmocka_unit_test_setup_teardown(others_go_on, setup, teardown),
		cmocka_unit_test_setup_teardown(ended_by_others, setup, teardown),
		cmocka_unit_test_setup_teardown(deleted, setup, teardown),
		cmocka_unit_test_setup_teardown(a_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(states_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(the_menu_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(a_break, setup, teardown),
		cmocka_unit_test_setup_teardown(an_nmi, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
