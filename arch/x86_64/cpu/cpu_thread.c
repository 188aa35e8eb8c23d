/* SPDX-License-Identifier: MIT */
/*
 * cpu_thread.c - threads as the processor sees them: their first stack, the switch between them, their I/O ports.
 */
#include <string.h>

#include "cpu.h"
#include "entry_offsets.h"
#include "syscalls.h"
#include "virt.h"

_Static_assert(offsetof(struct pcpu, self) == 0, "pcpu_self");
_Static_assert(offsetof(struct pcpu, kernel_stack) == PCPU_KERNEL_STACK, "cpu_entry.S");
_Static_assert(offsetof(struct pcpu, user_stack) == PCPU_USER_STACK, "cpu_entry.S");
_Static_assert(offsetof(struct pcpu, current) == PCPU_CURRENT, "cpu_entry.S");
_Static_assert(offsetof(struct pcpu, need_resched) == PCPU_NEED_RESCHED, "cpu_entry.S");
_Static_assert(offsetof(struct arch_thread, compat_handler) == THREAD_COMPAT_HANDLER, "cpu_entry.S");
_Static_assert(offsetof(struct trap_frame, cs) == TRAP_CS, "cpu_entry.S");
_Static_assert(sizeof(struct trap_frame) == TRAP_BYTES, "cpu_entry.S");
_Static_assert(SEL_USER_CODE == USER_CODE_SELECTOR && SEL_USER_DATA == USER_DATA_SELECTOR, "cpu_entry.S");
_Static_assert(SYS_FIRST == SYS_FIRST_NUMBER && MSR_GS_BASE == MSR_GS_BASE_NUMBER, "cpu_entry.S");

struct switch_frame {		/* what cpu_stack_switch pops */
	u64 r15, r14, r13, r12, rbp, rbx;
	u64 rip;
};

void arch_thread_init(struct arch_thread *t, void *kernel_stack, u64 entry, u64 stack, u64 arg)
{
	u8 *top = (u8 *)kernel_stack + KERNEL_STACK_BYTES;
	struct trap_frame *trap = (struct trap_frame *)(top - sizeof(*trap));
	struct switch_frame *frame = (struct switch_frame *)trap - 1;

	*trap = (struct trap_frame){
		.rip = entry, .cs = SEL_USER_CODE, .rflags = RFLAGS_ONE | RFLAGS_IF, .rsp = stack, .ss = SEL_USER_DATA,
		.rdi = arg,
	};
	*frame = (struct switch_frame){ .rip = (u64)cpu_thread_start };
	t->kernel_stack_top = (u64)top;
	t->kernel_rsp = (u64)frame;
}

void arch_thread_allow_ports(struct arch_thread *t)
{
	((struct trap_frame *)t->kernel_stack_top - 1)->rflags |= RFLAGS_IOPL;
}

/* Ring 3 may load data selectors into DS ES FS GS: not to be passed on from one PD to the next. */
static void clear_selectors(void)
{
	u32 ds, es, fs, gs;

	__asm__ volatile("movl %%ds, %0\n\tmovl %%es, %1\n\tmovl %%fs, %2\n\tmovl %%gs, %3"
			 : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs));
	if ((ds | es | fs | gs) == 0)
		return;
	/* Loading GS may clear its base, which is the pCPU's address now. */
	__asm__ volatile("movl %0, %%ds\n\tmovl %0, %%es\n\tmovl %0, %%fs" : : "r"(0));
	if (gs) {
		u64 base = (u64)pcpu_self();

		__asm__ volatile("movl %0, %%gs" : : "r"(0));
		wrmsr(MSR_GS_BASE, base);
	}
}

void arch_thread_switch(struct arch_thread *from, struct arch_thread *to)
{
	struct pcpu *pcpu = pcpu_self();
	struct cpu_data *data = pcpu->arch;

	pcpu->fast_vcpu = NULL;
	pcpu->kernel_stack = to->kernel_stack_top;
	data->tss.rsp[0] = to->kernel_stack_top;
	if (to->fpu) {		/* a kernel thread leaves the registers alone */
		clear_selectors();
		if (unlikely(pcpu->has_guest_state))
			virt->put_away(pcpu);
		wrmsr(MSR_FS_BASE, to->fs_base);
		fpu_thread_switch(to->fpu);
	}
	cpu_stack_switch(&from->kernel_rsp, to->kernel_rsp);
}

void arch_thread_set_fs_base(struct arch_thread *t, u64 base)
{
	t->fs_base = base;
	if (t != (struct arch_thread *)pcpu_self()->current)
		return;
	wrmsr(MSR_FS_BASE, base);
	pcpu_self()->fast_vcpu = NULL;
}

static void ports_set(struct cpu_data *data, const struct port_set *set, bool is_open)
{
	for (u32 r = 0; r < set->count; r++) {
		u32 end = (u32)set->ranges[r].first + set->ranges[r].count;

		for (u32 port = set->ranges[r].first; port < end && port < 65536; port++) {
			u8 bit = (u8)(1u << port % 8);

			if (is_open)
				data->tss.io_bitmap[port / 8] &= (u8)~bit;
			else
				data->tss.io_bitmap[port / 8] |= bit;
		}
	}
}

/* VM exits on Intel set the limit of the TSS to 67h (SDM Vol. 3 27.5.2); its descriptor knows better. */
void arch_ports_restore(void)
{
	cpu_data()->gdt[SEL_TSS / 8] &= ~DESC_TSS_BUSY;
	ltr(SEL_TSS);
}

void arch_ports_switch(const struct port_set *ports)
{
	struct cpu_data *data = cpu_data();

	if (ports->count == 0 && data->open_ports.count == 0)
		return;
	ports_set(data, &data->open_ports, false);
	data->open_ports = *ports;
	ports_set(data, &data->open_ports, true);
	pcpu_self()->has_ports = ports->count != 0;
	if (ports->count != 0)
		arch_ports_restore();
}
