/* SPDX-License-Identifier: MIT */
/* links: vmm rt */
/* helpers: fake_machine.c */
/*
 * What an access to a device brings about, the vCPU's thread hears of: a timer, which it must not sleep past, and an
 * interrupt that can be delivered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fake_machine.h"
#include "range.h"
#include "syscalls.h"
#include "vcpu_bus.h"

#define HPET_CONFIG 0x10u
#define HPET_COUNTER 0xf0u
#define HPET_TIMER1_CONFIG 0x120u
#define HPET_TIMER1_COMPARATOR 0x128u
#define HPET_INTERRUPT 4u
#define HPET_32_BITS 0x100u
#define HPET_INPUT 21u
#define HPET_VECTOR 0x51u

static u32 step;

static void mmio_out(u64 gpa, u8 value)
{
	fake_code((u8[]){ 0xc7, 0x03, value, 0, 0, 0 }, 6);	/* mov dword [ebx],value */
	fake_page->gpr[GPR_RBX] = gpa;
	fake_page->exit.mem.gpa = gpa;
	fake_page->exit.flags = MEM_WRITE;
	fake_page->exit.reason = EXIT_MEM;
}

/* Nothing but the write of the comparator tells of the timer: no console, no other device. */
static void step_hpet(void)
{
	switch (step++) {
	case 0:
		assert_true(fake_last_deadline - fake_now > 1000000000);
		mmio_out(HPET_ADDRESS + HPET_TIMER1_COMPARATOR, 100);
		break;
	case 1:		/* 100 ticks of 10 ns; the TSC runs at 1 GHz, and a deadline is never early */
		assert_in_range(fake_last_deadline - fake_now, 1000, 1001);
		fake_code("\xf4", 1);
		fake_page->rflags |= RFLAGS_IF;
		fake_page->exit.reason = EXIT_HLT;
		break;
	default:
		assert_true(fake_page->intr_pending && fake_page->intr_vector == HPET_VECTOR);
		fake_page->exit.reason = EXIT_SHUTDOWN;
	}
}

static void test_hpet(void **state)
{
	struct vcpu *v = &fake_machine.vcpu[0];

	(void)state;
	fake_start(PLATFORM_PC);
	fake_use_x2apic();
	assert_true(lapic_msr_write(&fake_machine.lapic[0], 0x80f, 0x1ff));
	vcpu_mmio_write(v, IOAPIC_ADDRESS, 4, 0x10 + 2 * HPET_INPUT);
	vcpu_mmio_write(v, IOAPIC_ADDRESS + 0x10, 4, HPET_VECTOR);
	vcpu_mmio_write(v, HPET_ADDRESS + HPET_CONFIG, 4, 1);
	vcpu_mmio_write(v, HPET_ADDRESS + HPET_TIMER1_CONFIG, 4, HPET_INPUT << 9 | HPET_32_BITS | HPET_INTERRUPT);
	step = 0;
	fake_on_run = step_hpet;
	vcpu_loop(v);
	assert_int_equal(step, 3);
}

static u64 first_deadline(void)
{
	u64 first = DEADLINE_NONE;

	for (u32 i = 0; i < fake_machine.timer_count; i++)
		first = min_u64(first, fake_machine.timer[i].ops->deadline_ns(fake_machine.timer[i].device));
	return first;
}

/* One access of the guest, most to registers that matter to timers. */
static void access_something(struct vcpu *v)
{
	static const struct { u64 start; u32 bytes; bool is_memory; } places[] = {
		{ PIT_PORT, PIT_PORTS + 1, false }, { RTC_PORT, RTC_PORTS, false }, { ACPI_PORT, 16, false },
		{ HPET_ADDRESS, 0x140, true }, { HPET_ADDRESS + HPET_CONFIG, 4, true },
		{ IOAPIC_ADDRESS, 0x20, true }, { COM1_PORT, 8, false },
	};
	u32 at = (u32)rand() % ARRAY_COUNT(places), size = 1u << rand() % (places[at].is_memory ? 4 : 1);
	u64 address = places[at].start + (u32)rand() % places[at].bytes / size * size;
	u64 value = rand() % 2 ? (u32)rand() : (u32)rand() % 256;
	bool is_write = rand() % 4 != 0;

	if (places[at].is_memory && is_write)
		vcpu_mmio_write(v, address, size, value);
	else if (places[at].is_memory)
		(void)vcpu_mmio_read(v, address, size);
	else if (is_write)
		vcpu_port_write(v, (u16)address, size, (u32)value);
	else
		(void)vcpu_port_read(v, (u16)address, size);
}

/* No access makes a deadline come earlier without a request to look at it. */
static void test_any_device(void **state)
{
	struct vcpu *v = &fake_machine.vcpu[0];
	u32 earlier = 0;

	(void)state;
	srand(1);
	for (u32 i = 0; i < 200000; i++) {
		u64 before;

		if (i % 1000 == 0)
			fake_start(i / 1000 % 2 ? PLATFORM_PC : PLATFORM_MODERN);
		fake_now += (u32)rand() % 4096;
		before = first_deadline();
		v->requests = 0;
		access_something(v);
		if (machine_is_stopped(&fake_machine)) {
			fake_start(PLATFORM_PC);
		} else if (first_deadline() < before) {
			assert_true(v->requests & VCPU_REQUEST_SERVICE);
			earlier++;
		}
	}
	assert_true(earlier > 500);
}

#define LAPIC(reg) (LAPIC_ADDRESS + (reg))
#define IOAPIC_DATA (IOAPIC_ADDRESS + 0x10)

struct access { u64 address; u32 value; };

static void access(struct vcpu *v, const struct access *a)
{
	if (a->address > 0xffff)
		vcpu_mmio_write(v, a->address, 4, a->value);
	else
		vcpu_port_write(v, (u16)a->address, 1, a->value);
}

/* Both 8259s at vectors 20h and 28h, all inputs unmasked; the local APIC on. */
static void start_interrupts(void)
{
	static const struct access accesses[] = {
		{ 0x20, 0x11 }, { 0x21, 0x20 }, { 0x21, 4 }, { 0x21, 1 }, { 0x21, 0 },
		{ 0xa0, 0x11 }, { 0xa1, 0x28 }, { 0xa1, 2 }, { 0xa1, 1 }, { 0xa1, 0 }, { LAPIC(0xf0), 0x1ff },
	};

	fake_start(PLATFORM_PC);
	for (u32 i = 0; i < ARRAY_COUNT(accesses); i++)
		access(&fake_machine.vcpu[0], &accesses[i]);
}

/* Whatever lies between a device's line and the processor: each gate opened and shut. */
static void access_interrupts(struct vcpu *v)
{
	static const struct access accesses[] = {
		{ COM1_PORT + 1, 0 }, { COM1_PORT + 1, 2 },				/* line 4 */
		{ 0x21, 0 }, { 0x21, 0xff }, { 0x20, 0x20 }, { 0x20, 0x68 }, { 0x20, 0x48 }, { PIC_ELCR_PORT, 0x10 },
		{ PIC_ELCR_PORT, 0 },
		{ LAPIC(0x350), 0x700 }, { LAPIC(0x350), 0x10700 }, { LAPIC(0x350), 0x60 }, { LAPIC(0xb0), 0 },
		{ LAPIC(0xf0), 0x1ff }, { LAPIC(0xf0), 0xff }, { LAPIC(0x80), 0 }, { LAPIC(0x80), 0xf0 },
		{ LAPIC(0x370), 0xfe }, { LAPIC(0x300), 0x40061 },			/* to itself */
		{ IOAPIC_ADDRESS, 0x10 }, { IOAPIC_ADDRESS, 0x18 }, { IOAPIC_DATA, 0x700 },
		{ IOAPIC_DATA, 0x10000 }, { IOAPIC_DATA, 0x8051 }, { IOAPIC_DATA, 0x51 },
	};

	access(v, &accesses[(u32)rand() % ARRAY_COUNT(accesses)]);
}

static bool is_extint_deliverable(const struct vcpu *v)
{
	const struct machine *m = v->machine;

	return lapic_lint0(v->lapic) && pic_is_asserted(&m->pic) &&
	       (lapic_takes_extint(v->lapic) || ioapic_takes_extint(&m->ioapic));
}

static bool is_deliverable(struct vcpu *v)
{
	u8 vector, threshold;

	lapic_collect(v->lapic);
	return lapic_pick(v->lapic, &vector, &threshold) || is_extint_deliverable(v);
}

/* The guest takes what there is, at times. */
static void take_interrupt(struct vcpu *v)
{
	u8 vector, threshold;

	if (is_extint_deliverable(v))
		pic_acknowledge_vector(&v->machine->pic, pic_peek(&v->machine->pic));
	else if (lapic_pick(v->lapic, &vector, &threshold))
		lapic_accept(v->lapic, vector);
}

/* No access makes an interrupt deliverable without a request to offer it. */
static void test_any_interrupt(void **state)
{
	struct vcpu *v = &fake_machine.vcpu[0];
	u32 seen = 0;

	(void)state;
	srand(2);
	for (u32 i = 0; i < 400000; i++) {
		bool was_deliverable;

		if (i % 1000 == 0)
			start_interrupts();
		if (rand() % 4 == 0)
			take_interrupt(v);
		was_deliverable = is_deliverable(v);
		v->requests = 0;
		access_interrupts(v);
		if (!was_deliverable && is_deliverable(v)) {
			assert_int_not_equal(v->requests, 0);
			seen++;
		}
	}
	assert_true(seen > 500);
}

/* What the bus does not look at is refused. */
static void test_bus(void **state)
{
	static const struct region_ops sets_timer = { .sets_timer = SETS_TIMER_BY_WRITE };
	static struct bus bus;

	(void)state;
	bus_init(&bus);
	assert_int_equal(bus_add_mmio(&bus, 0x1000, 0x1000, &sets_timer, NULL), ST_INVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hpet), cmocka_unit_test(test_any_device), cmocka_unit_test(test_any_interrupt),
		cmocka_unit_test(test_bus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
