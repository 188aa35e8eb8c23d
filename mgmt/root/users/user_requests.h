/* SPDX-License-Identifier: MIT */
/*
 * user_requests.h - requests about users: each becomes an order to guard, and is answered with its report. A login that
 * guard finds right becomes a session.
 */
#ifndef VOS_ROOT_USER_REQUESTS_H
#define VOS_ROOT_USER_REQUESTS_H

#include "error_info.h"
#include "request.h"
#include "status.h"
#include "types.h"

/* REQ_LOGIN to REQ_EXPORT_USERS, except REQ_SESSIONS; REQ_UNLOCK_USER, REQ_AUDIT_VERIFY: a private copy, which
 * access_judge has let pass. Its secrets are gone afterwards. */
void user_request(u32 client, struct request *request);
/* That client begins anew: it waits for nothing, and nobody is logged in there. */
void user_requests_drop(u32 client);

/* Guard has signalled, or there may be room for answers that had none. */
void user_requests_step(bool is_signalled);

/* Hook of the service table: guard's PD is new and does not run yet. */
enum status guard_prepare(u64 h_pd) MUST_CHECK;

#endif
