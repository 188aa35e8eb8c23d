/* SPDX-License-Identifier: MIT */
/*
 * vmx_probe.c - is VMX complete enough, and which control bits does it take (SDM Vol. 3 appendix A)?
 *
 * Needed: EPT with four levels, unrestricted guest, MSR bitmaps, switching of EFER and PAT, CR3 moves without exits.
 * The rest is used if it is there.
 */
#include "info_page.h"
#include "quirks_vmx.h"
#include "virt_bits.h"
#include "vmx.h"

#define POLLS_PER_SECOND 1100u

struct vmx_controls vmx_controls;

/*
 * One control word: what must be set, what is optional, and the MSR that says what may be (low half: must be 1; high
 * half: may be 1).
 */
struct control_requirement {
	u32 msr;
	bool has_true;
	u32 needed, optional, unwanted;
	u32 *out;
};

static const struct control_requirement requirements[] = {
	{ MSR_VMX_PIN, true, PIN_EXTERNAL_INTERRUPT | PIN_NMI | PIN_VIRTUAL_NMIS, PIN_PREEMPTION_TIMER,
	  0, &vmx_controls.pin },
	{ MSR_VMX_PROC, true,
	  PROC_TSC_OFFSETTING | PROC_HLT | PROC_MWAIT | PROC_RDPMC | PROC_MOV_DR | PROC_UNCONDITIONAL_IO |
	  PROC_MSR_BITMAPS | PROC_MONITOR | PROC_SECONDARY,
	  PROC_TPR_SHADOW, PROC_CR3_LOAD | PROC_CR3_STORE, &vmx_controls.proc },
	{ MSR_VMX_PROC2, false, PROC2_EPT | PROC2_UNRESTRICTED | PROC2_WBINVD,
	  PROC2_RDTSCP | PROC2_VPID | PROC2_PAUSE_LOOP, 0, &vmx_controls.proc2 },
	{ MSR_VMX_EXIT, true,
	  EXIT_CONTROL_SAVE_DEBUG | EXIT_CONTROL_HOST_64 | EXIT_CONTROL_ACK_INTERRUPT | EXIT_CONTROL_SAVE_PAT |
	  EXIT_CONTROL_LOAD_PAT |
	  EXIT_CONTROL_SAVE_EFER | EXIT_CONTROL_LOAD_EFER, 0, 0, &vmx_controls.exit },
	{ MSR_VMX_ENTRY, true, ENTRY_CONTROL_LOAD_DEBUG | ENTRY_CONTROL_LOAD_PAT | ENTRY_CONTROL_LOAD_EFER, 0,
	  ENTRY_CONTROL_IA32E, &vmx_controls.entry },
};

static bool choose_control(const struct control_requirement *w, bool has_true_msrs)
{
	u64 may = rdmsr(w->msr + (has_true_msrs && w->has_true ? MSR_VMX_TRUE_OFFSET : 0));
	u32 must_be_1 = (u32)may, may_be_1 = (u32)(may >> 32);
	u32 value = (w->needed | (w->optional & may_be_1)) | must_be_1;

	if ((w->needed & ~may_be_1) || (w->unwanted & must_be_1))
		return false;
	*w->out = value;
	return true;
}

static bool choose_words(void)
{
	bool has_true_msrs = (rdmsr(MSR_VMX_BASIC) & VMX_BASIC_TRUE_CONTROLS) != 0;

	for (u32 i = 0; i < ARRAY_COUNT(requirements); i++)
		if (!choose_control(&requirements[i], has_true_msrs))
			return false;
	if (!(vmx_controls.proc & PROC_TPR_SHADOW))
		vmx_controls.proc |= PROC_CR8_LOAD | PROC_CR8_STORE;
	return true;
}

bool vmx_is_switched_on(void)
{
	u64 control = rdmsr(MSR_FEATURE_CONTROL);

	if (!(control & FEATURE_CONTROL_LOCKED)) {
		control |= FEATURE_CONTROL_LOCKED | FEATURE_CONTROL_VMX;
		wrmsr(MSR_FEATURE_CONTROL, control);
	}
	return (control & FEATURE_CONTROL_VMX) != 0;
}

/* A UART that interrupts at 4 received bytes overflows 1.1 ms later at 115200 baud. */
static void choose_timer(struct info_page *info)
{
	u32 shift = (u32)rdmsr(MSR_VMX_MISC) & 0x1fu;

	if (!(vmx_controls.pin & PIN_PREEMPTION_TIMER) || !quirk_bochs_needs_polls()) {
		vmx_controls.pin &= ~PIN_PREEMPTION_TIMER;
		return;
	}
	vmx_controls.timer_value = (u32)(info->tsc_hz / POLLS_PER_SECOND >> shift) + 1;
	info->features_used |= BIT64(FEAT_PREEMPTION_TIMER);
}

static bool choose_ept(void)
{
	static const u64 needed = EPT_CAP_4_LEVELS | EPT_CAP_WRITE_BACK | EPT_CAP_2M | EPT_CAP_INVEPT;
	u64 caps = rdmsr(MSR_VMX_EPT_VPID);

	if ((caps & needed) != needed || !(caps & (EPT_CAP_INVEPT_SINGLE | EPT_CAP_INVEPT_ALL)))
		return false;
	vmx_controls.invept_single = (caps & EPT_CAP_INVEPT_SINGLE) != 0;
	virt_limits.s2_has_1g = (caps & EPT_CAP_1G) != 0;
	return true;
}

bool vmx_choose_controls(struct info_page *info)
{
	if (!choose_words() || !choose_ept())
		return false;
	choose_timer(info);
	return true;
}
