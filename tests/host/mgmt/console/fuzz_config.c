/* SPDX-License-Identifier: MIT */
/*
 * Any text as vos.conf: it ends, names are unique, places of mistakes are within the text.
 */
/*
 * links: console
 */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "config.h"
#include "export.h"
#include "syscalls.h"
#include "units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	size_t end;		/* of the last statement */
	size_t size;
	u32 count, mistakes, last_line;
	struct args last;
	char names[VM_COUNT][VM_NAME_BYTES];
};

static void check(bool is_true)
{
	if (!is_true)
		abort();
}

static void on_vm(void *context, const struct args *args)
{
	struct seen *seen = context;

	check(seen->count < VM_COUNT && name_ok(args->name));
	for (u32 i = 0; i < seen->count; i++)
		check(strcmp(seen->names[i], args->name) != 0);
	memcpy(seen->names[seen->count++], args->name, VM_NAME_BYTES);
	check(args->spec.cpus >= 1 && args->spec.memory_bytes % PAGE_SIZE_2M == 0);
	check(args->spec.module_count <= IMAGE_MODULES);
	seen->last = *args;
}

static void on_network(void *context, const struct args *args)
{
	(void)context;
	check(name_ok(args->name));
}

static void on_networks(void *context)
{
	(void)context;
}

static void on_mistake(void *context, u32 line, u32 column, const char *text)
{
	struct seen *seen = context;

	check(line >= seen->last_line && line <= seen->size + 1 && column >= 1 && column <= seen->size + 1 && *text);
	seen->last_line = line;
	seen->mistakes++;
	check(seen->mistakes <= seen->size + 1);
}

/* They follow each other, and are within the text. */
static void on_statement(void *context, struct config_span span, bool is_right)
{
	struct seen *seen = context;

	(void)is_right;
	check(span.from >= seen->end && span.to > span.from && span.to <= seen->size);
	seen->end = span.to;
}

/* What is written of a VM makes the same again. */
static void round_trip(const struct args *args)
{
	static char text[65536];
	static struct seen again;
	static struct vm_spec spec;
	struct config_ops ops = { on_vm, on_network, on_networks, on_mistake, &again, on_statement };
	struct out_buffer buffer;
	struct out out;

	spec = args->spec;
	spec_fill(&spec, fields_of_args(args->given));
	if (spec.share.class == SCHED_CLASS_RT)
		spec.share.weight = 0;
	out_buffer_init(&buffer, text, sizeof(text));
	out = out_to_buffer(&buffer);
	export_vm(&out, args->name, &spec);
	memset(&again, 0, sizeof(again));
	again.size = buffer.used;
	config_parse(text, buffer.used, &ops);
	check(again.count == 1 && again.mistakes == 0 && !buffer.is_full);
	check(strcmp(again.last.name, args->name) == 0);
	check(spec_differing(&again.last.spec, &spec) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct seen seen;
	struct config_ops ops = { on_vm, on_network, on_networks, on_mistake, &seen, on_statement };

	commands = command_rows;
	memset(&seen, 0, sizeof(seen));
	seen.size = size;
	config_parse((const char *)data, size, &ops);
	if (seen.count)
		round_trip(&seen.last);
	return 0;
}
