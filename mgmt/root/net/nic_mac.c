/* SPDX-License-Identifier: MIT */
/*
 * nic_mac.c - see nic_mac.h.
 */
#include "nic_mac.h"

#include <string.h>

#include "request.h"

/* FNV-1a: the same name, place and attempt give the same address. */
static u64 hash(u64 sum, const void *bytes, u32 count)
{
	for (u32 i = 0; i < count; i++)
		sum = (sum ^ ((const u8 *)bytes)[i]) * 0x100000001b3ull;
	return sum;
}

static u64 machine;

void nic_mac_set_machine(u64 mac)
{
	machine = mac;
}

u64 nic_mac_of(const char *name, u32 card, u32 attempt)
{
	u64 sum = hash(0xcbf29ce484222325ull, name, (u32)strlen(name));

	sum = hash(sum, &card, sizeof(card));
	sum = hash(sum, &attempt, sizeof(attempt));
	sum = hash(sum, &machine, sizeof(machine));
	sum ^= sum >> MAC_BITS;
	return (sum & (BIT64(MAC_BITS) - 1) & ~MAC_GROUP) | MAC_LOCAL;
}
