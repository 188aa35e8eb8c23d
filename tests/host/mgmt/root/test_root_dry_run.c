/* SPDX-License-Identifier: MIT */
/*
 * A dry run says what the act would: each request on a VM in each state, with and without memory and virtualization.
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
#include "root_bench.h"

enum machine { PLAIN, NO_VIRT, NO_MEMORY, MACHINES };

static const u32 ops[] = { REQ_START, REQ_STOP, REQ_PAUSE, REQ_RESUME, REQ_RESET, REQ_DELETE, REQ_NMI };
static u32 allowed, refused[ERR_LIMIT];

static void set_virt(u32 virt)
{
	((struct info_page *)INFO_PAGE_ADDRESS)->virt = virt;
}

/* VM "a" in a state, on such a machine. */
static void make(enum vm_state state, enum machine machine)
{
	struct request r = bench_make_request(REQ_CREATE, "a", 0);

	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 16 * MIB, .memory_policy = MEMORY_EAGER };
	bench_send(&r);
	bench_expect(ERR_NONE);
	if (state != VM_DEFINED) {
		bench_ask(REQ_START, "a", 0);
		bench_turns(0, 8);
	}
	if (state == VM_RUNNING || state == VM_PAUSED || state == VM_STOPPING)
		bench_vmm_says(PHASE_RUNNING, STOP_NONE);
	if (state == VM_PAUSED) {
		bench_ask(REQ_PAUSE, "a", 0);
		bench_vmm_control()->is_paused = bench_vmm_control()->want_paused;
		bench_turns(ROOT_BIT_VMM, 1);
	}
	if (state == VM_STOPPING)
		bench_ask(REQ_STOP, "a", 0);
	if (state == VM_CRASHED) {
		bench_vmm_says(PHASE_ENDED, STOP_TRIPLE_FAULT);
		bench_turns(0, 50);
	}
	bench_ask(REQ_STATUS, "a", 0);
	assert_int_equal(bench_answer.vm.state, state);
	if (machine == NO_MEMORY) {	/* all but 8 MiB are somebody else's */
		u64 bytes = (fake_free_bytes() - fake_free_bytes() / 128) / (2 * MIB) * (2 * MIB) - 8 * MIB;

		strcpy(r.name, "big");
		r.spec.memory_bytes = bytes;
		bench_send(&r);
		bench_expect(ERR_NONE);
		bench_start("big");
	}
	if (machine == NO_VIRT)
		set_virt(VIRT_NONE);
}

static void clean_up(enum machine machine)
{
	set_virt(VIRT_SVM);
	bench_ask(REQ_DELETE, "a", REQ_FLAG_FORCE);
	bench_await_answer();
	if (machine == NO_MEMORY)
		bench_delete("big");
}

static void compare(u32 op, u32 flags)
{
	u32 dry_error, state;
	u64 need, have;

	bench_ask(REQ_STATUS, "a", 0);
	state = bench_answer.vm.state;
	bench_ask(op, "a", flags | REQ_FLAG_DRY_RUN);
	assert_true(bench_is_answered());
	dry_error = bench_answer.error;
	need = bench_answer.need;
	have = bench_answer.have;
	assert_int_equal(bench_answer.vm.state, state);
	bench_ask(op, "a", flags);
	if (dry_error == ERR_NONE) {
		assert_true(!bench_is_answered() || bench_answer.error == ERR_NONE);
		allowed++;
		return;
	}
	assert_true(bench_is_answered());
	assert_int_equal(bench_answer.error, dry_error);
	assert_int_equal(bench_answer.need, need);
	assert_int_equal(bench_answer.have, have);
	assert_in_range(dry_error, 0, ERR_LIMIT - 1);
	refused[dry_error]++;
}

static void a_dry_run_says_what_the_act_says(void **state)
{
	static const u32 states[] = { VM_DEFINED, VM_STARTING, VM_RUNNING, VM_PAUSED, VM_STOPPING, VM_CRASHED };

	(void)state;
	for (u32 s = 0; s < ARRAY_COUNT(states); s++)
		for (u32 i = 0; i < ARRAY_COUNT(ops); i++)
			for (u32 machine = 0; machine < MACHINES; machine++)
				for (u32 flags = 0; flags <= REQ_FLAG_FORCE; flags += REQ_FLAG_FORCE) {
					make(states[s], machine);
					compare(ops[i], flags);
					clean_up(machine);
				}
	assert_true(allowed > 50 && refused[ERR_VM_STATE] > 50);
	assert_true(refused[ERR_NO_MEMORY] >= 2 && refused[ERR_NO_VIRT] >= 2);
}

static void power_off_twice(void **state)
{
	(void)state;
	bench_ask(REQ_POWEROFF, "", REQ_FLAG_DRY_RUN);
	bench_expect(ERR_NONE);
	bench_ask(REQ_POWEROFF, "", 0);
	assert_false(bench_is_answered());
	bench_ask(REQ_REBOOT, "", REQ_FLAG_DRY_RUN);
	bench_expect(ERR_BUSY);
	bench_ask(REQ_REBOOT, "", 0);
	bench_expect(ERR_BUSY);
}

/* A dry run of cancel leaves what it names alone. */
static void a_stop_goes_on(void **state)
{
	struct request stop = bench_make_request(REQ_STOP, "a", 0), cancel = bench_make_request(REQ_CANCEL, "", 0);

	(void)state;
	make(VM_RUNNING, PLAIN);
	bench_send(&stop);
	cancel.index = stop.id;
	cancel.flags = REQ_FLAG_DRY_RUN;
	bench_send(&cancel);
	bench_expect(ERR_NONE);
	bench_expect_state("a", VM_STOPPING, STOP_REQUEST);
	cancel.flags = 0;
	bench_send(&cancel);
	bench_expect(ERR_NONE);
	bench_expect_state("a", VM_RUNNING, STOP_REQUEST);
	clean_up(PLAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dry_run_says_what_the_act_says), cmocka_unit_test(a_stop_goes_on),
		cmocka_unit_test(power_off_twice),
	};

	return cmocka_run_group_tests(tests, bench_boot, NULL);
}
