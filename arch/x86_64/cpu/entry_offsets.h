/* SPDX-License-Identifier: MIT */
/*
 * entry_offsets.h - numbers that assembly needs of C structures; cpu_thread.c asserts that they are true.
 */
#ifndef VOS_ENTRY_OFFSETS_H
#define VOS_ENTRY_OFFSETS_H

/* struct pcpu */
#define PCPU_KERNEL_STACK	8
#define PCPU_USER_STACK		16
#define PCPU_CURRENT		32
#define PCPU_NEED_RESCHED	48

/* struct arch_thread, with which struct thread begins */
#define THREAD_COMPAT_HANDLER	24

/* struct trap_frame */
#define TRAP_CS			144
#define TRAP_BYTES		176

#define SYS_FIRST_NUMBER	0x1000
#define USER_CODE_SELECTOR	0x23
#define USER_DATA_SELECTOR	0x1b
#define MSR_GS_BASE_NUMBER	0xc0000101

#endif
