/* SPDX-License-Identifier: MIT */
/*
 * machine_checks.h - the way of machine checks that VOS survives from the processor's banks to root, and the end of the
 * thread, or the guest, that one has hit.
 */
#ifndef VOS_MACHINE_CHECKS_H
#define VOS_MACHINE_CHECKS_H

#include "machine_check.h"
#include "status.h"
#include "types.h"

/* SYSTEM_MACHINE_CHECK. */
enum status machine_check_do(u64 op, u64 argument, struct machine_check *out, u64 *value) MUST_CHECK;
/* On the way out of the kernel: what #MC has left in struct pcpu. Does not return if the current thread ends. */
void machine_check_settle(void);
/* Look at this pCPU's banks, and tell root what is there. In an interrupt. */
void machine_check_poll(void);

#endif
