/* SPDX-License-Identifier: MIT */
/*
 * pool_secret.c - see pool_secret.h.
 */
#include "pool_secret.h"

#include "blake2b.h"

_Static_assert(POOL_SECRET_BYTES == BLAKE2B_BYTES, "one digest");

static void secret(u8 out[BLAKE2B_BYTES], const char *prefix, const void *bytes, size_t count)
{
	struct blake2b sum;

	blake2b_init(&sum);
	blake2b_add(&sum, prefix, __builtin_strlen(prefix));
	blake2b_add(&sum, bytes, count);
	blake2b_finish(&sum, out);
	__builtin_memset(&sum, 0, sizeof(sum));
	__asm__ volatile("" : : "r"(&sum) : "memory");	/* or a compiler may leave it out */
}

void pool_secret(u8 out[POOL_SECRET_BYTES], u32 way, const void *bytes, size_t count)
{
	char prefix[] = "vos pool key\n0\n";

	prefix[sizeof(prefix) - 3] = (char)('0' + way);
	secret(out, prefix, bytes, count);
}

void user_secret(u8 out[POOL_SECRET_BYTES], const char *password, size_t count)
{
	secret(out, "vos password\n", password, count);
}
