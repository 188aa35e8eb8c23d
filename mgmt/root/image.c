/* SPDX-License-Identifier: MIT */
/*
 * image.c - see image.h.
 */
#include "image.h"

#include <string.h>

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

enum status image_add(struct image_table *table, const char *name, u64 bytes, u64 h_mem, bool is_built_in)
{
	struct image *image;

	if (!image_name_ok(name, IMAGE_NAME_BYTES) || bytes == 0 || bytes > VMM_IMAGE_STRIDE)
		return ST_INVAL;
	if (image_find(table, name, is_built_in) != NULL)
		return ST_EXISTS;
	if (table->count == IMAGE_COUNT)
		return ST_FULL;
	image = &table->images[table->count++];
	*image = (struct image){ .bytes = bytes, .h_mem = h_mem, .is_built_in = is_built_in };
	strcpy(image->name, name);
	return ST_OK;
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
