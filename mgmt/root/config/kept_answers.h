/* SPDX-License-Identifier: MIT */
/*
 * kept_answers.h - answers to requests that have changed something of the definitions: they wait until that is kept.
 * There is room for as many as there is for answers in the console's rings.
 */
#ifndef VOS_KEPT_ANSWERS_H
#define VOS_KEPT_ANSWERS_H

#include "error_info.h"
#include "types.h"

/* False: not for one more. */
bool kept_answers_have_room(void);
/* For what was changed up to now (definition_changes.h). Only if there is room. */
void kept_answers_add(u32 client, u32 request_id);
/* That client waits for nothing any more. */
void kept_answers_drop(u32 client);
/* Those that is_kept says are due. */
void kept_answers_send(bool (*is_kept)(u64 count, struct error_info *no));

#endif
