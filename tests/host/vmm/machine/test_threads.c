/* SPDX-License-Identifier: MIT */
/* links: vmm rt */
/* sanitize: thread */
/*
 * A machine whose vCPUs are real threads that do everything to each other at once, while a root pauses them: no access
 * to shared data is unordered, nobody runs in a pause, and an end on one ends all. Each vCPU plays random exits.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "load.h"
#include "machine.h"
#include "syscalls.h"

enum { CPUS = 4, EXITS = 10000, PAUSES = 20, RAM_BYTES = 4 * MIB, CODE = 0x5000, CODE_STRIDE = 0x100 };

static struct machine machine;
static struct vmm_args args;
static struct info_page info = { .tsc_hz = 1000000000, .xcr0_mask = 7 };
static struct vmm_control control;
static u8 ram[RAM_BYTES] __attribute__((aligned(4096)));
static u8 rings[VM_RINGS_BYTES] __attribute__((aligned(64)));
static u8 pages[CPUS * PAGE_SIZE] __attribute__((aligned(4096)));

/* A thread as its kernel sees it. */
static struct thread {
	pthread_mutex_t mutex;
	pthread_cond_t signalled;
	u64 pending;
	u64 random;
	u32 exits;
} threads[CPUS];
static _Thread_local u32 self;
static u32 inside;		/* atomic: vCPUs in guest mode */
static u32 is_still;		/* atomic: root was told that the machine is paused, and has not resumed it */
static u32 pauses;		/* atomic: so far */
static u32 bad_entries;		/* atomic: entries while it was */

static u64 now(void *ctx)
{
	struct timespec t;

	(void)ctx;
	clock_gettime(CLOCK_REALTIME, &t);
	return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

static u32 dice(u32 sides)
{
	u64 *r = &threads[self].random;

	*r ^= *r << 13;
	*r ^= *r >> 7;
	*r ^= *r << 17;
	return (u32)(*r >> 11) % sides;
}

static u64 take_pending(struct thread *t)
{
	u64 bits;

	pthread_mutex_lock(&t->mutex);
	bits = t->pending;
	t->pending = 0;
	pthread_mutex_unlock(&t->mutex);
	return bits;
}

static void raise_bits(u32 index, u64 bits)
{
	struct thread *t = &threads[index];

	pthread_mutex_lock(&t->mutex);
	t->pending |= bits;
	pthread_cond_signal(&t->signalled);
	pthread_mutex_unlock(&t->mutex);
}

static enum status host_wait(void *ctx, u64 deadline, u64 *bits)
{
	struct thread *t = &threads[self];
	u64 until = deadline < now(NULL) + 5000000 ? deadline : now(NULL) + 5000000;	/* a wait may end early */
	struct timespec at = { .tv_sec = (time_t)(until / 1000000000u), .tv_nsec = (long)(until % 1000000000u) };

	(void)ctx;
	pthread_mutex_lock(&t->mutex);
	while (t->pending == 0 && now(NULL) < until)
		(void)pthread_cond_timedwait(&t->signalled, &t->mutex, &at);
	*bits = t->pending;
	t->pending = 0;
	pthread_mutex_unlock(&t->mutex);
	return *bits ? ST_OK : ST_TIMEOUT;
}

/* ---- The guest ---- */

static void play_msr(struct vcpu_page *page, u32 index, u64 value)
{
	page->exit.reason = EXIT_MSR_WRITE;
	page->exit.insn_len = 2;
	page->exit.msr.index = index;
	page->gpr[GPR_RAX] = (u32)value;
	page->gpr[GPR_RDX] = value >> 32;
}

static void play_port(struct vcpu_page *page, u16 port, u32 flags, u32 value)
{
	page->exit.reason = EXIT_PIO;
	page->exit.insn_len = 1;
	page->exit.flags = flags;
	page->exit.pio.port = port;
	page->exit.pio.size = 1;
	page->gpr[GPR_RAX] = value;
}

/* MOV to or from the I/O APIC. */
static void play_memory(struct vcpu_page *page, u32 cpu)
{
	bool is_write = dice(2);

	page->rip = CODE + cpu * CODE_STRIDE + (is_write ? 0x40 : 0x80);
	page->exit.reason = EXIT_MEM;
	page->exit.flags = is_write ? MEM_WRITE : MEM_READ;
	page->exit.mem.gpa = IOAPIC_ADDRESS + 0x10 * dice(2);
	page->gpr[GPR_RCX] = page->exit.mem.gpa;
	page->gpr[GPR_RAX] = dice(2) ? 0x10 + dice(48) : 0x40u + cpu;
}

static void play_ipi(struct vcpu_page *page)
{
	static const u32 kinds[] = { 0, 0x100, 0x400, 0x80000, 0xc0000, 0x40000 };

	play_msr(page, 0x830, (u64)dice(CPUS) << 32 | kinds[dice(ARRAY_COUNT(kinds))] | (0x40 + dice(0x80)));
}

static void play(struct vcpu_page *page, u32 cpu)
{
	static const u16 ports[] = { COM1_PORT, COM1_PORT + 1, COM1_PORT + 5, PIC_MASTER_PORT, PIC_MASTER_PORT + 1,
				     PIT_PORT, PIT_PORT + 3, RTC_PORT, RTC_PORT + 1, DEBUG_PORT, 0x80 };

	switch (dice(12)) {
	case 0:
	case 1:
		play_port(page, ports[dice(ARRAY_COUNT(ports))], dice(2) ? PIO_IN : 0, dice(256));
		break;
	case 2:
	case 3:
		play_ipi(page);
		break;
	case 4:
		play_msr(page, 0x80b, 0);
		break;
	case 5:
		play_msr(page, 0x6e0, now(NULL) + machine.tsc_offset + dice(200000));
		break;
	case 6:
		play_msr(page, 0x808, dice(16) << 4);
		break;
	case 7:
		play_memory(page, cpu);
		break;
	case 8:
		page->exit.reason = EXIT_HYPERCALL;
		page->exit.insn_len = 3;
		page->gpr[GPR_RAX] = dice(2) ? 10 : 5;
		page->gpr[GPR_RBX] = dice(16);
		page->gpr[GPR_RCX] = dice(CPUS);
		page->gpr[GPR_RDX] = 0;
		page->gpr[GPR_RSI] = 0x40 + dice(0x80);
		break;
	case 9:
		play_msr(page, dice(2) ? KVMCLOCK_MSR_SYSTEM : KVM_PV_MSR_EOI, (0x8000 + cpu * 0x40) | 1);
		break;
	case 10:
		play_msr(page, dice(8) ? 0x80fu : 0x3bu, dice(8) ? 0x1ffu : 0);
		break;
	default:
		page->rflags |= RFLAGS_IF;
		page->exit.reason = EXIT_HLT;
		page->exit.insn_len = 1;
	}
}

static void enter(struct vcpu_page *page, u32 cpu)
{
	__atomic_fetch_add(&inside, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&is_still, __ATOMIC_SEQ_CST))
		__atomic_fetch_add(&bad_entries, 1, __ATOMIC_SEQ_CST);
	page->dirty = 0;
	page->filled = GROUP_ALL;
	page->rip = CODE + cpu * CODE_STRIDE;
	page->event.valid = page->nmi_pending = 0;
	if (dice(2))
		page->intr_pending = 0;
	if (machine.vcpu[cpu].pv.eoi_word && dice(2))
		*machine.vcpu[cpu].pv.eoi_word = 0;
	memset(&page->exit, 0, sizeof(page->exit));
	__atomic_fetch_sub(&inside, 1, __ATOMIC_SEQ_CST);
}

static struct host_run host_run(void *ctx, u32 cpu)
{
	struct host_run run = { .status = ST_OK };
	struct vcpu_page *page = (struct vcpu_page *)(void *)(pages + cpu * PAGE_SIZE);
	struct thread *t = &threads[cpu];

	(void)ctx;
	run.bits = take_pending(t);
	if (run.bits) {
		run.status = ST_NOTIFIED;
		return run;
	}
	enter(page, cpu);
	if (now(NULL) >= page->deadline_tsc) {
		page->exit.reason = EXIT_DEADLINE;
	} else if (++t->exits >= EXITS && cpu == CPUS - 1 && __atomic_load_n(&pauses, __ATOMIC_RELAXED) == PAUSES) {
		page->exit.reason = EXIT_SHUTDOWN;	/* a triple fault here ends all */
	} else {
		play(page, cpu);
	}
	return run;
}

static enum status host_get(void *ctx, u32 cpu, u32 groups)
{
	struct vcpu_page *page = (struct vcpu_page *)(void *)(pages + cpu * PAGE_SIZE);

	(void)ctx;
	page->filled |= groups;
	return ST_OK;
}

static void host_yield(void *ctx)
{
	(void)ctx;
	usleep(10);
}

static void host_nothing(void *ctx)
{
	(void)ctx;
}

static void host_signal(void *ctx, u32 cpu)
{
	(void)ctx;
	raise_bits(cpu, VMM_BIT_KICK);
}

static bool host_random(void *ctx, void *out, u32 bytes)
{
	(void)ctx;
	memset(out, 0x5a, bytes);
	return true;
}

static const struct host host = {
	.vcpu_run = host_run, .vcpu_get = host_get, .wait = host_wait, .yield = host_yield,
	.signal_root = host_nothing, .signal_console = host_nothing, .signal_vcpu = host_signal, .tsc = now,
	.random = host_random,
};

static void no_cpuid(u32 leaf, u32 subleaf, struct cpuid_regs *r)
{
	(void)leaf, (void)subleaf;
	*r = (struct cpuid_regs){ 0 };
}

/* ---- The threads ---- */

static void *cpu_main(void *argument)
{
	u64 bits;

	self = (u32)(uintptr_t)argument;
	while (!machine_is_started(&machine))
		(void)host_wait(NULL, DEADLINE_NONE, &bits);
	vcpu_loop(&machine.vcpu[self]);
	return NULL;
}

static void *first_main(void *argument)
{
	(void)argument;
	machine_report_running(&machine);
	machine_start(&machine);
	vcpu_loop(&machine.vcpu[0]);
	machine_report_stop(&machine);
	return NULL;
}

static bool is_over(void)
{
	return __atomic_load_n(&control.phase, __ATOMIC_ACQUIRE) == PHASE_ENDED;
}

static void ask(u32 *word, u32 value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
	raise_bits(0, VMM_BIT_CONTROL);
}

/* A halted vCPU may have no timer, or a TPR above it. */
static void kick_all(void)
{
	for (u32 i = 0; i < CPUS; i++)
		vcpu_request(&machine.vcpu[i], VCPU_REQUEST_KICK);
	usleep(200);
}

/* Root and the console: pauses, presses the button, takes what is written. False: the machine has ended. */
static bool pause_once(struct ring *output)
{
	static u32 wish;
	u8 bytes[256];

	ask(&control.want_paused, ++wish);
	while (__atomic_load_n(&control.is_paused, __ATOMIC_ACQUIRE) != wish && !is_over())
		usleep(100);
	__atomic_store_n(&is_still, !is_over(), __ATOMIC_SEQ_CST);
	usleep(500);
	__atomic_store_n(&is_still, 0, __ATOMIC_SEQ_CST);
	ask(&control.want_paused, ++wish);
	while (__atomic_load_n(&control.is_paused, __ATOMIC_ACQUIRE) != wish && !is_over())
		usleep(100);
	__atomic_fetch_add(&control.power_button, 1, __ATOMIC_RELEASE);
	while (ring_read(output, bytes, sizeof(bytes)))
		;
	raise_bits(0, VMM_BIT_CONTROL | VMM_BIT_CONSOLE);
	kick_all();
	return !is_over();
}

static void start(u32 platform)
{
	static struct insn_cache insns[VM_VCPUS];
	const struct machine_config config = {
		.host = &host, .args = &args, .info = &info, .control = &control, .ram = ram, .rings = rings,
		.pages = pages, .insns = insns, .host_cpuid = no_cpuid,
	};
	struct load_result result = { .mode = LOAD_PROTECTED, .entry = CODE };

	memset(&control, 0, sizeof(control));
	memset(rings, 0, sizeof(rings));
	memset(pages, 0, sizeof(pages));
	args.memory_bytes = RAM_BYTES;
	args.cpus = CPUS;
	args.platform = platform;
	assert_true(machine_init(&machine, &config));
	for (u32 i = 0; i < CPUS; i++) {
		u8 *code = ram + CODE + i * CODE_STRIDE;

		threads[i] = (struct thread){ .mutex = PTHREAD_MUTEX_INITIALIZER,
					      .signalled = PTHREAD_COND_INITIALIZER, .random = 77 + i * 12345 };
		memset(code, 0x90, CODE_STRIDE);
		memcpy(code + 0x40, "\x89\x01", 2);	/* mov [rcx], eax */
		memcpy(code + 0x80, "\x8b\x01", 2);	/* mov eax, [rcx] */
		load_registers(&result, &machine.memory, machine.vcpu[i].page);
		machine.vcpu[i].mp_state = VCPU_RUNNABLE;
		assert_true(lapic_set_base(&machine.lapic[i], lapic_base(&machine.lapic[i]) | LAPIC_BASE_X2APIC));
		assert_true(lapic_msr_write(&machine.lapic[i], 0x80f, 0x1ff));
		assert_true(lapic_msr_write(&machine.lapic[i], 0x832, 0x40030));
	}
}

static void run(u32 platform)
{
	pthread_t ids[CPUS];
	struct ring output;

	start(platform);
	pauses = 0;
	ring_attach_consumer(&output, (struct ring_shared *)(void *)rings, VM_OUTPUT_RING_BYTES);
	for (u32 i = 1; i < CPUS; i++)
		assert_int_equal(pthread_create(&ids[i], NULL, cpu_main, (void *)(uintptr_t)i), 0);
	assert_int_equal(pthread_create(&ids[0], NULL, first_main, NULL), 0);
	for (u32 i = 0; i < PAUSES && pause_once(&output); i++)
		__atomic_fetch_add(&pauses, 1, __ATOMIC_RELAXED);
	while (!is_over())
		kick_all();
	for (u32 i = 0; i < CPUS; i++)
		assert_int_equal(pthread_join(ids[i], NULL), 0);
	assert_int_equal(bad_entries, 0);
	assert_int_equal(control.phase, PHASE_ENDED);
	assert_int_equal(control.reason, STOP_TRIPLE_FAULT);
	assert_int_equal(machine.stop_info.vcpu, CPUS - 1);
}

static void test_modern(void **state)
{
	(void)state;
	run(PLATFORM_MODERN);
}

static void test_pc(void **state)
{
	(void)state;
	run(PLATFORM_PC);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_modern), cmocka_unit_test(test_pc) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
