/* SPDX-License-Identifier: MIT */
/* links: vmm rt */
/* helpers: fake_machine.c */
/*
 * Network cards of a machine: the test plays the switch and root. Frames both ways, signals for the card that they are
 * of, work that is put off, the cable, a guest that resets its card, a switch that starts again or breaks the rules.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>

#include "../cpu/fake_machine.h"
#include "../fake_driver.h"
#include "inet.h"

enum { CARDS = 2, RINGS = 0x100000, OUT = 0x180000, IN = 0x200000, IN_BYTES = 2048, BAR = 0xe1000000 };
enum { TO_GUEST, FROM_GUEST, QUEUES };
#define HEADER ((u32)sizeof(struct virtio_net_hdr_v1))

static const struct vmm_nic cards[CARDS] = {
	{ .mac = { 2, 0, 0, 0, 0, 1 }, .mtu = 1500 }, { .mac = { 2, 0, 0, 0, 0, 2 }, .mtu = 9000 },
};
static struct fake_driver driver[CARDS][QUEUES];
static struct ring from_guest[CARDS], to_guest[CARDS];

static u64 config_address(u32 card, u32 reg)
{
	return PCI_ECAM_ADDRESS + ((PCI_SLOT_NICS + card) << 15) + reg;
}

static u64 config(u32 card, u32 reg, u32 size)
{
	return bus_mmio_read(&fake_machine.bus, config_address(card, reg), size);
}

static u64 bar(u32 card)
{
	return BAR + card * 0x10000;
}

static void set_register(u32 card, u32 reg, u32 size, u64 value)
{
	bus_mmio_write(&fake_machine.bus, bar(card) + reg, size, value);
}

static u64 device_config(u32 card, u32 reg, u32 size)
{
	return bus_mmio_read(&fake_machine.bus, bar(card) + 0x2000 + reg, size);
}

static void attach_switch(u32 card)
{
	u8 *link = fake_nic_links + card * NET_LINK_STRIDE;

	ring_attach_consumer(&from_guest[card], (struct ring_shared *)(void *)(link + NET_TO_SWITCH), NET_RING_BYTES);
	ring_attach_producer(&to_guest[card], (struct ring_shared *)(void *)(link + NET_TO_CLIENT), NET_RING_BYTES);
	ring_consumer_wait(&from_guest[card], true);
}

/* The guest's driver, with all its receive buffers offered. */
static void start_driver(u32 card)
{
	bus_mmio_write(&fake_machine.bus, config_address(card, PCI_BASE_ADDRESS_2), 4, bar(card));
	bus_mmio_write(&fake_machine.bus, config_address(card, PCI_COMMAND), 2,
		       PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	set_register(card, VIRTIO_PCI_COMMON_STATUS, 1, 0);
	set_register(card, VIRTIO_PCI_COMMON_STATUS, 1, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	set_register(card, VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
	set_register(card, VIRTIO_PCI_COMMON_GF, 4, 1);
	set_register(card, VIRTIO_PCI_COMMON_STATUS, 1, VIRTIO_CONFIG_S_FEATURES_OK);
	for (u32 i = 0; i < QUEUES; i++) {
		struct fake_driver *d = &driver[card][i];
		struct virtqueue_setup s;

		*d = (struct fake_driver){ .ram = fake_ram, .base = RINGS + (card * QUEUES + i) * 0x1000 };
		memset(fake_ram + d->base, 0, 0x1000);
		s = driver_setup(d);
		set_register(card, VIRTIO_PCI_COMMON_Q_SELECT, 2, i);
		set_register(card, VIRTIO_PCI_COMMON_Q_SIZE, 2, s.size);
		set_register(card, VIRTIO_PCI_COMMON_Q_DESCLO, 4, s.descriptors);
		set_register(card, VIRTIO_PCI_COMMON_Q_AVAILLO, 4, s.available);
		set_register(card, VIRTIO_PCI_COMMON_Q_USEDLO, 4, s.used);
		set_register(card, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	}
	set_register(card, VIRTIO_PCI_COMMON_STATUS, 1, VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK);
}

static void notify(u32 card, u32 queue)
{
	set_register(card, 0x1800 + 4 * queue, 2, queue);
}

static u64 buffer(u32 card, u32 i)
{
	return IN + (card * DRIVER_SIZE + i) * IN_BYTES;
}

static void offer_buffer(u32 card)
{
	struct fake_driver *d = &driver[card][TO_GUEST];
	struct driver_buffer in = { buffer(card, d->next_descriptor % DRIVER_SIZE), IN_BYTES, true };

	driver_offer(d, &in, 1);
}

static void send(u32 card, u32 bytes)
{
	struct driver_buffer out = { OUT, HEADER + bytes, false };

	memset(fake_ram + OUT, 0, HEADER);
	memset(fake_ram + OUT + HEADER, 0x5a, bytes);
	driver_offer(&driver[card][FROM_GUEST], &out, 1);
}

static void switch_sends(u32 card, u32 bytes, u8 fill)
{
	struct net_frame frame = { .bytes = bytes };
	u8 data[1514];

	memset(data, fill, bytes);
	assert_true(net_begin(&to_guest[card], &frame));
	net_write(&to_guest[card], 0, data, bytes);
	net_end(&to_guest[card], &frame);
}

static u32 switch_takes(u32 card)
{
	struct net_frame frame;
	u32 count = 0;

	for (; net_next(&from_guest[card], &frame) == NET_FRAME; count++)
		net_done(&from_guest[card], &frame);
	return count;
}

/* Fill of the next frame that the guest got, or 0. */
static u8 guest_got(u32 card)
{
	u32 head, written;

	if (!driver_collect(&driver[card][TO_GUEST], &head, &written))
		return 0;
	return fake_ram[buffer(card, head) + HEADER];
}

static void start(u32 platform)
{
	fake_start_nics(platform, cards, CARDS);
	for (u32 i = 0; i < CARDS; i++) {
		attach_switch(i);
		start_driver(i);
	}
}

static int setup(void **state)
{
	(void)state;
	start(PLATFORM_MODERN);
	return 0;
}

static int setup_pc(void **state)
{
	(void)state;
	start(PLATFORM_PC);
	return 0;
}

static void test_cards(void **state)
{
	(void)state;
	for (u32 i = 0; i < CARDS; i++) {
		assert_int_equal(config(i, 0, 4), 0x10411af4);
		for (u32 b = 0; b < MAC_BYTES; b++)
			assert_int_equal(device_config(i, b, 1), cards[i].mac[b]);
		assert_int_equal(device_config(i, offsetof(struct virtio_net_config, mtu), 2), cards[i].mtu);
		assert_int_equal(device_config(i, offsetof(struct virtio_net_config, status), 2), 1);
	}
	assert_int_equal(config(CARDS, 0, 4), 0xffffffff);
}

static void test_too_many(void **state)
{
	struct vmm_args args = { .cpus = 1, .memory_bytes = FAKE_RAM_BYTES, .nic_count = VM_DEVICES + 1 };
	struct machine_config c = { .args = &args, .info = fake_machine.info, .control = &fake_control };

	(void)state;
	assert_false(machine_init(&fake_machine, &c));
	assert_true(machine_is_stopped(&fake_machine));
}

/* Each card has its own switch, which is told of its frames alone. */
static void test_from_guest(void **state)
{
	(void)state;
	send(1, 60);
	notify(1, FROM_GUEST);
	assert_true(fake_switch_signals[0] == 0 && fake_switch_signals[1] == 1);
	assert_int_equal(switch_takes(0), 0);
	assert_int_equal(switch_takes(1), 1);
	send(1, 60);
	notify(1, FROM_GUEST);					/* it has not asked again */
	assert_int_equal(fake_switch_signals[1], 1);
	send(0, 1519);						/* longer than its MTU with a tag */
	notify(0, FROM_GUEST);
	assert_int_equal(switch_takes(0), 0);
	assert_int_equal(fake_control.nic_drops[0].bad, 1);
	assert_int_equal(fake_control.nic_drops[1].bad, 0);
}

static void test_to_guest(void **state)
{
	(void)state;
	offer_buffer(0);
	offer_buffer(1);
	switch_sends(0, 60, 0x11);
	switch_sends(1, 60, 0x22);
	machine_notified(&fake_machine, VMM_BIT_NIC << 1);
	assert_int_equal(guest_got(0), 0);
	assert_int_equal(guest_got(1), 0x22);
	machine_notified(&fake_machine, VMM_BIT_NIC << 0 | VMM_BIT_NIC << 5);	/* there is no card 5 */
	assert_int_equal(guest_got(0), 0x11);
	switch_sends(0, 60, 0x33);				/* no buffer: it waits for one */
	machine_notified(&fake_machine, VMM_BIT_NIC);
	assert_int_equal(guest_got(0), 0);
	offer_buffer(0);
	notify(0, TO_GUEST);
	assert_int_equal(guest_got(0), 0x33);
	assert_true(ring_consumer_take_waiting(&to_guest[0]));	/* and the switch is to signal the next one */
}

/* More than is done at once is done by vCPU 0's thread, without another signal. */
static void test_later(void **state)
{
	u32 taken = 0;

	(void)state;
	for (u32 i = 0; i < 4 * VIRTIO_NET_TURNS; i++)
		switch_sends(0, 1514, (u8)(1 + i % 200));
	for (u32 i = 0; i < DRIVER_SIZE; i++)
		offer_buffer(0);
	notify(0, TO_GUEST);
	for (u32 turn = 0; turn < 8 * VIRTIO_NET_TURNS && taken < 4 * VIRTIO_NET_TURNS; turn++) {
		u8 got;

		while ((got = guest_got(0)) != 0) {
			assert_int_equal(got, 1 + taken % 200);
			taken++;
			offer_buffer(0);
		}
		notify(0, TO_GUEST);
	}
	assert_int_equal(taken, 4 * VIRTIO_NET_TURNS);
	fake_control.nic_drops[0].too_large = 0;
	for (u32 i = 0; i < 3 * VIRTIO_NET_TURNS; i++) {	/* none of these needs a buffer: all are too long */
		struct net_frame frame = { .bytes = 1600 };

		assert_true(net_begin(&to_guest[0], &frame));
		net_end(&to_guest[0], &frame);
	}
	machine_notified(&fake_machine, VMM_BIT_NIC);
	assert_true(fake_control.nic_drops[0].too_large < 3 * VIRTIO_NET_TURNS);
	assert_true(fake_machine.vcpu[0].requests & VCPU_REQUEST_SERVICE);
	for (u32 i = 0; i < 3; i++)
		(void)machine_run_timers(&fake_machine, &fake_machine.vcpu[0], true);
	assert_int_equal(fake_control.nic_drops[0].too_large, 3 * VIRTIO_NET_TURNS);
	assert_int_equal(fake_machine.nics_late, 0);
}

/* Frames that a card gathers go when a vCPU has nothing else to do. */
static void test_gathered(void **state)
{
	struct virtio_net *n = fake_machine.nics[0].device;
	const struct fake_driver *d = &driver[0][FROM_GUEST];

	(void)state;
	n->device.accepted |= BIT64(VIRTIO_RING_F_EVENT_IDX);
	n->device.queue[FROM_GUEST].ring.has_event_idx = true;
	for (u32 i = 0; i < 9; i++) {
		u32 head, written;

		assert_false(machine_late(&fake_machine) & LATE_WORK);
		send(0, 60);
		notify(0, FROM_GUEST);
		assert_int_equal(switch_takes(0), 1);
		assert_true(driver_collect(&driver[0][FROM_GUEST], &head, &written));
	}
	assert_true(machine_late(&fake_machine) & LATE_WORK);
	for (u32 i = 0; i < DRIVER_SIZE / 2; i++)
		send(0, 60);
	machine_serve_late(&fake_machine, &fake_machine.vcpu[0]);
	assert_int_equal(switch_takes(0), DRIVER_SIZE / 2);
	assert_true(machine_late(&fake_machine) & LATE_WORK);
	assert_true(fake_machine.vcpu[0].late_tsc > fake_machine.host->tsc(fake_machine.host->ctx));
	send(0, 60);
	machine_serve_late(&fake_machine, &fake_machine.vcpu[0]);
	assert_int_equal(switch_takes(0), 1);
	assert_int_equal(machine_late(&fake_machine), 0);
	driver_available(d)[2 + DRIVER_SIZE] = driver_used(d)[1];
	send(0, 60);
	notify(0, FROM_GUEST);				/* the driver hears of it later, and not when it halts */
	assert_int_equal(machine_late(&fake_machine), LATE_NEWS);
	machine_serve_late(&fake_machine, &fake_machine.vcpu[0]);
	assert_true(bus_mmio_read(&fake_machine.bus, bar(0) + 0x1000, 1) & 1);
}

static void test_cable(void **state)
{
	const u32 status = offsetof(struct virtio_net_config, status);

	(void)state;
	fake_control.nics_unplugged = 2 | 0x80;
	machine_notified(&fake_machine, VMM_BIT_CONTROL);
	assert_int_equal(device_config(1, status, 2), 0);
	assert_int_equal(device_config(0, status, 2), 1);
	assert_true(bus_mmio_read(&fake_machine.bus, bar(1) + 0x1000, 1) & 2);	/* configuration changed */
	machine_notified(&fake_machine, VMM_BIT_CONTROL);
	assert_int_equal(bus_mmio_read(&fake_machine.bus, bar(1) + 0x1000, 1), 0);
	fake_control.nics_unplugged = 0;
	machine_notified(&fake_machine, VMM_BIT_CONTROL);
	assert_int_equal(device_config(1, status, 2), 1);
}

/* A frame that waited for a buffer when the guest reset its card is there for the next driver. */
static void test_reset(void **state)
{
	(void)state;
	switch_sends(0, 60, 0x44);
	machine_notified(&fake_machine, VMM_BIT_NIC);
	start_driver(0);
	offer_buffer(0);
	notify(0, TO_GUEST);
	assert_int_equal(guest_got(0), 0x44);
}

/* The new switch goes on where the old one was; one that writes nonsense costs the guest what is in the ring. */
static void test_switch_starts_again(void **state)
{
	struct net_frame nonsense = { .bytes = 1 };

	(void)state;
	offer_buffer(0);
	switch_sends(0, 60, 0x11);
	send(0, 60);
	notify(0, FROM_GUEST);
	attach_switch(0);
	assert_int_equal(switch_takes(0), 1);
	machine_notified(&fake_machine, VMM_BIT_NIC);
	assert_int_equal(guest_got(0), 0x11);
	ring_write_ahead(&to_guest[0], 0, &nonsense, sizeof(nonsense));
	ring_publish(&to_guest[0], 64);
	offer_buffer(0);
	machine_notified(&fake_machine, VMM_BIT_NIC);
	assert_int_equal(fake_control.nic_drops[0].broken, 1);
	switch_sends(0, 60, 0x55);
	machine_notified(&fake_machine, VMM_BIT_NIC);
	assert_int_equal(guest_got(0), 0x55);
}

/* A full ring holds the guest's packets back until the switch takes some and says so. */
static void test_full(void **state)
{
	u32 head, written, sent = 0, taken = 0;

	(void)state;
	for (u32 i = 0; i < 1000; i++) {
		send(0, 1514);
		notify(0, FROM_GUEST);
		if (!driver_collect(&driver[0][FROM_GUEST], &head, &written))
			break;
		sent++;
	}
	assert_true(sent > 100 && sent < 1000);
	taken = switch_takes(0);
	assert_int_equal(taken, sent);
	assert_true(ring_producer_take_waiting(&from_guest[0]));
	machine_notified(&fake_machine, VMM_BIT_NIC);
	assert_true(driver_collect(&driver[0][FROM_GUEST], &head, &written));
	assert_int_equal(switch_takes(0), 1);
}

/* ---- cards that come and go ---- */

enum { HOT = 3, HOT_BIT = 1 << HOT };

static u8 hotplug(u32 reg)
{
	return (u8)fake_in((u16)(ACPI_HOTPLUG_PORT + ACPI_HOTPLUG_BANK + reg), 1);
}

static void set_hotplug(u32 reg, u8 value)
{
	fake_out((u16)(ACPI_HOTPLUG_PORT + ACPI_HOTPLUG_BANK + reg), value);
}

static void plug(u32 slot)
{
	struct vmm_nic_slot *to = &fake_control.nics[slot];

	memset(fake_nic_links + slot * NET_LINK_STRIDE, 0, NET_LINK_BYTES);
	to->nic = (struct vmm_nic){ .mac = { 2, 0, 0, 0, 0, 9 }, .mtu = 1500 };
	to->ejects += to->ejects & 1;
	to->generation++;
	machine_notified(&fake_machine, VMM_BIT_CONTROL);
}

/* It comes, is seen, is asked for, and goes: root hears of it, and nothing of the link is used from then on. */
static void test_hot(void **state)
{
	(void)state;
	plug(HOT);
	assert_int_equal(config(HOT, 0, 4), 0x10411af4);
	assert_int_equal(hotplug(ACPI_HOTPLUG_UP), HOT_BIT);
	assert_true(fake_machine.ioapic.level & BIT32(ACPI_HOTPLUG_GSI));
	set_hotplug(ACPI_HOTPLUG_UP, 0xff);
	assert_false(fake_machine.ioapic.level & BIT32(ACPI_HOTPLUG_GSI));
	fake_control.nics[HOT].ejects++;
	machine_notified(&fake_machine, VMM_BIT_CONTROL);
	assert_int_equal(hotplug(ACPI_HOTPLUG_DOWN), HOT_BIT);
	assert_int_equal(fake_in(ACPI_HOTPLUG_PORT + ACPI_HOTPLUG_DOWN, 1) & 0xff, 0);	/* no disk is meant */
	assert_int_equal(fake_control.nic_news[HOT], 0);
	set_hotplug(ACPI_HOTPLUG_EJECT, HOT_BIT);
	assert_int_equal(hotplug(ACPI_HOTPLUG_DOWN), 0);
	assert_int_equal(fake_control.nic_news[HOT], vmm_disk_news(VMM_DISK_GONE, 1));
	assert_int_equal(config(HOT, 0, 4), 0xffffffff);
	memset(fake_nic_links + HOT * NET_LINK_STRIDE, 0xff, NET_LINK_BYTES);
	machine_notified(&fake_machine, VMM_BIT_NIC << HOT);
	set_hotplug(ACPI_HOTPLUG_EJECT, 0xf8);			/* what is not there */
	fake_control.nics_unplugged = HOT_BIT;
	plug(HOT);
	assert_int_equal(fake_control.nics[HOT].generation, 2);
	assert_int_equal(config(HOT, 0, 4), 0x10411af4);
}

/* A card of the start, with a driver and frames under way; nobody has asked. */
static void test_ejected_in_use(void **state)
{
	(void)state;
	switch_sends(0, 60, 0x11);
	send(0, 60);
	set_hotplug(ACPI_HOTPLUG_EJECT, 1);
	assert_int_equal(fake_control.nic_news[0], vmm_disk_news(VMM_DISK_GONE, 0));
	assert_int_equal(fake_control.nic_news[1], 0);
	notify(0, FROM_GUEST);
	machine_notified(&fake_machine, VMM_BIT_NIC | VMM_BIT_NIC << 1);
	for (u32 i = 0; i < 3; i++)
		(void)machine_run_timers(&fake_machine, &fake_machine.vcpu[0], true);
	assert_int_equal(switch_takes(0), 0);
	assert_int_equal(guest_got(0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_cards, setup), cmocka_unit_test_setup(test_cards, setup_pc),
		cmocka_unit_test_setup(test_too_many, setup), cmocka_unit_test_setup(test_from_guest, setup),
		cmocka_unit_test_setup(test_to_guest, setup), cmocka_unit_test_setup(test_to_guest, setup_pc),
		cmocka_unit_test_setup(test_later, setup), cmocka_unit_test_setup(test_gathered, setup),
		cmocka_unit_test_setup(test_cable, setup),
		cmocka_unit_test_setup(test_reset, setup), cmocka_unit_test_setup(test_switch_starts_again, setup),
		cmocka_unit_test_setup(test_full, setup),
		cmocka_unit_test_setup(test_hot, setup), cmocka_unit_test_setup(test_hot, setup_pc),
		cmocka_unit_test_setup(test_ejected_in_use, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
