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
#include "units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	size_t size;
	u32 count, mistakes, last_line;
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
}

static void on_mistake(void *context, u32 line, u32 column, const char *text)
{
	struct seen *seen = context;

	check(line >= seen->last_line && line <= seen->size + 1 && column >= 1 && column <= seen->size + 1 && *text);
	seen->last_line = line;
	seen->mistakes++;
	check(seen->mistakes <= seen->size + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct seen seen;
	struct config_ops ops = { on_vm, on_mistake, &seen };

	commands = command_rows;
	memset(&seen, 0, sizeof(seen));
	seen.size = size;
	config_parse((const char *)data, size, &ops);
	return 0;
}
