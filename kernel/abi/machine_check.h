/* SPDX-License-Identifier: MIT */
/*
 * machine_check.h - what a processor reports of errors of the hardware: one bank, as it was. The bits and codes are
 * those of Intel SDM Vol. 3 15.3.2 and AMD APM Vol. 2 9.3.2.
 */
#ifndef VOS_MACHINE_CHECK_H
#define VOS_MACHINE_CHECK_H

#include "types.h"

enum machine_check_source {
	MC_AT_BOOT,		/* it was there when this pCPU came up: of an earlier run, or the firmware's */
	MC_POLLED,		/* found by MACHINE_CHECK_LOOK */
	MC_EXCEPTION,		/* came with #MC, and VOS can go on */
	MC_SOURCE_COUNT
};

/* What a processor can tell apart: by which rules its banks are to be read. */
enum mce_kind {
	MCE_FATAL_ONLY,		/* an uncorrected error leaves nothing that can be relied on */
	MCE_SER_P,		/* Intel: MCG_CAP.MCG_SER_P */
	MCE_SUCCOR,		/* AMD: CPUID 80000007h EBX[1] */
	MCE_SUCCOR_OVERFLOW,	/* ... and [0]: also if an error was lost */
};

struct machine_check {
	u64 status;		/* MCi_STATUS: MC_VALID is set */
	u64 address;		/* MCi_ADDR; 0 without MC_ADDRESS_VALID */
	u64 misc;		/* MCi_MISC; 0 without MC_MISC_VALID */
	u64 mcg_status;		/* MCG_STATUS, with MC_EXCEPTION */
	u64 lost;		/* so many before it were dropped */
	u32 pcpu, bank;
	u32 source;		/* enum machine_check_source */
	u32 kind;		/* enum mce_kind */
};

/* MCi_STATUS. */
#define MC_VALID BIT64(63)
#define MC_OVERFLOW BIT64(62)		/* one more error was lost */
#define MC_UNCORRECTED BIT64(61)
#define MC_ENABLED BIT64(60)
#define MC_MISC_VALID BIT64(59)
#define MC_ADDRESS_VALID BIT64(58)
#define MC_CONTEXT_CORRUPT BIT64(57)	/* PCC: of the processor */
#define MC_SIGNALED BIT64(56)		/* Intel with MCG_SER_P: S, AR */
#define MC_ACTION_REQUIRED BIT64(55)
#define MC_DEFERRED BIT64(44)		/* AMD: memory that is wrong, but that nobody has used */
#define MC_POISON BIT64(43)		/* AMD: somebody has used it */
#define MC_CODE 0xefffull		/* without F, which says that corrected errors are filtered */
#define MC_CODE_LOAD 0x134u		/* data load, instruction fetch (SDM Vol. 3 15.9.3.2) */
#define MC_CODE_FETCH 0x150u

/* MCi_MISC of an uncorrected error that software can recover from (SDM Vol. 3 15.3.2.4): the lowest valid bit of the
 * address, and its mode. */
#define MC_MISC_LSB 0x3fu
#define MC_MISC_MODE(misc) ((u32)((misc) >> 6) & 7u)
#define MC_MODE_PHYSICAL 2u

/* SYSTEM_MACHINE_CHECK: what `a` may be. */
enum machine_check_op {
	MACHINE_CHECK_BIND,	/* b = bits to raise at this thread when there is one to take. ST_UNSUPPORTED: the
				 * processor has no banks */
	MACHINE_CHECK_LOOK,	/* all pCPUs look at their banks, soon */
	MACHINE_CHECK_TAKE,	/* the oldest one -> stats_page.machine_check and 1; 0: there is none */
};

#endif
