/* SPDX-License-Identifier: MIT */
/*
 * serve.c - see serve.h. A change is judged before the password is hashed, which takes long, and made after it.
 */
#include "serve.h"

#include <string.h>

#include "audit_chain.h"
#include "lockout.h"
#include "password.h"
#include "users.h"
#include "users_text.h"

#define NS_PER_SECOND 1000000000ull

static struct users *users;
static struct lockouts *lockouts;
static struct audit_log *audit;
static u64 now_ns;	/* of the order in hand */

void serve_init(struct guard_state *state, struct audit_log *log, const char *module,
		void (*tell)(u32 line, u32 column, const char *what))
{
	users = &state->users;
	lockouts = &state->lockouts;
	audit = log;
	if (state->is_read != 0 && users_ok(users))
		return;
	memset(users, 0, sizeof(*users));
	if (state->module_bytes != 0)
		users_read(users, module, state->module_bytes, tell);
	state->is_read = 1;
}

/* ---- orders ---- */

static bool is_dry_run(const struct guard_order *order)
{
	return (order->flags & GUARD_DRY_RUN) != 0;
}

/* The password that is. While the name is locked out, it is not even looked at, and costs no time. */
static enum guard_error check(const struct user *user, const struct guard_order *order, struct guard_report *report)
{
	enum guard_error error;
	u64 left_ns;

	if (order->line >= GUARD_LINES)
		return GUARD_BAD_ORDER;
	left_ns = lockout_left_ns(lockouts, order->name, order->line, now_ns);
	report->left_s = (u32)((left_ns + NS_PER_SECOND - 1) / NS_PER_SECOND);
	if (left_ns != 0)
		return GUARD_LOCKED;
	error = password_check(user, order->secret);
	if (error == GUARD_WRONG)
		lockout_note(lockouts, order->name, user != NULL, order->line, now_ns);
	else if (error == GUARD_OK)
		lockout_clear(lockouts, order->name, order->line);
	return error;
}

static enum guard_error do_login(const struct guard_order *order, struct guard_report *report)
{
	const struct user *user = users_find(users, order->name);
	enum guard_error error = check(user, order, report);

	report->is_user = user != NULL;
	if (error == GUARD_OK)
		report->role = user->role;
	return error;
}

static enum guard_error do_passwd(const struct guard_order *order, struct guard_report *report)
{
	struct user *user = users_find(users, order->name), changed;
	enum guard_error error = check(user, order, report);

	if (error != GUARD_OK)
		return error;
	changed = *user;
	if (!password_make(&changed, order->new_secret))
		return GUARD_MEMORY;
	*user = changed;
	return GUARD_OK;
}

static enum guard_error do_add(const struct guard_order *order, struct guard_report *report)
{
	struct user user = { .role = order->role };
	enum guard_error error;

	(void)report;
	if (!user_role_ok(order->role))
		return GUARD_BAD_ORDER;
	memcpy(user.name, order->name, sizeof(user.name));
	error = users_add(users, &user, true);
	if (error != GUARD_OK || is_dry_run(order))
		return error;
	return password_make(&user, order->new_secret) ? users_add(users, &user, false) : GUARD_MEMORY;
}

static enum guard_error do_set(const struct guard_order *order, struct guard_report *report)
{
	struct user *user = users_find(users, order->name), changed;
	bool has_role = (order->fields & USER_SET_ROLE) != 0, has_secret = (order->fields & USER_SET_SECRET) != 0;
	enum guard_error error;

	(void)report;
	if (user == NULL)
		return GUARD_NO_USER;
	if (has_role && !user_role_ok(order->role))
		return GUARD_BAD_ORDER;
	error = has_role ? users_set_role(users, order->name, order->role, true) : GUARD_OK;
	if (error != GUARD_OK || is_dry_run(order))
		return error;
	changed = *user;
	if (has_secret && !password_make(&changed, order->new_secret))
		return GUARD_MEMORY;
	if (has_role)
		changed.role = order->role;
	*user = changed;
	return GUARD_OK;
}

static enum guard_error do_delete(const struct guard_order *order, struct guard_report *report)
{
	enum guard_error error = users_delete(users, order->name, is_dry_run(order));

	(void)report;
	if (error == GUARD_OK && !is_dry_run(order))
		lockout_clear_all(lockouts, order->name);
	return error;
}

static enum guard_error do_unlock(const struct guard_order *order, struct guard_report *report)
{
	(void)report;
	if (users_find(users, order->name) == NULL)
		return GUARD_NO_USER;
	if (!is_dry_run(order))
		lockout_clear_all(lockouts, order->name);
	return GUARD_OK;
}

static enum guard_error do_row(const struct guard_order *order, struct guard_report *report)
{
	const struct user *user = &users->list[order->index < users->count ? order->index : 0];

	if (order->index >= users->count)
		return GUARD_NO_USER;
	report->role = user->role;
	memcpy(report->name, user->name, sizeof(report->name));
	if ((order->flags & GUARD_TEXT) != 0)
		user_write(report->line, user);
	return GUARD_OK;
}

static enum guard_error do_verify(const struct guard_order *order, struct guard_report *report)
{
	(void)order;
	while (audit_chain(audit, AUDIT_RECORDS))
		;
	return audit_verify(audit, &report->verdict, &report->place) ? GUARD_OK : GUARD_BROKEN;
}

static const struct {
	enum guard_error (*serve)(const struct guard_order *order, struct guard_report *report);
	bool needs_name;
} rows[GUARD_OP_COUNT] = {
	[GUARD_LOGIN] = { do_login, true },
	[GUARD_PASSWD] = { do_passwd, true },
	[GUARD_ADD] = { do_add, true },
	[GUARD_SET] = { do_set, true },
	[GUARD_DELETE] = { do_delete, true },
	[GUARD_ROW] = { do_row, false },
	[GUARD_UNLOCK] = { do_unlock, true },
	[GUARD_VERIFY] = { do_verify, false },
};

void serve_order(struct guard_order *order, struct guard_report *report, u64 now)
{
	u32 op = order->op < GUARD_OP_COUNT ? order->op : GUARD_READY;

	now_ns = now;
	*report = (struct guard_report){ .id = order->id, .op = order->op, .index = order->index,
					 .error = GUARD_BAD_ORDER };
	if (rows[op].serve != NULL && (!rows[op].needs_name || user_name_ok(order->name))) {
		memcpy(report->name, order->name, sizeof(report->name));
		report->error = rows[op].serve(order, report);
	}
	report->users = users->count;
	explicit_bzero(order, sizeof(*order));
}

void serve_ready(struct guard_report *report)
{
	*report = (struct guard_report){ .op = GUARD_READY, .users = users->count };
}
