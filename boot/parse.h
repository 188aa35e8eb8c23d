/* SPDX-License-Identifier: MIT */
/*
 * parse.h - what the two boot-information parsers share: filling struct boot_info without ever overflowing it.
 */
#ifndef VOS_BOOT_PARSE_H
#define VOS_BOOT_PARSE_H

#include "boot_info.h"

/* Copy at most `bytes` bytes of a string up to its NUL, cut to fit; the rest of `to` is zero. */
void boot_copy_string(char *to, size_t room, const char *from, size_t bytes);

/* VGA's text memory, which is there if nothing else is said. */
extern const struct info_screen boot_text_screen;

/* Add a memory range, e820_type as firmware numbers them. Empty ones are ignored; what wraps or does not fit is counted
 * in *dropped. */
void boot_add_range(struct boot_info *out, u64 start, u64 bytes, u32 e820_type, u32 *dropped);

/* Add a module. False if its range wraps. */
bool boot_add_module(struct boot_info *out, u64 start, u64 bytes, const char *string, size_t string_bytes,
		     u32 *dropped);

#endif
