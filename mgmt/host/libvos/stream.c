/* SPDX-License-Identifier: MIT */
/*
 * stream.c - streams: bytes or events from VOS with credit and absolute offsets, bytes to VOS with acknowledgements.
 * What was lost on the line is asked for again; what VOS has no more is counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"

#define WINDOW_TEXT 16384u	/* credit ahead of the reader: a second and a half of a serial line */
#define WINDOW_PLAIN 262144u
#define WINDOW_EVENTS 32u
#define WINDOW_EXPORT 49152u	/* VOS keeps 64 KiB for what is lost */
#define CHUNK_TEXT 3000u	/* bytes to VOS in one frame, at most (docs/PROTOCOL.md) */
#define CHUNK_PLAIN 61440u
#define QUEUED_TEXT 8192u	/* bytes not yet written to the line, beyond which no chunk is added */
#define QUEUED_PLAIN 262144u
#define PATIENCE_NS (10 * NS_S)	/* with a stream that is silent, at most */
#define HEAD_BYTES 8u
#define NARROW_BYTES 32768u

/* A serial line, perhaps behind a vosd: small pieces, so that others get their turn. */
static bool is_narrow(const struct vos *vos)
{
	return vos->kind == FRAME_TEXT || (vos->max_frame && vos->max_frame < NARROW_BYTES);
}

static u64 window(const struct vos_stream *s)
{
	if (s->is_events)
		return WINDOW_EVENTS;
	if (is_narrow(s->vos))
		return WINDOW_TEXT;
	return s->is_export ? WINDOW_EXPORT : WINDOW_PLAIN;
}

static struct vos_stream *find(struct vos *vos, u32 number)
{
	for (struct vos_stream *s = vos->streams; s; s = s->next)
		if (s->number == number && number)
			return s;
	return NULL;
}

struct vos_stream *stream_new(struct vos *vos)
{
	struct vos_stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return NULL;
	stream->vos = vos;
	stream->next = vos->streams;
	vos->streams = stream;
	return stream;
}

static u64 member(const json_t *object, const char *name, u64 otherwise)
{
	const json_t *value = json_object_get(object, name);

	return json_is_integer(value) && json_integer_value(value) >= 0 ? (u64)json_integer_value(value) : otherwise;
}

/* Of the first byte, or event, that has not come. */
static u64 position_of(const struct vos_stream *s)
{
	return s->offset + s->held;
}

static void grant(struct vos_stream *s, bool goes_back)
{
	struct vos *vos = s->vos;
	u64 position = position_of(s), to = position + window(s);
	json_t *message;

	if (s->arguments == NULL || !s->number)
		return;
	message = json_pack("{s:s, s:{s:I, s:I}, s:I}", "execute", "credit", "arguments", "stream",
		(json_int_t)s->number, "to", (json_int_t)to, "c", (json_int_t)vos->client);
	if (message && goes_back)
		json_object_set_new(json_object_get(message, "arguments"), "from",
			json_integer((json_int_t)position));
	if (message)
		io_send_json(vos, message);
	json_decref(message);
	s->granted = to;
}

void stream_opened(struct vos_stream *s, const json_t *answer)
{
	const json_t *result = json_object_get(answer, "return");
	u64 offset = member(result, "offset", 0), now = now_ns();

	s->number = (u32)member(result, "stream", 0);
	s->data_ns = s->moved_ns = s->asked_ns = now;
	s->patience_ns = 0;
	if (s->end == 0)
		s->end = member(result, "end", offset);
	if (!s->arguments) {
		s->taken = s->sent = offset;
		s->limit = member(result, "limit", offset);
		return;
	}
	if (s->granted == 0 && s->lost == 0)
		s->offset = offset;
	else if (offset > position_of(s))
		s->lost += offset - position_of(s);
	if (offset > position_of(s))	/* its reader goes on behind the gap */
		s->offset = offset - s->held;
	s->taken = s->sent = member(result, "taken", 0);
	s->limit = member(result, "limit", s->taken);
	grant(s, false);
}

void stream_free(struct vos_stream *s)
{
	struct vos_stream **at = &s->vos->streams;

	while (*at && *at != s)
		at = &(*at)->next;
	if (*at)
		*at = s->next;
	if (s->probe)
		s->probe->is_dropped = true;
	if (s->reopening)
		s->reopening->is_dropped = true;
	wire_free(&s->data);
	wire_free(&s->input);
	json_decref(s->arguments);
	free(s);
}

/* ---- from VOS ---- */

/* Bytes at `offset`, of which those before our position are known. False: all are, or no memory (asked for again). */
static bool take_bytes(struct vos_stream *s, u64 offset, const u8 *bytes, size_t count)
{
	u64 position = position_of(s);
	size_t known = position > offset ? (size_t)(position - offset) : 0;

	if (known >= count || !wire_append(&s->data, bytes + known, count - known))
		return false;
	s->held += count - known;
	return true;
}

/* The event of that number. */
static bool take_event(struct vos_stream *s, u64 number, const u8 *text, size_t length)
{
	u32 head = (u32)length;

	if (number < position_of(s) || length >= VOS_EVENT_BYTES || !wire_append(&s->data, &head, sizeof(head)))
		return false;
	if (!wire_append(&s->data, text, length)) {
		s->data.used -= sizeof(head);
		return false;
	}
	s->held++;
	return true;
}

/* Has the reader taken enough for more? */
static bool needs_credit(const struct vos_stream *s)
{
	return s->arguments && s->granted < position_of(s) + window(s) / 2 && s->held < window(s);
}

/* VOS has not kept what is before it. */
static void skip_to(struct vos_stream *s, u64 start)
{
	s->lost += start - s->offset;
	s->offset = start;
}

static void take_probe(struct vos_stream *s, u64 now);

void stream_data(struct vos *vos, u32 number, const u8 *message, size_t length)
{
	struct vos_stream *s = find(vos, number);
	u64 offset;

	if (!s || !s->arguments || length <= HEAD_BYTES)
		return;
	offset = wire_get64(message);
	s->data_ns = now_ns();
	s->patience_ns = 0;
	if (s->probe && s->probe->is_done)	/* it came before this */
		take_probe(s, s->data_ns);
	if (s->is_ended)
		return;
	if (offset > position_of(s) && s->takes_next && s->held == 0)
		skip_to(s, offset);
	s->takes_next = false;
	if (offset > position_of(s)) {	/* lost on the line, or VOS has not kept it: its answer tells */
		s->has_gap = true;
		return;
	}
	if (!(s->is_events ? take_event : take_bytes)(s, offset, message + HEAD_BYTES, length - HEAD_BYTES))
		return;
	s->is_new = true;
	if (needs_credit(s))
		grant(s, false);
}

static void end_one(struct vos_stream *s, const char *reason, bool is_failed)
{
	if (s->is_ended)
		return;
	snprintf(s->reason, sizeof(s->reason), "%.250s", reason);
	s->is_ended = s->is_new = true;
	s->is_failed = is_failed;
	s->number = 0;
}

void stream_end(struct vos *vos, u32 number, const char *reason)
{
	struct vos_stream *s = find(vos, number);

	if (s)
		end_one(s, reason, false);
}

void stream_fail_all(struct vos *vos, const char *why)
{
	for (struct vos_stream *s = vos->streams; s; s = s->next)
		end_one(s, why, true);
}

/* ---- to VOS ---- */

void stream_ack(struct vos *vos, u32 number, const u8 *message, size_t length)
{
	struct vos_stream *s = find(vos, number);
	u64 taken, limit;

	if (!s || length < 2 * HEAD_BYTES)
		return;
	taken = wire_get64(message);
	limit = wire_get64(message + HEAD_BYTES);
	s->resends = 0;
	if (taken < s->taken || (!s->read && taken - s->taken > s->input.used))
		return;		/* an old one, or nonsense */
	if (taken > s->taken || limit > s->limit) {
		s->moved_ns = now_ns();
		s->patience_ns = 0;
	}
	if (!s->read)
		wire_drop(&s->input, (size_t)(taken - s->taken));
	s->taken = taken;
	s->limit = limit > s->limit ? limit : s->limit;
	if (s->sent < taken)
		s->sent = taken;
}

/* The next bytes to send. */
static ssize_t next_bytes(struct vos_stream *s, u8 *bytes, size_t size)
{
	size_t before = (size_t)(s->sent - s->taken), left;

	if (s->limit <= s->sent || s->sent - s->taken >= window(s))
		return 0;
	if (s->limit - s->sent < size)
		size = (size_t)(s->limit - s->sent);
	if (s->read)
		return s->read(s, s->sent, bytes, size);
	left = s->input.used > before ? s->input.used - before : 0;
	if (left < size)
		size = left;
	if (size)
		memcpy(bytes, s->input.bytes + before, size);
	return (ssize_t)size;
}

static void send_bytes(struct vos_stream *s, u64 now)
{
	static __thread u8 message[HEAD_BYTES + CHUNK_PLAIN];
	struct vos *vos = s->vos;
	bool is_text = is_narrow(vos);
	size_t chunk = is_text ? CHUNK_TEXT : CHUNK_PLAIN;
	char channel[FRAME_CHANNEL_BYTES];
	ssize_t count;

	snprintf(channel, sizeof(channel), "s%u", s->number);
	while (vos->out.used < (is_text ? QUEUED_TEXT : QUEUED_PLAIN)) {
		count = next_bytes(s, message + HEAD_BYTES, chunk);
		if (count <= 0)
			return;
		wire_put64(message, s->sent);
		io_send(vos, channel, message, HEAD_BYTES + (size_t)count);
		if (s->sent == s->taken)
			s->moved_ns = now;
		s->sent += (u64)count;
	}
}

/* ---- time ---- */

/* So long an answer may take. */
static u64 reply_ns(const struct vos_stream *s)
{
	u64 wait = 4 * s->vos->round_trip_ns;

	return wait > retry_times.first_ns ? wait : retry_times.first_ns;
}

static u64 resend_after(const struct vos_stream *s)
{
	return reply_ns(s) << (s->resends < 5 ? s->resends : 5);
}

/* There is, or may be, more to send, and VOS has not said that it takes more. */
static bool is_held_up(const struct vos_stream *s)
{
	return s->sent == s->taken && s->limit <= s->sent && (s->read || s->input.used);
}

/*
 * Nothing tells of a credit that was lost, of an acknowledgement, or of the last frame before a pause, so VOS is asked
 * how far it is: soon, and then less and less often as long as it has nothing new.
 */
static u64 probe_at(const struct vos_stream *s)
{
	u64 since = is_held_up(s) && s->moved_ns < s->data_ns ? s->moved_ns : s->data_ns;
	u64 patience = s->patience_ns ? s->patience_ns : reply_ns(s);

	if (since < s->asked_ns)
		since = s->asked_ns;
	return since + (patience < PATIENCE_NS ? patience : PATIENCE_NS);
}

/* How far is VOS? It goes back to our position if that is wanted. */
static void probe(struct vos_stream *s, bool goes_back)
{
	u64 position = position_of(s), to = position + window(s);
	json_t *arguments;

	if (s->probe || !retry_has_room(s->vos))
		return;
	arguments = json_pack("{s:I, s:I}", "stream", (json_int_t)s->number, "to", (json_int_t)to);
	if (arguments && goes_back)
		json_object_set_new(arguments, "from", json_integer((json_int_t)position));
	s->probe = retry_new(s->vos, "credit", arguments, true, false);
}

static bool goes_back(const struct request *probe)
{
	return json_object_get(json_object_get(probe->message, "arguments"), "from") != NULL;
}

static void take_probe(struct vos_stream *s, u64 now)
{
	struct request *request = s->probe;
	const json_t *result = json_object_get(request->answer, "return");
	u64 start = member(result, "start", 0);

	s->probe = NULL;
	s->has_gap = false;
	s->asked_ns = now;
	s->patience_ns = s->patience_ns ? 2 * s->patience_ns : reply_ns(s);
	if (s->patience_ns > PATIENCE_NS)
		s->patience_ns = PATIENCE_NS;
	s->takes_next = result && !json_object_get(result, "start") && goes_back(request);
	if (!result)
		end_one(s, request->answer ? "closed by VOS" : request->why, !request->answer);
	else if (start > position_of(s) && s->held)
		s->has_gap = true;	/* once the reader has taken what is before it */
	else if (start > position_of(s))
		skip_to(s, start);
	else if (member(result, "offset", 0) > position_of(s))
		s->has_gap = true;	/* the last frame was lost */
	if (s->has_gap)
		s->patience_ns = 0;
	retry_free(s->vos, request);
}

static void take_reopening(struct vos_stream *s)
{
	struct request *request = s->reopening;
	const char *why = json_string_value(json_object_get(json_object_get(request->answer, "error"), "desc"));

	s->reopening = NULL;
	if (json_object_get(request->answer, "return"))
		stream_opened(s, request->answer);
	else
		end_one(s, why ? why : request->why, !request->answer);
	retry_free(s->vos, request);
}

static void reopen(struct vos_stream *s)
{
	json_t *arguments = json_copy(s->arguments);
	u64 position = position_of(s);

	if (s->is_capture)
		end_one(s, "VOS has forgotten this program, and the capture", true);
	if (s->is_capture || !arguments || !retry_has_room(s->vos)) {
		json_decref(arguments);
		return;
	}
	json_object_set_new(arguments, s->is_events ? "since" : "from", json_integer((json_int_t)position));
	s->reopening = retry_new(s->vos, s->verb, arguments, true, false);
}

static void pump_one(struct vos_stream *s, u64 now)
{
	if (s->probe && s->probe->is_done)
		take_probe(s, now);
	if (s->reopening && s->reopening->is_done)
		take_reopening(s);
	if (s->is_ended)
		return;
	if (!s->number && s->arguments && !s->reopening)
		reopen(s);
	if (!s->number)
		return;
	if (needs_credit(s))
		grant(s, false);
	if (s->has_gap && s->held == 0)
		probe(s, true);
	else if (now >= probe_at(s))
		probe(s, false);
	if (s->sent > s->taken && now - s->moved_ns > resend_after(s)) {
		s->sent = s->taken;
		s->moved_ns = now;
		s->resends++;
	}
	send_bytes(s, now);
}

bool stream_pump(struct vos *vos, u64 now)
{
	bool is_any = false;

	for (struct vos_stream *s = vos->streams; s; s = s->next) {
		bool was_ended = s->is_ended;

		pump_one(s, now);
		is_any = is_any || s->is_ended != was_ended;
	}
	return is_any;
}

u64 stream_deadline(const struct vos *vos)
{
	bool may_ask = retry_has_room(vos);
	u64 deadline = ~0ull, at;

	for (const struct vos_stream *s = vos->streams; s; s = s->next) {
		if (s->is_ended || !s->number)
			continue;
		at = s->sent > s->taken ? s->moved_ns + resend_after(s) : ~0ull;
		deadline = at < deadline ? at : deadline;
		at = may_ask && !s->probe ? probe_at(s) : ~0ull;
		deadline = at < deadline ? at : deadline;
	}
	return deadline;
}

void stream_resume_all(struct vos *vos, bool is_renumbered)
{
	for (struct vos_stream *s = vos->streams; s; s = s->next) {
		if (s->is_ended)
			continue;
		s->sent = s->taken;
		s->resends = 0;
		s->moved_ns = now_ns();
		s->has_gap = false;
		s->data_ns = s->asked_ns = s->patience_ns = 0;	/* ask soon whether VOS still has it */
		if (is_renumbered)
			s->number = 0;
		else
			grant(s, true);
	}
}
