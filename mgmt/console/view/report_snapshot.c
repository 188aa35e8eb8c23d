/* SPDX-License-Identifier: MIT */
/*
 * report_snapshot.c - list-snapshot, for people and for programs: the snapshots of one name of all disks of a VM are
 * one line. See report.h.
 */
#include <stdio.h>
#include <string.h>

#include "report.h"
#include "report_tables.h"
#include "units.h"

/* Of a VM, or of a volume that no VM has. */
struct snapshot_line {
	const char *name, *vm, *volume;
	u32 disks;
	u64 bytes, used_bytes, age;
};

static const struct volume_row *origin_of(const struct inventory *m, const struct volume_row *snapshot)
{
	for (u32 i = 0; i < m->volume_count; i++)
		if (m->volumes[i].kind != VOLUME_ROW_SNAPSHOT && strcmp(m->volumes[i].name, snapshot->of) == 0)
			return &m->volumes[i];
	return NULL;
}

static bool is_same(const struct snapshot_line *a, const struct snapshot_line *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->vm, b->vm) == 0 &&
	       (*a->vm || strcmp(a->volume, b->volume) == 0);
}

/* By VM, then by volume, then the oldest first. */
static bool is_before(const struct snapshot_line *a, const struct snapshot_line *b)
{
	int order = strcmp(a->vm, b->vm);

	if (order == 0 && *a->vm == 0)
		order = strcmp(a->volume, b->volume);
	return order < 0 || (order == 0 && a->age < b->age);
}

static void insert(struct snapshot_line *lines, u32 count, struct snapshot_line line)
{
	while (count != 0 && is_before(&line, &lines[count - 1])) {
		lines[count] = lines[count - 1];
		count--;
	}
	lines[count] = line;
}

/* Those that are wanted, in order; returns how many. */
static u32 collect(const struct storage_look *look, struct snapshot_line lines[STORE_VOLUMES])
{
	const struct inventory *m = look->inventory;
	u32 count = 0, k;

	for (u32 i = 0; i < m->volume_count; i++) {
		const struct volume_row *v = &m->volumes[i], *of = origin_of(m, v);
		struct snapshot_line line = { v->name, of ? of->vm : "", v->of, 1, v->bytes, v->used_bytes, v->age };

		if (v->kind != VOLUME_ROW_SNAPSHOT || (*look->name && strcmp(look->name, line.vm) != 0))
			continue;
		for (k = 0; k < count && !is_same(&lines[k], &line); k++)
			;
		if (k == count) {
			insert(lines, count++, line);
			continue;
		}
		lines[k].disks++;
		lines[k].bytes += line.bytes;
		lines[k].used_bytes += line.used_bytes;
	}
	return count;
}

/* A volume that began as that snapshot. */
static bool is_clone(const struct inventory *m, const struct volume_row *v, const struct snapshot_line *line)
{
	static const struct volume_row none;
	const struct volume_row *of = origin_of(m, v);

	if (v->kind == VOLUME_ROW_SNAPSHOT || v->snapshot[0] == 0 || strcmp(v->snapshot, line->name) != 0)
		return false;
	of = of ? of : &none;
	return *line->vm ? strcmp(of->vm, line->vm) == 0 : strcmp(v->of, line->volume) == 0;
}

static void clones_text(const struct inventory *m, const struct snapshot_line *line, char *text, size_t size)
{
	struct out_buffer buffer;
	struct out out;
	u32 count = 0;

	out_buffer_init(&buffer, text, size);
	out = out_to_buffer(&buffer);
	for (u32 i = 0; i < m->volume_count; i++)
		if (is_clone(m, &m->volumes[i], line) && ++count <= 2)
			out_format(&out, "%s%s", count == 1 ? "" : ", ", m->volumes[i].name);
	if (count > 2)
		out_format(&out, ", %u more", count - 2);
	if (count == 0)
		out_text(&out, "-");
}

static void column(struct table_line *line, s32 width, const char *text)
{
	line_cell(line, width, text, strlen(text));
}

static void snapshot_line(const struct out *out, const struct inventory *m, const struct snapshot_line *s)
{
	char size[UNIT_TEXT_BYTES], used[UNIT_TEXT_BYTES], disks[16], clones[3 * VOLUME_NAME_BYTES];
	struct table_line line = line_begin(out);

	snprintf(disks, sizeof(disks), "%u", s->disks);
	clones_text(m, s, clones, sizeof(clones));
	column(&line, 16, s->name);
	column(&line, 14, *s->vm ? s->vm : s->volume);
	column(&line, 5, disks);
	column(&line, 9, size_text(size, s->bytes, false));
	column(&line, 9, size_text(used, s->used_bytes, false));
	column(&line, 0, clones);
	line_end(&line);
}

void report_snapshots(const struct out *out, const void *what)
{
	static struct snapshot_line lines[STORE_VOLUMES];	/* too large for the stack */
	const struct storage_look *look = what;
	u32 count = collect(look, lines);

	if (count == 0) {
		out_format(out, *look->name ? "%s has no snapshots. snapshot-vm %s makes one.\n" :
			"There are no snapshots. snapshot-vm NAME makes one of a VM whose disks are in a pool.\n",
			look->name, look->name);
		return;
	}
	out_format(out, "%-16s  %-14s  %-5s  %-9s  %-9s  %s\n", "NAME", "OF", "DISKS", "SIZE", "USED", "CLONES");
	for (u32 i = 0; i < count; i++)
		snapshot_line(out, look->inventory, &lines[i]);
}

static void snapshot_json(struct json_writer *w, const struct inventory *m, const struct snapshot_line *s)
{
	json_open(w, 0, '{');
	json_text(w, "name", s->name);
	json_text(w, "vm", s->vm);
	json_text(w, "volume", *s->vm ? "" : s->volume);
	json_number(w, "disks", s->disks);
	json_number(w, "bytes", s->bytes);
	json_number(w, "used-bytes", s->used_bytes);
	json_open(w, "clones", '[');
	for (u32 i = 0; i < m->volume_count; i++)
		if (is_clone(m, &m->volumes[i], s))
			json_text(w, 0, m->volumes[i].name);
	json_close(w, ']');
	json_close(w, '}');
}

void json_snapshots(struct json_writer *w, const char *key, const void *what)
{
	static struct snapshot_line lines[STORE_VOLUMES];
	const struct storage_look *look = what;
	u32 count = collect(look, lines);

	json_open(w, key, '[');
	for (u32 i = 0; i < count; i++)
		snapshot_json(w, look->inventory, &lines[i]);
	json_close(w, ']');
}
