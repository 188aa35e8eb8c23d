/* SPDX-License-Identifier: MIT */
/*
 * Machine checks that the kernel hands to root: counted; damaged memory is taken out of use, and who has it ends.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "fake_kernel.h"
#include "root.h"
#include "root_bench.h"
#include "service.h"
#include "services.h"
#include "vm.h"

#define DAMAGED 0xbd80000000000134ull

static void report(u64 status, u64 address, enum machine_check_source source)
{
	fake_machine_check = (struct machine_check){ .status = status, .address = address, .misc = 0x8c,
						     .source = source, .kind = MCE_SER_P };
	bench_settle(ROOT_BIT_HARDWARE);
}

static const struct hardware_report *counts(void)
{
	bench_ask(REQ_HOST, "", 0);
	bench_expect(ERR_NONE);
	return &bench_answer.host.hardware;
}

static void test_counts(void **state)
{
	u64 looks = fake_bank_looks;

	(void)state;
	report(0x9c00000000000134, 0x1000, MC_POLLED);
	report(DAMAGED, 0x1000, MC_AT_BOOT);
	assert_int_equal(fake_retired_frame, 0);	/* memory was made anew since */
	assert_int_equal(counts()->corrected, 1);
	assert_int_equal(counts()->at_boot, 1);
	assert_int_equal(counts()->uncorrected, 0);
	assert_true(fake_bank_looks > looks);
}

static void test_free_frame(void **state)
{
	(void)state;
	fake_retire_status = ST_OK;
	report(DAMAGED, 0x5678, MC_EXCEPTION);
	assert_int_equal(fake_retired_frame, 0x5000);
	assert_int_equal(counts()->uncorrected, 1);
	assert_int_equal(counts()->frames_free, 1);
}

/* Its RAM: the VM ends with a reason, and the one beside it goes on. */
static void test_of_a_vm(void **state)
{
	u32 i = 0;

	(void)state;
	bench_create("hit", RESTART_NEVER, 0);
	bench_create("other", RESTART_NEVER, 0);
	bench_start("hit");
	bench_start("other");
	while (vm_at(i)->name[0] != 'h')
		i++;
	fake_retire_status = ST_STATE;
	fake_damaged_mem = vm_at(i)->h_ram;
	report(DAMAGED, 0x9000, MC_EXCEPTION);
	bench_settle(0);
	bench_expect_state("hit", VM_CRASHED, STOP_MEMORY_ERROR);
	bench_ask(REQ_STATUS, "other", 0);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.state, VM_RUNNING);
	assert_int_equal(counts()->frames_used, 1);
	bench_delete("other");
	bench_delete("hit");
}

/* A vCPU that ran into it faults with vector 18. */
static void test_of_a_vcpu(void **state)
{
	(void)state;
	bench_create("hit", RESTART_NEVER, 0);
	bench_start("hit");
	fake_fault(bench_vmm_thread(), FAULT_MACHINE_CHECK, 0, 0);
	bench_settle(ROOT_BIT_FAULT);
	bench_expect_state("hit", VM_CRASHED, STOP_MEMORY_ERROR);
	bench_delete("hit");
}

/* A service is started again. */
static void test_of_a_service(void **state)
{
	const struct object_set *screen;
	u32 id = 0, made = fake_threads_made();

	(void)state;
	while (service_thread(id) != bench_screen)
		id++;
	screen = service_objects(id);
	fake_damaged_mem = 0;
	for (u32 i = 0; i < screen->count; i++)
		if (screen->items[i].kind == OBJECT_MEM)
			fake_damaged_mem = screen->items[i].handle;
	assert_int_not_equal(fake_damaged_mem, 0);
	report(DAMAGED, 0xa000, MC_EXCEPTION);
	bench_screen = bench_await_thread(made);
	assert_int_not_equal(bench_screen, 0);
}

/* Nobody's that root knows: of what has ended, and is given back by and by. */
static void test_of_the_dead(void **state)
{
	u64 was_free = counts()->frames_free;

	(void)state;
	fake_damaged_mem = 0;
	fake_is_frame_awaited = true;
	report(DAMAGED, 0xb000, MC_EXCEPTION);
	assert_int_equal(counts()->frames_kept, 0);
	assert_int_equal(counts()->frames_free, was_free);
	fake_is_frame_awaited = false;
	while (counts()->frames_free == was_free)
		bench_settle(0);
	assert_int_equal(counts()->frames_free, was_free + 1);
	assert_int_equal(counts()->frames_kept, 0);
}

static void test_of_vos(void **state)
{
	(void)state;
	fake_is_frame_awaited = true;
	report(DAMAGED, 0xc000, MC_EXCEPTION);
	assert_int_equal(counts()->frames_kept, 0);
	while (counts()->frames_kept == 0)
		bench_settle(0);
	assert_int_equal(counts()->frames_kept, 1);
}

static int boot(void **state)
{
	fake_has_banks = true;
	return bench_boot(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts), cmocka_unit_test(test_free_frame), cmocka_unit_test(test_of_a_vm),
		cmocka_unit_test(test_of_a_vcpu), cmocka_unit_test(test_of_a_service),
		cmocka_unit_test(test_of_the_dead), cmocka_unit_test(test_of_vos),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
