/* SPDX-License-Identifier: MIT */
/*
 * smbios.c - SMBIOS 3.3: 64-bit entry point (5.2.2), BIOS information (7.1), system information (7.2), end (7.128).
 *
 * Each structure is followed by its strings, which its fields number from 1; an empty string ends them. The zero byte
 * of the string literal is that empty string.
 */
#include "smbios.h"

#include <string.h>

#define PACKED __attribute__((packed))

#define BIOS_STRINGS "VOS\0" VOS_VERSION "\0" "11/14/2023\0"
#define SYSTEM_STRINGS "VOS\0" "Virtual machine\0" VOS_VERSION "\0"

struct PACKED entry_point {
	char anchor[5];
	u8 checksum;
	u8 length, major, minor, docrev, revision;
	u8 zero;
	u32 table_bytes;
	u64 table;
};
_Static_assert(sizeof(struct entry_point) == 24, "SMBIOS");

struct PACKED header {
	u8 type, length;
	u16 handle;
};

struct PACKED bios {
	struct header header;
	u8 vendor, version;
	u16 segment;
	u8 date;
	u8 rom_size;		/* in 64 KiB, less one */
	u64 characteristics;
	u8 extended[2];
	u8 major, minor, ec_major, ec_minor;
	u16 rom_size_extended;
};
_Static_assert(sizeof(struct bios) == 0x1a, "SMBIOS");

struct PACKED system {
	struct header header;
	u8 manufacturer, product, version, serial;
	u8 uuid[16];		/* all zero: none is set */
	u8 wake_up;
	u8 sku, family;
};
_Static_assert(sizeof(struct system) == 0x1b, "SMBIOS");

#define BIOS_NO_CHARACTERISTICS BIT64(3)
#define BIOS_ACPI 1u			/* in extended[0] */
#define BIOS_VIRTUAL_MACHINE 0x10u	/* in extended[1] */
#define NO_VERSION 0xffu
#define WAKE_UP_POWER_SWITCH 6u

static const struct PACKED {
	struct bios bios;
	char bios_strings[sizeof(BIOS_STRINGS)];
	struct system system;
	char system_strings[sizeof(SYSTEM_STRINGS)];
	struct header end;
	char end_strings[2];
} tables = {
	.bios = {
		.header = { .type = 0, .length = sizeof(struct bios), .handle = 0 },
		.vendor = 1, .version = 2, .date = 3, .segment = 0xf000,
		.characteristics = BIOS_NO_CHARACTERISTICS, .extended = { BIOS_ACPI, BIOS_VIRTUAL_MACHINE },
		.major = NO_VERSION, .minor = NO_VERSION, .ec_major = NO_VERSION, .ec_minor = NO_VERSION,
	},
	.bios_strings = BIOS_STRINGS,
	.system = {
		.header = { .type = 1, .length = sizeof(struct system), .handle = 1 },
		.manufacturer = 1, .product = 2, .version = 3, .wake_up = WAKE_UP_POWER_SWITCH,
	},
	.system_strings = SYSTEM_STRINGS,
	.end = { .type = 127, .length = sizeof(struct header), .handle = 2 },
};
_Static_assert(sizeof(struct entry_point) + sizeof(tables) <= SMBIOS_BYTES, "say how much is enough");

u32 smbios_build(u8 *buffer, u32 capacity, gpa_t gpa)
{
	struct entry_point entry = {
		.anchor = { '_', 'S', 'M', '3', '_' }, .length = sizeof(entry), .major = 3, .minor = 3, .revision = 1,
		.table_bytes = sizeof(tables), .table = gpa.raw + sizeof(entry),
	};
	u8 sum = 0;

	if (capacity < sizeof(entry) + sizeof(tables))
		return 0;
	for (u32 i = 0; i < sizeof(entry); i++)
		sum = (u8)(sum + ((const u8 *)&entry)[i]);
	entry.checksum = (u8)-sum;
	memcpy(buffer, &entry, sizeof(entry));
	memcpy(buffer + sizeof(entry), &tables, sizeof(tables));
	return sizeof(entry) + sizeof(tables);
}
