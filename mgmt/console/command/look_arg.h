/* SPDX-License-Identifier: MIT */
/*
 * look_arg.h - what commands that look into a network are given: ping, traceroute, capture.
 */
#ifndef VOS_LOOK_ARG_H
#define VOS_LOOK_ARG_H

#include "args.h"

/* One of ARG_TARGET, ARG_PINGS, ARG_HOPS, ARG_PLACE, ARG_SNAP. False: *error. */
bool look_parse(struct args *args, enum arg arg, const char *value, struct cmd_error *error);

#endif
