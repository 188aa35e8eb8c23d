/* SPDX-License-Identifier: MIT */
/*
 * report_pool.c - list-pool and what is said of a pool, for people and for programs. See report.h.
 */
#include <stdio.h>
#include <string.h>

#include "guid_text.h"
#include "report.h"
#include "report_tables.h"
#include "units.h"

static const char *const states[POOL_ROW_STATE_COUNT] = {
	[POOL_ROW_READY] = "ready", [POOL_ROW_MAKING] = "being made", [POOL_ROW_DELETING] = "being deleted",
	[POOL_ROW_OPENING] = "opening", [POOL_ROW_MISSING] = "missing", [POOL_ROW_EXPORTED] = "exported",
	[POOL_ROW_FAILED] = "failed",
};

static const char *const owners[POOL_OWNER_COUNT] = {
	[POOL_OWN] = "this-machine", [POOL_OF_OTHER] = "another-machine", [POOL_IMPORTED] = "imported",
};

static const char *const keys[POOL_KEY_COUNT] = {
	[POOL_KEY_NONE] = "none", [POOL_KEY_HERE] = "unlocked", [POOL_KEY_LOCKED] = "locked",
};

/* Why it can't be used: as the store says. */
static const char *const errors[STORE_ERROR_COUNT] = {
	[STORE_OK] = "", [STORE_IO] = "disk-error", [STORE_NO_DISK] = "no-disk", [STORE_NO_POOL] = "no-pool",
	[STORE_POOL_DAMAGED] = "damaged", [STORE_POOL_UNKNOWN] = "unknown-version",
	[STORE_POOL_FAILED] = "write-failed", [STORE_ARENA] = "no-memory",
	[STORE_MISSING] = "other-disk-missing", [STORE_STALE] = "other-disk-needed", [STORE_SPLIT] = "disks-differ",
};

static const char *const scrubs[POOL_SCRUB_COUNT] = {
	[POOL_SCRUB_NONE] = "none", [POOL_SCRUB_RUNS] = "running", [POOL_SCRUB_DONE] = "done",
	[POOL_SCRUB_CUT] = "ended early",
};

static const char *scrub_of(const struct pool_row *p)
{
	return p->scrub < POOL_SCRUB_COUNT ? scrubs[p->scrub] : "?";
}

static const char *state_of(const struct pool_row *p)
{
	return p->state < POOL_ROW_STATE_COUNT ? states[p->state] : "?";
}

static const char *error_of(const struct pool_row *p)
{
	const char *text = p->error < STORE_ERROR_COUNT ? errors[p->error] : NULL;

	return text != NULL ? text : "other";
}

static bool is_locked(const struct pool_row *p)
{
	return p->state == POOL_ROW_READY && p->key == POOL_KEY_LOCKED;
}

static bool is_mirror(const struct pool_row *p)
{
	return p->members == STORE_MEMBERS;
}

static const char *const mirrors[STORE_MEMBER_STATES] = {
	[STORE_MEMBER_GONE] = "degraded", [STORE_MEMBER_COPIED_TO] = "copying", [STORE_MEMBER_GOOD] = "in-sync",
};

/* The member that is worse off; while the pool is not open, nobody knows. */
static u32 worse_member(const struct pool_row *p)
{
	return p->member_state[1] < p->member_state[0];
}

static const char *mirror_of(const struct pool_row *p)
{
	u32 state = p->member_state[worse_member(p)];

	if (!is_mirror(p) || p->state != POOL_ROW_READY)
		return is_mirror(p) ? "unknown" : "none";
	return state < STORE_MEMBER_STATES ? mirrors[state] : "?";
}

/* How a mirror is, on a line of its own: two disks leave no room for that in the table. */
static void mirror_line(const struct out *out, const struct pool_row *p)
{
	u32 k = worse_member(p);

	if (!is_mirror(p) || p->state != POOL_ROW_READY)
		return;
	if (p->member_state[k] == STORE_MEMBER_COPIED_TO)
		out_format(out, "    copying to %.23s: %u %%\n", p->member_on[k], p->member_percent);
	else if (p->member_state[k] == STORE_MEMBER_GOOD)
		out_format(out, "    in sync: %.23s and %.23s\n", p->member_on[0], p->member_on[1]);
	else if (p->member_on[k][0] != '\0')
		out_format(out, "    degraded: %.23s is lost\n", p->member_on[k]);
	else
		out_text(out, "    degraded: a disk is lost\n");
}

/* The disks that it is on. */
static void on_text(char text[2 * DISK_NAME_BYTES], const struct pool_row *p)
{
	const char *a = p->member_on[0], *b = p->member_on[1];

	if (is_mirror(p) && a[0] != '\0' && b[0] != '\0')
		snprintf(text, 2 * DISK_NAME_BYTES, "%s,%s", a, b);
	else
		snprintf(text, 2 * DISK_NAME_BYTES, "%.*s", (int)sizeof(p->on), p->on);
}

/* A line for a pool that is not simply this machine's. */
static void owner_line(const struct out *out, const struct pool_row *p)
{
	char uuid[GUID_TEXT_BYTES];

	if (p->owner != POOL_OF_OTHER && p->state != POOL_ROW_EXPORTED)
		return;
	guid_text(uuid, p->uuid);
	out_format(out, "    %simport-pool takes it over\n    UUID %s\n",
		p->state == POOL_ROW_EXPORTED ? "" : "has definitions, as another pool has; ", uuid);
}

static void size_cell(struct table_line *line, u64 bytes)
{
	char size[UNIT_TEXT_BYTES];

	line_cell(line, 10, size_text(size, bytes, false), sizeof(size));
}

/* How far a check is, or what it found. */
static void scrub_text(char *text, u64 size, const struct pool_row *p)
{
	text[0] = '\0';
	if (p->scrub == POOL_SCRUB_RUNS)
		snprintf(text, size, ", %s: %u %%", p->scrub_has_data ? "scrub" : "check", p->scrub_percent);
	if (p->scrub != POOL_SCRUB_NONE && p->scrub_faults != 0)
		snprintf(text, size, ", damaged: %lu faults", (unsigned long)p->scrub_faults);
}

/* is_choice: there is more than one pool. */
static void pool_line(const struct out *out, const struct pool_row *p, bool is_choice)
{
	struct table_line line = line_begin(out);
	char state[160], scrub[48], count[16];
	bool is_failed = p->state == POOL_ROW_FAILED;

	scrub_text(scrub, sizeof(scrub), p);
	snprintf(state, sizeof(state), "%s%s%s%s%s%s", state_of(p), is_failed ? ": " : "",
		is_failed ? error_of(p) : is_locked(p) ? ", locked" : "",
		is_choice && p->is_default != 0 ? ", default" : "", p->owner == POOL_IMPORTED ? ", imported" : "",
		scrub);
	snprintf(count, sizeof(count), "%u", p->volumes);
	line_cell(&line, 8, p->name, sizeof(p->name));
	line_cell(&line, 8, is_mirror(p) ? "mirror" : p->on, sizeof(p->on));
	size_cell(&line, p->bytes);
	size_cell(&line, p->used_bytes);
	size_cell(&line, p->free_bytes);
	line_cell(&line, 4, count, sizeof(count));
	size_cell(&line, p->promised_bytes);
	line_cell(&line, 0, state, sizeof(state));
	line_end(&line);
	mirror_line(out, p);
	owner_line(out, p);
}

static bool is_disk_coming(const struct inventory *m)
{
	for (u32 i = 0; i < m->disk_count; i++)
		if (m->disks[i].state == DISK_ROW_COMING)
			return true;
	return false;
}

void report_pools(const struct out *out, const void *what)
{
	const struct storage_look *look = what;
	const struct inventory *m = look->inventory;

	if (m->pool_count == 0) {
		out_text(out, is_disk_coming(m) ? "No pool is found yet: disks are still starting; see list-disk.\n" :
			"There are no pools. create-pool NAME DISK makes one.\n");
		return;
	}
	out_format(out, "%-8s  %-8s  %-10s  %-10s  %-10s  %-4s  %-10s  %s\n", "NAME", "ON", "SIZE", "USED",
		"FREE", "VOLS", "SIZES", "STATE");
	for (u32 i = 0; i < m->pool_count; i++)
		if (look->name[0] == '\0' || strcmp(look->name, m->pools[i].name) == 0)
			pool_line(out, &m->pools[i], m->pool_count > 1);
}

static void json_mirror(struct json_writer *w, const struct pool_row *p)
{
	bool is_degraded = strcmp(mirror_of(p), "degraded") == 0;

	json_open(w, "disks", '[');
	for (u32 k = 0; k < STORE_MEMBERS && is_mirror(p); k++)
		json_text(w, 0, p->member_on[k]);
	if (!is_mirror(p))
		json_text(w, 0, p->on);
	json_close(w, ']');
	json_text(w, "mirror", mirror_of(p));
	json_text(w, "mirror-lost", is_degraded ? p->member_on[worse_member(p)] : "");
	json_number(w, "mirror-percent", strcmp(mirror_of(p), "copying") == 0 ? p->member_percent : 100);
	json_number(w, "repaired", p->repaired);
	json_number(w, "read-errors", p->read_errors);
}

void json_pool(struct json_writer *w, const char *key, const void *row)
{
	const struct pool_row *p = row;
	char uuid[GUID_TEXT_BYTES];

	guid_text(uuid, p->uuid);
	json_open(w, key, '{');
	json_text(w, "name", p->name);
	json_text(w, "on", p->on);
	json_number(w, "bytes", p->bytes);
	json_number(w, "used-bytes", p->used_bytes);
	json_number(w, "free-bytes", p->free_bytes);
	json_number(w, "volumes", p->volumes);
	json_number(w, "snapshots", p->snapshots);
	json_number(w, "volume-bytes", p->promised_bytes);
	json_number(w, "memory-bytes", p->memory_bytes);
	json_text(w, "state", state_of(p));
	json_bool(w, "default", p->is_default != 0);
	json_text(w, "uuid", uuid);
	json_text(w, "owner", p->owner < POOL_OWNER_COUNT ? owners[p->owner] : "?");
	json_text(w, "key", p->key < POOL_KEY_COUNT ? keys[p->key] : "?");
	json_text(w, "error", error_of(p));
	json_text(w, "scrub", scrub_of(p));
	json_bool(w, "scrub-data", p->scrub_has_data != 0);
	json_number(w, "scrub-percent", p->scrub_percent);
	json_number(w, "scrub-faults", p->scrub_faults);
	json_number(w, "scrub-bytes", p->scrub_bytes);
	json_mirror(w, p);
	json_close(w, '}');
}

void json_pools(struct json_writer *w, const char *key, const void *what)
{
	const struct storage_look *look = what;

	json_open(w, key, '[');
	for (u32 i = 0; i < look->inventory->pool_count; i++)
		if (look->name[0] == '\0' || strcmp(look->name, look->inventory->pools[i].name) == 0)
			json_pool(w, 0, &look->inventory->pools[i]);
	json_close(w, ']');
}

void report_pool(const struct out *out, const void *row)
{
	const struct pool_row *p = row;
	char size[UNIT_TEXT_BYTES], on[2 * DISK_NAME_BYTES];

	on_text(on, p);
	out_text(out, "pool ");
	out_escaped_line(out, p->name, sizeof(p->name));
	out_format(out, ", %s on ", size_text(size, p->bytes, false));
	out_escaped_line(out, on, sizeof(on));
}
