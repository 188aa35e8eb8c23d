/* SPDX-License-Identifier: MIT */
/*
 * audit.c - the command audit: root gives records a piece at a time, which are printed as they come. Programs get one
 * piece, and go on with its `next`.
 */
#include <string.h>

#include "handlers.h"
#include "session.h"

#define TEXT_RECORDS 256u	/* of one answer in text, to a program */

static void ask(struct session *s, struct job *job)
{
	memset(&job->request, 0, sizeof(job->request));
	job->request.index = (u32)job->print_at;
	job_send(s, job, REQ_AUDIT);
}

void audit_begin(struct session *s, struct job *job)
{
	struct cmd_error error;

	if (args_has(&job->args, ARG_VERIFY)) {
		memset(&job->request, 0, sizeof(job->request));
		job_send(s, job, REQ_AUDIT_VERIFY);
		return;
	}
	job->print_at = job->args.offset;
	if (job->print_at <= 0xffffffffu) {
		ask(s, job);
		return;
	}
	error_set(&error, RESULT_USAGE, "--since needs a number of at most %u", 0xffffffffu);
	job_fail(s, job, &error);
}

/* Asked for by that user, or a login as that user. */
static bool is_by(const struct audit_record *record, const char *user)
{
	return strncmp(record->user, user, sizeof(record->user)) == 0 ||
		(record->op == REQ_LOGIN && strncmp(record->name, user, sizeof(record->name)) == 0);
}

static bool is_wanted(const struct args *args, const struct audit_record *record)
{
	return (!args_has(args, ARG_BY) || is_by(record, args->to)) &&
	       (!args_has(args, ARG_ABOUT) || strncmp(record->name, args->name, sizeof(record->name)) == 0);
}

/* A private copy, judged. */
static void take(struct audit_rows *rows, const struct job *job, const struct reply *reply)
{
	const struct audit_rows *from = &reply->audit;
	u32 count = from->count < AUDIT_ROWS ? from->count : AUDIT_ROWS;

	*rows = (struct audit_rows){ .first = from->first, .next = from->next };
	for (u32 i = 0; i < count; i++) {
		struct audit_record *to = &rows->rows[rows->count];

		*to = from->rows[i];
		to->user[sizeof(to->user) - 1] = 0;
		to->name[sizeof(to->name) - 1] = 0;
		rows->count += is_wanted(&job->args, to);
	}
}

static void show_verdict(struct session *s, struct job *job, const struct reply *reply)
{
	static const struct view view = { report_audit_verdict, json_audit_verdict };

	job_show(s, job, &view, &reply->verdict);
}

void audit_answer(struct session *s, struct job *job, const struct reply *reply)
{
	static const struct view view = { report_audit, json_audit };
	static struct audit_rows rows;	/* one at a time; too big for the stack */
	bool is_over = reply->audit.count == 0 || reply->audit.next <= job->print_at;

	if (request_is_refused(s, job, reply))
		return;
	if (args_has(&job->args, ARG_VERIFY)) {
		show_verdict(s, job, reply);
		return;
	}
	take(&rows, job, reply);
	rows.wall_boot_ns = s->console->inventory.info->wall_boot_ns;
	if (job_is_json(job)) {
		job_show(s, job, &view, &rows);
		return;
	}
	job_show_part(s, job, &view, &rows);
	job->print_at = rows.next;
	job->index += rows.count;
	if (is_over || (job->is_text && job->index >= TEXT_RECORDS))
		job_ok(s, job);
	else
		ask(s, job);
}
