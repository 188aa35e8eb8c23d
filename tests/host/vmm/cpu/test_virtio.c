/* SPDX-License-Identifier: MIT */
/* links: vmm rt */
/* helpers: fake_machine.c */
/*
 * virtio devices on a whole machine: the transport as a driver sees it, the entropy device, the console.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>

#include "../fake_driver.h"
#include "fake_machine.h"

enum { BASE = 0x200000, DATA = 0x240000 };

static u64 memory_bar, port_bar;
static u32 devfn;
static struct fake_driver queues[3];

static u32 config(u32 reg, u32 size)
{
	return (u32)bus_mmio_read(&fake_machine.bus, PCI_ECAM_ADDRESS + (devfn << 12) + reg, size);
}

static void set_config(u32 reg, u32 size, u32 value)
{
	bus_mmio_write(&fake_machine.bus, PCI_ECAM_ADDRESS + (devfn << 12) + reg, size, value);
}

static u64 get(u32 offset, u32 size)
{
	return bus_mmio_read(&fake_machine.bus, memory_bar + offset, size);
}

static void set(u32 offset, u32 size, u64 value)
{
	bus_mmio_write(&fake_machine.bus, memory_bar + offset, size, value);
}

static u8 status(void)
{
	return (u8)get(VIRTIO_PCI_COMMON_STATUS, 1);
}

static void set_status(u8 value)
{
	set(VIRTIO_PCI_COMMON_STATUS, 1, value);
}

/* The offset of the index-th capability of that type. */
static u32 capability(u8 type, u32 index)
{
	for (u32 at = config(PCI_CAPABILITY_LIST, 1); at; at = config(at + 1, 1))
		if (config(at, 1) == PCI_CAP_ID_VNDR && config(at + 3, 1) == type && index-- == 0)
			return at;
	fail_msg("no capability %u", type);
	return 0;
}

static void find(u32 slot)
{
	devfn = slot << 3;
	port_bar = config(PCI_BASE_ADDRESS_0, 4) & ~3u;
	memory_bar = config(PCI_BASE_ADDRESS_2, 4) & ~15u;
	set_config(PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void set_queue(u32 index, const struct virtqueue_setup *s)
{
	set(VIRTIO_PCI_COMMON_Q_SELECT, 2, index);
	set(VIRTIO_PCI_COMMON_Q_SIZE, 2, s->size);
	set(VIRTIO_PCI_COMMON_Q_DESCLO, 4, s->descriptors);
	set(VIRTIO_PCI_COMMON_Q_AVAILLO, 4, s->available);
	set(VIRTIO_PCI_COMMON_Q_USEDLO, 4, s->used);
	set(VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
}

static void negotiate(void)
{
	set_status(0);
	set_status(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	set(VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
	set(VIRTIO_PCI_COMMON_GF, 4, 1);		/* VERSION_1 */
	set_status(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK);
}

static void start_driver(u32 slot, u32 queue_count)
{
	find(slot);
	negotiate();
	assert_true(status() & VIRTIO_CONFIG_S_FEATURES_OK);
	for (u32 i = 0; i < queue_count; i++) {
		struct virtqueue_setup s;

		queues[i] = (struct fake_driver){ .ram = fake_ram, .base = BASE + i * 0x1000 };
		memset(fake_ram + queues[i].base, 0, 0x1000);
		s = driver_setup(&queues[i]);
		set_queue(i, &s);
	}
	set_status(status() | VIRTIO_CONFIG_S_DRIVER_OK);
}

static void notify(u32 queue)
{
	bus_pio_write(&fake_machine.bus, (u16)(port_bar + 4 * queue), 2, queue);
}

static u32 line_level(void)
{
	return fake_machine.ioapic.level & 0xf0000;
}

static int setup(void **state)
{
	(void)state;
	fake_start(PLATFORM_MODERN);
	return 0;
}

/* ---- Transport ---- */

static void test_discovery(void **state)
{
	u32 at;

	(void)state;
	find(PCI_SLOT_RNG);
	assert_int_equal(config(0, 4), 0x10441af4);
	assert_int_equal(config(PCI_REVISION_ID, 1), 1);
	at = capability(VIRTIO_PCI_CAP_COMMON_CFG, 0);
	assert_int_equal(config(at + VIRTIO_PCI_CAP_BAR, 1), 2);
	assert_true(config(at + VIRTIO_PCI_CAP_LENGTH, 4) >= 56);
	at = capability(VIRTIO_PCI_CAP_NOTIFY_CFG, 0);		/* the first one is ports */
	assert_int_equal(config(at + VIRTIO_PCI_CAP_BAR, 1), 0);
	assert_int_equal(config(at + VIRTIO_PCI_NOTIFY_CAP_MULT, 4), 4);
	assert_int_equal(config(capability(VIRTIO_PCI_CAP_NOTIFY_CFG, 1) + VIRTIO_PCI_CAP_BAR, 1), 2);
	capability(VIRTIO_PCI_CAP_ISR_CFG, 0);
	capability(VIRTIO_PCI_CAP_PCI_CFG, 0);
	assert_int_equal(get(VIRTIO_PCI_COMMON_NUMQ, 2), 1);
	assert_int_equal(get(VIRTIO_PCI_COMMON_NUMQ, 4), 0xffffffff);	/* not a whole field */
	assert_int_equal(get(VIRTIO_PCI_COMMON_NUMQ + 1, 1), 0xff);
}

static void test_features(void **state)
{
	(void)state;
	find(PCI_SLOT_RNG);
	assert_int_equal(get(VIRTIO_PCI_COMMON_DF, 4), 0x30000000);	/* INDIRECT, EVENT_IDX */
	set(VIRTIO_PCI_COMMON_DFSELECT, 4, 1);
	assert_int_equal(get(VIRTIO_PCI_COMMON_DF, 4), 1);		/* VERSION_1 */
	set(VIRTIO_PCI_COMMON_DFSELECT, 4, 2);
	assert_int_equal(get(VIRTIO_PCI_COMMON_DF, 4), 0);
	set_status(VIRTIO_CONFIG_S_FEATURES_OK);			/* without VERSION_1 */
	assert_int_equal(status(), 0);
	set(VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
	set(VIRTIO_PCI_COMMON_GF, 4, 3);				/* ACCESS_PLATFORM is not offered */
	set_status(VIRTIO_CONFIG_S_FEATURES_OK);
	assert_int_equal(status(), 0);
	set(VIRTIO_PCI_COMMON_GF, 4, 1);
	set_status(VIRTIO_CONFIG_S_FEATURES_OK);
	assert_int_equal(status(), VIRTIO_CONFIG_S_FEATURES_OK);
	set(VIRTIO_PCI_COMMON_GF, 4, 0);				/* too late */
	assert_int_equal(get(VIRTIO_PCI_COMMON_GF, 4), 1);
	set_status(0);
	assert_int_equal(status(), 0);
	set(VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
	assert_int_equal(get(VIRTIO_PCI_COMMON_GF, 4), 0);
}

static void test_vectors(void **state)
{
	(void)state;
	find(PCI_SLOT_RNG);
	assert_int_equal(get(VIRTIO_PCI_COMMON_MSIX, 2), VIRTIO_MSI_NO_VECTOR);
	set(VIRTIO_PCI_COMMON_MSIX, 2, 1);
	assert_int_equal(get(VIRTIO_PCI_COMMON_MSIX, 2), 1);
	set(VIRTIO_PCI_COMMON_MSIX, 2, 2);				/* there are two */
	assert_int_equal(get(VIRTIO_PCI_COMMON_MSIX, 2), VIRTIO_MSI_NO_VECTOR);
	set(VIRTIO_PCI_COMMON_Q_MSIX, 2, 0);
	assert_int_equal(get(VIRTIO_PCI_COMMON_Q_MSIX, 2), 0);
	set(VIRTIO_PCI_COMMON_Q_SELECT, 2, 1);				/* no such queue */
	set(VIRTIO_PCI_COMMON_Q_MSIX, 2, 0);
	assert_int_equal(get(VIRTIO_PCI_COMMON_Q_MSIX, 2), 0);
	assert_int_equal(get(VIRTIO_PCI_COMMON_Q_SIZE, 2), 0);
}

/* Registers by configuration space alone. */
static void test_window(void **state)
{
	u32 at;

	(void)state;
	find(PCI_SLOT_RNG);
	at = capability(VIRTIO_PCI_CAP_PCI_CFG, 0);
	set_config(at + VIRTIO_PCI_CAP_BAR, 1, 2);
	set_config(at + VIRTIO_PCI_CAP_OFFSET, 4, VIRTIO_PCI_COMMON_STATUS);
	set_config(at + VIRTIO_PCI_CAP_LENGTH, 4, 1);
	set_config(at + 16, 4, 0xffffff03);
	assert_int_equal(status(), 3);
	assert_int_equal(config(at + 16, 1), 3);
	set_config(at + VIRTIO_PCI_CAP_LENGTH, 4, 3);			/* no such length */
	set_config(at + 16, 4, 0);
	set_config(at + VIRTIO_PCI_CAP_LENGTH, 4, 1);
	set_config(at + VIRTIO_PCI_CAP_BAR, 1, 7);
	set_config(at + 16, 4, 0);
	set_config(at + VIRTIO_PCI_CAP_BAR, 1, 1);
	set_config(at + 16, 4, 0);
	set_config(at + VIRTIO_PCI_CAP_BAR, 1, 2);
	set_config(at + VIRTIO_PCI_CAP_OFFSET, 4, 0xffffffff);
	set_config(at + 16, 4, 0);
	assert_int_equal(config(at + 16, 4), 0);
	assert_int_equal(status(), 3);
}

static const char *output(void)
{
	return (const char *)((struct ring_shared *)(void *)fake_rings)->data;
}

static void offer(u32 queue, u64 gpa, u32 len, bool is_writable)
{
	struct driver_buffer buffer = { gpa, len, is_writable };

	driver_offer(&queues[queue], &buffer, 1);
	notify(queue);
}

static void test_a_broken_ring_stops_the_device(void **state)
{
	u32 head, written;

	(void)state;
	start_driver(PCI_SLOT_RNG, 1);
	offer(0, 4 * GIB, 64, true);
	assert_true(status() & VIRTIO_CONFIG_S_NEEDS_RESET);
	assert_non_null(strstr(output(), "[vos] virtio-rng stopped: a buffer is empty, or not in RAM"));
	assert_true(line_level());					/* the configuration has changed */
	assert_int_equal(get(0x1000, 1), 2);
	assert_false(line_level());
	offer(0, DATA, 64, true);
	assert_false(driver_collect(&queues[0], &head, &written));
	assert_false(machine_is_stopped(&fake_machine));
	start_driver(PCI_SLOT_RNG, 1);					/* a reset makes it work again */
	offer(0, DATA, 64, true);
	assert_true(driver_collect(&queues[0], &head, &written));
	/* a guest that does it again and again does not fill its log */
	for (u32 i = 0; i < 100; i++) {
		start_driver(PCI_SLOT_RNG, 1);
		offer(0, 4 * GIB, 64, true);
	}
	assert_in_range(strlen(output()), 1, 16 * 100);
	/* a queue outside RAM is not enabled */
	find(PCI_SLOT_RNG);
	negotiate();
	set_queue(0, &(struct virtqueue_setup){ .descriptors = FAKE_RAM_BYTES, .size = 8 });
	assert_true(status() & VIRTIO_CONFIG_S_NEEDS_RESET);
}

static void test_not_ready(void **state)
{
	u32 head, written;

	(void)state;
	start_driver(PCI_SLOT_RNG, 1);
	set_config(PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);	/* no bus master */
	offer(0, DATA, 64, true);
	assert_false(driver_collect(&queues[0], &head, &written));
	set_config(PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	assert_true(driver_collect(&queues[0], &head, &written));	/* the notification is not lost */
	notify(1);							/* no such queues */
	notify(15);
	bus_mmio_write(&fake_machine.bus, memory_bar + 0x1800 + 64, 2, 0);
	negotiate();
	notify(0);
	assert_int_equal(get(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
}

/* ---- Entropy ---- */

static void test_rng(void **state)
{
	u32 head, written, total = 0;

	(void)state;
	start_driver(PCI_SLOT_RNG, 1);
	offer(0, DATA, 100, true);
	assert_true(driver_collect(&queues[0], &head, &written));
	assert_int_equal(written, 100);
	assert_int_equal(fake_ram[DATA], 0x5a);
	assert_int_equal(fake_ram[DATA + 99], 0x5a);
	assert_int_equal(fake_ram[DATA + 100], 0);
	assert_true(line_level());
	assert_int_equal(get(0x1000, 1), 1);
	/* a burst, then the rate: a second gives 4 KiB and not more */
	for (u32 i = 0; i < 10; i++) {
		offer(0, DATA, 8192, true);
		total += driver_collect(&queues[0], &head, &written) ? written : 0;
	}
	assert_int_equal(total, VIRTIO_RNG_BURST_BYTES - 100);
	assert_int_not_equal(virtio_rng_timer.deadline_ns(&fake_machine.virtio_rng), DEADLINE_NONE);
	for (u32 ms = 0; ms < 1000; ms++) {
		fake_now += 1000000;
		virtio_rng_timer.run(&fake_machine.virtio_rng);
		while (driver_collect(&queues[0], &head, &written)) {
			total += written;
			offer(0, DATA, 8192, true);
		}
	}
	assert_in_range(total - (VIRTIO_RNG_BURST_BYTES - 100), 4000, 4096);
	set_status(0);
	assert_true(virtio_rng_timer.deadline_ns(&fake_machine.virtio_rng) == DEADLINE_NONE);
}

/* ---- Console ---- */

static struct ring to_guest;

static void type(const char *text)
{
	ring_attach_producer(&to_guest, (struct ring_shared *)(void *)(fake_rings + VM_INPUT_RING_OFFSET),
			     VM_INPUT_RING_BYTES);
	ring_write(&to_guest, text, (u32)strlen(text));
	machine_notified(&fake_machine, VMM_BIT_CONSOLE);
}

static void test_console_output(void **state)
{
	u32 head, written;

	(void)state;
	start_driver(PCI_SLOT_CONSOLE, 2);
	memcpy(fake_ram + DATA, "hello, line\n", 12);
	offer(1, DATA, 12, false);
	assert_true(driver_collect(&queues[1], &head, &written));
	assert_int_equal(written, 0);
	assert_memory_equal(output(), "hello, line\n", 12);
	fake_out(COM1_PORT, '!');					/* the other console's goes in between */
	offer(1, DATA, 5, false);
	assert_memory_equal(output() + 12, "!hello", 6);
}

/* A full ring: the chain waits, no byte is lost. */
static void test_console_waits_for_room(void **state)
{
	static char seen[2 * VM_OUTPUT_RING_BYTES];
	struct ring from_guest;
	u32 head, written, count = 0, bytes = VM_OUTPUT_RING_BYTES + 1000;

	(void)state;
	start_driver(PCI_SLOT_CONSOLE, 2);
	for (u32 i = 0; i < bytes; i++)
		fake_ram[DATA + i] = (u8)(i * 7);
	offer(1, DATA, bytes, false);
	assert_false(driver_collect(&queues[1], &head, &written));
	notify(1);
	ring_attach_consumer(&from_guest, (struct ring_shared *)(void *)fake_rings, VM_OUTPUT_RING_BYTES);
	while (count < bytes) {
		u32 got = ring_read(&from_guest, seen + count, 333);

		assert_true(got);
		count += got;
		machine_notified(&fake_machine, VMM_BIT_CONSOLE);
	}
	assert_memory_equal(seen, fake_ram + DATA, bytes);
	assert_true(driver_collect(&queues[1], &head, &written));
	assert_false(driver_collect(&queues[1], &head, &written));
}

/* There is room while the function is no bus master: the chain goes on when it is one. */
static void test_console_waits_for_mastering(void **state)
{
	static u8 drain[VM_OUTPUT_RING_BYTES];
	u32 head, written, bytes = VM_OUTPUT_RING_BYTES + 1000;
	struct ring from_guest;

	(void)state;
	start_driver(PCI_SLOT_CONSOLE, 2);
	offer(1, DATA, bytes, false);
	set_config(PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	ring_attach_consumer(&from_guest, (struct ring_shared *)(void *)fake_rings, VM_OUTPUT_RING_BYTES);
	assert_int_equal(ring_read(&from_guest, drain, sizeof(drain)), sizeof(drain));
	machine_notified(&fake_machine, VMM_BIT_CONSOLE);
	assert_int_equal(ring_used(&from_guest), 0);
	set_config(PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	assert_int_equal(ring_used(&from_guest), 1000);
	assert_true(driver_collect(&queues[1], &head, &written));
}

static void test_console_input(void **state)
{
	u32 head, written;

	(void)state;
	type("a");							/* no driver: the serial line's */
	assert_int_equal(fake_in(COM1_PORT, 1) & 0xff, 'a');
	start_driver(PCI_SLOT_CONSOLE, 2);
	offer(0, DATA, 4, true);
	offer(0, DATA + 16, 64, true);
	type("abcdefg");
	assert_memory_equal(fake_ram + DATA, "abcd", 4);
	assert_memory_equal(fake_ram + DATA + 16, "efg", 3);
	assert_true(driver_collect(&queues[0], &head, &written));
	assert_int_equal(written, 4);
	assert_true(driver_collect(&queues[0], &head, &written));
	assert_int_equal(written, 3);
	type("xyz");							/* no buffer: it waits */
	offer(0, DATA + 32, 64, true);
	assert_memory_equal(fake_ram + DATA + 32, "xyz", 3);
	fake_out(COM1_PORT + 1, 1);					/* the serial line listens */
	type("s");
	assert_int_equal(fake_in(COM1_PORT, 1) & 0xff, 's');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_discovery, setup),
		cmocka_unit_test_setup(test_features, setup),
		cmocka_unit_test_setup(test_vectors, setup),
		cmocka_unit_test_setup(test_window, setup),
		cmocka_unit_test_setup(test_a_broken_ring_stops_the_device, setup),
		cmocka_unit_test_setup(test_not_ready, setup),
		cmocka_unit_test_setup(test_rng, setup),
		cmocka_unit_test_setup(test_console_output, setup),
		cmocka_unit_test_setup(test_console_waits_for_room, setup),
		cmocka_unit_test_setup(test_console_waits_for_mastering, setup),
		cmocka_unit_test_setup(test_console_input, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
