/* SPDX-License-Identifier: MIT */
/*
 * access.h - may whoever asks ask for that? Judged for each request, by the role of its session.
 */
#ifndef VOS_ROOT_ACCESS_H
#define VOS_ROOT_ACCESS_H

#include "error_info.h"
#include "request.h"
#include "types.h"

/* There are users, so that nothing is done without a login. Once there are, it stays so until the machine starts again,
 * whatever guard says later. */
bool access_has_users(void);
/* Guard says that it has so many. */
void access_note_users(u32 count);

/* A private copy of a request of that client. ERR_NONE: it may be served. is_applying: definitions_are_applied(). */
struct error_info access_judge(u32 client, const struct request *request, bool is_applying);

#endif
