/* SPDX-License-Identifier: MIT */
/*
 * The console as a whole in front of a fake root: commands and their words, what arrives while somebody types,
 * terminals of VMs, and that nothing gets lost.
 */
/*
 * links: console
 * helpers: fake_root.c
 */
#include <stdlib.h>

#include "console_bench.h"

static void five_commands(void **state)
{
	(void)state;
	expect("VOS " VOS_VERSION "  AMD SVM + NPT  1 pCPU  2.0 GiB\r\n");
	expect("vos> ");
	command("vos create-vm --name myvm --cpu 4 --memory 1G --disk 100G",
		"error[E_NODISK]: this machine has no disk", RESULT_RESOURCES);
	command("vos create-vm --name myvm --cpu 40 --memory 1G", "error[E_UNSUPPORTED]: myvm needs 40 vCPUs",
		RESULT_UNSUPPORTED);
	command("vos create-vm --name myvm --cpu 1 --memory 512M", "myvm is defined", RESULT_OK);
	command("vos start-vm --name myvm", "myvm is running", RESULT_OK);
	command("vos status-vm --name myvm", "State       running", RESULT_OK);
	root->now_ns += 1000000000;
	command("list-vm",
		"NAME     STATE     CPU  MEM     CPU%  UPTIME    REASON\r\nmyvm     running     1  512M    12.3  "
		"00:00:01  -\r\n",
		RESULT_OK);
	root->vms[0].report.state = VM_SUSPENDED;
	command("list-vm", "\r\nmyvm     suspended   1  512M    ", RESULT_OK);
	command("status-vm myvm", "State       suspended", RESULT_OK);
	root->vms[0].report.state = VM_RUNNING;
	command("delete-vm myvm", "error[E_STATE]: myvm is running. Stop it first, or use --force", RESULT_STATE);
	command("vos stop-vm --name myvm", "myvm has stopped", RESULT_OK);
	command("vos delete-vm --name myvm", "myvm is deleted", RESULT_OK);
	command("start-vm myvm", "error[E_NOT_FOUND]: there is no VM \"myvm\"", RESULT_NOT_FOUND);
	command("result", "3 E_NOT_FOUND", RESULT_NOT_FOUND);
	command("list-vm", "There are no VMs.", RESULT_OK);
}

/* More CPU time than uptime, as just after a start, is still not more than all of its vCPUs. */
static void cpu_load(void **state)
{
	(void)state;
	run_vm("a");
	root->vms[0].report.load.cpu_time_ns = 5000000000;
	command("list-vm", " 100.0  00:00:01", RESULT_OK);
}

static void refusals(void **state)
{
	(void)state;
	command("create-vm build1 --memory 1G", "defined", RESULT_OK);
	command("start-vm build1", "running", RESULT_OK);
	command("create-vm big --memory 8G",
		"error[E_NOMEM]: big needs 8.0 GiB, 876.0 MiB free. Try --memory 848M, or stop-vm build1 "
		"(frees 1.0 GiB)",
		RESULT_RESOURCES);
	command("create-vm build1", "error[E_EXISTS]", RESULT_STATE);
	command("create-vm x --kernel nope", "there is no image \"nope\"", RESULT_NOT_FOUND);
	command("start-vm build1", "error[E_STATE]: build1 is running. reset-vm build1 boots it again", RESULT_STATE);
	command("resume-vm build1", "Only a paused VM", RESULT_STATE);
	command("create-vm y --dry-run", "would succeed. Nothing was changed", RESULT_OK);
	command("start-vm y", "there is no VM \"y\"", RESULT_NOT_FOUND);
	command("create-vm z --quiet", "vos> ", RESULT_OK);
	expect_not("defined");
	command("create-vm z --json", "{\"error\":{\"class\":\"E_EXISTS\",\"code\":4,\"desc\":\"", RESULT_STATE);
	command("info", "Used        svm npt nx smep smap", RESULT_OK);
	command("info", "Open to     spectre_v2 srso", RESULT_OK);
	command("info", "Errors      3 corrected, 1 uncorrected, 2 from before; 8 KiB out of use", RESULT_OK);
	command("info --json", "\"hardware-errors\":{\"corrected\":3,\"deferred\":0,\"uncorrected\":1,"
		"\"from-before\":2,\"lost\":0,\"frames-retired\":2,\"frames-kept\":0}", RESULT_OK);
	command("info --json", "\"open-to\":[\"spectre_v2\",\"srso\"]", RESULT_OK);
	command("info --cpu", "Processor   AuthenticAMD, family 25, model 1, stepping 1", RESULT_OK);
	command("info --cpu", "Microcode   a0011d7", RESULT_OK);
	command("info --cpu", "meltdown              not affected", RESULT_OK);
	command("info --cpu", "spectre_v2            VULNERABLE: no microcode that mends it or helps to", RESULT_OK);
	command("info --cpu", "srso                  VULNERABLE: VOS does nothing against it yet", RESULT_OK);
	command("info --cpu", "zenbleed              mitigated: by microcode", RESULT_OK);
	command("info --cpu --json", "\"microcode\":167776727,\"threads-per-core\":2,"
		"\"mitigations\":[\"ibpb\"],\"flaws\":[{\"name\":\"meltdown\","
		"\"state\":\"not-affected\"}", RESULT_OK);
	command("list-image", "debian-kernel        7.0 MiB  boot      -             -      -     default", RESULT_OK);
	command("delete-image memtest", "error[E_DENIED]: memtest is a boot module", RESULT_DENIED);
	command("delete-image nothing", "there is no image \"nothing\"", RESULT_NOT_FOUND);
	command("delete-image", "needs --name IMAGE", RESULT_USAGE);
	command("create-vm --help", "create-vm: define a VM without starting it\r\nexample: create-vm --name myvm",
		RESULT_OK);
	command("help status-vm", "status-vm: show a VM's details", RESULT_OK);
	command("create-vm one --memory 64M", "defined", RESULT_OK);
	command("set-vm one --cap 101%", "than one can use: 100% of a pCPU for its one vCPU. Try --cap 100%",
		RESULT_USAGE);
	command("stop-vm one", "one is defined. There is nothing to stop", RESULT_STATE);
	/* What is to be tried can be typed as it stands. */
	command("reset-vm one", "one is defined. Try start-vm one\r\n", RESULT_STATE);
	command("start-vm build1", "build1 is running. reset-vm build1 boots it again\r\n", RESULT_STATE);
	fake_event(root, "one", VM_CRASHED, STOP_TRIPLE_FAULT);
	command("pause-vm one", "one has crashed. Try start-vm one", RESULT_STATE);
	/* A message ends its lines between words. */
	command("set-vm build1 --cpu 2",
		"error[E_STATE]: build1 is running. Stop it first: only restart, autostart,\r\n"
		"  on-io-error, class, weight, cap and affinity can change while it runs, and\r\n"
		"  iops= and rate= of --disk, with all disks of the VM given; export-config\r\n"
		"  build1 prints them\r\n", RESULT_STATE);
	root->memory_free = 100 * GIB;
	command("create-vm huge --memory 8G", "Note: this machine has 2.0 GiB; the VM ends if it needs more than "
		"is free.\r\n", RESULT_OK);
	expect_80_columns();
	command("info", " MiB for the kernel; see accounting", RESULT_OK);
	expect_80_columns();
}

/* A long reason is not cut, and stays within the line; what there is nothing of is not shown. */
static void a_crash(void **state)
{
	struct vm_report *r = &root->vms[0].report;

	(void)state;
	make_vm("a");
	fake_event(root, "a", VM_CRASHED, STOP_BAD_IMAGE);
	memset(r->text, 'x', sizeof(r->text) - 1);
	r->text[40] = r->text[80] = ' ';
	command("status-vm a", "Reason      bad-image: xxxx", RESULT_OK);
	expect("xxx\r\nCPU");
	expect_80_columns();
	r->load.exits = 1234;
	command("status-vm a", "Last exit   host-interrupt", RESULT_OK);
	expect("Exits       1,234, 0 of them to the VMM");
}

static void power(void **state)
{
	(void)state;
	run_vm("a");
	fake_type(root, "shutdown\r");
	expect("Switch off anyway? [y/N] ");
	fake_type(root, "n\r");
	expect("Nothing was done.");
	fake_type(root, "shutdown\r\x03");
	assert_false(root->is_down);
	command("version", "VOS " VOS_VERSION, RESULT_OK);
	fake_type(root, "reboot\ry\r");
	expect("Rebooting.");
	assert_true(root->is_down);
	root->is_down = false;
	fake_type(root, "shutdown --yes\r");
	assert_true(root->is_down);
}

/* Events and log lines are printed above the line that is being typed, which is drawn again. */
static void interruptions(void **state)
{
	(void)state;
	make_vm("a");
	fake_screen(root);
	fake_type(root, "list-");
	fake_event(root, "a", VM_RUNNING, STOP_REQUEST);
	fake_run(root);
	expect("a is running\r\nvos> list-");
	fake_screen(root);
	fake_log(root, "kernel: one\x1b[2J\nhalf a ");
	fake_run(root);
	expect("kernel: one\\x1b[2J\r\nvos> list-");
	expect_not("half");
	fake_log(root, "line\n");
	fake_run(root);
	expect("half a line\r\nvos> list-");
	fake_type(root, "vm\r");
	expect("a        running");
	fake_screen(root);
	fake_event(root, "a", VM_CRASHED, STOP_TRIPLE_FAULT);
	fake_run(root);
	expect("a crashed: triple-fault rip=0\r\nvos> ");
	command("log --lines 1", "half a line", RESULT_OK);
	/* One that runs again did crash before, and is not said to have a reason for it now. */
	fake_event(root, "a", VM_RUNNING, STOP_TRIPLE_FAULT);
	fake_run(root);
	command("status-vm a", "Reason      - (before: triple-fault)", RESULT_OK);
	command("list-vm", "a        running", RESULT_OK);
	expect_not("triple-fault");
	fake_event(root, "a", VM_PAUSED, STOP_POOL_FULL);
	fake_run(root);
	command("status-vm a", "Reason      pool-full", RESULT_OK);
}

static void waiting(void **state)
{
	(void)state;
	make_vm("a");
	root->is_slow = true;
	fake_screen(root);
	fake_type(root, "start-vm a\rlist-image\r");
	expect_not("debian");
	root->now_ns += 2000000000;
	fake_run(root);
	expect("(start-vm is in progress; Ctrl-C leaves it to the background)");
	fake_type(root, "\x03");
	expect("(start-vm continues in the background)\r\nvos> ");
	expect_not("debian");
	fake_answer(root);
	fake_run(root);
	expect("a is running. console a attaches to it.\r\nvos> ");
	fake_screen(root);
	fake_type(root, "stop-vm a --wait=5s\r");
	assert_true(console_deadline_ns(root->console) < root->now_ns + 5000000001);
	root->now_ns += 5000000000;
	fake_run(root);
	expect("error[E_TIMEOUT]: stop-vm a has not finished after 5.000 s");
	assert_int_equal(session.last_result, RESULT_TIMEOUT);
	fake_answer(root);
	fake_run(root);
	expect("a has stopped");
	root->is_slow = false;
	root->is_full = true;
	fake_type(root, "list-image\r");
	assert_true(console_has_request(root->console));
	root->is_full = false;
	fake_run(root);
	expect("memtest");
}

static void terminals(void **state)
{
	(void)state;
	command("console a", "there is no VM", RESULT_NOT_FOUND);
	make_vm("a");
	command("console a", "error[E_STATE]: a is defined. Try start-vm a", RESULT_STATE);
	command("start-vm a", "running", RESULT_OK);
	run_vm("b");
	fake_guest_writes(root, "a", "login: ");
	fake_guest_writes(root, "b", "\x1b[31mred\r\n");
	fake_run(root);
	fake_screen(root);
	fake_type(root, "console a\r");
	expect("[attached to a; Ctrl-] opens a menu]\r\nlogin: ");
	fake_type(root, "root\x03\x1b[A");
	fake_guests(root);
	fake_run(root);
	expect("login: root\x03\x1b[A");
	fake_screen(root);
	fake_type(root, "\x1d");
	expect("d detach");
	fake_type(root, "n");
	expect("[attached to b; Ctrl-]");
	expect("\x1b[31mred");
	fake_log(root, "while away\n");
	fake_event(root, "a", VM_STOPPED, STOP_GUEST_POWEROFF);
	fake_run(root);
	expect_not("while away");
	fake_screen(root);
	fake_type(root, "\x1d" "d");
	expect("[detached from b; console b attaches again]\r\n");
	expect("a has stopped (guest-poweroff)\r\n");
	expect("while away\r\n");
	command("log-vm b", "\\x1b[31mred\r\nvos> ", RESULT_OK);
	command("log-vm a --lines 1", "login: root", RESULT_OK);
}

static void menu(void **state)
{
	(void)state;
	run_vm("a");
	fake_type(root, "console a\r\x1d\r");
	expect("[detached from a; console a attaches again]\r\nvos> ");
	fake_type(root, "console a\r\x1d?");
	expect("the last 100 lines that a wrote");
	fake_type(root, "]");
	fake_guests(root);
	fake_run(root);
	expect("\x1d");
	fake_type(root, "\x1dl");
	expect("[last lines of a]");
	fake_screen(root);
	/* The guest takes no input; Ctrl-] works all the same. */
	for (u32 i = 0; i < 100; i++)
		fake_type(root, "x");
	fake_type(root, "\x1d" "d");
	expect("[detached from a");
	fake_type(root, "console a\r");
	fake_type(root, "for the guest");
	fake_screen(root);
	fake_event(root, "a", VM_STOPPED, STOP_GUEST_POWEROFF);
	fake_run(root);
	expect("\r\n[a has stopped: its guest powered off. Press Enter for the prompt]\r\n");
	expect_not("for the guest");
}

static void much_output(void **state)
{
	static char big[20000];

	(void)state;
	run_vm("a");
	for (size_t i = 0; i + 2 < sizeof(big); i++)
		big[i] = i % 50 == 49 ? '\n' : (char)('a' + i % 26);
	for (u32 i = 0; i < 5; i++) {
		fake_guest_writes(root, "a", big);
		fake_run(root);
	}
	assert_int_equal(root->console->inventory.vms[0].history.written, 5 * strlen(big));
	root->send_limit = 100;
	fake_screen(root);
	fake_type(root, "log-vm a\rversion\r");
	for (u32 i = 0; i < 3000; i++) {
		assert_true(session_output_used(&session) <= OUTPUT_SHORT_BYTES + 1200);
		fake_run(root);
	}
	expect("VOS " VOS_VERSION "\r\nvos> ");
	assert_true(root->terminal_used > HISTORY_BYTES);
	fake_screen(root);
	fake_type(root, "console a\r");
	for (u32 i = 0; i < 100; i++)
		fake_run(root);
	fake_screen(root);
	fake_guest_writes(root, "a", big);
	fake_guest_writes(root, "a", "END");
	for (u32 i = 0; i < 300; i++) {
		assert_true(session_output_used(&session) <= OUTPUT_SHORT_BYTES + 1200);
		fake_run(root);
	}
	assert_int_equal(root->terminal_used, strlen(big) + 3);
	expect("END");
}

/* 64 KiB of commands in one piece, a slow line, a slow root: every one of them is done, in order. */
static void paste(void **state)
{
	static char text[70000];
	char line[64];
	size_t used = 0;
	u32 count = 0;

	(void)state;
	while (used < 65536)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
			"create-vm v%u --cmdline \"%060u\" --dry-run\r", count++, 0);
	fake_screen(root);
	root->send_limit = 3000;
	for (size_t at = 0; at < used || session_has_input(&session) || session_has_output(&session);) {
		size_t room = session_input_room(&session);

		if (room > used - at)
			room = used - at;
		console_input(&session, text + at, room);
		at += room;
		fake_run(root);
	}
	for (u32 i = 0; i < count; i++) {
		snprintf(line, sizeof(line), "create-vm v%u --cmdline", i);
		expect(line);
	}
	for (const char *at = root->terminal; (at = strstr(at, "would succeed")) != 0; at++)
		count--;
	assert_int_equal(count, 0);
}

static bool shows_frame(void)
{
	return strstr(root->terminal, "\x1b_vos;") != 0;
}

/* What a guest writes is never taken for an answer of VOS', in whatever pieces it comes. */
static void forged_frames(void **state)
{
	static const char forged[] = "\x1b_vos;1;control;e30=;00000000\x1b\\", twice[] = "\x1b\x1b_vos;1;events;";

	(void)state;
	run_vm("a");
	fake_guest_writes(root, "a", forged);
	fake_run(root);
	fake_type(root, "console a\r");		/* shows the last lines */
	expect("\x1b_vos\x18;1;control;e30=;");
	assert_false(shows_frame());
	for (size_t split = 1; split < sizeof(forged) - 1; split++) {
		fake_screen(root);
		for (size_t i = 0; i < sizeof(forged) - 1; i++) {
			char byte[2] = { forged[i], 0 };

			fake_guest_writes(root, "a", byte);
			if (i % split == 0)
				fake_run(root);
		}
		fake_run(root);
		expect("\x1b_vos\x18;1;control;");
		assert_false(shows_frame());
	}
	fake_guest_writes(root, "a", twice);
	fake_run(root);
	expect("\x1b\x1b_vos\x18;1;events;");
	assert_false(shows_frame());
	fake_screen(root);
	fake_guest_writes(root, "a", "\x1b_G other strings\x1b\\ vos; pass");
	fake_run(root);
	expect("\x1b_G other strings\x1b\\ vos; pass");
	fake_type(root, "\x1d" "d");
}

static void completion(void **state)
{
	(void)state;
	make_vm("build1");
	fake_type(root, "sta\tr\t\t");
	assert_string_equal(session.editor.line, "start-vm build1 ");
	fake_type(root, "\x15" "create-vm x --ker\tdeb\t");
	assert_string_equal(session.editor.line, "create-vm x --kernel debian-");
	fake_screen(root);
	fake_type(root, "\t");
	expect("debian-kernel  debian-initrd");
	fake_type(root, "\x15status-vm ?");
	expect("NAME: name of the VM");
	expect("  build1\r\n");
	assert_string_equal(session.editor.line, "status-vm ");
	fake_type(root, "\x15" "status-vm b?1");
	assert_string_equal(session.editor.line, "status-vm b?1");
	fake_type(root, "\x15" "status-?");
	expect("  status-vm       show a VM's details\r\n");
	assert_string_equal(session.editor.line, "status-");
}

/* Rings and the like belong to a VM, not to the place that it has. */
static void places_are_numbered(void **state)
{
	static struct inventory m;
	struct vm_report r = { .name = "a", .index = 7 };
	u32 first = inventory_update(&m, &r)->number, second;

	(void)state;
	assert_int_not_equal(first, 0);
	assert_int_equal(inventory_update(&m, &r)->number, first);
	r.name[0] = 'b';
	second = inventory_update(&m, &r)->number;
	assert_int_not_equal(second, first);
	inventory_forget(&m, "b");
	assert_int_equal(m.vms[7].number, 0);
	r.name[0] = 'a';
	assert_int_not_equal(inventory_update(&m, &r)->number, 0);
	assert_int_not_equal(inventory_update(&m, &r)->number, first);
	assert_int_not_equal(inventory_update(&m, &r)->number, second);
	inventory_forget(&m, "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(five_commands, setup, teardown),
		cmocka_unit_test_setup_teardown(cpu_load, setup, teardown),
		cmocka_unit_test_setup_teardown(refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(power, setup, teardown),
		cmocka_unit_test_setup_teardown(interruptions, setup, teardown),
		cmocka_unit_test_setup_teardown(waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(terminals, setup, teardown),
		cmocka_unit_test_setup_teardown(menu, setup, teardown),
		cmocka_unit_test_setup_teardown(much_output, setup, teardown),
		cmocka_unit_test_setup_teardown(paste, setup, teardown),
		cmocka_unit_test_setup_teardown(a_crash, setup, teardown),
		cmocka_unit_test_setup_teardown(forged_frames, setup, teardown),
		cmocka_unit_test_setup_teardown(completion, setup, teardown),
		cmocka_unit_test(places_are_numbered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
