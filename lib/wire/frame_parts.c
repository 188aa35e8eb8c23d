/* SPDX-License-Identifier: MIT */
/*
 * frame_parts.c - what both encodings use: names of channels, and CRC-32C, half a byte a step: polynomial
 * 1EDC6F41h (RFC 3720, appendix B.4), reflected 82F63B78h.
 */
#include "frame.h"

/* The CRC of each half byte. */
static const u32 table[16] = {
	0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
	0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

u32 crc32c(u32 crc, const void *bytes, size_t count)
{
	const u8 *byte = bytes;

	crc = ~crc;
	for (size_t i = 0; i < count; i++) {
		crc ^= byte[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

bool frame_is_channel(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9') || text[i] == '+'))
			return false;
	return length > 0 && length < FRAME_CHANNEL_BYTES;
}
