/* SPDX-License-Identifier: MIT */
/*
 * spec.c - see spec.h.
 */
#include "spec.h"

#include <string.h>

#include "cpu_share.h"
#include "nic_rules.h"
#include "range.h"
#include "spec_fields.h"
#include "volume_traits.h"

static struct error_info bad_field(enum request_field field)
{
	return error_info_of(ERR_BAD_FIELD, 0, field);
}

static bool name_char_ok(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool spec_name_ok(const char name[VM_NAME_BYTES])
{
	if (!name_char_ok(name[0]))
		return false;
	for (u32 i = 1; i < VM_NAME_BYTES; i++) {
		if (name[i] == '\0')
			return true;
		if (!name_char_ok(name[i]) && name[i] != '-')
			return false;
	}
	return false;
}

static bool has_default_image(const struct image_table *images)
{
	return image_find(images, IMAGE_DEFAULT_KERNEL, false) != NULL &&
	       image_find(images, IMAGE_DEFAULT_INITRD, false) != NULL;
}

/* name[IMAGE_NAME_BYTES]; "" is fine where there need not be one. */
static struct error_info image_judge(const char *name, enum request_field field,
				  const struct image_table *images)
{
	struct error_info no = { .error = ERR_NO_IMAGE };

	if (name[0] == '\0' || (field == FIELD_ISO && strcmp(name, IMAGE_NO_DISC) == 0))
		return ERROR_INFO_NONE;
	if (!image_name_ok(name, IMAGE_NAME_BYTES))
		return bad_field(field);
	if (image_find(images, name, false) != NULL)
		return ERROR_INFO_NONE;
	strcpy(no.text, name);
	return no;
}

static struct error_info module_judge(const char module[MODULE_BYTES], const struct image_table *images)
{
	char name[IMAGE_NAME_BYTES];

	if (!image_of_module(module, name))
		return bad_field(FIELD_MODULE);
	return image_judge(name, FIELD_MODULE, images);
}

static struct error_info modules_judge(const struct vm_spec *s, const struct image_table *images)
{
	struct error_info no = ERROR_INFO_NONE;

	if (s->module_count > IMAGE_MODULES)
		return bad_field(FIELD_MODULE);
	for (u32 i = 0; i < s->module_count && no.error == ERR_NONE; i++)
		no = module_judge(s->modules[i], images);
	return no;
}

static struct error_info number_judge(const struct vm_spec *s, enum request_field field)
{
	const struct spec_field *row = &spec_fields[field];
	u64 number = spec_number(s, field);

	if (field == FIELD_CPU && number > row->most)
		return error_info_of(ERR_TOO_MANY_VCPUS, number, row->most);
	if (number < row->least || number > row->most)
		return bad_field(field);
	if (row->kind == KIND_SIZE && !aligned_ok(number, PAGE_SIZE_2M))
		return bad_field(field);
	return ERROR_INFO_NONE;
}

static bool volume_char_ok(char c)
{
	return name_char_ok(c) || c == '.' || c == '-';
}

bool spec_volume_name_ok(const char *name, u32 bytes)
{
	u32 length = (u32)strnlen(name, bytes);

	if (length == bytes || length > VOLUME_NAME_MAX || (length != 0 && !name_char_ok(name[0])))
		return false;
	for (u32 i = 0; i < length; i++)
		if (!volume_char_ok(name[i]))
			return false;
	return true;
}

static bool is_printable(const char *text, u32 bytes, u32 most)
{
	u32 length = (u32)strnlen(text, bytes);

	for (u32 i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return length <= most;
}

static bool rate_ok(u64 rate)
{
	return rate == 0 || (rate >= DISK_RATE_MIN && rate <= DISK_RATE_MAX);
}

bool spec_disk_ok(const struct disk_spec *d)
{
	return aligned_ok(d->bytes, VOLUME_UNIT) && d->bytes <= VOLUME_BYTES_MAX && d->iops <= DISK_IOPS_MAX &&
	       rate_ok(d->rate) &&
	       (d->flags & ~(DISK_READ_ONLY | DISK_TRUSTED | DISK_NVRAM | DISK_TRAITS_ALL)) == 0 &&
	       disk_traits_ok(d->flags) &&
	       ((d->flags & DISK_READ_ONLY) == 0 || (d->flags & DISK_NVRAM) == 0) &&
	       (d->bytes != 0 || d->volume[0] != '\0' || d->image[0] != '\0') &&
	       (d->image[0] == '\0' || image_name_ok(d->image, sizeof(d->image))) &&
	       spec_volume_name_ok(d->volume, sizeof(d->volume)) && spec_volume_name_ok(d->on, sizeof(d->on)) &&
	       is_printable(d->serial, sizeof(d->serial), BLK_SERIAL_BYTES - 1);
}

static struct error_info disks_judge(const struct vm_spec *s)
{
	if (s->disk_count > VM_DEVICES)
		return bad_field(FIELD_DISK);
	for (u32 i = 0; i < s->disk_count; i++)
		if (!spec_disk_ok(&s->disks[i]))
			return bad_field(FIELD_DISK);
	return ERROR_INFO_NONE;
}

static bool rules_ok(const struct nic_spec *nic)
{
	if (nic->rule_count > NIC_RULES)
		return false;
	for (u32 i = 0; i < nic->rule_count; i++)
		if (!nic_rule_ok(&nic->rules[i]))
			return false;
	return true;
}

/* A name of a switch is as one of a VM. */
bool spec_nic_ok(const struct nic_spec *nic)
{
	return spec_name_ok(nic->network) && nic->mac >> MAC_BITS == 0 && (nic->mac & MAC_GROUP) == 0 &&
	       nic->vlan <= NIC_VLAN_MAX && (nic->flags & ~NIC_FLAGS) == 0 && rules_ok(nic) &&
	       (nic->address == 0 || (nic_address_ok(nic->address) && (nic->flags & NIC_UNGUARDED) == 0)) &&
	       (nic->rate == 0 || (nic->rate >= NIC_RATE_MIN && nic->rate <= NIC_RATE_MAX));
}

static struct error_info nics_judge(const struct vm_spec *s)
{
	if (s->nic_count > VM_DEVICES)
		return bad_field(FIELD_NIC);
	for (u32 i = 0; i < s->nic_count; i++)
		if (!spec_nic_ok(&s->nics[i]))
			return bad_field(FIELD_NIC);
	return ERROR_INFO_NONE;
}

static struct error_info field_judge(const struct vm_spec *s, enum request_field field,
				     const struct image_table *images)
{
	const struct spec_field *row = &spec_fields[field];

	switch ((enum field_kind)row->kind) {
	case KIND_COUNT: case KIND_SIZE: case KIND_CHOICE:
		return number_judge(s, field);
	case KIND_RESTART:
		return s->restart < RESTART_COUNT && s->restart_limit <= row->most ? ERROR_INFO_NONE : bad_field(field);
	case KIND_IMAGE:
		return image_judge(spec_text(s, field), field, images);
	case KIND_IMAGES:
		return modules_judge(s, images);
	case KIND_TEXT:
		return memchr(spec_text(s, field), '\0', row->bytes) != NULL ? ERROR_INFO_NONE : bad_field(field);
	case KIND_DISK_LIST:
		return disks_judge(s);
	case KIND_NIC_LIST:
		return nics_judge(s);
	case KIND_PERCENT: case KIND_PCPUS:
		break;	/* parts of the share */
	}
	return ERROR_INFO_NONE;
}

/* Of UEFI's variables there is one disk, which has room for them. */
static struct error_info nvram_judge(const struct vm_spec *s)
{
	u32 count = 0;

	for (u32 i = 0; i < s->disk_count; i++) {
		const struct disk_spec *d = &s->disks[i];

		if ((d->flags & DISK_NVRAM) == 0)
			continue;
		if (!spec_has_firmware(s) || s->firmware != FIRMWARE_UEFI)
			return error_info_of(ERR_NVRAM_FIRMWARE, 0, 0);
		if (count++ != 0)
			return error_info_of(ERR_NVRAM_TWICE, 0, 0);
		if (d->bytes != 0 && d->bytes < DISK_NVRAM_BYTES)
			return error_info_of(ERR_NVRAM_SIZE, 0, 0);
	}
	return ERROR_INFO_NONE;
}

/* What a VM can start with, and on what hardware. */
static struct error_info boot_judge(const struct vm_spec *s, const struct image_table *images)
{
	if (!spec_has_firmware(s))
		return s->firmware == FIRMWARE_BIOS ? ERROR_INFO_NONE : error_info_of(ERR_BOOT_FIRMWARE, 0, 0);
	if (s->kernel[0] != '\0' || s->initrd[0] != '\0' || s->module_count != 0 || s->cmdline[0] != '\0')
		return error_info_of(ERR_BOOT_KERNEL, 0, 0);
	if (s->platform != PLATFORM_PC)
		return error_info_of(ERR_BOOT_PLATFORM, 0, 0);
	if (s->boot == BOOT_DISK && s->disk_count == spec_nvram_count(s))
		return error_info_of(ERR_BOOT_NO_DISK, 0, 0);
	if (s->boot == BOOT_ISO && s->iso[0] == '\0')
		return error_info_of(ERR_BOOT_NO_ISO, 0, 0);
	return image_judge(spec_firmware(s), s->firmware == FIRMWARE_BIOS ? FIELD_BOOT : FIELD_FIRMWARE, images);
}

struct error_info spec_judge(struct vm_spec *s, u32 asked, const struct image_table *images, u32 pcpus)
{
	struct error_info no = number_judge(s, FIELD_CPU);

	if (no.error == ERR_NONE)
		no = cpu_share_judge(&s->share, asked, s->cpus, pcpus);
	if (no.error != ERR_NONE)
		return no;
	if (!spec_has_firmware(s) && s->kernel[0] == '\0' && !has_default_image(images))
		return error_info_of(ERR_NO_DEFAULT_IMAGE, 0, 0);
	spec_fill(s, asked);
	for (u32 i = 0; i < FIELD_SPEC_COUNT && no.error == ERR_NONE; i++)
		if ((FIELDS_SHARE & BIT32(i)) == 0)
			no = field_judge(s, i, images);
	if (no.error == ERR_NONE)
		no = nvram_judge(s);
	return no.error == ERR_NONE ? boot_judge(s, images) : no;
}
