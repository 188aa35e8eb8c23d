/* SPDX-License-Identifier: MIT */
/*
 * spec.h - judges what the console wants a VM to be. Pure. The spec must be a private copy.
 */
#ifndef VOS_SPEC_H
#define VOS_SPEC_H

#include "error_info.h"
#include "image.h"
#include "request.h"

/* True for [a-z0-9][a-z0-9-]{0,30} and a zero byte. */
bool spec_name_ok(const char name[VM_NAME_BYTES]);

/* A volume's name that ends within its array, or "". */
bool spec_volume_name_ok(const char *name, u32 bytes);
/* One of spec.disks. */
bool spec_disk_ok(const struct disk_spec *disk);
/* One of spec.nics. */
bool spec_nic_ok(const struct nic_spec *nic);

/*
 * Checks every field, and fills in what was not given (spec_fill); `asked`: BIT32(FIELD_*) of what was. On ERR_NONE
 * all strings end, all images exist, all numbers are in range for a machine of so many pCPUs. Nobody asks here whether
 * there is memory.
 */
struct error_info spec_judge(struct vm_spec *spec, u32 asked, const struct image_table *images, u32 pcpus);

#endif
