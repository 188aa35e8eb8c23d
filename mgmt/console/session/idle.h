/* SPDX-License-Identifier: MIT */
/*
 * idle.h - the end of a person's session when nobody is there.
 */
#ifndef VOS_IDLE_H
#define VOS_IDLE_H

#include "session.h"

/* It ends at that time of session_now, if no key comes; ~0: it does not. */
u64 idle_deadline_ns(struct session *s);
void idle_check(struct session *s);
/* It ends now, if there is one, whatever goes on at the line; what root was asked for goes on. */
void idle_log_out(struct session *s, const char *why);

#endif
