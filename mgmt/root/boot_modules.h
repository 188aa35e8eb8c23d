/* SPDX-License-Identifier: MIT */
/*
 * boot_modules.h - turns the kernel's list of boot modules into the table of images. A module called "bundle" (QEMU's
 * loader has only one) is a cpio archive of the others. vos.conf and users are no images:
 * the console and guard read them.
 */
#ifndef VOS_BOOT_MODULES_H
#define VOS_BOOT_MODULES_H

#include "image.h"

struct boot_conf {
	u64 h_mem;
	u64 bytes;		/* 0 = there is none */
};

void boot_modules_read(struct image_table *images, struct boot_conf *conf, struct boot_conf *users);

#endif
