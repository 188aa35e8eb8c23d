/* SPDX-License-Identifier: MIT */
/*
 * lapic_regs.c - the local APIC's registers: as MSRs in x2APIC mode, as a page in xAPIC mode.
 *
 * Both number them alike: register r is MSR 800h + r and page offset r << 4. What a guest writes in x2APIC mode is
 * judged strictly (reserved bits are #GP), in xAPIC mode it is masked.
 */
#include "lapic_parts.h"

enum {
	REG_ID = 0x02, REG_VERSION = 0x03, REG_TPR = 0x08, REG_APR = 0x09, REG_PPR = 0x0a, REG_EOI = 0x0b,
	REG_LDR = 0x0d, REG_DFR = 0x0e, REG_SVR = 0x0f, REG_ISR = 0x10, REG_TMR = 0x18, REG_IRR = 0x20, REG_ESR = 0x28,
	REG_ICR = 0x30, REG_ICR_HIGH = 0x31, REG_LVT = 0x32, REG_LVT_LAST = 0x37, REG_INITIAL_COUNT = 0x38,
	REG_CURRENT_COUNT = 0x39, REG_DIVIDE = 0x3e, REG_SELF_IPI = 0x3f,
};
_Static_assert(REG_EOI == 0x0b && REG_ICR == 0x30 && REG_ICR_HIGH == 0x31 && REG_SELF_IPI == 0x3f,
	       "lapic_write_kicks");
_Static_assert(LAPIC_MSR_FIRST + REG_EOI == LAPIC_MSR_EOI, "lapic.h");
_Static_assert(REG_LVT_LAST - REG_LVT + 1 == LVT_COUNT, "LVT registers are numbered as enum lapic_lvt");

/*
 * x2APIC: bits that may be set in a write, per register; the ICR's are of its low half. Delivery status (12) and remote
 * IRR (14) are read-only, not reserved: Linux writes them back.
 */
static const u32 x2apic_writable[0x40] = {
	[REG_TPR] = 0xff, [REG_EOI] = 0, [REG_SVR] = 0x1ff, [REG_ESR] = 0, [REG_ICR] = 0x000cdfff,
	[REG_LVT + LVT_TIMER] = 0x000710ff, [REG_LVT + LVT_THERMAL] = 0x000117ff, [REG_LVT + LVT_PERF] = 0x000117ff,
	[REG_LVT + LVT_LINT0] = 0x0001f7ff, [REG_LVT + LVT_LINT1] = 0x0001f7ff, [REG_LVT + LVT_ERROR] = 0x000110ff,
	[REG_INITIAL_COUNT] = 0xffffffff, [REG_DIVIDE] = 0xb, [REG_SELF_IPI] = 0xff,
};

static bool is_lvt(u32 reg)
{
	return reg >= REG_LVT && reg <= REG_LVT_LAST;
}

/* ---- Local vector table ---- */

static void write_lvt(struct lapic *l, enum lapic_lvt index, u32 value)
{
	static const u32 writable[LVT_COUNT] = {
		[LVT_TIMER] = 0x000700ff, [LVT_THERMAL] = 0x000107ff, [LVT_PERF] = 0x000107ff,
		[LVT_LINT0] = 0x0001a7ff, [LVT_LINT1] = 0x0001a7ff, [LVT_ERROR] = 0x000100ff,
	};
	u32 old = l->lvt[index];

	value &= writable[index];
	if (!(l->svr & SVR_ENABLE))
		value |= LVT_MASKED;
	l->lvt[index] = value;
	if (index == LVT_TIMER)
		lapic_timer_set_mode(l, old);
	if (index == LVT_LINT0 && LAPIC_PEEK(l->lint0) && lapic_takes_extint(l))
		l->bus->ops->kick(l->bus->ctx, l->index);
}

/* A software-disabled APIC has every LVT entry masked. */
static void write_svr(struct lapic *l, u32 value)
{
	LAPIC_PUBLISH(l->svr, value & (SVR_ENABLE | 0xff));
	if (value & SVR_ENABLE)
		return;
	for (u32 i = 0; i < LVT_COUNT; i++)
		l->lvt[i] |= LVT_MASKED;
}

/* ---- Access ---- */

/* Registers that both modes read alike; false: there is none. */
static bool read_common(struct lapic *l, u32 reg, u32 *value)
{
	if (reg >= REG_ISR && reg < REG_ESR) {
		const struct lapic_bits *bits = reg < REG_TMR ? &l->isr : reg < REG_IRR ? &l->tmr : &l->irr;

		lapic_collect(l);
		*value = bits->word[reg & 7];
		return true;
	}
	if (is_lvt(reg)) {
		*value = l->lvt[reg - REG_LVT];
		return true;
	}
	switch (reg) {
	case REG_VERSION:
		*value = APIC_VERSION;
		return true;
	case REG_TPR:
		*value = l->tpr;
		return true;
	case REG_PPR:
		*value = lapic_ppr(l);
		return true;
	case REG_LDR:
		*value = lapic_ldr(l);
		return true;
	case REG_SVR:
		*value = l->svr;
		return true;
	case REG_ESR:
		*value = l->esr;
		return true;
	case REG_INITIAL_COUNT:
		*value = l->initial_count;
		return true;
	case REG_CURRENT_COUNT:
		*value = lapic_timer_count(l);
		return true;
	case REG_DIVIDE:
		*value = l->divide;
		return true;
	default:
		return false;
	}
}

/* Registers that both modes write alike, with reserved bits already judged; false: there is none. */
static bool write_common(struct lapic *l, u32 reg, u32 value)
{
	if (is_lvt(reg)) {
		write_lvt(l, (enum lapic_lvt)(reg - REG_LVT), value);
		return true;
	}
	switch (reg) {
	case REG_TPR:
		LAPIC_PUBLISH(l->tpr, value & 0xff);
		return true;
	case REG_EOI:
		lapic_write_eoi(l);
		return true;
	case REG_SVR:
		write_svr(l, value);
		return true;
	case REG_ESR:
		l->esr = l->esr_pending;
		l->esr_pending = 0;
		return true;
	case REG_INITIAL_COUNT:
		lapic_timer_set_count(l, value);
		return true;
	case REG_DIVIDE:
		lapic_timer_set_divide(l, value);
		return true;
	default:
		return false;
	}
}

/* ---- x2APIC ---- */

bool lapic_msr_read(struct lapic *l, u32 msr, u64 *value)
{
	u32 reg = msr - LAPIC_MSR_FIRST, low;

	if (!lapic_is_x2apic(l))
		return false;
	switch (reg) {
	case REG_ID:
		*value = l->index;
		return true;
	case REG_ICR:
		*value = l->icr;
		return true;
	default:
		if (!read_common(l, reg, &low))
			return false;
		*value = low;
		return true;
	}
}

bool lapic_msr_write(struct lapic *l, u32 msr, u64 value)
{
	u32 reg = msr - LAPIC_MSR_FIRST;

	if (!lapic_is_x2apic(l) || reg >= ARRAY_COUNT(x2apic_writable))
		return false;
	if ((reg == REG_ICR ? (u32)value : value) & ~(u64)x2apic_writable[reg])
		return false;
	if (reg == REG_ICR) {
		lapic_write_icr(l, value);
		return true;
	}
	if (reg == REG_SELF_IPI) {
		/* Unlike an ICR write it leaves the ICR alone. */
		if (value < 16)
			lapic_error(l, ESR_SEND_VECTOR);
		else if (l->svr & SVR_ENABLE)
			lapic_raise(l, (u8)value, false);
		return true;
	}
	return write_common(l, reg, (u32)value);
}

/* ---- xAPIC ---- */

static u64 page_read(void *device, u64 offset, u32 size)
{
	struct lapic *l = device;
	u32 reg = (u32)(offset >> 4), value;

	if (size != 4 || (offset & 0xf) || offset >= LAPIC_BYTES)
		return ~0ull;
	switch (reg) {
	case REG_ID:
		return l->index << 24;
	case REG_APR:
		return 0;
	case REG_DFR:
		return l->dfr;
	case REG_ICR:
		return (u32)l->icr;
	case REG_ICR_HIGH:
		return l->icr >> 32;
	default:
		if (read_common(l, reg, &value))
			return value;
		lapic_error(l, ESR_REGISTER);
		return 0;
	}
}

static void page_write(void *device, u64 offset, u32 size, u64 value)
{
	struct lapic *l = device;
	u32 reg = (u32)(offset >> 4);

	if (size != 4 || (offset & 0xf) || offset >= LAPIC_BYTES)
		return;
	switch (reg) {
	case REG_ID:		/* ours: fixed */
		break;
	case REG_LDR:
		LAPIC_PUBLISH(l->ldr, (u32)value & 0xff000000);
		break;
	case REG_DFR:
		LAPIC_PUBLISH(l->dfr, (u32)value | 0x0fffffff);
		break;
	case REG_ICR:
		lapic_write_icr(l, (l->icr & ~0xffffffffull) | (value & x2apic_writable[REG_ICR]));
		break;
	case REG_ICR_HIGH:
		l->icr = (l->icr & 0xffffffff) | (value & 0xff000000) << 32;
		break;
	default:
		if (!write_common(l, reg, (u32)value))
			lapic_error(l, ESR_REGISTER);
		break;
	}
}

const struct region_ops lapic_region = { .read = page_read, .write = page_write };
