/* SPDX-License-Identifier: MIT */
/*
 * definition_slots.h - how the machine's definitions lie in their volume: two slots, each a header of one block and a
 * text behind it, then records of VMs. They are written in turn, the one with the higher generation counts, and a slot
 * whose hashes differ from what its header says is none: so a power cut while one is written leaves the other. Pure.
 * What is read is foreign.
 *
 *	byte 0		header of slot 0: magic, generation, bytes, hashes
 *	     4096	text of slot 0, as of vos.conf; directly behind it records (vm_record.h)
 *	     1 MiB	slot 1
 */
#ifndef VOS_DEFINITION_SLOTS_H
#define VOS_DEFINITION_SLOTS_H

#include "blake2b.h"
#include "request.h"
#include "types.h"

#define DEFINITION_SLOTS 2u
#define DEFINITION_SLOT_BYTES (1024u * 1024u)
#define DEFINITION_HEADER_BYTES 4096u
#define DEFINITION_RECORDS_BYTES 24576u		/* at most */
#define DEFINITION_TEXT_BYTES (DEFINITION_SLOT_BYTES - DEFINITION_HEADER_BYTES - DEFINITION_RECORDS_BYTES)
_Static_assert(DEFINITION_TEXT_BYTES == DEFINITIONS_BYTES, "one text");
#define DEFINITION_VOLUME_BYTES (DEFINITION_SLOTS * DEFINITION_SLOT_BYTES)

/* Little endian, as all of VOS is. Hashes are BLAKE2b-256. */
struct definition_header {
	char magic[8];		/* DEFINITION_MAGIC */
	u64 generation;		/* from 1 */
	u64 bytes;		/* of the text */
	u8 text_hash[BLAKE2B_BYTES];	/* of the text and the records, so of their bytes, too */
	u8 hash[BLAKE2B_BYTES];	/* of all before it */
	u64 record_bytes;
	u8 zero[DEFINITION_HEADER_BYTES - 96];
};
_Static_assert(sizeof(struct definition_header) == DEFINITION_HEADER_BYTES, "one block");

#define DEFINITION_MAGIC "VOSDEF01"

void definition_header_fill(struct definition_header *h, u64 generation, u64 bytes, u64 record_bytes,
	const u8 text_hash[BLAKE2B_BYTES]);
/* Bytes of text and records together. */
u64 definition_content_bytes(const struct definition_header *h);
bool definition_is_same_text(const struct definition_header *a, const struct definition_header *b);

enum definition_slot_state {
	DEFINITION_SLOT_EMPTY,	/* never written: zeros */
	DEFINITION_SLOT_FULL,	/* its text is to be looked at */
	DEFINITION_SLOT_BAD	/* anything else */
};
/* A copy of a header that is foreign. */
enum definition_slot_state definition_header_judge(const struct definition_header *h);

/* Which slot counts if its text is right: of those whose bit in `slots` is set, that of the highest generation.
 * DEFINITION_SLOTS: there is none. */
u32 definition_newest(const struct definition_header h[DEFINITION_SLOTS], u32 slots);

#endif
