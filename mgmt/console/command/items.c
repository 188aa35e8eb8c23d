/* SPDX-License-Identifier: MIT */
/*
 * items.c - see items.h.
 */
#include "items.h"

#include <string.h>

bool items_each(const char *value, const char *usage, bool (*set)(void *to, const char *item, struct cmd_error *error),
		void *to, struct cmd_error *error)
{
	char item[ITEM_BYTES];

	for (;;) {
		size_t length = strcspn(value, ",");

		if (length >= sizeof(item))
			return error_set(error, RESULT_USAGE, "\"%.40s...\" is too long: %s", value, usage);
		memcpy(item, value, length);
		item[length] = 0;
		if (!set(to, item, error))
			return false;
		value += length;
		if (*value == 0)
			return true;
		value++;
	}
}
