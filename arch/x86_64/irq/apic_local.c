/* SPDX-License-Identifier: MIT */
/*
 * apic_local.c - the local APIC, as registers in memory or, where there is one, as an x2APIC (SDM Vol. 3 chapter 10,
 * APM Vol. 2 chapter 16).
 */
#include "platform_irq.h"

#include "syscalls.h"

#define APIC_BASE_X2 BIT64(10)
#define APIC_BASE_ENABLE BIT64(11)
#define APIC_BASE_ADDRESS 0x000ffffffffff000ull

#define REG_ID 0x20u
#define REG_VERSION 0x30u
#define REG_TPR 0x80u
#define REG_EOI 0xb0u
#define REG_SPURIOUS 0xf0u
#define REG_IN_SERVICE 0x100u	/* vectors below 32 */
#define REG_REQUESTS 0x200u	/* 16 a 32 vectors */
#define REG_ERROR_STATUS 0x280u
#define REG_ICR 0x300u
#define REG_ICR_HIGH 0x310u
#define REG_LVT_THERMAL 0x330u
#define REG_LVT_TIMER 0x320u
#define REG_LVT_PERF 0x340u
#define REG_LVT_LINT0 0x350u
#define REG_LVT_LINT1 0x360u
#define REG_LVT_ERROR 0x370u
#define REG_TIMER_INITIAL 0x380u
#define REG_TIMER_CURRENT 0x390u
#define REG_TIMER_DIVIDE 0x3e0u

#define LVT_MASKED BIT32(16)
#define LVT_NMI 0x400u
#define LVT_EXTINT 0x700u
#define LVT_DEADLINE BIT32(18)
#define ICR_NMI 0x400u
#define ICR_PENDING BIT32(12)
#define ICR_ASSERT BIT32(14)
#define ICR_SELF BIT32(18)
#define ICR_POLLS 100000u	/* delivery takes a microsecond or two */
#define XAPIC_BROADCAST 0xffu
#define X2APIC_BROADCAST 0xffffffffu
#define SPURIOUS_ENABLE BIT32(8)
#define DIVIDE_BY_1 0xbu

#define MEASURE_US 2000u	/* a reading takes 0.1 us, so the error is far below that of any deadline */
#define TRIES 5u

static volatile u8 *registers;	/* NULL: x2APIC */
static u64 timer_ratio;		/* timer ticks per TSC tick, 32.32 */
u64 clock_tsc_hz = ASSUMED_TSC_HZ;

static u32 reg_read(u32 reg)
{
	if (registers)
		return *(volatile u32 *)(registers + reg);
	return (u32)rdmsr(MSR_X2APIC + reg / 16);
}

static void reg_write(u32 reg, u32 value)
{
	if (registers)
		*(volatile u32 *)(registers + reg) = value;
	else
		wrmsr(MSR_X2APIC + reg / 16, value);
}

u32 apic_local_id(void)
{
	return registers ? reg_read(REG_ID) >> 24 : reg_read(REG_ID);
}

static void command_wait(void)
{
	for (u32 i = 0; i < ICR_POLLS && (reg_read(REG_ICR) & ICR_PENDING); i++)
		__builtin_ia32_pause();
}

/*
 * As memory the command takes two writes, and only one can be under way; ring 0 has interrupts off. As an x2APIC it is
 * one MSR, whose write waits for no earlier store (SDM Vol. 3 10.12.3).
 */
void apic_local_command(u32 apic_id, u32 command)
{
	if (!registers) {
		__asm__ volatile("mfence\n\tlfence" : : : "memory");
		wrmsr(MSR_X2APIC + REG_ICR / 16, (u64)apic_id << 32 | command | ICR_ASSERT);
		return;
	}
	reg_write(REG_ICR_HIGH, apic_id << 24);
	reg_write(REG_ICR, command | ICR_ASSERT);
	command_wait();
}

/* While there is one pCPU alone its local APIC may not be up, and then has no registers to be read. */
void arch_stop_others(void)
{
	__atomic_store_n(&cpu_is_last, true, __ATOMIC_RELEASE);
	for (u32 i = 0; pcpu_count > 1 && i < pcpu_count; i++)
		if (pcpu_at(i)->apic_id != apic_local_id())	/* in a panic GS may be wrong */
			apic_local_command(pcpu_at(i)->apic_id, ICR_NMI);
}

bool apic_local_can_reach(u64 apic_id)
{
	return apic_id < (registers ? XAPIC_BROADCAST : X2APIC_BROADCAST);
}

void arch_ipi(const struct pcpu *pcpu)
{
	apic_local_command(pcpu->apic_id, VECTOR_IPI);
}

/* One that was interrupted between its two writes still finds its destination: the shorthand needs none. */
void arch_ipi_self(void)
{
	if (!registers) {
		arch_ipi(pcpu_self());
		return;
	}
	command_wait();
	reg_write(REG_ICR, ICR_SELF | VECTOR_IPI | ICR_ASSERT);
}

void apic_local_eoi(void)
{
	reg_write(REG_EOI, 0);
}

/*
 * A local APIC delivers no vector below 16 (SDM Vol. 3 11.5.2). Before apic_local_init an exception can come where
 * there are no registers to be read: it is one.
 */
bool arch_interrupt_end_stray(u32 vector)
{
	if (vector < 16 || (!registers && !(rdmsr(MSR_APIC_BASE) & APIC_BASE_X2)))
		return false;
	if ((reg_read(REG_IN_SERVICE) & BIT32(vector)) == 0)
		return false;
	apic_local_eoi();
	return true;
}

/*
 * The 8259s, which I/O APICs replace: edge-triggered, all lines masked; vectors 0x20-0x2f, of which only spurious ones
 * can come. They go first: a request of theirs that is pending while the local APIC's LINT0 is being masked stays
 * pending in QEMU, and is delivered without a vector (as #GP) when ring 3 first enables interrupts.
 */
static void mask_8259(void)
{
	static const struct {
		u8 port, value;
	} writes[] = {
		{ 0x20, 0x11 }, { 0xa0, 0x11 }, { 0x21, 0x20 }, { 0xa1, 0x28 }, { 0x21, 0x04 }, { 0xa1, 0x02 },
		{ 0x21, 0x01 }, { 0xa1, 0x01 }, { 0x21, 0xff }, { 0xa1, 0xff },
	};

	for (u32 i = 0; i < ARRAY_COUNT(writes); i++) {
		outb(writes[i].port, writes[i].value);
		outb(0x80, 0);		/* old controllers need a moment */
	}
}

/* What firmware has switched to x2APIC can't be switched back without a reset of the APIC. */
static enum status enable(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
	if (pcpu_self()->id == 0 && !cpu_features.has_x2apic && !(base & APIC_BASE_X2)) {
		registers = arch_mmio_map(HPA(base & APIC_BASE_ADDRESS), PAGE_SIZE);
		return registers ? ST_OK : ST_NOMEM;
	}
	if (!registers)
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE | APIC_BASE_X2);
	return registers && (base & APIC_BASE_X2) ? ST_UNSUPPORTED : ST_OK;
}

enum status apic_local_init(void)
{
	enum status status;
	u32 last_lvt;

	if (!(cpuid(1, 0).edx & BIT32(9)))
		return ST_UNSUPPORTED;
	status = enable();
	if (status != ST_OK)
		return status;
	last_lvt = reg_read(REG_VERSION) >> 16 & 0xff;
	reg_write(REG_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
	reg_write(REG_TPR, 0);
	reg_write(REG_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	reg_write(REG_LVT_LINT0, LVT_MASKED | LVT_EXTINT);
	reg_write(REG_LVT_LINT1, LVT_NMI);
	reg_write(REG_LVT_ERROR, VECTOR_APIC_ERROR);
	if (last_lvt >= 4)
		reg_write(REG_LVT_PERF, LVT_MASKED);
	if (last_lvt >= 5)
		reg_write(REG_LVT_THERMAL, LVT_MASKED);
	reg_write(REG_ERROR_STATUS, 0);
	pcpu_self()->apic_id = apic_local_id();
	return ST_OK;
}

/* Without one there is nothing to be done: no interrupt would come. */
enum status arch_init_late(void)
{
	mask_8259();
	return apic_local_init();
}

void arch_wait_us(u64 us)
{
	u64 start = arch_tsc();

	while (arch_tsc() - start < clock_tsc_hz / 1000000 * us)
		__builtin_ia32_pause();
}

/* The timer's count, and when it was that; the tightest of several readings. */
static u32 count_at(u64 *tsc)
{
	u64 width = ~0ull, before, after;
	u32 count = 0, now, i;

	for (i = 0; i < TRIES; i++) {
		before = arch_tsc();
		now = reg_read(REG_TIMER_CURRENT);
		after = arch_tsc();
		if (after - before >= width)
			continue;
		width = after - before;
		*tsc = before + width / 2;
		count = now;
	}
	return count;
}

static void timer_measure(void)
{
	u64 from, to;
	u32 count;

	reg_write(REG_TIMER_INITIAL, ~0u);
	count = count_at(&from);
	arch_wait_us(MEASURE_US);
	count -= count_at(&to);
	timer_ratio = ((u64)count << 32) / (to - from);
}

/*
 * After a warm reset Bochs compares the deadline with a clock that the TSC has left behind: it is over at once, always.
 * Try one that is far away.
 */
static bool deadline_works(void)
{
	u32 requests;

	wrmsr(MSR_TSC_DEADLINE, arch_tsc() + clock_tsc_hz);
	arch_wait_us(20);
	requests = reg_read(REG_REQUESTS + VECTOR_TIMER / 32 * 16);
	wrmsr(MSR_TSC_DEADLINE, 0);
	return !(requests & BIT32(VECTOR_TIMER % 32));
}

void apic_local_timer_mode(void)
{
	reg_write(REG_TIMER_DIVIDE, DIVIDE_BY_1);
	reg_write(REG_TIMER_INITIAL, 0);
	reg_write(REG_LVT_TIMER, cpu_features.has_tsc_deadline ? LVT_DEADLINE | VECTOR_TIMER : VECTOR_TIMER);
	/* The write above may go to memory; it must be there before the MSR is (SDM Vol. 3 10.5.4.1). */
	__asm__ volatile("mfence" : : : "memory");
}

bool arch_clock_start(u64 hz)
{
	clock_tsc_hz = hz;
	apic_local_timer_mode();
	if (cpu_features.has_tsc_deadline && deadline_works())
		return true;
	cpu_features.has_tsc_deadline = false;
	apic_local_timer_mode();
	timer_measure();
	apic_local_timer_mode();
	return false;
}

/* Ticks until then, at least one, at most what the counter holds: it may fire early, never not. */
static u32 ticks_until(u64 deadline_tsc)
{
	u64 now = arch_tsc();
	u64 ticks;

	if (deadline_tsc <= now)
		return 1;
	ticks = (u64)(((unsigned __int128)(deadline_tsc - now) * timer_ratio) >> 32);
	if (ticks >= ~0u)
		return ~0u;
	return (u32)ticks + 1;
}

void arch_timer_set(u64 deadline_tsc)
{
	if (cpu_features.has_tsc_deadline)
		wrmsr(MSR_TSC_DEADLINE, deadline_tsc == DEADLINE_NONE ? 0 : deadline_tsc);
	else
		reg_write(REG_TIMER_INITIAL, deadline_tsc == DEADLINE_NONE ? 0 : ticks_until(deadline_tsc));
}
