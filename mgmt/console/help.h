/*
 * help.h - help texts, made from the table of commands.
 */
#ifndef VOS_HELP_H
#define VOS_HELP_H

#include "command.h"
#include "out.h"

#define HELP_COLUMNS 80u

void help_all(const struct out *out);
void help_command(const struct out *out, const struct command *command);
/* One flag on a line of its own, as in help_command. */
void help_arg(const struct out *out, enum arg arg, bool is_needed);

#endif
