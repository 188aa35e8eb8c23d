/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: ports of a switch from client to client, and switches that die, hang or are full.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fake_kernel.h"
#include "networks_bench.h"
#include "root.h"
#include "root_bench.h"

/* What was set for a port's client does not hold for the next one. */
static void a_port_begins_again(void **state)
{
	struct switch_port_config *c;

	(void)state;
	create_switch("lan");
	create_vm("a", "lan");
	bench_start("a");
	c = &config()->port[0];
	memcpy(c->address, (u8[]){ 10, 0, 0, 9 }, 4);
	c->rule_count = c->drops_rest = 1;
	delete_vm("a");
	assert_memory_equal(c->address, ((u8[]){ 0, 0, 0, 0 }), 4);
	assert_int_equal(c->rule_count, 0);
	assert_int_equal(c->drops_rest, 0);
	delete_switch("lan");
}

/* Nobody is shown the addresses of an earlier request; nor does a switch hold up an answer for long. */
static void addresses_are_listed_anew(void **state)
{
	(void)state;
	create_switch("lan");
	figures()->station_count = 2;
	bench_ask(REQ_STATIONS, "lan", 0);
	bench_settle(0);
	assert_false(bench_is_answered());
	list_addresses(3);
	assert_true(bench_is_answered());
	assert_int_equal(bench_row_count, 1);
	assert_int_equal(bench_rows[0].stations.count, 3);
	bench_ask(REQ_STATIONS, "wan", 0);
	bench_expect(ERR_NO_SWITCH);
	bench_ask(REQ_STATIONS, "No", 0);
	bench_expect(ERR_BAD_NAME);
	for (u32 i = 0; i < 17; i++)
		bench_ask(REQ_STATIONS, "lan", 0);
	bench_expect(ERR_BUSY);
	list_addresses(3);
	bench_ask(REQ_STATIONS, "lan", 0);
	for (u32 i = 0; i < 2000 && !bench_is_answered(); i++) {	/* the switch says nothing: its time runs out */
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		bench_settle(0);
	}
	assert_true(bench_is_answered());
	bench_ask(REQ_STATIONS, "lan", 0);
	bench_settle(0);
	assert_false(bench_is_answered());
	fake_fault(h_switch, 14, 0, 0);
	bench_settle(ROOT_BIT_FAULT);					/* it dies */
	assert_true(bench_is_answered());
	h_switch = bench_await_thread(fake_threads_made());
	delete_switch("lan");
}

/* Its port is down before its VMM is given back: a switch that starts meanwhile is not wired with what is gone. */
static void the_switch_restarts_while_a_vm_ends(void **state)
{
	struct request r = a_vm("a", "lan");
	u32 objects;

	(void)state;
	create_switch("lan");
	r.spec.cpus = 8;
	bench_send(&r);
	bench_expect(ERR_NONE);
	bench_start("a");
	bench_ask(REQ_STOP, "a", REQ_FLAG_FORCE);
	assert_int_equal(config()->port[0].setup.flags, 0);
	objects = fake_object_count();
	bench_turns(0, 1);
	assert_true(fake_object_count() < objects);		/* giving it back takes several turns */
	fake_fault(h_switch, 14, 0, 0);
	bench_settle(ROOT_BIT_FAULT);
	bench_expect(ERR_NONE);
	h_switch = bench_await_thread(fake_threads_made());
	assert_null(fake_memory(fake_pd_of(h_switch), SWITCH_LINKS));
	delete_vm("a");
	delete_switch("lan");
}

/* It runs, and answers nothing: it is started again, and the VM's end goes on. */
static void a_switch_that_hangs(void **state)
{
	u32 made;

	(void)state;
	create_switch("lan");
	create_vm("a", "lan");
	bench_start("a");
	bench_ask(REQ_STOP, "a", REQ_FLAG_FORCE);
	bench_settle(0);
	assert_false(bench_is_answered());
	made = fake_threads_made();
	(void)bench_await_thread(made);				/* its limit, and a pause */
	h_switch = bench_await_thread(made);
	bench_expect(ERR_NONE);
	assert_null(fake_memory(fake_pd_of(h_switch), SWITCH_LINKS));
	assert_int_equal(config()->port[0].setup.flags, 0);
	delete_vm("a");
	delete_switch("lan");
}

/* All ports of a switch are taken: that is what is said. */
static void a_full_switch(void **state)
{
	char name[] = "v0";
	struct request r;

	(void)state;
	create_switch("lan");
	for (u32 i = 0; i <= SWITCH_PORTS / VM_DEVICES; i++, name[1]++) {
		r = a_vm(name, "lan");
		r.spec.nic_count = VM_DEVICES;
		for (u32 n = 1; n < VM_DEVICES; n++)
			r.spec.nics[n] = r.spec.nics[0];
		bench_send(&r);
		bench_expect(ERR_NONE);
		if (i < SWITCH_PORTS / VM_DEVICES)
			bench_start(name);
	}
	name[1]--;
	bench_ask(REQ_START, name, 0);
	bench_expect(ERR_LIMIT);
	assert_string_equal(bench_answer.text, "ports of a switch");
	for (; name[1] >= '0'; name[1]--)
		delete_vm(name);
	delete_switch("lan");
}

/* A VM ends while its switch is down: nobody is waited for. */
static void the_vm_ends_meanwhile(void **state)
{
	(void)state;
	create_switch("lan");
	create_vm("a", "lan");
	bench_start("a");
	bench_ask(REQ_STOP, "a", REQ_FLAG_FORCE);
	bench_settle(0);
	assert_false(bench_is_answered());	/* the switch is silent ... */
	fake_fault(h_switch, 14, 0, 0);
	bench_settle(ROOT_BIT_FAULT);		/* ... and dies */
	bench_expect(ERR_NONE);
	h_switch = bench_await_thread(fake_threads_made());
	assert_null(fake_memory(fake_pd_of(h_switch), SWITCH_LINKS));
	delete_vm("a");
	delete_switch("lan");
}

static void the_switch_is_started_again(void **state)
{
	u64 h_vmm;

	(void)state;
	create_switch("lan");
	create_vm("a", "lan");
	bench_start("a");
	h_vmm = bench_vmm_thread();
	follow();
	figures()->port[0].counts.to_frames = 5;
	strcpy(fake_memory(fake_pd_of(h_vmm), VMM_NIC_LINKS), "hello");
	fake_fault(h_switch, 14, 0, 0);
	bench_settle(ROOT_BIT_FAULT);
	h_switch = bench_await_thread(fake_threads_made());
	assert_true(fake_is_running(h_switch));
	assert_int_equal(figures()->port[0].counts.to_frames, 5);
	assert_int_equal(config()->port[0].setup.flags, PORT_UP);
	assert_string_equal(fake_memory(fake_pd_of(h_switch), SWITCH_LINKS), "hello");
	assert_int_equal(fake_badge(fake_pd_of(h_switch), SWITCH_H_PORT, h_vmm), VMM_BIT_NIC);
	assert_int_equal(fake_badge(fake_pd_of(h_vmm), VMM_H_NIC, h_switch), SWITCH_BIT_PORT);
	delete_vm("a");
	delete_switch("lan");
}

static int boot(void **state)
{
	static const char *const programs[] = { "switch", NULL };
	int rc;

	bench_programs = programs;
	rc = bench_boot(state);
	/* A second is some 0.3 s of the machine's: a switch that goes on has two of these, also on a busy machine. */
	rt_time_init(&root.time, 1000000000, rt_time_tsc());
	return rc;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_listed_anew),
		cmocka_unit_test(a_port_begins_again),
		cmocka_unit_test(the_switch_restarts_while_a_vm_ends),
		cmocka_unit_test(a_switch_that_hangs),
		cmocka_unit_test(a_full_switch),
		cmocka_unit_test(the_vm_ends_meanwhile),
		cmocka_unit_test(the_switch_is_started_again),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
