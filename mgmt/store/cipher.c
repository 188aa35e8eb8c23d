/* SPDX-License-Identifier: MIT */
/*
 * cipher.c - see cipher.h. libsodium has AES-256-GCM only for processors with instructions for AES and for carryless
 * multiplication: without them it would be slow, and tell the key by its time.
 */
#include <sodium.h>
#undef PAGE_SIZE	/* limits.h has it too */

#include "cipher.h"

_Static_assert(sizeof(((struct cipher_keys *)0)->aes) == sizeof(crypto_aead_aes256gcm_state), "room");

static cipher_random random_bytes;

static const char *random_name(void)
{
	return "vos";
}

/* libsodium fills its guard values with it; keys are made with what says whether it could (keys.c). */
static void random_fill(void *const out, const size_t bytes)
{
	(void)random_bytes(out, bytes);
}

static u32 random_word(void)
{
	u32 word = 0;

	random_fill(&word, sizeof(word));
	return word;
}

void cipher_init(cipher_random random)
{
	static struct randombytes_implementation ours = {
		.implementation_name = random_name, .random = random_word, .buf = random_fill,
	};

	random_bytes = random;
	(void)randombytes_set_implementation(&ours);
	if (sodium_init() < 0)
		sodium_misuse();
}

static bool has_aes(void)
{
	return crypto_aead_aes256gcm_is_available() != 0;
}

void cipher_keys_make(struct cipher_keys *k, const u8 key[CIPHER_KEY_BYTES])
{
	static const char purpose[crypto_kdf_CONTEXTBYTES] = "vospool";
	u8 aes[CIPHER_KEY_BYTES];

	(void)crypto_kdf_derive_from_key(aes, sizeof(aes), POOL_AES_256_GCM, purpose, key);
	(void)crypto_kdf_derive_from_key(k->chacha, sizeof(k->chacha), POOL_CHACHA20_POLY1305, purpose, key);
	if (has_aes())
		(void)crypto_aead_aes256gcm_beforenm((crypto_aead_aes256gcm_state *)k->aes, aes);
	sodium_memzero(aes, sizeof(aes));
}

void cipher_keys_wipe(struct cipher_keys *k)
{
	sodium_memzero(k, sizeof(*k));
}

static const crypto_aead_aes256gcm_state *state_of(const struct cipher_keys *k)
{
	return (const crypto_aead_aes256gcm_state *)k->aes;
}

static void seal(const void *context, const struct pool_sealing *s)
{
	const struct cipher_keys *k = context;
	const u8 *bound = (const u8 *)&s->bound;

	if (s->cipher == POOL_AES_256_GCM)
		(void)crypto_aead_aes256gcm_encrypt_detached_afternm(s->data, s->seal->tag, NULL, s->data, POOL_BLOCK,
			bound, sizeof(s->bound), NULL, s->seal->nonce, state_of(k));
	else
		(void)crypto_aead_chacha20poly1305_ietf_encrypt_detached(s->data, s->seal->tag, NULL, s->data,
			POOL_BLOCK, bound, sizeof(s->bound), NULL, s->seal->nonce, k->chacha);
}

static bool open(const void *context, const struct pool_sealing *s)
{
	const struct cipher_keys *k = context;
	const u8 *bound = (const u8 *)&s->bound;

	if (s->cipher == POOL_AES_256_GCM)
		return crypto_aead_aes256gcm_decrypt_detached_afternm(s->data, NULL, s->data, POOL_BLOCK,
			s->seal->tag, bound, sizeof(s->bound), s->seal->nonce, state_of(k)) == 0;
	return crypto_aead_chacha20poly1305_ietf_decrypt_detached(s->data, NULL, s->data, POOL_BLOCK, s->seal->tag,
		bound, sizeof(s->bound), s->seal->nonce, k->chacha) == 0;
}

struct pool_cipher cipher_of(const struct cipher_keys *k, u32 salt)
{
	return (struct pool_cipher){
		.context = k, .salt = salt, .seal = seal, .open = open,
		.known = BIT32(POOL_CHACHA20_POLY1305) | (has_aes() ? BIT32(POOL_AES_256_GCM) : 0),
	};
}

enum pool_cipher_kind cipher_best(void)
{
	return has_aes() ? POOL_AES_256_GCM : POOL_CHACHA20_POLY1305;
}
