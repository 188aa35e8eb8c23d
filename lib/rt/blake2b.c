/* SPDX-License-Identifier: MIT */
/*
 * blake2b.c - see blake2b.h. Names are those of RFC 7693, section 3.
 */
#include "blake2b.h"

#include <string.h>

#define ROUNDS 12u
#define PARAMETERS (0x01010000u | BLAKE2B_BYTES)	/* fanout 1, depth 1, no key: section 2.8 */

static const u64 iv[8] = {
	0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
	0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

/* Message words of each round: section 2.7. Rounds 10 and 11 are those of 0 and 1. */
static const u8 sigma[10][16] = {
	{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
	{ 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3 },
	{ 11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4 },
	{ 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8 },
	{ 9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13 },
	{ 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9 },
	{ 12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11 },
	{ 13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10 },
	{ 6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5 },
	{ 10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0 },
};

static u64 rotate(u64 x, u32 bits)
{
	return x >> bits | x << (64 - bits);
}

/* G: section 3.1. */
static void mix(u64 v[16], u32 a, u32 b, u32 c, u32 d, u64 x, u64 y)
{
	v[a] += v[b] + x;
	v[d] = rotate(v[d] ^ v[a], 32);
	v[c] += v[d];
	v[b] = rotate(v[b] ^ v[c], 24);
	v[a] += v[b] + y;
	v[d] = rotate(v[d] ^ v[a], 16);
	v[c] += v[d];
	v[b] = rotate(v[b] ^ v[c], 63);
}

/* F: section 3.2. */
static void compress(struct blake2b *b, const u8 *block, bool is_last)
{
	u64 m[16], v[16];

	memcpy(m, block, sizeof(m));	/* little endian, as this machine */
	memcpy(v, b->state, sizeof(b->state));
	memcpy(v + 8, iv, sizeof(iv));
	v[12] ^= b->count;
	if (is_last)
		v[14] = ~v[14];
	for (u32 round = 0; round < ROUNDS; round++) {
		const u8 *s = sigma[round % 10];

		for (u32 i = 0; i < 4; i++)
			mix(v, i, 4 + i, 8 + i, 12 + i, m[s[2 * i]], m[s[2 * i + 1]]);
		for (u32 i = 0; i < 4; i++)
			mix(v, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, m[s[8 + 2 * i]],
			    m[s[9 + 2 * i]]);
	}
	for (u32 i = 0; i < 8; i++)
		b->state[i] ^= v[i] ^ v[i + 8];
}

void blake2b_init(struct blake2b *b)
{
	*b = (struct blake2b){ .count = 0 };
	memcpy(b->state, iv, sizeof(iv));
	b->state[0] ^= PARAMETERS;
}

void blake2b_add(struct blake2b *b, const void *bytes, size_t count)
{
	const u8 *from = bytes;

	while (count != 0) {
		size_t part;

		if (b->used == BLAKE2B_BLOCK) {
			b->count += BLAKE2B_BLOCK;
			compress(b, b->block, false);
			b->used = 0;
		}
		part = count < BLAKE2B_BLOCK - b->used ? count : BLAKE2B_BLOCK - b->used;
		memcpy(b->block + b->used, from, part);
		b->used += (u32)part;
		from += part;
		count -= part;
	}
}

void blake2b_finish(struct blake2b *b, u8 digest[BLAKE2B_BYTES])
{
	b->count += b->used;
	memset(b->block + b->used, 0, BLAKE2B_BLOCK - b->used);
	compress(b, b->block, true);
	memcpy(digest, b->state, BLAKE2B_BYTES);
}
