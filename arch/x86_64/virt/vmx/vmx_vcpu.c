/* SPDX-License-Identifier: MIT */
/*
 * vmx_vcpu.c - the parts of a VMCS that do not change from run to run: controls, and the host's state of the pCPU
 * (SDM Vol. 3 24.5 - 24.8).
 */
#include <string.h>

#include "virt_bits.h"
#include "vmx.h"

extern const u8 vmx_exit_point[];

/*
 * All MSRs exit but those whose guest value the hardware holds while the guest runs: VMCS fields and MSR areas switch
 * them.
 */
static u8 msr_bitmap[PAGE_SIZE] __attribute__((aligned(4096)));

static const u32 open_msrs[] = {
	MSR_SYSENTER_CS, MSR_SYSENTER_ESP, MSR_SYSENTER_EIP, MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SFMASK,
	MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE,
};

static const u32 area_msrs[AREA_COUNT] = {
	[AREA_STAR] = MSR_STAR, [AREA_LSTAR] = MSR_LSTAR, [AREA_CSTAR] = MSR_CSTAR, [AREA_SFMASK] = MSR_SFMASK,
	[AREA_KERNEL_GS_BASE] = MSR_KERNEL_GS_BASE, [AREA_TSC_AUX] = MSR_TSC_AUX,
};

/*
 * The same on all pCPUs: SYSCALL's, and KERNEL_GS_BASE = 0 while in ring 0; and TSC_AUX, which ring 3 could read: a
 * guest's is not for other VMs.
 */
static const enum vmx_area_msr host_area[] = {
	AREA_STAR, AREA_LSTAR, AREA_SFMASK, AREA_KERNEL_GS_BASE, AREA_TSC_AUX,
};
static struct vmx_msr host_msrs[ARRAY_COUNT(host_area)] __attribute__((aligned(16)));

/* Reads of 0.., reads of 0xc0000000.., then writes of both: 1 KiB each (24.6.9). */
static void init_bitmap(void)
{
	memset(msr_bitmap, 0xff, sizeof(msr_bitmap));
	for (u32 i = 0; i < ARRAY_COUNT(open_msrs); i++) {
		u32 bit = (open_msrs[i] & 0x1fffu) + (open_msrs[i] >= 0xc0000000u ? 0x400u * 8 : 0);
		u8 mask = (u8)~(1u << (bit & 7u));

		msr_bitmap[bit / 8] &= mask;
		msr_bitmap[bit / 8 + 0x800u] &= mask;
	}
}

void vmx_init_shared(void)
{
	init_bitmap();
	for (u32 i = 0; i < ARRAY_COUNT(host_area); i++)
		host_msrs[i].index = area_msrs[host_area[i]];
	for (u32 i = 0; i < ARRAY_COUNT(host_area) - 1; i++)
		host_msrs[i].value = rdmsr(host_msrs[i].index);
}

static void init_areas(struct vcpu_hw *hw)
{
	u32 last = vmx_controls.proc2 & PROC2_RDTSCP ? 0 : 1;	/* TSC_AUX may not be there */

	for (u32 i = 0; i < AREA_COUNT; i++)
		hw->guest_msrs[i].index = area_msrs[i];
	vmwrite(VMCS_ENTRY_MSR_LOAD, direct_hpa(hw->guest_msrs).raw);
	vmwrite(VMCS_ENTRY_MSR_LOAD_COUNT, AREA_COUNT - last);
	vmwrite(VMCS_EXIT_MSR_STORE, direct_hpa(hw->guest_msrs).raw);
	vmwrite(VMCS_EXIT_MSR_STORE_COUNT, AREA_STORED);
	vmwrite(VMCS_EXIT_MSR_LOAD, arch_image_hpa(host_msrs).raw);
	vmwrite(VMCS_EXIT_MSR_LOAD_COUNT, ARRAY_COUNT(host_msrs) - last);
}

/* Which a VMCLEAR leaves as they were. */
static const u16 zero_fields[] = {
	VMCS_PF_MASK, VMCS_PF_MATCH, VMCS_CR3_TARGET_COUNT, VMCS_ENTRY_EVENT, VMCS_TPR_THRESHOLD, VMCS_GUEST_DEBUGCTL,
	VMCS_GUEST_PENDING_DEBUG, VMCS_GUEST_ACTIVITY, VMCS_GUEST_INTERRUPTIBILITY, VMCS_HOST_DS_SELECTOR,
	VMCS_HOST_ES_SELECTOR, VMCS_HOST_FS_SELECTOR, VMCS_HOST_GS_SELECTOR, VMCS_HOST_SYSENTER_CS,
	VMCS_HOST_SYSENTER_ESP, VMCS_HOST_SYSENTER_EIP,
};

/*
 * Translations are tagged with the VPID and the second-level table: vCPUs that share a table need different VPIDs,
 * others don't. The first entry on a pCPU forgets what an earlier table left under these tags (28.3).
 */
void vmx_init_guest_part(struct vcpu_hw *hw, hpa_t s2_root, u32 index)
{
	if (vmx_controls.proc2 & PROC2_VPID)
		vmwrite(VMCS_VPID, index + 1);		/* 0 is the host's */
	if (vmx_controls.proc2 & PROC2_PAUSE_LOOP) {
		vmwrite(VMCS_PLE_GAP, PAUSE_GAP);
		vmwrite(VMCS_PLE_WINDOW, PAUSE_WINDOW);
	}
	vmx_set_timed(hw, false);
	if (vmx_controls.timer_value)
		vmwrite(VMCS_PREEMPTION_TIMER, vmx_controls.timer_value);	/* each entry starts it from here */
	vmwrite(VMCS_PROC_CONTROLS, vmx_controls.proc);
	vmwrite(VMCS_PROC2_CONTROLS, vmx_controls.proc2);
	vmwrite(VMCS_EXIT_CONTROLS, vmx_controls.exit);
	vmwrite(VMCS_EXCEPTION_BITMAP, BIT32(VECTOR_DB) | BIT32(VECTOR_AC) | BIT32(VECTOR_MC));
	vmwrite(VMCS_MSR_BITMAP, arch_image_hpa(msr_bitmap).raw);
	vmwrite(VMCS_VIRTUAL_APIC, direct_hpa(hw).raw);
	hw->ept_pointer = s2_root.raw | EPT_POINTER_WB_4_LEVELS;
	vmwrite(VMCS_EPT_POINTER, hw->ept_pointer);
	vmwrite(VMCS_CR0_MASK, VMX_CR0_MASK);
	vmwrite(VMCS_CR4_MASK, ~virt_limits.cr4_mask);
	vmwrite(VMCS_LINK_POINTER, ~0ull);
	for (u32 i = 0; i < ARRAY_COUNT(zero_fields); i++)
		vmwrite(zero_fields[i], 0);
	init_areas(hw);
}

/*
 * CR0.TS is always set in ring 0 while a guest's extended state is in the registers (arch_fpu_park), so it is part of
 * the constant host state. So is the address space, that of the thread that the vCPU is bound to.
 */
void vmx_init_host_part(struct vcpu_hw *hw)
{
	struct vmx_cpu *cpu = pcpu_self()->virt;

	hw->host_gdtr = cpu->gdtr;
	vmwrite(VMCS_HOST_CR0, cr0_read() | CR0_TS);
	vmwrite(VMCS_HOST_CR3, cr3_read());
	vmwrite(VMCS_HOST_CR4, cr4_read());
	vmwrite(VMCS_HOST_CS_SELECTOR, SEL_KERNEL_CODE);
	vmwrite(VMCS_HOST_SS_SELECTOR, SEL_KERNEL_DATA);
	vmwrite(VMCS_HOST_TR_SELECTOR, SEL_TSS);
	vmwrite(VMCS_HOST_GS_BASE, (u64)pcpu_self());
	vmwrite(VMCS_HOST_TR_BASE, cpu->tss_base);
	vmwrite(VMCS_HOST_GDTR_BASE, cpu->gdtr.base);
	vmwrite(VMCS_HOST_IDTR_BASE, cpu->idtr.base);
	vmwrite(VMCS_HOST_EFER, rdmsr(MSR_EFER));
	vmwrite(VMCS_HOST_PAT, rdmsr(MSR_PAT));
	vmwrite(VMCS_HOST_RIP, (u64)vmx_exit_point);
}
