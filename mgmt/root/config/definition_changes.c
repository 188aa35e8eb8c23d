/* SPDX-License-Identifier: MIT */
/*
 * definition_changes.c - see definition_changes.h.
 */
#include "definition_changes.h"

static u64 count;

void definitions_changed(void)
{
	count++;
}

u64 definitions_count(void)
{
	return count;
}
