/* SPDX-License-Identifier: MIT */
/*
 * error_info.h - why something was not done, as it goes into a reply. error == ERR_NONE: it was.
 */
#ifndef VOS_ERROR_INFO_H
#define VOS_ERROR_INFO_H

#include "request.h"
#include "status.h"
#include "types.h"

struct error_info {
	u32 error;		/* enum error */
	u64 need, have;
	char text[64];
};

#define ERROR_INFO_NONE ((struct error_info){ .error = ERR_NONE })

static inline struct error_info error_info_of(enum error error, u64 need, u64 have)
{
	return (struct error_info){ .error = error, .need = need, .have = have };
}

/* ERR_INTERNAL with the status, or none. */
static inline struct error_info error_info_status(enum status st)
{
	return st == ST_OK ? ERROR_INFO_NONE : error_info_of(ERR_INTERNAL, 0, st);
}

/* With that name as its text. */
struct error_info error_info_about(enum error error, const char *name);

/* ERR_LIMIT: there are `most` of those, which is a name in the plural. */
struct error_info error_info_limit(u32 most, const char *what);

/* The exit code that belongs to an error. */
enum result error_info_result(u32 error);

#endif
