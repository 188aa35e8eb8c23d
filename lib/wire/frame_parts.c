/* SPDX-License-Identifier: MIT */
/*
 * frame_parts.c - what both encodings use: names of channels.
 */
#include "frame.h"

bool frame_is_channel(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9') || text[i] == '+'))
			return false;
	return length > 0 && length < FRAME_CHANNEL_BYTES;
}
