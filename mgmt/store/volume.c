/* SPDX-License-Identifier: MIT */
/*
 * volume.c - see volume.h.
 */
#include "volume.h"

#include <string.h>

#include "blk_link.h"
#include "range.h"

#define MAX_SECTORS 2048u		/* 1 MiB: half a link's window */
#define MODEL "VOS volume"
#define MAX_ZERO_SECTORS 4096u		/* 2 MiB, so that a few requests do not hold up others for long */

static struct volume volumes[STORE_VOLUMES];
/* By slot and part: a volume's place in `volumes` + 1; 0: there is none. */
static u16 placed[STORE_POOL_SLOT + STORE_POOLS_MAX][STORE_PARTITIONS + 1];
_Static_assert(STORE_POOL_VOLUMES <= STORE_PARTITIONS, "numbers in a pool are parts");

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool volume_name_ok(const char *name)
{
	u32 n = 0;

	if (!is_alnum(name[0]))
		return false;
	while (is_alnum(name[n]) || name[n] == '.' || name[n] == '-')
		n++;
	return name[n] == '\0' && n <= VOLUME_NAME_MAX;
}

bool volume_name_of_vos(const char *name)
{
	return strcmp(name, VOLUME_OF_VOS) == 0 || strcmp(name, VOLUME_OF_LOGS) == 0 ||
	       strncmp(name, VOLUME_OF_IMAGE, strlen(VOLUME_OF_IMAGE)) == 0;
}

struct volume *volume_find(const char *name)
{
	for (u32 i = 0; i < STORE_VOLUMES; i++)
		if (volumes[i].kind != VOLUME_NONE && strcmp(volumes[i].name, name) == 0)
			return &volumes[i];
	return NULL;
}

/* It lies in a slot, that of a disk or of a pool. */
static bool is_in(const struct volume *v, u32 slot)
{
	return (v->kind == VOLUME_ON_DISK || v->kind == VOLUME_IN_POOL) && v->disk == slot;
}

struct volume *volume_meant(const struct store_order *order)
{
	static const u8 none[STORE_GUID_BYTES];
	struct volume *v = volume_find(order->volume);

	if (memcmp(order->guid, none, sizeof(none)) == 0)
		return v != NULL && memcmp(v->guid, none, sizeof(none)) == 0 ? v : NULL;
	for (u32 i = 0; i < STORE_VOLUMES; i++)
		if (is_in(&volumes[i], order->slot) &&
		    memcmp(volumes[i].guid, order->guid, sizeof(none)) == 0)
			return &volumes[i];
	return NULL;
}

struct volume *volume_of_part(u32 disk, u32 part)
{
	u32 at = disk < STORE_POOL_SLOT + STORE_POOLS_MAX && part <= STORE_PARTITIONS ? placed[disk][part] : 0;

	return at != 0 ? &volumes[at - 1] : NULL;
}

void volume_place(struct volume *v, u32 disk, u32 part)
{
	v->disk = disk;
	v->part = part;
	placed[disk][part] = (u16)(v - volumes + 1);
}

void volume_set_disk_info(u32 disk, const struct blk_info *info)
{
	for (u32 i = 0; i < STORE_VOLUMES; i++)
		if (volumes[i].kind == VOLUME_ON_DISK && volumes[i].disk == disk)
			volumes[i].info = *info;
}

bool volume_is_part_used(u32 disk)
{
	for (u32 i = 0; i < STORE_VOLUMES; i++)
		if (volumes[i].kind == VOLUME_ON_DISK && volumes[i].disk == disk && volumes[i].part != 0 &&
		    volumes[i].links != 0)
			return true;
	return false;
}

struct volume *volume_add(const char *name, u32 kind)
{
	for (u32 i = 0; i < STORE_VOLUMES; i++) {
		struct volume *v = &volumes[i];

		if (v->kind != VOLUME_NONE)
			continue;
		*v = (struct volume){ .kind = kind };
		strcpy(v->name, name);
		return v;
	}
	return NULL;
}

void volume_drop(struct volume *v)
{
	if (volume_of_part(v->disk, v->part) == v)
		placed[v->disk][v->part] = 0;
	*v = (struct volume){ 0 };
}

/* What the disk can, of the volume's size, and not more at a time than half a link's window. */
static void disk_info(const struct volume *v, bool is_read_only, struct blk_info *out)
{
	*out = v->info;
	out->features &= ~BLK_CAN_SURVEY;	/* a driver's word, if it is there */
	out->sectors = v->sectors;
	if (out->max_sectors > MAX_SECTORS)
		out->max_sectors = MAX_SECTORS;
	if (is_read_only)
		out->features |= BLK_IS_READ_ONLY;
	memset(out->model, 0, sizeof(out->model));
	memset(out->serial, 0, sizeof(out->serial));
	strcpy(out->model, MODEL);
}

void volume_info(const struct volume *v, bool is_read_only, const char *serial, struct blk_info *out)
{
	if (v->kind != VOLUME_IN_RAM) {
		disk_info(v, is_read_only, out);
		strcpy(out->serial, serial);
		return;
	}
	*out = (struct blk_info){
		.sectors = v->sectors, .block_bytes = BLK_SECTOR_BYTES, .physical_bytes = BLK_SLOT_BYTES,
		.max_sectors = MAX_SECTORS, .max_zero_sectors = MAX_ZERO_SECTORS,
		.features = BLK_CAN_DISCARD | BLK_CAN_WRITE_ZEROES | BLK_CAN_UNMAP | BLK_CAN_FUA |
			    (is_read_only ? BLK_IS_READ_ONLY : 0),
		.model = MODEL,
	};
	strcpy(out->serial, serial);
}

static void copy_data(u8 *at, void *link, const struct blk_sqe *sqe)
{
	u64 left = (u64)sqe->sectors * BLK_SECTOR_BYTES;

	for (u32 i = 0; i < sqe->seg_count; i++) {
		u8 *slot = blk_slot(link, sqe->seg[i].slot);
		u64 bytes = min_u64(left, (u64)sqe->seg[i].count * BLK_SLOT_BYTES);

		memcpy(sqe->op == BLK_READ ? slot : at, sqe->op == BLK_READ ? at : slot, bytes);
		at += bytes;
		left -= bytes;
	}
}

enum blk_status volume_ram_do(const struct volume *v, void *link, const struct blk_sqe *sqe)
{
	u8 *at = v->ram + sqe->sector * BLK_SECTOR_BYTES;

	switch (sqe->op) {
	case BLK_READ:
	case BLK_WRITE:
		copy_data(at, link, sqe);
		return BLK_OK;
	case BLK_DISCARD:
	case BLK_WRITE_ZEROES:
		memset(at, 0, (u64)sqe->sectors * BLK_SECTOR_BYTES);
		return BLK_OK;
	default:	/* BLK_FLUSH: it is stable as it is */
		return BLK_OK;
	}
}
