/* SPDX-License-Identifier: MIT */
/*
 * kernel_upcalls.h - what entry code, drivers of interrupt controllers and back ends call of the kernel. Interrupts are
 * off in all of them.
 */
#ifndef VOS_KERNEL_UPCALLS_H
#define VOS_KERNEL_UPCALLS_H

#include "boot_info.h"
#include "types.h"

struct info_page;
struct trap_frame;

_Noreturn void kernel_main(const struct boot_info *boot, struct info_page *info);
/* SYSCALL with RAX >= SYS_FIRST. Returns status in the low half; *value goes to RDX. */
struct syscall_result { u64 status; u64 value; };
struct syscall_result syscall_dispatch(u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 number);
/* SYSCALL with a smaller number and no compat handler: the thread faults. Does not return to it. */
void kernel_foreign_call(u64 number, u64 rip);
/* First thing on a new thread's stack, before ring 3. */
void kernel_thread_begin(void);
/* Exception in ring 3 (vector < 32). #PF: address = CR2. Returns if the access may be tried again. */
void kernel_user_exception(struct trap_frame *frame, u64 address);
/* Exception in ring 0 that nothing explains: panics with the frame. */
_Noreturn void kernel_panic_frame(const struct trap_frame *frame, u64 address);
struct machine_check;
/* An error of the hardware after which nothing can be relied on. Bank 64 means that none says what. */
_Noreturn void kernel_panic_machine_check(const struct machine_check *mc);
/* The pCPU's timer fired; a device line fired (gsi). */
void kernel_timer(void);
void kernel_irq(u32 gsi);
/* Another pCPU has called arch_ipi. */
void kernel_ipi(void);
/* This pCPU is not idle any more: before any handler that an interrupt in arch_idle leads to, and after arch_idle. */
void kernel_idle_end(void);
/* `count` (1, 2, 4 .. 64) adjacent zeroed 4 KiB frames of the kernel class, aligned to their size, as a pointer into
 * the direct map; NULL if there are none. */
void *kernel_frames_alloc(u32 count);
void kernel_frames_free(void *frames_start, u32 count);
/* On another pCPU, once the arch side of it is up: virtualization. False: it can't be used. */
bool kernel_pcpu_init(void);
/* Then, when it is sure to be used: run threads. */
_Noreturn void kernel_pcpu_run(void);
/* On the way back to ring 3, with interrupts off: reschedule if pcpu->need_resched. */
void kernel_exit_check(void);

#endif
