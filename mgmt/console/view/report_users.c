/* SPDX-License-Identifier: MIT */
/*
 * report_users.c - who, list-user and export-users, for people and for programs. See report.h.
 */
#include "login.h"
#include "report.h"
#include "serial.h"
#include "units.h"

static const char *line_text(u32 line)
{
	static const char *const names[LINE_KINDS] = {
		[LINE_SERIAL] = "serial", [LINE_SERIAL2] = "com2", [LINE_PORT] = "port",
	};

	return line < LINE_KINDS ? names[line] : "?";
}

void report_logins(const struct out *out, const void *what)
{
	const struct inventory *m = what;

	out_format(out, "%-31s  %-8s  %-6s  %s\n", "USER", "ROLE", "LINE", "SINCE");
	for (u32 i = 0; i < m->session_count; i++)
		out_format(out, "%-31s  %-8s  %-6s  %llus\n", m->logins[i].user, role_text(m->logins[i].role),
			line_text(m->logins[i].line), (unsigned long long)(m->logins[i].age_ns / NS_PER_SECOND));
	if (m->session_count == 0)
		out_text(out, "Nobody is logged in.\n");
}

void json_logins(struct json_writer *w, const char *key, const void *what)
{
	const struct inventory *m = what;

	json_open(w, key, '[');
	for (u32 i = 0; i < m->session_count; i++) {
		json_open(w, 0, '{');
		json_text(w, "user", m->logins[i].user);
		json_text(w, "role", role_text(m->logins[i].role));
		json_text(w, "line", line_text(m->logins[i].line));
		json_number(w, "age-ns", m->logins[i].age_ns);
		json_close(w, '}');
	}
	json_close(w, ']');
}

void report_users(const struct out *out, const void *what)
{
	const struct inventory *m = what;

	out_format(out, "%-31s  %-8s  %8s\n", "USER", "ROLE", "SESSIONS");
	for (u32 i = 0; i < m->user_count; i++)
		out_format(out, "%-31s  %-8s  %8u\n", m->users[i].user, role_text(m->users[i].role),
			m->users[i].sessions);
	if (m->user_count == 0)
		out_text(out, "No users are defined: whoever is at a line is admin.\n");
}

void json_users(struct json_writer *w, const char *key, const void *what)
{
	const struct inventory *m = what;

	json_open(w, key, '[');
	for (u32 i = 0; i < m->user_count; i++) {
		json_open(w, 0, '{');
		json_text(w, "user", m->users[i].user);
		json_text(w, "role", role_text(m->users[i].role));
		json_number(w, "sessions", m->users[i].sessions);
		json_close(w, '}');
	}
	json_close(w, ']');
}

void report_user_lines(const struct out *out, const void *what)
{
	const struct inventory *m = what;

	for (u32 i = 0; i < m->user_count; i++)
		out_text(out, m->users[i].line);
}

void json_user_lines(struct json_writer *w, const char *key, const void *what)
{
	const struct inventory *m = what;

	json_open(w, key, '[');
	for (u32 i = 0; i < m->user_count; i++)
		json_text(w, 0, m->users[i].line);
	json_close(w, ']');
}
