/* SPDX-License-Identifier: MIT */
/*
 * commit_io.h - what the steps of commits share.
 */
#ifndef VOS_POOL_COMMIT_IO_H
#define VOS_POOL_COMMIT_IO_H

#include "pool_state.h"

/* The commit goes on when all that was begun so has ended. */
void commit_io(struct pool *p, struct pool_io *io, enum pool_io_op op, struct device_range range, void *data);
void commit_flush(struct pool *p);

static inline void list_move_all(struct list *to, struct list *from)
{
	while (!list_is_empty(from)) {
		struct list *l = from->next;

		list_remove(l);
		list_insert_before(to, l);
	}
}

#endif
