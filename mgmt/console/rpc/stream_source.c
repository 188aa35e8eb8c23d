/* SPDX-License-Identifier: MIT */
/*
 * stream_source.c - what streams read: a VM's history, the kernel's log, the last events, what root has read of a
 * volume, or of the frames of a network card.
 */
#include <stdio.h>
#include <string.h>

#include "session.h"
#include "stream.h"

static const struct history *history_of(struct session *s, const struct stream *stream)
{
	return &s->console->inventory.vms[stream->vm].history;
}

static u64 console_start(struct session *s, const struct stream *stream)
{
	return history_start(history_of(s, stream));
}

static u64 console_end(struct session *s, const struct stream *stream)
{
	return history_of(s, stream)->written;
}

static size_t console_read(struct session *s, const struct stream *stream, char *to, size_t size, u64 *next)
{
	size_t count = history_read(history_of(s, stream), stream->sent, to, size);

	*next = stream->sent + count;
	return count;
}

static u64 log_end(struct session *s, const struct stream *stream)
{
	(void)stream;
	return __atomic_load_n(&s->console->log->head, __ATOMIC_ACQUIRE);
}

static u64 log_start(struct session *s, const struct stream *stream)
{
	u64 end = log_end(s, stream);

	return end > LOG_BYTES ? end - LOG_BYTES : 0;
}

/* The kernel writes meanwhile: what it may have overwritten is not sent. */
static size_t log_read(struct session *s, const struct stream *stream, char *to, size_t size, u64 *next)
{
	for (size_t i = 0; i < size; i++)
		to[i] = s->console->log->text[(stream->sent + i) % LOG_BYTES];
	if (stream->sent < log_start(s, stream)) {
		*next = log_start(s, stream);
		return 0;
	}
	*next = stream->sent + size;
	return size;
}

static u64 events_start(struct session *s, const struct stream *stream)
{
	(void)stream;
	return event_ring_start(&s->console->events);
}

static u64 events_end(struct session *s, const struct stream *stream)
{
	(void)stream;
	return s->console->events.next;
}

/* Each number has a frame: who misses one asks for it again, and never gets past it. */
static size_t events_read(struct session *s, const struct stream *stream, char *to, size_t size, u64 *next)
{
	char lost[64];
	const char *text = s->console->events.texts[stream->sent % EVENTS_KEPT];
	size_t count;

	snprintf(lost, sizeof(lost), "{\"event\":\"LOST\",\"seq\":%llu}", (unsigned long long)stream->sent);
	text = text ? text : lost;
	count = strlen(text);
	*next = stream->sent + 1;
	if (count > size)
		return 0;
	memcpy(to, text, count);
	return count;
}

static u64 fetched_start(struct session *s, const struct stream *stream)
{
	(void)s;
	return stream->fetched - stream->begun > FETCHED_KEPT_BYTES ? stream->fetched - FETCHED_KEPT_BYTES
								    : stream->begun;
}

static u64 fetched_end(struct session *s, const struct stream *stream)
{
	(void)s;
	return stream->fetched;
}

static size_t fetched_read(struct session *s, const struct stream *stream, char *to, size_t size, u64 *next)
{
	(void)s;
	for (size_t i = 0; i < size; i++)
		to[i] = stream->kept[(stream->sent + i) % FETCHED_KEPT_BYTES];
	*next = stream->sent + size;
	return size;
}

const struct stream_source stream_sources[] = {
	[STREAM_CONSOLE] = { console_start, console_end, console_read },
	[STREAM_LOG] = { log_start, log_end, log_read },
	[STREAM_EVENTS] = { events_start, events_end, events_read },
	[STREAM_UPLOAD] = { NULL, NULL, NULL },
	[STREAM_EXPORT] = { fetched_start, fetched_end, fetched_read },
	[STREAM_CAPTURE] = { fetched_start, fetched_end, fetched_read },
};
