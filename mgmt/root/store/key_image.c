/* SPDX-License-Identifier: MIT */
/*
 * key_image.c - see key_image.h.
 */
#include "key_image.h"

#include "map_window.h"
#include "pool_secret.h"
#include "request.h"

enum status key_image_secret(const struct image *image, u8 secret[STORE_SECRET_BYTES])
{
	enum status st;

	if (image->bytes > POOL_KEY_FILE_BYTES)
		return ST_INVAL;
	st = map_window_open(WINDOW_SOURCE, image->h_mem, image->bytes, false);
	if (st != ST_OK)
		return st;
	pool_secret(secret, STORE_KEY_FILE, map_window_at(WINDOW_SOURCE), image->bytes);
	map_window_close(WINDOW_SOURCE);
	return ST_OK;
}
