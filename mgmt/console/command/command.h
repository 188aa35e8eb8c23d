/* SPDX-License-Identifier: MIT */
/*
 * command.h - the table of commands and the grammar: a line, or a JSON object's members, becomes struct args.
 *
 * Help, completion, the parser and the argument names of JSON all come from this one table.
 */
#ifndef VOS_COMMAND_H
#define VOS_COMMAND_H

#include "args.h"
#include "tokenize.h"
#include "view.h"

enum verb_group {
	GROUP_VM, GROUP_STORAGE, GROUP_POOL, GROUP_NETWORK, GROUP_MACHINE, GROUP_USER, GROUP_PROMPT, GROUP_COUNT
};

struct session;
struct job;

/* What a command does; 0 = it never comes to that. */
struct command_ops {
	void (*begin)(struct session *s, struct job *job);
	void (*answer)(struct session *s, struct job *job, const struct reply *reply);	/* of root's to its request */
	void (*proceed)(struct session *s, struct job *job);	/* there is room for output, or its time has come */
};

struct command {
	const char *verb;
	const char *summary;	/* one line, no full stop */
	const char *more;	/* further help, or 0 */
	const char *example;
	arg_set takes;		/* ARG_BIT(enum arg); --help is always taken */
	arg_set needs;
	u32 op;			/* enum request_op of a command that sends that one, else 0 */
	enum verb_group group;
	enum user_role role;	/* that it needs; root asks for that of each request (op_roles.h) */
	bool is_of_drive;	/* REQ_SET of a CD drive, which must be there; without --iso it takes the disc out */
	bool is_for_people;	/* makes no sense for a program */
	bool ends_at_interrupt;	/* Ctrl-C does not leave it to the background */
	struct command_ops ops;
	/* A listing (listing_begin) only says what it shows: */
	u32 tables;		/* BIT32(enum fetch): asks root for these */
	bool is_look;		/* rates are since the last one */
	struct view view;	/* of the inventory, or of a struct storage_look */
};

/* The table that parser and help work with: whoever starts sets it to command_rows. Its last row has no verb. */
extern const struct command *commands;
extern const struct command command_rows[];
#define FOR_EACH_COMMAND(c) for (const struct command *c = commands; c->verb; c++)
extern const char *const group_titles[GROUP_COUNT];
extern const char *const group_names[GROUP_COUNT];	/* as help takes them */

/* What a word without a flag sets: the name, or what help is to explain, what is not given yet first;
 * ARG_COUNT = nothing. */
enum arg command_bare(const struct command *command, arg_set given);
/* `vm create` is create-vm: is that such a noun? */
bool command_is_noun(const char *word);

/*
 * Parse a line. True: args->command is what to do (0 for an empty line or a comment), args are complete and valid.
 * False: *error says what is wrong, with the offset of the word.
 */
bool command_parse(const char *line, struct args *args, struct cmd_error *error);

bool text_begins(const char *text, const char *start);

/* What is said of a line that does not fit. Always false. */
bool line_too_long(struct cmd_error *error);

/* It changes nothing, so it may be done again. */
bool command_only_reads(const struct command *command);

/* By exact name, or 0. */
const struct command *command_named(const char *verb);
/* Is it VERB-noun? */
bool command_is_on(const struct command *command, const char *noun);
/*
 * The command that the first words mean (a leading `vos`, a unique prefix, or noun and verb), and in *next the word
 * after; 0 and *error otherwise. With no word at all: 0, and error->code RESULT_OK; `vos` alone is help.
 */
const struct command *command_find(const struct words *words, u32 *next, struct cmd_error *error);
/* The flag of that command by exact name or unique prefix; ARG_COUNT if there is none (and *error says so). */
enum arg command_arg(const struct command *command, const char *name, size_t length, struct cmd_error *error);
/* All that the command needs is given. */
bool command_complete(struct args *args, struct cmd_error *error);

#endif
