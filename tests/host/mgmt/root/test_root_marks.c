/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: volumes that were made for a VM are marked on their disk, so that they go with it also after a
 * restart of the machine. The test plays the console and the store.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <stdio.h>

#include "store_bench.h"

static void tell_marked(const struct store_order *order, u32 number, u32 flags)
{
	struct store_report r = { .kind = STORE_EXTENT, .slot = order->slot, .number = number, .first = 2048,
		.extent = STORE_EXTENT_VOLUME, .sectors = order->bytes / 512, .flags = flags };

	memcpy(r.volume, order->volume, sizeof(r.volume));
	memcpy(r.guid, order->guid, sizeof(r.guid));
	report(r);
}

/* The disk as it is after a restart of the machine: VOS has not seen its partition yet. */
static struct store_order find(const char *name, u8 guid, u32 flags)
{
	struct store_order o = { .slot = VIRTIO, .bytes = GIB };

	strcpy(o.volume, name);
	memset(o.guid, guid, sizeof(o.guid));
	tell_marked(&o, 1, flags);
	return o;
}

static void lose(const struct store_order *o)
{
	tell_extent(o->slot, 1, STORE_EXTENT_GONE, "", 0, o->guid);
}

static struct store_order take_unmark(const struct store_order *of)
{
	struct store_order order = take(STORE_UNMARK);

	assert_int_equal(order.slot, of->slot);
	assert_memory_equal(order.guid, of->guid, sizeof(of->guid));
	return order;
}

static void expect_made_for(const char *volume, const char *vm)
{
	bench_ask(REQ_VOLUMES, "", 0);
	bench_expect(ERR_NO_VOLUME);
	for (u32 i = 0; i < bench_row_count; i++)
		if (strcmp(bench_rows[i].volume.name, volume) == 0) {
			assert_string_equal(bench_rows[i].volume.made_for, vm);
			return;
		}
	fail();
}

/* What is made for a VM under its own name is marked; what has another name, or is made for none, is not. */
static void is_marked(void **state)
{
	struct store_order order;

	(void)state;
	create("v", GIB, "", "");
	order = take(STORE_CREATE);
	assert_int_equal(order.flags, STORE_MARK);
	tell_marked(&order, 1, STORE_IS_MARKED);
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.disks[0].flags, DISK_MADE | DISK_WAS_BLANK);
	delete_made("v", STORE_DELETE);
	create("v", GIB, "", "w.0");
	order = take(STORE_CREATE);
	assert_int_equal(order.flags, 0);
	make_it(&order, 1);
	bench_expect(ERR_NONE);
	delete_made("v", STORE_DELETE);
	ask_volume(REQ_CREATE_VOLUME, "v.0", GIB);
	order = take(STORE_CREATE);
	assert_int_equal(order.flags, 0);
	make_it(&order, 1);
	bench_expect(ERR_NONE);
	delete_volume("v.0");
	expect_clean();
}

/* After a restart of the machine it goes with the VM of that name, and with no other. */
static void goes_with_its_vm(void **state)
{
	struct store_order o = find("v.0", 7, STORE_IS_MARKED), order;

	(void)state;
	expect_made_for("v.0", "v");
	create("other", 0, "", "v.0");
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.disks[0].flags, 0);
	bench_ask(REQ_DELETE, "other", 0);
	bench_expect(ERR_NONE);
	expect_no_order();
	expect_made_for("v.0", "v");
	create("v", GIB, "", "");
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.disks[0].flags, DISK_MADE | DISK_WAS_THERE);
	bench_ask(REQ_DELETE, "v", 0);
	bench_turns(0, 5);
	order = take(STORE_DELETE);
	assert_memory_equal(order.guid, o.guid, sizeof(o.guid));
	lose(&o);
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	o = find("v.0", 8, 0);			/* one that nobody's create-vm made */
	expect_made_for("v.0", "");
	create("v", GIB, "", "");
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.disks[0].flags, 0);
	bench_ask(REQ_DELETE, "v", 0);
	bench_expect(ERR_NONE);
	lose(&o);
	expect_clean();
}

/* What the VM has no more, or what is kept, is not marked any more. */
static void is_unmarked(void **state)
{
	struct store_order o, order;

	(void)state;
	for (u32 i = 0; i < 2; i++) {
		struct request r = a_create("v", 0, "", "");

		o = find("v.0", (u8)(9 + i), STORE_IS_MARKED);
		create("v", GIB, "", "");
		bench_expect(ERR_NONE);
		r.op = i == 0 ? REQ_DELETE : REQ_SET;
		r.flags = i == 0 ? REQ_FLAG_KEEP_DISKS : 0;
		r.fields = i == 0 ? 0 : BIT32(FIELD_DISK);
		r.spec.disk_count = 0;
		bench_send(&r);
		bench_expect(ERR_NONE);
		order = take_unmark(&o);
		tell_marked(&o, 1, STORE_IS_MARKED);	/* it has not done it yet */
		expect_made_for("v.0", "");
		tell_marked(&o, 1, 0);
		done(&order, STORE_OK);
		expect_no_order();
		if (i != 0) {
			bench_ask(REQ_DELETE, "v", 0);
			bench_expect(ERR_NONE);
		}
		create("v", GIB, "", "");
		bench_expect(ERR_NONE);
		assert_int_equal(bench_answer.vm.disks[0].flags, 0);
		bench_ask(REQ_DELETE, "v", 0);
		bench_expect(ERR_NONE);
		expect_no_order();
		lose(&o);
	}
	expect_clean();
}

/* The store dies before it has answered: it is asked again, once the disk is there. A disk that fails is left alone. */
static void unmark_is_repeated(void **state)
{
	struct store_order o = find("v.0", 11, STORE_IS_MARKED), order;

	(void)state;
	create("v", GIB, "", "");
	bench_expect(ERR_NONE);
	bench_ask(REQ_DELETE, "v", REQ_FLAG_KEEP_DISKS);
	bench_expect(ERR_NONE);
	(void)take_unmark(&o);
	new_store();
	expect_no_order();
	tell_disks();
	order = take_unmark(&o);
	tell_marked(&o, 1, STORE_IS_MARKED);
	done(&order, STORE_NO_DISK);
	order = take_unmark(&o);
	done(&order, STORE_IO);
	expect_made_for("v.0", "");
	tell_disks();
	tell_marked(&o, 1, STORE_IS_MARKED);	/* the store looks at a disk anew that failed */
	expect_no_order();
	expect_made_for("v.0", "");
	create("v", GIB, "", "");
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.disks[0].flags, 0);
	bench_ask(REQ_DELETE, "v", 0);
	bench_expect(ERR_NONE);
	expect_no_order();			/* it is kept */
	new_store();
	tell_disks();
	order = take_unmark(&o);
	tell_marked(&o, 1, 0);
	done(&order, STORE_OK);
	expect_made_for("v.0", "");
	lose(&o);
	expect_clean();
}

static struct store_order keep(u8 guid)
{
	struct store_order o = find("v.0", guid, STORE_IS_MARKED);

	create("v", GIB, "", "");
	bench_expect(ERR_NONE);
	bench_ask(REQ_DELETE, "v", REQ_FLAG_KEEP_DISKS);
	bench_expect(ERR_NONE);
	(void)take_unmark(&o);
	return o;
}

/* Nothing is to be said of a partition that is gone, and its name is free. */
static void unmark_ends_with_its_partition(void **state)
{
	struct store_order o = keep(12), order;

	(void)state;
	new_store();
	tell_disks();
	order = take_unmark(&o);
	done(&order, STORE_NO_VOLUME);
	expect_clean();
	/* Another disk has a volume of that name. */
	o = keep(13);
	new_store();
	tell_disks();
	order = take_unmark(&o);
	o = find("v.0", 14, STORE_IS_MARKED);
	done(&order, STORE_NO_VOLUME);
	expect_made_for("v.0", "v");
	lose(&o);
	expect_clean();
	/* A disk that cannot be read has told nothing: it is asked when it is there anew. */
	o = keep(15);
	new_store();
	tell_disk(VIRTIO, 128 * GIB, 0, STORE_TABLE_UNREADABLE, 0);
	order = take_unmark(&o);
	done(&order, STORE_NO_VOLUME);
	new_store();
	tell_disks();
	order = take_unmark(&o);
	tell_marked(&o, 1, STORE_IS_MARKED);
	done(&order, STORE_OK);
	expect_made_for("v.0", "");
	lose(&o);
	expect_clean();
}

/* While a VM has the whole disk there is another one in its place: what was the first one's is forgotten. */
static void unmark_ends_with_its_disk(void **state)
{
	(void)state;
	(void)keep(16);
	create_whole("w", "virtio0", DISK_TRUSTED);
	bench_expect(ERR_NONE);
	new_store();
	report((struct store_report){ .kind = STORE_DISK, .slot = VIRTIO, .sectors = 128 * GIB / 512,
		.block_bytes = 512, .identity = 99, .table = STORE_TABLE_BLANK });
	tell_disk(NVME, 500 * GIB, 10 * GIB, STORE_TABLE_GPT, 0);
	expect_no_order();
	bench_ask(REQ_DELETE, "w", 0);
	bench_expect(ERR_NONE);
	bench_turns(0, 3);
	expect_clean();
}

/* A partition that its disk loses while a VM has it is missing, and no volume any more when the VM has let it go. */
static void is_lost_while_held(void **state)
{
	struct store_order o = find("v.0", 12, 0);

	(void)state;
	create("v", GIB, "", "");
	bench_expect(ERR_NONE);
	lose(&o);
	bench_ask(REQ_VOLUMES, "", 0);
	bench_expect(ERR_NO_VOLUME);
	assert_int_equal(bench_row_count, 3);
	bench_ask(REQ_DELETE, "v", 0);
	bench_expect(ERR_NONE);
	expect_clean();
}

static u32 zeroing_of(const char *disk)
{
	bench_ask(REQ_DISKS, "", 0);
	bench_await_answer();
	for (u32 i = 0; i < bench_row_count; i++)
		if (strcmp(bench_rows[i].disk.name, disk) == 0)
			return bench_rows[i].disk.zeroing;
	fail();
	return 0;
}

/* How far the zeroing of a deleted volume's space is, and of one that waits behind it. */
static void zeroing_is_shown(void **state)
{
	struct store_report r = { .kind = STORE_EXTENT, .slot = VIRTIO, .number = 1, .sectors = 2048, .first = 2048,
		.extent = STORE_EXTENT_ZEROING, .guid = { 1 } };

	(void)state;
	assert_int_equal(zeroing_of("virtio0"), 0);
	report(r);
	assert_int_equal(zeroing_of("virtio0"), 1);
	r.percent = 37;
	report(r);
	tell_extent(VIRTIO, 2, STORE_EXTENT_ZEROING, "", MIB, (u8[STORE_GUID_BYTES]){ 2 });
	assert_int_equal(zeroing_of("virtio0"), 38);
	assert_int_equal(zeroing_of("nvme0.0"), 0);
	tell_extent(VIRTIO, 1, STORE_EXTENT_GONE, "", 0, r.guid);
	tell_extent(VIRTIO, 2, STORE_EXTENT_GONE, "", 0, r.guid);
	assert_int_equal(zeroing_of("virtio0"), 0);
	expect_clean();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_marked), cmocka_unit_test(goes_with_its_vm), cmocka_unit_test(is_unmarked),
		cmocka_unit_test(unmark_is_repeated), cmocka_unit_test(unmark_ends_with_its_partition),
		cmocka_unit_test(unmark_ends_with_its_disk), cmocka_unit_test(is_lost_while_held),
		cmocka_unit_test(zeroing_is_shown),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
