/* SPDX-License-Identifier: MIT */
/*
 * config_judge.h - is a configuration of a router one that it can take (router.h)? Pure.
 */
#ifndef VOS_CONFIG_JUDGE_H
#define VOS_CONFIG_JUDGE_H

#include "router.h"

/* Of a private copy. ROUTER_OK: all of it keeps the rules of router.h. */
enum router_error config_judge(const struct router_config *c);

#endif
