/* SPDX-License-Identifier: MIT */
/*
 * A pool on two disks under random requests. Disks fail, for good or a read at a time, and come back; the power fails,
 * and each disk keeps some of what was not flushed. What is opened from that, from both disks or one, has each block as
 * it was at its last flush or later; or it is not opened, and says that a disk is missing. From many states another cut
 * comes while a member gets what it lacks. POOL_MIRROR_STATES and POOL_MIRROR_SEED say how many and which.
 */
/* links: pool */
/* helpers: sim_disk.c */
#include "mirror_world.h"
#include "scrub.h"

#define STATES 1500u

/* ---- single sequences ---- */

static bool is_sim_quiet(void)
{
	return disks[0].queued == 0 && disks[1].queued == 0;
}

static void drain(void)
{
	for (pool_run(pool); !is_sim_quiet(); pool_run(pool))
		for (u32 k = 0; k < POOL_MEMBERS; k++)
			if (disks[k].queued > 0)
				sim_disk_end(&disks[k], 0);
}

static enum pool_status open_members(u32 members, bool is_forced)
{
	struct pool_device device[POOL_MEMBERS] = { 0 };

	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		sim_disk_cut(&disks[k]);
		if ((members >> k & 1) != 0)
			device[k] = sim_device(&disks[k], 1);
	}
	opened_as = POOL_AGAIN;
	pool = pool_open_mirror(arena, &memory, device, is_forced, opened);
	disks[0].pool = disks[1].pool = pool;
	drain();
	return opened_as;
}

static enum pool_status request(enum pool_op op, u32 volume, u32 block, u32 value)
{
	enum pool_status status = POOL_AGAIN;
	struct pool_request r = { .op = op, .volume = ids[volume], .sector = block * POOL_BLOCK_SECTORS,
		.sectors = POOL_BLOCK_SECTORS, .data = op <= POOL_WRITE ? block_data : NULL, .done = read_done,
		.context = &status };

	if (op == POOL_WRITE)
		fill(block_data, value);
	assert_int_equal(pool_submit(pool, &r), POOL_OK);
	drain();
	return status;
}

static void assert_value(u32 volume, u32 block, u32 value)
{
	u32 has;

	assert_int_equal(request(POOL_READ, volume, block, 0), POOL_OK);
	assert_true(value_of(block_data, &has));
	assert_int_equal(has, value);
}

static int setup(void **unused)
{
	(void)unused;
	random_state = seed = 1;
	make();
	assert_int_equal(request(POOL_WRITE, 1, 3, 77), POOL_OK);
	assert_int_equal(request(POOL_COMMIT, 0, 0, 0), POOL_OK);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	for (u32 k = 0; k < POOL_MEMBERS; k++)
		sim_disk_free(&disks[k]);
	return 0;
}

/* Where a block of that value lies. */
static u8 *find_value(u32 member, u32 value)
{
	static _Alignas(8) u8 wanted[POOL_BLOCK];

	fill(wanted, value);
	for (u32 b = 0; b < BLOCKS; b++)
		if (memcmp(disks[member].now + b * POOL_BLOCK, wanted, POOL_BLOCK) == 0)
			return disks[member].now + b * POOL_BLOCK;
	return NULL;
}

static void damage_is_repaired(void **unused)
{
	struct pool_mirror m;

	(void)unused;
	find_value(0, 77)[5] ^= 1;
	assert_null(find_value(0, 77));
	assert_value(1, 3, 77);
	assert_non_null(find_value(0, 77));
	assert_true(pool_mirror_get(pool, &m));
	assert_int_equal(m.repaired, 1);
	assert_int_equal(m.read_errors[0], 1);
	find_value(0, 77)[5] ^= 1;
	find_value(1, 77)[5] ^= 1;
	assert_int_not_equal(request(POOL_READ, 1, 3, 0), POOL_OK);
}

/* Nobody knows whether the other has more; who insists goes on alone, and the other gets what it lacks. */
static void missing_member(void **unused)
{
	struct pool_mirror m;

	(void)unused;
	assert_int_equal(open_members(1, false), POOL_MISSING);
	assert_int_equal(open_members(2, false), POOL_MISSING);
	assert_int_equal(open_members(2, true), POOL_OK);
	assert_int_equal(request(POOL_WRITE, 0, 9, 5), POOL_OK);
	assert_int_equal(request(POOL_FLUSH, 0, 0, 0), POOL_OK);
	assert_int_equal(open_members(2, false), POOL_OK);
	assert_int_equal(open_members(3, false), POOL_OK);
	pool_mirror_get(pool, &m);
	assert_int_equal(m.state[0], POOL_MEMBER_GOOD);
	assert_int_equal(m.percent, 100);
	assert_int_equal(open_members(1, true), POOL_OK);
	assert_value(0, 9, 5);
}

static void both_went_on(void **unused)
{
	(void)unused;
	assert_int_equal(open_members(1, true), POOL_OK);
	assert_int_equal(open_members(2, true), POOL_OK);
	assert_int_equal(open_members(3, false), POOL_SPLIT);
	assert_int_equal(open_members(3, true), POOL_SPLIT);
	assert_int_equal(open_members(1, false), POOL_OK);
}

static void lost_members(void **unused)
{
	struct pool_mirror m;

	(void)unused;
	pool_member_lost(pool, 0);
	drain();
	pool_mirror_get(pool, &m);
	assert_int_equal(m.state[0], POOL_MEMBER_GONE);
	assert_int_equal(request(POOL_WRITE, 0, 9, 5), POOL_OK);
	assert_int_equal(request(POOL_FLUSH, 0, 0, 0), POOL_OK);
	assert_value(0, 9, 5);
	disks[1].fail_after = 1;
	assert_int_not_equal(request(POOL_WRITE, 0, 9, 6), POOL_OK);
	assert_int_not_equal(request(POOL_FLUSH, 0, 0, 0), POOL_OK);
	assert_true(pool_has_failed(pool));
	assert_int_equal(open_members(3, false), POOL_OK);
	assert_value(0, 9, 5);
}

/* While a member gets what it lacks, the pool is written to all over: nothing old comes after it. */
static void writes_beside_a_copy(void **unused)
{
	(void)unused;
	for (u32 round = 0; round < 30; round++) {
		u32 values[VOLUME_BLOCKS] = { 0 };

		random_state = 1 + round;
		assert_int_equal(open_members(3, false), POOL_OK);
		pool_member_lost(pool, 0);
		for (u32 i = 0; i < VOLUME_BLOCKS; i++)
			assert_int_equal(request(POOL_WRITE, 0, i, values[i] = next_value++), POOL_OK);
		assert_int_equal(request(POOL_COMMIT, 0, 0, 0), POOL_OK);
		sim_disk_cut(&disks[0]);
		sim_disk_cut(&disks[1]);
		open_real();
		for (u32 i = 0; i < 200; i++) {
			u32 block = below(VOLUME_BLOCKS);
			enum pool_status status = POOL_AGAIN;
			struct pool_request r = { .op = POOL_WRITE, .volume = ids[0], .sectors = POOL_BLOCK_SECTORS,
				.sector = block * POOL_BLOCK_SECTORS, .data = block_data, .done = read_done,
				.context = &status };

			values[block] = next_value++;
			fill(block_data, values[block]);
			assert_int_equal(pool_submit(pool, &r), POOL_OK);
			while (status == POOL_AGAIN && step())
				;
			assert_int_equal(status, POOL_OK);
		}
		drain();
		assert_int_equal(request(POOL_COMMIT, 0, 0, 0), POOL_OK);
		assert_int_equal(open_members(1, true), POOL_OK);
		for (u32 i = 0; i < VOLUME_BLOCKS; i++)
			assert_value(0, i, values[i]);
		teardown(NULL);
		setup(NULL);
	}
}

static enum pool_status join(u32 member, const u8 uuid[POOL_UUID_BYTES])
{
	struct pool_device device = sim_device(&disks[member], 1);
	struct pool_mirror m;

	pool_member_join(pool, member, &device, uuid);
	drain();
	pool_mirror_get(pool, &m);
	return m.join;
}

static enum pool_member state_of(u32 member)
{
	struct pool_mirror m;

	pool_mirror_get(pool, &m);
	return m.state[member];
}

static void go_on_without(u32 member)
{
	pool_member_lost(pool, member);
	drain();
	assert_int_equal(request(POOL_WRITE, 0, 9, 5), POOL_OK);
	assert_int_equal(request(POOL_COMMIT, 0, 0, 0), POOL_OK);
	sim_disk_cut(&disks[member]);
}

static const u8 uuid_of[POOL_MEMBERS + 1][POOL_UUID_BYTES] = { { 1 }, { 2 }, { 3 } };

static u64 repaired(void)
{
	struct pool_mirror m;

	pool_mirror_get(pool, &m);
	return m.repaired;
}

/* A block of a member is wrong after a cut: whoever has it right wins. How many blocks the source got. */
static u64 open_rotten(u32 member, u32 block)
{
	u64 taken;

	for (u32 k = 0; k < POOL_MEMBERS; k++)
		memcpy(disks[k].stable, before[k], SECTORS * POOL_SECTOR);
	disks[member].stable[block * POOL_BLOCK + below(POOL_BLOCK)] ^= 4;
	assert_int_equal(open_members(3, false), POOL_OK);
	assert_int_equal(state_of(0), POOL_MEMBER_GOOD);
	assert_int_equal(state_of(1), POOL_MEMBER_GOOD);
	taken = repaired();
	copy_images(trial.image, (u8 *[]){ disks[0].stable, disks[1].stable });
	check_member(0);
	check_member(1);
	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		assert_int_equal(open_members(BIT32(k), true), POOL_OK);
		assert_value(1, 3, 77);
		assert_value(1, 4, 78);
		assert_value(1, 5, 79);
		memcpy(disks[k].stable, trial.image[k], SECTORS * POOL_SECTOR);
	}
	return taken;
}

static void a_wrong_byte_beside_a_cut(void **unused)
{
	u64 blocks = 0, taken[POOL_MEMBERS] = { 0 };

	(void)unused;
	for (u32 i = 0; i < 2; i++) {	/* two records of the log, two blocks of data */
		written_to[78 + i] = 2;
		assert_int_equal(request(POOL_WRITE, 1, 4 + i, 78 + i), POOL_OK);
		assert_int_equal(request(POOL_FLUSH, 0, 0, 0), POOL_OK);
	}
	written_to[77] = 2;
	copy_images(before, (u8 *[]){ disks[0].stable, disks[1].stable });
	for (u32 b = POOL_LOG_BLOCK; b < BLOCKS; b++)
		for (u32 k = 0; k < POOL_MEMBERS && is_summed(before[k] + b * POOL_BLOCK); k++) {
			taken[k] += open_rotten(k, b);
			blocks++;
		}
	assert_in_range(taken[0], 8, blocks);	/* the others are of older states */
	assert_int_equal(taken[1], 0);
}

/* The disk is back while the pool is open. */
static void a_member_that_is_back(void **unused)
{
	(void)unused;
	assert_int_equal(join(0, uuid_of[0]), POOL_EXISTS);
	go_on_without(0);
	assert_int_equal(join(0, uuid_of[0]), POOL_OK);
	assert_int_equal(state_of(0), POOL_MEMBER_GOOD);
	go_on_without(1);
	assert_value(0, 9, 5);
	assert_value(1, 3, 77);
	assert_int_equal(open_members(3, false), POOL_OK);
	assert_int_equal(state_of(1), POOL_MEMBER_GOOD);
}

/* It has gone on alone, or is another pool's, or fails: nothing is written to it. */
static void a_member_that_is_not_the_same(void **unused)
{
	_Alignas(8) u8 label[POOL_BLOCK];

	(void)unused;
	assert_int_equal(open_members(1, true), POOL_OK);
	assert_int_equal(request(POOL_WRITE, 0, 9, 6), POOL_OK);
	assert_int_equal(open_members(2, true), POOL_OK);
	assert_int_equal(join(0, uuid_of[0]), POOL_SPLIT);
	memcpy(label, disks[0].now, sizeof(label));
	((struct pool_label *)disks[0].now)->uuid[0] ^= 1;
	((struct pool_label *)disks[0].now)->crc = layout_sum(disks[0].now, sizeof(struct pool_label),
		offsetof(struct pool_label, crc));
	assert_int_not_equal(join(0, uuid_of[0]), POOL_OK);
	memcpy(disks[0].now, label, sizeof(label));
	disks[0].fail_after = 1;
	assert_int_equal(join(0, uuid_of[0]), POOL_IO);
	disks[0].fail_after = 0;
	assert_int_equal(state_of(0), POOL_MEMBER_GONE);
	assert_int_equal(request(POOL_WRITE, 0, 9, 5), POOL_OK);
}

/* Another disk takes its place, and the old one is a member no more. */
static void a_disk_is_replaced(void **unused)
{
	u8 *old = malloc(SECTORS * POOL_SECTOR);

	(void)unused;
	go_on_without(0);
	memcpy(old, disks[0].stable, SECTORS * POOL_SECTOR);
	memset(disks[0].now, 0x55, SECTORS * POOL_SECTOR);
	memset(disks[0].now, 0, POOL_LOG_BLOCK * POOL_BLOCK);
	assert_int_equal(join(0, uuid_of[2]), POOL_OK);
	assert_int_equal(state_of(0), POOL_MEMBER_GOOD);
	assert_int_equal(request(POOL_WRITE, 0, 10, 8), POOL_OK);
	assert_int_equal(request(POOL_COMMIT, 0, 0, 0), POOL_OK);
	copy_images(trial.image, (u8 *[]){ disks[0].now, disks[1].now });
	check_member(0);
	check_member(1);
	assert_int_equal(open_members(1, true), POOL_OK);
	assert_value(0, 9, 5);
	assert_value(0, 10, 8);
	assert_value(1, 3, 77);
	assert_int_equal(open_members(3, false), POOL_OK);
	assert_int_equal(state_of(1), POOL_MEMBER_GOOD);
	memcpy(disks[0].stable, old, SECTORS * POOL_SECTOR);
	assert_int_equal(open_members(3, false), POOL_MISSING);
	assert_int_equal(open_members(3, true), POOL_OK);
	assert_int_equal(state_of(0), POOL_MEMBER_GONE);
	assert_int_equal(join(0, uuid_of[0]), POOL_OK);		/* asked for: it is another disk than the last one */
	assert_int_equal(open_members(1, true), POOL_OK);
	assert_value(0, 10, 8);
	free(old);
}

/* What a pool that was opened from the images has in a block. */
static u32 trial_value(struct pool *p, u32 volume, u32 block)
{
	enum pool_status status = POOL_AGAIN;
	struct pool_request r = { .op = POOL_READ, .volume = ids[volume], .sector = block * POOL_BLOCK_SECTORS,
		.sectors = POOL_BLOCK_SECTORS, .data = block_data, .done = read_done, .context = &status };
	u32 value = 0;

	assert_int_equal(pool_submit(p, &r), POOL_OK);
	while (status == POOL_AGAIN && trial_step(p))
		;
	assert_int_equal(status, POOL_OK);
	assert_true(value_of(block_data, &value));
	return value;
}

static void judge_replacement(u32 members, bool is_forced)
{
	struct pool *p;

	copy_images(trial.image, before);
	p = trial_open(members, is_forced);
	if (opened_as != POOL_OK)
		return;
	assert_int_equal(trial_value(p, 0, 9), 5);
	assert_int_equal(trial_value(p, 1, 3), 77);
}

/* A new disk, and the power fails after so many steps. True: it had all before. */
static bool cut_a_replacement(u32 steps)
{
	struct pool_device device = sim_device(&disks[0], 1);
	bool is_through = false;

	go_on_without(0);
	memset(disks[0].stable, 0, SECTORS * POOL_SECTOR);
	sim_disk_cut(&disks[0]);
	pool_member_join(pool, 0, &device, uuid_of[2]);
	for (u32 i = 0; i < steps && !is_through; i++)
		is_through = !step();
	set_images(before);
	return is_through;
}

/* The source has all at each moment, and the new disk is of no use or is whole. */
static void cuts_in_a_replacement(void **unused)
{
	bool is_through = false;
	u32 steps;

	(void)unused;
	for (steps = 0; !is_through; steps++) {
		random_state = 1 + steps;
		is_through = cut_a_replacement(steps);
		judge_replacement(1, true);
		judge_replacement(2, true);
		assert_int_equal(opened_as, POOL_OK);
		judge_replacement(3, false);
		assert_int_equal(opened_as, POOL_OK);
		for (u32 k = 0; k < POOL_MEMBERS; k++) {
			memcpy(disks[k].stable, before[k], SECTORS * POOL_SECTOR);
			sim_disk_cut(&disks[k]);
		}
		assert_int_equal(open_members(3, false), POOL_OK);
		if (state_of(0) != POOL_MEMBER_GOOD)
			assert_int_equal(join(0, uuid_of[2]), POOL_OK);
		assert_int_equal(state_of(0), POOL_MEMBER_GOOD);
		assert_int_equal(open_members(1, true), POOL_OK);
		assert_value(0, 9, 5);
		assert_value(1, 3, 77);
		teardown(NULL);
		setup(NULL);
	}
	printf("cuts at %u moments of a replacement\n", (unsigned)steps);
}

static void scrub_found(struct pool *p, struct pool_scrub *s, enum check_fault fault, u64 block, u32 id)
{
	(void)p;
	(void)s;
	printf("scrub: %s: block %lu, volume %u\n", pool_check_text[fault], (unsigned long)block, (unsigned)id);
}

static void scrub_done(struct pool *p, struct pool_scrub *s, enum pool_status status)
{
	(void)p;
	*(enum pool_status *)s->context = status;
}

static u64 scrub_faults(void)
{
	enum pool_status status = POOL_AGAIN;
	struct pool_scrub s = { .context = &status, .with_data = true, .found = scrub_found, .done = scrub_done };

	assert_int_equal(pool_scrub_begin(pool, &s), POOL_OK);
	drain();
	assert_int_equal(status, POOL_OK);
	return s.faults;
}

/* A member goes while it is read: nothing is asked of it any more, and that is no fault. */
static void a_scrub_loses_a_member(void **unused)
{
	(void)unused;
	for (u32 after = 0; after < 24; after++) {
		enum pool_status status = POOL_AGAIN;
		struct pool_scrub s = { .context = &status, .with_data = true, .found = scrub_found,
			.done = scrub_done };
		u32 member = after % 2;

		assert_int_equal(open_members(3, false), POOL_OK);
		assert_int_equal(pool_scrub_begin(pool, &s), POOL_OK);
		pool_run(pool);
		for (u32 i = 0; i < after / 2 && !is_sim_quiet(); i++, pool_run(pool))
			sim_disk_end(&disks[disks[0].queued == 0], 0);
		pool_member_lost(pool, member);
		for (u32 i = 0; i < 2; i++, pool_run(pool))	/* what was begun by then ends */
			while (disks[member].queued > 0)
				sim_disk_end(&disks[member], 0);
		for (pool_run(pool); disks[1 - member].queued > 0; pool_run(pool)) {
			assert_int_equal(disks[member].queued, 0);
			sim_disk_end(&disks[1 - member], 0);
		}
		assert_int_equal(disks[member].queued, 0);
		assert_int_equal(status, POOL_OK);
		assert_int_equal(s.faults, 0);
	}
}

/* Damage of either member, of data and of nodes, is found by a scrub and made good; that of both is told. */
static void a_scrub_repairs(void **unused)
{
	u32 nodes = 0;

	(void)unused;
	assert_int_equal(scrub_faults(), 0);
	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		find_value(k, 77)[5] ^= 1;
		assert_int_equal(scrub_faults(), 0);
		assert_int_equal(repaired(), k + 1);
		assert_non_null(find_value(k, 77));
	}
	for (u32 b = POOL_LOG_BLOCK + 32; b < BLOCKS; b++) {
		struct pool_node *n = (struct pool_node *)(disks[b % 2].now + b * POOL_BLOCK);

		if (n->h.magic != POOL_NODE_MAGIC)
			continue;
		n->bytes[7] ^= 1;
		nodes++;
	}
	assert_int_equal(scrub_faults(), 0);
	assert_in_range(repaired(), 3, 2 + nodes);
	go_on_without(0);			/* the label of the one that is read now is its own */
	assert_int_equal(scrub_faults(), 0);
	assert_int_equal(join(0, uuid_of[0]), POOL_OK);
	find_value(0, 77)[5] ^= 1;
	find_value(1, 77)[5] ^= 1;
	assert_int_equal(scrub_faults(), 1);
}

/* A pool of one disk is no mirror, nor the other way round. */
static void another_kind(void **unused)
{
	struct pool_memory one = memory;
	struct pool_device device = sim_device(&disks[0], 1);

	(void)unused;
	one.is_mirror = false;
	opened_as = POOL_AGAIN;
	pool = disks[0].pool = pool_open(arena, &one, &device, opened);
	drain();
	assert_int_equal(opened_as, POOL_UNKNOWN);
	memcpy(disks[1].stable, disks[0].stable, POOL_BLOCK);
	assert_int_equal(open_members(2, true), POOL_UNKNOWN);
}

static u64 number(const char *name, u64 otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void power_cuts_and_dead_disks(void **unused)
{
	u64 limit = number("POOL_MIRROR_STATES", STATES);

	(void)unused;
	for (seed = number("POOL_MIRROR_SEED", 1); state < limit; seed++) {
		random_state = seed * 0x9e3779b97f4a7c15u + 1;
		world(limit);
	}
	printf("%lu power cuts, %lu of them with another one; last seed %lu\n", (unsigned long)state,
		(unsigned long)nested, (unsigned long)seed - 1);
	printf("%lu beside a wrong byte of one member\n", (unsigned long)rotten);
	printf("one member alone: opened %lu, refused %lu\n", (unsigned long)degraded, (unsigned long)refused);
}

static int allocate(void **unused)
{
	u64 bytes = align_up(pool_arena_bytes(&memory, SECTORS), POOL_BLOCK);

	(void)unused;
	arena = aligned_alloc(POOL_BLOCK, bytes);
	trial_arena = aligned_alloc(POOL_BLOCK, bytes);
	check_arena = malloc(pool_check_bytes(SECTORS));
	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		trial.image[k] = malloc(SECTORS * POOL_SECTOR);
		before[k] = malloc(SECTORS * POOL_SECTOR);
		middle[k] = malloc(SECTORS * POOL_SECTOR);
	}
	return 0;
}

static int release(void **unused)
{
	(void)unused;
	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		free(trial.image[k]);
		free(before[k]);
		free(middle[k]);
	}
	free(arena);
	free(trial_arena);
	free(check_arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(damage_is_repaired, setup, teardown),
		cmocka_unit_test_setup_teardown(missing_member, setup, teardown),
		cmocka_unit_test_setup_teardown(both_went_on, setup, teardown),
		cmocka_unit_test_setup_teardown(lost_members, setup, teardown),
		cmocka_unit_test_setup_teardown(writes_beside_a_copy, setup, teardown),
		cmocka_unit_test_setup_teardown(a_wrong_byte_beside_a_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(a_member_that_is_back, setup, teardown),
		cmocka_unit_test_setup_teardown(a_member_that_is_not_the_same, setup, teardown),
		cmocka_unit_test_setup_teardown(a_disk_is_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(cuts_in_a_replacement, setup, teardown),
		cmocka_unit_test_setup_teardown(a_scrub_repairs, setup, teardown),
		cmocka_unit_test_setup_teardown(a_scrub_loses_a_member, setup, teardown),
		cmocka_unit_test_setup_teardown(another_kind, setup, teardown),
		cmocka_unit_test(power_cuts_and_dead_disks),
	};

	return cmocka_run_group_tests(tests, allocate, release);
}
