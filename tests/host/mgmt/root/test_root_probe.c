/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: echo requests that routers send. The test plays the router, also one that lies or is silent.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "config_judge.h"
#include "fake_kernel.h"
#include "networks_bench.h"
#include "probe_wait.h"
#include "root_bench.h"

#define INSIDE 0x0a010105u

static u64 h_router;

static struct router_config *router_config(void)
{
	return fake_memory(fake_pd_of(h_router), ROUTER_CONFIG);
}

static struct router_report *router_report(void)
{
	return fake_memory(fake_pd_of(h_router), ROUTER_REPORT);
}

static void create_router(const char *name, u32 address)
{
	struct request r = bench_make_request(REQ_CREATE_ROUTER, name, 0);

	r.router.inner_count = 1;
	strcpy(r.router.inner[0].network, "lan");
	r.router.inner[0].address = address;
	r.router.inner[0].prefix_bits = 24;
	bench_send(&r);
	bench_expect(ERR_NONE);
	bench_settle(0);
	h_router = fake_thread_nth(fake_threads_made() - 1);
	follow();
}

static void delete_router(const char *name)
{
	bench_ask(REQ_DELETE_ROUTER, name, 0);
	bench_expect(ERR_NONE);
	bench_settle(0);
	follow();
}

static struct request usual(const char *router, u32 address)
{
	struct request r = bench_make_request(REQ_PROBE, router, 0);

	r.timeout_ms = 10000;
	r.probe = (struct probe_request){ .address = address, .ttl = 7, .bytes = 56, .id = 5, .sequence = 2 };
	return r;
}

static void ask(const char *router, u32 address)
{
	struct request r = usual(router, address);

	bench_send(&r);
	bench_turns(0, 2);
}

static void report(u32 number, u32 state)
{
	router_report()->probe = (struct router_probe_report){ .number = number, .state = state, .from = INSIDE,
							       .ttl = 64, .time_ns = 99 };
	bench_turns(ROOT_BIT_SWITCH, 2);
}

static void answered(void **state)
{
	struct router_probe *p;

	(void)state;
	create_switch("lan");
	create_router("one", 0x0a010101);
	p = &router_config()->probe;
	ask("", INSIDE);
	assert_false(bench_is_answered());
	assert_int_equal(p->address, INSIDE);
	assert_int_equal(p->ttl, 7);
	assert_int_equal(p->id, 5);
	assert_int_equal(p->sequence, 2);
	assert_int_equal(config_judge(router_config()), ROUTER_OK);
	report(p->number, ROUTER_PROBE_WAITING);
	report(p->number + 1, ROUTER_PROBE_REPLIED);		/* of another one */
	report(p->number, ROUTER_PROBE_STATES);
	assert_false(bench_is_answered());
	router_report()->generation = 1;			/* it is just being written */
	report(p->number, ROUTER_PROBE_REPLIED);
	assert_false(bench_is_answered());
	router_report()->generation = 2;
	report(p->number, ROUTER_PROBE_REPLIED);
	assert_true(bench_is_answered());
	assert_int_equal(bench_answer.error, ERR_NONE);
	assert_int_equal(bench_answer.probe.state, ROUTER_PROBE_REPLIED);
	assert_int_equal(bench_answer.probe.from, INSIDE);
	assert_int_equal(bench_answer.probe.time_ns, 99);
	assert_string_equal(bench_answer.probe.router, "one");
	delete_router("one");
	delete_switch("lan");
}

/* The one that has the network, by name or not; a VM's name is known behind its router alone. */
static void which_router(void **state)
{
	struct request r;

	(void)state;
	create_switch("lan");
	create_router("one", 0x0a010101);
	create_router("two", 0x0a010201);
	ask("", 0x0a010209);
	assert_int_equal(router_config()->probe.address, 0x0a010209);
	report(router_config()->probe.number, ROUTER_PROBE_NO_ROUTE);
	assert_string_equal(bench_answer.probe.router, "two");
	create_vm("web", "lan");
	r = usual("two", 0);
	strcpy(r.to, "web");
	bench_send(&r);
	bench_turns(0, 2);
	assert_true(router_config()->probe.address >> 8 == 0x0a0102);
	ask("three", INSIDE);
	bench_expect(ERR_NO_ROUTER);
	ask("No", INSIDE);
	bench_expect(ERR_BAD_NAME);
	r = usual("", 0);
	strcpy(r.to, "nobody");
	bench_send(&r);
	bench_expect(ERR_PROBE_NAME);
	delete_vm("web");
	delete_router("two");
	delete_router("one");
	ask("", INSIDE);
	bench_expect(ERR_PROBE_NO_ROUTER);
	delete_switch("lan");
}

/* What others ask for waits its turn, up to a limit; who goes away takes its turn with it. */
static void one_after_another(void **state)
{
	struct router_probe *p;
	u32 number = 0;

	(void)state;
	create_switch("lan");
	create_router("one", 0x0a010101);
	p = &router_config()->probe;
	for (u32 i = 0; i < 8; i++)
		ask("one", INSIDE + i);
	assert_false(bench_is_answered());
	for (u32 i = 0; i < 8; i++) {
		assert_int_equal(p->address, INSIDE + i);
		number = p->number;
		report(number, ROUTER_PROBE_REPLIED);
	}
	assert_int_equal(bench_answer.probe.address, INSIDE + 7);
	assert_int_equal(p->number, number);		/* none is left */
	for (u32 i = 0; i < 9; i++)
		ask("one", INSIDE + i);
	bench_expect(ERR_PROBE_BUSY);
	probe_wait_drop(0);
	number = p->number;
	bench_turns(0, 2);
	assert_int_equal(p->number, number);
	ask("one", INSIDE);
	assert_true(p->number != number);
	report(p->number, ROUTER_PROBE_REPLIED);
	assert_true(bench_is_answered());
	delete_router("one");
	delete_switch("lan");
}

static void out_of_range(void **state)
{
	struct request bad[9];

	(void)state;
	create_switch("lan");
	create_router("one", 0x0a010101);
	for (u32 i = 0; i < 9; i++)
		bad[i] = usual("one", INSIDE);
	bad[0].probe.ttl = 0;
	bad[1].probe.ttl = 256;
	bad[2].probe.bytes = ROUTER_PROBE_LEAST - 1;
	bad[3].probe.bytes = ROUTER_PROBE_BYTES + 1;
	bad[4].probe.address = 0xffffffff;
	bad[5].timeout_ms = 0;
	bad[6].timeout_ms = 10001;
	bad[7].probe.id = 0x10000;
	memset(bad[8].to, 'a', sizeof(bad[8].to));
	for (u32 i = 0; i < 9; i++) {
		bench_send(&bad[i]);
		bench_expect(ERR_BAD_FIELD);
	}
	assert_int_equal(router_config()->probe.number, 0);	/* a new router has sent none */
	delete_router("one");
	delete_switch("lan");
}

/* It says nothing: its time runs out, and it is told that nobody waits. */
static void silent(void **state)
{
	struct request r = usual("one", INSIDE);

	(void)state;
	create_switch("lan");
	create_router("one", 0x0a010101);
	r.timeout_ms = 1;
	bench_send(&r);
	for (u32 i = 0; i < 2000 && !bench_is_answered(); i++) {
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		bench_turns(0, 1);
	}
	assert_true(bench_is_answered());
	assert_int_equal(bench_answer.error, ERR_NONE);
	assert_int_equal(bench_answer.probe.state, ROUTER_PROBE_WAITING);
	assert_int_equal(router_config()->probe.number, 0);	/* a new router has sent none */
	delete_router("one");
	delete_switch("lan");
}

static int boot(void **state)
{
	static const char *const programs[] = { "switch", "router", NULL };

	bench_programs = programs;
	return bench_boot(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answered), cmocka_unit_test(which_router), cmocka_unit_test(one_after_another),
		cmocka_unit_test(out_of_range), cmocka_unit_test(silent),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
