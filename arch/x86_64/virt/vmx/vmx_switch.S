/*
 * vmx_switch.S - the world switch (SDM Vol. 3 chapters 26 and 27).
 *
 * u32 vmx_switch(u64 *gpr, u64 *host_rsp)
 *
 * Returns the exit-reason field, or VMX_REFUSED if nothing was run. HOST_RSP is written only if it differs from
 * *host_rsp; HOST_RIP is vmx_exit_point. Whether the VMCS has been launched, VMRESUME knows. A host interrupt that ends
 * guest mode is acknowledged by the exit. Offsets are those of enum gpr: RAX 0, RCX 8, RDX 16, RBX 24, RSP 32, RBP 40,
 * RSI 48, RDI 56, R8 64 ... R15 120.
 *
 * The preemption timer only asks for a look at host interrupts (vmx_probe.c). If there were none, the guest goes on at
 * once: an interrupt would have pushed SS, which is not 0, where a 0 was put.
 */
#define VMCS_HOST_RSP 0x6c14
#define VMCS_EXIT_REASON 0x4402
#define VMCS_INSN_ERROR 0x4400
#define NOT_LAUNCHED 5		/* VMRESUME of a VMCS that was cleared (30.4) */
#define VMX_PREEMPTION_TIMER 52
#define VMX_REFUSED -1

	.text
	.globl vmx_switch
	.type vmx_switch, @function
vmx_switch:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	pushq %rdi
	cmpq %rsp, (%rsi)
	je 1f
	movq %rsp, (%rsi)
	movl $VMCS_HOST_RSP, %eax
	vmwrite %rsp, %rax
1:	movq (%rdi), %rax
	movq 8(%rdi), %rcx
	movq 16(%rdi), %rdx
	movq 24(%rdi), %rbx
	movq 40(%rdi), %rbp
	movq 48(%rdi), %rsi
	movq 64(%rdi), %r8
	movq 72(%rdi), %r9
	movq 80(%rdi), %r10
	movq 88(%rdi), %r11
	movq 96(%rdi), %r12
	movq 104(%rdi), %r13
	movq 112(%rdi), %r14
	movq 120(%rdi), %r15
	movq 56(%rdi), %rdi
	vmresume
	/* Only reached if the instruction failed: the registers hold what was in gpr[], nothing has to be stored. */
	pushq %rax
	movl $VMCS_INSN_ERROR, %eax
	vmread %rax, %rax
	cmpl $NOT_LAUNCHED, %eax
	popq %rax
	jne 3f
	vmlaunch
3:	addq $8, %rsp
	movl $VMX_REFUSED, %eax
	jmp 4f

	.globl vmx_exit_point
	.balign 16
vmx_exit_point:
	pushq %rax
	movl $VMCS_EXIT_REASON, %eax
	vmread %rax, %rax
	cmpl $VMX_PREEMPTION_TIMER, %eax
	je look
store:	pushq %rdi
	movq 16(%rsp), %rdi
	movq %rcx, 8(%rdi)
	movq %rdx, 16(%rdi)
	movq %rbx, 24(%rdi)
	movq %rbp, 40(%rdi)
	movq %rsi, 48(%rdi)
	movq %r8, 64(%rdi)
	movq %r9, 72(%rdi)
	movq %r10, 80(%rdi)
	movq %r11, 88(%rdi)
	movq %r12, 96(%rdi)
	movq %r13, 104(%rdi)
	movq %r14, 112(%rdi)
	movq %r15, 120(%rdi)
	popq 56(%rdi)
	popq (%rdi)
	addq $8, %rsp
4:	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret

	/* RSP is 8 modulo 16, so SS would go to -16. STI holds interrupts off for one instruction. */
look:	sti
	movq $0, -16(%rsp)
	cli
	cmpq $0, -16(%rsp)
	jne store
	popq %rax
	vmresume
	jmp 3b
	.size vmx_switch, . - vmx_switch
	.section .note.GNU-stack, "", @progbits
