/* SPDX-License-Identifier: MIT */
/*
 * store_bench.c - see store_bench.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "store_bench.h"

#include "disk.h"
#include "disk_io.h"
#include "jobs.h"
#include "keys.h"
#include "orders.h"
#include "pool_io.h"
#include "pool_link.h"
#include "pools.h"
#include "ring.h"
#include "rt_log.h"
#include "root_limits.h"
#include "table.h"
#include "vm_layout.h"
#include "vm_link.h"
#include "volume.h"
#include "work.h"

#define VM_LINKS 16u		/* VM links 0 .. VM_LINKS - 1 */
#define LINKS (VM_LINKS + 2)	/* and the first ones of root */

struct bench_disk bench_disk[BENCH_DISKS];
struct bench_view view;
char bench_log[200];
bool bench_has_random = true;

static _Alignas(4096) u8 links[LINKS][BLK_LINK_BYTES];
static struct blk_client clients[LINKS];
static struct store_figures figures[BLK_WINDOWS];
static struct { struct ring_shared shared; u8 data[STORE_ORDER_RING_BYTES]; } order_memory;
static struct { struct ring_shared shared; u8 data[STORE_REPORT_RING_BYTES]; } report_memory;
static struct ring orders, reports;
static u32 last_id;

/* ---- the store's surroundings ---- */

static u8 *disk_link(u32 disk)
{
	return (u8 *)STORE_DRIVER_LINKS + (u64)disk * BLK_LINK_BYTES;
}

static u32 place_of(u32 number)
{
	u32 place = number < VM_LINKS ? number : VM_LINKS + number - VM_COUNT * VM_DEVICES;

	assert_true(place < LINKS);
	return place;
}

static void *link_at(u32 number)
{
	return links[place_of(number)];
}

static void signal_nobody(u32 number)
{
	(void)number;
}

static struct store_work work;

static u64 tsc(void)
{
	static u64 now;

	return now += 10;
}

static u64 time_ns;

static bool some_random(void *out, size_t bytes)
{
	for (size_t i = 0; i < bytes && bench_has_random; i++)
		((u8 *)out)[i] = (u8)rand();
	return bench_has_random;
}

void rt_log(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(bench_log, sizeof(bench_log), format, list);
	va_end(list);
}

static u64 now_ns(void)
{
	return time_ns += 1000;
}

void bench_pass(u64 ns)
{
	time_ns += ns;
	bench_run();
}

static void has_room(u32 disk)
{
	disk_io_has_room(disk);
	pool_io_has_room(disk);
	vm_link_disk_has_room(disk);
}

static void start_driver(u32 disk, enum blk_link_state state)
{
	struct bench_disk *d = &bench_disk[disk];

	blk_server_begin(&d->server, disk_link(disk), state == BLK_UP ? &d->info : NULL, state, BLK_WINDOWS);
}

void bench_driver_again(u32 disk, bool is_lost)
{
	start_driver(disk, is_lost ? BLK_LOST : BLK_UP);
}

void bench_setup(void)
{
	for (u32 i = 0; i < BENCH_DISKS; i++) {
		struct bench_disk *d = &bench_disk[i];

		free(d->data);
		free(d->stable);
		*d = (struct bench_disk){
			.info = {
				.sectors = BENCH_SECTORS, .block_bytes = 512, .physical_bytes = 4096,
				.max_sectors = 256, .max_zero_sectors = 8192,
				.features = BLK_CAN_FLUSH | BLK_CAN_DISCARD | BLK_CAN_WRITE_ZEROES | BLK_CAN_UNMAP,
			},
			.data = calloc(1, BENCH_BYTES), .stable = calloc(1, BENCH_BYTES),
		};
		assert_true(d->data != NULL && d->stable != NULL);
	}
	bench_boot();
}

static void changed(u32 disk, const struct blk_info *info)
{
	jobs_disk_changed(disk, info);
	pools_disk_changed(disk, info);
}

static void drop_volumes(void)
{
	for (u32 p = 0; p < BENCH_POOLS; p++)
		for (u32 number = 1; number <= STORE_POOL_VOLUMES; number++)
			if (volume_of_part(STORE_POOL_SLOT + p, number) != NULL)
				volume_drop(volume_of_part(STORE_POOL_SLOT + p, number));
	for (u32 disk = 0; disk < BENCH_DISKS; disk++)
		for (u32 part = 0; part <= STORE_PARTITIONS; part++)
			if (volume_of_part(disk, part) != NULL)
				volume_drop(volume_of_part(disk, part));
	for (char name[2] = "a"; name[0] <= 'z'; name[0]++)	/* that were to be */
		if (volume_find(name) != NULL)
			volume_drop(volume_find(name));
}

static void map(u8 *at, u64 bytes)
{
	assert_ptr_equal(mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
			      0), at);
}

static void restart(void)
{
	static const struct vm_link_ops ops = { link_at, signal_nobody, now_ns };
	static const struct disk_ops disk_ops = {
		signal_nobody, changed, vm_link_completed, disk_io_completed, pool_io_completed,
		pool_link_direct_completed, has_room,
	};
	static bool is_mapped;

	if (!is_mapped) {
		map(disk_link(0), BENCH_DISKS * BLK_LINK_BYTES);
		for (u32 p = 0; p < BENCH_POOLS; p++)
			map((u8 *)STORE_POOLS + p * STORE_POOL_STRIDE, BENCH_ARENA);
	}
	is_mapped = true;
	drop_volumes();
	memset(&view, 0, sizeof(view));
	memset(&order_memory, 0, sizeof(order_memory));
	memset(&report_memory, 0, sizeof(report_memory));
	work_init(&work, tsc, ~0ull);
	vm_link_init(&ops, figures);
	disk_init(&disk_ops);
	disk_io_init(jobs_io_done);
	jobs_init();
	pool_io_init(links[0]);
	pool_link_init(vm_link_completed);
	pools_init((u8 *)STORE_POOLS, now_ns);
	keys_init(some_random, now_ns);
	orders_init(&order_memory.shared, &report_memory.shared);
	ring_attach_producer(&orders, &order_memory.shared, STORE_ORDER_RING_BYTES);
	ring_attach_consumer(&reports, &report_memory.shared, STORE_REPORT_RING_BYTES);
	for (u32 i = 0; i < BENCH_DISKS; i++) {
		memset(disk_link(i), 0, BLK_WINDOW_OFFSET);
		start_driver(i, BLK_UP);
	}
	for (u32 i = 0; i < BENCH_DISKS; i++) {
		struct store_order add = { .op = STORE_ADD_DISK, .slot = i, .disk = "d0" };

		add.disk[1] = (char)('0' + i);
		(void)bench_send(add);
	}
}

void bench_boot_until_known(void)
{
	restart();
	for (u32 i = 0; i < 500 && view.disk[0].kind != STORE_DISK; i++)
		bench_run_some(1);
}

void bench_boot(void)
{
	restart();
	bench_run();
	for (u32 i = 0; i < BENCH_DISKS; i++)
		assert_int_equal(view.done[i].error, STORE_OK);
}

/* ---- a disk ---- */

/* Where the store is told a link is mapped, or its number: those of root are not far behind the others here. */
static u8 *window(const struct blk_seg *seg, u32 disk)
{
	if (seg->window == BLK_WINDOW_OWN)
		return blk_slot(disk_link(disk), seg->slot);
	return blk_slot(links[seg->window < LINKS ? seg->window : place_of(seg->window)], seg->slot);
}

static void copy_data(u32 disk, const struct blk_sqe *sqe)
{
	u8 *at = bench_disk[disk].data + sqe->sector * BLK_SECTOR_BYTES;
	u32 left = sqe->sectors * BLK_SECTOR_BYTES;

	for (u32 i = 0; i < sqe->seg_count; i++) {
		u32 bytes = sqe->seg[i].count * BLK_SLOT_BYTES;

		bytes = bytes < left ? bytes : left;
		memcpy(sqe->op == BLK_READ ? window(&sqe->seg[i], disk) : at,
		       sqe->op == BLK_READ ? at : window(&sqe->seg[i], disk), bytes);
		at += bytes;
		left -= bytes;
	}
}

static bool has_bad_sector(const struct bench_disk *d, const struct blk_sqe *sqe)
{
	return d->bad_sector != 0 && d->bad_sector >= sqe->sector && d->bad_sector - sqe->sector < sqe->sectors;
}

static enum blk_status change(u32 disk, const struct blk_sqe *sqe)
{
	struct bench_disk *d = &bench_disk[disk];
	u64 at = sqe->sector * BLK_SECTOR_BYTES;

	d->writes++;
	if (d->fail_at != 0 && d->writes >= d->fail_at)
		return BLK_IOERR;
	if (sqe->op == BLK_WRITE) {
		copy_data(disk, sqe);
		d->bad_sector = has_bad_sector(d, sqe) ? 0 : d->bad_sector;
	} else if (sqe->op == BLK_WRITE_ZEROES && !d->fails_zeroes) {
		memset(d->data + at, 0, sqe->sectors * BLK_SECTOR_BYTES);
		d->zero_requests++;
		d->zero_sectors += sqe->sectors;
	} else if (sqe->op == BLK_WRITE_ZEROES || d->fails_zeroes) {
		return BLK_IOERR;
	} else {
		d->discarded_sectors += sqe->sectors;
		if (d->unmaps)
			memset(d->data + at, 0, sqe->sectors * BLK_SECTOR_BYTES);
	}
	memset(d->is_dirty + sqe->sector, 1, sqe->sectors);
	d->is_dead = d->cut_at != 0 && d->writes >= d->cut_at;
	return BLK_OK;
}

static void flush(struct bench_disk *d)
{
	d->flushes++;
	for (u32 i = 0; i < BENCH_SECTORS; i++)
		if (d->is_dirty[i])
			memcpy(d->stable + i * BLK_SECTOR_BYTES, d->data + i * BLK_SECTOR_BYTES, BLK_SECTOR_BYTES);
	memset(d->is_dirty, 0, sizeof(d->is_dirty));
}

static enum blk_status carry_out(u32 disk, const struct blk_sqe *sqe)
{
	struct bench_disk *d = &bench_disk[disk];

	if (d->says_gone)
		return BLK_GONE;
	switch (sqe->op) {
	case BLK_READ:
		d->read_count++;
		if (d->fails_reads || has_bad_sector(d, sqe))
			return BLK_IOERR;
		copy_data(disk, sqe);
		return BLK_OK;
	case BLK_FLUSH:
		flush(d);
		return BLK_OK;
	default:
		return change(disk, sqe);
	}
}

static bool driver_turn(u32 disk, u32 *requests)
{
	struct bench_disk *d = &bench_disk[disk];
	struct blk_sqe sqe;
	bool is_new = false;

	while (*requests != 0 && !d->is_dead && !d->is_stuck && blk_server_take(&d->server, &sqe)) {
		enum blk_status status = carry_out(disk, &sqe);

		(*requests)--;
		is_new = true;
		if (!d->is_dead)
			blk_server_complete(&d->server, sqe.cookie, status);
	}
	return is_new;
}

void bench_power_cut(unsigned *seed)
{
	for (u32 disk = 0; disk < BENCH_DISKS; disk++) {
		struct bench_disk *d = &bench_disk[disk];

		for (u32 i = 0; i < BENCH_SECTORS; i++)
			if (d->is_dirty[i] && rand_r(seed) % 2 == 0)
				memcpy(d->data + i * BLK_SECTOR_BYTES, d->stable + i * BLK_SECTOR_BYTES,
				       BLK_SECTOR_BYTES);
		flush(d);
		d->is_dead = false;
		d->cut_at = d->fail_at = 0;
	}
	bench_boot();
}

/* ---- what is on a disk ---- */

void bench_fill(u32 disk, u64 byte, u64 count, u8 value)
{
	memset(bench_disk[disk].data + byte, value, count);
}

bool bench_is_all(u32 disk, u64 byte, u64 count, u8 value)
{
	for (u64 i = 0; i < count; i++)
		if (bench_disk[disk].data[byte + i] != value)
			return false;
	return true;
}

void bench_expect(u32 disk, enum store_table table, enum store_fault fault, u64 largest, u64 sum)
{
	const struct store_report *r = &view.disk[disk];

	assert_int_equal(r->kind, STORE_DISK);
	assert_int_equal(r->table, table);
	assert_int_equal(r->fault, fault);
	assert_int_equal(r->largest_bytes, largest * MIB_BYTES);
	assert_int_equal(r->free_bytes, sum * MIB_BYTES);
}

/* Put a table there as another system would. */
void bench_write_table(u32 disk, const struct gpt_part *parts, u32 count)
{
	const u8 guid[STORE_GUID_BYTES] = { 0x66 };
	static struct gpt t;
	u8 *data = bench_disk[disk].data;

	t.blocks = BENCH_SECTORS;
	t.block_bytes = 512;
	assert_true(gpt_new(&t, guid));
	for (u32 i = 0; i < count; i++)
		assert_int_equal(gpt_add(&t, &parts[i]), i);
	gpt_build_mbr(&t, data);
	for (u32 second = 0; second < 2; second++) {
		gpt_build_array(&t, data + gpt_array_block(&t, second) * 512);
		gpt_build_header(&t, second, data + gpt_header_block(&t, second) * 512);
	}
}

struct gpt_part bench_part_of(bool is_vos, u8 guid, u64 mib, const char *label)
{
	struct gpt_part p = { .first = mib * MIB_SECTORS, .blocks = MIB_SECTORS, .type = { 0xaf } };

	if (is_vos)
		memcpy(p.type, gpt_type_volume, sizeof(p.type));
	memset(p.guid, guid, sizeof(p.guid));
	strcpy(p.label, label);
	return p;
}

/* ---- root ---- */

static void take_reports(void)
{
	struct store_report r;

	while (ring_get(&reports, &r, sizeof(r))) {
		view.reports++;
		if (r.kind == STORE_FAILED) {
			view.failed = r;
			view.failures++;
			continue;
		}
		if (r.kind == STORE_SCRUBBED || r.kind == STORE_FOUND) {
			*(r.kind == STORE_FOUND ? &view.found : &view.scrub) = r;
			view.founds += r.kind == STORE_FOUND;
			continue;
		}
		if (r.kind == STORE_ROOM) {
			view.room = r.slot;
			view.rooms++;
			continue;
		}
		assert_true(r.slot < BENCH_DISKS ||
			    (r.slot >= STORE_POOL_SLOT && r.slot < STORE_POOL_SLOT + BENCH_POOLS));
		assert_true(r.kind != STORE_EXTENT ||
			    r.number <= (r.slot < BENCH_DISKS ? STORE_PARTITIONS : STORE_POOL_VOLUMES));
		if (r.kind != STORE_DONE && r.slot < BENCH_DISKS)
			view.ends[r.slot] += (r.flags & STORE_IS_MORE) == 0;
		r.flags &= ~STORE_IS_MORE;
		if (r.kind == STORE_DONE)
			view.done[view.done_count++ % BENCH_REPORTS] = r;
		else if (r.slot >= STORE_POOL_SLOT && r.kind == STORE_DISK)
			view.pool[r.slot - STORE_POOL_SLOT] = r;
		else if (r.slot >= STORE_POOL_SLOT)
			view.in_pool[r.slot - STORE_POOL_SLOT][r.number] = r;
		else if (r.kind == STORE_DISK)
			view.disk[r.slot] = r;
		else
			view.part[r.slot][r.number] = r;
	}
}

static bool turn(u32 *requests)
{
	bool is_busy = disk_turn(), is_news, is_new = false;
	u32 before = view.reports;

	is_busy = pools_turn() || is_busy;
	is_busy = orders_turn(&is_news) || is_busy;
	is_busy = vm_link_turn() || is_busy;
	is_busy = pools_turn() || is_busy;
	is_busy = disk_kick() || is_busy;
	take_reports();
	for (u32 disk = 0; disk < BENCH_DISKS; disk++)
		is_new = driver_turn(disk, requests) || is_new;
	return is_busy || is_new || before != view.reports;
}

void bench_turn(void)
{
	u32 requests = 1;

	(void)turn(&requests);
}

void bench_run_some(u32 requests)
{
	while (turn(&requests) && requests != 0)
		;
}

void bench_run(void)
{
	u32 requests = 100000;		/* far more than any test needs: it ends */

	while (turn(&requests))
		assert_int_not_equal(requests, 0);
}

u32 bench_send(struct store_order order)
{
	order.id = ++last_id;
	assert_true(ring_put(&orders, &order, sizeof(order)));
	return order.id;
}

/* After looking whether there is one. */
enum store_error bench_answer(u32 id)
{
	bench_run();
	for (u32 i = 0; i < view.done_count && i < BENCH_REPORTS; i++)
		if (view.done[i].id == id)
			return (enum store_error)view.done[i].error;
	return STORE_ERROR_COUNT;
}

const struct store_report *bench_part(const char *volume)
{
	for (u32 disk = 0; disk < BENCH_DISKS; disk++)
		for (u32 number = 1; number <= STORE_PARTITIONS; number++) {
			const struct store_report *r = &view.part[disk][number];

			if (r->extent != STORE_EXTENT_GONE && strcmp(r->volume, volume) == 0)
				return r;
		}
	for (u32 p = 0; p < BENCH_POOLS; p++)
		for (u32 number = 1; number <= STORE_POOL_VOLUMES; number++) {
			const struct store_report *r = &view.in_pool[p][number];

			if (r->extent != STORE_EXTENT_GONE && strcmp(r->volume, volume) == 0)
				return r;
		}
	return NULL;
}

static struct store_order new_order(u32 disk, const char *volume, u64 bytes, u8 guid, u32 flags)
{
	struct store_order order = { .op = STORE_CREATE, .slot = disk, .bytes = bytes, .flags = flags };

	strcpy(order.volume, volume);
	memset(order.guid, guid, sizeof(order.guid));
	return order;
}

enum store_error bench_create(u32 disk, const char *volume, u64 bytes, u8 guid)
{
	return bench_answer(bench_send(new_order(disk, volume, bytes, guid, 0)));
}

enum store_error bench_create_pool(u32 disk, const char *name, u64 bytes, u8 guid)
{
	return bench_answer(bench_send(new_order(disk, name, bytes, guid, STORE_IS_POOL)));
}

enum store_error bench_open_pool(u32 p, const char *name)
{
	struct store_order order = { .op = STORE_OPEN_POOL, .link = p, .bytes = BENCH_ARENA };
	const struct store_report *part = bench_part(name);

	strcpy(order.volume, name);
	if (part != NULL) {
		order.slot = part->slot;
		memcpy(order.guid, part->guid, sizeof(order.guid));
	}
	return bench_answer(bench_send(order));
}

enum store_error bench_close_pool(u32 p)
{
	struct store_order order = { .op = STORE_CLOSE_POOL, .link = p };

	return bench_answer(bench_send(order));
}

enum store_error bench_delete(u32 disk, const char *volume)
{
	struct store_order order = { .op = STORE_DELETE, .slot = disk };
	const struct store_report *part = bench_part(volume);

	strcpy(order.volume, volume);
	if (part != NULL)
		memcpy(order.guid, part->guid, sizeof(order.guid));
	return bench_answer(bench_send(order));
}

/* ---- VMs ---- */

static enum store_error attach(u32 link, const char *volume, const u8 *guid)
{
	struct store_order order = { .op = STORE_ATTACH, .link = link,
		.flags = link >= BENCH_ROOT_LINK ? STORE_READ_ONLY : 0 };
	const struct store_report *part = bench_part(volume);

	order.slot = part != NULL ? part->slot : 0;
	strcpy(order.volume, volume);
	if (guid != NULL)
		memcpy(order.guid, guid, sizeof(order.guid));
	else if (part != NULL)
		memcpy(order.guid, part->guid, sizeof(order.guid));
	return bench_answer(bench_send(order));
}

static void wake(u32 link)
{
	vm_link_woken(link >= BENCH_ROOT_LINK ? STORE_BIT_ROOT : STORE_BIT_VM << link / VM_DEVICES);
}

void bench_follow(u32 link)
{
	assert_true(blk_client_poll(&clients[place_of(link)]));
	assert_true(clients[place_of(link)].is_up);
	wake(link);
	bench_run();
}

enum store_error bench_attach(u32 link, const char *volume, const u8 *guid)
{
	enum store_error error;

	memset(links[place_of(link)], 0, BLK_WINDOW_OFFSET);
	error = attach(link, volume, guid);
	if (error != STORE_OK)
		return error;
	blk_client_init(&clients[place_of(link)], links[place_of(link)]);
	bench_follow(link);
	return STORE_OK;
}

enum store_error bench_attach_again(u32 link, const char *volume)
{
	enum store_error error = attach(link, volume, NULL);

	if (error == STORE_OK)
		bench_follow(link);
	return error;
}

enum store_error bench_detach(u32 link)
{
	struct store_order order = { .op = STORE_DETACH, .link = link };

	return bench_answer(bench_send(order));
}

u8 *bench_data(u32 link)
{
	return blk_slot(links[place_of(link)], 0);
}

void bench_submit(u32 link, enum blk_op op, u64 sector, u32 sectors)
{
	struct blk_sqe sqe = { .op = (u8)op, .sector = sector, .sectors = sectors };

	if (op == BLK_READ || op == BLK_WRITE) {
		sqe.seg_count = 1;
		sqe.seg[0] = (struct blk_seg){ BLK_WINDOW_OWN, 0, (u16)((sectors + 7) / 8), 0 };
	}
	bench_submit_sqe(link, &sqe);
}

void bench_submit_sqe(u32 link, const struct blk_sqe *sqe)
{
	assert_true(blk_client_submit(&clients[place_of(link)], sqe) >= 0);
	wake(link);
}

u32 bench_completed(u32 link, u32 *errors)
{
	enum blk_status status;
	u32 number, count = 0;

	for (; blk_client_completed(&clients[place_of(link)], &number, &status); count++)
		*errors += status != BLK_OK;
	return count;
}

static enum blk_status finish(u32 link)
{
	enum blk_status status;
	u32 number;

	bench_run();
	assert_true(blk_client_completed(&clients[place_of(link)], &number, &status));
	return status;
}

enum blk_status bench_do(u32 link, enum blk_op op, u64 sector, u32 sectors)
{
	bench_submit(link, op, sector, sectors);
	return finish(link);
}

enum blk_status bench_survey(u32 link, u64 sector, u32 sectors, u64 since)
{
	const struct blk_sqe sqe = { .op = BLK_SURVEY, .sector = sector, .sectors = sectors, .since = since,
		.seg_count = 1, .seg = { { BLK_WINDOW_OWN, 0, 1, 0 } } };

	bench_submit_sqe(link, &sqe);
	return finish(link);
}

const struct store_work *bench_work(void)
{
	return &work;
}
