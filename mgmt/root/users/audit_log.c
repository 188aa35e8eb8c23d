/* SPDX-License-Identifier: MIT */
/*
 * audit_log.c - see audit_log.h. The memory is shared with guard, which writes hashes and how far it is: the latter is
 * read once, and only as a number.
 */
#include "audit_log.h"

#include <stdio.h>
#include <string.h>

#include "access.h"
#include "op_roles.h"
#include "root.h"
#include "session_table.h"
#include "sys.h"
#include "wires.h"

#define WAITING_MAX 128u	/* more than a console has under way */
#define ROOM (AUDIT_RECORDS - WAITING_MAX - 1)

static struct waiting {
	bool is_used;
	u32 id;
	struct audit_record record;
} waiting[WAITING_MAX];

static u32 waiting_count;
static bool is_chained;

#define WHAT_ROW(op, role, is_applied, what) [op] = (what),

static const u8 what_of[REQ_OP_COUNT] = { OP_ROLES(WHAT_ROW) };

static struct audit_log *audit(void)
{
	return shared_at(SHARED_AUDIT);
}

void audit_log_chained(void)
{
	if (!is_chained)
		audit()->begun_tsc = rt_time_tsc();
	is_chained = true;
}

bool audit_log_has_room(void)
{
	u64 chained = __atomic_load_n(&audit()->chained, __ATOMIC_ACQUIRE);

	return !is_chained || audit()->written - chained < ROOM;
}

/* ---- writing ---- */

static void write(struct audit_record *record)
{
	struct audit_log *log = audit();

	record->number = log->written + 1;
	record->now_ns = rt_time_now_ns(&root.time);
	log->slots[record->number % AUDIT_RECORDS].record = *record;
	__atomic_store_n(&log->written, record->number, __ATOMIC_RELEASE);	/* guard's audit_chain acquires it */
	if (is_chained)
		(void)sys_notify_signal(SLOT_WIRE + WIRE_GUARD_ORDERS);
}

/* What was typed for a name at a login may be a password, until guard says that there is such a user. */
static void copy_name(struct audit_record *record, const struct request *request)
{
	u32 what = request->op < REQ_OP_COUNT ? what_of[request->op] : AUDIT_LOOK;

	if (request->op == REQ_LOGIN || request->op == REQ_TOKEN_LOGIN)
		return;
	if (what == AUDIT_VOLUME)
		memcpy(record->name, request->spec.disks[0].volume, sizeof(request->spec.disks[0].volume));
	else if (what == AUDIT_IMAGE)
		memcpy(record->name, request->image.name, sizeof(request->image.name));
	else
		memcpy(record->name, request->name, sizeof(request->name));
	record->name[AUDIT_NAME_BYTES - 1] = 0;
}

_Static_assert(USER_NAME_BYTES <= AUDIT_NAME_BYTES &&
	       VOLUME_NAME_BYTES <= AUDIT_NAME_BYTES && IMAGE_NAME_BYTES <= AUDIT_NAME_BYTES &&
	       VM_NAME_BYTES <= AUDIT_NAME_BYTES, "names");

static struct audit_record record_of(u32 client, const struct request *request)
{
	const struct login *login = session_find(client, request->session);
	struct audit_record record = {
		.op = request->op, .client = client, .role = access_has_users() ? ROLE_ANYBODY : ROLE_ADMIN,
	};

	copy_name(&record, request);
	if (login == NULL)
		return record;
	record.role = login->role;
	record.line = login->line;
	memcpy(record.user, login->user, sizeof(record.user));
	return record;
}

/* ---- requests and their answers ---- */

static struct waiting *find_free(void)
{
	for (u32 i = 0; i < WAITING_MAX; i++)
		if (!waiting[i].is_used)
			return &waiting[i];
	return NULL;
}

/* A login by a token and its end are no more than looks: each command of a program has both. */
static bool is_end_of_program(u32 client, const struct request *request)
{
	const struct login *login = session_find(client, request->session);

	return request->op == REQ_LOGOUT && login != NULL && login->is_by_token &&
	       (request->user.fields & USER_TOKEN) == 0;
}

static bool is_change(u32 client, const struct request *request)
{
	return what_of[request->op] != AUDIT_LOOK && (request->flags & REQ_FLAG_DRY_RUN) == 0 &&
	       !is_end_of_program(client, request);
}

bool audit_log_note(u32 client, const struct request *request, const struct error_info *judgement)
{
	struct audit_record record;
	struct waiting *place;

	if (judgement->error == ERR_NONE && !is_change(client, request))
		return true;
	record = record_of(client, request);
	record.kind = judgement->error == ERR_NONE ? AUDIT_ANSWERED : AUDIT_REFUSED;
	record.error = judgement->error;
	if (record.kind == AUDIT_REFUSED) {
		write(&record);
		return true;
	}
	place = find_free();
	if (place == NULL)
		return false;
	*place = (struct waiting){ .is_used = true, .id = request->id, .record = record };
	waiting_count++;
	return true;
}

void audit_log_name(u32 client, u32 request_id, const char name[USER_NAME_BYTES])
{
	for (u32 i = 0; i < WAITING_MAX && waiting_count != 0; i++)
		if (waiting[i].is_used && waiting[i].record.client == client && waiting[i].id == request_id)
			memcpy(waiting[i].record.name, name, USER_NAME_BYTES);
}

static void finish(struct waiting *place, u32 kind, u32 error)
{
	place->record.kind = kind;
	place->record.error = error;
	write(&place->record);
	place->is_used = false;
	waiting_count--;
}

/* Whatever is answered to that number first might be of either. */
void audit_log_reused(u32 client, u32 request_id)
{
	for (u32 i = 0; i < WAITING_MAX && waiting_count != 0; i++)
		if (waiting[i].is_used && waiting[i].record.client == client && waiting[i].id == request_id)
			finish(&waiting[i], AUDIT_UNANSWERED, ERR_NONE);
}

void audit_log_refused(u32 client, const struct request *request)
{
	struct audit_record record = record_of(client, request);

	record.kind = AUDIT_REFUSED;
	record.error = ERR_ROLE;
	if (request->index != 0 && request->index < REQ_OP_COUNT)
		record.op = request->index;
	else
		(void)snprintf(record.name, sizeof(record.name), "%.*s %.*s", (int)VM_NAME_BYTES - 1, request->to,
			       (int)VM_NAME_BYTES - 1, request->name);
	write(&record);
}

void audit_log_answered(u32 client, u32 request_id, u32 error)
{
	for (u32 i = 0; i < WAITING_MAX && waiting_count != 0; i++)
		if (waiting[i].is_used && waiting[i].record.client == client && waiting[i].id == request_id)
			finish(&waiting[i], AUDIT_ANSWERED, error);
}

void audit_log_drop(u32 client)
{
	for (u32 i = 0; i < WAITING_MAX && waiting_count != 0; i++)
		if (waiting[i].is_used && waiting[i].record.client == client)
			finish(&waiting[i], AUDIT_UNANSWERED, ERR_NONE);
}

/* ---- reading ---- */

void audit_log_rows(u64 number, struct audit_rows *rows)
{
	const struct audit_log *log = audit();

	rows->first = log->written < AUDIT_RECORDS ? 1 : log->written - AUDIT_RECORDS + 1;
	rows->next = number > rows->first ? number : rows->first;
	for (rows->count = 0; rows->count < AUDIT_ROWS && rows->next <= log->written; rows->next++)
		rows->rows[rows->count++] = log->slots[rows->next % AUDIT_RECORDS].record;
}
