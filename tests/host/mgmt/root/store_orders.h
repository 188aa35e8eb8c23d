/* SPDX-License-Identifier: MIT */
/*
 * store_orders.h - the store's end of its wire with root, for tests of root that play the store: orders are taken in
 * turn, and answered. Included by one file of a test.
 */
#ifndef VOS_STORE_ORDERS_H
#define VOS_STORE_ORDERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kernel.h"
#include "info_page.h"
#include "root.h"
#include "root_bench.h"
#include "store.h"
#include "vm_layout.h"
#include "wires.h"

static u64 store;			/* its thread */
static struct ring orders, reports;

static inline void attach_store(void)
{
	u64 h_pd = fake_pd_of(store);

	ring_attach_consumer(&orders, fake_memory(h_pd, STORE_ORDERS), STORE_ORDER_RING_BYTES);
	ring_attach_producer(&reports, fake_memory(h_pd, STORE_REPORTS), STORE_REPORT_RING_BYTES);
}

/* A machine without disks. */
static inline int setup_store(void **state)
{
	int rc = bench_boot(state);

	store = fake_thread_nth(SERVICE_STORE);
	attach_store();
	return rc;
}

static inline void report(struct store_report r)
{
	assert_true(ring_put(&reports, &r, sizeof(r)));
	bench_turns(ROOT_BIT_STORE, 4);
}

/* The next order is this one; returns it. */
static inline struct store_order take(enum store_op op)
{
	struct store_order order = { 0 };

	assert_true(ring_get(&orders, &order, sizeof(order)));
	assert_int_equal(order.op, op);
	return order;
}

static inline void expect_no_order(void)
{
	bench_turns(0, 3);
	assert_int_equal(ring_used(&orders), 0);
}

static inline void done(const struct store_order *order, enum store_error error)
{
	report((struct store_report){ .kind = STORE_DONE, .id = order->id, .error = error });
}

static inline void expect_done(enum store_op op)
{
	struct store_order order = take(op);

	done(&order, STORE_OK);
}

static inline struct request a_create(const char *name, u64 bytes, const char *on, const char *volume)
{
	struct request r = bench_make_request(REQ_CREATE, name, 0);

	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 16 * MIB, .disk_count = 1 };
	r.spec.disks[0].bytes = bytes;
	strcpy(r.spec.disks[0].on, on);
	strcpy(r.spec.disks[0].volume, volume);
	return r;
}

/* A VM whose volume goes with it. */
static inline void delete_made(const char *name, enum store_op op)
{
	bench_ask(REQ_DELETE, name, 0);
	bench_turns(0, 5);
	assert_false(bench_is_answered());
	expect_done(op);
	bench_expect(ERR_NONE);
}

static inline void expect_all_back(void)
{
	bench_turns(0, 10);
	assert_int_equal(fake_object_count(), bench_idle_objects);
	assert_int_equal(fake_free_bytes(), bench_idle_bytes);
}

#endif
