/* SPDX-License-Identifier: MIT */
/*
 * job.c - commands under way: slots, requests and their answers, results as text or JSON.
 */
#include <stdlib.h>
#include <string.h>

#include "session.h"

/* console->jobs: prompts by line, `cancel`s by line, the start's, the keeper's, that of logs, the two queues. */
#define CANCEL_SLOT LINE_COUNT
#define STARTUP_SLOT (2 * LINE_COUNT)
#define KEEPER_SLOT (STARTUP_SLOT + 1)
#define LOGS_SLOT (KEEPER_SLOT + 1)
#define QUEUE_SLOT (LOGS_SLOT + 1)
#define CLIENTS_SLOT (QUEUE_SLOT + JOB_QUEUE)
#define UPLOAD_SLOT (CLIENTS_SLOT + CLIENTS_JOBS)
#define FETCH_SLOT (UPLOAD_SLOT + UPLOADS)
#define LOGOUT_SLOT (FETCH_SLOT + 2 * FETCHED_SOURCES)

static struct job *take(struct session *s, struct job *job, enum job_origin origin)
{
	memset(job, 0, sizeof(*job));
	job->is_used = true;
	job->session = s;
	job->origin = origin;
	job->begun_ns = session_now(s);
	job->login = origin == JOB_PROMPT || origin == JOB_BACKGROUND ? s->login.session : 0;
	return job;
}

struct job *job_of_prompt(struct session *s)
{
	return &s->console->jobs[s->index];
}

static struct job *take_free(struct session *s, u32 from, u32 to, enum job_origin origin)
{
	for (u32 i = from; i < to; i++)
		if (!s->console->jobs[i].is_used)
			return take(s, &s->console->jobs[i], origin);
	return NULL;
}

struct job *job_new(struct session *s, enum job_origin origin)
{
	struct console *c = s->console;

	if (origin == JOB_PROMPT)
		return take(s, job_of_prompt(s), origin);
	if (origin == JOB_STARTUP)
		return take(s, &c->jobs[STARTUP_SLOT], origin);
	if (origin == JOB_KEEPER)
		return take(s, &c->jobs[KEEPER_SLOT], origin);
	return take_free(s, QUEUE_SLOT, CLIENTS_SLOT, origin);
}

struct job *job_of_keeper(struct console *c)
{
	return &c->jobs[KEEPER_SLOT];
}

struct job *job_of_logs(struct console *c)
{
	return &c->jobs[LOGS_SLOT];
}

struct job *job_new_logs(struct session *s)
{
	return take(s, job_of_logs(s->console), JOB_KEEPER);
}

struct job *job_new_client(struct session *s, struct client *client)
{
	return client->jobs < CLIENT_JOBS ? take_free(s, CLIENTS_SLOT, UPLOAD_SLOT, JOB_RPC) : NULL;
}

void job_set_client(struct job *job, struct client *client, u64 id)
{
	job->client = client;
	job->client_number = client ? client->number : 0;
	job->client_id = id;
	job->login = client ? client->login.session : 0;
	if (client)
		client->jobs++;
}

/* Its client has left. */
static bool is_left(const struct job *job)
{
	return job->client_number && !job->client;
}

/* All that it had to ask for was sent: root does it, whoever takes the answer. */
static bool is_at_root(const struct job *job)
{
	return job->is_waiting && !job->is_unsent && !job->wanted && !job->is_applying &&
	       (job->targets || !args_has(&job->args, ARG_ALL));
}

void job_leave_all(struct console *c, const struct client *client)
{
	for (u32 i = 0; i < JOB_COUNT; i++) {
		struct job *job = &c->jobs[i];

		if (!job->is_used || job->client != client)
			continue;
		job->client = NULL;
		if (command_only_reads(job->args.command) || is_at_root(job))
			job_drop(job);
	}
}

struct job *job_new_upload(struct session *s, u32 slot)
{
	struct job *job = &s->console->jobs[UPLOAD_SLOT + slot];

	return job->is_used ? NULL : take(s, job, JOB_UPLOAD);
}

struct job *job_new_fetch(struct session *s, u32 slot, bool is_close)
{
	struct job *job = &s->console->jobs[FETCH_SLOT + 2 * slot + is_close];

	return job->is_used ? NULL : take(s, job, JOB_UPLOAD);
}

struct job *job_new_logout(struct session *s)
{
	struct job *job = &s->console->jobs[LOGOUT_SLOT];

	return job->is_used ? NULL : take(s, job, JOB_UPLOAD);
}

struct job *job_new_cancel(struct session *s)
{
	struct job *job = &s->console->jobs[CANCEL_SLOT + s->index];

	return job->is_used ? NULL : take(s, job, JOB_RPC);
}

bool job_is_json(const struct job *job)
{
	return (job->origin == JOB_RPC && !job->is_text) || args_has(&job->args, ARG_JSON);
}

static bool is_about(const struct job *job, const char *name)
{
	if (!job->targets)
		return strcmp(job->request.name, name) == 0;
	for (u32 i = 0; i < job->target_count; i++)
		if (!job->targets[i].is_done && strcmp(job->targets[i].name, name) == 0)
			return true;
	return false;
}

bool job_is_about(const struct session *s, const char *name)
{
	for (u32 i = 0; i < JOB_COUNT; i++) {
		const struct job *job = &s->console->jobs[i];

		if (job->is_used && job->session == s && job->is_waiting && job->origin != JOB_RPC &&
			job->origin != JOB_KEEPER && is_about(job, name))
			return true;
	}
	return false;
}

void job_drop(struct job *job)
{
	free(job->targets);
	job->targets = 0;
	free(job->probes);
	job->probes = NULL;
	job_text_free(job);
	job->is_used = false;
	if (job->client)
		job->client->jobs--;
	job->client = NULL;
}

void job_move(struct job *to, struct job *from)
{
	*to = *from;
	from->targets = 0;
	from->probes = NULL;
	from->is_used = false;
}

bool job_to_background(struct session *s, struct job *job)
{
	struct job *background = job_new(s, JOB_BACKGROUND);

	if (!background)
		return false;
	job_move(background, job);
	background->origin = JOB_BACKGROUND;
	return true;
}

/* The audit log is root's. Who has not logged in can only be refused, and is nobody that it could name. */
static void refuse(struct session *s, struct job *job, const struct cmd_error *error)
{
	const struct command *command = job->args.command;

	if (job->login == 0) {
		job_fail(s, job, error);
		return;
	}
	job->is_refused = true;
	memset(&job->request, 0, sizeof(job->request));
	job->request.index = command->op;
	memcpy(job->request.name, job->args.name, sizeof(job->request.name));
	memcpy(job->request.to, command->verb, strnlen(command->verb, sizeof(job->request.to) - 1));
	job_send(s, job, REQ_REFUSED);
}

static void fail_refused(struct job *job)
{
	struct cmd_error error;

	if (login_may_start(job, &error))	/* it is somebody else's line now */
		error_set(&error, RESULT_DENIED, "%s was refused", job->args.command->verb);
	job_fail(job->session, job, &error);
}

void job_start(struct session *s, struct job *job)
{
	struct cmd_error error;

	job->begun_ns = session_now(s);
	if (login_may_start(job, &error))
		job->args.command->ops.begin(s, job);
	else
		refuse(s, job, &error);
}

static struct job *oldest_unsent(struct console *c)
{
	struct job *oldest = NULL;

	for (u32 i = 0; i < JOB_COUNT; i++) {
		struct job *job = &c->jobs[i];

		if (job->is_used && job->is_unsent && !job_is_early(job) &&
		    (!oldest || (s32)(job->request.id - oldest->request.id) < 0))
			oldest = job;
	}
	return oldest;
}

/* The job's request, or that for its next target; false: no room. */
static bool send_one(struct console *c, struct job *job)
{
	if (job->targets)
		memcpy(job->request.name, job->targets[job->target_sent].name, sizeof(job->request.name));
	if (!c->ops->request(c->ops->context, &job->request))
		return false;
	job->is_unsent = job->targets && ++job->target_sent < job->target_count;
	if (job->is_unsent)
		job->request.id++;
	return true;
}

void job_send_unsent(struct console *c)
{
	struct job *job;

	while ((job = oldest_unsent(c)) != NULL && send_one(c, job))
		if (is_left(job) && is_at_root(job))
			job_drop(job);
}

void job_send(struct session *s, struct job *job, enum request_op op)
{
	job->request.op = op;
	job->request.session = job->login;
	job->request.id = ++s->console->next_id;
	job->is_waiting = job->is_unsent = true;
	job_send_unsent(s->console);
}

void job_send_all(struct session *s, struct job *job)
{
	job->target_id = s->console->next_id + 1;
	job->target_sent = 0;
	job->request.op = job->args.command->op;
	job->request.session = job->login;
	job->request.id = job->target_id;
	job->is_waiting = job->is_unsent = true;
	s->console->next_id += job->target_count;
	job_send_unsent(s->console);
}

static bool is_waiting_for_targets(const struct job *job)
{
	for (u32 i = 0; i < job->target_count; i++)
		if (!job->targets[i].is_done)
			return true;
	return false;
}

void job_drop_unsent(struct job *job)
{
	for (u32 i = job->target_sent; i < job->target_count; i++)
		job->targets[i].is_done = true;
	job->is_unsent = false;
	job->is_waiting = is_waiting_for_targets(job);
}

/* True: it is the job's, which knows now what it is the answer to. */
static bool take_answer(struct job *job, const struct reply *reply)
{
	u32 target = reply->id - job->target_id;

	if (!job->is_used || !job->is_waiting)
		return false;
	if (!job->targets) {
		if (job->is_unsent || job->request.id != reply->id)
			return false;
		job->is_waiting = reply->more != 0;
		return true;
	}
	if (target >= job->target_sent || job->targets[target].is_done)
		return false;
	job->target = target;
	job->targets[target].is_done = true;
	job->is_waiting = is_waiting_for_targets(job);
	return true;
}

/* Not the end of a table, but no table. */
static void fail_denied(struct job *job, const struct reply *reply)
{
	struct cmd_error error;

	report_refusal(&error, &job->request, reply, &job->session->console->inventory);
	job_fail(job->session, job, &error);
}

void job_answer(struct console *c, const struct reply *reply)
{
	for (u32 i = 0; i < JOB_COUNT; i++) {
		struct job *job = &c->jobs[i];

		if (!take_answer(job, reply))
			continue;
		if (reply->error == ERR_NO_LOGIN)
			login_lost(job);
		if (job->is_refused)
			fail_refused(job);
		else if (job->wanted && (reply->error == ERR_NO_LOGIN || reply->error == ERR_ROLE))
			fail_denied(job, reply);
		else
			job->args.command->ops.answer(job->session, job, reply);
		return;
	}
}

/* ---- results ---- */

struct out job_text_begin(struct session *s, struct job *job)
{
	if (job->is_text)
		return job_text_out(job);
	return job->origin == JOB_PROMPT ? s->terminal : notice_begin(s);
}

void job_text_end(struct session *s, struct job *job)
{
	if (job->origin != JOB_PROMPT && !job->is_text)
		notice_end(s);
}

struct json_writer *job_json_begin(struct session *s)
{
	static struct json_writer writer;
	static struct out out;

	out_buffer_init(&s->console->json_buffer, s->console->json_text, sizeof(s->console->json_text));
	out = out_to_buffer(&s->console->json_buffer);
	writer = (struct json_writer){ .out = &out };
	json_open(&writer, 0, '{');
	return &writer;
}

/* What does not fit is replaced by an error: half an object would be worse than none. */
static void replace_overfull(struct session *s)
{
	struct cmd_error error;

	if (!s->console->json_buffer.is_full && s->console->json_buffer.used < JSON_BYTES - JSON_ID_BYTES - 64)
		return;
	error_set(&error, RESULT_FAILED, "the answer is too long for JSON. Ask for less");
	json_error(job_json_begin(s), &error);
}

static void end_message(struct session *s, const struct answer_to *to)
{
	struct out out = out_to_buffer(&s->console->json_buffer);

	replace_overfull(s);
	if (to->client)
		out_format(&out, ",\"c\":%llu,\"id\":%llu", (unsigned long long)to->client->number,
			(unsigned long long)to->client_id);
	else if (to->id[0])
		out_format(&out, ",\"id\":%s", to->id);
	out_text(&out, "}");
}

/* It can't be kept, and could not be sent again if it were lost. */
static void replace_unkept(struct session *s, const struct answer_to *to)
{
	struct cmd_error error;

	if (to->only_reads)
		error_busy(&error, "other large answers are being sent on this line. Try again later");
	else
		error_set(&error, RESULT_DONE,
			"the command is done, and the console has no memory for its answer. Look at the state");
	json_error(job_json_begin(s), &error);
	end_message(s, to);
}

void job_json_end_for(struct session *s, const struct answer_to *to)
{
	end_message(s, to);
	if (!to->client) {
		session_send_frame(s, "control");
		return;
	}
	if (!client_waits(to->client, to->client_id) ||
	    client_answer(s, to->client, to->client_id, to->only_reads))
		return;
	replace_unkept(s, to);
	if (!client_answer(s, to->client, to->client_id, to->only_reads))
		session_send_frame(s, "control");
}

void job_json_end(struct session *s, struct job *job)
{
	struct answer_to to = { job->client, job->client_id, job->id, command_only_reads(job->args.command) };
	struct out text;

	if (is_left(job))
		return;
	if (job->origin == JOB_RPC) {
		job_json_end_for(s, &to);
		return;
	}
	end_message(s, &to);
	text = job_text_begin(s, job);
	out_bytes(&text, s->console->json_text, s->console->json_buffer.used);
	out_text(&text, "\n");
	job_text_end(s, job);
}

struct vm_entry *job_vm(struct session *s, struct job *job)
{
	struct vm_entry *vm = inventory_find(&s->console->inventory, job->args.name);
	struct cmd_error error;

	if (!vm) {
		error_set(&error, RESULT_NOT_FOUND, "there is no VM \"%s\". list-vm shows what there is",
			job->args.name);
		job_fail(s, job, &error);
	}
	return vm;
}

/* All that the command has printed, with its result. */
static void answer_text(struct session *s, struct job *job, const struct cmd_error *error)
{
	struct json_writer *writer = job_json_begin(s);
	struct cmd_error too_long;

	if (job->text.is_cut) {
		error_set(&too_long, RESULT_FAILED, "the answer is too long. Ask for less");
		error = error ? error : &too_long;
	}
	json_bytes(writer, "text", job->text.used ? job->text.bytes : "", job->text.used);
	if (error)
		json_error(writer, error);
	else
		json_raw(writer, "return", "{}");
	job_json_end(s, job);
}

void job_end(struct session *s, struct job *job, const struct cmd_error *error)
{
	if (job->is_text)
		answer_text(s, job, error);
	if (job->origin == JOB_PROMPT) {
		s->last_result = error ? error->code : RESULT_OK;
		s->last_class = error ? error->class : error_class(RESULT_OK);
	}
	job_drop(job);
}

void job_ok(struct session *s, struct job *job)
{
	job_end(s, job, 0);
}

void job_show_json(struct session *s, struct job *job, const struct view *view, const void *what)
{
	view->json(job_json_begin(s), "return", what);
	job_json_end(s, job);
}

void job_send_event(struct session *s, const struct job *job, const char *name, const struct view *view,
	const void *what)
{
	struct answer_to to = { job ? job->client : NULL, job ? job->client_id : 0, "", true };
	struct json_writer *writer = job_json_begin(s);

	json_text(writer, "event", name);
	view->json(writer, "data", what);
	json_number(writer, "uptime-ns", session_now(s));
	end_message(s, &to);
	if (!to.client)
		session_send_frame(s, "events");
	else if (session_output_used(s) <= OUTPUT_SHORT_BYTES)
		client_send(s, to.client, "events", to.client_id, s->console->json_text, s->console->json_buffer.used);
}

void job_show_part(struct session *s, struct job *job, const struct view *view, const void *what)
{
	struct out out;

	if (job_is_json(job) || args_has(&job->args, ARG_QUIET))
		return;
	out = job_text_begin(s, job);
	view->text(&out, what);
	job_text_end(s, job);
}

void job_show_error(struct session *s, struct job *job, const struct cmd_error *error)
{
	struct out out;

	if (job_is_json(job))
		return;
	out = job_text_begin(s, job);
	report_error(&out, "", error);
	job_text_end(s, job);
}

void job_show_end(struct session *s, struct job *job, const struct view *view, const void *what,
	const struct cmd_error *error)
{
	if (job_is_json(job))
		job_show_json(s, job, view, what);
	job_show_part(s, job, view, what);
	if (error)
		job_show_error(s, job, error);
	job_end(s, job, error);
}

void job_show(struct session *s, struct job *job, const struct view *view, const void *what)
{
	job_show_end(s, job, view, what, NULL);
}

void job_fail(struct session *s, struct job *job, const struct cmd_error *error)
{
	if (job_is_json(job)) {
		json_error(job_json_begin(s), error);
		job_json_end(s, job);
	}
	job_show_error(s, job, error);
	job_end(s, job, error);
}

void job_fail_canceled(struct session *s, struct job *job)
{
	struct cmd_error error;

	error_set(&error, RESULT_FAILED, job->is_canceled ? "%s was canceled; what it had done stays" :
		"%s was canceled before it began", job->args.command->verb);
	error.class = "E_CANCELED";
	job_fail(s, job, &error);
}
