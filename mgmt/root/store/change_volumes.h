/* SPDX-License-Identifier: MIT */
/*
 * change_volumes.h - the volumes that a change makes or deletes: it owns them (volume.change) until it ends, and nobody
 * else gets them meanwhile. One that fails takes back what it made.
 */
#ifndef VOS_CHANGE_VOLUMES_H
#define VOS_CHANGE_VOLUMES_H

#include "change_kinds.h"

/* The store is asked for what the change needs. */
struct error_info change_volumes_begin(struct change *c);
/* True: the store has answered about all of its volumes. *no: the first that failed. */
bool change_volumes_are_done(const struct change *c, struct error_info *no);
/* The images that its new volumes are to begin with: are they there, and do they fit? / They are copied. True: some are
 * under way. / True: none is any more. *no: why the first one failed, also in the calls before. */
struct error_info change_images_judge(struct change *c);
bool change_images_begin(struct change *c, struct error_info *no);
bool change_images_are_done(const struct change *c, struct error_info *no);
/* What it made goes again if it failed; what could not be deleted stays. */
void change_volumes_release(struct change *c, bool is_failed);
/* The VM did not come to be after all: nobody took them. */
void change_volumes_drop_fresh(const struct change *c);

#endif
