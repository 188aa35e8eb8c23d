/* SPDX-License-Identifier: MIT */
/*
 * secret_arg.h - the secret of a pool or of a user as an argument, of which only the hash is kept, and
 * what else a user has.
 */
#ifndef VOS_SECRET_ARG_H
#define VOS_SECRET_ARG_H

#include "args.h"

#define PASSWORD_MIN 8u	/* characters of a new one */

/* ARG_SECRET: a passphrase; ARG_KEY: the hash of a key file. False: refused, and *error says why. */
bool secret_set(struct args *args, enum arg arg, const char *value, struct cmd_error *error);
/* ARG_ROLE, ARG_PASSWORD, ARG_NEW_PASSWORD, ARG_TOKEN of a user; spec: of arg. */
bool user_set(struct args *args, enum arg arg, const struct arg_spec *spec, const char *value,
	struct cmd_error *error);

#endif
