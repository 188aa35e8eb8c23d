/* SPDX-License-Identifier: MIT */
/*
 * client.h - the programs on a line that have said `hello`: their numbers, the ids of their requests with the answers,
 * so that a request may be repeated, and the pieces of answers that are on their way. docs/PROTOCOL.md has the rules.
 */
#ifndef VOS_CLIENT_H
#define VOS_CLIENT_H

#include "login.h"
#include "types.h"

#define CLIENT_COUNT 16u		/* on a line */
#define CLIENT_IDS 8u			/* that are kept with their answers */
#define CLIENT_JOBS 4u			/* commands of one under way at the same time */
#define CLIENT_NAME_BYTES 32u
#define CLIENT_ID_MAX ((1ull << 53) - 1)
#define CLIENT_SILENT_NS 60000000000ull	/* then it is forgotten, if it has no command and no stream */
#define CLIENT_DEAD_NS 300000000000ull	/* then it is forgotten, whatever it has */
#define CLIENT_GIVE_WAY_NS 20000000000ull	/* likewise, if there is no place; no client waits so long to repeat */
#define CLIENT_NAK_NS 100000000ull	/* from one `nak` to the next, at least */
#define FRAGMENT_MIN 256u		/* of an answer in one frame */
#define FRAGMENT_TEXT_MAX 4096u
#define FRAGMENT_PLAIN_MAX 61440u
#define ANSWER_SMALL_BYTES 2048u	/* up to here an answer is always kept */
#define ANSWERS_LARGE_BYTES (512u * 1024u)	/* of a line, for those that are longer */
#define CLIENT_OUTPUT_SHORT_BYTES 8192u	/* a line with less output is given the next piece */

struct session;

/* An answer that is kept; on the heap. */
struct answer {
	u32 length, crc;
	u32 piece_bytes, piece_count;
	u32 due_count;		/* pieces that are to be sent */
	u32 at;			/* the search for the next one goes on here */
	u64 age;		/* grows from answer to answer of a line */
	bool only_reads;	/* the command's effect can be had again */
	u8 *due;		/* a bit for each piece */
	char text[];
};

/* What became of an id. */
enum id_state {
	ID_FREE,
	ID_UNDER_WAY,
	ID_ANSWERED,
	ID_GONE,		/* the answer was too large to be kept */
	ID_GONE_READ		/* likewise, and the command can be done again */
};

struct client_id { u64 id; enum id_state state; struct answer *answer; };

struct client {
	u64 number;		/* 0 = a free place */
	char name[CLIENT_NAME_BYTES];
	u32 fragment;
	u64 heard_ns;		/* or sent a piece of an answer: since then it is silent */
	u64 highest;		/* id */
	u32 jobs;		/* commands under way */
	u32 streams;		/* open streams: as long as there are some, it is forgotten only as dead */
	u32 turn;		/* of ids[], the next one that sends a piece */
	struct login login;
	struct client_id ids[CLIENT_IDS];
};

/* All clients of a line. All zero before. */
struct clients {
	struct client list[CLIENT_COUNT];
	u32 count;
	u32 turn;		/* of list[], the next one that sends a piece */
	u32 large_bytes;	/* of answers above ANSWER_SMALL_BYTES that are kept */
	u64 age;
	u64 nak_ns;		/* when the last one was sent */
	bool is_nak_due;
	u32 nak_bytes;
};

/* The client with that number, or NULL. It has been heard of now. */
struct client *client_find(struct session *s, u64 number);
/*
 * The client of that name: the one that is there, or a new one, which may take the place of the one that was silent
 * longest. NULL: CLIENT_COUNT are there, and none of them gives way. name: as client_is_name wants it. fragment is
 * brought within the line's limits.
 */
struct client *client_hello(struct session *s, const char *name, u64 fragment);
bool client_is_name(const char *name);
/* Its streams are closed, and no command is its. */
void client_forget(struct session *s, struct client *client);
/* Forget those that were silent for CLIENT_SILENT_NS, if they have nothing. */
void client_forget_silent(struct session *s);
/* One that was silent for CLIENT_DEAD_NS, or NULL. Close its streams, leave its commands, and forget it. */
struct client *client_dead(struct session *s);

/* What a request with that id is: */
enum client_verdict {
	CLIENT_NEW,		/* to be done: client_begin */
	CLIENT_UNDER_WAY,
	CLIENT_ANSWERED,	/* client_repeat */
	CLIENT_LOST,		/* done once, with an answer that is not kept any more */
	CLIENT_TOO_OLD
};
enum client_verdict client_judge(const struct client *client, u64 id, bool only_reads);
/* The request is under way. */
void client_begin(struct session *s, struct client *client, u64 id);
/* The request is still one that the client may wait for. */
bool client_waits(const struct client *client, u64 id);
/* It is over: console->json_text is its answer, which is kept and sent. False: there is no room for it. */
bool client_answer(struct session *s, struct client *client, u64 id, bool only_reads);
/* The answer goes out again, as a whole. */
void client_repeat(struct client *client, u64 id);
/* One piece of it goes out again. False: it is not kept. */
bool client_resend(struct client *client, u64 id, u64 piece);

/*
 * Send one piece of what is due for that client; true if there was one. Who calls it goes round all clients, as long as
 * the line's output is shorter than CLIENT_OUTPUT_SHORT_BYTES.
 */
bool client_send_piece(struct session *s, struct client *client);
/* Something is due for it. */
bool client_has_piece(const struct client *client);
/*
 * Send a message to a client at once. One that is longer than a piece of the client's goes in pieces, on the channel
 * with a + behind its name. These can't be sent again.
 */
void client_send(struct session *s, const struct client *client, const char *channel, u64 id, const char *message,
	size_t length);

/* Tell the line's programs that a frame of so many bytes was broken; not more often than each CLIENT_NAK_NS. */
void client_nak(struct session *s, size_t bytes);
void client_nak_timer(struct session *s);
/* When the next `nak` is due, or a client is to be forgotten; ~0 = never. */
u64 client_deadline_ns(const struct session *s);

#endif
