/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * The smaller devices: ways to switch off and reset, the power button, PM timer, PCI configuration, keyboard
 * controller, kvm-clock, debug port.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "acpi_hotplug.h"
#include "acpi_pm.h"
#include "debug_port.h"
#include "fake_board.h"
#include "firmware_log.h"
#include "i8042.h"
#include "kvmclock.h"

static struct fake_board machine;
static struct clock fake;
static struct power_ops power;

static int setup(void **state)
{
	(void)state;
	machine = (struct fake_board){ .ns = 5 * NS_PER_SECOND, .wall_start_ns = 1700000000123456789ull,
					 .tsc_hz = 2500000000 };
	fake = fake_clock(&machine);
	power = fake_power(&machine);
	return 0;
}

static u64 rd(const struct region_ops *ops, void *device, u64 offset, u32 size)
{
	return ops->read(device, offset, size);
}

static void wr(const struct region_ops *ops, void *device, u64 offset, u32 size, u64 value)
{
	ops->write(device, offset, size, value);
}

/* ---- ACPI registers ---- */

static struct acpi_pm pm;

static void start_pm(bool is_pc)
{
	struct irq_line line = fake_line(&machine, 9);

	acpi_pm_init(&pm, is_pc, &fake, &line, &power);
}

static void test_acpi_modern(void **state)
{
	(void)state;
	start_pm(false);
	assert_int_equal(rd(&acpi_pm_region, &pm, 0, 4), 0xff000000);
	wr(&acpi_pm_region, &pm, ACPI_SLEEP_STATUS, 1, 0x80);
	wr(&acpi_pm_region, &pm, ACPI_SLEEP_CONTROL, 1, ACPI_S5_TYPE << 2);	/* no SLP_EN */
	wr(&acpi_pm_region, &pm, ACPI_SLEEP_CONTROL, 1, 0x20 | 3 << 2);	/* not S5 */
	assert_int_equal(machine.poweroffs, 0);
	wr(&acpi_pm_region, &pm, ACPI_SLEEP_CONTROL, 1, 0x20 | ACPI_S5_TYPE << 2);
	assert_int_equal(machine.poweroffs, 1);
	wr(&acpi_pm_region, &pm, ACPI_RESET, 1, 0);
	assert_int_equal(machine.resets, 0);
	wr(&acpi_pm_region, &pm, ACPI_RESET, 1, ACPI_RESET_VALUE);
	assert_int_equal(machine.resets, 1);
	acpi_pm_press_button(&pm);
	acpi_pm_press_button(&pm);
	assert_int_equal(machine.edges, 2);
	assert_false(machine.is_asserted);
	assert_int_equal(machine.gsi, 9);
	assert_true(acpi_pm_timer.deadline_ns(&pm) == ~0ull);
	assert_int_equal(rd(&acpi_pm_region, &pm, 16, 1), 0xff);
	assert_true(rd(&acpi_pm_region, &pm, ~0ull, 8) == ~0ull);
	wr(&acpi_pm_region, &pm, ~0ull, 8, 0);
}

static void test_acpi_pc_button(void **state)
{
	(void)state;
	start_pm(true);
	assert_int_equal(rd(&acpi_pm_region, &pm, ACPI_PM1_CONTROL, 2), 1);	/* SCI_EN */
	acpi_pm_press_button(&pm);
	assert_false(machine.is_asserted);
	assert_int_equal(rd(&acpi_pm_region, &pm, ACPI_PM1_EVENT, 2), 0x100);
	wr(&acpi_pm_region, &pm, ACPI_PM1_EVENT + 2, 2, 0xffff);
	assert_true(machine.is_asserted);
	assert_int_equal(rd(&acpi_pm_region, &pm, ACPI_PM1_EVENT, 4), 0x05210100);
	wr(&acpi_pm_region, &pm, ACPI_PM1_EVENT, 2, 0x0001);	/* another bit: stays */
	assert_true(machine.is_asserted);
	wr(&acpi_pm_region, &pm, ACPI_PM1_EVENT + 1, 1, 0x01);
	assert_false(machine.is_asserted);
	wr(&acpi_pm_region, &pm, ACPI_PM1_CONTROL, 2, 0x2000);	/* SLP_EN, not S5 */
	wr(&acpi_pm_region, &pm, ACPI_PM1_CONTROL, 2, ACPI_S5_TYPE << 10);
	assert_int_equal(machine.poweroffs, 0);
	wr(&acpi_pm_region, &pm, ACPI_PM1_CONTROL, 2, 0x2000 | ACPI_S5_TYPE << 10);
	assert_int_equal(machine.poweroffs, 1);
	assert_int_equal(rd(&acpi_pm_region, &pm, ACPI_PM1_CONTROL, 2), 1 | ACPI_S5_TYPE << 10);
	wr(&acpi_pm_region, &pm, ACPI_PC_RESET, 1, ACPI_RESET_VALUE);
	assert_int_equal(machine.resets, 1);
}

static void test_acpi_pc_timer(void **state)
{
	u64 wrap;

	(void)state;
	start_pm(true);
	assert_int_equal(rd(&acpi_pm_region, &pm, ACPI_PM_TIMER, 4), 5 * PM_TIMER_HZ);
	assert_int_equal(rd(&acpi_pm_region, &pm, ACPI_PM_TIMER + 1, 2), 5 * PM_TIMER_HZ >> 8 & 0xffff);
	assert_int_equal(rd(&acpi_pm_region, &pm, 6, 4), 0xffff | (5 * PM_TIMER_HZ & 0xffff) << 16);
	assert_int_equal(rd(&acpi_pm_region, &pm, 15, 8) & 0xffff, 0xff00);
	assert_true(rd(&acpi_pm_region, &pm, 16, 8) == ~0ull);
	assert_true(acpi_pm_timer.deadline_ns(&pm) == ~0ull);
	wr(&acpi_pm_region, &pm, ACPI_PM1_EVENT + 2, 2, 1);
	wrap = acpi_pm_timer.deadline_ns(&pm);
	assert_int_equal(mul_div(wrap, PM_TIMER_HZ, NS_PER_SECOND), 1u << 31);
	machine.ns = wrap - 1;
	acpi_pm_timer.run(&pm);
	assert_false(machine.is_asserted);
	machine.ns = wrap;
	acpi_pm_timer.run(&pm);
	assert_true(machine.is_asserted);
	assert_true(acpi_pm_timer.deadline_ns(&pm) == ~0ull);
	wr(&acpi_pm_region, &pm, ACPI_PM1_EVENT, 2, 1);
	assert_false(machine.is_asserted);
	assert_true(acpi_pm_timer.deadline_ns(&pm) > wrap);
}

/* A guest that suspends itself is woken by the button and by what wakes it, and not asked to power off by that. */
/* A vCPU that polls the timer may sleep until a system has taken over, which knows better clocks. */
static void test_acpi_pc_polled(void **state)
{
	(void)state;
	start_pm(true);
	assert_true(acpi_pm_region.may_nap(&pm, ACPI_PM_TIMER));
	assert_false(acpi_pm_region.may_nap(&pm, ACPI_PM1_CONTROL));
	wr(&acpi_pm_region, &pm, ACPI_PM1_EVENT + 2, 2, 0x100);
	assert_false(acpi_pm_region.may_nap(&pm, ACPI_PM_TIMER));
	start_pm(false);
	assert_false(acpi_pm_region.may_nap(&pm, ACPI_PM_TIMER));
}

static void test_suspend_modern(void **state)
{
	(void)state;
	start_pm(false);
	assert_int_equal(rd(&acpi_pm_region, &pm, ACPI_IDLE, 1), 0);
	acpi_pm_wake(&pm);			/* it is awake: nothing */
	assert_int_equal(machine.edges, 0);
	for (u32 i = 1; i < 3; i++) {
		wr(&acpi_pm_region, &pm, ACPI_IDLE, 1, 1);
		wr(&acpi_pm_region, &pm, ACPI_IDLE, 1, 1);
		assert_true(machine.is_suspended);
		assert_int_equal(machine.suspends, i);
		assert_int_equal(rd(&acpi_pm_region, &pm, ACPI_IDLE, 1), 1);
		if (i == 1)
			acpi_pm_wake(&pm);
		else
			acpi_pm_press_button(&pm);
		assert_int_equal(rd(&acpi_pm_region, &pm, ACPI_IDLE, 1), 0);
		wr(&acpi_pm_region, &pm, ACPI_IDLE, 1, 1);	/* by the other interface of the idle device */
		assert_int_equal(rd(&acpi_pm_region, &pm, ACPI_IDLE, 1), 0);
		assert_true(machine.is_suspended);	/* until it says otherwise */
		wr(&acpi_pm_region, &pm, ACPI_IDLE, 1, 0);
		assert_false(machine.is_suspended);
	}
	assert_int_equal(machine.edges, 0);
	acpi_pm_press_button(&pm);
	assert_int_equal(machine.edges, 1);
}

static void test_suspend_pc(void **state)
{
	(void)state;
	start_pm(true);
	wr(&acpi_pm_region, &pm, ACPI_PM1_EVENT + 2, 2, 0x500);		/* button and RTC */
	acpi_pm_wake(&pm);
	assert_false(machine.is_asserted);
	wr(&acpi_pm_region, &pm, ACPI_IDLE, 1, 1);
	assert_true(machine.is_suspended);
	assert_int_equal(rd(&acpi_pm_region, &pm, ACPI_IDLE - 1, 2), 0x1ff);
	acpi_pm_wake(&pm);
	assert_true(machine.is_asserted);
	assert_int_equal(rd(&acpi_pm_region, &pm, ACPI_PM1_EVENT, 2), 0x100);
	assert_int_equal(rd(&acpi_pm_region, &pm, ACPI_IDLE, 1), 0);
	wr(&acpi_pm_region, &pm, ACPI_IDLE, 1, 0);		/* what woke it is no press of the button */
	assert_false(machine.is_asserted);
	assert_false(machine.is_suspended);
	acpi_pm_press_button(&pm);
	wr(&acpi_pm_region, &pm, ACPI_IDLE, 1, 0);		/* this one is */
	assert_true(machine.is_asserted);
	wr(&acpi_pm_region, &pm, ACPI_PM1_EVENT, 2, 0x100);
	acpi_pm_rtc_alarm(&pm);
	assert_true(machine.is_asserted);
	assert_int_equal(rd(&acpi_pm_region, &pm, ACPI_PM1_EVENT, 2), 0x400);
	wr(&acpi_pm_region, &pm, ACPI_PM1_EVENT, 2, 0x400);
	assert_false(machine.is_asserted);
}

/* ---- Disks that come and go ---- */

static u32 ejected[ACPI_HOTPLUG_SLOTS];

static void count_eject(void *ctx, u32 slot)
{
	assert_ptr_equal(ctx, &machine);
	assert_in_range(slot, 0, ARRAY_COUNT(ejected) - 1);
	ejected[slot]++;
}

static void test_hotplug(void **state)
{
	struct acpi_hotplug_ops ops = { count_eject, &machine };
	struct irq_line irq = fake_line(&machine, ACPI_HOTPLUG_GSI);
	struct acpi_hotplug h;

	(void)state;
	memset(ejected, 0, sizeof(ejected));
	acpi_hotplug_init(&h, &ops, &irq);
	acpi_hotplug_came(&h, 7);
	acpi_hotplug_ask(&h, 0, true);
	acpi_hotplug_ask(&h, 7, true);
	assert_true(machine.is_asserted);
	assert_int_equal(rd(&acpi_hotplug_region, &h, 0, 4), 0x00008180);
	wr(&acpi_hotplug_region, &h, ACPI_HOTPLUG_UP, 1, 0x80);
	acpi_hotplug_ask(&h, 7, false);		/* nobody wants it to go any more */
	assert_int_equal(rd(&acpi_hotplug_region, &h, 0, 2), 0x0100);
	wr(&acpi_hotplug_region, &h, ACPI_HOTPLUG_DOWN, 1, 0xfe);
	assert_true(machine.is_asserted);
	wr(&acpi_hotplug_region, &h, ACPI_HOTPLUG_DOWN, 1, 0x01);
	assert_false(machine.is_asserted);
	acpi_hotplug_ask(&h, 3, true);
	wr(&acpi_hotplug_region, &h, ACPI_HOTPLUG_EJECT, 1, 0x88);	/* asked for, and not asked for */
	assert_false(machine.is_asserted);
	assert_int_equal(ejected[3], 1);
	assert_int_equal(ejected[7], 1);
	acpi_hotplug_ask(&h, 3, true);
	acpi_hotplug_came(&h, 3);		/* another disk: what was asked of the last one is void */
	assert_int_equal(rd(&acpi_hotplug_region, &h, 0, 2), 0x0008);
	wr(&acpi_hotplug_region, &h, 3, 1, 0xff);
	wr(&acpi_hotplug_region, &h, ~0ull, 8, ~0ull);
	acpi_hotplug_came(&h, 9);		/* a network card's slot, in the other bank */
	assert_int_equal(rd(&acpi_hotplug_region, &h, 0, 8), 0x0000000200000008);
	wr(&acpi_hotplug_region, &h, ACPI_HOTPLUG_BANK + ACPI_HOTPLUG_EJECT, 1, 2);
	assert_int_equal(ejected[9], 1);
	assert_int_equal(rd(&acpi_hotplug_region, &h, ACPI_HOTPLUG_BANK, 4), 0);
	assert_true(rd(&acpi_hotplug_region, &h, ~0ull, 8) == ~0ull);
	assert_int_equal(rd(&acpi_hotplug_region, &h, 0, 2), 0x0008);
	wr(&acpi_hotplug_region, &h, 0, 8, ~0ull);	/* all of it at once */
	assert_false(machine.is_asserted);
	for (u32 i = 0; i < 8; i++)
		assert_int_equal(ejected[i], i == 3 || i == 7 ? 2 : 1);
}

/* ---- Keyboard controller, port 92h, debug port ---- */

static struct i8042 kbd;

static void command(u8 value)
{
	wr(&i8042_command_region, &kbd, 0, 1, value);
}

static u8 status(void)
{
	return (u8)rd(&i8042_command_region, &kbd, 0, 1);
}

static u8 data(void)
{
	return (u8)rd(&i8042_data_region, &kbd, 0, 1);
}

static void test_i8042(void **state)
{
	(void)state;
	i8042_init(&kbd, &power);
	assert_int_equal(status(), 0x14);
	command(0xaa);
	assert_int_equal(status(), 0x1d);
	assert_int_equal(data(), 0x55);
	assert_int_equal(status() & 1, 0);
	command(0x60);
	wr(&i8042_data_region, &kbd, 0, 1, 0x45);
	assert_int_equal(status(), 0x14);
	command(0x20);
	assert_int_equal(data(), 0x45);
	command(0xad);
	command(0xa7);
	command(0x20);
	assert_int_equal(data(), 0x75);
	command(0xd0);
	assert_int_equal(data(), 0x03);
	command(0xab);
	assert_int_not_equal(data(), 0);			/* no keyboard */
	command(0xd3);
	wr(&i8042_data_region, &kbd, 0, 1, 0x5a);
	assert_int_equal(status() & 0x21, 0x21);
	assert_int_equal(data(), 0x5a);
	wr(&i8042_data_region, &kbd, 0, 1, 0xed);
	assert_int_equal(status() & 0x41, 0x41);
	assert_int_equal(data(), 0xfe);
	assert_int_equal(machine.resets, 0);
	command(0xff);
	assert_int_equal(machine.resets, 0);
	command(0xfe);
	assert_int_equal(machine.resets, 1);
	command(0xd1);
	wr(&i8042_data_region, &kbd, 0, 1, 0x02);
	assert_int_equal(machine.resets, 2);
	assert_true(rd(&i8042_data_region, &kbd, 0, 2) == ~0ull);
	assert_true(rd(&i8042_command_region, &kbd, 1, 1) == ~0ull);
	wr(&i8042_command_region, &kbd, 0, 2, 0xfefe);
	assert_int_equal(machine.resets, 2);
}

static void test_port_92(void **state)
{
	struct fast_reset f;

	(void)state;
	fast_reset_init(&f, &power);
	assert_int_equal(rd(&fast_reset_region, &f, 0, 1), 2);
	wr(&fast_reset_region, &f, 0, 1, 0);
	assert_int_equal(rd(&fast_reset_region, &f, 0, 1), 0);
	wr(&fast_reset_region, &f, 0, 2, 3);
	assert_int_equal(machine.resets, 0);
	wr(&fast_reset_region, &f, 0, 1, 3);
	wr(&fast_reset_region, &f, 0, 1, 3);
	assert_int_equal(machine.resets, 1);
}

static u32 debug_count;
static u8 debug_last;

static void debug_put(void *ctx, u8 byte)
{
	(void)ctx;
	debug_count++;
	debug_last = byte;
}

static void test_debug_port(void **state)
{
	struct debug_port d;

	(void)state;
	debug_port_init(&d, debug_put, NULL);
	assert_int_equal(rd(&debug_port_region, &d, 0, 1), 0xe9);
	wr(&debug_port_region, &d, 0, 1, 'x');
	assert_int_equal(debug_last, 'x');
	wr(&debug_port_region, &d, 0, 4, 'y');
	wr(&debug_port_region, &d, 1, 1, 'y');
	assert_int_equal(debug_count, 1);
}

/* ---- kvm-clock ---- */

static u8 memory[256];
static u32 writes;
static u32 versions[3];

static bool guest_write(void *ctx, gpa_t gpa, const void *bytes, u32 count)
{
	(void)ctx;
	if (gpa.raw > sizeof(memory) || count > sizeof(memory) - gpa.raw)
		return false;
	memcpy(memory + gpa.raw, bytes, count);
	memcpy(&versions[writes++ % 3], memory + (gpa.raw & ~0x3full), sizeof(u32));
	return true;
}

static u64 field(u32 offset, u32 bytes)
{
	u64 value = 0;

	memcpy(&value, memory + offset, bytes);
	return value;
}

static void test_kvmclock_records(void **state)
{
	const struct kvmclock_ops ops = { guest_write, NULL };
	struct kvmclock k;
	u64 value;

	(void)state;
	writes = 0;
	kvmclock_init(&k, &fake, &ops);
	assert_true(kvmclock_msr_write(&k, 0, KVMCLOCK_MSR_SYSTEM, 0x41));
	assert_int_equal(writes, 3);
	assert_true((versions[0] & 1) && (versions[1] & 1) && !(versions[2] & 1));
	assert_int_equal(field(0x48, 8), 0);	/* one pair for all vCPUs: that of power-on */
	assert_int_equal(field(0x50, 8), 0);
	assert_int_equal(field(0x5d, 1), 1);
	value = field(0x40, 4);
	kvmclock_update(&k, 0);
	assert_true(field(0x40, 4) > value && !(field(0x40, 4) & 1));
	assert_true(kvmclock_msr_read(&k, 0, KVMCLOCK_MSR_SYSTEM, &value));
	assert_int_equal(value, 0x41);
	assert_true(kvmclock_msr_write(&k, 0, KVMCLOCK_MSR_WALL, 0x80));
	assert_int_equal(field(0x84, 4), 1700000000);
	assert_int_equal(field(0x88, 4), 123456789);
	writes = 0;
	assert_true(kvmclock_msr_write(&k, 0, KVMCLOCK_MSR_SYSTEM_OLD, 0));	/* off */
	kvmclock_update(&k, 0);
	assert_true(kvmclock_msr_write(&k, 1, KVMCLOCK_MSR_SYSTEM, 0xfffffffffffff001));	/* no RAM there */
	assert_int_equal(writes, 0);
	kvmclock_update(&k, VM_VCPUS);
	assert_false(kvmclock_msr_write(&k, VM_VCPUS, KVMCLOCK_MSR_SYSTEM, 1));
	assert_false(kvmclock_msr_write(&k, 0, 0x10, 1));
	assert_false(kvmclock_msr_read(&k, 0, 0x4b564d02, &value));
	assert_true(kvmclock_has_msr(0x11) && kvmclock_has_msr(0x12) && !kvmclock_has_msr(0x13));
}

/* As the guest computes: ((tsc << shift) * multiplier) >> 32. */
static void test_kvmclock_scale(void **state)
{
	static const u64 rates[] = { 1000000, 30000000, 99999999, 100000000, 500000000, 999999999, 1000000000,
				     1000000001, 2400000000, 3599998123, 5000000000, 100000000000 };
	const struct kvmclock_ops ops = { guest_write, NULL };
	struct kvmclock k;

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(rates); i++) {
		u64 ticks = rates[i] * 100, ns;

		fake.tsc_hz = rates[i];
		kvmclock_init(&k, &fake, &ops);
		assert_true(k.multiplier & BIT32(31));
		ticks = k.shift >= 0 ? ticks << k.shift : ticks >> -k.shift;
		ns = mul_div(ticks, k.multiplier, BIT64(32));
		assert_in_range(ns, 100 * NS_PER_SECOND - 100, 100 * NS_PER_SECOND);
	}
}

/* ---- What firmware tells ---- */

static struct firmware_log firmware_log;

static void note_no_medium(void *ctx)
{
	++*(u32 *)ctx;
}

static void tell(const char *text)
{
	while (*text)
		wr(&firmware_log_region, &firmware_log, 0, 1, (u8)*text++);
}

static void test_firmware_log(void **state)
{
	u32 told = 0;

	(void)state;
	firmware_log_init(&firmware_log, note_no_medium, &told);
	assert_int_equal(rd(&firmware_log_region, &firmware_log, 0, 1), 0xe9);
	assert_true(rd(&firmware_log_region, &firmware_log, 0, 2) == ~0ull);
	tell("SeaBIOS (version 1.16.2)\n\nNo bootable device. Retrying in 60 seconds.\n No bootable device.\n");
	tell("No bootable device\nNo bootable device");
	assert_int_equal(told, 0);
	tell(".\n");
	assert_int_equal(told, 1);
	for (u32 i = 0; i < 1000; i++)
		tell("No bootable device.");
	tell("\n");
	assert_int_equal(told, 1);
}

static void test_uefi_log(void **state)
{
	static const char text[] =
		"BdsDxe: loading Boot0002 \"EFI Internal Shell\" from Fv(7CB8BDC9)\r\n"
		"BdsDxe: starting Boot0001 \"UEFI Misc Device\" from PciRoot(0x0)/Pci(0x4,0x0)\r\n"
		"BdsDxe: starting Boot0001 \"EFI Internal\r\n"
		"BdsDxe: starting Boot000A \"EFI Internal Shell\" from Fv(7CB8BDC9)\r";
	u32 told = 0;

	(void)state;
	firmware_log_init(&firmware_log, note_no_medium, &told);
	firmware_log_text(&firmware_log, (const u8 *)text, sizeof(text) - 1);
	assert_int_equal(told, 0);
	firmware_log_text(&firmware_log, (const u8 *)"\n", 1);
	assert_int_equal(told, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_acpi_modern, setup),
		cmocka_unit_test_setup(test_acpi_pc_button, setup),
		cmocka_unit_test_setup(test_acpi_pc_timer, setup),
		cmocka_unit_test_setup(test_acpi_pc_polled, setup),
		cmocka_unit_test_setup(test_suspend_modern, setup),
		cmocka_unit_test_setup(test_suspend_pc, setup),
		cmocka_unit_test_setup(test_hotplug, setup),
		cmocka_unit_test_setup(test_i8042, setup),
		cmocka_unit_test_setup(test_port_92, setup),
		cmocka_unit_test_setup(test_debug_port, setup),
		cmocka_unit_test_setup(test_kvmclock_records, setup),
		cmocka_unit_test_setup(test_kvmclock_scale, setup),
		cmocka_unit_test_setup(test_firmware_log, setup),
		cmocka_unit_test_setup(test_uefi_log, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
