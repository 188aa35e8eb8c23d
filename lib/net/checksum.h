/* SPDX-License-Identifier: MIT */
/*
 * checksum.h - the Internet checksum (RFC 1071), computed, checked, changed (RFC 1624). Pure.
 *
 * A sum is that of 16-bit words in big endian, not folded. Sums of parts can be added if each part but the last has an
 * even length.
 */
#ifndef VOS_CHECKSUM_H
#define VOS_CHECKSUM_H

#include "types.h"

/* Of up to 64 KiB, added to `sum`. */
u64 checksum_add(u64 sum, const u8 *bytes, u32 count);
/* Of the pseudo header for TCP, UDP and ICMPv6; `ip` is an IPv4 header (RFC 793) or an IPv6 header (RFC 8200, 8.1). */
u64 checksum_pseudo(const u8 *ip, u8 protocol, u32 length);
/* The 16 bits to be stored: the complement of the folded sum. */
u16 checksum_finish(u64 sum);
/* A checksum after a 16-bit word that it covers has changed (RFC 1624, equation 3). */
u16 checksum_update(u16 checksum, u16 before, u16 after);

#endif
