/* SPDX-License-Identifier: MIT */
/*
 * volume_marks.h - the mark of a volume on a disk: it was made for the VM that it is named after, and goes with it,
 * also after a restart of the machine. It is set when the volume is made (STORE_CREATE), and taken away (STORE_UNMARK)
 * when that VM has it no more. Pure.
 */
#ifndef VOS_VOLUME_MARKS_H
#define VOS_VOLUME_MARKS_H

#include "volumes.h"

/* Its name is that of a VM's disk, "VM.DISK". *length: of that VM's name. / Of a disk of that VM. */
bool volume_names_vm(const struct volume *v, u32 *length);
bool volume_is_named_after(const struct volume *v, const char *vm_name);

/* It is marked no more. True: its disk is to be told. */
bool volume_unmark(struct volume *v);
/* That can be ordered now. / It was. / It was answered, with an enum store_error. / The store is another one. */
bool volume_unmark_is_due(const struct volume *v);
void volume_unmark_sent(struct volume *v);
void volume_unmark_done(struct volume *v, u32 error);
void volume_unmark_again(struct volume *v);
/* The store has told of it. */
void volume_mark_told(struct volume *v, bool is_marked);

#endif
