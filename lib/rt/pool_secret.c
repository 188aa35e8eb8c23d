/* SPDX-License-Identifier: MIT */
/*
 * pool_secret.c - see pool_secret.h.
 */
#include "pool_secret.h"

#include "blake2b.h"

_Static_assert(POOL_SECRET_BYTES == BLAKE2B_BYTES, "one digest");

void pool_secret(u8 secret[POOL_SECRET_BYTES], u32 way, const void *bytes, size_t count)
{
	char prefix[] = "vos pool key\n0\n";
	struct blake2b sum;

	prefix[sizeof(prefix) - 3] = (char)('0' + way);
	blake2b_init(&sum);
	blake2b_add(&sum, prefix, sizeof(prefix) - 1);
	blake2b_add(&sum, bytes, count);
	blake2b_finish(&sum, secret);
	__builtin_memset(&sum, 0, sizeof(sum));
	__asm__ volatile("" : : "r"(&sum) : "memory");	/* or a compiler may leave it out */
}
