/* SPDX-License-Identifier: MIT */
/* links: arch */
/*
 * Whatever passes the filter must satisfy the rules the back ends rely on, and must pass again unchanged.
 */
#include <stdlib.h>
#include <string.h>

#include "virt.h"
#include "virt_bits.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static const struct virt_limits limits = {
	.cr0_fixed0 = CR0_ET, .cr0_fixed1 = 0xe005003f, .cr4_mask = 0x3507ff, .efer_mask = 0xd01, .xcr0_mask = 0x2e7,
	.physical_bits = 40, .linear_bits = 48,
};

static void must(bool is_so)
{
	if (!is_so)
		abort();
}

static void judge(struct vcpu_page *page, u32 groups)
{
	struct vcpu_page before;
	const char *why;

	if (!virt_filter(page, groups, &limits, &why))
		return;
	if (groups & GROUP_GPR)
		must((page->rflags & 2) && !(page->rflags >> 22) && page->cr8 < 16 && (page->shadow & 3) != 3);
	if (groups & GROUP_SEG)
		must((page->seg[SEG_CS].access & 0x10090) == 0x90 && (page->seg[SEG_TR].access & 0x1008b) >= 0x83 &&
		     page->gdtr.limit <= 0xffff);
	if (groups & GROUP_CR)
		must(!(page->cr0 >> 32) && !(page->cr3 >> 40) && !(page->cr4 & CR4_VMXE) &&
		     !(page->efer & EFER_SVME) && (page->xcr0 & 1));
	if (groups & GROUP_DR)
		must(!(page->dr6 >> 32) && !(page->dr7 >> 32));
	before = *page;
	must(virt_filter(page, groups, &limits, &why));
	must(memcmp(&before, page, sizeof(before)) == 0);
}

/* Bytes over a page of zeros or over one that passes, so that a few changed bytes get past the first check. */
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct vcpu_page page;
	struct vcpu_event event;
	size_t at, i;

	if (size < 4)
		return 0;
	memset(&page, 0, sizeof(page));
	if (data[0] & 0x80) {
		for (i = 0; i < SEG_COUNT; i++)
			page.seg[i] = (struct vcpu_segment){ .limit = 0xffff, .access = 0x93 };
		page.seg[SEG_CS].access = 0x9b;
		page.seg[SEG_LDTR].access = 0x82;
		page.seg[SEG_TR].access = 0x8b;
		page.xcr0 = 1;
	}
	at = (size_t)(data[1] | data[2] << 8) % sizeof(page);
	for (i = 3; i < size && at < sizeof(page); i++, at++)
		((u8 *)&page)[at] ^= data[i];
	judge(&page, data[0] & GROUP_ALL);
	event = page.event;
	if (virt_event_ok(&event) && event.valid)
		must(event.type <= EVENT_SOFT_EXCEPTION && event.valid == 1 &&
		     (event.type < EVENT_SOFT_INT || (event.insn_len >= 1 && event.insn_len <= 15)));
	return 0;
}
