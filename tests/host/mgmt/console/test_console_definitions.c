/* SPDX-License-Identifier: MIT */
/*
 * The console in front of a fake root that keeps definitions: texts of a pool are applied, written, and what could not
 * be applied is written again.
 */
/* links: console */
/* helpers: fake_root.c */
#include "console_bench.h"

static void expect_text(const char *text)
{
	const char *end = memchr(root->definitions, 0, sizeof(root->definitions));

	if (end == NULL || strstr(root->definitions, text) == NULL) {
		print_error("no \"%s\" in:\n%s\n", text, root->definitions);
		fail();
	}
}

/* What the console writes. */
static void save(void)
{
	memset(root->definitions, 0, sizeof(root->definitions));
	fake_task(root, DEFINITIONS_SAVE, NULL);
	assert_int_equal(root->done.number, root->task.number);
	assert_int_equal(root->done.bytes, strlen(root->definitions));
}

static void load(const char *text)
{
	fake_screen(root);
	fake_task(root, DEFINITIONS_LOAD, text);
	assert_int_equal(root->done.number, root->task.number);
}

static void nothing(void **state)
{
	(void)state;
	save();
	expect_text("# There are no VMs.\n");
	assert_int_equal(root->done.number, 2);
}

static void there_and_back(void **state)
{
	static char text[4096];

	(void)state;
	load("switch lan { }\nvm a { memory 64M; autostart yes }\nvm b { weight 7 }\n");
	expect("Definitions of VMs are kept in pool fast.");
	expect_not("vos.conf");
	command("list-vm", "a        running", RESULT_OK);
	save();
	expect_text("switch lan {\n");
	expect_text("}\nvm a {\n");
	expect_text("weight 7;\n");
	strcpy(text, root->definitions);
	/* In a machine that has nothing yet, it makes the same. */
	root = fake_start(&session, "# nothing\n");
	load(text);
	expect("vos.conf of the boot medium is not applied");
	save();
	assert_string_equal(root->definitions, text);
	command("delete-vm b --yes", "b is deleted", RESULT_OK);
	save();
	assert_null(strstr(root->definitions, "vm b {"));
}

/* What crashed too often before the machine was started stays down, and a person is told. */
static void given_up(void **state)
{
	(void)state;
	root->given_up = "a";
	load("vm a { autostart yes; restart on-failure:3 }\nvm b { autostart yes }\n");
	expect("a is not started: it crashed too often before VOS was started. start-vm a starts it.");
	command("list-vm", "a        crashed", RESULT_OK);
	command("list-vm", "b        running", RESULT_OK);
	command("status-vm a", "on-failure:3, restarted 3 times; it is started no more", RESULT_OK);
	command("status-vm a --json", "\"restarts\":3,\"given-up\":true", RESULT_OK);
	command("start-vm a", "a is running", RESULT_OK);
	root->given_up = NULL;
}

/* A mirror that may have definitions can't be opened yet: nobody is told that there is nothing. */
static void awaited(void **state)
{
	(void)state;
	fake_screen(root);
	root->task = (struct definitions_report){ .number = root->task.number + 1, .task = DEFINITIONS_TELL,
		.place = DEFINITIONS_AWAITED, .pool = "fast" };
	fake_run(root);
	expect("Definitions of VMs are kept in RAM only: pool fast, which waits");
	command("list-vm", "There are no VMs. Pool fast, which waits for a disk, may have some: see list-pool.",
		RESULT_OK);
}

/* Mistakes have a place; what could not be had stays, word for word, until something of its name is there. */
static void what_is_left(void **state)
{
	(void)state;
	load("vm big { memory 64G }\nvm bad { cpu x; memory 1G } # why\nvm a { }\nvm c { kernel gone }\nfoo;\n");
	expect("pool fast:2:14: --cpu needs");
	expect("pool fast: big: error[E_NOMEM]");
	expect("pool fast: c: error[E_NOT_FOUND]");
	expect("4 of its statements could not be applied, and stay: forget-definitions shows them.");
	command("list-vm", "a        defined", RESULT_OK);
	command("n a", "error[E_USAGE]: nmi-vm changes something. Type more of it than one letter", RESULT_USAGE);
	save();
	expect_text("vm a {\n");
	expect_text("\nvm big { memory 64G }\n");
	expect_text("vm bad { cpu x; memory 1G }");
	expect_text("foo;");
	expect_text("vm c { kernel gone }\n");
	command("create-vm c", "error[E_STATE]: c has a definition that could not be applied yet", RESULT_STATE);
	command("clone-vm a c", "error[E_STATE]: c has a definition that could not be applied yet", RESULT_STATE);
	save();
	expect_text("vm c { kernel gone }\n");
	root->vms[5].report = root->vms[0].report;	/* as apply-config may define it */
	root->vms[5].report.index = 5;
	strcpy(root->vms[5].report.name, "c");
	root->vms[5].is_used = true;
	command("list-vm", "c        defined", RESULT_OK);
	save();
	assert_null(strstr(root->definitions, "kernel gone"));
	command("delete-vm c --yes", "c is deleted", RESULT_OK);
	save();
	assert_null(strstr(root->definitions, "vm c"));
	expect_text("vm big { memory 64G }\n");
}

/* A person sees what was left, and drops it. */
static void what_is_dropped(void **state)
{
	(void)state;
	command("forget-definitions", "Nothing is left that could not be applied.", RESULT_OK);
	load("vm bad { cpu x; memory 1G }\nvm a { }\nvm c { kernel gone }\n");
	command("forget-definitions", "vm bad { cpu x; memory 1G }", RESULT_OK);
	expect("vm c { kernel gone }");
	expect("forget-definitions --yes drops them");
	command("forget-definitions --json", "\"statements\":[\"vm bad { cpu x; memory 1G }\",", RESULT_OK);
	command("forget-definitions --yes", "2 statements are dropped.", RESULT_OK);
	command("forget-definitions", "Nothing is left that could not be applied.", RESULT_OK);
	save();
	assert_null(strstr(root->definitions, "vm bad"));
	command("create-vm c", "c is defined", RESULT_OK);
}

/* A pool that comes late counts; a VM that runs keeps what it has. */
static void a_late_pool(void **state)
{
	(void)state;
	root = fake_start(&session, "vm a { memory 64M }\nvm b { memory 64M; autostart yes }\n");
	load("vm a { memory 128M }\nvm b { memory 128M }\nvm c { }\n");
	command("status-vm a", "Memory      128.0 MiB", RESULT_OK);
	command("status-vm b", "Memory      64.0 MiB", RESULT_OK);
	command("list-vm", "c        defined", RESULT_OK);
}

/* More statements with mistakes than there are places: the last one has the rest of the text. */
static void many_mistakes(void **state)
{
	static char text[65536];
	size_t used = 0;

	(void)state;
	for (u32 i = 0; i < 400; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "vm v%u { cpu x }\n", i);
	load(text);
	save();
	for (u32 i = 0; i < 400; i++) {
		char name[16];

		snprintf(name, sizeof(name), "vm v%u {", i);
		expect_text(name);
	}
}

/* All that goes down with the machine is in the pool. */
static void nothing_is_lost(void **state)
{
	(void)state;
	make_vm("a");
	command("reboot --json", "vos.conf lacks definitions", RESULT_STATE);
	save();
	command("reboot --json", "{\"return\":{}", RESULT_OK);
	assert_true(root->is_down);
}

/* As it is before root has given the first task. */
static void unsettle(void)
{
	fake_screen(root);
	root->console->keeper.is_settled = false;
	root->console->inventory.are_vms_coming = true;
	root->console->begun_ns = root->now_ns;
}

/* What changes definitions waits for those that are there already, in the order in which it was asked; what only looks
 * does not. */
static void an_early_command(void **state)
{
	(void)state;
	unsettle();
	fake_type(root, "create-vm early --nic lan\r");
	expect_not("created");
	root->now_ns += 2000000000ull;
	fake_run(root);
	expect("waits for the definitions of VMs and networks; Ctrl-C leaves");
	fake_type(root, "\x03");
	command("list-vm", "Definitions of VMs are being read, so some may come", RESULT_OK);
	fake_type(root, "start-vm early\r");
	assert_false(console_has_request(root->console));
	load("switch lan { }\n");
	command("list-vm", "early    running", RESULT_OK);
}

/* They never came: then it is as without them. */
static void an_early_command_in_vain(void **state)
{
	u64 deadline;

	(void)state;
	unsettle();
	fake_type(root, "create-vm early\r");
	while ((deadline = console_deadline_ns(root->console)) != ~0ull) {
		assert_true(deadline > root->now_ns);
		root->now_ns = deadline;
		fake_run(root);
	}
	command("list-vm", "early    defined", RESULT_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(there_and_back, setup, teardown),
		cmocka_unit_test_setup_teardown(given_up, setup, teardown),
		cmocka_unit_test_setup_teardown(awaited, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_left, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(a_late_pool, setup, teardown),
		cmocka_unit_test_setup_teardown(many_mistakes, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(an_early_command, setup, teardown),
		cmocka_unit_test_setup_teardown(an_early_command_in_vain, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
