/* SPDX-License-Identifier: MIT */
/*
 * qcow2.h - reads a disk image in QEMU's format. The file is foreign: each number in it is judged before it is used,
 * and nothing outside the file is read. What is not understood is refused by name: backing files, encryption, external
 * data files, extended L2 entries, images marked as corrupt. Reference counts are not looked at.
 *
 * Source: QEMU, docs/interop/qcow2.txt.
 */
#ifndef VOS_HOST_QCOW2_H
#define VOS_HOST_QCOW2_H

#include <stddef.h>

#include "types.h"

/* The file. read: all of the bytes, or false. */
struct qcow2_file {
	bool (*read)(void *context, u64 offset, void *to, size_t count);
	void *context;
	u64 bytes;
};

struct qcow2;

/* NULL: *why says what is wrong, in at most why_bytes. */
struct qcow2 *qcow2_open(const struct qcow2_file *file, char *why, size_t why_bytes);
void qcow2_close(struct qcow2 *q);
u64 qcow2_disk_bytes(const struct qcow2 *q);
u32 qcow2_cluster_bytes(const struct qcow2 *q);
/* False: it can't be read, or is malformed. *is_hole: all of the cluster at that offset of the disk is zero. */
bool qcow2_is_hole(struct qcow2 *q, u64 offset, bool *is_hole);
/* Bytes of the disk that lie in one cluster. False: as above. */
bool qcow2_read(struct qcow2 *q, u64 offset, u8 *to, size_t count);

#endif
