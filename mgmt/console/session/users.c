/* SPDX-License-Identifier: MIT */
/*
 * users.c - login, logout, passwd, add-user, set-user and delete-user: passwords are asked for, unseen, and only their
 * hashes are kept, until root has them.
 */
#include <stdio.h>
#include <string.h>

#include "handlers.h"
#include "secret_arg.h"
#include "session.h"

static void refuse(struct session *s, struct job *job, const char *why)
{
	struct cmd_error error;

	error_set(&error, RESULT_USAGE, "%s", why);
	job_fail(s, job, &error);
}

static u32 op_of(const struct job *job)
{
	return job->args.command->op;
}

/* ---- asking for passwords ---- */

/* A token alone does it. */
static bool is_by_token(const struct job *job)
{
	return op_of(job) == REQ_LOGIN && args_has(&job->args, ARG_TOKEN) && !args_has(&job->args, ARG_PASSWORD);
}

static bool needs_present(const struct job *job)
{
	return (op_of(job) == REQ_LOGIN && !is_by_token(job)) || op_of(job) == REQ_PASSWD;
}

static bool needs_new(const struct job *job)
{
	return op_of(job) == REQ_PASSWD || op_of(job) == REQ_ADD_USER || args_has(&job->args, ARG_ASK_PASSWORD);
}

static void ask(struct session *s, const struct job *job, const char *what)
{
	char text[EDIT_PROMPT_BYTES];

	snprintf(text, sizeof(text), "%s%s%s: ", what, job->args.name[0] ? " of " : "", job->args.name);
	prompt_ask_secret(s, text);
}

/* What is asked for next; NULL: all is there. */
static const char *missing(const struct job *job)
{
	const struct args *args = &job->args;

	if (needs_present(job) && !args_has(args, ARG_PASSWORD))
		return "Password";
	if (!needs_new(job) || args_has(args, ARG_NEW_PASSWORD))
		return NULL;
	return args->is_secret_given ? "Again" : "New password";
}

/* What was typed is the answer to what was missing. A new password has to be typed twice. */
static bool take_typed(struct session *s, struct job *job)
{
	struct args *args = &job->args;
	bool is_present = needs_present(job) && !args_has(args, ARG_PASSWORD), is_again = args->is_secret_given;
	size_t length = args->typed_length;

	args->typed_length = 0;
	if (is_present) {
		memcpy(args->secret, args->typed, sizeof(args->secret));
		args->given |= ARG_BIT(ARG_PASSWORD);
	} else if (!is_again && length < PASSWORD_MIN) {
		refuse(s, job, "a password has at least 8 characters. Nothing was changed");
	} else if (!is_again) {
		memcpy(args->new_secret, args->typed, sizeof(args->new_secret));
		args->is_secret_given = true;
	} else if (memcmp(args->typed, args->new_secret, sizeof(args->typed)) == 0) {
		args->given |= ARG_BIT(ARG_NEW_PASSWORD);
	} else {
		refuse(s, job, "the two were not the same. Nothing was changed");
	}
	explicit_bzero(args->typed, sizeof(args->typed));
	return job->is_used;
}

static void send(struct session *s, struct job *job)
{
	struct args *args = &job->args;
	struct user_request user = {
		.role = args->role, .line = s->index,
		.fields = (args_has(args, ARG_ROLE) ? USER_SET_ROLE : 0) |
			  (args_has(args, ARG_NEW_PASSWORD) ? USER_SET_SECRET : 0) |
			  (args_has(args, ARG_TOKEN) ? USER_TOKEN : 0),
	};

	memcpy(user.secret, args->secret, sizeof(user.secret));
	memcpy(user.new_secret, args->new_secret, sizeof(user.new_secret));
	memset(&job->request, 0, sizeof(job->request));
	memcpy(job->request.name, args->name, sizeof(job->request.name));
	job->request.flags = args_has(args, ARG_DRY_RUN) ? REQ_FLAG_DRY_RUN : 0;
	job->request.user = user;
	job_send(s, job, is_by_token(job) ? REQ_TOKEN_LOGIN : (enum request_op)op_of(job));
	if (!job->is_unsent)
		explicit_bzero(&job->request.user, sizeof(job->request.user));
	explicit_bzero(&user, sizeof(user));
	explicit_bzero(args->secret, sizeof(args->secret));
	explicit_bzero(args->new_secret, sizeof(args->new_secret));
}

/* Nobody is asked for a password that can't be. */
static bool lacks_users(struct session *s, struct job *job)
{
	u32 op = op_of(job);
	struct cmd_error error;

	if (s->console->has_users || (op != REQ_LOGIN && op != REQ_LOGOUT && op != REQ_PASSWD))
		return false;
	error_set(&error, RESULT_STATE, "there are no users here, and nothing needs a login. add-user NAME --role "
		"admin makes the first one");
	job_fail(s, job, &error);
	return true;
}

static bool has_secret(const struct args *args)
{
	return args_has(args, ARG_PASSWORD) || args_has(args, ARG_NEW_PASSWORD) || args_has(args, ARG_TOKEN);
}

void user_begin(struct session *s, struct job *job)
{
	bool is_prompt = job->origin == JOB_PROMPT && !job_is_json(job);
	const struct args *args = &job->args;

	if (lacks_users(s, job))
		return;
	if (op_of(job) == REQ_LOGIN && !login_of(job)) {
		refuse(s, job, "a program says hello before it logs in");
		return;
	}
	if (is_prompt && !args->has_typed && has_secret(args)) {
		refuse(s, job, "that is for programs: a line is remembered. Leave it out, and you are asked");
		return;
	}
	if (op_of(job) == REQ_SET_USER && !args_has(args, ARG_ROLE) && !args_has(args, ARG_NEW_PASSWORD) &&
		!args_has(args, ARG_ASK_PASSWORD)) {
		refuse(s, job, "set-user needs something to set: --role ROLE, or --ask-password");
		return;
	}
	if (args->typed_length > 0 && !take_typed(s, job))
		return;
	if (!missing(job) || args_has(args, ARG_DRY_RUN))
		send(s, job);
	else if (is_prompt)
		ask(s, job, missing(job));
	else
		refuse(s, job, "a program gives \"password\", the present one, and \"new-password\"");
}

void logout_begin(struct session *s, struct job *job)
{
	if (lacks_users(s, job))
		return;
	if (job->origin == JOB_PROMPT && has_secret(&job->args))
		refuse(s, job, "a token is for programs: a line is remembered");
	else
		send(s, job);
}

/* ---- answers ---- */

static void done_text(const struct out *out, const void *what)
{
	const struct job *job = what;
	const struct args *args = &job->args;
	const struct login *login = login_of(job);

	if (args_has(args, ARG_DRY_RUN))
		out_format(out, "%s %s would succeed. Nothing was changed.\n", args->command->verb, args->name);
	else if (op_of(job) == REQ_LOGIN && login)
		out_format(out, "%s is logged in: %s.\n", login->user, role_text(login->role));
	else if (op_of(job) == REQ_LOGOUT)
		out_text(out, "Logged out.\n");
	else if (op_of(job) == REQ_PASSWD)
		out_text(out, "The password is another one now. Your other sessions have ended.\n");
	else if (op_of(job) == REQ_ADD_USER)
		out_format(out, "%s is a user: %s. export-users prints what keeps it over a restart.\n", args->name,
			role_text(args->role));
	else if (op_of(job) == REQ_UNLOCK_USER)
		out_format(out, "%s can log in on every line.\n", args->name);
	else
		out_format(out, "%s is %s. The user's sessions have ended.\n", args->name,
			op_of(job) == REQ_DELETE_USER ? "deleted" : "changed");
}

static void done_json(struct json_writer *writer, const char *key, const void *what)
{
	const struct job *job = what;
	const struct login *login = login_of(job);

	json_open(writer, key, '{');
	if (op_of(job) == REQ_LOGIN && login) {
		json_text(writer, "user", login->user);
		json_text(writer, "role", role_text(login->role));
	}
	json_close(writer, '}');
}

/* From now on the line or the program is somebody. */
static void log_in(struct session *s, const struct job *job, const struct login_report *report)
{
	struct login *login = login_of(job);

	if (!login)
		return;
	*login = (struct login){ .session = report->session, .role = report->role };
	memcpy(login->user, report->user, sizeof(login->user) - 1);
	if (login == &s->login)
		edit_forget(&s->editor);	/* it is another one's line now */
	if (login == &s->login)		/* what was logged before is in `log` */
		s->log_at = __atomic_load_n(&s->console->log->head, __ATOMIC_ACQUIRE);
}

void user_answer(struct session *s, struct job *job, const struct reply *reply)
{
	static const struct view view = { done_text, done_json };
	struct login *login = login_of(job);
	struct cmd_error error;

	explicit_bzero(&job->request.user, sizeof(job->request.user));
	if (reply->result != RESULT_OK) {
		report_refusal(&error, &job->request, reply, &s->console->inventory);
		job_fail(s, job, &error);
		return;
	}
	if (op_of(job) == REQ_LOGIN)
		log_in(s, job, &reply->login);
	if (op_of(job) == REQ_LOGOUT && login)
		memset(login, 0, sizeof(*login));
	if (op_of(job) == REQ_LOGOUT && login == &s->login)
		edit_forget(&s->editor);
	if (op_of(job) == REQ_ADD_USER && !args_has(&job->args, ARG_DRY_RUN))
		s->console->has_users = true;
	job_show(s, job, &view, job);
}

/* ---- programs that have left ---- */

static void left_answer(struct session *s, struct job *job, const struct reply *reply)
{
	(void)s;
	(void)reply;
	job_drop(job);
}

void users_turn(struct console *c)
{
	static const struct command left_command = { .verb = "logout", .ops = { .answer = left_answer } };
	struct job *job = c->logout_count != 0 ? job_new_logout(c->lines[0]) : NULL;

	if (!job)
		return;
	args_init(&job->args, &left_command);
	job->login = c->logouts[--c->logout_count];
	job_send(c->lines[0], job, REQ_LOGOUT);
}

/* ---- tables ---- */

/* Guard gives rows one by one, and may be too busy for that. */
void users_answer(struct session *s, struct job *job, const struct reply *reply)
{
	if (reply->result != RESULT_OK && reply->error != ERR_NO_USER)
		(void)request_is_refused(s, job, reply);
	else
		listing_answer(s, job, reply);
}
