/* SPDX-License-Identifier: MIT */
/*
 * newc.c - see newc.h. An entry: 110 bytes of ASCII header, the name, padding to 4, the file, padding to 4.
 */
#include "newc.h"

#include <string.h>

#include "range.h"

#define HEADER_BYTES 110u
#define FIELD_AT(i) (6u + 8u * (i))	/* 13 fields of 8 hexadecimal digits */
#define FIELD_MODE 1u
#define FIELD_FILE_BYTES 6u
#define FIELD_NAME_BYTES 11u
#define MODE_KIND 0170000u
#define MODE_REGULAR 0100000u

static int hex_digit(u8 c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool field_get(const u8 *header, u32 index, u32 *out)
{
	u32 value = 0;

	for (u32 i = 0; i < 8; i++) {
		int digit = hex_digit(header[FIELD_AT(index) + i]);

		if (digit < 0)
			return false;
		value = value << 4 | (u32)digit;
	}
	*out = value;
	return true;
}

struct entry {
	u32 mode, file_bytes, name_bytes;	/* name_bytes counts its zero */
	const char *name;
	const u8 *file;
};

/* Reads the entry at *at, which is aligned to 4, and moves on. */
static enum status read_entry(const u8 *archive, u64 bytes, u64 *at, struct entry *e)
{
	const u8 *header = archive + *at;
	u64 name_at = *at + HEADER_BYTES, file_at;

	if (!range_ok(*at, HEADER_BYTES, bytes))
		return ST_INVAL;
	if (memcmp(header, "070701", 6) != 0 && memcmp(header, "070702", 6) != 0)
		return ST_INVAL;
	if (!field_get(header, FIELD_MODE, &e->mode) || !field_get(header, FIELD_FILE_BYTES, &e->file_bytes) ||
	    !field_get(header, FIELD_NAME_BYTES, &e->name_bytes))
		return ST_INVAL;
	if (e->name_bytes == 0 || !range_ok(name_at, e->name_bytes, bytes))
		return ST_INVAL;
	e->name = (const char *)archive + name_at;
	if (e->name[e->name_bytes - 1] != '\0')
		return ST_INVAL;
	file_at = align_up(name_at + e->name_bytes, 4);
	if (!range_ok(file_at, e->file_bytes, bytes))
		return ST_INVAL;
	e->file = archive + file_at;
	*at = align_up(file_at + e->file_bytes, 4);
	return ST_OK;
}

static void last_part(const char *path, char out[NEWC_NAME_BYTES])
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	size_t count = strlen(name);

	memset(out, 0, NEWC_NAME_BYTES);
	if (count < NEWC_NAME_BYTES)
		memcpy(out, name, count);
}

enum status newc_next(const u8 *archive, u64 bytes, u64 *at, struct newc_file *out)
{
	while (*at < bytes) {
		struct entry e;
		enum status st = read_entry(archive, bytes, at, &e);

		if (st != ST_OK)
			return st;
		if (strcmp(e.name, "TRAILER!!!") == 0)
			return ST_FULL;
		if ((e.mode & MODE_KIND) != MODE_REGULAR)
			continue;
		last_part(e.name, out->name);
		out->bytes = e.file;
		out->count = e.file_bytes;
		return ST_OK;
	}
	return ST_FULL;
}
