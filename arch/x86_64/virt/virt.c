/* SPDX-License-Identifier: MIT */
/*
 * virt.c - what the two back ends have in common: the choice between them, the limits of this machine that the filter
 * goes by, the state of a vCPU after INIT, and which registers each exit reason brings along. No hardware exit number
 * here.
 */
#include "virt.h"
#include "arch.h"
#include "cpu_features.h"
#include "info_page.h"
#include "text.h"
#include "virt_bits.h"

const struct virt_ops *virt;
struct virt_limits virt_limits;

#define SEGMENT_REAL(sel, start, rights) { .selector = (sel), .base = (start), .limit = 0xffff, .access = (rights) }

const struct vcpu_page virt_init_state = {
	.rip = 0xfff0,
	.rflags = RFLAGS_ONE,
	.seg = {
		[SEG_ES] = SEGMENT_REAL(0, 0, 0x93),
		[SEG_CS] = SEGMENT_REAL(0xf000, 0xffff0000, 0x9b),
		[SEG_SS] = SEGMENT_REAL(0, 0, 0x93),
		[SEG_DS] = SEGMENT_REAL(0, 0, 0x93),
		[SEG_FS] = SEGMENT_REAL(0, 0, 0x93),
		[SEG_GS] = SEGMENT_REAL(0, 0, 0x93),
		[SEG_LDTR] = SEGMENT_REAL(0, 0, 0x82),
		[SEG_TR] = SEGMENT_REAL(0, 0, 0x8b),
	},
	.gdtr = { .limit = 0xffff },
	.idtr = { .limit = 0xffff },
	.cr0 = CR0_ET | CR0_NW | CR0_CD,
	.xcr0 = 1,
	.pat = 0x0007040600070406ull,
	.dr6 = DR6_FIXED,
	.dr7 = DR7_FIXED,
};

/*
 * What guests may set in CR4 where the processor has it. Never, because no guest's CPUID has them: MCE, LA57, VMXE,
 * SMXE, PCIDE and those above PKE.
 */
#define GUEST_CR4 (CR4_VME | CR4_PVI | CR4_DE | CR4_PSE | CR4_TSD | CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT | \
		   CR4_OSXSAVE | CR4_FSGSBASE | CR4_SMEP | CR4_SMAP | CR4_UMIP | CR4_PKE)

static void probe_limits(const struct info_page *info)
{
	struct cpuid extended = cpuid(0x80000001u, 0);

	virt_limits.physical_bits = cpu_features.physical_bits;
	virt_limits.linear_bits = 48;		/* without CR4.LA57 */
	virt_limits.cr0_fixed0 = CR0_ET;
	virt_limits.cr0_fixed1 = CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW |
		CR0_CD | CR0_PG;
	virt_limits.cr4_mask = CR4_PCE | (cpu_features.cr4_known & GUEST_CR4);
	virt_limits.efer_mask = EFER_SCE | EFER_LME | EFER_LMA | (extended.edx & BIT32(20) ? EFER_NXE : 0) |
				(extended.edx & BIT32(25) ? EFER_FFXSR : 0);
	virt_limits.xcr0_mask = info->xcr0_mask | 1;
}

void virt_note_feature(struct info_page *info, u32 feature, bool is_there)
{
	if (is_there)
		info->features_used |= BIT64(feature);
	else
		info->features_missing |= BIT64(feature);
}

void virt_note_reason(struct info_page *info, const char *reason)
{
	text_copy(info->virt_reason, sizeof(info->virt_reason), reason);
}

void virt_probe(struct info_page *info)
{
	static const struct virt_ops *const back_ends[] = { &svm_ops, &vmx_ops };

	probe_limits(info);
	virt_note_reason(info, "the processor has neither AMD SVM nor Intel VMX");
	for (u32 i = 0; i < ARRAY_COUNT(back_ends) && !virt; i++)
		if (back_ends[i]->probe(info))
			virt = back_ends[i];
	if (virt && virt->cpu_on() == ST_OK) {
		virt_note_reason(info, "");
		virt_note_feature(info, FEAT_PAGES_1G, virt_limits.s2_has_1g);
		info->virt = virt->kind;
	} else if (virt) {
		virt_note_reason(info, "it could not be switched on");
		virt = NULL;
	}
}

void virt_raise_gp(struct vcpu_entry *entry)
{
	entry->what |= ENTER_EVENTS;
	entry->event = (struct vcpu_event){
		.valid = 1, .type = EVENT_EXCEPTION, .vector = VECTOR_GP, .has_error = 1,
	};
}

const u8 virt_exit_groups[EXIT_REASON_COUNT] = {
	[EXIT_NONE] = EXIT_FOR_KERNEL,
	[EXIT_MEM] = EXIT_FOR_KERNEL,
	[EXIT_XSETBV] = GROUP_CR,
	[EXIT_DR] = GROUP_SEG | GROUP_CR | GROUP_DR,
	[EXIT_EXCEPTION] = GROUP_DR,
	[EXIT_INSN] = GROUP_SEG | GROUP_CR,
	[EXIT_SHUTDOWN] = GROUP_SEG | GROUP_CR,
	[EXIT_BAD_STATE] = GROUP_ALL & ~(GROUP_GPR | GROUP_TIME),
	[EXIT_NOMEM] = GROUP_SEG | GROUP_CR,
	[EXIT_CR] = GROUP_SEG | GROUP_CR,
};
