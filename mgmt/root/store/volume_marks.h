/* SPDX-License-Identifier: MIT */
/*
 * volume_marks.h - the mark of a volume on a disk: it was made for the VM that it is named after, and goes with it,
 * also after a restart of the machine. It is set when the volume is made (STORE_CREATE), and taken away (STORE_UNMARK)
 * when that VM has it no more. Likewise that it is unfinished (import.h; STORE_FINISH). Pure.
 */
#ifndef VOS_VOLUME_MARKS_H
#define VOS_VOLUME_MARKS_H

#include "volumes.h"

/* Its name is that of a VM's disk, "VM.DISK". *length: of that VM's name. / Of a disk of that VM. */
bool volume_names_vm(const struct volume *v, u32 *length);
bool volume_is_named_after(const struct volume *v, const char *vm_name);

/* It is marked no more. True: its disk is to be told. */
bool volume_unmark(struct volume *v);
/* Its disk may say that it is marked, and root knows better: until that is so, or the machine is started again. */
bool volume_is_unmarked(const struct volume *v);
/* It is in the table for that alone: the store has not told of it. */
bool volume_is_remembered(const struct volume *v);
/* That can be ordered now. / It was. / It was answered, with an enum store_error; one that is only
 * remembered and that the disk has not is no volume any more. / The store is another one (volume_marks_again). */
bool volume_unmark_is_due(const struct volume *v);
void volume_unmark_sent(struct volume *v);
void volume_unmark_done(struct volume *v, u32 error);
/* That it is_unfinished is to be said no more. / As for unmarks. On a failure it has an `error`. */
void volume_finish(struct volume *v);
bool volume_finish_is_due(const struct volume *v);
void volume_finish_sent(struct volume *v);
void volume_finish_done(struct volume *v, u32 error);
/* The store is another one: what it has not answered is due again. */
void volume_marks_again(struct volume *v);
/* The store has told of it. */
void volume_mark_told(struct volume *v, bool is_marked);

#endif
