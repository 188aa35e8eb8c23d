/* SPDX-License-Identifier: MIT */
/*
 * newc.h - walks a cpio archive of the "newc" kind (magic 070701, or 070702 with checksums, which are not verified).
 * Pure.
 */
#ifndef VOS_NEWC_H
#define VOS_NEWC_H

#include "status.h"
#include "types.h"

#define NEWC_NAME_BYTES 64u

struct newc_file {
	char name[NEWC_NAME_BYTES];	/* last part of the path; "" if that is too long */
	const u8 *bytes;		/* within the archive */
	u64 count;
};

/*
 * The next regular file at or after *at (start with 0), which is moved behind it. ST_OK: a file; ST_FULL: the end
 * (trailer, or no more bytes); ST_INVAL: malformed.
 */
enum status newc_next(const u8 *archive, u64 bytes, u64 *at, struct newc_file *out) MUST_CHECK;

#endif
