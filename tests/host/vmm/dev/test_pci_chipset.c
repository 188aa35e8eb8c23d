/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * The chipset of platform pc as SeaBIOS sets it up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_board.h"
#include "pci_chipset.h"

enum { HOST = 0, ISA = 8, POWER = 11 };

static struct fake_board board;
static struct bus machine_bus;
static struct pci_bus bus;
static struct pci_chipset chipset;

static int setup(void **state)
{
	struct pci_host host = { .bus = &machine_bus, .set_line = fake_set_irq, .ctx = &board };

	(void)state;
	board = (struct fake_board){ .tsc_hz = 1000000000 };
	host.power = fake_power(&board);
	bus_init(&machine_bus);
	pci_bus_init(&bus, &host);
	assert_int_equal(pci_chipset_add(&chipset, &bus), ST_OK);
	return 0;
}

static u32 get(u32 devfn, u32 reg, u32 size)
{
	return (u32)pci_ecam_region.read(&bus, (u64)devfn << 12 | reg, size);
}

static void set(u32 devfn, u32 reg, u32 size, u32 value)
{
	pci_ecam_region.write(&bus, (u64)devfn << 12 | reg, size, value);
}

static void test_identities(void **state)
{
	(void)state;
	assert_int_equal(get(HOST, 0, 4), 0x12378086);
	assert_int_equal(get(HOST, 8, 4), 0x06000002);
	assert_int_equal(get(HOST, 0x2c, 4), 0x11001af4);	/* by this firmware knows that there is fw_cfg */
	assert_int_equal(get(ISA, 0, 4), 0x70008086);
	assert_int_equal(get(ISA, 0x0e, 1), 0x80);		/* there are more functions in the slot */
	assert_int_equal(get(POWER, 0, 4), 0x71138086);
	assert_int_equal(get(POWER, 0x0e, 1), 0);
	assert_int_equal(pci_chipset_add(&chipset, &bus), ST_EXISTS);
}

/* Stored, and no other register with them. */
static void test_shadow_registers(void **state)
{
	(void)state;
	assert_int_equal(get(HOST, 0x59, 1), 0);
	for (u32 reg = 0x40; reg < 0x100; reg++)
		set(HOST, reg, 1, 0x33);
	for (u32 reg = 0x40; reg < 0x100; reg++)
		assert_int_equal(get(HOST, reg, 1), (reg >= 0x59 && reg <= 0x5f) || reg == 0x72 ? 0x33 : 0);
}

static void test_routes(void **state)
{
	(void)state;
	assert_int_equal(get(ISA, 0x60, 4), 0x80808080);
	set(ISA, 0x60, 4, 0x0b0b0a0a);
	assert_int_equal(get(ISA, 0x60, 4), 0x0b0b0a0a);
}

static void test_power(void **state)
{
	(void)state;
	assert_int_equal(get(POWER, 0x5b, 1), 2);		/* nobody need set up SMIs */
	set(POWER, 0x40, 4, 0xb001);				/* the registers stay where they are */
	set(POWER, 0x80, 1, 0);
	assert_int_equal(get(POWER, 0x40, 4), 0x601);
	assert_int_equal(get(POWER, 0x80, 1), 1);
	assert_int_equal(get(POWER, 0x3c, 1), 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_identities, setup),
		cmocka_unit_test_setup(test_shadow_registers, setup),
		cmocka_unit_test_setup(test_routes, setup),
		cmocka_unit_test_setup(test_power, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
