/* SPDX-License-Identifier: MIT */
/*
 * sys.h - the system calls of kernel/abi/syscalls.h as inline functions. See there for what each does.
 */
#ifndef VOS_SYS_H
#define VOS_SYS_H

#include "status.h"
#include "syscalls.h"
#include "types.h"

/* RDI, RSI, R8, R9, R10 come back zeroed, RCX and R11 hold RIP and RFLAGS: all of them are outputs. */
static inline enum status sys_call(u64 number, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 *value)
{
	register u64 r10 __asm__("r10") = a3;
	register u64 r8 __asm__("r8") = a4;
	register u64 r9 __asm__("r9") = a5;

	__asm__ volatile("syscall"
			 : "+a"(number), "+D"(a0), "+S"(a1), "+d"(a2), "+r"(r10), "+r"(r8), "+r"(r9)
			 :
			 : "rcx", "r11", "memory");
	if (value != NULL)
		*value = a2;
	return (enum status)number;
}

/* ---- anyone ---- */

static inline enum status sys_log_write(const char *text, u64 count)
{
	u64 w[4] = { 0 };

	if (count > sizeof(w))
		return ST_INVAL;
	__builtin_memcpy(w, text, count);
	return sys_call(SYS_LOG_WRITE, count, w[0], w[1], w[2], w[3], 0, NULL);
}

static inline enum status sys_notify_wait(u64 deadline, u64 *bits)
{
	return sys_call(SYS_NOTIFY_WAIT, deadline, 0, 0, 0, 0, 0, bits);
}

static inline enum status sys_notify_signal(u64 h_thread)
{
	return sys_call(SYS_NOTIFY_SIGNAL, h_thread, 0, 0, 0, 0, 0, NULL);
}

static inline enum status sys_thread_ctl(u64 h_thread, enum thread_op op, u64 a, u64 b, u64 *value)
{
	return sys_call(SYS_THREAD_CTL, h_thread, op, a, b, 0, 0, value);
}

static inline enum status sys_handle_close(u64 h)
{
	return sys_call(SYS_HANDLE_CLOSE, h, 0, 0, 0, 0, 0, NULL);
}

/* ---- a VMM, a driver ---- */

static inline enum status sys_vcpu_bind(u64 h_vcpu)
{
	return sys_call(SYS_VCPU_BIND, h_vcpu, 0, 0, 0, 0, 0, NULL);
}

/* Without arguments: what is not looked at need not be set. */
static inline enum status sys_vcpu_run(u64 *bits)
{
	u64 status = SYS_VCPU_RUN;

	__asm__ volatile("syscall" : "+a"(status), "=d"(*bits)
			 : : "rcx", "r11", "rdi", "rsi", "r8", "r9", "r10", "memory");
	return (enum status)status;
}

static inline enum status sys_vcpu_get(u64 groups)
{
	return sys_call(SYS_VCPU_GET, groups, 0, 0, 0, 0, 0, NULL);
}

static inline enum status sys_irq_ack(u64 h_irq)
{
	return sys_call(SYS_IRQ_ACK, h_irq, 0, 0, 0, 0, 0, NULL);
}

/* ---- root ---- */

static inline enum status sys_mem_create(u64 h_root, u64 bytes, u32 flags, u64 *h_mem)
{
	return sys_call(SYS_MEM_CREATE, h_root, bytes, flags, 0, 0, 0, h_mem);
}

static inline enum status sys_mem_create_device(u64 h_root, u64 address, u64 bytes, u64 *h_mem)
{
	return sys_call(SYS_MEM_CREATE, h_root, bytes, MEM_DEVICE, address, 0, 0, h_mem);
}

static inline enum status sys_mem_map(u64 h_space, u64 h_mem, u64 address, u64 offset, u64 bytes, u32 rights)
{
	return sys_call(SYS_MEM_MAP, h_space, h_mem, address, offset, bytes, rights, NULL);
}

static inline enum status sys_mem_unmap(u64 h_space, u64 address, u64 bytes)
{
	return sys_call(SYS_MEM_UNMAP, h_space, address, bytes, 0, 0, 0, NULL);
}

static inline enum status sys_pd_create(u64 h_root, u64 *h_pd)
{
	return sys_call(SYS_PD_CREATE, h_root, 0, 0, 0, 0, 0, h_pd);
}

static inline enum status sys_pd_ctl(u64 h_pd, enum pd_op op, u64 a)
{
	return sys_call(SYS_PD_CTL, h_pd, op, a, 0, 0, 0, NULL);
}

static inline enum status sys_thread_create(u64 h_pd, u64 entry, u64 stack, u64 arg, u64 fault_badge, u64 *h_thread)
{
	return sys_call(SYS_THREAD_CREATE, h_pd, entry, stack, arg, fault_badge, 0, h_thread);
}

static inline enum status sys_vm_create(u64 h_root, u64 *h_vm)
{
	return sys_call(SYS_VM_CREATE, h_root, 0, 0, 0, 0, 0, h_vm);
}

static inline enum status sys_vcpu_create(u64 h_vm, u64 index, u64 *h_vcpu)
{
	return sys_call(SYS_VCPU_CREATE, h_vm, index, 0, 0, 0, 0, h_vcpu);
}

static inline enum status sys_handle_grant(u64 h_pd, u64 slot, u64 h_source, u32 rights, u64 badge)
{
	return sys_call(SYS_HANDLE_GRANT, h_pd, slot, h_source, rights, badge, 0, NULL);
}

static inline enum status sys_object_destroy(u64 h)
{
	return sys_call(SYS_OBJECT_DESTROY, h, 0, 0, 0, 0, 0, NULL);
}

static inline enum status sys_object_stat(u64 h)
{
	return sys_call(SYS_OBJECT_STAT, h, 0, 0, 0, 0, 0, NULL);
}

static inline enum status sys_irq_create(u64 h_root, u64 gsi, u32 flags, u64 h_thread, u64 badge, u64 *h_irq)
{
	return sys_call(SYS_IRQ_CREATE, h_root, gsi, flags, h_thread, badge, 0, h_irq);
}

static inline enum status sys_port_grant(u64 h_pd, u64 first, u64 count)
{
	return sys_call(SYS_PORT_GRANT, h_pd, first, count, 0, 0, 0, NULL);
}

static inline enum status sys_system_ctl(u64 h_root, enum system_op op, u64 a, u64 b, u64 *value)
{
	return sys_call(SYS_SYSTEM_CTL, h_root, op, a, b, 0, 0, value);
}

static inline _Noreturn void sys_thread_exit(u64 code)
{
	for (;;)
		(void)sys_thread_ctl(0, THREAD_EXIT, code, 0, NULL);
}

#endif
