/* SPDX-License-Identifier: MIT */
#include "oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void oracle_init(struct oracle *o)
{
	memset(o, 0, sizeof(*o));
}

void oracle_free(struct oracle *o)
{
	for (u32 i = 0; i < ORACLE_VOLUMES; i++)
		free(o->volume[i].sector);
}

struct oracle_volume *oracle_find(struct oracle *o, const char *name)
{
	for (u32 i = 0; i < ORACLE_VOLUMES; i++)
		if (o->volume[i].is_used && strcmp(o->volume[i].name, name) == 0)
			return &o->volume[i];
	return NULL;
}

struct oracle_volume *oracle_add(struct oracle *o, const char *name, u64 sectors, u32 window, u32 stride)
{
	for (u32 i = 0; i < ORACLE_VOLUMES; i++) {
		struct oracle_volume *v = &o->volume[i];

		if (v->is_used)
			continue;
		*v = (struct oracle_volume){ .is_used = true, .may_be_missing = true, .sectors = sectors,
			.stable_sectors = sectors,
			.window = window, .stride = stride };
		snprintf(v->name, sizeof(v->name), "%s", name);
		v->sector = calloc(sectors, sizeof(*v->sector));
		return v->sector != NULL ? v : NULL;
	}
	return NULL;
}

struct oracle_volume *oracle_copy(struct oracle *o, struct oracle_volume *from, const char *name)
{
	struct oracle_volume *v = oracle_add(o, name, from->sectors, from->window, from->stride);

	for (u64 i = 0; v != NULL && i < from->sectors; i++) {
		const struct oracle_sector *s = &from->sector[i];
		bool is_failed = false;

		for (u32 k = 0; k < s->count; k++)
			is_failed |= s->later[k].ended == 0;
		if (is_failed)
			v->sector[i] = *s;
		else
			v->sector[i].stable = s->count > 0 ? s->later[s->count - 1].value : s->stable;
	}
	if (v != NULL)
		v->of = from;
	from->uses++;
	return v;
}

void oracle_remove(struct oracle_volume *v)
{
	if (v->of != NULL)
		v->of->uses--;
	free(v->sector);
	memset(v, 0, sizeof(*v));
}

void oracle_grow(struct oracle_volume *v, u64 sectors, u64 now)
{
	v->sector = realloc(v->sector, sectors * sizeof(*v->sector));
	if (v->sector == NULL)
		abort();
	memset(v->sector + v->sectors, 0, (sectors - v->sectors) * sizeof(*v->sector));
	if (v->window == v->sectors)
		v->window = v->stride = (u32)sectors;
	v->sectors = sectors;
	v->sized = now;
}

bool oracle_size(const struct oracle_volume *v, u64 sectors, u64 *count)
{
	*count = v->window == v->stride ? sectors : sectors / v->stride * v->window;
	return *count == v->sectors || *count == v->stable_sectors;
}

bool oracle_revert(struct oracle_volume *v, const struct oracle_volume *snapshot, u64 now)
{
	for (u64 i = 0; i < v->sectors; i++)
		if (snapshot->sector[i].count > 0 || v->sector[i].count == ORACLE_LATER)
			return false;
	for (u64 i = 0; now != 0 && i < v->sectors; i++) {
		struct oracle_sector *s = &v->sector[i];

		s->later[s->count++] = (struct oracle_value){ snapshot->sector[i].stable, now };
	}
	return true;
}

bool oracle_may_write(const struct oracle_volume *v, u64 sector, u32 sectors)
{
	for (u64 i = sector; i < sector + sectors; i++) {
		const struct oracle_sector *s = &v->sector[i];

		if (s->count == ORACLE_LATER)
			return false;
	}
	return true;
}

void oracle_begin(struct oracle_volume *v, u64 sector, u32 sectors, u32 value)
{
	for (u64 i = sector; i < sector + sectors; i++) {
		struct oracle_sector *s = &v->sector[i];

		s->later[s->count++] = (struct oracle_value){ value, 0 };
	}
}

void oracle_end(struct oracle_volume *v, u64 sector, u32 sectors, u32 value, u64 now)
{
	for (u64 i = sector; i < sector + sectors; i++) {
		struct oracle_sector *s = &v->sector[i];

		for (u32 k = 0; k < s->count; k++)
			if (s->later[k].value == value && s->later[k].ended == 0)
				s->later[k].ended = now;
	}
}

static void flush_sector(struct oracle_sector *s, u64 asked)
{
	u32 kept = 0, from = 0;

	for (u32 k = 0; k < s->count; k++)
		if (s->later[k].ended != 0 && s->later[k].ended <= asked) {
			s->stable = s->later[k].value;
			from = k + 1;
		}
	for (u32 k = from; k < s->count; k++)
		s->later[kept++] = s->later[k];
	s->count = kept;
}

void oracle_flushed(struct oracle *o, u64 asked)
{
	for (u32 i = 0; i < ORACLE_VOLUMES; i++) {
		struct oracle_volume *v = &o->volume[i];

		if (v->sized <= asked)
			v->stable_sectors = v->sectors;
		for (u64 k = 0; v->is_used && k < v->sectors; k++)
			flush_sector(&v->sector[k], asked);
	}
}

static u64 word(u32 value, u32 at)
{
	return value == 0 ? 0 : (u64)value << 8 | at;
}

void oracle_fill(u8 *bytes, u32 sectors, u32 value)
{
	for (u32 i = 0; i < sectors * ORACLE_SECTOR / 8; i++) {
		u64 w = word(value, i % (ORACLE_SECTOR / 8));

		memcpy(bytes + i * 8, &w, 8);
	}
}

static bool is_whole(const u8 *bytes, u32 value)
{
	u64 words[ORACLE_SECTOR / 8], bad = 0;

	memcpy(words, bytes, sizeof(words));
	for (u32 i = 0; i < ORACLE_SECTOR / 8; i++)
		bad |= words[i] ^ word(value, i);
	return bad == 0;
}

static bool is_allowed(const struct oracle_sector *s, u32 value, bool is_after_cut)
{
	bool is_failed = false;

	for (u32 k = 0; k < s->count; k++)
		is_failed |= s->later[k].ended == 0;
	if (!is_after_cut && !is_failed)
		return value == (s->count > 0 ? s->later[s->count - 1].value : s->stable);
	if (value == s->stable)
		return true;
	for (u32 k = 0; k < s->count; k++)
		if (s->later[k].value == value)
			return true;
	return false;
}

bool oracle_check(struct oracle *o, const struct oracle_volume *v, u64 sector, u32 sectors, const u8 *bytes,
	bool is_after_cut)
{
	for (u32 i = 0; i < sectors; i++) {
		u64 first;
		u32 value;

		memcpy(&first, bytes + i * ORACLE_SECTOR, sizeof(first));
		value = (u32)(first >> 8);
		if (is_whole(bytes + i * ORACLE_SECTOR, value) &&
			is_allowed(&v->sector[sector + i], value, is_after_cut))
			continue;
		snprintf(o->failure, sizeof(o->failure), "volume %s sector %llu: first word %llx, stable value %x, "
			"%u later", v->name, (unsigned long long)(sector + i), (unsigned long long)first,
			(unsigned)v->sector[sector + i].stable, (unsigned)v->sector[sector + i].count);
		return false;
	}
	return true;
}

void oracle_settle(struct oracle_volume *v, u64 sector, u32 sectors, const u8 *bytes)
{
	for (u32 i = 0; i < sectors; i++) {
		u64 first;

		memcpy(&first, bytes + i * ORACLE_SECTOR, sizeof(first));
		v->sector[sector + i] = (struct oracle_sector){ .stable = (u32)(first >> 8) };
	}
}
