/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * The PCI bus: configuration spaces by both mechanisms, base address registers that are sized, moved and enabled,
 * capabilities, interrupt pins that share lines, MSI-X.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fake_board.h"
#include "pci.h"
#include "pci_msix.h"

#include <linux/pci_regs.h>

enum { NIC = 3 << 3, DISK = 7 << 3 };	/* 3 and 7 share a line */

static struct fake_board board;
static struct bus machine_bus;
static struct pci_bus bus;
static struct pci_function nic, disk;
static struct pci_msix msix;
static struct irq_message messages[8];
static u32 message_count;
static u64 seen_offset, seen_value;

static void deliver(void *ctx, const struct irq_message *message)
{
	assert_ptr_equal(ctx, &board);
	assert_in_range(message_count, 0, ARRAY_COUNT(messages) - 1);
	messages[message_count++] = *message;
}

static u64 bar_read(void *device, u64 offset, u32 size)
{
	(void)size;
	return *(u8 *)device + offset;
}

static void bar_write(void *device, u64 offset, u32 size, u64 value)
{
	(void)size;
	seen_offset = offset + *(u8 *)device;
	seen_value = value;
}

static const struct region_ops bar_region = { .read = bar_read, .write = bar_write };
static u8 tags[] = { 0x10, 0x20, 0x30 };

static void note_write(void *device, u32 offset, u32 size)
{
	u32 *seen = device;

	seen[0]++;
	seen[1] = offset;
	seen[2] = size;
}

static int setup(void **state)
{
	struct pci_host host = { .bus = &machine_bus, .set_line = fake_set_irq, .deliver = deliver, .ctx = &board };

	(void)state;
	board = (struct fake_board){ .tsc_hz = 1000000000 };
	host.power = fake_power(&board);
	host.power.ctx = &board;
	message_count = 0;
	bus_init(&machine_bus);
	pci_bus_init(&bus, &host);
	pci_function_init(&nic, NIC, 0x1af4, 0x1041, 0x020000, 1);
	pci_function_init(&disk, DISK, 0x1af4, 0x1042, 0x010000, 1);
	return 0;
}

static u64 ports_read(u64 offset, u32 size)
{
	return pci_region.read(&bus, offset, size);
}

static void ports_write(u64 offset, u32 size, u64 value)
{
	pci_region.write(&bus, offset, size, value);
}

static u32 config_read(u32 address, u32 offset, u32 size)
{
	ports_write(0, 4, address);
	return (u32)ports_read(4 + offset, size);
}

/* A function's register by ECAM. */
static u32 get(const struct pci_function *f, u32 reg, u32 size)
{
	return (u32)pci_ecam_region.read(&bus, (u64)f->devfn << 12 | reg, size);
}

static void set(const struct pci_function *f, u32 reg, u32 size, u32 value)
{
	pci_ecam_region.write(&bus, (u64)f->devfn << 12 | reg, size, value);
}

/* ---- Configuration mechanism 1 ---- */

static void test_ports(void **state)
{
	u32 seen[3] = { 0, 0, 0 };
	struct pci_function twin;

	(void)state;
	ports_write(3, 1, 1);			/* the probe for mechanism 2 */
	ports_write(0, 4, 0xffffffff);
	assert_int_equal(ports_read(0, 4), 0x80fffffc);
	assert_int_equal(ports_read(0, 2), (u16)~0u | 0xffffffffffff0000ull);
	assert_int_equal(config_read(0x80000000, 0, 4), 0x00081b36);
	assert_int_equal(config_read(0x80000008, 0, 4), 0x06000000);
	assert_int_equal(config_read(0x80000008, 3, 1), 0x06);
	assert_int_equal(config_read(0x00000000, 0, 4), 0xffffffff);	/* not enabled */
	assert_int_equal(config_read(0x80000800, 0, 4), 0xffffffff);	/* no such device */
	assert_int_equal(config_read(0x80010000, 0, 4), 0xffffffff);	/* no such bus */
	nic.written = note_write;
	nic.device = seen;
	assert_int_equal(pci_bus_add(&bus, &nic), ST_OK);
	twin = nic;
	assert_int_equal(pci_bus_add(&bus, &twin), ST_EXISTS);
	assert_int_equal(config_read(0x80001800, 0, 4), 0x10411af4);
	ports_write(4, 4, 0xffffffff);		/* read-only */
	assert_int_equal(config_read(0x80001800, 0, 4), 0x10411af4);
	config_read(0x80001804, 0, 2);
	ports_write(4, 2, 0xffff);
	assert_int_equal(config_read(0x80001804, 0, 4), 0x407);
	assert_int_equal(seen[0], 2);
	assert_int_equal(seen[1], 4);
	assert_int_equal(seen[2], 2);
	config_read(0x800018fc, 0, 4);
	assert_true(ports_read(7, 4) == ~0ull);
	assert_true(ports_read(4, 8) == ~0ull);
	ports_write(7, 4, 0);
	ports_write(~0ull, 4, 0);
	assert_int_equal(seen[0], 2);
}

static void test_reset_control(void **state)
{
	(void)state;
	ports_write(1, 1, 0x02);
	assert_int_equal(board.resets, 0);
	ports_write(1, 1, 0x06);
	assert_int_equal(board.resets, 1);
	assert_int_equal(ports_read(1, 1), 0x06);
	ports_write(1, 1, 0x0e);			/* no rising edge */
	assert_int_equal(board.resets, 1);
}

static void test_full(void **state)
{
	static struct pci_function many[PCI_FUNCTIONS];

	(void)state;
	for (u32 i = 0; i < PCI_FUNCTIONS; i++) {
		pci_function_init(&many[i], (u8)((i + 1) << 3), 1, 2, 3, 4);
		assert_int_equal(pci_bus_add(&bus, &many[i]), i + 1 < PCI_FUNCTIONS ? ST_OK : ST_FULL);
	}
}

static void test_ecam(void **state)
{
	(void)state;
	assert_int_equal(pci_bus_add(&bus, &nic), ST_OK);
	assert_int_equal(pci_ecam_region.read(&bus, 0, 4), 0x00081b36);
	assert_int_equal(get(&nic, 0, 4), 0x10411af4);
	assert_int_equal(get(&nic, 2, 2), 0x1041);
	assert_int_equal(get(&nic, 0x100, 4), 0xffffffff);		/* no extended capabilities */
	assert_int_equal(get(&nic, 0xfe, 4), 0xffffffff);
	assert_int_equal(get(&disk, 0, 4), 0xffffffff);			/* not on the bus */
	assert_true(pci_ecam_region.read(&bus, PCI_ECAM_BYTES, 4) == ~0ull);
	assert_true(pci_ecam_region.read(&bus, ~0ull, 4) == ~0ull);
	set(&nic, PCI_INTERRUPT_LINE, 1, 0x55);
	set(&disk, PCI_INTERRUPT_LINE, 1, 0x55);
	assert_int_equal(config_read(0x8000183c, 0, 1), 0x55);
}

/* ---- Base address registers ---- */

static void add_bars(void)
{
	pci_function_set_bar(&nic, 0, PCI_BAR_IO, 64, &bar_region, &tags[0]);
	pci_function_set_bar(&nic, 1, PCI_BAR_MEMORY_32, 4096, &bar_region, &tags[1]);
	pci_function_set_bar(&nic, 2, PCI_BAR_MEMORY_64, 16384, &bar_region, &tags[2]);
	assert_int_equal(pci_bus_add(&bus, &nic), ST_OK);
}

static void test_bars_are_sized(void **state)
{
	(void)state;
	add_bars();
	/* as firmware leaves them */
	assert_int_equal(get(&nic, PCI_COMMAND, 2), PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	assert_int_equal(get(&nic, PCI_BASE_ADDRESS_0, 4), PCI_IO_ADDRESS | 1);
	assert_int_equal(get(&nic, PCI_BASE_ADDRESS_1, 4), PCI_MEMORY_ADDRESS);
	assert_int_equal(get(&nic, PCI_BASE_ADDRESS_2, 4), (PCI_MEMORY_ADDRESS + 0x4000) | 4);
	assert_int_equal(get(&nic, PCI_BASE_ADDRESS_3, 4), 0);
	for (u32 i = 0; i < PCI_BARS; i++)
		set(&nic, PCI_BASE_ADDRESS_0 + 4 * i, 4, 0xffffffff);
	assert_int_equal(get(&nic, PCI_BASE_ADDRESS_0, 4), 0xffffffc1);
	assert_int_equal(get(&nic, PCI_BASE_ADDRESS_1, 4), 0xfffff000);
	assert_int_equal(get(&nic, PCI_BASE_ADDRESS_2, 4), 0xffffc004);
	assert_int_equal(get(&nic, PCI_BASE_ADDRESS_3, 4), 0xffffffff);
	assert_int_equal(get(&nic, PCI_BASE_ADDRESS_4, 4), 0);
	/* no bus has such addresses: they are nowhere, and the machine's bus is empty again */
	assert_int_equal(nic.bar[0].address, 0);
	assert_int_equal(nic.bar[2].address, 0);
	assert_int_equal(bus_pio_read(&machine_bus, PCI_IO_ADDRESS, 1), 0xff);
	assert_int_equal(bus_mmio_read(&machine_bus, PCI_MEMORY_ADDRESS, 4), 0xffffffff);
}

static void test_bars_move(void **state)
{
	(void)state;
	add_bars();
	assert_int_equal(bus_pio_read(&machine_bus, PCI_IO_ADDRESS + 5, 1), 0x15);
	assert_int_equal(bus_mmio_read(&machine_bus, PCI_MEMORY_ADDRESS + 7, 1), 0x27);
	set(&nic, PCI_BASE_ADDRESS_0, 4, 0xc040);
	set(&nic, PCI_BASE_ADDRESS_2, 4, 0x4000);
	set(&nic, PCI_BASE_ADDRESS_3, 4, 0x12);
	assert_int_equal(bus_pio_read(&machine_bus, PCI_IO_ADDRESS + 5, 1), 0xff);
	assert_int_equal(bus_pio_read(&machine_bus, 0xc045, 1), 0x15);
	bus_pio_write(&machine_bus, 0xc07f, 1, 0xab);
	assert_int_equal(seen_offset, 0x3f + 0x10);
	assert_int_equal(seen_value, 0xab);
	assert_int_equal(bus_mmio_read(&machine_bus, 0x1200004008ull, 4), 0x38);
	set(&nic, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	assert_int_equal(bus_pio_read(&machine_bus, 0xc045, 1), 0xff);
	assert_int_equal(bus_mmio_read(&machine_bus, PCI_MEMORY_ADDRESS + 7, 1), 0x27);
	set(&nic, PCI_COMMAND, 2, PCI_COMMAND_IO);
	assert_int_equal(bus_pio_read(&machine_bus, 0xc045, 1), 0x15);
	assert_int_equal(bus_mmio_read(&machine_bus, PCI_MEMORY_ADDRESS + 7, 1), 0xff);
	assert_int_equal(bus_mmio_read(&machine_bus, 0x1200004008ull, 4), 0xffffffff);
	assert_int_equal(machine_bus.mmio_count, 0);
}

/* A BAR over another device is nowhere until that goes away; the other device stays. */
static void test_bars_collide(void **state)
{
	(void)state;
	assert_int_equal(bus_add_pio(&machine_bus, 0x3f8, 8, &bar_region, &tags[2]), ST_OK);
	add_bars();
	pci_function_set_bar(&disk, 0, PCI_BAR_IO, 64, &bar_region, &tags[1]);
	assert_int_equal(pci_bus_add(&bus, &disk), ST_OK);
	set(&nic, PCI_BASE_ADDRESS_0, 4, 0x3c0);
	assert_int_equal(bus_pio_read(&machine_bus, 0x3f8, 1), 0x30);
	assert_int_equal(bus_pio_read(&machine_bus, 0x3c0, 1), 0xff);
	assert_int_equal(get(&nic, PCI_BASE_ADDRESS_0, 4), 0x3c1);
	set(&nic, PCI_BASE_ADDRESS_0, 4, get(&disk, PCI_BASE_ADDRESS_0, 4));
	assert_int_equal(bus_pio_read(&machine_bus, PCI_IO_ADDRESS + 0x40, 1), 0x20);
	set(&disk, PCI_BASE_ADDRESS_0, 4, 0x2000);
	assert_int_equal(bus_pio_read(&machine_bus, PCI_IO_ADDRESS + 0x40, 1), 0x10);
	assert_int_equal(bus_pio_read(&machine_bus, 0x2000, 1), 0x20);
	/* both at once, crossing */
	set(&nic, PCI_COMMAND, 2, 0);
	set(&disk, PCI_BASE_ADDRESS_0, 4, PCI_IO_ADDRESS + 0x40);
	set(&nic, PCI_BASE_ADDRESS_0, 4, 0x2000);
	set(&nic, PCI_COMMAND, 2, PCI_COMMAND_IO);
	assert_int_equal(bus_pio_read(&machine_bus, PCI_IO_ADDRESS + 0x40, 1), 0x20);
	assert_int_equal(bus_pio_read(&machine_bus, 0x2000, 1), 0x10);
}

/* A card that comes while the guest runs is nowhere until the guest places it; one that goes leaves nothing behind. */
static void test_plug_and_unplug(void **state)
{
	u32 regions;

	(void)state;
	add_bars();
	pci_function_use_pin(&nic);
	set(&nic, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	pci_function_set_pin(&nic, true);
	assert_true(board.is_asserted);
	regions = machine_bus.pio_count;
	pci_bus_unplug(&nic);
	assert_false(board.is_asserted);
	assert_false(pci_function_is_master(&nic));
	assert_int_equal(get(&nic, 0, 4), 0xffffffff);
	assert_int_equal(config_read(0x80001800, 0, 4), 0xffffffff);
	set(&nic, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MASTER);
	assert_false(pci_function_is_master(&nic));
	assert_int_equal(bus_pio_read(&machine_bus, PCI_IO_ADDRESS, 1), 0xff);
	assert_int_equal(machine_bus.mmio_count, 0);
	for (u32 i = 0; i < 2 * BUS_PIO_REGIONS; i++) {		/* as often as the guest likes */
		pci_function_init(&nic, NIC, 0x1af4, 0x1041, 0x020000, 1);
		pci_function_set_bar(&nic, 0, PCI_BAR_IO, 64, &bar_region, &tags[0]);
		pci_function_set_bar(&nic, 2, PCI_BAR_MEMORY_64, 16384, &bar_region, &tags[2]);
		assert_int_equal(pci_bus_plug(&bus, &nic), ST_OK);
		assert_int_equal(pci_bus_plug(&bus, &nic), ST_EXISTS);
		assert_int_equal(get(&nic, PCI_COMMAND, 2), 0);
		assert_int_equal(get(&nic, PCI_BASE_ADDRESS_0, 4), 1);
		assert_int_equal(bus_pio_read(&machine_bus, PCI_IO_ADDRESS, 1), 0xff);
		set(&nic, PCI_BASE_ADDRESS_0, 4, 0xc040);
		set(&nic, PCI_BASE_ADDRESS_2, 4, 0xe1000000);
		set(&nic, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
		assert_int_equal(bus_pio_read(&machine_bus, 0xc045, 1), 0x15);
		assert_int_equal(bus_mmio_read(&machine_bus, 0xe1000001, 1), 0x31);
		pci_bus_unplug(&nic);
	}
	assert_int_equal(machine_bus.pio_count, regions);
	assert_int_equal(pci_bus_add(&bus, &disk), ST_OK);	/* others stay and come as before */
	assert_int_equal(get(&disk, 0, 4), 0x10421af4);
}

/* ---- Capabilities, pins ---- */

static void test_capabilities(void **state)
{
	u32 first = pci_function_add_capability(&nic, PCI_CAP_ID_VNDR, 17);
	u32 second = pci_function_add_capability(&nic, PCI_CAP_ID_MSIX, 12);

	(void)state;
	assert_int_equal(pci_bus_add(&bus, &nic), ST_OK);
	assert_true(get(&nic, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST);
	assert_int_equal(get(&nic, PCI_CAPABILITY_LIST, 1), first);
	assert_int_equal(get(&nic, first, 2), PCI_CAP_ID_VNDR | second << 8);
	assert_int_equal(get(&nic, second, 2), PCI_CAP_ID_MSIX);
	assert_int_equal(second, first + 20);
	assert_int_equal(pci_function_add_capability(&nic, PCI_CAP_ID_VNDR, 256), 0);
	assert_int_not_equal(pci_function_add_capability(&nic, PCI_CAP_ID_VNDR, 150), 0);
	assert_int_equal(pci_function_add_capability(&nic, PCI_CAP_ID_VNDR, 16), 0);
}

static void test_pins_share_a_line(void **state)
{
	(void)state;
	pci_function_use_pin(&nic);
	pci_function_use_pin(&disk);
	assert_int_equal(pci_bus_add(&bus, &nic), ST_OK);
	assert_int_equal(pci_bus_add(&bus, &disk), ST_OK);
	assert_int_equal(get(&nic, PCI_INTERRUPT_LINE, 2), 0x100 | (PCI_GSI + 3));
	pci_function_set_pin(&nic, true);
	assert_true(board.is_asserted);
	assert_int_equal(board.gsi, PCI_GSI + 3);
	assert_true(get(&nic, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	pci_function_set_pin(&disk, true);
	pci_function_set_pin(&nic, false);
	assert_true(board.is_asserted);
	set(&disk, PCI_COMMAND, 2, PCI_COMMAND_INTX_DISABLE);
	assert_false(board.is_asserted);
	assert_true(get(&disk, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	set(&disk, PCI_COMMAND, 2, 0);
	assert_true(board.is_asserted);
	pci_function_set_pin(&disk, false);
	assert_false(board.is_asserted);
	assert_int_equal(board.edges, 2);
}

/* ---- MSI-X ---- */

static void msix_config_written(void *device, u32 offset, u32 size)
{
	pci_msix_written(device, offset, size);
}

static u32 add_msix(void)
{
	assert_true(pci_msix_init(&msix, &nic, 3, 2, 0x3000, 0x3800));
	nic.written = msix_config_written;
	nic.device = &msix;
	assert_int_equal(pci_bus_add(&bus, &nic), ST_OK);
	set(&nic, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	for (u32 i = 0; i < 3; i++) {
		pci_msix_table_write(&msix, 16 * i, 8, 0xfee00000ull | i << 12);
		pci_msix_table_write(&msix, 16 * i + 8, 8, 0x40 + i);	/* unmasked */
	}
	return get(&nic, PCI_CAPABILITY_LIST, 1);
}

static void test_msix_sends(void **state)
{
	u32 at = add_msix();

	(void)state;
	assert_int_equal(get(&nic, at, 1), PCI_CAP_ID_MSIX);
	assert_int_equal(get(&nic, at + PCI_MSIX_FLAGS, 2), 2);
	assert_int_equal(get(&nic, at + PCI_MSIX_TABLE, 4), 0x3002);
	assert_int_equal(get(&nic, at + PCI_MSIX_PBA, 4), 0x3802);
	pci_msix_raise(&msix, 1);					/* not enabled */
	assert_int_equal(message_count, 0);
	set(&nic, at + PCI_MSIX_FLAGS, 2, 0xffff);
	assert_int_equal(get(&nic, at + PCI_MSIX_FLAGS, 2), 0xc002);
	set(&nic, at + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	pci_msix_raise(&msix, 1);
	assert_int_equal(message_count, 1);
	assert_int_equal(messages[0].destination, 1);
	assert_int_equal(messages[0].vector, 0x41);
	assert_int_equal(messages[0].delivery, DELIVER_FIXED);
	assert_false(messages[0].is_logical || messages[0].is_level);
	pci_msix_raise(&msix, 3);					/* no such vector */
	pci_msix_raise(&msix, 0xffff);
	pci_msix_table_write(&msix, 0, 4, 0xfeeff004);			/* logical, everybody */
	pci_msix_table_write(&msix, 8, 4, 0xc131);
	pci_msix_raise(&msix, 0);
	assert_int_equal(message_count, 2);
	assert_true(messages[1].is_logical && messages[1].is_level);
	assert_int_equal(messages[1].destination, IRQ_BROADCAST);
	assert_int_equal(messages[1].delivery, DELIVER_LOWEST);
	pci_msix_table_write(&msix, 4, 4, 1);				/* above 4 GiB: no APIC is there */
	pci_msix_raise(&msix, 0);
	pci_msix_table_write(&msix, 16, 4, 0x12345000);			/* nor in RAM */
	pci_msix_raise(&msix, 1);
	set(&nic, PCI_COMMAND, 2, 0);					/* not a bus master */
	pci_msix_raise(&msix, 2);
	assert_int_equal(message_count, 2);
}

static void test_msix_masks(void **state)
{
	u32 flags = add_msix() + PCI_MSIX_FLAGS;

	(void)state;
	set(&nic, flags, 2, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	pci_msix_table_write(&msix, 16 * 2 + 12, 4, 0xffffffff);
	assert_int_equal(pci_msix_table_read(&msix, 16 * 2 + 12, 4), 1);
	pci_msix_raise(&msix, 0);
	pci_msix_raise(&msix, 2);
	pci_msix_raise(&msix, 2);
	assert_int_equal(pci_msix_pba_read(&msix, 0, 8), 5);
	assert_int_equal(pci_msix_pba_read(&msix, 4, 4), 0);
	set(&nic, flags + 1, 1, PCI_MSIX_FLAGS_ENABLE >> 8);
	assert_int_equal(message_count, 1);
	assert_int_equal(messages[0].vector, 0x40);
	assert_int_equal(pci_msix_pba_read(&msix, 0, 4), 4);
	pci_msix_table_write(&msix, 16 * 2 + 8, 8, 0x55);		/* new vector, unmasked */
	assert_int_equal(message_count, 2);
	assert_int_equal(messages[1].vector, 0x55);
	assert_int_equal(pci_msix_pba_read(&msix, 0, 4), 0);
	pci_msix_reset(&msix);
	assert_int_equal(pci_msix_table_read(&msix, 12, 4), 1);
	pci_msix_raise(&msix, 0);
	assert_int_equal(message_count, 2);
}

static void test_msix_odd_accesses(void **state)
{
	(void)state;
	add_msix();
	assert_true(pci_msix_table_read(&msix, 48, 4) == ~0ull);
	assert_true(pci_msix_table_read(&msix, ~3ull, 4) == ~0ull);
	assert_true(pci_msix_table_read(&msix, 2, 4) == ~0ull);
	assert_true(pci_msix_table_read(&msix, 4, 8) == ~0ull);
	assert_true(pci_msix_table_read(&msix, 0, 2) == ~0ull);
	assert_true(pci_msix_pba_read(&msix, 8, 4) == ~0ull);
	pci_msix_table_write(&msix, 48, 4, 0);
	pci_msix_table_write(&msix, ~7ull, 8, 0);
	pci_msix_table_write(&msix, 1, 1, 0);
	assert_int_equal(pci_msix_table_read(&msix, 0, 8), 0xfee00000);
	assert_int_equal(pci_msix_table_read(&msix, 40, 8), 0x42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ports, setup),
		cmocka_unit_test_setup(test_reset_control, setup),
		cmocka_unit_test_setup(test_full, setup),
		cmocka_unit_test_setup(test_ecam, setup),
		cmocka_unit_test_setup(test_bars_are_sized, setup),
		cmocka_unit_test_setup(test_bars_move, setup),
		cmocka_unit_test_setup(test_bars_collide, setup),
		cmocka_unit_test_setup(test_plug_and_unplug, setup),
		cmocka_unit_test_setup(test_capabilities, setup),
		cmocka_unit_test_setup(test_pins_share_a_line, setup),
		cmocka_unit_test_setup(test_msix_sends, setup),
		cmocka_unit_test_setup(test_msix_masks, setup),
		cmocka_unit_test_setup(test_msix_odd_accesses, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
