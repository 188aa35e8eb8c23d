/* SPDX-License-Identifier: MIT */
/*
 * change_keys.c - see change_keys.h. A secret comes hashed (store.h), or is that of an image: then it is hashed here.
 * Root keeps it as long as the pool is open, for a store that is started again.
 */
#include "change_keys.h"

#include <string.h>

#include "key_image.h"
#include "pool_groups.h"
#include "pools.h"
#include "root.h"
#include "spec.h"
#include "store_client.h"
#include "volume_judge.h"

static const struct image *key_image(const struct change *c)
{
	return image_find(&root.images, change_volume(c)->image, false);
}

static struct error_info judge_image(const struct change *c)
{
	const struct image *image = key_image(c);
	struct error_info no;

	if (change_volume(c)->image[0] == '\0')
		return ERROR_INFO_NONE;
	if (image == NULL)
		return error_info_about(ERR_NO_IMAGE, change_volume(c)->image);
	no = error_info_of(ERR_KEY_SIZE, image->bytes, POOL_KEY_FILE_BYTES);
	strcpy(no.text, image->name);
	return image->bytes <= POOL_KEY_FILE_BYTES ? ERROR_INFO_NONE : no;
}

struct error_info key_judge(struct change *c)
{
	const struct disk_spec *want = change_volume(c);
	bool is_unlock = c->request.op == REQ_UNLOCK_POOL;
	struct error_info no;
	const struct pool *pool;
	u32 p;

	if (!spec_disk_ok(want) || want->volume[0] == '\0' || c->request.index == 0 ||
	    c->request.index >= STORE_KEY_WAYS)
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_DISK);
	p = pool_find(want->volume);
	if (p == STORE_POOLS_MAX)
		return error_info_about(ERR_NO_POOL, want->volume);
	pool = pool_at(p);
	no = pool_judge_usable(p);
	if (no.error == ERR_NONE && is_unlock && pool->key == POOL_KEY_NONE)
		no = error_info_about(ERR_POOL_NO_KEY, want->volume);
	if (no.error == ERR_NONE && !is_unlock && pool->key == POOL_KEY_LOCKED)
		no = error_info_about(ERR_POOL_LOCKED, want->volume);
	return no.error == ERR_NONE ? judge_image(c) : no;
}

struct error_info key_order(struct change *c)
{
	struct request *r = &c->request;
	enum status st = ST_OK;

	if (change_volume(c)->image[0] != '\0')
		st = key_image_secret(key_image(c), r->secret);
	if (st != ST_OK)
		return error_info_status(st);
	c->group = group_begin(r->op == REQ_UNLOCK_POOL ? STORE_UNLOCK : STORE_SET_KEY, 0);
	if (c->group == GROUP_NONE)
		return error_info_limit(GROUPS, "changes in pools at a time");
	group_add_key(c->group, pool_find(change_volume(c)->volume), r->index, r->secret);
	store_groups();
	return ERROR_INFO_NONE;
}

struct error_info key_finish(struct change *c)
{
	u32 p = pool_find(change_volume(c)->volume);

	if (pool_at(p) != NULL)
		pool_keep_secret(p, c->request.index, c->request.secret);
	return ERROR_INFO_NONE;
}
