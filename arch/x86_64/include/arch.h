/* SPDX-License-Identifier: MIT */
/*
 * arch.h - what the kernel may ask of the processor and the platform, apart from page tables (pt.h) and guests
 * (virt.h). What it asks of the kernel is in kernel_upcalls.h.
 *
 * Ring 0 runs with interrupts off, always, except in arch_idle, in arch_interrupts_poll and inside virt->enter. There
 * is one kernel stack per thread.
 */
#ifndef VOS_ARCH_H
#define VOS_ARCH_H

#include "boot_info.h"
#include "memory_layout.h"
#include "pt.h"
#include "status.h"
#include "types.h"

struct info_page;
struct machine_check;
struct thread;

/* ---- pCPUs (arch/x86_64/cpu) -------------------------------------------------------------------- */

struct fpu_area;		/* extended state of a thread or a vCPU; one kernel frame */

/* Per-pCPU data, reached through GS. The offsets of the first three are known to assembly (cpu_entry.S). */
struct pcpu {
	struct pcpu *self;
	u64 kernel_stack;	/* top of the current thread's kernel stack */
	u64 user_stack;		/* scratch of the SYSCALL entry */
	u32 id;			/* 0 .. pcpu_count - 1; 0 is the boot pCPU */
	u32 apic_id;
	struct thread *current;
	struct thread *idle;
	bool need_resched;	/* looked at on the way out of the kernel; once set, `fast_vcpu` is taken back */
	struct fpu_area *fpu_live;	/* whose extended state is in the registers */
	struct fpu_area *fpu_want;	/* whose ring 3 must find: of the last thread that is no kernel thread */
	bool fpu_parked;	/* CR0.TS is set, because those two differ */
	bool has_ports;		/* ring 3 may use some I/O ports now */
	bool has_guest_state;	/* TSC_AUX or debug registers hold a guest's: virt->put_away */
	u8 machine_check;	/* PCPU_MC_*: to be done on the way out of the kernel, with need_resched */
	bool is_bank_look_due;	/* atomic: kernel_ipi is to look at the banks of machine checks */
	bool is_idle;		/* atomic: asleep in arch_idle, and no interrupt handler has run since */
	u64 quiesced;		/* atomic: see quiesce.h */
	u64 space;		/* atomic: root in CR3, as arch_space_switch left it */
	void *sched;		/* the scheduler's per-pCPU data */
	void *arch;		/* GDT, TSS, window ... */
	void *virt;		/* the back end's per-pCPU data */
	void *fast_vcpu;	/* the struct vcpu that entered last, and may again at once; NULL if since then another
				 * thread ran, FS base, CR2 or the extended state in the registers was changed, or
				 * there is something that vcpu_run must look at: see vcpu.c */
};

#define PCPU_MC_TELL 1u		/* there is something for root to take */
#define PCPU_MC_END 2u		/* and the current thread, or its guest, must not go on */

static inline struct pcpu *pcpu_self(void)
{
	struct pcpu *p;

	__asm__ volatile("movq %%gs:0, %0" : "=r"(p));
	return p;
}

/* Those that run, 0 .. pcpu_count - 1; their number changes only while the kernel comes up. */
extern u32 pcpu_count;
extern struct pcpu *pcpu_table[MAX_PCPUS];

static inline struct pcpu *pcpu_at(u32 id)
{
	return pcpu_table[id];
}

static inline u64 arch_tsc(void)
{
	u64 low, high;		/* the upper halves of both registers are cleared */

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return high << 32 | low;
}

/* Boot order, on the boot pCPU: entry -> boot parser -> arch_init (GDT, IDT, TSS, features, W^X tables of the kernel
 * image) -> kernel_main. */
void arch_init(const struct boot_info *boot, struct info_page *info);
/* Second half: the local APIC, with everything masked. */
enum status arch_init_late(void) MUST_CHECK;
/* The TSC's rate is known: from now on arch_timer_set works. True: the timer is a TSC deadline. */
bool arch_clock_start(u64 tsc_hz);
/* Busy waiting; only while the machine comes up or goes down. Before arch_clock_start a second is taken to have
 * ASSUMED_TSC_HZ ticks. */
void arch_wait_us(u64 us);
#define ASSUMED_TSC_HZ 1000000000ull

/* Interrupt that pCPU: it calls kernel_ipi when it next has interrupts on, and leaves its guest or arch_idle. From any
 * context; a few that come close together may be taken as one. What was written before is seen by the handler. */
void arch_ipi(const struct pcpu *pcpu);
/* The same for one's own pCPU, also where ring 0 was interrupted at any instruction (#MC). */
void arch_ipi_self(void);

/* For good, wherever they are: in a panic, and before a reboot. They may hold locks. */
void arch_stop_others(void);
extern bool cpu_is_last;	/* what the others' NMI handler looks at */

/* The code that other pCPUs begin with goes to this page, which is above what firmware and loaders keep at the bottom
 * and below the EBDA. 0: there is none, so there will be one pCPU only. */
#define AP_PLACE_FIRST 0x8000u
#define AP_PLACE_END 0x98000u
void arch_pcpus_prepare(hpa_t page);
/* SYSTEM_PCPU_INIT and SYSTEM_PCPU_START: the new pCPU calls kernel_pcpu_init and kernel_pcpu_run, or is parked. */
enum status arch_pcpu_reset(u64 apic_id) MUST_CHECK;
enum status arch_pcpu_start(u64 apic_id, bool is_parked, u64 *tsc_offset) MUST_CHECK;

/* Enable interrupts and sleep until one came; returns with interrupts off. */
void arch_idle(void);
/* Take what interrupts are pending, then go on with interrupts off: between the pieces of long work. No lock may be
 * held. */
void arch_interrupts_poll(void);
_Noreturn void arch_halt(void);
_Noreturn void arch_reboot(void);

/* ---- Machine checks (arch/x86_64/cpu/machine_check.c) -------------------------------------------- */

/* #MC; is_kernel: ring 0 was interrupted, and neither ring 3 nor a guest. Panics, or notes what is to be done in struct
 * pcpu. */
void machine_check(bool is_kernel);
/* Has the processor any banks? */
bool arch_machine_checks_are_there(void) MUST_CHECK;
/* Take from this pCPU's banks what raises no #MC. */
void arch_machine_check_look(void);
/* One at a time: is there a record, and which is the oldest? */
bool arch_machine_check_is_kept(void) MUST_CHECK;
bool arch_machine_check_take(struct machine_check *out) MUST_CHECK;

/* ---- Threads ------------------------------------------------------------------------------------ */

struct trap_frame {		/* what the entry stubs push for exceptions and interrupts */
	u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax;
	u64 vector, error;
	u64 rip, cs, rflags, rsp, ss;
};

struct arch_thread {		/* first-class part of struct thread that arch code owns */
	u64 kernel_rsp;		/* saved while not running */
	u64 kernel_stack_top;
	u64 fs_base;
	u64 compat_handler;	/* 0 = none */
	struct fpu_area *fpu;
};

/* Prepare a zeroed thread so that the first switch to it enters ring 3 at entry with RSP = stack, RDI = arg, other
 * registers 0. kernel_stack: KERNEL_STACK_BYTES in kernel memory. */
void arch_thread_init(struct arch_thread *t, void *kernel_stack, u64 entry, u64 stack, u64 arg);
/* A thread that has not run yet: its ring 3 may use every I/O port (IOPL 3). */
void arch_thread_allow_ports(struct arch_thread *t);
/* Switch stacks, FS base, TSS.RSP0, I/O permissions and extended state. The caller has switched the address space
 * (arch_space_switch) and set current. */
void arch_thread_switch(struct arch_thread *from, struct arch_thread *to);

/* Set it, also in the register if t is current. Ring 3 can't write FS or GS bases itself (CR4.FSGSBASE is off), so
 * t->fs_base is always the truth: who changes the register (a world switch) restores it from there before ring 3 runs.
 * base: a ring-3 address. */
void arch_thread_set_fs_base(struct arch_thread *t, u64 base);

/* Load this root into CR3 if it is not there yet. A pCPU whose `space` is another one has nothing of this one cached;
 * if it is just being loaded, what was changed before `space` was looked at will be seen. */
void arch_space_switch(hpa_t root);
/* SYSTEM_MITIGATE (syscalls.h), whose statuses these are. On pCPU 0, before there is another one. */
enum status arch_mitigate(u64 flags, u64 forced) MUST_CHECK;
/* A space with nothing in its lower half, for kernel threads. */
hpa_t arch_space_kernel(void);
/* Fill the upper half (PML4 entries 256..511) of a new PD's top table. */
void arch_space_init(u64 *top_table);
/* Drop what this pCPU has cached of the lower half, ring 3's. */
void arch_tlb_flush_user(void);

/* I/O ports: the bitmap of ports a PD may use. At most PORT_RANGES ranges. Called at a switch to a thread of another
 * PD. */
struct port_range { u16 first; u16 count; };
struct port_set { u32 count; struct port_range ranges[PORT_RANGES]; };
void arch_ports_switch(const struct port_set *ports);
/* If has_ports, before ring 3 runs: a VM exit has cut the bitmap off the TSS. */
void arch_ports_restore(void);

/* Extended state: areas are zeroed kernel frames (one each); init value = the processor's reset state. */
void arch_fpu_init(struct fpu_area *area);
/* From now on the registers must hold `area`'s state (saves the live one first, if it is another; NULL = nobody's).
 * xcr0: value while it is live. */
void arch_fpu_switch(struct fpu_area *area);
void arch_fpu_set_xcr0(struct fpu_area *area, u64 xcr0);
u64 arch_fpu_xcr0(const struct fpu_area *area);
/* Ring 3 may run next although the registers hold a guest's state: sets CR0.TS, so that the first use by ring 3 raises
 * #NM, which does arch_fpu_switch(current's area). arch_fpu_switch clears CR0.TS whenever it changes the owner. */
void arch_fpu_park(void);
/* The area is about to be freed. */
void arch_fpu_forget(struct fpu_area *area);

/* ---- Interrupts and time (arch/x86_64/irq) ------------------------------------------------------ */

/* What the stub of an interrupt vector (32..255) does, for VMX, which acknowledges host interrupts at the exit:
 * dispatches and sends the EOI. */
void arch_interrupt(u32 vector);
/* Has a device sent an interrupt with this exception's vector? Then it is over, and nothing else is to be done. Where
 * no IOMMU remaps interrupts, a device can (SDM Vol. 3 10.5.2: vectors from 16 on). */
bool arch_interrupt_end_stray(u32 vector) MUST_CHECK;

/* One-shot timer of this pCPU: kernel_timer at or soon after this TSC value; DEADLINE_NONE = off. May fire early. */
void arch_timer_set(u64 deadline_tsc);

/* SYSTEM_IOAPIC. ST_FULL, ST_NOMEM. */
enum status arch_ioapic_add(hpa_t address, u64 first_gsi) MUST_CHECK;
/* Device interrupt lines. They interrupt pCPU IRQ_PCPU. Vectors are assigned here. Masked until arch_irq_unmask.
 * flags: IRQ_* of syscalls.h. */
enum status arch_irq_route(u32 gsi, u32 flags) MUST_CHECK;
void arch_irq_mask(u32 gsi);
void arch_irq_unmask(u32 gsi);
/* What a device has to write, and where, to raise this line at that pCPU, edge triggered (SDM Vol. 3 10.11). False: the
 * line has a pin or no vector, or that pCPU's APIC id is too large for it. */
struct irq_message { u64 address; u32 data; };
bool arch_irq_message(u32 line, const struct pcpu *pcpu, struct irq_message *out) MUST_CHECK;

/* ---- Physical memory the kernel touches --------------------------------------------------------- */

/* Kernel-class frames: the direct map. Valid only for frames the frame allocator made kernel class. */
static inline void *direct_pointer(hpa_t hpa)
{
	return (void *)(DIRECT_BASE + hpa.raw);	/* NOLINT: the direct map is the point */
}
static inline hpa_t direct_hpa(const void *p)
{
	return HPA((u64)p - DIRECT_BASE);
}
/* Of the kernel's image. */
static inline hpa_t arch_image_hpa(const void *p)
{
	return HPA((u64)p - KERNEL_BASE);
}
/* Map [hpa, hpa + bytes), whole 2 MiB pages, RW NX into the direct map; what is mapped already is fine. Needs no
 * frames: tables come from a reserve, at first just large enough for the records of all frames, then for all memory.
 * ST_NOMEM beyond that, ST_UNSUPPORTED beyond the kernel's half. */
enum status arch_direct_map(hpa_t hpa, u64 bytes) MUST_CHECK;
/* How many tables the direct map of memory below `top` can take. They are there from now on, in the direct map. Before
 * the first PD. */
u64 arch_direct_tables(u64 top);
void arch_direct_extend(hpa_t start, u64 top);

/* Zero a 4 KiB frame, or copy kernel memory into one, through this pCPU's window. Works for every frame,
 * mapped or not. */
void arch_frame_zero(hpa_t frame);
void arch_frame_write(hpa_t at, const void *from, u64 bytes);	/* within one 4 KiB frame */

/* Physical addresses are below this. */
u64 arch_memory_limit(void);
/* Device registers: uncached mapping that stays for ever. NULL if the table is full or the address is beyond what this
 * processor has. */
void *arch_mmio_map(hpa_t hpa, u64 bytes);

/* ---- Early and last words (arch/x86_64/cpu/early_console.c) ------------------------------------- */

/* Serial port (if there is one) and screen (VGA text or framebuffer). Used for the log until their drivers take over,
 * and in a panic. */
void early_console_init(const struct boot_info *boot, struct info_page *info);
void early_console_write(const char *text, size_t bytes);
/* Before arch_init has replaced the boot tables: say why VOS can't run on this machine, on all there is, and halt. */
_Noreturn void early_console_refuse(const char *why);
void early_console_release(u64 parts);	/* CONSOLE_*: a driver owns these from now on */
void early_console_reclaim(void);	/* panic */

#endif
