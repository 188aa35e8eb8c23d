/* SPDX-License-Identifier: MIT */
/*
 * args.c - see args.h.
 */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "disk_arg.h"
#include "look_arg.h"
#include "nic_arg.h"
#include "out.h"
#include "range.h"
#include "router_arg.h"
#include "secret_arg.h"
#include "syscalls.h"
#include "units.h"

#define CPUS_PARSED 4096u	/* more than there can be: how many that is, root says (exit code 9) */
#define DEFAULT_INTERVAL_NS (2 * NS_PER_SECOND)
#define INTERVAL_MIN_NS (500 * NS_PER_MS)	/* a table takes a fifth of a second at 115200 baud */

void args_init(struct args *args, const struct command *command)
{
	memset(args, 0, sizeof(*args));
	args->command = command;
	for (u32 i = 0; i < FIELD_SPEC_COUNT && !(command && (command->takes & ARG_BIT(ARG_ROUTER))); i++)
		if (spec_fields[i].initial)
			spec_set_number(&args->spec, i, spec_fields[i].initial);
	args->interval_ns = DEFAULT_INTERVAL_NS;
}

bool args_has(const struct args *args, enum arg arg)
{
	return args->given & ARG_BIT(arg);
}

bool arg_needs_value(enum arg arg)
{
	return arg_specs[arg].type != TYPE_SWITCH && arg_specs[arg].type != TYPE_TIME_OPTIONAL;
}

static const struct spec_field *field_of(enum arg arg)
{
	return &spec_fields[FIELD_OF_ARG(arg)];
}

static bool set_name(char *to, const char *value, struct cmd_error *error)
{
	if (!name_ok(value))
		return error_set(error, RESULT_USAGE,
			"\"%.40s\" is not a name: use a-z, 0-9 and -, at most 31 characters, not "
			"beginning with -",
			value);
	(void)text_copy(to, VM_NAME_BYTES, value);
	return true;
}

static bool takes_many(const struct args *args)
{
	return args->command && (args->command->takes & ARG_BIT(ARG_ALL));
}

/* Of a command on several VMs: the first name is in args->name, too. */
static bool add_name(struct args *args, const char *value, struct cmd_error *error)
{
	static struct name_list list;
	char name[VM_NAME_BYTES];

	if (!set_name(name, value, error))
		return false;
	if (!args->names) {
		list.count = 0;
		memcpy(args->name, name, sizeof(name));
	}
	args->names = &list;
	for (u32 i = 0; i < list.count; i++)
		if (strcmp(list.name[i], name) == 0)
			return true;
	if (list.count == VM_COUNT)
		return error_set(error, RESULT_USAGE, "more than %u names. Use --all, or several commands", VM_COUNT);
	memcpy(list.name[list.count++], name, sizeof(name));
	return true;
}

static bool is_none(const char *value)
{
	return *value == 0 || strcmp(value, "none") == 0;
}

static bool set_image(struct vm_spec *spec, enum arg arg, const char *value, struct cmd_error *error)
{
	const struct spec_field *row = field_of(arg);
	char *to = (char *)spec + row->offset;

	if (is_none(value) && row->least == 0) {
		memset(to, 0, IMAGE_NAME_BYTES);
		return true;
	}
	if (*value == 0)
		return error_set(error, RESULT_USAGE, "an image's name is empty. list-image shows what there is");
	if (!text_copy(to, IMAGE_NAME_BYTES, value))
		return error_set(error, RESULT_USAGE,
			"\"%.40s...\" is too long for an image's name. list-image shows what there is", value);
	return true;
}

/* One of a list: the first `length` bytes of value. */
static bool add_module(struct vm_spec *spec, const char *value, size_t length, struct cmd_error *error)
{
	char *to = spec->modules[spec->module_count];
	size_t name = strcspn(value, " ");

	if (spec->module_count == IMAGE_MODULES)
		return error_set(error, RESULT_USAGE, "at most %u modules are possible", IMAGE_MODULES);
	if (!text_is_plain(value))
		return error_set(error, RESULT_USAGE, "--module has a character that can't be printed");
	if (name > length)
		name = length;
	if (name == 0)
		return error_set(error, RESULT_USAGE, "an image's name is empty. list-image shows what there is");
	if (name >= IMAGE_NAME_BYTES)
		return error_set(error, RESULT_USAGE, "\"%.40s...\" is too long for an image's name", value);
	if (length >= MODULE_BYTES)
		return error_set(error, RESULT_USAGE, "a module's name and text are at most %u characters",
			MODULE_BYTES - 1);
	memcpy(to, value, length);
	to[length] = 0;
	spec->module_count++;
	return true;
}

/* A value with a blank is one module and its text, which may hold commas; another is a list. */
static bool set_modules(struct vm_spec *spec, const char *value, struct cmd_error *error)
{
	const char *between = strchr(value, ' ') ? "" : ",";

	if (spec->module_count == 0 && is_none(value))
		return true;
	for (;;) {
		size_t length = strcspn(value, between);

		if (!add_module(spec, value, length, error))
			return false;
		value += length;
		if (*value == 0)
			return true;
		value++;
	}
}

static bool add_disk(struct vm_spec *spec, const char *value, struct cmd_error *error)
{
	if (spec->disk_count == 0 && is_none(value))
		return true;
	if (spec->disk_count == VM_DEVICES)
		return error_set(error, RESULT_USAGE, "at most %u disks are possible", VM_DEVICES);
	if (!disk_parse(&spec->disks[spec->disk_count], value, error))
		return false;
	spec->disk_count++;
	return true;
}

static bool add_nic(struct vm_spec *spec, const char *value, struct cmd_error *error)
{
	if (spec->nic_count == 0 && is_none(value))
		return true;
	if (spec->nic_count == VM_DEVICES)
		return error_set(error, RESULT_USAGE, "at most %u network cards are possible", VM_DEVICES);
	if (!nic_parse(&spec->nics[spec->nic_count], value, error))
		return false;
	spec->nic_count++;
	return true;
}

static bool set_uplink(struct switch_spec *spec, const char *value, struct cmd_error *error)
{
	bool has_one = !is_none(value);

	memset(spec, 0, sizeof(*spec));
	if (has_one && (!name_ok(value) || !text_copy(spec->uplink, sizeof(spec->uplink), value)))
		return error_set(error, RESULT_USAGE,
			"\"%.40s\" is not a network card: --uplink is the name of its driver, such as nic0 (see "
			"list-device), or none", value);
	return true;
}

/* "a or b" for "a|b" */
static const char *words_of(char *text, enum arg arg)
{
	char word[SET_TEXT_BYTES];
	size_t used = 0;

	text[0] = 0;
	for (u32 i = 0; choice_word(word, &arg_specs[arg], i) && used < SET_TEXT_BYTES; i++)
		used += (size_t)snprintf(text + used, SET_TEXT_BYTES - used, "%s%s", i ? " or " : "", word);
	return text;
}

static bool set_choice(struct vm_spec *spec, enum arg arg, const char *value, struct cmd_error *error)
{
	char word[SET_TEXT_BYTES];

	for (u32 i = 0; choice_word(word, &arg_specs[arg], i); i++) {
		if (strcmp(value, word) != 0)
			continue;
		spec_set_number(spec, FIELD_OF_ARG(arg), i);
		return true;
	}
	return error_set(error, RESULT_USAGE, "--%s is %s, not \"%.40s\"", arg_specs[arg].name, words_of(word, arg),
		value);
}

static bool set_percent(struct vm_spec *spec, enum arg arg, const char *value, struct cmd_error *error)
{
	char number[16] = "";
	size_t length = strlen(value);
	u32 percent = 0;

	if (length > 0 && value[length - 1] == '%')
		length--;
	if (length < sizeof(number))
		memcpy(number, value, length);
	if (strcmp(value, "none") != 0 && !count_parse(number, 1000000, &percent))
		return error_set(error, RESULT_USAGE,
			"--%s is a percentage of one pCPU such as 50%%, or 250%% for several vCPUs, or none; not "
			"\"%.40s\"", arg_specs[arg].name, value);
	if (strcmp(value, "none") != 0 && percent == 0)
		return error_set(error, RESULT_USAGE, "a VM with --%s 0 would never run. Use none, or pause-vm",
			arg_specs[arg].name);
	spec_set_number(spec, FIELD_OF_ARG(arg), percent);
	return true;
}

static bool set_pcpus(struct vm_spec *spec, enum arg arg, const char *value, struct cmd_error *error)
{
	u64 pcpus = SHARE_ALL_PCPUS;

	if (strcmp(value, "all") != 0 && !set_parse(value, &pcpus))
		return error_set(error, RESULT_USAGE,
			"--%s is a list of pCPUs from 0 to 63 such as 0,2-3, or all; not \"%.40s\"",
			arg_specs[arg].name, value);
	spec_set_number(spec, FIELD_OF_ARG(arg), pcpus);
	return true;
}

static bool set_restart(struct vm_spec *spec, const char *value, struct cmd_error *error)
{
	spec->restart_limit = 0;
	if (strcmp(value, "never") == 0) {
		spec->restart = RESTART_NEVER;
		return true;
	}
	if (strcmp(value, "always") == 0) {
		spec->restart = RESTART_ALWAYS;
		return true;
	}
	if (strncmp(value, "on-failure:", 11) == 0 &&
	    count_parse(value + 11, (u32)spec_fields[FIELD_RESTART].most, &spec->restart_limit) &&
	    spec->restart_limit) {
		spec->restart = RESTART_ON_FAILURE;
		return true;
	}
	return error_set(error, RESULT_USAGE,
		"--restart is never, always or on-failure:N, such as on-failure:5, up to 1000; not \"%.40s\"", value);
}

/* 512MB is what people say who mean 512 MiB, and is rounded up to that. */
static bool memory_parse(const char *value, u64 *asked, u64 *bytes)
{
	size_t length = strlen(value);
	char binary[32];

	if (!size_parse(value, asked))
		return false;
	*bytes = *asked;
	if (length < sizeof(binary) && length > 2 && value[length - 1] == 'B' && value[length - 2] != 'i') {
		memcpy(binary, value, length - 1);
		binary[length - 1] = 0;
		return size_parse(binary, bytes);
	}
	return true;
}

static bool set_size(struct args *args, enum arg arg, const char *value, struct cmd_error *error)
{
	char least[UNIT_TEXT_BYTES], most[UNIT_TEXT_BYTES];
	const struct spec_field *row = field_of(arg);
	u64 asked = 0, bytes = 0;

	if (!(row->least == 0 && is_none(value)) && !memory_parse(value, &asked, &bytes))
		return error_set(error, RESULT_USAGE,
			"--%s needs a size of at most %s with its unit, such as 512M or 8G, not \"%.40s\"",
			arg_specs[arg].name, size_flag(most, row->most), value);
	if ((bytes == 0 && row->least) || bytes > row->most)
		return error_set(error, RESULT_USAGE,
			"--%s %.40s is not possible: at least %s is needed, and at most %s",
			arg_specs[arg].name, value, size_flag(least, row->least), size_flag(most, row->most));
	if (arg == ARG_MEMORY)
		args->memory_asked_bytes = asked;
	spec_set_number(&args->spec, FIELD_OF_ARG(arg), (bytes + PAGE_SIZE_2M - 1) & ~(PAGE_SIZE_2M - 1));
	return true;
}

static bool set_time(u64 *ns, enum arg arg, const char *value, struct cmd_error *error)
{
	if (value == 0)
		return true;
	if (time_parse(value, ns) && *ns && *ns <= 86400 * NS_PER_SECOND)
		return true;
	return error_set(error, RESULT_USAGE, "--%s needs a time such as 500ms, 30s or 2m, at most 24h, not \"%.40s\"",
		arg_specs[arg].name, value);
}

static bool set_interval(struct args *args, const char *value, struct cmd_error *error)
{
	if (!set_time(&args->interval_ns, ARG_INTERVAL, value, error))
		return false;
	if (args->interval_ns >= INTERVAL_MIN_NS)
		return true;
	return error_set(error, RESULT_USAGE, "--interval is at least %ums", (u32)(INTERVAL_MIN_NS / NS_PER_MS));
}

static bool set_count(u32 *count, enum arg arg, u32 limit, const char *value, struct cmd_error *error)
{
	u32 parsed = arg == ARG_CPU ? CPUS_PARSED : limit;

	if (count_parse(value, parsed, count) && *count)
		return true;
	return error_set(error, RESULT_USAGE, "--%s needs a number from 1 to %u, not \"%.40s\"", arg_specs[arg].name,
		limit, value);
}

static bool set_number(struct vm_spec *spec, enum arg arg, const char *value, struct cmd_error *error)
{
	u32 number;

	if (!set_count(&number, arg, (u32)field_of(arg)->most, value, error))
		return false;
	spec_set_number(spec, FIELD_OF_ARG(arg), number);
	return true;
}

/* A switch: no value, or yes/no; "no" leaves it ungiven. */
static bool set_switch(struct args *args, enum arg arg, const char *value, struct cmd_error *error)
{
	bool is_no = value && (strcmp(value, "no") == 0 || strcmp(value, "false") == 0);

	if (value && !is_no && strcmp(value, "yes") != 0 && strcmp(value, "true") != 0)
		return error_set(error, RESULT_USAGE, "--%s is yes or no, not \"%.40s\"", arg_specs[arg].name, value);
	if (is_no)
		args->given &= ~ARG_BIT(arg);
	return true;
}

static bool set_string(char *to, size_t size, enum arg arg, const char *value, struct cmd_error *error)
{
	if (!text_copy(to, size, value))
		return error_set(error, RESULT_USAGE, "--%s is too long: at most %u characters, not %zu",
			arg_specs[arg].name, (u32)size - 1, strlen(value));
	return true;
}

static bool set_printable(struct vm_spec *spec, enum arg arg, const char *value, struct cmd_error *error)
{
	const struct spec_field *row = field_of(arg);

	if (!text_is_plain(value))
		return error_set(error, RESULT_USAGE, "--%s has a character that can't be printed",
			arg_specs[arg].name);
	return set_string((char *)spec + row->offset, row->bytes, arg, value, error);
}

static bool set_field(struct args *args, enum arg arg, const char *value, struct cmd_error *error)
{
	struct vm_spec *spec = &args->spec;

	switch ((enum field_kind)field_of(arg)->kind) {
	case KIND_COUNT:
		return set_number(spec, arg, value, error);
	case KIND_SIZE:
		return set_size(args, arg, value, error);
	case KIND_CHOICE:
		return set_choice(spec, arg, value, error);
	case KIND_PERCENT:
		return set_percent(spec, arg, value, error);
	case KIND_PCPUS:
		return set_pcpus(spec, arg, value, error);
	case KIND_RESTART:
		return set_restart(spec, value, error);
	case KIND_IMAGE:
		return set_image(spec, arg, value, error);
	case KIND_IMAGES:
		return set_modules(spec, value, error);
	case KIND_TEXT:
		return set_printable(spec, arg, value, error);
	case KIND_DISK_LIST:
		return add_disk(spec, value, error);
	case KIND_NIC_LIST:
		return add_nic(spec, value, error);
	}
	return error_set(error, RESULT_FAILED, "no such argument");
}

static bool set_value(struct args *args, enum arg arg, const char *value, struct cmd_error *error)
{
	if (ARG_BIT(arg) & ARGS_FIELDS)
		return set_field(args, arg, value, error);
	switch (arg) {
	case ARG_NAME:
		return takes_many(args) ? add_name(args, value, error) : set_name(args->name, value, error);
	case ARG_SERVICE: case ARG_SWITCH: case ARG_ROUTER: case ARG_USER: case ARG_BY_ROUTER:
		return set_name(args->name, value, error);
	case ARG_OUTER:
		return router_parse_outer(&args->router, value, error);
	case ARG_INNER:
		return router_parse_inner(&args->router, value, error);
	case ARG_FORWARD:
		return router_parse_forward(&args->router, value, error);
	case ARG_TO: case ARG_TEMPLATE:
		return set_name(args->to, value, error);
	case ARG_SNAPSHOT: case ARG_ITS_SNAPSHOT:
		return set_name(args->snapshot, value, error);
	case ARG_UPLINK:
		return set_uplink(&args->network, value, error);
	case ARG_NEW_VOLUME:
		return disk_set_volume(&args->spec.disks[1], value, error);
	case ARG_VOLUME: case ARG_ITS_VOLUME: case ARG_INTO: case ARG_ITS_DISK:
		return disk_set_volume(&args->spec.disks[0], value, error);
	case ARG_ANY_POOL:
		return disk_set_any_pool(&args->spec.disks[0], value, error);
	case ARG_POOL: case ARG_NEW_POOL:
		return disk_set_pool(&args->spec.disks[arg == ARG_NEW_POOL], value, error);
	case ARG_POOL_DISK:
		return disk_set_pool_disks(args->spec.disks, value, error);
	case ARG_NEW_DISK:
		return disk_set_on(&args->spec.disks[1], value, error);
	case ARG_DISK_NAME: case ARG_ON: case ARG_OLD_DISK:
		return disk_set_on(&args->spec.disks[0], value, error);
	case ARG_RESERVE:
		return disk_set_reserve(&args->spec.disks[0], value, error);
	case ARG_POLICY: case ARG_INTEGRITY: case ARG_ENCRYPT:
		return disk_set_trait(&args->spec.disks[0], TRAIT_OF_ARG(arg), value, error);
	case ARG_ROLE: case ARG_PASSWORD: case ARG_NEW_PASSWORD: case ARG_TOKEN:
		return user_set(args, arg, &arg_specs[arg], value, error);
	case ARG_SECRET: case ARG_KEY:
		return secret_set(args, arg, value, error);
	case ARG_SOURCE: case ARG_KEY_MODULE:
		return disk_set_image(&args->spec.disks[0], value, error);
	case ARG_IMAGE:
		return set_string(args->image, sizeof(args->image), arg, value, error);
	case ARG_BYTES: case ARG_POOL_BYTES:
		return disk_set_bytes(&args->spec.disks[0], value, error);
	case ARG_TIMEOUT: case ARG_EJECT_TIME:
		return set_time(&args->timeout_ns, arg, value, error);
	case ARG_WAIT:
		return set_time(&args->wait_ns, arg, value, error);
	case ARG_ITS_NIC:
		return nic_parse_card(&args->card, value, error);
	case ARG_LINES:
		return set_count(&args->lines, arg, 1000000, value, error);
	case ARG_BY:
		return set_name(args->to, value, error);
	case ARG_ABOUT:
		return set_name(args->name, value, error);
	case ARG_OFFSET: case ARG_SINCE: case ARG_FROM:
		return number_parse(value, &args->offset) ||
			error_set(error, RESULT_USAGE, "--%s needs a number, not \"%.40s\"", arg_specs[arg].name,
				value);
	case ARG_INTERVAL:
		return set_interval(args, value, error);
	case ARG_TARGET: case ARG_PINGS: case ARG_HOPS: case ARG_PLACE: case ARG_SNAP:
		return look_parse(args, arg, value, error);
	case ARG_TIMES: case ARG_PACKETS:
		return set_count(&args->times, arg, 1000000, value, error);
	case ARG_FILE: case ARG_OUT_FILE: case ARG_BASE_FILE: case ARG_BACKUP_KEY: case ARG_CLOUD_INIT:
		return *value || error_set(error, RESULT_USAGE, "--%s is empty", arg_specs[arg].name);
	case ARG_FORMAT: case ARG_COMPRESS:
		return choice_ok(&arg_specs[arg], value, error);
	case ARG_ID:
		return set_string(args->id, sizeof(args->id), arg, value, error);
	case ARG_VERB:
		return set_string(args->verb, sizeof(args->verb), arg, value, error);
	case ARG_ALL: case ARG_FOLLOW: case ARG_PROCESSOR: case ARG_PASSPHRASE: case ARG_FORCE: case ARG_POOL_FORCE:
	case ARG_KEEP_DISK: case ARG_ASK_PASSWORD: case ARG_VERIFY: case ARG_BACKUP_PHRASE: case ARG_UPLOAD:
	case ARG_DRY_RUN: case ARG_YES:
	case ARG_QUIET: case ARG_JSON: case ARG_HELP:
		return set_switch(args, arg, value, error);
	default:
		return error_set(error, RESULT_FAILED, "no such argument");
	}
}

bool args_set(struct args *args, enum arg arg, const char *value, struct cmd_error *error)
{
	if (value == 0 && arg_needs_value(arg))
		return error_set(error, RESULT_USAGE, "--%s needs a value: --%s %s", arg_specs[arg].name,
			arg_specs[arg].name, arg_specs[arg].value);
	if (args_has(args, arg) && !arg_is_list(arg) && !(arg == ARG_NAME && takes_many(args)))
		return error_set(error, RESULT_USAGE, "--%s is given twice", arg_specs[arg].name);
	args->given |= ARG_BIT(arg);
	return set_value(args, arg, value, error);
}
