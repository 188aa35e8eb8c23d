/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel, with peers that lie, babble, do not listen, or die.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kernel.h"
#include "info_page.h"
#include "ring.h"
#include "root.h"
#include "root_bench.h"
#include "serial.h"
#include "vm_layout.h"

/* Nobody reads the replies: nothing is lost, root does not spin on it, and answers come when there is room again. */
static void a_slow_console(void **state)
{
	u32 sent = 0, got = 0;
	struct request r = bench_make_request(REQ_HOST, "", 0);
	struct reply reply;

	(void)state;
	for (u32 i = 0; i < 200; i++) {
		r.id = 1000 + i;
		sent += ring_put(&bench_requests, &r, sizeof(r));
		(void)root_turn(ROOT_BIT_REQUEST);
	}
	assert_true(root_turn(0) == DEADLINE_NONE);
	assert_true(ring_producer_take_waiting(&bench_replies));
	for (u32 i = 0; i < 200; i++) {
		while (ring_get(&bench_replies, &reply, sizeof(reply)))
			assert_int_equal(reply.id, 1000 + got++);
		(void)root_turn(ROOT_BIT_REQUEST);
	}
	assert_int_equal(got, sent);
	assert_true(sent > REPLY_RING_BYTES / sizeof(reply));
}

static u64 seed = 88172645463325252ull;

static u64 random_u64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* A VMM that writes anything into its control page at any time, while requests come in. */
static void a_hostile_vmm(void **state)
{
	(void)state;
	bench_create("a", RESTART_ALWAYS, 0);
	for (u32 round = 0; round < 2000; round++) {
		u64 h = fake_threads_made() > 2 ? bench_vmm_thread() : 0;
		u32 *words = h != 0 ? fake_memory(fake_pd_of(h), VMM_CONTROL) : NULL;

		for (u32 i = 0; words != NULL && i < 16; i++)
			words[random_u64() % 64] = (u32)(random_u64() & 1 ? random_u64() % 20 : random_u64());
		bench_ask((u32)(REQ_START + random_u64() % (REQ_DELETE - REQ_START)), "a",
		    (u32)random_u64() & REQ_FLAG_FORCE);
		bench_turns(random_u64() & 7, 3);
	}
	bench_turns(0, 50);
	bench_delete("a");
}

/* A console that writes anything into the request ring. */
static void a_hostile_console(void **state)
{
	struct request r;
	u32 *words = (u32 *)&r;

	(void)state;
	for (u32 round = 0; round < 5000; round++) {
		for (u32 i = 0; i < sizeof(r) / 4; i++)
			words[i] = (u32)random_u64();
		r.op = (u32)(random_u64() % (REQ_OP_COUNT + 2));
		if (r.op == REQ_REBOOT || r.op == REQ_POWEROFF)
			continue;
		if (random_u64() & 1)
			strcpy(r.name, "x");
		if (random_u64() & 1)
			r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 2 * MIB };
		(void)ring_write(&bench_requests, &r,
				 sizeof(r) - (random_u64() % 64 == 0)); /* and now and then a byte too few */
		bench_turns(ROOT_BIT_REQUEST, 1);
	}
	/* Indices of nonsense: no requests, or no room, and nothing worse. */
	((struct ring_shared *)fake_memory(fake_pd_of(bench_console), CONSOLE_REQUEST_RING))->head = (u32)random_u64();
	((struct ring_shared *)fake_memory(fake_pd_of(bench_console), CONSOLE_REPLY_RING))->tail = (u32)random_u64();
	bench_turns(ROOT_BIT_REQUEST, 10);
}

/* The console faults: a new one comes, meets everybody, and the VMs did not notice. */
static void the_console_comes_back(void **state)
{
	const struct console_args *args = fake_memory(fake_pd_of(bench_console), CONSOLE_ARGS);
	u64 h_vmm, boot_id = args->boot_id;
	u32 made;

	(void)state;
	assert_true(args->start == 1 && boot_id != 0);
	fake_fault(bench_console, 15, 0x400000, 0);
	made = fake_threads_made();
	(void)root_turn(ROOT_BIT_FAULT);
	bench_console = bench_await_thread(made);
	args = fake_memory(fake_pd_of(bench_console), CONSOLE_ARGS);
	assert_true(args->start == 2 && args->boot_id == boot_id);	/* the machine is the same */
	assert_true(bench_console != 0 && fake_is_running(bench_console));
	bench_console_attach();
	assert_int_equal(fake_badge(fake_pd_of(bench_serial), LINE_H_CONSOLE, bench_console), CONSOLE_BIT_LINE);
	assert_int_equal(fake_badge(fake_pd_of(bench_console), CONSOLE_H_LINE, bench_serial), LINE_BIT_CONSOLE);
	bench_ask(REQ_DELETE, "x", REQ_FLAG_FORCE);	/* left over by the hostile one */
	bench_await_answer();
	bench_create("a", RESTART_NEVER, 0);
	bench_start("a");
	h_vmm = bench_vmm_thread();
	made = fake_threads_made();
	assert_int_equal(fake_watermark_bytes(), 0);
	fake_fault(bench_console, 15, 0x400000, 0);
	(void)root_turn(ROOT_BIT_FAULT);
	assert_true(fake_watermark_bytes() > MIB);		/* what it gives back is kept for it */
	bench_console = bench_await_thread(made);
	assert_int_equal(fake_watermark_bytes(), 0);
	bench_console_attach();
	assert_true(fake_is_running(h_vmm));
	assert_int_equal(fake_badge(fake_pd_of(h_vmm), VMM_H_CONSOLE, bench_console), CONSOLE_BIT_VM);
	assert_int_equal(fake_badge(fake_pd_of(bench_console), CONSOLE_H_VM, h_vmm), VMM_BIT_CONSOLE);
	bench_expect_state("a", VM_RUNNING, STOP_REQUEST);
	bench_delete("a");
}

static void the_machine_may_stay_on(void **state)
{
	(void)state;
	bench_ask(REQ_POWEROFF, "", 0);
	assert_false(bench_is_answered());
	bench_expect(ERR_NO_POWEROFF);
	/* A second request does not take the first one's answer away. */
	bench_ask(REQ_POWEROFF, "", 0);
	bench_turns(0, 1);
	bench_ask(REQ_REBOOT, "", 0);
	bench_expect(ERR_BUSY);
	bench_ask(REQ_POWEROFF, "", REQ_FLAG_DRY_RUN);
	bench_expect(ERR_BUSY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slow_console), cmocka_unit_test(a_hostile_vmm), cmocka_unit_test(a_hostile_console),
		cmocka_unit_test(the_console_comes_back), cmocka_unit_test(the_machine_may_stay_on),
	};

	return cmocka_run_group_tests(tests, bench_boot, NULL);
}
