/* SPDX-License-Identifier: MIT */
/*
 * blk_link.h - both sides of a link of block requests (lib/proto/blk.h). Pure: no system calls. Not thread safe: one
 * thread at a time uses a struct blk_client or blk_server.
 *
 * To sleep, either side says that it waits, looks once more, and sleeps if there is still nothing; after writing, it
 * asks whether the other side is to be signalled. A peer that publishes nonsense makes its ring look empty.
 */
#ifndef VOS_BLK_LINK_H
#define VOS_BLK_LINK_H

#include "blk.h"
#include "types.h"

/* ---- Judging ---- */

/* BLK_OK if the server of a link with this info and `windows` foreign windows (0: only BLK_WINDOW_OWN) may carry out
 * the request; else the status to complete it with. */
enum blk_status blk_judge(const struct blk_sqe *sqe, const struct blk_info *info, u32 windows);
/* What a server says about itself: true if it is consistent. */
bool blk_info_ok(const struct blk_info *info);
/* Does this look like the disk that was `known`? It may have grown. */
bool blk_is_same(const struct blk_info *info, const struct blk_info *known);
/* Address of a slot's first byte in a link that is mapped at `link`. */
static inline void *blk_slot(void *link, u32 slot)
{
	return (u8 *)link + BLK_WINDOW_OFFSET + slot * BLK_SLOT_BYTES;
}

/* ---- Client ---- */

struct blk_pending {
	struct blk_sqe sqe;	/* as submitted: submitted again in the server's next epoch */
	u32 generation;		/* in the cookie: a completion from an earlier use is ignored */
	bool is_used;
};

struct blk_client {
	struct blk_link_shared *shared;
	struct blk_info info;	/* copied and judged; valid while is_up */
	struct blk_info known;	/* of the first server that was up */
	u32 epoch;		/* that info and the rings belong to */
	u32 sq_head, cq_tail;
	u32 outstanding;
	u32 free_hint;
	bool is_up;
	bool is_lost;		/* BLK_LOST, or the server has another disk than the first one had */
	struct blk_pending pending[BLK_RING];
};

/* Begin as the client of a zeroed link, or of one whose server lives already. */
void blk_client_init(struct blk_client *c, void *link);

/*
 * Look whether the server has begun a new epoch, and follow it. To be called before anything else after waking.
 * Returns true if it did: info is to be looked at again (the capacity may have changed), and the server is to be
 * signalled if blk_client_should_signal says so.
 * While the server is down, or describes itself wrongly, requests are kept and submitted when it is up. If it has lost
 * its disk, or has another one than the first one had (blk_is_same), they are completed with BLK_GONE: they would
 * change what they are not meant for.
 */
bool blk_client_poll(struct blk_client *c);

/*
 * The place for the next request, zeroed: to be filled in, except for the cookie, and submitted with the number, which
 * is below BLK_RING and names the request until it is completed. One that is not submitted is offered again. NULL if
 * BLK_RING are outstanding.
 */
struct blk_sqe *blk_client_next(struct blk_client *c, u32 *number);
void blk_client_submit_next(struct blk_client *c, u32 number);

/* Submit a copy. Returns the number, or -1 if BLK_RING are outstanding. */
s32 blk_client_submit(struct blk_client *c, const struct blk_sqe *sqe);

/* The next completion: true with the number of its request, which is then free again. Stale and invented ones are
 * skipped, and a status out of range reads as BLK_IOERR. Those with BLK_GONE of a lost disk are made here. */
bool blk_client_completed(struct blk_client *c, u32 *number, enum blk_status *status);

/* Forget a request that waits for a server to come up, where nothing of it can be in flight any more. Only while the
 * client is not up. */
void blk_client_drop(struct blk_client *c, u32 number);

/* Before sleeping: ask for a signal, then see whether there is news: a new epoch, or a completion. */
bool blk_client_has_news(const struct blk_client *c);
void blk_client_wait(struct blk_client *c, bool is_waiting);
/* After submitting: true if the server asked for a signal; takes that back. */
bool blk_client_should_signal(struct blk_client *c);

/* ---- Slots of a client's own window ---- */

struct blk_slots {
	u64 used[(BLK_SLOTS + 63) / 64];
	u32 hint;
};

/* Take `count` slots (1 .. BLK_SLOTS) as at most BLK_SEGS runs of BLK_WINDOW_OWN. Returns the number of runs; 0 with
 * nothing taken if there are not enough, or if they are too scattered. */
u32 blk_slots_take(struct blk_slots *s, u32 count, struct blk_seg seg[BLK_SEGS]);
void blk_slots_give(struct blk_slots *s, const struct blk_seg *seg, u32 seg_count);

/* ---- Server ---- */

struct blk_server {
	struct blk_link_shared *shared;
	struct blk_info info;	/* the server's own copy */
	u32 epoch;
	u32 windows;		/* foreign windows that a request may name */
	u32 sq_tail, cq_head;
	u32 in_flight;		/* taken and not completed */
	bool is_open;		/* the client has followed into this epoch */
	u64 refused;		/* requests that blk_judge refused */
};

/*
 * Begin an epoch: of a server that has just started, or whose info or state changed. What an earlier epoch took is
 * forgotten: the client submits it again, so nothing of it may be in flight any more. The client is to be signalled.
 * With BLK_DOWN no client follows, and info may be NULL.
 */
void blk_server_begin(struct blk_server *s, void *link, const struct blk_info *info, enum blk_link_state state,
		      u32 windows);

/* The next request: copied, judged. One that is refused is completed at once, and the next is looked at: so signal
 * after a false too. False: none, or BLK_RING are in flight, or the client has not followed yet. */
bool blk_server_take(struct blk_server *s, struct blk_sqe *out);

/* The next call of blk_server_take would look at a request: without copying one. */
bool blk_server_has_work(struct blk_server *s);

void blk_server_complete(struct blk_server *s, u64 cookie, enum blk_status status);

/* Before sleeping: ask for a signal, then call blk_server_has_work or blk_server_take once more. */
void blk_server_wait(struct blk_server *s, bool is_waiting);
/* After completing: true if the client asked for a signal; takes that back. */
bool blk_server_should_signal(struct blk_server *s);

#endif
