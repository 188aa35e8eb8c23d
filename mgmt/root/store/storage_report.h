/* SPDX-License-Identifier: MIT */
/*
 * storage_report.h - rows for list-disk, list-volume and list-pool.
 */
#ifndef VOS_STORAGE_REPORT_H
#define VOS_STORAGE_REPORT_H

#include "request.h"
#include "types.h"

/* The first row from *index on, which is then behind it. False: there is none. */
bool storage_disk_row(u32 *index, struct disk_row *out);
bool storage_volume_row(u32 *index, struct volume_row *out);
bool storage_pool_row(u32 *index, struct pool_row *out);
void pool_row_fill(u32 p, struct pool_row *out);
/* Of one volume, but for the VMs' names. */
struct volume;
void volume_row_fill(const struct volume *volume, struct volume_row *out);

#endif
