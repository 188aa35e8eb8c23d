/* SPDX-License-Identifier: MIT */
/*
 * fields.c - see fields.h.
 */
#include <stdio.h>
#include <string.h>

#include "disk_arg.h"
#include "fields.h"
#include "nic_arg.h"
#include "units.h"

static const char *const restart_words[RESTART_COUNT] = {
	[RESTART_NEVER] = "never", [RESTART_ON_FAILURE] = "on-failure:%u", [RESTART_ALWAYS] = "always",
};

static const char *restart_text(char *text, const struct vm_spec *spec)
{
	u32 restart = spec->restart < RESTART_COUNT ? spec->restart : RESTART_NEVER;

	snprintf(text, SET_TEXT_BYTES, restart_words[restart], spec->restart_limit);
	return text;
}

const char *field_text(char *text, const struct vm_spec *spec, u32 field)
{
	enum field_kind kind = (enum field_kind)spec_fields[field].kind;
	u64 number = kind <= KIND_PCPUS ? spec_number(spec, field) : 0;

	switch (kind) {
	case KIND_COUNT:
		snprintf(text, SET_TEXT_BYTES, "%u", (u32)number);
		break;
	case KIND_SIZE:
		if (number == 0)
			return "none";
		snprintf(text, SET_TEXT_BYTES, number % GIB ? "%lluM" : "%lluG",
			(unsigned long long)(number / (number % GIB ? MIB : GIB)));
		break;
	case KIND_CHOICE:
		if (!choice_word(text, &arg_specs[ARG_OF_FIELD(field)], (u32)number))
			return "?";
		break;
	case KIND_PERCENT:
		snprintf(text, SET_TEXT_BYTES, number ? "%u%%" : "none", (u32)number);
		break;
	case KIND_PCPUS:
		return number == SHARE_ALL_PCPUS ? "all" : set_text(text, number);
	case KIND_RESTART:
		return restart_text(text, spec);
	case KIND_IMAGE:
		return *spec_text(spec, field) ? spec_text(spec, field) : "none";
	case KIND_TEXT:
		return spec_text(spec, field);
	case KIND_IMAGES: case KIND_DISK_LIST: case KIND_NIC_LIST:
		break;
	}
	return text;
}

/* Of a list: how many, and the text of one, in text[ITEM_TEXT_BYTES] or the spec's own. */
#define ITEM_TEXT_BYTES NIC_TEXT_BYTES
_Static_assert(DISK_TEXT_BYTES <= ITEM_TEXT_BYTES && SET_TEXT_BYTES <= ITEM_TEXT_BYTES, "room for one");

static u32 list_count(const struct vm_spec *spec, u32 field)
{
	switch ((enum field_kind)spec_fields[field].kind) {
	case KIND_IMAGES:
		return spec->module_count;
	case KIND_DISK_LIST:
		return spec->disk_count;
	case KIND_NIC_LIST:
		return spec->nic_count;
	default:
		return 0;
	}
}

static const char *list_item(char *text, const struct vm_spec *spec, u32 field, u32 index)
{
	if (spec_fields[field].kind == KIND_IMAGES)
		return spec->modules[index];
	return spec_fields[field].kind == KIND_DISK_LIST ? disk_text(text, &spec->disks[index])
						     : nic_text(text, &spec->nics[index]);
}

void field_json(struct json_writer *w, const struct vm_spec *spec, u32 field)
{
	const char *name = arg_specs[ARG_OF_FIELD(field)].name;
	char text[ITEM_TEXT_BYTES];

	switch ((enum field_kind)spec_fields[field].kind) {
	case KIND_COUNT:
	case KIND_SIZE:
		json_number(w, name, spec_number(spec, field));
		return;
	case KIND_IMAGE:
		json_text(w, name, spec_text(spec, field));
		return;
	case KIND_IMAGES: case KIND_DISK_LIST: case KIND_NIC_LIST:
		json_open(w, name, '[');
		for (u32 i = 0; i < list_count(spec, field); i++)
			json_text(w, 0, list_item(text, spec, field, i));
		json_close(w, ']');
		return;
	default:
		json_text(w, name, field_text(text, spec, field));
	}
}

void fields_json(struct json_writer *w, const struct vm_spec *spec, u32 fields)
{
	for (u32 i = 0; i < FIELD_SPEC_COUNT; i++)
		if (fields & BIT32(i))
			field_json(w, spec, i);
}

/* ---- vos.conf ---- */

/* A word of vos.conf that needs no quotes: config.c splits at blanks and at its signs. */
static bool is_word(const char *text)
{
	return *text && text[strcspn(text, " \t\r\n{};#\"\\")] == 0;
}

static void conf_text(const struct out *out, const char *text)
{
	if (is_word(text)) {
		out_text(out, text);
		return;
	}
	out_text(out, "\"");
	while (*text) {
		size_t length = strcspn(text, "\"\\");

		out_bytes(out, text, length);
		text += length;
		if (*text)
			out_format(out, "\\%c", *text++);
	}
	out_text(out, "\"");
}

void field_conf(const struct out *out, const struct vm_spec *spec, u32 field)
{
	const char *name = arg_specs[ARG_OF_FIELD(field)].name;
	u32 count = list_count(spec, field);
	char text[ITEM_TEXT_BYTES] = "none";

	for (u32 i = 0; i < count; i++) {
		out_format(out, i ? "; %s " : "%s ", name);
		conf_text(out, list_item(text, spec, field, i));
	}
	if (count)
		return;
	out_format(out, "%s ", name);
	conf_text(out, field_text(text, spec, field));
}
