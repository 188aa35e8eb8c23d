/* SPDX-License-Identifier: MIT */
/*
 * user.h - the ring-3 start code's own interface: for programs that start further threads, and between its files.
 */
#ifndef VOS_USER_H
#define VOS_USER_H

#include "types.h"

/*
 * Where the PD's further threads (start argument = their index, 1..USER_THREADS - 1) begin; the program's own, which
 * has to wait until main() has prepared what they need. libc's calls work, errno included; a return ends the thread.
 */
#define USER_THREADS 16u
void user_thread_main(u32 index);

/* The info page, where root maps it in every PD. */
const struct info_page *user_info(void);

/* Bytes that no one can predict, from the processor. False if it has no generator or that fails. */
bool user_random(void *out, size_t bytes);

/* Answers one call of a libc made for Linux: a result, or a negative error number. Called from compat_entry.S. */
s64 compat_call(u64 number, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4);
void compat_entry(void);

/* The heap arena of brk and mmap: whole pages from [PD_HEAP_ADDRESS, + bytes). */
void arena_init(u64 bytes);
u64 arena_brk(u64 address);
u64 arena_map(u64 bytes);		/* 0: no room; else the address of zeroed pages */
bool arena_unmap(u64 address, u64 bytes);

/* The start argument: the heap's size in bytes, or the index of a further thread. */
_Noreturn void user_start(u64 argument);

#endif
