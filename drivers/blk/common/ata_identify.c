/* SPDX-License-Identifier: MIT */
/*
 * ata_identify.c - see ata_identify.h.
 */
#include "ata_identify.h"

#include <string.h>

enum {
	WORD_SERIAL = 10, WORD_SERIAL_COUNT = 10, WORD_MODEL = 27, WORD_MODEL_COUNT = 20, WORD_CAPABILITIES = 49,
	WORD_SUPPORTED = 69, WORD_COMMANDS = 83, WORD_ENABLED = 85, WORD_SECTORS = 100, WORD_SECTOR_SIZE = 106,
	WORD_LOGICAL_SIZE = 117, WORD_DATA_SET = 169
};

#define CAN_DMA BIT32(8)
#define CAN_LBA BIT32(9)
#define HAS_LBA48 BIT32(10)
#define HAS_CACHE BIT32(5)
#define SIZE_IS_VALID(word) (((word) & 0xc000u) == 0x4000u)
#define HAS_LARGE_PHYSICAL BIT32(13)
#define HAS_LARGE_LOGICAL BIT32(12)
#define CAN_TRIM BIT32(0)
#define IS_TRIM_DETERMINISTIC BIT32(14)	/* what is trimmed reads as the same from then on */

/* Texts have the first character of each pair in the upper byte. */
static void text(char *to, u32 to_bytes, const u16 *words, u32 count)
{
	u8 bytes[2 * WORD_MODEL_COUNT];

	for (u32 i = 0; i < count; i++) {
		bytes[2 * i] = (u8)(words[i] >> 8);
		bytes[2 * i + 1] = (u8)words[i];
	}
	blk_text(to, to_bytes, bytes, 2 * count);
}

static u32 logical_bytes(const u16 *data)
{
	u16 size = data[WORD_SECTOR_SIZE];

	if (!SIZE_IS_VALID(size) || !(size & HAS_LARGE_LOGICAL))
		return 512;
	return 2u * (data[WORD_LOGICAL_SIZE] | (u32)data[WORD_LOGICAL_SIZE + 1] << 16);
}

static u32 physical_bytes(const u16 *data, u32 logical)
{
	u16 size = data[WORD_SECTOR_SIZE];
	u32 exponent = size & 0xfu;

	if (!SIZE_IS_VALID(size) || !(size & HAS_LARGE_PHYSICAL) || exponent > 3)
		return logical;
	return logical << exponent <= BLK_BLOCK_MAX ? logical << exponent : BLK_BLOCK_MAX;
}

const char *ata_describe(const u16 *data, struct blk_info *info)
{
	u32 logical = logical_bytes(data);
	u64 sectors;

	if (!(data[WORD_CAPABILITIES] & CAN_DMA) || !(data[WORD_CAPABILITIES] & CAN_LBA) ||
	    !(data[WORD_COMMANDS] & HAS_LBA48))
		return "the disk has no DMA or no 48-bit addresses";
	if (logical != 512 && logical != 4096)
		return "the disk's blocks have a size that is not supported";
	memcpy(&sectors, &data[WORD_SECTORS], sizeof(sectors));
	if (sectors >= BIT64(48))
		return "the disk is larger than its addresses reach";
	*info = (struct blk_info){ .sectors = sectors * (logical / BLK_SECTOR_BYTES), .block_bytes = logical,
				   .physical_bytes = physical_bytes(data, logical), .max_sectors = BLK_MAX_SECTORS };
	if (data[WORD_ENABLED] & HAS_CACHE)
		info->features |= BLK_CAN_FLUSH;
	if ((data[WORD_DATA_SET] & CAN_TRIM) && (data[WORD_SUPPORTED] & IS_TRIM_DETERMINISTIC)) {
		info->features |= BLK_CAN_DISCARD;
		info->max_zero_sectors = ATA_TRIM_RANGES * ATA_TRIM_SECTORS / 8 * 8;
	}
	text(info->model, sizeof(info->model), &data[WORD_MODEL], WORD_MODEL_COUNT);
	text(info->serial, sizeof(info->serial), &data[WORD_SERIAL], WORD_SERIAL_COUNT);
	return NULL;
}

void ata_trim_ranges(u64 *out, u64 lba, u64 sectors)
{
	memset(out, 0, ATA_TRIM_RANGES * sizeof(*out));
	for (u32 i = 0; i < ATA_TRIM_RANGES && sectors != 0; i++) {
		u64 count = sectors < ATA_TRIM_SECTORS ? sectors : ATA_TRIM_SECTORS;

		out[i] = lba | count << 48;
		lba += count;
		sectors -= count;
	}
}
