/* SPDX-License-Identifier: MIT */
/*
 * Keys of pools and encrypted volumes in the store, with the real ciphers.
 */
/* links: store pool rt */
/* helpers: store_bench.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cipher.h"
#include "pool_words.h"

static int setup(void **state)
{
	(void)state;
	bench_has_random = true;
	bench_setup();
	return 0;
}

static enum store_error key_order(enum store_op op, enum store_key_way way, u8 secret)
{
	struct store_order order = { .op = op, .slot = POOL0, .link = way, .volume = "p" };

	memset(order.secret, secret, sizeof(order.secret));
	return bench_answer(bench_send(order));
}

static enum store_error create(const char *name, u8 guid)
{
	struct store_order order = { .op = STORE_CREATE, .slot = POOL0, .bytes = 4 * MIB_BYTES, .guid = { guid },
		.flags = STORE_ENCRYPTED };

	strcpy(order.volume, name);
	return bench_answer(bench_send(order));
}

static u32 key_flags(void)
{
	return view.pool[0].flags & (STORE_IS_ENCRYPTED | STORE_IS_LOCKED);
}

static void make_encrypted(void)
{
	make_pool();
	assert_int_equal(key_order(STORE_SET_KEY, STORE_PASSPHRASE, 1), STORE_OK);
	assert_int_equal(create("v", 1), STORE_OK);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
}

static void secrets(void **state)
{
	(void)state;
	make_pool();
	assert_int_equal(key_flags(), 0);
	assert_int_equal(create("v", 1), STORE_LOCKED);
	assert_int_equal(key_order(STORE_UNLOCK, STORE_PASSPHRASE, 1), STORE_NO_KEY);
	assert_int_equal(key_order(STORE_SET_KEY, 0, 1), STORE_BAD_ORDER);
	assert_int_equal(key_order(STORE_SET_KEY, STORE_KEY_WAYS, 1), STORE_BAD_ORDER);
	assert_int_equal(key_order(STORE_SET_KEY, STORE_PASSPHRASE, 1), STORE_OK);
	assert_int_equal(key_flags(), STORE_IS_ENCRYPTED);
	assert_int_equal(create("v", 1), STORE_OK);
	assert_int_equal(bench_part("v")->flags & (STORE_IS_ENCRYPTED | STORE_IS_LOCKED), STORE_IS_ENCRYPTED);
	assert_int_equal(key_order(STORE_UNLOCK, STORE_KEY_FILE, 1), STORE_NO_KEY);
	assert_int_equal(key_order(STORE_SET_KEY, STORE_KEY_FILE, 2), STORE_OK);
	reboot();
	assert_int_equal(key_flags(), STORE_IS_ENCRYPTED | STORE_IS_LOCKED);
	assert_int_equal(bench_part("v")->flags & STORE_IS_LOCKED, STORE_IS_LOCKED);
	assert_int_equal(key_order(STORE_SET_KEY, STORE_PASSPHRASE, 3), STORE_LOCKED);
	assert_int_equal(key_order(STORE_UNLOCK, STORE_PASSPHRASE, 2), STORE_WRONG_KEY);
	assert_int_equal(key_order(STORE_UNLOCK, STORE_KEY_FILE, 1), STORE_WRONG_KEY);
	assert_int_equal(create("w", 2), STORE_LOCKED);
	assert_int_equal(key_order(STORE_UNLOCK, STORE_KEY_FILE, 2), STORE_OK);
	assert_int_equal(key_flags(), STORE_IS_ENCRYPTED);
	assert_int_equal(bench_part("v")->flags & STORE_IS_LOCKED, 0);
	/* Another passphrase: the old one is none any more. */
	assert_int_equal(key_order(STORE_SET_KEY, STORE_PASSPHRASE, 3), STORE_OK);
	reboot();
	assert_int_equal(key_order(STORE_UNLOCK, STORE_PASSPHRASE, 1), STORE_WRONG_KEY);
	assert_int_equal(key_order(STORE_UNLOCK, STORE_PASSPHRASE, 3), STORE_OK);
	assert_int_equal(bench_close_pool(0), STORE_OK);
	assert_int_equal(bench_open_pool(0, "p"), STORE_OK);
	assert_int_equal(key_flags(), STORE_IS_ENCRYPTED | STORE_IS_LOCKED);
}

/* Written, and read after a restart; a link that comes before the key waits. */
static void data(void **state)
{
	(void)state;
	make_encrypted();
	assert_int_equal(write_all(0, 3, 300, 5), BLK_OK);
	assert_int_equal(bench_do(0, BLK_FLUSH, 0, 0), BLK_OK);
	reboot();
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	assert_int_equal(key_order(STORE_UNLOCK, STORE_PASSPHRASE, 1), STORE_OK);
	assert_true(reads(0, 3, 300, 5));
	assert_true(reads(0, 0, 3, 0));
	assert_int_equal(write_all(0, 100, 8, 6), BLK_OK);
	assert_true(reads(0, 100, 8, 6));
}

/* A clone that is made while the pool is locked waits as its origin does. */
static void clone_waits(void **state)
{
	struct store_order order;
	u32 errors = 0;

	(void)state;
	make_encrypted();
	assert_int_equal(write_all(0, 3, 8, 5), BLK_OK);
	assert_int_equal(bench_do(0, BLK_FLUSH, 0, 0), BLK_OK);
	reboot();
	order = named(STORE_CLONE, "v", "c", 5);
	strcpy(order.snapshot, "c-o");
	assert_int_equal(bench_answer(bench_send(order)), STORE_OK);
	assert_int_equal(bench_attach(0, "c", NULL), STORE_OK);
	bench_submit(0, BLK_READ, 3, 8);
	bench_run();
	assert_int_equal(bench_completed(0, &errors), 0);
	assert_int_equal(key_order(STORE_UNLOCK, STORE_PASSPHRASE, 1), STORE_OK);
	bench_run();
	assert_int_equal(bench_completed(0, &errors), 1);
	assert_int_equal(errors, 0);
	assert_int_equal(bench_data(0)[0], 5);
}

static void flipped_bit(void **state)
{
	static u8 before[BENCH_BYTES];
	u64 at = BENCH_BYTES - 1;	/* data lies behind the log */

	(void)state;
	make_encrypted();
	assert_int_equal(bench_do(0, BLK_FLUSH, 0, 0), BLK_OK);
	memcpy(before, bench_disk[0].data, sizeof(before));
	assert_int_equal(write_all(0, 800, 8, 5), BLK_OK);
	while (at > 0 && before[at] == bench_disk[0].data[at])
		at--;
	bench_disk[0].data[at - 9] ^= 1;
	bench_log[0] = '\0';
	assert_int_equal(bench_do(0, BLK_READ, 800, 8), BLK_IOERR);
	assert_non_null(strstr(bench_log, "pool p, volume v: the data at byte 409600 "));
}

static void no_generator(void **state)
{
	(void)state;
	make_pool();
	bench_has_random = false;
	assert_int_equal(key_order(STORE_SET_KEY, STORE_PASSPHRASE, 1), STORE_NO_RANDOM);
	assert_int_equal(key_flags(), 0);
}

/* What does not fit its tag is not left there, either. */
static bool opens(const struct pool_cipher *c, const struct pool_sealing *s)
{
	u8 sealed[POOL_BLOCK];
	bool is_right;

	memcpy(sealed, s->data, sizeof(sealed));
	is_right = c->open(c->context, s);
	if (!is_right)
		memcpy(s->data, sealed, sizeof(sealed));
	return is_right;
}

static void seal_and_open(const struct pool_cipher *c, enum pool_cipher_kind kind)
{
	static u8 bytes[POOL_BLOCK];
	struct pool_seal seal = { .nonce = { 1, 2, 3 } };
	struct pool_sealing s = { .cipher = (u8)kind, .bound = { 4, 5, 6 }, .seal = &seal, .data = bytes };

	if ((c->known >> kind & 1) == 0)
		return;
	memset(bytes, 7, sizeof(bytes));
	c->seal(c->context, &s);
	assert_int_not_equal(bytes[0], 7);
	bytes[100] ^= 1;
	assert_false(opens(c, &s));
	bytes[100] ^= 1;
	s.bound.granule++;
	assert_false(opens(c, &s));
	s.bound.granule--;
	seal.nonce[11] ^= 1;
	assert_false(opens(c, &s));
	seal.nonce[11] ^= 1;
	assert_true(opens(c, &s));
	for (u32 i = 0; i < POOL_BLOCK; i++)
		assert_int_equal(bytes[i], 7);
}

static void ciphers(void **state)
{
	static const u8 key[CIPHER_KEY_BYTES] = { 9 };
	static struct cipher_keys keys;
	struct pool_cipher c;

	(void)state;
	cipher_keys_make(&keys, key);
	c = cipher_of(&keys, 1);
	assert_true((c.known >> cipher_best() & 1) != 0);
	seal_and_open(&c, POOL_AES_256_GCM);
	seal_and_open(&c, POOL_CHACHA20_POLY1305);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(secrets, setup),
		cmocka_unit_test_setup(data, setup),
		cmocka_unit_test_setup(clone_waits, setup),
		cmocka_unit_test_setup(flipped_bit, setup),
		cmocka_unit_test_setup(no_generator, setup),
		cmocka_unit_test_setup(ciphers, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
