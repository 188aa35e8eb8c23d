/* SPDX-License-Identifier: MIT */
/*
 * Power cuts: a pool under random requests; at many of the writes that the disk gets, and answers to flushes, all
 * subsets of the writes that were not flushed where these are few, and random ones, with torn writes. The pool is
 * recovered from each, and judged by the oracle; from some the power fails again during recovery. POOL_CRASH_STATES
 * and POOL_CRASH_SEED say how many and which.
 */
/* links: pool */
/* helpers: crash_world.c crash_state.c crash_table.c sim_disk.c sim_crash.c sim_cipher.c oracle.c oracle_disk.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crash_world.h"

#define STATES 100000u
#define REQUESTS 400u

static struct world world;

static u64 number(const char *name, u64 otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void power_cuts(void **state)
{
	u64 seed = number("POOL_CRASH_SEED", 1);

	(void)state;
	world_make(&world);
	world.limit = number("POOL_CRASH_STATES", STATES);
	for (; world.states < world.limit; seed++)
		world_run(&world, seed, REQUESTS);
	printf("%llu power cuts, %llu of them during recovery; last seed %llu\n",
		(unsigned long long)world.states, (unsigned long long)world.nested, (unsigned long long)seed - 1);
	printf("%u commits, %u snapshots and clones, %u deletions, %u requests without room, %u the short way\n",
		(unsigned)world.checkpoints, (unsigned)world.copies, (unsigned)world.deletions,
		(unsigned)world.no_space, (unsigned)world.directs);
	printf("%u reverts, %u volumes that grew, %u pools that went on after a cut, %u disks that failed\n",
		(unsigned)world.reverts, (unsigned)world.resizes, (unsigned)world.cuts, (unsigned)world.failures);
	printf("%llu granules were encrypted\n", (unsigned long long)world.nonces);
	world_free(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(power_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
