/* SPDX-License-Identifier: MIT */
/*
 * Guard without its rings: the rules of the table of users, orders, passwords, and the text of the boot module.
 */
/* links: guard */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "audit_chain.h"
#include "lockout.h"
#include "password.h"
#include "serve.h"
#include "users.h"
#include "users_text.h"

static struct guard_state state_;
static struct audit_log audit_;
static struct guard_report report;
static u64 now_ns;
static u32 mistakes, bad_line, bad_column;
static char bad_what[128];

static bool no_random(void *out, size_t bytes)
{
	(void)out;
	(void)bytes;
	return false;
}

static u64 ticks(void)
{
	static u64 count;

	return ++count;
}

static void tell(u32 line, u32 column, const char *what)
{
	mistakes++;
	bad_line = line;
	bad_column = column;
	snprintf(bad_what, sizeof(bad_what), "%s", what);
}

static int setup(void **state)
{
	(void)state;
	memset(&state_, 0, sizeof(state_));
	mistakes = 0;
	password_init(no_random, ticks);
	serve_init(&state_, &audit_, NULL, tell);
	return 0;
}

static struct guard_order an_order(enum guard_op op, const char *name, u32 role, u8 secret)
{
	struct guard_order order = { .id = 7, .op = op, .role = role };

	snprintf(order.name, sizeof(order.name), "%s", name);
	memset(order.secret, secret, sizeof(order.secret));
	memset(order.new_secret, secret, sizeof(order.new_secret));
	return order;
}

static enum guard_error serve(struct guard_order order)
{
	static const struct guard_order none;

	serve_order(&order, &report, now_ns);
	assert_memory_equal(&order, &none, sizeof(order));	/* no secret is left */
	assert_true(users_ok(&state_.users));
	assert_int_equal(report.users, state_.users.count);
	return report.error;
}

static enum guard_error do_order(enum guard_op op, const char *name, u32 role, u8 secret)
{
	return serve(an_order(op, name, role, secret));
}

static void logins(void **state)
{
	struct guard_order passwd = an_order(GUARD_PASSWD, "alice", 0, 1);

	(void)state;
	assert_int_equal(do_order(GUARD_LOGIN, "alice", 0, 1), GUARD_WRONG);
	assert_int_equal(report.is_user, 0);
	assert_int_equal(do_order(GUARD_ADD, "alice", ROLE_ADMIN, 1), GUARD_OK);
	assert_int_equal(do_order(GUARD_LOGIN, "alice", 0, 2), GUARD_WRONG);
	assert_int_equal(report.is_user, 1);
	assert_int_equal(report.role, 0);
	assert_int_equal(do_order(GUARD_LOGIN, "alice", 0, 1), GUARD_OK);
	assert_int_equal(report.role, ROLE_ADMIN);
	assert_int_equal(report.id, 7);
	assert_int_equal(do_order(GUARD_LOGIN, "bob", 0, 1), GUARD_WRONG);
	memset(passwd.new_secret, 3, sizeof(passwd.new_secret));
	assert_int_equal(serve(passwd), GUARD_OK);
	assert_int_equal(do_order(GUARD_LOGIN, "alice", 0, 1), GUARD_WRONG);
	assert_int_equal(do_order(GUARD_LOGIN, "alice", 0, 3), GUARD_OK);
	assert_int_equal(serve(passwd), GUARD_WRONG);	/* the present one is another by now */
}

static void rules(void **state)
{
	struct guard_order set = an_order(GUARD_SET, "bob", ROLE_OPERATOR, 9), dry = an_order(GUARD_ADD, "eve", 2, 1);
	char name[16];

	(void)state;
	assert_int_equal(do_order(GUARD_ADD, "bob", ROLE_VIEWER, 1), GUARD_FIRST_ADMIN);
	assert_int_equal(do_order(GUARD_ADD, "bob", ROLE_ANYBODY, 1), GUARD_BAD_ORDER);
	assert_int_equal(do_order(GUARD_ADD, "bob", ROLE_COUNT, 1), GUARD_BAD_ORDER);
	assert_int_equal(do_order(GUARD_ADD, "-bob", ROLE_ADMIN, 1), GUARD_BAD_ORDER);
	assert_int_equal(do_order(GUARD_ADD, "", ROLE_ADMIN, 1), GUARD_BAD_ORDER);
	assert_int_equal(do_order(GUARD_READY, "bob", ROLE_ADMIN, 1), GUARD_BAD_ORDER);
	assert_int_equal(do_order(GUARD_OP_COUNT, "bob", ROLE_ADMIN, 1), GUARD_BAD_ORDER);
	assert_int_equal(do_order(GUARD_ADD, "alice", ROLE_ADMIN, 1), GUARD_OK);
	assert_int_equal(do_order(GUARD_ADD, "alice", ROLE_VIEWER, 1), GUARD_EXISTS);
	assert_int_equal(do_order(GUARD_ADD, "bob", ROLE_VIEWER, 1), GUARD_OK);
	assert_int_equal(do_order(GUARD_DELETE, "alice", 0, 0), GUARD_LAST_ADMIN);
	set.fields = USER_SET_ROLE;
	snprintf(set.name, sizeof(set.name), "alice");
	assert_int_equal(serve(set), GUARD_LAST_ADMIN);
	snprintf(set.name, sizeof(set.name), "bob");
	assert_int_equal(serve(set), GUARD_OK);
	assert_int_equal(do_order(GUARD_LOGIN, "bob", 0, 1), GUARD_OK);	/* its password is as before */
	assert_int_equal(report.role, ROLE_OPERATOR);
	set.fields = USER_SET_SECRET;
	assert_int_equal(serve(set), GUARD_OK);
	assert_int_equal(do_order(GUARD_LOGIN, "bob", 0, 9), GUARD_OK);
	dry.flags = GUARD_DRY_RUN;
	assert_int_equal(serve(dry), GUARD_OK);
	assert_int_equal(do_order(GUARD_DELETE, "eve", 0, 0), GUARD_NO_USER);
	assert_int_equal(do_order(GUARD_DELETE, "bob", 0, 0), GUARD_OK);
	for (u32 i = 1; i < USERS_MAX; i++) {	/* as quickly as that goes */
		struct user user = state_.users.list[0];

		snprintf(name, sizeof(name), "u%u", (unsigned)i);
		memset(user.name, 0, sizeof(user.name));
		memcpy(user.name, name, strlen(name));
		assert_int_equal(users_add(&state_.users, &user, false), GUARD_OK);
	}
	assert_int_equal(do_order(GUARD_ADD, "more", ROLE_VIEWER, 1), GUARD_FULL);
}

static enum guard_error log_in(const char *name, u8 secret, u32 line)
{
	struct guard_order order = an_order(GUARD_LOGIN, name, 0, secret);

	order.line = line;
	return serve(order);
}

static void expect_locked(const char *name, u32 line, u32 left_s)
{
	assert_int_equal(log_in(name, 1, line), GUARD_LOCKED);
	assert_int_equal(report.left_s, left_s);
	assert_int_equal(report.role, 0);
}

static void wrong(const char *name, u32 line, u32 times)
{
	for (u32 i = 0; i < times; i++)
		assert_int_equal(log_in(name, 9, line), GUARD_WRONG);
}

/* That user on that line, and no other. */
static void a_lockout(void **state)
{
	u32 pauses[] = { 60, 120, 240, 480, 900, 900 };

	(void)state;
	assert_int_equal(do_order(GUARD_ADD, "alice", ROLE_ADMIN, 1), GUARD_OK);
	assert_int_equal(do_order(GUARD_ADD, "bob", ROLE_VIEWER, 1), GUARD_OK);
	wrong("alice", 1, LOCKOUT_TRIES - 1);
	assert_int_equal(log_in("alice", 1, 1), GUARD_OK);	/* the right one in between: they are forgotten */
	wrong("alice", 1, LOCKOUT_TRIES);
	expect_locked("alice", 1, 30);
	assert_int_equal(log_in("alice", 1, 2), GUARD_OK);
	assert_int_equal(log_in("bob", 1, 1), GUARD_OK);
	serve_init(&state_, &audit_, NULL, tell);		/* guard begins anew */
	now_ns += 29 * 1000000000ull + 1;
	expect_locked("alice", 1, 1);
	for (u32 i = 0; i < ARRAY_COUNT(pauses); i++) {
		now_ns += 900 * 1000000000ull;
		wrong("alice", 1, 1);
		expect_locked("alice", 1, pauses[i]);
	}
	assert_int_equal(do_order(GUARD_UNLOCK, "alice", 0, 0), GUARD_OK);
	assert_int_equal(log_in("alice", 1, 1), GUARD_OK);
	assert_int_equal(do_order(GUARD_UNLOCK, "eve", 0, 0), GUARD_NO_USER);
	assert_int_equal(log_in("alice", 1, GUARD_LINES), GUARD_BAD_ORDER);
}

/* A name that no user has is refused in the same way; many of them do not make a user's wrong passwords forgotten. */
static void names_of_nobody(void **state)
{
	char name[USER_NAME_BYTES] = { 0 };

	(void)state;
	assert_int_equal(do_order(GUARD_ADD, "alice", ROLE_ADMIN, 1), GUARD_OK);
	wrong("eve", 1, LOCKOUT_TRIES);
	expect_locked("eve", 1, 30);
	wrong("alice", 1, LOCKOUT_TRIES - 1);
	for (u32 i = 0; i < 2 * LOCKOUT_PLACES * LOCKOUT_TRIES; i++) {
		snprintf(name, sizeof(name), "n%u", (unsigned)(i / LOCKOUT_TRIES));
		lockout_note(&state_.lockouts, name, false, 1, now_ns);
	}
	wrong("alice", 1, 1);
	expect_locked("alice", 1, 30);
	assert_int_equal(do_order(GUARD_ADD, "bob", ROLE_ADMIN, 1), GUARD_OK);
	assert_int_equal(do_order(GUARD_DELETE, "alice", 0, 0), GUARD_OK);
	assert_int_equal(log_in("alice", 1, 1), GUARD_WRONG);
}

/* ---- the audit log ---- */

static void record(u32 i)
{
	struct audit_record *r = &audit_.slots[++audit_.written % AUDIT_RECORDS].record;

	*r = (struct audit_record){ .number = audit_.written, .now_ns = i * 1000, .op = i % 7, .kind = AUDIT_ANSWERED };
	snprintf(r->user, sizeof(r->user), "u%u", (unsigned)i);
}

static void expect_chain(bool is_right, u64 place)
{
	struct audit_verdict verdict;
	u64 at = 0;

	assert_int_equal(audit_verify(&audit_, &verdict, &at), is_right);
	assert_true(is_right || at == place);
}

/* Each byte of each record and of each hash is noticed, and the first of them named. */
static void a_chain(void **state)
{
	u8 *bytes = (u8 *)&audit_.slots[1];

	(void)state;
	memset(&audit_, 0, sizeof(audit_));
	expect_chain(true, 0);
	for (u32 i = 0; i < 5; i++)
		record(i);
	assert_true(audit_chain(&audit_, 3));
	expect_chain(true, 0);
	assert_false(audit_chain(&audit_, 3));
	expect_chain(true, 0);
	for (u64 i = 0; i < 5 * sizeof(struct audit_slot); i++) {
		bytes[i] ^= 1;
		expect_chain(false, 1 + i / sizeof(struct audit_slot));
		bytes[i] ^= 1;
	}
	audit_.begun_tsc++;
	expect_chain(false, 1);
}

static u32 compared, writes_at, writes;

/* For libsodium's: root writes while guard compares. */
int sodium_memcmp(const void *a, const void *b, size_t bytes);
int sodium_memcmp(const void *a, const void *b, size_t bytes)
{
	if (writes != 0 && ++compared == writes_at)
		for (; writes != 0; writes--)
			record(writes);
	return memcmp(a, b, bytes);
}

/* Places that are used anew meanwhile are no break; and what is left is still looked at. */
static void a_flood(void **state)
{
	struct audit_verdict verdict;
	u64 place, chained = 0;

	(void)state;
	for (u32 i = 0; i < 2; i++) {
		memset(&audit_, 0, sizeof(audit_));
		for (u32 k = 0; k < AUDIT_RECORDS + 100; k++)
			record(k);
		while (audit_chain(&audit_, AUDIT_RECORDS))
			;
		chained = audit_.chained;
		compared = 0;
		writes_at = 20;
		writes = 1900;
		if (i == 1)
			audit_.slots[(chained - 5) % AUDIT_RECORDS].record.user[1] ^= 4;
		assert_int_equal(audit_verify(&audit_, &verdict, &place), i == 0);
		assert_int_equal(writes, 0);
	}
	assert_int_equal(place, chained - 5);
}

/* Older records have been given up for newer ones. */
static void a_long_chain(void **state)
{
	struct guard_order verify = { .id = 3, .op = GUARD_VERIFY };

	(void)state;
	memset(&audit_, 0, sizeof(audit_));
	for (u32 i = 0; i < 3 * AUDIT_RECORDS + 7; i++) {
		record(i);
		if (i % 100 == 0)
			(void)audit_chain(&audit_, AUDIT_RECORDS);
	}
	assert_int_equal(serve(verify), GUARD_OK);	/* it chains the rest first */
	assert_int_equal(audit_.chained, audit_.written);
	assert_int_equal(report.verdict.last, 3 * AUDIT_RECORDS + 7);
	assert_true(report.verdict.first > 2 * AUDIT_RECORDS && report.verdict.first < 2 * AUDIT_RECORDS + 32);
	assert_memory_equal(report.verdict.hash, audit_.slots[audit_.written % AUDIT_RECORDS].hash, AUDIT_HASH_BYTES);
	audit_.slots[(audit_.written - 9) % AUDIT_RECORDS].record.user[1] ^= 4;
	assert_int_equal(serve(verify), GUARD_BROKEN);
	assert_int_equal(report.place, audit_.written - 9);
}

/* A new instance goes on with the users of the one before, unless they are none. */
static void a_new_guard(void **state)
{
	(void)state;
	assert_int_equal(do_order(GUARD_ADD, "alice", ROLE_ADMIN, 1), GUARD_OK);
	serve_init(&state_, &audit_, NULL, tell);
	assert_int_equal(do_order(GUARD_LOGIN, "alice", 0, 1), GUARD_OK);
	state_.users.list[0].memory_kib = 1u << 30;
	serve_init(&state_, &audit_, NULL, tell);
	assert_int_equal(do_order(GUARD_LOGIN, "alice", 0, 1), GUARD_WRONG);
	assert_int_equal(state_.users.count, 0);
}

/* ---- the text ---- */

#define SALT "AAAAAAAAAAAAAAAAAAAAAA"
#define HASH "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define PASSWORD "password \"$argon2id$v=19$m=8192,t=5,p=1$" SALT "$" HASH "\""

static u32 read_text(const char *text)
{
	memset(&state_.users, 0, sizeof(state_.users));
	mistakes = 0;
	users_read(&state_.users, text, strlen(text), tell);
	assert_true(users_ok(&state_.users));
	return state_.users.count;
}

/* What export-users prints is what the module is. */
static void export(void **state)
{
	struct guard_order row = { .id = 1, .op = GUARD_ROW, .flags = GUARD_TEXT };
	char text[2 * USER_LINE_BYTES + 64];

	(void)state;
	assert_int_equal(do_order(GUARD_ADD, "alice", ROLE_ADMIN, 1), GUARD_OK);
	assert_int_equal(do_order(GUARD_ADD, "bob-2", ROLE_VIEWER, 2), GUARD_OK);
	assert_int_equal(serve(row), GUARD_OK);
	assert_string_equal(report.name, "alice");
	snprintf(text, sizeof(text), "# ours\n%s", report.line);
	row.index = 1;
	assert_int_equal(serve(row), GUARD_OK);
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s", report.line);
	row.index = 2;
	assert_int_equal(serve(row), GUARD_NO_USER);
	row = (struct guard_order){ .id = 1, .op = GUARD_ROW };
	assert_int_equal(serve(row), GUARD_OK);
	assert_string_equal(report.line, "");
	memset(&state_, 0, sizeof(state_));
	state_.module_bytes = strlen(text);
	serve_init(&state_, &audit_, text, tell);
	assert_int_equal(mistakes, 0);
	assert_int_equal(do_order(GUARD_LOGIN, "alice", 0, 1), GUARD_OK);
	assert_int_equal(report.role, ROLE_ADMIN);
	assert_int_equal(do_order(GUARD_LOGIN, "bob-2", 0, 2), GUARD_OK);
	assert_int_equal(report.role, ROLE_VIEWER);
}

/* One mistake, at that place; so many users are there. */
static void bad(const char *text, u32 line, u32 column, const char *what, u32 users)
{
	u32 count = read_text(text);

	if (mistakes != 1 || bad_line != line || bad_column != column || !strstr(bad_what, what) || count != users)
		fail_msg("%s: %u mistakes, %u:%u %s, %u users", text, mistakes, bad_line, bad_column, bad_what, count);
}

#define ADMIN "user a { role admin; " PASSWORD "; }\n"

static void texts(void **state)
{
	(void)state;
	assert_int_equal(read_text(ADMIN), 1);
	assert_int_equal(mistakes, 0);
	assert_int_equal(read_text("user a{" PASSWORD ";role admin}#end"), 1);
	assert_int_equal(mistakes, 0);
	bad("", 1, 1, "no user is an admin", 0);
	bad("user b { role viewer; " PASSWORD "; }", 1, 133, "no user is an admin", 1);
	bad(ADMIN "user b { role king; " PASSWORD "; }", 2, 15, "a role is", 1);
	bad(ADMIN "user b { role viewer }", 2, 22, "no password", 1);
	bad(ADMIN "user b { " PASSWORD " }", 2, 118, "no role", 1);
	bad(ADMIN "user a { role viewer; " PASSWORD "; }", 2, 132, "already", 1);
	bad(ADMIN "user B { role viewer; " PASSWORD "; }", 2, 6, "name has", 1);
	bad(ADMIN "user b { role viewer; role viewer; " PASSWORD "; }", 2, 28, "twice", 1);
	bad(ADMIN "user b { role viewer; quota 3; " PASSWORD "; }", 2, 23, "no other property", 1);
	bad(ADMIN "user b { role viewer; password x; }", 2, 32, "not a password", 1);
	bad(ADMIN "user b { role viewer; password \"x; }", 2, 32, "not a password", 1);
	bad(ADMIN "user b { role viewer; password \"$argon2id$v=19$m=8193,t=5,p=1$" SALT "$" HASH "\"; }", 2, 32,
	    "not a password", 1);
	bad(ADMIN "user b { role viewer; password \"$argon2id$v=19$m=8192,t=33,p=1$" SALT "$" HASH "\"; }", 2, 32,
	    "not a password", 1);
	bad(ADMIN "user b { role viewer; password \"$argon2id$v=19$m=8192,t=5,p=2$" SALT "$" HASH "\"; }", 2, 32,
	    "not a password", 1);
	bad(ADMIN "user b { role viewer; password \"$argon2id$v=19$m=8192,t=5,p=1$" SALT "A$" HASH "\"; }", 2, 32,
	    "not a password", 1);
	bad(ADMIN "user b { role viewer; " PASSWORD ";", 2, 131, "} is missing", 1);
	bad("users { }\n" ADMIN, 1, 1, "a statement is", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(logins, setup),
		cmocka_unit_test_setup(rules, setup),
		cmocka_unit_test_setup(a_lockout, setup),
		cmocka_unit_test_setup(names_of_nobody, setup),
		cmocka_unit_test_setup(a_chain, setup),
		cmocka_unit_test_setup(a_flood, setup), cmocka_unit_test_setup(a_long_chain, setup),
		cmocka_unit_test_setup(a_new_guard, setup),
		cmocka_unit_test_setup(export, setup),
		cmocka_unit_test_setup(texts, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
