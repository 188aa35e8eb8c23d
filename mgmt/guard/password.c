/* SPDX-License-Identifier: MIT */
/*
 * password.c - see password.h.
 */
#include <sodium.h>
#undef PAGE_SIZE	/* limits.h has it too */

#include "password.h"

#include <string.h>

#define ALGORITHM crypto_pwhash_argon2id_ALG_ARGON2ID13

_Static_assert(sizeof(((struct user *)0)->salt) == crypto_pwhash_argon2id_SALTBYTES, "salt");
_Static_assert(PASSWORD_KIB_MIN * 1024u == crypto_pwhash_argon2id_MEMLIMIT_MIN, "least");

static bool (*random_bytes)(void *out, size_t bytes);
static u64 (*ticks_now)(void);

static const char *random_name(void)
{
	return "vos";
}

/* A salt has to be another one each time, not a secret: without a generator the time does. */
static void random_fill(void *const out, const size_t bytes)
{
	static u64 count;
	u64 seed[2] = { ticks_now(), ++count };

	if (!random_bytes(out, bytes))
		(void)crypto_generichash(out, bytes, (const u8 *)seed, sizeof(seed), NULL, 0);
}

static u32 random_word(void)
{
	u8 bytes[crypto_generichash_BYTES_MIN];
	u32 word;

	random_fill(bytes, sizeof(bytes));
	memcpy(&word, bytes, sizeof(word));
	return word;
}

void password_init(bool (*random)(void *out, size_t bytes), u64 (*ticks)(void))
{
	static struct randombytes_implementation ours = {
		.implementation_name = random_name, .random = random_word, .buf = random_fill,
	};

	random_bytes = random;
	ticks_now = ticks;
	(void)randombytes_set_implementation(&ours);
	if (sodium_init() < 0)
		sodium_misuse();
}

bool password_cost_ok(u32 passes, u32 memory_kib)
{
	return passes >= 1 && passes <= PASSWORD_PASSES_MAX && memory_kib >= PASSWORD_KIB_MIN &&
	       memory_kib <= PASSWORD_KIB;
}

static bool hash(u8 out[32], const struct user *user, const u8 secret[USER_SECRET_BYTES])
{
	return crypto_pwhash_argon2id(out, 32, (const char *)secret, USER_SECRET_BYTES, user->salt, user->passes,
				      user->memory_kib * 1024ul, ALGORITHM) == 0;
}

bool password_make(struct user *user, const u8 secret[USER_SECRET_BYTES])
{
	user->passes = PASSWORD_PASSES;
	user->memory_kib = PASSWORD_KIB;
	random_fill(user->salt, sizeof(user->salt));
	return hash(user->hash, user, secret);
}

enum guard_error password_check(const struct user *user, const u8 secret[USER_SECRET_BYTES])
{
	static const struct user nobody = { .passes = PASSWORD_PASSES, .memory_kib = PASSWORD_KIB };
	const struct user *who = user != NULL ? user : &nobody;
	bool is_right;
	u8 got[32];

	if (!hash(got, who, secret))
		return GUARD_MEMORY;
	is_right = sodium_memcmp(got, who->hash, sizeof(got)) == 0;
	sodium_memzero(got, sizeof(got));
	return is_right && user != NULL ? GUARD_OK : GUARD_WRONG;
}
