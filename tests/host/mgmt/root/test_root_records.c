/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: what VMs have been through is kept in a pool beside the definitions, comes back with them, and
 * is written when it changes and no more often. Records that are not right are none.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "definitions.h"
#include "definitions_bench.h"
#include "own_machine.h"
#include "vm_records.h"

static struct vm_record record_of(const char *name, enum vm_state state, enum vm_reason reason, u32 restarts)
{
	struct vm_record r = { .state = state, .reason = reason, .rip = 0x1234, .restarts = restarts,
		.crash_restarts = restarts };

	snprintf(r.name, sizeof(r.name), "%s", name);
	snprintf(r.text, sizeof(r.text), "words");
	return r;
}

static const struct definition_header *header_of(u32 slot)
{
	return (const void *)(disk + slot * DEFINITION_SLOT_BYTES);
}

/* The record of that number in a slot. */
static struct vm_record record_in(u32 slot, u32 number)
{
	struct vm_record r;

	assert_true(header_of(slot)->record_bytes >= (number + 1) * sizeof(r));
	memcpy(&r, content_of(slot) + header_of(slot)->bytes + number * sizeof(r), sizeof(r));
	return r;
}

static void ask_restarting(const char *name, u32 limit, u32 flags)
{
	struct request r = bench_make_request(REQ_CREATE, name, flags);

	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 16 * MIB, .restart = RESTART_ON_FAILURE,
		.restart_limit = limit, .autostart = 1 };
	snprintf(r.spec.kernel, sizeof(r.spec.kernel), "tiny");
	bench_send(&r);
	bench_turns(0, 5);
}

/* The text is applied, and the console writes it again. */
static void applied(void)
{
	bench_ask_task(bench_task.number, 0);
	if (bench_task.task == DEFINITIONS_SAVE)
		write_text(TEXT);
}

/* ---- what happens ---- */

static void they_come_back(void **state)
{
	const struct vm_record records[] = {
		record_of("a", VM_CRASHED, STOP_TRIPLE_FAULT, 3), record_of("b", VM_DEFINED, STOP_GUEST_PANIC, 1),
		record_of("a", VM_DEFINED, STOP_REQUEST, 0), record_of("elsewhere", VM_STOPPED, STOP_FORCED, 0),
	};

	(void)state;
	fill_slot_with(0, 6, TEXT, records, ARRAY_COUNT(records));
	boot(true);
	expect_task(DEFINITIONS_LOAD, DEFINITIONS_IN_POOL);
	ask_restarting("a", 3, REQ_FLAG_APPLIED);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.state, VM_CRASHED);
	assert_int_equal(bench_answer.vm.reason, STOP_TRIPLE_FAULT);
	assert_int_equal(bench_answer.vm.rip, 0x1234);
	assert_int_equal(bench_answer.vm.restarts, 3);
	assert_string_equal(bench_answer.vm.text, "words");
	assert_int_equal(bench_answer.vm.has_given_up, 1);
	ask_restarting("b", 3, REQ_FLAG_APPLIED);
	assert_int_equal(bench_answer.vm.state, VM_DEFINED);
	assert_int_equal(bench_answer.vm.has_given_up, 0);
	/* Its autostart goes on counting. An operator's start begins anew. */
	bench_ask(REQ_START, "b", REQ_FLAG_APPLIED);
	bench_turns(0, 8);
	bench_vmm_says(PHASE_RUNNING, STOP_NONE);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.restarts, 1);
	assert_int_equal(bench_answer.vm.reason, STOP_GUEST_PANIC);
	applied();
	/* The one whose VM could not be defined stays. */
	assert_int_equal(header_of(1)->generation, 7);
	assert_string_equal(record_in(1, 0).name, "a");
	assert_string_equal(record_in(1, 1).name, "b");
	assert_string_equal(record_in(1, 2).name, "elsewhere");
	assert_int_equal(header_of(1)->record_bytes, 3 * sizeof(struct vm_record));
	bench_start("a");
	assert_int_equal(bench_answer.vm.restarts, 0);
	assert_int_equal(bench_answer.vm.has_given_up, 0);
}

/* A VM that somebody makes has no part in those that were read. */
static void a_new_one(void **state)
{
	const struct vm_record record = record_of("a", VM_CRASHED, STOP_TRIPLE_FAULT, 3);

	(void)state;
	fill_slot_with(0, 6, TEXT, &record, 1);
	boot(true);
	applied();
	ask_restarting("a", 3, 0);
	write_text(TEXT "vm b {\n}\n");
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.restarts, 0);
	assert_int_equal(header_of(1)->record_bytes, 0);
}

static void crash(void)
{
	bench_vmm_says(PHASE_ENDED, STOP_TRIPLE_FAULT);
	bench_turns(0, 20);
	serve();
}

/* Without the console, with the text that is there; and not for each end of a guest. */
static void they_are_written(void **state)
{
	u64 generation;

	(void)state;
	make_pool();
	ask_restarting("a", 9, 0);
	write_text(TEXT "# a\n");
	bench_expect(ERR_NONE);
	bench_start("a");
	serve();
	(void)definitions_are_settled();	/* that a VM lives is no news, and still there is a pause after it */
	generation = header_of(1)->generation;
	crash();
	assert_int_equal(header_of(0)->generation, generation + 1);
	assert_memory_equal(content_of(0), TEXT, strlen(TEXT));
	assert_int_equal(record_in(0, 0).restarts, 1);
	assert_int_equal(record_in(0, 0).reason, STOP_TRIPLE_FAULT);
	assert_int_equal(record_in(0, 0).state, VM_DEFINED);
	bench_ask(REQ_STOP, "a", REQ_FLAG_FORCE);	/* it waits for its next start */
	bench_turns(0, 20);
	serve();
	assert_int_equal(header_of(0)->generation, generation + 1);
	assert_int_equal(header_of(1)->generation, generation);
	assert_false(definitions_are_settled());	/* the machine ends: at once */
	serve();
	assert_true(definitions_are_settled());
	assert_int_equal(header_of(1)->generation, generation + 2);
	assert_int_equal(record_in(1, 0).state, VM_CRASHED);
}

/* A pool that does not take them holds nobody up, and loses no definition. */
static void a_write_fails(void **state)
{
	(void)state;
	make_pool();
	ask_restarting("a", 9, 0);
	write_text(TEXT);
	bench_start("a");
	serve();
	has_failed = true;
	crash();
	assert_int_equal(place(), DEFINITIONS_IN_POOL);
	has_failed = false;
	ask_create("b");
	write_text("b");
	bench_expect(ERR_NONE);
}

/* Torn records take their text with them: the slot before counts, with its own. */
static void torn(void **state)
{
	const struct vm_record records[] = { record_of("a", VM_CRASHED, STOP_FORCED, 2) };

	(void)state;
	fill_slot_with(0, 6, TEXT, records, 1);
	fill_slot_with(1, 5, "old", records, 1);
	srand((unsigned)time(NULL));
	content_of(0)[strlen(TEXT) + (u32)rand() % sizeof(records)] ^= (u8)(1 + rand() % 255);
	boot(true);
	expect_task(DEFINITIONS_LOAD, DEFINITIONS_IN_POOL);
	assert_memory_equal(window(), "old", 3);
	ask_restarting("a", 3, REQ_FLAG_APPLIED);
	assert_int_equal(bench_answer.vm.restarts, 2);
	assert_int_equal(bench_answer.vm.has_given_up, 0);
}

/* Right hashes, and nonsense: what a pool of somebody else may have. */
static void bad_records(void **state)
{
	struct vm_record r[8];
	u8 bytes[sizeof(r) + 1];
	struct vm vm = { .name = "a" };

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(r); i++)
		r[i] = record_of("a", VM_CRASHED, STOP_FORCED, 7);
	assert_true(vm_record_ok(&r[0]));
	r[0].state = VM_RUNNING;
	r[1].state = VM_STATE_COUNT + 1;
	r[2].reason = STOP_COUNT;
	memset(r[3].name, 'a', sizeof(r[3].name));
	strcpy(r[4].name, "../a");
	memset(r[5].text, 'x', sizeof(r[5].text));
	r[6].crash_restarts = 8;
	r[7].name[0] = '\0';
	for (u32 i = 0; i < ARRAY_COUNT(r); i++)
		assert_false(vm_record_ok(&r[i]));
	memcpy(bytes, r, sizeof(r));
	bytes[sizeof(r)] = 'x';
	vm_records_load(bytes, sizeof(bytes));
	vm_records_restore(&vm);
	assert_int_equal(vm.restarts, 0);
	for (u32 i = 0; i < 1000; i++) {
		for (u32 at = 0; at < sizeof(bytes); at++)
			bytes[at] = (u8)rand();
		vm_records_load(bytes, (u32)rand() % sizeof(bytes));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_come_back), cmocka_unit_test(a_new_one), cmocka_unit_test(they_are_written),
		cmocka_unit_test(a_write_fails), cmocka_unit_test(torn), cmocka_unit_test(bad_records),
	};

	return run_on_own_machines(tests, ARRAY_COUNT(tests), begin_untold);
}
