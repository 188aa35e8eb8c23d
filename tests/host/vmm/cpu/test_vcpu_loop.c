/* SPDX-License-Identifier: MIT */
/* links: vmm rt */
/* helpers: fake_machine.c */
/*
 * The loop of a vCPU: timer, sleep, interrupt, pause, power off, console input; and the buses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_machine.h"
#include "syscalls.h"

static u32 step;

static void step_timer(void)
{
	switch (step++) {
	case 0:		/* the guest: x2APIC on, TSC-deadline timer, vector 40h, in 3000 ticks */
		fake_code("\x0f\x30", 2);
		fake_page->exit.msr.index = 0x80f;
		fake_page->gpr[GPR_RAX] = 0x1ff;
		fake_page->gpr[GPR_RDX] = 0;
		fake_page->exit.reason = EXIT_MSR_WRITE;
		break;
	case 1:
		fake_code("\x0f\x30", 2);
		fake_page->exit.msr.index = 0x832;
		fake_page->gpr[GPR_RAX] = 0x40040;
		fake_page->gpr[GPR_RDX] = 0;
		fake_page->exit.reason = EXIT_MSR_WRITE;
		break;
	case 2:
		fake_code("\x0f\x30", 2);
		fake_page->exit.msr.index = 0x6e0;
		fake_page->gpr[GPR_RAX] = (u32)(fake_now + fake_machine.tsc_offset + 3000);
		fake_page->gpr[GPR_RDX] = (fake_now + fake_machine.tsc_offset + 3000) >> 32;
		fake_page->exit.reason = EXIT_MSR_WRITE;
		break;
	case 3:
		assert_true(fake_last_deadline == fake_now + 3000);
		assert_false(fake_page->intr_pending);
		fake_code("\xfb\xf4", 2);
		fake_page->rip = FAKE_CODE + 1;
		fake_page->rflags |= RFLAGS_IF;
		fake_page->shadow = SHADOW_STI;
		fake_page->exit.reason = EXIT_HLT;
		break;
	case 4:		/* woken by the timer: the interrupt is on offer, and is taken */
		assert_true(fake_page->rip == FAKE_CODE + 2 && fake_page->shadow == 0);
		assert_true(fake_page->intr_pending && fake_page->intr_vector == 0x40);
		fake_page->intr_pending = 0;
		fake_page->exit.reason = EXIT_DEADLINE;
		break;
	case 5:		/* in service: not offered again */
		assert_false(fake_page->intr_pending);
		assert_true(fake_last_deadline == DEADLINE_NONE);
		fake_page->exit.reason = EXIT_SHUTDOWN;
		break;
	default:
		fail_msg("ran on after the end");
	}
}

static void test_timer(void **state)
{
	(void)state;
	fake_start(PLATFORM_MODERN);
	fake_use_x2apic();
	step = 0;
	fake_on_run = step_timer;
	vcpu_loop(&fake_machine.vcpu[0]);
	assert_int_equal(step, 6);
	machine_report_stop(&fake_machine);
	assert_int_equal(fake_control.phase, PHASE_ENDED);
	assert_int_equal(fake_control.reason, STOP_TRIPLE_FAULT);
	assert_int_equal(fake_control.last_exit, EXIT_SHUTDOWN);
	assert_true(fake_control.rip == FAKE_CODE + 2 && fake_root_signals == 1);
}

/* An interrupt that comes up in the shadow of STI: a HLT that follows is executed here, anything else is not. */
static void step_shadow(void)
{
	static u8 next;

	switch (step++) {
	case 0:
	case 2:
		next = step == 1 ? 0xf4 : 0x90;
		fake_code((u8[]){ 0xfb, next }, 2);
		fake_page->rip = FAKE_CODE + 1;
		fake_page->rflags |= RFLAGS_IF;
		fake_page->shadow = SHADOW_STI;
		assert_true(lapic_msr_write(&fake_machine.lapic[0], 0x80f, 0x1ff));
		assert_true(lapic_bus_deliver(&fake_machine.lapics, &(struct irq_message){ .vector = 0x41 }));
		fake_page->exit.reason = EXIT_SHADOW;
		break;
	case 1:
	case 3:
		assert_true(fake_page->intr_pending && fake_page->intr_vector == 0x41);
		assert_true(fake_page->rip == FAKE_CODE + (next == 0xf4 ? 2 : 1));
		assert_int_equal(fake_page->shadow, next == 0xf4 ? 0 : SHADOW_STI);
		fake_page->intr_pending = 0;
		fake_code("\x0f\x30", 2);	/* EOI */
		fake_page->exit.msr.index = 0x80b;
		fake_page->gpr[GPR_RAX] = fake_page->gpr[GPR_RDX] = 0;
		fake_page->exit.reason = EXIT_MSR_WRITE;
		break;
	default:
		fake_page->exit.reason = EXIT_SHUTDOWN;
	}
}

static void test_shadow(void **state)
{
	(void)state;
	fake_start(PLATFORM_MODERN);
	fake_use_x2apic();
	step = 0;
	fake_on_run = step_shadow;
	vcpu_loop(&fake_machine.vcpu[0]);
	assert_int_equal(step, 5);
}

/* Nothing is pending in the shadow of STI: the HLT is executed all the same. What comes then wakes from it. */
static void step_early_shadow(void)
{
	switch (step++) {
	case 0:
		fake_code("\xfb\xf4", 2);
		fake_page->rip = FAKE_CODE + 1;
		fake_page->rflags |= RFLAGS_IF;
		fake_page->shadow = SHADOW_STI;
		assert_true(lapic_msr_write(&fake_machine.lapic[0], 0x80f, 0x1ff));
		fake_page->exit.reason = EXIT_SHADOW;
		break;
	case 2:
		assert_true(fake_page->intr_pending && fake_page->intr_vector == 0x41);
		fake_page->exit.reason = EXIT_SHUTDOWN;
		break;
	default:
		fail_msg("the guest ran on with nothing pending");
	}
}

static void wait_early_shadow(void)
{
	assert_int_equal(step++, 1);
	assert_true(fake_page->rip == FAKE_CODE + 2 && fake_page->shadow == 0);
	assert_true(lapic_bus_deliver(&fake_machine.lapics, &(struct irq_message){ .vector = 0x41 }));
	fake_wait_bits = VMM_BIT_KICK;
}

static void test_early_shadow(void **state)
{
	(void)state;
	fake_start(PLATFORM_MODERN);
	fake_use_x2apic();
	step = 0;
	fake_on_run = step_early_shadow;
	fake_on_wait = wait_early_shadow;
	vcpu_loop(&fake_machine.vcpu[0]);
	assert_int_equal(step, 3);
}

/* Three NMIs before the first is taken: one more waits beside the one in service, the third is lost as in hardware. */
static void step_nmis(void)
{
	fake_page->exit.reason = EXIT_DEADLINE;
	switch (step++) {
	case 0:
		for (u32 i = 0; i < 3; i++)
			vcpu_request_nmi(&fake_machine.vcpu[0]);
		break;
	case 1:
		assert_true(fake_page->nmi_pending);
		break;
	case 2:		/* taken: in service */
		assert_true(fake_page->nmi_pending);
		fake_page->nmi_pending = 0;
		fake_page->shadow = SHADOW_NMI;
		break;
	case 3:
		assert_true(fake_page->nmi_pending);
		vcpu_request_nmi(&fake_machine.vcpu[0]);	/* that one waits already */
		break;
	case 4:
		assert_true(fake_page->nmi_pending);
		fake_page->nmi_pending = 0;
		break;
	case 5:
	case 6:
		assert_false(fake_page->nmi_pending);
		break;
	default:
		fake_page->exit.reason = EXIT_SHUTDOWN;
	}
}

static void test_nmis(void **state)
{
	(void)state;
	fake_start(PLATFORM_MODERN);
	step = 0;
	fake_on_run = step_nmis;
	vcpu_loop(&fake_machine.vcpu[0]);
	assert_int_equal(step, 8);
}

static u32 polls, other_loops;

/* A guest that polls the PM timer: each time in another loop, then in one until it has slept twice; then it ends. */
static void step_poll(void)
{
	fake_now += 1000;
	polls++;
	fake_code("\xed", 1);		/* in eax,dx */
	fake_page->rip = FAKE_CODE;
	fake_page->gpr[GPR_RBX] = other_loops ? --other_loops : 0;
	fake_page->exit.reason = step < 2 ? EXIT_PIO : EXIT_SHUTDOWN;
	fake_page->exit.flags = PIO_IN;
	fake_page->exit.pio.port = ACPI_PORT + ACPI_PM_TIMER;
	fake_page->exit.pio.size = 4;
}

static void wait_poll(void)
{
	assert_int_equal(fake_machine.vcpu[0].mp_state, VCPU_NAPPING);
	assert_int_equal(polls, 100 + (step == 0 ? 8 : 9));
	/* An eighth: of eight times 1,000 ticks, then of that, of the nap and of what the guest took. */
	assert_true(fake_last_deadline == fake_now + (step == 0 ? 1000 : 1250));
	if (step++ == 1)
		fake_wait_bits = VMM_BIT_KICK;	/* nothing of its own: it sleeps on */
}

static void wait_poll_on(void)
{
	if (step == 2) {
		step++;
		return;
	}
	wait_poll();
}

static void test_poll(void **state)
{
	(void)state;
	fake_start(PLATFORM_PC);
	step = polls = 0;
	other_loops = 100;
	fake_on_run = step_poll;
	fake_on_wait = wait_poll_on;
	vcpu_loop(&fake_machine.vcpu[0]);
	assert_int_equal(step, 3);
}

static void step_poweroff(void)
{
	if (step++ == 0) {
		assert_true(fake_page->dirty == 0);
		fake_page->exit.reason = EXIT_DEADLINE;
		return;
	}
	fake_code("\xee", 1);
	fake_page->exit.reason = EXIT_PIO;
	fake_page->exit.pio.port = ACPI_PORT + ACPI_SLEEP_CONTROL;
	fake_page->exit.pio.size = 1;
	fake_page->gpr[GPR_RAX] = ACPI_S5_TYPE << 2 | 0x20;
}

/* A pause in between: the guest's clocks don't see it. */
static void test_pause_and_poweroff(void **state)
{
	u64 tsc, ns;

	(void)state;
	fake_start(PLATFORM_MODERN);
	fake_use_x2apic();
	step = 0;
	fake_on_run = step_poweroff;
	fake_control.want_paused = 1;
	fake_run_bits = VMM_BIT_CONTROL;
	tsc = fake_machine.clock.tsc(fake_machine.clock.ctx);
	ns = fake_machine.clock.ns(fake_machine.clock.ctx);
	vcpu_loop(&fake_machine.vcpu[0]);
	assert_true(fake_now == 5002000);	/* fake_root moves time twice: in the pause and after it */
	assert_true(fake_machine.clock.tsc(fake_machine.clock.ctx) == tsc + 1000);
	assert_true(fake_machine.clock.ns(fake_machine.clock.ctx) - ns <= 1000);
	assert_int_equal(fake_control.is_paused, 2);	/* it goes on */
	assert_int_equal(fake_machine.stop_info.reason, STOP_GUEST_POWEROFF);
	assert_false(fake_machine.stop_info.wants_restart);
}

static void test_input(void **state)
{
	struct ring in;

	(void)state;
	fake_start(PLATFORM_MODERN);
	fake_use_x2apic();
	ring_attach_producer(&in, (struct ring_shared *)(void *)(fake_rings + VM_INPUT_RING_OFFSET),
			     VM_INPUT_RING_BYTES);
	fake_out(COM1_PORT + 2, 1);	/* FIFOs on */
	ring_write(&in, "abcdefghijklmnopqrstuvwxyz", 26);
	machine_notified(&fake_machine, VMM_BIT_CONSOLE);
	for (u32 i = 0; i < 26; i++) {	/* more than the FIFO holds: the rest follows as it is read */
		assert_int_equal(fake_in(COM1_PORT + 5, 1) & 1, 1);
		assert_int_equal(fake_in(COM1_PORT, 1) & 0xff, 'a' + i);
	}
	assert_int_equal(fake_in(COM1_PORT + 5, 1) & 1, 0);
}

/* A guest that suspends itself is woken by its console, its real-time clock and the power button; root is told. */
static void test_suspend(void **state)
{
	static const u8 full[1 + UART_FIFO_BYTES];
	struct ring in;

	(void)state;
	for (u32 platform = 0; platform < PLATFORM_COUNT; platform++) {
		fake_start(platform);
		ring_attach_producer(&in, (struct ring_shared *)(void *)(fake_rings + VM_INPUT_RING_OFFSET),
				     VM_INPUT_RING_BYTES);
		machine_notified(&fake_machine, VMM_BIT_CONSOLE);
		fake_out(ACPI_PORT + ACPI_IDLE, 1);
		assert_int_equal(fake_control.is_suspended, 1);
		machine_notified(&fake_machine, VMM_BIT_CONSOLE);	/* there is room for output: no input */
		assert_int_equal(fake_in(ACPI_PORT + ACPI_IDLE, 1) & 0xff, 1);
		ring_write(&in, "a", 1);
		machine_notified(&fake_machine, VMM_BIT_CONSOLE);
		assert_int_equal(fake_in(ACPI_PORT + ACPI_IDLE, 1) & 0xff, 0);
		fake_out(ACPI_PORT + ACPI_IDLE, 0);
		assert_int_equal(fake_control.is_suspended, 0);
		fake_out(ACPI_PORT + ACPI_IDLE, 1);
		ring_write(&in, "b", 1);
		(void)fake_in(COM1_PORT, 1);	/* takes both, before the console's signal has come */
		(void)fake_in(COM1_PORT, 1);
		machine_notified(&fake_machine, VMM_BIT_CONSOLE);
		assert_int_equal(fake_in(ACPI_PORT + ACPI_IDLE, 1) & 0xff, 0);
		fake_out(ACPI_PORT + ACPI_IDLE, 0);
		ring_write(&in, full, sizeof(full));	/* more than the receiver and the VMM's buffer take */
		machine_notified(&fake_machine, VMM_BIT_CONSOLE);
		fake_out(ACPI_PORT + ACPI_IDLE, 1);
		ring_write(&in, "c", 1);
		machine_notified(&fake_machine, VMM_BIT_CONSOLE);
		assert_int_equal(fake_in(ACPI_PORT + ACPI_IDLE, 1) & 0xff, 0);
		fake_out(ACPI_PORT + ACPI_IDLE, 0);
		fake_out(ACPI_PORT + ACPI_IDLE, 1);
		fake_control.power_button++;
		machine_notified(&fake_machine, VMM_BIT_CONTROL);
		assert_int_equal(fake_in(ACPI_PORT + ACPI_IDLE, 1) & 0xff, 0);
	}
	irq_line_set(&fake_machine.rtc.irq, true);
	assert_true(fake_machine.acpi_pm.pm1_status & 0x400);
}

/* Breaks come where they were sent among the bytes; the byte that marks them can be sent too. */
static void test_breaks(void **state)
{
	static const u8 sent[] = { 'a', VM_INPUT_MARK, VM_INPUT_BREAK, 'h', VM_INPUT_MARK, VM_INPUT_MARK, 0,
		VM_INPUT_MARK, VM_INPUT_BREAK, VM_INPUT_MARK, VM_INPUT_BREAK, 'z' };
	static const u16 want[] = { 'a', 0x100, 'h', VM_INPUT_MARK, 0, 0x100, 0x100, 'z' };
	struct ring in;

	(void)state;
	for (u32 piece = 1; piece <= sizeof(sent); piece++) {
		fake_start(PLATFORM_MODERN);
		ring_attach_producer(&in, (struct ring_shared *)(void *)(fake_rings + VM_INPUT_RING_OFFSET),
				     VM_INPUT_RING_BYTES);
		fake_out(COM1_PORT + 2, 1);
		for (u32 at = 0; at < 8 * sizeof(sent); at += piece) {	/* more than the FIFO holds */
			for (u32 i = at; i < at + piece && i < 8 * sizeof(sent); i++)
				ring_write(&in, &sent[i % sizeof(sent)], 1);
			machine_notified(&fake_machine, VMM_BIT_CONSOLE);
		}
		for (u32 i = 0; i < 8 * ARRAY_COUNT(want); i++) {
			u32 lsr = (u32)fake_in(COM1_PORT + 5, 1);
			u32 byte = fake_in(COM1_PORT, 1) & 0xff;

			assert_true(lsr & 1);
			assert_int_equal(byte | (lsr & 0x10) << 4, want[i % ARRAY_COUNT(want)]);
		}
		assert_int_equal(fake_in(COM1_PORT + 5, 1) & 0x13, 0);
	}
}

static void test_nmi_button(void **state)
{
	(void)state;
	fake_start(PLATFORM_MODERN);
	machine_notified(&fake_machine, VMM_BIT_CONTROL);
	assert_int_equal(fake_machine.vcpu[0].requests & VCPU_REQUEST_NMI, 0);
	fake_control.nmi_button = 1;
	machine_notified(&fake_machine, VMM_BIT_CONSOLE);
	assert_int_equal(fake_machine.vcpu[0].requests & VCPU_REQUEST_NMI, 0);
	machine_notified(&fake_machine, VMM_BIT_CONTROL);
	assert_int_equal(fake_machine.vcpu[0].requests & VCPU_REQUEST_NMI, VCPU_REQUEST_NMI);
	fake_machine.vcpu[0].requests = 0;
	machine_notified(&fake_machine, VMM_BIT_CONTROL);
	assert_int_equal(fake_machine.vcpu[0].requests & VCPU_REQUEST_NMI, 0);
}

/* Start arguments that are no good are reported to root, and nothing else happens. */
static void test_bad_arguments(void **state)
{
	static const struct { u32 platform, cpus; } bad[] = {
		{ PLATFORM_MODERN, 0 }, { PLATFORM_MODERN, VM_VCPUS + 1 }, { PLATFORM_COUNT, 1 }, { ~0u, ~0u },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++) {
		assert_false(fake_try_start(bad[i].platform, bad[i].cpus));
		machine_report_stop(&fake_machine);
		assert_int_equal(fake_control.phase, PHASE_ENDED);
		assert_int_equal(fake_control.reason, STOP_BAD_STATE);
		assert_string_equal(fake_control.text, "start arguments are out of range");
		assert_int_equal(fake_root_signals, 1);
	}
}

static void test_bus(void **state)
{
	static struct bus bus;

	(void)state;
	fake_start(PLATFORM_MODERN);
	fake_use_x2apic();
	bus_init(&bus);
	assert_int_equal(bus_add_pio(&bus, 0xffff, 2, &uart_region, NULL), ST_INVAL);
	assert_int_equal(bus_add_pio(&bus, 0x100, 0, &uart_region, NULL), ST_INVAL);
	assert_int_equal(bus_add_pio(&bus, 0x100, 8, &uart_region, NULL), ST_OK);
	assert_int_equal(bus_add_pio(&bus, 0x107, 8, &uart_region, NULL), ST_EXISTS);
	assert_int_equal(bus_add_mmio(&bus, 0x2000, 0x1000, &ioapic_region, NULL), ST_OK);
	assert_int_equal(bus_add_mmio(&bus, 0x5000, 0x1000, &ioapic_region, NULL), ST_OK);
	assert_int_equal(bus_add_mmio(&bus, 0x3000, 0x2000, &ioapic_region, NULL), ST_OK);
	assert_int_equal(bus_add_mmio(&bus, 0x2fff, 1, &ioapic_region, NULL), ST_EXISTS);
	assert_int_equal(bus_add_mmio(&bus, 0x1000, 0x1001, &ioapic_region, NULL), ST_EXISTS);
	assert_int_equal(bus_add_mmio(&bus, ~0ull, 2, &ioapic_region, NULL), ST_INVAL);
	assert_true(bus_find_mmio(&bus, 0x4fff, 1)->start == 0x3000);
	assert_null(bus_find_mmio(&bus, 0x4fff, 2));	/* over the end, though a neighbour is there */
	assert_null(bus_find_mmio(&bus, 0x1fff, 1));
	assert_null(bus_find_mmio(&bus, 0x6000, 1));
	assert_true(bus_mmio_read(&bus, 0x9000, 8) == ~0ull);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timer), cmocka_unit_test(test_shadow), cmocka_unit_test(test_early_shadow),
		cmocka_unit_test(test_poll),
		cmocka_unit_test(test_nmis), cmocka_unit_test(test_pause_and_poweroff), cmocka_unit_test(test_input),
		cmocka_unit_test(test_suspend),
		cmocka_unit_test(test_breaks), cmocka_unit_test(test_nmi_button),
		cmocka_unit_test(test_bad_arguments), cmocka_unit_test(test_bus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
