/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: logins, roles and sessions. The test plays the console, also one that breaks every rule, and
 * guard.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "access.h"
#include "audit.h"
#include "fake_kernel.h"
#include "guard.h"
#include "op_roles.h"
#include "root.h"
#include "root_bench.h"
#include "vm_layout.h"
#include "wires.h"

static u64 guard;
static struct ring orders, reports;

static void attach(void)
{
	u64 h_pd = fake_pd_of(guard);

	ring_attach_consumer(&orders, fake_memory(h_pd, GUARD_ORDERS), GUARD_ORDER_RING_BYTES);
	ring_attach_producer(&reports, fake_memory(h_pd, GUARD_REPORTS), GUARD_REPORT_RING_BYTES);
}

static void report(struct guard_report r)
{
	assert_true(ring_put(&reports, &r, sizeof(r)));
	bench_turns(ROOT_BIT_GUARD, 2);
}

static int boot(void **state)
{
	int rc = bench_boot(state);

	guard = fake_thread_nth(SERVICE_GUARD);
	assert_non_null(fake_memory(fake_pd_of(guard), GUARD_STATE));
	attach();
	bench_ask_task(0, 0);		/* vos.conf is applied */
	for (u32 i = 0; i < 1000 && bench_task.number == 0; i++)
		bench_turns(0, 1);
	while (bench_task.number != 0) {
		u64 number = bench_task.number;

		bench_task.number = 0;
		bench_ask_task(number, 0);
	}
	return rc;
}

static struct guard_order take(enum guard_op op)
{
	struct guard_order order = { 0 };

	assert_true(ring_get(&orders, &order, sizeof(order)));
	assert_int_equal(order.op, op);
	return order;
}

static void answer(const struct guard_order *order, enum guard_error error, u32 role)
{
	struct guard_report r = { .id = order->id, .op = order->op, .error = error, .users = 2, .role = role,
				  .index = order->index };

	r.is_user = order->op == GUARD_LOGIN;
	memcpy(r.name, order->name, sizeof(r.name));
	report(r);
}

static struct request a_user(enum request_op op, const char *name, u32 session)
{
	struct request r = bench_make_request(op, name, 0);

	r.session = session;
	r.user.role = ROLE_VIEWER;
	memset(r.user.secret, 5, sizeof(r.user.secret));
	return r;
}

/* Without any check of the answer. */
static void ask_login(const char *name)
{
	struct request r = a_user(REQ_LOGIN, name, 0);

	bench_send(&r);
}

static u32 login(const char *name, u32 role)
{
	struct guard_order order;

	ask_login(name);
	for (u32 i = 0; i < REQUEST_RING_BYTES; i++)	/* the hash is cleared, too */
		assert_int_equal(bench_requests.shared->data[i], 0);
	order = take(GUARD_LOGIN);
	assert_string_equal(order.name, name);
	assert_int_equal(order.secret[31], 5);
	assert_false(bench_is_answered());
	answer(&order, GUARD_OK, role);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.login.role, role);
	assert_true(bench_answer.login.session != 0);
	return bench_answer.login.session;
}

static void ask_as(enum request_op op, const char *name, u32 session)
{
	struct request r = bench_make_request(op, name, 0);

	r.session = session;
	if (op == REQ_CREATE)
		r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 16 * MIB };
	bench_send(&r);
}

/* The machine that nobody has users on is as it always was. */
static void nobody(void **state)
{
	static const enum request_op needs_user[] = { REQ_LOGIN, REQ_LOGOUT, REQ_PASSWD };
	struct guard_order order;

	(void)state;
	assert_false(access_has_users());
	ask_as(REQ_USERS, "", 0);
	assert_false(ring_get(&orders, &order, sizeof(order)));	/* guard has not said that it is ready */
	report((struct guard_report){ .op = GUARD_READY });
	assert_false(access_has_users());
	order = take(GUARD_ROW);
	report((struct guard_report){ .id = order.id, .op = order.op, .error = GUARD_NO_USER });
	bench_expect(ERR_NO_USER);
	bench_create("a", RESTART_NEVER, 0);
	ask_as(REQ_STATUS, "a", 1 << 8);
	bench_expect(ERR_NO_LOGIN);
	for (u32 i = 0; i < ARRAY_COUNT(needs_user); i++) {
		ask_as(needs_user[i], "alice", 0);
		bench_expect(ERR_NO_USERS);
	}
	assert_false(ring_get(&orders, &order, sizeof(order)));
	ask_as(REQ_STATUS, "a", 0);
	bench_expect(ERR_NONE);
}

static void roles(void **state)
{
	struct request r;
	struct guard_order order;
	u32 viewer, admin;

	(void)state;
	r = a_user(REQ_ADD_USER, "alice", 0);
	r.user.role = ROLE_ADMIN;
	bench_send(&r);
	order = take(GUARD_ADD);
	assert_int_equal(order.role, ROLE_ADMIN);
	answer(&order, GUARD_OK, 0);
	bench_expect(ERR_NONE);
	assert_true(access_has_users());
	ask_as(REQ_STATUS, "a", 0);
	bench_expect(ERR_NO_LOGIN);
	ask_as(REQ_LIST, "", 0);	/* the console writes definitions of it */
	bench_expect(ERR_NO_VM);	/* past the end */
	assert_int_equal(bench_row_count, 1);
	viewer = login("bob", ROLE_VIEWER);
	admin = login("alice", ROLE_ADMIN);
	assert_true(viewer != admin);
	ask_as(REQ_STATUS, "a", viewer);
	bench_expect(ERR_NONE);
	ask_as(REQ_STOP, "a", viewer);
	bench_expect(ERR_ROLE);
	assert_int_equal(bench_answer.result, RESULT_DENIED);
	assert_string_equal(bench_answer.text, "bob");
	assert_int_equal(bench_answer.need, ROLE_OPERATOR);
	assert_int_equal(bench_answer.have, ROLE_VIEWER);
	ask_as(REQ_PAUSE, "a", admin);
	bench_expect(ERR_VM_STATE);
	ask_as(REQ_SESSIONS, "", viewer);
	bench_expect(ERR_NO_USER);	/* past the end */
	assert_int_equal(bench_row_count, 2);
	assert_string_equal(bench_rows[0].session_row.user, "bob");
	ask_as(REQ_LOGOUT, "", viewer);
	bench_expect(ERR_NONE);
	ask_as(REQ_STATUS, "a", viewer);
	bench_expect(ERR_NO_LOGIN);
	ask_as(REQ_LOGOUT, "", admin);
	bench_expect(ERR_NONE);
}

/* What guard says is judged too. */
static void a_wrong_guard(void **state)
{
	struct guard_order order;

	(void)state;
	report((struct guard_report){ .id = 4711, .op = GUARD_LOGIN, .role = ROLE_ADMIN, .users = 2, .name = "eve" });
	for (u32 i = 0; i < 4; i++) {
		struct guard_report r = { .op = GUARD_LOGIN, .users = 2, .role = ROLE_ADMIN, .name = "alice" };

		ask_login("alice");
		order = take(GUARD_LOGIN);
		r.id = order.id;
		if (i == 0)
			snprintf(r.name, sizeof(r.name), "bob");
		else if (i == 1)
			r.role = ROLE_COUNT;
		else if (i == 2)
			r.role = ROLE_ANYBODY;
		else
			memset(r.name, 'x', sizeof(r.name));
		report(r);
		bench_expect(ERR_WRONG_PASSWORD);
		report(r);	/* again: nobody waits for it */
	}
	ask_login("alice");
	order = take(GUARD_LOGIN);
	answer(&order, (enum guard_error)77, ROLE_ADMIN);
	bench_expect(ERR_GUARD_DOWN);
	ask_as(REQ_SESSIONS, "", 0);
	bench_expect(ERR_NO_LOGIN);
}

static void a_lockout(void **state)
{
	struct request r = a_user(REQ_LOGIN, "alice", 0);
	struct guard_order order;
	u32 admin;

	(void)state;
	r.user.line = 2;
	bench_send(&r);
	order = take(GUARD_LOGIN);
	assert_int_equal(order.line, 2);
	report((struct guard_report){ .id = order.id, .op = order.op, .error = GUARD_LOCKED, .left_s = 31,
				      .users = 2 });
	bench_expect(ERR_LOCKED_OUT);
	assert_int_equal(bench_answer.result, RESULT_DENIED);
	assert_int_equal(bench_answer.have, 31);
	assert_string_equal(bench_answer.text, "alice");
	ask_as(REQ_UNLOCK_USER, "alice", 0);
	bench_expect(ERR_NO_LOGIN);
	admin = login("bob", ROLE_ADMIN);
	ask_as(REQ_UNLOCK_USER, "alice", admin);
	order = take(GUARD_UNLOCK);
	assert_string_equal(order.name, "alice");
	answer(&order, GUARD_OK, 0);
	bench_expect(ERR_NONE);
	ask_as(REQ_LOGOUT, "", admin);
	bench_expect(ERR_NONE);
}

static struct audit_log *audit(void)
{
	return fake_memory(fake_pd_of(guard), GUARD_AUDIT);
}

static void expect_record(u64 back, enum audit_kind kind, u32 op, const char *user, const char *name, u32 error)
{
	const struct audit_record *r = &audit()->slots[(audit()->written - back) % AUDIT_RECORDS].record;

	assert_int_equal(r->number, audit()->written - back);
	assert_int_equal(r->kind, kind);
	assert_int_equal(r->op, op);
	assert_int_equal(r->error, error);
	assert_string_equal(r->user, user);
	assert_string_equal(r->name, name);
}

/* What is refused and what is changed is in the audit log, whatever came of it; what only looks is not. */
static void an_audit(void **state)
{
	u32 viewer = login("bob", ROLE_VIEWER), admin = login("alice", ROLE_ADMIN);
	struct request r = a_user(REQ_ADD_USER, "carol", admin);
	struct guard_order order;
	u64 before;

	(void)state;
	expect_record(0, AUDIT_ANSWERED, REQ_LOGIN, "", "alice", ERR_NONE);
	ask_login("my-password");	/* typed too early: guard knows no such user, or has died over it */
	order = take(GUARD_LOGIN);
	report((struct guard_report){ .id = order.id, .op = order.op, .error = GUARD_WRONG, .users = 2 });
	bench_expect(ERR_WRONG_PASSWORD);
	expect_record(0, AUDIT_ANSWERED, REQ_LOGIN, "", "", ERR_WRONG_PASSWORD);
	ask_login("bob");
	order = take(GUARD_LOGIN);
	answer(&order, GUARD_WRONG, 0);
	bench_expect(ERR_WRONG_PASSWORD);
	expect_record(0, AUDIT_ANSWERED, REQ_LOGIN, "", "bob", ERR_WRONG_PASSWORD);
	ask_as(REQ_STOP, "a", viewer);
	bench_expect(ERR_ROLE);
	expect_record(0, AUDIT_REFUSED, REQ_STOP, "bob", "a", ERR_ROLE);
	ask_as(REQ_PAUSE, "a", admin);
	bench_expect(ERR_VM_STATE);
	expect_record(0, AUDIT_ANSWERED, REQ_PAUSE, "alice", "a", ERR_VM_STATE);
	before = audit()->written;
	ask_as(REQ_STATUS, "a", viewer);
	bench_expect(ERR_NONE);
	bench_send(&r);
	order = take(GUARD_ADD);
	assert_int_equal(audit()->written, before);	/* it is not answered yet */
	answer(&order, GUARD_EXISTS, 0);
	bench_expect(ERR_USER_EXISTS);
	assert_int_equal(audit()->written, before + 1);
	expect_record(0, AUDIT_ANSWERED, REQ_ADD_USER, "alice", "carol", ERR_USER_EXISTS);
	ask_as(REQ_AUDIT, "", viewer);
	bench_expect(ERR_ROLE);
	r = bench_make_request(REQ_AUDIT, "", 0);
	r.index = (u32)before;
	r.session = admin;
	bench_send(&r);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.audit.count, 3);
	assert_int_equal(bench_answer.audit.rows[0].op, REQ_PAUSE);
	assert_int_equal(bench_answer.audit.rows[2].op, REQ_AUDIT);
	assert_int_equal(bench_answer.audit.next, before + 3);
	ask_as(REQ_AUDIT_VERIFY, "", admin);
	order = take(GUARD_VERIFY);
	report((struct guard_report){ .id = order.id, .op = order.op, .error = GUARD_BROKEN, .place = 7, .users = 2 });
	bench_expect(ERR_AUDIT_BROKEN);
	assert_int_equal(bench_answer.have, 7);
	ask_as(REQ_LOGOUT, "", admin);
	bench_expect(ERR_NONE);
}

/* No record is written over one that has no hash: requests wait. */
static void a_slow_guard(void **state)
{
	u64 room;

	(void)state;
	bench_is_guard_slow = true;
	for (room = 0; room < 2 * AUDIT_RECORDS; room++) {
		ask_as(REQ_STOP, "a", 0);
		if (!bench_is_answered())
			break;
		bench_expect(ERR_NO_LOGIN);
	}
	assert_true(room > AUDIT_RECORDS / 2 && room < AUDIT_RECORDS);
	assert_true(audit()->written - audit()->chained < AUDIT_RECORDS);
	bench_is_guard_slow = false;
	bench_turns(ROOT_BIT_GUARD, 1);
	bench_expect(ERR_NO_LOGIN);
}

/* Whoever is changed or deleted is logged out; whoever changes the own password stays. */
static void changes(void **state)
{
	u32 alice = login("alice", ROLE_ADMIN), bob = login("bob", ROLE_OPERATOR), again = login("bob", ROLE_OPERATOR);
	struct request r = a_user(REQ_PASSWD, "alice", bob);	/* the name does not count */
	struct guard_order order;

	(void)state;
	bench_send(&r);
	order = take(GUARD_PASSWD);
	assert_string_equal(order.name, "bob");
	answer(&order, GUARD_OK, 0);
	bench_expect(ERR_NONE);
	ask_as(REQ_STATUS, "a", again);
	bench_expect(ERR_NO_LOGIN);
	r = a_user(REQ_SET_USER, "bob", alice);
	r.flags = REQ_FLAG_DRY_RUN;
	bench_send(&r);
	order = take(GUARD_SET);
	assert_int_equal(order.flags, GUARD_DRY_RUN);
	answer(&order, GUARD_OK, 0);
	bench_expect(ERR_NONE);
	ask_as(REQ_STATUS, "a", bob);
	bench_expect(ERR_NONE);
	r.flags = 0;
	bench_send(&r);
	order = take(GUARD_SET);
	answer(&order, GUARD_OK, 0);
	bench_expect(ERR_NONE);
	ask_as(REQ_STATUS, "a", bob);
	bench_expect(ERR_NO_LOGIN);
	r = a_user(REQ_LOGIN, "bob", alice);	/* the session before ends */
	bench_send(&r);
	order = take(GUARD_LOGIN);
	answer(&order, GUARD_OK, ROLE_VIEWER);
	bench_expect(ERR_NONE);
	bob = bench_answer.login.session;
	ask_as(REQ_STATUS, "a", alice);
	bench_expect(ERR_NO_LOGIN);
	ask_as(REQ_LOGOUT, "", bob);
	bench_expect(ERR_NONE);
}

/* An admin who takes the own rights has them no longer; nor does one whom guard may have changed before it died. */
static void own_rights(void **state)
{
	static const enum request_op ops[] = { REQ_SET_USER, REQ_DELETE_USER };
	struct guard_order order;
	struct request r;
	u32 alice;

	(void)state;
	for (u32 i = 0; i < 2 * ARRAY_COUNT(ops); i++) {
		alice = login("alice", ROLE_ADMIN);
		r = a_user(ops[i / 2], "alice", alice);
		r.user.fields = USER_SET_ROLE;
		bench_send(&r);
		order = take(ops[i / 2] == REQ_SET_USER ? GUARD_SET : GUARD_DELETE);
		answer(&order, i % 2 ? GUARD_ERROR_COUNT : GUARD_OK, 0);
		bench_expect(i % 2 ? ERR_GUARD_DOWN : ERR_NONE);
		ask_as(REQ_STATUS, "a", alice);
		bench_expect(ERR_NO_LOGIN);
	}
}

/* A login that guard found right, and then deleted the user, before root looked: the places of both say nothing. */
static void a_login_before(void **state)
{
	u32 admin = login("alice", ROLE_ADMIN);
	struct request list = bench_make_request(REQ_USERS, "", 0), r = a_user(REQ_DELETE_USER, "bob", admin);
	struct guard_order first, second, third;
	struct guard_report done;

	(void)state;
	list.session = admin;
	bench_send(&list);
	first = take(GUARD_ROW);
	ask_login("bob");
	second = take(GUARD_LOGIN);
	answer(&first, GUARD_NO_USER, 0);	/* its place is free now, and before that of the login */
	bench_send(&r);
	third = take(GUARD_DELETE);
	done = (struct guard_report){ .id = second.id, .op = GUARD_LOGIN, .users = 2, .role = ROLE_ADMIN,
				      .name = "bob" };
	assert_true(ring_put(&reports, &done, sizeof(done)));
	answer(&third, GUARD_OK, 0);
	bench_expect(ERR_NONE);
	ask_as(REQ_SESSIONS, "", admin);
	bench_expect(ERR_NO_USER);	/* past the end */
	assert_int_equal(bench_row_count, 1);
	assert_string_equal(bench_rows[0].session_row.user, "alice");
	ask_as(REQ_LOGOUT, "", admin);
	bench_expect(ERR_NONE);
}

/* What has no dry run is not done as one: it would be in no record. */
static void no_dry_run(void **state)
{
	static const enum request_op ops[] = { REQ_LOGIN, REQ_PASSWD, REQ_EXPORT_USERS, REQ_LOGOUT, REQ_UPLOAD_OPEN,
					       REQ_UPLOAD_FINISH, REQ_EXPORT_OPEN, REQ_CAPTURE_OPEN };
	u32 admin = login("alice", ROLE_ADMIN);
	struct guard_order order;

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(ops); i++) {
		struct request r = a_user(ops[i], "alice", admin);

		r.flags = REQ_FLAG_DRY_RUN;
		bench_send(&r);
		bench_expect(ERR_NO_DRY_RUN);
	}
	assert_false(ring_get(&orders, &order, sizeof(order)));
	ask_as(REQ_LOGOUT, "", admin);
	bench_expect(ERR_NONE);
}

/* A number that is used again: what its first request came to, no answer says, so that the record does not either. */
static void a_number_again(void **state)
{
	u32 admin = login("alice", ROLE_ADMIN);
	struct request r = a_user(REQ_DELETE_USER, "bob", admin), again;
	struct guard_order order;
	u64 before = audit()->written;

	(void)state;
	bench_send(&r);
	order = take(GUARD_DELETE);
	again = bench_make_request(REQ_STATUS, "none", 0);
	again.session = admin;
	again.id = r.id;
	assert_true(ring_put(&bench_requests, &again, sizeof(again)));
	bench_turns(ROOT_BIT_REQUEST, 1);
	assert_int_equal(audit()->written, before + 1);
	expect_record(0, AUDIT_UNANSWERED, REQ_DELETE_USER, "alice", "bob", ERR_NONE);
	answer(&order, GUARD_OK, 0);
	assert_int_equal(audit()->written, before + 1);
	ask_as(REQ_LOGOUT, "", admin);
	bench_expect(ERR_NONE);
}

static void limits(void **state)
{
	struct request r[10];
	struct guard_order order;
	u32 sessions[SESSIONS_MAX];

	(void)state;
	for (u32 i = 0; i < SESSIONS_MAX; i++) {
		bool is_left = i >= SESSIONS_MAX - 4;		/* for admins */

		sessions[i] = login(is_left ? "alice" : "bob", is_left ? ROLE_ADMIN : ROLE_VIEWER);
		if (i < SESSIONS_MAX - 5)
			continue;
		ask_login("bob");
		order = take(GUARD_LOGIN);
		answer(&order, GUARD_OK, i == SESSIONS_MAX - 1 ? ROLE_ADMIN : ROLE_OPERATOR);
		bench_expect(ERR_TOO_MANY_SESSIONS);
	}
	for (u32 i = 0; i < SESSIONS_MAX; i++) {
		ask_as(REQ_LOGOUT, "", sessions[i]);
		bench_expect(ERR_NONE);
	}
	sessions[0] = login("alice", ROLE_ADMIN);
	for (u32 i = 0; i < 10; i++) {	/* guard does one after the other: two of a line, four of all */
		r[i] = a_user(REQ_LOGIN, "bob", 0);
		r[i].user.line = i / 3;
		bench_send(&r[i]);
		assert_true(bench_is_answered() == (i == 2 || i >= 5));
	}
	ask_as(REQ_PASSWD, "", sessions[0]);	/* who is logged in has places still */
	assert_false(bench_is_answered());
	for (u32 i = 0; i < 4; i++) {
		order = take(GUARD_LOGIN);
		answer(&order, GUARD_WRONG, 0);
	}
	order = take(GUARD_PASSWD);
	answer(&order, GUARD_WRONG, 0);
	assert_false(ring_get(&orders, &order, sizeof(order)));
	ask_as(REQ_LOGOUT, "", sessions[0]);
	bench_expect(ERR_NONE);
}

static u32 pick(u32 limit)
{
	static unsigned seed = 1;

	return (u32)rand_r(&seed) % limit;
}

#define OP_ROLE(op, role, is_applied, what) [op] = role,

/* A console that is somebody else's: with a viewer logged in, it gets nothing that a viewer has not. */
static void a_hostile_console(void **state)
{
	static const u32 needs[REQ_OP_COUNT] = { OP_ROLES(OP_ROLE) };
	u32 viewer = login("bob", ROLE_VIEWER);
	struct guard_order order;

	(void)state;
	for (u32 i = 0; i < 200000; i++) {
		u32 session = pick(4) == 0 ? viewer : pick(2) ? viewer + (pick(9) - 4) * 256 : (u32)pick(1u << 30) * 4;
		enum request_op op = pick(REQ_OP_COUNT + 2);
		struct request r = bench_make_request(op, pick(2) ? "a" : "", pick(64));

		r.session = pick(16) ? session : 0;
		r.index = pick(8);
		if (op == REQ_LOGIN || op == REQ_PASSWD || op == REQ_LOGOUT || op == REQ_DEFINITIONS ||
		    (op < REQ_OP_COUNT && needs[op] <= (r.session == viewer ? ROLE_VIEWER : ROLE_ANYBODY)))
			continue;
		bench_send(&r);
		assert_true(bench_is_answered());
		assert_true(op >= REQ_OP_COUNT || op == 0 ? bench_answer.error == ERR_BAD_FIELD
			    : bench_answer.error == ERR_NO_LOGIN || bench_answer.error == ERR_ROLE);
		assert_true(bench_answer.error != ERR_ROLE || r.session == viewer);
	}
	assert_false(ring_get(&orders, &order, sizeof(order)));
	ask_as(REQ_STATUS, "a", viewer);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.state, VM_DEFINED);
	ask_as(REQ_LOGOUT, "", viewer);
	bench_expect(ERR_NONE);
}

/* Guard dies: whoever waits is told, and sessions stay. The console dies: its sessions end. */
static struct request a_token(enum request_op op, const char *name, u32 session, u8 byte)
{
	struct request r = a_user(op, name, session);

	r.user.fields = USER_TOKEN;
	memset(r.user.new_secret, byte, sizeof(r.user.new_secret));
	return r;
}

static u32 ask_token(const char *name, u8 byte, enum error error)
{
	struct request r = a_token(REQ_TOKEN_LOGIN, name, 0, byte);

	bench_send(&r);
	bench_expect(error);
	return error == ERR_NONE ? bench_answer.login.session : 0;
}

static u32 login_with(const char *name, u32 role, u8 byte)
{
	struct request r = a_token(REQ_LOGIN, name, 0, byte);
	struct guard_order order;

	bench_send(&r);
	order = take(GUARD_LOGIN);
	assert_int_equal(order.new_secret[0], 0);	/* no token is guard's business */
	answer(&order, GUARD_OK, role);
	bench_expect(ERR_NONE);
	return bench_answer.login.session;
}

/* A token logs in without guard, and ends with whatever ends the user's sessions. */
static void tokens(void **state)
{
	u32 alice, bob, session;
	struct request r;
	struct guard_order order;

	(void)state;
	ask_token("bob", 7, ERR_OLD_LOGIN);
	bob = login_with("bob", ROLE_VIEWER, 7);
	alice = login_with("alice", ROLE_ADMIN, 8);
	session = ask_token("bob", 7, ERR_NONE);
	assert_int_equal(bench_answer.login.role, ROLE_VIEWER);
	assert_string_equal(bench_answer.login.user, "bob");
	assert_false(ring_get(&orders, &order, sizeof(order)));
	ask_as(REQ_STOP, "a", session);
	bench_expect(ERR_ROLE);
	ask_token("alice", 7, ERR_OLD_LOGIN);
	ask_token("bob", 8, ERR_OLD_LOGIN);
	ask_token("bob", 0, ERR_OLD_LOGIN);
	ask_token("-", 7, ERR_BAD_USER);
	ask_as(REQ_LOGOUT, "", session);	/* the program has left */
	bench_expect(ERR_NONE);
	session = ask_token("bob", 7, ERR_NONE);
	r = a_token(REQ_LOGOUT, "", session, 7);
	bench_send(&r);
	bench_expect(ERR_NONE);
	ask_token("bob", 7, ERR_OLD_LOGIN);
	ask_as(REQ_LOGOUT, "", bob);
	bench_expect(ERR_NONE);
	bob = login_with("bob", ROLE_VIEWER, 9);
	r = a_user(REQ_SET_USER, "bob", alice);
	r.user.fields = USER_SET_ROLE;
	bench_send(&r);
	order = take(GUARD_SET);
	answer(&order, GUARD_OK, 0);
	bench_expect(ERR_NONE);
	ask_token("bob", 9, ERR_OLD_LOGIN);
	ask_as(REQ_LOGOUT, "", ask_token("alice", 8, ERR_NONE));
	bench_expect(ERR_NONE);
	ask_as(REQ_LOGOUT, "", alice);
	bench_expect(ERR_NONE);
}

static void restarts(void **state)
{
	u32 viewer = login("bob", ROLE_VIEWER), made = fake_threads_made();

	(void)state;
	ask_login("alice");
	fake_fault(guard, 15, 0x400000, 0);
	(void)root_turn(ROOT_BIT_FAULT);
	guard = bench_await_thread(made);
	attach();
	bench_turns(0, 3);
	bench_expect(ERR_GUARD_DOWN);
	report((struct guard_report){ .op = GUARD_READY, .users = 0 });
	assert_true(access_has_users());	/* it may have forgotten them: the machine does not open */
	ask_as(REQ_STATUS, "a", viewer);
	bench_expect(ERR_NONE);
	made = fake_threads_made();
	fake_fault(bench_console, 15, 0x400000, 0);
	(void)root_turn(ROOT_BIT_FAULT);
	bench_console = bench_await_thread(made);
	bench_console_attach();
	ask_as(REQ_STATUS, "a", viewer);
	bench_expect(ERR_NO_LOGIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {	/* each goes on where the one before ended */
		cmocka_unit_test(nobody), cmocka_unit_test(roles), cmocka_unit_test(a_wrong_guard),
		cmocka_unit_test(a_lockout), cmocka_unit_test(an_audit), cmocka_unit_test(a_slow_guard),
		cmocka_unit_test(changes), cmocka_unit_test(own_rights), cmocka_unit_test(a_login_before),
		cmocka_unit_test(no_dry_run), cmocka_unit_test(a_number_again), cmocka_unit_test(limits),
		cmocka_unit_test(tokens), cmocka_unit_test(a_hostile_console), cmocka_unit_test(restarts),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
