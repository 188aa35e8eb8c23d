/* SPDX-License-Identifier: MIT */
/*
 * definitions.h - the machine's definitions outlive it: root keeps them in a pool, as the text that export-config
 * prints. Root parses no text, so the console writes and reads it: it asks for a task (REQ_DEFINITIONS), does it, and
 * asks for the next. A change is answered when it is written; changes that come together are written once. What VMs
 * have been through (vm_records.h) is written with it, and nobody waits for that.
 *
 * In which order: until all disks have come, root looks for a pool that has definitions, and the console applies
 * those. If there is none, it applies vos.conf, and the definitions are kept in the first pool that there is.
 */
#ifndef VOS_DEFINITIONS_H
#define VOS_DEFINITIONS_H

#include "error_info.h"
#include "request.h"
#include "types.h"

/* REQ_DEFINITIONS: a private copy. Answered when there is a task. */
void definitions_request(u32 client, const struct request *request);
/* That client begins anew: it has done nothing, and waits for nothing. */
void definitions_drop(u32 client);

/* What was changed up to `count` (definition_changes.h) is written, or can't be: *no says why; or no pool keeps it, so
 * that nobody need wait. */
bool definitions_are_kept(u64 count, struct error_info *no);
/* A pool is looked for, or its definitions are read and applied. Changes that others make wait until that is over and
 * they are written; those of a text that is being applied (REQ_FLAG_APPLIED) don't, as it is over after them. */
bool definitions_are_read(void);
/* The console has the task to apply vos.conf or a text. */
bool definitions_are_applied(void);

/* VOS is about to end. False: something is on its way to the pool, at once from now on; it takes no time to speak of,
 * or the pool does not work. */
bool definitions_are_settled(void);

/* A bounded piece. Returns when to call again at the latest. */
u64 definitions_step(void);
/* Before root sleeps. False: there is something to do after all. */
bool definitions_may_sleep(void);

void definitions_report_fill(struct definitions_report *out);

#endif
