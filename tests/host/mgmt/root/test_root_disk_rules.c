/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: limits of a VM's disks, and what becomes of a VM whose disk fails. The test plays the console,
 * the VMMs and the store.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "store_orders.h"

static u64 store;		/* its thread */
static struct ring orders, reports;

static void start(const char *name)
{
	bench_ask(REQ_START, name, 0);
	bench_vmm_says(PHASE_RUNNING, STOP_NONE);
	bench_expect(ERR_NONE);
}

static void stop(const char *name)
{
	bench_ask(REQ_STOP, name, REQ_FLAG_FORCE);
	bench_turns(0, 50);
	expect_done(STORE_DETACH);
	bench_expect(ERR_NONE);
}

static void restart_service(const char *name, u32 flags, enum error error)
{
	bench_ask(REQ_RESTART_SERVICE, name, flags);
	bench_expect(error);
}

static void set_disk(const struct vm_spec *spec, enum error error)
{
	struct request r = bench_make_request(REQ_SET, "a", 0);

	r.fields = BIT32(FIELD_DISK);
	r.spec = *spec;
	bench_send(&r);
	bench_expect(error);
}

static void expect_rules(u32 link, u32 iops, u64 rate)
{
	struct store_order order = take(STORE_RULES);

	assert_int_equal(order.link, link);
	assert_int_equal(order.iops, iops);
	assert_int_equal(order.bytes, rate);
	done(&order, STORE_OK);
}

/* The store is told of limits before it serves the disk, of other ones while it does, and again when it is new. */
static void limits_of_a_disk(void **state)
{
	struct request r = a_create("a", 2 * MIB, VOLUME_RAM, "");
	struct vm_spec spec;
	u32 link, made;

	(void)state;
	r.spec.disks[0].rate = DISK_RATE_MIN - 1;
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	r.spec.disks[0].rate = DISK_RATE_MAX + 1;
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	r.spec.disks[0].rate = DISK_RATE_MIN;
	r.spec.disks[0].iops = DISK_IOPS_MAX + 1;
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	r.spec.disks[0].iops = 500;
	bench_send(&r);
	expect_done(STORE_ADD_RAM);
	bench_expect(ERR_NONE);
	link = bench_answer.vm.index * VM_DEVICES;
	spec = r.spec;
	spec.disks[0].iops = 600;
	set_disk(&spec, ERR_NONE);		/* at rest: nobody has to know */
	expect_no_order();
	start("a");
	expect_rules(link, 600, DISK_RATE_MIN);
	expect_done(STORE_ATTACH);
	spec.disks[0].iops = 0;
	spec.disks[0].rate = 5 * MIB;
	set_disk(&spec, ERR_NONE);
	expect_rules(link, 0, 5 * MIB);
	assert_int_equal(bench_answer.vm.spec.disks[0].rate, 5 * MIB);
	set_disk(&spec, ERR_NONE);
	expect_no_order();
	strcpy(spec.disks[0].volume, "a.0");	/* the same disk, written in other words */
	spec.disks[0].rate = 6 * MIB;
	set_disk(&spec, ERR_NONE);
	expect_rules(link, 0, 6 * MIB);
	assert_string_equal(bench_answer.vm.spec.disks[0].volume, "");
	spec.disks[0].bytes = 0;
	spec.disks[0].on[0] = '\0';
	spec.disks[0].rate = 5 * MIB;
	set_disk(&spec, ERR_NONE);
	expect_rules(link, 0, 5 * MIB);
	assert_string_equal(bench_answer.vm.spec.disks[0].on, VOLUME_RAM);
	spec.disks[0].bytes = 7 * MIB;		/* not the same */
	set_disk(&spec, ERR_VM_STATE);
	spec.disks[0].bytes = 0;
	memset(spec.disks[0].volume, 'a', sizeof(spec.disks[0].volume));
	set_disk(&spec, ERR_VM_STATE);
	spec = r.spec;
	spec.disks[0].iops = 0;
	spec.disks[0].rate = 5 * MIB;
	spec.disks[0].flags = DISK_READ_ONLY;	/* that can't change now */
	set_disk(&spec, ERR_VM_STATE);
	spec.disks[0].flags = 0;
	spec.disk_count = 2;
	set_disk(&spec, ERR_VM_STATE);
	expect_no_order();
	made = fake_threads_made();
	restart_service("store", 0, ERR_NONE);
	store = bench_await_thread(made);
	attach_store();
	expect_done(STORE_ADD_RAM);
	expect_rules(link, 0, 5 * MIB);
	expect_done(STORE_ATTACH);
	spec.disk_count = 1;
	spec.disks[0].rate = 0;
	set_disk(&spec, ERR_NONE);
	expect_rules(link, 0, 0);
	stop("a");
	start("a");
	expect_done(STORE_ATTACH);
	stop("a");
	delete_made("a", STORE_DROP_RAM);
	expect_all_back();
}

/* A link that ends before the store served it: what the store was told of it is not for the VM that is next there. */
static void limits_end_with_the_link(void **state)
{
	struct request r = a_create("a", 2 * MIB, VOLUME_RAM, "");
	struct vm_spec spec;
	struct store_order order;
	u32 link;

	(void)state;
	r.spec.disks[0].iops = 500;
	bench_send(&r);
	expect_done(STORE_ADD_RAM);
	bench_expect(ERR_NONE);
	link = bench_answer.vm.index * VM_DEVICES;
	spec = r.spec;
	for (u32 run = 0; run < 2; run++) {
		start("a");
		expect_rules(link, 500, 0);
		order = take(STORE_ATTACH);
		done(&order, STORE_BUSY);
		bench_ask(REQ_STOP, "a", REQ_FLAG_FORCE);
		bench_turns(0, 50);
		bench_expect(ERR_NONE);
		expect_no_order();
	}
	spec.disks[0].iops = 0;
	set_disk(&spec, ERR_NONE);
	start("a");
	expect_rules(link, 0, 0);
	expect_done(STORE_ATTACH);
	stop("a");
	start("a");
	expect_done(STORE_ATTACH);
	stop("a");
	delete_made("a", STORE_DROP_RAM);
	expect_all_back();
}

static void report_failure(u32 link)
{
	struct store_report r = { .kind = STORE_FAILED, .slot = link, .error = BLK_IOERR };

	assert_true(ring_put(&reports, &r, sizeof(r)));
	bench_turns(ROOT_BIT_STORE, 3);
}

static void vmm_pauses(void)
{
	bench_vmm_control()->is_paused = bench_vmm_control()->want_paused;
	bench_turns(ROOT_BIT_VMM, 3);
}

/* A VM whose disk fails pauses with that reason, and the store does again what it holds when it is resumed. */
static void a_failed_disk_pauses(void **state)
{
	struct request r = a_create("a", 2 * MIB, VOLUME_RAM, "");
	struct store_order order;
	u32 link;

	(void)state;
	r.spec.on_io_error = IO_ERROR_COUNT;
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	r.spec.on_io_error = IO_ERROR_PAUSE;
	bench_send(&r);
	expect_done(STORE_ADD_RAM);
	bench_expect(ERR_NONE);
	link = bench_answer.vm.index * VM_DEVICES;
	start("a");
	order = take(STORE_RULES);
	assert_int_equal(order.link, link);
	assert_int_equal(order.flags, STORE_HOLD_ERRORS);
	done(&order, STORE_OK);
	report_failure(link);			/* not served yet: that can't be */
	bench_expect_state("a", VM_RUNNING, STOP_REQUEST);
	expect_done(STORE_ATTACH);
	report_failure(link + 1);
	report_failure(BLK_WINDOWS);
	bench_expect_state("a", VM_RUNNING, STOP_REQUEST);
	report_failure(link);
	vmm_pauses();
	bench_expect_state("a", VM_PAUSED, STOP_IO_ERROR);
	assert_string_equal(bench_answer.vm.text, "disk 0, volume a.0");
	expect_no_order();
	bench_ask(REQ_RESUME, "a", 0);
	bench_expect(ERR_NONE);
	expect_done(STORE_RETRY);
	vmm_pauses();
	bench_expect_state("a", VM_RUNNING, STOP_REQUEST);
	/* Live: errors are reported from now on, and a failure that was on its way pauses nothing. */
	r = bench_make_request(REQ_SET, "a", 0);
	r.fields = BIT32(FIELD_ON_IO_ERROR);
	bench_send(&r);
	bench_expect(ERR_NONE);
	expect_rules(link, 0, 0);
	report_failure(link);
	bench_expect_state("a", VM_RUNNING, STOP_REQUEST);
	stop("a");
	delete_made("a", STORE_DROP_RAM);
	expect_all_back();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_of_a_disk), cmocka_unit_test(limits_end_with_the_link),
		cmocka_unit_test(a_failed_disk_pauses),
	};

	return cmocka_run_group_tests(tests, setup_store, NULL);
}
