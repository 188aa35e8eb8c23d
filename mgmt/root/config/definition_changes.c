/* SPDX-License-Identifier: MIT */
/*
 * definition_changes.c - see definition_changes.h.
 */
#include "definition_changes.h"

static u64 count, records;
static bool is_urgent;

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

void records_begin_log(void)
{
	records++;
	is_urgent = true;
}

bool records_are_urgent(void)
{
	return is_urgent;
}

void records_taken(void)
{
	is_urgent = false;
}
