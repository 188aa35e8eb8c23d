/*
 * refusal.h - why something was not done, as it goes into a reply. error == ERR_NONE: it was.
 */
#ifndef VOS_REFUSAL_H
#define VOS_REFUSAL_H

#include "request.h"
#include "status.h"
#include "types.h"

struct refusal {
	u32 error;		/* enum error */
	u64 need, have;
	char text[64];
};

#define REFUSAL_NONE ((struct refusal){ .error = ERR_NONE })

static inline struct refusal refusal_of(enum error error, u64 need, u64 have)
{
	return (struct refusal){ .error = error, .need = need, .have = have };
}

/* ERR_INTERNAL with the status, or none. */
static inline struct refusal refusal_status(enum status st)
{
	return st == ST_OK ? REFUSAL_NONE : refusal_of(ERR_INTERNAL, 0, st);
}

/* The exit code that belongs to an error. */
enum result refusal_result(u32 error);

#endif
