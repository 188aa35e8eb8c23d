/* SPDX-License-Identifier: MIT */
/*
 * fetched_stream.c - streams whose bytes root reads out of a volume (lib/proto/exports.h), or of the frames of a
 * network card (captures.h). They are fetched as far as the program has given credit, and the last of them are kept for
 * what gets lost on the line.
 */
#include <stdlib.h>

#include "handlers.h"
#include "range.h"
#include "stream.h"
#include "units.h"

static const struct fetch_kind {
	enum request_op read, close;
	u32 slots;
	u32 data_bytes;		/* of one answer */
} kinds[] = {
	[STREAM_EXPORT] = { REQ_EXPORT_READ, REQ_EXPORT_CLOSE, EXPORTS, EXPORT_DATA_BYTES },
	[STREAM_CAPTURE] = { REQ_CAPTURE_READ, REQ_CAPTURE_CLOSE, CAPTURES, CAPTURE_DATA_BYTES },
};
_Static_assert(FETCHED_SOURCES == EXPORTS + CAPTURES, "slots");

#define CAPTURE_SILENT_NS (30 * NS_PER_SECOND)	/* of its client */

struct stream *fetched_new(struct session *s, struct client *client, enum stream_kind kind, u64 source, u32 slot,
	u64 begin, struct cmd_error *error)
{
	struct stream *stream = slot < kinds[kind].slots ? stream_new(s, client, kind, error) : NULL;

	if (!stream)
		return NULL;
	stream->kept = malloc(FETCHED_KEPT_BYTES);
	stream->source = source;
	stream->slot = slot;
	stream->begun = stream->fetched = stream->sent = stream->credit = begin;
	if (stream->kept)
		return stream;
	error_set(error, RESULT_RESOURCES, "the console has no memory for one more stream");
	stream_close(s, stream);
	return NULL;
}

/* ---- answers ---- */

static struct stream *find_source(struct console *c, enum stream_kind kind, u64 source, struct session **line)
{
	for (u32 i = 0; i < c->line_count * STREAM_COUNT; i++) {
		struct stream *stream = c->lines[i / STREAM_COUNT]->streams.list[i % STREAM_COUNT];

		*line = c->lines[i / STREAM_COUNT];
		if (stream && stream->client && stream->kind == kind && stream->source == source)
			return stream;
	}
	return NULL;
}

struct piece {
	u64 offset;
	u32 count;
	bool is_over;
	const u8 *bytes;
};

static void keep(struct stream *stream, const struct piece *piece)
{
	for (u32 i = 0; i < piece->count; i++)
		stream->kept[(stream->fetched + i) % FETCHED_KEPT_BYTES] = (char)piece->bytes[i];
	stream->fetched += piece->count;
	stream->is_all_fetched = piece->is_over;
}

static void take_piece(struct job *job, const struct reply *reply, struct session *line, struct stream *stream,
	const struct piece *piece)
{
	struct cmd_error error;

	if (!stream)
		return;
	if (reply->result != RESULT_OK) {
		report_refusal(&error, &job->request, reply, &line->console->inventory);
		stream_end(line, stream, error.text);
	} else if (piece->offset != stream->fetched || piece->count > job->request.image.count) {
		stream_end(line, stream, "root read something else");
	} else {
		keep(stream, piece);
	}
}

static void export_answer_read(struct session *s, struct job *job, const struct reply *reply)
{
	const struct export_data *data = &reply->exported;
	const struct piece piece = { data->offset, data->count, data->is_over != 0, data->bytes };
	struct session *line;
	struct stream *stream = find_source(s->console, STREAM_EXPORT, job->request.image.upload, &line);

	take_piece(job, reply, line, stream, &piece);
	job_drop(job);
}

static void capture_answer_read(struct session *s, struct job *job, const struct reply *reply)
{
	const struct capture_data *data = &reply->captured;
	const struct piece piece = { data->offset, data->count, data->is_over != 0, data->bytes };
	struct session *line;
	struct stream *stream = find_source(s->console, STREAM_CAPTURE, job->request.image.upload, &line);

	if (stream && reply->result == RESULT_OK)
		stream->dropped = data->dropped;
	take_piece(job, reply, line, stream, &piece);
	job_drop(job);
}

static void close_answer(struct session *s, struct job *job, const struct reply *reply)
{
	(void)s;
	(void)reply;
	job_drop(job);
}

static const struct command read_commands[] = {
	[STREAM_EXPORT] = { .verb = "export", .ops = { .answer = export_answer_read } },
	[STREAM_CAPTURE] = { .verb = "capture", .ops = { .answer = capture_answer_read } },
};
static const struct command close_command = { .verb = "export", .ops = { .answer = close_answer } };

/* ---- requests ---- */

static bool ask(struct session *s, const struct command *command, enum request_op op, u32 slot,
	struct image_request image, u32 login)
{
	struct job *job = job_new_fetch(s, slot, command == &close_command);

	if (!job)
		return false;
	args_init(&job->args, command);
	job->login = login;
	job->request.image = image;
	job_send(s, job, op);
	return true;
}

/* As far as there is credit, and what was not sent yet is not lost. */
static bool ask_read(struct session *s, const struct stream *stream)
{
	const struct fetch_kind *kind = &kinds[stream->kind];
	u64 end = stream->sent + FETCHED_KEPT_BYTES;

	end = end < stream->credit ? end : stream->credit;
	if (stream->is_all_fetched || end <= stream->fetched)
		return false;
	end -= stream->fetched;
	return ask(s, &read_commands[stream->kind], kind->read, fetched_slot(stream->kind, stream->slot),
		(struct image_request){ .upload = stream->source,
			.count = end < kind->data_bytes ? (u32)end : kind->data_bytes },
		stream->client->login.session);
}

/* There are few captures. Without frames, too, a reader asks every 10 s whether there are some. */
static u64 capture_deadline_ns(const struct stream *stream)
{
	return stream->client->heard_ns + CAPTURE_SILENT_NS;
}

u64 fetched_deadline_ns(const struct session *s)
{
	u64 deadline = ~0ull;

	for (u32 i = 0; s->streams.count && i < STREAM_COUNT; i++) {
		const struct stream *stream = s->streams.list[i];

		if (stream && stream->client && stream->kind == STREAM_CAPTURE)
			deadline = min_u64(deadline, capture_deadline_ns(stream));
	}
	return deadline;
}

static bool turn(struct session *s, struct stream *stream)
{
	if (stream->kind == STREAM_CAPTURE && session_now(s) >= capture_deadline_ns(stream)) {
		stream_end(s, stream, "its reader was silent for 30 s");
		return true;
	}
	/* The end of an export is in its bytes, and its program closes it. */
	if (stream->kind != STREAM_CAPTURE || !stream->is_all_fetched || stream->sent != stream->fetched)
		return ask_read(s, stream);
	stream_end(s, stream, "the network card is there no more");
	return true;
}

static bool close_sources(struct session *s)
{
	struct console *c = s->console;
	bool is_some = false;

	for (u32 i = 0; i < FETCHED_SOURCES; i++) {
		const struct fetch_kind *kind = &kinds[i < EXPORTS ? STREAM_EXPORT : STREAM_CAPTURE];

		if (!c->sources_to_close[i] || !ask(s, &close_command, kind->close, i,
				(struct image_request){ .upload = c->sources_to_close[i] }, 0))
			continue;
		c->sources_to_close[i] = 0;
		is_some = true;
	}
	return is_some;
}

bool fetched_turn(struct session *s)
{
	bool is_some = close_sources(s);

	for (u32 i = 0; s->streams.count && i < STREAM_COUNT; i++) {
		struct stream *stream = s->streams.list[i];

		if (stream && stream->client && stream_is_fetched(stream))
			is_some = turn(s, stream) || is_some;
	}
	return is_some;
}
