/* SPDX-License-Identifier: MIT */
/*
 * stream.h - streams of a program that has said `hello`: bytes of a VM's console, of the log, events, or an upload,
 * each with absolute offsets, so that whatever was lost is asked for again. docs/PROTOCOL.md has the rules.
 *
 * VOS sends as far as the program has given credit, and never makes a guest wait: what a stream does not reach in time
 * falls out of the history, and the next offset shows it.
 */
#ifndef VOS_STREAM_H
#define VOS_STREAM_H

#include "captures.h"
#include "exports.h"
#include "upload.h"

#define STREAM_COUNT 32u		/* on a line */
#define STREAM_CLIENT_COUNT 8u		/* of a client */
#define STREAM_NUMBERS 100000u		/* that one start of the console gives, before it gives them again */
#define STREAM_INPUT_BYTES 2048u	/* for a guest that has not taken them yet */
#define STREAM_FEED_BYTES 256u		/* of those, to the guest in a turn */
#define FETCHED_KEPT_BYTES 65536u	/* of what was read out, for what is lost on the line */
#define STREAM_REST_NS 10000000000ull	/* so long a guest may take input of a stream that was closed */

struct client;
struct console;
struct session;
struct stream;

/* Where the bytes of a stream come from. */
struct stream_source {
	u64 (*start)(struct session *s, const struct stream *stream);	/* the oldest offset that is there */
	u64 (*end)(struct session *s, const struct stream *stream);
	/* Some bytes from there on; *next is the offset behind them. 0: they were overwritten meanwhile. */
	size_t (*read)(struct session *s, const struct stream *stream, char *to, size_t size, u64 *next);
};

enum stream_kind { STREAM_CONSOLE, STREAM_LOG, STREAM_EVENTS, STREAM_UPLOAD, STREAM_EXPORT, STREAM_CAPTURE };

struct stream {
	u32 number;
	enum stream_kind kind;
	struct client *client;	/* NULL: it is closed, and the guest takes the rest of its input */
	u64 closed_ns;
	/* To the program. */
	u64 sent;		/* the next offset */
	u64 credit;		/* up to there */
	/* From the program: its bytes are [0, received); the first `taken` of them are where they should go. */
	bool is_writable;
	bool is_ack_due;
	u64 received, taken;
	/* STREAM_CONSOLE */
	u32 vm, vm_number;	/* the VM: its place, and what no other VM in it has */
	char input[STREAM_INPUT_BYTES];	/* byte n is at n % STREAM_INPUT_BYTES */
	/* STREAM_UPLOAD */
	u64 upload, bytes;
	bool is_volume;		/* it goes into one */
	u32 slot;
	char name[IMAGE_NAME_BYTES];
	/* STREAM_EXPORT, STREAM_CAPTURE: root reads the bytes out; slot, too */
	u64 source;		/* root's number of the export or capture */
	u64 begun, fetched;	/* offsets: of the first byte, and behind the last one that root has read */
	bool is_all_fetched;
	char *kept;		/* on the heap: byte n is at n % FETCHED_KEPT_BYTES */
	u64 dropped;		/* STREAM_CAPTURE: frames that are not in it */
};

struct streams {
	struct stream *list[STREAM_COUNT];	/* on the heap; NULL = free */
	u32 count;
	u32 turn;		/* the one that may send next */
};

/* A new one for that client, or NULL and *error. */
struct cmd_error;
struct stream *stream_new(struct session *s, struct client *client, enum stream_kind kind, struct cmd_error *error);
/* There is room for one more. */
bool stream_has_room(struct session *s, const struct client *client, struct cmd_error *error);
/* The stream of that number that is this client's, or NULL. */
struct stream *stream_find(struct session *s, const struct client *client, u64 number);
/* The program is told why. */
void stream_end(struct session *s, struct stream *stream, const char *reason);
/* The program knows. Input that came is still given to the guest, for STREAM_REST_NS; its place is free. */
void stream_close(struct session *s, struct stream *stream);
/* That client leaves; reason: it is told, unless that is NULL. */
void stream_close_all(struct session *s, const struct client *client, const char *reason);
/* Up to there the program may send. */
u64 stream_input_limit(const struct stream *stream);

/* A frame on a channel of a stream's. False: it is another channel. */
bool stream_input(struct session *s, const char *channel, const char *message, size_t length);
/* Send at most one frame; true if there was one. Who calls it looks at the line's output first. */
bool stream_send_one(struct session *s);
/* A piece of what streams of that line do beside that. */
bool stream_turn(struct session *s);
/* When stream_turn has something to do although nothing happened; ~0 = never. */
u64 stream_deadline_ns(const struct session *s);
/* Input of some stream waits for that VM. */
bool stream_waits_for_vm(const struct session *s, u32 vm);

/* ---- stream_source.c ---- */
extern const struct stream_source stream_sources[];	/* by kind; an upload has none */

/* ---- fetched_stream.c ---- */
/* Have root read what streams of that line have credit for; true if it was asked for something. */
bool fetched_turn(struct session *s);
/* When it has something to do although nothing happened; ~0 = never. */
u64 fetched_deadline_ns(const struct session *s);
/* Root reads that stream's bytes out. */
static inline bool stream_is_fetched(const struct stream *stream)
{
	return stream->kind == STREAM_EXPORT || stream->kind == STREAM_CAPTURE;
}
/* In the console's sources_to_close, of root's slot. */
static inline u32 fetched_slot(enum stream_kind kind, u32 slot)
{
	return kind == STREAM_CAPTURE ? EXPORTS + slot : slot;
}
/* A stream of that source of root's, whose bytes begin there. NULL: *error. */
struct stream *fetched_new(struct session *s, struct client *client, enum stream_kind kind, u64 source, u32 slot,
	u64 begin, struct cmd_error *error);

/* ---- upload.c ---- */
/* Have root take what came on that line; true if it was asked for something. */
bool upload_turn(struct session *s);

/* ---- event_ring.c: the last events of the console ---- */
#define EVENTS_KEPT 256u
#define EVENT_BYTES 1536u	/* as text, at most */

struct event_ring {
	u64 next;		/* number of the next event; the last EVENTS_KEPT are there */
	char *texts[EVENTS_KEPT];	/* on the heap; NULL: no memory for it, it is sent as LOST */
};

struct vm_entry;
void event_ring_add(struct console *c, const struct vm_entry *vm);
u64 event_ring_start(const struct event_ring *ring);

#endif
