/* SPDX-License-Identifier: MIT */
/*
 * Drivers behind an IOMMU: what their devices reach, at which addresses, when that ends, and what is told of it.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "blk_link.h"
#include "driver.h"
#include "driver_dma.h"
#include "drivers.h"
#include "fake_kernel.h"
#include "root.h"
#include "root_bench.h"
#include "root_info.h"
#include "stats.h"
#include "syscalls.h"
#include "vm_layout.h"
#include "wires.h"

enum { BRIDGE, NVME, AHCI, FUNCTION_COUNT };
enum { D_NVME, D_AHCI, D_COUNT };

#define QUEUES 0x200000ull
#define LINKS 0x400000ull
#define WINDOWS 0xc00000ull
#define INTERRUPTS 0xfee00000ull	/* what is written there is no memory */

static u64 threads[D_COUNT];

static int boot(void **state)
{
	static const char *const programs[] = { "nvme", "ahci", NULL };
	struct pci_function *f = fake_pci.functions;
	int rc;

	f[BRIDGE] = (struct pci_function){ .bdf = 0, .vendor = 0x8086, .device = 1, .class_code = 0x060000 };
	f[NVME] = (struct pci_function){ .bdf = 0x20, .vendor = 0x1b36, .device = 0x10, .class_code = 0x010802,
		.bars = { { 0xfe010000, 0x4000, PCI_BAR_MEMORY, false } }, .msix_count = 65, .msix_offset = 0x2000 };
	f[AHCI] = (struct pci_function){ .bdf = 0xfa, .vendor = 0x8086, .device = 0x2922, .class_code = 0x010601,
		.bars = { [5] = { 0xfe020000, 0x1000, PCI_BAR_MEMORY, false } }, .irq_pin = 1, .irq_line = 11 };
	fake_pci.count = FUNCTION_COUNT;
	fake_iommu.is_on = true;
	bench_programs = programs;
	rc = bench_boot(state);
	for (u32 i = 0; i < D_COUNT; i++)
		threads[i] = fake_thread_nth(SERVICE_COUNT + i);
	return rc;
}

static const struct driver_args *args_of(u32 d)
{
	return fake_memory(fake_pd_of(threads[d]), DRIVER_ARGS);
}

/* How many pieces the device reaches. */
static u32 reach(u32 d)
{
	u32 count = 0;

	for (u32 i = 0; i < ARRAY_COUNT(fake_iommu.pieces[d]); i++)
		count += fake_iommu.pieces[d][i] != 0;
	return count;
}

static u64 piece(u32 d, u64 iova)
{
	return fake_iommu.pieces[d][iova / DRIVER_PIECE_BYTES];
}

static void own_memory(void **state)
{
	(void)state;
	assert_int_equal(INFO->dma, DMA_CONTAINED);
	assert_int_equal(driver_memory_flags(), MEM_DMA);
	for (u32 d = 0; d < D_COUNT; d++) {
		const struct driver_args *a = args_of(d);

		assert_int_equal(fake_iommu.domain_of[NVME + d], d + 1);
		assert_int_equal(a->is_contained, 1);
		assert_int_equal(a->dma_bits, 32);
		assert_int_equal(a->dma_bus, QUEUES);
		assert_int_equal(piece(d, QUEUES) % DRIVER_PIECE_BYTES, 0);
		for (u32 i = 0; i < DRIVER_LINKS; i++)
			assert_int_equal(a->link_bus[i], LINKS + i * DRIVER_PIECE_BYTES);
	}
	assert_int_equal(fake_devices[NVME].last_message, 0xfee00000u + 1);	/* the index of its second interrupt */
}

/* The table of windows has bus addresses; what is taken away is out of reach when that returns. */
static void windows(void **state)
{
	const u64 *seen = fake_memory(fake_pd_of(threads[D_NVME]), DRIVER_WINDOWS);
	const u32 last = DRIVER_WINDOW_COUNT - 1;
	u32 before = reach(D_NVME);

	(void)state;
	driver_window_set(D_NVME, last, 0x12400000);
	assert_int_equal(seen[last], WINDOWS + last * DRIVER_PIECE_BYTES);
	assert_int_equal(piece(D_NVME, seen[last]), 0x12400000);
	assert_int_equal(reach(D_NVME), before + 1);
	assert_int_equal(piece(D_AHCI, WINDOWS + last * DRIVER_PIECE_BYTES), 0);
	driver_window_set(D_NVME, last, 0x12600000);
	assert_int_equal(piece(D_NVME, seen[last]), 0x12600000);
	driver_window_set(D_NVME, last, 0);
	assert_int_equal(seen[last], 0);
	assert_int_equal(piece(D_NVME, WINDOWS + last * DRIVER_PIECE_BYTES), 0);
	assert_int_equal(reach(D_NVME), before);
	for (u32 link = 0; link < DRIVER_WINDOW_COUNT; link++) {
		driver_window_set(D_NVME, link, 0x12400000);
		assert_int_equal(seen[link], WINDOWS + link * DRIVER_PIECE_BYTES);
		assert_true(seen[link] + DRIVER_PIECE_BYTES <= INTERRUPTS);
		assert_int_equal(reach(D_NVME), before + 1);
		driver_window_set(D_NVME, link, 0);
		assert_int_equal(reach(D_NVME), before);
	}
	driver_window_set(D_NVME, DRIVER_WINDOW_COUNT, 0x400000);
	driver_window_set(DRIVER_COUNT, 0, 0x400000);
	assert_int_equal(reach(D_NVME), before);
}

/* Blocked while there is no driver; the same addresses after that. (fake_platform.c ends the test if a device may do
 * DMA without a domain, or loses its domain while it does.) */
static void it_comes_back(void **state)
{
	u32 made = fake_threads_made();

	(void)state;
	fake_fault(threads[D_NVME], 15, 0x400000, 0);
	(void)root_turn(ROOT_BIT_FAULT);
	assert_int_equal(fake_iommu.domain_of[NVME], 0);
	assert_int_equal(fake_iommu.domain_of[AHCI], D_AHCI + 1);
	threads[D_NVME] = bench_await_thread(made);
	assert_int_equal(fake_iommu.domain_of[NVME], D_NVME + 1);
	assert_int_equal(args_of(D_NVME)->dma_bus, QUEUES);
}

/* A message that the IOMMU does not take is not set up: the driver polls. (fake_kernel.c ends the test if a line is
 * bound that an I/O APIC would send in its own format.) */
static void no_message(void **state)
{
	u32 made = fake_threads_made();

	(void)state;
	fake_devices[NVME].last_message = 0;
	fake_iommu.refuses_messages = true;
	fake_fault(threads[D_NVME], 15, 0x400000, 0);
	(void)root_turn(ROOT_BIT_FAULT);
	threads[D_NVME] = bench_await_thread(made);
	fake_iommu.refuses_messages = false;
	assert_int_equal(fake_devices[NVME].last_message, 0);
	assert_int_equal(args_of(D_NVME)->interrupts, DRIVER_IRQ_NONE);
}

static void refused_requests(void **state)
{
	struct request r = bench_make_request(REQ_DEVICES, "", 0);
	u64 next;

	(void)state;
	fake_iommu.fault_bdf = 0x20;
	fake_iommu.fault_count = 1000;
	while (fake_iommu.fault_count == 1000)		/* once a second */
		driver_dma_look(&next);
	assert_true(next != DEADLINE_NONE);
	assert_in_range(fake_iommu.fault_count, 1, 999);	/* a bound at one look */
	fake_iommu.fault_count = 0;
	bench_send(&r);
	bench_await_answer();
	assert_int_equal(bench_row_count, FUNCTION_COUNT);
	assert_in_range(bench_rows[NVME].pci.faults, 1, 999);
	assert_int_equal(bench_rows[AHCI].pci.faults, 0);
	assert_int_equal(bench_rows[NVME].pci.is_contained, 1);
	assert_int_equal(bench_rows[NVME].pci.group, NVME);
	assert_int_equal(bench_rows[BRIDGE].pci.group, BRIDGE);
}

/* Then the memory that was to be taken away is safe all the same: the device does nothing any more. */
static void it_does_not_obey(void **state)
{
	(void)state;
	driver_window_set(D_AHCI, 5, 0x12400000);
	fake_iommu.is_deaf = true;
	driver_window_set(D_AHCI, 5, 0);
	assert_false(fake_devices[AHCI].is_master);
	assert_true(fake_devices[NVME].is_master);
	fake_iommu.is_deaf = false;
}

static struct blk_link_shared *link_of(u32 d)
{
	return driver_dma_link_at(d, 0);
}

/* It counts as dead: what was behind it is stopped, is not tried again, and is told of so. The disks are lost, also
 * those of a driver that was down just then. */
static void it_is_dead(void **state)
{
	struct request r = bench_make_request(REQ_DEVICES, "", 0);

	(void)state;
	link_of(D_NVME)->state = link_of(D_AHCI)->state = BLK_UP;
	fake_fault(threads[D_NVME], 15, 0x400000, 0);
	bench_turns(ROOT_BIT_FAULT, 1);
	assert_int_equal(link_of(D_NVME)->state, BLK_DOWN);
	fake_iommu.is_deaf = fake_iommu.is_dead = true;
	bench_turns(0, 50);
	assert_int_equal(link_of(D_NVME)->state, BLK_LOST);
	assert_int_equal(link_of(D_AHCI)->state, BLK_LOST);
	assert_false(fake_devices[NVME].is_master || fake_devices[AHCI].is_master);
	assert_false(driver_is_wanted(D_NVME) || driver_is_wanted(D_AHCI));
	bench_send(&r);
	bench_await_answer();
	assert_int_equal(bench_rows[NVME].pci.state, DEVICE_GIVEN_UP);
	bench_ask(REQ_RESTART_SERVICE, driver_name(D_NVME), 0);
	bench_expect(ERR_SERVICE_DOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_memory), cmocka_unit_test(windows), cmocka_unit_test(it_comes_back),
		cmocka_unit_test(no_message), cmocka_unit_test(refused_requests), cmocka_unit_test(it_does_not_obey),
		cmocka_unit_test(it_is_dead),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
