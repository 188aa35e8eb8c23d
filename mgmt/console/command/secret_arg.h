/* SPDX-License-Identifier: MIT */
/*
 * secret_arg.h - the secret of a pool as an argument: only its hash is kept.
 */
#ifndef VOS_SECRET_ARG_H
#define VOS_SECRET_ARG_H

#include "args.h"

/* ARG_SECRET: a passphrase; ARG_KEY: the hash of a key file. False: refused, and *error says why. */
bool secret_set(struct args *args, enum arg arg, const char *value, struct cmd_error *error);

#endif
