/* SPDX-License-Identifier: MIT */
/*
 * vos console in front of a libvos that plays a script: what it shows, to whom typed bytes go, and what is left behind.
 */
/*
 * links: vos console libvos
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "vos_main.h"

#define STEPS_MAX 12u

/* One call of vos_stream_read: keys are typed, an event comes, and these bytes; no bytes: nothing came in that time. */
struct step { const char *keys, *event, *bytes; };

struct vos_stream { const char *name; };

static struct vos_stream streams[] = { { "t" }, { "u" } };
static struct step steps[STEPS_MAX];	/* then the stream has ended */
static size_t step;
static const char *tail, *refused;	/* that VM's console is not opened */
static bool is_full;			/* no byte that is typed is taken */
static char journal[256], typed[64];
static vos_event_fn *event_fn;
static void *event_context;
static int last_result;
static int keyboard = -1, display = -1;	/* the other ends */
static int saved[3];

/* ---- libvos ---- */

static void note(const char *what, const char *name)
{
	size_t used = strlen(journal);

	snprintf(journal + used, sizeof(journal) - used, "%s %s;", what, name);
}

int vos_result(const struct vos *vos)
{
	(void)vos;
	return last_result;
}

const char *vos_error(const struct vos *vos)
{
	(void)vos;
	return "no such luck";
}

const char *vos_error_class(const struct vos *vos)
{
	(void)vos;
	return "E_STATE";
}

int vos_fd(const struct vos *vos)
{
	(void)vos;
	return -1;
}

void vos_events(struct vos *vos, vos_event_fn *fn, void *context)
{
	(void)vos;
	event_fn = fn;
	event_context = context;
}

int vos_call(struct vos *vos, const char *verb, const char *arguments, unsigned flags, char **answer)
{
	json_t *reply = json_pack("{s:{s:s, s:i}}", "return", "text", tail, "next", 77);

	(void)vos;
	(void)arguments;
	(void)flags;
	assert_string_equal(verb, "log-vm");
	*answer = json_dumps(reply, JSON_COMPACT);
	json_decref(reply);
	last_result = VOS_OK;
	return VOS_OK;
}

int vos_status_vm(struct vos *vos, const char *name, struct vos_vm_status *status)
{
	(void)vos;
	*status = (struct vos_vm_status){ .state = "running" };
	snprintf(status->name, sizeof(status->name), "%s", name);
	last_result = VOS_OK;
	return VOS_OK;
}

int vos_list_vm(struct vos *vos, struct vos_vm_status **list, size_t *count)
{
	*count = ARRAY_COUNT(streams);
	*list = calloc(*count, sizeof(**list));
	for (size_t i = 0; i < *count; i++)
		(void)vos_status_vm(vos, streams[i].name, &(*list)[i]);
	return VOS_OK;
}

struct vos_stream *vos_console_open(struct vos *vos, const char *name, enum vos_from from, bool writes)
{
	bool is_refused = refused && strcmp(refused, name) == 0;

	(void)vos;
	(void)from;
	assert_true(writes);
	note(is_refused ? "refuse" : "open", name);
	last_result = is_refused ? VOS_STATE : VOS_OK;
	return is_refused ? NULL : &streams[strcmp(name, "t") != 0];
}

struct vos_stream *vos_console_open_at(struct vos *vos, const char *name, uint64_t offset, bool writes)
{
	assert_int_equal(offset, 77);
	return vos_console_open(vos, name, VOS_FROM_LIVE, writes);
}

/* One that came says nothing of the result. */
ssize_t vos_stream_read(struct vos_stream *s, void *bytes, size_t size, int timeout_ms)
{
	const struct step *now = &steps[step];
	size_t count;

	(void)s;
	(void)timeout_ms;
	if (step == STEPS_MAX || !(now->keys || now->event || now->bytes))
		return 0;
	step++;
	if (now->keys)
		assert_int_equal(write(keyboard, now->keys, strlen(now->keys)), strlen(now->keys));
	if (now->event)
		event_fn(event_context, now->event);
	count = now->bytes ? strlen(now->bytes) : 0;
	if (count == 0) {
		last_result = VOS_TIMEOUT;
		return -1;
	}
	assert_true(count <= size);
	memcpy(bytes, now->bytes, count);
	return (ssize_t)count;
}

size_t vos_stream_write(struct vos_stream *s, const void *bytes, size_t size)
{
	size_t used = strlen(typed);

	if (is_full && strcmp(s->name, "t") == 0)
		return 0;
	snprintf(typed + used, sizeof(typed) - used, "%s:%.*s;", s->name, (int)size, (const char *)bytes);
	return size;
}

uint64_t vos_stream_lost(const struct vos_stream *s)
{
	(void)s;
	return 0;
}

const char *vos_stream_reason(const struct vos_stream *s)
{
	(void)s;
	return "the script is over";
}

void vos_stream_close(struct vos_stream *s)
{
	if (s)
		note("close", s->name);
}

/* ---- a place to run it ---- */

static void start(const struct step *script, size_t count)
{
	assert_true(count <= STEPS_MAX);
	memset(steps, 0, sizeof(steps));
	memcpy(steps, script, count * sizeof(*script));
	step = 0;
	tail = "";
	refused = NULL;
	is_full = false;
	journal[0] = typed[0] = 0;
}

/* Run it with these descriptors; returns the exit code. Afterwards no event may come to it. */
static int run(int input, int output)
{
	static struct call call;
	int result;

	call = (struct call){ .verb = "console" };
	snprintf(call.args.name, sizeof(call.args.name), "t");
	for (int fd = 0; fd < 3; fd++) {
		saved[fd] = dup(fd);
		dup2(fd == 0 ? input : output, fd);
	}
	result = run_console(NULL, &call);
	fflush(stderr);
	for (int fd = 0; fd < 3; fd++) {
		dup2(saved[fd], fd);
		close(saved[fd]);
	}
	assert_null(event_fn);
	return result;
}

/* What came out at `display`, which does not wait. */
static void take_output(char *text, size_t size)
{
	size_t used = 0;
	ssize_t count;

	while (used + 1 < size && (count = read(display, text + used, size - 1 - used)) > 0)
		used += (size_t)count;
	text[used] = 0;
}

static int run_at_pipe(char *text, size_t size)
{
	int in[2], out[2], result;

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe2(out, O_NONBLOCK), 0);
	keyboard = in[1];
	display = out[0];
	result = run(in[0], out[1]);
	take_output(text, size);
	for (size_t i = 0; i < 2; i++) {
		close(in[i]);
		close(out[i]);
	}
	return result;
}

static int run_at_terminal(char *text, size_t size)
{
	int outer = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK), inner, result;
	struct termios modes;

	assert_int_equal(grantpt(outer), 0);
	assert_int_equal(unlockpt(outer), 0);
	inner = open(ptsname(outer), O_RDWR | O_NOCTTY);
	assert_true(inner >= 0);
	keyboard = display = outer;
	result = run(inner, inner);
	take_output(text, size);
	assert_int_equal(tcgetattr(inner, &modes), 0);
	assert_true(modes.c_lflag & ICANON);
	close(inner);
	close(outer);
	return result;
}

static void contains(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("no \"%s\" in: %s", words, text);
}

/* ---- tests ---- */

#define STOPPED(restart) "{\"event\":\"VM_STATE\",\"data\":{\"name\":\"t\",\"state\":\"stopped\",\"reason\":\"done\"," \
	"\"restart\":\"" restart "\"}}"
#define RUNNING "{\"event\":\"VM_STATE\",\"data\":{\"name\":\"t\",\"state\":\"running\",\"reason\":\"-\"}}"

/* All that comes before the line falls silent, and then the end. */
static void last_words(void **state)
{
	static const struct step script[] = {
		{ .event = STOPPED("never") }, { .bytes = "one " }, { .bytes = "two " }, { .bytes = "three" },
		{ .event = "{}" },
	};
	char text[2048];

	(void)state;
	start(script, ARRAY_COUNT(script));
	assert_int_equal(run_at_pipe(text, sizeof(text)), VOS_OK);
	contains(text, "one two three\r\n[t is stopped (done)]");
	assert_string_equal(journal, "open t;close t;");
}

/* VOS has started it again: it writes without a pause, and keys are read all the same. */
static void last_words_before_a_restart(void **state)
{
	static const struct step script[] = {
		{ .event = STOPPED("always") }, { .bytes = "one " }, { .bytes = "two", .event = RUNNING },
		{ .bytes = "again" }, { .event = "{}" },
	};
	char text[2048];

	(void)state;
	start(script, ARRAY_COUNT(script));
	assert_int_equal(run_at_pipe(text, sizeof(text)), VOS_OK);
	contains(text, "one two\r\n[t is stopped (done); VOS may start it again]\r\nagain");
	contains(text, "[the console has ended: the script is over]");
}

static void next_vm(void **state)
{
	static const struct step script[] = { { .keys = "abc\x1dn" }, { .event = "{}" }, { .keys = "z\x1d" "d" } };
	char text[2048];

	(void)state;
	start(script, ARRAY_COUNT(script));
	is_full = true;
	assert_int_equal(run_at_terminal(text, sizeof(text)), VOS_OK);
	assert_string_equal(typed, "u:z;");	/* not what was typed for t */
	assert_string_equal(journal, "open t;open u;close t;close u;");
	contains(text, "[detached from u; vos console u attaches again]");
}

/* Then the one before goes on. */
static void next_vm_is_refused(void **state)
{
	static const struct step script[] = { { .keys = "\x1dn" }, { .event = "{}" }, { .keys = "z\x1d" "d" } };
	char text[2048];

	(void)state;
	start(script, ARRAY_COUNT(script));
	refused = "u";
	assert_int_equal(run_at_terminal(text, sizeof(text)), VOS_OK);
	assert_null(strstr(text, "[attached to u"));
	contains(text, "[t: error E_STATE: no such luck]");
	assert_string_equal(typed, "t:z;");
	assert_string_equal(journal, "open t;refuse u;close t;");
}

static void first_vm_is_refused(void **state)
{
	static const struct step script[] = { { .event = "{}" } };
	char text[2048];

	(void)state;
	start(script, ARRAY_COUNT(script));
	refused = "t";
	assert_int_equal(run_at_terminal(text, sizeof(text)), VOS_STATE);
	assert_null(strstr(text, "[attached to t"));
	contains(text, "no such luck");
	assert_string_equal(journal, "refuse t;");
}

/* Those of the log's tail are undone, too. */
static void colours_are_undone(void **state)
{
	static const struct step script[] = { { .keys = "\x1d" "d" } };
	char text[2048];

	(void)state;
	start(script, ARRAY_COUNT(script));
	tail = "\x1b[31mred\x1b[?25l";
	assert_int_equal(run_at_terminal(text, sizeof(text)), VOS_OK);
	contains(text, "\x1b[31mred\x1b[?25l");
	contains(text, "\x1b[0m\x1b[?25h");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(last_words), cmocka_unit_test(last_words_before_a_restart), cmocka_unit_test(next_vm),
		cmocka_unit_test(next_vm_is_refused), cmocka_unit_test(first_vm_is_refused),
		cmocka_unit_test(colours_are_undone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
