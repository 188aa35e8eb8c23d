/* SPDX-License-Identifier: MIT */
/*
 * The console in front of a fake root: ping and traceroute, each answer as it comes, and what came of them all.
 */
/*
 * links: console
 * helpers: fake_root.c
 */
#include "console_bench.h"
#include "units.h"

static void wait_second(void)
{
	root->now_ns += NS_PER_SECOND;
	fake_run(root);
	fake_screen(root);
}

static void await(const char *words)
{
	for (u32 i = 0; i < 40 && !strstr(root->terminal, words); i++)
		wait_second();
	expect(words);
}

static void pings(void **state)
{
	(void)state;
	command("ping 10.0.2.2 --count 2", "to 10.0.2.2 by router nat\r\n 1  10.0.2.2 answers in 1.234 ms", RESULT_OK);
	expect_not("2 sent");
	await("2 sent, 2 answered");
	expect_80_columns();
	command("ping web --router one --count 1", "to 10.111.0.7 by router one", RESULT_OK);
	command("ping 10.0.8.8 --count 1", "nobody answers at 10.0.8.8 (1 sent)", RESULT_TIMEOUT);
	command("ping 10.0.7.7 --router one --count 3", "router one has no route to 10.0.7.7. See show-router one",
		RESULT_NOT_FOUND);
	command("ping 10.0.2.2 --router none", "there is no router", RESULT_NOT_FOUND);
	command("ping 10.0.2.2 --count 1 --router hostile", "1  ", RESULT_TIMEOUT);
}

static void traces(void **state)
{
	(void)state;
	command("traceroute 10.0.9.9", " 1  10.0.0.1 in 1.234 ms", RESULT_OK);
	await(" 2  no answer\r\n");
	await(" 3  10.0.9.9 answers in 1.234 ms");
	command("traceroute 10.0.9.9 --hops 1", " 1  10.0.0.1 in 1.234 ms", RESULT_OK);
	command("traceroute 10.0.8.8 --hops 1", "nobody answers at 10.0.8.8 (1 sent)", RESULT_TIMEOUT);
}

/* Ctrl-C ends it: nothing more is sent, and nothing is left in the background. */
static void interrupted(void **state)
{
	(void)state;
	command("ping 10.0.2.2", " 1  10.0.2.2 answers", RESULT_OK);
	fake_type(root, "\003");
	expect("^C");
	expect_not("background");
	await("vos> ");
	clear_screen();
	for (u32 i = 0; i < 5; i++)
		wait_second();
	expect_not("answers");
	root->is_slow = true;
	fake_type(root, "ping 10.0.2.2\r");
	fake_type(root, "\003");
	expect_not("background");
	root->is_slow = false;
	fake_answer(root);
	command("version", "VOS", RESULT_OK);
	expect_not("answers");
}

static void refused(void **state)
{
	(void)state;
	command("ping", "needs --address ADDRESS|VM", RESULT_USAGE);
	command("ping 0.0.0.0", "0.0.0.0 is nobody's address", RESULT_USAGE);
	command("ping fe80::1", "routers send pings to IPv4 addresses alone", RESULT_UNSUPPORTED);
	command("ping A_B", "\"A_B\" is neither an IPv4 address nor a VM", RESULT_USAGE);
	command("ping 10.0.2.2 --count 0", "--count needs a number from 1 to 30", RESULT_USAGE);
	command("ping 10.0.2.2 --count 31", "--count needs a number from 1 to 30", RESULT_USAGE);
	command("traceroute 10.0.2.2 --hops x", "--hops needs a number from 1 to 30", RESULT_USAGE);
}

static void neighbours(void **state)
{
	(void)state;
	command("arp", "nat0", RESULT_NOT_FOUND);
	command("create-router nat --inner lan,10.111.0.1/24", "is made", RESULT_OK);
	command("arp --router nat", "10.0.2.2", RESULT_OK);
	expect_80_columns();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pings, setup, teardown),
		cmocka_unit_test_setup_teardown(traces, setup, teardown),
		cmocka_unit_test_setup_teardown(interrupted, setup, teardown),
		cmocka_unit_test_setup_teardown(refused, setup, teardown),
		cmocka_unit_test_setup_teardown(neighbours, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
