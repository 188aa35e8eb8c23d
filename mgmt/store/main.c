/* SPDX-License-Identifier: MIT */
/*
 * main.c - the store: serves the disks of all VMs. It maps the links with VMMs and block drivers, the memory of volumes
 * in RAM, and two rings with root; no guest's memory, no device. It holds no right but to signal.
 */
#include "disk.h"
#include "disk_io.h"
#include "info_page.h"
#include "jobs.h"
#include "keys.h"
#include "orders.h"
#include "pool_io.h"
#include "pool_link.h"
#include "pools.h"
#include "range.h"
#include "rt_time.h"
#include "store.h"
#include "sys.h"
#include "user.h"
#include "vm_layout.h"
#include "vm_link.h"
#include "work.h"

#define WORK_PER_SECOND 500u	/* root divides the store's time after 2 ms of it: below a slice of the scheduler */
#define INFO ((const struct info_page *)INFO_PAGE_ADDRESS)

static struct rt_time clock_;

static void *link_at(u32 number)
{
	return (void *)(STORE_LINKS + (u64)number * BLK_LINK_BYTES);
}

static void signal_vm(u32 vm)
{
	/* One that is gone root is about to detach. */
	(void)sys_notify_signal(vm < VM_COUNT ? STORE_H_VM + vm : H_ROOT_SIGNAL);
}

static void signal_driver(u32 driver)
{
	(void)sys_notify_signal(STORE_H_DRIVER + driver);	/* gone: it comes back */
}

static u64 now_ns(void)
{
	return rt_time_now_ns(&clock_);
}

static u64 tsc(void)
{
	return rt_time_tsc();
}

static void disk_changed(u32 disk, const struct blk_info *info)
{
	jobs_disk_changed(disk, info);
	pools_disk_changed(disk, info);
}

/* The store's own transfers first: there is one at a time. */
static void disk_has_room(u32 disk)
{
	disk_io_has_room(disk);
	pool_io_has_room(disk);
	vm_link_disk_has_room(disk);
}

/* Of links that have used up their limits, and pools that have failed. */
static u64 deadline(void)
{
	u64 ns = min_u64(vm_link_wait_ns(), pools_wait_ns());

	return ns != VM_LINK_NEVER ? rt_time_after(&clock_, ns) : DEADLINE_NONE;
}

int main(void)
{
	static const struct vm_link_ops ops = { link_at, signal_vm, now_ns };
	static const struct disk_ops disk_ops = {
		signal_driver, disk_changed, vm_link_completed, disk_io_completed, pool_io_completed,
		pool_link_direct_completed, disk_has_room,
	};

	rt_time_init(&clock_, INFO->tsc_hz, INFO->tsc_boot);
	work_init((struct store_work *)STORE_WORK, tsc, INFO->tsc_hz / WORK_PER_SECOND);
	vm_link_init(&ops, (struct store_figures *)STORE_FIGURES);
	disk_init(&disk_ops);
	disk_io_init(jobs_io_done);
	jobs_init();
	pool_io_init((u8 *)STORE_LINKS);
	pool_link_init(vm_link_completed);
	pools_init((u8 *)STORE_POOLS, now_ns);
	keys_init(user_random, tsc);
	orders_init((struct ring_shared *)STORE_ORDERS, (struct ring_shared *)STORE_REPORTS);
	for (;;) {
		bool is_busy = disk_turn(), is_news;
		u64 bits = 0;

		is_busy = pools_turn() || is_busy;
		is_busy = orders_turn(&is_news) || is_busy;
		if (is_news)
			work_for(STORE_WORK_OTHER);
		is_busy = vm_link_turn() || is_busy;
		is_busy = pools_turn() || is_busy;
		is_busy = disk_kick() || is_busy;
		if (work_is_due() || is_news)
			(void)sys_notify_signal(H_ROOT_SIGNAL);
		if (sys_notify_wait(is_busy ? 0 : deadline(), &bits) == ST_OK)
			vm_link_woken(bits);
		work_begin();
	}
}
