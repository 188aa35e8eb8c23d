/* SPDX-License-Identifier: MIT */
/*
 * qcow2_write.h - writes a disk image in QEMU's format, version 3, in clusters of 64 KiB that come in their order; what
 * does not come is a hole. The header is written last: an image that was cut off is none.
 *
 * Source: QEMU, docs/interop/qcow2.txt.
 */
#ifndef VOS_HOST_QCOW2_WRITE_H
#define VOS_HOST_QCOW2_WRITE_H

#include "types.h"

#define QCOW2_CLUSTER 65536u

struct qcow2_out;

/* Into an empty file. NULL: no memory. is_zstd: clusters are compressed where that makes them smaller. */
struct qcow2_out *qcow2_out_begin(int fd, u64 disk_bytes, bool is_zstd);
/* The cluster at that offset of the disk, which is behind the one before. False: errno. */
bool qcow2_out_put(struct qcow2_out *q, u64 offset, const u8 cluster[QCOW2_CLUSTER]);
/* False: errno. */
bool qcow2_out_end(struct qcow2_out *q);
void qcow2_out_free(struct qcow2_out *q);

#endif
