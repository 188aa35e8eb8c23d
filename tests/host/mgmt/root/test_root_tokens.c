/* SPDX-License-Identifier: MIT */
/*
 * Tokens that log in: their number, their time, and what is none. With requests: test_root_users.c.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "root.h"
#include "token_table.h"

#define HZ 1000000u

static const u8 *token(u32 number)
{
	static u8 bytes[USER_SECRET_BYTES];

	bytes[0] = (u8)number;
	bytes[31] = (u8)(number >> 8);
	return bytes;
}

/* So long after the start of the machine. */
static void set_time(u64 seconds)
{
	rt_time_init(&root.time, HZ, rt_time_tsc() - seconds * HZ);
}

static const char *user(u32 number)
{
	static char name[USER_NAME_BYTES];

	memset(name, 0, sizeof(name));
	snprintf(name, sizeof(name), "user-%u", number);
	return name;
}

static int setup(void **state)
{
	(void)state;
	set_time(1000000);
	for (u32 i = 0; i <= USERS_MAX; i++)
		tokens_end(user(i));
	return 0;
}

static void one_more_than_may_be(void **state)
{
	(void)state;
	for (u32 i = 1; i <= USER_TOKENS_MAX; i++) {
		set_time(1000000 + i);
		token_keep(user(1), ROLE_VIEWER, token(i));
	}
	token_keep(user(2), ROLE_ADMIN, token(1));		/* as somebody else has one */
	set_time(1000100);
	token_keep(user(1), ROLE_OPERATOR, token(100));
	assert_int_equal(token_role(user(1), token(1)), ROLE_UNSET);	/* the oldest one has gone */
	for (u32 i = 2; i <= USER_TOKENS_MAX; i++)
		assert_int_equal(token_role(user(1), token(i)), ROLE_VIEWER);
	assert_int_equal(token_role(user(1), token(100)), ROLE_OPERATOR);
	assert_int_equal(token_role(user(2), token(1)), ROLE_ADMIN);
	tokens_end(user(1));
	assert_int_equal(token_role(user(1), token(100)), ROLE_UNSET);
	assert_int_equal(token_role(user(2), token(1)), ROLE_ADMIN);
}

static void all_that_there_can_be(void **state)
{
	(void)state;
	for (u32 i = 0; i < USERS_MAX; i++)
		for (u32 k = 1; k <= USER_TOKENS_MAX; k++)
			token_keep(user(i), ROLE_VIEWER, token(i * 8 + k));
	for (u32 i = 0; i < USERS_MAX; i++)
		for (u32 k = 1; k <= USER_TOKENS_MAX; k++)
			assert_int_equal(token_role(user(i), token(i * 8 + k)), ROLE_VIEWER);
	token_keep(user(USERS_MAX), ROLE_ADMIN, token(4711));	/* one user too many: no place, and none is taken */
	assert_int_equal(token_role(user(USERS_MAX), token(4711)), ROLE_UNSET);
}

static void their_time(void **state)
{
	(void)state;
	token_keep(user(1), ROLE_VIEWER, token(1));
	set_time(1000000 + USER_TOKEN_HOURS * 3600 - 60);
	assert_int_equal(token_role(user(1), token(1)), ROLE_VIEWER);	/* which does not make it last longer */
	set_time(1000000 + USER_TOKEN_HOURS * 3600 + 1);
	assert_int_equal(token_role(user(1), token(1)), ROLE_UNSET);
	set_time(1000000);
	assert_int_equal(token_role(user(1), token(1)), ROLE_UNSET);	/* it is not there any more */
}

static void no_token(void **state)
{
	(void)state;
	token_keep(user(1), ROLE_ADMIN, token(0));
	assert_int_equal(token_role(user(1), token(0)), ROLE_UNSET);
	token_keep(user(1), ROLE_ADMIN, token(1));
	token_keep(user(1), ROLE_VIEWER, token(1));		/* the same one again: what the user is now */
	assert_int_equal(token_role(user(1), token(1)), ROLE_VIEWER);
	token_end(user(2), token(1));
	assert_int_equal(token_role(user(1), token(1)), ROLE_VIEWER);
	token_end(user(1), token(1));
	assert_int_equal(token_role(user(1), token(1)), ROLE_UNSET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_more_than_may_be, setup),
		cmocka_unit_test_setup(all_that_there_can_be, setup),
		cmocka_unit_test_setup(their_time, setup), cmocka_unit_test_setup(no_token, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
