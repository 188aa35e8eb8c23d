/* SPDX-License-Identifier: MIT */
/*
 * store_client.h - root's talk with the store: keeps what the store has to be told, tells it as there is room, and
 * tells a restarted store all of it anew. Nothing here waits.
 */
#ifndef VOS_STORE_CLIENT_H
#define VOS_STORE_CLIENT_H

#include "status.h"
#include "types.h"
#include "volumes.h"

/*
 * A volume that is_making: have it made, in RAM with its memory. It is made when it is not is_making any more; when
 * `error` is set it is not, and is to be taken back (store_delete). On another status its place is free again.
 */
enum status store_create(struct volume *v) MUST_CHECK;
/* Have it deleted, also one that is_making: is_going until its place is free. If that fails it is a volume again, with
 * its `error`. */
void store_delete(struct volume *v);

/* A volume that is_marked: have its disk say that no more. If that fails, which is
 * logged, it is marked after the next restart of the machine. */
void store_unmark(struct volume *v);

/* A volume that is_unfinished: have its disk say that no more. It is finished when it is not is_unfinished any more;
 * when `error` is set, that failed. */
void store_finish(struct volume *v);
/* Root's link to it is closed: it is not is_busy any more. */
void store_release(struct volume *v);

/* A link with its memory: let the store serve it. `disk` gives read-only, serial and limits. */
enum status store_attach(u32 link, u64 h_mem, const struct volume *v, const struct disk_spec *disk) MUST_CHECK;
/* Take it back. True: neither the store nor a device has anything to do with it any more; else root is signalled, and
 * asks again. */
bool store_detach(u32 link);
/* Of a link that the store has, or will have: other limits, and whether it holds requests that fail. */
void store_rules(u32 link, const struct disk_spec *disk, bool holds_errors);
/* What it holds is to be done again. */
void store_retry(u32 link);

/* A group of orders (pool_groups.h) is due. */
void store_groups(void);

/* Hook of the service table: the PD is new and does not run yet. */
enum status store_prepare(u64 h_pd) MUST_CHECK;

/* Reports and orders, a bounded piece. h_pd: the store's PD; 0 while it is down: said before its handle is closed.
 * True: there were reports, so what waited for one may go on. */
bool store_turn(u64 h_pd);

#endif
