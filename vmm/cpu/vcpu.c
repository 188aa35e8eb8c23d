/* SPDX-License-Identifier: MIT */
/*
 * vcpu.c - the state of a vCPU at power on, after INIT and after a startup IPI.
 */
#include "vcpu.h"

#include <string.h>

#include "machine.h"

static void reset_segments(struct vcpu_page *page)
{
	for (u32 i = SEG_ES; i <= SEG_GS; i++)
		page->seg[i] = (struct vcpu_segment){ .limit = 0xffff, .access = 0x93 };
	page->seg[SEG_CS] = (struct vcpu_segment){
		.base = 0xf0000, .limit = 0xffff, .access = 0x9b, .selector = 0xf000,
	};
	page->seg[SEG_LDTR] = (struct vcpu_segment){ .limit = 0xffff, .access = 0x82 };
	page->seg[SEG_TR] = (struct vcpu_segment){ .limit = 0xffff, .access = 0x8b };
	page->gdtr = page->idtr = (struct vcpu_table){ .limit = 0xffff };
}

/* SDM Vol. 3 table 9-1: INIT keeps what is not named here: CR0.CD and NW, XCR0, PAT and the other MSRs, the TSC. */
void vcpu_init_registers(struct vcpu_page *page)
{
	memset(page->gpr, 0, sizeof(page->gpr));
	page->gpr[GPR_RDX] = 0x600;
	page->rip = 0xfff0;
	page->rflags = RFLAGS_FIXED;
	page->cr8 = page->shadow = 0;
	reset_segments(page);
	page->cr0 = CR0_ET | (page->cr0 & (CR0_NW | CR0_CD));
	page->cr2 = page->cr3 = page->cr4 = page->efer = 0;
	memset(page->dr, 0, sizeof(page->dr));
	page->dr6 = DR6_FIXED;
	page->dr7 = DR7_FIXED;
	page->event.valid = 0;
	page->dirty |= GROUP_GPR | GROUP_SEG | GROUP_CR | GROUP_DR;
}

void vcpu_reset_registers(struct vcpu_page *page)
{
	vcpu_init_registers(page);
	page->cr0 = CR0_ET | CR0_NW | CR0_CD;
	page->xcr0 = 1;
	page->pat = 0x0007040600070406ull;
	page->star = page->lstar = page->cstar = page->sfmask = page->kernel_gs_base = 0;
	page->sysenter_cs = page->sysenter_esp = page->sysenter_eip = 0;
	page->tsc_aux = page->spec_ctrl = 0;
	page->dirty |= GROUP_ALL;
}

void vcpu_startup_registers(struct vcpu_page *page, u8 vector)
{
	page->rip = 0;
	page->seg[SEG_CS].base = (u64)vector << 12;
	page->seg[SEG_CS].selector = (u16)(vector << 8);
	page->dirty |= GROUP_GPR | GROUP_SEG;
}

void vcpu_init(struct vcpu *v, struct machine *machine, u32 index, struct vcpu_page *page, struct insn_cache *insns)
{
	memset(v, 0, sizeof(*v));
	v->machine = machine;
	v->index = index;
	v->page = page;
	v->insns = insns;
	v->lapic = &machine->lapic[index];
	v->mp_state = index == 0 ? VCPU_RUNNABLE : VCPU_WAIT_FOR_SIPI;
	v->requests = VCPU_REQUEST_SERVICE;
	v->devices_tsc = DEADLINE_NONE;
	vcpu_exits_init(v);
	vcpu_reset_registers(page);
	page->tsc_offset = machine->tsc_offset;
}
