/* SPDX-License-Identifier: MIT */
/*
 * The console in front of a fake root whose pool has logs of VMs: what VMs print is written there some seconds later,
 * and is part of their history when the machine was started again.
 */
/* links: console */
/* helpers: fake_root.c */
#include "console_bench.h"
#include "units.h"

static void load(const char *text)
{
	fake_screen(root);
	fake_task(root, DEFINITIONS_LOAD, text);
}

static void pass(u64 seconds)
{
	root->now_ns += seconds * NS_PER_SECOND;
	fake_run(root);
}

static void print(const char *name, const char *text)
{
	fake_guest_writes(root, name, text);
	fake_run(root);
}

static void expect_piece(u32 number, u64 start, const char *text)
{
	const struct log_piece *piece = &root->pieces[number].piece;

	assert_true(number < root->piece_count);
	assert_int_equal(piece->start, start);
	assert_int_equal(piece->count, strlen(text));
	assert_memory_equal(piece->bytes, text, strlen(text));
}

static int begin(void **state)
{
	(void)setup(state);
	root->piece_count = root->log_flushes = 0;
	root->log_error = ERR_NONE;
	load("vm a { autostart yes }\n");
	return 0;
}

/* As many seconds later, from where the piece before was not full; one flush for all. */
static void it_is_written(void **state)
{
	(void)state;
	command("create-vm b", "b is defined", RESULT_OK);
	command("start-vm b", "b is running", RESULT_OK);
	print("a", "hello\n");
	print("b", "I am b\n");
	assert_int_equal(root->piece_count, 0);
	pass(2);
	assert_int_equal(root->piece_count, 0);
	pass(2);
	assert_int_equal(root->piece_count, 2);
	expect_piece(0, 0, "hello\n");
	expect_piece(1, 0, "I am b\n");
	assert_int_equal(root->log_flushes, 1);
	pass(60);
	assert_int_equal(root->log_flushes, 1);
	print("a", "again\n");
	pass(4);
	expect_piece(0, 0, "hello\nagain\n");
	assert_int_equal(root->piece_count, 2);
	assert_int_equal(root->log_flushes, 2);
}

static void much_is_written(void **state)
{
	static char text[3 * LOG_PIECE_BYTES];

	(void)state;
	for (u32 i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)('a' + i % 26);
	print("a", text);
	pass(4);
	assert_int_equal(root->piece_count, 3);
	for (u32 i = 0; i < 3; i++) {
		assert_int_equal(root->pieces[i].piece.start, i * LOG_PIECE_BYTES);
		assert_memory_equal(root->pieces[i].piece.bytes, text + i * LOG_PIECE_BYTES,
				    root->pieces[i].piece.count);
	}
	assert_int_equal(root->pieces[2].piece.count, LOG_PIECE_BYTES - 1);
}

static void after_a_restart(void **state)
{
	const struct log_piece *piece = &root->pieces[0].piece;

	(void)state;
	print("a", "then\nhalf a li");
	pass(4);
	root = fake_start(&session, NULL);
	load("vm a { autostart yes }\nvm b { }\n");
	command("log-vm a", "then\r\nhalf a li\r\n--- VOS was started again", RESULT_OK);
	command("log-vm b", "", RESULT_OK);
	expect_not("VOS was started again");
	print("a", "now\n");
	command("log-vm a", "started again", RESULT_OK);
	expect("---\r\nnow\r\n");
	pass(4);
	assert_int_equal(root->piece_count, 1);
	assert_int_equal(piece->start, 0);
	assert_memory_equal(piece->bytes, "then\nhalf a li\n--- VOS", 22);
	assert_memory_equal(piece->bytes + piece->count - 8, "---\nnow\n", 8);
	/* Once more: nothing is doubled. */
	root = fake_start(&session, NULL);
	load("vm a { }\n");
	command("log-vm a", "then\r\nhalf a li\r\n--- VOS was started again", RESULT_OK);
	expect("---\r\nnow\r\n--- VOS was started again");
}

/* What is on its way is written before the machine ends. */
static void a_reboot(void **state)
{
	(void)state;
	print("a", "last words\n");
	assert_int_equal(root->piece_count, 0);
	fake_type(root, "reboot --yes\r");
	assert_true(root->is_down);
	expect_piece(0, 0, "last words\n");
	assert_int_equal(root->log_flushes, 1);
	root->is_down = false;
}

/* A pool that takes nothing holds nobody up. */
static void a_reboot_without_a_log(void **state)
{
	(void)state;
	root->log_error = ERR_NO_POOL;
	print("a", "last words\n");
	pass(4);
	fake_type(root, "reboot --yes\r");
	assert_true(root->is_down);
	root->is_down = false;
}

/* The pool is locked at first: what was printed meanwhile comes after. */
static void a_late_log(void **state)
{
	(void)state;
	print("a", "then\n");
	pass(4);
	root = fake_start(&session, NULL);
	root->log_error = ERR_POOL_LOCKED;
	load("vm a { autostart yes }\n");
	print("a", "now\n");
	command("log-vm a", "now", RESULT_OK);
	expect_not("then");
	root->log_error = ERR_NONE;
	pass(61);
	command("log-vm a", "then\r\n--- VOS was started again", RESULT_OK);
	expect("---\r\nnow\r\n");
	pass(4);
	assert_memory_equal(root->pieces[0].piece.bytes + root->pieces[0].piece.count - 8, "---\nnow\n", 8);
}

/* A pool's foreign pieces: too long, or out of order. */
static void a_root_that_lies(void **state)
{
	(void)state;
	root = fake_start(&session, NULL);
	root->piece_count = 1;
	strcpy(root->pieces[0].name, "a");
	root->pieces[0].piece = (struct log_piece){ .start = 5, .count = LOG_PIECE_BYTES + 1 };
	load("vm a { autostart yes }\n");
	print("a", "now\n");
	command("log-vm a", "now", RESULT_OK);
	pass(70);
	command("list-vm", "a        running", RESULT_OK);
}

static void without_a_pool(void **state)
{
	(void)state;
	root = fake_start(&session, "vm a { autostart yes }\n");
	root->piece_count = 0;
	fake_task(root, DEFINITIONS_CONF, NULL);
	print("a", "hello\n");
	pass(70);
	assert_int_equal(root->piece_count, 0);
	assert_int_equal(console_deadline_ns(root->console), ~0ull);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_is_written, begin, teardown),
		cmocka_unit_test_setup_teardown(much_is_written, begin, teardown),
		cmocka_unit_test_setup_teardown(after_a_restart, begin, teardown),
		cmocka_unit_test_setup_teardown(a_reboot, begin, teardown),
		cmocka_unit_test_setup_teardown(a_reboot_without_a_log, begin, teardown),
		cmocka_unit_test_setup_teardown(a_late_log, begin, teardown),
		cmocka_unit_test_setup_teardown(a_root_that_lies, begin, teardown),
		cmocka_unit_test_setup_teardown(without_a_pool, begin, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
