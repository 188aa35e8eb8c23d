/* SPDX-License-Identifier: MIT */
/*
 * definitions_task.h - what root has the console do so that the machine's definitions outlive it in a pool, as the text
 * that export-config prints. Root keeps them and parses no text; the console does these tasks, one after the other
 * (REQ_DEFINITIONS, request.h). Texts lie in memory that both map.
 */
#ifndef VOS_DEFINITIONS_TASK_H
#define VOS_DEFINITIONS_TASK_H

#include "store.h"
#include "types.h"

enum definitions_task {
	DEFINITIONS_NOTHING,
	DEFINITIONS_CONF,	/* no pool has any: apply vos.conf */
	DEFINITIONS_LOAD,	/* apply the text, of `bytes` */
	DEFINITIONS_SAVE,	/* write a text of what there is */
	DEFINITIONS_TELL,	/* nothing but `place` has changed */
	DEFINITIONS_TASK_COUNT
};

/* How long definitions may take at the start: until all disks are there, and their images are read. */
#define DEFINITIONS_SEARCH_SECONDS 15u
#define DEFINITIONS_IMAGES_SECONDS 120u
#define DEFINITIONS_BYTES (996u * 1024u)	/* of a text, at most */

struct definitions_request {
	u64 number;		/* of the task that is done */
	u64 bytes;		/* DEFINITIONS_SAVE: of the text; 0: there is no room for it */
};

/* Where definitions are kept. */
enum definitions_place {
	DEFINITIONS_SEARCHED,	/* disks are still coming; with a pool: they are being read there */
	DEFINITIONS_IN_RAM,	/* they are lost when VOS ends */
	DEFINITIONS_IN_POOL,
	DEFINITIONS_NOT_WRITTEN,	/* those in the pool are older than what there is: a write failed */
	DEFINITIONS_DAMAGED,	/* those in the pool can't be read, and stay as they are */
	DEFINITIONS_TWICE,	/* two pools have some: those of neither are applied, and new ones are lost */
	DEFINITIONS_AWAITED,	/* IN_RAM; a mirror that waits for a disk may have others */
	DEFINITIONS_PLACE_COUNT
};

struct definitions_report {
	u64 number;		/* of the task; from 1 */
	u64 bytes;
	u32 task;		/* enum definitions_task */
	u32 is_again;		/* DEFINITIONS_LOAD: a console before this one has applied it */
	u32 place;		/* enum definitions_place */
	u32 zero;
	char pool[DISK_NAME_BYTES];	/* or "" */
	char other[DISK_NAME_BYTES];	/* DEFINITIONS_TWICE; else "" */
};

#endif
