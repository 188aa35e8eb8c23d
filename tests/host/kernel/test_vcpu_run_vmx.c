/* SPDX-License-Identifier: MIT */
/* links: kernel arch */
/* helpers: fake_vmx.c fake_arch.c fake_objects.c */
/* helpers: vcpu_model.c vcpu_model_drs.c fake_back_end.c */
/*
 * vcpu_model.h with the VMX back end: the processor keeps translations by VPID and EPT pointer, until INVEPT.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_vmx.h"
#include "kernel_upcalls.h"
#include "vcpu_model.h"
#include "virt_bits.h"
#include "vmx.h"

#define VPIDS 4u
#define VMX_BAD_GUEST_STATE (VMX_ENTRY_FAILED | 33u)
#define INVEPT_SINGLE 1u
#define INVEPT_ALL 2u

const struct virt_ops svm_ops = { .kind = VIRT_NONE };
const u8 vmx_exit_point[1];

static u64 ept_pointers[MODEL_VMS];	/* in the order in which they were met */
static struct model_cached tlb[FAKE_PCPUS][MODEL_VMS][VPIDS][MODEL_SLOTS];
static u64 flushes, windows;

static u32 tag_of(u64 ept_pointer)
{
	for (u32 i = 0; i < MODEL_VMS; i++) {
		if (ept_pointers[i] == 0)
			ept_pointers[i] = ept_pointer;
		if (ept_pointers[i] == ept_pointer)
			return i;
	}
	model_give_up("an EPT pointer that no VM has", __FILE__, __LINE__);
}

void fake_invept(u64 type, u64 pointer)
{
	CHECK(type == INVEPT_ALL || type == INVEPT_SINGLE);
	if (type == INVEPT_ALL)
		memset(tlb[fake_here], 0, sizeof(tlb[0]));
	else
		memset(tlb[fake_here][tag_of(pointer)], 0, sizeof(tlb[0][0]));
	flushes++;
}

/* The exit has acknowledged it: no other is taken with it, and nobody else acts. */
void arch_interrupt(u32 vector)
{
	CHECK(vector == VECTOR_TIMER);
	model_take_interrupts();
}

void arch_ports_restore(void)
{
}

static u32 type_of(u64 field)
{
	return (u32)(field >> EVENT_TYPE_SHIFT) & EVENT_TYPE_MASK;
}

static struct vcpu_event event_in(u64 field)
{
	bool is_soft = type_of(field) == VMX_EVENT_SOFT_INT;

	if (!(field & EVENT_VALID) || type_of(field) == VMX_EVENT_INTR)
		return (struct vcpu_event){ 0 };
	return (struct vcpu_event){
		.valid = 1, .type = is_soft ? EVENT_SOFT_INT : EVENT_EXCEPTION, .vector = (u8)field,
		.has_error = (field & EVENT_HAS_ERROR) != 0,
		.error = field & EVENT_HAS_ERROR ? (u32)vmread(VMCS_ENTRY_ERROR) : 0,
		.insn_len = is_soft ? (u32)vmread(VMCS_ENTRY_INSN_LEN) : 0,
	};
}

static struct model_view look_at(const struct vcpu_hw *hw)
{
	u64 field = vmread(VMCS_ENTRY_EVENT);
	bool is_interrupt = (field & EVENT_VALID) && type_of(field) == VMX_EVENT_INTR;
	u64 ept_pointer = vmread(VMCS_EPT_POINTER);
	u64 vpid = vmread(VMCS_VPID);

	CHECK(vpid != 0 && vpid < VPIDS);
	CHECK(!is_interrupt || model_has_interrupts());
	return (struct model_view){
		.s2_root = ept_pointer & ~0xfffull, .rip = vmread(VMCS_GUEST_RIP), .rax = hw->page->gpr[GPR_RAX],
		.event = event_in(field), .vector = is_interrupt ? (u8)field : 0, .is_injected = is_interrupt,
		.has_window = (vmread(VMCS_PROC_CONTROLS) & PROC_INTERRUPT_WINDOW) != 0,
		.cached = tlb[fake_here][tag_of(ept_pointer)][vpid],
		.dr_exits = (vmread(VMCS_PROC_CONTROLS) & PROC_MOV_DR) != 0, .dr6 = &fake_dr[6],
		.dr7 = vmread(VMCS_GUEST_DR7),
	};
}

static void note_cut(const struct model_view *view)
{
	if (!view->is_event_cut && !view->is_interrupt_cut)
		return;
	vmwrite(VMCS_VECTORING, vmread(VMCS_ENTRY_EVENT));
	vmwrite(VMCS_VECTORING_ERROR, view->event.error);
	vmwrite(VMCS_EXIT_INSN_LEN, view->event.insn_len);
}

static u64 leave(const struct vcpu_hw *hw, const struct model_view *view)
{
	vmwrite(VMCS_VECTORING, 0);
	vmwrite(VMCS_EXIT_INSN_LEN, view->exit == MODEL_CPUID ? MODEL_INSN_BYTES : 0);
	note_cut(view);
	vmwrite(VMCS_ENTRY_EVENT, vmread(VMCS_ENTRY_EVENT) & ~(u64)EVENT_VALID);
	vmwrite(VMCS_GUEST_RIP, view->rip);
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_ONE | (view->has_interrupts ? RFLAGS_IF : 0));
	hw->page->gpr[GPR_RAX] = view->rax;
	vmwrite(VMCS_GUEST_DR7, view->dr7);
	if (view->exit == MODEL_FAULT) {
		vmwrite(VMCS_GUEST_PHYSICAL, view->gpa);
		vmwrite(VMCS_QUALIFICATION, EPT_WRITE);
		return VMX_EPT_VIOLATION;
	}
	if (view->exit == MODEL_WINDOW) {
		windows++;
		return VMX_INTERRUPT_WINDOW;
	}
	if (view->exit == MODEL_DR)
		return VMX_MOV_DR;
	vmwrite(VMCS_EXIT_EVENT, EVENT_VALID | VECTOR_TIMER);
	return view->exit == MODEL_CPUID ? VMX_CPUID : VMX_EXTERNAL_INTERRUPT;
}

static u64 run_guest(const struct vcpu_hw *hw)
{
	struct model_view view;

	if (model_is_refused())
		return one_in(2) ? VMX_REFUSED : VMX_BAD_GUEST_STATE;
	view = look_at(hw);
	model_run(&view);
	return leave(hw, &view);
}

u32 vmx_switch(struct vcpu_hw *hw)
{
	model_begin_entry(hw);
	return vmx_exit(hw, hw->page, run_guest(hw));
}

static void cpu_on(void)
{
	pcpu_self()->virt = kernel_frames_alloc(1);
	CHECK(pcpu_self()->virt != NULL);
}

static void vcpu_on(struct vcpu_hw *hw)
{
	vmx_make_current(hw);
	vmwrite(VMCS_GUEST_CR0, CR0_PE | CR0_NE);
}

static u64 rip(const struct vcpu_hw *hw)
{
	const struct vmx_cpu *cpu = pcpu_self()->virt;

	CHECK(cpu->current == hw);
	return vmread(VMCS_GUEST_RIP);
}

static void test_interleavings(void **state)
{
	static const struct model_vendor vmx = { &vmx_ops, &pt_ept, cpu_on, vcpu_on, rip };

	(void)state;
	vmx_controls = (struct vmx_controls){ .proc = PROC_MOV_DR, .proc2 = PROC2_VPID, .invept_single = true };
	model_test(&vmx);
	assert_true(flushes > 100 && windows > 100);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_interleavings) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
