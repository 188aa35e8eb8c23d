/* SPDX-License-Identifier: MIT */
/*
 * nvme_regs.h - registers, commands and data structures of NVM Express Base 1.4 (sections 3, 4, 5) and of the NVM
 * Command Set (section 6), as far as the driver uses them. Little endian, as x86.
 */
#ifndef VOS_NVME_REGS_H
#define VOS_NVME_REGS_H

#include "types.h"

/* Registers (3.1). */
enum {
	NVME_CAP = 0x00, NVME_INTMS = 0x0c, NVME_INTMC = 0x10, NVME_CC = 0x14, NVME_CSTS = 0x1c, NVME_AQA = 0x24,
	NVME_ASQ = 0x28, NVME_ACQ = 0x30, NVME_DOORBELLS = 0x1000,
};

#define CAP_MQES(cap) ((u32)(cap) & 0xffff)		/* entries of a queue, less 1 */
#define CAP_TO(cap) ((u32)((cap) >> 24) & 0xff)		/* until ready: in 500 ms */
#define CAP_DSTRD(cap) ((u32)((cap) >> 32) & 0xf)	/* doorbells lie 4 << this apart */
#define CAP_MPSMIN(cap) ((u32)((cap) >> 48) & 0xf)	/* smallest page: 4 KiB << this */
#define CC_EN BIT32(0)
#define CC_ENTRIES (6u << 16 | 4u << 20)		/* 64-byte commands, 16-byte completions */
#define CSTS_RDY BIT32(0)
#define CSTS_CFS BIT32(1)				/* fatal */

struct nvme_command {
	u8 opcode, flags;
	u16 id;
	u32 nsid;
	u64 zero, metadata;
	u64 prp1, prp2;
	u32 cdw10, cdw11, cdw12, cdw13, cdw14, cdw15;
};
_Static_assert(sizeof(struct nvme_command) == 64, "4.2");

struct nvme_completion {
	u32 result, zero;
	u16 sq_head, sq_id, id;
	u16 status;		/* bit 0: phase; then code (8), type (3), ..., do not retry (15) */
};
_Static_assert(sizeof(struct nvme_completion) == 16, "4.6");

enum nvme_admin { NVME_CREATE_SQ = 0x01, NVME_CREATE_CQ = 0x05, NVME_IDENTIFY = 0x06, NVME_SET_FEATURES = 0x09 };
enum nvme_io {
	NVME_FLUSH = 0x00, NVME_WRITE = 0x01, NVME_READ = 0x02, NVME_WRITE_ZEROES = 0x08, NVME_DATASET = 0x09
};

#define IDENTIFY_NAMESPACE 0u
#define IDENTIFY_CONTROLLER 1u
#define IDENTIFY_ACTIVE 2u
#define FEATURE_QUEUES 0x07u
#define QUEUE_CONTIGUOUS BIT32(0)
#define QUEUE_INTERRUPTS BIT32(1)
#define RW_FUA BIT32(30)
#define ZEROES_DEALLOCATE BIT32(25)
#define DATASET_DEALLOCATE BIT32(2)

/* Identify Controller (5.15.2.2): byte offsets. */
enum {
	ID_SERIAL = 4, ID_SERIAL_BYTES = 20, ID_MODEL = 24, ID_MODEL_BYTES = 40, ID_MDTS = 77, ID_ONCS = 520,
	ID_VWC = 525
};
#define ONCS_DATASET BIT32(2)
#define ONCS_WRITE_ZEROES BIT32(3)
#define VWC_PRESENT BIT32(0)

/* Identify Namespace: byte offsets. */
enum { NS_SIZE = 0, NS_FLBAS = 26, NS_DLFEAT = 33, NS_NSATTR = 99, NS_LBAF = 128 };
#define DLFEAT_READ 7u		/* how deallocated blocks read: */
#define DLFEAT_READ_ZEROES 1u
#define DLFEAT_ZEROES_DEALLOCATE BIT32(3)
#define NSATTR_READ_ONLY BIT32(0)
#define LBAF_SHIFT(lbaf) ((lbaf) >> 16 & 0xff)
#define LBAF_METADATA(lbaf) ((lbaf) & 0xffff)

/* One range of Dataset Management. */
struct nvme_range {
	u32 attributes, blocks;
	u64 lba;
};

#endif
