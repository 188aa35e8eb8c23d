/* SPDX-License-Identifier: MIT */
/*
 * audit.h - the audit log: a record of each change that root was asked for, and of each request that it refused. Root
 * writes records, before it answers; guard chains them, so that a change of any of them shows:
 *
 *	hash of record n = BLAKE2b-256 of (hash of record n - 1, record n); that of record 0 is of begun_tsc
 *
 * The log lies in memory of root's that guard maps too, and outlives guard. Record n is in slot n % AUDIT_RECORDS.
 */
#ifndef VOS_AUDIT_H
#define VOS_AUDIT_H

#include "users.h"

#define AUDIT_RECORDS 2048u	/* the last ones are kept */
#define AUDIT_HASH_BYTES 32u
#define AUDIT_NAME_BYTES 64u

enum audit_kind {
	AUDIT_ANSWERED = 1,	/* .error: ERR_NONE: it was done */
	AUDIT_REFUSED,		/* the session's role, or the lack of a session: .error */
	AUDIT_UNANSWERED,	/* before the answer the console was started again, or used its number again */
	AUDIT_KIND_COUNT
};

/* Without padding: its bytes are hashed. */
struct audit_record {
	u64 number;		/* from 1 on, since the start of the machine */
	u64 now_ns;		/* since then */
	u32 op;			/* enum request_op */
	u32 kind;		/* enum audit_kind */
	u32 error;		/* enum error */
	u32 role;		/* enum user_role; ROLE_ADMIN without a user: there are no users */
	u32 line;		/* of the session */
	u32 client;		/* of root's clients */
	char user[USER_NAME_BYTES];	/* "" = nobody was logged in */
	char name[AUDIT_NAME_BYTES];	/* of the VM, the volume ...; as it was asked for, any bytes */
};

_Static_assert(sizeof(struct audit_record) == 136, "no padding");

struct audit_slot {
	struct audit_record record;
	u8 hash[AUDIT_HASH_BYTES];	/* guard's, once `chained` is as far */
};

struct audit_log {
	u64 begun_tsc;		/* when the log began; root's, as the next */
	u64 written;		/* the last record's number */
	u64 chained;		/* guard's: the last one that has a hash */
	u64 zero;
	struct audit_slot slots[AUDIT_RECORDS];
};

#define AUDIT_ROWS 32u		/* in one answer */

/* Answer to REQ_AUDIT. */
struct audit_rows {
	u32 count;		/* 0: no more yet */
	u32 zero;
	u64 first;		/* the oldest that is kept */
	u64 next;		/* what to ask for then */
	u64 wall_boot_ns;	/* 0; the console adds it */
	struct audit_record rows[AUDIT_ROWS];
};

/* Answer to REQ_AUDIT_VERIFY: these are as they were written. */
struct audit_verdict {
	u64 first, last;
	u8 hash[AUDIT_HASH_BYTES];	/* of the last one */
};

#endif
