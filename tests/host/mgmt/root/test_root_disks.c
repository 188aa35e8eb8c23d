/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: volumes in RAM and a VM's disks. The test plays the console, the VMMs and the store.
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

static void create(const char *name, u64 bytes, const char *on, const char *volume, enum error error)
{
	struct request r = a_create(name, bytes, on, volume);

	bench_send(&r);
	bench_expect(error);
}

/* The same, and the store has the volume that it needs. */
static void create_made(const char *name, u64 bytes, const char *on, const char *volume)
{
	struct request r = a_create(name, bytes, on, volume);

	bench_send(&r);
	assert_false(bench_is_answered());
	expect_done(STORE_ADD_RAM);
	bench_expect(ERR_NONE);
}

static void delete_vm(const char *name, u32 flags)
{
	bench_ask(REQ_DELETE, name, flags);
	bench_expect(ERR_NONE);
}

static void a_volume_in_ram(void **state)
{
	struct store_order order;
	struct request r;

	(void)state;
	r = a_create("a", 64 * MIB, VOLUME_RAM, "");
	bench_send(&r);
	order = take(STORE_ADD_RAM);
	assert_string_equal(order.volume, "a.0");
	assert_int_equal(order.bytes, 64 * MIB);
	assert_int_equal(fake_rights(fake_pd_of(store), STORE_RAM + order.slot * STORE_RAM_STRIDE),
			 RIGHT_R | RIGHT_W);
	assert_int_equal(fake_rights(fake_pd_of(store), STORE_RAM + order.slot * STORE_RAM_STRIDE + 64 * MIB), 0);
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	assert_string_equal(bench_answer.vm.disks[0].volume, "a.0");
	assert_string_equal(bench_answer.vm.disks[0].on, VOLUME_RAM);
	assert_int_equal(bench_answer.vm.disks[0].bytes, 64 * MIB);
	assert_int_equal(bench_answer.vm.disks[0].flags, DISK_MADE);
	delete_made("a", STORE_DROP_RAM);
	expect_all_back();
}

/* A VM whose volumes are going is not changed any more. */
static void a_change_while_it_goes(void **state)
{
	struct request r = bench_make_request(REQ_SET, "a", 0);
	struct store_order deletion;

	(void)state;
	create_made("a", 2 * MIB, VOLUME_RAM, "");
	bench_ask(REQ_DELETE, "a", 0);
	bench_turns(0, 5);
	deletion = take(STORE_DROP_RAM);
	r.fields = BIT32(FIELD_WEIGHT);
	r.spec.share.weight = 200;
	bench_send(&r);
	bench_expect(ERR_VM_STATE);
	done(&deletion, STORE_OK);
	bench_ask(REQ_STATUS, "a", 0);
	bench_expect(ERR_NO_VM);
	expect_all_back();
}

static void a_run(void **state)
{
	const struct vmm_args *args;
	struct store_order order;
	struct request r = a_create("a", 64 * MIB, VOLUME_RAM, "data");
	u64 pd, made;

	(void)state;
	r.spec.disks[0].flags = DISK_READ_ONLY;
	strcpy(r.spec.disks[0].serial, "S1");
	bench_send(&r);
	expect_done(STORE_ADD_RAM);
	bench_expect(ERR_NONE);
	bench_ask(REQ_START, "a", 0);
	pd = fake_pd_of(bench_vmm_thread());
	args = fake_memory(pd, VMM_ARGS);
	assert_int_equal(args->disk_count, 1);
	assert_int_equal(args->disks[0].bytes, 64 * MIB);
	assert_int_equal(args->disks[0].flags, VMM_DISK_READ_ONLY);
	assert_string_equal(args->disks[0].serial, "S1");
	order = take(STORE_ATTACH);
	assert_int_equal(order.link, bench_answer.vm.index * VM_DEVICES);
	assert_int_equal(order.flags, STORE_READ_ONLY);
	assert_string_equal(order.volume, "data");
	assert_string_equal(order.serial, "S1");
	assert_non_null(fake_memory(pd, VMM_LINKS));
	assert_ptr_equal(fake_memory(pd, VMM_LINKS), fake_memory(fake_pd_of(store), STORE_LINKS));
	assert_null(fake_memory(fake_pd_of(store), STORE_LINKS + BLK_LINK_BYTES));
	assert_int_equal(fake_badge(pd, VMM_H_STORE, store), STORE_BIT_VM);
	assert_int_equal(fake_badge(fake_pd_of(store), STORE_H_VM, bench_vmm_thread()), VMM_BIT_DISK);
	done(&order, STORE_OK);
	bench_vmm_says(PHASE_RUNNING, STOP_NONE);
	bench_await_answer();

	/* Its objects go, but the link's memory stays until the store has given it back. */
	bench_ask(REQ_STOP, "a", REQ_FLAG_FORCE);
	bench_turns(0, 50);
	assert_false(bench_is_answered());
	assert_non_null(fake_memory(fake_pd_of(store), STORE_LINKS));
	made = fake_threads_made();
	order = take(STORE_DETACH);
	bench_turns(0, 50);
	expect_no_order();
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	assert_null(fake_memory(fake_pd_of(store), STORE_LINKS));
	assert_int_equal(fake_threads_made(), made);
	delete_made("a", STORE_DROP_RAM);
	expect_all_back();
}

/* The guest reboots. Nobody signals root but its VMM and the store, and the VM starts again. */
static void a_reboot(void **state)
{
	struct store_report done = { .kind = STORE_DONE, .error = STORE_OK };
	struct request r = a_create("a", 2 * MIB, VOLUME_RAM, "");
	u32 made;

	(void)state;
	r.spec.disk_count = VM_DEVICES;
	for (u32 i = 1; i < VM_DEVICES; i++)
		r.spec.disks[i] = r.spec.disks[0];
	bench_send(&r);
	for (u32 i = 0; i < VM_DEVICES; i++)
		expect_done(STORE_ADD_RAM);
	bench_expect(ERR_NONE);
	bench_ask(REQ_START, "a", 0);
	bench_vmm_says(PHASE_RUNNING, STOP_NONE);
	bench_expect(ERR_NONE);
	for (u32 i = 0; i < VM_DEVICES; i++)
		expect_done(STORE_ATTACH);
	made = fake_threads_made();
	nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);	/* seconds of root's time: no reset at once */
	bench_vmm_says(PHASE_ENDED, STOP_GUEST_REBOOT);
	bench_settle(0);
	assert_int_equal(fake_threads_made(), made);
	for (u32 i = 0; i < VM_DEVICES; i++) {
		done.id = take(STORE_DETACH).id;
		assert_true(ring_put(&reports, &done, sizeof(done)));
	}
	bench_settle(ROOT_BIT_STORE);
	assert_int_not_equal(fake_threads_made(), made);
	for (u32 i = 0; i < VM_DEVICES; i++)
		expect_done(STORE_ATTACH);
	bench_vmm_says(PHASE_RUNNING, STOP_NONE);
	bench_ask(REQ_DELETE, "a", REQ_FLAG_FORCE);
	bench_turns(0, 50);
	for (u32 i = 0; i < VM_DEVICES; i++)
		expect_done(STORE_DETACH);
	for (u32 i = 0; i < VM_DEVICES; i++)
		expect_done(STORE_DROP_RAM);
	bench_expect(ERR_NONE);
	expect_all_back();
}

static void start(const char *name)
{
	bench_ask(REQ_START, name, 0);
	bench_vmm_says(PHASE_RUNNING, STOP_NONE);
	bench_expect(ERR_NONE);
}

/* A store that dies is told everything anew, and what was being given back is back. */
static void a_new_store(void **state)
{
	u64 vmm;
	u32 made;

	(void)state;
	create_made("a", 2 * MIB, VOLUME_RAM, "");
	create_made("b", 4 * MIB, VOLUME_RAM, "");
	start("a");
	expect_done(STORE_ATTACH);
	start("b");
	expect_done(STORE_ATTACH);
	vmm = bench_vmm_thread();
	bench_ask(REQ_STOP, "a", REQ_FLAG_FORCE);
	bench_turns(0, 20);
	(void)take(STORE_DETACH);	/* never answered */
	made = fake_threads_made();
	fake_fault(store, 15, 0x400000, 0);
	(void)root_turn(ROOT_BIT_FAULT);
	store = bench_await_thread(made);
	attach_store();
	bench_turns(0, 5);
	bench_expect(ERR_NONE);		/* a has stopped */
	expect_done(STORE_ADD_RAM);
	expect_done(STORE_ADD_RAM);
	assert_int_equal(take(STORE_ATTACH).link, VM_DEVICES);
	expect_no_order();
	assert_non_null(fake_memory(fake_pd_of(store), STORE_LINKS + VM_DEVICES * BLK_LINK_BYTES));
	assert_int_equal(fake_badge(fake_pd_of(store), STORE_H_VM + 1, vmm), VMM_BIT_DISK);
	assert_int_equal(fake_badge(fake_pd_of(vmm), VMM_H_STORE, store), STORE_BIT_VM << 1);
	bench_ask(REQ_DELETE, "b", REQ_FLAG_FORCE);
	bench_turns(0, 20);
	expect_done(STORE_DETACH);
	expect_done(STORE_DROP_RAM);
	bench_expect(ERR_NONE);
	delete_made("a", STORE_DROP_RAM);
	expect_all_back();
}

static struct store_figures *figures_of(u32 link)
{
	return (struct store_figures *)fake_memory(fake_pd_of(store), STORE_FIGURES) + link;
}

static void ask_host(void)
{
	struct request r = bench_make_request(REQ_HOST, "", 0);

	bench_send(&r);
	bench_expect(ERR_NONE);
}

static void stop(const char *name)
{
	bench_ask(REQ_STOP, name, REQ_FLAG_FORCE);
	bench_turns(0, 50);
	expect_done(STORE_DETACH);
	bench_expect(ERR_NONE);
}

/* A VM's figures are those of this run or the last one, its sums those of all its runs, and none is lost at its end. */
static void io_is_accounted(void **state)
{
	u32 link, made;
	u64 before;

	(void)state;
	ask_host();
	before = bench_answer.host.io_deleted.reads;
	create_made("a", 2 * MIB, VOLUME_RAM, "");
	link = bench_answer.vm.index * VM_DEVICES;
	assert_int_equal(bench_answer.vm.io.reads, 0);
	for (u32 run = 1; run <= 3; run++) {
		start("a");
		expect_done(STORE_ATTACH);
		assert_int_equal(figures_of(link)->counts.reads, 0);
		figures_of(link)->counts.reads += 10;
		figures_of(link)->counts.read_bytes += 40960;
		figures_of(link)->latency[12] += 10;
		bench_ask(REQ_STATUS, "a", 0);
		bench_expect(ERR_NONE);
		assert_int_equal(bench_answer.vm.disks[0].io.reads, 10);
		assert_int_equal(bench_answer.vm.io.reads, 10 * run);
		assert_int_equal(bench_answer.vm.io.read_bytes, 40960 * run);
		stop("a");
		assert_int_equal(bench_answer.vm.disks[0].io.reads, 10);
		assert_int_equal(bench_answer.vm.io.reads, 10 * run);
	}
	bench_ask(REQ_STATS, "a", 0);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.stats.disk_count, 1);
	assert_string_equal(bench_answer.stats.disks[0].volume, "a.0");
	assert_int_equal(bench_answer.stats.disks[0].figures.latency[12], 10);
	/* The store dies: nobody clears what it counted. */
	start("a");
	expect_done(STORE_ATTACH);
	figures_of(link)->counts.reads = 5;
	made = fake_threads_made();
	fake_fault(store, 15, 0x400000, 0);
	(void)root_turn(ROOT_BIT_FAULT);
	store = bench_await_thread(made);
	attach_store();
	expect_done(STORE_ADD_RAM);
	expect_done(STORE_ATTACH);
	bench_ask(REQ_STATUS, "a", 0);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.disks[0].io.reads, 5);
	assert_int_equal(bench_answer.vm.io.reads, 35);
	stop("a");
	delete_made("a", STORE_DROP_RAM);
	ask_host();
	assert_int_equal(bench_answer.host.io_deleted.reads, before + 35);
	/* Another VM in its place begins with nothing. */
	create_made("b", 2 * MIB, VOLUME_RAM, "");
	assert_int_equal(bench_answer.vm.index * VM_DEVICES, link);
	assert_int_equal(bench_answer.vm.io.reads, 0);
	delete_made("b", STORE_DROP_RAM);
	expect_all_back();
}

/* As list-service has it. */
static struct service_report service_of(const char *name)
{
	struct request r = bench_make_request(REQ_SERVICES, "", 0);

	bench_send(&r);
	bench_await_answer();
	for (u32 i = 0; i < bench_row_count; i++)
		if (strcmp(bench_rows[i].service.name, name) == 0)
			return bench_rows[i].service;
	fail();
	return bench_rows[0].service;
}

static void restart_service(const char *name, u32 flags, enum error error)
{
	bench_ask(REQ_RESTART_SERVICE, name, flags);
	bench_expect(error);
}

/* On request, as after a fault: nothing of a VM is lost. */
static void restarted_on_request(void **state)
{
	u32 made, restarts;

	(void)state;
	create_made("a", 2 * MIB, VOLUME_RAM, "");
	start("a");
	expect_done(STORE_ATTACH);
	restarts = service_of("store").restarts;
	assert_int_equal(service_of("store").state, SERVICE_UP);
	assert_int_not_equal(service_of("store").bytes, 0);
	restart_service("nothing", 0, ERR_NO_SERVICE);
	restart_service("../store", 0, ERR_BAD_NAME);
	made = fake_threads_made();
	restart_service("store", REQ_FLAG_DRY_RUN, ERR_NONE);
	bench_turns(0, 20);
	assert_int_equal(fake_threads_made(), made);
	restart_service("store", 0, ERR_NONE);
	restart_service("store", 0, ERR_SERVICE_DOWN);
	assert_int_equal(service_of("store").state, SERVICE_RESTARTING);
	store = bench_await_thread(made);
	attach_store();
	expect_done(STORE_ADD_RAM);
	expect_done(STORE_ATTACH);
	assert_int_equal(service_of("store").restarts, restarts + 1);
	bench_expect_state("a", VM_RUNNING, STOP_REQUEST);
	stop("a");
	delete_made("a", STORE_DROP_RAM);
	expect_all_back();
}

static void kept_and_shared(void **state)
{
	struct request r;

	(void)state;
	create_made("a", 2 * MIB, VOLUME_RAM, "");
	create("b", 0, "", "a.0", ERR_VOLUME_BUSY);
	delete_vm("a", REQ_FLAG_KEEP_DISKS);
	expect_no_order();
	create("a", 4 * MIB, VOLUME_RAM, "", ERR_VOLUME_SIZE);
	assert_int_equal(bench_answer.have, 2 * MIB);
	create("b", 0, "", "a.0", ERR_NONE);
	assert_int_equal(bench_answer.vm.disks[0].flags, 0);
	delete_vm("b", 0);		/* which did not make it */
	expect_no_order();
	create("a", 2 * MIB, VOLUME_RAM, "", ERR_NONE);
	expect_no_order();
	/* Other disks: what it has no more stays. */
	r = bench_make_request(REQ_SET, "a", 0);
	r.fields = BIT32(FIELD_DISK);
	r.spec = a_create("a", 3 * MIB, VOLUME_RAM, "new").spec;
	bench_send(&r);
	expect_done(STORE_ADD_RAM);
	bench_expect(ERR_NONE);
	assert_string_equal(bench_answer.vm.disks[0].volume, "new");
	delete_made("a", STORE_DROP_RAM);
	create("c", 0, "", "a.0", ERR_NONE);
	r = bench_make_request(REQ_SET, "c", 0);
	r.fields = BIT32(FIELD_DISK);
	bench_send(&r);
	bench_expect(ERR_NONE);
	create("d", 0, "", "a.0", ERR_NONE);
	delete_vm("c", 0);
	delete_vm("d", 0);
	expect_no_order();
	bench_idle_objects = fake_object_count();	/* a.0 stays */
	bench_idle_bytes = fake_free_bytes();
}

static void refusals(void **state)
{
	struct request r = a_create("x", 2 * MIB, VOLUME_RAM, "");

	(void)state;
	create("x", 100 * GIB, "", "", ERR_NO_DISK);
	assert_string_equal(bench_answer.text, "x.0");
	create("x", 100 * GIB, "nvme0", "", ERR_UNKNOWN_DISK);
	create("x", 0, "", "nothing", ERR_NO_VOLUME);
	create("x", 128 * GIB, VOLUME_RAM, "", ERR_VOLUME_RAM_SIZE);
	create("x", 32 * GIB, VOLUME_RAM, "", ERR_DISK_MEMORY);
	create("x", MIB + 1, VOLUME_RAM, "", ERR_BAD_FIELD);
	create("x", 0, VOLUME_RAM, "", ERR_BAD_FIELD);
	create("x", 2 * MIB, "RAM", "", ERR_BAD_FIELD);
	create("x", 2 * MIB, VOLUME_RAM, "../x", ERR_BAD_FIELD);
	r.spec.disk_count = VM_DEVICES + 1;
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	r = a_create("x", 2 * MIB, VOLUME_RAM, "");
	memset(r.spec.disks[0].volume, 'a', sizeof(r.spec.disks[0].volume));
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	r = a_create("x", 2 * MIB, VOLUME_RAM, "");
	memset(r.spec.disks[0].serial, 'a', sizeof(r.spec.disks[0].serial));
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	r = a_create("x", 2 * MIB, VOLUME_RAM, "");
	r.spec.disks[0].flags = 0xff;
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	/* The second disk of two can't be had: the first is not there either. */
	r = a_create("x", 2 * MIB, VOLUME_RAM, "");
	r.spec.disk_count = 2;
	r.spec.disks[1].bytes = 32 * GIB;
	strcpy(r.spec.disks[1].on, VOLUME_RAM);
	bench_send(&r);
	bench_expect(ERR_DISK_MEMORY);
	strcpy(r.spec.disks[1].volume, "x.0");
	r.spec.disks[1].bytes = 2 * MIB;
	bench_send(&r);
	bench_expect(ERR_VOLUME_TWICE);
	bench_ask(REQ_STATUS, "x", 0);
	bench_expect(ERR_NO_VM);
	expect_no_order();
}

/* A store that reports anything: root changes nothing but for orders that it gave. */
static void a_hostile_store(void **state)
{
	struct store_report r;
	unsigned seed = 23;

	(void)state;
	create_made("h", 2 * MIB, VOLUME_RAM, "");
	start("h");
	expect_done(STORE_ATTACH);
	for (u32 i = 0; i < 20000; i++) {
		r.kind = (u32)rand_r(&seed) % 4;
		r.id = (u32)(rand_r(&seed) % 6) << 24 | (u32)(rand_r(&seed) % 2 ? rand_r(&seed) % 2000 : rand_r(&seed));
		r.error = (u32)rand_r(&seed) % 8;
		r.slot = (u32)rand_r(&seed) % 40;
		r.sectors = (u64)rand_r(&seed) << rand_r(&seed) % 40;
		r.block_bytes = BIT32(rand_r(&seed) % 32);
		if (!ring_put(&reports, &r, sizeof(r)))
			bench_turns(ROOT_BIT_STORE, 1);
	}
	bench_turns(ROOT_BIT_STORE, 100);
	bench_expect_state("h", VM_RUNNING, STOP_REQUEST);
	assert_non_null(fake_memory(fake_pd_of(store), STORE_LINKS));
	bench_ask(REQ_DELETE, "h", REQ_FLAG_FORCE);
	bench_turns(0, 20);
	expect_done(STORE_DETACH);
	expect_done(STORE_DROP_RAM);
	bench_expect(ERR_NONE);
}

/* Every call that makes the VM fails once: nothing is lost. */
static void each_call_fails_once(void **state)
{
	struct store_order order;

	(void)state;
	for (u32 n = 1; n < 80; n++) {
		struct request r = a_create("h", 2 * MIB, VOLUME_RAM, "");

		fake_fail_call(n, ST_NOMEM);
		bench_send(&r);
		if (ring_get(&orders, &order, sizeof(order)))
			done(&order, STORE_OK);
		bench_await_answer();
		if (bench_answer.error == ERR_NONE) {
			bench_ask(REQ_START, "h", 0);
			bench_turns(0, 50);
			bench_ask(REQ_DELETE, "h", REQ_FLAG_FORCE);
		}
		for (u32 i = 0; i < 50; i++) {
			bench_turns(0, 2);
			if (ring_get(&orders, &order, sizeof(order)))
				done(&order, STORE_OK);
		}
		fake_fail_call(0, ST_OK);
		bench_ask(REQ_STATUS, "h", 0);
		bench_expect(ERR_NO_VM);
		expect_all_back();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_volume_in_ram), cmocka_unit_test(a_change_while_it_goes),
		cmocka_unit_test(a_run), cmocka_unit_test(a_reboot), cmocka_unit_test(a_new_store),
		cmocka_unit_test(io_is_accounted), cmocka_unit_test(restarted_on_request),
		cmocka_unit_test(kept_and_shared), cmocka_unit_test(refusals), cmocka_unit_test(a_hostile_store),
		cmocka_unit_test(each_call_fails_once),
	};

	return cmocka_run_group_tests(tests, setup_store, NULL);
}
