/* SPDX-License-Identifier: MIT */
/*
 * vmx_switch.S - the world switch (SDM Vol. 3 chapters 26 and 27).
 *
 * u32 vmx_switch(struct vcpu_hw *hw)
 *
 * Goes on to vmx_exit(hw, page, code), which returns to the caller; code is the exit-reason field, or VMX_REFUSED if
 * nothing was run. HOST_RSP is written only if it differs from hw->host_rsp; HOST_RIP is vmx_exit_point. Whether the
 * VMCS has been launched, VMRESUME knows. A host interrupt that ends guest mode is acknowledged by the exit.
 *
 * The preemption timer only asks for a look at host interrupts (vmx_probe.c). If nothing has come up, the guest goes on
 * at once: `fast_vcpu` is still set (arch.h).
 */
#include "registers.h"
#include "vmx_offsets.h"

#define VMCS_HOST_RSP 0x6c14
#define VMCS_EXIT_REASON 0x4402
#define VMCS_INSN_ERROR 0x4400
#define NOT_LAUNCHED 5		/* VMRESUME of a VMCS that was cleared (30.4) */
#define VMX_PREEMPTION_TIMER 52
#define VMX_REFUSED -1

	.text
	.globl vmx_switch
	.type vmx_switch, @function
	.balign 16
vmx_switch:
	PUSH KEPT, rdi
	cmpq %rsp, HW_HOST_RSP(%rdi)
	je 1f
	movq %rsp, HW_HOST_RSP(%rdi)
	movl $VMCS_HOST_RSP, %eax
	vmwrite %rsp, %rax
1:	movq HW_PAGE(%rdi), %rdi
	movq PAGE_GPR(0)(%rdi), %rax
	movq PAGE_GPR(1)(%rdi), %rcx
	movq PAGE_GPR(2)(%rdi), %rdx
	movq PAGE_GPR(3)(%rdi), %rbx
	movq PAGE_GPR(5)(%rdi), %rbp
	movq PAGE_GPR(6)(%rdi), %rsi
	.irp number, 8, 9, 10, 11, 12, 13, 14, 15
	movq PAGE_GPR(\number)(%rdi), %r\number
	.endr
	movq PAGE_GPR(7)(%rdi), %rdi
	vmresume
	/* Only reached if the instruction failed: the registers hold what was in gpr[], nothing has to be stored. */
	pushq %rax
	movl $VMCS_INSN_ERROR, %eax
	vmread %rax, %rax
	cmpl $NOT_LAUNCHED, %eax
	popq %rax
	jne 3f
	vmlaunch
3:	movl $VMX_REFUSED, %edx
	movq (%rsp), %rdi
	movq HW_PAGE(%rdi), %rsi
	jmp 4f

	.globl vmx_exit_point
	.balign 16
vmx_exit_point:
	pushq %rdx
	movl $VMCS_EXIT_REASON, %edx
	vmread %rdx, %rdx
	cmpl $VMX_PREEMPTION_TIMER, %edx
	je poll
store:	pushq %rsi
	pushq %rdi
	movq 24(%rsp), %rdi
	movq HW_PAGE(%rdi), %rsi
	movq %rax, PAGE_GPR(0)(%rsi)
	movq %rcx, PAGE_GPR(1)(%rsi)
	movq %rbx, PAGE_GPR(3)(%rsi)
	movq %rbp, PAGE_GPR(5)(%rsi)
	.irp number, 8, 9, 10, 11, 12, 13, 14, 15
	movq %r\number, PAGE_GPR(\number)(%rsi)
	.endr
	popq PAGE_GPR(7)(%rsi)
	popq PAGE_GPR(6)(%rsi)
	popq PAGE_GPR(2)(%rsi)
4:	addq $8, %rsp
	POP KEPT_BACKWARDS
	jmp vmx_exit

	/* STI holds interrupts off for one instruction more. */
poll:	sti
	popq %rdx
	cli
	cmpq $0, %gs:PCPU_FAST_VCPU
	je 5f
	vmresume
	jmp 3b
5:	pushq %rdx
	movl $VMX_PREEMPTION_TIMER, %edx
	jmp store
	.size vmx_switch, . - vmx_switch
	.section .note.GNU-stack, "", @progbits
