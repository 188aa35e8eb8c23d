/* SPDX-License-Identifier: MIT */
/*
 * change_keys.h - REQ_SET_POOL_KEY and REQ_UNLOCK_POOL, as changes (change_kinds.h).
 */
#ifndef VOS_CHANGE_KEYS_H
#define VOS_CHANGE_KEYS_H

#include "change_kinds.h"

struct error_info key_judge(struct change *c);
struct error_info key_order(struct change *c);
struct error_info key_finish(struct change *c);

#endif
