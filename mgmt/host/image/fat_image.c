/* SPDX-License-Identifier: MIT */
/*
 * fat_image.c - see fat_image.h. Sections are those of the specification.
 */
#include "fat_image.h"

#include <string.h>

#define SECTOR 512u
#define CLUSTER (4 * SECTOR)
#define FAT_SECTORS 7u		/* 1.5 bytes for each cluster */
#define FATS 2u
#define ROOT_ENTRIES 64u
#define ENTRY 32u
#define ROOT_AT ((1 + FATS * FAT_SECTORS) * SECTOR)
#define DATA_AT (ROOT_AT + ROOT_ENTRIES * ENTRY)
#define CLUSTERS_MAX ((FAT_IMAGE_BYTES - DATA_AT) / CLUSTER)
#define CLUSTERS_MIN 16u	/* a file system as small as this one needs not be known everywhere */
#define FIRST_CLUSTER 2u
#define LAST 0xfffu
#define MEDIA 0xf8u
#define DATE 0x21u		/* 1980-01-01: no time makes two images differ */

#define ATTR_LABEL 0x08u
#define ATTR_ARCHIVE 0x20u
#define ATTR_LONG 0x0fu
#define LONG_CHARS 13u		/* of a name in an entry */
#define LONG_LAST 0x40u

_Static_assert(CLUSTERS_MAX < 4085, "FAT12 (3.5)");
_Static_assert((CLUSTERS_MAX + FIRST_CLUSTER) * 3 / 2 < FAT_SECTORS * SECTOR, "the FAT has room");
_Static_assert(FAT_FILES_MAX * 3 + 1 <= ROOT_ENTRIES, "the root has room");

static void put16(u8 *at, u32 value)
{
	at[0] = (u8)value;
	at[1] = (u8)(value >> 8);
}

static void put32(u8 *at, u32 value)
{
	put16(at, value);
	put16(at + 2, value >> 16);
}

/* A name or a label, filled up with blanks. */
static void put_padded(u8 *at, const char *text, u32 bytes)
{
	size_t length = strlen(text);

	memset(at, ' ', bytes);
	memcpy(at, text, length < bytes ? length : bytes);
}

/* 3.1, 3.2 */
static void put_boot_sector(u8 *sector, const char *label, u32 bytes)
{
	static const u8 jump[3] = { 0xeb, 0x3c, 0x90 };

	memcpy(sector, jump, sizeof(jump));
	put_padded(sector + 3, "VOS", 8);
	put16(sector + 11, SECTOR);
	sector[13] = CLUSTER / SECTOR;
	put16(sector + 14, 1);			/* sectors before the FATs */
	sector[16] = FATS;
	put16(sector + 17, ROOT_ENTRIES);
	put16(sector + 19, bytes / SECTOR);
	sector[21] = MEDIA;
	put16(sector + 22, FAT_SECTORS);
	put16(sector + 24, 32);			/* sectors of a track, and heads: of a BIOS that asks */
	put16(sector + 26, 16);
	sector[36] = 0x80;
	sector[38] = 0x29;			/* what follows is there */
	put32(sector + 39, 0x564f5301);
	put_padded(sector + 43, label, 11);
	put_padded(sector + 54, "FAT12", 8);
	put16(sector + SECTOR - 2, 0xaa55);
}

/* 4: entries of 12 bits, in both FATs. */
static void put_link(u8 *image, u32 cluster, u32 next)
{
	for (u32 i = 0; i < FATS; i++) {
		u8 *at = image + (1 + i * FAT_SECTORS) * SECTOR + cluster * 3 / 2;

		if ((cluster & 1) != 0) {
			at[0] = (u8)((at[0] & 0x0fu) | next << 4);
			at[1] = (u8)(next >> 4);
		} else {
			at[0] = (u8)next;
			at[1] = (u8)((at[1] & 0xf0u) | next >> 8);
		}
	}
}

/* ---- the root directory ---- */

/* Short names only tell files apart: FILE0001, ... */
static void short_name(u8 name[11], u32 number)
{
	put_padded(name, "FILE000", 11);
	name[7] = (u8)('1' + number);
}

/* 7.2 */
static u8 checksum(const u8 name[11])
{
	u32 sum = 0;

	for (u32 i = 0; i < 11; i++)
		sum = (((sum & 1) << 7) + (sum >> 1) + name[i]) & 0xff;
	return (u8)sum;
}

/* 7: the order-th part of a long name; the last part comes first. */
static void put_long(u8 *entry, const char *name, u32 order, bool is_last, u8 sum)
{
	static const u8 places[LONG_CHARS] = { 1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30 };
	size_t length = strlen(name);

	entry[0] = (u8)(order | (is_last ? LONG_LAST : 0));
	entry[11] = ATTR_LONG;
	entry[13] = sum;
	for (u32 i = 0; i < LONG_CHARS; i++) {
		size_t at = (order - 1) * LONG_CHARS + i;

		put16(entry + places[i], at < length ? (u8)name[at] : at == length ? 0 : 0xffff);
	}
}

/* 6: returns the next free entry. */
static u8 *put_entries(u8 *entry, const struct fat_file *file, u32 number, u32 cluster)
{
	u32 parts = (u32)(strlen(file->name) + LONG_CHARS - 1) / LONG_CHARS;
	u8 name[11];

	short_name(name, number);
	for (u32 order = parts; order > 0; order--, entry += ENTRY)
		put_long(entry, file->name, order, order == parts, checksum(name));
	memcpy(entry, name, sizeof(name));
	entry[11] = ATTR_ARCHIVE;
	put16(entry + 16, DATE);
	put16(entry + 18, DATE);
	put16(entry + 24, DATE);
	put16(entry + 26, file->count != 0 ? cluster : 0);
	put32(entry + 28, file->count);
	return entry + ENTRY;
}

static void put_label(u8 *entry, const char *label)
{
	put_padded(entry, label, 11);
	entry[11] = ATTR_LABEL;
	put16(entry + 24, DATE);
}

/* ---- the whole ---- */

static u32 clusters_of(const struct fat_file *file)
{
	return (file->count + CLUSTER - 1) / CLUSTER;
}

/* The bytes of the image; 0: something is too large. */
static u32 measure(const char *label, const struct fat_file *files, u32 count)
{
	u32 clusters = 0;

	if (count > FAT_FILES_MAX || strlen(label) > 11)
		return 0;
	for (u32 i = 0; i < count; i++) {
		if (files[i].count > FAT_FILE_BYTES_MAX || files[i].name[0] == '\0' ||
		    strlen(files[i].name) > FAT_NAME_MAX)
			return 0;
		clusters += clusters_of(&files[i]);
	}
	if (clusters < CLUSTERS_MIN)
		clusters = CLUSTERS_MIN;
	return clusters <= CLUSTERS_MAX ? DATA_AT + clusters * CLUSTER : 0;
}

u32 fat_image_make(u8 *image, const char *label, const struct fat_file *files, u32 count)
{
	u8 *entry = image + ROOT_AT + ENTRY;
	u32 cluster = FIRST_CLUSTER, bytes = measure(label, files, count);

	if (bytes == 0)
		return 0;
	memset(image, 0, bytes);
	put_boot_sector(image, label, bytes);
	put_link(image, 0, 0xf00 | MEDIA);
	put_link(image, 1, LAST);
	put_label(image + ROOT_AT, label);
	for (u32 i = 0; i < count; i++) {
		u32 clusters = clusters_of(&files[i]);

		entry = put_entries(entry, &files[i], i, cluster);
		if (files[i].count != 0)
			memcpy(image + DATA_AT + (u64)(cluster - FIRST_CLUSTER) * CLUSTER, files[i].bytes,
			       files[i].count);
		for (u32 k = 1; k <= clusters; k++, cluster++)
			put_link(image, cluster, k < clusters ? cluster + 1 : LAST);
	}
	return bytes;
}
