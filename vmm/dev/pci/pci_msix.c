/* SPDX-License-Identifier: MIT */
/*
 * pci_msix.c - MSI-X: each write that may unmask a vector sends what is pending for it (6.8.2.9, 6.8.3.4).
 */
#include "pci_msix.h"

#include "range.h"

#include <linux/pci_regs.h>

enum { WORD_ADDRESS, WORD_UPPER, WORD_DATA, WORD_CONTROL };

static u32 flags_of(const struct pci_msix *x)
{
	return pci_get_u16(x->function->config + x->capability + PCI_MSIX_FLAGS);
}

bool pci_msix_is_enabled(const struct pci_msix *x)
{
	return flags_of(x) & PCI_MSIX_FLAGS_ENABLE;
}

static bool is_masked(const struct pci_msix *x, u32 vector)
{
	return (flags_of(x) & PCI_MSIX_FLAGS_MASKALL) ||
	       (x->entry[vector].word[WORD_CONTROL] & PCI_MSIX_ENTRY_CTRL_MASKBIT);
}

static void send(struct pci_msix *x, u32 vector)
{
	const u32 *word = x->entry[vector].word;

	x->pending &= ~BIT32(vector);
	pci_function_send(x->function, word[WORD_ADDRESS] | (u64)word[WORD_UPPER] << 32, word[WORD_DATA]);
}

void pci_msix_raise(struct pci_msix *x, u32 vector)
{
	if (vector >= x->count || !pci_msix_is_enabled(x))
		return;
	if (is_masked(x, vector))
		x->pending |= BIT32(vector);
	else
		send(x, vector);
}

static void send_pending(struct pci_msix *x)
{
	u32 pending = pci_msix_is_enabled(x) ? x->pending : 0;

	for (u32 i = 0; pending >> i; i++)
		if ((pending & BIT32(i)) && !is_masked(x, i))
			send(x, i);
}

void pci_msix_written(struct pci_msix *x, u32 offset, u32 size)
{
	u32 flags = x->capability + PCI_MSIX_FLAGS;

	if (offset <= flags + 1 && flags < offset + size && x->pending)
		send_pending(x);
}

u64 pci_msix_table_read(const struct pci_msix *x, u64 offset, u32 size)
{
	u32 index = (u32)(offset / 4);
	u64 value;

	if ((size != 4 && size != 8) || !aligned_ok(offset, size) || !range_ok(offset, size, x->count * 16ull))
		return ~0ull;
	value = x->entry[index / 4].word[index % 4];
	return size == 8 ? value | (u64)x->entry[index / 4].word[index % 4 + 1] << 32 : value;
}

static void write_word(struct pci_msix *x, u32 index, u32 value)
{
	static const u32 writable[] = { ~3u, ~0u, ~0u, PCI_MSIX_ENTRY_CTRL_MASKBIT };

	x->entry[index / 4].word[index % 4] = value & writable[index % 4];
}

void pci_msix_table_write(struct pci_msix *x, u64 offset, u32 size, u64 value)
{
	if ((size != 4 && size != 8) || !aligned_ok(offset, size) || !range_ok(offset, size, x->count * 16ull))
		return;
	write_word(x, (u32)(offset / 4), (u32)value);
	if (size == 8)
		write_word(x, (u32)(offset / 4) + 1, (u32)(value >> 32));
	if (x->pending)
		send_pending(x);
}

u64 pci_msix_pba_read(const struct pci_msix *x, u64 offset, u32 size)
{
	if ((size != 4 && size != 8) || !aligned_ok(offset, size) || !range_ok(offset, size, PCI_MSIX_PBA_BYTES))
		return ~0ull;
	return offset ? 0 : x->pending;
}

void pci_msix_reset(struct pci_msix *x)
{
	x->pending = 0;
	for (u32 i = 0; i < x->count; i++)
		x->entry[i] = (struct pci_msix_entry){ .word = { [WORD_CONTROL] = PCI_MSIX_ENTRY_CTRL_MASKBIT } };
}

bool pci_msix_init(struct pci_msix *x, struct pci_function *f, u32 count, u32 bar, u32 table, u32 pba)
{
	u32 at = pci_function_add_capability(f, PCI_CAP_ID_MSIX, PCI_CAP_MSIX_SIZEOF);

	if (!at)
		return false;
	*x = (struct pci_msix){ .function = f, .count = count, .capability = at };
	pci_msix_reset(x);
	pci_put_u16(f->config + at + PCI_MSIX_FLAGS, (u16)(count - 1));
	pci_put_u16(f->writable + at + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	pci_put_u32(f->config + at + PCI_MSIX_TABLE, table | bar);
	pci_put_u32(f->config + at + PCI_MSIX_PBA, pba | bar);
	return true;
}
