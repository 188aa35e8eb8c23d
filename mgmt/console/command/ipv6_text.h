/* SPDX-License-Identifier: MIT */
/*
 * ipv6_text.h - IPv6 addresses as people write them, and back. An address is two numbers: its upper and lower half.
 */
#ifndef VOS_IPV6_TEXT_H
#define VOS_IPV6_TEXT_H

#include "types.h"

#define IPV6_TEXT_BYTES 40u

/* RFC 4291, 2.2 (1 and 2). Judges the whole text and leaves *address alone if it is not right. */
bool ipv6_parse(const char *text, u64 address[2]);
/* RFC 5952, into text[IPV6_TEXT_BYTES]; returned. */
const char *ipv6_text(char *text, const u64 address[2]);

#endif
