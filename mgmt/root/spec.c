/*
 * spec.c - see spec.h.
 */
#include "spec.h"

#include <string.h>

#include "cpu_share.h"
#include "range.h"

static struct refusal bad_field(enum request_field field)
{
	return refusal_of(ERR_BAD_FIELD, 0, field);
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

static struct refusal numbers_judge(const struct vm_spec *s)
{
	if (s->cpus == 0)
		return bad_field(FIELD_CPU);
	if (s->cpus > VM_VCPUS)
		return refusal_of(ERR_TOO_MANY_VCPUS, s->cpus, VM_VCPUS);
	if (s->memory_bytes == 0 || !aligned_ok(s->memory_bytes, PAGE_SIZE_2M) || s->memory_bytes > SPEC_MEMORY_MAX)
		return bad_field(FIELD_MEMORY);
	if (s->platform >= PLATFORM_COUNT)
		return bad_field(FIELD_PLATFORM);
	if (s->restart >= RESTART_COUNT || s->restart_limit > SPEC_RESTARTS_MAX)
		return bad_field(FIELD_RESTART);
	if (s->module_count > IMAGE_MODULES)
		return bad_field(FIELD_MODULE);
	if (s->memory_policy >= MEMORY_POLICY_COUNT)
		return bad_field(FIELD_MEMORY_POLICY);
	return REFUSAL_NONE;
}

static void use_default_image(struct vm_spec *s)
{
	strcpy(s->kernel, IMAGE_DEFAULT_KERNEL);
	if (s->initrd[0] == '\0')
		strcpy(s->initrd, IMAGE_DEFAULT_INITRD);
	if (s->cmdline[0] == '\0')
		strcpy(s->cmdline, IMAGE_DEFAULT_CMDLINE);
}

/* name: "" is fine where there need not be one. */
static struct refusal image_judge(const char name[IMAGE_NAME_BYTES], enum request_field field,
				  const struct image_table *images)
{
	struct refusal no = { .error = ERR_NO_IMAGE };

	if (name[0] == '\0')
		return REFUSAL_NONE;
	if (!image_name_ok(name, IMAGE_NAME_BYTES))
		return bad_field(field);
	if (image_find(images, name, false) != NULL)
		return REFUSAL_NONE;
	strcpy(no.text, name);
	return no;
}

static struct refusal module_judge(const char module[MODULE_BYTES], const struct image_table *images)
{
	char name[IMAGE_NAME_BYTES];

	if (!image_of_module(module, name))
		return bad_field(FIELD_MODULE);
	return image_judge(name, FIELD_MODULE, images);
}

static struct refusal images_judge(const struct vm_spec *s, const struct image_table *images)
{
	struct refusal no = image_judge(s->kernel, FIELD_KERNEL, images);

	if (no.error == ERR_NONE)
		no = image_judge(s->initrd, FIELD_INITRD, images);
	if (no.error == ERR_NONE)
		no = image_judge(s->vmm, FIELD_VMM, images);
	for (u32 i = 0; i < s->module_count && no.error == ERR_NONE; i++)
		no = module_judge(s->modules[i], images);
	return no;
}

struct refusal spec_judge(struct vm_spec *s, const struct image_table *images, u32 pcpus)
{
	struct refusal no = numbers_judge(s);

	if (no.error == ERR_NONE)
		no = cpu_share_judge(&s->share, s->share.weight != 0 ? BIT32(FIELD_WEIGHT) : 0, s->cpus, pcpus);
	if (no.error != ERR_NONE)
		return no;
	if (memchr(s->cmdline, '\0', CMDLINE_BYTES) == NULL)
		return bad_field(FIELD_CMDLINE);
	if (s->kernel[0] == '\0') {
		if (image_find(images, IMAGE_DEFAULT_KERNEL, false) == NULL ||
		    image_find(images, IMAGE_DEFAULT_INITRD, false) == NULL)
			return refusal_of(ERR_NO_DEFAULT_IMAGE, 0, 0);
		use_default_image(s);
	}
	return images_judge(s, images);
}
