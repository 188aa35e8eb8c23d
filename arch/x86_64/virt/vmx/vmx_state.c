/* SPDX-License-Identifier: MIT */
/*
 * vmx_state.c - register groups between the neutral vcpu page and the VMCS. Values to be loaded have been through
 * virt_filter.
 */
#include "virt_bits.h"
#include "vmx.h"

static void load_gprs(struct vcpu_hw *hw, const struct vcpu_page *from)
{
	vmx_set_interruptibility(hw, from->shadow);
	hw->tpr = from->cr8 << 4;
	hw->slow_entry = true;
}

/* But what vmx_switch has stored. */
static void store_gprs(const struct vcpu_hw *hw, struct vcpu_page *to)
{
	to->cr8 = hw->tpr >> 4;
	to->shadow = hw->interruptibility & (BLOCKING_STI | BLOCKING_MOVSS | BLOCKING_NMI);
}

/* The fields of the eight segments are two apart, in the neutral order. */
static enum vmcs_field field_of(enum vmcs_field es_field, u32 index)
{
	return (enum vmcs_field)(es_field + 2 * index);
}

static void load_segments(const struct vcpu_page *from)
{
	for (u32 i = 0; i < SEG_COUNT; i++) {
		vmwrite(field_of(VMCS_GUEST_ES_SELECTOR, i), from->seg[i].selector);
		vmwrite(field_of(VMCS_GUEST_ES_LIMIT, i), from->seg[i].limit);
		vmwrite(field_of(VMCS_GUEST_ES_ACCESS, i), from->seg[i].access);
		vmwrite(field_of(VMCS_GUEST_ES_BASE, i), from->seg[i].base);
	}
	vmwrite(VMCS_GUEST_GDTR_LIMIT, from->gdtr.limit);
	vmwrite(VMCS_GUEST_IDTR_LIMIT, from->idtr.limit);
}

static void store_segments(struct vcpu_page *to)
{
	for (u32 i = 0; i < SEG_COUNT; i++) {
		to->seg[i].selector = (u16)vmread(field_of(VMCS_GUEST_ES_SELECTOR, i));
		to->seg[i].limit = (u32)vmread(field_of(VMCS_GUEST_ES_LIMIT, i));
		to->seg[i].access = (u32)vmread(field_of(VMCS_GUEST_ES_ACCESS, i));
		to->seg[i].base = vmread(field_of(VMCS_GUEST_ES_BASE, i));
	}
	to->gdtr.limit = (u32)vmread(VMCS_GUEST_GDTR_LIMIT);
	to->idtr.limit = (u32)vmread(VMCS_GUEST_IDTR_LIMIT);
}

/* CR0.NE and VMX_CR4_FORCED are forced and hidden; the IA-32e control must follow EFER.LMA (26.3.1.1). */
static void load_crs(struct vcpu_hw *hw, const struct vcpu_page *from)
{
	vmwrite(VMCS_GUEST_CR0, (from->cr0 & ~VMX_CR0_MASK) | CR0_NE);
	vmwrite(VMCS_CR0_SHADOW, from->cr0);
	vmwrite(VMCS_GUEST_CR4, from->cr4 | VMX_CR4_FORCED);
	vmwrite(VMCS_CR4_SHADOW, from->cr4);
	vmwrite(VMCS_ENTRY_CONTROLS, vmx_controls.entry | (from->efer & EFER_LMA ? ENTRY_CONTROL_IA32E : 0));
	hw->cr2 = from->cr2;
	hw->pending_work |= WORK_FLUSH;	/* as a MOV to them would, forget translations */
}

static void store_crs(const struct vcpu_hw *hw, struct vcpu_page *to)
{
	to->cr0 = (vmread(VMCS_GUEST_CR0) & ~VMX_CR0_MASK) | (vmread(VMCS_CR0_SHADOW) & VMX_CR0_MASK);
	to->cr4 = vmread(VMCS_GUEST_CR4) & ~VMX_CR4_FORCED;
	to->cr2 = hw->cr2;
}

void vmx_pass_drs(struct vcpu_hw *hw)
{
	dr_write_addresses(hw->dr);
	dr6_write(hw->dr6);
	hw->has_drs = true;
	vmx_set_proc_controls(hw);
	pcpu_self()->has_guest_state = true;
}

void vmx_reclaim_drs(struct vcpu_hw *hw)
{
	if (!hw->has_drs)
		return;
	dr_read_addresses(hw->dr);
	hw->dr6 = dr6_read();
	hw->is_armed = (vmread(VMCS_GUEST_DR7) & DR7_ENABLES) != 0;
	hw->has_drs = false;
	vmx_set_proc_controls(hw);
}

static void load_drs(struct vcpu_hw *hw, const struct vcpu_page *from)
{
	vmx_reclaim_drs(hw);
	__builtin_memcpy(hw->dr, from->dr, sizeof(hw->dr));
	hw->dr6 = from->dr6;
	hw->is_armed = (from->dr7 & DR7_ENABLES) != 0;
}

static void store_drs(struct vcpu_hw *hw, struct vcpu_page *to)
{
	vmx_reclaim_drs(hw);
	__builtin_memcpy(to->dr, hw->dr, sizeof(to->dr));
	to->dr6 = hw->dr6;
}

/* Those of the MSR area are in the order of the page. */
#define AREA_IS(name, index) \
	_Static_assert(offsetof(struct vcpu_page, name) == \
		       offsetof(struct vcpu_page, star) + (index) * sizeof(u64), #index)
AREA_IS(lstar, AREA_LSTAR);
AREA_IS(cstar, AREA_CSTAR);
AREA_IS(sfmask, AREA_SFMASK);
AREA_IS(kernel_gs_base, AREA_KERNEL_GS_BASE);

static void load_msrs(struct vcpu_hw *hw, const struct vcpu_page *from)
{
	for (u32 i = 0; i < AREA_TSC_AUX; i++)
		hw->guest_msrs[i].value = *state_at(&from->star, i * sizeof(u64));
	hw->guest_msrs[AREA_TSC_AUX].value = from->tsc_aux;
}

static void store_msrs(const struct vcpu_hw *hw, struct vcpu_page *to)
{
	for (u32 i = 0; i < AREA_TSC_AUX; i++)
		*state_at(&to->star, i * sizeof(u64)) = hw->guest_msrs[i].value;
	to->tsc_aux = hw->guest_msrs[AREA_TSC_AUX].value;
}

static const struct state_field fields[] = {
	STATE_FIELD(GROUP_GPR, rflags, VMCS_GUEST_RFLAGS), STATE_FIELD(GROUP_GPR, rip, VMCS_GUEST_RIP),
	STATE_FIELD(GROUP_GPR, gpr[GPR_RSP], VMCS_GUEST_RSP),
	STATE_FIELD(GROUP_SEG, gdtr.base, VMCS_GUEST_GDTR_BASE),
	STATE_FIELD(GROUP_SEG, idtr.base, VMCS_GUEST_IDTR_BASE),
	STATE_FIELD(GROUP_CR, cr3, VMCS_GUEST_CR3), STATE_FIELD(GROUP_CR, efer, VMCS_GUEST_EFER),
	STATE_FIELD(GROUP_CR, pat, VMCS_GUEST_PAT), STATE_FIELD(GROUP_DR, dr7, VMCS_GUEST_DR7),
	STATE_FIELD(GROUP_MSR, sysenter_cs, VMCS_GUEST_SYSENTER_CS),
	STATE_FIELD(GROUP_MSR, sysenter_esp, VMCS_GUEST_SYSENTER_ESP),
	STATE_FIELD(GROUP_MSR, sysenter_eip, VMCS_GUEST_SYSENTER_EIP),
	STATE_FIELD(GROUP_TIME, tsc_offset, VMCS_TSC_OFFSET),
};

void vmx_load(struct vcpu_hw *hw, const struct vcpu_page *from, u32 groups)
{
	vmx_make_current(hw);
#pragma GCC unroll 32
	for (u32 i = 0; i < ARRAY_COUNT(fields); i++)
		if (groups & fields[i].group)
			vmwrite(fields[i].hw, *state_at(from, fields[i].page));
	if (groups & GROUP_GPR)
		load_gprs(hw, from);
	if (groups & GROUP_SEG)
		load_segments(from);
	if (groups & GROUP_CR)
		load_crs(hw, from);
	if (groups & GROUP_DR)
		load_drs(hw, from);
	if (groups & GROUP_MSR)
		load_msrs(hw, from);
}

void vmx_store(struct vcpu_hw *hw, struct vcpu_page *to, u32 groups)
{
	vmx_make_current(hw);
#pragma GCC unroll 32
	for (u32 i = 0; i < ARRAY_COUNT(fields); i++)
		if (groups & fields[i].group)
			*state_at(to, fields[i].page) = vmread(fields[i].hw);
	if (groups & GROUP_GPR)
		store_gprs(hw, to);
	if (groups & GROUP_SEG)
		store_segments(to);
	if (groups & GROUP_CR)
		store_crs(hw, to);
	if (groups & GROUP_DR)
		store_drs(hw, to);
	if (groups & GROUP_MSR)
		store_msrs(hw, to);
}
