/* SPDX-License-Identifier: MIT */
/*
 * image_memory.c - see image_memory.h.
 */
#include "image_memory.h"

#include "object_set.h"
#include "range.h"
#include "request.h"
#include "service.h"
#include "sys.h"
#include "syscalls.h"
#include "vm.h"

#define SPARE_BYTES (16 * MIB)	/* that images leave free, for what VMs take beside their RAM */

_Static_assert(UPLOADS + IMAGES_UPLOADED + 1 <= OBJECT_SET_MAX, "all memory may be on its way back at the same time");

static struct object_set doomed;

/* What is neither in use, nor promised to VMs that live, nor to services that start again. */
static u64 room_bytes(void)
{
	u64 kept = vm_untouched_bytes() + service_bytes_down() + SPARE_BYTES, free_bytes = vm_free_bytes();

	return free_bytes > kept ? free_bytes - kept : 0;
}

u64 image_memory_room(u64 need, u64 own)
{
	if (need > room_bytes() + own)
		while (object_set_release_step(&doomed) != ST_OK)
			;
	return room_bytes() + own;
}

enum status image_memory_create(u64 bytes, u64 *h_mem)
{
	return sys_mem_create(HANDLE_ROOT, align_up(bytes, PAGE_SIZE), MEM_LARGE, h_mem);
}

void image_memory_give_back(u64 h_mem)
{
	while (doomed.count == OBJECT_SET_MAX)
		(void)!object_set_release_step(&doomed);
	(void)!object_set_add(&doomed, OBJECT_MEM, h_mem);
}

bool image_memory_step(void)
{
	return object_set_release_step(&doomed) == ST_OK;
}

u64 image_memory_bytes(void)
{
	return object_set_bytes(&doomed);
}
