/* SPDX-License-Identifier: MIT */
/*
 * sys.h - stands in for arch/x86_64/user/sys.h in host tests of root: the same calls, answered by fake_kernel.c.
 */
#ifndef VOS_SYS_H
#define VOS_SYS_H

#include "status.h"
#include "syscalls.h"
#include "types.h"

enum status sys_notify_wait(u64 deadline, u64 *bits);
enum status sys_notify_signal(u64 h_thread);
enum status sys_thread_ctl(u64 h_thread, enum thread_op op, u64 a, u64 b, u64 *value);
enum status sys_handle_close(u64 h);
enum status sys_mem_create(u64 h_root, u64 bytes, u32 flags, u64 *h_mem);
enum status sys_mem_create_device(u64 h_root, u64 address, u64 bytes, u64 *h_mem);
enum status sys_mem_map(u64 h_space, u64 h_mem, u64 address, u64 offset, u64 bytes, u32 rights);
enum status sys_mem_unmap(u64 h_space, u64 address, u64 bytes);
enum status sys_pd_create(u64 h_root, u64 *h_pd);
enum status sys_pd_ctl(u64 h_pd, enum pd_op op, u64 a);
enum status sys_thread_create(u64 h_pd, u64 entry, u64 stack, u64 arg, u64 fault_badge, u64 *h_thread);
enum status sys_vm_create(u64 h_root, u64 *h_vm);
enum status sys_vcpu_create(u64 h_vm, u64 index, u64 *h_vcpu);
enum status sys_handle_grant(u64 h_pd, u64 slot, u64 h_source, u32 rights, u64 badge);
enum status sys_object_destroy(u64 h);
enum status sys_object_stat(u64 h);
enum status sys_irq_create(u64 h_root, u64 gsi, u32 flags, u64 h_thread, u64 badge, u64 *h_irq);
enum status sys_port_grant(u64 h_pd, u64 first, u64 count);
enum status sys_system_ctl(u64 h_root, enum system_op op, u64 a, u64 b, u64 *value);

#endif
