/* SPDX-License-Identifier: MIT */
/*
 * crc32c.c - see crc32c.h: by the processor's instruction, eight bytes at a time, or half a byte a step.
 */
#include "crc32c.h"

#include <string.h>

/* The CRC of each half byte. */
static const u32 table[16] = {
	0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
	0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

/* CPUID.1:ECX bit 20, SSE4.2 (SDM volume 2, CPUID). */
static bool has_instruction(void)
{
	static u8 known;	/* 0 = not asked yet, 1 = no, 2 = yes */
	u32 a = 1, b, c = 0, d;

	if (known == 0) {
		__asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
		known = (c & BIT32(20)) != 0 ? 2 : 1;
	}
	return known == 2;
}

static u32 by_table(u32 crc, const u8 *byte, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		crc ^= byte[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return crc;
}

static u32 by_instruction(u32 crc, const u8 *byte, size_t count)
{
	u64 sum = crc, word;

	for (; count >= sizeof(word); count -= sizeof(word), byte += sizeof(word)) {
		memcpy(&word, byte, sizeof(word));
		__asm__("crc32q %1, %0" : "+r"(sum) : "r"(word));
	}
	for (; count > 0; count--, byte++)
		__asm__("crc32b %1, %k0" : "+r"(sum) : "r"(*byte));
	return (u32)sum;
}

u32 crc32c(u32 crc, const void *bytes, size_t count)
{
	return ~(has_instruction() ? by_instruction(~crc, bytes, count) : by_table(~crc, bytes, count));
}
