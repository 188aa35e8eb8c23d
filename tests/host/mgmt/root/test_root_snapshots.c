/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: snapshots of a VM's disks, reverts and clones. The test plays the console and the store.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "definition_changes.h"
#include "pool_bench.h"
#include "volume_traits.h"
#include "pool_groups.h"
#include "vm.h"
#include "volumes.h"

#define DISKS_OF_A 2u

/* ---- the store's part ---- */

static u8 guid_of(u32 number)
{
	return (u8)(100 + number);
}

static void tell_part(u32 number, const char *name, u64 bytes, u32 flags, u32 first, const u8 *guid)
{
	struct store_report r = { .kind = STORE_EXTENT, .slot = STORE_POOL_SLOT, .number = number,
		.extent = STORE_EXTENT_VOLUME, .sectors = bytes / 512, .flags = flags, .first = first,
		.identity = number };

	strcpy(r.volume, name);
	memcpy(r.guid, guid, sizeof(r.guid));
	report(r);
}

static void tell_gone(u32 number)
{
	report((struct store_report){ .kind = STORE_EXTENT, .slot = STORE_POOL_SLOT, .number = number });
}

static void tell_volume(u32 number, const char *name, u64 bytes)
{
	u8 guid[STORE_GUID_BYTES] = { guid_of(number) };

	tell_part(number, name, bytes, 0, 0, guid);
}

/* A snapshot of volume `of`, as the store has it from before. */
static void tell_snapshot(u32 number, const char *name, u32 of)
{
	u8 guid[STORE_GUID_BYTES] = { guid_of(number) };

	tell_part(number, name, GIB, STORE_IS_SNAPSHOT, of, guid);
}

/* ---- the console's ---- */

static void ask(enum request_op op, const char *snapshot, const char *to)
{
	struct request r = bench_make_request(op, "a", 0);

	strcpy(r.snapshot, snapshot);
	strcpy(r.to, to);
	bench_send(&r);
	bench_turns(0, 3);
}

static int setup_pool(void **state)
{
	int rc = setup(state);

	find_pool();
	return rc;
}

/* A VM with two disks in the pool, volumes 1 and 2. */
static void make_vm(void)
{
	struct request r = bench_make_request(REQ_CREATE, "a", 0);

	tell_volume(1, "a.0", GIB);
	tell_volume(2, "data", 2 * GIB);
	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 16 * MIB, .disk_count = DISKS_OF_A };
	r.spec.disks[0].bytes = GIB;
	strcpy(r.spec.disks[1].volume, "data");
	bench_send(&r);
	bench_turns(0, 3);
	bench_expect(ERR_NONE);
}

static void forget_all(void)
{
	struct store_order order;

	bench_ask(REQ_DELETE, "a", REQ_FLAG_FORCE | REQ_FLAG_KEEP_DISKS);
	for (u32 i = 0; i < 20; i++) {
		bench_turns(0, 2);
		while (ring_get(&orders, &order, sizeof(order)))
			done(&order, STORE_OK);
	}
	bench_expect(ERR_NONE);
	for (u32 i = 1; i < 20; i++)
		tell_gone(i);
}

/* Both orders of a group: one after the other, and only the first says that there is more. */
static void take_group(enum store_op op, struct store_order group[DISKS_OF_A])
{
	group[0] = take(op);
	group[1] = take(op);
	assert_int_equal(group[0].flags & STORE_MORE, STORE_MORE);
	assert_int_equal(group[1].flags & STORE_MORE, 0);
	assert_int_equal(group[0].slot, STORE_POOL_SLOT);
	assert_int_equal(group[0].guid[0], guid_of(1));
	assert_int_equal(group[1].guid[0], guid_of(2));
	expect_no_order();
	assert_false(bench_is_answered());
}

static struct volume_row *find_row(const char *name, const char *of)
{
	bench_ask(REQ_VOLUMES, "", 0);
	bench_expect(ERR_NO_VOLUME);
	for (u32 i = 0; i < bench_row_count; i++)
		if (strcmp(bench_rows[i].volume.name, name) == 0 && strcmp(bench_rows[i].volume.of, of) == 0)
			return &bench_rows[i].volume;
	return NULL;
}

/* Of all disks in one group, under one name; the name is root's if none is given. */
static void is_made(void **state)
{
	static const char *const names[] = { "snap1", "snap2", "before-upgrade" };
	struct store_order group[DISKS_OF_A];

	(void)state;
	make_vm();
	for (u32 i = 0; i < ARRAY_COUNT(names); i++) {
		ask(REQ_SNAPSHOT_VM, i == 2 ? names[i] : "", "");
		take_group(STORE_SNAPSHOT, group);
		for (u32 k = 0; k < DISKS_OF_A; k++) {
			assert_string_equal(group[k].volume, names[i]);
			tell_part(3 + 2 * i + k, names[i], GIB, STORE_IS_SNAPSHOT, 1 + k, group[k].new_guid);
			done(&group[k], STORE_OK);
		}
		bench_expect(ERR_NONE);
		assert_string_equal(bench_answer.snapshot.name, names[i]);
		assert_int_equal(bench_answer.snapshot.disks, DISKS_OF_A);
	}
	assert_int_equal(find_row("snap1", "a.0")->kind, VOLUME_ROW_SNAPSHOT);
	assert_true(find_row("snap2", "data")->age > find_row("snap1", "data")->age);
	ask(REQ_SNAPSHOT_VM, "snap1", "");
	bench_expect(ERR_SNAPSHOT_EXISTS);
	ask(REQ_SNAPSHOT_VM, "no such.name", "");
	bench_expect(ERR_BAD_FIELD);
	create("b", GIB, "fast", "snap1");	/* a snapshot's name is no volume's */
	done(&(struct store_order){ .id = take(STORE_CREATE).id }, STORE_FULL);
	bench_expect(ERR_DISK_FULL);
	forget_all();
}

/* What the store says is told; and one at a time for each VM. */
static void is_refused(void **state)
{
	static const struct { enum store_error from; enum error to; } rows[] = {
		{ STORE_FULL, ERR_POOL_FULL }, { STORE_BUSY, ERR_POOL_BUSY }, { STORE_EXISTS, ERR_VOLUME_EXISTS },
		{ STORE_POOL_FAILED, ERR_POOL_SHUT }, { STORE_IO, ERR_DISK_IO }, { STORE_BAD_ORDER, ERR_INTERNAL },
	};
	struct store_order group[DISKS_OF_A];

	(void)state;
	make_vm();
	for (u32 i = 0; i < ARRAY_COUNT(rows); i++) {
		ask(REQ_SNAPSHOT_VM, "s", "");
		take_group(STORE_SNAPSHOT, group);
		done(&group[0], rows[i].from);
		assert_false(bench_is_answered());
		done(&group[1], rows[i].from);
		bench_expect(rows[i].to);
	}
	ask(REQ_SNAPSHOT_VM, "s", "");
	take_group(STORE_SNAPSHOT, group);
	ask(REQ_SNAPSHOT_VM, "t", "");
	bench_expect(ERR_BUSY);
	ask(REQ_REVERT_VM, "s", "");
	bench_expect(ERR_BUSY);
	for (u32 k = 0; k < DISKS_OF_A; k++)
		done(&group[k], STORE_FULL);
	bench_turns(0, 3);
	forget_all();
}

/* A disk elsewhere, or none: no snapshot of a part. */
static void cannot_be(void **state)
{
	struct request r = bench_make_request(REQ_CREATE, "a", 0);

	(void)state;
	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 16 * MIB };
	bench_send(&r);
	bench_turns(0, 3);
	bench_expect(ERR_NONE);
	ask(REQ_SNAPSHOT_VM, "", "");
	bench_expect(ERR_NO_DISKS);
	ask(REQ_CLONE_VM, "", "b");
	bench_expect(ERR_NO_DISKS);
	bench_ask(REQ_DELETE, "a", 0);
	bench_expect(ERR_NONE);
	tell_volume(1, "a.0", GIB);
	r.spec.disk_count = 2;
	r.spec.disks[0].bytes = GIB;
	strcpy(r.spec.disks[1].volume, "nvme0.0");
	r.spec.disks[1].flags = DISK_TRUSTED;
	bench_send(&r);
	bench_turns(0, 3);
	bench_expect(ERR_NONE);
	ask(REQ_SNAPSHOT_VM, "", "");
	bench_expect(ERR_NOT_IN_POOL);
	assert_string_equal(bench_answer.text, "nvme0.0");
	forget_all();
}

/* A store that dies: what was made before it died is known again, and what was not is ordered again. */
static void store_dies(void **state)
{
	struct store_order group[DISKS_OF_A], again[DISKS_OF_A];

	(void)state;
	make_vm();
	ask(REQ_SNAPSHOT_VM, "s", "");
	take_group(STORE_SNAPSHOT, group);
	new_store();
	tell_disks();
	tell_partition("fast", ARENA);
	again[0] = take_open();
	tell_pool(90 * GIB, STORE_OK);
	tell_volume(1, "a.0", GIB);
	tell_volume(2, "data", 2 * GIB);
	tell_part(3, "s", GIB, STORE_IS_SNAPSHOT, 1, group[0].new_guid);
	tell_part(4, "s", GIB, STORE_IS_SNAPSHOT, 2, group[1].new_guid);
	done(&again[0], STORE_OK);
	take_group(STORE_SNAPSHOT, again);
	assert_memory_equal(again[1].new_guid, group[1].new_guid, STORE_GUID_BYTES);
	done(&again[0], STORE_EXISTS);
	done(&again[1], STORE_EXISTS);
	bench_expect(ERR_NONE);
	forget_all();
}

static void await_silence(void)
{
	for (u32 i = 0; i < 2000 && !bench_is_answered(); i++) {	/* seconds of root's time */
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		bench_turns(0, 1);
	}
	bench_expect(ERR_DISK_SILENT);
}

/* A store that says nothing: what it makes later goes again. */
static void store_is_silent(void **state)
{
	struct store_order group[DISKS_OF_A], gone;

	(void)state;
	make_vm();
	ask(REQ_SNAPSHOT_VM, "s", "");
	take_group(STORE_SNAPSHOT, group);
	await_silence();
	for (u32 k = 0; k < DISKS_OF_A; k++) {
		tell_part(3 + k, "s", GIB, STORE_IS_SNAPSHOT, 1 + k, group[k].new_guid);
		done(&group[k], STORE_OK);
	}
	for (u32 k = 0; k < DISKS_OF_A; k++) {
		gone = take(STORE_DELETE);
		assert_memory_equal(gone.guid, group[k].new_guid, STORE_GUID_BYTES);
		tell_gone(3 + k);
		done(&gone, STORE_OK);
	}
	assert_null(find_row("s", "a.0"));
	forget_all();
}

static u32 free_groups(void)
{
	u32 begun[GROUPS], count = 0;

	while (count < GROUPS && (begun[count] = group_begin(STORE_SNAPSHOT, 0)) != GROUP_NONE)
		count++;
	for (u32 i = 0; i < count; i++)
		group_end(begun[i], false);
	return count;
}

static void give_up_revert(struct store_order group[DISKS_OF_A])
{
	ask(REQ_REVERT_VM, "s", "");
	take_group(STORE_REVERT, group);
	await_silence();
}

/* A store that says nothing to a revert: nothing of it is kept, and no other store is told of it. */
static void revert_is_given_up(void **state)
{
	struct store_order group[DISKS_OF_A], again;

	(void)state;
	make_vm();
	tell_snapshot(3, "s", 1);
	tell_snapshot(4, "s", 2);
	give_up_revert(group);
	for (u32 k = 0; k < DISKS_OF_A; k++)
		done(&group[k], STORE_OK);
	assert_int_equal(free_groups(), GROUPS);
	give_up_revert(group);
	new_store();
	tell_disks();
	tell_partition("fast", ARENA);
	again = take_open();
	tell_pool(90 * GIB, STORE_OK);
	tell_volume(1, "a.0", GIB);
	tell_volume(2, "data", 2 * GIB);
	done(&again, STORE_OK);
	expect_no_order();
	assert_int_equal(free_groups(), GROUPS);
	forget_all();
}

/* A count of disks that nobody has judged, while another pool is coming. */
static void count_is_a_lie(void **state)
{
	struct request r = bench_make_request(REQ_SNAPSHOT_VM, "a", 0);
	struct store_report other = { .kind = STORE_EXTENT, .slot = NVME, .number = 2, .extent = STORE_EXTENT_POOL,
		.volume = "other", .sectors = POOL_BYTES / 512, .first = 4096, .largest_bytes = ARENA, .guid = { 8 } };
	struct store_order group[DISKS_OF_A];

	(void)state;
	make_vm();
	report(other);
	(void)take(STORE_OPEN_POOL);
	strcpy(r.snapshot, "s");
	r.spec.disk_count = ~0u;
	bench_send(&r);
	bench_turns(0, 3);
	take_group(STORE_SNAPSHOT, group);
}

/* Of a VM at rest, all disks or none; it can't start meanwhile, and has the sizes of then. */
static void goes_back(void **state)
{
	struct store_order group[DISKS_OF_A];
	u64 before;

	(void)state;
	make_vm();
	tell_part(3, "s", GIB / 2, STORE_IS_SNAPSHOT, 1, (const u8[STORE_GUID_BYTES]){ guid_of(3) });
	ask(REQ_REVERT_VM, "t", "");
	bench_expect(ERR_NO_SNAPSHOT);
	ask(REQ_REVERT_VM, "s", "");
	bench_expect(ERR_SNAPSHOT_LACKS);
	assert_string_equal(bench_answer.text, "data");
	tell_snapshot(4, "s", 2);
	tell_snapshot(5, "t", 2);
	tell_part(6, "clone", GIB, STORE_IS_CLONE, 5, (const u8[STORE_GUID_BYTES]){ 77 });
	ask(REQ_REVERT_VM, "s", "");
	bench_expect(ERR_SNAPSHOT_NEEDED);
	assert_string_equal(bench_answer.text, "clone");
	tell_gone(6);
	ask(REQ_REVERT_VM, "s", "");
	take_group(STORE_REVERT, group);
	assert_int_equal(group[0].new_guid[0], guid_of(3));
	assert_int_equal(group[1].new_guid[0], guid_of(4));
	bench_ask(REQ_START, "a", 0);
	bench_expect(ERR_BUSY);
	before = definitions_count();
	done(&group[0], STORE_OK);
	done(&group[1], STORE_OK);
	bench_turns(0, 3);
	assert_true(definitions_count() > before);	/* a size of its definition is another one */
	bench_ask(REQ_STATUS, "a", 0);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.disks[1].bytes, GIB);
	bench_start("a");
	ask(REQ_REVERT_VM, "s", "");
	bench_expect(ERR_VM_STATE);
	forget_all();
}

/* Snapshot s, volumes 3 and 4, in one group. */
static void take_deletion(struct store_order group[DISKS_OF_A])
{
	ask(REQ_DELETE_SNAPSHOT, "s", "");
	for (u32 k = 0; k < DISKS_OF_A; k++) {
		group[k] = take(STORE_DELETE);
		assert_int_equal(group[k].guid[0], guid_of(3 + k));
		assert_int_equal(group[k].flags, k == 0 ? STORE_MORE : 0);
	}
	expect_no_order();
}

/* A store that dies: what was deleted before is not there when it is ordered again, and that is no error. */
static void is_deleted_twice(void **state)
{
	struct store_order group[DISKS_OF_A], again;

	(void)state;
	make_vm();
	tell_snapshot(3, "s", 1);
	tell_snapshot(4, "s", 2);
	take_deletion(group);
	new_store();
	tell_disks();
	tell_partition("fast", ARENA);
	again = take_open();
	tell_pool(90 * GIB, STORE_OK);
	tell_volume(1, "a.0", GIB);
	tell_volume(2, "data", 2 * GIB);
	done(&again, STORE_OK);
	for (u32 k = 0; k < DISKS_OF_A; k++) {
		again = take(STORE_DELETE);
		assert_memory_equal(again.guid, group[k].guid, STORE_GUID_BYTES);
		done(&again, STORE_NO_VOLUME);
	}
	bench_expect(ERR_NONE);
	forget_all();
}

/* The VM's volumes can't go before it. */
static void is_deleted(void **state)
{
	struct store_order group[DISKS_OF_A];

	(void)state;
	make_vm();
	tell_snapshot(3, "s", 1);
	tell_snapshot(4, "s", 2);
	volume_find("a.0")->made_for = 0;
	bench_ask(REQ_DELETE, "a", REQ_FLAG_FORCE);
	bench_expect(ERR_VM_SNAPSHOTS);
	assert_string_equal(bench_answer.text, "s");
	volume_find("a.0")->made_for = VOLUME_NOBODY;
	tell_part(6, "clone", GIB, STORE_IS_CLONE, 4, (const u8[STORE_GUID_BYTES]){ 77 });
	assert_string_equal(find_row("clone", "data")->snapshot, "s");
	ask(REQ_DELETE_SNAPSHOT, "s", "");
	bench_expect(ERR_SNAPSHOT_NEEDED);
	tell_gone(6);
	take_deletion(group);
	done(&group[0], STORE_NEEDED);
	done(&group[1], STORE_NEEDED);
	bench_expect(ERR_POOL_BUSY);
	assert_non_null(find_row("s", "a.0"));
	take_deletion(group);
	for (u32 k = 0; k < DISKS_OF_A; k++) {
		tell_gone(3 + k);
		assert_false(bench_is_answered());
		done(&group[k], STORE_OK);
	}
	bench_expect(ERR_NONE);
	assert_null(find_row("s", "a.0"));
	assert_int_equal(free_groups(), GROUPS);
	ask(REQ_DELETE_SNAPSHOT, "s", "");
	bench_expect(ERR_NO_SNAPSHOT);
	forget_all();
}

/* A VM like it: its disks are the clones, and go with it. */
static void is_cloned(void **state)
{
	static const char *const names[] = { "b.0", "b.1" };
	struct store_order group[DISKS_OF_A], order;

	(void)state;
	make_vm();
	ask(REQ_CLONE_VM, "s", "b");
	bench_expect(ERR_NO_SNAPSHOT);
	ask(REQ_CLONE_VM, "", "a");
	bench_expect(ERR_VM_EXISTS);
	ask(REQ_CLONE_VM, "", "B");
	bench_expect(ERR_BAD_NAME);
	ask(REQ_CLONE_VM, "", "b");
	take_group(STORE_CLONE, group);
	for (u32 k = 0; k < DISKS_OF_A; k++) {
		assert_string_equal(group[k].volume, names[k]);
		assert_string_equal(group[k].snapshot, "b");
		assert_int_equal(group[k].flags & STORE_MARK, STORE_MARK);
		tell_snapshot(3 + k, "b", 1 + k);
		tell_part(5 + k, names[k], GIB, STORE_IS_CLONE | STORE_IS_MARKED, 3 + k, group[k].new_guid);
		done(&group[k], STORE_OK);
	}
	bench_expect(ERR_NONE);
	assert_string_equal(bench_answer.vm.name, "b");
	assert_int_equal(bench_answer.vm.spec.disk_count, DISKS_OF_A);
	assert_string_equal(bench_answer.vm.disks[1].volume, "b.1");
	assert_int_equal(bench_answer.vm.disks[1].flags, DISK_MADE | disk_traits_full(0));
	ask(REQ_CLONE_VM, "b", "c");		/* of that snapshot */
	take(STORE_CLONE);
	order = take(STORE_CLONE);
	assert_string_equal(order.snapshot, "");
	assert_int_equal(order.guid[0], guid_of(4));
	done(&order, STORE_FULL);
	order.id--;
	done(&order, STORE_FULL);
	bench_expect(ERR_POOL_FULL);
	bench_ask(REQ_DELETE, "b", 0);
	bench_turns(0, 5);
	for (u32 k = 0; k < DISKS_OF_A; k++) {
		order = take(STORE_DELETE);
		tell_gone(5 + k);
		done(&order, STORE_OK);
	}
	bench_expect(ERR_NONE);
	forget_all();
}

/* All but what is asked is as of the VM; by itself it starts only where that is asked. */
static void is_like_its_template(void **state)
{
	struct request r = bench_make_request(REQ_CLONE_VM, "a", 0);
	struct store_order group[DISKS_OF_A], order;

	(void)state;
	make_vm();
	vm_find("a")->spec.autostart = 1;
	strcpy(r.to, "b");
	r.fields = BIT32(FIELD_CPU) | BIT32(FIELD_DISK);
	bench_send(&r);
	bench_turns(0, 3);
	bench_expect(ERR_BAD_FIELD);
	r.fields = BIT32(FIELD_CPU);
	r.spec.cpus = VM_VCPUS + 1;
	bench_send(&r);
	bench_turns(0, 3);
	bench_expect(ERR_TOO_MANY_VCPUS);
	r.fields = BIT32(FIELD_CPU) | BIT32(FIELD_MEMORY);
	r.spec.cpus = 2;
	r.spec.memory_bytes = 3 * vm_find("a")->spec.memory_bytes;
	strcpy(r.spec.kernel, "another");	/* not asked */
	bench_send(&r);
	bench_turns(0, 3);
	take_group(STORE_CLONE, group);
	for (u32 k = 0; k < DISKS_OF_A; k++) {
		static const char *const names[] = { "b.0", "b.1" };

		tell_snapshot(3 + k, "b", 1 + k);
		tell_part(5 + k, names[k], GIB, STORE_IS_CLONE | STORE_IS_MARKED, 3 + k, group[k].new_guid);
		done(&group[k], STORE_OK);
	}
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.spec.cpus, 2);
	assert_int_equal(bench_answer.vm.spec.memory_bytes, r.spec.memory_bytes);
	assert_string_equal(bench_answer.vm.spec.kernel, vm_find("a")->spec.kernel);
	assert_int_equal(bench_answer.vm.spec.autostart, 0);
	assert_int_equal(vm_find("a")->spec.cpus, 1);
	bench_ask(REQ_DELETE, "b", 0);
	bench_turns(0, 5);
	for (u32 k = 0; k < DISKS_OF_A; k++) {
		order = take(STORE_DELETE);
		tell_gone(5 + k);
		done(&order, STORE_OK);
	}
	bench_expect(ERR_NONE);
	forget_all();
}

/* A disk of a VM, by its number or its volume, grows and does not shrink. */
static void grows(void **state)
{
	static const struct { const char *disk; u64 bytes; enum error error; } rows[] = {
		{ "2", 9 * GIB, ERR_NOT_ITS_VOLUME }, { "b.0", 9 * GIB, ERR_NOT_ITS_VOLUME },
		{ "0", GIB, ERR_VOLUME_SHRINKS }, { "", 9 * GIB, ERR_BAD_FIELD }, { "0", 0, ERR_BAD_FIELD },
		{ "0", 9 * GIB, ERR_NONE }, { "data", 9 * GIB, ERR_NONE },
	};
	struct request r = bench_make_request(REQ_RESIZE_DISK, "a", 0);
	struct store_order order;

	(void)state;
	make_vm();
	for (u32 i = 0; i < ARRAY_COUNT(rows); i++) {
		strcpy(r.spec.disks[0].volume, rows[i].disk);
		r.spec.disks[0].bytes = rows[i].bytes;
		bench_send(&r);
		bench_turns(0, 3);
		if (rows[i].error != ERR_NONE) {
			bench_expect(rows[i].error);
			continue;
		}
		order = take(STORE_RESIZE);
		assert_int_equal(order.bytes, 9 * GIB);
		assert_int_equal(order.flags, 0);
		done(&order, STORE_OK);
		bench_expect(ERR_NONE);
	}
	assert_int_equal(bench_answer.vm.disks[0].bytes, 9 * GIB);
	assert_int_equal(bench_answer.vm.spec.disks[0].bytes, 9 * GIB);
	assert_int_equal(bench_answer.vm.disks[1].bytes, 9 * GIB);
	r.spec.disks[0].bytes = 10 * GIB;
	bench_send(&r);
	bench_turns(0, 3);
	order = take(STORE_RESIZE);
	done(&order, STORE_FULL);
	bench_expect(ERR_POOL_FULL);
	forget_all();
}

/* Only one in a pool that no VM has; no VM takes it with it then. */
static void is_renamed(void **state)
{
	struct request r = bench_make_request(REQ_RENAME_VOLUME, "", 0);
	struct store_order order;

	(void)state;
	make_vm();
	tell_volume(7, "old", GIB);
	strcpy(r.spec.disks[0].volume, "data");
	strcpy(r.spec.disks[1].volume, "new");
	bench_send(&r);
	bench_turns(0, 3);
	bench_expect(ERR_VOLUME_BUSY);
	strcpy(r.spec.disks[0].volume, "nvme0.0");
	bench_send(&r);
	bench_turns(0, 3);
	bench_expect(ERR_NOT_IN_POOL);
	strcpy(r.spec.disks[0].volume, "old");
	strcpy(r.spec.disks[1].volume, VOLUME_OF_VOS);
	bench_send(&r);
	bench_turns(0, 3);
	bench_expect(ERR_VOLUME_NAME);
	strcpy(r.spec.disks[1].volume, "data");
	bench_send(&r);
	bench_turns(0, 3);
	bench_expect(ERR_VOLUME_EXISTS);
	strcpy(r.spec.disks[1].volume, "new");
	bench_send(&r);
	bench_turns(0, 3);
	order = take(STORE_RENAME);
	assert_string_equal(order.volume, "new");
	tell_volume(7, "new", GIB);
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	assert_null(volume_find("old"));
	assert_non_null(volume_find("new"));
	forget_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_made),
		cmocka_unit_test(is_refused),
		cmocka_unit_test(cannot_be),
		cmocka_unit_test(store_dies),
		cmocka_unit_test(store_is_silent),
		cmocka_unit_test(revert_is_given_up),
		cmocka_unit_test(goes_back),
		cmocka_unit_test(is_deleted),
		cmocka_unit_test(is_deleted_twice),
		cmocka_unit_test(is_cloned), cmocka_unit_test(is_like_its_template),
		cmocka_unit_test(grows),
		cmocka_unit_test(is_renamed),
		cmocka_unit_test(count_is_a_lie),
	};

	return cmocka_run_group_tests(tests, setup_pool, NULL);
}
