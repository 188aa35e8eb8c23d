/* SPDX-License-Identifier: MIT */
/*
 * definition_changes.c - see definition_changes.h.
 */
#include "definition_changes.h"

static u64 count, records;

void definitions_changed(void)
{
	count++;
}

u64 definitions_count(void)
{
	return count;
}

void records_changed(void)
{
	records++;
}

u64 records_count(void)
{
	return records;
}
