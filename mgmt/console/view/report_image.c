/* SPDX-License-Identifier: MIT */
/*
 * report_image.c - list-image, for people and for programs. See report.h.
 */
#include <string.h>

#include "range.h"
#include "report.h"
#include "report_tables.h"
#include "units.h"

#define HASH_TEXT_BYTES (2 * IMAGE_HASH_BYTES + 1)
#define HASH_SHOWN 12	/* digits */
#define NAME_MOST 28u	/* columns, so that a line holds the others too */

static const char *kind_of(const struct image_report *image)
{
	return image->is_uploaded ? "uploaded" : "boot";
}

/* "" of an image that has none. */
static const char *hash_text(char text[HASH_TEXT_BYTES], const struct image_report *image)
{
	static const char digits[] = "0123456789abcdef";
	u32 used = 0;

	for (u32 i = 0; i < IMAGE_HASH_BYTES && image->is_uploaded; i++) {
		text[used++] = digits[image->hash[i] >> 4];
		text[used++] = digits[image->hash[i] & 15];
	}
	text[used] = 0;
	return text;
}

static void image_row(const struct out *out, const struct image_report *image, u64 width)
{
	struct table_line line = line_begin(out);
	char size[UNIT_TEXT_BYTES], hash[HASH_TEXT_BYTES];

	line_cell(&line, (s32)width, image->name, sizeof(image->name));
	line_cell(&line, -10, size_text(size, image->bytes, false), sizeof(size));
	line_cell(&line, 8, kind_of(image), 8);
	line_cell(&line, HASH_SHOWN, image->is_uploaded ? hash_text(hash, image) : "-", HASH_SHOWN);
	line_cell(&line, 5, "-", 1);
	line_cell(&line, 4, image->pool[0] ? image->pool : "-", sizeof(image->pool));
	if (image->is_default)
		line_cell(&line, 0, "default", 7);
	line_end(&line);
}

void report_images(const struct out *out, const void *what)
{
	const struct inventory *m = what;
	u64 width = 16;

	if (m->image_count == 0) {
		out_text(out, "There are no images. Boot modules of VOS become images, and what programs upload.\n");
		return;
	}
	for (u32 i = 0; i < m->image_count; i++)
		width = max_u64(width, min_u64(strlen(m->images[i].name), NAME_MOST));
	out_format(out, "%-*s  %10s  %-8s  %-*s  %s\n", (int)width, "NAME", "SIZE", "KIND", HASH_SHOWN, "HASH",
		"OWNER  POOL");
	for (u32 i = 0; i < m->image_count; i++)
		image_row(out, &m->images[i], width);
}

void json_image(struct json_writer *w, const char *key, const void *what)
{
	const struct image_report *image = what;
	char hash[HASH_TEXT_BYTES];

	json_open(w, key, '{');
	json_text(w, "name", image->name);
	json_number(w, "bytes", image->bytes);
	json_bool(w, "default", image->is_default);
	json_text(w, "kind", kind_of(image));
	json_text(w, "hash", hash_text(hash, image));
	json_text(w, "owner", "");
	json_text(w, "pool", image->pool);
	json_close(w, '}');
}

void json_images(struct json_writer *w, const char *key, const void *what)
{
	const struct inventory *m = what;

	json_open(w, key, '[');
	for (u32 i = 0; i < m->image_count; i++)
		json_image(w, 0, &m->images[i]);
	json_close(w, ']');
}
