/* SPDX-License-Identifier: MIT */
/*
 * report_storage.c - list-disk, list-volume and what is said of a volume, for people and for programs. See report.h.
 */
#include <stdio.h>
#include <string.h>

#include "report.h"
#include "report_tables.h"
#include "trait_words.h"
#include "units.h"

static const char *const disk_states[DISK_ROW_STATE_COUNT] = {
	[DISK_ROW_COMING] = "coming", [DISK_ROW_BLANK] = "blank", [DISK_ROW_READY] = "ready",
	[DISK_ROW_UNKNOWN] = "unknown",
	[DISK_ROW_WHOLE] = "whole", [DISK_ROW_FAILED] = "failed",
};

static const char *const volume_kinds[VOLUME_ROW_KIND_COUNT] = {
	[VOLUME_ROW_MEMORY] = "memory", [VOLUME_ROW_EXTENT] = "extent", [VOLUME_ROW_PARTITION] = "partition",
	[VOLUME_ROW_DISK] = "disk", [VOLUME_ROW_THIN] = "thin", [VOLUME_ROW_SNAPSHOT] = "snapshot",
	[VOLUME_ROW_VOS] = "vos",
};

static const char *const volume_states[VOLUME_ROW_STATE_COUNT] = {
	[VOLUME_ROW_READY] = "ready", [VOLUME_ROW_MAKING] = "being made", [VOLUME_ROW_DELETING] = "being deleted",
	[VOLUME_ROW_MISSING] = "missing", [VOLUME_ROW_IMPORTING] = "importing",
};

static const char *word(const char *const *words, u32 count, u32 index)
{
	return index < count ? words[index] : "?";
}

static const char *disk_state(const struct disk_row *d)
{
	return word(disk_states, DISK_ROW_STATE_COUNT, d->state);
}

static bool is_wanted(const struct storage_look *look, const char *name)
{
	return look->name[0] == 0 || strcmp(look->name, name) == 0;
}

static void column(struct table_line *line, s32 width, const char *text)
{
	line_cell(line, width, text, strlen(text));
}

static const char *size_or_none(char *text, u64 bytes)
{
	return bytes ? size_text(text, bytes, false) : "-";
}

/* ---- disks ---- */

static void disk_line(const struct out *out, const struct disk_row *d)
{
	struct table_line line = line_begin(out);
	char size[UNIT_TEXT_BYTES], room[UNIT_TEXT_BYTES], state[VM_NAME_BYTES + 16], serial[BLK_SERIAL_BYTES + 8];
	bool has_room = d->state == DISK_ROW_BLANK || d->state == DISK_ROW_READY;

	if (d->state == DISK_ROW_READY && d->zeroing != 0)
		snprintf(state, sizeof(state), "zeroing %u%%", d->zeroing - 1);
	else
		snprintf(state, sizeof(state), d->state == DISK_ROW_WHOLE ? "%s: %s" : "%s%s", disk_state(d),
			d->state == DISK_ROW_WHOLE ? d->vm : "");
	column(&line, 9, d->name);
	column(&line, 10, size_or_none(size, d->bytes));
	column(&line, 10, has_room ? size_or_none(room, d->free_bytes) : "-");
	column(&line, 12, state);
	column(&line, 10, d->program);
	line_cell(&line, 0, d->model[0] ? d->model : "-", sizeof(d->model));
	snprintf(serial, sizeof(serial), "serial %s", d->serial);
	if (d->serial[0] != '\0')
		line_cell(&line, 0, serial, sizeof(serial));
	line_end(&line);
}

void report_disks(const struct out *out, const void *what)
{
	const struct storage_look *look = what;
	const struct inventory *m = look->inventory;

	if (m->disk_count == 0) {
		out_text(out, "This machine has no disk that VOS drives; see list-device.\n");
		return;
	}
	out_format(out, "%-9s  %-10s  %-10s  %-12s  %-10s  %s\n", "NAME", "SIZE", "FREE", "STATE", "DRIVER", "MODEL");
	for (u32 i = 0; i < m->disk_count; i++)
		if (is_wanted(look, m->disks[i].name))
			disk_line(out, &m->disks[i]);
}

static void disk_json(struct json_writer *w, const struct disk_row *d)
{
	json_open(w, 0, '{');
	json_text(w, "name", d->name);
	json_number(w, "bytes", d->bytes);
	json_number(w, "free-bytes", d->free_bytes);
	json_number(w, "block-bytes", d->block_bytes);
	json_bool(w, "read-only", (d->features & BLK_IS_READ_ONLY) != 0);
	json_text(w, "state", disk_state(d));
	json_text(w, "driver", d->program);
	json_text(w, "model", d->model);
	json_text(w, "serial", d->serial);
	json_text(w, "vm", d->vm);
	json_number(w, "zeroed-percent", d->zeroing != 0 ? d->zeroing - 1 : 100);
	json_close(w, '}');
}

void json_disks(struct json_writer *w, const char *key, const void *what)
{
	const struct storage_look *look = what;

	json_open(w, key, '[');
	for (u32 i = 0; i < look->inventory->disk_count; i++)
		if (is_wanted(look, look->inventory->disks[i].name))
			disk_json(w, &look->inventory->disks[i]);
	json_close(w, ']');
}

/* ---- volumes ---- */

static bool is_in_pool(const struct volume_row *v)
{
	return v->kind == VOLUME_ROW_THIN || v->kind == VOLUME_ROW_SNAPSHOT || v->kind == VOLUME_ROW_VOS;
}

const char *traits_text(char *text, const char *between, u32 flags)
{
	size_t used = 0;

	text[0] = 0;
	for (u32 i = 0; i < TRAIT_COUNT && used < TRAITS_TEXT_BYTES; i++)
		if ((flags & DISK_TRAIT(i, true)) != 0)
			used += (size_t)snprintf(text + used, TRAITS_TEXT_BYTES - used, "%s%s%s", between,
				trait_words[i].key, trait_words[i].on);
	return text;
}

void json_traits(struct json_writer *w, u32 flags)
{
	for (u32 i = 0; i < TRAIT_COUNT; i++)
		json_text(w, trait_words[i].name, trait_word(flags, i));
}

/* What it is, as long as it is there. */
static const char *volume_state(const struct volume_row *v)
{
	if (v->state == VOLUME_ROW_READY && v->kind == VOLUME_ROW_VOS)
		return "of VOS";
	if (v->state == VOLUME_ROW_READY && (v->kind == VOLUME_ROW_DISK || v->kind == VOLUME_ROW_PARTITION))
		return v->kind == VOLUME_ROW_DISK ? "whole disk" : "partition";
	return word(volume_states, VOLUME_ROW_STATE_COUNT, v->state);
}

static void volume_line(const struct out *out, const struct volume_row *v)
{
	struct table_line line = line_begin(out);
	char size[UNIT_TEXT_BYTES], used[UNIT_TEXT_BYTES], state[32], traits[TRAITS_TEXT_BYTES];

	column(&line, 14, v->name);
	column(&line, 9, size_text(size, v->bytes, false));
	column(&line, 9, is_in_pool(v) ? size_text(used, v->used_bytes, false) : "-");
	column(&line, 9, v->on);
	column(&line, 8, v->vm[0] ? v->vm : "-");
	column(&line, 8, v->made_for[0] ? v->made_for : "-");
	snprintf(state, sizeof(state), "import %u%%", v->percent);
	column(&line, 0, v->state == VOLUME_ROW_IMPORTING ? state : volume_state(v));
	if (*traits_text(traits, " ", v->traits))
		column(&line, 0, traits + 1);
	if (v->reserve_bytes != 0) {
		snprintf(traits, sizeof(traits), "reserve=%s", size_text(size, v->reserve_bytes, false));
		column(&line, 0, traits);
	}
	line_end(&line);
}

void report_volumes(const struct out *out, const void *what)
{
	const struct storage_look *look = what;
	const struct inventory *m = look->inventory;

	if (m->volume_count == 0) {
		out_text(out, "There are no volumes. create-vm --disk SIZE and create-volume make them.\n");
		return;
	}
	out_format(out, "%-14s  %-9s  %-9s  %-9s  %-8s  %-8s  %s\n", "NAME", "SIZE", "USED", "ON", "VM", "MADE FOR",
		"STATE");
	for (u32 i = 0; i < m->volume_count; i++)
		if (m->volumes[i].kind != VOLUME_ROW_SNAPSHOT && is_wanted(look, m->volumes[i].name))
			volume_line(out, &m->volumes[i]);
}

void json_volume(struct json_writer *w, const char *key, const void *row)
{
	const struct volume_row *v = row;

	json_open(w, key, '{');
	json_text(w, "name", v->name);
	json_number(w, "bytes", v->bytes);
	json_number(w, "block-bytes", v->block_bytes);
	json_text(w, "kind", word(volume_kinds, VOLUME_ROW_KIND_COUNT, v->kind));
	json_text(w, "on", v->on);
	json_number(w, "used-bytes", is_in_pool(v) ? v->used_bytes : v->bytes);
	json_number(w, "reserve-bytes", v->reserve_bytes);
	json_traits(w, v->traits);
	json_text(w, "of", v->of);
	json_text(w, "snapshot", v->snapshot);
	json_text(w, "vm", v->vm);
	json_text(w, "made-for", v->made_for);
	json_text(w, "state", word(volume_states, VOLUME_ROW_STATE_COUNT, v->state));
	json_number(w, "percent", v->percent);
	json_close(w, '}');
}

void json_volumes(struct json_writer *w, const char *key, const void *what)
{
	const struct storage_look *look = what;

	json_open(w, key, '[');
	for (u32 i = 0; i < look->inventory->volume_count; i++)
		if (is_wanted(look, look->inventory->volumes[i].name))
			json_volume(w, 0, &look->inventory->volumes[i]);
	json_close(w, ']');
}

void report_volume(const struct out *out, const void *row)
{
	const struct volume_row *v = row;
	char size[UNIT_TEXT_BYTES], traits[TRAITS_TEXT_BYTES];
	bool is_memory = v->kind == VOLUME_ROW_MEMORY;

	out_text(out, "volume ");
	out_escaped_line(out, v->name, sizeof(v->name));
	out_format(out, ", %s %s", size_text(size, v->bytes, false),
		is_memory ? "in memory: lost when VOS ends" : "on ");
	out_escaped_line(out, is_memory ? "" : v->on, sizeof(v->on));
	out_text(out, traits_text(traits, ", ", v->traits));
}
