/* SPDX-License-Identifier: MIT */
/*
 * Root with six services more than it has, which are only rows of its tables: what each gets, who can signal whom and
 * through which memory, and that one which faults comes back without the others noticing.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c more_services.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kernel.h"
#include "info_page.h"
#include "more_services.h"
#include "root.h"
#include "root_bench.h"
#include "services.h"
#include "syscalls.h"
#include "vm_layout.h"

static u64 threads[MORE_SERVICES];

static u64 pd_of(u32 party)
{
	return party == PARTY_ROOT ? HANDLE_SELF_PD : fake_pd_of(threads[party]);
}

static u64 thread_of(u32 party)
{
	return party == PARTY_ROOT ? HANDLE_SELF_THREAD : threads[party];
}

static void *ring_of(u32 party, u32 i)
{
	const struct wire *wire = &wires[i];

	if (party == PARTY_ROOT)
		return (void *)ring_at(i);
	return fake_memory(pd_of(party), wire->from == party ? wire->from_at : wire->to_at);
}

static void expect_wires(void)
{
	for (u32 i = 0; i < wire_count; i++) {
		const struct wire *wire = &wires[i];
		u64 slot = wire->from == PARTY_ROOT ? SLOT_WIRE + i : wire->slot;

		if (wire->from == PARTY_PORT || wire->to == PARTY_PORT)
			continue;	/* there is none */
		assert_int_equal(fake_badge(pd_of(wire->from), slot, thread_of(wire->to)), wire->badge);
		if (wire->ring_bytes == 0)
			continue;
		assert_non_null(ring_of(wire->from, i));
		strcpy(ring_of(wire->from, i), "a ring of two");
		assert_string_equal(ring_of(wire->to, i), "a ring of two");
		memset(ring_of(wire->from, i), 0, 16);
	}
}

static void all_are_wired(void **state)
{
	(void)state;
	for (u32 id = 0; id < MORE_SERVICES; id++) {
		threads[id] = fake_thread_nth(id);
		assert_true(fake_is_running(threads[id]));
		assert_int_equal(fake_share(pd_of(id), PD_SET_CLASS), service_table[id].class);
		assert_int_equal(fake_share(pd_of(id), PD_SET_CAP), service_table[id].cap);
		assert_int_equal(fake_share(pd_of(id), PD_SET_AFFINITY), service_table[id].affinity);
	}
	expect_wires();
}

/* Rings of two parties are nobody else's: what a service sees at ring addresses is just what the rows say. */
static void rings_are_private(void **state)
{
	(void)state;
	for (u32 id = 0; id < MORE_SERVICES; id++)
		for (u32 i = 0; i < wire_count; i++) {
			u64 at = 0x20000000 + i * 0x100000;
			void *seen = fake_memory(pd_of(id), at);
			u32 named = 0;

			for (u32 w = 0; w < wire_count; w++)
				named += wires[w].ring_bytes != 0 &&
					 ((wires[w].from == id && wires[w].from_at == at) ||
					  (wires[w].to == id && wires[w].to_at == at));
			if (id != SERVICE_CONSOLE)	/* has its arguments there too */
				assert_int_equal(seen != NULL, named);
		}
	assert_int_equal(fake_rights(pd_of(MORE_LOGS), LOG_ADDRESS), RIGHT_R);
	assert_int_equal(fake_rights(pd_of(MORE_USERS), LOG_ADDRESS), 0);
}

static void a_driver_gets_its_device(void **state)
{
	(void)state;
	assert_int_equal(fake_rights(pd_of(MORE_DISK), MORE_DEVICE_AT), RIGHT_R | RIGHT_W);
	assert_int_equal(fake_rights(pd_of(MORE_DISK), MORE_DEVICE_AT + 16 * KIB), 0);
	assert_int_equal(fake_rights(pd_of(MORE_NET), MORE_DEVICE_AT), 0);
}

static void each_comes_back(void **state)
{
	(void)state;
	for (u32 id = 0; id < MORE_SERVICES; id++) {
		u32 made = fake_threads_made();

		fake_fault(threads[id], 15, 0x400000, 0);
		(void)root_turn(ROOT_BIT_FAULT);
		threads[id] = bench_await_thread(made);
		assert_int_equal(fake_threads_made(), made + 1);
		for (u32 other = 0; other < MORE_SERVICES; other++)
			assert_true(fake_is_running(threads[other]));
		expect_wires();
	}
	bench_turns(0, 10);
	assert_int_equal(fake_free_bytes(), bench_idle_bytes);
	assert_int_equal(fake_object_count(), bench_idle_objects);
}

/* What has no program or no device is not tried again and again, and keeps nobody from sleeping. */
static void what_is_not_there_is_left(void **state)
{
	u32 made = fake_threads_made();

	(void)state;
	bench_turns(0, 200);
	assert_int_equal(fake_threads_made(), made);
	assert_true(root_turn(0) == DEADLINE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_wired), cmocka_unit_test(rings_are_private),
		cmocka_unit_test(a_driver_gets_its_device), cmocka_unit_test(each_comes_back),
		cmocka_unit_test(what_is_not_there_is_left),
	};

	return cmocka_run_group_tests(tests, bench_boot, NULL);
}
