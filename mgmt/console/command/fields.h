/* SPDX-License-Identifier: MIT */
/*
 * fields.h - the properties of a VM (vm_fields.h) written out: as JSON, as vos.conf, as a row of status-vm.
 */
#ifndef VOS_FIELDS_H
#define VOS_FIELDS_H

#include "args.h"
#include "json.h"

/*
 * As its flag takes it: in text[SET_TEXT_BYTES], or the spec's own text. No image is "none". Not for KIND_IMAGES,
 * KIND_DISK_LIST and KIND_NIC_LIST.
 */
const char *field_text(char *text, const struct vm_spec *spec, u32 field);
/* As a member of an object: counts and sizes as numbers, images, disks and network cards as arrays, all else as text;
 * no image is "". */
void field_json(struct json_writer *writer, const struct vm_spec *spec, u32 field);
void fields_json(struct json_writer *writer, const struct vm_spec *spec, u32 fields);
/* "memory 512M", or "module a; module b": as vos.conf takes it, without the last semicolon. */
void field_conf(const struct out *out, const struct vm_spec *spec, u32 field);

#endif
