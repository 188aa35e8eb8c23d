/* SPDX-License-Identifier: MIT */
/*
 * definitions.c - see definitions.h. A row of states, each with a function that says which is next; a task of the
 * console's, of which there is one at a time.
 */
#include "definitions.h"

#include <stdio.h>
#include <string.h>

#include "client.h"
#include "definition_changes.h"
#include "definition_pools.h"
#include "definition_volume.h"
#include "disks.h"
#include "image_volumes.h"
#include "kept_answers.h"
#include "machine_mac.h"
#include "pools.h"
#include "range.h"
#include "reply.h"
#include "root.h"
#include "rt_log.h"
#include "store_client.h"
#include "sys.h"
#include "syscalls.h"
#include "vm_records.h"
#include "volume_judge.h"

#define SEARCH_LIMIT_NS (DEFINITIONS_SEARCH_SECONDS * NS_PER_S)	/* for disks and the first network card to come */
#define IMAGES_LIMIT_NS (DEFINITIONS_IMAGES_SECONDS * NS_PER_S)	/* for their images to be read */
#define WRITE_LIMIT_NS (20 * NS_PER_S)		/* from a change until it is written */
#define AGAIN_NS (5 * NS_PER_S)			/* after a write that failed */
#define REFUSED_NS (60 * NS_PER_S)		/* after a pool has refused the volume */
#define RECORDS_PAUSE_NS (5 * NS_PER_S)	/* between writes for records alone: a guest may reset itself all the time */
#define LOOK_NS (50 * NS_PER_MS)		/* no signal tells that a driver has found no disk */

enum keep {
	KEEP_SEARCH,		/* is there a pool that has definitions? */
	KEEP_OPEN, KEEP_READ,	/* there is one */
	KEEP_IMAGES,		/* its images come before the VMs that have them */
	KEEP_LOAD,		/* the console applies them */
	KEEP_CONF,		/* there is none: it applies vos.conf */
	KEEP_NONE,		/* and that is done: until there is a pool, */
	KEEP_MAKE,		/* in which they get a volume */
	KEEP_KEPT,
	KEEP_TEXT,		/* the console writes their text, */
	KEEP_WRITE,		/* root to the pool */
	KEEP_LEAVE,		/* their volume is given back */
	KEEP_COUNT
};

static struct {
	enum keep state;
	u64 since_tsc;		/* of the search, or of KEEP_IMAGES; 0 = not begun */
	bool is_client_new;	/* a console that knows nothing */
	bool is_again;		/* KEEP_READ, KEEP_LOAD: for a console that was started again */
	bool is_conf_given, is_conf_done;
	bool is_damaged;	/* their volume has something else than what VOS writes: it stays as it is */
	bool is_twice;		/* `pool` and `other` have some: neither's are used */
	bool is_other_told;	/* another pool has some, too, which will count at the next start */
	u64 kept, failed;	/* changes that are written, or could not be */
	u64 writing;		/* that are in the text in hand */
	u64 records_kept, records_writing;	/* the same of records (definition_changes.h) */
	u64 records_tsc;	/* not before that */
	u64 late_tsc;		/* what is to be written has failed then; 0 = nothing is */
	u64 again_tsc;		/* after a failure, not before that */
	u64 text_bytes;
	char pool[DISK_NAME_BYTES], other[DISK_NAME_BYTES];
	struct definitions_report task;
	struct { bool is_there; u32 client, request_id; } asker;
} k = { .task.task = DEFINITIONS_NOTHING };

static u8 *text(void)
{
	return shared_at(SHARED_DEFINITIONS);
}

static u64 since_ns(u64 tsc)
{
	return rt_time_ns(&root.time, rt_time_tsc() - tsc);
}

/* ---- the console's tasks ---- */

static void send_task(void)
{
	static struct reply reply;

	if (!k.asker.is_there || k.task.task == DEFINITIONS_NOTHING)
		return;
	memset(&reply, 0, sizeof(reply));
	reply.kind = REPLY_ANSWER;
	reply.id = k.asker.request_id;
	reply.definitions = k.task;
	k.asker.is_there = !client_send(k.asker.client, &reply);
}

/* Where those are that no pool takes. */
static enum definitions_place place_without_pool(void)
{
	return k.is_damaged ? DEFINITIONS_DAMAGED : k.is_twice ? DEFINITIONS_TWICE :
	       pool_that_waits()[0] != '\0' ? DEFINITIONS_AWAITED : DEFINITIONS_IN_RAM;
}

static void set_place(struct definitions_report *r, enum definitions_place place)
{
	r->place = place;
	snprintf(r->pool, sizeof(r->pool), "%s", place == DEFINITIONS_IN_RAM ? "" :
		 place == DEFINITIONS_AWAITED ? pool_that_waits() : k.pool);
	snprintf(r->other, sizeof(r->other), "%s", place == DEFINITIONS_TWICE ? k.other : "");
}

static void give_task(enum definitions_task task, u64 bytes)
{
	k.task.number++;
	k.task.task = task;
	k.task.bytes = bytes;
	k.task.is_again = k.is_again;
	if (task == DEFINITIONS_CONF || task == DEFINITIONS_TELL)
		set_place(&k.task, place_without_pool());
	else
		set_place(&k.task, k.failed > k.kept ? DEFINITIONS_NOT_WRITTEN : DEFINITIONS_IN_POOL);
	send_task();
}

/* The task that was given is done, and its text, if it was one, has so many bytes. */
static bool is_task_done(void)
{
	return k.task.task == DEFINITIONS_NOTHING;
}

void definitions_request(u32 client, const struct request *request)
{
	const struct definitions_request *done = &request->definitions;
	struct error_info busy = error_info_of(ERR_BUSY, 0, 0);

	if (k.asker.is_there) {
		(void)reply_send(client, request->id, &busy, NULL);
		return;
	}
	k.asker.is_there = true;
	k.asker.client = client;
	k.asker.request_id = request->id;
	if (done->number == 0 && k.task.task == DEFINITIONS_SAVE)
		k.task.task = DEFINITIONS_NOTHING;	/* it was another one's */
	k.is_client_new = k.is_client_new || (done->number == 0 && is_task_done());
	if (done->number == k.task.number && k.task.task != DEFINITIONS_NOTHING) {
		k.task.task = DEFINITIONS_NOTHING;
		k.text_bytes = done->bytes;
	}
	send_task();
}

void definitions_drop(u32 client)
{
	if (k.asker.is_there && k.asker.client == client)
		k.asker.is_there = false;
	kept_answers_drop(client);
}

/* ---- what is kept ---- */

static bool is_keeping(void)
{
	return k.state == KEEP_KEPT || k.state == KEEP_TEXT || k.state == KEEP_WRITE;
}

bool definitions_are_read(void)
{
	return k.state == KEEP_SEARCH || k.state == KEEP_MAKE || k.state == KEEP_OPEN || k.state == KEEP_READ ||
	       k.state == KEEP_IMAGES || k.state == KEEP_LOAD ||
	       (k.state == KEEP_CONF && definition_volume_of() != NULL);
}

bool definitions_are_applied(void)
{
	return k.task.task == DEFINITIONS_CONF || k.task.task == DEFINITIONS_LOAD;
}

bool definitions_are_kept(u64 count, struct error_info *no)
{
	*no = ERROR_INFO_NONE;
	if ((!is_keeping() && !definitions_are_read()) || (is_keeping() && k.kept >= count))
		return true;
	if (k.failed < count)
		return false;
	*no = error_info_of(ERR_NOT_KEPT, 0, 0);
	strcpy(no->text, k.pool);
	return true;
}

/* ---- pools ---- */

static void set_pool_name(char name[DISK_NAME_BYTES], u32 p)
{
	snprintf(name, DISK_NAME_BYTES, "%.*s", (int)STORE_POOL_NAME_MAX, pool_at(p)->partition->name);
}

/* Nobody but the operator knows which are this machine's. The pool whose volume has a row comes first: delete-volume
 * means that one. */
static void note_twice(u32 p, u32 other)
{
	bool is_first = definition_volume_in(p) != NULL;

	k.is_twice = true;
	set_pool_name(k.pool, is_first ? p : other);
	set_pool_name(k.other, is_first ? other : p);
}

/* NULL: no pool has definitions, or two have some. Of these one has no row, as it has no name of its own: if that is
 * the one that stays, it is found at the next start. */
static struct volume *find_volume(void)
{
	u32 p = pool_with_definitions(STORE_POOLS_MAX), other = pool_with_definitions(p);

	if (p == STORE_POOLS_MAX) {
		k.is_twice = false;
		return NULL;
	}
	if (other != STORE_POOLS_MAX)
		note_twice(p, other);
	else if (definition_volume_in(p) != NULL)
		k.is_twice = false;
	return k.is_twice ? NULL : definition_volume_in(p);
}

/* The pool that they are in is being deleted. */
static bool is_pool_going(void)
{
	const struct volume *v = definition_volume_of();

	return v != NULL && (pool_at(v->pool) == NULL || pool_at(v->pool)->partition->is_going);
}

static enum keep open_volume(struct volume *v)
{
	snprintf(k.pool, sizeof(k.pool), "%s", v->on);
	k.is_again = false;
	definition_pools_note();
	if (definition_volume_open(v))
		return KEEP_OPEN;
	k.again_tsc = rt_time_after(&root.time, AGAIN_NS);
	return k.is_conf_done ? KEEP_NONE : KEEP_CONF;
}

/* ---- states ---- */

/* VMs get their MAC addresses when they are defined. */
static enum keep step_search(void)
{
	bool is_late = since_ns(k.since_tsc) >= SEARCH_LIMIT_NS;
	struct volume *v;

	if (!disks_are_coming())
		store_groups();		/* imported pools have waited for those of others */
	if (!machine_mac_is_known(is_late) || ((disks_are_coming() || pools_are_coming()) && !is_late))
		return KEEP_SEARCH;
	pools_are_searched();
	v = find_volume();
	return v != NULL ? open_volume(v) : KEEP_CONF;
}

static enum keep leave(void)
{
	definition_volume_close();
	k.again_tsc = rt_time_after(&root.time, AGAIN_NS);
	return KEEP_LEAVE;
}

static enum keep step_open(void)
{
	enum definition_volume_state state = definition_volume_step();

	if (is_pool_going() || state == DEFINITION_VOLUME_FAILED)
		return leave();
	if (state != DEFINITION_VOLUME_READY)
		return KEEP_OPEN;
	definition_volume_read(text());
	return KEEP_READ;
}

static enum keep begin_load(u64 bytes)
{
	definition_pools_note();
	give_task(DEFINITIONS_LOAD, bytes);
	return KEEP_LOAD;
}

static enum keep step_read(void)
{
	const struct definitions_found *found = definition_volume_found();
	enum definition_volume_state state = definition_volume_step();

	if (state == DEFINITION_VOLUME_BUSY)
		return KEEP_READ;
	if (state != DEFINITION_VOLUME_READY) {
		rt_log("root: the definitions in pool %s can't be read", k.pool);
		return leave();
	}
	k.is_damaged = found->is_damaged && !found->is_there;
	if (k.is_damaged) {
		rt_log("root: the definitions in pool %s are damaged, and stay as they are: delete-volume %s, and "
		       "VOS begins anew there", k.pool, VOLUME_OF_VOS);
		return leave();
	}
	if (found->is_damaged)
		rt_log("root: the last definitions in pool %s are damaged: those before them count", k.pool);
	if (!found->is_there)
		return k.is_conf_done ? KEEP_KEPT : KEEP_CONF;
	if (!k.is_again)
		vm_records_load(definition_volume_records(), found->record_bytes);
	k.since_tsc = rt_time_tsc();
	return KEEP_IMAGES;
}

static enum keep step_images(void)
{
	if (is_pool_going())
		return leave();
	if (image_volumes_are_coming() && since_ns(k.since_tsc) < IMAGES_LIMIT_NS)
		return KEEP_IMAGES;
	return begin_load(definition_volume_found()->bytes);
}

static enum keep step_load(void)
{
	if (!is_task_done())
		return KEEP_LOAD;
	k.is_conf_done = true;
	k.kept = 0;		/* what could be applied is written, if it differs */
	return KEEP_KEPT;
}

static enum keep step_conf(void)
{
	if (!k.is_conf_given)
		give_task(DEFINITIONS_CONF, 0);
	k.is_conf_given = !is_task_done();
	if (k.is_conf_given)
		return KEEP_CONF;
	k.is_conf_done = true;
	return definition_volume_of() != NULL ? KEEP_KEPT : KEEP_NONE;
}

/* In the first pool that has room for it. */
static enum keep make_volume(void)
{
	/* thick: it can be written when the pool is full */
	struct disk_spec want = { .bytes = DEFINITION_VOLUME_BYTES, .flags = DISK_TRAIT(TRAIT_THICK, true) };
	const char *on = definition_pool_with_room();
	struct volume *v;

	if (on == NULL)
		return KEEP_NONE;
	strcpy(want.on, on);
	v = volume_new(VOLUME_OF_VOS, &want);
	return v != NULL && store_create(v) == ST_OK ? KEEP_MAKE : KEEP_NONE;
}

static enum keep step_none(void)
{
	struct volume *v = find_volume();

	if (k.is_client_new)
		return KEEP_CONF;
	if (rt_time_tsc() < k.again_tsc)
		return KEEP_NONE;
	if (v != NULL)
		return k.is_damaged ? KEEP_NONE : open_volume(v);
	k.is_damaged = false;
	return volume_find(VOLUME_OF_VOS) == NULL && pool_with_definitions(STORE_POOLS_MAX) == STORE_POOLS_MAX &&
	       !pools_hide_some() ? make_volume() : KEEP_NONE;
}

static enum keep step_make(void)
{
	struct volume *v = volume_find(VOLUME_OF_VOS);

	if (v == NULL)
		return KEEP_NONE;
	if (v->is_making && v->error == STORE_OK)
		return KEEP_MAKE;
	if (v->error == STORE_OK) {
		definitions_changed();		/* also if there are none: the pool is to say so */
		return open_volume(v);
	}
	rt_log("root: pool %s takes no volume for the definitions (error %u)", v->on, (unsigned)v->error);
	store_delete(v);
	k.again_tsc = rt_time_after(&root.time, REFUSED_NS);
	return KEEP_NONE;
}

/* Where the pool is not there, the store's signal says when it is. */
static bool is_write_due(void)
{
	return k.kept < definitions_count() && pool_is_usable(definition_volume_of()->pool) &&
	       (k.failed < definitions_count() || rt_time_tsc() >= k.again_tsc);
}

static bool are_records_new(void)
{
	return k.records_kept < records_count() && definition_volume_has_text() &&
	       pool_is_usable(definition_volume_of()->pool);
}

static bool are_records_due(void)
{
	return are_records_new() && (records_are_urgent() || rt_time_tsc() >= k.records_tsc);
}

_Static_assert(VM_RECORDS_BYTES <= DEFINITION_RECORDS_BYTES, "room for all");

/* With the text in the shared window, or the one before. */
static enum keep begin_write(bool has_text)
{
	static u8 records[VM_RECORDS_BYTES];
	u64 bytes = vm_records_fill(records);

	k.records_writing = records_count();
	records_taken();
	if (has_text) {
		definition_volume_write(text(), k.text_bytes, records, bytes);
	} else {
		k.records_tsc = rt_time_after(&root.time, RECORDS_PAUSE_NS);
		definition_volume_write_records(records, bytes);
	}
	return KEEP_WRITE;
}

static void look_for_other(void)
{
	u32 other = pool_with_definitions(definition_volume_of()->pool);

	if (other != STORE_POOLS_MAX && !k.is_other_told)
		rt_log("root: pool %s has definitions, too: at the next start neither its nor those of pool %s are "
		       "applied; import-pool it, or take its disk out", pool_at(other)->partition->name, k.pool);
	k.is_other_told = other != STORE_POOLS_MAX;
}

static enum keep step_kept(void)
{
	if (is_pool_going())
		return leave();
	look_for_other();
	if (k.is_client_new || (definition_volume_has_text() && !is_write_due() && definition_pools_are_new())) {
		k.is_again = true;
		definition_volume_read(text());
		return KEEP_READ;
	}
	if (!is_write_due()) {
		k.writing = k.kept;
		return are_records_due() ? begin_write(false) : KEEP_KEPT;
	}
	k.writing = definitions_count();
	give_task(DEFINITIONS_SAVE, 0);
	return KEEP_TEXT;
}

static enum keep write_failed(void)
{
	if (k.failed < k.writing)
		rt_log("root: the definitions could not be written to pool %s", k.pool);
	k.failed = k.writing;
	k.again_tsc = rt_time_after(&root.time, AGAIN_NS);
	return KEEP_KEPT;
}

static enum keep step_text(void)
{
	if (k.is_client_new)
		return KEEP_KEPT;
	if (!is_task_done())
		return KEEP_TEXT;
	if (k.text_bytes == 0 || k.text_bytes > DEFINITION_TEXT_BYTES)
		return write_failed();
	return begin_write(true);
}

static enum keep step_write(void)
{
	enum definition_volume_state state = definition_volume_step();

	if (state == DEFINITION_VOLUME_BUSY)
		return KEEP_WRITE;
	if (state != DEFINITION_VOLUME_READY)
		return write_failed();
	k.kept = k.writing;
	k.records_kept = k.records_writing;
	return KEEP_KEPT;
}

static enum keep step_leave(void)
{
	if (definition_volume_step() != DEFINITION_VOLUME_CLOSED)
		return KEEP_LEAVE;
	if (!k.is_conf_done)
		return KEEP_CONF;
	give_task(DEFINITIONS_TELL, 0);
	return KEEP_NONE;
}

static enum keep (*const steps[KEEP_COUNT])(void) = {
	[KEEP_SEARCH] = step_search, [KEEP_OPEN] = step_open, [KEEP_READ] = step_read, [KEEP_IMAGES] = step_images,
	[KEEP_LOAD] = step_load, [KEEP_CONF] = step_conf, [KEEP_NONE] = step_none, [KEEP_MAKE] = step_make,
	[KEEP_KEPT] = step_kept, [KEEP_TEXT] = step_text, [KEEP_WRITE] = step_write, [KEEP_LEAVE] = step_leave,
};

/* ---- all of it ---- */

/* A store or a console that is silent holds an answer up, but not for ever. To apply definitions may take as long as
 * their disks do. */
static bool is_timed(void)
{
	return is_keeping() || k.state == KEEP_MAKE || k.state == KEEP_OPEN || k.state == KEEP_READ;
}

static void look_for_late(void)
{
	if (!is_timed() || k.kept >= definitions_count() || k.failed >= definitions_count()) {
		k.late_tsc = 0;
		return;
	}
	if (k.late_tsc == 0)
		k.late_tsc = rt_time_after(&root.time, WRITE_LIMIT_NS);
	if (rt_time_tsc() < k.late_tsc)
		return;
	rt_log("root: the definitions are not written to pool %s in time", k.pool);
	k.failed = definitions_count();
}

static u64 next_call(void)
{
	bool are_late = k.state == KEEP_KEPT && are_records_new();

	if (k.state == KEEP_SEARCH || k.state == KEEP_IMAGES)
		return rt_time_after(&root.time, LOOK_NS);
	if (k.state == KEEP_KEPT && (is_write_due() || are_records_due()))
		return 0;
	if ((k.state == KEEP_NONE || k.state == KEEP_KEPT) && k.again_tsc > rt_time_tsc())
		return are_late ? min_u64(k.again_tsc, k.records_tsc) : k.again_tsc;
	if (are_late)
		return k.records_tsc;
	return k.late_tsc != 0 ? k.late_tsc : DEADLINE_NONE;
}

u64 definitions_step(void)
{
	enum keep before = k.state;
	u64 failed = k.failed;

	if (k.since_tsc == 0)
		k.since_tsc = rt_time_tsc();
	k.state = steps[k.state]();
	if (k.state == KEEP_LOAD || k.state == KEEP_CONF)
		k.is_client_new = false;
	look_for_late();
	kept_answers_send(definitions_are_kept);
	send_task();
	return k.state != before || k.failed != failed ? 0 : next_call();
}

bool definitions_are_settled(void)
{
	k.records_tsc = 0;
	return !is_keeping() || (k.state == KEEP_KEPT && !is_write_due() && !are_records_due());
}

bool definitions_may_sleep(void)
{
	return definition_volume_may_sleep();
}

void definitions_report_fill(struct definitions_report *out)
{
	static const u8 where[KEEP_COUNT] = {
		[KEEP_SEARCH ... KEEP_IMAGES] = DEFINITIONS_SEARCHED,
		[KEEP_LOAD] = DEFINITIONS_IN_POOL, [KEEP_KEPT] = DEFINITIONS_IN_POOL,
		[KEEP_TEXT] = DEFINITIONS_IN_POOL, [KEEP_WRITE] = DEFINITIONS_IN_POOL,
		[KEEP_CONF] = DEFINITIONS_IN_RAM, [KEEP_NONE] = DEFINITIONS_IN_RAM,
		[KEEP_MAKE] = DEFINITIONS_IN_RAM, [KEEP_LEAVE] = DEFINITIONS_IN_RAM,
	};

	*out = k.task;
	if (is_keeping() && k.failed > k.kept)
		set_place(out, DEFINITIONS_NOT_WRITTEN);
	else if (where[k.state] == DEFINITIONS_IN_RAM || k.is_damaged)
		set_place(out, place_without_pool());
	else
		set_place(out, (enum definitions_place)where[k.state]);
}
