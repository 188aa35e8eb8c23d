/* SPDX-License-Identifier: MIT */
/*
 * rpc.c - programs on the line: JSON in frames (frame.h), in QMP's shape.
 *
 *	{"execute":"sync","arguments":{"token":"..."},"id":1}	answers with the token, and events come from now on
 *	{"execute":"create-vm","arguments":{"name":"myvm","cpu":1,"memory":"512M"},"id":2}
 */
#include <stdio.h>
#include <string.h>

#include "stream_verbs.h"
#include "units.h"
#include "verbs.h"

void rpc_event(struct session *s, const struct vm_entry *vm)
{
	static const struct view view = { report_vm, json_vm };

	/* A program that does not read must not make the line so full that replies wait for it. */
	if (s->has_peer && login_is_watched(s) && session_output_used(s) <= OUTPUT_BYTES / 16)
		job_send_event(s, NULL, "VM_STATE", &view, vm);
}

static void start_json(struct json_writer *writer, const char *key, const void *what)
{
	const struct console *c = what;

	json_open(writer, key, '{');
	json_number(writer, "start", c->start);
	json_close(writer, '}');
}

void rpc_tell_start(struct session *s)
{
	static const struct view view = { NULL, start_json };

	job_send_event(s, NULL, "CONSOLE_START", &view, s->console);
}

/* ---- commands ---- */

static enum arg exact_arg(const struct command *command, const char *name)
{
	for (u32 i = 0; i < ARG_COUNT; i++)
		if ((command->takes & ARG_BIT(i)) && i != ARG_JSON && i != ARG_QUIET &&
			strcmp(arg_specs[i].name, name) == 0)
			return (enum arg)i;
	return ARG_COUNT;
}

/* A number given as a size is in bytes, and one given as a time in seconds. */
static bool set_one(struct session *s, struct args *args, enum arg arg, u32 token, struct cmd_error *error)
{
	static char value[FRAME_BYTES];	/* so that who judges it can say what is too long */
	bool is_set;
	u64 bytes = 0;

	if (!json_value(&s->console->json, token, value, sizeof(value)))
		return error_set(error, RESULT_USAGE, "\"%s\" has no usable value", arg_specs[arg].name);
	if (arg_specs[arg].type == TYPE_SIZE && s->console->json.tokens[token].type == JSON_NUMBER) {
		for (const char *c = value; *c; c++) {
			if (*c < '0' || *c > '9' || bytes > BIT64(52))
				return error_set(error, RESULT_USAGE, "\"%s\" as a number is in bytes",
					arg_specs[arg].name);
			bytes = bytes * 10 + (u64)(*c - '0');
		}
		snprintf(value, sizeof(value), "%lluK", (unsigned long long)((bytes + KIB - 1) / KIB));
	}
	is_set = args_set(args, arg, value, error);
	if (arg == ARG_SECRET || arg == ARG_KEY || arg == ARG_PASSWORD || arg == ARG_NEW_PASSWORD || arg == ARG_TOKEN)
		explicit_bzero(value, sizeof(value));
	return is_set;
}

/* [0, 2, 3] is what the flag calls 0,2,3. */
static bool set_list(struct session *s, struct args *args, enum arg arg, u32 array, struct cmd_error *error)
{
	char list[SET_TEXT_BYTES] = "", item[8];
	size_t used = 0;

	for (u32 i = array + 1; i < s->console->json.tokens[array].end; i = s->console->json.tokens[i].end) {
		if (!json_value(&s->console->json, i, item, sizeof(item)) || strlen(item) + 2 > sizeof(list) - used)
			return error_set(error, RESULT_USAGE, "\"%s\" has no usable value", arg_specs[arg].name);
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", used ? "," : "", item);
	}
	return args_set(args, arg, list, error);
}

static bool takes_array(const struct args *args, enum arg arg)
{
	return arg_is_list(arg) || (arg == ARG_NAME && (args->command->takes & ARG_BIT(ARG_ALL)));
}

static bool set_argument(struct session *s, struct args *args, u32 name, u32 value, struct cmd_error *error)
{
	char text[48];
	enum arg arg;

	if (!json_value(&s->console->json, name, text, sizeof(text)))
		return error_set(error, RESULT_USAGE, "an argument's name is not usable");
	arg = exact_arg(args->command, text);
	if (arg == ARG_COUNT)
		return error_set(error, RESULT_USAGE, "%s has no argument \"%s\"", args->command->verb, text);
	if (s->console->json.tokens[value].type == JSON_ARRAY && arg_specs[arg].type == TYPE_PCPUS)
		return set_list(s, args, arg, value, error);
	if (s->console->json.tokens[value].type != JSON_ARRAY || !takes_array(args, arg))
		return set_one(s, args, arg, value, error);
	if (s->console->json.tokens[value].end == value + 1 && arg_is_list(arg))
		return args_set(args, arg, "none", error);
	args->is_list = arg == ARG_NAME;
	for (u32 i = value + 1; i < s->console->json.tokens[value].end; i = s->console->json.tokens[i].end)
		if (!set_one(s, args, arg, i, error))
			return false;
	return true;
}

static bool set_arguments(struct session *s, struct args *args, u32 arguments, struct cmd_error *error)
{
	const struct json_token *tokens = s->console->json.tokens;

	if (arguments && tokens[arguments].type != JSON_OBJECT)
		return error_set(error, RESULT_USAGE, "\"arguments\" is not an object");
	if (arguments)
		for (u32 i = arguments + 1; i < tokens[arguments].end; i = tokens[i + 1].end)
			if (!set_argument(s, args, i, i + 1, error))
				return false;
	return command_complete(args, error);
}

static const struct command *find_command(struct session *s, u32 execute, struct cmd_error *error)
{
	const struct command *command;
	char verb[48];

	if (!execute || !json_value(&s->console->json, execute, verb, sizeof(verb))) {
		error_set(error, RESULT_USAGE, "there is no \"execute\"");
		return 0;
	}
	command = command_named(verb);
	if (command && !command->is_for_people)
		return command;
	error_set(error, RESULT_USAGE, command ? "%s is for people" : "there is no command \"%s\"", verb);
	return 0;
}

static struct job *find_slot(struct session *s, const struct command *command, const struct answer_to *to)
{
	struct job *job = command->op == REQ_CANCEL ? job_new_cancel(s) : NULL;

	if (!job && to->client)
		job = job_new_client(s, to->client);
	else if (!job && command->op != REQ_CANCEL)
		job = job_new(s, JOB_RPC);
	if (job)
		job_set_client(job, to->client, to->client_id);
	return job;
}

static void refuse_busy(struct session *s, const struct answer_to *to)
{
	bool is_own = to->client && to->client->jobs >= CLIENT_JOBS;
	struct cmd_error error;

	(void)error_busy(&error, is_own ? "4 commands of this client are in progress. Wait for one, or cancel one" :
		"32 commands are in progress. Try again later, or cancel one");
	rpc_refuse(s, &error, to);
}

static void execute(struct session *s, const struct command *command, u32 arguments, const struct answer_to *to)
{
	struct job *job = find_slot(s, command, to);
	struct cmd_error error;
	u32 text;

	if (!job) {
		refuse_busy(s, to);
		return;
	}
	text = json_member(&s->console->json, 0, "text");
	job->is_text = text && s->console->json.tokens[text].type == JSON_TRUE;
	args_init(&job->args, command);
	if (!set_arguments(s, &job->args, arguments, &error)) {
		job_drop(job);
		rpc_refuse(s, &error, to);
		return;
	}
	(void)text_copy(job->id, sizeof(job->id), to->id);
	job_start(s, job);
}

/* ---- messages ---- */

/* The id as JSON text: a number or a short string; it comes back as it is. */
static bool take_id(const struct json *json, char *id)
{
	u32 token = json_member(json, 0, "id");
	const struct json_token *t = &json->tokens[token];
	u32 quote;

	id[0] = 0;
	if (!token)
		return true;
	quote = t->type == JSON_STRING;
	if ((t->type != JSON_STRING && t->type != JSON_NUMBER) || t->length + 2 * quote >= JSON_ID_BYTES)
		return false;
	memcpy(id, json->text + t->start - quote, t->length + 2 * quote);
	id[t->length + 2 * quote] = 0;
	return true;
}

static size_t skip(const char *text, size_t at, size_t length, char c)
{
	while (at < length && (text[at] == ' ' || text[at] == '\t'))
		at++;
	return at < length && text[at] == c ? at + 1 : length;
}

/* The value at text[at]: a whole number, or a string of plain characters, with something behind it. */
static bool copy_id(struct json *json, const char *text, size_t at, size_t length, char *id)
{
	bool is_string = at < length && text[at] == '"';
	size_t used = 0;

	for (; at < length && used + 1 < JSON_ID_BYTES; at++) {
		char c = text[at];

		if (is_string ? c <= ' ' || c >= 0x7f || c == '\\' : !strchr("-0123456789", c) || c == 0)
			break;
		id[used++] = c;
		if (is_string && used > 1 && c == '"')
			break;
	}
	id[used] = 0;
	if ((is_string ? used > 2 : at < length && strchr(" ,}", text[at])) && json_parse(json, id, used))
		return true;
	id[0] = 0;
	return false;
}

/* The id in what is left of a message that is not JSON; "" if there is none. A quote within a JSON string has a
 * backslash before it, so that no string can be taken for it. */
static void glimpse_id(struct json *json, const char *text, size_t length, char *id)
{
	static const char name[] = "\"id\"";

	id[0] = 0;
	for (size_t i = 0; i + 4 <= length; i++) {
		size_t at = memcmp(text + i, name, 4) == 0 ? skip(text, i + 4, length, ':') : length;

		while (at < length && text[at] == ' ')
			at++;
		if (copy_id(json, text, at, length, id))
			return;
	}
}

void rpc_broken(struct session *s, const struct frame_result *frame)
{
	char id[JSON_ID_BYTES];

	if (s->is_looped)
		return;
	client_nak(s, frame->bytes);
	if (s->kind == FRAME_PLAIN)
		return;
	glimpse_id(&s->console->json, frame->message, frame->length, id);
	rpc_refuse_link(s, frame->broken, id);
}

/* Why the message is none; the id is what could be read of it. */
static const char *take_message(struct session *s, const struct frame_result *frame, char *id)
{
	const char *why = NULL;

	if (strcmp(frame->channel, "control") != 0)
		why = "there is no such channel to send to; control is the one for commands";
	else if (!json_parse(&s->console->json, frame->message, frame->length) ||
		 s->console->json.tokens[0].type != JSON_OBJECT)
		why = "the message is not a JSON object";
	if (why)
		glimpse_id(&s->console->json, frame->message, frame->length, id);
	else if (!take_id(&s->console->json, id))
		why = "the id is neither a number nor a short string";
	return why;
}

/* ---- lines that are looped back ---- */

/* Only VOS sends on these. */
static bool is_own_channel(const char *channel)
{
	static const char *const names[] = { "nak", "events", "events+", "control+" };

	for (u32 i = 0; i < ARRAY_COUNT(names); i++)
		if (strcmp(channel, names[i]) == 0)
			return true;
	return channel[0] == 'a' && frame_stream_of(channel);
}

/* An answer or an event: no program sends one. */
static bool is_own_message(const struct json *json)
{
	static const char *const members[] = { "return", "error", "event", "pending", "gone" };

	if (json_member(json, 0, "execute"))
		return false;
	for (u32 i = 0; i < ARRAY_COUNT(members); i++)
		if (json_member(json, 0, members[i]))
			return true;
	return false;
}

/* A plug, or another VOS at the other end. An answer would come back too, and get one. */
static void take_own(struct session *s)
{
	const struct console_ops *ops = s->console->ops;
	char text[128];

	s->is_looped = true;
	if (s->is_loop_told)
		return;
	snprintf(text, sizeof(text), "%s brings back what VOS sends. VOS is silent there until a program asks",
		s->line->name);
	ops->log(ops->context, text);
	s->is_loop_told = true;
}

/* ---- requests of clients, which may come again ---- */

/* To a client, and not kept. */
static void refuse_client(struct session *s, u64 number, enum result result, const char *why, const char *id)
{
	struct answer_to to = { .id = id };
	struct json_writer *writer;
	struct cmd_error error;

	error_set(&error, result, "%s", why);
	writer = job_json_begin(s);
	json_error(writer, &error);
	json_number(writer, "c", number);
	job_json_end_for(s, &to);
}

static void say_pending(struct session *s, const struct answer_to *to)
{
	struct answer_to nobody = { .id = to->id };
	struct json_writer *writer = job_json_begin(s);

	json_bool(writer, "pending", true);
	json_number(writer, "c", to->client->number);
	job_json_end_for(s, &nobody);
}

/* The message is of a client: find it. False: it was refused. */
static bool take_client(struct session *s, u32 token, struct answer_to *to)
{
	char why[64];
	u64 number;

	if (!rpc_number(&s->console->json, token, &number)) {
		rpc_refuse_link(s, "\"c\" is not the number of a client", to->id);
		return false;
	}
	to->client = client_find(s, number);
	if (to->client)
		return true;
	snprintf(why, sizeof(why), "no client %llu on this line: say hello", (unsigned long long)number);
	refuse_client(s, number, RESULT_LINK, why, to->id);
	return false;
}

/* True: it is new, and to be done. Else the client was told what became of it. */
static bool admit(struct session *s, const struct answer_to *to)
{
	switch (client_judge(to->client, to->client_id, to->only_reads)) {
	case CLIENT_NEW:
		client_begin(s, to->client, to->client_id);
		return true;
	case CLIENT_UNDER_WAY:
		say_pending(s, to);
		return false;
	case CLIENT_ANSWERED:
		client_repeat(to->client, to->client_id);
		return false;
	case CLIENT_LOST:
		refuse_client(s, to->client->number, RESULT_DONE,
			"the command is done, and its answer is no longer kept. Look at the state", to->id);
		return false;
	default:
		refuse_client(s, to->client->number, RESULT_LINK, "the id is too old: 8 or more below the highest one",
			to->id);
		return false;
	}
}

static bool take_client_id(struct session *s, struct answer_to *to)
{
	if (rpc_number_of(&s->console->json, 0, "id", &to->client_id) && to->client_id > 0)
		return true;
	refuse_client(s, to->client->number, RESULT_LINK, "the id of a client's request is a whole number from 1 on",
		to->id);
	return false;
}

/* ---- all requests ---- */

static const struct rpc_verb verbs[] = {
	{ "sync", false, ROLE_ANYBODY, sync_serve },
	{ "hello", false, ROLE_ANYBODY, hello_serve },
	{ "bye", false, ROLE_ANYBODY, bye_serve },
	{ "resend", false, ROLE_ANYBODY, resend_serve },
	{ "open-console", true, ROLE_VIEWER, open_console_serve },
	{ "open-log", true, ROLE_VIEWER, open_log_serve },
	{ "open-events", true, ROLE_VIEWER, open_events_serve },
	{ "open-upload", true, ROLE_OPERATOR, open_upload_serve },
	{ "finish-upload", true, ROLE_OPERATOR, finish_upload_serve },
	{ "open-export", true, ROLE_OPERATOR, open_export_serve },
	{ "open-capture", true, ROLE_ADMIN, open_capture_serve },
	{ "credit", false, ROLE_ANYBODY, credit_serve },
	{ "close-stream", true, ROLE_ANYBODY, close_stream_serve },
};

static const struct rpc_verb *find_verb(struct session *s, u32 execute)
{
	for (u32 i = 0; execute && i < ARRAY_COUNT(verbs); i++)
		if (json_is(&s->console->json, execute, verbs[i].verb))
			return &verbs[i];
	return NULL;
}

/* A request that is done once. */
static void serve_once(struct session *s, const struct rpc_verb *verb, u32 execute_token, u32 arguments,
	struct answer_to *to)
{
	static struct cmd_error error;
	const struct command *command = verb ? NULL : find_command(s, execute_token, &error);

	to->only_reads = command && command_only_reads(command);
	if (to->client && (!take_client_id(s, to) || !admit(s, to)))
		return;
	if (verb && !login_may(s, to->client ? &to->client->login : NULL, verb->role, verb->verb, &error))
		rpc_refuse(s, &error, to);
	else if (verb)
		verb->serve(s, arguments, to);
	else if (command)
		execute(s, command, arguments, to);
	else
		rpc_refuse(s, &error, to);
}

static void serve(struct session *s, struct answer_to *to)
{
	const struct json *json = &s->console->json;
	u32 execute_token = json_member(json, 0, "execute"), arguments = json_member(json, 0, "arguments");
	const struct rpc_verb *verb = find_verb(s, execute_token);
	bool needs_client = verb ? verb->is_counted : s->kind == FRAME_PLAIN;

	if (verb && !verb->is_counted)
		verb->serve(s, arguments, to);
	else if (needs_client && !to->client)
		rpc_refuse_link(s, "say hello first, and give the number of the client as \"c\"", to->id);
	else
		serve_once(s, verb, execute_token, arguments, to);
}

/* There may be a secret in it. That of a text frame was decoded in place: the end of what it was is behind it. */
static void wipe(const struct session *s, const struct frame_result *frame)
{
	explicit_bzero(frame->message, s->kind == FRAME_TEXT ? (frame->length + 2) / 3 * 4 : frame->length);
}

void rpc_frame(struct session *s, const struct frame_result *frame)
{
	char id[JSON_ID_BYTES];
	const char *why;
	struct answer_to to = { .id = id };
	u32 client;

	if (is_own_channel(frame->channel)) {
		take_own(s);
		return;
	}
	if (stream_input(s, frame->channel, frame->message, frame->length))
		return;
	why = take_message(s, frame, id);
	if (why) {
		rpc_refuse_link(s, why, id);
		return;
	}
	if (is_own_message(&s->console->json)) {
		take_own(s);
		return;
	}
	s->is_looped = false;
	client = json_member(&s->console->json, 0, "c");
	if (!client || take_client(s, client, &to))
		serve(s, &to);
	wipe(s, frame);
}
