/* SPDX-License-Identifier: MIT */
/*
 * ahci_regs.h - registers and structures of AHCI 1.3.1, sections 3 and 4, as far as the driver uses them.
 */
#ifndef VOS_AHCI_REGS_H
#define VOS_AHCI_REGS_H

#include "types.h"

/* The controller (3.1). */
enum {
	HBA_CAP = 0x00, HBA_GHC = 0x04, HBA_IS = 0x08, HBA_PI = 0x0c, HBA_CAP2 = 0x24, HBA_BOHC = 0x28,
	HBA_PORTS = 0x100
};
#define CAP_SLOTS(cap) (((cap) >> 8 & 0x1f) + 1)
#define CAP_S64A BIT32(31)	/* 64-bit addresses */
#define GHC_RESET BIT32(0)
#define GHC_INTERRUPTS BIT32(1)
#define GHC_AHCI BIT32(31)
#define CAP2_BOH BIT32(0)
#define BOHC_BIOS BIT32(0)
#define BOHC_OS BIT32(1)

/* A port (3.3), PORT_BYTES each. */
enum {
	PORT_CLB = 0x00, PORT_FB = 0x08, PORT_IS = 0x10, PORT_IE = 0x14, PORT_CMD = 0x18, PORT_TFD = 0x20,
	PORT_SIG = 0x24, PORT_SSTS = 0x28, PORT_SERR = 0x30, PORT_CI = 0x38, PORT_BYTES = 0x80, PORT_COUNT = 32
};
#define PORT_CMD_ST BIT32(0)
#define PORT_CMD_SUD BIT32(1)
#define PORT_CMD_POD BIT32(2)
#define PORT_CMD_FRE BIT32(4)
#define PORT_CMD_FR BIT32(14)
#define PORT_CMD_CR BIT32(15)
#define PORT_CMD_CCS(cmd) ((cmd) >> 8 & 0x1f)	/* the slot that is being carried out */
#define PORT_IS_TASK_FILE BIT32(30)
#define PORT_IS_FATAL (BIT32(30) | BIT32(29) | BIT32(28) | BIT32(27))
#define PORT_IE_WANTED (PORT_IS_FATAL | BIT32(26) | BIT32(5) | 0xfu)
#define SSTS_DET(ssts) ((ssts) & 0xf)
#define DET_PRESENT 3u
#define SIG_DISK 0x101u

/* The command list (4.2.2). */
struct ahci_header {
	u16 flags, prdt_count;
	u32 transferred;	/* written by the controller */
	u64 table;
	u32 zero[4];
};
_Static_assert(sizeof(struct ahci_header) == 32, "4.2.2");
#define HEADER_FIS_WORDS 5u	/* of a FIS from host to device */
#define HEADER_WRITE BIT32(6)

struct ahci_prd {
	u64 bus;
	u32 zero;
	u32 last;		/* bytes - 1; bit 0 is set */
};

/* A command table (4.2.3), with as many PRDs as a request has parts. */
struct ahci_table {
	u8 fis[64];
	u8 atapi[16];
	u8 zero[48];
	struct ahci_prd prd[4];
	u8 zero1[64];
};
_Static_assert(sizeof(struct ahci_table) == 256, "a table is 128-byte aligned");

#define FIS_TO_DEVICE 0x27u
#define FIS_COMMAND 0x80u

#endif
