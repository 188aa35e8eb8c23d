/* SPDX-License-Identifier: MIT */
/*
 * The table of addresses: learning, moving, ageing, fixed entries; and that a port that makes up addresses takes no
 * place from others.
 */
/* links: net */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mac_table.h"

#define A 0x020000000001ull

static struct mac_table table;

static int setup(void **state)
{
	(void)state;
	mac_table_init(&table, 0x9e3779b97f4a7c15ull);
	return 0;
}

static void test_learn_and_age(void **state)
{
	(void)state;
	assert_int_equal(mac_find(&table, 1, A, 0), PORT_NONE);
	mac_learn(&table, 1, A, 3, MAC_PORT_MAX, 10);
	assert_int_equal(mac_find(&table, 1, A, 10 + MAC_AGE_S), 3);
	assert_int_equal(mac_find(&table, 2, A, 10), PORT_NONE);		/* another VLAN */
	assert_int_equal(mac_find(&table, 1, A, 11 + MAC_AGE_S), PORT_NONE);
	mac_learn(&table, 1, A, 5, MAC_PORT_MAX, 20);
	assert_int_equal(mac_find(&table, 1, A, 20), 5);
	assert_int_equal(table.learned[3], 0);
	assert_int_equal(table.learned[5], 1);
	mac_forget_port(&table, 5);
	assert_int_equal(mac_find(&table, 1, A, 20), PORT_NONE);
	assert_int_equal(table.learned[5], 0);
}

/* Addresses of ports are theirs in every VLAN, as many as there are ports, whatever the secret is. */
static void test_own(void **state)
{
	(void)state;
	assert_true(mac_own(&table, A, 2));
	assert_int_equal(mac_owner(&table, A), 2);
	assert_int_equal(mac_owner(&table, A + 1), PORT_NONE);
	assert_false(mac_own(&table, A, 3));
	mac_forget_port(&table, 2);
	assert_int_equal(mac_owner(&table, A), PORT_NONE);
	for (u64 secret = 1; secret < 2000; secret++) {
		mac_table_init(&table, secret * 0x9e3779b97f4a7c15ull);
		for (u32 port = 0; port < SWITCH_PORTS; port++)
			assert_true(mac_own(&table, A + port, port));
		for (u32 port = 0; port < SWITCH_PORTS; port++)
			assert_int_equal(mac_owner(&table, A + port), port);
		assert_int_equal(mac_owner(&table, A + SWITCH_PORTS), PORT_NONE);
	}
}

/* A station moves to a port that has its most entries: it is not looked for at the old one. */
static void test_moves_to_a_full_port(void **state)
{
	u32 at;

	(void)state;
	for (u64 i = 0; i < 2; i++)
		mac_learn(&table, 1, 0x060000000000ull + i, 5, 2, 1);
	mac_learn(&table, 1, A, 8, MAC_PORT_MAX, 1);
	mac_learn(&table, 1, A, 5, 2, 2);
	at = mac_find(&table, 1, A, 2);
	assert_true(at == 5 || at == PORT_NONE);
	assert_int_equal(table.learned[8], 0);
	assert_int_equal(table.learned[5], 2);
}

static void test_limit(void **state)
{
	u32 own = 0, others = 0;

	(void)state;
	for (u64 i = 0; i < 40; i++)
		mac_learn(&table, 1, A + i, (u32)i, MAC_PORT_MAX, 0);
	for (u64 i = 0; i < 100000; i++)
		mac_learn(&table, 1, 0x060000000000ull + i * 977, 63, MAC_PORT_MAX, 1);
	assert_true(table.learned[63] <= MAC_PORT_MAX);
	for (u64 i = 0; i < 40; i++)
		others += mac_find(&table, 1, A + i, 1) == i;
	assert_int_equal(others, 40);
	/* It still learns, in the places that it has. */
	for (u64 i = 99000; i < 100000; i++)
		own += mac_find(&table, 1, 0x060000000000ull + i * 977, 1) == 63;
	assert_true(own > 0);
	mac_table_sweep(&table, 2 + MAC_AGE_S);
	assert_int_equal(table.learned[63], 0);
}

static u32 count_of(u32 port)
{
	u32 count = 0;

	for (u32 s = 0; s < MAC_SETS; s++)
		for (u32 w = 0; w < MAC_WAYS; w++) {
			const struct mac_entry *e = &table.entry[s][w];

			count += e->key != 0 && e->port == port;
		}
	return count;
}

/* Whatever happens, the counts are those of the entries, and no port has more than it may. */
static void test_random(void **state)
{
	unsigned seed = 77;

	(void)state;
	for (u32 i = 0; i < 200000; i++) {
		u32 port = (u32)rand_r(&seed) % 8, what = (u32)rand_r(&seed) % 1000;
		u16 vlan = (u16)(1 + rand_r(&seed) % 2);
		u64 mac = A + (u32)rand_r(&seed) % 2000;

		if (what == 0)
			mac_forget_port(&table, port);
		else
			mac_learn(&table, vlan, mac, port, MAC_PORT_MAX, i / 100);
		if (i % 1000 == 0)
			for (u32 p = 0; p < 8; p++) {
				assert_int_equal(table.learned[p], count_of(p));
				assert_true(table.learned[p] <= MAC_PORT_MAX);
			}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_learn_and_age, setup), cmocka_unit_test_setup(test_own, setup),
		cmocka_unit_test_setup(test_moves_to_a_full_port, setup),
		cmocka_unit_test_setup(test_limit, setup), cmocka_unit_test_setup(test_random, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
