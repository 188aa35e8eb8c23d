/* SPDX-License-Identifier: MIT */
/*
 * import.h - new volumes get contents: an image that root has, or a stream of extents (lib/image/extents.h) that comes
 * as an upload. Root writes them over a link of its own. A volume stays marked as unfinished until all of it is on
 * stable storage, and root deletes what it finds so marked after a restart.
 */
#ifndef VOS_IMPORT_H
#define VOS_IMPORT_H

#include "error_info.h"
#include "request.h"
#include "types.h"
#include "volumes.h"

struct import;

/* Can a new volume of want->bytes begin as the image want->image? With want->bytes 0, it is given the size of the
 * image, in units of VOLUME_UNIT. ERR_NO_IMAGE, ERR_IMAGE_FORMAT, ERR_IMAGE_LARGER. */
struct error_info import_judge(struct disk_spec *want);

/* ---- An image ---- Begin with a volume that the store has just made: is_unfinished. The image stays until the end. */
struct error_info import_begin(struct volume *v, const char *image);
/* False: it is under way. True, once: it is over. *no: why it failed. */
bool import_end(const struct volume *v, struct error_info *no);
/* Leave it: it fails. */
void import_cancel(const struct volume *v);

/* ---- A stream ---- The volume waits for its upload, UPLOAD_KEPT_NS at most; one that fails is deleted. */
struct error_info import_begin_stream(struct volume *v);
/* That is for that volume, and not over; NULL: none. Who asks has it until import_leave or import_result. */
struct import *import_stream(const char *volume);
/* The next bytes. Returns how many were taken: fewer, if there is no room before the store has answered. *no: it has
 * failed. */
u64 import_feed(struct import *m, const u8 *bytes, u64 count, struct error_info *no);
/* All of it has come, and is what it should be. */
void import_finish(struct import *m);
/* Its result waits; the volume of one that has failed is no more. */
bool import_is_over(const struct import *m);
/* False: it is under way. True: it is over, and m is no more; *no: why it failed. */
bool import_result(struct import *m, struct error_info *no);
/* Nobody wants it any more. */
void import_leave(struct import *m);
const struct volume *import_volume(const struct import *m);

/* How far that volume's is; 0 too if there is none. */
u32 import_percent(const struct volume *v);
/* Some import reads that image. */
bool import_uses(const char *image);

/* A bounded piece of all of them. Returns when to call again at the latest; the store's signal is an occasion too. */
u64 import_step(void);

#endif
