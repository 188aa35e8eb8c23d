/* SPDX-License-Identifier: MIT */
/*
 * volume_export.c - see volume_export.h. One that has ended keeps its place and its link until the store has given that
 * back.
 */
#include "volume_export.h"

#include <string.h>

#include "client.h"
#include "export_stream.h"
#include "range.h"
#include "reply.h"
#include "root.h"
#include "store_client.h"
#include "vm.h"
#include "vm_disks.h"
#include "volume_reader.h"

static struct reading {
	u64 number;		/* 0: it has ended */
	u32 client;
	struct volume *volume;	/* NULL: the place is free */
	char name[VOLUME_NAME_BYTES];
	struct volume_link *link;
	struct volume_reader reader;
	struct export_stream stream;
	bool is_waiting;	/* a REQ_EXPORT_READ is not answered yet: */
	u32 request_id, count;
} exports[EXPORTS];

static u64 last_number;

/* ---- beginning ---- */

static bool is_live(const struct volume *v)
{
	return v->vm != VOLUME_NOBODY && vm_at(v->vm) != NULL && vm_at(v->vm)->phase != VM_PHASE_IDLE;
}

static bool is_of_no_use(const struct volume *v)
{
	return v->kind == VOLUME_ROW_POOL || v->is_going || volume_is_of_vos(v->name);
}

/* Can be read, and stays as it is meanwhile. */
static struct error_info judge(const struct volume *v)
{
	if (v->is_making || v->change != CHANGE_NONE)
		return error_info_about(ERR_VOLUME_CHANGING, v->name);
	if (v->is_unfinished || (v->is_busy && !v->is_exported))
		return error_info_about(ERR_VOLUME_COPYING, v->name);
	if (volume_is_part(v) && !v->is_there)
		return error_info_about(ERR_VOLUME_MISSING, v->name);
	if (v->kind == VOLUME_ROW_DISK && volumes_have_part(v->slot))
		return error_info_about(ERR_DISK_BUSY, v->on);
	if (v->kind != VOLUME_ROW_SNAPSHOT && is_live(v))
		return error_info_about(ERR_EXPORT_LIVE, v->name);
	return vm_disk_judge_key(v);
}

static struct volume *find(const struct request *want, struct error_info *no)
{
	struct volume *v = NULL;

	if (memchr(want->image.name, 0, VOLUME_NAME_BYTES) != NULL &&
	    memchr(want->snapshot, 0, sizeof(want->snapshot)) != NULL)
		v = volume_find(want->image.name);
	*no = error_info_of(ERR_NO_VOLUME, 0, 0);
	if (v == NULL || is_of_no_use(v))
		return NULL;
	if (want->snapshot[0] != '\0') {
		v = volume_snapshot(v, want->snapshot);
		*no = error_info_about(ERR_NO_SNAPSHOT, want->snapshot);
	}
	if (v == NULL || is_of_no_use(v))
		return NULL;
	*no = judge(v);
	return no->error == ERR_NONE ? v : NULL;
}

/* The birth of an older snapshot of the same volume; 0: all is wanted. */
static struct error_info find_base(const struct request *want, const struct volume *v, u32 *since)
{
	const struct volume *base;

	*since = 0;
	if (want->to[0] == '\0')
		return ERROR_INFO_NONE;
	if (memchr(want->to, 0, sizeof(want->to)) == NULL || v->kind != VOLUME_ROW_SNAPSHOT)
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_SET);
	base = volume_snapshot(volume_origin(v), want->to);
	if (base == NULL || base->identity >= v->identity || base->identity == 0 || base->identity > ~0u)
		return error_info_about(ERR_EXPORT_BASE, want->to);
	*since = (u32)base->identity;
	return ERROR_INFO_NONE;
}

static struct reading *export_of(const struct volume *v)
{
	for (u32 i = 0; i < EXPORTS; i++)
		if (exports[i].volume == v)
			return &exports[i];
	return NULL;
}

static struct error_info open_link(struct reading *e, struct volume *v)
{
	enum status st;

	e->link = volume_link_open(v, true, &st);
	if (e->link == NULL)
		return st == ST_FULL ? error_info_limit(VOLUME_LINKS - 1, "imports and exports at a time")
				     : error_info_status(st);
	e->volume = v;
	v->is_busy = v->is_exported = true;
	v->is_locked = v->kind != VOLUME_ROW_SNAPSHOT;
	strcpy(e->name, v->name);
	return ERROR_INFO_NONE;
}

static void report(const struct reading *e, struct export_report *out)
{
	*out = (struct export_report){ .number = e->number, .bytes = e->stream.disk_bytes,
		.slot = (u32)(e - exports) };
	memcpy(out->guid, e->volume->guid, sizeof(out->guid));
}

static void refuse_waiting(struct reading *e);

/* The place of the export of that volume, also one that has ended, or a new one. */
static struct error_info take_place(struct volume *v, struct reading **out)
{
	struct reading *e = export_of(v);

	*out = e;
	if (e != NULL && e->number == 0)		/* its link is being closed */
		return error_info_about(ERR_VOLUME_EXPORTED, v->name);
	if (e != NULL) {
		refuse_waiting(e);
		return ERROR_INFO_NONE;
	}
	*out = export_of(NULL);
	return *out == NULL ? error_info_limit(EXPORTS, "exports at a time") : open_link(*out, v);
}

struct error_info export_open(u32 client, const struct request *want, struct export_report *out)
{
	struct error_info no;
	struct volume *v = find(want, &no);
	struct reading *e;
	u32 since;

	if (v == NULL)
		return no;
	if (v->kind != VOLUME_ROW_SNAPSHOT && want->image.offset != 0)	/* it may be another by now */
		return error_info_of(ERR_NO_EXPORT, 0, 0);
	no = find_base(want, v, &since);
	if (no.error == ERR_NONE)
		no = take_place(v, &e);
	if (no.error != ERR_NONE)
		return no;
	e->number = ++last_number;
	e->client = client;
	volume_reader_begin(&e->reader, e->link, since);
	export_stream_begin(&e->stream, v->bytes, since != 0, want->image.offset);
	report(e, out);
	return ERROR_INFO_NONE;
}

/* ---- going on ---- */

static struct reading *numbered(u32 client, u64 number)
{
	for (u32 i = 0; i < EXPORTS; i++)
		if (number != 0 && exports[i].number == number && exports[i].client == client)
			return &exports[i];
	return NULL;
}

static bool is_over(const struct reading *e)
{
	return e->stream.is_over && e->stream.head_left == 0;
}

/* True: there is an answer. */
static bool take(struct reading *e, u32 count, struct error_info *no, struct export_data *out)
{
	u64 at = max_u64(e->stream.at, e->stream.from);
	u32 done;

	done = export_stream_take(&e->stream, &e->reader, out->bytes, count);
	out->offset = at;
	out->count = done;
	out->is_over = is_over(e);
	*no = ERROR_INFO_NONE;
	if (done != 0)
		return true;
	if (is_over(e) && e->stream.at < e->stream.from)
		*no = error_info_of(ERR_NO_EXPORT, 0, 0);	/* the offset is behind the end */
	else if (e->reader.has_failed)
		*no = error_info_about(ERR_EXPORT_IO, e->name);
	return is_over(e) || no->error != ERR_NONE;
}

bool export_read(u32 client, const struct request *want, struct error_info *no, struct export_data *out)
{
	struct reading *e = numbered(client, want->image.upload);
	u32 count = want->image.count;

	*no = error_info_of(e == NULL ? ERR_NO_EXPORT : ERR_BUSY, 0, 0);
	if (e == NULL || e->is_waiting)
		return true;
	*no = error_info_of(ERR_BAD_FIELD, 0, FIELD_SET);
	if (count == 0 || count > EXPORT_DATA_BYTES)
		return true;
	if (take(e, count, no, out))
		return true;
	e->is_waiting = true;
	e->request_id = want->id;
	e->count = count;
	return false;
}

static void end(struct reading *e)
{
	e->number = 0;
	e->is_waiting = false;
}

struct error_info export_close(u32 client, const struct request *want)
{
	struct reading *e = numbered(client, want->image.upload);

	if (e == NULL)
		return error_info_of(ERR_NO_EXPORT, 0, 0);
	refuse_waiting(e);
	end(e);
	return ERROR_INFO_NONE;
}

void export_drop(u32 client)
{
	for (u32 i = 0; i < EXPORTS; i++)
		if (exports[i].number != 0 && exports[i].client == client)
			end(&exports[i]);
}

/* ---- answers that come later ---- */

static void answer(struct reading *e, const struct error_info *no, const struct reply *reply)
{
	e->is_waiting = false;
	if (no->error != ERR_NONE)
		(void)reply_send(e->client, e->request_id, no, NULL);
	else
		(void)client_send(e->client, reply);
}

/* Somebody else goes on, or nobody. */
static void refuse_waiting(struct reading *e)
{
	const struct error_info gone = error_info_of(ERR_NO_EXPORT, 0, 0);

	if (e->is_waiting)
		answer(e, &gone, NULL);
}

static void answer_read(struct reading *e)
{
	static struct reply reply;
	struct error_info no;

	if (client_room(e->client) == 0)
		return;
	memset(&reply, 0, sizeof(reply));
	reply.kind = REPLY_ANSWER;
	reply.id = e->request_id;
	if (take(e, e->count, &no, &reply.exported))
		answer(e, &no, &reply);
}

static void close_link(struct reading *e)
{
	struct volume *v = e->volume;

	if (!volume_link_close(e->link))
		return;
	v->is_exported = v->is_locked = false;
	store_release(v);
	e->volume = NULL;
}

static u64 step_one(struct reading *e)
{
	volume_reader_turn(&e->reader);
	if (e->volume->is_going)
		e->reader.has_failed = true;
	if (e->number == 0) {
		close_link(e);
		return DEADLINE_NONE;
	}
	if (e->is_waiting)
		answer_read(e);
	if (volume_link_wait(e->link) || (e->is_waiting && !e->reader.is_asking && client_room(e->client) != 0))
		return 0;
	return DEADLINE_NONE;
}

u64 export_step(void)
{
	u64 next = DEADLINE_NONE;

	for (u32 i = 0; i < EXPORTS; i++)
		if (exports[i].volume != NULL)
			next = min_u64(next, step_one(&exports[i]));
	return next;
}
