/* SPDX-License-Identifier: MIT */
/*
 * keys.c - see keys.h.
 *
 *	passphrase	secret -> Argon2id with the slot's salt -> wrapping key
 *	key file	secret -> BLAKE2b keyed with the salt: it is random enough
 *	wrapped		XChaCha20-Poly1305 of the pool's key; bound to the way and to the pool's UUID
 *
 * A secret is the hash of what a person has (store.h).
 */
#include <sodium.h>
#undef PAGE_SIZE	/* limits.h has it too */

#include "keys.h"

#include <string.h>

#define PASSES 5u
#define MEMORY_KIB 8192u	/* RFC 9106 wants more; this is what OWASP gives as its least, and the heap has it */
#define PASSES_MAX 32u		/* what a disk may ask for */
#define ALGORITHM crypto_pwhash_argon2id_ALG_ARGON2ID13

_Static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == sizeof(((struct pool_key_slot *)0)->nonce), "format");
_Static_assert(crypto_pwhash_argon2id_SALTBYTES == sizeof(((struct pool_key_slot *)0)->salt), "format");
_Static_assert(CIPHER_KEY_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES ==
	sizeof(((struct pool_key_slot *)0)->wrapped), "format");
_Static_assert(STORE_KEY_WAYS - 1 == POOL_KEY_SLOTS, "a slot for each");

static struct keys {
	bool is_here;
	u8 key[CIPHER_KEY_BYTES];
	struct cipher_keys ciphers;
} all[STORE_POOLS_MAX];

static cipher_random random_bytes;
static u64 (*ticks_now)(void);

void keys_init(cipher_random random, u64 (*ticks)(void))
{
	random_bytes = random;
	ticks_now = ticks;
	cipher_init(random);
	sodium_memzero(all, sizeof(all));
}

/* ---- slots ---- */

struct bound {
	u8 uuid[POOL_UUID_BYTES];
	u32 way;
};

static struct bound bound_of(const struct pool *pool, u32 way)
{
	struct bound b = { .way = way };

	memcpy(b.uuid, pool_label_get(pool)->uuid, sizeof(b.uuid));
	return b;
}

/* False: there is no memory for it, or the slot is malformed. */
static bool make_wrapping_key(u8 out[CIPHER_KEY_BYTES], const struct pool_key_slot *slot,
			      const u8 secret[STORE_SECRET_BYTES])
{
	if (slot->kind == STORE_KEY_FILE)
		return crypto_generichash(out, CIPHER_KEY_BYTES, secret, STORE_SECRET_BYTES, slot->salt,
					  sizeof(slot->salt)) == 0;
	return slot->passes > 0 && slot->passes <= PASSES_MAX && slot->memory_kib <= MEMORY_KIB &&
	       crypto_pwhash_argon2id(out, CIPHER_KEY_BYTES, (const char *)secret, STORE_SECRET_BYTES, slot->salt,
				      slot->passes, slot->memory_kib * 1024ul, ALGORITHM) == 0;
}

static enum store_error wrap(struct pool_key_slot *slot, const struct pool *pool, const u8 key[CIPHER_KEY_BYTES],
			     const struct store_order *order)
{
	const struct bound bound = bound_of(pool, order->link);
	u8 with[CIPHER_KEY_BYTES];

	*slot = (struct pool_key_slot){ .kind = (u8)order->link, .passes = PASSES, .memory_kib = MEMORY_KIB };
	if (!random_bytes(slot->salt, sizeof(slot->salt)) || !random_bytes(slot->nonce, sizeof(slot->nonce)))
		return STORE_NO_RANDOM;
	if (!make_wrapping_key(with, slot, order->secret))
		return STORE_ARENA;
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(slot->wrapped, NULL, key, CIPHER_KEY_BYTES,
		(const u8 *)&bound, sizeof(bound), NULL, slot->nonce, with);
	sodium_memzero(with, sizeof(with));
	return STORE_OK;
}

static enum store_error unwrap(u8 key[CIPHER_KEY_BYTES], const struct pool *pool, const struct store_order *order)
{
	const struct pool_key_slot *slot = pool_key_slot(pool, order->link - 1);
	const struct bound bound = bound_of(pool, order->link);
	u8 with[CIPHER_KEY_BYTES];
	bool is_right;

	if (slot->kind != order->link)
		return STORE_NO_KEY;
	if (!make_wrapping_key(with, slot, order->secret))
		return STORE_ARENA;
	is_right = crypto_aead_xchacha20poly1305_ietf_decrypt(key, NULL, NULL, slot->wrapped, sizeof(slot->wrapped),
		(const u8 *)&bound, sizeof(bound), slot->nonce, with) == 0;
	sodium_memzero(with, sizeof(with));
	return is_right ? STORE_OK : STORE_WRONG_KEY;
}

/* ---- keys ---- */

static void unlock(u32 p, struct pool *pool)
{
	u32 salt = (u32)ticks_now();
	struct pool_cipher cipher;

	/* Without a generator: nonces differ by their number all the same. */
	(void)random_bytes(&salt, sizeof(salt));
	cipher = cipher_of(&all[p].ciphers, salt);
	pool_unlock(pool, &cipher);
}

static void take(u32 p, const u8 key[CIPHER_KEY_BYTES])
{
	memcpy(all[p].key, key, sizeof(all[p].key));
	cipher_keys_make(&all[p].ciphers, key);
	all[p].is_here = true;
}

static bool is_way(u32 way)
{
	return way > 0 && way < STORE_KEY_WAYS;
}

enum store_error keys_set(u32 p, struct pool *pool, const struct store_order *order)
{
	struct pool_key_slot slot;
	u8 key[CIPHER_KEY_BYTES];
	enum store_error error;
	enum pool_status status;

	if (!is_way(order->link))
		return STORE_BAD_ORDER;
	if (keys_are_set(pool) && !all[p].is_here)
		return STORE_LOCKED;
	memcpy(key, all[p].key, sizeof(key));
	if (!all[p].is_here && !random_bytes(key, sizeof(key)))
		return STORE_NO_RANDOM;
	error = wrap(&slot, pool, key, order);
	if (error == STORE_OK) {
		status = pool_key_slot_set(pool, order->link - 1, &slot);
		error = status == POOL_OK ? STORE_OK : status == POOL_AGAIN ? STORE_ERROR_COUNT
			: status == POOL_UNKNOWN ? STORE_POOL_UNKNOWN : STORE_POOL_FAILED;
	}
	if (error == STORE_OK && !all[p].is_here) {
		take(p, key);
		unlock(p, pool);
	}
	sodium_memzero(key, sizeof(key));
	return error;
}

enum store_error keys_unlock(u32 p, struct pool *pool, const struct store_order *order)
{
	u8 key[CIPHER_KEY_BYTES];
	enum store_error error;

	if (!is_way(order->link))
		return STORE_BAD_ORDER;
	error = unwrap(key, pool, order);
	if (error == STORE_OK && !all[p].is_here) {
		take(p, key);
		unlock(p, pool);
	}
	sodium_memzero(key, sizeof(key));
	return error;
}

void keys_opened(u32 p, struct pool *pool)
{
	if (!keys_are_set(pool))
		keys_forget(p);		/* of a key that never came to the disk */
	else if (all[p].is_here)
		unlock(p, pool);
}

void keys_forget(u32 p)
{
	sodium_memzero(&all[p], sizeof(all[p]));
}

bool keys_are_set(const struct pool *pool)
{
	for (u32 i = 0; i < POOL_KEY_SLOTS; i++)
		if (pool_key_slot(pool, i)->kind != 0)
			return true;
	return false;
}

bool keys_are_here(u32 p)
{
	return all[p].is_here;
}
