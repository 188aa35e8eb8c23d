/*
 * vmx_state.c - register groups between the neutral vcpu page and the VMCS. Values to be loaded have been through
 * virt_filter.
 */
#include "virt_bits.h"
#include "vmx.h"

static void load_gprs(struct vcpu_hw *hw, const struct vcpu_page *from)
{
	vmwrite(VMCS_GUEST_RFLAGS, from->rflags);
	vmwrite(VMCS_GUEST_RSP, from->gpr[GPR_RSP]);
	vmwrite(VMCS_GUEST_RIP, from->rip);
	vmx_set_interruptibility(hw, from->shadow);
	hw->tpr = from->cr8 << 4;
	hw->is_busy = true;
}

/* But what vmx_switch has stored. */
static void store_gprs(const struct vcpu_hw *hw, struct vcpu_page *to)
{
	to->gpr[GPR_RSP] = vmread(VMCS_GUEST_RSP);
	to->rip = vmread(VMCS_GUEST_RIP);
	to->rflags = vmread(VMCS_GUEST_RFLAGS);
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
	u32 i;

	for (i = 0; i < SEG_COUNT; i++) {
		vmwrite(field_of(VMCS_GUEST_ES_SELECTOR, i), from->seg[i].selector);
		vmwrite(field_of(VMCS_GUEST_ES_LIMIT, i), from->seg[i].limit);
		vmwrite(field_of(VMCS_GUEST_ES_ACCESS, i), from->seg[i].access);
		vmwrite(field_of(VMCS_GUEST_ES_BASE, i), from->seg[i].base);
	}
	vmwrite(VMCS_GUEST_GDTR_BASE, from->gdtr.base);
	vmwrite(VMCS_GUEST_GDTR_LIMIT, from->gdtr.limit);
	vmwrite(VMCS_GUEST_IDTR_BASE, from->idtr.base);
	vmwrite(VMCS_GUEST_IDTR_LIMIT, from->idtr.limit);
}

static void store_segments(struct vcpu_page *to)
{
	u32 i;

	for (i = 0; i < SEG_COUNT; i++) {
		to->seg[i].selector = (u16)vmread(field_of(VMCS_GUEST_ES_SELECTOR, i));
		to->seg[i].limit = (u32)vmread(field_of(VMCS_GUEST_ES_LIMIT, i));
		to->seg[i].access = (u32)vmread(field_of(VMCS_GUEST_ES_ACCESS, i));
		to->seg[i].base = vmread(field_of(VMCS_GUEST_ES_BASE, i));
	}
	to->gdtr.base = vmread(VMCS_GUEST_GDTR_BASE);
	to->gdtr.limit = (u32)vmread(VMCS_GUEST_GDTR_LIMIT);
	to->idtr.base = vmread(VMCS_GUEST_IDTR_BASE);
	to->idtr.limit = (u32)vmread(VMCS_GUEST_IDTR_LIMIT);
}

/* CR0.NE and VMX_CR4_FORCED are forced and hidden; the IA-32e control must follow EFER.LMA (26.3.1.1). */
static void load_crs(struct vcpu_hw *hw, const struct vcpu_page *from)
{
	vmwrite(VMCS_GUEST_CR0, (from->cr0 & ~VMX_CR0_MASK) | CR0_NE);
	vmwrite(VMCS_CR0_SHADOW, from->cr0);
	vmwrite(VMCS_GUEST_CR4, from->cr4 | VMX_CR4_FORCED);
	vmwrite(VMCS_CR4_SHADOW, from->cr4);
	vmwrite(VMCS_GUEST_CR3, from->cr3);
	vmwrite(VMCS_GUEST_EFER, from->efer);
	vmwrite(VMCS_GUEST_PAT, from->pat);
	vmwrite(VMCS_ENTRY_CONTROLS, vmx_controls.entry | (from->efer & EFER_LMA ? ENTRY_CONTROL_IA32E : 0));
	hw->cr2 = from->cr2;
	hw->chores |= CHORE_FLUSH;	/* as a MOV to them would, forget translations */
}

static void store_crs(const struct vcpu_hw *hw, struct vcpu_page *to)
{
	to->cr0 = (vmread(VMCS_GUEST_CR0) & ~VMX_CR0_MASK) | (vmread(VMCS_CR0_SHADOW) & VMX_CR0_MASK);
	to->cr3 = vmread(VMCS_GUEST_CR3);
	to->cr4 = vmread(VMCS_GUEST_CR4) & ~VMX_CR4_FORCED;
	to->efer = vmread(VMCS_GUEST_EFER);
	to->cr2 = hw->cr2;
	to->pat = vmread(VMCS_GUEST_PAT);
}

static void load_drs(struct vcpu_hw *hw, const struct vcpu_page *from)
{
	u32 i;

	vmx_reclaim_drs(hw);
	for (i = 0; i < 4; i++)
		hw->dr[i] = from->dr[i];
	hw->dr6 = from->dr6;
	hw->is_armed = (from->dr7 & DR7_ENABLES) != 0;
	vmwrite(VMCS_GUEST_DR7, from->dr7);
}

static void store_drs(struct vcpu_hw *hw, struct vcpu_page *to)
{
	u32 i;

	vmx_reclaim_drs(hw);
	for (i = 0; i < 4; i++)
		to->dr[i] = hw->dr[i];
	to->dr6 = hw->dr6;
	to->dr7 = vmread(VMCS_GUEST_DR7);
}

static void load_msrs(struct vcpu_hw *hw, const struct vcpu_page *from)
{
	hw->guest_msrs[AREA_STAR].value = from->star;
	hw->guest_msrs[AREA_LSTAR].value = from->lstar;
	hw->guest_msrs[AREA_CSTAR].value = from->cstar;
	hw->guest_msrs[AREA_SFMASK].value = from->sfmask;
	hw->guest_msrs[AREA_KERNEL_GS_BASE].value = from->kernel_gs_base;
	hw->guest_msrs[AREA_TSC_AUX].value = from->tsc_aux;
	vmwrite(VMCS_GUEST_SYSENTER_CS, from->sysenter_cs);
	vmwrite(VMCS_GUEST_SYSENTER_ESP, from->sysenter_esp);
	vmwrite(VMCS_GUEST_SYSENTER_EIP, from->sysenter_eip);
}

static void store_msrs(const struct vcpu_hw *hw, struct vcpu_page *to)
{
	to->star = hw->guest_msrs[AREA_STAR].value;
	to->lstar = hw->guest_msrs[AREA_LSTAR].value;
	to->cstar = hw->guest_msrs[AREA_CSTAR].value;
	to->sfmask = hw->guest_msrs[AREA_SFMASK].value;
	to->kernel_gs_base = hw->guest_msrs[AREA_KERNEL_GS_BASE].value;
	to->tsc_aux = hw->guest_msrs[AREA_TSC_AUX].value;
	to->sysenter_cs = vmread(VMCS_GUEST_SYSENTER_CS);
	to->sysenter_esp = vmread(VMCS_GUEST_SYSENTER_ESP);
	to->sysenter_eip = vmread(VMCS_GUEST_SYSENTER_EIP);
	to->spec_ctrl = 0;
}

void vmx_load(struct vcpu_hw *hw, const struct vcpu_page *from, u32 groups)
{
	vmx_make_current(hw);
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
	if (groups & GROUP_TIME)
		vmwrite(VMCS_TSC_OFFSET, from->tsc_offset);
}

void vmx_store(struct vcpu_hw *hw, struct vcpu_page *to, u32 groups)
{
	vmx_make_current(hw);
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
