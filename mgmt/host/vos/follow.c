/* SPDX-License-Identifier: MIT */
/*
 * follow.c - commands that go on until Ctrl-C: top, log --follow, log-vm --follow, events.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "out.h"
#include "vos_main.h"

#define POLL_MS 500
#define ROWS_DEFAULT 24u

/* ---- top ---- */

struct screen { bool is_quit, is_now; };

static bool keys(void *context)
{
	struct screen *screen = context;
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	char key;

	while (poll(&input, 1, 0) > 0 && read(STDIN_FILENO, &key, 1) == 1) {
		screen->is_quit = screen->is_quit || key == 'q' || key == 'Q' || key == 3;
		screen->is_now = screen->is_now || key == ' ';
	}
	return screen->is_quit || screen->is_now;
}

static void screen_open(void)
{
	(void)terminal_take(false, "\x1b[?1049l");
	fputs("\x1b[?1049h", stdout);
}

static void screen_close(void)
{
	fflush(stdout);
	terminal_give_back();
}

static u32 rows_of_terminal(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 3 ? size.ws_row : ROWS_DEFAULT;
}

/* Over the table before. */
static void draw(const char *text)
{
	u32 rows = rows_of_terminal() - 2;

	fputs("\x1b[H", stdout);
	while (*text && rows--) {
		size_t length = strcspn(text, "\n");

		printf("%.*s\x1b[K\n", (int)length, text);
		text += length + (text[length] == '\n');
	}
	fputs("\x1b[K\nq quits, space updates.\x1b[K\x1b[J", stdout);
	fflush(stdout);
}

/* One table; false: the command is over, and *result its code. */
static bool one_table(struct vos *vos, const struct call *call, struct screen *screen, int *result)
{
	char *arguments = json_dumps(call->arguments, JSON_COMPACT), *answer = NULL;
	json_t *reply;
	const char *text;

	*result = vos_call(vos, "top", arguments, call->is_json ? 0 : VOS_CALL_TEXT, &answer);
	free(arguments);
	if (screen && (screen->is_quit || screen->is_now)) {
		*result = VOS_OK;
		screen->is_now = false;
		return !screen->is_quit;
	}
	reply = answer && *result == VOS_OK ? json_loads(answer, 0, NULL) : NULL;
	text = json_string_value(json_object_get(reply, "text"));
	if (screen && text)
		draw(text);
	else
		*result = show_answer(call, vos, answer);
	if (!screen && !call->is_json && *result == VOS_OK)
		putchar('\n');
	fflush(stdout);
	json_decref(reply);
	free(answer);
	return *result == VOS_OK;
}

int run_top(struct vos *vos, const struct call *call)
{
	u32 left = args_has(&call->args, ARG_TIMES) ? call->args.times : 0;
	bool is_screen = !left && !call->is_json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	struct screen screen = { 0 };
	int result;

	if (!left && !is_screen)
		left = 1;	/* one table, for a program */
	json_object_del(call->arguments, "count");
	if (is_screen) {
		screen_open();
		vos_idle(vos, keys, &screen);
	}
	while (one_table(vos, call, is_screen ? &screen : NULL, &result) && (is_screen || --left))
		;
	if (is_screen) {
		vos_idle(vos, NULL, NULL);
		screen_close();
	}
	return result;
}

/* ---- logs ---- */

static void print_log(const char *bytes, size_t count)
{
	FILE *file = stdout;
	struct out out = out_to_file(&file);

	if (isatty(STDOUT_FILENO))
		out_escaped(&out, bytes, count);
	else
		out_bytes(&out, bytes, count);
	fflush(stdout);
}

/* By a stream. False: this VOS has none. */
static bool follow_stream(struct vos *vos, const struct call *call, int *result)
{
	bool is_vm = call->args.command->takes & ARG_BIT(ARG_NAME);
	struct vos_stream *stream = is_vm ? vos_console_open(vos, call->args.name, VOS_FROM_LOG, false) :
					    vos_log_open(vos);
	char bytes[4096];
	ssize_t count;

	if (!stream && (vos_result(vos) == VOS_UNSUPPORTED || vos_result(vos) == VOS_USAGE))
		return false;
	*result = vos_result(vos);
	if (!stream) {
		*result = show_failure(call, vos);
		return true;
	}
	while ((count = vos_stream_read(stream, bytes, sizeof(bytes), -1)) > 0)
		print_log(bytes, (size_t)count);
	if (count < 0)
		*result = show_failure(call, vos);
	vos_stream_close(stream);
	return true;
}

/* By asking again and again for what is new. */
static int follow_polls(struct vos *vos, const struct call *call)
{
	json_int_t offset = 0;
	json_t *arguments = json_deep_copy(call->arguments), *reply, *piece;
	char *text, *answer;
	int result;

	for (;;) {
		text = json_dumps(arguments, JSON_COMPACT);
		answer = NULL;
		result = vos_call(vos, call->verb, text, 0, &answer);
		free(text);
		reply = answer ? json_loads(answer, 0, NULL) : NULL;
		free(answer);
		if (result != VOS_OK)
			break;
		piece = json_object_get(reply, "return");
		offset = json_integer_value(json_object_get(piece, "next"));
		print_log(json_string_value(json_object_get(piece, "text")),
			json_string_length(json_object_get(piece, "text")));
		if (offset == json_integer_value(json_object_get(piece, "end")) &&
		    vos_wait(vos, POLL_MS) == VOS_LINK) {
			result = VOS_LINK;
			break;
		}
		json_object_del(arguments, "lines");
		json_object_set_new(arguments, "offset", json_integer(offset));
		json_decref(reply);
		reply = NULL;
	}
	json_decref(reply);
	json_decref(arguments);
	return show_failure(call, vos);
}

int run_log(struct vos *vos, const struct call *call)
{
	int result;

	if (!args_has(&call->args, ARG_FOLLOW))
		return run_simple(vos, call);
	if (args_has(&call->args, ARG_LINES) || args_has(&call->args, ARG_OFFSET) ||
	    !follow_stream(vos, call, &result))
		result = follow_polls(vos, call);
	return result;
}

/* ---- events ---- */

/* Those that VOS has not kept before the next one. */
static void tell_lost(const struct vos_stream *stream, u64 *told)
{
	u64 lost = vos_stream_lost(stream);

	if (lost != *told)
		fprintf(stderr, "[%llu events are lost: VOS keeps the last 256]\n", (unsigned long long)(lost - *told));
	*told = lost;
}

static void print_event(const struct call *call, const char *event)
{
	json_t *object = call->is_json ? NULL : json_loads(event, 0, NULL), *data = json_object_get(object, "data");
	const char *name = json_string_value(json_object_get(data, "name"));
	const char *state = json_string_value(json_object_get(data, "state"));
	const char *reason = json_string_value(json_object_get(data, "reason"));
	double seconds = (double)json_integer_value(json_object_get(object, "uptime-ns")) / 1e9;

	if (reason && strcmp(reason, "-") == 0)
		reason = NULL;
	if (call->is_json)
		puts(event);
	else if (name && state)
		printf("%lld %.6f %s: %s%s%s\n", (long long)json_integer_value(json_object_get(object, "seq")), seconds,
			name, state, reason ? ", " : "", reason ? reason : "");
	else
		fprintf(stderr, "[event %lld is lost: VOS had no memory for it]\n",
			(long long)json_integer_value(json_object_get(object, "seq")));
	fflush(stdout);
	json_decref(object);
}

int run_events(struct vos *vos, const struct call *call)
{
	bool goes_on = args_has(&call->args, ARG_FOLLOW) || args_has(&call->args, ARG_TIMES);
	bool is_since = args_has(&call->args, ARG_SINCE);
	u64 since = is_since ? call->args.offset : goes_on ? VOS_EVENTS_NEW : 0, told = 0;
	u32 left = args_has(&call->args, ARG_TIMES) ? call->args.times : 0;
	struct vos_stream *stream = vos_events_open(vos, since);
	char event[VOS_EVENT_BYTES];
	ssize_t count = 1;

	if (!stream)
		return show_failure(call, vos);
	if (is_since && vos_stream_offset(stream) < since)
		fprintf(stderr, "[VOS has only had %llu events since it, or its console, was started]\n",
			(unsigned long long)vos_stream_offset(stream));
	while (count > 0 && (goes_on || vos_stream_offset(stream) < vos_stream_end(stream))) {
		count = vos_stream_read(stream, event, sizeof(event), -1);
		tell_lost(stream, &told);
		if (count > 0)
			print_event(call, event);
		if (count > 0 && left && --left == 0)
			break;
	}
	if (count < 0)
		return show_failure(call, vos);
	vos_stream_close(stream);
	return VOS_OK;
}
