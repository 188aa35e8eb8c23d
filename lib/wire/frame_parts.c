/* SPDX-License-Identifier: MIT */
/*
 * frame_parts.c - what both encodings use: names of channels.
 */
#include "frame.h"

u32 frame_stream_of(const char *channel)
{
	u64 number = 0;

	if ((channel[0] != 's' && channel[0] != 'a') || channel[1] == '0')
		return 0;
	for (const char *at = channel + 1; *at; at++) {
		number = number * 10 + (u64)(*at - '0');
		if (*at < '0' || *at > '9' || number > FRAME_STREAM_MAX)
			return 0;
	}
	return (u32)number;
}

bool frame_is_channel(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9') || text[i] == '+'))
			return false;
	return length > 0 && length < FRAME_CHANNEL_BYTES;
}
