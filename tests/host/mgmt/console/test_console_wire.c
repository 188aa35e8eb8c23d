/* SPDX-License-Identifier: MIT */
/*
 * Programs on the console's line: commands in frames and their answers, frames that come slowly or broken, and a person
 * at the same time.
 */
/*
 * links: console
 * helpers: fake_root.c
 */
#include "console_bench.h"
#include "units.h"

static void programs(void **state)
{
	char channel[FRAME_CHANNEL_BYTES];

	(void)state;
	fake_type(root, "half a li");
	exchange("{\"execute\":\"list-vm\",\"id\":1}", "{\"return\":[],\"id\":1}");
	exchange("{\"execute\":\"create-vm\",\"arguments\":{\"name\":\"a\",\"cpu\":1,\"memory\":268435456},\"id\":"
		 "\"x\"}",
		"\"memory\":268435456");
	exchange("{\"execute\":\"create-vm\",\"arguments\":{\"name\":\"b\",\"memory\":\"64M\",\"module\":[\"m\","
		 "\"n\"]},\"id\":\"x\"}",
		"\"module\":[\"m\",\"n\"]");
	expect_not("vos>");
	exchange("{\"execute\":\"create-vm\",\"arguments\":{\"name\":\"a\"},\"id\":-3}",
		"{\"error\":{\"class\":\"E_EXISTS\",\"code\":4,");
	assert_non_null(strstr(answer, ",\"id\":-3}"));
	exchange("{\"execute\":\"sync\",\"arguments\":{\"token\":\"r4nd\"},\"id\":5}", "\"token\":\"r4nd\"");
	exchange("{\"execute\":\"start-vm\",\"arguments\":{\"name\":\"a\"},\"id\":6}", "\"state\":\"running\"");
	forget_frames();
	fake_event(root, "a", VM_CRASHED, STOP_TRIPLE_FAULT);
	fake_run(root);
	assert_true(next_frame(channel));
	assert_string_equal(channel, "events");
	assert_non_null(strstr(answer, "{\"event\":\"VM_STATE\",\"data\":{\"name\":\"a\",\"state\":\"crashed\","
				       "\"reason\":\"triple-fault\""));
	exchange("{\"execute\":\"set-vm\",\"arguments\":{\"name\":\"a\",\"affinity\":[0],\"cap\":50}}",
		"\"cap\":\"50%\",\"affinity\":\"0\"");
	exchange("{\"execute\":\"set-vm\",\"arguments\":{\"name\":\"a\",\"affinity\":[0,\"x\"]}}", "list of pCPUs");
	exchange("{\"execute\":\"set-vm\",\"arguments\":{\"name\":\"a\",\"affinity\":[[0]]}}", "no usable value");
	exchange("{\"execute\":\"set-vm\",\"arguments\":{\"name\":\"a\",\"cap\":[50]}}", "no usable value");
	exchange("{\"execute\":\"stats-vm\",\"arguments\":{\"name\":\"a\"}}", "\"exit-reasons\":[{\"reason\":\"port\"");
	exchange("{\"execute\":\"info\"}", "\"virtualization\":\"svm\"");
	exchange("{\"execute\":\"log-vm\",\"arguments\":{\"name\":\"a\",\"lines\":5}}", "\"text\":\"\"");
	exchange("{\"execute\":\"shutdown\"}", "vos.conf lacks definitions, see export-config: a, b.");
	assert_false(root->is_down);
	exchange("{\"execute\":\"shutdown\",\"arguments\":{\"yes\":true}}", "{\"return\":{}}");
	fake_screen(root);
	fake_type(root, "\x15version\r");
	expect("VOS " VOS_VERSION "\r\n");
}

static void bad_programs(void **state)
{
	static const struct { const char *message, *words;
	} bad[] = {
		{ "", "E_LINK" },
		{ "[]", "E_LINK" },
		{ "{", "E_LINK" },
		{ "{}", "no \\\"execute\\\"" },
		{ "{\"execute\":7}", "there is no command" },
		{ "{\"execute\":[]}", "no \\\"execute\\\"" },
		{ "{\"execute\":\"list\"}", "there is no command" },
		{ "{\"execute\":\"console\",\"id\":4}", "for people" },
		{ "{\"execute\":\"create-vm\"}", "needs --name" },
		{ "{\"execute\":\"create-vm\",\"arguments\":[]}", "not an object" },
		{ "{\"execute\":\"create-vm\",\"arguments\":{\"name\":\"a\",\"nxme\":1}}", "no argument" },
		{ "{\"execute\":\"create-vm\",\"arguments\":{\"name\":null}}", "no usable value" },
		{ "{\"execute\":\"create-vm\",\"arguments\":{\"name\":\"a\",\"name\":\"b\"}}", "twice" },
		{ "{\"execute\":\"create-vm\",\"arguments\":{\"name\":\"a\",\"memory\":1.5}}", "in bytes" },
		{ "{\"execute\":\"create-vm\",\"arguments\":{\"name\":\"a\",\"memory\":99999999999999999999}}",
			"in bytes" },
		{ "{\"execute\":\"create-vm\",\"arguments\":{\"name\":\"a\",\"cpu\":[1]}}", "no usable value" },
		{ "{\"execute\":\"list-vm\",\"id\":{}}", "the id is neither" },
		{ "{\"execute\":\"list-vm\",\"arguments\":{\"json\":true}}", "no argument" },
		{ "{\"execute\":\"sync\"}", "needs a token" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		exchange(bad[i].message, bad[i].words);
	send_frame("bulk", "{}");
	next_frame(answer);
	assert_non_null(strstr(answer, "no such channel"));
	forget_frames();
	fake_type(root, "\x1b_vos;1;control;broken\x1b\\");
	assert_true(next_frame(answer));
	assert_non_null(strstr(answer, "E_LINK"));
	exchange("{\"execute\":\"version\"}", VOS_VERSION);
	command("version", "VOS", RESULT_OK);
}

static void split_frame(const char *message, size_t at, u64 pause_ns)
{
	const char *text = framed("control", message);
	size_t length = strlen(text);

	forget_frames();
	fake_type_bytes(root, text, at < length ? at : length);
	root->now_ns += pause_ns;
	fake_run(root);
	if (at < length)
		fake_type(root, text + at);
}

/* A frame with a pause after any of its bytes is answered, and leaves no key on the person's line. */
static void slow_programs(void **state)
{
	static const char question[] = "{\"execute\":\"version\",\"id\":7}";
	static const u32 pauses_ms[] = { 50, 99, 100, 101, 500, 1000, 3000 };
	char channel[FRAME_CHANNEL_BYTES];

	(void)state;
	for (size_t p = 0; p < ARRAY_COUNT(pauses_ms); p++)
		for (size_t at = 1; at < 75; at++) {
			fake_type(root, "ver");
			split_frame(question, at, pauses_ms[p] * NS_PER_MS);
			if (!next_frame(channel) || !strstr(answer, "\"id\":7}") || strstr(answer, "error"))
				fail_msg("split at %zu, %u ms: no answer", at, pauses_ms[p]);
			assert_string_equal(session.editor.line, "ver");
			fake_type(root, "b\x15");
		}
}

/* What is wrong with a frame is told to its sender by the id, where that can be read; nothing is left on the line. */
static void spoiled_frames(void **state)
{
	static const char good[] = "\x1b_vos;1;control;"
		"eyJleGVjdXRlIjoidmVyc2lvbiIsImlkIjogIjl4In0=;00000000\x1b\\";
	static char text[FRAME_BYTES * 2];
	size_t length = strlen(good);

	(void)state;
	for (size_t at = 6; at < length - 2; at++) {
		static const char bad[] = "\r\n \xff\a";

		fake_screen(root);
		next_frame(NULL);
		memcpy(text, good, at);
		text[at] = bad[at % 5];
		memcpy(text + at + 1, good + at, length - at + 1);
		fake_type(root, text);
		assert_true(next_frame(answer));
		assert_non_null(strstr(answer, "\"class\":\"E_LINK\""));
		assert_non_null(strstr(answer, "},\"id\":\"9x\"}"));
		assert_string_equal(session.editor.line, "");
	}
	/* Cut off behind the id; a wrong channel; JSON that does not end; too long. */
	forget_frames();
	fake_type_bytes(root, good, length - 11);
	root->now_ns += FRAME_BODY_IDLE_NS;
	fake_run(root);
	assert_true(next_frame(answer));
	assert_non_null(strstr(answer, "cut off\"},\"id\":\"9x\"}"));
	send_frame("bulk", "{\"id\":3}");
	assert_true(next_frame(answer));
	assert_non_null(strstr(answer, "},\"id\":3}"));
	exchange("{\"id\" : 4, \"execute\"", "},\"id\":4}");
	exchange("{\"id\":5", "\"}}");
	exchange("{\"id\":01, \"execute\"", "\"}}");
	exchange("{\"id\":-, \"execute\"", "\"}}");
	exchange("{\"id\":1-2, \"execute\"", "\"}}");
	exchange("{\"execute\":\"version\",\"id\":\"\xff\"}", "\"}}");
	exchange("{\"execute\":\"version\",\"a\":\"\xff\",\"id\":6}", "},\"id\":6}");
	memset(text, 'A', sizeof(text));
	memcpy(text, good, 16);
	memcpy(text + 16, "eyJpZCI6MTIsImEiOiIi", 20);	/* {"id":12,"a":"" */
	snprintf(text + sizeof(text) - 3, 3, "\x1b\\");
	forget_frames();
	fake_type(root, text);
	assert_true(next_frame(answer));
	assert_non_null(strstr(answer, "too long\"},\"id\":12}"));
	command("version", "VOS", RESULT_OK);
}

/* A program and a person at the same time, the person in a VM's terminal. */
static void side_by_side(void **state)
{
	(void)state;
	run_vm("a");
	fake_type(root, "console a\rab");
	exchange("{\"execute\":\"pause-vm\",\"arguments\":{\"name\":\"a\"}}", "paused");
	fake_type(root, "c");
	assert_memory_equal(root->vms[0].input, "abc", 3);
	assert_int_equal(root->vms[0].in_count, 3);
	fake_type(root, "\x1b");
	assert_int_equal(root->vms[0].in_count, 3);
	root->now_ns += FRAME_IDLE_NS;
	fake_run(root);
	assert_int_equal(root->vms[0].in_count, 4);
}

/* vos.conf is applied by a program: what of it was done, VM by VM, and where it is wrong. */
static void configuration(void **state)
{
	(void)state;
	root = fake_start(&session, "vm a { cap 50% }\nvm b { cpu x }\nvm c { memory 64G }\nvm d { autostart yes }\n");
	exchange("{\"execute\":\"sync\",\"arguments\":{\"token\":\"r4nd\"}}", "r4nd");
	exchange("{\"execute\":\"delete-vm\",\"arguments\":{\"name\":\"d\",\"force\":true,\"yes\":true}}", "{}");
	exchange("{\"execute\":\"set-vm\",\"arguments\":{\"name\":\"a\",\"cap\":\"none\",\"cpu\":2,\"module\":[]}}",
		"\"cap\":\"none\"");
	exchange("{\"execute\":\"start-vm\",\"arguments\":{\"name\":\"a\"}}", "running");
	exchange("{\"execute\":\"apply-config\",\"arguments\":{\"dry-run\":true},\"id\":1}",
		"{\"return\":{\"dry-run\":true,\"vms\":["
		"{\"name\":\"a\",\"created\":false,\"started\":false,\"set\":[\"cap\"],\"differs\":[\"cpu\"]},"
		"{\"name\":\"c\",\"created\":false,\"started\":false,\"set\":[],\"differs\":[],"
		"\"error\":{\"class\":\"E_NOMEM\",\"code\":5,");
	assert_non_null(strstr(answer, "{\"name\":\"d\",\"created\":true,\"started\":true,\"set\":[],\"differs\":[]}],"
		"\"switches\":[],\"routers\":[],\"mistakes\":[{\"line\":2,\"column\":12,\"desc\":\"--cpu needs"));
	assert_non_null(strstr(answer, "\"}],\"holds\":false},\"id\":1}"));
	exchange("{\"execute\":\"status-vm\",\"arguments\":{\"name\":\"d\"}}", "E_NOT_FOUND");
	exchange("{\"execute\":\"apply-config\"}", "\"set\":[\"cap\"]");
	exchange("{\"execute\":\"status-vm\",\"arguments\":{\"name\":\"d\"}}", "\"state\":\"running\"");
	exchange("{\"execute\":\"export-config\",\"arguments\":{\"name\":\"d\"}}",
		"{\"return\":{\"text\":\"vm d {\\n\\u0009cpu 1;\\n\\u0009memory 512M;\\n");
	expect_not("vos.conf:");
	command("apply-config --json", "\"holds\":false}}\r\n", RESULT_FAILED);
	root = fake_start(&session, "vm a { }\n");
	command("apply-config --json", "\"mistakes\":[],\"holds\":true}}\r\n", RESULT_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(programs, setup, teardown),
		cmocka_unit_test_setup_teardown(configuration, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_programs, setup, teardown),
		cmocka_unit_test_setup_teardown(slow_programs, setup, teardown),
		cmocka_unit_test_setup_teardown(spoiled_frames, setup, teardown),
		cmocka_unit_test_setup_teardown(side_by_side, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
