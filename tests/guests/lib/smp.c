/* SPDX-License-Identifier: MIT */
/*
 * smp.c - see smp.h.
 */
#include "smp.h"

extern u8 smp_code[], smp_code_end[], smp_code_gdt[];
void smp_begin(u32 number, const volatile struct smp_start *notes);

#define XAPIC(reg) (*(volatile u32 *)(0xfee00000ull + (u64)(reg) * 16))
#define NUMBER ((volatile u32 *)0x7000)

struct cpu cpus[SMP_MAX];
u32 smp_cpus;
volatile struct smp_start smp_starts[SMP_STARTS];
bool apic_is_x2;

bool smp_late(u64 since, u64 ticks)
{
	return read_tsc() - since > (ticks ? ticks : guest_number("patience=", 20000000000ull));
}

/* ---- local APIC ---- */
u32 apic_read(u32 reg)
{
	return apic_is_x2 ? (u32)read_msr(X2APIC(reg)) : XAPIC(reg);
}

void apic_write(u32 reg, u32 value)
{
	if (apic_is_x2)
		write_msr(X2APIC(reg), value);
	else
		XAPIC(reg) = value;
}

u32 apic_id(void)
{
	return apic_is_x2 ? apic_read(APIC_ID) : apic_read(APIC_ID) >> 24;
}

/* From x2APIC the way back to xAPIC leads through "off" (SDM Vol. 3, x2APIC State Transitions). */
void apic_mode(bool is_x2)
{
	u64 base = read_msr(0x1b);

	if (!is_x2 && (base & BIT64(10)))
		write_msr(0x1b, base &= ~(BIT64(10) | BIT64(11)));
	write_msr(0x1b, base |= BIT64(11));
	if (is_x2)
		write_msr(0x1b, base | BIT64(10));
	apic_write(APIC_SVR, 0x1ff);
}

void ipi(u32 destination, u32 low)
{
	if (apic_is_x2) {
		write_msr(X2APIC(APIC_ICR), (u64)destination << 32 | ICR_ASSERT | low);
		return;
	}
	while (XAPIC(APIC_ICR) & ICR_PENDING)
		relax();
	XAPIC(APIC_ICR + 1) = destination << 24;
	XAPIC(APIC_ICR) = ICR_ASSERT | low;
}

void smp_count_vector(struct trap *t)
{
	struct cpu *c = this_cpu();

	c->hits[t->vector]++;
	if (t->vector != 2)
		apic_write(APIC_EOI, 0);
}

/* ---- a CPU's life ---- */
static void cpu_init(u32 id)
{
	struct cpu *c = &cpus[id];

	c->self = (u64)c;
	c->id = id;
	write_msr(0xc0000101, (u64)c);
}

static _Noreturn void cpu_idle(struct cpu *c)
{
	for (;;) {
		interrupts_off();
		if (c->work) {
			interrupts_on();
			c->work(c->argument);
			__atomic_store_n(&c->work, NULL, __ATOMIC_RELEASE);
		} else {
			halt_once();
		}
	}
}

void smp_begin(u32 number, const volatile struct smp_start *notes)
{
	u32 id;

	guest_idt_load();
	apic_mode(apic_is_x2);
	id = apic_id();
	if (id >= SMP_MAX || number >= SMP_STARTS)
		return;
	cpu_init(id);
	cpus[id].work = NULL;
	cpus[id].start = number;
	memcpy((void *)&smp_starts[number], (const void *)notes, sizeof(*notes));
	__atomic_fetch_add(&cpus[id].is_up, 1, __ATOMIC_RELEASE);
	cpu_idle(&cpus[id]);
}

void smp_init(void)
{
	struct { u16 limit; u32 base; } __attribute__((packed)) pointer = { 0x4f, (u32)(u64)gdt };

	smp_cpus = (u32)guest_number("cpus=", 2);
	if (smp_cpus > SMP_MAX)
		smp_cpus = SMP_MAX;
	apic_is_x2 = !guest_has("xapic");
	memcpy(smp_code_gdt, &pointer, sizeof(pointer));
	memset((void *)0x7000, 0, 0x1000);
	memcpy((void *)SMP_PAGE, smp_code, (size_t)(smp_code_end - smp_code));
	memcpy((void *)SMP_PAGE_2, smp_code, (size_t)(smp_code_end - smp_code));
	for (u32 v = 0x20; v < 0x100; v++)
		trap_handlers[v] = smp_count_vector;
	trap_handlers[2] = smp_count_vector;
	if (guest_has("pc")) {			/* the 8259s, in whatever state firmware left them */
		out8(0x21, 0xff);
		out8(0xa1, 0xff);
	}
	apic_mode(apic_is_x2);
	cpu_init(apic_id());
	cpus[apic_id()].is_up = 1;
}

static void pause_ticks(u64 ticks)
{
	u64 since = read_tsc();

	while (!smp_late(since, ticks))
		relax();
}

bool smp_start_at(u32 id, u64 page)
{
	u32 before = cpus[id].is_up;
	u64 since = read_tsc();

	ipi(id, ICR_INIT);
	pause_ticks(100000);
	ipi(id, ICR_STARTUP | (u32)(page >> 12));
	pause_ticks(100000);
	ipi(id, ICR_STARTUP | (u32)(page >> 12));
	while (__atomic_load_n(&cpus[id].is_up, __ATOMIC_ACQUIRE) == before) {
		if (smp_late(since, 0))
			return false;
		relax();
	}
	return true;
}

bool smp_start(u32 id)
{
	return smp_start_at(id, SMP_PAGE);
}

bool smp_start_all(void)
{
	bool all = true;

	for (u32 id = 0; id < smp_cpus; id++)
		if (id != this_cpu()->id)
			all &= smp_start(id);
	return all;
}

/* ---- work ---- */
void smp_run(u32 id, void (*work)(u64), u64 argument)
{
	cpus[id].argument = argument;
	__atomic_store_n(&cpus[id].work, work, __ATOMIC_RELEASE);
	ipi(id, VECTOR_WAKE);
}

bool smp_wait(u32 id)
{
	u64 since = read_tsc();

	while (__atomic_load_n(&cpus[id].work, __ATOMIC_ACQUIRE)) {
		if (smp_late(since, 0))
			return false;
		relax();
	}
	return true;
}

bool smp_all(void (*work)(u64), u64 argument)
{
	u32 self = this_cpu()->id;
	bool is_done = true;

	for (u32 id = 0; id < smp_cpus; id++)
		if (id != self)
			smp_run(id, work, argument);
	work(argument);
	for (u32 id = 0; id < smp_cpus; id++)
		if (id != self)
			is_done &= smp_wait(id);
	return is_done;
}

bool smp_reach(volatile u64 *word, u64 value)
{
	u64 since = read_tsc();

	while (*word < value) {
		if (smp_late(since, 0))
			return false;
		relax();
	}
	return true;
}
