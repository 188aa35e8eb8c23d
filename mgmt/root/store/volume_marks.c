/* SPDX-License-Identifier: MIT */
/*
 * volume_marks.c - see volume_marks.h.
 */
#include "volume_marks.h"

#include <string.h>

#include "pools.h"
#include "store.h"

bool volume_names_vm(const struct volume *v, u32 *length)
{
	const char *dot = strrchr(v->name, '.');

	*length = dot != NULL ? (u32)(dot - v->name) : 0;
	return *length != 0 && *length < VM_NAME_BYTES && dot[1] != '\0' &&
	       strspn(dot + 1, "0123456789") == strlen(dot + 1);
}

bool volume_is_named_after(const struct volume *v, const char *vm_name)
{
	u32 length;

	return volume_names_vm(v, &length) && strlen(vm_name) == length && memcmp(v->name, vm_name, length) == 0;
}

bool volume_unmark(struct volume *v)
{
	bool is_due = v->is_marked;

	v->is_marked = false;
	v->is_unmark_due = v->is_unmark_due || is_due;
	return is_due;
}

bool volume_is_unmarked(const struct volume *v)
{
	return v->is_unmark_due || v->is_unmark_sent || v->has_unmark_failed;
}

/* Of one that is deleted nothing can be said. One that the store has not told of is asked for: the answer comes after
 * all that it tells of the disk. */
static bool can_be_told(const struct volume *v)
{
	return !v->is_making && !v->is_going && disk_at(v->slot)->is_there &&
	       (!volume_is_in_pool(v) || pool_is_usable(v->pool));
}

bool volume_unmark_is_due(const struct volume *v)
{
	return v->is_unmark_due && !v->is_unmark_sent && can_be_told(v);
}

void volume_unmark_sent(struct volume *v)
{
	v->is_unmark_due = false;
	v->is_unmark_sent = true;
}

bool volume_is_remembered(const struct volume *v)
{
	return !v->is_there && !volume_is_in_use(v) && volume_is_unmarked(v);
}

/* The store has told all of its disk. Where it could not read the table, nothing is known. */
static bool is_lost(const struct volume *v, u32 error)
{
	return volume_is_remembered(v) && (error == STORE_OK || error == STORE_NO_VOLUME) &&
	       disk_at(v->slot)->table != STORE_TABLE_UNREADABLE;
}

void volume_unmark_done(struct volume *v, u32 error)
{
	if (!v->is_unmark_sent)
		return;
	if (is_lost(v, error))
		v->is_used = false;
	v->is_unmark_sent = false;
	v->is_unmark_due = v->is_unmark_due || error == STORE_NO_DISK;	/* again when that is back */
	v->has_unmark_failed = error != STORE_OK && error != STORE_NO_DISK;
}

void volume_finish(struct volume *v)
{
	v->is_finish_due = v->is_unfinished = volume_is_on_disk(v);
}

bool volume_finish_is_due(const struct volume *v)
{
	return v->is_finish_due && can_be_told(v);
}

void volume_finish_sent(struct volume *v)
{
	v->is_finish_due = false;
	v->is_finish_sent = true;
}

void volume_finish_done(struct volume *v, u32 error)
{
	if (!v->is_finish_sent)
		return;
	v->is_finish_sent = false;
	v->is_finish_due = error == STORE_NO_DISK;	/* again when that is back */
	v->error = v->is_finish_due ? STORE_OK : error;
	v->is_unfinished = error != STORE_OK;
}

void volume_marks_again(struct volume *v)
{
	v->is_unmark_due = volume_is_unmarked(v);
	v->is_unmark_sent = v->has_unmark_failed = false;
	v->is_finish_due = v->is_finish_due || v->is_finish_sent;
	v->is_finish_sent = false;
}

void volume_mark_told(struct volume *v, bool is_marked)
{
	v->is_marked = is_marked && !volume_is_unmarked(v);
}
