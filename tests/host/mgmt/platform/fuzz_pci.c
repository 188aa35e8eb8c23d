/* SPDX-License-Identifier: MIT */
/*
 * A function whose configuration space is arbitrary: what is said of it is in range, and its space is as it was.
 */
/* links: root */
#include <stdlib.h>

#include "pci_space.h"
#include "range.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check_bar(const struct pci_bar *bar)
{
	u64 limit = bar->kind == PCI_BAR_IO ? 0x10000 : 1ull << 52;

	if (bar->kind == PCI_BAR_NONE)
		return;
	if (bar->bytes == 0 || (bar->bytes & (bar->bytes - 1)) != 0 || bar->address == 0 ||
	    !range_ok(bar->address, bar->bytes, limit))
		abort();
}

static void check(const struct pci_function *f)
{
	for (u32 i = 0; i < PCI_CAP_COUNT; i++)
		if (f->caps[i] != 0 && (f->caps[i] < 0x40 || f->caps[i] % 4 != 0))
			abort();
	for (u32 i = 0; i < PCI_BARS; i++) {
		u64 bytes, first = pci_msix_pages(f, i, &bytes);

		check_bar(&f->bars[i]);
		if (bytes != 0 && (f->bars[i].kind != PCI_BAR_MEMORY || (first | bytes) % PAGE_SIZE != 0 ||
				   first >= f->bars[i].bytes))
			abort();
	}
	if (f->irq_pin > 4)
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct pci_table table;
	struct pci_space space = { 0 };
	const struct pci_access access = { space_read, space_write, &space };
	struct space_function *f = space_add(&space, 0, 0x00011234, 0);
	u32 before[PCI_CONFIG_BYTES / 4];

	if (size > sizeof(f->fixed)) {
		memcpy(f->fixed, data, sizeof(f->fixed));
		data += sizeof(f->fixed);
		size -= sizeof(f->fixed);
		memcpy(f->words + 1, data, size < sizeof(f->words) - 4 ? size : sizeof(f->words) - 4);
	}
	memcpy(before, f->words, sizeof(before));
	pci_scan(&access, 0, 0, &table);
	if (table.count > 8)
		abort();
	for (u32 i = 0; i < table.count; i++) {
		pci_size_bars(&access, &table.functions[i]);
		check(&table.functions[i]);
	}
	if (space.decodes_while_probed || memcmp(before, f->words, sizeof(before)) != 0)
		abort();
	return 0;
}
