/* SPDX-License-Identifier: MIT */
/*
 * One command on several VMs: names and --all, results one by one and as a list, questions, cancel, and time.
 */
/*
 * links: console
 * helpers: fake_root.c
 */
#include "console_bench.h"
#include "units.h"

/* v0 .. v(count-1); those with an odd number run. */
static void make(u32 count, bool is_running)
{
	char line[64];

	for (u32 i = 0; i < count; i++) {
		snprintf(line, sizeof(line), "create-vm v%u --memory 2M", i);
		command(line, "defined", RESULT_OK);
		snprintf(line, sizeof(line), "start-vm v%u", i);
		if (is_running)
			command(line, "running", RESULT_OK);
	}
}

static u32 count_of(const char *words)
{
	u32 count = 0;

	for (const char *at = root->terminal; (at = strstr(at, words)) != 0; at++)
		count++;
	return count;
}

static u32 count_in_state(u32 wanted)
{
	u32 count = 0;

	for (u32 i = 0; i < VM_COUNT; i++)
		count += root->vms[i].is_used && root->vms[i].report.state == wanted;
	return count;
}

static void names(void **state)
{
	(void)state;
	make(4, false);
	command("start-vm v0 v1 v0 --name v2", "v0 is running", RESULT_OK);
	expect("v1 is running");
	expect("v2 is running");
	assert_int_equal(count_of("v0 is running"), 1);
	assert_int_equal(count_in_state(VM_RUNNING), 3);
	command("pause-vm v2 v1", "v2 is paused", RESULT_OK);
	command("resume-vm v1 v2 --quiet", "vos> ", RESULT_OK);
	expect_not("v1 is running");
	assert_int_equal(count_in_state(VM_RUNNING), 3);
	command("nmi-vm v1 v2", "v2 received an NMI", RESULT_OK);
	assert_int_equal(root->vms[1].nmis + root->vms[2].nmis, 2);
	command("reset-vm v1 v2 --dry-run", "reset-vm v2 would succeed. Nothing was changed.", RESULT_OK);
	command("reset-vm v1 v2", "v1 is running", RESULT_OK);
	command("stop-vm v0 v0", "v0 has stopped", RESULT_OK);
	expect_not("failed");
	/* The exact forms of one. */
	command("stop-vm --name v1 --json", "{\"return\":{\"name\":\"v1\",\"state\":\"stopped\"", RESULT_OK);
}

/* An error of one does not keep the others, and the exit code is the highest. */
static void errors(void **state)
{
	(void)state;
	make(3, true);
	command("stop-vm v1", "stopped", RESULT_OK);
	command("stop-vm v0 nope v1 v2", "v0 has stopped", RESULT_STATE);
	expect("error[E_NOT_FOUND]: there is no VM \"nope\"");
	expect("error[E_STATE]: v1 is stopped. There is nothing to stop");
	expect("v2 has stopped");
	expect("error[E_STATE]: stop-vm failed for 2 of 4 VMs");
	command("result", "4 E_STATE", RESULT_STATE);
	command("start-vm nope v0", "v0 is running", RESULT_NOT_FOUND);
	expect("error[E_NOT_FOUND]: start-vm failed for 1 of 2 VMs");
	command("stop-vm v0 v1 --json", "{\"return\":[{\"name\":\"v0\",\"return\":{\"name\":\"v0\",", RESULT_STATE);
	expect("{\"name\":\"v1\",\"error\":{\"class\":\"E_STATE\",\"code\":4,\"desc\":");
}

/* An error that names no VM gets the name of its own. */
static void errors_name_the_vm(void **state)
{
	static struct reply reply = { .kind = REPLY_ANSWER, .result = RESULT_RESOURCES, .error = ERR_LIMIT, .have = 4,
		.text = "things" };

	(void)state;
	make(2, false);
	root->is_slow = true;
	fake_type(root, "start-vm v0 v1\r");
	for (u32 i = 0; i < 2; i++) {
		reply.id = root->held[i].id;
		console_reply(root->console, &reply);
		console_reply(root->console, &reply);	/* the second is nobody's */
	}
	fake_run(root);
	expect("error[E_LIMIT]: v0: the limit is reached: at most 4 things");
	expect("error[E_LIMIT]: v1: the limit is reached: at most 4 things");
	expect("error[E_LIMIT]: start-vm failed for 2 of 2 VMs");
	assert_int_equal(count_of("4 things"), 2);
	root->held_count = 0;
}

static void all(void **state)
{
	(void)state;
	command("stop-vm --all", "stop-vm --all: there are no VMs. Nothing was done.", RESULT_OK);
	command("delete-vm --all --json", "{\"return\":[]}", RESULT_OK);
	make(5, true);
	command("start-vm --all", "start-vm --all: no VM is in a state for it. Nothing was done.", RESULT_OK);
	command("pause-vm v3", "paused", RESULT_OK);
	command("resume-vm --all", "v3 is running", RESULT_OK);
	assert_int_equal(count_of(" is running"), 1);
	command("stop-vm v4", "stopped", RESULT_OK);
	command("stop-vm --all", "v0 has stopped", RESULT_OK);
	assert_int_equal(count_of(" has stopped"), 4);
	expect_not("error");
	/* One that was created by somebody else, and that the console has not been told of. */
	fake_event(root, "v2", VM_DEFINED, STOP_NONE);
	root->console->inventory.vms[2].is_used = false;
	command("start-vm --all", "v2 is running", RESULT_OK);
	assert_int_equal(count_in_state(VM_RUNNING), 5);
	/* A crashed one may come back by itself: it is stopped, too. One that is down already is no error. */
	root->vms[1].report.spec.restart = RESTART_ALWAYS;
	fake_event(root, "v1", VM_CRASHED, STOP_TRIPLE_FAULT);
	fake_event(root, "v2", VM_CRASHED, STOP_TRIPLE_FAULT);
	command("stop-vm --all --quiet", "vos> ", RESULT_OK);
	expect_not("error");
	assert_int_equal(count_in_state(VM_RUNNING), 0);
}

static void deletions_ask_once(void **state)
{
	(void)state;
	make(5, false);
	fake_screen(root);
	fake_type(root, "delete-vm v0 v1 v2 v3 v4\r");
	expect("v0, v1, v2 and 2 more will be deleted, with memory and log.\r\n");
	expect("Delete 5 VMs? [y/N] ");
	fake_type(root, "n\r");
	expect("Nothing was done.");
	assert_int_equal(session.last_result, RESULT_FAILED);
	assert_int_equal(count_in_state(VM_DEFINED), 5);
	fake_type(root, "delete-vm --all\r\x03");
	assert_int_equal(count_in_state(VM_DEFINED), 5);
	command("delete-vm v0", "v0 is deleted", RESULT_OK);
	command("start-vm v1", "running", RESULT_OK);
	fake_screen(root);
	fake_type(root, "delete-vm v1 v2\ry\r");
	expect("error[E_STATE]: v1 is running. Stop it first, or use --force");
	expect("v2 is deleted");
	assert_int_equal(session.last_result, RESULT_STATE);
	/* --all without --force means those that do not run. */
	command("delete-vm --all --json",
		"{\"error\":{\"class\":\"E_STATE\",\"code\":4,\"desc\":\"2 VMs would be deleted: v3, v4", RESULT_STATE);
	command("delete-vm --all --json --force",
		"{\"error\":{\"class\":\"E_STATE\",\"code\":4,\"desc\":\"3 VMs would be deleted:", RESULT_STATE);
	command("delete-vm --all --dry-run", "delete-vm v4 would succeed", RESULT_OK);
	command("delete-vm --all --dry-run --force", "delete-vm v4 would succeed", RESULT_OK);
	command("delete-vm --all --yes --force", "v4 is deleted", RESULT_OK);
	command("list-vm", "There are no VMs.", RESULT_OK);
}

/* VMs that somebody else has deleted: the console forgets each when root does not find it. */
static void gone_meanwhile(void **state)
{
	struct inventory *known = &root->console->inventory;

	(void)state;
	make(6, false);
	root->is_slow = true;
	fake_type(root, "delete-vm --all --yes\r");
	while (root->held_count == 1)
		fake_answer_one(root);		/* the listing */
	root->vms[2].is_used = root->vms[3].is_used = false;
	root->is_slow = false;
	fake_answer(root);
	fake_run(root);
	expect("v2 is deleted");
	for (u32 i = 0; i < 6; i++)
		assert_false(known->vms[i].is_used);
	make(3, false);
	root->vms[0].is_used = root->vms[1].is_used = false;
	command("start-vm v0", "error[E_NOT_FOUND]: there is no VM \"v0\"", RESULT_NOT_FOUND);
	command("stop-vm v1 v2", "error[E_NOT_FOUND]: there is no VM \"v1\"", RESULT_STATE);
	assert_null(inventory_find(known, "v0"));
	assert_null(inventory_find(known, "v1"));
	assert_non_null(inventory_find(known, "v2"));
	root->vms[2].is_used = false;
	command("status-vm v2", "error[E_NOT_FOUND]: there is no VM \"v2\"", RESULT_NOT_FOUND);
	assert_null(inventory_find(known, "v2"));
}

/* All requests are under way before the first answer; with more VMs than fit the ring, the rest follows. */
static void at_once(void **state)
{
	u32 before;

	(void)state;
	make(VM_COUNT, true);
	root->is_slow = true;
	fake_screen(root);
	fake_type(root, "stop-vm v0 v1 v2 v3 v4 v5 v6 v7\r");
	assert_int_equal(root->held_count, 8);
	fake_answer_one(root);
	fake_run(root);
	expect("v0 has stopped");
	expect_not("vos>");
	fake_answer(root);
	fake_run(root);
	expect("vos> ");
	root->is_slow = false;
	fake_screen(root);
	root->is_full = true;
	fake_type(root, "stop-vm --all\r");
	root->is_full = false;
	fake_run(root);
	assert_int_equal(count_of(" has stopped"), VM_COUNT - 8);
	expect_not("error");
	root->is_slow = true;
	fake_type(root, "start-vm --all\r");
	while (root->held_count == 1)
		fake_answer_one(root);
	assert_int_equal(root->held_count, ARRAY_COUNT(root->held));
	before = count_in_state(VM_RUNNING);
	assert_int_equal(before, 0);
	while (root->held_count) {
		fake_answer_one(root);
		fake_run(root);
	}
	assert_int_equal(count_in_state(VM_RUNNING), VM_COUNT);
	assert_int_equal(session.last_result, RESULT_OK);
}

/* Events of VMs that the command is for are not told twice. */
static void let_go(void **state)
{
	(void)state;
	make(3, true);
	root->is_slow = true;
	fake_screen(root);
	fake_type(root, "stop-vm v0 v1 v2\r");
	root->now_ns += 2000000000;
	fake_run(root);
	expect("Ctrl-C");
	fake_answer_one(root);
	fake_type(root, "\x03");
	expect("(stop-vm continues in the background)\r\nvos> ");
	fake_answer(root);
	fake_run(root);
	expect("v2 has stopped (request)\r\nvos> ");
	assert_int_equal(count_of("v2 has stopped"), 1);
	fake_screen(root);
	fake_type(root, "start-vm v0 v1 --wait=5s\r");
	root->now_ns += 5000000000;
	fake_run(root);
	expect("error[E_TIMEOUT]: start-vm has not finished for all 2 VMs after 5.000 s. It continues in the "
		"background; see list-vm");
	assert_int_equal(session.last_result, RESULT_TIMEOUT);
	fake_answer(root);
	fake_run(root);
	assert_int_equal(count_in_state(VM_RUNNING), 2);
	expect("v1 is running");
}

static void canceled(void **state)
{
	(void)state;
	make(VM_COUNT, true);
	root->is_slow = true;
	fake_screen(root);
	fake_type(root, "stop-vm --all\r");
	while (root->held_count == 1 && root->held[0].op == REQ_LIST)
		fake_answer_one(root);
	assert_int_equal(root->held_count, 64);
	root->is_full = true;
	fake_answer_one(root);
	fake_type(root, "\x03");
	fake_type(root, "cancel\r");
	root->is_full = false;
	fake_run(root);
	expect("Commands canceled: 1");
	expect("error[E_CANCELED]: stop-vm failed for 127 of 128 VMs");
	expect("error[E_CANCELED]: stop-vm v127 was canceled before it began");
	assert_int_equal(count_in_state(VM_STOPPED), 1);
}

static void on_the_wire(void **state)
{
	static char message[8192];
	size_t used;

	(void)state;
	make(2, true);
	exchange("{\"execute\":\"stop-vm\",\"arguments\":{\"name\":[\"v0\",\"v9\",\"v0\"]},\"id\":1}",
		"{\"return\":[{\"name\":\"v0\",\"return\":{\"name\":\"v0\",\"state\":\"stopped\"");
	assert_non_null(strstr(answer, ",{\"name\":\"v9\",\"error\":{\"class\":\"E_NOT_FOUND\",\"code\":3,"));
	assert_non_null(strstr(answer, "\"}}],\"id\":1}"));
	exchange("{\"execute\":\"start-vm\",\"arguments\":{\"name\":[\"v0\"]},\"id\":2}",
		"{\"return\":[{\"name\":\"v0\",\"return\":{");
	exchange("{\"execute\":\"start-vm\",\"arguments\":{\"all\":true},\"id\":3}", "{\"return\":[],\"id\":3}");
	/* One at a time: two VMs' answers have more values than VOS' own parser takes, which judges them here. */
	exchange("{\"execute\":\"pause-vm\",\"arguments\":{\"name\":[\"v0\"]},\"id\":4}", "\"paused\"");
	exchange("{\"execute\":\"pause-vm\",\"arguments\":{\"name\":[\"v1\"]},\"id\":5}", "\"paused\"");
	assert_int_equal(count_in_state(VM_PAUSED), 2);
	exchange("{\"execute\":\"stop-vm\",\"arguments\":{\"name\":[]}}", "needs --name");
	exchange("{\"execute\":\"stop-vm\",\"arguments\":{\"name\":[[\"v0\"]]}}", "no usable value");
	exchange("{\"execute\":\"stop-vm\",\"arguments\":{\"name\":\"v0\",\"all\":true}}", "exclude each other");
	exchange("{\"execute\":\"status-vm\",\"arguments\":{\"name\":[\"v0\"]}}", "no usable value");
	exchange("{\"execute\":\"delete-vm\",\"arguments\":{\"all\":true,\"force\":true}}",
		"\"class\":\"E_STATE\",\"code\":4,\"desc\":\"2 VMs would be deleted: v0, v1.");
	exchange("{\"execute\":\"delete-vm\",\"arguments\":{\"all\":true,\"force\":true,\"yes\":true}}",
		"{\"return\":[{\"name\":\"v0\",\"return\":{}},");
	/* More names than there can be VMs. */
	used = (size_t)snprintf(message, sizeof(message), "{\"execute\":\"stop-vm\",\"arguments\":{\"name\":[\"v0\"");
	for (u32 i = 1; i <= VM_COUNT; i++)
		used += (size_t)snprintf(message + used, sizeof(message) - used, ",\"v%u\"", i);
	snprintf(message + used, sizeof(message) - used, "]}}");
	exchange(message, "more than 128 names");
	/* Time is over for who waits, not for the work. */
	make(2, true);
	root->is_slow = true;
	send_frame("control", "{\"execute\":\"stop-vm\",\"arguments\":{\"all\":true,\"wait\":1},\"id\":9}");
	while (root->held_count == 1)
		fake_answer_one(root);
	assert_int_equal(root->held_count, 2);
	root->now_ns += NS_PER_SECOND;
	fake_run(root);
	assert_true(next_frame(answer));
	assert_non_null(strstr(answer, "\"class\":\"E_TIMEOUT\""));
	fake_answer(root);
	fake_run(root);
	assert_int_equal(count_in_state(VM_STOPPED), 2);
}

/* What others ask meanwhile changes neither whom a command means nor whether it has begun. */
static void others_meanwhile(void **state)
{
	(void)state;
	make(5, true);
	root->is_slow = true;
	send_frame("control", "{\"execute\":\"stop-vm\",\"arguments\":{\"name\":\"v0\"},\"id\":1}");
	fake_type(root, "pause-vm v1 v2\r");
	fake_answer(root);
	fake_run(root);
	assert_true(next_frame(answer));
	assert_non_null(strstr(answer, "{\"return\":{\"name\":\"v0\",\"state\":\"stopped\""));
	assert_int_equal(count_in_state(VM_PAUSED), 2);
	/* Nothing goes on that was not sent. */
	send_frame("control", "{\"execute\":\"stop-vm\",\"arguments\":{\"all\":true,\"wait\":\"1ms\"},\"id\":2}");
	root->now_ns += NS_PER_SECOND;
	fake_run(root);
	assert_false(next_frame(answer));
	while (root->held[0].op == REQ_LIST)
		fake_answer_one(root);
	fake_run(root);
	assert_true(next_frame(answer));
	assert_non_null(strstr(answer, "\"class\":\"E_TIMEOUT\""));
	fake_answer(root);
	fake_run(root);
	assert_int_equal(count_in_state(VM_STOPPED), 5);
}

/* A question that nobody is there to answer is a refusal. */
static void no_question_from_behind(void **state)
{
	(void)state;
	make(2, false);
	root->is_slow = true;
	fake_screen(root);
	fake_type(root, "delete-vm --all\r");
	assert_int_equal(root->held_count, 1);
	fake_type(root, "\x03");
	fake_answer(root);
	fake_run(root);
	expect("error[E_STATE]: 2 VMs would be deleted: v0, v1.");
	expect_not("[y/N]");
	assert_int_equal(count_in_state(VM_DEFINED), 2);
	root->is_slow = false;
	command("delete-vm --all --yes", "v1 is deleted", RESULT_OK);
}

static void suspended(void **state)
{
	(void)state;
	make(2, true);
	root->vms[1].report.state = VM_SUSPENDED;
	command("start-vm --all", "no VM is in a state for it", RESULT_OK);
	command("stop-vm --all", "v1 has stopped", RESULT_OK);
	assert_int_equal(count_in_state(VM_STOPPED), 2);
}

static void canceled_when_the_rest_was_done(void **state)
{
	(void)state;
	make(VM_COUNT, true);
	root->is_slow = true;
	fake_screen(root);
	fake_type(root, "nmi-vm --all\r");
	while (root->held_count == 1 && root->held[0].op == REQ_LIST)
		fake_answer_one(root);
	root->is_full = true;
	while (root->held_count)
		fake_answer_one(root);
	fake_type(root, "\x03");
	fake_type(root, "cancel\r");
	root->is_full = false;
	fake_run(root);
	expect("error[E_CANCELED]: nmi-vm failed for 64 of 128 VMs");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names, setup, teardown),
		cmocka_unit_test_setup_teardown(errors, setup, teardown),
		cmocka_unit_test_setup_teardown(errors_name_the_vm, setup, teardown),
		cmocka_unit_test_setup_teardown(all, setup, teardown),
		cmocka_unit_test_setup_teardown(deletions_ask_once, setup, teardown),
		cmocka_unit_test_setup_teardown(gone_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(let_go, setup, teardown),
		cmocka_unit_test_setup_teardown(canceled, setup, teardown),
		cmocka_unit_test_setup_teardown(on_the_wire, setup, teardown),
		cmocka_unit_test_setup_teardown(others_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(no_question_from_behind, setup, teardown),
		cmocka_unit_test_setup_teardown(suspended, setup, teardown),
		cmocka_unit_test_setup_teardown(canceled_when_the_rest_was_done, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
