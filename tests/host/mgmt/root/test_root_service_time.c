/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: the time of the store and of drivers is divided among VMs, and never more than that.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include "store_bench.h"

#include "service_time.h"

static u64 vmm[2];		/* their threads, VMs 0 and 1 */
static u64 h_driver, store_time = 1000000, driver_time = 1000000;

static struct store_work *work(void)
{
	return fake_memory(fake_pd_of(store), STORE_WORK);
}

static u64 charged(u32 vm)
{
	return fake_share(fake_pd_of(vmm[vm]), PD_CHARGE);
}

/* Both took some time since the last call. */
static void pass(u64 of_store, u64 of_driver)
{
	store_time += of_store;
	driver_time += of_driver;
	fake_time(fake_pd_of(store), store_time);
	fake_time(h_driver, driver_time);
	(void)root_turn(ROOT_BIT_STORE | ROOT_BIT_REQUEST);	/* a request: at once, not once a millisecond */
}

static const struct vm_report *status(const char *name)
{
	bench_ask(REQ_STATUS, name, 0);
	bench_expect(ERR_NONE);
	return &bench_answer.vm;
}

static const struct host_report *host(void)
{
	struct request r = bench_make_request(REQ_HOST, "", 0);

	bench_send(&r);
	bench_expect(ERR_NONE);
	return &bench_answer.host;
}

static u64 ns_of(u64 tsc)
{
	return rt_time_ns(&root.time, tsc);
}

static void start_vm(u32 vm, const char *name)
{
	bench_create(name, 0, 0);
	bench_start(name);
	vmm[vm] = bench_vmm_thread();
	assert_int_equal(status(name)->index, vm);
}

static int boot(void **state)
{
	int rc = setup(state);

	for (u32 i = 0; i < fake_threads_made(); i++)
		if (fake_memory(fake_pd_of(fake_thread_nth(i)), DRIVER_DMA) != NULL && h_driver == 0)
			h_driver = fake_pd_of(fake_thread_nth(i));
	assert_true(h_driver != 0);
	start_vm(0, "a");
	start_vm(1, "b");
	pass(0, 0);
	return rc;
}

/* Before VMs, but root and console can stop one that spins, and signals to them are not limited. */
static void their_class(void **state)
{
	(void)state;
	assert_int_equal(fake_share(fake_pd_of(store), PD_SET_CLASS), SCHED_CLASS_SERVICE);
	assert_int_equal(fake_share(h_driver, PD_SET_CLASS), SCHED_CLASS_SERVICE);
}

static void the_store(void **state)
{
	u64 before = status("a")->load.service_time_ns;

	(void)state;
	work()->ticks[0] += 100;
	work()->ticks[1] += 300;
	work()->ticks[STORE_WORK_OTHER] += 600;
	pass(3000, 0);
	assert_int_equal(charged(0), 300);
	assert_int_equal(charged(1), 900);
	pass(3000, 0);			/* it did nothing for anybody */
	assert_int_equal(charged(0), 300);
	/* Somebody wakes it without end and asks for nothing: who asked for a little does not pay for that. */
	work()->ticks[0] += 10;
	pass(1000000, 0);
	assert_int_equal(charged(0), 300 + 10 * 4);
	assert_int_equal(status("a")->load.service_time_ns - before, ns_of(340));
}

static void a_driver(void **state)
{
	u64 a = charged(0), b = charged(1), each = rt_time_ticks(&root.time, SERVICE_NS_EACH);

	(void)state;
	work()->requests[0][0] += 30;
	work()->requests[0][1] += 10;
	pass(0, 4 * each);
	assert_int_equal(charged(0) - a, 3 * each);
	assert_int_equal(charged(1) - b, each);
	/* One that spins: nobody who asked for nothing pays, and whoever asked not without end. */
	pass(0, 1000 * each);
	assert_int_equal(charged(0) - a, 3 * each);
	work()->requests[0][1] += 2;
	pass(0, 1000 * each);
	assert_int_equal(charged(0) - a, 3 * each);
	assert_int_equal(charged(1) - b, 3 * each);
}

/* Whatever the store says, no more than its time is divided. */
static void a_hostile_store(void **state)
{
	u64 a = charged(0), b = charged(1);

	(void)state;
	work()->ticks[0] -= 5;
	work()->ticks[1] = ~0ull / 3;
	work()->ticks[STORE_WORK_OTHER] = ~0ull;
	for (u32 i = 2; i < VM_COUNT; i++)
		work()->ticks[i] = i * 0x123456789abcdefull;
	pass(5000, 0);
	assert_in_range(charged(0) - a + charged(1) - b, 0, 5000);
	a = charged(0);
	b = charged(1);
	work()->ticks[0] += 1;
	pass(~0ull >> 8, 0);
	assert_true(charged(0) - a <= UINT32_MAX);
	assert_int_equal(charged(1), b);
}

/* Each run's is told, and the sum; nothing is lost at the end of the VM. */
static void runs(void **state)
{
	u64 sum = status("b")->service_ns, deleted = host()->service_deleted_ns;

	(void)state;
	bench_ask(REQ_STOP, "b", REQ_FLAG_FORCE);
	bench_turns(0, 50);
	bench_expect(ERR_NONE);
	assert_int_equal(status("b")->load.service_time_ns, sum);
	work()->ticks[1] += 1000000;	/* what was still in flight */
	pass(2000000, 0);
	sum += ns_of(2000000);
	assert_in_range(status("b")->service_ns, sum - 1, sum + 1);
	bench_start("b");
	assert_int_equal(status("b")->load.service_time_ns, 0);
	assert_in_range(status("b")->service_ns, sum - 1, sum + 1);
	bench_ask(REQ_DELETE, "b", REQ_FLAG_FORCE);
	bench_turns(0, 50);
	bench_expect(ERR_NONE);
	assert_in_range(host()->service_deleted_ns, deleted + sum - 1, deleted + sum + 1);
	assert_true(host()->service_ns >= host()->service_deleted_ns + status("a")->service_ns);
	start_vm(1, "c");
	assert_int_equal(status("c")->service_ns, 0);
}

static void a_new_store_begins_with_nothing(void **state)
{
	u64 a;

	(void)state;
	new_store();
	a = charged(0);
	store_time = 500;
	work()->ticks[0] += 500;
	pass(0, 0);
	assert_int_equal(charged(0) - a, 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(their_class), cmocka_unit_test(the_store),
		cmocka_unit_test(a_driver), cmocka_unit_test(a_hostile_store),
		cmocka_unit_test(runs), cmocka_unit_test(a_new_store_begins_with_nothing),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
