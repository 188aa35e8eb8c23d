/* SPDX-License-Identifier: MIT */
/*
 * verbs.c - the requests of the line itself: sync, hello, bye, resend.
 */
#include <string.h>

#include "verbs.h"

#define TOKEN_BYTES 128u

void rpc_refuse(struct session *s, const struct cmd_error *error, const struct answer_to *to)
{
	json_error(job_json_begin(s), error);
	job_json_end_for(s, to);
}

void rpc_refuse_link(struct session *s, const char *why, const char *id)
{
	struct answer_to to = { .id = id };
	struct cmd_error error;

	error_set(&error, RESULT_LINK, "%s", why);
	rpc_refuse(s, &error, &to);
}

bool rpc_number(const struct json *json, u32 token, u64 *number)
{
	const struct json_token *t = &json->tokens[token];

	if (t->type != JSON_NUMBER || t->length > 16)
		return false;
	*number = 0;
	for (u32 i = 0; i < t->length; i++) {
		char digit = json->text[t->start + i];

		if (digit < '0' || digit > '9')
			return false;
		*number = *number * 10 + (u64)(digit - '0');
	}
	return *number <= CLIENT_ID_MAX;
}

bool rpc_number_of(const struct json *json, u32 arguments, const char *name, u64 *number)
{
	u32 token = json_member(json, arguments, name);

	return token && rpc_number(json, token, number);
}

static void write_boot_id(struct session *s, struct json_writer *writer)
{
	char text[24];
	struct out_buffer buffer;
	struct out out;

	out_buffer_init(&buffer, text, sizeof(text));
	out = out_to_buffer(&buffer);
	out_format(&out, "%016llx", (unsigned long long)s->console->boot_id);
	json_text(writer, "boot-id", text);
}

/* ---- sync ---- */

/* The members of protocol 1.0 come first, as they were. */
static void write_machine(struct session *s, struct json_writer *writer)
{
	json_open(writer, "VOS", '{');
	json_text(writer, "version", VOS_VERSION);
	json_number(writer, "protocol", 1);
	json_open(writer, "channels", '[');
	json_text(writer, 0, "control");
	json_text(writer, 0, "events");
	json_close(writer, ']');
	json_number(writer, "minor", 1);
	write_boot_id(s, writer);
	json_number(writer, "max-frame", s->kind == FRAME_PLAIN ? FRAME_MESSAGE_BYTES : FRAME_BYTES);
	json_open(writer, "auth", '[');
	json_text(writer, 0, s->console->has_users ? "password" : "none");
	json_close(writer, ']');
	json_number(writer, "users", s->console->has_users);
	json_number(writer, "console-start", s->console->start);
	json_close(writer, '}');
}

void sync_serve(struct session *s, u32 arguments, const struct answer_to *asked)
{
	const struct answer_to line = { .id = asked->id }, *to = &line;	/* also with "c" */
	u32 token = arguments ? json_member(&s->console->json, arguments, "token") : 0;
	struct json_writer *writer;
	char text[TOKEN_BYTES];
	struct cmd_error error;

	if (!token || !json_value(&s->console->json, token, text, sizeof(text))) {
		error_set(&error, RESULT_USAGE, "sync needs a token of at most %u bytes", TOKEN_BYTES - 1);
		rpc_refuse(s, &error, to);
		return;
	}
	s->has_peer = true;
	writer = job_json_begin(s);
	json_open(writer, "return", '{');
	json_text(writer, "token", text);
	write_machine(s, writer);
	json_close(writer, '}');
	job_json_end_for(s, to);
}

/* ---- hello ---- */

static void welcome(struct session *s, const struct client *client, const struct answer_to *to)
{
	struct json_writer *writer = job_json_begin(s);

	json_open(writer, "return", '{');
	json_number(writer, "client", client->number);
	json_number(writer, "fragment", client->fragment);
	json_number(writer, "idle-ns", CLIENT_SILENT_NS);
	write_boot_id(s, writer);
	json_number(writer, "console-start", s->console->start);
	json_close(writer, '}');
	job_json_end_for(s, to);
}

void hello_serve(struct session *s, u32 arguments, const struct answer_to *asked)
{
	const struct answer_to line = { .id = asked->id }, *to = &line;	/* also with "c" */
	const struct json *json = &s->console->json;
	u32 name = arguments ? json_member(json, arguments, "client") : 0;
	const struct client *client;
	char text[CLIENT_NAME_BYTES];
	struct cmd_error error;
	u64 fragment = 0;

	if (!name || !json_value(json, name, text, sizeof(text)) || !client_is_name(text)) {
		error_set(&error, RESULT_USAGE, "hello needs \"client\": 1 to %u letters, digits, _, . and -",
			CLIENT_NAME_BYTES - 1);
		rpc_refuse(s, &error, to);
		return;
	}
	if (json_member(json, arguments, "fragment") && !rpc_number_of(json, arguments, "fragment", &fragment)) {
		error_set(&error, RESULT_USAGE, "\"fragment\" is a whole number of bytes");
		rpc_refuse(s, &error, to);
		return;
	}
	client = client_hello(s, text, fragment);
	if (client) {
		welcome(s, client, to);
		return;
	}
	error_set(&error, RESULT_RESOURCES, "%u clients are on this line", CLIENT_COUNT);
	error.class = "E_LIMIT";
	rpc_refuse(s, &error, to);
}

/* ---- bye ---- */

/* It is forgotten with its streams; its commands that change something go on. */
static void part(struct session *s, struct client *client, const char *reason)
{
	stream_close_all(s, client, reason);
	job_leave_all(s->console, client);
	client_forget(s, client);
}

void rpc_forget_silent(struct session *s)
{
	struct client *client;

	while ((client = client_dead(s)) != NULL)
		part(s, client, "silent");
	client_forget_silent(s);
}

void bye_serve(struct session *s, u32 arguments, const struct answer_to *to)
{
	struct answer_to left = { .id = to->id };
	u64 number = to->client ? to->client->number : 0;
	struct json_writer *writer;

	(void)arguments;
	if (!to->client) {
		rpc_refuse_link(s, "bye needs the number of the client as \"c\"", to->id);
		return;
	}
	part(s, to->client, NULL);
	if (!to->id[0])
		return;
	writer = job_json_begin(s);
	json_raw(writer, "return", "{}");
	json_number(writer, "c", number);
	job_json_end_for(s, &left);
}

/* ---- resend ---- */

/* The answer of that id, or these pieces of it, can't be sent again: the program repeats the request, which tells it
 * what became of it. */
static void say_gone(struct session *s, const struct client *client, u64 id)
{
	struct answer_to nobody = { .id = "" };
	struct json_writer *writer = job_json_begin(s);

	json_bool(writer, "gone", true);
	json_number(writer, "c", client->number);
	json_number(writer, "id", id);
	job_json_end_for(s, &nobody);
}

void resend_serve(struct session *s, u32 arguments, const struct answer_to *to)
{
	const struct json *json = &s->console->json;
	u32 list = arguments ? json_member(json, arguments, "seq") : 0;
	u64 id = 0, piece;

	if (!to->client || !list || !rpc_number_of(json, arguments, "id", &id))
		return;
	for (u32 i = list + 1; i < json->tokens[list].end; i++) {
		if (!rpc_number(json, i, &piece) || client_resend(to->client, id, piece))
			continue;
		say_gone(s, to->client, id);
		return;
	}
}
