/* SPDX-License-Identifier: MIT */
/*
 * conn.h - a connection inside libvos. From the bottom to the top, none calls one above: io.c (bytes and frames of the
 * line), retry.c (requests and their repeats), stream.c (streams and what is written to them), greet.c (sync, hello,
 * reconnecting), message.c (what comes in), conn.c (a turn of it all), login.c (who the program is),
 * stream_program.c (streams for programs), vm.c (commands), upload.c (a stream to VOS).
 *
 * Who repeats: VOS keeps a client's last eight ids with their answers, so a request is repeated with its id until an
 * answer comes, and is done once. Offsets of streams are absolute, so these may be repeated too.
 */
#ifndef VOS_HOST_CONN_H
#define VOS_HOST_CONN_H

#include <jansson.h>

#include "link.h"
#include "vos.h"
#include "wire.h"

#define ID_WINDOW 8u		/* an id in use is less than that above the oldest one in use */
#define NAME_BYTES 32u
#define BOOT_ID_BYTES 40u
#define NS_MS 1000000ull
#define NS_S 1000000000ull

/* How patient a client is; tests shorten it. */
struct retry_times {
	u64 first_ns;		/* until the first repeat, at least */
	u64 longest_ns;		/* between repeats, at most: well below VOS's idle-ns */
	u64 pending_ns;		/* between questions about a request that is under way */
	u64 gap_ns;		/* a piece is missing: until it is asked for */
	u64 reopen_ns;		/* a line that was lost is opened again for so long */
	u32 repeats;		/* without a sign of life in between */
};
extern struct retry_times retry_times;

/* The pieces of an answer that comes in fragments. */
struct pieces {
	u32 count, have, crc;
	u64 asked_ns;		/* when missing ones were asked for last, or the last one came */
	struct wire_buffer *piece;	/* [count]; used 0 = missing, since none is empty */
};

struct request {
	struct request *next;
	u64 id;
	json_t *message;
	bool is_look;		/* it only reads: may be done twice */
	bool is_pending;	/* VOS said that it is under way */
	bool is_done;		/* `answer`, or `why` */
	bool is_dropped;	/* nobody waits for it: freed when it is done */
	json_t *answer;
	char why[HOST_WHY_BYTES];	/* no answer will come: VOS_LINK */
	u64 sent_ns, due_ns, interval_ns;
	u32 repeats;		/* since the last sign of life */
	u32 sends;
	u32 refusals;		/* E_LINK */
	struct pieces pieces;
};

struct vos_stream {
	struct vos *vos;
	struct vos_stream *next;
	u32 number;		/* 0 = not open at VOS now */
	json_t *arguments;	/* of its opening; NULL = an upload, which is opened anew by who sends it */
	const char *verb;
	bool is_export;		/* VOS keeps little of it */
	bool is_capture;	/* thereof: it can't be opened again where it was */
	u64 dropped;
	bool is_events;		/* offsets count events, and each in `data` has its length before it */
	struct request *probe;	/* asks how far VOS is */
	struct request *reopening;
	/* from VOS */
	u64 offset;		/* of the next byte, or event, that the reader gets */
	struct wire_buffer data;
	u64 held;		/* bytes, or events, in `data` */
	u64 end;		/* at the opening: of what VOS had */
	u64 granted;		/* credit */
	u64 lost;
	bool has_gap;		/* something came from behind `position`: VOS is asked to go back */
	bool takes_next;	/* it did, and does not say how far: the next that comes is the oldest it keeps */
	u64 data_ns;		/* when something came last */
	u64 asked_ns;		/* when VOS said last how far it is */
	u64 patience_ns;	/* from then on, until it is asked again; 0 = anew, since there was something */
	bool is_ended;
	bool is_failed;		/* with the connection: VOS_LINK */
	bool is_new;		/* bytes or the end came since vos_wait looked */
	char reason[VOS_TEXT_BYTES];
	/* to VOS */
	u64 taken, sent, limit;
	u64 moved_ns;		/* when `taken` or `limit` moved, or bytes were sent first */
	u32 resends;		/* since then */
	struct wire_buffer input;	/* from `taken` on; unless `read` gives the bytes */
	ssize_t (*read)(struct vos_stream *stream, u64 offset, u8 *bytes, size_t size);
	void *context;
};

enum greeting { GREETING_NONE, GREETING_SYNC, GREETING_HELLO, GREETING_DONE, GREETING_FAILED };

struct vos {
	struct host host;
	struct link link;
	char socket[HOST_TEXT_BYTES];	/* of vosd, or "" */
	enum frame_kind kind;
	bool is_kind_known;
	struct wire_buffer out;
	struct wire_scanner in;
	/* who is at the other end */
	enum greeting greeting;
	char token[NAME_BYTES], name[NAME_BYTES];
	u64 greeting_id;
	char version[64], boot_id[BOOT_ID_BYTES];
	u64 console_start;	/* 0: an older VOS */
	u32 minor;
	u64 max_frame;		/* that VOS takes on its line, which may be behind a vosd */
	u64 client;		/* 0 = VOS before 1.1 */
	bool has_users;		/* nothing is done without a login */
	bool is_lost;		/* the line has ended or failed: open it again */
	bool is_stranger;	/* VOS does not know the client: greet again */
	bool is_broken;		/* given up: every call fails */
	/* requests */
	struct request *requests;
	u64 next_id;
	u64 round_trip_ns;
	u64 nak_ns;
	struct vos_stream *streams;
	/* events */
	vos_event_fn *event;
	void *event_context;
	vos_idle_fn *idle;
	void *idle_context;
	bool is_news;		/* an event came since vos_wait looked */
	/* the last result */
	int result;
	char class[24];
	char error[1024];
};

u64 now_ns(void);
/* That moment; never for a negative time. */
u64 until_ns(int timeout_ms);
/* Set the last result; returns the result. */
int conn_result(struct vos *vos, int result, const char *class, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* That of an answer: VOS_OK for "return". */
int conn_take_result(struct vos *vos, const struct request *request);

/* ---- io.c ---- */

/* Queue a frame. */
void io_send(struct vos *vos, const char *channel, const void *message, size_t length);
void io_send_json(struct vos *vos, const json_t *message);
/* Write and read as far as that goes without waiting, after waiting until then for either. */
void io_wait(struct vos *vos, u64 until);
/* The line is as it was before the first byte. */
void io_reset(struct vos *vos);

/* ---- retry.c ---- */

/* Takes over `arguments`, which may be NULL. NULL: no memory. `id` of the request is its own. */
struct request *retry_new(struct vos *vos, const char *verb, json_t *arguments, bool is_look, bool is_text);
/* Is there room for one more id? */
bool retry_has_room(const struct vos *vos);
void retry_free(struct vos *vos, struct request *request);
/* Send what is due, or give up. True: one is over that was not before. */
bool retry_pump(struct vos *vos, u64 now);
u64 retry_deadline(const struct vos *vos);
struct request *retry_find(struct vos *vos, u64 id);
/* A sign of life. */
void retry_alive(struct request *request, u64 now);
void retry_answer(struct vos *vos, struct request *request, json_t *answer);
void retry_fail(struct vos *vos, struct request *request, const char *why);
void retry_fail_all(struct vos *vos, const char *why);
/* A frame of the answer's in "control+"; ids of others are left alone. */
void retry_fragment(struct vos *vos, const u8 *message, size_t length);
/* A nak: all that is unanswered is due. */
void retry_nak(struct vos *vos, u64 now);
/* VOS gave this client another number: what may have been done must not be repeated. */
void retry_renumber(struct vos *vos);

/* ---- stream.c ---- */

/* Open: the answer of `verb` has "stream". NULL: see the result. */
struct vos_stream *stream_new(struct vos *vos);
void stream_opened(struct vos_stream *stream, const json_t *answer);
void stream_free(struct vos_stream *stream);
void stream_data(struct vos *vos, u32 number, const u8 *message, size_t length);
void stream_ack(struct vos *vos, u32 number, const u8 *message, size_t length);
void stream_end(struct vos *vos, u32 number, const char *reason);
/* The connection has failed, or the machine was restarted. */
void stream_fail_all(struct vos *vos, const char *why);
/* After a reconnection: go on at their offsets. */
void stream_resume_all(struct vos *vos, bool is_renumbered);
/* Send and ask what is due. True: one is over that was not before. */
bool stream_pump(struct vos *vos, u64 now);
u64 stream_deadline(const struct vos *vos);

/* ---- greet.c ---- */

/* Open the line for the first time. False: see the result. */
bool greet_open(struct vos *vos);
/* Open it again, and say who we are. */
void greet_again(struct vos *vos);
/* An answer without "c". */
void greet_message(struct vos *vos, const json_t *message);

/* ---- message.c ---- */

void message_in(struct vos *vos, const struct wire_frame *frame);

/* ---- conn.c ---- */

/* A turn: wait for something at most until then, and do what is due. */
void conn_turn(struct vos *vos, u64 until);
/* Does the program want to wait no longer? */
bool conn_is_canceled(struct vos *vos);
/* Turns until it is done, or the program wants no more. */
void conn_await(struct vos *vos, const struct request *request);
/* retry_new, conn_await, and the result; the answer, for json_decref, or NULL. */
json_t *conn_call(struct vos *vos, const char *verb, json_t *arguments, bool is_text);

/* ---- login.c ---- */

/* Log in with the token that vos_login has kept for this host, if there is one and VOS has users. Nothing tells whether
 * that worked: without a login VOS refuses what comes next. */
void login_resume(struct vos *vos);

#endif
