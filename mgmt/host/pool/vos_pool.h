/* SPDX-License-Identifier: MIT */
/*
 * vos_pool.h - vos-pool: looks at a pool on an image, and copies volumes out of it. Nothing is written to it.
 */
#ifndef VOS_POOL_PROGRAM_H
#define VOS_POOL_PROGRAM_H

#include <stdio.h>

enum { VOS_POOL_OK, VOS_POOL_FAULTS, VOS_POOL_USAGE, VOS_POOL_UNREADABLE };

/* The program: its exit status. */
int vos_pool(int argc, char **argv, FILE *out, FILE *err);

#endif
