/* SPDX-License-Identifier: MIT */
/*
 * login.c - see login.h.
 */
#include "login.h"

#include <string.h>

#include "session.h"

static const char *const role_names[ROLE_COUNT] = {
	[ROLE_UNSET] = "none", [ROLE_ANYBODY] = "none", [ROLE_VIEWER] = "viewer", [ROLE_OPERATOR] = "operator",
	[ROLE_ADMIN] = "admin",
};

const char *role_text(u32 role)
{
	return role < ROLE_COUNT ? role_names[role] : "?";
}

bool login_is_locked(const struct session *s)
{
	return s->console->has_users && s->login.session == 0 && s->kind == FRAME_TEXT;
}

bool login_is_watched(const struct session *s)
{
	if (!s->console->has_users || s->login.session != 0)
		return true;
	for (u32 i = 0; s->clients.count && i < CLIENT_COUNT; i++)
		if (s->clients.list[i].number && s->clients.list[i].login.session != 0)
			return true;
	return false;
}

bool login_may(const struct session *s, const struct login *login, u32 role, const char *verb,
	struct cmd_error *error)
{
	if (!s->console->has_users || role == ROLE_ANYBODY)
		return true;
	if (!login || login->session == 0) {
		error_set(error, RESULT_DENIED, "%s needs a login: login USER asks for the password", verb);
		error->class = "E_LOGIN";
		return false;
	}
	if (role != ROLE_UNSET && login->role >= role)
		return true;
	return error_set(error, RESULT_DENIED, "%s needs the role %s, and %s is %s", verb, role_text(role),
		login->user, role_text(login->role));
}

struct login *login_of(const struct job *job)
{
	if (job->client)
		return &job->client->login;
	return job->origin == JOB_PROMPT || job->origin == JOB_BACKGROUND ? &job->session->login : NULL;
}

bool login_may_start(const struct job *job, struct cmd_error *error)
{
	const struct command *command = job->args.command;

	return job->origin == JOB_STARTUP || job->origin == JOB_KEEPER ||
	       login_may(job->session, login_of(job), command->role, command->verb, error);
}

void login_lost(const struct job *job)
{
	struct login *login = login_of(job);

	job->session->console->has_users = true;
	if (login && login->session == job->login)
		memset(login, 0, sizeof(*login));
}
