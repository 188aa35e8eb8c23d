/* SPDX-License-Identifier: MIT */
/*
 * cpu_entry.h - labels of cpu_entry.S.
 */
#ifndef VOS_CPU_ENTRY_H
#define VOS_CPU_ENTRY_H

#include "types.h"

#define STUB_BYTES 16u

extern const u8 cpu_stubs[];	/* stub of vector v at v * STUB_BYTES */
void cpu_syscall(void);
void cpu_thread_start(void);
void cpu_stack_switch(u64 *save_rsp, u64 load_rsp);

extern bool cpu_has_smap;	/* AC may and must be cleared */

#endif
