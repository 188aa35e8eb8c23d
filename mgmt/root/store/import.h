/* SPDX-License-Identifier: MIT */
/*
 * import.h - images become the contents of new volumes: root copies them over a link of its own (volume_link.h).
 * Runs of zeros are not written where a new volume reads as zeros. A volume stays marked as unfinished until all of it
 * is on stable storage, and root deletes what it finds so marked after a restart.
 */
#ifndef VOS_IMPORT_H
#define VOS_IMPORT_H

#include "error_info.h"
#include "request.h"
#include "types.h"
#include "volumes.h"

/* Can a new volume of want->bytes begin as the image want->image? With want->bytes 0, it is given the size of the
 * image, in units of VOLUME_UNIT. ERR_NO_IMAGE, ERR_IMAGE_FORMAT, ERR_IMAGE_LARGER. */
struct error_info import_judge(struct disk_spec *want);

/* Begin with a volume that the store has just made: is_unfinished. The image stays until import_end. */
struct error_info import_begin(struct volume *v, const char *image);
/* False: it is under way. True, once: it is over. *no: why it failed. */
bool import_end(const struct volume *v, struct error_info *no);
/* Leave it: it fails. */
void import_cancel(const struct volume *v);

/* How far that volume's is; 0 too if there is none. */
u32 import_percent(const struct volume *v);
/* Some import reads that image. */
bool import_uses(const char *image);

/* A bounded piece of all of them. Returns when to call again at the latest; the store's signal is an occasion too. */
u64 import_step(void);

#endif
