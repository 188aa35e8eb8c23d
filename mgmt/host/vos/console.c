/* SPDX-License-Identifier: MIT */
/*
 * console.c - the console of a VM on this terminal, which is raw meanwhile; Ctrl-] opens a menu.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "vos_main.h"

#define ESCAPE_KEY 0x1d		/* Ctrl-] */
#define PENDING_BYTES 4096u
#define WAIT_MS 100

struct view_of_vm {
	const char *name;
	struct vos_stream *stream;
	bool is_menu, is_left, is_input_over;
	u64 lost;
	u8 pending[PENDING_BYTES];	/* typed, not yet taken */
	size_t pending_count;
};

static void say(const char *text)
{
	fputs(text, stderr);
	fflush(stderr);
}

static void type(struct view_of_vm *v, u8 byte)
{
	if (v->pending_count < PENDING_BYTES)
		v->pending[v->pending_count++] = byte;
}

static void menu_key(struct view_of_vm *v, u8 key)
{
	v->is_menu = false;
	if (key == 'd' || key == 'q') {
		v->is_left = true;
	} else if (key == ']' || key == ESCAPE_KEY) {
		type(v, ESCAPE_KEY);
	} else if (key == '?') {
		fprintf(stderr, "\r\n[%s: d leaves the console and the VM goes on; ] sends Ctrl-]]\r\n", v->name);
	}
}

static void take_keys(struct view_of_vm *v)
{
	u8 keys[256];
	size_t room = PENDING_BYTES - v->pending_count;
	ssize_t count = read(STDIN_FILENO, keys, room < sizeof(keys) ? room : sizeof(keys));

	if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
		v->is_input_over = true;
		v->is_left = !isatty(STDIN_FILENO) ? v->is_left : true;
	}
	for (ssize_t i = 0; i < count && !v->is_left; i++) {
		if (v->is_menu) {
			menu_key(v, keys[i]);
		} else if (keys[i] == ESCAPE_KEY) {
			v->is_menu = true;
			fprintf(stderr, "\r\n[%s] d detach  ] send Ctrl-]  ? help", v->name);
		} else {
			type(v, keys[i]);
		}
	}
}

static void send_keys(struct view_of_vm *v)
{
	size_t taken = v->pending_count ? vos_stream_write(v->stream, v->pending, v->pending_count) : 0;

	v->pending_count -= taken;
	memmove(v->pending, v->pending + taken, v->pending_count);
}

static void write_all(const u8 *bytes, size_t count)
{
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

/* What the guest wrote. False: there will be no more. */
static bool show_output(struct vos *vos, struct view_of_vm *v)
{
	u8 bytes[4096];
	ssize_t count = vos_stream_read(v->stream, bytes, sizeof(bytes), 0);

	if (count > 0 && vos_stream_lost(v->stream) != v->lost) {
		fprintf(stderr, "\r\n[%llu bytes were lost]\r\n",
			(unsigned long long)(vos_stream_lost(v->stream) - v->lost));
		v->lost = vos_stream_lost(v->stream);
	}
	if (count > 0)
		write_all(bytes, (size_t)count);
	return count > 0 || (count < 0 && vos_result(vos) == VOS_TIMEOUT);
}

static bool attend(struct vos *vos, struct view_of_vm *v)
{
	struct pollfd fds[2] = { { .fd = vos_fd(vos), .events = POLLIN }, { .fd = STDIN_FILENO, .events = POLLIN } };
	bool has_room = v->pending_count < PENDING_BYTES && !v->is_input_over;

	while (show_output(vos, v)) {
		fds[0].fd = vos_fd(vos);
		if (poll(fds, has_room ? 2 : 1, WAIT_MS) > 0 && has_room && fds[1].revents)
			take_keys(v);
		send_keys(v);
		if (v->is_left)
			return true;
		has_room = v->pending_count < PENDING_BYTES && !v->is_input_over;
	}
	return false;
}

static bool make_raw(struct termios *before)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, before) != 0)
		return false;
	raw = *before;
	cfmakeraw(&raw);
	return tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

int run_console(struct vos *vos, const struct call *call)
{
	struct view_of_vm v = { .name = call->args.name };
	struct termios before;
	bool is_raw, is_left;
	int result;

	v.stream = vos_console_open(vos, v.name, VOS_FROM_LIVE, true);
	if (!v.stream)
		return show_failure(call, vos);
	fprintf(stderr, "[attached to %s; Ctrl-] opens a menu]\n", v.name);
	is_raw = make_raw(&before);
	is_left = attend(vos, &v);
	result = is_left || vos_result(vos) != VOS_LINK ? VOS_OK : VOS_LINK;
	if (is_raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
	if (is_left)
		say("\n[detached]\n");
	else if (result == VOS_OK)
		fprintf(stderr, "\n[the console has ended: %s]\n", vos_stream_reason(v.stream));
	else
		result = show_failure(call, vos);
	vos_stream_close(v.stream);
	return result;
}
