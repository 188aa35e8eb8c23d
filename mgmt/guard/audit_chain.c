/* SPDX-License-Identifier: MIT */
/*
 * audit_chain.c - see audit_chain.h. A record is copied once, and the copy hashed.
 */
#include <sodium.h>
#undef PAGE_SIZE	/* limits.h has it too */

#include "audit_chain.h"

#include <string.h>

_Static_assert(AUDIT_HASH_BYTES == crypto_generichash_BYTES, "hash");

/* The oldest ones are not looked at: root may be writing there. */
#define SPARE 16u

static void hash_next(u8 hash[AUDIT_HASH_BYTES], const struct audit_record *record)
{
	struct {
		u8 before[AUDIT_HASH_BYTES];
		struct audit_record record;
	} text = { .record = *record };

	memcpy(text.before, hash, AUDIT_HASH_BYTES);
	(void)crypto_generichash(hash, AUDIT_HASH_BYTES, (const u8 *)&text, sizeof(text), NULL, 0);
}

static void hash_first(u8 hash[AUDIT_HASH_BYTES], u64 begun_tsc)
{
	(void)crypto_generichash(hash, AUDIT_HASH_BYTES, (const u8 *)&begun_tsc, sizeof(begun_tsc), NULL, 0);
}

/* The number of the last record that is there; never more of them than there is room for. */
static u64 written(const struct audit_log *log)
{
	return __atomic_load_n(&log->written, __ATOMIC_ACQUIRE);
}

/* The hash before record n, which is chained or 1. */
static void hash_before(u8 hash[AUDIT_HASH_BYTES], const struct audit_log *log, u64 number)
{
	if (number <= 1)
		hash_first(hash, log->begun_tsc);
	else
		memcpy(hash, log->slots[(number - 1) % AUDIT_RECORDS].hash, AUDIT_HASH_BYTES);
}

bool audit_chain(struct audit_log *log, u32 most)
{
	u64 last = written(log), number = log->chained + 1;
	u8 hash[AUDIT_HASH_BYTES];

	hash_before(hash, log, number);
	for (u32 i = 0; i < most && number <= last; i++, number++) {
		struct audit_slot *slot = &log->slots[number % AUDIT_RECORDS];

		hash_next(hash, &slot->record);
		memcpy(slot->hash, hash, sizeof(hash));
		__atomic_store_n(&log->chained, number, __ATOMIC_RELEASE);	/* root may use older slots anew */
	}
	return number <= last;
}

static u64 oldest(const struct audit_log *log)
{
	u64 end = written(log);

	return end + SPARE <= AUDIT_RECORDS ? 1 : end + SPARE - AUDIT_RECORDS;
}

/* From *number to last. False: *number is not as it was written, or its place has another one by now. */
static bool compare(const struct audit_log *log, u64 *number, u64 last, u8 hash[AUDIT_HASH_BYTES])
{
	hash_before(hash, log, *number);
	for (; *number <= last; ++*number) {
		const struct audit_slot *slot = &log->slots[*number % AUDIT_RECORDS];

		hash_next(hash, &slot->record);
		if (slot->record.number != *number || sodium_memcmp(hash, slot->hash, AUDIT_HASH_BYTES) != 0)
			return false;
	}
	return true;
}

/* Root goes on writing, and may have used the place of a record anew that was to be compared next: then what is left
 * begins above it. Nothing is chained meanwhile, so root stops before all places are used anew. */
bool audit_verify(const struct audit_log *log, struct audit_verdict *verdict, u64 *place)
{
	u64 end = written(log), last = log->chained < end ? log->chained : end, first = oldest(log);
	u8 hash[AUDIT_HASH_BYTES];

	*place = first;
	while (!compare(log, place, last, hash)) {
		if (*place >= oldest(log))
			return false;
		*place = first = oldest(log);
	}
	*verdict = (struct audit_verdict){ .first = first, .last = last };
	memcpy(verdict->hash, hash, sizeof(hash));
	return true;
}
