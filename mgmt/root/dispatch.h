/* SPDX-License-Identifier: MIT */
/*
 * dispatch.h - from a request to what answers it.
 */
#ifndef VOS_DISPATCH_H
#define VOS_DISPATCH_H

#include "types.h"

/* Serve a bounded number of each client's requests. Returns when to call it again, of the time stamp counter; 0: there
 * may be more now. */
u64 dispatch_requests(void);

#endif
