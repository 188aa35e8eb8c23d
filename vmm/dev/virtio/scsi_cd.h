/* SPDX-License-Identifier: MIT */
/*
 * scsi_cd.h - a CD-ROM drive by its SCSI commands (SPC-4, MMC-6), with an image in memory as its disc. Pure.
 *
 * The disc can't be written, and the guest can't take it out; its operator can, and put another one in, at any moment.
 * The guest is told by the next command for the disc: that there is none, or once that another may be there (UNIT
 * ATTENTION); and if it asks for events. A command is 32 foreign bytes, copied and then judged. What is not
 * known, or has a field that is not supported, ends in CHECK CONDITION with sense data that says so.
 */
#ifndef VOS_SCSI_CD_H
#define VOS_SCSI_CD_H

#include "types.h"

#define SCSI_CD_BLOCK_BYTES 2048u
#define SCSI_CD_BLOCKS_MAX 512u		/* of one command */
#define SCSI_CD_COMMAND_BYTES 32u
#define SCSI_CD_SENSE_BYTES 18u
#define SCSI_CD_REPLY_BYTES 64u

struct scsi_cd {
	const u8 *image;
	u64 blocks;		/* below 2^32; bytes behind the last whole one are not there. 0: there is no disc */
	bool is_changed;	/* the next command is told that another disc is there */
	u8 event;		/* not asked for yet: MEDIA_... */
};

/* What a command leads to. */
struct scsi_cd_answer {
	u8 status;		/* 0 = good, 2 = check condition */
	const u8 *data;		/* what is sent to the guest: in the image, or in `reply` */
	u32 bytes;
	u8 reply[SCSI_CD_REPLY_BYTES];
	u8 sense[SCSI_CD_SENSE_BYTES];	/* with check condition */
};

/* bytes 0: no disc. False: the image is smaller than a block, or too large. */
bool scsi_cd_init(struct scsi_cd *cd, const u8 *image, u64 bytes);
/* Another disc, or none: with bytes 0, or if the image can't be one. */
void scsi_cd_change(struct scsi_cd *cd, const u8 *image, u64 bytes);
void scsi_cd_command(struct scsi_cd *cd, const u8 command[SCSI_CD_COMMAND_BYTES], struct scsi_cd_answer *out);
/* The answer to a command for a unit that is not there. */
void scsi_cd_no_unit(struct scsi_cd_answer *out);

#endif
