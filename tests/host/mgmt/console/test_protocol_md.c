/* SPDX-License-Identifier: MIT */
/*
 * docs/PROTOCOL.md is true: its lists of limits, errors and commands are what the tables say
 * (`build/host/test_protocol_md --write` writes them), and the fields of replies are those of real replies.
 */
/*
 * links: console
 * helpers: fake_root.c
 */
#include <stdlib.h>

#include "console_bench.h"
#include "units.h"

#define PAGE "docs/PROTOCOL.md"

static char page[65536], rewritten[65536];

/* ---- what is written from the tables ---- */

static void write_limits(const struct out *out)
{
	out_format(out, "* The frame is at most %u bytes, from `1;` to the CRC.\n", FRAME_BYTES);
	out_format(out, "* `id` as JSON text is at most %u bytes, `token` of `sync` at most 127.\n",
		JSON_ID_BYTES - 1);
	out_format(out, "* An object nests at most %u deep and has at most %u values and names.\n", JSON_DEPTH,
		JSON_TOKENS);
	out_format(out, "* A pause within a frame is at most %u s; `ESC` alone is taken for a key after %u ms.\n",
		(u32)(FRAME_BODY_IDLE_NS / NS_PER_SECOND), (u32)(FRAME_IDLE_NS / NS_PER_MS));
	out_format(out, "* A name of a VM is at most %u bytes, one of an image %u, a `cmdline` %u. "
		"There are at most %u VMs.\n", VM_NAME_BYTES - 1, IMAGE_NAME_BYTES - 1, CMDLINE_BYTES - 1, VM_COUNT);
}

static void write_errors(const struct out *out)
{
	static const char *const words[RESULT_DONE + 1] = {
		[RESULT_FAILED] = "failed; also `E_ENDED`: the VM ended before what was asked for came true, "
				  "`E_CANCELED`: by `cancel`",
		[RESULT_USAGE] = "the command or an argument is wrong",
		[RESULT_NOT_FOUND] = "there is no such VM or image",
		[RESULT_STATE] = "not in this state; also `E_EXISTS`: the name is taken",
		[RESULT_RESOURCES] = "not enough; also `E_NOMEM`: memory, `E_LIMIT`: a limit of VOS",
		[RESULT_DENIED] = "not allowed",
		[RESULT_TIMEOUT] = "not done in time; also `E_BUSY`: try again",
		[RESULT_LINK] = "the frame or the message is not right",
		[RESULT_UNSUPPORTED] = "not supported by VOS or this machine",
		[RESULT_INTEGRITY] = "something is damaged",
		[RESULT_DONE] = "the command is done, but its answer is lost: look at the state",
	};

	out_text(out, "| code | class | meaning |\n|---|---|---|\n");
	for (u32 i = RESULT_FAILED; i <= RESULT_DONE; i++)
		out_format(out, "| %u | `%s` | %s |\n", i, error_class((enum result)i), words[i]);
}

static void write_commands(const struct out *out)
{
	out_text(out, "Arguments in brackets may be left out. The prompt's other commands are for people only.\n\n"
		      "| command | arguments |\n|---|---|\n| sync | token |\n");
	FOR_EACH_COMMAND(c) {
		bool is_first = true;

		if (c->is_for_people)
			continue;
		out_format(out, "| %s | ", c->verb);
		for (u32 arg = 0; arg < ARG_COUNT; arg++) {
			bool is_needed = c->needs & ARG_BIT(arg);

			if (!(c->takes & ARG_BIT(arg)) || arg == ARG_JSON || arg == ARG_QUIET ||
				arg == ARG_ALL)
				continue;
			out_format(out, is_needed ? "%s%s" : "%s[%s]", is_first ? "" : " ", arg_specs[arg].name);
			if (arg == ARG_NAME && (c->takes & ARG_BIT(ARG_ALL)))
				out_text(out, " or all");
			is_first = false;
		}
		out_text(out, " |\n");
	}
}

static const struct { const char *marker; void (*write)(const struct out *out); } parts[] = {
	{ "<!-- limits -->\n", write_limits }, { "<!-- errors -->\n", write_errors },
	{ "<!-- commands -->\n", write_commands },
};

/* The page as it is, with these parts written anew. */
static void rewrite(void)
{
	struct out_buffer buffer;
	const char *rest = page;
	struct out out;

	out_buffer_init(&buffer, rewritten, sizeof(rewritten));
	out = out_to_buffer(&buffer);
	for (u32 i = 0; i < ARRAY_COUNT(parts); i++) {
		const char *start = strstr(rest, parts[i].marker), *end = start ? strstr(start, "<!-- end -->\n") : 0;

		if (!end)
			fail_msg("%s is not in " PAGE, parts[i].marker);
		start += strlen(parts[i].marker);
		out_bytes(&out, rest, (size_t)(start - rest));
		parts[i].write(&out);
		rest = end;
	}
	out_text(&out, rest);
	assert_false(buffer.is_full);
}

static void read_page(void)
{
	FILE *file = fopen(PAGE, "r");
	size_t count;

	assert_non_null(file);
	count = fread(page, 1, sizeof(page) - 1, file);
	page[count] = 0;
	assert_int_equal(fclose(file), 0);
}

static void lists_are_up_to_date(void **state)
{
	(void)state;
	read_page();
	rewrite();
	if (strcmp(page, rewritten) != 0)
		fail_msg(PAGE " is not what the tables say: run build/host/test_protocol_md --write");
}

/* ---- fields ---- */

static char section[16384], unseen[16384];

/* Take the last frame that the terminal got. */
static void take_answer(const char *channel)
{
	char name[FRAME_CHANNEL_BYTES];
	static char last[sizeof(answer)];

	last[0] = 0;
	next_frame(NULL);
	while (next_frame(name))
		if (strcmp(name, channel) == 0)
			memcpy(last, answer, sizeof(answer));
	memcpy(answer, last, sizeof(answer));
	if (!json_parse(&json, answer, strlen(answer)))
		fail_msg("no answer, or no JSON: %s", answer);
}

static void ask(const char *message)
{
	fake_screen(root);
	wire(message);
}

/* The section's list must name that field. Names that were seen are taken out of the copy `unseen`. */
static void check_field(const char *title, const char *path)
{
	char quoted[128];
	char *at;

	snprintf(quoted, sizeof(quoted), "`%s`", path);
	at = strstr(section, quoted);
	if (!at)
		fail_msg("%s has a field %s, which " PAGE " does not name", title, path);
	else
		memset(unseen + (at - section), '_', strlen(quoted));
}

static void walk(const char *title, u32 token, const char *path)
{
	const struct json_token *t = &json.tokens[token];
	char inner[128], name[64];

	if (t->type != JSON_OBJECT && t->type != JSON_ARRAY) {
		check_field(title, path);
		return;
	}
	for (u32 i = token + 1; i < t->end; i = json.tokens[t->type == JSON_OBJECT ? i + 1 : i].end) {
		if (t->type == JSON_ARRAY) {
			snprintf(inner, sizeof(inner), "%s[]", path);
			walk(title, i, inner);
		} else {
			assert_true(json_value(&json, i, name, sizeof(name)));
			snprintf(inner, sizeof(inner), "%s%s%s", path, path[0] ? "." : "", name);
			walk(title, i + 1, inner);
		}
	}
	snprintf(inner, sizeof(inner), "`%s[]", path);
	if (t->end == token + 1 && !strstr(section, inner))
		fail_msg("%s has a list %s, which " PAGE " does not name", title, path);
}

/* The lines of a section's list up to their colons, each line that begins with "- `". */
static void take_section(const char *title)
{
	char heading[64];
	const char *at;
	size_t used = 0;

	snprintf(heading, sizeof(heading), "\n### %s\n", title);
	at = strstr(page, heading);
	if (!at)
		fail_msg("no section %s in " PAGE, title);
	for (at += strlen(heading); *at && strncmp(at, "##", 2) != 0; at = strchr(at, '\n') + 1) {
		size_t length = strcspn(at, "\n");

		if (strncmp(at, "- `", 3) != 0)
			continue;
		for (size_t i = 0; i < length && !(at[i] == '`' && at[i + 1] == ':'); i++)
			section[used++] = at[i];
		section[used++] = '`';
		section[used++] = '\n';
	}
	section[used] = 0;
	memcpy(unseen, section, sizeof(unseen));
}

static void check_section(const char *title, u32 token)
{
	const char *left;

	take_section(title);
	walk(title, token, "");
	left = strchr(unseen, '`');
	if (left)
		fail_msg(PAGE ": %s has no field %.40s", title, left);
}

static void check_reply(const char *title, const char *message)
{
	ask(message);
	for (u32 i = 0; i < 4; i++) {
		root->now_ns += 2 * NS_PER_SECOND;
		fake_run(root);
	}
	take_answer("control");
	if (!json_member(&json, 0, "return"))
		fail_msg("%s: %s", message, answer);
	check_section(title, json_member(&json, 0, "return"));
}

static void fields_are_those_of_replies(void **state)
{
	char text[160];

	(void)state;
	read_page();
	check_reply("sync", "{\"execute\":\"sync\",\"arguments\":{\"token\":\"c0ffee\"},\"id\":0}");
	check_reply("hello", "{\"execute\":\"hello\",\"arguments\":{\"client\":\"a\"},\"id\":0}");
	snprintf(text, sizeof(text), "{\"execute\":\"login\",\"arguments\":{\"name\":\"alice\",\"password\":\""
		FAKE_PASSWORD "\"},\"c\":%llu,\"id\":1}", (unsigned long long)session.clients.list[0].number);
	session.console->has_users = true;
	check_reply("login", text);
	session.console->has_users = false;
	command("create-switch lan", "made", RESULT_OK);
	command("create-vm a --module one --disk 64M,on=ram --nic lan", "defined", RESULT_OK);
	command("start-vm a", "running", RESULT_OK);
	check_reply("stats-vm", "{\"execute\":\"stats-vm\",\"arguments\":{\"name\":\"a\"}}");
	check_reply("list-image", "{\"execute\":\"list-image\"}");
	check_reply("list-device", "{\"execute\":\"list-device\"}");
	check_reply("list-service", "{\"execute\":\"list-service\"}");
	check_reply("list-disk", "{\"execute\":\"list-disk\"}");
	check_reply("A pool",
		"{\"execute\":\"create-pool\",\"arguments\":{\"name\":\"p\",\"disk\":\"virtio0\",\"yes\":true}}");
	check_reply("list-pool", "{\"execute\":\"list-pool\"}");
	check_reply("A volume", "{\"execute\":\"create-volume\",\"arguments\":{\"name\":\"data\",\"size\":\"1G\"}}");
	check_reply("list-volume", "{\"execute\":\"list-volume\",\"arguments\":{\"name\":\"copy.0\"}}");
	command("create-vm myvm", "defined", RESULT_OK);
	check_reply("snapshot-vm", "{\"execute\":\"snapshot-vm\",\"arguments\":{\"name\":\"myvm\"}}");
	check_reply("list-snapshot", "{\"execute\":\"list-snapshot\"}");
	check_reply("list-switch", "{\"execute\":\"list-switch\"}");
	check_reply("show-switch", "{\"execute\":\"show-switch\",\"arguments\":{\"name\":\"lan\"}}");
	command("create-router nat --outer lan --inner lan,10.1.0.1/24 --forward tcp:1:web:2", "made", RESULT_OK);
	check_reply("list-router", "{\"execute\":\"list-router\"}");
	check_reply("show-router", "{\"execute\":\"show-router\",\"arguments\":{\"name\":\"nat\"}}");
	check_reply("ping", "{\"execute\":\"ping\",\"arguments\":{\"address\":\"10.0.2.2\",\"count\":2}}");
	check_reply("traceroute", "{\"execute\":\"traceroute\",\"arguments\":{\"address\":\"10.0.9.9\"}}");
	check_reply("arp", "{\"execute\":\"arp\",\"arguments\":{\"router\":\"nat\"}}");
	check_reply("info", "{\"execute\":\"info\"}");
	check_reply("The processor", "{\"execute\":\"info\",\"arguments\":{\"cpu\":true}}");
	check_reply("accounting", "{\"execute\":\"accounting\"}");
	check_reply("top", "{\"execute\":\"top\"}");
	check_reply("log-vm", "{\"execute\":\"log-vm\",\"arguments\":{\"name\":\"a\"}}");
	check_reply("log", "{\"execute\":\"log\"}");
	check_reply("who", "{\"execute\":\"who\"}");
	check_reply("list-user", "{\"execute\":\"list-user\"}");
	check_reply("export-users", "{\"execute\":\"export-users\"}");
	check_reply("version", "{\"execute\":\"version\"}");
	fake_event(root, "a", VM_CRASHED, STOP_TRIPLE_FAULT);
	check_reply("A VM", "{\"execute\":\"status-vm\",\"arguments\":{\"name\":\"a\"}}");
	check_reply("export-config", "{\"execute\":\"export-config\"}");
	root = fake_start(&session, "switch lan { uplink nic0 }\n"
		"router nat { outer lan; inner lan,10.1.0.1/24 }\n"
		"vm a { cap none }\nvm b { cpu x }\nvm c { memory 64G }\n");
	command("set-vm a --cap 50% --cpu 2", "cpu 2", RESULT_OK);
	command("start-vm a", "running", RESULT_OK);
	check_reply("apply-config", "{\"execute\":\"apply-config\"}");
	fake_task(root, DEFINITIONS_LOAD, "vm b { cpu x }\n");
	check_reply("forget-definitions", "{\"execute\":\"forget-definitions\"}");
}

/* An event's names; what is in it is a reply's. */
static void check_event(const char *title)
{
	take_answer("events");
	take_section(title);
	for (u32 i = 1; i < json.tokens[0].end; i = json.tokens[i + 1].end) {
		char name[64];

		assert_true(json_value(&json, i, name, sizeof(name)));
		check_field(title, name);
	}
	if (strchr(unseen, '`'))
		fail_msg(PAGE ": %s has no field %s", title, unseen);
}

static void events(void **state)
{
	(void)state;
	read_page();
	make_vm("a");
	ask("{\"execute\":\"sync\",\"arguments\":{\"token\":\"c0ffee\"},\"id\":0}");
	fake_screen(root);
	fake_event(root, "a", VM_RUNNING, STOP_REQUEST);
	fake_run(root);
	check_event("VM_STATE");
	ask("{\"execute\":\"top\",\"arguments\":{\"count\":2}}");
	root->now_ns += 3 * NS_PER_SECOND;
	fake_run(root);
	check_event("TOP");
	fake_screen(root);
	fake_restart(root, NULL);
	check_event("CONSOLE_START");
}

/* The example of the checksum. */
static void checksum(void **state)
{
	char words[64];

	(void)state;
	read_page();
	snprintf(words, sizeof(words), "`123456789` is `%08x`", crc32c(0, "123456789", 9));
	assert_non_null(strstr(page, words));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_up_to_date),
		cmocka_unit_test_setup_teardown(fields_are_those_of_replies, setup, teardown),
		cmocka_unit_test_setup_teardown(events, setup, teardown),
		cmocka_unit_test(checksum),
	};
	FILE *file;

	commands = command_rows;
	if (argc != 2 || strcmp(argv[1], "--write") != 0)
		return cmocka_run_group_tests(tests, NULL, NULL);
	read_page();
	rewrite();
	file = fopen(PAGE, "w");
	return file == NULL || fputs(rewritten, file) < 0 || fclose(file) != 0;
}
