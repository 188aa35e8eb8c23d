/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: disks that a stopped VM gets and loses. The test plays the console, the VMM and the store.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kernel.h"
#include "root.h"
#include "root_bench.h"
#include "store.h"
#include "wires.h"

static struct ring orders, reports;

static int setup(void **state)
{
	int rc = bench_boot(state);
	u64 h_pd = fake_pd_of(fake_thread_nth(SERVICE_STORE));

	ring_attach_consumer(&orders, fake_memory(h_pd, STORE_ORDERS), STORE_ORDER_RING_BYTES);
	ring_attach_producer(&reports, fake_memory(h_pd, STORE_REPORTS), STORE_REPORT_RING_BYTES);
	return rc;
}

static void expect_no_order(void)
{
	assert_int_equal(ring_used(&orders), 0);
}

/* The next order is this one, and succeeds. */
static void expect_done(enum store_op op)
{
	struct store_report done = { .kind = STORE_DONE, .error = STORE_OK };
	struct store_order order = { 0 };

	assert_true(ring_get(&orders, &order, sizeof(order)));
	assert_int_equal(order.op, op);
	done.id = order.id;
	assert_true(ring_put(&reports, &done, sizeof(done)));
	bench_turns(ROOT_BIT_STORE, 3);
}

static void expect_all_back(void)
{
	bench_turns(0, 10);
	assert_int_equal(fake_object_count(), bench_idle_objects);
	assert_int_equal(fake_free_bytes(), bench_idle_bytes);
}

static struct request a_request(u64 bytes, const char *on, const char *volume)
{
	struct request r = bench_make_request(REQ_CREATE, "a", 0);

	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 16 * MIB, .disk_count = 1 };
	r.spec.disks[0].bytes = bytes;
	strcpy(r.spec.disks[0].on, on);
	strcpy(r.spec.disks[0].volume, volume);
	return r;
}

static void change_disk(enum request_op op, const char *volume, u64 bytes, enum error error)
{
	struct request r = a_request(bytes, bytes != 0 ? VOLUME_RAM : "", volume);

	r.op = op;
	bench_send(&r);
	if (error == ERR_NONE && op == REQ_ATTACH_DISK && bytes != 0)
		expect_done(STORE_ADD_RAM);
	bench_expect(error);
}

static void expect_disks(const char *first, const char *second)
{
	bench_ask(REQ_STATUS, "a", 0);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.spec.disk_count, 2);
	assert_string_equal(bench_answer.vm.disks[0].volume, first);
	assert_string_equal(bench_answer.vm.disks[1].volume, second);
}

/* Disks come and go while the VM is stopped. Those that stay keep their volumes, and one that goes its data. */
static void attach_and_detach(void **state)
{
	struct request r;

	(void)state;
	r = a_request(2 * MIB, VOLUME_RAM, "");
	r.spec.disk_count = 2;
	r.spec.disks[1] = r.spec.disks[0];
	r.spec.disks[1].bytes = 3 * MIB;
	bench_send(&r);
	expect_done(STORE_ADD_RAM);
	expect_done(STORE_ADD_RAM);
	bench_expect(ERR_NONE);
	expect_disks("a.0", "a.1");
	assert_int_equal(bench_answer.vm.disks[1].flags, DISK_MADE);
	change_disk(REQ_ATTACH_DISK, "a.1", 0, ERR_VOLUME_TWICE);
	change_disk(REQ_ATTACH_DISK, "nothing", 0, ERR_NO_VOLUME);
	change_disk(REQ_DETACH_DISK, "nothing", 0, ERR_NOT_ITS_VOLUME);
	change_disk(REQ_DETACH_DISK, "", 0, ERR_BAD_FIELD);
	change_disk(REQ_DETACH_DISK, "a.0", 0, ERR_NONE);
	assert_int_equal(bench_answer.vm.spec.disk_count, 1);
	assert_string_equal(bench_answer.vm.disks[0].volume, "a.1");
	assert_int_equal(bench_answer.vm.disks[0].bytes, 3 * MIB);
	change_disk(REQ_ATTACH_DISK, "", 4 * MIB, ERR_NONE);	/* neither a.0, which has data, nor a.1 */
	expect_disks("a.1", "a.2");
	change_disk(REQ_DETACH_DISK, "a.2", 0, ERR_NONE);
	change_disk(REQ_ATTACH_DISK, "a.0", 0, ERR_NONE);
	expect_disks("a.1", "a.0");
	assert_int_equal(bench_answer.vm.disks[1].flags, 0);
	bench_ask(REQ_START, "a", 0);
	bench_vmm_says(PHASE_RUNNING, STOP_NONE);
	bench_expect(ERR_NONE);
	expect_done(STORE_ATTACH);
	expect_done(STORE_ATTACH);
	bench_ask(REQ_STOP, "a", REQ_FLAG_FORCE);
	bench_turns(0, 20);
	expect_done(STORE_DETACH);
	expect_done(STORE_DETACH);
	bench_expect(ERR_NONE);
	/* Two at a time of one VM: one of them would be undone. */
	r = a_request(2 * MIB, VOLUME_RAM, "");
	r.op = REQ_ATTACH_DISK;
	bench_send(&r);
	change_disk(REQ_DETACH_DISK, "a.0", 0, ERR_BUSY);
	expect_done(STORE_ADD_RAM);
	bench_ask(REQ_STATUS, "a", 0);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.spec.disk_count, 3);
	for (u32 i = 3; i < VM_DEVICES; i++)
		change_disk(REQ_ATTACH_DISK, "", 2 * MIB, ERR_NONE);
	change_disk(REQ_ATTACH_DISK, "", 2 * MIB, ERR_LIMIT);
	expect_no_order();
	bench_ask(REQ_DELETE, "a", 0);
	for (u32 i = 1; i < VM_DEVICES; i++)	/* all but a.0, which was let go before */
		expect_done(STORE_DROP_RAM);
	bench_expect(ERR_NONE);
	for (u32 i = 0; i < 2; i++) {
		r = bench_make_request(REQ_DELETE_VOLUME, "", 0);
		strcpy(r.spec.disks[0].volume, i == 0 ? "a.0" : "a.2");
		bench_send(&r);
		expect_done(STORE_DROP_RAM);
		bench_expect(ERR_NONE);
	}
	expect_all_back();
}

/* Lists of disks are of the VM as it was: none is set while another change is under way, nor a VM of the same name. */
static void one_list_at_a_time(void **state)
{
	struct request r = a_request(2 * MIB, VOLUME_RAM, ""), set = a_request(0, "", "a.0");

	(void)state;
	set.op = REQ_SET;
	set.fields = BIT32(FIELD_DISK);
	bench_send(&r);
	expect_done(STORE_ADD_RAM);
	bench_expect(ERR_NONE);
	r.op = REQ_ATTACH_DISK;
	bench_send(&r);
	bench_send(&set);
	bench_expect(ERR_BUSY);
	bench_ask(REQ_DELETE, "a", REQ_FLAG_KEEP_DISKS);
	bench_expect(ERR_NONE);
	r = a_request(0, "", "");
	r.spec.disk_count = 0;
	bench_send(&r);
	bench_expect(ERR_NONE);
	expect_done(STORE_ADD_RAM);	/* of the VM that is no more */
	expect_done(STORE_DROP_RAM);
	bench_ask(REQ_STATUS, "a", 0);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.spec.disk_count, 0);
	bench_ask(REQ_DELETE, "a", 0);
	bench_expect(ERR_NONE);
	r = bench_make_request(REQ_DELETE_VOLUME, "", 0);
	strcpy(r.spec.disks[0].volume, "a.0");
	bench_send(&r);
	expect_done(STORE_DROP_RAM);
	bench_expect(ERR_NONE);
	expect_all_back();
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(attach_and_detach), cmocka_unit_test(one_list_at_a_time) };

	return cmocka_run_group_tests(tests, setup, NULL);
}
