/* SPDX-License-Identifier: MIT */
/*
 * What is done to PCI functions: bus mastering taken away, pages that several share, messages. The test plays
 * configuration mechanism 1, and memory that can't be mapped.
 */
/* links: root rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pci.h"
#include "pci_space.h"
#include "platform_parts.h"

#define MSIX_AT 0x50u
#define MSIX_ENABLE BIT32(31)

static struct pci_space space;
static u32 address, register_word;
static bool is_mappable;

u32 port_in(u32 port, u32 bytes)
{
	assert_int_equal(bytes, 4);
	return port == 0xcf8 ? address : space_read(&space, address >> 8 & 0xffff, address & 0xfc);
}

void port_out(u32 port, u32 bytes, u32 value)
{
	assert_int_equal(bytes, 4);
	if (port == 0xcf8)
		address = value;
	else
		space_write(&space, address >> 8 & 0xffff, address & 0xfc, value);
}

volatile u8 *platform_map(u64 at, u64 bytes, u32 rights)
{
	(void)at, (void)bytes, (void)rights;
	if (bytes == sizeof(register_word))
		assert_int_equal(space.functions[0].words[PCI_COMMAND / 4], PCI_COMMAND_MEMORY);
	return is_mappable ? (volatile u8 *)&register_word : NULL;
}

void platform_unmap(void)
{
}

void clock_wait_us(u64 us)
{
	(void)us;
}

static int setup(void **state)
{
	(void)state;
	memset(&space, 0, sizeof(space));
	is_mappable = false;
	return 0;
}

static struct space_function *add(u32 bdf, u32 class_code)
{
	struct space_function *f = space_add(&space, bdf, 0x00011234, class_code << 8);

	f->words[PCI_COMMAND / 4] = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	f->words[PCI_HEADER / 4] = 0x00800000;
	return f;
}

static bool is_master(u32 i)
{
	return (space.functions[i].words[PCI_COMMAND / 4] & PCI_COMMAND_MASTER) != 0;
}

static bool keep(const struct pci_function *f)
{
	return f->bdf == 5 || f->bdf == 280;
}

/* Also those that the table has no room for. */
static void masters_are_off(void **state)
{
	(void)state;
	for (u32 i = 0; i < SPACE_FUNCTIONS; i++)
		add(i, i == 3 || i == 281 ? 0x060400 : 0x020000);
	pci_start();
	assert_int_equal(pci_functions()->count, PCI_FUNCTIONS);
	assert_int_equal(pci_functions()->left_out, SPACE_FUNCTIONS - PCI_FUNCTIONS);
	pci_masters_off(keep);
	for (u32 i = 0; i < SPACE_FUNCTIONS; i++)
		assert_int_equal(is_master(i), i == 3 || i == 5 || i == 280 || i == 281);
}

/* A BAR of 64 bits is all of it, and its upper half is none. */
static void pages_that_are_shared(void **state)
{
	struct space_function *other;
	const struct pci_function *f;

	(void)state;
	for (u32 i = 0; i < SPACE_FUNCTIONS; i++)
		add(i, 0x020000);
	pci_start();
	f = &pci_functions()->functions[7];
	space_bar(&space.functions[7], 0, 0xfe001000, 0x800);
	assert_true(pci_page_is_alone(f, 0xfe001000));
	other = &space.functions[9];
	space_bar(other, 2, 0xfe001804, 0x800);
	other->words[PCI_BAR / 4 + 3] = 1;
	assert_true(pci_page_is_alone(f, 0xfe001000));
	assert_false(pci_page_is_alone(f, 0x1fe001000));
	other->words[PCI_BAR / 4 + 3] = 0xfe001000;
	assert_true(pci_page_is_alone(f, 0xfe001000));
	other->words[PCI_BAR / 4 + 2] = 0xfe001801;	/* a port */
	assert_false(pci_page_is_alone(f, 0xfe001000));	/* and so the next is a BAR of its own */
	other->words[PCI_BAR / 4 + 3] = 0;
	assert_true(pci_page_is_alone(f, 0xfe001000));
	space_bar(&space.functions[SPACE_FUNCTIONS - 1], 5, 0xfe001c00, 0x400);	/* which is not in the table */
	assert_false(pci_page_is_alone(f, 0xfe001000));
}

static struct pci_device device(u32 table)
{
	struct space_function *f = add(8, 0x010601);
	struct pci_device d;

	f->words[PCI_COMMAND / 4] |= BIT32(20);
	f->words[PCI_CAPABILITIES / 4] = MSIX_AT;
	f->words[MSIX_AT / 4] = 0x00010011;
	f->words[MSIX_AT / 4 + 1] = table;
	space_bar(f, 5, 0xfe000000, 0x2000);
	space_add(&space, 0, 0x00011234, 0x06000000);
	pci_start();
	pci_device_init(&d, &pci_functions()->functions[1]);
	return d;
}

/* MSI-X stays off if its table can't be reached: the device would not use its line. */
static void a_table_out_of_reach(void **state)
{
	struct pci_device d = device(0x1005);

	(void)state;
	assert_int_equal(pci_device_message_count(&d), 2);
	assert_false(pci_device_message(&d, 0, 0xfee00000, 0x30));
	assert_int_equal(space.functions[0].words[MSIX_AT / 4] & MSIX_ENABLE, 0);
	pci_device_go(&d, true);
	assert_int_equal(space.functions[0].words[MSIX_AT / 4] & MSIX_ENABLE, 0);
	assert_int_equal(space.functions[0].words[PCI_COMMAND / 4] & PCI_COMMAND_NO_INTX, 0);
}

/* A register is read with decoding on, which is then as it was. */
static void a_register(void **state)
{
	struct pci_device d;
	u32 value;

	(void)state;
	d = device(0x1005);
	space.functions[0].words[PCI_COMMAND / 4] = 0;
	register_word = 0x12345678;
	assert_false(pci_device_register(&d, 5, 0, &value));
	is_mappable = true;
	assert_true(pci_device_register(&d, 5, 0, &value));
	assert_int_equal(value, 0x12345678);
	assert_int_equal(space.functions[0].words[PCI_COMMAND / 4], 0);
	assert_false(pci_device_register(&d, 5, 0x1ffd, &value));
	assert_false(pci_device_register(&d, 4, 0, &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(masters_are_off, setup), cmocka_unit_test_setup(pages_that_are_shared, setup),
		cmocka_unit_test_setup(a_table_out_of_reach, setup), cmocka_unit_test_setup(a_register, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
