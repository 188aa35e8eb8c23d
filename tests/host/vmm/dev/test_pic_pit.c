/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * 8259 pair: initialisation, priorities, EOI forms, cascade, ELCR, poll, spurious. 8254: modes, latches, read-back,
 * gate, interrupts against a fake clock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_board.h"
#include "pic8259.h"
#include "pit8254.h"

static struct pic pic;
static bool intr;
static u32 intr_changes, vector_changes;
static u8 told_vector;

/* Called for a change of the output, or of the vector behind it, and for nothing else. */
static void on_intr(void *ctx, bool is_asserted)
{
	(void)ctx;
	assert_true(is_asserted != intr || (intr && pic_peek(&pic) != told_vector));
	if (is_asserted == intr)
		vector_changes++;
	else
		intr_changes++;
	intr = is_asserted;
	told_vector = pic_peek(&pic);
}

static void out(u32 chip, u32 reg, u8 value)
{
	pic_region.write(&pic.chip[chip], reg, 1, value);
}

static u8 in(u32 chip, u32 reg)
{
	return (u8)pic_region.read(&pic.chip[chip], reg, 1);
}

static void init_chip(u32 chip, u8 base, u8 icw4)
{
	out(chip, 0, 0x11);
	out(chip, 1, base);
	out(chip, 1, chip ? 2 : 4);
	out(chip, 1, icw4);
	out(chip, 1, 0);
}

static int setup_pic(void **state)
{
	(void)state;
	intr = false;
	intr_changes = vector_changes = 0;
	pic_init(&pic, on_intr, NULL);
	init_chip(0, 0x20, 0x01);
	init_chip(1, 0x28, 0x01);
	return 0;
}

static void pulse(u32 irq)
{
	pic_set_irq(&pic, irq, true);
	pic_set_irq(&pic, irq, false);
}

static void test_pic_masks(void **state)
{
	(void)state;
	pic_init(&pic, on_intr, NULL);
	assert_int_equal(in(0, 1), 0xff);
	pulse(4);
	assert_false(intr);
	init_chip(0, 0x20, 0x01);
	assert_int_equal(in(0, 1), 0);
	out(0, 1, 0xfb);
	assert_int_equal(in(0, 1), 0xfb);
	pulse(4);
	assert_false(intr);
	out(0, 1, 0xeb);		/* latched while masked */
	assert_true(intr);
	assert_int_equal(in(0, 0), 0x10);
	assert_int_equal(pic_peek(&pic), 0x24);
	assert_int_equal(pic_acknowledge(&pic), 0x24);
	assert_false(intr);
	out(0, 0, 0x0b);
	assert_int_equal(in(0, 0), 0x10);	/* ISR */
	out(0, 0, 0x0a);
	assert_int_equal(in(0, 0), 0);		/* IRR */
}

static void test_pic_priority(void **state)
{
	(void)state;
	pulse(5);
	pulse(3);
	assert_int_equal(pic_acknowledge(&pic), 0x23);
	assert_false(intr);			/* 5 ranks below what is in service */
	pulse(1);
	assert_true(intr);
	assert_int_equal(pic_acknowledge(&pic), 0x21);
	out(0, 0, 0x20);			/* ends 1, the highest */
	assert_false(intr);
	out(0, 0, 0x63);			/* ends 3 by name */
	assert_true(intr);
	assert_int_equal(pic_acknowledge(&pic), 0x25);
	out(0, 0, 0xa0);			/* EOI and rotate: 5 is the lowest now, 6 the highest */
	pulse(5);
	pulse(6);
	assert_int_equal(pic_acknowledge(&pic), 0x26);
	out(0, 0, 0x20);
	out(0, 0, 0xc7);			/* 7 the lowest again */
	assert_int_equal(pic_acknowledge(&pic), 0x25);
	out(0, 0, 0x68);			/* special mask on: what is masked does not block */
	out(0, 1, 0x20);
	pulse(6);
	assert_int_equal(pic_acknowledge(&pic), 0x26);
}

static void test_pic_cascade(void **state)
{
	(void)state;
	pulse(12);
	pulse(8);
	assert_int_equal(in(0, 0), 4);
	assert_int_equal(pic_peek(&pic), 0x28);
	assert_int_equal(pic_acknowledge(&pic), 0x28);
	assert_false(intr);
	out(1, 0, 0x20);
	assert_false(intr);			/* the master still serves its input 2 */
	out(0, 0, 0x20);
	assert_int_equal(pic_acknowledge(&pic), 0x2c);
	out(1, 0, 0x20);
	out(0, 0, 0x20);
	assert_false(intr);
	pic_set_irq(&pic, 2, true);		/* nothing is wired there */
	pic_set_irq(&pic, 16, true);
	assert_false(intr);
}

static void test_pic_level(void **state)
{
	(void)state;
	pic_elcr_region.write(&pic, 0, 2, 0xffff);
	assert_int_equal(pic_elcr_region.read(&pic, 0, 2), 0xdef8);
	pic_set_irq(&pic, 5, true);
	assert_int_equal(pic_acknowledge(&pic), 0x25);
	out(0, 0, 0x20);
	assert_true(intr);			/* still asserted */
	pic_set_irq(&pic, 5, false);
	assert_false(intr);
	assert_int_equal(pic_acknowledge(&pic), 0x27);	/* gone in the meantime: spurious */
	out(0, 0, 0x0b);
	assert_int_equal(in(0, 0), 0);
}

static void test_pic_auto_eoi_and_poll(void **state)
{
	(void)state;
	init_chip(0, 0x20, 0x03);
	pulse(3);
	assert_int_equal(pic_acknowledge(&pic), 0x23);
	pulse(4);
	assert_true(intr);
	out(0, 0, 0x0c);
	assert_int_equal(in(0, 0), 0x84);
	assert_false(intr);
	out(0, 0, 0x0c);
	assert_int_equal(in(0, 0), 0);
	out(0, 0, 0x12);			/* ICW1: single, no ICW4 */
	out(0, 1, 0x47);
	out(0, 1, 0x01);			/* already the mask */
	assert_int_equal(in(0, 1), 0x01);
	pulse(7);
	assert_int_equal(pic_acknowledge(&pic), 0x47);
	assert_int_equal(pic_region.read(&pic.chip[0], 2, 1), 0xff);
	assert_int_equal(pic_region.read(&pic.chip[0], ~0ull, 4), 0xffffffff);
	pic_region.write(&pic.chip[0], 7, 8, 0);
}

/* ---- 8254 ---- */

static struct fake_board machine;
static struct pit pit;

static void set_tick(u64 tick)
{
	machine.ns = mul_div_up(tick, NS_PER_SECOND, PIT_HZ);
}

static int setup_pit(void **state)
{
	struct clock clock;
	struct irq_line line;

	(void)state;
	machine = (struct fake_board){ .tsc_hz = 1000000000 };
	set_tick(1000);
	clock = fake_clock(&machine);
	line = fake_line(&machine, 0);
	pit_init(&pit, &clock, &line);
	return 0;
}

static void pit_out(u32 reg, u8 value)
{
	pit_region.write(&pit, reg, 1, value);
}

static u8 pit_in(u32 reg)
{
	return (u8)pit_region.read(&pit, reg, 1);
}

static u16 pit_count(u32 counter)
{
	u8 low;

	pit_out(3, (u8)(counter << 6));
	low = pit_in(counter);
	return (u16)(low | pit_in(counter) << 8);
}

static void program(u32 counter, u8 control, u16 count)
{
	pit_out(3, (u8)(counter << 6 | control));
	pit_out(counter, (u8)count);
	pit_out(counter, (u8)(count >> 8));
}

/* Run every deadline up to a tick; returns how many interrupts that gave. */
static u32 run_to(u64 tick)
{
	u32 before = machine.edges;
	u64 end = mul_div_up(tick, NS_PER_SECOND, PIT_HZ), next;

	while ((next = pit_timer.deadline_ns(&pit)) <= end) {
		assert_true(next >= machine.ns);
		machine.ns = next;
		pit_timer.run(&pit);
		assert_true(pit_timer.deadline_ns(&pit) > next);
	}
	machine.ns = end;
	return machine.edges - before;
}

static void test_pit_rate(void **state)
{
	(void)state;
	assert_true(pit_timer.deadline_ns(&pit) == ~0ull);
	program(0, 0x34, 1000);
	assert_int_equal(pit_count(0), 1000);
	assert_int_equal(run_to(1999), 0);
	assert_int_equal(pit_count(0), 1);
	assert_int_equal(run_to(2000), 1);
	assert_int_equal(run_to(12000), 10);
	set_tick(15500);			/* came late: one interrupt, phase kept */
	pit_timer.run(&pit);
	pit_timer.run(&pit);
	assert_int_equal(machine.edges, 12);
	assert_int_equal(run_to(15999), 0);
	assert_int_equal(run_to(16000), 1);
	program(0, 0x36, 0);			/* mode 3, 65536 */
	assert_int_equal(run_to(16000 + 65535), 0);
	assert_int_equal(run_to(16000 + 65536 * 3), 3);
	program(0, 0x34, 2);			/* bounded */
	assert_true(run_to(16000 + 65536 * 3 + 6000) <= 100);
	pit_out(3, 0x34);			/* a new mode, no count yet */
	assert_true(pit_timer.deadline_ns(&pit) == ~0ull);
}

static void test_pit_one_shot(void **state)
{
	(void)state;
	program(0, 0x30, 500);
	pit_out(3, 0xc2);			/* read back both */
	assert_int_equal(pit_in(0), 0x30);	/* OUT low */
	assert_int_equal(pit_in(0), 500 & 0xff);
	assert_int_equal(pit_in(0), 500 >> 8);
	assert_int_equal(run_to(1499), 0);
	assert_int_equal(run_to(1500), 1);
	assert_int_equal(run_to(100000), 0);
	pit_out(3, 0xe2);
	assert_int_equal(pit_in(0), 0xb0);	/* OUT high */
	program(0, 0x38, 500);			/* software strobe */
	assert_int_equal(run_to(200000), 1);
	program(0, 0x32, 500);			/* needs a gate that counter 0 has not */
	assert_int_equal(run_to(300000), 0);
}

static void test_pit_latches(void **state)
{
	(void)state;
	program(0, 0x34, 0x1234);
	pit_out(3, 0x00);
	set_tick(1100);
	pit_out(3, 0x00);			/* still latched: the first value stays */
	assert_int_equal(pit_in(0), 0x34);
	assert_int_equal(pit_in(0), 0x12);
	assert_int_equal(pit_count(0), 0x1234 - 100);
	pit_out(3, 0x14);			/* low byte only */
	pit_out(0, 200);
	assert_int_equal(pit_in(0), 200);
	assert_int_equal(pit_in(0), 200);
	pit_out(3, 0x24);			/* high byte only */
	pit_out(0, 2);
	assert_int_equal(pit_in(0), 2);
	pit_out(3, 0x35);			/* BCD */
	pit_out(0, 0x00);
	pit_out(0, 0x10);
	set_tick(1101);
	assert_int_equal(pit_count(0), 0x0999);
	program(0, 0x35, 0);
	set_tick(1102);
	assert_int_equal(pit_count(0), 0x9999);
	program(0, 0x31, 0xffff);		/* digits that are none */
	pit_count(0);
	assert_int_equal(pit_in(3), 0xff);
	assert_int_equal(pit_region.read(&pit, 4, 4), 0xffffffff);
	pit_region.write(&pit, ~0ull, 8, 0);
}

static void test_pit_gate(void **state)
{
	(void)state;
	assert_int_equal(pit_control_region.read(&pit, 0, 1) & 3, 0);
	program(2, 0x30, 1000);			/* gate low: waits */
	set_tick(2000);
	assert_int_equal(pit_count(2), 1000);
	pit_control_region.write(&pit, 0, 1, 0xff);
	assert_int_equal(pit_control_region.read(&pit, 0, 1) & 0xcf, 3);
	set_tick(2400);
	assert_int_equal(pit_count(2), 600);
	pit_control_region.write(&pit, 0, 1, 0);
	set_tick(5000);
	assert_int_equal(pit_count(2), 600);
	pit_control_region.write(&pit, 0, 1, 1);
	set_tick(5599);
	assert_int_equal(pit_control_region.read(&pit, 0, 1) & 0x20, 0);
	set_tick(5600);
	assert_int_equal(pit_control_region.read(&pit, 0, 1) & 0x20, 0x20);
	program(2, 0x32, 100);			/* one-shot: starts with the gate's edge */
	assert_int_equal(pit_control_region.read(&pit, 0, 1) & 0x20, 0x20);
	pit_control_region.write(&pit, 0, 1, 0);
	pit_control_region.write(&pit, 0, 1, 1);
	set_tick(5699);
	assert_int_equal(pit_control_region.read(&pit, 0, 1) & 0x20, 0);
	set_tick(5700);
	assert_int_equal(pit_control_region.read(&pit, 0, 1) & 0x20, 0x20);
	assert_int_equal(machine.edges, 0);
	assert_true(pit_control_region.read(&pit, 0, 2) == ~0ull);
}

static void test_pic_vector(void **state)
{
	(void)state;
	pic_set_irq(&pic, 4, true);
	assert_true(intr && told_vector == pic_peek(&pic));
	assert_int_equal(vector_changes, 0);
	pic_set_irq(&pic, 6, true);		/* less urgent */
	assert_int_equal(vector_changes, 0);
	pic_set_irq(&pic, 12, true);		/* more urgent, through the slave */
	assert_int_equal(vector_changes, 1);
	pic_set_irq(&pic, 9, true);		/* more urgent on the slave */
	assert_int_equal(vector_changes, 2);
	out(0, 1, 0x04);			/* the slave masked */
	assert_int_equal(vector_changes, 3);
	assert_int_equal(told_vector & 7, 4);
	assert_true(intr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_pic_masks, setup_pic),
		cmocka_unit_test_setup(test_pic_priority, setup_pic),
		cmocka_unit_test_setup(test_pic_cascade, setup_pic),
		cmocka_unit_test_setup(test_pic_vector, setup_pic),
		cmocka_unit_test_setup(test_pic_level, setup_pic),
		cmocka_unit_test_setup(test_pic_auto_eoi_and_poll, setup_pic),
		cmocka_unit_test_setup(test_pit_rate, setup_pit),
		cmocka_unit_test_setup(test_pit_one_shot, setup_pit),
		cmocka_unit_test_setup(test_pit_latches, setup_pit),
		cmocka_unit_test_setup(test_pit_gate, setup_pit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
