/* SPDX-License-Identifier: MIT */
/*
 * conn.c - a handle: opening, closing, a turn of all its parts, its last result.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"

#define BYE_NS (200 * NS_MS)
#define DRAIN_MS 1000u
#define IDLE_NS (100 * NS_MS)

static __thread char open_error[1024];
static __thread int open_result = VOS_LINK;

int conn_result(struct vos *vos, int result, const char *class, const char *format, ...)
{
	char text[sizeof(vos->error)];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	vos->result = result;
	snprintf(vos->class, sizeof(vos->class), "%s", class);
	memcpy(vos->error, text, sizeof(text));
	return result;
}

int conn_take_result(struct vos *vos, const struct request *request)
{
	const json_t *error = json_object_get(request->answer, "error");
	const char *class = json_string_value(json_object_get(error, "class"));
	const char *text = json_string_value(json_object_get(error, "desc"));
	json_int_t code = json_integer_value(json_object_get(error, "code"));

	if (!request->answer)
		return conn_result(vos, VOS_LINK, "E_LINK", "%s", request->why);
	if (!error)
		return conn_result(vos, VOS_OK, "ok", "%s", "");
	return conn_result(vos, code >= VOS_FAILED && code <= VOS_DONE ? (int)code : VOS_FAILED,
		class ? class : "E_FAILED", "%s", text ? text : "VOS says no more");
}

/* A write to a line that is gone is an error, no signal; others' handlers stay as they are. */
static void block_pipe(sigset_t *before)
{
	sigset_t pipe;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, before);
}

static void unblock_pipe(const sigset_t *before)
{
	struct timespec none = { 0 };
	sigset_t pipe;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	if (sigismember(before, SIGPIPE) == 0)
		while (sigtimedwait(&pipe, NULL, &none) == SIGPIPE)
			;
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

static u64 sooner(u64 a, u64 b)
{
	return a < b ? a : b;
}

bool conn_is_canceled(struct vos *vos)
{
	return vos->idle && vos->idle(vos->idle_context);
}

void conn_turn(struct vos *vos, u64 until)
{
	sigset_t before;
	bool is_any;		/* request or stream over: the caller may wait for that, and for nothing else */

	if (vos->idle)
		until = sooner(until, now_ns() + IDLE_NS);

	block_pipe(&before);
	is_any = !vos->is_broken && (vos->is_lost || vos->is_stranger);
	if (is_any)
		greet_again(vos);
	if (!vos->is_broken) {
		is_any = retry_pump(vos, now_ns()) || is_any;
		is_any = stream_pump(vos, now_ns()) || is_any;
		is_any = retry_pump(vos, now_ns()) || is_any;	/* what the streams ask */
		io_wait(vos, is_any ? 0 : sooner(until, sooner(retry_deadline(vos), stream_deadline(vos))));
	}
	unblock_pipe(&before);
}

void conn_await(struct vos *vos, const struct request *request)
{
	while (!request->is_done && !vos->is_broken && !conn_is_canceled(vos))
		conn_turn(vos, ~0ull);
}

static bool is_look(const char *verb)
{
	static const char *const looks[] = {
		"list-", "show-", "status-", "stats-", "log", "info", "accounting", "version", "export-",
		"open-console", "open-log", "open-events", "open-upload", "credit",
	};

	for (size_t i = 0; i < ARRAY_COUNT(looks); i++)
		if (strncmp(verb, looks[i], strlen(looks[i])) == 0)
			return true;
	return false;
}

json_t *conn_call(struct vos *vos, const char *verb, json_t *arguments, bool is_text)
{
	struct request *request;
	json_t *answer;

	while (!vos->is_broken && !retry_has_room(vos))
		conn_turn(vos, ~0ull);
	request = vos->is_broken ? NULL : retry_new(vos, verb, arguments, is_look(verb), is_text);
	if (!request) {
		if (vos->is_broken)
			json_decref(arguments);
		conn_result(vos, vos->is_broken ? VOS_LINK : VOS_FAILED, vos->is_broken ? "E_LINK" : "E_FAILED",
			vos->is_broken ? "the connection has failed" : "no memory");
		return NULL;
	}
	conn_await(vos, request);
	if (!request->is_done && !vos->is_broken) {
		request->is_dropped = true;
		conn_result(vos, VOS_FAILED, "E_CANCELED", "%s was left; VOS goes on with it", verb);
		return NULL;
	}
	if (!request->is_done)
		retry_fail(vos, request, vos->error);
	conn_take_result(vos, request);
	answer = json_incref(request->answer);
	retry_free(vos, request);
	return answer;
}

/* ---- for programs ---- */

struct vos *vos_open(const char *host)
{
	struct vos *vos = calloc(1, sizeof(*vos));
	char why[HOST_WHY_BYTES];
	sigset_t before;
	bool is_open;

	if (!vos) {
		snprintf(open_error, sizeof(open_error), "no memory");
		open_result = VOS_FAILED;
		return NULL;
	}
	vos->link = LINK_NONE;
	if (!host_find(&vos->host, host, why)) {
		snprintf(open_error, sizeof(open_error), "%s", why);
		open_result = VOS_USAGE;
		vos_close(vos);
		return NULL;
	}
	vos->is_kind_known = vos->host.encoding != HOST_ANY;
	vos->kind = vos->host.encoding == HOST_PLAIN ? FRAME_PLAIN : FRAME_TEXT;
	vos->next_id = 1 + now_ns() % 1000000;
	vos->greeting_id = vos->next_id << 20;
	block_pipe(&before);
	is_open = greet_open(vos);
	unblock_pipe(&before);
	if (is_open) {
		login_resume(vos);
		conn_result(vos, VOS_OK, "ok", "%s", "");
		return vos;
	}
	snprintf(open_error, sizeof(open_error), "%s", vos->error);
	open_result = vos->result;
	vos_close(vos);
	return NULL;
}

/* VOS need not wait for a minute to forget us. No answer is waited for: it is a courtesy. */
static void say_bye(struct vos *vos)
{
	json_t *message = json_pack("{s:s, s:I}", "execute", "bye", "c", (json_int_t)vos->client);
	u64 until = now_ns() + BYE_NS;
	sigset_t before;

	block_pipe(&before);
	if (message)
		io_send_json(vos, message);
	while (vos->out.used && !vos->is_lost && now_ns() < until)
		io_wait(vos, until);
	if (!vos->is_lost)
		link_drain(&vos->link, DRAIN_MS);
	unblock_pipe(&before);
	json_decref(message);
}

void vos_close(struct vos *vos)
{
	if (!vos)
		return;
	if (vos->client && !vos->is_broken && !vos->is_lost && vos->link.fd >= 0)
		say_bye(vos);
	while (vos->streams)
		stream_free(vos->streams);
	while (vos->requests)
		retry_free(vos, vos->requests);
	link_close(&vos->link);
	wire_free(&vos->out);
	wire_end(&vos->in);
	link_unlock(&vos->link);
	free(vos);
}

const char *vos_error(const struct vos *vos)
{
	return vos ? vos->error : open_error;
}

int vos_result(const struct vos *vos)
{
	return vos ? vos->result : open_result;
}

const char *vos_error_class(const struct vos *vos)
{
	static const char *const classes[] = {
		[VOS_FAILED] = "E_FAILED", [VOS_USAGE] = "E_USAGE", [VOS_LINK] = "E_LINK",
	};
	bool is_known = open_result < (int)ARRAY_COUNT(classes) && classes[open_result];

	return vos ? vos->class : is_known ? classes[open_result] : "E_FAILED";
}

const char *vos_version(const struct vos *vos)
{
	return vos->version;
}

const char *vos_boot_id(const struct vos *vos)
{
	return vos->boot_id;
}

uint64_t vos_console_start(const struct vos *vos)
{
	return vos->console_start;
}

int vos_fd(const struct vos *vos)
{
	return vos->link.fd;
}

int vos_call(struct vos *vos, const char *verb, const char *arguments, unsigned flags, char **answer)
{
	json_t *object = NULL, *reply;
	json_error_t error;

	if (answer)
		*answer = NULL;
	if (arguments) {
		object = json_loads(arguments, 0, &error);
		if (!json_is_object(object)) {
			json_decref(object);
			return conn_result(vos, VOS_USAGE, "E_USAGE", "the arguments are not a JSON object");
		}
	}
	reply = conn_call(vos, verb, object, (flags & VOS_CALL_TEXT) != 0);
	if (answer && reply)
		*answer = json_dumps(reply, JSON_COMPACT);
	json_decref(reply);
	return vos->result;
}

void vos_idle(struct vos *vos, vos_idle_fn *fn, void *context)
{
	vos->idle = fn;
	vos->idle_context = context;
}

void vos_events(struct vos *vos, vos_event_fn *fn, void *context)
{
	vos->event = fn;
	vos->event_context = context;
}

static bool has_news(struct vos *vos)
{
	bool is_news = vos->is_news;

	vos->is_news = false;
	for (struct vos_stream *s = vos->streams; s; s = s->next) {
		is_news = is_news || s->is_new;
		s->is_new = false;
	}
	return is_news;
}

int vos_wait(struct vos *vos, int timeout_ms)
{
	u64 until = until_ns(timeout_ms);

	while (!has_news(vos)) {
		if (vos->is_broken)
			return vos->result;
		if (conn_is_canceled(vos))
			return conn_result(vos, VOS_FAILED, "E_CANCELED", "the wait was ended");
		conn_turn(vos, until);
		if (now_ns() >= until)
			return has_news(vos) ? conn_result(vos, VOS_OK, "ok", "%s", "") :
				conn_result(vos, VOS_TIMEOUT, "E_TIMEOUT", "nothing came in that time");
	}
	return conn_result(vos, VOS_OK, "ok", "%s", "");
}
