/* SPDX-License-Identifier: MIT */
/*
 * disk_file.h - a disk image in a file of the operator's machine, raw or qcow2, as a stream of extents (extents.h). The
 * same file gives the same stream, so one that was interrupted can go on. Zeros are left out, by pieces of 64 KiB.
 */
#ifndef VOS_HOST_DISK_FILE_H
#define VOS_HOST_DISK_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "blake2b.h"
#include "types.h"

struct disk_file;

/* NULL: *why says what is wrong. A file of another format, or compressed as a whole, is refused. */
struct disk_file *disk_file_open(const char *path, char *why, size_t why_bytes);
void disk_file_close(struct disk_file *d);
u64 disk_file_disk_bytes(const struct disk_file *d);

/* Read all of it once: how long the stream is, and its BLAKE2b-256. False: *why. To be called before reading. */
bool disk_file_scan(struct disk_file *d, u64 *stream_bytes, u8 hash[BLAKE2B_BYTES], char *why, size_t why_bytes);
/* Some bytes of the stream from there on: how many; -1 with errno: the file can't be read. */
ssize_t disk_file_read(struct disk_file *d, u64 at, u8 *to, size_t size);

#endif
