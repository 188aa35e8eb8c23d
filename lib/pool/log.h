/* SPDX-License-Identifier: MIT */
/*
 * log.h - steps of a commit by the log. Entries without a checksum of their data are written after that data was
 * flushed; those with one need no flush before, as recovery looks whether the data arrived.
 */
#ifndef VOS_POOL_LOG_H
#define VOS_POOL_LOG_H

#include "pool_state.h"

/* Whether the entries that wait fit into the log; it is to be at most three quarters full. */
bool log_has_room(const struct pool *p);

void log_flush_data(struct pool *p);
void log_write(struct pool *p);
void log_flush(struct pool *p);
void log_end(struct pool *p);

#endif
