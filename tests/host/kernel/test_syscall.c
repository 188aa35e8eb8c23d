/* SPDX-License-Identifier: MIT */
/*
 * The system calls on the host: the real kernel objects with a scheduler that only notes what it was told. The test
 * says whose thread calls.
 */
/* links: kernel arch */
/* helpers: fake_arch.c fake_back_end.c */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define sched_yield kernel_sched_yield	/* pthread.h has one of that name */
#include "kernel_upcalls.h"
#include "sched_migrate.h"
#include "syscall.c"			/* its lock and its table */

#define FREE_SLOT 300u

/* ---- what the calls reach ---- */

static struct pd *root, *foe;
static struct thread *root_thread, *foe_thread;
static u64 h_foe, h_foe_thread;
static struct thread *woken, *stopped;
static u32 masked[IRQ_LINES], unmasked[IRQ_LINES], logged;
static bool is_called;	/* atomic */

enum status sched_start(struct thread *t) { t->state = THREAD_READY; return ST_OK; }
void sched_stop(struct thread *t) { t->state = THREAD_STOPPED; }
bool sched_is_stopped(const struct thread *t) { return t->state == THREAD_STOPPED; }
void sched_changed(struct thread *t) { (void)t; }
bool sched_mask_ok(u64 mask) { return mask != 0; }
bool sched_sibling_waits(void) { return false; }
void sched_preempt(void) { pcpu_self()->need_resched = false; }
void sched_yield(void) { }
void sched_wait(u64 deadline) { fake_tsc = deadline; }
void sched_park(u64 until) { (void)until; }
void sched_wake(struct thread *t) { woken = t; }
void sched_stop_current(void) { stopped = thread_current(); }
void sched_timer_limit_set(struct sched *s, u64 deadline_tsc) { (void)s, (void)deadline_tsc; }

void sched_add_times(struct thread *t, u64 *times)
{
	times[STAT_TIME_TSC] += t->time_tsc;
	times[STAT_TIME_GUEST_TSC] += t->time_guest_tsc;
	times[STAT_TIME_READY] += t->time_ready;
}

enum status sched_pcpu_times(u64 pcpu, u64 *times)
{
	times[PCPU_TIME_IDLE] = 77;
	return pcpu == 0 ? ST_OK : ST_INVAL;
}

void arch_thread_init(struct arch_thread *t, void *kernel_stack, u64 entry, u64 stack, u64 arg)
{
	(void)t, (void)kernel_stack, (void)entry, (void)stack, (void)arg;
}

void arch_thread_set_fs_base(struct arch_thread *t, u64 base) { t->fs_base = base; }
void arch_fpu_forget(struct fpu_area *area) { (void)area; }
void arch_interrupts_poll(void) { }
enum status arch_irq_route(u32 gsi, u32 flags) { (void)flags; return gsi < 24 ? ST_OK : ST_INVAL; }
void arch_irq_mask(u32 gsi) { masked[gsi]++; }
void arch_irq_unmask(u32 gsi) { unmasked[gsi]++; }
bool arch_irq_message(u32 line, const struct pcpu *pcpu, struct irq_message *out)
{
	*out = (struct irq_message){ .address = 0xfee00000 | (u64)(pcpu - fake_pcpus) << 12, .data = line };
	return line >= 24 && line < 26;
}

void arch_reboot(void) { abort(); }
enum status arch_pcpu_reset(u64 id) { (void)id; return ST_EXISTS; }
bool msr_try_write(u32 msr, u64 value);		/* x86.h, which the kernel does not see */
bool msr_try_write(u32 msr, u64 value)
{
	(void)msr, (void)value;
	return false;
}

enum status arch_pcpu_start(u64 id, bool is_parked, u64 *offset)
{
	(void)id, (void)is_parked, (void)offset;
	return ST_EXISTS;
}
enum status arch_ioapic_add(hpa_t at, u64 gsi) { (void)at, (void)gsi; return ST_OK; }
void early_console_release(u64 parts) { (void)parts; }
enum status kernel_clock_start(u64 hz, u64 *is_deadline) { (void)hz, (void)is_deadline; return ST_STATE; }
void frames_set_watermark(u64 bytes) { (void)bytes; }
enum status log_bind(struct thread *t, u64 badge) { (void)t, (void)badge; return ST_OK; }

void log_write_pd(struct log_writer *w, u32 id, const char *bytes, u32 count)
{
	(void)w, (void)id, (void)bytes;
	logged += count;
}

/* ---- a back end without a processor ---- */

static struct sched timer;
static u32 entries;

static void hw_init(struct vcpu_hw *hw, hpa_t root_table, u32 index, u64 *gpr)
{
	(void)hw, (void)root_table, (void)index, (void)gpr;
}

static void hw_nothing(struct vcpu_hw *hw) { (void)hw; }
static void hw_prepare(struct vcpu_hw *hw, struct vcpu_entry *entry, struct vcpu_page *page, bool sibling_waits)
{
	(void)hw, (void)entry, (void)page, (void)sibling_waits;
}

static u32 hw_enter(struct vcpu_hw *hw, u32 what)
{
	(void)hw, (void)what;
	entries++;
	return EXIT_HLT;
}

static void hw_load(struct vcpu_hw *hw, const struct vcpu_page *p, u32 groups) { (void)hw, (void)p, (void)groups; }
static void hw_store(struct vcpu_hw *hw, struct vcpu_page *p, u32 groups) { (void)hw, (void)p, (void)groups; }

static const struct virt_ops ops = {
	.name = "none", .kind = VIRT_SVM, .s2_format = &pt_host, .vcpu_init = hw_init,
	.leave = hw_nothing, .load = hw_load, .store = hw_store, .flush = hw_nothing,
	.prepare = hw_prepare, .enter = hw_enter,
};
const struct virt_ops *virt = &ops;
struct virt_limits virt_limits = { .physical_bits = 40 };
union root_stats root_stats;
const struct object_type root_type = { OBJECT_TYPE(struct vm) };
const u8 virt_exit_groups[EXIT_REASON_COUNT];

/* ---- calls ---- */

static struct syscall_result call(struct thread *who, u64 number, u64 a, u64 b, u64 c, u64 d, u64 e)
{
	pcpu_self()->current = who;
	return syscall_dispatch(a, b, c, d, e, 0, number);
}

#define ROOT(number, ...) call_as(root_thread, SYS_##number, (const u64[6]){ __VA_ARGS__ })
#define FOE(number, ...) call_as(foe_thread, SYS_##number, (const u64[6]){ __VA_ARGS__ })

static struct syscall_result call_as(struct thread *who, u64 number, const u64 a[6])
{
	return call(who, number, a[0], a[1], a[2], a[3], a[4]);
}

static u64 made(struct syscall_result r)
{
	assert_int_equal(r.status, ST_OK);
	return r.value;
}

static int start(void **state)
{
	struct handle h;

	(void)state;
	fake_machine_init();
	assert_int_equal(pd_create(&root), ST_OK);
	assert_int_equal(thread_create(root, 0x400000, 0x500000, 0, NULL, 0, &root_thread), ST_OK);
	assert_int_equal(handle_put(&root->handles, HANDLE_ROOT, object_alloc(&root_type), RIGHT_CTL, 0), ST_OK);
	h_foe = made(ROOT(PD_CREATE, HANDLE_ROOT));
	h_foe_thread = made(ROOT(THREAD_CREATE, h_foe, 0x400000, 0x500000, 0, 4));
	assert_int_equal(handle_get(&root->handles, h_foe, &pd_type, 0, &h), ST_OK);
	foe = (struct pd *)(void *)h.object;
	assert_int_equal(handle_get(&root->handles, h_foe_thread, &thread_type, 0, &h), ST_OK);
	foe_thread = thread_of(h.object);
	return 0;
}

/* ---- tests ---- */

static void *call_in_background(void *number)
{
	fake_here = 1;
	(void)call(root_thread, (u64)(uintptr_t)number, 0, 0, 0, 0, 0);
	__atomic_store_n(&is_called, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Each of root's calls waits for the lock: either a ticket is drawn, or the call comes back without. */
static void roots_calls_take_the_lock(void **state)
{
	(void)state;
	for (u64 number = SYS_MEM_CREATE; number < SYS_LAST; number++) {
		u32 tickets = objects_lock.next + 1;
		pthread_t thread;

		__atomic_store_n(&is_called, false, __ATOMIC_RELEASE);
		lock_acquire(&objects_lock);
		assert_int_equal(pthread_create(&thread, NULL, call_in_background, (void *)(uintptr_t)number), 0);
		while (!__atomic_load_n(&is_called, __ATOMIC_ACQUIRE) &&
		       __atomic_load_n(&objects_lock.next, __ATOMIC_ACQUIRE) == tickets)
			;
		assert_int_equal(__atomic_load_n(&objects_lock.next, __ATOMIC_ACQUIRE), tickets + 1);
		lock_release(&objects_lock);
		assert_int_equal(pthread_join(thread, NULL), 0);
	}
}

static void numbers(void **state)
{
	(void)state;
	assert_int_equal(call(foe_thread, SYS_LAST, 0, 0, 0, 0, 0).status, ST_NOSYS);
	assert_int_equal(call(foe_thread, SYS_FIRST, 0, 0, 0, 0, 0).status, ST_NOSYS);
	assert_int_equal(call(foe_thread, ~0ull, 0, 0, 0, 0, 0).status, ST_NOSYS);
	assert_int_equal(call(foe_thread, 0, 0, 0, 0, 0, 0).status, ST_NOSYS);
}

/* Four registers hold 32 bytes, and what lies behind them is the kernel's stack. */
static void log_length(void **state)
{
	static const u64 bad[] = { 33, 64, 0x100000000ull, ~0ull };

	(void)state;
	logged = 0;
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(FOE(LOG_WRITE, bad[i], 0, 0, 0, 0).status, ST_INVAL);
	assert_int_equal(logged, 0);
	assert_int_equal(FOE(LOG_WRITE, 32, 0, 0, 0, 0).status, ST_OK);
	assert_int_equal(logged, 32);
}

static void addresses_on_oneself(void **state)
{
	static const u64 bad[] = { USER_LIMIT, 0x0000800000000000ull, KERNEL_BASE, DIRECT_BASE, ~0ull };

	(void)state;
	assert_int_equal(FOE(THREAD_CTL, 0, THREAD_SET_FSBASE, 0x1000).status, ST_OK);
	assert_int_equal(FOE(THREAD_CTL, 0, THREAD_SET_COMPAT, 0x2000).status, ST_OK);
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++) {
		assert_int_equal(FOE(THREAD_CTL, 0, THREAD_SET_FSBASE, bad[i]).status, ST_INVAL);
		assert_int_equal(FOE(THREAD_CTL, 0, THREAD_SET_COMPAT, bad[i]).status, ST_INVAL);
	}
	assert_int_equal(foe_thread->arch.fs_base, 0x1000);
	assert_int_equal(foe_thread->arch.compat_handler, 0x2000);
}

/* CTL stays with who has made the object, and the right to call root's calls with root. */
static void ctl_is_not_granted(void **state)
{
	u64 h_mem = made(ROOT(MEM_CREATE, HANDLE_ROOT, PAGE_SIZE, 0));
	u64 all = RIGHT_R | RIGHT_W | RIGHT_X;

	(void)state;
	assert_int_equal(ROOT(HANDLE_GRANT, h_foe, FREE_SLOT, h_mem, all | RIGHT_CTL, 0).status, ST_RIGHTS);
	assert_int_equal(ROOT(HANDLE_GRANT, h_foe, FREE_SLOT, h_mem, RIGHT_CTL, 0).status, ST_RIGHTS);
	assert_int_equal(ROOT(HANDLE_GRANT, h_foe, FREE_SLOT, h_mem, RIGHT_SIGNAL, 0).status, ST_RIGHTS);
	assert_int_equal(ROOT(HANDLE_GRANT, h_foe, FREE_SLOT, h_mem, 1ull << 32, 0).status, ST_RIGHTS);
	assert_int_equal(ROOT(HANDLE_GRANT, h_foe, FREE_SLOT, HANDLE_ROOT, 0, 0).status, ST_RIGHTS);
	assert_int_equal(ROOT(HANDLE_GRANT, h_foe, HANDLE_CHOSEN, h_mem, all, 0).status, ST_INVAL);
	assert_int_equal(ROOT(HANDLE_GRANT, h_foe, FREE_SLOT, h_mem, all, 0).status, ST_OK);
	assert_int_equal(FOE(OBJECT_DESTROY, FREE_SLOT).status, ST_RIGHTS);
	assert_int_equal(FOE(OBJECT_STAT, FREE_SLOT).status, ST_RIGHTS);
	assert_int_equal(FOE(HANDLE_GRANT, FREE_SLOT, 1, FREE_SLOT, RIGHT_R, 0).status, ST_HANDLE);
	assert_int_equal(FOE(HANDLE_CLOSE, FREE_SLOT).status, ST_OK);
	assert_int_equal(ROOT(OBJECT_DESTROY, h_mem).status, ST_OK);
}

/* A vCPU and a thread find each other once. */
static void a_vcpu_is_bound_once(void **state)
{
	u64 h_vm = made(ROOT(VM_CREATE, HANDLE_ROOT)), h[2], h_second;
	struct handle second;

	(void)state;
	for (u32 i = 0; i < 2; i++) {
		h[i] = made(ROOT(VCPU_CREATE, h_vm, i));
		assert_int_equal(ROOT(HANDLE_GRANT, h_foe, FREE_SLOT + i, h[i], RIGHT_RUN, 0).status, ST_OK);
	}
	assert_int_equal(ROOT(VCPU_CREATE, h_vm, 1).status, ST_EXISTS);
	h_second = made(ROOT(THREAD_CREATE, h_foe, 0x400000, 0x500000, 1, 4));
	assert_int_equal(handle_get(&root->handles, h_second, &thread_type, 0, &second), ST_OK);
	assert_int_equal(FOE(VCPU_BIND, FREE_SLOT).status, ST_OK);
	assert_int_equal(FOE(VCPU_BIND, FREE_SLOT).status, ST_STATE);
	assert_int_equal(FOE(VCPU_BIND, FREE_SLOT + 1).status, ST_STATE);
	assert_int_equal(call(thread_of(second.object), SYS_VCPU_BIND, FREE_SLOT, 0, 0, 0, 0).status, ST_STATE);
	assert_null(thread_of(second.object)->vcpu);
	assert_int_equal(call(thread_of(second.object), SYS_VCPU_BIND, FREE_SLOT + 1, 0, 0, 0, 0).status, ST_OK);
}

/* What the VMM wants injected is judged before the processor sees it. */
static void events_are_judged(void **state)
{
	struct vcpu_page *page = foe_thread->vcpu->page;

	(void)state;
	pcpu_self()->current = foe_thread;
	pcpu_self()->sched = &timer;
	entries = 0;
	page->deadline_tsc = DEADLINE_NONE;
	page->event = (struct vcpu_event){ .valid = 1, .type = EVENT_EXCEPTION, .vector = 200 };
	page->dirty = GROUP_EVENT;
	(void)vcpu_run();
	assert_int_equal(page->exit.reason, EXIT_BAD_STATE);
	assert_int_equal(entries, 0);
	page->event = (struct vcpu_event){ .valid = 1, .type = EVENT_EXCEPTION, .vector = 6 };
	page->dirty = GROUP_EVENT;
	(void)vcpu_run();
	assert_int_equal(entries, 1);
}

static void ports(void **state)
{
	static const u64 bad[][2] = {
		{ 0, 0 }, { 0, 0x10000 }, { 0xffff, 2 }, { 0x10000, 1 }, { ~0ull, 2 }, { 1, ~0ull },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(ROOT(PORT_GRANT, h_foe, bad[i][0], bad[i][1]).status, ST_INVAL);
	assert_int_equal(foe->ports.count, 0);
	for (u32 i = 0; i < PORT_RANGES; i++)
		assert_int_equal(ROOT(PORT_GRANT, h_foe, 0x3f8, 8).status, ST_OK);
	assert_int_equal(ROOT(PORT_GRANT, h_foe, 0x3f8, 8).status, ST_FULL);
	assert_int_equal(FOE(PORT_GRANT, HANDLE_ROOT, 0x3f8, 8).status, ST_HANDLE);
}

/* A line tells its thread once for each acknowledgement, and is free again only when its object is gone. */
static void interrupts(void **state)
{
	u64 h_irq = made(ROOT(IRQ_CREATE, HANDLE_ROOT, 4, IRQ_LEVEL, h_foe_thread, 0x10));

	(void)state;
	assert_int_equal(ROOT(IRQ_CREATE, HANDLE_ROOT, 4, 0, h_foe_thread, 1).status, ST_EXISTS);
	assert_int_equal(ROOT(IRQ_CREATE, HANDLE_ROOT, 5, IRQ_FLAGS_ALL + 1, h_foe_thread, 1).status, ST_INVAL);
	assert_int_equal(ROOT(IRQ_CREATE, HANDLE_ROOT, IRQ_LINES, 0, h_foe_thread, 1).status, ST_INVAL);
	assert_int_equal(unmasked[4], 1);
	foe_thread->pending = 0;
	kernel_irq(4);
	assert_int_equal(masked[4], 1);
	assert_int_equal(foe_thread->pending, 0x10);
	assert_ptr_equal(woken, foe_thread);
	assert_int_equal(ROOT(HANDLE_GRANT, h_foe, FREE_SLOT + 9, h_irq, RIGHT_ACK, 0).status, ST_OK);
	assert_int_equal(FOE(IRQ_ACK, FREE_SLOT + 9).status, ST_OK);
	assert_int_equal(unmasked[4], 2);
	pcpu_count = 2;		/* so that a grace period has to pass */
	assert_int_equal(ROOT(OBJECT_DESTROY, h_irq).status, ST_AGAIN);
	foe_thread->pending = 0;
	kernel_irq(4);
	assert_int_equal(foe_thread->pending, 0);
	assert_int_equal(FOE(IRQ_ACK, FREE_SLOT + 9).status, ST_HANDLE);
	fake_take_ipi(1);
	assert_int_equal(ROOT(OBJECT_DESTROY, h_irq).status, ST_OK);
	pcpu_count = 1;
}

static void destroy(u64 h)
{
	u64 status;

	do
		status = ROOT(OBJECT_DESTROY, h).status;
	while (status == ST_AGAIN);
	assert_int_equal(status, ST_OK);
}

/* A message has a vector of its own, none of a line with a pin; it can come again without an acknowledgement. */
static void messages(void **state)
{
	u64 h[2];

	(void)state;
	pcpu_count = 2;
	assert_int_equal(ROOT(IRQ_CREATE, HANDLE_ROOT, 0, IRQ_MSI | IRQ_LEVEL, h_foe_thread, 1).status, ST_INVAL);
	assert_int_equal(ROOT(IRQ_CREATE, HANDLE_ROOT, 0, IRQ_MSI | IRQ_SHARED, h_foe_thread, 1).status, ST_INVAL);
	assert_int_equal(ROOT(IRQ_CREATE, HANDLE_ROOT, 2, IRQ_MSI, h_foe_thread, 1).status, ST_INVAL);
	for (u32 i = 0; i < 2; i++)
		h[i] = made(ROOT(IRQ_CREATE, HANDLE_ROOT, i, IRQ_MSI, h_foe_thread, 2));
	assert_int_equal(ROOT(IRQ_CREATE, HANDLE_ROOT, 0, IRQ_MSI, h_foe_thread, 1).status, ST_FULL);
	for (u32 i = 0; i < 2; i++) {
		assert_int_equal(ROOT(OBJECT_STAT, h[i]).status, ST_OK);
		assert_int_equal(root_stats.page.object[STAT_IRQ_ADDRESS], 0xfee00000 | i << 12);
		assert_int_equal(root_stats.page.object[STAT_IRQ_DATA], 24 + i);
		for (u32 round = 0; round < 2; round++) {
			foe_thread->pending = 0;
			kernel_irq(24 + i);
			assert_int_equal(foe_thread->pending, 2);
		}
	}
	pcpu_count = 1;
	destroy(h[0]);
	foe_thread->pending = 0;
	kernel_irq(24);
	assert_int_equal(foe_thread->pending, 0);
	destroy(made(ROOT(IRQ_CREATE, HANDLE_ROOT, 0, IRQ_MSI, h_foe_thread, 2)));
	destroy(h[1]);
}

static u64 unacked_since(u64 h_irq)
{
	assert_int_equal(ROOT(OBJECT_STAT, h_irq).status, ST_OK);
	return root_stats.page.object[STAT_IRQ_UNACKED_TSC];
}

/* All owners of a line are signalled, and it stays masked until all have acknowledged or are gone. */
static void a_line_is_shared(void **state)
{
	u32 flags = IRQ_LEVEL | IRQ_LOW | IRQ_SHARED, before;
	u64 a = made(ROOT(IRQ_CREATE, HANDLE_ROOT, 11, flags, h_foe_thread, 1)), b, c;
	u64 h[2];

	(void)state;
	assert_int_equal(ROOT(IRQ_CREATE, HANDLE_ROOT, 11, IRQ_LEVEL | IRQ_LOW, h_foe_thread, 2).status, ST_EXISTS);
	assert_int_equal(ROOT(IRQ_CREATE, HANDLE_ROOT, 11, IRQ_LEVEL | IRQ_SHARED, h_foe_thread, 2).status, ST_EXISTS);
	b = made(ROOT(IRQ_CREATE, HANDLE_ROOT, 11, flags, h_foe_thread, 2));
	for (u32 i = 0; i < 2; i++) {
		h[i] = FREE_SLOT + 20 + i;
		assert_int_equal(ROOT(HANDLE_GRANT, h_foe, h[i], i == 0 ? a : b, RIGHT_ACK, 0).status, ST_OK);
	}
	foe_thread->pending = 0;
	fake_tsc = 1234;
	before = unmasked[11];
	kernel_irq(11);
	assert_int_equal(foe_thread->pending, 3);
	assert_int_equal(masked[11], 1);
	c = made(ROOT(IRQ_CREATE, HANDLE_ROOT, 11, flags, h_foe_thread, 4));	/* comes when it is masked */
	assert_int_equal(FOE(IRQ_ACK, h[0]).status, ST_OK);
	assert_int_equal(FOE(IRQ_ACK, h[0]).status, ST_OK);
	assert_int_equal(unmasked[11], before);
	assert_int_equal(unacked_since(a), 0);
	assert_int_equal(unacked_since(b), 1234);
	assert_int_equal(FOE(IRQ_ACK, h[1]).status, ST_OK);
	assert_int_equal(unmasked[11], before + 1);
	kernel_irq(11);
	assert_int_equal(foe_thread->pending, 7);
	destroy(c);
	assert_int_equal(FOE(IRQ_ACK, h[0]).status, ST_OK);
	assert_int_equal(unmasked[11], before + 1);
	destroy(b);				/* it never acknowledged: the others get their line back */
	assert_int_equal(unmasked[11], before + 2);
	before = masked[11];
	destroy(a);
	assert_int_equal(masked[11], before + 1);
}

/* Memory for DMA is whole pieces, which are told to root once they are granted. */
static void dma_memory(void **state)
{
	static const struct { u64 bytes, flags; } bad[] = {
		{ PAGE_SIZE, MEM_DMA }, { PAGE_SIZE_2M + PAGE_SIZE, MEM_DMA }, { 0, MEM_DMA },
		{ (MEM_DMA_PIECES + 1) * PAGE_SIZE_2M, MEM_DMA }, { PAGE_SIZE_2M, MEM_DMA | MEM_OVERCOMMIT },
		{ PAGE_SIZE_2M, MEM_BELOW_4G }, { PAGE_SIZE_2M, MEM_DMA | MEM_DEVICE },
		{ PAGE_SIZE_2M, MEM_DMA | BIT32(5) }, { PAGE_SIZE_2M, MEM_DMA | 1ull << 32 },
	};
	const u64 at = 0x40000000, *bus = &root_stats.page.object[STAT_BUS_ADDRESS];
	const u64 bytes = 2 * PAGE_SIZE_2M;
	u64 h_mem, status;

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(ROOT(MEM_CREATE, HANDLE_ROOT, bad[i].bytes, bad[i].flags).status, ST_INVAL);
	h_mem = made(ROOT(MEM_CREATE, HANDLE_ROOT, bytes, MEM_DMA | MEM_BELOW_4G));
	assert_int_equal(ROOT(OBJECT_STAT, h_mem).status, ST_OK);
	assert_int_equal(bus[0] | bus[1], 0);
	/* Mapped where no large page fits: the frames behind it are large all the same. */
	pcpu_self()->current = root_thread;
	do
		status = syscall_dispatch(h_foe, h_mem, at + PAGE_SIZE, 0, bytes, RIGHT_R | RIGHT_W | MAP_FILL,
					  SYS_MEM_MAP).status;
	while (status == ST_AGAIN);
	assert_int_equal(status, ST_OK);
	assert_int_equal(ROOT(OBJECT_STAT, h_mem).status, ST_OK);
	for (u32 i = 0; i < 2; i++) {
		assert_int_equal(bus[i] % PAGE_SIZE_2M, 0);
		assert_true(bus[i] != 0 && bus[i] < FAKE_MEMORY_BYTES);
		for (u64 byte = 0; byte < PAGE_SIZE_2M; byte += 512)
			assert_int_equal(fake_memory[bus[i] + byte], 0);
	}
	assert_int_not_equal(bus[0], bus[1]);
	for (u32 i = 2; i < MEM_DMA_PIECES; i++)
		assert_int_equal(bus[i], 0);
	assert_int_equal(root_stats.page.object[STAT_BYTES_HELD], bytes);
	while (ROOT(MEM_UNMAP, h_foe, at + PAGE_SIZE, bytes).status == ST_AGAIN)
		;
	destroy(h_mem);
}

/* What ring 3 runs into stops it, and its supervisor hears of it. */
static void faults(void **state)
{
	struct trap_frame frame = { .vector = 14, .error = 6, .rip = 0x401000 };

	(void)state;
	root_thread->pending = 0;
	stopped = NULL;
	pcpu_self()->current = foe_thread;
	kernel_user_exception(&frame, 0x600000);
	assert_ptr_equal(stopped, foe_thread);
	assert_int_equal(root_thread->pending, 4);
	assert_int_equal(ROOT(THREAD_CTL, h_foe_thread, THREAD_GET_FAULT, FAULT_KIND).value, 15);
	assert_int_equal(ROOT(THREAD_CTL, h_foe_thread, THREAD_GET_FAULT, FAULT_ADDRESS).value, 0x600000);
	assert_int_equal(ROOT(THREAD_CTL, h_foe_thread, THREAD_GET_FAULT, FAULT_WORD_COUNT).status, ST_INVAL);
	frame.vector = 13;
	stopped = NULL;
	pcpu_self()->current = foe_thread;
	kernel_user_exception(&frame, KERNEL_BASE);
	assert_ptr_equal(stopped, foe_thread);
	assert_int_equal(foe_thread->fault[FAULT_ADDRESS], 0);
}

/* The PD goes with its threads, and all frames come back. */
static void a_pd_goes_with_its_threads(void **state)
{
	u64 before = frames.free_kernel + object_slab_frames, h_pd = made(ROOT(PD_CREATE, HANDLE_ROOT)), h_thread;
	enum status status;

	(void)state;
	h_thread = made(ROOT(THREAD_CREATE, h_pd, 0x400000, 0x500000, 1, 4));
	assert_int_equal(ROOT(THREAD_CREATE, h_pd, USER_LIMIT, 0x500000, 1, 4).status, ST_INVAL);
	assert_int_equal(ROOT(THREAD_CREATE, h_pd, 0x400000, USER_LIMIT + 1, 1, 4).status, ST_INVAL);
	do
		status = ROOT(OBJECT_DESTROY, h_pd).status;
	while (status == ST_AGAIN);
	assert_int_equal(status, ST_OK);
	assert_int_equal(ROOT(THREAD_CTL, h_thread, THREAD_START).status, ST_HANDLE);
	assert_int_equal(frames.free_kernel + object_slab_frames, before);
	assert_int_equal(ROOT(OBJECT_DESTROY, h_pd).status, ST_HANDLE);
}

static u64 stat_of(u64 h, enum stat stat)
{
	assert_int_equal(ROOT(OBJECT_STAT, h).status, ST_OK);
	return root_stats.page.object[stat];
}

/* One snapshot a call; what is of other kinds is 0, and a refused call leaves the page alone. */
static void statistics(void **state)
{
	u64 h_mem = made(ROOT(MEM_CREATE, HANDLE_ROOT, 3 * PAGE_SIZE, 0)), h_vm = made(ROOT(VM_CREATE, HANDLE_ROOT));
	u64 h_pd = made(ROOT(PD_CREATE, HANDLE_ROOT)), h_vcpu = made(ROOT(VCPU_CREATE, h_vm, 0)), sum = 0;
	u64 h_thread = made(ROOT(THREAD_CREATE, h_pd, 0x400000, 0x500000, 1, 4)), *memory = root_stats.page.memory;
	struct handle h;

	(void)state;
	assert_int_equal(stat_of(h_mem, STAT_BYTES), 3 * PAGE_SIZE);
	assert_int_equal(stat_of(h_mem, STAT_BYTES_HELD), 3 * PAGE_SIZE);
	assert_int_equal(stat_of(h_mem, STAT_BYTES_GRANTED), 0);
	assert_int_equal(stat_of(h_vm, STAT_BYTES_HELD), 0);
	assert_int_equal(stat_of(h_vm, STAT_TABLE_BYTES), PAGE_SIZE);
	assert_int_equal(handle_get(&root->handles, h_thread, &thread_type, 0, &h), ST_OK);
	thread_of(h.object)->state = THREAD_WAITING;
	thread_of(h.object)->time_tsc = 5;
	thread_of(h.object)->time_ready = 7;
	assert_int_equal(stat_of(h_thread, STAT_IS_WAITING), 1);
	assert_int_equal(stat_of(h_thread, STAT_TIME_TSC), 5);
	assert_int_equal(stat_of(h_pd, STAT_TIME_TSC), 5);
	assert_int_equal(root_stats.page.object[STAT_IS_WAITING], 0);
	while (ROOT(OBJECT_DESTROY, h_thread).status == ST_AGAIN)
		;
	assert_int_equal(stat_of(h_pd, STAT_TIME_TSC), 5);	/* of threads that are gone, too */
	assert_int_equal(root_stats.page.object[STAT_TIME_READY], 7);
	assert_int_equal(ROOT(OBJECT_STAT, h_thread).status, ST_HANDLE);
	assert_int_equal(root_stats.page.object[STAT_TIME_TSC], 5);
	assert_int_equal(handle_get(&root->handles, h_vcpu, &vcpu_type, 0, &h), ST_OK);
	vcpu_of(h.object)->exit_count[EXIT_CPUID] = 3;
	vcpu_of(h.object)->exit_ticks[EXIT_REASON_COUNT - 1] = 4;
	assert_int_equal(stat_of(h_vcpu, STAT_EXIT_COUNT + EXIT_CPUID), 3);
	assert_int_equal(root_stats.page.object[STAT_BUS_ADDRESS - 1], 4);
	assert_int_equal(ROOT(SYSTEM_CTL, HANDLE_ROOT, SYSTEM_PCPU_TIME, 1).status, ST_INVAL);
	assert_int_equal(ROOT(SYSTEM_CTL, HANDLE_ROOT, SYSTEM_PCPU_TIME, 0).status, ST_OK);
	assert_int_equal(root_stats.page.pcpu[PCPU_TIME_IDLE], 77);
	assert_int_equal(ROOT(SYSTEM_CTL, HANDLE_ROOT, SYSTEM_MEMORY).status, ST_OK);
	for (u32 i = MEM_STAT_KERNEL; i <= MEM_STAT_KERNEL_FREE; i++)
		sum += i != MEM_STAT_SLABS ? memory[i] : 0;
	assert_int_equal(sum, memory[MEM_STAT_INSTALLED]);
	while (ROOT(OBJECT_DESTROY, h_pd).status == ST_AGAIN || ROOT(OBJECT_DESTROY, h_vm).status == ST_AGAIN)
		;
	assert_int_equal(ROOT(OBJECT_DESTROY, h_mem).status, ST_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots_calls_take_the_lock),
		cmocka_unit_test(numbers),
		cmocka_unit_test(log_length),
		cmocka_unit_test(addresses_on_oneself),
		cmocka_unit_test(ctl_is_not_granted),
		cmocka_unit_test(a_vcpu_is_bound_once),
		cmocka_unit_test(events_are_judged),
		cmocka_unit_test(ports),
		cmocka_unit_test(interrupts),
		cmocka_unit_test(messages),
		cmocka_unit_test(a_line_is_shared),
		cmocka_unit_test(dma_memory),
		cmocka_unit_test(faults),
		cmocka_unit_test(a_pd_goes_with_its_threads),
		cmocka_unit_test(statistics),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
