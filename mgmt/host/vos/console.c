/* SPDX-License-Identifier: MIT */
/*
 * console.c - the console of a VM on this terminal, which is raw meanwhile; Ctrl-] opens a menu, with the keys of the
 * one at VOS's prompt as far as programs can do the same.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vos_main.h"

#define ESCAPE_KEY 0x1d		/* Ctrl-] */
#define PENDING_BYTES 4096u
#define WAIT_MS 100
#define LAST_MS 500		/* what a VM wrote before its end comes at the latest so long after that */
#define TAIL_LINES 12		/* so that one sees where the guest is */
#define LOG_LINES 100
#define GUEST_LEAVES "\x1b[0m\x1b[?25h"	/* it may have left colours behind, or a hidden cursor */

struct view_of_vm {
	struct vos *vos;
	char name[VOS_NAME_BYTES];
	struct vos_stream *stream;
	bool is_terminal, has_terminal, is_menu, is_sure, is_left, is_input_over;
	bool is_over;		/* the VM has ended */
	u64 lost;
	u8 pending[PENDING_BYTES];	/* typed, not yet taken */
	size_t pending_count;
	/* The last event of that VM, not yet told. */
	bool has_news, was_paused, restarts;
	char state[VOS_STATE_BYTES], reason[VOS_REASON_BYTES];
};

/* To the person, in the terminal's own lines: "\n" is a new line, whatever mode the terminal is in. */
static void say_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			fputc('\r', stderr);
		fputc(*text, stderr);
	}
	fflush(stderr);
}

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	char text[1536];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	say_text(text);
}

static void write_all(const void *from, size_t count)
{
	const u8 *bytes = from;

	if (memchr(bytes, 0x1b, count))
		terminal_on_leave(GUEST_LEAVES);
	while (count) {
		ssize_t written = write(STDOUT_FILENO, bytes, count);

		if (written < 0 && errno != EINTR && errno != EAGAIN)
			return;
		if (written > 0) {
			bytes += written;
			count -= (size_t)written;
		}
	}
}

/* ---- commands of the menu ---- */

/* The answer of a command on this VM, or NULL. */
static json_t *ask(const struct view_of_vm *v, const char *verb, json_t *more, unsigned flags)
{
	char *arguments, *answer = NULL;
	json_t *reply;

	json_object_set_new(more, "name", json_string(v->name));
	arguments = json_dumps(more, JSON_COMPACT);
	json_decref(more);
	(void)vos_call(v->vos, verb, arguments, flags, &answer);
	reply = answer ? json_loads(answer, 0, NULL) : NULL;
	free(arguments);
	free(answer);
	return reply;
}

static void tell_failure(const struct view_of_vm *v)
{
	say("\n[%s: error %s: %s]\n", v->name, vos_error_class(v->vos), vos_error(v->vos));
}

/* The text of a command that only looks. */
static void show_text(const struct view_of_vm *v, const char *verb, json_t *more)
{
	json_t *answer = ask(v, verb, more, VOS_CALL_TEXT);
	const char *text = json_string_value(json_object_get(answer, "text"));

	if (vos_result(v->vos) != VOS_OK) {
		tell_failure(v);
	} else if (text) {
		say("\n");
		say_text(text);
		say("[%s continues]\n", v->name);
	}
	json_decref(answer);
}

static void show_status(struct view_of_vm *v)
{
	show_text(v, "status-vm", json_object());
}

static void show_log(struct view_of_vm *v)
{
	show_text(v, "log-vm", json_pack("{s:i}", "lines", LOG_LINES));
}

/* Its answer comes when the VM has stopped; until then the console goes on. */
static void press_power_button(struct view_of_vm *v)
{
	json_decref(ask(v, "stop-vm", json_pack("{s:s}", "wait", "100ms"), 0));
	if (vos_result(v->vos) == VOS_TIMEOUT)
		say("\n[%s: its power button was pressed; it is forced off after 30 s]\n", v->name);
	else if (vos_result(v->vos) != VOS_OK)
		tell_failure(v);
}

static void ask_whether_sure(struct view_of_vm *v)
{
	say("\n[%s is forced off at once and may lose data: y for yes, any other key for no] ", v->name);
	v->is_sure = true;
}

static void force_off(struct view_of_vm *v)
{
	json_decref(ask(v, "stop-vm", json_pack("{s:b}", "force", 1), 0));
	if (vos_result(v->vos) != VOS_OK)
		tell_failure(v);
}

static void type(struct view_of_vm *v, u8 byte)
{
	if (v->pending_count < PENDING_BYTES)
		v->pending[v->pending_count++] = byte;
}

static void send_escape_key(struct view_of_vm *v)
{
	type(v, ESCAPE_KEY);
	say("\n[%s]\n", v->name);
}

static void detach(struct view_of_vm *v)
{
	v->is_left = true;
}

/* ---- which VM ---- */

static bool is_live(const char *state)
{
	static const char *const words[] = { "starting", "running", "suspended", "paused", "stopping" };

	for (size_t i = 0; i < ARRAY_COUNT(words); i++)
		if (strcmp(state, words[i]) == 0)
			return true;
	return false;
}

/* For a person, behind the last lines of the log, which are *tail. NULL: see the result. */
static struct vos_stream *open_behind_tail(const struct view_of_vm *v, json_t **tail)
{
	json_t *answer = ask(v, "log-vm", json_pack("{s:i}", "lines", TAIL_LINES), 0);
	json_t *log = json_object_get(answer, "return");
	u64 next = (u64)json_integer_value(json_object_get(log, "next"));

	*tail = json_incref(json_object_get(log, "text"));
	json_decref(answer);
	return vos_console_open_at(v->vos, v->name, next, true);
}

/* False: see the result; the VM before is still the one that is shown. */
static bool attach(struct view_of_vm *v, const char *name)
{
	struct vos_stream *stream;
	char before[VOS_NAME_BYTES];
	json_t *tail = NULL;

	memcpy(before, v->name, sizeof(before));
	snprintf(v->name, sizeof(v->name), "%s", name);
	stream = v->is_terminal ? open_behind_tail(v, &tail) : vos_console_open(v->vos, name, VOS_FROM_LIVE, true);
	if (!stream) {
		memcpy(v->name, before, sizeof(before));
		json_decref(tail);
		return false;
	}
	vos_stream_close(v->stream);
	v->stream = stream;
	if (v->is_terminal && !v->has_terminal)
		v->has_terminal = terminal_take(true, "");	/* until then Ctrl-C ends vos */
	v->pending_count = 0;	/* typed for the VM before */
	v->lost = 0;
	v->has_news = v->was_paused = false;
	say("[attached to %s; Ctrl-] opens a menu]\n", name);
	if (json_is_string(tail))
		write_all(json_string_value(tail), json_string_length(tail));
	json_decref(tail);
	return true;
}

/* The next or the previous one of list-vm that lives. */
static void go_to(struct view_of_vm *v, bool is_next)
{
	struct vos_vm_status *list = NULL;
	size_t count = 0, at = 0, steps;

	if (vos_list_vm(v->vos, &list, &count) != VOS_OK) {
		tell_failure(v);
		return;
	}
	while (at < count && strcmp(list[at].name, v->name) != 0)
		at++;
	for (steps = 1; steps < count; steps++) {
		const struct vos_vm_status *other = &list[(at + steps * (is_next ? 1 : count - 1)) % count];

		if (!is_live(other->state))
			continue;
		say("\n");
		if (!attach(v, other->name))
			tell_failure(v);
		break;
	}
	if (steps >= count)
		say("\n[no other VM is running]\n");
	free(list);
}

static void next_vm(struct view_of_vm *v)
{
	go_to(v, true);
}

static void previous_vm(struct view_of_vm *v)
{
	go_to(v, false);
}

/* ---- keys ---- */

static void show_help(struct view_of_vm *v);

static const struct {
	const char *keys, *word, *help;
	void (*act)(struct view_of_vm *v);
} menu[] = {
	{ "d\r\nq", "d detach", "d  leave the console; the VM goes on (also Enter)", detach },
	{ "n", "n next VM", "n  the next VM that runs", next_vm },
	{ "p", "p previous", "p  the previous one", previous_vm },
	{ "l", "l log", "l  the last 100 lines that it wrote", show_log },
	{ "s", "s status", "s  status-vm", show_status },
	{ "o", "o power off", "o  press its power button, and force it off after 30 s (stop-vm)", press_power_button },
	{ "f", "f force off", "f  force it off at once; asks first", ask_whether_sure },
	{ "]\x1d", "] send Ctrl-]", "]  send a Ctrl-] to it", send_escape_key },
	{ "?h", "? help", "?  this help", show_help },
};

static void show_menu(struct view_of_vm *v)
{
	say("\n[%s]", v->name);
	for (size_t i = 0; i < ARRAY_COUNT(menu); i++)
		say("%s%s", i ? "  " : " ", menu[i].word);
	v->is_menu = true;
}

static void show_help(struct view_of_vm *v)
{
	say("\n");
	for (size_t i = 0; i < ARRAY_COUNT(menu); i++)
		say("  %s\n", menu[i].help);
	say("  any other key  back to the guest");
	show_menu(v);
}

static void menu_key(struct view_of_vm *v, char key)
{
	if (v->is_sure) {
		v->is_sure = false;
		say("\n");
		if (key == 'y' || key == 'Y')
			force_off(v);
		return;
	}
	v->is_menu = false;
	for (size_t i = 0; i < ARRAY_COUNT(menu); i++)
		if (strchr(menu[i].keys, key >= 'A' && key <= 'Z' ? key + 'a' - 'A' : key) && key) {
			menu[i].act(v);
			return;
		}
	say("\n[%s]\n", v->name);
}

static void take_keys(struct view_of_vm *v)
{
	char keys[256];
	size_t room = PENDING_BYTES - v->pending_count;
	ssize_t count = read(STDIN_FILENO, keys, room < sizeof(keys) ? room : sizeof(keys));

	if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
		v->is_input_over = true;
		v->is_left = v->is_left || isatty(STDIN_FILENO);
	}
	for (ssize_t i = 0; i < count && !v->is_left; i++) {
		if (v->is_menu || v->is_sure)
			menu_key(v, keys[i]);
		else if (keys[i] == ESCAPE_KEY && v->is_terminal)
			show_menu(v);
		else
			type(v, (u8)keys[i]);
	}
}

static void send_keys(struct view_of_vm *v)
{
	size_t taken = v->pending_count ? vos_stream_write(v->stream, v->pending, v->pending_count) : 0;

	v->pending_count -= taken;
	memmove(v->pending, v->pending + taken, v->pending_count);
}

/* ---- the guest ---- */

/* What it wrote; returns what vos_stream_read did. */
static ssize_t show_output(struct view_of_vm *v, int timeout_ms)
{
	u8 bytes[4096];
	ssize_t count = vos_stream_read(v->stream, bytes, sizeof(bytes), timeout_ms);

	if (count > 0 && vos_stream_lost(v->stream) != v->lost) {
		say("\n[%llu bytes were lost]\n", (unsigned long long)(vos_stream_lost(v->stream) - v->lost));
		v->lost = vos_stream_lost(v->stream);
	}
	if (count > 0)
		write_all(bytes, (size_t)count);
	return count;
}

static void take_event(void *context, const char *event)
{
	struct view_of_vm *v = context;
	json_t *object = json_loads(event, 0, NULL), *data = json_object_get(object, "data");
	const char *name = json_string_value(json_object_get(data, "name"));
	const char *state = json_string_value(json_object_get(data, "state"));
	const char *reason = json_string_value(json_object_get(data, "reason"));
	const char *restart = json_string_value(json_object_get(data, "restart"));

	if (name && state && strcmp(name, v->name) == 0) {
		snprintf(v->state, sizeof(v->state), "%s", state);
		snprintf(v->reason, sizeof(v->reason), "%s", reason ? reason : "-");
		v->restarts = restart && strcmp(restart, "never") != 0;
		v->has_news = true;
	}
	json_decref(object);
}

/* With the last of what it wrote; until the next event, because VOS may have started it again. */
static void tell_end(struct view_of_vm *v)
{
	char state[VOS_STATE_BYTES], reason[VOS_REASON_BYTES];
	bool restarts = v->restarts;

	memcpy(state, v->state, sizeof(state));
	memcpy(reason, v->reason, sizeof(reason));
	while (!v->has_news && show_output(v, LAST_MS) > 0)
		;
	say("\n[%s is %s (%s)%s]\n", v->name, state, reason, restarts ? "; VOS may start it again" : "");
	v->is_over = !restarts;
}

static void tell_news(struct view_of_vm *v)
{
	bool was_paused = v->was_paused;

	v->has_news = false;
	v->was_paused = strcmp(v->state, "paused") == 0;
	if (v->was_paused) {
		say("\n[%s is paused; vos resume-vm %s resumes it]\n", v->name, v->name);
	} else if (strcmp(v->state, "running") == 0) {
		if (was_paused)
			say("\n[%s is running again]\n", v->name);
	} else if (!is_live(v->state)) {
		tell_end(v);
	}
}

/* Until the person leaves, the VM has ended, or the stream or the connection has. */
static void attend(struct view_of_vm *v)
{
	struct pollfd fds[2] = { { .events = POLLIN }, { .fd = STDIN_FILENO, .events = POLLIN } };
	bool has_room;
	ssize_t count;

	while (!v->is_left && !v->is_over) {
		count = show_output(v, 0);
		if (count == 0 || (count < 0 && vos_result(v->vos) != VOS_TIMEOUT))
			return;
		if (v->has_news)
			tell_news(v);
		fds[0].fd = vos_fd(v->vos);
		has_room = v->pending_count < PENDING_BYTES && !v->is_input_over;
		if (poll(fds, has_room ? 2 : 1, WAIT_MS) > 0 && has_room && fds[1].revents)
			take_keys(v);
		send_keys(v);
	}
}

/* A VM that does not live has nothing to show. False: refused. */
static bool is_attachable(const struct view_of_vm *v, const struct call *call, int *result)
{
	struct vos_vm_status status;
	struct cmd_error error;

	*result = vos_status_vm(v->vos, call->args.name, &status);
	if (*result != VOS_OK) {
		*result = show_failure(call, v->vos);
		return false;
	}
	if (is_live(status.state))
		return true;
	error_set(&error, RESULT_STATE, "%s is %s. Try start-vm %s; log-vm %s shows its output", status.name,
		status.state, status.name, status.name);
	*result = show_error(call, &error);
	return false;
}

static int show_console(struct view_of_vm *v, const struct call *call)
{
	int result = VOS_OK;

	if (!attach(v, call->args.name))
		return show_failure(call, v->vos);
	attend(v);
	terminal_give_back();
	if (v->is_left)
		fprintf(stderr, "\n[detached from %s; vos console %s attaches again]\n", v->name, v->name);
	else if (!v->is_over && vos_result(v->vos) == VOS_LINK)
		result = show_failure(call, v->vos);
	else if (!v->is_over)
		fprintf(stderr, "\n[the console has ended: %s]\n", vos_stream_reason(v->stream));
	vos_stream_close(v->stream);
	return result;
}

int run_console(struct vos *vos, const struct call *call)
{
	struct view_of_vm v = { .vos = vos, .is_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) };
	int result;

	if (!is_attachable(&v, call, &result))
		return result;
	vos_events(vos, take_event, &v);
	result = show_console(&v, call);
	vos_events(vos, NULL, NULL);
	return result;
}
