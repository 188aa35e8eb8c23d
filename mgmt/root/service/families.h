/* SPDX-License-Identifier: MIT */
/*
 * families.h - services of which there are several, and which come and go: drivers of devices, switches. Each family
 * has a number of places behind the rows of services.h, and says of each place what is there. Adding one is a row in
 * families.c.
 */
#ifndef VOS_FAMILIES_H
#define VOS_FAMILIES_H

#include "object_set.h"
#include "services.h"
#include "status.h"
#include "types.h"

/* `number`: of the place, from 0. What may be NULL says so. */
struct service_family {
	u32 count;
	struct service_row row;			/* what all have in common; the program is this, or: */
	const char *(*program)(u32 number);	/* NULL: row.program */
	const char *(*name)(u32 number);
	/* There is one, which did not fail too often / which did (NULL: none ever does). */
	bool (*is_wanted)(u32 number);
	bool (*is_given_up)(u32 number);
	/* As service_prepare; what is created goes into `objects`. */
	enum status (*prepare)(u32 number, u64 h_pd, u64 h_thread, struct object_set *objects);
	/* Its thread runs no more, and nothing is given back yet / all is given back, also of one that could not be
	 * made. */
	void (*stop)(u32 number);
	void (*released)(u32 number);		/* NULL: nothing to do */
	/* It has ended by itself, with that code, or 0 for a fault; before stop. NULL: nothing to do. */
	void (*failed)(u32 number, u64 code);
	u64 (*pause_ns)(u32 number);		/* until its next start; NULL: a second */
	bool (*forgive)(u32 number);		/* service_forgive; NULL: there is no reason */
};

extern const struct service_family service_families[];
extern const u32 service_family_count;

#endif
