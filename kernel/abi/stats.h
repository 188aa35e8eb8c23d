/* SPDX-License-Identifier: MIT */
/*
 * stats.h - the kernel's accounts, for root: a page that the kernel writes and root has mapped read-only at
 * STATS_ADDRESS. Each of four calls fills one part of it, at one moment; it stays until the next call of that kind.
 */
#ifndef VOS_STATS_H
#define VOS_STATS_H

#include "machine_check.h"
#include "syscalls.h"
#include "types.h"
#include "vcpu_page.h"

#define STATS_ADDRESS 0x10300000ull	/* root only, one page */
#define STAT_WAKE_BUCKETS 32u

/*
 * SYS_OBJECT_STAT: words of stats_page.object. Those before STAT_WAKE_BUCKET are 0 where the object is of another kind;
 * the others mean nothing then. A PD's times include those of its threads that are gone.
 */
enum stat {
	STAT_TIME_TSC,		/* PD, THREAD: time on a pCPU, all of it */
	STAT_TIME_GUEST_TSC,	/* PD, THREAD: thereof in guest mode */
	STAT_TIME_READY,	/* PD, THREAD: TSC ticks in which it could have run and didn't */
	STAT_TIME_COUNT,
	STAT_BYTES = STAT_TIME_COUNT,	/* MEM: size */
	STAT_BYTES_GRANTED,	/* MEM: frames granted so far, in bytes */
	STAT_BYTES_HELD,	/* MEM: frames that are granted or reserved for it; 0 if they existed before it */
	STAT_KERNEL_BYTES,	/* any: kernel frames in use for it alone (page tables, stacks), without what
				 * STAT_BYTES_HELD counts and the object itself */
	STAT_TABLE_BYTES,	/* PD, VM: page tables */
	STAT_IS_WAITING,	/* THREAD: 1 = it waits for a notification or a deadline */
	STAT_IRQ_ADDRESS,	/* IRQ with IRQ_MSI: where the device has to write ... */
	STAT_IRQ_DATA,		/* ... and what */
	STAT_IRQ_UNACKED_TSC,	/* IRQ: when it was signalled, if there was no SYS_IRQ_ACK since; else 0 */
	STAT_WAKE_BUCKET,	/* PD: + i, 0 <= i < STAT_WAKE_BUCKETS: how often one of its threads ran within 2^i ..
				 * 2^(i+1) - 1 ns of being woken; the first and the last take what is beyond them */
	STAT_EXIT_COUNT = STAT_WAKE_BUCKET + STAT_WAKE_BUCKETS,	/* VCPU: + enum exit_reason: returns of that kind, of
				 * which EXIT_DEADLINE is no VM exit */
	STAT_EXIT_TICKS = STAT_EXIT_COUNT + EXIT_REASON_COUNT,	/* VCPU: + enum exit_reason: TSC ticks from there to
				 * the next entry, without the time in which other threads ran */
	STAT_BUS_ADDRESS = STAT_EXIT_TICKS + EXIT_REASON_COUNT,	/* MEM with MEM_DMA: + i, where its piece i is in
				 * physical memory; 0 = not granted yet, or beyond its end */
	STAT_COUNT = STAT_BUS_ADDRESS + MEM_DMA_PIECES
};

/*
 * SYSTEM_MEMORY: where the memory is, in bytes. boot + kernel + granted + reserved + free + kernel free = installed;
 * each is counted where it happens, none is computed from the others. With MEM_STAT_CHANGES unchanged, what
 * SYS_OBJECT_STAT said in between fits.
 */
enum mem_stat {
	MEM_STAT_INSTALLED,	/* usable memory the kernel found */
	MEM_STAT_BOOT,		/* the image, boot modules, what the loader left */
	MEM_STAT_KERNEL,		/* frames of the kernel in use: page tables, objects, stacks */
	MEM_STAT_SLABS,		/* thereof for objects themselves, in use or not */
	MEM_STAT_GRANTED,		/* frames of MEM objects */
	MEM_STAT_RESERVED,	/* promised to MEM objects */
	MEM_STAT_FREE,		/* neither granted nor reserved */
	MEM_STAT_KERNEL_FREE,	/* set aside for the kernel, not in use */
	MEM_STAT_CHANGES,		/* how often a frame was taken or given back (no bytes) */
	MEM_STAT_COUNT
};

/* SYSTEM_PCPU_TIME: where a pCPU's time went, in TSC ticks. guest + VMM + system + idle = elapsed, exactly. */
enum pcpu_time {
	PCPU_TIME_ELAPSED,	/* since that pCPU came up */
	PCPU_TIME_GUEST,	/* in guest mode */
	PCPU_TIME_VMM,		/* threads with a vCPU, outside the guest, with the kernel's work for them */
	PCPU_TIME_SYSTEM,	/* all other threads */
	PCPU_TIME_IDLE,
	PCPU_TIME_COUNT
};

struct stats_page {
	u64 object[STAT_COUNT];
	u64 memory[MEM_STAT_COUNT];
	u64 pcpu[PCPU_TIME_COUNT];
	struct machine_check machine_check;	/* SYSTEM_MACHINE_CHECK */
};
_Static_assert(sizeof(struct stats_page) <= 4096, "ABI");

#endif
