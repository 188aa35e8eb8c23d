/* SPDX-License-Identifier: MIT */
/*
 * client.c - see client.h.
 *
 * An answer is kept as text and cut into pieces; a piece is sent when the line has room and it is the client's turn. So
 * a large answer, or a client with many, takes from the others what their pieces take and no more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

/* ---- who is there ---- */

static struct client *find_name(struct clients *all, const char *name)
{
	for (u32 i = 0; i < CLIENT_COUNT; i++)
		if (all->list[i].number && strcmp(all->list[i].name, name) == 0)
			return &all->list[i];
	return NULL;
}

static struct client *find_free(struct clients *all)
{
	for (u32 i = 0; i < CLIENT_COUNT; i++)
		if (!all->list[i].number)
			return &all->list[i];
	return NULL;
}

/* For so long nothing came from it, or went to it, and nothing is to go. */
static bool is_silent(const struct session *s, const struct client *client, u64 ns)
{
	return client->number && !client->jobs && !client->streams && !client_has_piece(client) &&
	       session_now(s) - client->heard_ns >= ns;
}

/* A place that is free, also because the one who was silent longest gives way. */
static struct client *find_place(struct session *s)
{
	struct client *found = find_free(&s->clients);

	if (found)
		return found;
	for (u32 i = 0; i < CLIENT_COUNT; i++) {
		struct client *client = &s->clients.list[i];

		if (is_silent(s, client, CLIENT_GIVE_WAY_NS) && (!found || client->heard_ns < found->heard_ns))
			found = client;
	}
	if (found)
		client_forget(s, found);
	return found;
}

struct client *client_find(struct session *s, u64 number)
{
	for (u32 i = 0; number && i < CLIENT_COUNT; i++) {
		struct client *client = &s->clients.list[i];

		if (client->number != number)
			continue;
		client->heard_ns = session_now(s);
		return client;
	}
	return NULL;
}

bool client_is_name(const char *name)
{
	size_t length = strlen(name);

	for (const char *c = name; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '_' ||
		      *c == '.' || *c == '-'))
			return false;
	return length > 0 && length < CLIENT_NAME_BYTES;
}

static u32 fragment_of(const struct session *s, u64 asked)
{
	u32 most = s->kind == FRAME_PLAIN ? FRAGMENT_PLAIN_MAX : FRAGMENT_TEXT_MAX;

	return asked == 0 || asked > most ? most : asked < FRAGMENT_MIN ? FRAGMENT_MIN : (u32)asked;
}

struct client *client_hello(struct session *s, const char *name, u64 fragment)
{
	struct client *client = find_name(&s->clients, name);

	client_forget_silent(s);
	if (!client || !client->number) {
		client = find_place(s);
		if (!client)
			return NULL;
		client->number = s->console->next_client++;
		memcpy(client->name, name, strlen(name) + 1);
		s->clients.count++;
	}
	client->heard_ns = session_now(s);
	client->fragment = fragment_of(s, fragment);
	return client;
}

static bool is_large(const struct answer *answer)
{
	return answer->length > ANSWER_SMALL_BYTES;
}

static void drop_answer(struct session *s, struct client_id *entry, enum id_state state)
{
	if (entry->answer && is_large(entry->answer))
		s->clients.large_bytes -= entry->answer->length;
	free(entry->answer);
	entry->answer = NULL;
	entry->state = state;
}

void client_forget(struct session *s, struct client *client)
{
	for (u32 i = 0; i < CLIENT_IDS; i++)
		drop_answer(s, &client->ids[i], ID_FREE);
	if (client->login.session != 0 && s->console->logout_count < SESSIONS_MAX)
		s->console->logouts[s->console->logout_count++] = client->login.session;
	*client = (struct client){ 0 };
	s->clients.count--;
}

void client_forget_silent(struct session *s)
{
	for (u32 i = 0; s->clients.count && i < CLIENT_COUNT; i++)
		if (is_silent(s, &s->clients.list[i], CLIENT_SILENT_NS))
			client_forget(s, &s->clients.list[i]);
}

static u64 silent_until(const struct client *client)
{
	bool is_busy = client->jobs || client->streams || client_has_piece(client);

	return client->heard_ns + (is_busy ? CLIENT_DEAD_NS : CLIENT_SILENT_NS);
}

struct client *client_dead(struct session *s)
{
	for (u32 i = 0; s->clients.count && i < CLIENT_COUNT; i++) {
		struct client *client = &s->clients.list[i];

		if (client->number && session_now(s) - client->heard_ns >= CLIENT_DEAD_NS)
			return client;
	}
	return NULL;
}

/* ---- requests that may be repeated ---- */

/* The ids that a client may have in use are CLIENT_IDS that follow each other: each has a place of its own. */
static const struct client_id *entry_of(const struct client *client, u64 id)
{
	return &client->ids[id % CLIENT_IDS];
}

enum client_verdict client_judge(const struct client *client, u64 id, bool only_reads)
{
	const struct client_id *entry = entry_of(client, id);

	if (id + CLIENT_IDS <= client->highest)
		return CLIENT_TOO_OLD;
	if (entry->id != id || entry->state == ID_FREE || (entry->state == ID_GONE_READ && only_reads))
		return CLIENT_NEW;
	if (entry->state == ID_UNDER_WAY)
		return CLIENT_UNDER_WAY;
	return entry->state == ID_ANSWERED ? CLIENT_ANSWERED : CLIENT_LOST;
}

void client_begin(struct session *s, struct client *client, u64 id)
{
	struct client_id *entry = &client->ids[id % CLIENT_IDS];

	drop_answer(s, entry, ID_UNDER_WAY);
	entry->id = id;
	if (id > client->highest)
		client->highest = id;
}

/* The oldest large answer of the line, of those that are not being sent; the effect of a command that only reads can be
 * had again, so these go first. */
static struct client_id *find_victim(struct clients *all)
{
	struct client_id *found = NULL;

	for (u32 i = 0; i < CLIENT_COUNT * CLIENT_IDS; i++) {
		struct client_id *entry = &all->list[i / CLIENT_IDS].ids[i % CLIENT_IDS];
		const struct answer *a = entry->answer, *b = found ? found->answer : NULL;

		if (!a || !is_large(a) || a->due_count)
			continue;
		if (!b || a->only_reads > b->only_reads || (a->only_reads == b->only_reads && a->age < b->age))
			found = entry;
	}
	return found;
}

static void make_room(struct session *s, u32 length)
{
	struct client_id *victim;

	while (s->clients.large_bytes + length > ANSWERS_LARGE_BYTES && (victim = find_victim(&s->clients)) != NULL)
		drop_answer(s, victim, victim->answer->only_reads ? ID_GONE_READ : ID_GONE);
}

static void set_all_due(struct answer *a)
{
	memset(a->due, 0xff, (a->piece_count + 7) / 8);
	a->due_count = a->piece_count;
	a->at = 0;
}

static struct answer *new_answer(const struct client *client, const char *text, u32 length)
{
	u32 pieces = length ? (length + client->fragment - 1) / client->fragment : 1;
	struct answer *a = malloc(sizeof(*a) + length + (pieces + 7) / 8);

	if (!a)
		return NULL;
	*a = (struct answer){ .length = length, .crc = crc32c(0, text, length), .piece_bytes = client->fragment,
			      .piece_count = pieces, .due = (u8 *)a->text + length };
	memcpy(a->text, text, length);
	set_all_due(a);
	return a;
}

bool client_waits(const struct client *client, u64 id)
{
	return entry_of(client, id)->id == id && entry_of(client, id)->state == ID_UNDER_WAY;
}

bool client_answer(struct session *s, struct client *client, u64 id, bool only_reads)
{
	struct client_id *entry = &client->ids[id % CLIENT_IDS];
	u32 length = (u32)s->console->json_buffer.used;
	bool is_long = length > ANSWER_SMALL_BYTES;
	struct answer *a;

	if (is_long)
		make_room(s, length);
	/* All that is kept is being sent. */
	if (is_long && s->clients.large_bytes && s->clients.large_bytes + length > ANSWERS_LARGE_BYTES)
		return false;
	a = new_answer(client, s->console->json_text, length);
	if (!a)
		return false;
	a->age = s->clients.age++;
	a->only_reads = only_reads;
	if (is_long)
		s->clients.large_bytes += length;
	entry->answer = a;
	entry->state = ID_ANSWERED;
	client->heard_ns = session_now(s);
	return true;
}

void client_repeat(struct client *client, u64 id)
{
	struct answer *a = entry_of(client, id)->answer;

	if (a->due_count == 0)
		set_all_due(a);
}

bool client_resend(struct client *client, u64 id, u64 piece)
{
	const struct client_id *entry = entry_of(client, id);
	struct answer *a = entry->answer;

	if (entry->id != id || entry->state != ID_ANSWERED)
		return false;
	if (piece >= a->piece_count || a->due[piece / 8] & BIT32(piece % 8))
		return true;
	a->due[piece / 8] |= (u8)BIT32(piece % 8);
	a->due_count++;
	if (piece < a->at)
		a->at = (u32)piece;
	return true;
}

/* ---- pieces ---- */

struct piece { u64 id; u32 index, count, crc; const char *bytes; size_t length; };

/* "CLIENT ID SEQ COUNT CRC", a newline, and the bytes. */
static void send_piece(struct session *s, const struct client *client, const char *channel, const struct piece *p)
{
	struct frame_sink sink = { s->raw.write, s->raw.context };
	char head[80], name[FRAME_CHANNEL_BYTES];
	struct frame_piece pieces[] = { { head, 0 }, { p->bytes, p->length } };

	if (p->count == 1) {
		frame_encode(s->kind, &sink, channel, p->bytes, p->length);
		return;
	}
	pieces[0].count = (size_t)snprintf(head, sizeof(head), "%llu %llu %u %u %08x\n",
		(unsigned long long)client->number, (unsigned long long)p->id, p->index, p->count, p->crc);
	snprintf(name, sizeof(name), "%s+", channel);
	frame_encode_pieces(s->kind, &sink, name, pieces, 2);
}

static void send_next(struct session *s, const struct client *client, const struct client_id *entry)
{
	struct answer *a = entry->answer;
	struct piece p = { .id = entry->id, .count = a->piece_count, .crc = a->crc };
	size_t from;

	while (!(a->due[a->at / 8] & BIT32(a->at % 8)))
		a->at++;
	a->due[a->at / 8] &= (u8)~BIT32(a->at % 8);
	a->due_count--;
	p.index = a->at++;
	from = (size_t)p.index * a->piece_bytes;
	p.bytes = a->text + from;
	p.length = a->length - from < a->piece_bytes ? a->length - from : a->piece_bytes;
	send_piece(s, client, "control", &p);
}

bool client_send_piece(struct session *s, struct client *client)
{
	for (u32 i = 0; client->number && i < CLIENT_IDS; i++) {
		struct client_id *entry = &client->ids[client->turn++ % CLIENT_IDS];

		if (!entry->answer || !entry->answer->due_count)
			continue;
		send_next(s, client, entry);
		client->heard_ns = session_now(s);	/* a slow line may need longer for all of them */
		return true;
	}
	return false;
}

bool client_has_piece(const struct client *client)
{
	for (u32 i = 0; i < CLIENT_IDS; i++)
		if (client->ids[i].answer && client->ids[i].answer->due_count)
			return true;
	return false;
}

void client_send(struct session *s, const struct client *client, const char *channel, u64 id, const char *message,
	size_t length)
{
	u32 count = length ? (u32)((length + client->fragment - 1) / client->fragment) : 1;
	struct piece p = { .id = id, .count = count, .crc = crc32c(0, message, length) };

	for (; p.index < count; p.index++) {
		size_t from = (size_t)p.index * client->fragment;

		p.bytes = message + from;
		p.length = length - from < client->fragment ? length - from : client->fragment;
		send_piece(s, client, channel, &p);
	}
}

/* ---- nak ---- */

static u64 nak_at(const struct session *s)
{
	if (!s->clients.is_nak_due)
		return ~0ull;
	return s->clients.nak_ns ? s->clients.nak_ns + CLIENT_NAK_NS : 0;
}

void client_nak_timer(struct session *s)
{
	struct frame_sink sink = { s->raw.write, s->raw.context };
	char text[64];
	int length;

	if (!s->clients.is_nak_due || session_now(s) < nak_at(s))
		return;
	length = snprintf(text, sizeof(text), "{\"channel\":\"\",\"bytes\":%u}", s->clients.nak_bytes);
	frame_encode(s->kind, &sink, "nak", text, (size_t)length);
	s->clients.is_nak_due = false;
	s->clients.nak_ns = session_now(s);
}

void client_nak(struct session *s, size_t bytes)
{
	if (s->clients.count == 0 && s->kind != FRAME_PLAIN)
		return;
	s->clients.is_nak_due = true;
	s->clients.nak_bytes = (u32)bytes;
	client_nak_timer(s);
}

u64 client_deadline_ns(const struct session *s)
{
	u64 deadline = nak_at(s);

	for (u32 i = 0; s->clients.count && i < CLIENT_COUNT; i++) {
		const struct client *client = &s->clients.list[i];

		if (client->number && silent_until(client) < deadline)
			deadline = silent_until(client);
	}
	return deadline;
}
