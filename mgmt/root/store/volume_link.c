/* SPDX-License-Identifier: MIT */
/*
 * volume_link.c - see volume_link.h. The numbers of these links are behind those of all VMs (blk.h).
 */
#include "volume_link.h"

#include <string.h>

#include "drivers.h"
#include "object_set.h"
#include "root.h"
#include "store_client.h"
#include "sys.h"
#include "wires.h"

#define ADDRESS 0x210000000000ull	/* + i * BLK_LINK_BYTES, in root's own address space */

static struct volume_link links[VOLUME_LINKS];

static u32 index_of(const struct volume_link *l)
{
	return (u32)(l - links);
}

static u64 address_of(const struct volume_link *l)
{
	return ADDRESS + index_of(l) * (u64)BLK_LINK_BYTES;
}

static u32 number_of(const struct volume_link *l)
{
	return VM_COUNT * VM_DEVICES + index_of(l);
}

static struct volume_link *free_link(void)
{
	for (u32 i = 0; i < VOLUME_LINKS; i++)
		if (links[i].h_mem == 0)
			return &links[i];
	return NULL;
}

static void drop(struct volume_link *l)
{
	while (sys_mem_unmap(HANDLE_SELF_PD, address_of(l), BLK_LINK_BYTES) == ST_AGAIN)
		;
	while (sys_object_destroy(l->h_mem) == ST_AGAIN)
		;
	(void)sys_handle_close(l->h_mem);
	l->h_mem = 0;
}

struct volume_link *volume_link_open(struct volume *v, bool is_read_only, enum status *st)
{
	struct disk_spec disk = { .flags = is_read_only ? DISK_READ_ONLY : 0 };
	struct volume_link *l = free_link();

	*st = ST_FULL;
	if (l == NULL)
		return NULL;
	*st = sys_mem_create(HANDLE_ROOT, BLK_LINK_BYTES, driver_memory_flags(), &l->h_mem);
	if (*st != ST_OK) {
		l->h_mem = 0;
		return NULL;
	}
	*st = sys_mem_map(HANDLE_SELF_PD, l->h_mem, address_of(l), 0, BLK_LINK_BYTES, RIGHT_R | RIGHT_W);
	if (*st == ST_OK)
		*st = store_attach(number_of(l), l->h_mem, v, &disk);
	if (*st != ST_OK) {
		drop(l);
		return NULL;
	}
	memset(&l->slots, 0, sizeof(l->slots));
	l->is_full = false;
	blk_client_init(&l->client, (void *)address_of(l));
	return l;
}

bool volume_link_close(struct volume_link *l)
{
	if (!store_detach(number_of(l)))
		return false;
	drop(l);
	return true;
}

void *volume_link_slot(const struct volume_link *l, u32 slot)
{
	return blk_slot((void *)address_of(l), slot);
}

void volume_link_kick(struct volume_link *l)
{
	if (blk_client_should_signal(&l->client))
		(void)sys_notify_signal(SLOT_WIRE + WIRE_STORE_ORDERS);
}

bool volume_link_wait(struct volume_link *l)
{
	blk_client_wait(&l->client, true);
	return blk_client_has_news(&l->client);
}

void volume_link_failed(u32 number)
{
	links[number % VM_DEVICES].is_full = true;
}

u64 volume_links_bytes(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < VOLUME_LINKS; i++)
		sum += object_bytes(links[i].h_mem);
	return sum;
}
