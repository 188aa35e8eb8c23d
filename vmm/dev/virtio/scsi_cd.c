/* SPDX-License-Identifier: MIT */
/*
 * scsi_cd.c - see scsi_cd.h. Fields in commands and replies are big endian.
 */
#include "scsi_cd.h"

#include <string.h>

#include "range.h"

/* Operation codes. */
enum {
	TEST_UNIT_READY = 0x00, REQUEST_SENSE = 0x03, INQUIRY = 0x12, MODE_SENSE_6 = 0x1a, START_STOP_UNIT = 0x1b,
	PREVENT_REMOVAL = 0x1e, READ_CAPACITY = 0x25, READ_10 = 0x28, READ_TOC = 0x43, GET_CONFIGURATION = 0x46,
	GET_EVENT_STATUS = 0x4a, MODE_SENSE_10 = 0x5a, REPORT_LUNS = 0xa0, READ_12 = 0xa8,
};

#define CHECK_CONDITION 2u
#define SENSE_NOT_READY 2u
#define SENSE_ILLEGAL_REQUEST 5u
#define SENSE_UNIT_ATTENTION 6u
#define ASC_UNKNOWN_COMMAND 0x20u
#define ASC_BLOCK_OUT_OF_RANGE 0x21u
#define ASC_BAD_FIELD 0x24u
#define ASC_NO_UNIT 0x25u
#define ASC_DISC_CHANGED 0x28u
#define ASC_NO_DISC 0x3au

#define TYPE_CD 0x05u
#define LEAD_OUT 0xaau
#define PAGE_CAPABILITIES 0x2au
#define PAGE_ALL 0x3fu
#define PROFILE_CD_ROM 8u
#define EVENTS_MEDIA 0x10u		/* bit of the class in a request */
enum { MEDIA_NO_NEWS = 0, MEDIA_NEW = 2, MEDIA_GONE = 3 };
#define MEDIA_PRESENT 2u
#define START_EJECT 0x02u		/* load or eject; bit 0: load */

static u32 be16(const u8 *at)
{
	return (u32)at[0] << 8 | at[1];
}

static u32 be32(const u8 *at)
{
	return be16(at) << 16 | be16(at + 2);
}

static void put_be32(u8 *at, u32 value)
{
	for (u32 i = 0; i < 4; i++)
		at[i] = (u8)(value >> (24 - 8 * i));
}

static void fill_sense(u8 *sense, u8 key, u8 reason)
{
	memset(sense, 0, SCSI_CD_SENSE_BYTES);
	sense[0] = 0x70;		/* current, fixed format */
	sense[2] = key;
	sense[7] = SCSI_CD_SENSE_BYTES - 8;
	sense[12] = reason;
}

static void fail(struct scsi_cd_answer *out, u8 key, u8 reason)
{
	out->status = CHECK_CONDITION;
	out->bytes = 0;
	fill_sense(out->sense, key, reason);
}

static void refuse(struct scsi_cd_answer *out, u8 reason)
{
	fail(out, SENSE_ILLEGAL_REQUEST, reason);
}

/* The reply, or as much of it as the guest has room for. */
static void reply(struct scsi_cd_answer *out, u32 bytes, u32 room)
{
	out->bytes = (u32)min_u64(bytes, room);
}

/* ---- Commands ---- */

static void done(struct scsi_cd *cd, const u8 *c, struct scsi_cd_answer *out)
{
	(void)cd;
	(void)c;
	reply(out, 0, 0);
}

/* That of a failure comes with the command that failed. */
static void request_sense(struct scsi_cd *cd, const u8 *c, struct scsi_cd_answer *out)
{
	fill_sense(out->reply, cd->is_changed ? SENSE_UNIT_ATTENTION : 0, cd->is_changed ? ASC_DISC_CHANGED : 0);
	cd->is_changed = false;
	reply(out, SCSI_CD_SENSE_BYTES, c[4]);
}

static void inquiry(struct scsi_cd *cd, const u8 *c, struct scsi_cd_answer *out)
{
	static const u8 standard[36] = "\x05\x80\x05\x02\x1f\0\0\0VOS     CD-ROM          1   ";
	static const u8 pages[5] = { TYPE_CD, 0, 0, 1, 0 };	/* of vital product data: this list */
	bool is_page = c[1] & 1;

	(void)cd;
	if (c[2] != 0) {
		refuse(out, ASC_BAD_FIELD);
		return;
	}
	memcpy(out->reply, is_page ? pages : standard, is_page ? sizeof(pages) : sizeof(standard));
	reply(out, is_page ? sizeof(pages) : sizeof(standard), be16(c + 3));
}

/* The guest can't open it. */
static void start_stop(struct scsi_cd *cd, const u8 *c, struct scsi_cd_answer *out)
{
	if ((c[4] & 3) == START_EJECT)
		refuse(out, ASC_BAD_FIELD);
	else
		done(cd, c, out);
}

/* Behind a header of `header` bytes: what the drive can do (nothing but read). */
static void mode_sense(const u8 *c, struct scsi_cd_answer *out, u32 header, u32 room)
{
	u32 page = c[2] & 0x3f;

	if ((page != PAGE_CAPABILITIES && page != PAGE_ALL) || c[2] >> 6 == 3) {
		refuse(out, ASC_BAD_FIELD);
		return;
	}
	out->reply[header] = PAGE_CAPABILITIES;
	out->reply[header + 1] = 0x12;
	out->reply[header + 6] = 0x20;			/* loads by a tray */
	out->reply[header == 4 ? 0 : 1] = (u8)(header + 0x14 - (header == 4 ? 1 : 2));
	reply(out, header + 0x14, room);
}

static void mode_sense_6(struct scsi_cd *cd, const u8 *c, struct scsi_cd_answer *out)
{
	(void)cd;
	mode_sense(c, out, 4, c[4]);
}

static void mode_sense_10(struct scsi_cd *cd, const u8 *c, struct scsi_cd_answer *out)
{
	(void)cd;
	mode_sense(c, out, 8, be16(c + 7));
}

static void read_capacity(struct scsi_cd *cd, const u8 *c, struct scsi_cd_answer *out)
{
	(void)c;
	put_be32(out->reply, (u32)(cd->blocks - 1));
	put_be32(out->reply + 4, SCSI_CD_BLOCK_BYTES);
	reply(out, 8, 8);
}

static void read_blocks(struct scsi_cd *cd, u32 first, u32 count, struct scsi_cd_answer *out)
{
	if (!range_ok(first, count, cd->blocks)) {
		refuse(out, ASC_BLOCK_OUT_OF_RANGE);
	} else if (count > SCSI_CD_BLOCKS_MAX) {
		refuse(out, ASC_BAD_FIELD);
	} else {
		out->data = cd->image + (u64)first * SCSI_CD_BLOCK_BYTES;
		out->bytes = count * SCSI_CD_BLOCK_BYTES;
	}
}

static void read_10(struct scsi_cd *cd, const u8 *c, struct scsi_cd_answer *out)
{
	read_blocks(cd, be32(c + 2), be16(c + 7), out);
}

static void read_12(struct scsi_cd *cd, const u8 *c, struct scsi_cd_answer *out)
{
	read_blocks(cd, be32(c + 2), be32(c + 6), out);
}

/* Minute, second, frame: 75 a second, two seconds before block 0. */
static void put_address(u8 *at, u64 block, bool is_msf)
{
	u64 frame = block + 150;

	if (is_msf)
		put_be32(at, (u32)((frame / 4500 & 0xff) << 16 | frame / 75 % 60 << 8 | frame % 75));
	else
		put_be32(at, (u32)block);
}

static void put_track(u8 *at, u8 track, u64 block, bool is_msf)
{
	at[1] = 0x14;		/* a track of data */
	at[2] = track;
	put_address(at + 4, block, is_msf);
}

/* One session with one track. */
static void read_toc(struct scsi_cd *cd, const u8 *c, struct scsi_cd_answer *out)
{
	bool is_msf = c[1] & 2;
	u32 format = (c[2] & 0xf) | c[9] >> 6, bytes = 4;

	if (format > 1 || (format == 0 && c[6] > 1 && c[6] != LEAD_OUT)) {
		refuse(out, ASC_BAD_FIELD);
		return;
	}
	out->reply[2] = out->reply[3] = 1;		/* first and last */
	if (format == 1 || c[6] <= 1) {
		put_track(out->reply + bytes, 1, 0, is_msf);
		bytes += 8;
	}
	if (format == 0) {
		put_track(out->reply + bytes, LEAD_OUT, cd->blocks, is_msf);
		bytes += 8;
	}
	out->reply[1] = (u8)(bytes - 2);
	reply(out, bytes, be16(c + 7));
}

/* The profile alone, no features. */
static void get_configuration(struct scsi_cd *cd, const u8 *c, struct scsi_cd_answer *out)
{
	out->reply[3] = 4;
	out->reply[7] = cd->blocks != 0 ? PROFILE_CD_ROM : 0;
	reply(out, 8, be16(c + 7));
}

/* Asked for again and again. */
static void get_event_status(struct scsi_cd *cd, const u8 *c, struct scsi_cd_answer *out)
{
	bool has_media = c[4] & EVENTS_MEDIA;

	if (!(c[1] & 1)) {		/* without polling it would have to wait for an event */
		refuse(out, ASC_BAD_FIELD);
		return;
	}
	out->reply[1] = has_media ? 6 : 2;
	out->reply[2] = has_media ? 4 : 0x80;
	out->reply[3] = EVENTS_MEDIA;
	if (has_media) {
		out->reply[4] = cd->event;
		out->reply[5] = cd->blocks != 0 ? MEDIA_PRESENT : 0;
		cd->event = MEDIA_NO_NEWS;
	}
	reply(out, has_media ? 8 : 4, be16(c + 7));
}

static void report_luns(struct scsi_cd *cd, const u8 *c, struct scsi_cd_answer *out)
{
	(void)cd;
	out->reply[3] = 8;
	reply(out, 16, be32(c + 6));
}

/* What a command is for: with a disc only; also if it has just changed. */
enum { FOR_DRIVE, FOR_DISC, ALWAYS };

static const struct {
	u8 code, when;
	void (*run)(struct scsi_cd *cd, const u8 *c, struct scsi_cd_answer *out);
} commands[] = {
	{ TEST_UNIT_READY, FOR_DISC, done }, { REQUEST_SENSE, ALWAYS, request_sense }, { INQUIRY, ALWAYS, inquiry },
	{ MODE_SENSE_6, FOR_DRIVE, mode_sense_6 }, { START_STOP_UNIT, FOR_DRIVE, start_stop },
	{ PREVENT_REMOVAL, FOR_DRIVE, done }, { READ_CAPACITY, FOR_DISC, read_capacity },
	{ READ_10, FOR_DISC, read_10 }, { READ_TOC, FOR_DISC, read_toc },
	{ GET_CONFIGURATION, ALWAYS, get_configuration }, { GET_EVENT_STATUS, ALWAYS, get_event_status },
	{ MODE_SENSE_10, FOR_DRIVE, mode_sense_10 }, { REPORT_LUNS, ALWAYS, report_luns },
	{ READ_12, FOR_DISC, read_12 },
};

static void begin(struct scsi_cd_answer *out)
{
	memset(out, 0, sizeof(*out));
	out->data = out->reply;
}

static void run(struct scsi_cd *cd, u32 i, const u8 *command, struct scsi_cd_answer *out)
{
	if (commands[i].when != ALWAYS && cd->is_changed) {
		cd->is_changed = false;
		fail(out, SENSE_UNIT_ATTENTION, ASC_DISC_CHANGED);
	} else if (commands[i].when == FOR_DISC && cd->blocks == 0) {
		fail(out, SENSE_NOT_READY, ASC_NO_DISC);
	} else {
		commands[i].run(cd, command, out);
	}
}

void scsi_cd_command(struct scsi_cd *cd, const u8 command[SCSI_CD_COMMAND_BYTES], struct scsi_cd_answer *out)
{
	begin(out);
	for (u32 i = 0; i < ARRAY_COUNT(commands); i++)
		if (commands[i].code == command[0]) {
			run(cd, i, command, out);
			return;
		}
	refuse(out, ASC_UNKNOWN_COMMAND);
}

void scsi_cd_no_unit(struct scsi_cd_answer *out)
{
	begin(out);
	refuse(out, ASC_NO_UNIT);
}

bool scsi_cd_init(struct scsi_cd *cd, const u8 *image, u64 bytes)
{
	*cd = (struct scsi_cd){ .image = image, .blocks = bytes / SCSI_CD_BLOCK_BYTES };
	return bytes == 0 || (cd->blocks != 0 && cd->blocks < BIT64(32));
}

void scsi_cd_change(struct scsi_cd *cd, const u8 *image, u64 bytes)
{
	bool is_disc = scsi_cd_init(cd, image, bytes) && cd->blocks != 0;

	if (!is_disc)
		*cd = (struct scsi_cd){ 0 };
	cd->is_changed = is_disc;
	cd->event = is_disc ? MEDIA_NEW : MEDIA_GONE;
}
