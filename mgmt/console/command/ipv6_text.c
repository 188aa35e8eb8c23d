/* SPDX-License-Identifier: MIT */
/*
 * ipv6_text.c - see ipv6_text.h.
 */
#include "ipv6_text.h"

#include <stdio.h>
#include <string.h>

#define GROUPS 8u
#define NO_GAP (GROUPS + 1)

static u32 digit(char c)
{
	return c >= '0' && c <= '9' ? (u32)(c - '0') : c >= 'a' && c <= 'f' ? (u32)(c - 'a' + 10) :
	       c >= 'A' && c <= 'F' ? (u32)(c - 'A' + 10) : 16;
}

/* One to four digits. */
static bool group(const char **text, u16 *value)
{
	u32 found = 0, count = 0;

	for (; digit(**text) < 16; ++*text) {
		if (++count > 4)
			return false;
		found = found << 4 | digit(**text);
	}
	*value = (u16)found;
	return count != 0;
}

/* Groups up to the end of the text; *gap is the place of the "::" among them, or NO_GAP. 0: they are wrong. */
static u32 groups_of(const char *text, u16 groups[GROUPS], u32 *gap)
{
	u32 count = 0;

	*gap = NO_GAP;
	if (text[0] == ':' && text[1] == ':') {
		*gap = 0;
		text += 2;
	}
	while (*text != 0) {
		if (count == GROUPS || !group(&text, &groups[count++]))
			return 0;
		if (*text == 0)
			break;
		if (*text++ != ':' || *text == 0)
			return 0;
		if (*text == ':') {
			if (*gap != NO_GAP)
				return 0;
			*gap = count;
			text++;
		}
	}
	return *gap == NO_GAP || count < GROUPS ? count : 0;
}

bool ipv6_parse(const char *text, u64 address[2])
{
	u16 groups[GROUPS], all[GROUPS] = { 0 };
	u32 gap, count = groups_of(text, groups, &gap);

	if (gap == NO_GAP ? count != GROUPS : count == 0 && strcmp(text, "::") != 0)
		return false;
	for (u32 i = 0; i < count; i++)
		all[i < gap ? i : GROUPS - count + i] = groups[i];
	address[0] = address[1] = 0;
	for (u32 i = 0; i < GROUPS; i++)
		address[i / 4] = address[i / 4] << 16 | all[i];
	return true;
}

/* The longest run of zero groups, the first of equals; at least two. */
static u32 run_of_zeros(const u16 groups[GROUPS], u32 *length)
{
	u32 best = NO_GAP;

	*length = 1;
	for (u32 i = 0; i < GROUPS; i++) {
		u32 n = 0;

		while (i + n < GROUPS && groups[i + n] == 0)
			n++;
		if (n > *length) {
			*length = n;
			best = i;
		}
	}
	return best;
}

const char *ipv6_text(char *text, const u64 address[2])
{
	u16 groups[GROUPS];
	u32 length, gap, used = 0;

	for (u32 i = 0; i < GROUPS; i++)
		groups[i] = (u16)(address[i / 4] >> (48 - i % 4 * 16));
	gap = run_of_zeros(groups, &length);
	for (u32 i = 0; i < GROUPS; i++) {
		if (i == gap) {
			used += (u32)snprintf(text + used, IPV6_TEXT_BYTES - used, "::");
			i += length - 1;
			continue;
		}
		used += (u32)snprintf(text + used, IPV6_TEXT_BYTES - used, i == 0 || i == gap + length ? "%x" : ":%x",
			groups[i]);
	}
	return text;
}
