/* SPDX-License-Identifier: MIT */
/*
 * follow.h - the switch follows what root has written (switch.h). Root's words are copied once, and the copies judged.
 */
#ifndef VOS_FOLLOW_H
#define VOS_FOLLOW_H

#include "switch_io.h"

struct switch_follow {
	struct switch_io *io;
	const struct switch_config *config;	/* root's, which may change at any time */
	struct switch_figures *figures;
	void *(*link_at)(u32 port);
	u32 seen[SWITCH_PORTS];			/* versions that are followed */
};

/* At the switch's start: whatever there is then. */
void follow_init(struct switch_follow *f);
/* Root has signalled, or the switch has just started. True: there is an answer for root. */
bool follow_turn(struct switch_follow *f, u32 now_s);

#endif
