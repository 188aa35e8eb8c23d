/* SPDX-License-Identifier: MIT */
/*
 * volume_export.h - volumes and snapshots are read out as streams of extents (export_stream.h), as far as the client
 * asks. A volume that is read has a link of root's meanwhile; if it is a VM's, that does not start.
 */
#ifndef VOS_VOLUME_EXPORT_H
#define VOS_VOLUME_EXPORT_H

#include "error_info.h"
#include "request.h"
#include "types.h"

/* Begin, or go on at want->image.offset of the stream: REQ_EXPORT_OPEN. One of the same volume under way ends. */
struct error_info export_open(u32 client, const struct request *want, struct export_report *out);
/* The next bytes. False: there are none yet, and the answer comes later. */
bool export_read(u32 client, const struct request *want, struct error_info *no, struct export_data *out);
struct error_info export_close(u32 client, const struct request *want);
/* That client is another one: what it had ends. */
void export_drop(u32 client);

/* A bounded piece of all of them. Returns when to call again at the latest. */
u64 export_step(void);

#endif
