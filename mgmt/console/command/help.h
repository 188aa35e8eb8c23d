/* SPDX-License-Identifier: MIT */
/*
 * help.h - help texts, made from the table of commands.
 */
#ifndef VOS_HELP_H
#define VOS_HELP_H

#include "command.h"
#include "out.h"

#define HELP_COLUMNS 79u	/* terminals differ in what follows a character in the last one */

#define HELP_LINES 23u	/* of a terminal of 24, one is the prompt's */

/* The groups and their commands by name; what each command of a group is for. */
void help_all(const struct out *out);
void help_group(const struct out *out, u32 group);
/* Of all commands VERB-noun. */
void help_noun(const struct out *out, const char *noun);
/* What one command is for, in a line. */
void help_summary(const struct out *out, const struct command *command);
/* All about a command, shorter if that is more than HELP_LINES. */
void help_command(const struct out *out, const struct command *command);
void help_command_full(const struct out *out, const struct command *command);
/* Those flags, in masks of ARG_BIT(enum arg); shorter if that is more than HELP_LINES. */
void help_args(const struct out *out, arg_set args, arg_set needs);

#endif
