/* SPDX-License-Identifier: MIT */
/*
 * cpu.h - what the files of arch/x86_64/cpu share. The rest of the kernel sees arch.h only.
 */
#ifndef VOS_CPU_H
#define VOS_CPU_H

#include "arch.h"
#include "cpu_features.h"
#include "x86.h"

#define IST_STACK_BYTES 4096u
#define IO_BITMAP_BYTES 8192u

/* Interrupt stack table entries (TSS): faults that must not trust the current stack. */
enum ist { IST_NONE, IST_DOUBLE_FAULT, IST_NMI, IST_MACHINE_CHECK, IST_DEBUG, IST_COUNT };

struct __attribute__((packed)) tss {
	u32 zero0;
	u64 rsp[3];
	u64 zero1;
	u64 ist[7];
	u64 zero2;
	u16 zero3;
	u16 io_bitmap_at;
	u8 io_bitmap[IO_BITMAP_BYTES + 1];	/* the byte behind is all ones (APM Vol. 2 12.2.4) */
};

/* The top of each IST stack holds the pCPU's address, since GS can't be trusted there (cpu_entry.S). */
struct ist_stack {
	u8 stack[IST_STACK_BYTES - 16];
	struct pcpu *pcpu;
	u64 zero;
};

#define GDT_ENTRIES 7u
#define DESC_TSS_BUSY BIT64(41)

struct cpu_data {		/* pcpu->arch */
	u64 gdt[GDT_ENTRIES];
	struct tss tss;
	struct port_set open_ports;	/* what the I/O bitmap allows now */
	struct ist_stack ist_stacks[IST_COUNT - 1] __attribute__((aligned(16)));
};

static inline struct cpu_data *cpu_data(void)
{
	return pcpu_self()->arch;
}

/* Descriptor tables of this pCPU (cpu_tables.c). The IDT is shared. */
void cpu_tables_init(struct pcpu *pcpu);

/* Tables of the kernel's half (kernel_map.c): image W^X, windows, room for device registers. Switches to them. */
void kernel_map_init(void);

/* Extended state (cpu_fpu.c): after CR4 has been set. */
void fpu_init(struct info_page *info);
/* The thread that owns this area runs next. */
void fpu_thread_switch(struct fpu_area *area);
/* Ring 3 meant its own state, but a guest's was parked in the registers: now it is there. False: nothing was parked. */
bool fpu_unpark(void);

/* Labels of cpu_entry.S: the stub of vector v is at v * STUB_BYTES; SYSCALL; a new thread's first instruction; the
 * switch to another stack. */
#define STUB_BYTES 16u
extern const u8 cpu_stubs[];
void cpu_syscall(void);
void cpu_thread_start(void);
void cpu_stack_switch(u64 *save_rsp, u64 load_rsp);
/* Labels of cpu_msr.S: where #GP is an answer, and where it leads. */
extern const u8 cpu_msr_read_at[], cpu_msr_write_at[], cpu_msr_refused[];

extern bool cpu_has_smap;	/* AC may and must be cleared */

/* Banks of machine checks (machine_check.c): before CR4.MCE is set. */
void machine_check_init(struct pcpu *pcpu);

/* C side of the stubs (cpu_trap.c). */
void cpu_trap(struct trap_frame *frame);
void cpu_paranoid_trap(struct trap_frame *frame);

#endif
