/* SPDX-License-Identifier: MIT */
/*
 * pci_space.h - configuration spaces of some functions, for tests. A BAR answers a probe by its size; all else is
 * memory.
 */
#ifndef VOS_TEST_PCI_SPACE_H
#define VOS_TEST_PCI_SPACE_H

#include <string.h>

#include "pci_scan.h"

#define SPACE_FUNCTIONS 300u

struct space_function {
	u32 bdf;
	u32 words[PCI_CONFIG_BYTES / 4];
	u32 fixed[PCI_BARS];		/* bits of a BAR that can't be written */
};

struct pci_space {
	u32 count;
	u32 writes;
	bool decodes_while_probed;	/* a BAR was written while its function decoded it */
	struct space_function functions[SPACE_FUNCTIONS];
};

static inline struct space_function *space_find(struct pci_space *s, u32 bdf)
{
	for (u32 i = 0; i < s->count; i++)
		if (s->functions[i].bdf == bdf)
			return &s->functions[i];
	return NULL;
}

static inline u32 space_read(void *ctx, u32 bdf, u32 offset)
{
	struct space_function *f = space_find(ctx, bdf);

	return f != NULL && offset < PCI_CONFIG_BYTES && offset % 4 == 0 ? f->words[offset / 4] : ~0u;
}

static inline void space_write(void *ctx, u32 bdf, u32 offset, u32 value)
{
	struct pci_space *s = ctx;
	struct space_function *f = space_find(s, bdf);
	u32 bar = (offset - PCI_BAR) / 4;

	s->writes++;
	if (f == NULL || offset >= PCI_CONFIG_BYTES || offset % 4 != 0)
		return;
	if (offset >= PCI_BAR && bar < PCI_BARS) {
		s->decodes_while_probed |= (f->words[1] & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)) != 0;
		value = (value & ~f->fixed[bar]) | (f->words[offset / 4] & f->fixed[bar]);
	}
	if (offset == PCI_COMMAND)	/* status bits are cleared by ones */
		value = (value & PCI_COMMAND_WORD) | (f->words[1] & ~value & ~PCI_COMMAND_WORD);
	f->words[offset / 4] = value;
}

static inline struct space_function *space_add(struct pci_space *s, u32 bdf, u32 id, u32 class_revision)
{
	struct space_function *f = &s->functions[s->count++];

	memset(f, 0, sizeof(*f));
	f->bdf = bdf;
	f->words[0] = id;
	f->words[2] = class_revision;
	for (u32 i = 0; i < PCI_BARS; i++)
		f->fixed[i] = ~0u;	/* not there */
	return f;
}

/* value: with the flags in its low bits; bytes: a power of two. */
static inline void space_bar(struct space_function *f, u32 bar, u32 value, u32 bytes)
{
	f->words[PCI_BAR / 4 + bar] = value;
	f->fixed[bar] = bytes - 1;
}

#endif
