/* SPDX-License-Identifier: MIT */
/*
 * audit_chain.h - the hashes of the audit log (lib/proto/audit.h), over memory that root writes too.
 */
#ifndef VOS_GUARD_AUDIT_CHAIN_H
#define VOS_GUARD_AUDIT_CHAIN_H

#include "audit.h"

/* Hash what root has written since, at most `most` records. True: there are more. */
bool audit_chain(struct audit_log *log, u32 most);

/*
 * Hash anew what is kept and was chained. False: *place is the first record that is not as it was written, or whose
 * hash is not. Once records have been given up for newer ones, the oldest that are left are not judged; the others
 * are, by the hash of the one before.
 */
bool audit_verify(const struct audit_log *log, struct audit_verdict *verdict, u64 *place);

#endif
