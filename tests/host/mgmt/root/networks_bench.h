/* SPDX-License-Identifier: MIT */
/*
 * networks_bench.h - for tests of root's networks: makes switches and VMs with a card, and plays the switches.
 */
#ifndef VOS_NETWORKS_BENCH_H
#define VOS_NETWORKS_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kernel.h"
#include "root_bench.h"
#include "syscalls.h"

static u64 h_switch;		/* the thread of the switch that was started last */

static inline struct switch_config *config(void)
{
	return fake_memory(fake_pd_of(h_switch), SWITCH_CONFIG);
}

static inline struct switch_figures *figures(void)
{
	return fake_memory(fake_pd_of(h_switch), SWITCH_FIGURES);
}

/* As the switch does: all ports. */
static inline void follow(void)
{
	for (u32 i = 0; i < SWITCH_PORTS; i++)
		figures()->port[i].version = config()->port[i].version;
	bench_settle(ROOT_BIT_SWITCH);
}

/* It lists the addresses that root asked for; there are so many. */
static inline void list_addresses(u32 count)
{
	figures()->station_count = count;
	figures()->stations = config()->stations;
	bench_settle(ROOT_BIT_SWITCH);
}

static inline u64 await_switch(void)
{
	bench_settle(0);
	h_switch = fake_thread_nth(fake_threads_made() - 1);
	assert_true(fake_is_running(h_switch));
	return h_switch;
}

static inline void ask_switch(const char *name, const char *uplink)
{
	struct request r = bench_make_request(REQ_CREATE_SWITCH, name, 0);

	strcpy(r.network.uplink, uplink);
	bench_send(&r);
}

static inline void create_switch(const char *name)
{
	bench_ask(REQ_CREATE_SWITCH, name, 0);
	bench_expect(ERR_NONE);
	(void)await_switch();
}

/* All that it had is back. */
static inline void delete_switch(const char *name)
{
	bench_ask(REQ_DELETE_SWITCH, name, 0);
	bench_expect(ERR_NONE);
	bench_settle(0);
	assert_int_equal(fake_free_bytes(), bench_idle_bytes);
	assert_int_equal(fake_object_count(), bench_idle_objects);
}

static inline struct request a_vm(const char *name, const char *network)
{
	struct request r = bench_make_request(REQ_CREATE, name, 0);

	r.fields = BIT32(FIELD_NIC);
	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 16 * MIB, .nic_count = 1 };
	strcpy(r.spec.nics[0].network, network);
	return r;
}

static inline void create_vm(const char *name, const char *network)
{
	struct request r = a_vm(name, network);

	bench_send(&r);
	bench_expect(ERR_NONE);
}

static inline void delete_vm(const char *name)
{
	bench_ask(REQ_DELETE, name, REQ_FLAG_FORCE);
	if (bench_is_answered())
		return;
	bench_settle(0);
	follow();
	bench_expect(ERR_NONE);
}

#endif
