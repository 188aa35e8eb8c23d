/* SPDX-License-Identifier: MIT */
/*
 * Logins at the prompt and of programs: what shows before one, what each role may begin, passwords that are asked for,
 * and the session that goes with each request.
 */
/*
 * links: console
 * helpers: fake_root.c
 */
#include "console_bench.h"
#include "units.h"

static int with_users(void **state)
{
	(void)setup(state);
	root->args.has_users = 1;
	clear_screen();
	fake_restart(root, 0);
	fake_run(root);
	return 0;
}

static void type(const char *text, const char *words)
{
	clear_screen();
	fake_type(root, text);
	expect(words);
}

static void log_in(const char *user)
{
	char line[64];

	snprintf(line, sizeof(line), "login %s\r", user);
	type(line, "Password of ");
	snprintf(line, sizeof(line), "%s@vos> ", user);
	type(FAKE_PASSWORD "\r", line);
	expect_not(FAKE_PASSWORD);
	assert_int_equal(session.last_result, RESULT_OK);
}

static void an_open_machine(void **state)
{
	(void)state;
	expect("No users are defined: whoever is at this line is admin.");
	expect("vos> ");
	command("who", "USER", RESULT_OK);
	assert_int_equal(root->last_session, 0);
	type("add-user alice --role admin\r", "New password of alice: ");
	type("short\r", "at least 8 characters");
	expect("vos> ");
	type("add-user carol --role admin\r", "New password of carol: ");
	type("open sesame\r", "Again of carol: ");
	type("open sesamy\r", "not the same");
	type("add-user carol --role admin\r", "New password of carol: ");
	type("open sesame\r", "Again of carol: ");
	type("open sesame\r", "carol is a user: admin");
	expect("login: ");
	command("list-vm", "error[E_LOGIN]: list-vm needs a login", RESULT_DENIED);
}

static void before_a_login(void **state)
{
	(void)state;
	expect_not("No users are defined");
	expect("login: ");
	fake_log(root, "something happened\n");
	fake_run(root);
	expect_not("something happened");
	command("version", "VOS ", RESULT_OK);
	command("help login", "log in", RESULT_OK);
	command("stop-vm --all", "needs a login", RESULT_DENIED);
	command("log", "needs a login", RESULT_DENIED);
	command("export-config --json", "\"class\":\"E_LOGIN\",\"code\":6", RESULT_DENIED);
	type("bob\r", "Password of bob: ");
	type("wrong password\r", "there is no user of that name with that password");
	type("bob\r", "Password of bob: ");
	type("\x03", "login: ");
	type("nobody\r", "Password of nobody: ");
	type(FAKE_PASSWORD "\r", "there is no user of that name with that password");
	expect("login: ");
	type("bob\r", "Password of bob: ");
	type(FAKE_PASSWORD "\r", "bob is logged in: viewer.");
	expect("bob@vos> ");
	expect_not("something happened");
	fake_log(root, "something else happened\n");
	fake_run(root);
	expect("something else happened");
}

static void an_audit(void **state)
{
	(void)state;
	log_in("bob");
	command("audit", "needs the role admin, and bob is viewer", RESULT_DENIED);
	log_in("alice");
	command("audit", "bob (viewer)  stop-vm a: refused, E_DENIED", RESULT_OK);
	expect("- (?)  ? \\x1b[2J: failed, ?");
	command("audit --user bob", "stop-vm a", RESULT_OK);
	expect_not("failed, ?");
	command("audit --vm b", "alice@vos> ", RESULT_OK);
	expect_not("stop-vm a: refused");
	command("audit --since 2", "failed, ?", RESULT_OK);
	expect_not("stop-vm a: refused");
	command("audit --since 99", "alice@vos> ", RESULT_OK);
	command("audit --since 4294967296", "at most 4294967295", RESULT_USAGE);
	command("audit --user bob --json", "\"op\":\"stop-vm\",\"name\":\"a\",\"result\":\"refused\"", RESULT_OK);
	expect("\"first\":1,\"next\":3");
	command("audit --verify", "are as they were written", RESULT_OK);
}

/* The machine stays open. */
static void no_users(void **state)
{
	static const char *const lines[] = { "logout", "passwd", "login alice" };

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(lines); i++)
		command(lines[i], "error[E_STATE]: there are no users here, and nothing needs a login", RESULT_STATE);
	command("list-vm", "There are no VMs", RESULT_OK);
	assert_int_equal(root->last_session, 0);
}

static void pass(u64 seconds)
{
	clear_screen();
	root->now_ns += seconds * NS_PER_SECOND;
	fake_run(root);
}

/* Nobody has touched a key for a while, or a break came: the next one has to log in, and finds nothing of the last. */
static void nobody_there(void **state)
{
	(void)state;
	log_in("alice");
	command("create-vm a", "a is defined", RESULT_OK);
	pass(14 * 60);
	expect_not("logged out");
	type("a", "a");
	pass(14 * 60);
	expect_not("logged out");
	pass(61);
	expect("[alice is logged out: 15 minutes without a key]");
	expect("login: ");
	assert_int_equal(root->last_session, 1);
	clear_screen();
	fake_type(root, "\x1b[A");
	expect_not("create-vm");
	fake_type(root, "\x15");
	log_in("bob");
	command("start-vm a", "needs the role operator", RESULT_DENIED);
	clear_screen();
	console_break(&session);
	fake_run(root);
	expect("[bob is logged out: a break on the line]");
	expect("login: ");
	log_in("oscar");
	command("start-vm a", "is running", RESULT_OK);
	type("console a\r", "attached to a");
	pass(15 * 60);
	expect("[oscar is logged out: 15 minutes without a key]");
	expect("login: ");
}

static void roles(void **state)
{
	(void)state;
	log_in("bob");
	command("who", "USER", RESULT_OK);
	assert_int_equal(root->last_session, 1);
	command("stop-vm a", "error[E_DENIED]: stop-vm needs the role operator, and bob is viewer", RESULT_DENIED);
	command("console a", "needs the role operator", RESULT_DENIED);
	command("shutdown --yes", "needs the role admin", RESULT_DENIED);
	assert_false(root->is_down);
	log_in("oscar");
	make_vm("a");
	assert_int_equal(root->last_session, 2);
	command("start-vm a", "is running", RESULT_OK);
	command("add-user eve --role admin", "needs the role admin, and oscar is operator", RESULT_DENIED);
	command("unlock-user bob", "needs the role admin", RESULT_DENIED);
	log_in("alice");
	command("unlock-user bob", "bob can log in on every line.", RESULT_OK);
	command("unlock-user eve", "there is no user \"eve\"", RESULT_NOT_FOUND);
	command("logout", "Logged out.", RESULT_OK);
	expect("login: ");
	assert_int_equal(root->last_session, 3);
	command("stop-vm a", "needs a login", RESULT_DENIED);
}

static void users(void **state)
{
	(void)state;
	log_in("alice");
	command("who", "bob                              viewer    serial  5s", RESULT_OK);
	command("who --json", "{\"user\":\"bob\",\"role\":\"viewer\",\"line\":\"serial\",\"age-ns\":5000000000}",
		RESULT_OK);
	command("list-user", "oscar                            operator         0", RESULT_OK);
	command("export-users", "user ... { }", RESULT_OK);
	command("set-user bob", "set-user needs something to set", RESULT_USAGE);
	command("set-user bob --role operator", "bob is changed", RESULT_OK);
	command("set-user eve --role operator", "there is no user \"eve\"", RESULT_NOT_FOUND);
	command("set-user bob --role king", "--role is viewer|operator|admin", RESULT_USAGE);
	command("set-user bob --new-password abcdefgh", "that is for programs", RESULT_USAGE);
	type("set-user bob --ask-password\r", "New password of bob: ");
	type("abcdefgh\r", "Again of bob: ");
	type("abcdefgh\r", "bob is changed");
	command("delete-user bob --dry-run", "would succeed", RESULT_OK);
	command("delete-user bob", "bob is deleted", RESULT_OK);
	type("passwd\r", "Password: ");
	type("wrong\r", "New password: ");
	type("abcdefgh\r", "Again: ");
	type("abcdefgh\r", "Nothing was changed");
	type("passwd\r", "Password: ");
	type(FAKE_PASSWORD "\r", "New password: ");
	type("abcdefgh\r", "Again: ");
	type("abcdefgh\r", "The password is another one now");
	command("add-user bob --role viewer --dry-run", "there is a user bob already", RESULT_STATE);
}

/* The session ended while nobody looked: the next request says so, and a table is not taken for an empty one. */
static void a_session_ends(void **state)
{
	(void)state;
	log_in("oscar");
	root->ended = 1;
	command("list-vm", "error[E_LOGIN]: that needs a login", RESULT_DENIED);
	expect("login: ");
	log_in("oscar");
	root->ended = 2;
	command("stop-vm a", "that needs a login", RESULT_DENIED);
	expect("login: ");
}

static u64 hello(const char *name)
{
	char text[128];
	u64 number = 0;

	snprintf(text, sizeof(text), "{\"execute\":\"hello\",\"arguments\":{\"client\":\"%s\"},\"id\":0}", name);
	clear_screen();
	next_frame(NULL);
	wire(text);
	while (next_frame(text))
		if (json_member(&json, 0, "return"))
			number = session.clients.list[session.clients.count - 1].number;
	assert_true(number != 0);
	return number;
}

/* A request of that client's is answered with these words. */
static void ask(u64 client, u32 id, const char *verb, const char *arguments, const char *words)
{
	char text[256], channel[FRAME_CHANNEL_BYTES];
	bool is_found = false;

	snprintf(text, sizeof(text), "{\"execute\":\"%s\",\"arguments\":{%s},\"c\":%llu,\"id\":%u}", verb, arguments,
		(unsigned long long)client, (unsigned)id);
	clear_screen();
	next_frame(NULL);
	wire(text);
	fake_run(root);
	while (next_frame(channel))
		is_found = is_found || strstr(answer, words);
	if (!is_found)
		fail_msg("%s: no %s in %s", text, words, answer);
}

static void programs(void **state)
{
	u64 a, b;

	(void)state;
	clear_screen();
	next_frame(NULL);
	a = hello("a");
	b = hello("b");
	ask(a, 1, "list-vm", "", "\"class\":\"E_LOGIN\"");
	ask(a, 2, "open-log", "", "open-log needs a login");
	ask(a, 3, "login", "\"name\":\"oscar\",\"password\":\"nonsense\"", "\"code\":6");
	ask(a, 4, "login", "\"name\":\"oscar\"", "a program gives");
	ask(a, 5, "login", "\"name\":\"oscar\",\"password\":\"" FAKE_PASSWORD "\"",
		"{\"return\":{\"user\":\"oscar\",\"role\":\"operator\"}");
	ask(a, 5, "login", "", "\"role\":\"operator\"");	/* again: the same answer, and no session more */
	assert_int_equal(root->sessions, 1);
	ask(a, 6, "create-vm", "\"name\":\"x\"", "\"return\":{\"name\":\"x\"");
	assert_int_equal(root->last_session, 1);
	ask(a, 7, "reboot", "\"yes\":true", "needs the role admin");
	ask(b, 1, "stop-vm", "\"name\":\"x\"", "needs a login");	/* it is another one */
	ask(b, 2, "login", "\"name\":\"bob\",\"password\":\"" FAKE_PASSWORD "\"", "viewer");
	ask(b, 3, "open-console", "\"name\":\"x\",\"write\":true", "needs the role operator");
	ask(b, 4, "open-console", "\"name\":\"x\"", "\"stream\":");
	ask(b, 5, "open-upload", "\"name\":\"x\"", "needs the role operator");
	ask(b, 6, "login", "\"name\":\"bob\",\"token\":\"77\"", "--token takes 64 hex digits");
	ask(b, 7, "login", "\"name\":\"bob\",\"token\":\"" FAKE_TOKEN "\"", "\"role\":\"viewer\"");
	ask(b, 8, "logout", "\"token\":\"" FAKE_TOKEN "\"", "\"return\":{}");
	expect_not("vos> ");
	command("list-vm", "needs a login", RESULT_DENIED);		/* and so is the person */
	command("login bob --token " FAKE_TOKEN, "that is for programs", RESULT_USAGE);
	root->last_session = 0;
	wire("{\"execute\":\"bye\",\"c\":4711}");
	ask(a, 8, "bye", "", "\"return\":{}");
	fake_run(root);
	assert_int_equal(root->last_session, 1);			/* its session is ended */
	wire("{\"execute\":\"login\",\"arguments\":{\"name\":\"bob\",\"password\":\"" FAKE_PASSWORD "\"},\"id\":9}");
	assert_int_equal(root->sessions, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_open_machine, setup, teardown),
		cmocka_unit_test_setup_teardown(no_users, setup, teardown),
		cmocka_unit_test_setup_teardown(before_a_login, with_users, teardown),
		cmocka_unit_test_setup_teardown(nobody_there, with_users, teardown),
		cmocka_unit_test_setup_teardown(an_audit, with_users, teardown),
		cmocka_unit_test_setup_teardown(roles, with_users, teardown),
		cmocka_unit_test_setup_teardown(users, with_users, teardown),
		cmocka_unit_test_setup_teardown(a_session_ends, with_users, teardown),
		cmocka_unit_test_setup_teardown(programs, with_users, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
