/* SPDX-License-Identifier: MIT */
/*
 * line.c - the line to VOS: opened again whenever it was lost, its encoding found out.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vosd.h"

#define NS_S 1000000000ull
#define RETRY_NS (NS_S / 2)
#define ASK_NS (2 * NS_S)

u64 line_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * NS_S + (u64)now.tv_nsec;
}

bool line_is_up(const struct vosd *v)
{
	return v->link.fd >= 0;
}

bool line_has_room(const struct vosd *v)
{
	return v->out.used < (v->kind == FRAME_TEXT ? LINE_QUEUE_TEXT : LINE_QUEUE_PLAIN);
}

static void lose(struct vosd *v, const char *why)
{
	if (line_is_up(v))
		log_line("the line %s is lost: %s", v->host.text, why);
	link_close(&v->link);
	wire_free(&v->out);
	snprintf(v->why, sizeof(v->why), "%s", why);
	v->next_try_ns = line_now_ns() + RETRY_NS;
}

void line_send(struct vosd *v, const char *channel, const void *message, size_t length)
{
	if (line_is_up(v) && !wire_encode(&v->out, v->kind, channel, message, length))
		log_line("a message of %zu bytes does not fit the line", length);
}

/* Any answer shows how frames are encoded. */
static void ask(struct vosd *v)
{
	static const char sync[] = "{\"execute\":\"sync\",\"arguments\":{\"token\":\"vosd\"},\"id\":0}";

	line_send(v, "control", sync, sizeof(sync) - 1);
	v->next_try_ns = line_now_ns() + ASK_NS;
}

static void open_line(struct vosd *v)
{
	v->is_kind_known = v->host.encoding != HOST_ANY;
	v->kind = v->host.encoding == HOST_PLAIN ? FRAME_PLAIN : FRAME_TEXT;
	if (!link_open(&v->link, &v->host, v->why) ||
	    !wire_start(&v->in, !v->is_kind_known || v->kind == FRAME_TEXT,
		    !v->is_kind_known || v->kind == FRAME_PLAIN)) {
		link_close(&v->link);
		v->next_try_ns = line_now_ns() + RETRY_NS;
		return;
	}
	log_line("the line %s is open", v->host.text);
	ask(v);
}

void line_pump(struct vosd *v)
{
	if (line_now_ns() < v->next_try_ns)
		return;
	if (!line_is_up(v))
		open_line(v);
	else if (!v->is_kind_known && v->out.used == 0)
		ask(v);
}

static void take_frames(struct vosd *v)
{
	struct wire_frame frame;

	while (wire_next(&v->in, &frame)) {
		if (!v->is_kind_known) {
			v->is_kind_known = true;
			v->kind = frame.kind;
			wire_settle(&v->in, frame.kind);
		}
		route_down(v, &frame);
	}
}

void line_read(struct vosd *v)
{
	static u8 bytes[65536];
	ssize_t count = read(v->link.fd, bytes, sizeof(bytes));

	if (count > 0 && wire_feed(&v->in, bytes, (size_t)count))
		take_frames(v);
	else if (count == 0 || (errno != EAGAIN && errno != EINTR))
		lose(v, count == 0 ? "the other end has closed it" : strerror(errno));
}

void line_write(struct vosd *v)
{
	ssize_t count = v->out.used ? write(v->link.fd, v->out.bytes, v->out.used) : 0;

	if (count > 0)
		wire_drop(&v->out, (size_t)count);
	else if (count < 0 && errno != EAGAIN && errno != EINTR)
		lose(v, strerror(errno));
}
