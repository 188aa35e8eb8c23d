/* SPDX-License-Identifier: MIT */
/*
 * emulate_address.c - from segment and offset to a linear address, with the checks of the processor's mode (SDM Vol. 3
 * chapter 5).
 */
#include "emulate_operand.h"

/* Limit check of a segment outside 64-bit mode. Expand-down: valid offsets lie above the limit. */
static bool limit_ok(const struct vcpu_segment *s, u64 offset, u32 size)
{
	u64 last = offset + size - 1;
	u64 top = s->access & ACCESS_DB ? 0xffffffffull : 0xffffull;

	if ((s->access & (ACCESS_CODE | ACCESS_EXPAND_DOWN)) == ACCESS_EXPAND_DOWN)
		return offset > s->limit && last <= top;
	return last <= s->limit;
}

static bool segment_fault(struct emulate *e, u32 seg)
{
	return fail(e, (struct fault){ .vector = seg == SEG_SS ? VECTOR_SS : VECTOR_GP, .has_error = 1 });
}

bool emulate_linear(struct emulate *e, u32 seg, u64 offset, u32 size, bool is_write, u64 *linear)
{
	const struct vcpu_page *page = e->page;
	const struct vcpu_segment *s = &page->seg[seg];

	if (x86_mode(page) == MODE_64) {
		*linear = offset + (seg == SEG_FS || seg == SEG_GS ? s->base : 0);
		if (!x86_canonical(*linear, page->cr4) || !x86_canonical(*linear + size - 1, page->cr4))
			return segment_fault(e, seg);
		return true;
	}
	if (page->cr0 & CR0_PE && !(page->rflags & RFLAGS_VM)) {
		if ((s->access & ACCESS_UNUSABLE) || !(s->access & ACCESS_PRESENT))
			return segment_fault(e, seg);
		if (is_write && ((s->access & ACCESS_CODE) || !(s->access & ACCESS_WRITABLE)))
			return segment_fault(e, seg);
		if (!is_write && (s->access & ACCESS_CODE) && !(s->access & ACCESS_WRITABLE))
			return segment_fault(e, seg);
	}
	if (!limit_ok(s, offset, size))
		return segment_fault(e, seg);
	*linear = (u32)(s->base + offset);
	return true;
}
