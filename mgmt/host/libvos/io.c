/* SPDX-License-Identifier: MIT */
/*
 * io.c - bytes to and from the line, frames in both directions.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conn.h"

#define READ_BYTES 65536u
#define WAIT_MAX_NS (3600 * NS_S)

u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * NS_S + (u64)now.tv_nsec;
}

u64 until_ns(int timeout_ms)
{
	if (timeout_ms < 0)
		return UINT64_MAX;
	return now_ns() + (u64)(u32)timeout_ms * NS_MS;
}

void io_send(struct vos *vos, const char *channel, const void *message, size_t length)
{
	if (!wire_encode(&vos->out, vos->kind, channel, message, length))
		vos->is_lost = true;
}

void io_send_json(struct vos *vos, const json_t *message)
{
	char *text = json_dumps(message, JSON_COMPACT);

	if (!text) {
		vos->is_lost = true;
		return;
	}
	io_send(vos, "control", text, strlen(text));
	free(text);
}

void io_reset(struct vos *vos)
{
	link_close(&vos->link);
	wire_free(&vos->out);
	vos->is_lost = !wire_start(&vos->in, !vos->is_kind_known || vos->kind == FRAME_TEXT,
		!vos->is_kind_known || vos->kind == FRAME_PLAIN);
}

static void write_out(struct vos *vos)
{
	while (vos->out.used) {
		ssize_t count = write(vos->link.fd, vos->out.bytes, vos->out.used);

		if (count > 0) {
			wire_drop(&vos->out, (size_t)count);
		} else if (count < 0 && errno != EINTR) {
			vos->is_lost = vos->is_lost || errno != EAGAIN;
			return;
		}
	}
}

static void take_frames(struct vos *vos)
{
	struct wire_frame frame;

	while (wire_next(&vos->in, &frame)) {
		if (!vos->is_kind_known) {
			vos->is_kind_known = true;
			vos->kind = frame.kind;
			wire_settle(&vos->in, frame.kind);
		}
		message_in(vos, &frame);
	}
}

static void read_in(struct vos *vos)
{
	static __thread u8 bytes[READ_BYTES];
	ssize_t count = read(vos->link.fd, bytes, sizeof(bytes));

	if (count > 0)
		vos->is_lost = !wire_feed(&vos->in, bytes, (size_t)count) || vos->is_lost;
	else if (count == 0 || (errno != EAGAIN && errno != EINTR))
		vos->is_lost = true;
	if (count > 0)
		take_frames(vos);
}

void io_wait(struct vos *vos, u64 until)
{
	struct pollfd poll_fd = { .fd = vos->link.fd, .events = POLLIN };
	u64 now = now_ns(), left = until > now ? until - now : 0;
	int wait_ms = left < WAIT_MAX_NS ? (int)((left + NS_MS - 1) / NS_MS) : (int)(WAIT_MAX_NS / NS_MS);

	if (vos->out.used)
		poll_fd.events |= POLLOUT;
	if (poll(&poll_fd, vos->link.fd >= 0, wait_ms) <= 0)
		return;
	if (poll_fd.revents & POLLOUT)
		write_out(vos);
	if (poll_fd.revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL))
		read_in(vos);
}
