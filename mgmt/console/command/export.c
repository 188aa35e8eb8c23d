/* SPDX-License-Identifier: MIT */
/*
 * export.c - see export.h.
 */
#include <string.h>

#include "export.h"
#include "fields.h"
#include "router_arg.h"

static const struct args *in_config(const struct session *s, const char *name)
{
	for (u32 i = 0; i < s->console->config_count; i++)
		if (strcmp(s->console->config[i].name, name) == 0)
			return &s->console->config[i];
	return 0;
}

void export_vm(const struct out *out, const char *name, const struct vm_spec *spec)
{
	out_format(out, "vm %s {\n", name);
	for (u32 i = 0; i < FIELD_SPEC_COUNT; i++) {
		if (i == FIELD_WEIGHT && spec->share.class == SCHED_CLASS_RT)
			continue;	/* a real-time VM may not be given one */
		if (i == FIELD_KERNEL && spec_has_firmware(spec))
			continue;	/* nor one with firmware a kernel, not even none */
		out_text(out, "\t");
		field_conf(out, spec, i);
		out_text(out, ";\n");
	}
	out_text(out, "}\n");
}

static void export_switch(const struct out *out, const struct switch_row *row)
{
	out_format(out, "switch %s {\n", row->name);
	if (row->uplink[0])
		out_format(out, "\tuplink %s;\n", row->uplink);
	out_text(out, "}\n");
}

static void export_router(const struct out *out, const struct router_row *row)
{
	char text[ROUTER_TEXT_BYTES];

	out_format(out, "router %s {\n", row->name);
	if (row->spec.outer.network[0])
		out_format(out, "\touter %s;\n", router_outer_text(text, &row->spec));
	for (u32 i = 0; i < row->spec.inner_count; i++)
		out_format(out, "\tinner %s;\n", router_inner_text(text, &row->spec.inner[i]));
	for (u32 i = 0; i < row->spec.forward_count; i++)
		out_format(out, "\tforward %s;\n", router_forward_text(text, &row->spec.forward[i]));
	out_text(out, "}\n");
}

/* Returns how many there are. A machine with a network card would have the default ones. */
static u32 export_networks(const struct out *out, const struct inventory *m)
{
	for (u32 i = 0; i < m->switch_count; i++)
		export_switch(out, &m->switches[i]);
	for (u32 i = 0; i < m->router_count; i++)
		export_router(out, &m->routers[i]);
	if (m->switch_count + m->router_count == 0 && inventory_has_card(m))
		out_text(out, "networks none;\n");
	return m->switch_count + m->router_count;
}

void export_text(const struct out *out, const void *what)
{
	const struct session *s = ((const struct export_what *)what)->session;
	const char *name = ((const struct export_what *)what)->name;
	const struct inventory *m = &s->console->inventory;
	u32 count = *name ? 0 : export_networks(out, m);

	for (u32 i = 0; i < VM_COUNT; i++) {
		const struct vm_entry *vm = &s->console->inventory.vms[i];

		if (!vm->is_used || vm->report.is_leaving || (*name && strcmp(name, vm->report.name) != 0))
			continue;
		count++;
		export_vm(out, vm->report.name, &vm->report.spec);
	}
	if (count == 0)
		out_text(out, "# There are no VMs.\n");
}

void export_json(struct json_writer *writer, const char *key, const void *what)
{
	struct out out;

	json_open(writer, key, '{');
	out = json_text_begin(writer, "text");
	export_text(&out, what);
	json_text_end(writer);
	json_close(writer, '}');
}

bool export_is_lost(const struct session *s, const struct vm_entry *vm)
{
	static struct vm_spec want;	/* too large for the stack */
	const struct args *args = in_config(s, vm->report.name);

	if (!args)
		return true;
	want = args->spec;
	spec_fill(&want, fields_of_args(args->given));
	if (want.share.class == SCHED_CLASS_RT)	/* it keeps the weight that it had as a fair one, unused */
		want.share.weight = vm->report.spec.share.weight;
	return spec_differing(&vm->report.spec, &want) != 0;
}
