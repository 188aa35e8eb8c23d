/* SPDX-License-Identifier: MIT */
/*
 * user_requests.c - see user_requests.h. What guard reports is judged: it may be wrong about who somebody is, and about
 * nothing else.
 */
#include "user_requests.h"

#include <string.h>

#include "access.h"
#include "audit_log.h"
#include "client.h"
#include "guard_link.h"
#include "pd.h"
#include "reply.h"
#include "root.h"
#include "rt_log.h"
#include "session_table.h"
#include "spec.h"
#include "syscalls.h"
#include "token_table.h"
#include "vm_layout.h"

#define WAITING_MAX 8u	/* guard does one after the other, each in a fraction of a second */
#define LOGINS_MAX 4u	/* thereof by those who are nobody yet: they can't keep others out */
#define LINE_LOGINS_MAX 2u	/* and of one line */
_Static_assert(WAITING_MAX * sizeof(struct guard_order) <= GUARD_ORDER_RING_BYTES, "orders");
_Static_assert((WAITING_MAX + 1) * sizeof(struct guard_report) <= GUARD_REPORT_RING_BYTES, "reports");

static struct waiting {
	bool is_used, is_sent, is_done;
	u64 done_number;	/* in what order guard has done them */
	bool has_left;		/* nobody waits for the answer any more */
	u32 client, request_id, op, session, line;
	struct guard_order order;	/* its secrets until it is sent: guard may have to start first */
	struct guard_report report;
	bool has_token;
	u8 token[USER_SECRET_BYTES];
} waiting[WAITING_MAX];

static u32 waiting_count, last_order;
static u64 done_count;
static struct reply reply;	/* one at a time; too big for the stack */

static const u8 orders_of[REQ_OP_COUNT] = {
	[REQ_LOGIN] = GUARD_LOGIN, [REQ_PASSWD] = GUARD_PASSWD, [REQ_ADD_USER] = GUARD_ADD, [REQ_SET_USER] = GUARD_SET,
	[REQ_DELETE_USER] = GUARD_DELETE, [REQ_USERS] = GUARD_ROW, [REQ_EXPORT_USERS] = GUARD_ROW,
	[REQ_UNLOCK_USER] = GUARD_UNLOCK, [REQ_AUDIT_VERIFY] = GUARD_VERIFY,
};

static const u32 errors[GUARD_ERROR_COUNT] = {
	[GUARD_OK] = ERR_NONE, [GUARD_WRONG] = ERR_WRONG_PASSWORD, [GUARD_NO_USER] = ERR_NO_USER,
	[GUARD_EXISTS] = ERR_USER_EXISTS, [GUARD_FULL] = ERR_TOO_MANY_USERS, [GUARD_FIRST_ADMIN] = ERR_FIRST_ADMIN,
	[GUARD_LAST_ADMIN] = ERR_LAST_ADMIN, [GUARD_MEMORY] = ERR_GUARD_MEMORY, [GUARD_BAD_ORDER] = ERR_BAD_USER,
	[GUARD_LOCKED] = ERR_LOCKED_OUT, [GUARD_BROKEN] = ERR_AUDIT_BROKEN,
};

/* ---- asking ---- */

static void refuse(u32 client, const struct request *request, enum error error)
{
	struct error_info info = error_info_of(error, 0, 0);

	(void)reply_send(client, request->id, &info, NULL);	/* client_receive made sure of the room */
}

static void logout(u32 client, const struct request *request)
{
	const struct login *login = session_find(client, request->session);

	if (login == NULL) {
		refuse(client, request, ERR_NO_LOGIN);
		return;
	}
	if ((request->user.fields & USER_TOKEN) != 0)
		token_end(login->user, request->user.new_secret);
	if (!login->is_by_token)
		rt_log("root: %s logs out", login->user);
	session_close(request->session);
	refuse(client, request, ERR_NONE);
}

static enum error open_session(u32 client, const char user[USER_NAME_BYTES], u32 role, u32 line, bool is_by_token)
{
	reply.login.session = session_open(client, user, role, line, is_by_token);
	if (reply.login.session == 0)
		return ERR_TOO_MANY_SESSIONS;
	reply.login.role = role;
	memcpy(reply.login.user, user, sizeof(reply.login.user));
	return ERR_NONE;
}

static void resume(u32 client, const struct request *request)
{
	u32 role = token_role(request->name, request->user.new_secret);
	struct error_info info = error_info_of(ERR_OLD_LOGIN, 0, SESSIONS_MAX);

	memset(&reply, 0, sizeof(reply));
	if (role != ROLE_UNSET && session_find(client, request->session) != NULL)
		session_close(request->session);
	if (role != ROLE_UNSET)
		info.error = open_session(client, request->name, role, request->user.line, true);
	reply.kind = REPLY_ANSWER;
	reply.id = request->id;
	if (info.error != ERR_NONE)
		(void)reply_send(client, request->id, &info, NULL);
	else
		(void)client_send(client, &reply);	/* client_receive made sure of the room */
}

static struct waiting *find_free(void)
{
	for (u32 i = 0; i < WAITING_MAX; i++)
		if (!waiting[i].is_used)
			return &waiting[i];
	return NULL;
}

/* An order of nobody's, on that line, leaves places to others. */
static bool has_place(u32 line)
{
	u32 all = 0, of_line = 0;

	for (u32 i = 0; i < WAITING_MAX; i++) {
		bool is_login = waiting[i].is_used && waiting[i].op == REQ_LOGIN;

		all += is_login;
		of_line += is_login && waiting[i].line == line;
	}
	return all < LOGINS_MAX && of_line < LINE_LOGINS_MAX;
}

static bool has_name(u32 op)
{
	return op != REQ_USERS && op != REQ_EXPORT_USERS && op != REQ_AUDIT_VERIFY;
}

static void send_orders(void)
{
	for (u32 i = 0; i < WAITING_MAX && guard_link_is_up(); i++) {
		struct waiting *w = &waiting[i];

		if (!w->is_used || w->is_sent)
			continue;
		guard_link_send(&w->order);
		w->is_sent = true;
		explicit_bzero(w->order.secret, sizeof(w->order.secret));
		explicit_bzero(w->order.new_secret, sizeof(w->order.new_secret));
	}
}

static void take_order(u32 client, const struct request *request, const char name[USER_NAME_BYTES])
{
	bool is_dry_run = (request->flags & REQ_FLAG_DRY_RUN) != 0;
	struct waiting *w = find_free();
	bool has_room = w != NULL && (request->op != REQ_LOGIN || has_place(request->user.line));

	if (!has_room || image_find(&root.images, "guard", true) == NULL) {
		refuse(client, request, ERR_GUARD_DOWN);
		return;
	}
	*w = (struct waiting){ .is_used = true, .client = client, .request_id = request->id, .op = request->op,
			       .session = request->session, .line = request->user.line };
	last_order = last_order + 1 != 0 ? last_order + 1 : 1;
	w->order = (struct guard_order){
		.id = last_order, .op = orders_of[request->op], .role = request->user.role,
		.flags = (is_dry_run ? GUARD_DRY_RUN : 0) | (request->op == REQ_EXPORT_USERS ? GUARD_TEXT : 0),
		.fields = request->user.fields, .index = request->index, .line = request->user.line,
	};
	memcpy(w->order.name, name, sizeof(w->order.name));
	memcpy(w->order.secret, request->user.secret, sizeof(w->order.secret));
	w->has_token = request->op == REQ_LOGIN && (request->user.fields & USER_TOKEN) != 0;
	memcpy(w->has_token ? w->token : w->order.new_secret, request->user.new_secret, sizeof(w->token));
	waiting_count++;
	send_orders();
}

void user_request(u32 client, struct request *request)
{
	const struct login *login = session_find(client, request->session);
	bool needs_user = request->op == REQ_LOGIN || request->op == REQ_TOKEN_LOGIN || request->op == REQ_LOGOUT ||
			  request->op == REQ_PASSWD;

	if (needs_user && !access_has_users())
		refuse(client, request, ERR_NO_USERS);
	else if (request->op == REQ_LOGOUT)
		logout(client, request);
	else if (request->op == REQ_PASSWD && login == NULL)
		refuse(client, request, ERR_NO_LOGIN);
	else if (request->op == REQ_PASSWD)
		take_order(client, request, login->user);
	else if (has_name(request->op) && !spec_name_ok(request->name))
		refuse(client, request, ERR_BAD_USER);
	else if (request->op == REQ_TOKEN_LOGIN)
		resume(client, request);
	else
		take_order(client, request, request->name);
	explicit_bzero(&request->user, sizeof(request->user));
}

/* ---- answering ---- */

/* What it says of a user is one. */
static bool is_user(const struct guard_report *r)
{
	return r->role >= ROLE_VIEWER && r->role < ROLE_COUNT && spec_name_ok(r->name);
}

static bool is_of(const struct waiting *w, const char *name)
{
	return strncmp(w->order.name, name, USER_NAME_BYTES) == 0;
}

static enum error log_in(const struct waiting *w)
{
	enum error error;

	if (!is_user(&w->report) || !is_of(w, w->report.name))
		return ERR_WRONG_PASSWORD;
	if (session_find(w->client, w->session) != NULL)
		session_close(w->session);	/* whoever was there is somebody else now */
	error = open_session(w->client, w->order.name, w->report.role, w->line, false);
	if (error != ERR_NONE)
		return error;
	if (w->has_token)
		token_keep(w->order.name, w->report.role, w->token);
	rt_log("root: %s logs in", w->order.name);
	return ERR_NONE;
}

static enum error fill_row(const struct waiting *w)
{
	struct user_row *row = &reply.user_row;

	if (!is_user(&w->report))
		return ERR_NO_USER;
	row->index = w->report.index;
	row->role = w->report.role;
	row->sessions = sessions_of(w->report.name);
	memcpy(row->user, w->report.name, sizeof(row->user));
	if (w->op == REQ_EXPORT_USERS)
		memcpy(row->line, w->report.line, sizeof(row->line) - 1);
	return ERR_NONE;
}

/*
 * Guard has changed that user, or may have before it died: what was right before opens nothing any more, also if it is
 * answered later. Who changes the own password stays; an admin who changes the own role, or goes, does not.
 */
static void end_sessions(const struct waiting *w)
{
	bool is_change = w->op == REQ_PASSWD || w->op == REQ_SET_USER || w->op == REQ_DELETE_USER;

	if (!is_change || (w->order.flags & GUARD_DRY_RUN) != 0)
		return;
	sessions_end(w->order.name, w->op == REQ_PASSWD ? w->session : 0);
	tokens_end(w->order.name);
	for (u32 i = 0; i < WAITING_MAX; i++)
		if (waiting[i].is_done && waiting[i].op == REQ_LOGIN && waiting[i].done_number < w->done_number &&
		    is_of(&waiting[i], w->order.name))
			waiting[i].report.error = GUARD_WRONG;
}

/* Guard has done it. */
static enum error follow(const struct waiting *w)
{
	if (w->op == REQ_LOGIN)
		return log_in(w);
	if (w->op == REQ_USERS || w->op == REQ_EXPORT_USERS)
		return fill_row(w);
	reply.verdict = w->report.verdict;
	return ERR_NONE;
}

static struct error_info info_of(const struct waiting *w, enum error error)
{
	struct error_info info = error_info_of(error, 0, error == ERR_TOO_MANY_USERS ? USERS_MAX : SESSIONS_MAX);

	if (error == ERR_AUDIT_BROKEN)
		info.have = w->report.place;
	if (error != ERR_LOCKED_OUT)
		return info;
	info.have = w->report.left_s;
	memcpy(info.text, w->order.name, sizeof(w->order.name));
	return info;
}

/* A name that no user has may be a password that was typed too early. */
static void name_login(const struct waiting *w, enum error error)
{
	bool is_refused = error == ERR_WRONG_PASSWORD || error == ERR_LOCKED_OUT;

	if (w->report.is_user == 1)
		audit_log_name(w->client, w->request_id, w->order.name);
	if (is_refused && w->report.is_user == 1)
		rt_log("root: a login as %s was refused", w->order.name);
	else if (is_refused)
		rt_log("root: a login as a user that is not there was refused");
}

/* False: there is no room for the answer now. */
static bool answer(const struct waiting *w)
{
	enum error error = w->report.error < GUARD_ERROR_COUNT ? errors[w->report.error] : ERR_GUARD_DOWN;
	struct error_info info;

	if (!w->has_left && client_room(w->client) == 0)
		return false;
	if (error == ERR_NONE || error == ERR_GUARD_DOWN)
		end_sessions(w);
	if (w->has_left)
		return true;
	memset(&reply, 0, sizeof(reply));
	if (error == ERR_NONE)
		error = follow(w);
	if (w->op == REQ_LOGIN)
		name_login(w, error);
	info = info_of(w, error);
	if (error != ERR_NONE)
		return reply_send(w->client, w->request_id, &info, NULL);
	reply.kind = REPLY_ANSWER;
	reply.id = w->request_id;
	return client_send(w->client, &reply);
}

static void take_report(const struct guard_report *report)
{
	access_note_users(report->users);
	for (u32 i = 0; i < WAITING_MAX; i++)
		if (waiting[i].is_sent && !waiting[i].is_done && waiting[i].order.id == report->id) {
			waiting[i].report = *report;
			waiting[i].done_number = ++done_count;
			waiting[i].is_done = true;
		}
}

static void answer_all(void)
{
	for (u32 i = 0; i < WAITING_MAX; i++)
		if (waiting[i].is_done && answer(&waiting[i])) {
			explicit_bzero(&waiting[i], sizeof(waiting[i]));
			waiting_count--;
		}
}

void user_requests_step(bool is_signalled)
{
	struct guard_report report;

	while (is_signalled && guard_link_take(&report))
		take_report(&report);
	if (waiting_count == 0)
		return;
	send_orders();
	answer_all();
}

/* ---- both ends ---- */

void user_requests_drop(u32 client)
{
	sessions_drop(client);
	for (u32 i = 0; i < WAITING_MAX; i++)
		waiting[i].has_left = waiting[i].has_left || waiting[i].client == client;
}

enum status guard_prepare(u64 h_pd)
{
	struct guard_state *state = shared_at(SHARED_GUARD);

	state->module_bytes = root.users.bytes;
	guard_link_reset();
	audit_log_chained();
	for (u32 i = 0; i < WAITING_MAX; i++)
		if (waiting[i].is_sent && !waiting[i].is_done) {
			waiting[i].report.error = GUARD_ERROR_COUNT;
			waiting[i].done_number = ++done_count;
			waiting[i].is_done = true;
		}
	return root.users.bytes != 0 ? pd_map(h_pd, root.users.h_mem, GUARD_MODULE, root.users.bytes, RIGHT_R) : ST_OK;
}
