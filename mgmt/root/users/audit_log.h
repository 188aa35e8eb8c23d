/* SPDX-License-Identifier: MIT */
/*
 * audit_log.h - root writes the audit log (lib/proto/audit.h): a request is noted when it is accepted or refused, and
 * its record is there before its answer is sent.
 */
#ifndef VOS_ROOT_AUDIT_LOG_H
#define VOS_ROOT_AUDIT_LOG_H

#include "audit.h"
#include "error_info.h"
#include "request.h"
#include "types.h"

/* Guard chains records from now on: no more of them are written than it has chained, and there is room for. */
void audit_log_chained(void);
/* Requests may be taken. Else guard signals when they may again. */
bool audit_log_has_room(void);

/* access_judge said so of that request. False: too many changes wait for their answers, so it can't be done now. */
bool audit_log_note(u32 client, const struct request *request, const struct error_info *judgement);
/* A request has come with that number: what waits under it will never be known to be answered, and is recorded so. */
void audit_log_reused(u32 client, u32 request_id);
/* REQ_REFUSED: what the console says that it has refused. */
void audit_log_refused(u32 client, const struct request *request);
/* A login is one as that user, who is there. Before audit_log_answered. */
void audit_log_name(u32 client, u32 request_id, const char name[USER_NAME_BYTES]);
/* An answer to that request is about to be sent. */
void audit_log_answered(u32 client, u32 request_id, u32 error);
/* That client waits for no answer any more. */
void audit_log_drop(u32 client);

/* The records from that number on. */
void audit_log_rows(u64 number, struct audit_rows *rows);

#endif
