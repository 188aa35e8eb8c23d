/* SPDX-License-Identifier: MIT */
/*
 * dispatch.h - from a request to what answers it.
 */
#ifndef VOS_DISPATCH_H
#define VOS_DISPATCH_H

/* Serve a bounded number of each client's requests. False: there may be more. */
_Bool dispatch_requests(void);

#endif
