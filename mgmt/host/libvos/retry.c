/* SPDX-License-Identifier: MIT */
/*
 * retry.c - requests: sent, repeated until there is an answer, given up after a while without any sign of life; answers
 * that come in fragments.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"

#define PIECES_MAX 8192u
#define PIECES_ASKED 32u	/* in one `resend` */
#define ANSWER_MAX (8u * 1024 * 1024)
#define REFUSALS_MAX 8u		/* E_LINK for the same request */
#define LINE_BYTES_PER_S 4000u	/* a slow line: what is long needs longer */

struct retry_times retry_times = {
	.first_ns = NS_S, .longest_ns = 15 * NS_S, .pending_ns = 2 * NS_S, .gap_ns = NS_S, .reopen_ns = 20 * NS_S,
	.repeats = 5,
};

/* VOS forgets who is silent for long, and what it has done for that client: it would be done once more. */
static u64 limited(u64 interval)
{
	return interval < retry_times.longest_ns ? interval : retry_times.longest_ns;
}

static u64 first_interval(const struct vos *vos)
{
	u64 interval = 4 * vos->round_trip_ns;

	return limited(interval > retry_times.first_ns ? interval : retry_times.first_ns);
}

/* ---- their list ---- */

bool retry_has_room(const struct vos *vos)
{
	for (const struct request *r = vos->requests; r; r = r->next)
		if (!r->is_done && vos->next_id - r->id >= ID_WINDOW)
			return false;
	return true;
}

struct request *retry_find(struct vos *vos, u64 id)
{
	for (struct request *r = vos->requests; r; r = r->next)
		if (r->id == id)
			return r;
	return NULL;
}

static void number(struct vos *vos, struct request *request)
{
	request->id = vos->next_id++;
	json_object_set_new(request->message, "id", json_integer((json_int_t)request->id));
	if (vos->client)
		json_object_set_new(request->message, "c", json_integer((json_int_t)vos->client));
	else
		json_object_del(request->message, "c");
}

struct request *retry_new(struct vos *vos, const char *verb, json_t *arguments, bool is_look, bool is_text)
{
	struct request *request = calloc(1, sizeof(*request));

	if (request)
		request->message = json_pack("{s:s}", "execute", verb);
	if (!request || !request->message) {
		json_decref(arguments);
		free(request);
		return NULL;
	}
	if (arguments)
		json_object_set_new(request->message, "arguments", arguments);
	if (is_text)
		json_object_set_new(request->message, "text", json_true());
	request->is_look = is_look;
	number(vos, request);
	request->next = vos->requests;
	vos->requests = request;
	return request;
}

static void free_pieces(struct pieces *pieces)
{
	for (u32 i = 0; i < pieces->count; i++)
		wire_free(&pieces->piece[i]);
	free(pieces->piece);
	*pieces = (struct pieces){ 0 };
}

void retry_free(struct vos *vos, struct request *request)
{
	struct request **at = &vos->requests;

	if (!request)
		return;
	while (*at && *at != request)
		at = &(*at)->next;
	if (*at)
		*at = request->next;
	free_pieces(&request->pieces);
	json_decref(request->message);
	json_decref(request->answer);
	free(request);
}

/* ---- answers ---- */

void retry_alive(struct request *request, u64 now)
{
	request->repeats = 0;
	if (request->is_pending)
		request->interval_ns = retry_times.pending_ns;
	request->due_ns = now + request->interval_ns;
}

static void take_round_trip(struct vos *vos, const struct request *request, u64 now)
{
	if (request->sends != 1 || request->is_pending)
		return;		/* of a repeat one can't know which of them was answered */
	vos->round_trip_ns = vos->round_trip_ns ? (7 * vos->round_trip_ns + (now - request->sent_ns)) / 8 :
						   now - request->sent_ns;
}

static bool is_link_error(const json_t *answer)
{
	const char *class = json_string_value(json_object_get(json_object_get(answer, "error"), "class"));

	return class && strcmp(class, "E_LINK") == 0;
}

void retry_answer(struct vos *vos, struct request *request, json_t *answer)
{
	u64 now = now_ns();

	/* Not understood, so not done: it came spoiled, or the client is not known any more. (E_DONE: it is done.) */
	if (is_link_error(answer) && vos->client && ++request->refusals < REFUSALS_MAX) {
		vos->is_stranger = vos->is_stranger || request->refusals > 1;
		request->repeats = 0;
		request->due_ns = now + 200 * NS_MS;
		json_decref(answer);
		return;
	}
	take_round_trip(vos, request, now);
	request->answer = answer;
	request->is_done = true;
}

void retry_fail(struct vos *vos, struct request *request, const char *why)
{
	(void)vos;
	if (request->is_done)
		return;
	snprintf(request->why, sizeof(request->why), "%s", why);
	request->is_done = true;
}

void retry_fail_all(struct vos *vos, const char *why)
{
	for (struct request *r = vos->requests; r; r = r->next)
		retry_fail(vos, r, why);
}

/* ---- fragments ---- */

/* "C ID SEQ COUNT CRC\n", decimal but for the last. False: it is not that. */
static bool read_head(const u8 *message, size_t length, u64 head[4], u32 *crc, size_t *body)
{
	const u8 *newline = memchr(message, '\n', length < 96 ? length : 96);
	char text[97];
	unsigned long long n[4];
	int used = 0;

	if (!newline)
		return false;
	memcpy(text, message, (size_t)(newline - message));
	text[newline - message] = 0;
	if (sscanf(text, "%llu %llu %llu %llu %8x%n", &n[0], &n[1], &n[2], &n[3], crc, &used) != 5 || text[used])
		return false;
	for (u32 i = 0; i < 4; i++)
		head[i] = n[i];
	*body = (size_t)(newline - message) + 1;
	return true;
}

/* All are there: the answer, or NULL (then they are forgotten). */
static json_t *join(struct pieces *pieces)
{
	struct wire_buffer all = { 0 };
	json_t *answer = NULL;
	bool is_whole = true;

	for (u32 i = 0; i < pieces->count && is_whole; i++)
		is_whole = all.used + pieces->piece[i].used <= ANSWER_MAX &&
			   wire_append(&all, pieces->piece[i].bytes, pieces->piece[i].used);
	if (is_whole && crc32c(0, all.bytes, all.used) == pieces->crc)
		answer = json_loadb((const char *)all.bytes, all.used, 0, NULL);
	wire_free(&all);
	free_pieces(pieces);
	return answer;
}

/* Room for `count` pieces, of this answer and no other. */
static bool expect_pieces(struct pieces *pieces, u32 count, u32 crc)
{
	if (pieces->count == count && pieces->crc == crc)
		return true;
	free_pieces(pieces);
	pieces->piece = calloc(count, sizeof(*pieces->piece));
	if (!pieces->piece)
		return false;
	pieces->count = count;
	pieces->crc = crc;
	return true;
}

static void take_piece(struct vos *vos, struct request *request, u32 sequence, const u8 *bytes, size_t count)
{
	struct pieces *pieces = &request->pieces;
	u64 now = now_ns();
	json_t *answer;

	retry_alive(request, now);
	pieces->asked_ns = now;
	if (pieces->piece[sequence].used == 0 && wire_append(&pieces->piece[sequence], bytes, count))
		pieces->have++;
	if (pieces->have < pieces->count)
		return;
	answer = join(pieces);
	if (answer)
		retry_answer(vos, request, answer);
	else
		request->due_ns = now;
}

void retry_fragment(struct vos *vos, const u8 *message, size_t length)
{
	struct request *request;
	u64 head[4];	/* client, id, sequence, count */
	size_t body;
	u32 crc;

	if (!read_head(message, length, head, &crc, &body) || head[0] != vos->client || head[3] > PIECES_MAX ||
	    head[2] >= head[3] || body == length)
		return;
	request = retry_find(vos, head[1]);
	if (!request || request->is_done || !expect_pieces(&request->pieces, (u32)head[3], crc))
		return;
	take_piece(vos, request, (u32)head[2], message + body, length - body);
}

static void ask_for_pieces(struct vos *vos, struct request *request, u64 now)
{
	struct pieces *pieces = &request->pieces;
	json_t *missing = json_array(), *message;

	for (u32 i = 0; i < pieces->count && json_array_size(missing) < PIECES_ASKED; i++)
		if (pieces->piece[i].used == 0)
			json_array_append_new(missing, json_integer(i));
	message = json_pack("{s:s, s:{s:I, s:o}, s:I}", "execute", "resend", "arguments", "id",
		(json_int_t)request->id, "seq", missing, "c", (json_int_t)vos->client);
	if (message)
		io_send_json(vos, message);
	json_decref(message);
	pieces->asked_ns = now;
}

/* ---- time ---- */

/* Of a VOS before 1.1: whether it lives is asked with sync, and only what reads may be asked twice. */
static void ask_old(struct vos *vos, struct request *request)
{
	json_t *message = json_pack("{s:s, s:{s:s}, s:I}", "execute", "sync", "arguments", "token", vos->token, "id",
		(json_int_t)vos->greeting_id);

	if (message)
		io_send_json(vos, message);
	json_decref(message);
	if (request->is_look) {
		number(vos, request);
		io_send_json(vos, request->message);
	}
}

static void send_one(struct vos *vos, struct request *request, u64 now)
{
	if (request->sends == 0) {
		request->sent_ns = now;
		request->interval_ns = first_interval(vos);
	} else if (request->repeats) {
		request->interval_ns = limited(2 * request->interval_ns);
	}
	if (request->sends && !vos->client)
		ask_old(vos, request);
	else
		io_send_json(vos, request->message);
	request->sends++;
	request->repeats++;
	request->due_ns = now + request->interval_ns + vos->out.used * NS_S / LINE_BYTES_PER_S;
}

static void pump_one(struct vos *vos, struct request *request, u64 now)
{
	if (request->pieces.count && now >= request->pieces.asked_ns + retry_times.gap_ns)
		ask_for_pieces(vos, request, now);
	if (now < request->due_ns)
		return;
	if (request->repeats > retry_times.repeats)	/* and the last one had its time too */
		retry_fail(vos, request, "VOS does not answer");
	else
		send_one(vos, request, now);
}

bool retry_pump(struct vos *vos, u64 now)
{
	struct request *next;
	bool is_any = false;

	for (struct request *r = vos->requests; r; r = next) {
		next = r->next;
		if (!r->is_done) {
			pump_one(vos, r, now);
			is_any = is_any || r->is_done;
		}
		if (r->is_done && r->is_dropped)
			retry_free(vos, r);
	}
	return is_any;
}

u64 retry_deadline(const struct vos *vos)
{
	u64 deadline = ~0ull;

	for (const struct request *r = vos->requests; r; r = r->next) {
		if (r->is_done)
			return 0;	/* somebody waits for that */
		if (r->due_ns < deadline)
			deadline = r->due_ns;
		if (r->pieces.count && r->pieces.asked_ns + retry_times.gap_ns < deadline)
			deadline = r->pieces.asked_ns + retry_times.gap_ns;
	}
	return deadline;
}

void retry_nak(struct vos *vos, u64 now)
{
	if (now - vos->nak_ns < 200 * NS_MS)
		return;
	vos->nak_ns = now;
	for (struct request *r = vos->requests; r; r = r->next) {
		if (r->is_done)
			continue;
		r->repeats = 0;
		r->interval_ns = first_interval(vos);
		r->due_ns = now;
	}
}

void retry_renumber(struct vos *vos)
{
	for (struct request *r = vos->requests; r; r = r->next) {
		if (r->is_done)
			continue;
		if (r->sends > r->refusals && !r->is_look) {	/* one of them may have been done */
			retry_fail(vos, r, "the connection was lost for too long to know whether it was done. Look at "
				"the state, then try again");
			continue;
		}
		number(vos, r);
		free_pieces(&r->pieces);
		r->sends = r->repeats = r->refusals = 0;
		r->is_pending = false;
		r->due_ns = 0;
	}
}
