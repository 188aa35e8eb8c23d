/* SPDX-License-Identifier: MIT */
/*
 * report_audit.c - the audit log, for people and for programs. See report.h.
 */
#include <stdio.h>

#include "audit.h"
#include "command.h"
#include "login.h"
#include "op_roles.h"
#include "report.h"
#include "units.h"

#define ERROR_CLASS(name, code, class, message) [name] = (class),
#define OP_NAME(op, role, is_applied, what) [op] = #op,
#define OP_NAME_BYTES 32u
#define PREFIX_LENGTH 4u	/* "REQ_" */

static const char *const error_classes[ERROR_COUNT] = { ERRORS(ERROR_CLASS) };
static const char *const op_names[REQ_OP_COUNT] = { OP_ROLES(OP_NAME) };

/* The command's verb, if one is just that request; else REQ_LOG_READ is "log-read". */
static const char *op_text(char text[OP_NAME_BYTES], u32 op)
{
	const char *name = op < REQ_OP_COUNT ? op_names[op] : NULL;
	u32 length = 0;

	FOR_EACH_COMMAND(c)
		if (name && c->op == op)
			return c->verb;
	for (name = name ? name + PREFIX_LENGTH : "?"; *name && length < OP_NAME_BYTES - 1; name++)
		text[length++] = *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name == '_' ? '-' : *name;
	text[length] = 0;
	return text;
}

static const char *result_text(const struct audit_record *record)
{
	if (record->kind == AUDIT_REFUSED)
		return "refused";
	if (record->kind == AUDIT_UNANSWERED)
		return "unanswered";
	return record->error == ERR_NONE ? "done" : "failed";
}

static const char *class_text(const struct audit_record *record)
{
	if (record->error == ERR_NONE)
		return "E_OK";
	return record->error < ERROR_COUNT ? error_classes[record->error] : "?";
}

static void one(const struct out *out, const struct audit_rows *rows, const struct audit_record *r)
{
	char time[UNIT_TEXT_BYTES], op[OP_NAME_BYTES];

	out_format(out, "%6llu  ", (unsigned long long)r->number);
	if (rows->wall_boot_ns)
		out_text(out, date_text(time, rows->wall_boot_ns + r->now_ns));
	else
		out_format(out, "%s", seconds_text(time, r->now_ns));
	out_format(out, "  %s (%s)  %s", r->user[0] ? r->user : "-", role_text(r->role), op_text(op, r->op));
	if (r->name[0]) {
		out_text(out, " ");
		out_escaped(out, r->name, strlen(r->name));
	}
	out_format(out, ": %s", result_text(r));
	if (r->error != ERR_NONE)
		out_format(out, ", %s", class_text(r));
	out_text(out, "\n");
}

void report_audit(const struct out *out, const void *what)
{
	const struct audit_rows *rows = what;

	for (u32 i = 0; i < rows->count; i++)
		one(out, rows, &rows->rows[i]);
}

void json_audit(struct json_writer *w, const char *key, const void *what)
{
	const struct audit_rows *rows = what;
	char op[OP_NAME_BYTES];

	json_open(w, key, '{');
	json_open(w, "records", '[');
	for (u32 i = 0; i < rows->count; i++) {
		const struct audit_record *r = &rows->rows[i];

		json_open(w, 0, '{');
		json_number(w, "number", r->number);
		json_number(w, "uptime-ns", r->now_ns);
		json_text(w, "user", r->user);
		json_text(w, "role", role_text(r->role));
		json_number(w, "line", r->line);
		json_text(w, "op", op_text(op, r->op));
		json_text(w, "name", r->name);
		json_text(w, "result", result_text(r));
		json_text(w, "class", class_text(r));
		json_close(w, '}');
	}
	json_close(w, ']');
	json_number(w, "first", rows->first);
	json_number(w, "next", rows->next);
	json_number(w, "boot-time-ns", rows->wall_boot_ns);
	json_close(w, '}');
}

static void hash_text(char text[2 * AUDIT_HASH_BYTES + 1], const u8 hash[AUDIT_HASH_BYTES])
{
	for (u32 i = 0; i < AUDIT_HASH_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", hash[i]);
}

void report_audit_verdict(const struct out *out, const void *what)
{
	const struct audit_verdict *verdict = what;
	char text[2 * AUDIT_HASH_BYTES + 1];

	hash_text(text, verdict->hash);
	out_format(out, "Records %llu to %llu are as they were written. Hash of the last one:\n%s\n",
		(unsigned long long)verdict->first, (unsigned long long)verdict->last, text);
}

void json_audit_verdict(struct json_writer *w, const char *key, const void *what)
{
	const struct audit_verdict *verdict = what;
	char text[2 * AUDIT_HASH_BYTES + 1];

	hash_text(text, verdict->hash);
	json_open(w, key, '{');
	json_number(w, "first", verdict->first);
	json_number(w, "last", verdict->last);
	json_text(w, "hash", text);
	json_close(w, '}');
}
