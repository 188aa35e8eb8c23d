/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: secrets of a pool on their way to the store, and VMs whose disks wait for one. The test plays
 * the console and the store.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <stdio.h>
#include <stdlib.h>

#include "pool_bench.h"
#include "volume_traits.h"

#define ENCRYPTED DISK_TRAIT(TRAIT_ENCRYPT, true)

static void tell_key(u32 flags)
{
	report((struct store_report){ .kind = STORE_DISK, .slot = STORE_POOL_SLOT, .block_bytes = 512,
		.sectors = POOL_BYTES / 512, .free_bytes = 90 * GIB, .largest_bytes = VOLUME_BYTES_MAX,
		.flags = flags });
}

static void tell_volume(u32 flags)
{
	struct store_report r = { .kind = STORE_EXTENT, .slot = STORE_POOL_SLOT, .number = 5,
		.extent = STORE_EXTENT_VOLUME, .sectors = 10 * GIB / 512, .flags = STORE_IS_ENCRYPTED | flags };

	strcpy(r.volume, "a.0");
	memset(r.guid, 3, sizeof(r.guid));
	report(r);
}

static void ask_key(enum request_op op, const char *pool, u32 way, u8 secret)
{
	struct request r = bench_make_request(op, "", 0);

	strcpy(r.spec.disks[0].volume, pool);
	r.index = way;
	memset(r.secret, secret, sizeof(r.secret));
	bench_send(&r);
	bench_turns(0, 3);
}

static struct store_order take_key(enum store_op op, u32 way, u8 secret)
{
	u8 wanted[STORE_SECRET_BYTES];
	struct store_order order = take(op);

	memset(wanted, secret, sizeof(wanted));
	assert_int_equal(order.slot, STORE_POOL_SLOT);
	assert_int_equal(order.link, way);
	assert_string_equal(order.volume, "fast");
	assert_memory_equal(order.secret, wanted, sizeof(wanted));
	return order;
}

static void ask_create(void)
{
	struct request r = a_create("a", 10 * GIB, "fast", "");

	r.spec.disks[0].flags = ENCRYPTED;
	r.spec.autostart = 1;
	bench_send(&r);
	bench_turns(0, 3);
}

static void secrets(void **state)
{
	struct store_order order;

	(void)state;
	find_pool();
	ask_create();
	bench_expect(ERR_POOL_NO_KEY);
	ask_key(REQ_UNLOCK_POOL, "fast", STORE_PASSPHRASE, 1);
	bench_expect(ERR_POOL_NO_KEY);
	ask_key(REQ_SET_POOL_KEY, "slow", STORE_PASSPHRASE, 1);
	bench_expect(ERR_NO_POOL);
	ask_key(REQ_SET_POOL_KEY, "fast", 0, 1);
	bench_expect(ERR_BAD_FIELD);
	ask_key(REQ_SET_POOL_KEY, "fast", STORE_KEY_WAYS, 1);
	bench_expect(ERR_BAD_FIELD);
	ask_key(REQ_SET_POOL_KEY, "fast", STORE_PASSPHRASE, 1);
	order = take_key(STORE_SET_KEY, STORE_PASSPHRASE, 1);
	done(&order, STORE_NO_RANDOM);
	bench_expect(ERR_NO_RANDOM);
	ask_key(REQ_SET_POOL_KEY, "fast", STORE_PASSPHRASE, 1);
	order = take_key(STORE_SET_KEY, STORE_PASSPHRASE, 1);
	tell_key(STORE_IS_ENCRYPTED);
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	ask_create();
	order = take(STORE_CREATE);
	assert_int_equal(order.flags, STORE_MARK | STORE_ENCRYPTED);
	done(&order, STORE_LOCKED);
	bench_expect(ERR_POOL_LOCKED);
}

/* The next store is told what has unlocked the pool. */
static void another_store(void **state)
{
	struct request r = a_create("a", 0, "", "a.0");
	struct store_order order;

	(void)state;
	tell_volume(0);
	r.spec.autostart = 1;
	bench_send(&r);
	bench_turns(0, 3);
	bench_expect(ERR_NONE);
	new_store();
	tell_disks();
	tell_partition("fast", ARENA);
	order = take_open();
	tell_key(STORE_IS_ENCRYPTED | STORE_IS_LOCKED);
	tell_volume(STORE_IS_LOCKED);
	done(&order, STORE_OK);
	order = take_key(STORE_UNLOCK, STORE_PASSPHRASE, 1);
	done(&order, STORE_WRONG_KEY);
	expect_no_order();
}

/* In what root has for data. */
__attribute__((no_sanitize("address"))) static bool is_in_memory(u8 secret)
{
	extern char __data_start[], _end[];
	u32 same = 0;

	for (uintptr_t at = (uintptr_t)__data_start; at < (uintptr_t)_end && same < STORE_SECRET_BYTES; at++)
		same = *(const volatile u8 *)at == secret ? same + 1 : 0;
	return same == STORE_SECRET_BYTES;
}

/* One that is wrong, or refused, is kept nowhere. */
static void wiped(void **state)
{
	struct store_order order;

	(void)state;
	assert_true(is_in_memory(1));		/* it has unlocked the pool */
	ask_key(REQ_UNLOCK_POOL, "fast", STORE_PASSPHRASE, 0xe7);
	order = take_key(STORE_UNLOCK, STORE_PASSPHRASE, 0xe7);
	done(&order, STORE_WRONG_KEY);
	bench_expect(ERR_WRONG_KEY);
	assert_false(is_in_memory(0xe7));
	ask_key(REQ_UNLOCK_POOL, "slow", STORE_PASSPHRASE, 0xe7);
	bench_expect(ERR_NO_POOL);
	assert_false(is_in_memory(0xe7));
}

static void start(enum error error)
{
	bench_ask(REQ_START, "a", 0);
	bench_turns(0, 3);
	bench_expect(error);
}

static void set_autostart(u32 autostart)
{
	struct request r = bench_make_request(REQ_SET, "a", 0);

	r.fields = BIT32(FIELD_AUTOSTART);
	r.spec.autostart = autostart;
	bench_send(&r);
	bench_turns(0, 3);
	bench_expect(ERR_NONE);
}

/* A VM with autostart that was to start starts when its pool is unlocked. */
static void waiting_vm(void **state)
{
	struct store_order order;

	(void)state;
	start(ERR_POOL_LOCKED);
	bench_expect_state("a", VM_DEFINED, STOP_POOL_LOCKED);
	ask_key(REQ_SET_POOL_KEY, "fast", STORE_PASSPHRASE, 2);
	bench_expect(ERR_POOL_LOCKED);
	ask_key(REQ_UNLOCK_POOL, "fast", STORE_PASSPHRASE, 2);
	order = take_key(STORE_UNLOCK, STORE_PASSPHRASE, 2);
	done(&order, STORE_WRONG_KEY);
	bench_expect(ERR_WRONG_KEY);
	expect_no_order();
	ask_key(REQ_UNLOCK_POOL, "fast", STORE_PASSPHRASE, 1);
	order = take_key(STORE_UNLOCK, STORE_PASSPHRASE, 1);
	tell_key(STORE_IS_ENCRYPTED);
	tell_volume(STORE_IS_LOCKED);		/* AES, and this processor has none */
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	start(ERR_NO_CIPHER);
	expect_no_order();
	/* Nor one whose autostart was taken away meanwhile. */
	set_autostart(0);
	tell_volume(0);
	expect_no_order();
	tell_volume(STORE_IS_LOCKED);
	set_autostart(1);
	ask_key(REQ_UNLOCK_POOL, "fast", STORE_PASSPHRASE, 1);
	order = take_key(STORE_UNLOCK, STORE_PASSPHRASE, 1);
	tell_volume(0);
	done(&order, STORE_OK);
	bench_turns(0, 3);
	order = take(STORE_ATTACH);
	done(&order, STORE_OK);
	bench_vmm_says(PHASE_RUNNING, STOP_NONE);
}

static void reset_while_locked(void)
{
	tell_key(STORE_IS_ENCRYPTED | STORE_IS_LOCKED);
	tell_volume(STORE_IS_LOCKED);
	bench_ask(REQ_RESET, "a", 0);
	bench_turns(0, 10);
	expect_done(STORE_DETACH);
	bench_turns(0, 10);
	bench_expect(ERR_POOL_LOCKED);
	bench_expect_state("a", VM_STARTING, STOP_POOL_LOCKED);
	expect_no_order();
}

/* A restart is no crash where the pool is locked: it goes on when it is not, whatever autostart says. */
static void a_restart_waits(void **state)
{
	struct store_order order;

	(void)state;
	set_autostart(0);
	reset_while_locked();
	tell_volume(0);
	bench_turns(0, 3);
	order = take(STORE_ATTACH);
	done(&order, STORE_OK);
	bench_vmm_says(PHASE_RUNNING, STOP_NONE);
	bench_ask(REQ_STATUS, "a", 0);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.state, VM_RUNNING);
	reset_while_locked();
	bench_ask(REQ_STOP, "a", 0);		/* it waits no more */
	bench_expect(ERR_NONE);
	tell_volume(0);
	expect_no_order();
	assert_int_equal(bench_answer.vm.state, VM_STOPPED);
	bench_ask(REQ_START, "a", 0);
	bench_turns(0, 3);
	order = take(STORE_ATTACH);
	done(&order, STORE_OK);
	bench_vmm_says(PHASE_RUNNING, STOP_NONE);
	bench_expect(ERR_NONE);
}

/* A VM that runs would wait for its new disk. */
static void locked_disk_for_running_vm(void **state)
{
	struct store_report b = { .kind = STORE_EXTENT, .slot = STORE_POOL_SLOT, .number = 6,
		.extent = STORE_EXTENT_VOLUME, .sectors = 10 * GIB / 512,
		.flags = STORE_IS_ENCRYPTED | STORE_IS_LOCKED, .guid = { 4 }, .volume = "b.0" };
	struct request r = a_create("a", 0, "", "b.0");

	(void)state;
	report(b);
	r.op = REQ_ATTACH_DISK;
	bench_send(&r);
	bench_turns(0, 3);
	bench_expect(ERR_NO_CIPHER);
	expect_no_order();
	tell_key(STORE_IS_ENCRYPTED | STORE_IS_LOCKED);
	bench_send(&r);
	bench_turns(0, 3);
	bench_expect(ERR_POOL_LOCKED);
	expect_no_order();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets), cmocka_unit_test(another_store), cmocka_unit_test(wiped),
		cmocka_unit_test(waiting_vm), cmocka_unit_test(locked_disk_for_running_vm),
		cmocka_unit_test(a_restart_waits),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
