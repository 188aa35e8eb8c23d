/* SPDX-License-Identifier: MIT */
/*
 * disk_arg.h - a virtual disk as --disk writes it: "64M,on=ram", "volume=data,ro", and back.
 */
#ifndef VOS_DISK_ARG_H
#define VOS_DISK_ARG_H

#include "cmd_error.h"
#include "request.h"
#include "volume_traits.h"

#define DISK_TEXT_BYTES 256u

/* False: *error says why. A size is rounded up to VOLUME_UNIT. */
bool disk_parse(struct disk_spec *to, const char *value, struct cmd_error *error);
/* Its parts. */
bool disk_set_pool(struct disk_spec *to, const char *value, struct cmd_error *error);
bool disk_set_any_pool(struct disk_spec *to, const char *value, struct cmd_error *error);	/* or a UUID */
bool disk_set_volume(struct disk_spec *to, const char *value, struct cmd_error *error);
bool disk_set_image(struct disk_spec *to, const char *value, struct cmd_error *error);
bool disk_set_trait(struct disk_spec *to, enum volume_trait trait, const char *value, struct cmd_error *error);
/* Of --size. */
bool disk_set_bytes(struct disk_spec *to, const char *value, struct cmd_error *error);
/* Of set-volume: bytes, or 0 for none. */
bool disk_set_reserve(struct disk_spec *to, const char *value, struct cmd_error *error);
bool disk_set_on(struct disk_spec *to, const char *value, struct cmd_error *error);
/* DISK, or DISK,DISK. */
bool disk_set_pool_disks(struct disk_spec to[2], const char *value, struct cmd_error *error);
/* UEFI of a new VM keeps its variables where the VM's first disk lies, if that is made for it: a disk more, unless one
 * is given, or there is no room. */
void disk_add_nvram(struct vm_spec *spec);
/* As disk_parse takes it, into text[DISK_TEXT_BYTES]; returned. */
const char *disk_text(char *text, const struct disk_spec *disk);

#endif
