/* SPDX-License-Identifier: MIT */
/*
 * definition_changes.h - a count of the changes to what export-config prints: VMs, their properties, networks; and one
 * of the changes to what VMs have been through (vm_record.h). Whoever changes one of them counts it; definitions.c sees
 * that it is written down. Pure.
 */
#ifndef VOS_DEFINITION_CHANGES_H
#define VOS_DEFINITION_CHANGES_H

#include "types.h"

/* Something is another one now. */
void definitions_changed(void);
/* How many changes there were. */
u64 definitions_count(void);

/* A VM has another state, or was started again. / How often. */
void records_changed(void);
u64 records_count(void);
/* A VM has begun a log: without its record nobody knows later whose that is, so this is written without a pause. True
 * until records_taken(): what there is by now is being written. */
void records_begin_log(void);
bool records_are_urgent(void);
void records_taken(void);

#endif
