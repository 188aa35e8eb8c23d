/* SPDX-License-Identifier: MIT */
/*
 * memory_layout.h - the kernel's half of every address space.
 *
 *   0x0000000000000000 .. 0x00007fffffffefff   ring 3: a PD's own
 *   0xffff800000000000 DIRECT_BASE             DIRECT_BASE + hpa: kernel-class frames (tables, objects, stacks), RW NX
 *   0xfffffe0000000000 MMIO_BASE               device registers the kernel itself uses, uncached, RW NX
 *   0xffffff0000000000 WINDOW_BASE             one 4 KiB window a pCPU, to zero or copy frames that are not mapped
 * otherwise
 *   0xffffffff80000000 KERNEL_BASE             KERNEL_BASE + hpa: the kernel image: text RX, rodata R, data RW
 *
 * Guest RAM and the memory of PDs are not mapped in the kernel. The PML4 entries of the upper half are made once, at
 * boot, and are the same in every PD.
 */
#ifndef VOS_MEMORY_LAYOUT_H
#define VOS_MEMORY_LAYOUT_H

/* The last page stays empty: what follows a SYSCALL is always a canonical address. */
#define USER_LIMIT 0x00007ffffffff000ull
#define DIRECT_BASE 0xffff800000000000ull
#define MMIO_BASE 0xfffffe0000000000ull
#define WINDOW_BASE 0xffffff0000000000ull
#define KERNEL_BASE 0xffffffff80000000ull

#define KERNEL_STACK_BYTES 8192u
#define MAX_PCPUS 64u

#endif
