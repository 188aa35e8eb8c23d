/* SPDX-License-Identifier: MIT */
/*
 * checksum.c - see checksum.h.
 */
#include "checksum.h"

#include <string.h>

#include "inet.h"

/* The sum of 32-bit words, in the order in which the processor has their bytes, comes to the same 16 bits once folded
 * and swapped (RFC 1071, section 2 B). */
static u32 fold(u64 sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u32)sum;
}

u64 checksum_add(u64 sum, const u8 *bytes, u32 count)
{
	u64 words = 0;
	u32 at = 0;

	for (; at + 4 <= count; at += 4) {
		u32 word;

		memcpy(&word, bytes + at, sizeof(word));
		words += word;
	}
	sum += __builtin_bswap16((u16)fold(words));
	for (; at + 2 <= count; at += 2)
		sum += be16_load(bytes + at);
	return at < count ? sum + (u64)(bytes[at] << 8) : sum;
}

u64 checksum_pseudo(const u8 *ip, u8 protocol, u32 length)
{
	bool is_v4 = ip[0] >> 4 == 4;
	u64 sum = is_v4 ? checksum_add(0, ip + IPV4_FROM, 8) : checksum_add(0, ip + IPV6_FROM, 32);

	return sum + protocol + (length >> 16) + (length & 0xffff);
}

u16 checksum_finish(u64 sum)
{
	return (u16)~fold(sum);
}

u16 checksum_update(u16 checksum, u16 before, u16 after)
{
	return checksum_finish((u64)(u16)~checksum + (u16)~before + after);
}
