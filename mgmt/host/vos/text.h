/* SPDX-License-Identifier: MIT */
/*
 * text.h - errors in the prompt's words. Apart from vos_main.h, because names of the console's JSON are jansson's too.
 */
#ifndef VOS_HOST_TEXT_H
#define VOS_HOST_TEXT_H

#include <stdio.h>

#include "cmd_error.h"
#include "out.h"

struct out out_to_file(FILE **file);
/* "error[E_NOT_FOUND]: ...", wrapped as at the prompt. */
void text_error(FILE *file, const struct cmd_error *error);

#endif
