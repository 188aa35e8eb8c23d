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
#include <termios.h>
#include <unistd.h>

#include "out.h"
#include "vos_main.h"

#define POLL_MS 500
#define ROWS_DEFAULT 24u

/* ---- top ---- */

struct screen {
	struct termios before;
	bool is_raw, is_quit, is_now;
};

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

static void screen_open(struct screen *screen)
{
	struct termios raw;

	memset(screen, 0, sizeof(*screen));
	if (tcgetattr(STDIN_FILENO, &screen->before) != 0)
		return;
	raw = screen->before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	screen->is_raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
	fputs("\x1b[?1049h", stdout);
}

static void screen_close(const struct screen *screen)
{
	fputs("\x1b[?1049l", stdout);
	fflush(stdout);
	if (screen->is_raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &screen->before);
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
	struct screen screen;
	int result;

	if (!left && !is_screen)
		left = 1;	/* one table, for a program */
	json_object_del(call->arguments, "count");
	if (is_screen) {
		screen_open(&screen);
		vos_idle(vos, keys, &screen);
	}
	while (one_table(vos, call, is_screen ? &screen : NULL, &result) && (is_screen || --left))
		;
	if (is_screen)
		screen_close(&screen);
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
	bool is_vm = call->args.command->takes & BIT64(ARG_NAME);
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

struct watch {
	const struct call *call;
	u32 left;	/* 0 = without end */
	bool is_over;
};

static void print_event(void *context, const char *event)
{
	struct watch *watch = context;
	json_t *object;
	const char *name, *state, *reason;
	double seconds;

	if (watch->is_over)
		return;
	if (watch->call->is_json) {
		puts(event);
	} else {
		object = json_loads(event, 0, NULL);
		name = json_string_value(json_object_get(json_object_get(object, "data"), "name"));
		state = json_string_value(json_object_get(json_object_get(object, "data"), "state"));
		reason = json_string_value(json_object_get(json_object_get(object, "data"), "reason"));
		seconds = (double)json_integer_value(json_object_get(object, "uptime-ns")) / 1e9;
		if (reason && strcmp(reason, "-") == 0)
			reason = NULL;
		if (name && state)
			printf("%.6f %s: %s%s%s\n", seconds, name, state, reason ? ", " : "", reason ? reason : "");
		json_decref(object);
	}
	fflush(stdout);
	watch->is_over = watch->left && --watch->left == 0;
}

static bool is_over(void *context)
{
	return ((const struct watch *)context)->is_over;
}

int run_events(struct vos *vos, const struct call *call)
{
	struct watch watch = { .call = call, .left = args_has(&call->args, ARG_TIMES) ? call->args.times : 0 };

	vos_events(vos, print_event, &watch);
	vos_idle(vos, is_over, &watch);
	while (!watch.is_over && vos_wait(vos, -1) != VOS_LINK)
		;
	return watch.is_over ? VOS_OK : show_failure(call, vos);
}
