/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: requests to detach a disk that nobody waits for any more, or that guests do not answer, or
 * answer slowly.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include "hot_disks_bench.h"

/* Who asked cancels, or is gone: the guest is not asked any more, and nothing is left of the request. */
static void is_canceled(void **state)
{
	struct request cancel = bench_make_request(REQ_CANCEL, "", 0), detach;
	struct store_order order;

	(void)state;
	start_a(2);
	detach = a_create("a", 0, "", "a.1");
	detach.op = REQ_DETACH_DISK;
	detach.timeout_ms = DAY_MS;
	for (u32 i = 0; i < 40; i++) {		/* there are places for 32 */
		bench_send(&detach);
		bench_turns(0, 3);
		assert_false(bench_is_answered());
		assert_int_equal(control()->disks[1].ejects, 2 * i + 1);
		cancel.index = detach.id;
		bench_send(&cancel);
		bench_expect(ERR_NONE);
		bench_turns(0, 3);
		assert_int_equal(control()->disks[1].ejects, 2 * i + 2);
		attach_new(2);
		guest_ejects(2, i + 1);
		link_done(STORE_DETACH, 2);
		ask_volume(REQ_DELETE_VOLUME, "a.2", 0);
		order = take(STORE_DROP_RAM);
		done(&order, STORE_OK);
		bench_expect(ERR_NONE);
	}
	expect_disks(2, "a.0", "a.1");

	bench_send(&detach);			/* the guest has let it go already */
	guest_ejects(1, 0);
	assert_false(bench_is_answered());
	cancel.index = detach.id;
	bench_send(&cancel);
	bench_expect(ERR_NONE);
	link_done(STORE_DETACH, 1);
	expect_disks(1, "a.0", NULL);
	end_all();
}

static void console_dies(void **state)
{
	u32 made;

	(void)state;
	start_a(2);
	ask_detach("a.1", DAY_MS);
	assert_int_equal(control()->disks[1].ejects, 1);
	made = fake_threads_made();
	fake_fault(bench_console, 14, 0x400000, 0);
	(void)root_turn(ROOT_BIT_FAULT);
	bench_console = bench_await_thread(made);
	bench_console_attach();
	assert_int_equal(control()->disks[1].ejects, 2);
	expect_disks(2, "a.0", "a.1");
	attach_new(2);
	end_all();
}

/* Guests that never answer do not keep other requests from being served. */
static void many_never_answer(void **state)
{
	struct request r;
	char name[VM_NAME_BYTES], volume[VOLUME_NAME_BYTES];
	struct store_order order;
	u32 refused = 0;

	(void)state;
	for (u32 i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "m%u", (unsigned)i);
		r = a_create(name, 2 * MIB, VOLUME_RAM, "");
		bench_send(&r);
		order = take(STORE_ADD_RAM);
		done(&order, STORE_OK);
		bench_expect(ERR_NONE);
		bench_start(name);
		order = take(STORE_ATTACH);
		done(&order, STORE_OK);
		snprintf(volume, sizeof(volume), "%s.0", name);
		r = a_create(name, 0, "", volume);
		r.op = REQ_DETACH_DISK;
		r.timeout_ms = DAY_MS;
		bench_send(&r);
		bench_turns(0, 3);
		if (!bench_is_answered())
			continue;
		bench_expect(ERR_LIMIT);
		assert_in_range(bench_answer.have, 1, 39);
		assert_string_equal(bench_answer.text, "disks that guests are asked for");
		refused++;
	}
	assert_in_range(refused, 8, 39);
	ask_volume(REQ_DELETE_VOLUME, "nothing", 0);
	bench_expect(ERR_NO_VOLUME);
	for (u32 i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "m%u", (unsigned)i);
		bench_ask(REQ_DELETE, name, REQ_FLAG_FORCE);
		bench_turns(0, 10);
		while (ring_get(&orders, &order, sizeof(order))) {
			done(&order, STORE_OK);
			bench_turns(0, 5);
		}
		bench_await_answer();
	}
	start_a(1);
	end_all();
}

/* The guest has let go, its requests take longer than the request that asked for it. */
static void requests_are_slow(void **state)
{
	(void)state;
	start_a(2);
	ask_detach("a.1", 2000);
	vmm_says(1, VMM_DISK_EJECTED, 0);
	expect_no_order();			/* the VMM has the link */
	bench_expect(ERR_NONE);
	assert_int_equal(control()->disks[1].ejects, 1);
	expect_disks(1, "a.0", NULL);
	ask_attach(0, "a.1");
	bench_expect(ERR_BUSY);
	vmm_says(1, VMM_DISK_EJECTED, 0);
	expect_no_order();
	vmm_says(1, VMM_DISK_GONE, 0);
	link_done(STORE_DETACH, 1);
	ask_attach(0, "a.1");
	bench_expect(ERR_NONE);
	link_done(STORE_ATTACH, 1);

	vmm_says(0, VMM_DISK_EJECTED, 0);	/* the VM ends before they are done */
	expect_disks(1, "a.1", NULL);
	bench_vmm_says(PHASE_ENDED, STOP_GUEST_POWEROFF);
	bench_turns(0, 10);
	link_done(STORE_DETACH, 0);
	link_done(STORE_DETACH, 1);
	expect_disks(1, "a.1", NULL);
	end_all();
}

/* Requests that the store holds, for the disk has failed, are tried again when the VM resumes. */
static void requests_are_held(void **state)
{
	struct request r = bench_make_request(REQ_SET, "a", 0);
	struct store_order order;

	(void)state;
	start_a(2);
	r.fields = BIT32(FIELD_ON_IO_ERROR);
	r.spec.on_io_error = IO_ERROR_PAUSE;
	bench_send(&r);
	bench_expect(ERR_NONE);
	link_done(STORE_RULES, 0);
	link_done(STORE_RULES, 1);
	vmm_says(1, VMM_DISK_EJECTED, 0);
	report((struct store_report){ .kind = STORE_FAILED, .slot = 1, .error = BLK_IOERR });
	control()->is_paused = control()->want_paused;
	bench_turns(ROOT_BIT_VMM, 2);
	bench_expect_state("a", VM_PAUSED, STOP_IO_ERROR);
	bench_ask(REQ_RESUME, "a", 0);
	bench_turns(0, 3);
	link_done(STORE_RETRY, 0);
	order = link_order(STORE_RETRY, 1);
	done(&order, STORE_OK);
	control()->is_paused = control()->want_paused;
	vmm_says(1, VMM_DISK_GONE, 0);
	bench_await_answer();
	link_done(STORE_DETACH, 1);
	end_all();
}

/* The VMM can't make a device: no guest has let go of anything, and the volume stays. */
static void device_is_refused(void **state)
{
	(void)state;
	start_a(1);
	attach_new(1);
	vmm_says(1, VMM_DISK_REFUSED, 1);
	assert_string_equal(fake_last_log(),
			    "root: VM a: its VMM can't make a device of disk 1, volume a.1; the volume stays");
	link_done(STORE_DETACH, 1);
	expect_disks(1, "a.0", NULL);
	end_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_canceled), cmocka_unit_test(console_dies), cmocka_unit_test(many_never_answer),
		cmocka_unit_test(requests_are_slow), cmocka_unit_test(requests_are_held),
		cmocka_unit_test(device_is_refused),
	};

	return cmocka_run_group_tests(tests, start_root, NULL);
}
