/* SPDX-License-Identifier: MIT */
/*
 * Root at its limits, on the fake kernel: as many VMs with as many vCPUs as there can be, each of which must be the one
 * that a command reaches; and what root says when a limit is reached.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kernel.h"
#include "info_page.h"
#include "root.h"
#include "root_bench.h"

static struct {
	char name[VM_NAME_BYTES];
	u64 threads[VM_VCPUS];
	volatile struct vmm_control *control;
} vms[VM_COUNT];

static void create(u32 i)
{
	struct request r = bench_make_request(REQ_CREATE, "", 0);

	snprintf(vms[i].name, sizeof(vms[i].name), "vm-%u", i);
	strcpy(r.name, vms[i].name);
	r.spec = (struct vm_spec){ .cpus = VM_VCPUS, .memory_bytes = 2 * MIB };
	bench_send(&r);
	bench_expect(ERR_NONE);
}

static void start(u32 i)
{
	u64 h_pd, console = fake_pd_of(bench_console);

	bench_start(vms[i].name);
	vms[i].control = bench_vmm_control();
	h_pd = fake_pd_of(bench_vmm_thread());
	assert_int_equal(fake_badge(h_pd, H_ROOT_SIGNAL, HANDLE_SELF_THREAD), ROOT_BIT_VMM);
	assert_int_equal(fake_badge(h_pd, VMM_H_CONSOLE, bench_console), CONSOLE_BIT_VM);
	for (u32 n = 0; n < VM_VCPUS; n++) {
		vms[i].threads[n] = fake_thread_nth(fake_threads_made() - VM_VCPUS + n);
		assert_int_equal(fake_badge(h_pd, VMM_H_THREAD + n, vms[i].threads[n]), VMM_BIT_KICK);
	}
	assert_int_equal(fake_badge(console, CONSOLE_H_VM + i, vms[i].threads[0]), VMM_BIT_CONSOLE);
}

/* The VMM of VM i, and nobody else's, has been told to look at its control page. */
static void expect_signal(u32 i)
{
	for (u32 other = 0; other < VM_COUNT; other++)
		for (u32 n = 0; n < VM_VCPUS; n++)
			assert_int_equal(fake_pending(vms[other].threads[n]),
					 other == i && n == 0 ? VMM_BIT_CONTROL : 0);
}

static void expect_running(u32 i, bool is_running)
{
	for (u32 n = 0; n < VM_VCPUS; n++)
		assert_int_equal(fake_is_running(vms[i].threads[n]), is_running);
}

static void pause(u32 i)
{
	bench_ask(REQ_PAUSE, vms[i].name, 0);
	expect_signal(i);
	vms[i].control->is_paused = vms[i].control->want_paused;
	bench_turns(ROOT_BIT_VMM, 1);
	bench_expect(ERR_NONE);
	expect_running(i, false);
}

static void resume(u32 i)
{
	bench_ask(REQ_RESUME, vms[i].name, 0);
	expect_signal(i);
	bench_expect(ERR_NONE);
	expect_running(i, true);
}

static void stop(u32 i)
{
	bench_ask(REQ_STOP, vms[i].name, 0);
	expect_signal(i);
	assert_int_equal(vms[i].control->power_button, 1);
	vms[i].control->reason = STOP_GUEST_POWEROFF;
	vms[i].control->phase = PHASE_ENDED;
	bench_turns(ROOT_BIT_VMM, 1);
	bench_expect(ERR_NONE);
	memset(vms[i].threads, 0, sizeof(vms[i].threads));
}

static void all_vms_with_all_vcpus(void **state)
{
	(void)state;
	for (u32 i = 0; i < VM_COUNT; i++)
		create(i);
	for (u32 i = 0; i < VM_COUNT; i++)
		start(i);
	for (u32 i = 0; i < VM_COUNT; i++)
		pause(i);
	for (u32 i = 0; i < VM_COUNT; i++)
		resume(i);
	for (u32 i = 0; i < VM_COUNT; i++)
		stop(i);
	for (u32 i = 0; i < VM_COUNT; i++) {
		bench_ask(REQ_DELETE, vms[i].name, 0);
		bench_expect(ERR_NONE);
	}
	assert_int_equal(fake_free_bytes(), bench_idle_bytes);
	assert_int_equal(fake_object_count(), bench_idle_objects);
}

static u32 calls_of_a_start;

/* Whatever call finds a table full: the operator is told which limit it is. */
static void limits_are_named(void **state)
{
	u32 n;

	(void)state;
	bench_create("a", RESTART_NEVER, 0);
	for (n = 1; n < 100; n++) {
		fake_fail_call(n, ST_FULL);
		bench_ask(REQ_START, "a", 0);
		bench_turns(0, 20);
		if (!bench_is_answered())
			break;
		assert_int_equal(bench_answer.error, ERR_LIMIT);
		assert_int_equal(bench_answer.result, RESULT_RESOURCES);
		assert_int_not_equal(bench_answer.have, 0);
		assert_int_not_equal(bench_answer.text[0], 0);
	}
	fake_fail_call(0, ST_OK);
	assert_in_range(n, 20, 60);
	calls_of_a_start = n - 1;
	bench_delete("a");
}

/* A slot that somebody else's handle is in is no success, whoever's it is. */
static void a_taken_slot_is_no_success(void **state)
{
	u32 n, refused = 0;

	(void)state;
	bench_create("a", RESTART_NEVER, 0);
	for (n = 1; n < 100; n++) {
		fake_fail_call(n, ST_EXISTS);
		bench_ask(REQ_START, "a", 0);
		bench_turns(0, 20);
		if (!bench_is_answered())
			break;
		refused += bench_answer.error != ERR_NONE;
		bench_expect_state("a", VM_DEFINED, STOP_NONE);
	}
	fake_fail_call(0, ST_OK);
	assert_int_equal(n - 1, calls_of_a_start);
	assert_int_equal(refused, n - 1);
	bench_delete("a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_vms_with_all_vcpus),
		cmocka_unit_test(limits_are_named),
		cmocka_unit_test(a_taken_slot_is_no_success),
	};

	return cmocka_run_group_tests(tests, bench_boot, NULL);
}
