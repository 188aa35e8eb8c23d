/* SPDX-License-Identifier: MIT */
/*
 * args.h - the flags of all commands: one table gives their names, types, defaults and help, and one function judges a
 * value, whether it comes from the prompt, from JSON or from vos.conf.
 */
#ifndef VOS_ARGS_H
#define VOS_ARGS_H

#include "cmd_error.h"
#include "pool_secret.h"
#include "spec_fields.h"

#define ARG_OF_ROW(id, ...) ARG_##id,

enum arg {
	ARG_SOURCE, ARG_NAME, ARG_USER, ARG_ALL, ARG_SERVICE, ARG_SWITCH, ARG_ROUTER, ARG_PLACE, ARG_VOLUME,
	ARG_DISK_NAME, ARG_IMAGE, ARG_POOL, ARG_ANY_POOL, ARG_POOL_DISK, ARG_OLD_DISK, ARG_NEW_DISK, ARG_TO,
	ARG_TEMPLATE, ARG_SNAPSHOT, ARG_NEW_VOLUME, ARG_NEW_POOL, ARG_ITS_DISK, ARG_BYTES, ARG_POOL_BYTES, ARG_ON,
	ARG_POLICY, ARG_INTEGRITY, ARG_ENCRYPT,		/* in the order of enum volume_trait */
	ARG_ITS_NIC, ARG_RESERVE, ARG_PASSPHRASE, ARG_KEY_MODULE, ARG_SECRET, ARG_KEY,
	ARG_ROLE, ARG_ASK_PASSWORD, ARG_PASSWORD, ARG_NEW_PASSWORD, ARG_TOKEN, ARG_FROM, ARG_BY, ARG_ABOUT,
	ARG_VERIFY,
	ARG_UPLOAD, ARG_INTO, ARG_UPLINK, ARG_OUTER, ARG_INNER, ARG_FORWARD,
	VM_FIELDS(ARG_OF_ROW)	/* ARG_CPU ...: the properties of a VM, in the order of FIELD_CPU ... */
	ARG_ITS_VOLUME, ARG_FORCE, ARG_POOL_FORCE, ARG_KEEP_DISK, ARG_TIMEOUT, ARG_EJECT_TIME, ARG_LINES,
	ARG_OFFSET, ARG_SINCE, ARG_INTERVAL, ARG_TIMES, ARG_FILE, ARG_OUT_FILE,
	ARG_ITS_SNAPSHOT, ARG_FORMAT, ARG_COMPRESS, ARG_BASE_FILE, ARG_BACKUP_KEY,
	ARG_BACKUP_PHRASE, ARG_CLOUD_INIT, ARG_SNAP, ARG_PACKETS, ARG_FOLLOW, ARG_PROCESSOR, ARG_VERB, ARG_ID, ARG_WAIT,
	ARG_DRY_RUN,
	ARG_YES, ARG_TARGET, ARG_BY_ROUTER, ARG_PINGS, ARG_HOPS, ARG_QUIET, ARG_JSON, ARG_HELP,
	ARG_COUNT
};

/* A set of them. */
__extension__ typedef unsigned __int128 arg_set;
#define ARG_BIT(arg) ((arg_set)1 << (arg))
_Static_assert(ARG_COUNT <= 128, "arg_set");

enum arg_type {
	TYPE_SWITCH,		/* no value; yes/no where a value must be */
	TYPE_NEW_NAME,		/* name of a VM that may not be there yet */
	TYPE_SERVICE,
	TYPE_VOLUME, TYPE_DISK,	/* names of them, or of a place for a volume */
	TYPE_POOL_DISKS,	/* DISK[,DISK] */
	TYPE_NETWORK,		/* a switch */
	TYPE_ROUTER,
	TYPE_OUTER, TYPE_INNERS, TYPE_FORWARDS,	/* ports of a router, and what it forwards (router_arg.h) */
	TYPE_CARD,		/* a network card of the machine */
	TYPE_TARGET,		/* an IPv4 address or a VM */
	TYPE_PLACE,		/* a network card that is there, of whatever (nic_arg.h) */
	TYPE_POOL,
	TYPE_SNAPSHOT,
	TYPE_OLD_NAME,		/* of a VM that is there */
	TYPE_FRESH_NAME,	/* of a VM that is to be made, beside another one */
	TYPE_ANY_IMAGE,
	TYPE_OFFSET, TYPE_TIME, TYPE_TIME_OPTIONAL, TYPE_VERB,
	TYPE_COUNT, TYPE_SIZE, TYPE_CHOICE, TYPE_PERCENT, TYPE_PCPUS, TYPE_RESTART, TYPE_IMAGE, TYPE_IMAGES,
	TYPE_TEXT, TYPE_DISK_LIST, TYPE_NIC_LIST,	/* enum field_kind */
};

struct arg_spec {
	const char *name;
	enum arg_type type;
	const char *value;	/* the value's name in help, "SIZE" */
	const char *help;
};

extern const struct arg_spec arg_specs[ARG_COUNT];

#define TRAIT_OF_ARG(arg) ((enum volume_trait)((arg) - ARG_POLICY))

/* The flags of a VM's properties. */
#define ARG_OF_FIELD(field) ((enum arg)(ARG_CPU + (field)))
#define FIELD_OF_ARG(arg) ((u32)(arg) - ARG_CPU)
#define ARGS_FIELDS ((arg_set)FIELDS_ALL << ARG_CPU)

#define PROBES_MOST 30u			/* of a ping, or hops of a traceroute */
#define COMMAND_ID_BYTES 48u	/* as text, with its zero */

/* Names of VMs, each once. */
struct name_list {
	u32 count;
	char name[VM_COUNT][VM_NAME_BYTES];
};

struct command;

struct args {
	const struct command *command;	/* 0: an empty line */
	arg_set given;			/* ARG_BIT(enum arg) */
	char name[VM_NAME_BYTES];
	char to[VM_NAME_BYTES], snapshot[VM_NAME_BYTES];
	const struct name_list *names;	/* of a command on several VMs: all; only until the next command is parsed */
	bool is_list;			/* a list of results is wanted, whatever the number of names */
	union {
		struct vm_spec spec;
		struct router_spec router;	/* of a command on a router */
	};
	u8 secret[POOL_SECRET_BYTES];	/* of a pool, hashed */
	u8 new_secret[POOL_SECRET_BYTES];	/* of a user; secret is then the present one */
	u32 role;			/* enum user_role */
	bool has_typed;			/* the person was asked */
	u32 key_way;			/* enum store_key_way; 0 = it is not known yet */
	bool is_secret_given;		/* once, of twice */
	u8 typed[POOL_SECRET_BYTES];	/* what was answered last to prompt_ask_secret, hashed, */
	size_t typed_length;		/* and how long it was; 0 = nothing was */
	struct switch_spec network;
	u64 timeout_ns;
	u64 wait_ns;			/* 0 = no limit */
	u64 memory_asked_bytes;		/* as given; spec.memory_bytes is a possible size */
	u32 card;			/* --nic N of detach-nic; that of `name` to capture, or CAPTURE_UPLINK */
	u32 snap_bytes;			/* of a frame; 0 = all */
	u32 address;			/* to ping; 0: that of the VM `to` */
	u32 lines;
	u64 offset;
	u64 interval_ns;
	u32 times;			/* updates, or packets; 0 = without end */
	char verb[VM_NAME_BYTES];	/* or a group's name */
	char image[IMAGE_NAME_BYTES];
	bool is_full;			/* help: all of it, however long */
	char id[COMMAND_ID_BYTES];
};

/* Everything at its default, for `command`. */
void args_init(struct args *args, const struct command *command);
bool args_has(const struct args *args, enum arg arg);
/*
 * Set one; value 0 = none was given. False: refused, and *error says why. A second value is refused, except of
 * --module, --disk, --nic, --inner, --forward, and of --name where a command takes --all.
 */
bool args_set(struct args *args, enum arg arg, const char *value, struct cmd_error *error);
/* BIT32(enum request_field) of those flags of ARGS_FIELDS that are in `given`. */
static inline u32 fields_of_args(arg_set given)
{
	return (u32)(given >> ARG_CPU) & FIELDS_ALL;
}

/* Whether it may be given several times, one value each. */
static inline bool arg_is_list(enum arg arg)
{
	enum arg_type type = arg_specs[arg].type;

	return type == TYPE_IMAGES || type == TYPE_DISK_LIST || type == TYPE_NIC_LIST || type == TYPE_INNERS ||
	       type == TYPE_FORWARDS;
}

/* Whether the type takes its value from the next word. */
bool arg_needs_value(enum arg arg);

/* The index-th word of a TYPE_CHOICE; into text[SET_TEXT_BYTES]. False: there is none. */
bool choice_word(char *text, const struct arg_spec *spec, u32 index);
/* It is one of the words of a TYPE_CHOICE; else *error. */
bool choice_ok(const struct arg_spec *spec, const char *value, struct cmd_error *error);

#endif
