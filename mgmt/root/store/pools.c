/* SPDX-License-Identifier: MIT */
/*
 * pools.c - see pools.h.
 */
#include "pools.h"

#include <string.h>

#include "range.h"

#define SAYS_SOMETHING BIT32(31)	/* the store has told of that partition */

static struct pool pools[STORE_POOLS_MAX];

struct pool *pool_at(u32 p)
{
	return p < STORE_POOLS_MAX && pools[p].partition != NULL ? &pools[p] : NULL;
}

u32 pool_find(const char *name)
{
	u32 p = 0;

	while (p < STORE_POOLS_MAX && (pools[p].partition == NULL || pools[p].partition->is_going ||
				       strcmp(pools[p].partition->name, name) != 0))
		p++;
	return p;
}

static u32 free_place(void)
{
	u32 p = 0;

	while (p < STORE_POOLS_MAX && pools[p].partition != NULL)
		p++;
	return p;
}

bool pools_are_full(void)
{
	return free_place() == STORE_POOLS_MAX;
}

bool pool_add(struct volume *partition)
{
	u32 p = free_place();

	if (p == STORE_POOLS_MAX)
		return false;
	pools[p] = (struct pool){ .partition = partition };
	for (u32 k = 0; k < STORE_MEMBERS; k++)
		pools[p].member_told[k] = STORE_MEMBER_GOOD;
	partition->pool = p;
	return true;
}

void pool_remove(u32 p)
{
	if (p < STORE_POOLS_MAX)
		explicit_bzero(&pools[p], sizeof(pools[p]));
}

/* Of a mirror, a power cut in export-pool or import-pool may have left one disk marked and the other not: then it is
 * not exported, and is what the one says that is not. So it is as before the export, or as after the import. */
static void take_marks(struct pool *pool)
{
	u32 all = ~0u, others = ~0u;

	for (u32 k = 0; k < STORE_MEMBERS; k++) {
		if ((pool->says[k] & SAYS_SOMETHING) == 0)
			continue;
		all &= pool->says[k];
		if ((pool->says[k] & STORE_IS_EXPORTED) == 0)
			others &= pool->says[k];
	}
	pool->is_exported = (all & STORE_IS_EXPORTED) != 0;
	pool->is_imported = !pool->is_exported && (others & STORE_IS_IMPORTED) != 0;
}

/* One that could not be opened is tried again when something of it has changed. */
void pool_told(u32 p, u32 member, u64 arena_bytes, u32 flags)
{
	struct pool *pool = &pools[p];

	if (member < STORE_MEMBERS)
		pool->says[member] = SAYS_SOMETHING | (flags & (STORE_IS_IMPORTED | STORE_IS_EXPORTED));
	take_marks(pool);
	if (pool->state != POOL_IS_CLOSED && pool->state != POOL_HAS_FAILED)
		return;
	pool->arena_bytes = align_up(arena_bytes, PAGE_SIZE);
	pool->state = POOL_IS_CLOSED;
}

void pool_try_again(u32 p)
{
	if (pools[p].state == POOL_HAS_FAILED)
		pools[p].state = POOL_IS_CLOSED;
}

static bool is_report_ok(const struct store_report *r)
{
	return r->error < STORE_ERROR_COUNT && r->percent <= 100 && r->sectors <= VOLUME_BYTES_MAX / BLK_SECTOR_BYTES &&
	       (r->sectors == 0 || (r->block_bytes >= BLK_SECTOR_BYTES && r->block_bytes <= BLK_BLOCK_MAX &&
				    (r->block_bytes & (r->block_bytes - 1)) == 0 &&
				    r->free_bytes <= r->sectors * BLK_SECTOR_BYTES));
}

void pool_take_report(const struct store_report *r)
{
	struct pool *pool = pool_at(r->slot - STORE_POOL_SLOT);

	if (pool == NULL || pool->h_arena == 0 || !is_report_ok(r))
		return;
	pool->error = r->error;
	pool->has_lost_disk = r->sectors == 0;
	if (r->sectors == 0)
		return;
	pool->bytes = r->sectors * BLK_SECTOR_BYTES;
	pool->free_bytes = r->free_bytes;
	pool->percent = r->percent;
	pool->key = (r->flags & STORE_IS_ENCRYPTED) == 0 ? POOL_KEY_NONE
		: (r->flags & STORE_IS_LOCKED) != 0 ? POOL_KEY_LOCKED : POOL_KEY_HERE;
	pool->largest_bytes = min_u64(r->largest_bytes, VOLUME_BYTES_MAX);
	pool->block_bytes = r->block_bytes;
}

void pool_keep_secret(u32 p, u32 way, const u8 secret[STORE_SECRET_BYTES])
{
	pools[p].way = way;
	memcpy(pools[p].secret, secret, sizeof(pools[p].secret));
}

static bool is_outgrown;

void pool_grown(u32 p, u32 error)
{
	pools[p].grow = error == STORE_OK ? POOL_GROW_MADE : POOL_GROW_NONE;
	pools[p].grow_error = error;
	is_outgrown = is_outgrown || error == STORE_OK;
}

bool pools_take_outgrown(void)
{
	bool was = is_outgrown;

	is_outgrown = false;
	return was;
}

void pools_forget(void)
{
	is_outgrown = false;
	for (u32 p = 0; p < STORE_POOLS_MAX; p++) {
		pools[p].state = POOL_IS_CLOSED;
		pools[p].h_arena = 0;
		pools[p].arena_bytes = 0;
		pools[p].has_lost_disk = false;
		if (pools[p].grow == POOL_GROW_MADE)
			pools[p].grow = POOL_GROW_NONE;
		if (pools[p].grow == POOL_GROW_SENT)
			pools[p].grow = POOL_GROW_DUE;
		if (pools[p].mark == POOL_MARK_SENT)
			pools[p].mark = POOL_MARK_DUE;
		memset(pools[p].told, 0, sizeof(pools[p].told));
		memset(pools[p].system, 0, sizeof(pools[p].system));
		pools[p].definitions = 0;
		memset(pools[p].says, 0, sizeof(pools[p].says));
		pools[p].is_joining = false;
		for (u32 k = 0; k < STORE_MEMBERS; k++) {
			pools[p].member_state[k] = STORE_MEMBER_GONE;
			pools[p].member_told[k] = STORE_MEMBER_GOOD;
		}
		memset(pools[p].was_asked, 0, sizeof(pools[p].was_asked));
	}
}

bool pool_is_usable(u32 p)
{
	const struct pool *pool = pool_at(p);

	return pool != NULL && pool->state == POOL_IS_OPEN && !pool->has_lost_disk && pool->error == STORE_OK &&
	       pool->bytes != 0 && pool->mark == POOL_MARK_NONE;
}

bool pool_is_in_place(const struct pool *pool)
{
	static const u8 none[STORE_GUID_BYTES];

	return memcmp(pool->in_place_of, none, sizeof(none)) != 0;
}

u64 pool_used_bytes(const struct pool *pool)
{
	return pool->bytes - pool->free_bytes;
}

/* A mirror is not opened before both its members are made. */
static bool is_being_made(const struct pool *pool)
{
	for (u32 k = 0; k < STORE_MEMBERS; k++)
		if (pool->member[k] != NULL && pool->member[k]->is_making)
			return true;
	return pool->partition->is_making;
}

/* Now, or when those have been opened that come before it. */
static bool will_open(u32 p)
{
	const struct pool *pool = pool_at(p);

	return pool != NULL && pool->state == POOL_IS_CLOSED && pool->arena_bytes != 0 && pool->partition->is_there &&
	       !is_being_made(pool) && !pool->partition->is_going && !pool->is_exported &&
	       pool->mark == POOL_MARK_NONE;
}

bool pool_is_coming(u32 p)
{
	return pool_at(p) != NULL && (pools[p].state == POOL_IS_OPENING || will_open(p));
}

static bool are_searched;

/* A pool that is this machine's own may come yet: its volumes have their names before those of an imported one. */
static bool own_may_come(void)
{
	if (!are_searched && disks_are_coming())
		return true;
	for (u32 p = 0; p < STORE_POOLS_MAX; p++)
		if (pool_is_coming(p) && !pools[p].is_imported)
			return true;
	return false;
}

bool pool_open_is_due(u32 p)
{
	return will_open(p) && (!pools[p].is_imported || !own_may_come());
}

bool pools_are_coming(void)
{
	for (u32 p = 0; p < STORE_POOLS_MAX; p++)
		if (pool_is_coming(p))
			return true;
	return false;
}

u32 pool_volume_count(u32 p)
{
	u32 count = 0;

	for (u32 i = 0; i < volumes_end(); i++)
		count += volume_at(i) != NULL && volume_is_in_pool(volume_at(i)) && volume_at(i)->pool == p &&
			!volume_at(i)->is_there;
	for (u32 i = 0; i < ARRAY_COUNT(pools[p].told); i++)
		count += (u32)__builtin_popcountll(pools[p].told[i]);
	return count;
}

void pool_told_extent(u32 p, u32 number, bool is_there)
{
	u64 *word = &pools[p].told[(number - 1) / 64], bit = BIT64((number - 1) % 64);

	*word = is_there ? *word | bit : *word & ~bit;
}

void pool_told_system(u32 p, u32 number, bool is_system)
{
	u64 *word = &pools[p].system[(number - 1) / 64], bit = BIT64((number - 1) % 64);

	*word = is_system ? *word | bit : *word & ~bit;
}

void pool_told_definitions(u32 p, u32 number, bool are_there)
{
	if (are_there)
		pools[p].definitions = number;
	else if (pools[p].definitions == number)
		pools[p].definitions = 0;
}

u32 pool_with_definitions(u32 but)
{
	for (u32 p = 0; p < STORE_POOLS_MAX; p++)
		if (p != but && pool_is_usable(p) && pools[p].definitions != 0 && !pools[p].is_imported)
			return p;
	return STORE_POOLS_MAX;
}

const char *pool_that_waits(void)
{
	for (u32 p = 0; p < STORE_POOLS_MAX; p++)
		if (pool_at(p) != NULL && pools[p].is_mirror && pools[p].state == POOL_HAS_FAILED)
			return pools[p].partition->name;
	return "";
}

bool pools_hide_some(void)
{
	return pools_are_coming() || pool_that_waits()[0] != '\0';
}

void pools_are_searched(void)
{
	are_searched = true;
}

u32 pool_that_counts(void)
{
	u32 p = pool_with_definitions(STORE_POOLS_MAX);

	return are_searched && pool_with_definitions(p) == STORE_POOLS_MAX ? p : STORE_POOLS_MAX;
}

static bool is_system(const struct volume *v, u32 p)
{
	return v != NULL && v->kind == VOLUME_ROW_THIN && v->pool == p && volume_is_of_vos(v->name);
}

u32 pool_system_count(u32 p)
{
	u32 count = 0;

	for (u32 i = 0; i < volumes_end(); i++)
		count += is_system(volume_at(i), p) && !volume_at(i)->is_there;
	for (u32 i = 0; i < ARRAY_COUNT(pools[p].system); i++)
		count += (u32)__builtin_popcountll(pools[p].system[i]);
	return count;
}

static bool has_link(u32 p)
{
	for (u32 i = 0; i < volumes_end(); i++)
		if (is_system(volume_at(i), p) && volume_at(i)->is_busy)
			return true;
	return false;
}

/* Root's own links come first. */
bool pool_close_is_due(u32 p)
{
	const struct pool *pool = pool_at(p);

	return pool != NULL && pool->state == POOL_IS_OPEN &&
	       (pool->partition->is_going || pool->mark == POOL_MARK_DUE) && !has_link(p);
}

bool pool_is_shut(u32 p)
{
	return pool_at(p) == NULL || pools[p].state == POOL_IS_CLOSED || pools[p].state == POOL_HAS_FAILED;
}

void pool_mark(u32 p, const char *name, u32 flags)
{
	struct pool *pool = &pools[p];

	pool->mark = POOL_MARK_DUE;
	pool->mark_at = 0;
	pool->mark_flags = flags;
	pool->mark_error = STORE_OK;
	memcpy(pool->mark_name, name, strlen(name) + 1);
}

bool pool_mark_is_due(u32 p)
{
	const struct pool *pool = pool_at(p);

	return pool != NULL && pool->mark == POOL_MARK_DUE && pool_is_shut(p) && pool->partition->is_there;
}

void pool_mark_done(u32 p, u32 error)
{
	pools[p].mark = POOL_MARK_NONE;
	pools[p].mark_error = error;
}

const struct volume *pool_mark_part(u32 p)
{
	const struct pool *pool = &pools[p];
	const struct volume *v = pool->is_mirror ? pool->member[pool->mark_at] : pool->partition;

	return v != NULL ? v : pool->partition;
}

void pool_marked(u32 p, u32 error)
{
	struct pool *pool = &pools[p];

	if (error == STORE_OK && pool->is_mirror && pool->mark_at + 1 < STORE_MEMBERS) {
		pool->mark_at++;
		pool->mark = POOL_MARK_DUE;
		return;
	}
	if (error == STORE_OK && pool->is_mirror)	/* what the store calls the two is none of its names */
		strcpy(pool->partition->name, pool->mark_name);
	pool_mark_done(p, error);
}

bool pool_is_of_other(u32 p, u32 home)
{
	return are_searched && p != home && pool_is_usable(p) && pools[p].definitions != 0 && !pools[p].is_imported &&
	       pool_with_definitions(p) != STORE_POOLS_MAX;
}

/* A disk that is to be a mirror's, or is none of it any more: the pool stays open meanwhile. */
static bool is_spare(const struct volume *v)
{
	const struct pool *pool = pool_at(v->pool);

	return pool != NULL && v->is_member && v != pool->partition && !pool->partition->is_going;
}

bool pool_lets_change(const struct volume *v)
{
	if (v->kind == VOLUME_ROW_POOL)
		return pool_is_shut(v->pool) || is_spare(v);
	return !volume_is_in_pool(v) || pool_is_usable(v->pool);
}

u32 pool_warning(u32 p)
{
	static const u32 thresholds[] = { 95, 80 };
	struct pool *pool = pool_at(p);

	if (!pool_is_usable(p))
		return 0;
	for (u32 i = 0; i < ARRAY_COUNT(thresholds); i++) {
		if (pool->percent < thresholds[i])
			continue;
		if (pool->warned_percent >= thresholds[i])
			return 0;
		pool->warned_percent = thresholds[i];
		return thresholds[i];
	}
	pool->warned_percent = 0;
	return 0;
}
