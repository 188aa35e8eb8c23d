/* SPDX-License-Identifier: MIT */
/*
 * volume_marks.c - see volume_marks.h.
 */
#include "volume_marks.h"

#include <string.h>

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

/* Of one that is deleted, or is not there, nothing can be said. */
bool volume_unmark_is_due(const struct volume *v)
{
	return v->is_unmark_due && !v->is_unmark_sent && !v->is_making && !v->is_going && v->is_there &&
	       disk_at(v->slot)->is_there;
}

void volume_unmark_sent(struct volume *v)
{
	v->is_unmark_due = false;
	v->is_unmark_sent = true;
}

void volume_unmark_done(struct volume *v, u32 error)
{
	if (!v->is_unmark_sent)
		return;
	v->is_unmark_sent = false;
	v->is_unmark_due = v->is_unmark_due || error == STORE_NO_DISK;	/* again when that is back */
}

void volume_unmark_again(struct volume *v)
{
	v->is_unmark_due = v->is_unmark_due || v->is_unmark_sent;
	v->is_unmark_sent = false;
}

void volume_mark_told(struct volume *v, bool is_marked)
{
	v->is_marked = is_marked && !v->is_unmark_due && !v->is_unmark_sent;
}
