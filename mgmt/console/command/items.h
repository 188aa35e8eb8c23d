/* SPDX-License-Identifier: MIT */
/*
 * items.h - a value that is a list of items with commas between, such as "64M,on=ram".
 */
#ifndef VOS_ITEMS_H
#define VOS_ITEMS_H

#include "cmd_error.h"
#include "types.h"

#define ITEM_BYTES 64u		/* of an item, with its zero */

/* Call set(to, item, error) for each, until it returns false. False, and *error says why: one is refused or too long;
 * `usage` is then what is possible. */
bool items_each(const char *value, const char *usage, bool (*set)(void *to, const char *item, struct cmd_error *error),
		void *to, struct cmd_error *error);

#endif
