/* SPDX-License-Identifier: MIT */
/*
 * A line into the parser, completion and help: what is accepted is complete and within its bounds.
 */
/*
 * links: console
 */
#include <stdlib.h>
#include <string.h>

#include "complete.h"
#include "syscalls.h"
#include "units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is_true)
{
	if (!is_true)
		abort();
}

static const char *one_name(void *context, u32 index)
{
	(void)context;
	return index == 0 ? "build1" : 0;
}

static void check_args(const struct args *args)
{
	check(memchr(args->name, 0, sizeof(args->name)) != 0);
	check((args->command->needs & ~args->given) == 0 || args_has(args, ARG_HELP));
	check((args->given & ~(args->command->takes | ARG_BIT(ARG_HELP))) == 0);
	check(!args_has(args, ARG_NAME) || name_ok(args->name));
	if (args->command->takes & ARG_BIT(ARG_ROUTER)) {
		check(args->router.inner_count <= ROUTER_INNER_PORTS && args->router.forward_count <= ROUTER_FORWARDS);
		return;
	}
	check(args->spec.cpus >= 1 && args->spec.memory_bytes % PAGE_SIZE_2M == 0 && args->spec.memory_bytes);
	check(args->spec.platform < PLATFORM_COUNT && args->spec.restart < RESTART_COUNT);
	check(args->spec.share.class <= SCHED_CLASS_RT && args->spec.share.weight <= SCHED_WEIGHT_MAX);
	check(args->spec.memory_policy < MEMORY_POLICY_COUNT && args->interval_ns);
	check(!args_has(args, ARG_AFFINITY) || args->spec.share.affinity);
	check(args->spec.module_count <= IMAGE_MODULES);
	check(memchr(args->spec.cmdline, 0, sizeof(args->spec.cmdline)) != 0);
	check(memchr(args->spec.kernel, 0, sizeof(args->spec.kernel)) != 0);
}

static void drop(void *context, const char *bytes, size_t count)
{
	(void)context;
	for (size_t i = 0; i < count; i++)
		check(bytes[i] != 0);
}

static void parse(const char *line)
{
	static struct args args;
	struct cmd_error error;

	if (!command_parse(line, &args, &error)) {
		check(error.code != RESULT_OK && error.text[0] && error.class);
		return;
	}
	if (args.command)
		check_args(&args);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const starts[] = { "", "create-vm x ", "create-vm --cmdline ", "vm ", "set-vm x --",
		"set-vm x --affinity ", "set-vm x --cap ", "top --", "create-vm x --disk ",
		"create-volume x --size ", "volume list ", "list-disk --name ", "create-router x --inner ",
		"create-router x --outer ", "set-router x --forward " };
	static struct completion completion;
	static const struct name_source names = {
		one_name, one_name, one_name, one_name, one_name, one_name, one_name, one_name, one_name, 0,
	};
	static const struct out out = { drop, 0 };
	static char line[LINE_BYTES];
	size_t used;

	commands = command_rows;
	used = size ? (size_t)strlen(strcpy(line, starts[data[0] % ARRAY_COUNT(starts)])) : 0;
	for (size_t i = 1; i < size && used < sizeof(line) - 1; i++)
		if (data[i])
			line[used++] = (char)data[i];
	line[used] = 0;
	parse(line);
	complete(line, used, &names, &completion);
	check(completion.count <= CANDIDATE_COUNT && completion.start + completion.length <= used);
	for (u32 i = 0; i < completion.count; i++)
		check(complete_common(&completion) <= strlen(completion.candidates[i]));
	if (complete_wants_help(line, used / 2))
		complete_help(line, used / 2, &names, &out);
	return 0;
}
