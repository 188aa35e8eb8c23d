/* SPDX-License-Identifier: MIT */
/*
 * filter_arg.h - a rule of a network card's filter as filter= of --nic writes it: "deny-out:tcp:25",
 * "allow-in:tcp:8000-8099:10.0.0.0/8", "deny-in:any", and back.
 */
#ifndef VOS_FILTER_ARG_H
#define VOS_FILTER_ARG_H

#include "cmd_error.h"
#include "request.h"

#define FILTER_TEXT_BYTES 48u

/* False: *error says why. */
bool filter_parse(struct nic_rule *rule, const char *value, struct cmd_error *error);
/* As filter_parse takes it, into text[FILTER_TEXT_BYTES]; returned. */
const char *filter_text(char *text, const struct nic_rule *rule);

#endif
