/* SPDX-License-Identifier: MIT */
/*
 * driver_nics.c - see driver_nics.h.
 */
#include "driver_nics.h"

#include <string.h>

#include "object_set.h"
#include "pd.h"
#include "root.h"
#include "sys.h"

#define RW (RIGHT_R | RIGHT_W)

static u64 links[DRIVER_COUNT];		/* handles; 0 = none */
static bool plugged[DRIVER_COUNT];	/* as root says in the page, which the driver writes too */

static struct nic_page *page_of(u32 number)
{
	return (struct nic_page *)((u8 *)shared_at(SHARED_NICS) + number * PAGE_SIZE);
}

enum status driver_nic_make(u32 number)
{
	return sys_mem_create(HANDLE_ROOT, NET_LINK_BYTES, 0, &links[number]);
}

/* The link keeps what is in it: the switch goes on. */
enum status driver_nic_give(u32 number, u64 h_pd)
{
	enum status st = pd_fill(h_pd, root.shared[SHARED_NICS], NIC_PAGE, number * PAGE_SIZE, PAGE_SIZE, RW);

	return st == ST_OK ? pd_fill(h_pd, links[number], NIC_LINK, 0, NET_LINK_BYTES, RW) : st;
}

void driver_nic_forget(u32 number)
{
	*page_of(number) = (struct nic_page){ .is_plugged = plugged[number] };
}

u64 driver_nic_link(u32 number)
{
	return number < DRIVER_COUNT ? links[number] : 0;
}

void driver_nic_plug(u32 number, bool is_plugged)
{
	plugged[number] = is_plugged;
	__atomic_store_n(&page_of(number)->is_plugged, is_plugged, __ATOMIC_RELEASE);
}

static bool page_ok(const struct nic_page *page)
{
	return page->state > NIC_STARTING && page->state < NIC_STATE_COUNT && page->mtu >= NIC_MTU_MIN &&
	       page->mtu <= NIC_MTU_MAX && page->is_half_duplex <= 1;
}

bool driver_nic_look(u32 number, struct nic_page *out)
{
	u32 state;

	if (driver_nic_link(number) == 0)
		return false;
	state = __atomic_load_n(&page_of(number)->state, __ATOMIC_ACQUIRE);	/* the driver writes it last */
	memcpy(out, page_of(number), sizeof(*out));
	out->state = state;
	return page_ok(out);
}

u64 driver_nics_bytes(void)
{
	u64 sum = 0;

	for (u32 number = 0; number < DRIVER_COUNT; number++)
		sum += object_bytes(links[number]);
	return sum;
}
