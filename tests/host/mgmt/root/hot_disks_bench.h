/* SPDX-License-Identifier: MIT */
/*
 * hot_disks_bench.h - a VM named a on a fake kernel, whose disks change while it runs: plays the console, the store,
 * the VMM and its guest. Included by one file of a test.
 */
#ifndef VOS_HOT_DISKS_BENCH_H
#define VOS_HOT_DISKS_BENCH_H

#include <stdio.h>

#include "store_bench.h"

#define DAY_MS (24u * 3600 * 1000)	/* a time-out that no slow machine runs into */

static u64 vmm;				/* its thread */

static inline volatile struct vmm_control *control(void)
{
	return fake_memory(fake_pd_of(vmm), VMM_CONTROL);
}

static inline struct store_order link_order(enum store_op op, u32 slot)
{
	struct store_order order = take(op);

	assert_int_equal(order.link, slot);	/* of the first VM */
	return order;
}

static inline void link_done(enum store_op op, u32 slot)
{
	struct store_order order = link_order(op, slot);

	done(&order, STORE_OK);
}

/* VM a with so many disks in memory, a.0 ..., running. */
static inline void start_a(u32 disks)
{
	struct request r = a_create("a", 2 * MIB, VOLUME_RAM, "");
	struct store_order order;

	r.spec.disk_count = disks;
	for (u32 i = 1; i < disks; i++)
		r.spec.disks[i] = r.spec.disks[0];
	bench_send(&r);
	for (u32 i = 0; i < disks; i++) {
		order = take(STORE_ADD_RAM);
		done(&order, STORE_OK);
	}
	bench_expect(ERR_NONE);
	bench_start("a");
	vmm = bench_vmm_thread();
	for (u32 i = 0; i < disks; i++)
		link_done(STORE_ATTACH, i);
}

/* Whatever it has is given back; volumes in memory are deleted. */
static inline void end_all(void)
{
	struct store_order order;

	bench_ask(REQ_DELETE, "a", REQ_FLAG_FORCE);
	for (u32 i = 0; i < 30; i++) {
		bench_turns(0, 2);
		if (ring_get(&orders, &order, sizeof(order)))
			done(&order, STORE_OK);
	}
	for (u32 i = 0; i < 10; i++) {
		char name[VOLUME_NAME_BYTES];

		snprintf(name, sizeof(name), "a.%u", (unsigned)i);
		ask_volume(REQ_DELETE_VOLUME, name, 0);
		if (!bench_is_answered()) {
			order = take(STORE_DROP_RAM);
			done(&order, STORE_OK);
		}
		bench_await_answer();
		assert_true(bench_answer.error == ERR_NONE || bench_answer.error == ERR_NO_VOLUME);
	}
	expect_no_order();
	assert_int_equal(fake_object_count(), bench_idle_objects);
	assert_int_equal(fake_free_bytes(), bench_idle_bytes);
}

static inline void ask_attach(u64 bytes, const char *volume)
{
	struct request r = a_create("a", bytes, bytes != 0 ? VOLUME_RAM : "", volume);

	r.op = REQ_ATTACH_DISK;
	bench_send(&r);
	bench_turns(0, 3);
}

static inline void ask_detach(const char *volume, u32 timeout_ms)
{
	struct request r = a_create("a", 0, "", volume);

	r.op = REQ_DETACH_DISK;
	r.timeout_ms = timeout_ms;
	bench_send(&r);
	bench_turns(0, 3);
}

static inline void vmm_says(u32 slot, enum vmm_disk_state state, u32 generation)
{
	control()->disk_news[slot] = vmm_disk_news(state, generation);
	bench_turns(ROOT_BIT_VMM, 3);
}

/* The guest has ejected the disk of that generation. */
static inline void guest_ejects(u32 slot, u32 generation)
{
	vmm_says(slot, VMM_DISK_GONE, generation);
}

static inline void expect_disks(u32 count, const char *first, const char *second)
{
	bench_ask(REQ_STATUS, "a", 0);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.spec.disk_count, count);
	if (count > 0)
		assert_string_equal(bench_answer.vm.disks[0].volume, first);
	if (count > 1)
		assert_string_equal(bench_answer.vm.disks[1].volume, second);
}

static inline void attach_new(u32 slot)
{
	struct store_order order;

	ask_attach(4 * MIB, "");
	order = take(STORE_ADD_RAM);
	assert_false(bench_is_answered());
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	link_done(STORE_ATTACH, slot);
}

static inline int start_root(void **state)
{
	int rc = setup(state);

	bench_idle_bytes = fake_free_bytes();
	bench_idle_objects = fake_object_count();
	return rc;
}

#endif
