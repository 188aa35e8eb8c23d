/* SPDX-License-Identifier: MIT */
/*
 * view.h - an answer as people see it and as programs do, both of the same struct.
 */
#ifndef VOS_VIEW_H
#define VOS_VIEW_H

#include "out.h"

struct json_writer;

struct view {
	void (*text)(const struct out *out, const void *what);
	void (*json)(struct json_writer *writer, const char *key, const void *what);
};

#endif
