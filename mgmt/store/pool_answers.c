/* SPDX-License-Identifier: MIT */
/*
 * pool_answers.c - see pool_answers.h.
 */
#include "pool_answers.h"

void pool_answer(struct store_pool *s, u32 id, enum store_error error)
{
	s->answers[s->answer_count++] = (struct pool_answer){ id, error };
}

enum store_error pool_error_of(enum pool_status status)
{
	static const u8 errors[POOL_STATUS_COUNT] = {
		[POOL_IO] = STORE_IO, [POOL_CORRUPT] = STORE_POOL_DAMAGED, [POOL_NO_POOL] = STORE_NO_POOL,
		[POOL_UNKNOWN] = STORE_POOL_UNKNOWN, [POOL_NO_SPACE] = STORE_FULL, [POOL_NO_VOLUME] = STORE_NO_VOLUME,
		[POOL_EXISTS] = STORE_EXISTS, [POOL_FULL] = STORE_NO_RECORD, [POOL_READ_ONLY] = STORE_BAD_ORDER,
		[POOL_FAILED] = STORE_POOL_FAILED, [POOL_MEMORY] = STORE_ARENA, [POOL_AGAIN] = STORE_BUSY,
		[POOL_LOCKED] = STORE_LOCKED, [POOL_MISSING] = STORE_MISSING, [POOL_STALE] = STORE_STALE,
		[POOL_SPLIT] = STORE_SPLIT, [POOL_INVAL] = STORE_BAD_ORDER,
	};

	return status == POOL_OK ? STORE_OK : errors[status] != 0 ? (enum store_error)errors[status] : STORE_BAD_ORDER;
}
