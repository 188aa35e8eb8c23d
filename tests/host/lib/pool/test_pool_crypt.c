/* SPDX-License-Identifier: MIT */
/*
 * Encrypted volumes: what lies on the disk, without a key, with bytes that changed or moved, after a power cut; keys.
 */
/* links: pool */
/* helpers: pool_fixture.c sim_disk.c sim_cipher.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "layout.h"
#include "node.h"
#include "pool_fixture.h"
#include "sim_cipher.h"

static struct sim_cipher cipher;

static void unlock(void)
{
	const struct pool_cipher c = sim_cipher(&cipher);

	pool_unlock(pool, &c);
}

static void make_unlocked(u32 blocks)
{
	make_pool(blocks, 64, 40, 0);
	sim_cipher_make(&cipher, 42);
	unlock();
}

static u32 make_encrypted(const char *name, u64 granules)
{
	struct pool_volume_spec spec = { .kind = POOL_ENCRYPTED, .sectors = granules * GRANULE,
		.cipher = POOL_AES_256_GCM };
	u32 id = 0;

	strcpy(spec.name, name);
	assert_int_equal(pool_volume_create(pool, &spec, &id), POOL_OK);
	commit();
	return id;
}

static void write_with(u32 v, u64 granule, u8 byte)
{
	memset(data, byte, POOL_BLOCK);
	assert_int_equal(request(POOL_WRITE, v, granule * GRANULE, GRANULE), POOL_OK);
}

static void assert_granule(u32 v, u64 granule, u8 byte)
{
	memset(data, ~byte, POOL_BLOCK);
	assert_int_equal(request(POOL_READ, v, granule * GRANULE, GRANULE), POOL_OK);
	for (u32 i = 0; i < POOL_BLOCK; i++)
		assert_int_equal(data[i], byte);
}

static bool is_on_disk(u8 byte)
{
	for (u64 at = 0; at + 16 <= disk.sectors * POOL_SECTOR; at += 16) {
		u32 i = 0;

		while (i < 16 && disk.now[at + i] == byte)
			i++;
		if (i == 16)
			return true;
	}
	return false;
}

static struct pool_node *leaf_of(u32 v, u64 granule)
{
	struct node *n = node_cached(pool, volume(v), 0, granule / POOL_FANOUT_ENCRYPTED);

	assert_non_null(n);
	return n->bytes;
}

/* Granules on both sides of the end of a leaf, and a write of less than one. */
static void bytes_are_hidden(void **state)
{
	u32 v;

	(void)state;
	make_unlocked(768);
	v = make_encrypted("v", 300);
	for (u64 g = 80; g < 90; g++)
		write_with(v, g, (u8)(0x90 + g));
	memset(data, 0x77, POOL_SECTOR);
	assert_int_equal(request(POOL_WRITE, v, 80 * GRANULE + 3, 1), POOL_OK);
	commit();
	assert_false(is_on_disk(0x90 + 83));
	assert_false(is_on_disk(0x77));
	assert_sound();
	assert_int_equal(reopen(), POOL_OK);
	unlock();
	for (u64 g = 81; g < 90; g++)
		assert_granule(v, g, (u8)(0x90 + g));
	assert_int_equal(request(POOL_READ, v, 80 * GRANULE, GRANULE), POOL_OK);
	assert_int_equal(data[3 * POOL_SECTOR - 1], 0x90 + 80);
	assert_int_equal(data[3 * POOL_SECTOR], 0x77);
	assert_int_equal(data[4 * POOL_SECTOR], 0x90 + 80);
	assert_granule(v, 79, 0);
}

/* What needs no data works without a key; requests do not. Another cipher's key is none. */
static void locked(void **state)
{
	struct pool_request r = { .op = POOL_READ, .sectors = 8, .data = data, .done = ended };
	struct pool_volume_spec spec = { .name = "w", .kind = POOL_ENCRYPTED, .sectors = 8,
		.cipher = POOL_AES_256_GCM };
	struct pool_cipher other;
	u32 v, s, c;

	(void)state;
	make_unlocked(768);
	r.volume = v = make_encrypted("v", 64);
	write_with(v, 1, 5);
	commit();
	assert_int_equal(reopen(), POOL_OK);
	assert_int_equal(pool_submit(pool, &r), POOL_LOCKED);
	assert_int_equal(pool_volume_create(pool, &spec, &c), POOL_LOCKED);
	other = sim_cipher(&cipher);
	other.known = BIT32(POOL_CHACHA20_POLY1305);
	pool_unlock(pool, &other);
	assert_int_equal(pool_submit(pool, &r), POOL_LOCKED);
	s = snapshot(v, "s");
	assert_int_equal(pool_clone(pool, s, "c", (const u8[POOL_UUID_BYTES]){ 1 }, &c), POOL_OK);
	assert_int_equal(pool_resize(pool, c, 200 * GRANULE), POOL_OK);
	commit();
	assert_sound();
	unlock();
	assert_granule(c, 1, 5);
	write_with(c, 150, 6);
	write_with(c, 1, 7);
	assert_granule(s, 1, 5);
	assert_granule(c, 150, 6);
	commit();
	assert_int_equal(pool_delete(pool, &c, 1), POOL_OK);
	sim_disk_drain(&disk);
	commit();
	commit();
	assert_sound();
}

static void flipped_bit(void **state)
{
	struct pool_node *leaf;
	u32 v;

	(void)state;
	make_unlocked(768);
	v = make_encrypted("v", 64);
	write_with(v, 1, 5);
	write_with(v, 2, 6);
	leaf = leaf_of(v, 1);
	disk.now[pool_place_block(leaf->encrypted[1].g.place) * POOL_BLOCK + 77] ^= 4;
	assert_int_equal(request(POOL_READ, v, GRANULE, GRANULE), POOL_CORRUPT);
	/* Not over what is damaged, unless all of it is new. */
	assert_int_equal(request(POOL_WRITE, v, GRANULE, 1), POOL_CORRUPT);
	assert_granule(v, 2, 6);
	write_with(v, 1, 8);
	assert_granule(v, 1, 8);
}

/* Two granules that change places, tags, nonces and checksums with them, are not taken for each other. */
static void moved_granule(void **state)
{
	struct pool_granule_encrypted one;
	struct pool_node *leaf;
	u32 v;

	(void)state;
	make_unlocked(768);
	v = make_encrypted("v", 64);
	write_with(v, 1, 5);
	write_with(v, 2, 6);
	leaf = leaf_of(v, 1);
	one = leaf->encrypted[1];
	leaf->encrypted[1] = leaf->encrypted[2];
	leaf->encrypted[2] = one;
	assert_int_equal(request(POOL_READ, v, GRANULE, GRANULE), POOL_CORRUPT);
	leaf->encrypted[2] = leaf->encrypted[1];
	leaf->encrypted[1] = one;
	leaf->encrypted[1].g.birth--;
	assert_int_equal(request(POOL_READ, v, GRANULE, GRANULE), POOL_CORRUPT);
}

/* A batch of entries of both sizes, more than fit into one if all are wide. */
static void recovery(void **state)
{
	u32 v, w;
	u64 unused;

	(void)state;
	make_unlocked(2048);
	v = make_encrypted("v", 300);
	w = make_volume("w", POOL_INTEGRITY, 700 * GRANULE);
	memset(data, 1, sizeof(data));
	write_granules(w, 0, 600);
	for (u64 g = 0; g < 70; g++)
		write_with(v, g * 4, (u8)(g + 1));
	assert_int_equal(request(POOL_FLUSH, 0, 0, 0), POOL_OK);
	unused = cipher.unused;
	sim_disk_cut(&disk);
	assert_int_equal(reopen(), POOL_OK);
	unlock();
	for (u64 g = 0; g < 70; g++)
		assert_granule(v, g * 4, (u8)(g + 1));
	assert_granule(w, 599, 1);
	write_with(v, 0, 9);
	assert_false(cipher.is_twice);
	assert_true(cipher.unused > unused);
	assert_sound();
}

/* Nonces that are used up end writes, and nothing else. */
static void last_nonce(void **state)
{
	u32 v;

	(void)state;
	make_unlocked(768);
	v = make_encrypted("v", 64);
	write_with(v, 1, 5);
	pool->crypt.next = POOL_NONCES - 1;
	commit();
	write_with(v, 1, 6);
	assert_int_equal(request(POOL_WRITE, v, GRANULE, GRANULE), POOL_READ_ONLY);
	assert_granule(v, 1, 6);
	commit();
	assert_int_equal(reopen(), POOL_OK);
	unlock();
	assert_int_equal(request(POOL_WRITE, v, GRANULE, GRANULE), POOL_READ_ONLY);
	assert_granule(v, 1, 6);
}

static void key_slots(void **state)
{
	struct pool_key_slot slot = { .kind = 1, .passes = 5, .salt = { 1, 2 }, .wrapped = { 3 } };

	(void)state;
	make_pool(768, 64, 40, 0);
	assert_int_equal(pool_key_slot(pool, 0)->kind, 0);
	assert_int_equal(pool_key_slot_set(pool, 1, &slot), POOL_OK);
	sim_disk_drain(&disk);
	sim_disk_cut(&disk);
	commit();
	assert_int_equal(reopen(), POOL_OK);
	assert_memory_equal(pool_key_slot(pool, 1), &slot, sizeof(slot));
}

/* A label of before there was encryption. */
static void older_pool(void **state)
{
	struct pool_volume_spec spec = { .name = "w", .kind = POOL_ENCRYPTED, .sectors = 8,
		.cipher = POOL_AES_256_GCM };
	struct pool_key_slot slot = { .kind = 1 };
	struct pool_label *l;
	u32 id;

	(void)state;
	make_unlocked(768);
	l = (struct pool_label *)disk.now;
	l->features = 0;
	l->crc = layout_sum(l, sizeof(*l), offsetof(struct pool_label, crc));
	assert_int_equal(reopen(), POOL_OK);
	unlock();
	assert_int_equal(pool_volume_create(pool, &spec, &id), POOL_UNKNOWN);
	assert_int_equal(pool_key_slot_set(pool, 0, &slot), POOL_UNKNOWN);
}

/* Records that do not fit together. */
static void bad_records(void **state)
{
	struct pool_record r = { .id = 1, .kind = POOL_ENCRYPTED, .levels = 1, .name = "v", .sectors = 8, .crypto = 1,
		.cipher = POOL_AES_256_GCM }, x;
	struct pool_super s = { .next_volume = 3, .birth = 1 };
	struct pool_label l = { .blocks = 1000, .log_blocks = 16, .features = POOL_FEATURE_ENCRYPTED };

	(void)state;
	assert_true(layout_volume(&r, &s, &l));
	x = r, x.cipher = 0;
	assert_false(layout_volume(&x, &s, &l));
	x = r, x.cipher = POOL_CIPHER_KINDS;
	assert_false(layout_volume(&x, &s, &l));
	x = r, x.crypto = 0;
	assert_false(layout_volume(&x, &s, &l));
	x = r, x.crypto = 3;
	assert_false(layout_volume(&x, &s, &l));
	x = r, x.kind = POOL_INTEGRITY;
	assert_false(layout_volume(&x, &s, &l));
	l.features = 0;
	assert_false(layout_volume(&r, &s, &l));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(bytes_are_hidden, free_pool),
		cmocka_unit_test_teardown(locked, free_pool),
		cmocka_unit_test_teardown(flipped_bit, free_pool),
		cmocka_unit_test_teardown(moved_granule, free_pool),
		cmocka_unit_test_teardown(recovery, free_pool),
		cmocka_unit_test_teardown(last_nonce, free_pool),
		cmocka_unit_test_teardown(key_slots, free_pool),
		cmocka_unit_test_teardown(older_pool, free_pool),
		cmocka_unit_test(bad_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
