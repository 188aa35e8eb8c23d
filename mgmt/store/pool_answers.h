/* SPDX-License-Identifier: MIT */
/*
 * pool_answers.h - answers to orders about a pool, which root gets when all that was changed has been reported.
 */
#ifndef VOS_POOL_ANSWERS_H
#define VOS_POOL_ANSWERS_H

#include "store_pool.h"

void pool_answer(struct store_pool *s, u32 id, enum store_error error);
/* What a pool says, for root. */
enum store_error pool_error_of(enum pool_status status);

#endif
