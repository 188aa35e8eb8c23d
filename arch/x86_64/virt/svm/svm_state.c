/* SPDX-License-Identifier: MIT */
/*
 * svm_state.c - register groups between the neutral vcpu page and the VMCB. Values to be loaded have been through
 * virt_filter.
 */
#include "quirks.h"
#include "svm.h"
#include "virt_bits.h"

/* Where each segment of the neutral order lives. */
static const u16 segment_offsets[SEG_COUNT] = {
	[SEG_ES] = offsetof(struct vmcb, es), [SEG_CS] = offsetof(struct vmcb, cs),
	[SEG_SS] = offsetof(struct vmcb, ss), [SEG_DS] = offsetof(struct vmcb, ds),
	[SEG_FS] = offsetof(struct vmcb, fs), [SEG_GS] = offsetof(struct vmcb, gs),
	[SEG_LDTR] = offsetof(struct vmcb, ldtr), [SEG_TR] = offsetof(struct vmcb, tr),
};

static struct vmcb_segment *segment_at(struct vmcb *v, u32 index)
{
	return (struct vmcb_segment *)(void *)((u8 *)v + segment_offsets[index]);
}

static void load_segment(struct vmcb_segment *to, const struct vcpu_segment *from)
{
	u32 access = from->access & ACCESS_UNUSABLE ? from->access & ~ACCESS_P : from->access;

	to->selector = from->selector;
	to->attributes = (u16)((access & 0xffu) | (access >> 4 & 0xf00u));
	to->limit = from->limit;
	to->base = from->base;
}

/*
 * G is derived from the limit and the accessed bit set: processors differ in what they keep of them, and the filter
 * wants one form.
 */
static void store_segment(struct vcpu_segment *to, const struct vmcb_segment *from, u32 index)
{
	u32 access = (from->attributes & 0xffu) | (from->attributes & 0xf00u) << 4;

	access &= ~ACCESS_G;
	if (from->limit > 0xfffffu)
		access |= ACCESS_G;
	if (!(access & ACCESS_P))
		access |= ACCESS_UNUSABLE;
	else if (index < SEG_LDTR)
		access |= ACCESS_TYPE_ACCESSED;
	to->base = from->base;
	to->limit = from->limit;
	to->access = access;
	to->selector = from->selector;
}

static void load_segments(struct vmcb *v, const struct vcpu_page *from)
{
	for (u32 i = 0; i < SEG_COUNT; i++)
		load_segment(segment_at(v, i), &from->seg[i]);
	v->cpl = (u8)((from->seg[SEG_SS].access & ACCESS_DPL) >> ACCESS_DPL_SHIFT);
	v->gdtr.base = from->gdtr.base;
	v->gdtr.limit = from->gdtr.limit;
	v->idtr.base = from->idtr.base;
	v->idtr.limit = from->idtr.limit;
}

static void store_segments(struct vmcb *v, struct vcpu_page *to)
{
	for (u32 i = 0; i < SEG_COUNT; i++)
		store_segment(&to->seg[i], segment_at(v, i), i);
	to->seg[SEG_SS].access = (to->seg[SEG_SS].access & ~ACCESS_DPL) | (u32)(v->cpl & 3u) << ACCESS_DPL_SHIFT;
	to->seg[SEG_TR].access |= 2;	/* busy: it is loaded */
	to->gdtr.base = v->gdtr.base;
	to->gdtr.limit = v->gdtr.limit & 0xffffu;
	to->idtr.base = v->idtr.base;
	to->idtr.limit = v->idtr.limit & 0xffffu;
}

static void load_gprs(struct vcpu_hw *hw, const struct vcpu_page *from)
{
	struct vmcb *v = hw->vmcb;
	bool is_nmi_blocked = (from->shadow & SHADOW_NMI) != 0;

	v->rax = from->gpr[GPR_RAX];
	v->rsp = from->gpr[GPR_RSP];
	v->rip = from->rip;
	v->rflags = from->rflags;
	v->int_control = (v->int_control & ~SVM_V_TPR) | from->cr8;
	v->int_state = from->shadow & (SHADOW_STI | SHADOW_MOVSS) ? SVM_INT_STATE_SHADOW : 0;
	if (is_nmi_blocked != ((hw->slow_entry & SLOW_NMI_BLOCKED) != 0))
		svm_event_block_nmi(hw, is_nmi_blocked);
}

#define FIELD(group, name) STATE_FIELD(group, name, offsetof(struct vmcb, name))
static const struct state_field fields[] = {
	FIELD(GROUP_CR, cr0), FIELD(GROUP_CR, cr2), FIELD(GROUP_CR, cr3),
	FIELD(GROUP_CR, pat), FIELD(GROUP_DR, dr6), FIELD(GROUP_DR, dr7),
	FIELD(GROUP_MSR, star), FIELD(GROUP_MSR, lstar), FIELD(GROUP_MSR, cstar), FIELD(GROUP_MSR, sfmask),
	FIELD(GROUP_MSR, kernel_gs_base), FIELD(GROUP_MSR, sysenter_cs), FIELD(GROUP_MSR, sysenter_esp),
	FIELD(GROUP_MSR, sysenter_eip), FIELD(GROUP_TIME, tsc_offset),
};

void svm_pass_drs(struct vcpu_hw *hw)
{
	struct svm_cpu *cpu = pcpu_self()->virt;

	dr_write_addresses(hw->dr);
	hw->vmcb->intercept_dr = 0;
	cpu->dr_owner = hw;
	pcpu_self()->has_guest_state = true;
}

void svm_reclaim_drs(struct vcpu_hw *hw)
{
	struct svm_cpu *cpu = pcpu_self()->virt;

	if (hw->vmcb->intercept_dr != 0)
		return;
	dr_read_addresses(hw->dr);
	hw->vmcb->intercept_dr = SVM_INTERCEPT_DR_ALL;
	cpu->dr_owner = NULL;
}

static void load_drs(struct vcpu_hw *hw, const struct vcpu_page *from)
{
	svm_reclaim_drs(hw);
	__builtin_memcpy(hw->dr, from->dr, sizeof(hw->dr));
	hw->slow_entry &= ~SLOW_ARMED;
	if (!svm_features.leaves_breakpoints)
		return;
	hw->armed_dr7 = quirk_tcg_armable_dr7(from);
	if (hw->armed_dr7 & DR7_ENABLES)
		hw->slow_entry |= SLOW_ARMED;
}

static void store_drs(struct vcpu_hw *hw, struct vcpu_page *to)
{
	svm_reclaim_drs(hw);
	__builtin_memcpy(to->dr, hw->dr, sizeof(to->dr));
}

void svm_load(struct vcpu_hw *hw, const struct vcpu_page *from, u32 groups)
{
	if (groups & GROUP_GPR)
		load_gprs(hw, from);
	if (!(groups & ~GROUP_GPR))
		return;
#pragma GCC unroll 32
	for (u32 i = 0; i < ARRAY_COUNT(fields); i++)
		if (groups & fields[i].group)
			*state_at(hw->vmcb, fields[i].hw) = *state_at(from, fields[i].page);
	if (groups & GROUP_SEG)
		load_segments(hw->vmcb, from);
	if (groups & GROUP_CR) {
		hw->vmcb->cr4 = from->cr4 | CR4_MCE;	/* the host's: or a machine check shuts the processor down */
		hw->vmcb->efer = from->efer | EFER_SVME;	/* VMRUN demands it; the guest never sees it */
		hw->asid_generation = 0;	/* as a MOV to them would, forget translations */
	}
	if (groups & GROUP_DR)
		load_drs(hw, from);
	if (groups & GROUP_MSR)
		hw->tsc_aux = from->tsc_aux;
}

void svm_store(struct vcpu_hw *hw, struct vcpu_page *to, u32 groups)
{
	if (groups & GROUP_GPR)
		svm_store_gprs(hw, to);
	if (!(groups & ~GROUP_GPR))
		return;
#pragma GCC unroll 32
	for (u32 i = 0; i < ARRAY_COUNT(fields); i++)
		if (groups & fields[i].group)
			*state_at(to, fields[i].page) = *state_at(hw->vmcb, fields[i].hw);
	if (groups & GROUP_SEG)
		store_segments(hw->vmcb, to);
	if (groups & GROUP_CR) {
		to->cr4 = hw->vmcb->cr4 & ~CR4_MCE;
		to->efer = hw->vmcb->efer & ~EFER_SVME;
	}
	if (groups & GROUP_DR)
		store_drs(hw, to);
	if (groups & GROUP_MSR)
		to->tsc_aux = hw->tsc_aux;
}
