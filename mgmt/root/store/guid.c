/* SPDX-License-Identifier: MIT */
/*
 * guid.c - see guid.h.
 */
#include "guid.h"

#include <string.h>
#include <sys/random.h>

#include "rt_time.h"

void guid_choose(u8 guid[STORE_GUID_BYTES])
{
	static u64 count;
	u64 words[2] = { rt_time_tsc(), ++count };

	if (getrandom(guid, STORE_GUID_BYTES, 0) != STORE_GUID_BYTES)
		memcpy(guid, words, sizeof(words));
	guid[7] = (u8)((guid[7] & 0x0f) | 0x40);
	guid[8] = (u8)((guid[8] & 0x3f) | 0x80);
}
