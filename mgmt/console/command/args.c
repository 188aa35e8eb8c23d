/* SPDX-License-Identifier: MIT */
/*
 * args.c - see args.h.
 */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "disk_arg.h"
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

#define SPEC_OF_ROW(id, first, last, kind, least, most, initial, when, name, value, help) \
	[ARG_##id] = { name, TYPE_##kind, value, help },

const struct arg_spec arg_specs[ARG_COUNT] = {
	[ARG_SOURCE] = { "image", TYPE_ANY_IMAGE, "IMAGE", "a raw disk image to begin with, see list-image" },
	[ARG_NAME] = { "name", TYPE_NEW_NAME, "NAME", "name of the VM: a-z, 0-9 and -, at most 31 characters" },
	[ARG_ALL] = { "all", TYPE_SWITCH, 0, "all VMs that the command can act on" },
	[ARG_SERVICE] = { "name", TYPE_SERVICE, "SERVICE", "name of a service or driver, see list-service" },
	[ARG_SWITCH] = { "name", TYPE_NETWORK, "SWITCH", "name of the switch: a-z, 0-9 and -, at most 31 characters" },
	[ARG_ROUTER] = { "name", TYPE_ROUTER, "ROUTER", "name of the router: a-z, 0-9 and -, at most 24 characters" },
	[ARG_VOLUME] = { "name", TYPE_VOLUME, "VOLUME",
		"name of the volume: a-z, 0-9, . and -, at most 36 characters" },
	[ARG_DISK_NAME] = { "name", TYPE_DISK, "DISK", "name of a disk, see list-disk" },
	[ARG_IMAGE] = { "name", TYPE_ANY_IMAGE, "IMAGE", "name of an image, see list-image" },
	[ARG_POOL] = { "name", TYPE_POOL, "POOL", "name of the pool: a-z, 0-9, . and -, at most 23 characters" },
	[ARG_ANY_POOL] = { "name", TYPE_POOL, "POOL", "name or UUID of the pool, see list-pool" },
	[ARG_POOL_DISK] = { "disk", TYPE_POOL_DISKS, "DISK[,DISK]|PARTITION",
		"disk, see list-disk; two: a mirror, which outlives either; or a partition, such as nvme0.0p3" },
	[ARG_OLD_DISK] = { "old", TYPE_DISK, "OLD", "disk that goes, see list-pool" },
	[ARG_NEW_DISK] = { "new", TYPE_DISK, "NEW", "disk in its place, see list-disk; or the same one once more" },
	[ARG_TO] = { "to", TYPE_FRESH_NAME, "NEW", "name of the new VM: a-z, 0-9 and -, at most 31 characters" },
	[ARG_SNAPSHOT] = { "snapshot", TYPE_SNAPSHOT, "SNAPSHOT",
		"name of the snapshot: a-z, 0-9 and -, at most 31 characters" },
	[ARG_NEW_VOLUME] = { "to", TYPE_TEXT, "NEW", "its new name: a-z, 0-9, . and -, at most 36 characters" },
	[ARG_NEW_POOL] = { "to", TYPE_TEXT, "NEW", "its new name: a-z, 0-9, . and -, at most 23 characters" },
	[ARG_ITS_DISK] = { "disk", TYPE_VOLUME, "N|VOLUME", "number of the disk, or its volume, see status-vm" },
	[ARG_POOL_BYTES] = { "size", TYPE_SIZE, "SIZE",
		"size of the pool, such as 100G; else it takes the largest free part" },
	[ARG_ITS_NIC] = { "nic", TYPE_OFFSET, "N", "number of the network card, see status-vm" },
	[ARG_BYTES] = { "size", TYPE_SIZE, "SIZE", "size, such as 512M or 100G; rounded up to a multiple of 1M" },
	[ARG_ON] = { "on", TYPE_DISK, "POOL|DISK|ram",
		"pool or disk to make it on, or ram: in memory, lost when VOS ends (default: a pool, else a disk)" },
	[ARG_RESERVE] = { "reserve", TYPE_SIZE, "SIZE|none",
		"so much of it is sure to have room, what it has of its own among it" },
	[ARG_POLICY] = { "policy", TYPE_CHOICE, "thin|thick",
		"in a pool: thin takes room as it is written, thick has all of it from the start and never meets a "
		"full pool (default: thin)" },
	[ARG_INTEGRITY] = { "integrity", TYPE_CHOICE, "off|on",
		"in a pool: with a checksum of each 4 KiB, so that data that the disk has changed is an I/O error "
		"(default: off)" },
	[ARG_ENCRYPT] = { "encrypt", TYPE_CHOICE, "off|on",
		"in a pool with a passphrase: encrypted, with the same effect (default: off)" },
	[ARG_PASSPHRASE] = { "passphrase", TYPE_SWITCH, 0, "ask for a new passphrase, twice" },
	[ARG_KEY_MODULE] = { "key-module", TYPE_ANY_IMAGE, "IMAGE", "image that has the key, at most 64 KiB" },
	[ARG_SECRET] = { "secret", TYPE_TEXT, "TEXT", "the passphrase, from a program" },
	[ARG_KEY] = { "key", TYPE_TEXT, "HEX", "hash of a key file, from a program (vos takes --file FILE)" },
	[ARG_UPLOAD] = { "upload", TYPE_SWITCH, 0,
		"its contents come by an upload within 5 minutes; vos upload-image --volume does both" },
	[ARG_INTO] = { "volume", TYPE_VOLUME, "VOLUME",
		"make a volume of that name that begins with the file's contents" },
	[ARG_UPLINK] = { "uplink", TYPE_CARD, "NIC|none",
		"network card of the machine that joins the switch to the wire, such as nic0 (default: none)" },
	[ARG_OUTER] = { "outer", TYPE_OUTER, "SWITCH[,...]",
		"port to the outside: SWITCH, where DHCP gives it an address, or SWITCH,ADDRESS/BITS,gateway=ADDRESS. "
		"The inner networks are hidden behind that address (NAT). Also dns=ADDRESS (up to 3), vlan=N (default: "
		"none, the inner networks alone)" },
	[ARG_INNER] = { "inner", TYPE_INNERS, "SWITCH,IP/BITS[,...]",
		"port to a network of VMs, several times: SWITCH,ADDRESS/BITS such as lan,10.1.0.1/24, its address "
		"there. Also vlan=N, dhcp=off (gives no addresses), rip=on or "
		"link-state=on (routes of the routers there), ip6=PREFIX/64 (IPv6, not to the outside)" },
	[ARG_FORWARD] = { "forward", TYPE_FORWARDS, "tcp:PORT:VM:PORT",
		"what comes from outside to that port goes to the VM's, several times; or udp:PORT:VM:PORT, or none. "
		"An address may stand for the VM" },
	VM_FIELDS(SPEC_OF_ROW)
	[ARG_ITS_VOLUME] = { "volume", TYPE_VOLUME, "VOLUME", "volume that the disk is kept in, see status-vm" },
	[ARG_FORCE] = { "force", TYPE_SWITCH, 0, "at once, without asking the guest" },
	[ARG_POOL_FORCE] = { "force", TYPE_SWITCH, 0, "also if it can't be opened: all that is in it is lost" },
	[ARG_KEEP_DISK] = { "keep-disk", TYPE_SWITCH, 0, "keep the volumes that were made for the VM" },
	[ARG_TIMEOUT] = { "timeout", TYPE_TIME, "TIME",
		"time for the guest to shut down before it is forced off, up to 24h (default: 30s)" },
	[ARG_EJECT_TIME] = { "timeout", TYPE_TIME, "TIME",
		"time for a guest that runs to let go of it, up to 24h (default: 10s)" },
	[ARG_LINES] = { "lines", TYPE_COUNT, "N", "only the last N lines, up to 1000000" },
	[ARG_OFFSET] = { "offset", TYPE_OFFSET, "N",
		"start at byte N; with --json, continue with the answer's `next`" },
	[ARG_SINCE] = { "since", TYPE_OFFSET, "N", "start with event N, which is the number before each" },
	[ARG_INTERVAL] = { "interval", TYPE_TIME, "TIME",
		"time between two tables, 500ms to 24h (default: 2s)" },
	[ARG_TIMES] = { "count", TYPE_COUNT, "N", "stop after N updates, up to 1000000" },
	[ARG_FILE] = { "file", TYPE_TEXT, "FILE", "file on the machine where the command runs" },
	[ARG_BASE_FILE] = { "since", TYPE_TEXT, "FILE", "only what has changed since that backup" },
	[ARG_BACKUP_KEY] = { "key-file", TYPE_TEXT, "FILE", "encrypted with that file of 32 bytes or more" },
	[ARG_BACKUP_PHRASE] = { "passphrase", TYPE_SWITCH, 0, "encrypted with a passphrase, which is asked for" },
	[ARG_FOLLOW] = { "follow", TYPE_SWITCH, 0, "go on with what comes, until Ctrl-C" },
	[ARG_VERB] = { "verb", TYPE_VERB, "COMMAND", "the command to explain" },
	[ARG_ID] = { "id", TYPE_TEXT, "ID", "id of the command, as a program gave it (default: all of yours)" },
	[ARG_WAIT] = { "wait", TYPE_TIME_OPTIONAL, "[=TIME]",
		"wait until it is done, or at most TIME, up to 24h; it then continues in the background" },
	[ARG_DRY_RUN] = { "dry-run", TYPE_SWITCH, 0, "check everything, change nothing" },
	[ARG_YES] = { "yes", TYPE_SWITCH, 0, "do not ask" },
	[ARG_QUIET] = { "quiet", TYPE_SWITCH, 0, "print nothing on success" },
	[ARG_JSON] = { "json", TYPE_SWITCH, 0, "print the result as one JSON object" },
	[ARG_OUT_FILE] = { "file", TYPE_TEXT, "FILE", "new file on the machine where the command runs" },
	[ARG_ITS_SNAPSHOT] = { "snapshot", TYPE_SNAPSHOT, "SNAPSHOT", "the state of that snapshot (default: of now)" },
	[ARG_FORMAT] = { "format", TYPE_CHOICE, "raw|qcow2", "of the file (default: raw)" },
	[ARG_COMPRESS] = { "compress", TYPE_CHOICE, "none|zstd", "of a qcow2 file (default: none)" },
	[ARG_PLACE] = { "nic", TYPE_PLACE, "NIC",
		"network card: myvm/0 of a VM, nat0/0 port of a router, nic0 of this machine" },
	[ARG_SNAP] = { "snap", TYPE_COUNT, "N", "keep the first N bytes of each packet, 14 to 65535 (default: all)" },
	[ARG_PACKETS] = { "count", TYPE_COUNT, "N", "stop after N packets, up to 1000000" },
	[ARG_HELP] = { "help", TYPE_SWITCH, 0, "explain this command" },
};

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
	case KIND_DISKS:
		return add_disk(spec, value, error);
	case KIND_NICS:
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
	case ARG_SERVICE: case ARG_SWITCH: case ARG_ROUTER:
		return set_name(args->name, value, error);
	case ARG_OUTER:
		return router_parse_outer(&args->router, value, error);
	case ARG_INNER:
		return router_parse_inner(&args->router, value, error);
	case ARG_FORWARD:
		return router_parse_forward(&args->router, value, error);
	case ARG_TO:
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
	case ARG_OFFSET: case ARG_SINCE:
		return number_parse(value, &args->offset) ||
			error_set(error, RESULT_USAGE, "--%s needs a number, not \"%.40s\"", arg_specs[arg].name,
				value);
	case ARG_INTERVAL:
		return set_interval(args, value, error);
	case ARG_PLACE:
		return nic_parse_place(args->name, &args->card, value, error);
	case ARG_SNAP:
		return nic_parse_snap(&args->snap_bytes, value, error);
	case ARG_TIMES: case ARG_PACKETS:
		return set_count(&args->times, arg, 1000000, value, error);
	case ARG_FILE: case ARG_OUT_FILE: case ARG_BASE_FILE: case ARG_BACKUP_KEY:
		return *value || error_set(error, RESULT_USAGE, "--%s is empty", arg_specs[arg].name);
	case ARG_FORMAT: case ARG_COMPRESS:
		return choice_ok(&arg_specs[arg], value, error);
	case ARG_ID:
		return set_string(args->id, sizeof(args->id), arg, value, error);
	case ARG_VERB:
		return set_string(args->verb, sizeof(args->verb), arg, value, error);
	case ARG_ALL: case ARG_FOLLOW: case ARG_PASSPHRASE: case ARG_FORCE: case ARG_POOL_FORCE: case ARG_KEEP_DISK:
	case ARG_BACKUP_PHRASE: case ARG_UPLOAD: case ARG_DRY_RUN: case ARG_YES: case ARG_QUIET: case ARG_JSON:
	case ARG_HELP:
		return set_switch(args, arg, value, error);
	default:
		break;
	}
	return error_set(error, RESULT_FAILED, "no such argument");
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
