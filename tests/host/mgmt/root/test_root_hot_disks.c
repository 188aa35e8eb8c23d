/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: disks that a VM gets and loses while it runs. The test plays the console, the store, and a VMM
 * whose guest lets disks go when it is asked, when it is not, or never, or which lies about that.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <stdlib.h>

#include "hot_disks_bench.h"

/* A disk comes, goes, and comes again; then the first one goes, and the next run has what the last one had. */
static void comes_and_goes(void **state)
{
	u64 pd;

	(void)state;
	start_a(1);
	pd = fake_pd_of(vmm);
	(void)fake_pending(vmm);
	attach_new(1);
	assert_true((fake_pending(vmm) & VMM_BIT_CONTROL) != 0);
	assert_int_equal(control()->disks[1].generation, 1);
	assert_int_equal(control()->disks[1].disk.bytes, 4 * MIB);
	assert_non_null(fake_memory(pd, VMM_LINKS + BLK_LINK_BYTES));
	assert_non_null(fake_memory(pd, VMM_DISKS + VMM_DISK_STRIDE + VMM_DISK_BYTES - 1));
	expect_disks(2, "a.0", "a.1");

	ask_detach("a.1", 0);
	assert_false(bench_is_answered());
	assert_int_equal(control()->disks[1].ejects, 1);
	assert_int_equal(control()->disks[0].ejects, 0);
	guest_ejects(1, 1);
	assert_false(bench_is_answered());		/* the store has the link */
	assert_non_null(fake_memory(pd, VMM_LINKS + BLK_LINK_BYTES));
	link_done(STORE_DETACH, 1);
	bench_expect(ERR_NONE);
	assert_null(fake_memory(pd, VMM_LINKS + BLK_LINK_BYTES));
	expect_disks(1, "a.0", NULL);

	ask_attach(0, "a.1");
	bench_expect(ERR_NONE);
	link_done(STORE_ATTACH, 1);
	assert_int_equal(control()->disks[1].generation, 2);
	assert_int_equal(control()->disks[1].ejects & 1, 0);
	bench_turns(ROOT_BIT_VMM, 3);			/* disk_news is that of the last one */
	expect_disks(2, "a.0", "a.1");

	ask_detach("a.0", 0);
	assert_int_equal(control()->disks[0].ejects, 1);
	guest_ejects(0, 0);
	link_done(STORE_DETACH, 0);
	bench_expect(ERR_NONE);
	expect_disks(1, "a.1", NULL);
	attach_new(0);
	expect_disks(2, "a.1", "a.2");
	bench_ask(REQ_RESET, "a", 0);
	bench_turns(0, 10);
	link_done(STORE_DETACH, 0);
	link_done(STORE_DETACH, 1);
	bench_turns(0, 10);
	link_done(STORE_ATTACH, 0);
	link_done(STORE_ATTACH, 1);
	expect_disks(2, "a.1", "a.2");
	vmm = bench_vmm_thread();
	assert_int_equal(control()->disks[0].generation, 0);
	assert_int_equal(((struct vmm_args *)fake_memory(fake_pd_of(vmm), VMM_ARGS))->disk_count, 2);
	end_all();
}

/* The guest keeps it: so does the VM. What it ejects later it has ejected. */
static void never_consents(void **state)
{
	(void)state;
	start_a(2);
	ask_detach("a.1", DAY_MS);
	assert_false(bench_is_answered());
	ask_detach("a.0", DAY_MS);
	bench_expect(ERR_BUSY);
	ask_attach(2 * MIB, "");
	bench_expect(ERR_BUSY);
	end_all();
	start_a(2);
	ask_detach("a.1", 20);
	bench_expect(ERR_NOT_EJECTED);
	assert_string_equal(bench_answer.text, "a.1");
	assert_int_equal(control()->disks[1].ejects, 2);
	expect_disks(2, "a.0", "a.1");
	expect_no_order();
	guest_ejects(1, 0);
	link_done(STORE_DETACH, 1);
	expect_disks(1, "a.0", NULL);
	ask_attach(0, "a.1");
	bench_expect(ERR_NONE);
	link_done(STORE_ATTACH, 1);
	end_all();
}

/* Until the store has answered, neither the slot nor the volume is free. */
static void store_is_slow(void **state)
{
	struct store_order order;

	(void)state;
	start_a(2);
	guest_ejects(1, 0);			/* nobody has asked */
	order = link_order(STORE_DETACH, 1);
	expect_disks(1, "a.0", NULL);
	ask_attach(0, "a.1");
	bench_expect(ERR_BUSY);
	ask_volume(REQ_DELETE_VOLUME, "a.1", 0);
	bench_expect(ERR_VOLUME_BUSY);
	attach_new(2);
	done(&order, STORE_OK);
	ask_attach(0, "a.1");
	bench_expect(ERR_NONE);
	link_done(STORE_ATTACH, 1);
	expect_disks(3, "a.0", "a.2");
	ask_detach("a.2", 2000);
	guest_ejects(2, 1);
	order = link_order(STORE_DETACH, 2);
	bench_expect(ERR_NONE);			/* it is the VM's no more, when time is over */
	expect_disks(2, "a.0", "a.1");
	restart_store();			/* the old one never answers: what it had, it has not now */
	for (u32 attached = 0; ring_get(&orders, &order, sizeof(order));) {
		assert_true(order.op != STORE_ATTACH || order.link == attached++);
		assert_in_range(attached, 0, 2);
		done(&order, STORE_OK);
	}
	tell_disks();
	expect_no_order();
	ask_attach(0, "a.2");
	bench_expect(ERR_NONE);
	link_done(STORE_ATTACH, 2);
	end_all();
}

/* The VM stops, starts again or is deleted while its guest is asked, or while the store is. */
static void ends_in_between(void **state)
{
	struct store_order order;

	(void)state;
	start_a(2);
	ask_detach("a.1", 0);
	bench_vmm_control()->wants_restart = 1;
	bench_vmm_says(PHASE_ENDED, STOP_GUEST_REBOOT);
	bench_turns(0, 10);
	link_done(STORE_DETACH, 0);
	link_done(STORE_DETACH, 1);
	bench_expect(ERR_VM_ENDED);
	expect_disks(2, "a.0", "a.1");
	end_all();

	start_a(2);
	ask_detach("a.1", 0);
	guest_ejects(1, 0);
	bench_vmm_says(PHASE_ENDED, STOP_GUEST_POWEROFF);
	bench_turns(0, 10);
	link_done(STORE_DETACH, 1);
	link_done(STORE_DETACH, 0);
	bench_expect(ERR_NONE);
	expect_disks(1, "a.0", NULL);
	ask_attach(0, "a.1");			/* at rest */
	bench_expect(ERR_NONE);
	end_all();

	start_a(2);				/* its a.1 stays, since it was no disk of it any more */
	guest_ejects(1, 0);
	bench_ask(REQ_DELETE, "a", REQ_FLAG_FORCE);
	bench_turns(0, 10);
	link_done(STORE_DETACH, 1);
	link_done(STORE_DETACH, 0);
	order = take(STORE_DROP_RAM);
	assert_string_equal(order.volume, "a.0");
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	end_all();
}

static void refused_states(void **state)
{
	(void)state;
	start_a(1);
	ask_detach("b.0", 0);
	bench_expect(ERR_NOT_ITS_VOLUME);
	ask_attach(0, "nothing");
	bench_expect(ERR_NO_VOLUME);
	control()->is_suspended = 1;
	ask_detach("a.0", 0);
	bench_expect(ERR_VM_STATE);
	assert_int_equal(bench_answer.have, VM_SUSPENDED);
	attach_new(1);				/* it finds it when it wakes */
	control()->is_suspended = 0;
	bench_ask(REQ_PAUSE, "a", 0);
	ask_attach(2 * MIB, "");
	bench_expect(ERR_BUSY);
	control()->is_paused = control()->want_paused;
	bench_turns(ROOT_BIT_VMM, 2);
	ask_attach(2 * MIB, "");
	bench_expect(ERR_VM_STATE);
	assert_int_equal(bench_answer.have, VM_PAUSED);
	ask_detach("a.0", 0);
	bench_expect(ERR_VM_STATE);
	bench_ask(REQ_STOP, "a", 0);
	ask_detach("a.0", 0);
	bench_expect(ERR_VM_STATE);
	assert_int_equal(bench_answer.have, VM_STOPPING);
	expect_no_order();
	end_all();
}

/* A VM that stops while the volume of a disk is being made has it when it starts next; one that loses another
 * meanwhile does not get it back. */
static void changes_while_it_is_made(void **state)
{
	struct store_order order;

	(void)state;
	start_a(1);
	ask_attach(2 * MIB, "");
	order = take(STORE_ADD_RAM);
	bench_vmm_says(PHASE_ENDED, STOP_GUEST_POWEROFF);
	bench_turns(0, 10);
	link_done(STORE_DETACH, 0);
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	expect_disks(2, "a.0", "a.1");
	end_all();

	start_a(2);
	ask_attach(2 * MIB, "");
	order = take(STORE_ADD_RAM);
	guest_ejects(0, 0);
	link_done(STORE_DETACH, 0);
	done(&order, STORE_OK);
	bench_expect(ERR_BUSY);
	expect_disks(1, "a.1", NULL);
	order = take(STORE_DROP_RAM);		/* what was made for it */
	assert_string_equal(order.volume, "a.2");
	done(&order, STORE_OK);
	end_all();
}

/* A VMM says what it likes of its slots: it can lose its own disks and nothing else. */
static void lies(void **state)
{
	struct store_order order;

	(void)state;
	start_a(2);
	for (u32 slot = 2; slot < VM_DEVICES; slot++)
		guest_ejects(slot, 0);
	guest_ejects(0, 7);
	guest_ejects(1, ~0u);
	expect_disks(2, "a.0", "a.1");
	expect_no_order();
	guest_ejects(1, 0);
	control()->disk_news[1] = 0;		/* and takes it back */
	bench_turns(ROOT_BIT_VMM, 3);
	guest_ejects(1, 0);
	link_done(STORE_DETACH, 1);
	guest_ejects(1, 0);
	expect_no_order();
	expect_disks(1, "a.0", NULL);
	srand(1);
	for (u32 n = 0; n < 2000; n++) {
		u32 slot = (u32)rand() % VM_DEVICES;

		control()->disk_news[slot] = vmm_disk_news((u32)rand() % 6, (u32)rand() % 4);
		control()->disks[slot].generation = (u32)rand();
		control()->disks[slot].ejects = (u32)rand();
		control()->is_suspended = (u32)rand() % 2;
		if (n % 8 == 0)
			ask_attach(n % 16 != 0 ? 2 * MIB : 0, n % 16 != 0 ? "" : "a.1");
		if (n % 8 == 3)
			ask_detach("a.1", 1);
		bench_turns(ROOT_BIT_VMM, 2);
		if (n % 3 == 0 && ring_get(&orders, &order, sizeof(order)))
			done(&order, STORE_OK);
		for (u32 i = 0; n % 64 == 63 && i < 9; i++)
			ask_volume(REQ_DELETE_VOLUME, (char[]){ 'a', '.', (char)('0' + i), 0 }, 0);
	}
	while (ring_get(&orders, &order, sizeof(order)))
		done(&order, STORE_OK);
	bench_ask(REQ_STATUS, "a", 0);
	bench_expect(ERR_NONE);
	assert_in_range(bench_answer.vm.spec.disk_count, 0, VM_DEVICES);
	end_all();
}

/* Every call that attaching makes fails once: the VM has the disk, or nothing is left of it. */
static void each_call_fails_once(void **state)
{
	struct store_order order;

	(void)state;
	for (u32 n = 1; n < 16; n++) {
		u32 count;

		start_a(1);
		fake_fail_call(n, ST_NOMEM);
		ask_attach(2 * MIB, "");
		for (u32 i = 0; i < 10; i++) {
			bench_turns(0, 2);
			if (ring_get(&orders, &order, sizeof(order)))
				done(&order, STORE_OK);
		}
		bench_await_answer();
		count = bench_answer.error == ERR_NONE ? 2 : 1;
		assert_true(bench_answer.error == ERR_NONE || bench_answer.error == ERR_NO_MEMORY ||
			    bench_answer.error == ERR_DISK_MEMORY);
		fake_fail_call(0, ST_OK);
		assert_int_equal(control()->disks[1].generation, count - 1);
		expect_disks(count, "a.0", "a.1");
		end_all();
	}
}

/* What is set while the store makes the new disk's volume stays set. */
static void set_while_it_is_made(void **state)
{
	struct store_order order;
	struct request r;

	(void)state;
	start_a(1);
	ask_attach(4 * MIB, "");
	order = take(STORE_ADD_RAM);
	r = bench_make_request(REQ_SET, "a", 0);
	r.fields = BIT32(FIELD_WEIGHT);
	r.spec.share.weight = 777;
	bench_send(&r);
	bench_expect(ERR_NONE);
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	link_done(STORE_ATTACH, 1);
	expect_disks(2, "a.0", "a.1");
	assert_int_equal(bench_answer.vm.spec.share.weight, 777);
	end_all();
}

static void dry_runs(void **state)
{
	struct request r;

	(void)state;
	start_a(1);
	r = a_create("a", 2 * MIB, VOLUME_RAM, "");
	r.op = REQ_ATTACH_DISK;
	r.flags = REQ_FLAG_DRY_RUN;
	bench_send(&r);
	bench_expect(ERR_NONE);
	r = a_create("a", 0, "", "a.0");
	r.op = REQ_DETACH_DISK;
	r.flags = REQ_FLAG_DRY_RUN;
	bench_send(&r);
	bench_expect(ERR_NONE);
	assert_int_equal(control()->disks[0].ejects, 0);
	expect_disks(1, "a.0", NULL);
	expect_no_order();
	end_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_and_goes), cmocka_unit_test(never_consents), cmocka_unit_test(store_is_slow),
		cmocka_unit_test(ends_in_between), cmocka_unit_test(refused_states),
		cmocka_unit_test(changes_while_it_is_made), cmocka_unit_test(lies),
		cmocka_unit_test(each_call_fails_once), cmocka_unit_test(dry_runs),
		cmocka_unit_test(set_while_it_is_made),
	};

	return cmocka_run_group_tests(tests, start_root, NULL);
}
