/* SPDX-License-Identifier: MIT */
/*
 * fake_disks.h - what fake_root.c says of the disks of a VM: one is attached, or the last one is detached.
 */
#ifndef VOS_TEST_FAKE_DISKS_H
#define VOS_TEST_FAKE_DISKS_H

#include <stdio.h>
#include <string.h>

#include "errors.h"
#include "inventory.h"
#include "request.h"

static inline void fake_refuse_disks(struct reply *reply, enum result result, enum error error, u64 have)
{
	reply->result = result;
	reply->error = error;
	reply->have = have;
}

static inline void fake_change_disks(struct vm_report *to, const struct request *r, struct reply *reply)
{
	u32 *count = &to->spec.disk_count;
	struct disk_report *disk = &to->disks[*count];

	if (to->state == VM_PAUSED || (to->state == VM_SUSPENDED && r->op == REQ_DETACH_DISK)) {
		fake_refuse_disks(reply, RESULT_STATE, ERR_VM_STATE, to->state);
	} else if (r->op == REQ_ATTACH_DISK) {
		*disk = (struct disk_report){ .bytes = r->spec.disks[0].bytes };
		disk->flags = disk->bytes ? DISK_MADE | DISK_WAS_BLANK : 0;
		strcpy(disk->on, r->spec.disks[0].on);
		snprintf(disk->volume, sizeof(disk->volume), "%.28s.%u", to->name, (*count)++);
	} else if (*count != 0 && strcmp(disk[-1].volume, r->spec.disks[0].volume) == 0) {
		(*count)--;
	} else {
		fake_refuse_disks(reply, RESULT_NOT_FOUND, ERR_NOT_ITS_VOLUME, 0);
		strcpy(reply->text, r->spec.disks[0].volume);
	}
	reply->vm = *to;
}

#endif
