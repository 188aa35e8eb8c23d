/* SPDX-License-Identifier: MIT */
/*
 * cpu_tables.c - GDT, IDT and TSS (AMD APM Vol. 2 4.8, 8.9, 12.2).
 */
#include <string.h>

#include "cpu.h"

#define DESC_KERNEL_CODE 0x00af9b000000ffffull
#define DESC_KERNEL_DATA 0x00cf93000000ffffull
#define DESC_USER_DATA 0x00cff3000000ffffull
#define DESC_USER_CODE 0x00affb000000ffffull
#define DESC_TSS_AVAILABLE 0x0000890000000000ull

#define GATE_INTERRUPT 0x8e00u
#define GATE_DPL3 0x6000u

struct gate {
	u16 offset_low, selector;
	u16 flags;		/* IST in bits 0-2 */
	u16 offset_middle;
	u32 offset_high, zero;
};

static struct gate idt[256] __attribute__((aligned(16)));

static const u8 ist_of_vector[VECTOR_EXCEPTIONS] = {
	[VECTOR_DF] = IST_DOUBLE_FAULT,
	[VECTOR_NMI] = IST_NMI,
	[VECTOR_MC] = IST_MACHINE_CHECK,
	[VECTOR_DB] = IST_DEBUG,
};

static void idt_fill(void)
{
	for (u32 v = 0; v < ARRAY_COUNT(idt); v++) {
		u64 at = (u64)cpu_stubs + v * STUB_BYTES;
		u32 ist = v < VECTOR_EXCEPTIONS ? ist_of_vector[v] : 0u;
		u32 flags = GATE_INTERRUPT | ist | (v == VECTOR_BP ? GATE_DPL3 : 0u);

		idt[v] = (struct gate){
			.offset_low = (u16)at, .offset_middle = (u16)(at >> 16), .offset_high = (u32)(at >> 32),
			.selector = SEL_KERNEL_CODE, .flags = (u16)flags,
		};
	}
}

static void tss_fill(struct cpu_data *data, struct pcpu *pcpu)
{
	data->tss.io_bitmap_at = offsetof(struct tss, io_bitmap);
	memset(data->tss.io_bitmap, 0xff, sizeof(data->tss.io_bitmap));
	for (u32 i = 1; i < IST_COUNT; i++) {
		struct ist_stack *stack = &data->ist_stacks[i - 1];

		stack->pcpu = pcpu;
		data->tss.ist[i - 1] = (u64)&stack->pcpu;
	}
}

static void gdt_fill(struct cpu_data *data)
{
	u64 base = (u64)&data->tss;
	u64 limit = sizeof(data->tss) - 1;

	data->gdt[SEL_KERNEL_CODE / 8] = DESC_KERNEL_CODE;
	data->gdt[SEL_KERNEL_DATA / 8] = DESC_KERNEL_DATA;
	data->gdt[SEL_USER_DATA / 8] = DESC_USER_DATA;
	data->gdt[SEL_USER_CODE / 8] = DESC_USER_CODE;
	data->gdt[SEL_TSS / 8] = DESC_TSS_AVAILABLE | (limit & 0xffff) | (base & 0xffffff) << 16 | (limit >> 16) << 48 |
				 (base >> 24 & 0xff) << 56;
	data->gdt[SEL_TSS / 8 + 1] = base >> 32;
}

/* CS is reloaded by a far return; SS as data, the others null. */
static void load_segments(void)
{
	__asm__ volatile("pushq %0\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:\tmovl %1, %%eax\n\t"
			 "movl %%eax, %%ss\n\t"
			 "xorl %%eax, %%eax\n\t"
			 "movl %%eax, %%ds\n\t"
			 "movl %%eax, %%es\n\t"
			 "movl %%eax, %%fs\n\t"
			 "movl %%eax, %%gs\n\t"
			 "lldt %%ax"
			 : : "i"((u64)SEL_KERNEL_CODE), "i"(SEL_KERNEL_DATA) : "rax", "memory");
}

void cpu_tables_init(struct pcpu *pcpu)
{
	struct cpu_data *data = pcpu->arch;
	struct table_pointer gdtr = { .limit = sizeof(data->gdt) - 1, .base = (u64)data->gdt };
	struct table_pointer idtr = { .limit = sizeof(idt) - 1, .base = (u64)idt };

	if (pcpu->id == 0)
		idt_fill();
	tss_fill(data, pcpu);
	gdt_fill(data);
	lgdt(&gdtr);
	load_segments();
	wrmsr(MSR_GS_BASE, (u64)pcpu);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
	wrmsr(MSR_FS_BASE, 0);
	lidt(&idtr);
	ltr(SEL_TSS);
}
