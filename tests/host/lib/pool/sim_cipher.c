/* SPDX-License-Identifier: MIT */
#include "sim_cipher.h"

#include <stdlib.h>
#include <string.h>

static u64 mix(u64 x)
{
	x = (x ^ x >> 31) * 0x9e3779b97f4a7c15u;
	return x ^ x >> 29;
}

static u64 number_of(const struct pool_seal *seal)
{
	u64 number;

	memcpy(&number, seal->nonce + 4, sizeof(number));
	return number;
}

static void remember(struct sim_cipher *c, u64 number)
{
	u32 at = (u32)mix(number) & (SIM_NONCES - 1);

	while (c->seen[at] != 0 && c->seen[at] != number + 1)
		at = (at + 1) & (SIM_NONCES - 1);
	c->is_twice |= c->seen[at] != 0;
	if (c->seen[at] == 0 && ++c->count > SIM_NONCES / 4 * 3)
		abort();
	c->seen[at] = number + 1;
	if (number >= c->unused)
		c->unused = number + 1;
}

static u64 word_at(const u8 *data, u32 at)
{
	u64 word;

	memcpy(&word, data + at, sizeof(word));
	return word;
}

/* Of the encrypted bytes, the nonce, and what they are bound to. */
static void tag_of(const struct sim_cipher *c, const struct pool_sealing *s, u8 tag[16])
{
	u64 sum = mix(c->key ^ number_of(s->seal)) + s->seal->nonce[0];

	sum = mix(sum + s->cipher + ((u64)s->bound.line << 32 | s->bound.birth));
	sum = mix(sum + s->bound.granule);
	for (u32 at = 0; at < POOL_BLOCK; at += 8)
		sum = mix(sum + word_at(s->data, at));
	memcpy(tag, &sum, 8);
	memset(tag + 8, 0x5a, 8);
}

static void turn(const struct sim_cipher *c, const struct pool_sealing *s)
{
	u64 stream = mix(c->key + number_of(s->seal));

	for (u32 at = 0; at < POOL_BLOCK; at += 8) {
		u64 word = word_at(s->data, at) ^ stream;

		stream = mix(stream + at);
		memcpy(s->data + at, &word, sizeof(word));
	}
}

static void seal(const void *context, const struct pool_sealing *s)
{
	struct sim_cipher *c = *(struct sim_cipher *const *)context;

	remember(c, number_of(s->seal));
	turn(c, s);
	tag_of(c, s, s->seal->tag);
}

static bool open(const void *context, const struct pool_sealing *s)
{
	struct sim_cipher *c = *(struct sim_cipher *const *)context;
	u8 tag[16];

	tag_of(c, s, tag);
	if (memcmp(tag, s->seal->tag, sizeof(tag)) != 0)
		return false;
	turn(c, s);
	return true;
}

void sim_cipher_make(struct sim_cipher *c, u64 key)
{
	memset(c, 0, sizeof(*c));
	c->key = key;
	c->self = c;
}

struct pool_cipher sim_cipher(struct sim_cipher *c)
{
	return (struct pool_cipher){ .context = &c->self, .salt = 0x31415926, .seal = seal, .open = open,
		.known = BIT32(POOL_AES_256_GCM) | BIT32(POOL_CHACHA20_POLY1305) };
}
