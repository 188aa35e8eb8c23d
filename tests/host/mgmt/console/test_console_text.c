/* SPDX-License-Identifier: MIT */
/*
 * Programs that ask for text: the answer carries what the prompt prints for the same command.
 */
/*
 * links: console
 * helpers: fake_root.c
 */
#include "console_bench.h"
#include "units.h"

/* What the prompt prints for the line, between its echo and the next prompt. */
static const char *printed(const char *line)
{
	static char text[FAKE_TERMINAL_BYTES];
	const char *from, *to;
	size_t used = 0;

	clear_screen();
	fake_type(root, line);
	fake_type(root, "\r");
	from = strchr(root->terminal, '\n');
	assert_non_null(from);
	to = strstr(from, "\r\nvos> ");
	to = to ? to + 2 : strstr(from, "vos> ");
	assert_non_null(to);
	for (from++; from < to; from++)
		if (*from != '\r')
			text[used++] = *from;
	text[used] = 0;
	return text;
}

static void expect_text(const char *message, const char *text)
{
	static char found[65536];

	exchange(message, "\"text\":");
	assert_true(json_value(&json, json_member(&json, 0, "text"), found, sizeof(found)));
	assert_string_equal(found, text);
}

static void texts_are_the_prompts(void **state)
{
	static const struct { const char *line, *message; } rows[] = {
		{ "list-vm", "{\"execute\":\"list-vm\",\"text\":true,\"id\":1}" },
		{ "status-vm none",
			"{\"execute\":\"status-vm\",\"arguments\":{\"name\":\"none\"},\"text\":true,\"id\":2}" },
		{ "list-image", "{\"execute\":\"list-image\",\"text\":true,\"id\":3}" },
		{ "version", "{\"execute\":\"version\",\"text\":true,\"id\":4}" },
		{ "log --lines 3", "{\"execute\":\"log\",\"arguments\":{\"lines\":3},\"text\":true,\"id\":5}" },
		{ "log-vm a", "{\"execute\":\"log-vm\",\"arguments\":{\"name\":\"a\"},\"text\":true,\"id\":6}" },
		{ "export-config", "{\"execute\":\"export-config\",\"text\":true,\"id\":7}" },
		{ "start-vm a --dry-run",
			"{\"execute\":\"start-vm\",\"arguments\":{\"name\":\"a\",\"dry-run\":true},\"text\":true}" },
		{ "resume-vm a b none",
			"{\"execute\":\"resume-vm\",\"arguments\":{\"name\":[\"a\",\"b\",\"none\"]},\"text\":true}" },
		{ "pause-vm --all", "{\"execute\":\"pause-vm\",\"arguments\":{\"all\":true},\"text\":true}" },
	};

	(void)state;
	make_vm("a");
	make_vm("b");
	for (u32 i = 0; i < ARRAY_COUNT(rows); i++)
		expect_text(rows[i].message, printed(rows[i].line));
}

static void errors_keep_their_class(void **state)
{
	(void)state;
	make_vm("a");
	exchange("{\"execute\":\"create-vm\",\"arguments\":{\"name\":\"a\"},\"text\":true,\"id\":1}",
		"\"error\":{\"class\":\"E_EXISTS\",\"code\":4,");
	exchange("{\"execute\":\"resume-vm\",\"arguments\":{\"name\":[\"a\",\"x\"]},\"text\":true,\"id\":2}",
		"\"error\":{\"class\":\"E_STATE\",\"code\":4,");
	exchange("{\"execute\":\"shutdown\",\"text\":true,\"id\":3}", "Say \\\"yes\\\" if that is meant");
	assert_false(root->is_down);
	exchange("{\"execute\":\"delete-vm\",\"arguments\":{\"all\":true},\"text\":true}", "Say \\\"yes\\\" to delete");
	/* Without the member, or with another value, the answer is what it was. */
	exchange("{\"execute\":\"version\",\"text\":false,\"id\":4}",
		"{\"return\":{\"version\":\"" VOS_VERSION "\"},\"id\":4}");
	exchange("{\"execute\":\"version\",\"text\":\"true\",\"id\":5}",
		"{\"return\":{\"version\":\"" VOS_VERSION "\"},\"id\":5}");
	exchange("{\"execute\":\"shutdown\",\"arguments\":{\"yes\":true},\"text\":true,\"id\":6}",
		"{\"text\":\"Switching off.\\n\",\"return\":{},\"id\":6}");
}

static void tables_of_top(void **state)
{
	char channel[FRAME_CHANNEL_BYTES];

	(void)state;
	run_vm("a");
	forget_frames();
	fake_type(root, framed("control", "{\"execute\":\"top\",\"arguments\":{\"count\":2,\"interval\":\"1s\"},"
		"\"text\":true,\"id\":1}"));
	root->now_ns += 2 * NS_PER_SECOND;
	fake_run(root);
	assert_true(next_frame(channel));
	assert_string_equal(channel, "events");
	assert_non_null(strstr(answer, "{\"event\":\"TOP\",\"data\":{\"text\":\""));
	assert_non_null(strstr(answer, "NAME"));
	root->now_ns += 2 * NS_PER_SECOND;
	fake_run(root);
	assert_true(next_frame(channel));
	assert_string_equal(channel, "control");
	assert_non_null(strstr(answer, "{\"text\":\""));
	assert_non_null(strstr(answer, "\"return\":{},\"id\":1}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(texts_are_the_prompts, setup, teardown),
		cmocka_unit_test_setup_teardown(errors_keep_their_class, setup, teardown),
		cmocka_unit_test_setup_teardown(tables_of_top, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
