/* SPDX-License-Identifier: MIT */
/*
 * apply_row.c - see apply_row.h.
 */
#include "apply_row.h"

#include "fields.h"

static void list_fields(const struct out *out, u32 fields)
{
	u32 count = 0;

	for (u32 i = 0; i < FIELD_SPEC_COUNT; i++)
		if (fields & BIT32(i))
			out_format(out, "%s%s", count++ ? ", " : "", arg_specs[ARG_OF_FIELD(i)].name);
	out_format(out, " differ%s; stop the VM to apply it\n", count == 1 ? "s" : "");
}

static void list_set(const struct out *out, const struct vm_spec *spec, u32 fields)
{
	u32 count = 0;

	for (u32 i = 0; i < FIELD_SPEC_COUNT; i++) {
		if (!(fields & BIT32(i)))
			continue;
		out_text(out, count++ ? "; " : "");
		field_conf(out, spec, i);
	}
	out_text(out, "\n");
}

static void row_text(const struct out *out, const void *what)
{
	const struct apply_vm *vm = what;
	const struct apply_row *row = vm->row;
	const char *name = vm->args->name, *kind = apply_is_vm(vm->args) ? "" :
		vm->args->command->op == REQ_CREATE_SWITCH ? "switch " : "router ";

	if (row->differs) {
		out_format(out, "! %s: ", name);
		list_fields(out, row->differs);
	}
	if (row->set) {
		out_format(out, "~ %s%s: %s: ", kind, name, vm->is_dry_run ? "would be set" : "is set");
		if (apply_is_vm(vm->args))
			list_set(out, &vm->args->spec, row->set);
		else
			out_text(out, "what it forwards\n");
	}
	if (row->is_created)
		out_format(out, "+ %s%s: %s%s\n", kind, name, vm->is_dry_run ? "would be created" : "created",
			row->is_started ? " and started" : "");
	if (!row->differs && !row->set && !row->is_created && !row->has_fault)
		out_format(out, "= %s%s: no change\n", kind, name);
}

static void write_fields(struct json_writer *writer, const char *key, u32 fields)
{
	json_open(writer, key, '[');
	for (u32 i = 0; i < FIELD_SPEC_COUNT; i++)
		if (fields & BIT32(i))
			json_text(writer, 0, arg_specs[ARG_OF_FIELD(i)].name);
	json_close(writer, ']');
}

static void row_json(struct json_writer *writer, const char *key, const void *what)
{
	const struct apply_vm *vm = what;
	const struct apply_row *row = vm->row;

	json_open(writer, key, '{');
	json_text(writer, "name", vm->args->name);
	json_bool(writer, "created", row->is_created);
	if (vm->args->command->op == REQ_CREATE_ROUTER)
		json_bool(writer, "set", row->set != 0);
	if (apply_is_vm(vm->args)) {
		json_bool(writer, "started", row->is_started);
		write_fields(writer, "set", row->set);
		write_fields(writer, "differs", row->differs);
	}
	if (row->has_fault)
		json_error(writer, &row->error);
	json_close(writer, '}');
}

const struct view apply_row_view = { row_text, row_json };
