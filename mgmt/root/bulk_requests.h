/* SPDX-License-Identifier: MIT */
/*
 * bulk_requests.h - requests about what comes or goes in pieces: uploads of images, exports of volumes, captured
 * frames.
 */
#ifndef VOS_ROOT_BULK_REQUESTS_H
#define VOS_ROOT_BULK_REQUESTS_H

#include "request.h"

/* REQ_UPLOAD_..., REQ_DELETE_IMAGE, REQ_EXPORT_..., REQ_CAPTURE_...: a private copy. It is answered now or later. */
void bulk_request(u32 client, const struct request *request);

#endif
