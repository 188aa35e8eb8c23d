/* SPDX-License-Identifier: MIT */
/* links: vmm rt */
/* helpers: fake_machine.c */
/*
 * Disks that come and go while the guest runs: the test plays root and the store, and a guest that lets disks go when
 * it is asked, when it is not, twice, never, or in the middle of a request.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <linux/pci_regs.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>

#include "../cpu/fake_machine.h"
#include "../fake_driver.h"
#include "blk_link.h"

enum { RING = 0x100000, HEADER = 0x110000, DATA = 0x120000, BAR = 0xe1000000 };

static struct blk_server store;
static struct fake_driver driver;
static const struct blk_info info = {
	.sectors = 4096, .block_bytes = 512, .physical_bytes = 4096, .max_sectors = BLK_MAX_SECTORS,
	.features = BLK_CAN_FLUSH,
};

static void notify_all(void)
{
	machine_notified(&fake_machine, VMM_BIT_CONTROL | VMM_BIT_DISK);
}

static void attach(u32 slot)
{
	struct vmm_disk_slot *to = &fake_control.disks[slot];

	memset(fake_links + slot * BLK_LINK_BYTES, 0, BLK_LINK_BYTES);
	to->disk = (struct vmm_disk){ .bytes = 2 * MIB, .block_bytes = 512 };
	to->ejects += to->ejects & 1;
	to->generation++;
	notify_all();
}

static void ask(u32 slot)
{
	fake_control.disks[slot].ejects++;
	notify_all();
}

static u32 hotplug(u32 reg)
{
	return (u32)fake_in((u16)(ACPI_HOTPLUG_PORT + reg), 1) & 0xff;
}

static void set_hotplug(u32 reg, u32 value)
{
	fake_out((u16)(ACPI_HOTPLUG_PORT + reg), (u8)value);
}

static bool line_is_asserted(void)
{
	return fake_machine.ioapic.level & BIT32(ACPI_HOTPLUG_GSI);
}

static u64 config_address(u32 slot, u32 reg)
{
	return PCI_ECAM_ADDRESS + ((PCI_SLOT_DISKS + slot) << 15) + reg;
}

static bool is_there(u32 slot)
{
	return bus_mmio_read(&fake_machine.bus, config_address(slot, 0), 4) == 0x10421af4;
}

/* A request of the guest to the disk in that slot, up to the store. */
static void begin_request(u32 slot)
{
	struct virtio_blk *b = fake_machine.disks[slot].device;
	const struct driver_buffer buffers[] = {
		{ HEADER, 16, false }, { DATA, 4096, true }, { HEADER + 64, 1, true },
	};
	struct virtqueue_setup setup;
	struct blk_sqe sqe;

	blk_server_begin(&store, fake_links + slot * BLK_LINK_BYTES, &info, BLK_UP, 0);
	notify_all();
	bus_mmio_write(&fake_machine.bus, config_address(slot, PCI_BASE_ADDRESS_2), 4, BAR);
	bus_mmio_write(&fake_machine.bus, config_address(slot, PCI_COMMAND), 2,
		       PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	driver = (struct fake_driver){ .ram = fake_ram, .base = RING };
	setup = driver_setup(&driver);
	b->device.accepted = BIT64(VIRTIO_F_VERSION_1);
	b->device.status = VIRTIO_CONFIG_S_DRIVER_OK | VIRTIO_CONFIG_S_FEATURES_OK;
	assert_true(virtqueue_enable(&b->device.queue[0].ring, &fake_machine.memory, &setup));
	memset(fake_ram + HEADER, 0, 128);
	driver_offer(&driver, buffers, 3);
	bus_mmio_write(&fake_machine.bus, BAR + 0x1800, 2, 0);
	assert_true(blk_server_take(&store, &sqe));
}

static int setup(void **state)
{
	(void)state;
	fake_store_signals = 0;
	fake_start(PLATFORM_MODERN);
	return 0;
}

static int setup_pc(void **state)
{
	(void)state;
	fake_store_signals = 0;
	fake_start(PLATFORM_PC);
	return 0;
}

static void test_comes_and_goes(void **state)
{
	(void)state;
	assert_int_equal(hotplug(ACPI_HOTPLUG_UP), 0);
	assert_false(is_there(1));
	attach(1);
	assert_true(is_there(1));
	assert_true(line_is_asserted());
	assert_int_equal(hotplug(ACPI_HOTPLUG_UP), 2);
	set_hotplug(ACPI_HOTPLUG_UP, 2);
	assert_false(line_is_asserted());
	notify_all();		/* nothing new */
	assert_false(line_is_asserted());
	ask(1);
	assert_true(line_is_asserted());
	assert_int_equal(hotplug(ACPI_HOTPLUG_DOWN), 2);
	set_hotplug(ACPI_HOTPLUG_DOWN, 2);
	assert_true(is_there(1));
	assert_int_equal(fake_control.disk_news[1], 0);
	fake_root_signals = 0;
	set_hotplug(ACPI_HOTPLUG_EJECT, 2);
	assert_false(is_there(1));
	assert_int_equal(fake_control.disk_news[1], vmm_disk_news(VMM_DISK_GONE, 1));
	assert_int_equal(fake_root_signals, 1);
	set_hotplug(ACPI_HOTPLUG_EJECT, 2);	/* once more */
	assert_int_equal(fake_root_signals, 1);
	ask(1);					/* of an empty slot nothing is asked */
	assert_false(line_is_asserted());
	for (u32 i = 0; i < 100; i++) {
		attach(1);
		assert_true(is_there(1));
		set_hotplug(ACPI_HOTPLUG_EJECT, 0xff);
		assert_int_equal(fake_control.disk_news[1], vmm_disk_news(VMM_DISK_GONE, 2 + i));
		assert_false(line_is_asserted());
	}
	assert_int_equal(fake_root_signals, 101);
	assert_int_equal(fake_machine.disks_used, 0);
}

/* Root takes its question back; a guest that reads the register later finds nothing. */
static void test_question_taken_back(void **state)
{
	(void)state;
	attach(0);
	set_hotplug(ACPI_HOTPLUG_UP, 1);
	ask(0);
	ask(0);
	assert_int_equal(hotplug(ACPI_HOTPLUG_DOWN), 0);
	assert_false(line_is_asserted());
	ask(0);
	assert_int_equal(hotplug(ACPI_HOTPLUG_DOWN), 1);
}

/* A disk with requests under way leaves the guest at once, and its link when the store has answered. */
static void test_leaves_late(void **state)
{
	struct blk_sqe sqe;
	u32 head, written;

	(void)state;
	attach(0);
	begin_request(0);
	fake_root_signals = 0;
	set_hotplug(ACPI_HOTPLUG_EJECT, 1);
	assert_false(is_there(0));
	set_hotplug(ACPI_HOTPLUG_EJECT, 1);
	notify_all();
	assert_int_equal(fake_root_signals, 1);
	assert_int_equal(fake_control.disk_news[0], vmm_disk_news(VMM_DISK_EJECTED, 1));
	fake_root_signals = 0;
	/* The store was started again: the request comes again. */
	blk_server_begin(&store, fake_links, &info, BLK_UP, 0);
	notify_all();
	assert_int_equal(fake_root_signals, 0);
	assert_true(blk_server_take(&store, &sqe));
	blk_server_complete(&store, sqe.cookie, BLK_OK);
	notify_all();
	assert_int_equal(fake_root_signals, 1);
	assert_int_equal(fake_control.disk_news[0], vmm_disk_news(VMM_DISK_GONE, 1));
	assert_false(driver_collect(&driver, &head, &written));
	attach(0);
	assert_true(is_there(0));
}

/* A disk that is to come into a slot that is not empty does not. */
static void test_slot_is_taken(void **state)
{
	(void)state;
	attach(0);
	set_hotplug(ACPI_HOTPLUG_UP, 1);
	fake_control.disks[0].generation++;
	notify_all();
	assert_false(line_is_asserted());
	assert_int_equal(fake_machine.disks[0].generation, 1);
	set_hotplug(ACPI_HOTPLUG_EJECT, 1);
	assert_int_equal(fake_control.disk_news[0], vmm_disk_news(VMM_DISK_GONE, 1));
}

/* A device that can't be made was never the guest's; the slot can have another disk. */
static void test_cannot_be_made(void **state)
{
	struct pci_function *other = &fake_machine.virtio_rng.device.function;
	u8 devfn = other->devfn;

	(void)state;
	other->devfn = (PCI_SLOT_DISKS + 2) << 3;
	fake_root_signals = 0;
	attach(2);
	assert_false(line_is_asserted());
	assert_int_equal(fake_root_signals, 1);
	assert_int_equal(fake_control.disk_news[2], vmm_disk_news(VMM_DISK_REFUSED, 1));
	other->devfn = devfn;
	attach(2);
	assert_true(line_is_asserted());
	assert_true(is_there(2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_comes_and_goes, setup),
		cmocka_unit_test_setup(test_comes_and_goes, setup_pc),
		cmocka_unit_test_setup(test_question_taken_back, setup),
		cmocka_unit_test_setup(test_leaves_late, setup),
		cmocka_unit_test_setup(test_slot_is_taken, setup),
		cmocka_unit_test_setup(test_cannot_be_made, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
