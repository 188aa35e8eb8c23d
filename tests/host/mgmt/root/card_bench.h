/* SPDX-License-Identifier: MIT */
/*
 * card_bench.h - a machine with a network card, nic0.
 */
#ifndef VOS_CARD_BENCH_H
#define VOS_CARD_BENCH_H

#include "networks_bench.h"

static u64 h_card;		/* the thread of nic0's driver */

/* Group set-up: as bench_boot. */
static inline int boot_with_card(void **state)
{
	static const char *const programs[] = { "switch", "e1000", NULL };
	int rc;

	fake_pci.functions[0] = (struct pci_function){
		.bdf = 0x50, .vendor = 0x8086, .device = 0x10d3, .class_code = 0x020000,
		.bars = { { .address = 0xfe060000, .bytes = 0x20000, .kind = PCI_BAR_MEMORY } },
		.irq_pin = 1, .irq_line = 10,
	};
	fake_pci.count = 1;
	bench_programs = programs;
	rc = bench_boot(state);
	h_card = fake_thread_nth(fake_threads_made() - 1);
	return rc;
}

#endif
