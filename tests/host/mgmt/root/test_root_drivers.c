/* SPDX-License-Identifier: MIT */
/*
 * Drivers of PCI devices: who gets one, what its PD finds and what not, and that the device is stopped before anything
 * of a driver that has ended is given back.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "driver.h"
#include "driver_life.h"
#include "driver_nics.h"
#include "drivers.h"
#include "fake_kernel.h"
#include "root.h"
#include "root_bench.h"
#include "root_info.h"
#include "stats.h"
#include "syscalls.h"
#include "vm_layout.h"
#include "wires.h"

enum {
	BRIDGE, VIRTIO, NVME, NVME_ALONE, AHCI, AHCI_CROWDED, IDE, SECOND, NIC, PORT, PORT_AGAIN, E1000, FUNCTION_COUNT
};

/* In the order of their functions; those with disks come before D_PORT. */
enum { D_VIRTIO, D_NVME, D_AHCI, D_IDE, D_SECOND, D_PORT, D_NIC, D_COUNT };

static u64 threads[D_COUNT];

static struct pci_bar memory(u64 address, u64 bytes)
{
	return (struct pci_bar){ .address = address, .bytes = bytes, .kind = PCI_BAR_MEMORY };
}

static int boot(void **state)
{
	static const char *const programs[] = { "virtio_blk", "nvme", "ahci", "ata", "virtio_port", "e1000", NULL };
	struct pci_function *f = fake_pci.functions;
	int rc;

	f[BRIDGE] = (struct pci_function){ .bdf = 0, .vendor = 0x8086, .device = 1, .class_code = 0x060000 };
	f[VIRTIO] = (struct pci_function){ .bdf = 0x18, .vendor = 0x1af4, .device = 0x1001, .class_code = 0x010000,
		.bars = { [0] = { 0xc000, 0x80, PCI_BAR_IO, false }, [1] = memory(0xfebd0000, 0x1000),
			  [4] = memory(0xfe000000, 0x4000) }, .msix_count = 2, .msix_bar = 1 };
	f[NVME] = (struct pci_function){ .bdf = 0x20, .vendor = 0x1b36, .device = 0x10, .class_code = 0x010802,
		.bars = { memory(0xfe010000, 0x4000) }, .msix_count = 65, .msix_bar = 0, .msix_offset = 0x2000 };
	f[NVME_ALONE] = f[NVME];
	f[NVME_ALONE].bdf = 0x28;
	f[AHCI] = (struct pci_function){ .bdf = 0xfa, .vendor = 0x8086, .device = 0x2922, .class_code = 0x010601,
		.bars = { [5] = memory(0xfe020000, 0x800) }, .irq_pin = 1, .irq_line = 11 };
	f[AHCI_CROWDED] = f[AHCI];
	f[AHCI_CROWDED].bdf = 0xfb;
	f[AHCI_CROWDED].bars[5] = memory(FAKE_CROWDED_PAGE, 0x800);
	f[IDE] = (struct pci_function){ .bdf = 0x09, .vendor = 0x8086, .device = 0x7010, .class_code = 0x010180,
		.bars = { [4] = { 0xc100, 0x10, PCI_BAR_IO, false } } };
	f[SECOND] = f[AHCI];
	f[SECOND].bdf = 0x38;
	f[SECOND].bars[5] = memory(0xfe030000, 0x2000);
	f[SECOND].msix_count = 1;		/* among its registers */
	f[SECOND].msix_bar = 5;
	f[SECOND].msix_offset = 0x1800;
	f[NIC] = (struct pci_function){ .bdf = 0x30, .vendor = 0x8086, .device = 0x1533, .class_code = 0x020000 };
	f[PORT] = (struct pci_function){ .bdf = 0x40, .vendor = 0x1af4, .device = 0x1003, .class_code = 0x078000,
		.bars = { [1] = memory(0xfe040000, 0x1000), [4] = memory(0xfe050000, 0x4000) }, .msix_count = 32,
		.msix_bar = 1 };
	f[PORT_AGAIN] = f[PORT];
	f[PORT_AGAIN].bdf = 0x48;
	f[E1000] = (struct pci_function){ .bdf = 0x50, .vendor = 0x8086, .device = 0x10d3, .class_code = 0x020000,
		.bars = { memory(0xfe060000, 0x20000), [3] = memory(0xfe080000, 0x4000) }, .msix_count = 5,
		.msix_bar = 3, .irq_pin = 1, .irq_line = 10 };
	fake_pci.count = FUNCTION_COUNT;
	bench_programs = programs;
	fake_cmdline = "00:05.0";
	rc = bench_boot(state);
	for (u32 i = 0; i < D_COUNT; i++)
		threads[i] = fake_thread_nth(SERVICE_COUNT + i);
	return rc;
}

static const struct driver_args *args_of(u32 d)
{
	return fake_memory(fake_pd_of(threads[d]), DRIVER_ARGS);
}

static void functions_get_drivers(void **state)
{
	static const char *const names[D_COUNT] = { "virtio0", "nvme0", "ahci0", "ata0", "ahci1", "port0", "nic0" };

	(void)state;
	for (u32 i = 0; i < D_COUNT; i++) {
		assert_true(driver_is_wanted(i));
		assert_string_equal(driver_name(i), names[i]);
	}
	assert_false(driver_is_wanted(D_COUNT));
	assert_true(fake_is_running(threads[D_NVME]));
	for (u32 i = 0; i < FUNCTION_COUNT; i++)
		assert_int_equal(fake_devices[i].is_kept, i == NVME_ALONE);
	assert_int_equal(fake_devices[NVME_ALONE].stops, 0);
	assert_true(fake_devices[NVME].is_master);
	assert_int_equal(fake_devices[AHCI_CROWDED].stops, 0);	/* no driver: its page would show another's registers */
	assert_false(fake_devices[NIC].is_master);
	assert_int_equal(INFO->dma, DMA_NOT_CONTAINED);
}

/* A line of the console's: rings with it, no link with the store, and one alone. */
static void a_port_is_a_line(void **state)
{
	const struct driver_args *a = args_of(D_PORT);
	const struct console_args *console_args = fake_memory(fake_pd_of(bench_console), CONSOLE_ARGS);
	u64 h_pd = fake_pd_of(threads[D_PORT]), console = fake_pd_of(bench_console);

	(void)state;
	assert_int_equal(driver_of_party(PARTY_PORT), D_PORT);
	assert_false(driver_has_disks(D_PORT));
	assert_true(driver_has_disks(D_SECOND));
	assert_false(driver_has_disks(D_COUNT));
	assert_string_equal(a->name, "port0");
	assert_int_equal(a->link_count, 0);
	assert_int_equal(a->interrupt_count, 1);
	assert_int_equal(fake_devices[PORT_AGAIN].stops, 0);
	assert_false(fake_devices[PORT_AGAIN].is_master);
	assert_true((console_args->lines & BIT32(LINE_PORT)) != 0);
	assert_int_equal(fake_rights(h_pd, DRIVER_DMA), RIGHT_R | RIGHT_W);
	assert_null(fake_memory(h_pd, DRIVER_LINK));
	assert_ptr_equal(fake_memory(h_pd, LINE_RX), fake_memory(console, CONSOLE_LINE_RX(LINE_PORT)));
	assert_ptr_equal(fake_memory(h_pd, LINE_TX), fake_memory(console, CONSOLE_LINE_TX(LINE_PORT)));
	assert_null(fake_memory(fake_pd_of(threads[D_NVME]), LINE_RX));
	assert_int_equal(fake_badge(console, CONSOLE_H_LINE + LINE_PORT, threads[D_PORT]), LINE_BIT_CONSOLE);
	assert_int_equal(fake_badge(h_pd, LINE_H_CONSOLE, bench_console), CONSOLE_BIT_LINE);
	assert_int_equal(fake_badge(fake_pd_of(fake_thread_nth(SERVICE_STORE)), STORE_H_DRIVER + D_PORT,
				    threads[D_PORT]), 0);
}

/* A link with a switch and a page with root, nothing of the store's; its program can do no MSI-X. */
static void a_network_card(void **state)
{
	u64 h_pd = fake_pd_of(threads[D_NIC]);
	struct nic_page *page = fake_memory(h_pd, NIC_PAGE), seen;
	u32 made = fake_threads_made();

	(void)state;
	assert_true(driver_is_nic(D_NIC));
	assert_false(driver_is_nic(D_PORT) || driver_is_nic(D_COUNT) || driver_is_nic(DRIVER_COUNT));
	assert_false(driver_has_disks(D_NIC));
	assert_int_equal(args_of(D_NIC)->link_count, 0);
	assert_int_equal(args_of(D_NIC)->interrupts, DRIVER_IRQ_LINES);
	assert_int_equal(fake_devices[E1000].message_count, 0);
	assert_int_equal(fake_rights(h_pd, NIC_LINK + NET_LINK_BYTES - 1), RIGHT_R | RIGHT_W);
	assert_int_equal(fake_rights(h_pd, NIC_LINK + NET_LINK_BYTES), 0);
	assert_null(fake_memory(fake_pd_of(threads[D_PORT]), NIC_PAGE));
	assert_true(driver_nic_link(D_NIC) != 0);
	assert_int_equal(driver_nic_link(D_PORT), 0);
	assert_int_equal(driver_nic_link(DRIVER_COUNT), 0);

	driver_nic_plug(D_NIC, true);
	assert_int_equal(page->is_plugged, 1);
	assert_false(driver_nic_look(D_NIC, &seen) || driver_nic_look(D_PORT, &seen));
	page->mtu = 1500;
	page->mbits = 1000;
	page->state = NIC_UP;
	assert_true(driver_nic_look(D_NIC, &seen));
	assert_int_equal(seen.mbits, 1000);
	page->mtu = NIC_MTU_MAX + 1;
	assert_false(driver_nic_look(D_NIC, &seen));
	page->mtu = NIC_MTU_MIN - 1;
	assert_false(driver_nic_look(D_NIC, &seen));
	page->mtu = 1500;
	page->state = NIC_STATE_COUNT;
	assert_false(driver_nic_look(D_NIC, &seen));
	page->state = NIC_UP;
	page->is_half_duplex = 2;
	assert_false(driver_nic_look(D_NIC, &seen));

	/* It comes back: what the old one said is not true, what is in the link is. */
	memset(fake_memory(h_pd, NIC_LINK), 0x55, NET_LINK_BYTES);
	page->is_half_duplex = 0;
	fake_fault(threads[D_NIC], FAULT_EXIT, 0, 0);
	(void)root_turn(ROOT_BIT_FAULT);
	assert_false(driver_nic_look(D_NIC, &seen));
	threads[D_NIC] = bench_await_thread(made);
	h_pd = fake_pd_of(threads[D_NIC]);
	page = fake_memory(h_pd, NIC_PAGE);
	assert_int_equal(page->is_plugged, 1);
	assert_int_equal(page->mtu, 0);
	assert_int_equal(*(u8 *)fake_memory(h_pd, NIC_LINK), 0x55);
	driver_nic_plug(D_NIC, false);
	assert_int_equal(page->is_plugged, 0);
}

static void what_a_driver_finds(void **state)
{
	const struct driver_args *a = args_of(D_NVME);
	u64 h_pd = fake_pd_of(threads[D_NVME]);

	(void)state;
	assert_string_equal(a->name, "nvme0");
	assert_int_equal(a->vendor, 0x1b36);
	assert_int_equal(a->number, D_NVME);
	assert_int_equal(a->link_count, DRIVER_LINKS);
	assert_int_equal(a->dma_bits, 32);			/* there is a controller that can do no more */
	assert_int_equal(a->is_contained, 0);
	assert_int_equal(a->interrupts, DRIVER_IRQ_MESSAGES);
	assert_int_equal(a->interrupt_count, 2);
	assert_int_equal(fake_devices[NVME].message_count, 2);
	assert_int_equal(fake_devices[NVME].last_message, 2000 + STAT_IRQ_ADDRESS + STAT_IRQ_DATA);
	assert_int_equal(fake_rights(h_pd, DRIVER_ARGS), RIGHT_R);
	assert_int_equal(fake_rights(h_pd, DRIVER_WINDOWS), RIGHT_R);
	assert_int_equal(fake_rights(h_pd, DRIVER_WINDOWS + DRIVER_WINDOWS_BYTES - 1), RIGHT_R);
	assert_int_equal(fake_rights(h_pd, DRIVER_WINDOWS + DRIVER_WINDOWS_BYTES), 0);
	assert_int_equal(fake_rights(h_pd, DRIVER_DMA), RIGHT_R | RIGHT_W);
	for (u32 i = 0; i < DRIVER_LINKS; i++) {
		assert_int_equal(fake_rights(h_pd, DRIVER_LINK + i * DRIVER_PIECE_BYTES), RIGHT_R | RIGHT_W);
		assert_true(a->link_bus[i] != 0 && a->link_bus[i] != a->dma_bus && driver_link(D_NVME, i) != 0);
	}
	/* Registers, the table's page, and what is behind it. */
	assert_int_equal(a->bars[0].address, DRIVER_BARS);
	assert_int_equal(a->bars[0].bytes, 0x4000);
	assert_int_equal(fake_rights(h_pd, DRIVER_BARS + 0x1fff), RIGHT_R | RIGHT_W);
	assert_int_equal(fake_rights(h_pd, DRIVER_BARS + 0x2000), 0);
	assert_int_equal(fake_rights(h_pd, DRIVER_BARS + 0x2fff), 0);
	assert_int_equal(fake_rights(h_pd, DRIVER_BARS + 0x3000), RIGHT_R | RIGHT_W);
	assert_int_equal(fake_rights(h_pd, DRIVER_BARS + 0x4000), 0);
}

/* A BAR that is nothing but the table is not mapped; one link; ports. */
static void a_virtio_device(void **state)
{
	const struct driver_args *a = args_of(D_VIRTIO);
	u64 h_pd = fake_pd_of(threads[D_VIRTIO]);

	(void)state;
	assert_int_equal(a->link_count, 1);
	assert_int_equal(driver_link(D_VIRTIO, 1), 0);
	assert_int_equal(fake_rights(h_pd, DRIVER_LINK + DRIVER_PIECE_BYTES), 0);
	assert_int_equal(a->bars[0].port, 0xc000);
	assert_int_equal(a->bars[0].port_count, 0x80);
	assert_int_equal(fake_rights(h_pd, a->bars[1].address), 0);
	assert_int_equal(fake_rights(h_pd, DRIVER_BARS + 4 * DRIVER_BAR_STRIDE), RIGHT_R | RIGHT_W);
}

static void lines(void **state)
{
	const struct driver_args *ide = args_of(D_IDE), *ahci = args_of(D_AHCI);

	(void)state;
	assert_int_equal(ahci->interrupts, DRIVER_IRQ_LINES);
	assert_int_equal(ahci->interrupt_count, 1);
	assert_int_equal(ahci->bars[5].bytes, PAGE_SIZE);
	assert_true(fake_devices[AHCI].has_line);
	assert_false(fake_devices[NVME].has_line);
	assert_int_equal(ide->interrupts, DRIVER_IRQ_LINES);
	assert_int_equal(ide->interrupt_count, 2);
	assert_int_equal(ide->bars[0].port, 0x1f0);
	assert_int_equal(ide->bars[1].port + 2, 0x3f6);
	assert_int_equal(ide->bars[2].port, 0x170);
	assert_int_equal(ide->bars[3].port + 2, 0x376);
	assert_int_equal(ide->bars[4].port, 0xc100);
}

/* A table that the driver could write to is not used, and hides nothing. */
static void a_table_among_registers(void **state)
{
	const struct driver_args *second = args_of(D_SECOND);

	(void)state;
	assert_int_equal(second->interrupts, DRIVER_IRQ_LINES);
	assert_int_equal(fake_devices[SECOND].message_count, 0);
	assert_int_equal(second->bars[5].bytes, 2 * PAGE_SIZE);
	assert_int_equal(fake_rights(fake_pd_of(threads[D_SECOND]), DRIVER_BARS + 5 * DRIVER_BAR_STRIDE + PAGE_SIZE),
			 RIGHT_R | RIGHT_W);
}

/* A device whose messages can't be set up gets its line. */
static void no_messages(void **state)
{
	u32 made = fake_threads_made();

	(void)state;
	fake_devices[NVME].refuses_messages = true;
	fake_pci.functions[NVME].irq_pin = 1;
	fake_pci.functions[NVME].irq_line = 10;
	fake_fault(threads[D_NVME], 15, 0x400000, 0);
	(void)root_turn(ROOT_BIT_FAULT);
	threads[D_NVME] = bench_await_thread(made);
	assert_int_equal(args_of(D_NVME)->interrupts, DRIVER_IRQ_LINES);
	assert_int_equal(args_of(D_NVME)->interrupt_count, 1);
	assert_true(fake_devices[NVME].has_line);
	fake_devices[NVME].refuses_messages = false;
	made = fake_threads_made();
	fake_fault(threads[D_NVME], 15, 0x400000, 0);
	(void)root_turn(ROOT_BIT_FAULT);
	threads[D_NVME] = bench_await_thread(made);
	assert_int_equal(args_of(D_NVME)->interrupts, DRIVER_IRQ_MESSAGES);
}

static void windows(void **state)
{
	const u64 *seen = fake_memory(fake_pd_of(threads[D_NVME]), DRIVER_WINDOWS);
	const u64 *other = fake_memory(fake_pd_of(threads[D_AHCI]), DRIVER_WINDOWS);

	(void)state;
	driver_window_set(D_NVME, DRIVER_WINDOW_COUNT - 1, 0x12345000);
	driver_window_set(D_NVME, DRIVER_WINDOW_COUNT, 0x666);
	driver_window_set(DRIVER_COUNT, 0, 0x666);
	assert_int_equal(seen[DRIVER_WINDOW_COUNT - 1], 0x12345000);
	for (u32 i = 0; i < DRIVER_WINDOW_COUNT; i++)
		assert_int_equal(other[i], 0);
	driver_window_set(D_NVME, DRIVER_WINDOW_COUNT - 1, 0);
	assert_int_equal(seen[DRIVER_WINDOW_COUNT - 1], 0);
}

/* Stopped at once; its memory for DMA is the same again, and zeroed but for the link's epoch and its window: what the
 * store writes lies there, and goes to the disk when the driver is back. */
static void it_comes_back(void **state)
{
	u64 bus = args_of(D_NVME)->dma_bus;
	u32 made = fake_threads_made(), stops = fake_devices[NVME].stops;
	u64 h_link = driver_link(D_NVME, 2);

	(void)state;
	memset(fake_memory(fake_pd_of(threads[D_NVME]), DRIVER_LINK + 2 * DRIVER_PIECE_BYTES), 0x55,
	       DRIVER_PIECE_BYTES);
	fake_fault(threads[D_NVME], 15, 0x400000, 0);
	(void)root_turn(ROOT_BIT_FAULT);
	assert_false(fake_devices[NVME].is_master);
	assert_int_equal(fake_devices[NVME].stops, stops + 1);
	threads[D_NVME] = bench_await_thread(made);
	assert_true(fake_is_running(threads[D_NVME]));
	assert_true(fake_devices[NVME].is_master);
	assert_int_equal(args_of(D_NVME)->dma_bus, bus);
	assert_int_equal(driver_link(D_NVME, 2), h_link);
	for (u32 i = 4; i < DRIVER_PIECE_BYTES; i++)
		assert_int_equal(((u8 *)fake_memory(fake_pd_of(threads[D_NVME]), DRIVER_LINK +
						    2 * DRIVER_PIECE_BYTES))[i], i < BLK_WINDOW_OFFSET ? 0 : 0x55);
	assert_int_equal(*(u32 *)fake_memory(fake_pd_of(threads[D_NVME]), DRIVER_LINK + 2 * DRIVER_PIECE_BYTES),
			 0x55555555);
}

/* Who does not acknowledge a line that others need is started again. */
static void a_deaf_driver(void **state)
{
	u32 made = fake_threads_made(), stops = fake_devices[AHCI].stops;

	(void)state;
	assert_int_equal(fake_devices[SECOND].stops, 1);
	fake_unacked(threads[D_AHCI], 1000);
	fake_unacked(threads[D_SECOND], 1000);
	(void)root_turn(0);
	fake_unacked(threads[D_SECOND], 2000);		/* it has, and the next one has come */
	threads[D_AHCI] = bench_await_thread(made);
	assert_int_equal(fake_devices[AHCI].stops, stops + 1);
	assert_true(fake_is_running(threads[D_AHCI]));
	fake_unacked(threads[D_SECOND], 0);
	assert_int_equal(fake_devices[SECOND].stops, 1);
}

static void the_table(void **state)
{
	struct request r = bench_make_request(REQ_DEVICES, "", 0);

	(void)state;
	bench_send(&r);
	bench_await_answer();
	assert_int_equal(bench_row_count, FUNCTION_COUNT);
	assert_int_equal(bench_rows[NVME].pci.bdf, 0x20);
	assert_string_equal(bench_rows[NVME].pci.driver, "nvme0");
	assert_int_equal(bench_rows[NVME].pci.state, DEVICE_DRIVEN);
	assert_int_equal(bench_rows[NVME].pci.irq_count, 2);
	assert_int_equal(bench_rows[NVME].pci.group, DEVICE_NO_GROUP);
	assert_int_equal(bench_rows[NVME_ALONE].pci.state, DEVICE_LEFT_ALONE);
	assert_int_equal(bench_rows[NIC].pci.state, DEVICE_UNUSED);
	assert_string_equal(bench_rows[NIC].pci.driver, "");
}

/* ---- the store: disks are volumes ---- */

static struct ring orders, reports;

static void attach_store(u64 store)
{
	ring_attach_consumer(&orders, fake_memory(fake_pd_of(store), STORE_ORDERS), STORE_ORDER_RING_BYTES);
	ring_attach_producer(&reports, fake_memory(fake_pd_of(store), STORE_REPORTS), STORE_REPORT_RING_BYTES);
}

static void report(struct store_report r)
{
	assert_true(ring_put(&reports, &r, sizeof(r)));
	bench_turns(ROOT_BIT_STORE, 4);
}

static struct store_order take_order(enum store_op op)
{
	struct store_order order = { 0 };

	assert_true(ring_get(&orders, &order, sizeof(order)));
	assert_int_equal(order.op, op);
	report((struct store_report){ .kind = STORE_DONE, .id = order.id });
	return order;
}

/* The driver has reset the controller and begun its links. */
static void come_up(u32 d)
{
	struct blk_link_shared *link = fake_memory(fake_pd_of(threads[d]), DRIVER_LINK);

	link->epoch++;
	link->state = BLK_UP;
}

/* The drivers behind the first have found no disk. */
static void others_find_none(void)
{
	for (u32 d = D_VIRTIO + 1; d < D_PORT; d++)
		for (u32 i = 0; i < DRIVER_LINKS; i++) {
			struct blk_link_shared *link = fake_memory(fake_pd_of(threads[d]), DRIVER_LINK +
				i * DRIVER_PIECE_BYTES);

			if (link != NULL)
				link->epoch++;
		}
}

static void tell_disk(u32 slot, u64 identity)
{
	if (slot / DRIVER_LINKS < D_PORT)
		come_up(slot / DRIVER_LINKS);
	report((struct store_report){ .kind = STORE_DISK, .slot = slot, .sectors = 2048, .block_bytes = 512,
				      .identity = identity, .table = STORE_TABLE_OTHER });
}

/* One for each link of each driver, by name. */
static void take_disks(void)
{
	static const char *const first[] = { "virtio0", "nvme0.0", "nvme0.1", "nvme0.2", "nvme0.3", "ahci0.0" };
	struct store_order order;
	u32 count = 0;

	for (; ring_used(&orders) != 0; count++) {
		order = take_order(STORE_ADD_DISK);
		if (count < ARRAY_COUNT(first))
			assert_string_equal(order.disk, first[count]);
	}
	assert_int_equal(count, 1 + 4 * DRIVER_LINKS);
}

/* The store dies, and with it the drivers, for a device could write into what the next store does not know of. Returns
 * the next store. */
static u64 next_store(u64 store)
{
	u32 made = fake_threads_made();
	u64 next = 0;

	fake_fault(store, 15, 0x400000, 0);
	(void)root_turn(ROOT_BIT_FAULT);
	assert_false(fake_devices[VIRTIO].is_master);
	assert_false(fake_devices[NVME].is_master);
	while (fake_threads_made() < made + 1 + D_PORT)
		(void)bench_await_thread(fake_threads_made());
	for (u32 i = 0; i < 1 + D_PORT; i++) {
		u64 thread = fake_thread_nth(made + i);
		const struct driver_args *args = fake_memory(fake_pd_of(thread), DRIVER_ARGS);

		if (fake_memory(fake_pd_of(thread), STORE_REPORTS) != NULL)
			next = thread;
		else
			threads[args->number] = thread;
	}
	assert_true(fake_is_running(threads[D_PORT]));		/* it has nothing to do with the store */
	attach_store(next);
	take_disks();
	return next;
}

static void disks_are_volumes(void **state)
{
	struct request r = bench_make_request(REQ_CREATE, "v", 0);
	u64 store = fake_thread_nth(SERVICE_STORE), vmm;
	const u64 *virtio, *nvme;
	u32 link;

	(void)state;
	virtio = fake_memory(fake_pd_of(threads[D_VIRTIO]), DRIVER_WINDOWS);
	nvme = fake_memory(fake_pd_of(threads[D_NVME]), DRIVER_WINDOWS);
	attach_store(store);
	take_disks();
	assert_int_equal(fake_badge(fake_pd_of(store), STORE_H_DRIVER + D_NVME, threads[D_NVME]), DRIVER_BIT_LINK);
	assert_int_equal(fake_badge(fake_pd_of(threads[D_NVME]), DRIVER_H_STORE, store), STORE_BIT_DRIVER << D_NVME);
	assert_ptr_equal(fake_memory(fake_pd_of(store), STORE_DRIVER_LINKS + DRIVER_LINKS * BLK_LINK_BYTES),
			 fake_memory(fake_pd_of(threads[D_NVME]), DRIVER_LINK));
	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 16 * MIB, .disk_count = 1 };
	strcpy(r.spec.disks[0].volume, "virtio0");
	r.spec.disks[0].flags = DISK_TRUSTED;
	bench_send(&r);
	bench_turns(0, 10);
	assert_false(bench_is_answered());	/* the disk may come: its driver has said nothing yet */
	tell_disk(DRIVER_COUNT * DRIVER_LINKS, 7);	/* nonsense */
	assert_false(bench_is_answered());
	tell_disk(0, 7);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.disks[0].bytes, MIB);
	assert_int_equal(bench_answer.vm.disks[0].flags, 0);
	bench_ask(REQ_START, "v", 0);
	link = take_order(STORE_ATTACH).link;
	assert_true(virtio[link] != 0);
	assert_int_equal(nvme[link], 0);
	vmm = bench_vmm_thread();
	bench_vmm_says(PHASE_RUNNING, STOP_NONE);
	bench_expect(ERR_NONE);

	/* Another store: the drivers are started again too, and it serves the link when it has told of the disk. */
	store = next_store(store);
	assert_non_null(fake_memory(fake_pd_of(store), STORE_LINKS + link * BLK_LINK_BYTES));
	assert_int_equal(ring_used(&orders), 0);
	tell_disk(0, 8);		/* another disk behind the name: not for this VM */
	assert_int_equal(ring_used(&orders), 0);
	tell_disk(0, 7);
	assert_int_equal(take_order(STORE_ATTACH).link, link);
	assert_true(virtio[link] != 0);
	assert_int_equal(fake_badge(fake_pd_of(vmm), VMM_H_STORE, store), STORE_BIT_VM << link / VM_DEVICES);
	bench_ask(REQ_DELETE, "v", REQ_FLAG_FORCE);
	bench_turns(0, 20);
	assert_true(virtio[link] != 0);
	(void)take_order(STORE_DETACH);
	bench_expect(ERR_NONE);
	assert_int_equal(virtio[link], 0);
	strcpy(r.spec.disks[0].volume, "");
	r.spec.disks[0].bytes = 100 * GIB;
	bench_send(&r);
	bench_turns(0, 10);
	assert_false(bench_is_answered());	/* a better one may come */
	others_find_none();
	bench_expect(ERR_DISK_CONTENTS);
	assert_string_equal(bench_answer.text, "virtio0");
}

/*
 * The store dies as a VM ends. Root can't reset this device, so it may still write to the VM's window when it may do
 * DMA again: the memory is not given back before the next driver has reset the device.
 */
static void a_window_outlives_the_store(void **state)
{
	struct request r = bench_make_request(REQ_CREATE, "w", 0);
	u64 store, bytes;
	u32 i = fake_threads_made();

	(void)state;
	do
		store = fake_thread_nth(--i);
	while (store == 0 || fake_memory(fake_pd_of(store), STORE_REPORTS) == NULL);
	for (u32 is_sent = 0; is_sent < 2; is_sent++) {
		r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 16 * MIB, .disk_count = 1 };
		strcpy(r.spec.disks[0].volume, "virtio0");
		r.spec.disks[0].flags = DISK_TRUSTED;
		bench_send(&r);
		bench_expect(ERR_NONE);
		bytes = fake_free_bytes();
		bench_ask(REQ_START, "w", 0);
		(void)take_order(STORE_ATTACH);
		bench_vmm_says(PHASE_RUNNING, STOP_NONE);
		bench_expect(ERR_NONE);
		if (is_sent == 0)
			store = next_store(store);	/* which has no word of the link */
		bench_ask(REQ_STOP, "w", REQ_FLAG_FORCE);
		bench_turns(0, 50);
		assert_int_equal(ring_used(&orders), is_sent * sizeof(struct store_order));
		if (is_sent != 0)
			store = next_store(store);
		bench_turns(ROOT_BIT_STORE, 50);
		assert_int_equal(ring_used(&orders), 0);
		assert_false(bench_is_answered());
		assert_true(fake_free_bytes() <= bytes - BLK_LINK_BYTES);
		store = next_store(store);		/* nor has this one */
		bench_turns(ROOT_BIT_STORE, 50);
		assert_false(bench_is_answered());
		tell_disk(0, 7);
		bench_expect(ERR_NONE);
		assert_int_equal(fake_free_bytes(), bytes);
		bench_ask(REQ_DELETE, "w", 0);
		bench_expect(ERR_NONE);
	}
}

/* A controller that does not come up again: after some tries its device stays off, and its disk is lost. */
static void a_driver_is_given_up(void **state)
{
	struct request r = bench_make_request(REQ_DEVICES, "", 0);
	const struct blk_link_shared *link, *other;
	u32 given_up = 0;

	(void)state;
	come_up(D_IDE);
	link = fake_memory(fake_pd_of(threads[D_IDE]), DRIVER_LINK);
	other = fake_memory(fake_pd_of(threads[D_IDE]), DRIVER_LINK + DRIVER_PIECE_BYTES);
	for (u32 i = 0; i < LIFE_TRIES; i++) {
		u32 made = fake_threads_made();

		assert_int_equal(args_of(D_IDE)->known_disks, i != 0);
		fake_fault(threads[D_IDE], FAULT_EXIT, 0, 0);
		(void)root_turn(ROOT_BIT_FAULT);
		assert_false(fake_devices[IDE].is_master);
		if (i == LIFE_TRIES - 1)
			break;
		threads[D_IDE] = bench_await_thread(made);
		fake_iommu.is_on = true;		/* the next VM's window has the same address there */
		assert_false(driver_is_quiet(D_IDE, 0));
		fake_iommu.is_on = false;
	}
	bench_turns(0, 50);
	assert_false(fake_devices[IDE].is_master);
	assert_false(driver_is_wanted(D_IDE));
	assert_int_equal(link->state, BLK_LOST);
	assert_int_equal(other->state, BLK_DOWN);
	assert_true(driver_is_quiet(D_IDE, 0));
	assert_int_equal(fake_watermark_bytes(), 0);
	bench_send(&r);
	bench_await_answer();
	assert_int_equal(bench_rows[IDE].pci.state, DEVICE_GIVEN_UP);
	assert_false(driver_forgive(D_IDE));		/* root can't reset it */
	r.op = REQ_SERVICES;
	bench_send(&r);
	bench_await_answer();
	for (u32 i = 0; i < bench_row_count; i++)
		given_up += bench_rows[i].service.state == SERVICE_GIVEN_UP;
	assert_int_equal(given_up, 1);
	bench_ask(REQ_RESTART_SERVICE, driver_name(D_IDE), 0);
	bench_expect(ERR_SERVICE_DOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_get_drivers), cmocka_unit_test(a_port_is_a_line),
		cmocka_unit_test(a_network_card),
		cmocka_unit_test(what_a_driver_finds),
		cmocka_unit_test(a_virtio_device), cmocka_unit_test(lines), cmocka_unit_test(windows),
		cmocka_unit_test(a_table_among_registers), cmocka_unit_test(no_messages),
		cmocka_unit_test(it_comes_back), cmocka_unit_test(a_deaf_driver), cmocka_unit_test(the_table),
		cmocka_unit_test(disks_are_volumes), cmocka_unit_test(a_window_outlives_the_store),
		cmocka_unit_test(a_driver_is_given_up),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
