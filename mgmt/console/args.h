/*
 * args.h - the flags of all commands: one table gives their names, types, defaults and help, and one function judges a
 * value, whether it comes from the prompt, from JSON or from vos.conf.
 */
#ifndef VOS_ARGS_H
#define VOS_ARGS_H

#include "fault.h"
#include "request.h"

enum arg {
	ARG_NAME, ARG_ALL, ARG_CPU, ARG_MEMORY, ARG_KERNEL, ARG_INITRD, ARG_MODULE, ARG_CMDLINE, ARG_PLATFORM,
	ARG_RESTART,
	ARG_CLASS, ARG_WEIGHT, ARG_CAP, ARG_AFFINITY, ARG_MEMORY_POLICY,
	ARG_VMM, ARG_DISK, ARG_NIC, ARG_AUTOSTART, ARG_FORCE, ARG_TIMEOUT, ARG_LINES, ARG_OFFSET, ARG_INTERVAL,
	ARG_TIMES, ARG_VERB, ARG_ID, ARG_WAIT, ARG_DRY_RUN, ARG_YES, ARG_QUIET, ARG_JSON, ARG_HELP,
	ARG_COUNT
};

enum arg_type {
	TYPE_SWITCH,		/* no value; yes/no where a value must be */
	TYPE_NEW_NAME,		/* name of a VM that may not be there yet */
	TYPE_COUNT, TYPE_OFFSET, TYPE_SIZE, TYPE_TIME, TYPE_TIME_OPTIONAL, TYPE_TEXT,
	TYPE_IMAGE, TYPE_IMAGES, TYPE_PLATFORM, TYPE_RESTART, TYPE_VERB,
	TYPE_CLASS, TYPE_CAP, TYPE_AFFINITY, TYPE_MEMORY_POLICY,
};

struct arg_spec {
	const char *name;
	enum arg_type type;
	const char *value;	/* the value's name in help, "SIZE" */
	const char *help;
};

extern const struct arg_spec arg_specs[ARG_COUNT];

/* What set-vm sets. */
#define ARGS_SHARE (BIT64(ARG_CLASS) | BIT64(ARG_WEIGHT) | BIT64(ARG_CAP) | BIT64(ARG_AFFINITY))

#define COMMAND_ID_BYTES 48u	/* as text, with its zero */

/* Names of VMs, each once. */
struct name_list {
	u32 count;
	char name[VM_COUNT][VM_NAME_BYTES];
};

struct command;

struct args {
	const struct command *command;	/* 0: an empty line */
	u64 given;			/* BIT64(enum arg) */
	char name[VM_NAME_BYTES];
	const struct name_list *names;	/* of a command on several VMs: all; only until the next command is parsed */
	bool is_list;			/* a list of results is wanted, whatever the number of names */
	struct vm_spec spec;
	u64 timeout_ns;
	u64 wait_ns;			/* 0 = no limit */
	u64 memory_asked_bytes;		/* as given; spec.memory_bytes is a possible size */
	u32 lines;
	u64 offset;
	u64 interval_ns;
	u32 times;			/* 0 = without end */
	bool autostart;
	char verb[VM_NAME_BYTES];	/* or a group's name */
	bool is_full;			/* help: all of it, however long */
	char id[COMMAND_ID_BYTES];
};

/* Everything at its default, for `command`. */
void args_init(struct args *args, const struct command *command);
bool args_has(const struct args *args, enum arg arg);
/*
 * Set one; value 0 = none was given. False: refused, and *fault says why. A second value is refused, except of
 * --module, and of --name where a command takes --all.
 */
bool args_set(struct args *args, enum arg arg, const char *value, struct fault *fault);
/* BIT32(enum request_field) of those flags of ARGS_SHARE that are in `given`. */
u32 share_fields(u64 given);
/* Whether the type takes its value from the next word. */
bool arg_needs_value(enum arg arg);

/* Texts of the enums in request.h, also used in reports. */
const char *platform_text(u32 platform);
const char *restart_text(u32 restart);
const char *class_text(u32 class);
const char *memory_policy_text(u32 policy);
/* As the flags take them; into text[SET_TEXT_BYTES]. */
const char *cap_text(char *text, u32 cap);
const char *affinity_text(char *text, u64 affinity);

#endif
