/* SPDX-License-Identifier: MIT */
/*
 * spec_fields.h - the fields of a VM's spec by number (vm_fields.h): where each is, to copy, to compare and to check
 * them. Sets of fields are BIT32(enum request_field).
 */
#ifndef VOS_SPEC_FIELDS_H
#define VOS_SPEC_FIELDS_H

#include <string.h>

#include "request.h"
#include "syscalls.h"

struct spec_field {
	u16 offset, bytes;
	u8 kind;		/* enum field_kind */
	u64 least, most, initial;
};

#define SPEC_OFFSET(member) offsetof(struct vm_spec, member)
#define SPEC_END(member) (SPEC_OFFSET(member) + sizeof(((struct vm_spec *)0)->member))
#define SPEC_ROW(id, first, last, kind, least, most, initial, when, name, value, help) [FIELD_##id] = { \
	SPEC_OFFSET(first), SPEC_END(last) - SPEC_OFFSET(first), KIND_##kind, least, most, initial },

static const struct spec_field spec_fields[FIELD_SPEC_COUNT] = { VM_FIELDS(SPEC_ROW) };

#define SPEC_BIT_ANY_TIME(id, first, last, kind, least, most, initial, when, name, value, help) \
	| (when == ANY_TIME ? BIT32(FIELD_##id) : 0)

#define FIELDS_ALL (BIT32(FIELD_SPEC_COUNT) - 1)
#define FIELDS_ANY_TIME (0u VM_FIELDS(SPEC_BIT_ANY_TIME))
#define FIELDS_SHARE (BIT32(FIELD_CLASS) | BIT32(FIELD_WEIGHT) | BIT32(FIELD_CAP) | BIT32(FIELD_AFFINITY))

/* Of COUNT, SIZE, CHOICE, PERCENT and PCPUS. */
static inline u64 spec_number(const struct vm_spec *spec, u32 field)
{
	u64 number = 0;

	memcpy(&number, (const u8 *)spec + spec_fields[field].offset, spec_fields[field].bytes == 4 ? 4 : 8);
	return number;
}

static inline void spec_set_number(struct vm_spec *spec, u32 field, u64 number)
{
	memcpy((u8 *)spec + spec_fields[field].offset, &number, spec_fields[field].bytes == 4 ? 4 : 8);
}

/* Of IMAGE and TEXT. */
static inline const char *spec_text(const struct vm_spec *spec, u32 field)
{
	return (const char *)spec + spec_fields[field].offset;
}

static inline bool spec_has_firmware(const struct vm_spec *spec)
{
	return spec->boot != BOOT_KERNEL;
}

static inline const char *spec_firmware(const struct vm_spec *spec)
{
	return spec->firmware == FIRMWARE_UEFI ? IMAGE_UEFI : IMAGE_BIOS;
}

/* Of its disks, how many are for UEFI's variables. */
static inline u32 spec_nvram_count(const struct vm_spec *spec)
{
	u32 count = 0;

	for (u32 i = 0; i < spec->disk_count; i++)
		count += (spec->disks[i].flags & DISK_NVRAM) != 0;
	return count;
}

/* UEFI that has none. */
static inline bool spec_loses_variables(const struct vm_spec *spec)
{
	return spec_has_firmware(spec) && spec->firmware == FIRMWARE_UEFI && spec_nvram_count(spec) == 0;
}

/* Of a VM with firmware: no kernel, nor what was loaded with one; a PC, unless another is asked for. */
static inline void spec_fill_firmware(struct vm_spec *spec, u32 asked)
{
	static const u32 of_kernel[] = { FIELD_KERNEL, FIELD_INITRD, FIELD_MODULE, FIELD_CMDLINE };

	for (u32 i = 0; i < ARRAY_COUNT(of_kernel); i++)
		if ((asked & BIT32(of_kernel[i])) == 0)
			memset((u8 *)spec + spec_fields[of_kernel[i]].offset, 0, spec_fields[of_kernel[i]].bytes);
	if ((asked & BIT32(FIELD_PLATFORM)) == 0)
		spec->platform = PLATFORM_PC;
}

/* What root makes of a spec in which `asked` was given: the default image where no kernel is named, a default share. */
static inline void spec_fill(struct vm_spec *spec, u32 asked)
{
	if (spec_has_firmware(spec)) {
		spec_fill_firmware(spec, asked);
	} else if (spec->kernel[0] == '\0') {
		strcpy(spec->kernel, IMAGE_DEFAULT_KERNEL);
		if (spec->initrd[0] == '\0' && (asked & BIT32(FIELD_INITRD)) == 0)
			strcpy(spec->initrd, IMAGE_DEFAULT_INITRD);
		if (spec->cmdline[0] == '\0' && (asked & BIT32(FIELD_CMDLINE)) == 0)
			strcpy(spec->cmdline, IMAGE_DEFAULT_CMDLINE);
	}
	if (spec->share.weight == 0)
		spec->share.weight = SHARE_WEIGHT_DEFAULT;
	if (spec->share.affinity == 0)
		spec->share.affinity = SHARE_ALL_PCPUS;
}

/* *to with these fields of *from. */
static inline void spec_merge(struct vm_spec *to, const struct vm_spec *from, u32 fields)
{
	for (u32 i = 0; i < FIELD_SPEC_COUNT; i++)
		if ((fields & BIT32(i)) != 0)
			memcpy((u8 *)to + spec_fields[i].offset, (const u8 *)from + spec_fields[i].offset,
			       spec_fields[i].bytes);
}

/* Which differ. Text must be padded with zeros to the end of its array. */
static inline u32 spec_differing(const struct vm_spec *a, const struct vm_spec *b)
{
	u32 fields = 0;

	for (u32 i = 0; i < FIELD_SPEC_COUNT; i++)
		if (memcmp((const u8 *)a + spec_fields[i].offset, (const u8 *)b + spec_fields[i].offset,
			   spec_fields[i].bytes) != 0)
			fields |= BIT32(i);
	return fields;
}

#endif
