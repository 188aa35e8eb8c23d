/* SPDX-License-Identifier: MIT */
/*
 * passphrase.h - a passphrase from whoever calls the program.
 */
#ifndef VOS_PASSPHRASE_H
#define VOS_PASSPHRASE_H

#include <stdbool.h>
#include <stddef.h>

/* A line of the standard input without its end, `bytes` with the zero behind it; of a terminal, after `prompt` and
 * without being seen. False: there is none, or it is longer; `text` is empty then. */
bool passphrase_take(const char *prompt, char *text, size_t bytes);

#endif
