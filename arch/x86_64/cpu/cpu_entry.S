/* SPDX-License-Identifier: MIT */
/*
 * cpu_entry.S - every way into ring 0 and back: exceptions, interrupts, SYSCALL; and the stack switch between threads.
 *
 * GS holds the pCPU in ring 0 and zero in ring 3 (ring 3 can't write it: CR4.FSGSBASE is off). Offsets into struct
 * pcpu, struct trap_frame and struct thread are asserted in cpu_thread.c.
 */
#include "entry_offsets.h"
#include "registers.h"

	.text

/* ---- Stubs: 16 bytes each, so that the IDT is made by a loop. Each leaves the vector and an error code (0 if the
 * processor gave none). Whether it gave one is not told by the vector alone: a device can send an interrupt with the
 * vector of #AC. But the processor pushes onto a stack that it has aligned to 16 bytes (SDM Vol. 3 6.14.2). */
	.globl cpu_stubs
	.balign 16
cpu_stubs:
	vector = 0
	.rept 256
	.balign 16
	.if vector < 32
	testb $8, %spl
	jz 1f
	.endif
	pushq $0
1:	pushq $vector
	.if vector == 1 || vector == 18
	jmp trap_own_stack
	.elseif vector == 2 || vector == 8
	jmp trap_paranoid
	.else
	jmp trap
	.endif
	vector = vector + 1
	.endr

	.macro PUSH_REGISTERS
	PUSH rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11, KEPT
	.endm

	.macro POP_REGISTERS
	POP KEPT_BACKWARDS, r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax
	.endm

	/* Interrupt gates leave AC and DF as ring 3 set them: AC would open SMAP. */
	.macro CLEAN_FLAGS
	cld
	cmpb $0, cpu_has_smap
	je 9f
	clac
9:
	.endm

	.balign 16
trap:
	testb $3, 24(%rsp)
	jz 1f
	swapgs
trap_swapped:
1:	PUSH_REGISTERS
	CLEAN_FLAGS
	movq %rsp, %rdi
	call cpu_trap
	testb $3, TRAP_CS(%rsp)
	jz 2f
	swapgs
2:	POP_REGISTERS
	addq $16, %rsp
	iretq

/* #DB has a stack of its own because of breakpoints a guest may have left behind, #MC because it comes anywhere. From
 * ring 3 they are ordinary traps: move to the thread's stack. */
trap_own_stack:
	testb $3, 24(%rsp)
	jz trap_paranoid
	swapgs
	movq %rax, %gs:PCPU_USER_STACK
	movq %rsp, %rax
	movq %gs:PCPU_KERNEL_STACK, %rsp
	.irp offset, 48, 40, 32, 24, 16, 8, 0
	pushq \offset(%rax)
	.endr
	movq %gs:PCPU_USER_STACK, %rax
	jmp trap_swapped

/* NMI, #DF, #MC, #DB in ring 0: may come anywhere, also where GS isn't ours. The pCPU's address is at the top of the
 * interrupt stack. */
trap_paranoid:
	PUSH_REGISTERS
	CLEAN_FLAGS
	movl $MSR_GS_BASE_NUMBER, %ecx
	rdmsr
	movl %eax, %ebx
	movl %edx, %r12d
	movl TRAP_BYTES(%rsp), %eax
	movl TRAP_BYTES + 4(%rsp), %edx
	wrmsr
	movq %rsp, %rdi
	call cpu_paranoid_trap
	movl $MSR_GS_BASE_NUMBER, %ecx
	movl %ebx, %eax
	movl %r12d, %edx
	wrmsr
	POP_REGISTERS
	addq $16, %rsp
	iretq

/* ---- SYSCALL: RAX number, RDI RSI RDX R10 R8 R9 arguments, RCX RIP, R11 RFLAGS. SFMASK has cleared IF TF DF AC NT. */
	.globl cpu_syscall
	.balign 64
cpu_syscall:
	swapgs
	movq %rsp, %gs:PCPU_USER_STACK
	movq %gs:PCPU_KERNEL_STACK, %rsp
	cmpq $SYS_FIRST_NUMBER, %rax
	jb syscall_foreign
	pushq %gs:PCPU_USER_STACK
	pushq %rcx
	pushq %r11
	pushq %rax				/* the seventh argument; keeps the stack aligned */
	ja 1f
	call vcpu_run				/* SYS_VCPU_RUN, the first number; -> RAX:RDX */
2:	cmpb $0, %gs:PCPU_NEED_RESCHED
	jne syscall_resched
syscall_return:
	addq $8, %rsp
	popq %r11
	popq %rcx
	xorl %esi, %esi				/* RCX is canonical, or SYSRET would fault in ring 0: see USER_LIMIT */
	xorl %edi, %edi
	xorl %r8d, %r8d
	xorl %r9d, %r9d
	xorl %r10d, %r10d
	popq %rsp
	swapgs
	sysretq

1:	movq %r10, %rcx
	call syscall_dispatch			/* -> RAX:RDX */
	jmp 2b

syscall_resched:
	pushq %rax
	pushq %rdx
	call kernel_exit_check
	popq %rdx
	popq %rax
	jmp syscall_return

/* Not our number: resume at the thread's handler with every register as it was; RCX holds the return RIP, R11
 * RFLAGS. */
syscall_foreign:
	pushq %rax
	movq %gs:PCPU_CURRENT, %rax
	movq THREAD_COMPAT_HANDLER(%rax), %rax
	testq %rax, %rax
	jz 1f
	pushq $USER_DATA_SELECTOR
	pushq %gs:PCPU_USER_STACK
	pushq %r11
	pushq $USER_CODE_SELECTOR
	pushq %rax
	movq 40(%rsp), %rax
	swapgs
	iretq
1:	popq %rdi
	movq %rcx, %rsi
	call kernel_foreign_call
	ud2

/* ---- cpu_stack_switch(u64 *save_rsp, u64 load_rsp): the calling thread sleeps here; the other one returns from its
 * own call. */
	.globl cpu_stack_switch
	.balign 16
cpu_stack_switch:
	PUSH KEPT
	movq %rsp, (%rdi)
	movq %rsi, %rsp
	POP KEPT_BACKWARDS
	ret

/* First return of a new ring-3 thread: its stack holds a trap frame (cpu_thread.c). */
	.globl cpu_thread_start
cpu_thread_start:
	call kernel_thread_begin
	swapgs
	POP_REGISTERS
	addq $16, %rsp
	iretq

	.section .note.GNU-stack, "", @progbits
