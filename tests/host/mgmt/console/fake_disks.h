/* SPDX-License-Identifier: MIT */
/*
 * fake_disks.h - what fake_root.c says of the disks of a VM: one is attached, or the last one is detached; and the
 * disks and other devices of its machine. Included by one file of a test.
 */
#ifndef VOS_TEST_FAKE_DISKS_H
#define VOS_TEST_FAKE_DISKS_H

#include <stdio.h>
#include <string.h>

#include "errors.h"
#include "inventory.h"
#include "request.h"

static const struct device_report fake_devices[] = {
	{ .vendor = 0x8086, .device = 0x29c0, .class_code = 0x060000, .group = DEVICE_NO_GROUP },
	{ .bdf = 0x18, .vendor = 0x1af4, .device = 0x1042, .class_code = 0x010000, .group = DEVICE_NO_GROUP,
	  .driver = "virtio0", .state = DEVICE_DRIVEN, .interrupts = DRIVER_IRQ_MESSAGES, .irq_count = 2 },
	{ .bdf = 0xfa, .vendor = 0x8086, .device = 0x2922, .class_code = 0x010601, .group = 7, .faults = 3,
	  .driver = "ahci0", .state = DEVICE_RESTARTING, .is_contained = 1,
	  .interrupts = DRIVER_IRQ_LINES, .irq_count = 1 },
	{ .bdf = 0x1ff, .vendor = 0xffee, .device = 1, .class_code = 0xff1234, .group = DEVICE_NO_GROUP,
	  .state = DEVICE_LEFT_ALONE },
	{ .bdf = 0xffff, .vendor = 0xffee, .device = 1, .class_code = 0x020001, .group = DEVICE_NO_GROUP,
	  .driver = "no-end-of-it-all", .state = 99, .interrupts = 99, .irq_count = 99 },
};

static const struct disk_row fake_disks[] = {
	{ .index = 0, .state = DISK_ROW_READY, .bytes = 128 * GIB, .free_bytes = 28 * GIB, .block_bytes = 512,
	  .name = "virtio0", .program = "virtio_blk" },
	{ .index = 4, .state = DISK_ROW_WHOLE, .bytes = 500 * GIB, .free_bytes = 500 * GIB, .block_bytes = 4096,
	  .name = "nvme0.0", .program = "nvme", .model = "QEMU \033[31mNVMe Ctrl", .serial = "S\033", .vm = "db",
	  .features = BLK_IS_READ_ONLY },
	{ .index = 31, .state = DISK_ROW_COMING, .name = "no-end-of-it-all-no-end.", .program = "no-end-of-it-all" },
	{ .index = 32, .state = 99, .name = "ahci0.2" },
};

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
