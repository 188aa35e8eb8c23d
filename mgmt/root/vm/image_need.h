/* SPDX-License-Identifier: MIT */
/*
 * image_need.h - how much RAM a VM must have for its kernel and what is loaded with it, by the headers of the kernel
 * image (Linux bzImage, Multiboot, ELF). Pure. The file is foreign: every offset and length is checked before use. What
 * the image is, and whether it is sound, is for the VMM to say, which loads it; this is the same sum, made in time.
 */
#ifndef VOS_IMAGE_NEED_H
#define VOS_IMAGE_NEED_H

#include "types.h"

/*
 * Where the kernel ends in a VM's RAM. 0: not known: the kernel is of no known kind, broken, or too large for any VM.
 */
u64 image_end(const u8 *kernel, u64 bytes);

/*
 * Bytes of RAM from address 0 on, where the kernel ends at `end`, and `others` are the sizes of initrd and modules, in
 * order. 0: not known, as above.
 */
u64 image_need(u64 end, const u64 *others, u32 count);

#endif
