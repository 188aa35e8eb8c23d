/* SPDX-License-Identifier: MIT */
/*
 * image.c - see image.h.
 */
#include "image.h"

#include <string.h>

#include "image_volume_name.h"
#include "vm_layout.h"

static bool name_char_ok(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
	       c == '+' || c == '-';
}

bool image_name_ok(const char *name, u32 bytes)
{
	u32 limit = bytes < IMAGE_NAME_BYTES ? bytes : IMAGE_NAME_BYTES;

	for (u32 i = 0; i < limit; i++) {
		if (name[i] == '\0')
			return i != 0;
		if (!name_char_ok(name[i]))
			return false;
	}
	return false;
}

bool image_of_module(const char module[MODULE_BYTES], char name[IMAGE_NAME_BYTES])
{
	size_t length;

	if (memchr(module, '\0', MODULE_BYTES) == NULL)
		return false;
	length = strcspn(module, " ");
	if (length >= IMAGE_NAME_BYTES)
		return false;
	memcpy(name, module, length);
	name[length] = '\0';
	return image_name_ok(name, IMAGE_NAME_BYTES);
}

static u32 count_uploaded(const struct image_table *table)
{
	u32 count = 0;

	for (u32 i = 0; i < table->count; i++)
		count += table->images[i].is_uploaded;
	return count;
}

/* Neither kind takes the other's room. */
static bool has_room(const struct image_table *table, bool is_uploaded)
{
	u32 uploaded = count_uploaded(table);

	return is_uploaded ? uploaded < IMAGES_UPLOADED : table->count - uploaded < IMAGE_COUNT - IMAGES_UPLOADED;
}

static enum status judge(const struct image_table *table, const struct image *image)
{
	if (!image_name_ok(image->name, IMAGE_NAME_BYTES) || image->bytes == 0 || image->bytes > VMM_IMAGE_STRIDE)
		return ST_INVAL;
	if (image_find(table, image->name, image->is_built_in) != NULL)
		return ST_EXISTS;
	return has_room(table, image->is_uploaded) ? ST_OK : ST_FULL;
}

static enum status add(struct image_table *table, const struct image *image)
{
	enum status st = judge(table, image);

	if (st == ST_OK)
		table->images[table->count++] = *image;
	return st;
}

/* A name that is too long leaves it without one, which no image has. */
static void set_name(struct image *image, const char *name)
{
	size_t length = strnlen(name, IMAGE_NAME_BYTES);

	if (length < IMAGE_NAME_BYTES)
		memcpy(image->name, name, length);
}

enum status image_add(struct image_table *table, const char *name, u64 bytes, u64 h_mem, bool is_built_in)
{
	struct image image = { .bytes = bytes, .h_mem = h_mem, .is_built_in = is_built_in };

	set_name(&image, name);
	return add(table, &image);
}

enum status image_add_uploaded(struct image_table *table, const char *name, u64 bytes, u64 h_mem,
			       const u8 hash[IMAGE_HASH_BYTES])
{
	struct image image = { .bytes = bytes, .h_mem = h_mem, .is_uploaded = true };

	set_name(&image, name);
	memcpy(image.hash, hash, sizeof(image.hash));
	image_volume_name(image.volume, image.name, hash);
	return add(table, &image);
}

enum status image_judge_uploaded(const struct image_table *table, const char *name, u64 bytes)
{
	struct image image = { .bytes = bytes, .is_uploaded = true };

	set_name(&image, name);
	return judge(table, &image);
}

u64 image_take_uploaded(struct image_table *table, const char *name)
{
	for (u32 i = 0; i < table->count; i++) {
		struct image *image = &table->images[i];
		u64 h_mem = image->h_mem;

		if (!image->is_uploaded || strcmp(image->name, name) != 0)
			continue;
		table->count--;
		memmove(image, image + 1, (table->count - i) * sizeof(*image));
		return h_mem;
	}
	return 0;
}

const struct image *image_find(const struct image_table *table, const char *name, bool is_built_in)
{
	for (u32 i = 0; i < table->count; i++)
		if (table->images[i].is_built_in == is_built_in && strcmp(table->images[i].name, name) == 0)
			return &table->images[i];
	return NULL;
}

const struct image *image_at(const struct image_table *table, u32 index)
{
	for (u32 i = 0; i < table->count; i++)
		if (!table->images[i].is_built_in && index-- == 0)
			return &table->images[i];
	return NULL;
}
