/* SPDX-License-Identifier: MIT */
/*
 * syscalls.h - the system calls of the VOS kernel.
 *
 * Registers only, never a pointer: the kernel does not dereference ring-3 memory.
 *   RAX = number; arguments RDI RSI RDX R10 R8 R9.
 *   Returns RAX = enum status, RDX = value. RCX and R11 hold RIP and RFLAGS (SYSCALL), and RDI, RSI, R8, R9, R10
 *   come back zeroed; RBX, RBP, R12-R15 are preserved.
 * Numbers below SYS_FIRST are not the kernel's: it resumes the thread at the handler it registered
 * (THREAD_SET_COMPAT) with all registers as they were and RCX = the RIP after the SYSCALL, so that a libc built for
 * another system works unchanged; without a handler the thread faults.
 *
 * Handles are small integers into the PD's own table: below HANDLE_CHOSEN whoever grants them chooses the slot, from
 * there on to HANDLE_COUNT (limits.h) the kernel does. 0 is never valid, except where "0 = self" is said.
 * Times are absolute values of the time stamp counter (see info_page.h for its rate); DEADLINE_NONE waits
 * for ever.
 */
#ifndef VOS_SYSCALLS_H
#define VOS_SYSCALLS_H

#include "limits.h"
#include "types.h"

#define SYS_FIRST 0x1000u

enum syscall_nr {
	/* A VMM. */
	SYS_VCPU_RUN = SYS_FIRST, /* (): enter the guest of this thread's vCPU; ST_OK = exit record is in the vcpu
				 * page, or ST_NOTIFIED -> bits. ST_STATE: no vCPU; ST_HANDLE: being destroyed */
	/* Anyone. */
	SYS_LOG_WRITE,		/* (len <= 32, w0, w1, w2, w3): append bytes to the kernel log */
	SYS_NOTIFY_WAIT,	/* (deadline) -> bits; ST_TIMEOUT when it passed; collects and clears this thread's
				 * pending bits */
	SYS_NOTIFY_SIGNAL,	/* (h THREAD|SIGNAL): raise the handle's badge bits at that thread; a thread
				 * below class SYSTEM that signals those of it and above too often pauses */
	SYS_THREAD_CTL,		/* (h THREAD, or 0 = self, op, a, b) -> see enum thread_op */
	SYS_HANDLE_CLOSE,	/* (h) */
	/* A VMM. */
	SYS_VCPU_BIND,		/* (h VCPU|RUN): the vCPU is this thread's from now on, and this thread is its only one,
				 * for life. ST_STATE: one of them is bound already */
	SYS_VCPU_GET,		/* (groups): fill further register groups of its vcpu page; the same failures */
	/* A driver. */
	SYS_IRQ_ACK,		/* (h IRQ|ACK): the interrupt may come again, once all who share it have said so */
	/* Root only: each takes the ROOT handle or a handle with the CTL right, which only root has. */
	SYS_MEM_CREATE,		/* (h_root, bytes, MEM_* flags, address) -> h MEM. Zeroed; frames are reserved now,
				 * unless MEM_OVERCOMMIT, and granted on first touch. address: of MEM_DEVICE */
	SYS_MEM_MAP,		/* (h_space PD|CTL or VM|CTL, h_mem MEM or VCPU, address, offset, bytes, rights
				 * R/W/X and MAP_FILL): page aligned */
	SYS_MEM_UNMAP,		/* (h_space, address, bytes): exactly a range that was mapped by one SYS_MEM_MAP;
				 * ST_AGAIN: call again */
	SYS_PD_CREATE,		/* (h_root) -> h PD */
	SYS_PD_CTL,		/* (h_pd, enum pd_op, a, b): what its threads get of the pCPUs, also while they run */
	SYS_THREAD_CREATE,	/* (h_pd, entry, stack, arg, badge) -> h THREAD, stopped; faults signal badge to the
				 * caller's thread */
	SYS_VM_CREATE,		/* (h_root) -> h VM */
	SYS_VCPU_CREATE,	/* (h_vm, index) -> h VCPU; its page is mapped with SYS_MEM_MAP(h_pd, h_vcpu, ...) */
	SYS_HANDLE_GRANT,	/* (h_pd, slot < HANDLE_CHOSEN, h_src, rights, badge): put a copy into that PD's table.
				 * ST_OK too if it is there already; another live handle there is ST_EXISTS */
	/* (h): every handle to it is dead from the first call on, but the caller's, with which to go on while the
	 * answer is ST_AGAIN; with ST_OK that slot is free too. A PD's threads and a VM's vCPUs go with it (close the
	 * handles to them). A MEM or VCPU that is still mapped is freed when the last mapping goes. */
	SYS_OBJECT_DESTROY,
	SYS_OBJECT_STAT,	/* (h): fill stats_page.object (stats.h); also of an object whose destruction is under
				 * way */
	SYS_IRQ_CREATE,		/* (h_root, gsi, flags, h_thread, badge) -> h IRQ: bind an interrupt line to a
				 * thread's notification. With IRQ_MSI not a line, but a message to pCPU `gsi`:
				 * STAT_IRQ_ADDRESS and STAT_IRQ_DATA say which. ST_EXISTS: the line is bound;
				 * ST_FULL: no vector is left */
	SYS_PORT_GRANT,		/* (h_pd, first, count): let that PD's ring 3 use these I/O ports */
	SYS_SYSTEM_CTL,		/* (h_root, enum system_op, a, b) -> value */
	SYS_LAST
};

#define DEADLINE_NONE (~0ull)

/* Rights of a handle. */
#define RIGHT_R BIT32(0)	/* MEM: may be mapped readable */
#define RIGHT_W BIT32(1)	/* MEM: may be mapped writable */
#define RIGHT_X BIT32(2)	/* MEM: may be mapped executable */
#define RIGHT_SIGNAL BIT32(3)	/* THREAD: may raise the badge */
#define RIGHT_RUN BIT32(4)	/* VCPU: vcpu_bind, and so vcpu_run and vcpu_get */
#define RIGHT_ACK BIT32(5)	/* IRQ */
#define RIGHT_CTL BIT32(6)	/* everything else; only root gets it, from the creating call */
#define RIGHT_ALL 0x7fu

/* SYS_MEM_CREATE flags. */
#define MEM_OVERCOMMIT BIT32(0)	/* nothing is reserved: a touch may find no frame (FAULT_NOMEM, EXIT_NOMEM) */
#define MEM_LARGE BIT32(1)	/* prefer 2 MiB frames; where MAP_FILL grants them, 1 GiB frames too */
/* Alone: what is at that physical address, uncached. Device registers, the screen, the firmware's tables. ST_INVAL:
 * some of it is memory that the kernel manages, or beyond what this processor can address. */
#define MEM_DEVICE BIT32(2)
/* For a device's DMA: whole pieces of 2 MiB, MEM_DMA_PIECES at most, each contiguous in physical memory, which is never
 * moved nor taken back. Granted with MAP_FILL, which stops for each piece as always (ST_AGAIN), or at the first touch;
 * then STAT_BUS_ADDRESS says where. Not with MEM_OVERCOMMIT. ST_NOMEM also if memory is left only in smaller parts. */
#define MEM_DMA BIT32(3)
#define MEM_BELOW_4G BIT32(4)	/* with MEM_DMA: below 4 GiB */
#define MEM_DMA_PIECES 16u

/*
 * SYS_MEM_MAP, beside the rights: all of it is granted and mapped before the answer is ST_OK, so that no access to it
 * can fail for want of memory. ST_AGAIN: call again with the same arguments; ST_NOMEM: the region is there, but not
 * filled.
 */
#define MAP_FILL BIT32(8)

#define IRQ_PCPU 0u	/* the pCPU that all interrupt lines come to: a driver there is next to them */
#define IRQ_VECTOR 0x30u	/* + GSI: the vector that a line raises there */

/* SYS_IRQ_CREATE flags. */
#define IRQ_LEVEL BIT32(0)	/* level triggered (else edge) */
#define IRQ_LOW BIT32(1)	/* active low (else high) */
#define IRQ_MSI BIT32(2)	/* alone: a message (MSI, MSI-X), edge triggered. No SYS_IRQ_ACK is needed */
#define IRQ_SHARED BIT32(3)	/* others may bind the line too, with the same flags: each is signalled */
#define IRQ_REMAPPED BIT32(4)	/* not with IRQ_MSI: the I/O APIC sends VT-d's remappable format, with index `gsi` */
#define IRQ_FLAGS_ALL 0x1fu

enum thread_op {
	/* On oneself (h = 0). */
	THREAD_SET_COMPAT,	/* a = entry for system call numbers below SYS_FIRST */
	THREAD_SET_FSBASE,	/* a = FS base (canonical, lower half) */
	THREAD_EXIT,		/* a = code: stops and tells the supervisor (THREAD_GET_FAULT gives FAULT_EXIT) */
	THREAD_YIELD,
	/* On others, with CTL. */
	THREAD_START,		/* from stopped, to runnable */
	THREAD_STOP,		/* at the next safe point, at once if not running */
	THREAD_GET_FAULT,	/* a = enum fault_word -> value; why it stopped */
};

/* A PD's threads are one party in the scheduler: a VM with more vCPUs gets no larger share. */
enum pd_op {
	PD_SET_CLASS,		/* a = enum sched_class */
	PD_SET_WEIGHT,		/* a = 1..1000: the PD's part among fair ones, however many threads it has */
	PD_SET_CAP,		/* a = percent of one pCPU that its threads may use together; 0 = no limit (default) */
	PD_SET_AFFINITY,	/* a = mask of pCPUs 0..63 that it may use (default: all); ST_INVAL: none of them is
				 * there. Threads elsewhere move at their next safe point */
	PD_CHARGE,		/* a = TSC ticks, below 2^32, that services have worked for it: counted as if its
				 * threads had run for so long, in what they get next and against the cap. A real-time
				 * PD without a cap loses nothing */
	PD_OP_COUNT
};

#define SCHED_WEIGHT_MIN 1u
#define SCHED_WEIGHT_MAX 1000u
#define SCHED_WEIGHT_DEFAULT 100u
#define SCHED_CAP_MAX 6400u	/* percent */

/*
 * A ready thread of a higher class takes the pCPU from one of a lower class at once. SERVICE is for PDs that work for
 * VMs, which are charged for it (PD_CHARGE): the store and the drivers of disks. SYSTEM is for the few PDs without
 * which nobody could stop a VM, or a service, that spins: root and the console. DRIVER is for those whose device does
 * not wait for them either. Only the first two are ever a VM's.
 */
enum sched_class {
	SCHED_CLASS_FAIR, SCHED_CLASS_RT, SCHED_CLASS_SERVICE, SCHED_CLASS_SYSTEM, SCHED_CLASS_DRIVER, SCHED_CLASS_COUNT
};

enum fault_word { FAULT_KIND, FAULT_RIP, FAULT_ADDRESS, FAULT_ERROR, FAULT_WORD_COUNT };
/* FAULT_KIND: 0 none; 1..0xff = exception vector + 1; else one of: */
#define FAULT_EXIT 0x100u	/* THREAD_EXIT; FAULT_ERROR = its code */
#define FAULT_NOMEM 0x101u	/* a lazily granted page could not be had; FAULT_ADDRESS */
#define FAULT_MACHINE_CHECK 19u	/* #MC: it ran into damaged memory */
#define FAULT_COMPAT 0x102u	/* foreign system call and no handler; FAULT_ERROR = number */

enum system_op {
	SYSTEM_REBOOT,		/* stop all pCPUs and shut down by a triple fault; does not return. Root tries
				 * gentler ways before */
	/* What root finds out about the machine, in this order; before, there is neither time nor an interrupt. */
	SYSTEM_CLOCK,		/* a = rate of the TSC in Hz -> 1 if the timer is a TSC deadline, else 0. Once, then
				 * ST_STATE; ST_INVAL: no TSC is so fast or so slow */
	SYSTEM_IOAPIC,		/* a = physical address of an I/O APIC, b = its first GSI. All lines are masked */
	SYSTEM_PCPU_INIT,	/* a = APIC id of another processor: reset it. ST_EXISTS: it is a pCPU */
	SYSTEM_PCPU_START,	/* a = that; 10 ms later -> TSC ticks (signed) that pCPU 0 is ahead of it. It becomes
				 * the next pCPU. ST_EXISTS; ST_TIMEOUT: it does not answer; ST_STATE: it began and
				 * got stuck; ST_UNSUPPORTED: it can't be used; ST_FULL: MAX_PCPUS; ST_NOMEM.
				 * b = 1: it is parked instead: it halts with CR4.MCE set, as a machine check that
				 * is told to all processors resets the machine where one has it clear (SDM Vol. 3
				 * 15.3, 15.10.4.1); never ST_FULL */
	SYSTEM_LOG_BIND,	/* a = h THREAD|SIGNAL of somebody to signal when the log grows, b = the bits to raise
				 * there. ST_FULL: LOG_READERS that live are bound already */
	SYSTEM_CONSOLE_TAKE,	/* a = CONSOLE_* that are a driver's from now on: the kernel writes there only in a
				 * panic */
	SYSTEM_MEMORY,		/* fill stats_page.memory (stats.h) */
	SYSTEM_WATERMARK,	/* a = bytes that MEM_OVERCOMMIT leaves free, beside the kernel's own */
	SYSTEM_PCPU_TIME,	/* a = pCPU: fill stats_page.pcpu. ST_INVAL: there is no such pCPU */
	SYSTEM_MACHINE_CHECK,	/* a = enum machine_check_op (machine_check.h), b = its argument */
	SYSTEM_FRAME_RETIRE,	/* a = address of a frame whose memory is damaged: nobody gets it again. ST_STATE: it is
				 * in use, and leaves when it is given back; ST_INVAL: it is no memory; ST_FULL */
	SYSTEM_MEM_SEARCH,	/* a = h MEM, b = address of a frame -> its offset there. ST_INVAL: it is not there;
				 * ST_AGAIN: call again */
	SYSTEM_FRAME_AWAITED,	/* a = address of a frame -> 1: it is in use, and retired when it is given back */
	SYSTEM_MITIGATE,	/* a = MITIGATE_*: what the kernel does against flaws of the processor from now on, b =
				 * those of them that are tried although CPUID does not offer them, for tests: only
				 * where it names a hypervisor. ST_UNSUPPORTED: the processor lacks what one needs;
				 * ST_STATE: other pCPUs run already; nothing has changed then */
	SYSTEM_OP_COUNT
};

#define MITIGATE_IBPB BIT64(0)	/* a pCPU that leaves a PD's address space flushes its branch predictors (SDM Vol. 4,
				 * IA32_PRED_CMD; APM Vol. 2 3.2.9). CPUID 7 EDX[26] or 80000008h EBX[12] */
#define MITIGATE_ALL MITIGATE_IBPB

#define CONSOLE_SERIAL BIT64(0)
#define CONSOLE_SCREEN BIT64(1)

#endif
