/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * Local APICs and the I/O APIC together: priorities, both register interfaces, messages between APICs, timers,
 * level-triggered interrupts with their EOI.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fake_board.h"
#include "ioapic.h"
#include "lapic.h"

enum { COUNT = 4 };
enum { TPR = 0x808, PPR = 0x80a, EOI = 0x80b, SVR = 0x80f, ESR = 0x828, ICR = 0x830, LVT_T = 0x832,
       LVT_0 = 0x835, LVT_E = 0x837, INITIAL = 0x838, CURRENT = 0x839, DIVIDE = 0x83e, SELF = 0x83f };

static struct fake_board machine;
static struct lapic_bus bus;
static struct lapic apic[COUNT];
static struct ioapic io;
static u32 kicks[COUNT], nmis[COUNT], inits[COUNT], startups[COUNT];

static void on_kick(void *ctx, u32 index) { (void)ctx; kicks[index]++; }
static void on_nmi(void *ctx, u32 index) { (void)ctx; nmis[index]++; }
static void on_init(void *ctx, u32 index) { (void)ctx; inits[index]++; lapic_reset(&apic[index]); }
static void on_startup(void *ctx, u32 index, u8 vector) { (void)ctx; startups[index] = vector; }
static void on_eoi(void *ctx, u8 vector) { (void)ctx; ioapic_eoi(&io, vector); }
static void on_message(void *ctx, const struct irq_message *message) { (void)ctx; lapic_bus_deliver(&bus, message); }
static void on_extint(void *ctx) { (void)ctx; }

static void start(bool is_x2apic)
{
	static const struct lapic_ops ops = { on_kick, on_nmi, on_init, on_startup, on_eoi };
	const struct ioapic_ops io_ops = { on_message, on_extint, NULL };
	struct clock clock;

	machine = (struct fake_board){ .ns = 1000, .tsc_hz = 2000000000 };
	clock = fake_clock(&machine);
	memset(kicks, 0, sizeof(kicks));
	memset(nmis, 0, sizeof(nmis));
	memset(inits, 0, sizeof(inits));
	memset(startups, 0xff, sizeof(startups));
	lapic_bus_init(&bus, apic, COUNT, &clock, &ops, NULL, !is_x2apic);
	for (u32 i = 0; is_x2apic && i < COUNT; i++)
		assert_true(lapic_set_base(&apic[i], lapic_base(&apic[i]) | LAPIC_BASE_X2APIC));
	ioapic_init(&io, &io_ops);
}

static int setup_x2(void **state)
{
	(void)state;
	start(true);
	for (u32 i = 0; i < COUNT; i++)
		assert_true(lapic_msr_write(&apic[i], SVR, 0x1ff));
	return 0;
}

static int setup_x(void **state)
{
	(void)state;
	start(false);
	for (u32 i = 0; i < COUNT; i++)
		lapic_region.write(&apic[i], 0xf0, 4, 0x1ff);
	return 0;
}

/* As the owner does between two entries. */
static void wr(u32 index, u32 msr, u64 value)
{
	lapic_collect(&apic[index]);
	assert_true(lapic_msr_write(&apic[index], msr, value));
}

static u64 rd(u32 index, u32 msr)
{
	u64 value;

	lapic_collect(&apic[index]);
	assert_true(lapic_msr_read(&apic[index], msr, &value));
	return value;
}

static int pick(u32 index)
{
	u8 vector, threshold;

	lapic_collect(&apic[index]);
	return lapic_pick(&apic[index], &vector, &threshold) ? vector : -1;
}

static int threshold_of(u32 index)
{
	u8 vector, threshold;

	(void)lapic_pick(&apic[index], &vector, &threshold);
	return threshold;
}

static void take(u32 index, int vector)
{
	assert_int_equal(pick(index), vector);
	lapic_accept(&apic[index], (u8)vector);
}

static void test_priorities(void **state)
{
	(void)state;
	assert_int_equal(pick(0), -1);
	wr(0, SELF, 0x31);
	wr(0, SELF, 0x3f);
	wr(0, SELF, 0x52);
	assert_int_equal(kicks[0], 3);
	wr(0, SELF, 0x52);		/* already requested */
	assert_int_equal(kicks[0], 3);
	take(0, 0x52);
	assert_int_equal(rd(0, PPR), 0x50);
	assert_int_equal(pick(0), -1);
	wr(0, SELF, 0x5f);		/* same class: waits */
	assert_int_equal(pick(0), -1);
	wr(0, SELF, 0x60);
	take(0, 0x60);
	wr(0, EOI, 0);
	assert_int_equal(pick(0), -1);
	wr(0, EOI, 0);
	take(0, 0x5f);
	wr(0, EOI, 0);
	take(0, 0x3f);
	wr(0, EOI, 0);
	take(0, 0x31);
	wr(0, EOI, 0);
	wr(0, EOI, 0);			/* nothing in service: nothing happens */
	assert_int_equal(pick(0), -1);
	assert_int_equal(rd(0, PPR), 0);
}

static void test_tpr(void **state)
{
	(void)state;
	lapic_set_cr8(&apic[0], 5);
	assert_int_equal(rd(0, TPR), 0x50);
	wr(0, SELF, 0x5f);
	assert_int_equal(pick(0), -1);
	assert_int_equal(threshold_of(0), 5);
	lapic_set_cr8(&apic[0], 4);
	assert_int_equal(threshold_of(0), 0);
	take(0, 0x5f);
	wr(0, TPR, 0x47);
	assert_int_equal(lapic_cr8(&apic[0]), 4);
	lapic_set_cr8(&apic[0], 4);	/* unchanged: low bits stay */
	assert_int_equal(rd(0, TPR), 0x47);
	wr(0, SELF, 0x41);		/* below what is in service: no TPR value would help */
	assert_int_equal(threshold_of(0), 0);
}

static void test_x2apic_registers(void **state)
{
	static const struct { u32 msr; u64 value; } refused[] = {
		{ 0x802, 0 }, { 0x803, 0 }, { TPR, 0x100 }, { 0x809, 0 }, { PPR, 0 }, { EOI, 1 },
		{ 0x80d, 0 }, { 0x80e, 0 }, { SVR, 0x200 },
		{ 0x810, 0 }, { 0x818, 0 }, { 0x820, 0 }, { ESR, 1 }, { 0x82f, 0 },
		{ ICR, BIT64(13) }, { ICR, BIT64(20) }, { 0x831, 0 },
		{ LVT_T, BIT64(8) }, { LVT_T, BIT64(32) }, { INITIAL, BIT64(32) }, { CURRENT, 0 },
		{ DIVIDE, 4 }, { SELF, 0x100 },
		{ 0x840, 0 }, { 0x8ff, 0 }, { 0x7ff, 0 },
	};
	u64 value;

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(refused); i++)
		assert_false(lapic_msr_write(&apic[0], refused[i].msr, refused[i].value));
	assert_false(lapic_msr_read(&apic[0], SELF, &value));
	assert_false(lapic_msr_read(&apic[0], EOI, &value));
	assert_false(lapic_msr_read(&apic[0], 0x80e, &value));
	assert_false(lapic_msr_read(&apic[0], 0x840, &value));
	assert_false(lapic_msr_read(&apic[0], 0x7ff, &value));
	for (u32 i = 0; i < COUNT; i++) {
		assert_int_equal(rd(i, 0x802), i);
		assert_int_equal(rd(i, 0x80d), BIT32(i));
	}
	assert_int_equal(rd(0, 0x803) & 0xff, 0x14);
	wr(0, LVT_0, 0x5700);		/* as Linux restores the virtual wire: read-only bits are ignored */
	assert_int_equal(rd(0, LVT_0), 0x700);
	wr(0, ICR, 0x41400);
	assert_int_equal(rd(0, ICR), 0x40400);
	wr(0, LVT_E, 0x22);
	wr(0, LVT_T, 0xef);
	wr(0, SVR, 0xff);		/* software disable masks everything, for as long as it lasts */
	assert_int_equal(rd(0, LVT_E), 0x10022);
	wr(0, LVT_E, 0x22);
	assert_int_equal(rd(0, LVT_E), 0x10022);
	assert_false(lapic_has_mmio(&apic[0]));
}

static void test_errors(void **state)
{
	(void)state;
	wr(0, LVT_E, 0x33);
	wr(0, SELF, 3);
	assert_int_equal(pick(0), 0x33);
	assert_int_equal(rd(0, ESR), 0);
	wr(0, ESR, 0);
	assert_int_equal(rd(0, ESR), BIT32(5));
	wr(0, ESR, 0);
	assert_int_equal(rd(0, ESR), 0);
	assert_true(lapic_bus_deliver(&bus, &(struct irq_message){ .destination = 1, .vector = 5 }));
	wr(1, ESR, 0);
	assert_int_equal(rd(1, ESR), BIT32(6));
}

static void test_base(void **state)
{
	const u64 page = 0xfee00000, bsp = LAPIC_BASE_BSP, en = LAPIC_BASE_ENABLE, x2 = LAPIC_BASE_X2APIC;

	(void)state;
	assert_int_equal(lapic_base(&apic[0]), page | bsp | en | x2);
	assert_int_equal(lapic_base(&apic[1]), page | en | x2);
	assert_false(lapic_set_base(&apic[1], page | en));
	assert_false(lapic_set_base(&apic[1], page | x2));
	assert_false(lapic_set_base(&apic[1], page | en | x2 | 1));
	assert_false(lapic_set_base(&apic[1], (page + 0x1000) | en | x2));
	wr(1, SELF, 0x41);
	assert_true(lapic_set_base(&apic[1], page));
	assert_int_equal(pick(1), -1);
	assert_false(lapic_bus_deliver(&bus, &(struct irq_message){ .destination = 1, .vector = 0x55 }));
	assert_false(lapic_set_base(&apic[1], page | en | x2));
	assert_true(lapic_set_base(&apic[1], page | en));
	assert_true(lapic_has_mmio(&apic[1]));
	assert_int_equal(lapic_region.read(&apic[1], 0xf0, 4), 0xff);
	assert_true(lapic_set_base(&apic[1], page | en | x2));
	assert_int_equal(lapic_base(&apic[1]), page | en | x2);
}

static void send(u32 from, u32 to, u32 low)
{
	wr(from, ICR, (u64)to << 32 | low);
}

static void test_ipi(void **state)
{
	(void)state;
	send(0, 2, 0x40);
	take(2, 0x40);
	send(0, 9, 0x40);			/* nobody there */
	send(1, 0, 0xc0000 | 0x41);		/* all but self */
	for (u32 i = 0; i < COUNT; i++)
		assert_int_equal(pick(i), i == 1 ? -1 : i == 2 ? -1 : 0x41);	/* 2 is busy with class 4 */
	send(1, 0, 0x80000 | 0x55);		/* all */
	for (u32 i = 0; i < COUNT; i++)
		assert_int_equal(pick(i), 0x55);
	send(3, 0, 0x40000 | 0x66);		/* self */
	assert_int_equal(pick(3), 0x66);
	send(0, 0xffffffff, 0x77);		/* broadcast */
	assert_int_equal(pick(2), 0x77);
	send(0, 0xa, 0x800 | 0x88);		/* logical: 1 and 3 */
	assert_int_equal(pick(0), 0x77);
	assert_int_equal(pick(1), 0x88);
	assert_int_equal(pick(3), 0x88);
	send(0, 0x1000a, 0x800 | 0x99);		/* another cluster */
	assert_int_equal(pick(1), 0x88);
	send(0, 1, 0x400);
	assert_int_equal(nmis[1], 1);
	send(0, 1, 0x8500);			/* INIT de-assert */
	assert_int_equal(inits[1], 0);
	send(0, 1, 0xc500);
	assert_int_equal(inits[1], 1);
	assert_int_equal(pick(1), -1);
	assert_int_equal(rd(1, SVR), 0xff);
	assert_true(lapic_base(&apic[1]) & LAPIC_BASE_X2APIC);
	send(0, 1, 0x4600 | 0x9a);
	assert_int_equal(startups[1], 0x9a);
	assert_int_equal(rd(0, ICR), BIT64(32) | 0x469a);
	send(0, 1, 0x40);			/* software-disabled since INIT */
	assert_int_equal(pick(1), -1);
}

/* What other threads send is there after lapic_collect, not before; what an INIT finds there is gone. */
static void test_posted(void **state)
{
	u8 vector, threshold;

	(void)state;
	send(0, 2, 0x40);
	send(0, 2, 0x41);
	send(0, 2, 0x41);			/* once */
	assert_int_equal(kicks[2], 2);
	assert_false(lapic_pick(&apic[2], &vector, &threshold));
	take(2, 0x41);
	assert_true(lapic_has_one_edge(&apic[2]) == false);
	wr(2, EOI, 0);
	assert_true(lapic_has_one_edge(&apic[2]));
	take(2, 0x40);
	assert_true(lapic_has_one_edge(&apic[2]) && lapic_is_serving(&apic[2]));
	wr(2, EOI, 0);
	assert_false(lapic_has_one_edge(&apic[2]) || lapic_is_serving(&apic[2]));
	/* level, then edge, of one vector: the last counts */
	lapic_bus_deliver(&bus, &(struct irq_message){ .destination = 2, .vector = 0x62, .is_level = true });
	assert_true(pick(2) == 0x62 && rd(2, 0x81b) == BIT32(2));
	assert_false(lapic_has_one_edge(&apic[2]));
	send(0, 2, 0x62);
	assert_true(pick(2) == 0x62 && rd(2, 0x81b) == 0);
	send(0, 2, 0x70);
	lapic_set_lint0(&apic[2], true);
	lapic_reset(&apic[2]);
	assert_int_equal(pick(2), -1);
	assert_int_equal(apic[2].posted.what, 0);
	assert_true(lapic_lint0(&apic[2]));	/* a wire, not a message */
	send(0, 3, 0x50);			/* to oneself through the ICR: no detour */
	kicks[3] = 0;
	send(3, 3, 0x51);
	assert_true(lapic_pick(&apic[3], &vector, &threshold) && vector == 0x51 && kicks[3] == 1);
}

static void test_lowest_priority(void **state)
{
	(void)state;
	wr(0, TPR, 0x30);
	wr(1, TPR, 0x20);
	wr(2, TPR, 0x10);
	wr(3, TPR, 0x40);
	send(0, 0xb, 0x900 | 0x91);		/* of 0, 1 and 3 */
	assert_int_equal(pick(1), 0x91);
	assert_int_equal(pick(0), -1);
	assert_int_equal(pick(3), -1);
}

static void test_xapic_page(void **state)
{
	(void)state;
	assert_true(lapic_has_mmio(&apic[2]));
	assert_int_equal(lapic_region.read(&apic[2], 0x20, 4), 2u << 24);
	assert_int_equal(lapic_region.read(&apic[2], 0x350, 4), 0x10000);
	assert_int_equal(lapic_region.read(&apic[0], 0x350, 4), 0x700);
	lapic_region.write(&apic[1], 0xd0, 4, 0x06ffffff);
	assert_int_equal(lapic_region.read(&apic[1], 0xd0, 4), 0x06000000);
	lapic_region.write(&apic[0], 0x310, 4, 0x04000000);
	lapic_region.write(&apic[0], 0x300, 4, 0x840);		/* flat logical 4: matches 1 */
	assert_int_equal(pick(1), 0x40);
	assert_int_equal(lapic_region.read(&apic[0], 0x310, 4), 0x04000000);
	lapic_region.write(&apic[1], 0xe0, 4, 0);		/* cluster model: 0x06 = cluster 0, members 6 */
	lapic_region.write(&apic[0], 0x310, 4, 0x14000000);
	lapic_region.write(&apic[0], 0x300, 4, 0x850);
	assert_int_equal(pick(1), 0x40);
	lapic_region.write(&apic[0], 0x310, 4, 0x04000000);
	lapic_region.write(&apic[0], 0x300, 4, 0x850);
	take(1, 0x50);
	lapic_region.write(&apic[1], 0xb0, 4, 0);
	take(1, 0x40);
	lapic_region.write(&apic[0], 0x310, 4, 0xff000000);
	lapic_region.write(&apic[0], 0x300, 4, 0x60);		/* physical broadcast */
	assert_int_equal(pick(3), 0x60);
}

static void test_xapic_bad_accesses(void **state)
{
	static const u32 sizes[] = { 1, 2, 8 };

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(sizes); i++) {
		assert_true(lapic_region.read(&apic[0], 0x20, sizes[i]) == ~0ull);
		lapic_region.write(&apic[0], 0x80, sizes[i], 0x20);
	}
	assert_true(lapic_region.read(&apic[0], 0x24, 4) == ~0ull);
	assert_true(lapic_region.read(&apic[0], 0x1000, 4) == ~0ull);
	assert_true(lapic_region.read(&apic[0], ~0ull, 4) == ~0ull);
	lapic_region.write(&apic[0], 0x84, 4, 0x20);
	lapic_region.write(&apic[0], 0x1080, 4, 0x20);
	assert_int_equal(lapic_region.read(&apic[0], 0x80, 4), 0);
	assert_int_equal(lapic_region.read(&apic[0], 0x3f0, 4), 0);	/* x2APIC only: an illegal register */
	lapic_region.write(&apic[0], 0x280, 4, 0);
	assert_int_equal(lapic_region.read(&apic[0], 0x280, 4), BIT32(7));
}

static void advance_to(u64 ns)
{
	machine.ns = ns;
	for (u32 i = 0; i < COUNT; i++)
		if (lapic_deadline_tsc(&apic[i]) <= fake_tsc(&machine))
			lapic_run(&apic[i], lapic_tsc(&apic[i]));
}

static void test_timer_one_shot(void **state)
{
	(void)state;
	wr(0, DIVIDE, 0xb);
	wr(0, LVT_T, 0x30);
	wr(0, INITIAL, 1000);			/* 1 us from now, at 2 ticks per ns */
	assert_int_equal(lapic_deadline_tsc(&apic[0]), 4000);
	advance_to(1400);
	assert_int_equal(rd(0, CURRENT), 600);
	assert_int_equal(pick(0), -1);
	lapic_run(&apic[0], lapic_tsc(&apic[0]));			/* early: harmless */
	assert_int_equal(pick(0), -1);
	advance_to(2000);
	take(0, 0x30);
	assert_int_equal(rd(0, CURRENT), 0);
	assert_true(lapic_deadline_tsc(&apic[0]) == ~0ull);
	wr(0, DIVIDE, 0);			/* by 2 */
	wr(0, INITIAL, 1000);
	wr(0, DIVIDE, 3);			/* by 16, mid-way: 1000 counts are left */
	assert_int_equal(lapic_deadline_tsc(&apic[0]), 4000 + 32000);
	wr(0, INITIAL, 0);
	assert_true(lapic_deadline_tsc(&apic[0]) == ~0ull);
	wr(0, EOI, 0);
	wr(0, LVT_T, 0x10030);			/* masked: runs, but says nothing */
	wr(0, INITIAL, 10);
	advance_to(100000);
	assert_int_equal(pick(0), -1);
}

static void test_timer_periodic(void **state)
{
	(void)state;
	wr(0, DIVIDE, 0xb);
	wr(0, LVT_T, 0x20030);
	wr(0, INITIAL, 100000);
	for (u32 i = 1; i <= 3; i++) {
		assert_int_equal(lapic_deadline_tsc(&apic[0]), 2000 + i * 200000);
		advance_to(1000 + i * 100000);
		take(0, 0x30);
		wr(0, EOI, 0);
	}
	advance_to(1000 + 950000);		/* six rounds missed: one interrupt, in phase afterwards */
	take(0, 0x30);
	wr(0, EOI, 0);
	assert_int_equal(pick(0), -1);
	assert_int_equal(lapic_deadline_tsc(&apic[0]), 2000 + 10 * 200000);
	wr(0, INITIAL, 1);			/* absurdly short: bounded */
	advance_to(machine.ns + 1);
	assert_true(lapic_deadline_tsc(&apic[0]) >= fake_tsc(&machine) + 50000);
}

static void test_timer_deadline(void **state)
{
	(void)state;
	lapic_set_tsc_deadline(&apic[0], 5000);
	assert_int_equal(lapic_tsc_deadline(&apic[0]), 0);	/* not in that mode */
	wr(0, LVT_T, 0x40031);
	lapic_set_tsc_deadline(&apic[0], 5000);
	assert_int_equal(lapic_tsc_deadline(&apic[0]), 5000);
	wr(0, INITIAL, 1);			/* ignored in this mode */
	assert_int_equal(lapic_deadline_tsc(&apic[0]), 5000);
	advance_to(2500);
	take(0, 0x31);
	assert_int_equal(lapic_tsc_deadline(&apic[0]), 0);
	wr(0, EOI, 0);
	lapic_set_tsc_deadline(&apic[0], 1);	/* in the past: at once */
	advance_to(2500);
	take(0, 0x31);
	lapic_set_tsc_deadline(&apic[0], 9000);
	wr(0, LVT_T, 0x31);			/* leaving the mode disarms */
	assert_true(lapic_deadline_tsc(&apic[0]) == ~0ull);
}

static void test_extint(void **state)
{
	(void)state;
	assert_true(lapic_takes_extint(&apic[0]));	/* the virtual wire */
	assert_false(lapic_takes_extint(&apic[1]));
	lapic_set_lint0(&apic[0], true);
	assert_int_equal(kicks[0], 1);
	lapic_set_lint0(&apic[0], false);
	lapic_region.write(&apic[0], 0x350, 4, 0x10700);
	assert_false(lapic_takes_extint(&apic[0]));
	lapic_set_lint0(&apic[0], true);
	lapic_collect(&apic[0]);
	assert_int_equal(pick(0), -1);
	kicks[0] = 0;
	lapic_region.write(&apic[0], 0x350, 4, 0x700);	/* unmasked while asserted */
	assert_int_equal(kicks[0], 1);
	lapic_set_lint0(&apic[0], false);
	lapic_region.write(&apic[0], 0x350, 4, 0x400);
	lapic_set_lint0(&apic[0], true);
	lapic_set_lint0(&apic[0], true);
	lapic_collect(&apic[0]);
	lapic_collect(&apic[0]);
	assert_int_equal(nmis[0], 1);
	lapic_set_lint0(&apic[0], false);
	lapic_region.write(&apic[0], 0x350, 4, 0x45);
	lapic_set_lint0(&apic[0], true);
	assert_int_equal(pick(0), 0x45);
	assert_true(lapic_set_base(&apic[0], 0xfee00000 | LAPIC_BASE_BSP));
	assert_true(lapic_takes_extint(&apic[0]));	/* no APIC: straight to the processor */
	assert_true(lapic_set_base(&apic[1], 0xfee00000));
	assert_false(lapic_takes_extint(&apic[1]));
}

static u32 io_read(u32 reg)
{
	ioapic_region.write(&io, 0, 4, reg);
	return (u32)ioapic_region.read(&io, 0x10, 4);
}

static void io_write(u32 reg, u32 value)
{
	ioapic_region.write(&io, 0, 4, reg);
	ioapic_region.write(&io, 0x10, 4, value);
}

static void test_ioapic_registers(void **state)
{
	(void)state;
	assert_int_equal(io_read(1), 0x00170020);
	io_write(0, 0xffffffff);
	assert_int_equal(io_read(0), 0x0f000000);
	for (u32 i = 0; i < IOAPIC_INPUTS; i++)
		assert_int_equal(io_read(0x10 + 2 * i), 0x10000);
	assert_int_equal(io_read(0x40), 0xffffffff);
	assert_int_equal(io_read(0xff), 0xffffffff);
	io_write(0x40, 0);
	io_write(0x10, 0xffffffff);
	io_write(0x11, 0xffffffff);
	assert_int_equal(io_read(0x10), 0x1afff);	/* no delivery status, no remote IRR */
	assert_int_equal(io_read(0x11), 0xff000000);
	assert_true(ioapic_region.read(&io, 0x10, 1) == ~0ull);
	assert_true(ioapic_region.read(&io, 0x20, 4) == ~0ull);
	assert_true(ioapic_region.read(&io, ~0ull, 8) == ~0ull);
	ioapic_region.write(&io, 0x10, 8, 0);
	ioapic_region.write(&io, 0xfff, 4, 0);
	ioapic_set_irq(&io, IOAPIC_INPUTS, true);
	ioapic_set_irq(&io, ~0u, true);
	assert_int_equal(io_read(0x10), 0x1afff);
}

static void test_ioapic_edge(void **state)
{
	(void)state;
	io_write(0x19, 1u << 24);
	io_write(0x18, 0x34);
	ioapic_set_irq(&io, 4, true);
	ioapic_set_irq(&io, 4, true);
	take(1, 0x34);
	assert_int_equal(pick(1), -1);
	ioapic_set_irq(&io, 4, false);
	io_write(0x18, 0x10034);
	ioapic_set_irq(&io, 4, true);		/* masked: lost */
	io_write(0x18, 0x34);
	wr(1, EOI, 0);
	assert_int_equal(pick(1), -1);
	ioapic_set_irq(&io, 4, false);
	ioapic_set_irq(&io, 4, true);
	take(1, 0x34);
	assert_int_equal(rd(1, 0x819), 0);	/* TMR */
}

static void test_ioapic_level(void **state)
{
	(void)state;
	io_write(0x23, 2u << 24);
	io_write(0x22, 0x8039);
	ioapic_set_irq(&io, 9, true);
	assert_int_equal(io_read(0x22), 0xc039);
	take(2, 0x39);
	assert_int_equal(rd(2, 0x819), BIT32(0x39 - 32));
	ioapic_set_irq(&io, 9, false);
	ioapic_set_irq(&io, 9, true);		/* being handled: one at a time */
	assert_int_equal(pick(2), -1);
	wr(2, EOI, 0);				/* still asserted: again */
	take(2, 0x39);
	ioapic_set_irq(&io, 9, false);
	wr(2, EOI, 0);
	assert_int_equal(pick(2), -1);
	assert_int_equal(io_read(0x22), 0x8039);
	io_write(0x22, 0x18039);
	ioapic_set_irq(&io, 9, true);
	assert_int_equal(pick(2), -1);
	io_write(0x22, 0x8039);			/* unmasked while asserted */
	take(2, 0x39);
	ioapic_set_irq(&io, 9, false);
	ioapic_region.write(&io, 0x40, 4, 0x39);	/* the EOI register does it too */
	assert_int_equal(io_read(0x22), 0x8039);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_priorities, setup_x2),
		cmocka_unit_test_setup(test_tpr, setup_x2),
		cmocka_unit_test_setup(test_x2apic_registers, setup_x2),
		cmocka_unit_test_setup(test_errors, setup_x2),
		cmocka_unit_test_setup(test_base, setup_x2),
		cmocka_unit_test_setup(test_ipi, setup_x2),
		cmocka_unit_test_setup(test_posted, setup_x2),
		cmocka_unit_test_setup(test_lowest_priority, setup_x2),
		cmocka_unit_test_setup(test_xapic_page, setup_x),
		cmocka_unit_test_setup(test_xapic_bad_accesses, setup_x),
		cmocka_unit_test_setup(test_timer_one_shot, setup_x2),
		cmocka_unit_test_setup(test_timer_periodic, setup_x2),
		cmocka_unit_test_setup(test_timer_deadline, setup_x2),
		cmocka_unit_test_setup(test_extint, setup_x),
		cmocka_unit_test_setup(test_ioapic_registers, setup_x2),
		cmocka_unit_test_setup(test_ioapic_edge, setup_x2),
		cmocka_unit_test_setup(test_ioapic_level, setup_x2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
