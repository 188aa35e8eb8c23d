/* SPDX-License-Identifier: MIT */
/*
 * fake_kernel.h - a kernel of objects, handles and maps for root's host tests, without threads: the test plays all
 * other PDs.
 *
 * MEM objects are real memory; what root maps into itself appears at the very address, what it maps into others can
 * be looked at with fake_memory(). Destroying takes several calls. Any call can be made to fail.
 */
#ifndef VOS_FAKE_KERNEL_H
#define VOS_FAKE_KERNEL_H

#include "status.h"
#include "syscalls.h"
#include "types.h"

#define FAKE_MEMORY_BYTES (512 * MIB)

/* Info page, boot page, root's first handles; `modules` MEMs follow with fake_module. Once per process. */
void fake_boot(void);
void fake_module(const char *name, const void *bytes, u64 count, bool is_built_in);

/* ---- looking ---- */
u32 fake_object_count(void);			/* alive, all kinds */
u64 fake_free_bytes(void);
u64 fake_spare_bytes(void);	/* of SYSTEM_SPARE */
/*
 * The PD (handle) whose first thread was created as the n-th of all threads so far, counted from 0. 0: no such, or
 * dead.
 */
u64 fake_thread_nth(u32 n);
u32 fake_threads_made(void);
u64 fake_pd_of(u64 h_thread);
bool fake_is_running(u64 h_thread);		/* started, not stopped, alive */
void *fake_memory(u64 h_pd, u64 address);	/* what that PD sees there; NULL = nothing */
u32 fake_rights(u64 h_pd, u64 address);
/* Badge a live handle in that slot of that PD raises at h_thread; 0 = no such handle. */
u64 fake_badge(u64 h_pd, u64 slot, u64 h_thread);
u64 fake_pending(u64 h_thread);			/* bits raised at it; cleared by looking */

u64 fake_share(u64 h_pd, enum pd_op op);	/* what the PD was last told; 0 = nothing */

/* ---- acting ---- */
void fake_ready_time(u64 ticks);		/* every thread had to wait so long for a pCPU; 0 = some little time */
void fake_fail_share(u32 op);			/* sys_pd_ctl refuses this from now on; PD_OP_COUNT = none */
void fake_wait(u64 h_thread, bool is_waiting);	/* for a notification */
void fake_fault(u64 h_thread, u64 kind, u64 rip, u64 address);
void fake_fail_call(u32 n, enum status st);	/* the n-th creating or mapping call from now on fails (0 = none) */

#endif
