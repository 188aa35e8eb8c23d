/* SPDX-License-Identifier: MIT */
/*
 * syscall.c - the system calls: decode (handles, rights, ranges), then invoke. Arguments are registers; nothing here
 * follows a pointer of ring 3.
 *
 * Each handler judges all its arguments before it changes anything. Objects are called by the handle table's
 * type-checked lookup only.
 */
#include "arch.h"
#include "frames.h"
#include "init.h"
#include "irq.h"
#include "kernel_upcalls.h"
#include "machine_checks.h"
#include "mem.h"
#include "notify.h"
#include "pd.h"
#include "range.h"
#include "root_pd.h"
#include "sched.h"
#include "vcpu.h"
#include "vm.h"

#define LOG_WRITE_MAX 32u
#define PORT_COUNT 0x10000u

static struct syscall_result result(enum status status)
{
	return (struct syscall_result){ .status = status };
}

static struct syscall_result result_value(u64 value)
{
	return (struct syscall_result){ .status = ST_OK, .value = value };
}

static struct pd *pd_current(void)
{
	return thread_current()->pd;
}

/* The object behind a handle of the caller; NULL and *status if it is not as wanted. */
static struct object *object_get(u64 slot, const struct object_type *type, u32 rights, enum status *status)
{
	struct handle h;

	*status = handle_get(&pd_current()->handles, slot, type, rights, &h);
	return *status == ST_OK ? h.object : NULL;
}

static enum status root_check(u64 slot)
{
	struct handle h;

	return handle_get(&pd_current()->handles, slot, &root_type, RIGHT_CTL, &h);
}

/* A handle for what was just made, or its end. */
static struct syscall_result return_handle(struct object *object, u32 rights)
{
	u64 slot;
	enum status status = handle_add(&pd_current()->handles, object, rights | RIGHT_CTL, 0, &slot);

	if (status == ST_OK)
		return result_value(slot);
	object_discard(object);
	return result(status);
}

/* ---- anyone ------------------------------------------------------------------------------------- */

static struct syscall_result call_log_write(u64 count, u64 w0, u64 w1, u64 w2, u64 w3, u64)
{
	const u64 words[] = { w0, w1, w2, w3 };

	if (count > LOG_WRITE_MAX)
		return result(ST_INVAL);
	log_write_pd(&pd_current()->writer, pd_current()->id, (const char *)words, (u32)count);
	return result(ST_OK);
}

static struct syscall_result call_notify_wait(u64 deadline, u64, u64, u64, u64, u64)
{
	struct syscall_result r = { 0 };

	r.status = notify_wait(deadline, &r.value);
	return r;
}

static struct syscall_result call_notify_signal(u64 h_thread, u64, u64, u64, u64, u64)
{
	struct handle h;
	enum status status = handle_get(&pd_current()->handles, h_thread, &thread_type, RIGHT_SIGNAL, &h);

	if (status == ST_OK)
		notify_send(thread_of(h.object), h.badge);
	return result(status);
}

static struct syscall_result thread_ctl_self(u64 op, u64 a)
{
	struct thread *self = thread_current();

	switch (op) {
	case THREAD_SET_COMPAT:
		if (a >= USER_LIMIT)
			return result(ST_INVAL);
		self->arch.compat_handler = a;
		return result(ST_OK);
	case THREAD_SET_FSBASE:
		if (a >= USER_LIMIT)
			return result(ST_INVAL);
		arch_thread_set_fs_base(&self->arch, a);
		return result(ST_OK);
	case THREAD_EXIT:
		thread_fault(FAULT_EXIT, 0, 0, a);
		return result(ST_OK);
	case THREAD_YIELD:
		sched_yield();
		return result(ST_OK);
	default:
		return result(ST_INVAL);
	}
}

static struct syscall_result thread_ctl_other(struct thread *t, u64 op, u64 a)
{
	switch (op) {
	case THREAD_START:
		return result(sched_start(t));
	case THREAD_STOP:
		sched_stop(t);
		return result(ST_OK);
	case THREAD_GET_FAULT:
		return a < FAULT_WORD_COUNT ? result_value(t->fault[a]) : result(ST_INVAL);
	default:
		return result(ST_INVAL);
	}
}

static struct syscall_result call_thread_ctl(u64 h_thread, u64 op, u64 a, u64, u64, u64)
{
	struct object *object;
	enum status status;

	if (h_thread == 0)
		return thread_ctl_self(op, a);
	object = object_get(h_thread, &thread_type, RIGHT_CTL, &status);
	return object != NULL ? thread_ctl_other(thread_of(object), op, a) : result(status);
}

static struct syscall_result call_handle_close(u64 h, u64, u64, u64, u64, u64)
{
	return result(handle_close(&pd_current()->handles, h));
}

/* ---- a VMM, a driver ---------------------------------------------------------------------------- */

static struct syscall_result call_vcpu_bind(u64 h_vcpu, u64, u64, u64, u64, u64)
{
	enum status status;
	struct object *object = object_get(h_vcpu, &vcpu_type, RIGHT_RUN, &status);

	return result(object != NULL ? vcpu_bind(vcpu_of(object)) : status);
}

static struct syscall_result call_vcpu_get(u64 groups, u64, u64, u64, u64, u64)
{
	return vcpu_get(groups);
}

static struct syscall_result call_irq_ack(u64 h_irq, u64, u64, u64, u64, u64)
{
	enum status status;
	struct object *object = object_get(h_irq, &irq_type, RIGHT_ACK, &status);

	if (object != NULL)
		irq_ack((struct irq *)(void *)object);
	return result(status);
}

/* ---- root: memory ------------------------------------------------------------------------------- */

static struct syscall_result call_mem_create(u64 h_root, u64 bytes, u64 flags, u64 address, u64, u64)
{
	enum status status = root_check(h_root);
	struct mem *mem;

	if (status == ST_OK && flags == MEM_DEVICE)
		status = mem_create_device(HPA(address), bytes, &mem);
	else if (status == ST_OK)
		status = flags <= MEM_FLAGS_ALL ? mem_create(bytes, (u32)flags, &mem) : ST_INVAL;
	return status == ST_OK ? return_handle(&mem->object, RIGHT_R | RIGHT_W | RIGHT_X) : result(status);
}

/* The space behind a PD or VM handle. */
static struct space *space_get(u64 h_space, enum status *status)
{
	struct object *object = object_get(h_space, NULL, RIGHT_CTL, status);

	if (object == NULL)
		return NULL;
	if (object->type == &pd_type)
		return &((struct pd *)(void *)object)->space;
	if (object->type == &vm_type)
		return &((struct vm *)(void *)object)->space;
	*status = ST_HANDLE;
	return NULL;
}

static struct syscall_result call_mem_map(u64 h_space, u64 h_mem, u64 address, u64 offset, u64 bytes, u64 rights)
{
	enum status status;
	struct space *space = space_get(h_space, &status);
	bool is_filled = (rights & MAP_FILL) != 0;
	struct object *source;

	if (space == NULL)
		return result(status);
	rights &= ~(u64)MAP_FILL;
	if ((rights & ~(u64)(RIGHT_R | RIGHT_W | RIGHT_X)) != 0)
		return result(ST_INVAL);
	source = object_get(h_mem, &mem_type, (u32)rights, &status);
	if (status == ST_HANDLE)
		source = object_get(h_mem, &vcpu_type, RIGHT_CTL, &status);
	if (source == NULL)
		return result(status);
	status = space_map(space, source, address, offset, bytes, (u32)rights);
	if (is_filled && (status == ST_OK || status == ST_EXISTS))
		status = space_fill(space, source, address, bytes);
	return result(status);
}

static struct syscall_result call_mem_unmap(u64 h_space, u64 address, u64 bytes, u64, u64, u64)
{
	enum status status;
	struct space *space = space_get(h_space, &status);

	return result(space != NULL ? space_unmap(space, address, bytes) : status);
}

/* ---- root: objects ------------------------------------------------------------------------------ */

static struct syscall_result call_pd_create(u64 h_root, u64, u64, u64, u64, u64)
{
	enum status status = root_check(h_root);
	struct pd *pd;

	if (status == ST_OK)
		status = pd_create(&pd);
	return status == ST_OK ? return_handle(&pd->object, 0) : result(status);
}

static struct syscall_result call_pd_ctl(u64 h_pd, u64 op, u64 a, u64, u64, u64)
{
	enum status status;
	struct object *object = object_get(h_pd, &pd_type, RIGHT_CTL, &status);

	return result(object != NULL ? pd_ctl((struct pd *)(void *)object, op, a) : status);
}

static struct syscall_result call_thread_create(u64 h_pd, u64 entry, u64 stack, u64 arg, u64 badge, u64)
{
	enum status status;
	struct object *pd = object_get(h_pd, &pd_type, RIGHT_CTL, &status);
	struct thread *t;

	if (pd != NULL)
		status = thread_create((struct pd *)(void *)pd, entry, stack, arg, thread_current(), badge, &t);
	return status == ST_OK ? return_handle(&t->object, RIGHT_SIGNAL) : result(status);
}

static struct syscall_result call_vm_create(u64 h_root, u64, u64, u64, u64, u64)
{
	enum status status = root_check(h_root);
	struct vm *vm;

	if (status == ST_OK)
		status = vm_create(&vm);
	return status == ST_OK ? return_handle(&vm->object, 0) : result(status);
}

static struct syscall_result call_vcpu_create(u64 h_vm, u64 index, u64, u64, u64, u64)
{
	enum status status;
	struct object *vm = object_get(h_vm, &vm_type, RIGHT_CTL, &status);
	struct vcpu *vcpu;

	if (vm != NULL)
		status = vm_add_vcpu((struct vm *)(void *)vm, index, &vcpu);
	return status == ST_OK ? return_handle(&vcpu->object, RIGHT_RUN) : result(status);
}

static struct syscall_result call_handle_grant(u64 h_pd, u64 slot, u64 h_source, u64 rights, u64 badge, u64)
{
	enum status status;
	struct object *pd = object_get(h_pd, &pd_type, RIGHT_CTL, &status);
	struct handle source;

	if (pd == NULL)
		return result(status);
	/* Only who holds CTL hands on; CTL itself, and so the root right, is never handed on. */
	status = handle_get(&pd_current()->handles, h_source, NULL, RIGHT_CTL, &source);
	if (status != ST_OK)
		return result(status);
	if ((rights & ~(u64)(source.rights & ~RIGHT_CTL)) != 0 || source.object->type == &root_type)
		return result(ST_RIGHTS);
	return result(handle_put(&((struct pd *)(void *)pd)->handles, slot, source.object, (u32)rights, badge));
}

static struct syscall_result call_object_destroy(u64 slot, u64, u64, u64, u64, u64)
{
	struct handle h;
	struct object *object;
	enum status status = handle_get_dying(&pd_current()->handles, slot, &h);

	if (status != ST_OK)
		return result(status);
	object = h.object;
	if (object == &pd_current()->object || object == &thread_current()->object)
		return result(ST_STATE);
	status = object_destroy(object);
	if (status == ST_AGAIN)
		handle_keep_dying(&pd_current()->handles, slot);
	if (status == ST_OK)
		status = handle_close(&pd_current()->handles, slot);
	return result(status);
}

static struct syscall_result call_irq_create(u64 h_root, u64 gsi, u64 flags, u64 h_thread, u64 badge, u64)
{
	enum status status = root_check(h_root);
	struct syscall_result r;
	struct object *thread;
	struct irq *irq;

	if (status != ST_OK)
		return result(status);
	thread = object_get(h_thread, &thread_type, RIGHT_CTL, &status);
	if (thread != NULL)
		status = irq_create(gsi, flags, thread_of(thread), badge, &irq);
	if (status != ST_OK)
		return result(status);
	r = return_handle(&irq->object, RIGHT_ACK);
	if (r.status == ST_OK)
		irq_open(irq);
	return r;
}

static struct syscall_result call_port_grant(u64 h_pd, u64 first, u64 count, u64, u64, u64)
{
	enum status status;
	struct object *object = object_get(h_pd, &pd_type, RIGHT_CTL, &status);
	struct port_set *ports;

	if (object == NULL)
		return result(status);
	if (count == 0 || count >= PORT_COUNT || !range_ok(first, count, PORT_COUNT))
		return result(ST_INVAL);
	ports = &((struct pd *)(void *)object)->ports;
	if (ports->count == PORT_RANGES)
		return result(ST_FULL);
	ports->ranges[ports->count] = (struct port_range){ .first = (u16)first, .count = (u16)count };
	__atomic_store_n(&ports->count, ports->count + 1, __ATOMIC_RELEASE);
	return result(ST_OK);
}

static struct syscall_result call_object_stat(u64 h, u64, u64, u64, u64, u64)
{
	struct handle handle;
	enum status status = handle_get_dying(&pd_current()->handles, h, &handle);

	if (status == ST_OK)
		object_stats(handle.object, root_stats.page.object);
	return result(status);
}

/* ---- the machine -------------------------------------------------------------------------------- */

static enum status system_log_bind(u64 h_thread, u64 badge)
{
	struct handle h;
	enum status status = handle_get(&pd_current()->handles, h_thread, &thread_type, RIGHT_SIGNAL, &h);

	return status == ST_OK ? log_bind(thread_of(h.object), badge) : status;
}

static void system_memory(void)
{
	u64 *words = root_stats.page.memory;

	lock_acquire(&frames.lock);
	words[MEM_STAT_INSTALLED] = frames.total << PAGE_SHIFT;
	words[MEM_STAT_BOOT] = frames.boot << PAGE_SHIFT;
	words[MEM_STAT_KERNEL] = (frames.kernel - frames.free_kernel) << PAGE_SHIFT;
	words[MEM_STAT_SLABS] = __atomic_load_n(&object_slab_frames, __ATOMIC_RELAXED) << PAGE_SHIFT;
	words[MEM_STAT_GRANTED] = frames.granted << PAGE_SHIFT;
	words[MEM_STAT_RESERVED] = frames.reserved << PAGE_SHIFT;
	words[MEM_STAT_FREE] = (frames.free_user - frames.reserved) << PAGE_SHIFT;
	words[MEM_STAT_KERNEL_FREE] = frames.free_kernel << PAGE_SHIFT;
	words[MEM_STAT_CHANGES] = frames.changes;
	lock_release(&frames.lock);
}

static enum status system_frame_retire(u64 address)
{
	enum status status;

	lock_acquire(&frames.lock);
	status = frame_pool_retire(&frames, HPA(address));
	lock_release(&frames.lock);
	return status;
}

static enum status system_frame_awaited(u64 address, u64 *value)
{
	lock_acquire(&frames.lock);
	*value = frame_pool_is_awaited(&frames, HPA(address));
	lock_release(&frames.lock);
	return ST_OK;
}

static enum status system_mem_search(u64 h_mem, u64 address, u64 *offset)
{
	enum status status;
	struct object *object = object_get(h_mem, &mem_type, RIGHT_CTL, &status);

	return object != NULL ? mem_search((struct mem *)(void *)object, HPA(address), offset) : status;
}

static enum status system_do(u64 op, u64 a, u64 b, u64 *value)
{
	switch (op) {
	case SYSTEM_REBOOT:
		arch_reboot();
	case SYSTEM_CLOCK:
		return kernel_clock_start(a, value);
	case SYSTEM_IOAPIC:
		return frames_own(HPA(a), PAGE_SIZE) ? ST_INVAL : arch_ioapic_add(HPA(a), b);
	case SYSTEM_PCPU_INIT:
		return arch_pcpu_reset(a);
	case SYSTEM_PCPU_START:
		return b <= 1 ? arch_pcpu_start(a, b != 0, value) : ST_INVAL;
	case SYSTEM_LOG_BIND:
		return system_log_bind(a, b);
	case SYSTEM_CONSOLE_TAKE:
		early_console_release(a);
		return ST_OK;
	case SYSTEM_MEMORY:
		system_memory();
		return ST_OK;
	case SYSTEM_WATERMARK:
		frames_set_watermark(a);
		return ST_OK;
	case SYSTEM_PCPU_TIME:
		return sched_pcpu_times(a, root_stats.page.pcpu);
	case SYSTEM_MACHINE_CHECK:
		return machine_check_do(a, b, &root_stats.page.machine_check, value);
	case SYSTEM_FRAME_RETIRE:
		return system_frame_retire(a);
	case SYSTEM_MEM_SEARCH:
		return system_mem_search(a, b, value);
	case SYSTEM_FRAME_AWAITED:
		return system_frame_awaited(a, value);
	case SYSTEM_MITIGATE:
		return arch_mitigate(a, b);
	default:
		return ST_INVAL;
	}
}

static struct syscall_result call_system_ctl(u64 h_root, u64 op, u64 a, u64 b, u64, u64)
{
	struct syscall_result r = { .status = root_check(h_root) };

	if (r.status == ST_OK)
		r.status = system_do(op, a, b, &r.value);
	return r;
}

/* ---- dispatch ----------------------------------------------------------------------------------- */

typedef struct syscall_result (*handler)(u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5);

/* SYS_VCPU_RUN has a way of its own (cpu_entry.S). */
#define FIRST (SYS_VCPU_RUN + 1)
#define SLOT(number) [(number) - FIRST]

static const handler handlers[] = {
	SLOT(SYS_LOG_WRITE) = call_log_write,
	SLOT(SYS_NOTIFY_WAIT) = call_notify_wait,
	SLOT(SYS_NOTIFY_SIGNAL) = call_notify_signal,
	SLOT(SYS_THREAD_CTL) = call_thread_ctl,
	SLOT(SYS_HANDLE_CLOSE) = call_handle_close,
	SLOT(SYS_VCPU_BIND) = call_vcpu_bind,
	SLOT(SYS_VCPU_GET) = call_vcpu_get,
	SLOT(SYS_IRQ_ACK) = call_irq_ack,
	SLOT(SYS_MEM_CREATE) = call_mem_create,
	SLOT(SYS_MEM_MAP) = call_mem_map,
	SLOT(SYS_MEM_UNMAP) = call_mem_unmap,
	SLOT(SYS_PD_CREATE) = call_pd_create,
	SLOT(SYS_PD_CTL) = call_pd_ctl,
	SLOT(SYS_THREAD_CREATE) = call_thread_create,
	SLOT(SYS_VM_CREATE) = call_vm_create,
	SLOT(SYS_VCPU_CREATE) = call_vcpu_create,
	SLOT(SYS_HANDLE_GRANT) = call_handle_grant,
	SLOT(SYS_OBJECT_DESTROY) = call_object_destroy,
	SLOT(SYS_OBJECT_STAT) = call_object_stat,
	SLOT(SYS_IRQ_CREATE) = call_irq_create,
	SLOT(SYS_PORT_GRANT) = call_port_grant,
	SLOT(SYS_SYSTEM_CTL) = call_system_ctl,
};
_Static_assert(SYS_VCPU_RUN == SYS_FIRST && ARRAY_COUNT(handlers) == SYS_LAST - FIRST, "a handler for each call");

/* A mispredicted bounds check must not index the table with what ring 3 chose. */
static u64 index_clamp(u64 index, u64 limit)
{
	u64 mask;

	__asm__("cmp %1, %0\n\tsbb %0, %0" : "=r"(mask) : "r"(limit), "0"(index) : "cc");
	return index & mask;
}

/* Root's calls, which change the tree of objects, come one after the other. */
static struct lock objects_lock;

static struct syscall_result call_locked(handler call, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
	struct syscall_result r;

	lock_acquire(&objects_lock);
	r = call(a0, a1, a2, a3, a4, a5);
	lock_release(&objects_lock);
	return r;
}

struct syscall_result syscall_dispatch(u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5, u64 number)
{
	u64 index = number - FIRST;

	if (index >= ARRAY_COUNT(handlers))
		return result(ST_NOSYS);
	if (index >= SYS_MEM_CREATE - FIRST)
		return call_locked(handlers[index_clamp(index, ARRAY_COUNT(handlers))], a0, a1, a2, a3, a4, a5);
	return handlers[index_clamp(index, ARRAY_COUNT(handlers))](a0, a1, a2, a3, a4, a5);
}
