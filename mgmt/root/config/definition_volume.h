/* SPDX-License-Identifier: MIT */
/*
 * definition_volume.h - reads and writes the machine's definitions in their volume of a pool, as an ordinary client of
 * the store. Nothing here waits: each call of definition_volume_step does what can be done now.
 */
#ifndef VOS_DEFINITION_VOLUME_H
#define VOS_DEFINITION_VOLUME_H

#include "definition_slots.h"
#include "status.h"
#include "types.h"
#include "volumes.h"

enum definition_volume_state {
	DEFINITION_VOLUME_CLOSED,
	DEFINITION_VOLUME_BUSY,
	DEFINITION_VOLUME_READY,	/* what was asked for last is done */
	DEFINITION_VOLUME_FAILED	/* it could not be done: the disk, or the pool */
};

/* What reading has found. */
struct definitions_found {
	u64 bytes;		/* of the text */
	u64 record_bytes;	/* of the records behind it */
	bool is_there;
	bool is_damaged;	/* a slot has something else than a right text; if !is_there, no slot has one */
};

/* A link to that volume, which is there. False: no memory. Only while it is CLOSED. */
bool definition_volume_open(struct volume *v) MUST_CHECK;
/* Begin to give it back; it is CLOSED when the store has. In any state. */
void definition_volume_close(void);
/* The volume that is open, or is being closed; NULL: none. */
const struct volume *definition_volume_of(void);
/* The pool whose definitions count: uploaded images are kept there, and read from nowhere else. STORE_POOLS_MAX: none
 * does. */
u32 definition_volume_pool(void);

/* Only while READY or FAILED. The text is put into text[DEFINITION_TEXT_BYTES], which stays. */
void definition_volume_read(u8 *text);
const struct definitions_found *definition_volume_found(void);
/* The found records. */
const u8 *definition_volume_records(void);
/* Only after a read that has found something, or nothing at all: write `bytes` of `text`, and the records behind it, as
 * the next generation, and flush. Nothing is written if it is what is there already. */
void definition_volume_write(u8 *text, u64 bytes, const u8 *records, u64 record_bytes);
/* The text that was read or written last is known still: / the same, with that text. */
bool definition_volume_has_text(void);
void definition_volume_write_records(const u8 *records, u64 record_bytes);

enum definition_volume_state definition_volume_step(void);
/* Before root sleeps. False: there is something to do after all. */
bool definition_volume_may_sleep(void);

#endif
