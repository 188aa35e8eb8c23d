/* SPDX-License-Identifier: MIT */
/*
 * bios_files.c - see bios_files.h.
 *
 * The ACPI tables are built as if they were at address 0, so that each pointer in them is an offset in their file:
 * firmware puts the file where it likes, adds that address to each pointer, and brings checksums up to date.
 */
#include "bios_files.h"

#include <stdio.h>
#include <string.h>

#include "memory_map.h"
#include "platform.h"

#define FILE_RSDP "etc/acpi/rsdp"
#define FILE_TABLES "etc/acpi/tables"

enum { COMMAND_ALLOCATE = 1, COMMAND_ADD_POINTER = 2, COMMAND_ADD_CHECKSUM = 3 };
enum { ZONE_HIGH = 1, ZONE_BELOW_1M = 2 };

/* Offsets of operands. */
enum {
	AT_FILE = 0, AT_ALIGN = FW_CFG_NAME_BYTES, AT_ZONE = AT_ALIGN + 4,
	AT_OTHER_FILE = FW_CFG_NAME_BYTES, AT_POINTER = AT_OTHER_FILE + FW_CFG_NAME_BYTES,
	AT_POINTER_BYTES = AT_POINTER + 4,
	AT_CHECKSUM = FW_CFG_NAME_BYTES, AT_START = AT_CHECKSUM + 4, AT_LENGTH = AT_START + 4,
};

#define TABLE_CHECKSUM 9u		/* of a table with the common header (ACPI 6.2, 5.2.6) */
#define RSDP_XSDT 24u			/* 5.2.5.3 */
#define RSDP_CHECKSUM 32u
#define SMBIOS_ENTRY_BYTES 24u		/* SMBIOS 3.3, 5.2.2 */

/* Where SeaBIOS shows its screen, too; -1: it waits for ever if it finds nothing to boot, and does not start again. */
static const u16 serial_port = COM1_PORT;
static const u32 boot_fail_wait = ~0u;

/* ---- Commands to the loader ---- */

static struct bios_loader_command *add_command(struct bios_files *b, u32 command, const char *file)
{
	struct bios_loader_command *c = &b->loader[b->loader_count++];

	*c = (struct bios_loader_command){ .command = command };
	strcpy((char *)c->operands + AT_FILE, file);
	return c;
}

static void put_u32(struct bios_loader_command *c, u32 at, u32 value)
{
	memcpy(c->operands + at, &value, sizeof(value));
}

static void add_allocate(struct bios_files *b, const char *file, u32 align, u8 zone)
{
	struct bios_loader_command *c = add_command(b, COMMAND_ALLOCATE, file);

	put_u32(c, AT_ALIGN, align);
	c->operands[AT_ZONE] = zone;
}

/* To the field of `file` at `at` the address of the tables is added. */
static void add_pointer(struct bios_files *b, const char *file, u32 at, u32 bytes)
{
	struct bios_loader_command *c = add_command(b, COMMAND_ADD_POINTER, file);

	strcpy((char *)c->operands + AT_OTHER_FILE, FILE_TABLES);
	put_u32(c, AT_POINTER, at);
	c->operands[AT_POINTER_BYTES] = (u8)bytes;
}

/* Of `contents`, which is the file. OVMF sums up the old checksum as well, so that is 0. */
static void add_checksum(struct bios_files *b, const char *file, u8 *contents, u32 checksum, u32 start, u32 bytes)
{
	struct bios_loader_command *c = add_command(b, COMMAND_ADD_CHECKSUM, file);

	contents[checksum] = 0;
	put_u32(c, AT_CHECKSUM, checksum);
	put_u32(c, AT_START, start);
	put_u32(c, AT_LENGTH, bytes);
}

/* ---- Files ---- */

static bool build_acpi(struct bios_files *b, const struct bios_config *config, u32 *bytes)
{
	struct acpi_config acpi = { .platform = config->platform, .cpus = config->cpus };
	struct acpi_pointers pointers;

	*bytes = acpi_build(&acpi, b->tables, sizeof(b->tables), GPA(0));
	if (*bytes == 0)
		return false;
	acpi_find_pointers(b->tables, &pointers);
	memcpy(b->rsdp, b->tables, sizeof(b->rsdp));
	memset(b->tables, 0, sizeof(b->rsdp));		/* there is one only */
	add_allocate(b, FILE_RSDP, 16, ZONE_BELOW_1M);
	add_allocate(b, FILE_TABLES, 64, ZONE_HIGH);
	for (u32 i = 0; i < pointers.count; i++)
		add_pointer(b, FILE_TABLES, pointers.pointer[i].at, pointers.pointer[i].bytes);
	for (u32 i = 0; i < pointers.table_count; i++)
		add_checksum(b, FILE_TABLES, b->tables, pointers.table[i].at + TABLE_CHECKSUM, pointers.table[i].at,
			     pointers.table[i].bytes);
	add_pointer(b, FILE_RSDP, RSDP_XSDT, 8);
	add_checksum(b, FILE_RSDP, b->rsdp, RSDP_CHECKSUM, 0, sizeof(b->rsdp));
	return true;
}

static struct bios_e820 ram(u64 start, u64 bytes)
{
	return (struct bios_e820){ (u32)start, (u32)(start >> 32), (u32)bytes, (u32)(bytes >> 32), MEMORY_RAM };
}

/* Names of devices as Open Firmware has them; there is room for all. */
static void add_to_order(struct bios_files *b, u32 slot, const char *unit)
{
	u32 used = (u32)strlen(b->boot_order);

	(void)snprintf(b->boot_order + used, sizeof(b->boot_order) - used, "/pci@i0cf8/scsi@%x/%s\n", (unsigned)slot,
		       unit);
}

static void build_boot_order(struct bios_files *b, const struct bios_config *config)
{
	static const char cd[] = "channel@0/disk@0,0";

	if (config->has_cd && config->is_cd_first)
		add_to_order(b, PCI_SLOT_CD, cd);
	for (u32 disks = config->disks; disks != 0; disks &= disks - 1)
		add_to_order(b, PCI_SLOT_DISKS + (u32)__builtin_ctz(disks), "disk@0,0");
	if (config->has_cd && !config->is_cd_first)
		add_to_order(b, PCI_SLOT_CD, cd);
}

bool bios_files_add(struct bios_files *b, struct fw_cfg *f, const struct guest_memory *memory,
		    const struct bios_config *config)
{
	u32 ranges = guest_memory_high_bytes(memory) ? 2 : 1, tables_bytes, smbios_bytes;

	memset(b, 0, sizeof(*b));
	b->cpus = (u16)config->cpus;
	b->e820[0] = ram(0, guest_memory_low_bytes(memory));
	b->e820[1] = ram(RAM_HIGH_START, guest_memory_high_bytes(memory));
	build_boot_order(b, config);
	smbios_bytes = smbios_build(b->smbios, sizeof(b->smbios), GPA(0));
	if (!build_acpi(b, config, &tables_bytes) || smbios_bytes == 0)
		return false;
	return fw_cfg_add(f, FW_CFG_CPUS, &b->cpus, sizeof(b->cpus)) == ST_OK &&
	       fw_cfg_add(f, FW_CFG_CPUS_MAX, &b->cpus, sizeof(b->cpus)) == ST_OK &&
	       fw_cfg_add_file(f, "etc/e820", b->e820, ranges * sizeof(b->e820[0])) == ST_OK &&
	       fw_cfg_add_file(f, FILE_RSDP, b->rsdp, sizeof(b->rsdp)) == ST_OK &&
	       fw_cfg_add_file(f, FILE_TABLES, b->tables, tables_bytes) == ST_OK &&
	       fw_cfg_add_file(f, "etc/table-loader", b->loader, b->loader_count * sizeof(b->loader[0])) == ST_OK &&
	       fw_cfg_add_file(f, "etc/smbios/smbios-anchor", b->smbios, SMBIOS_ENTRY_BYTES) == ST_OK &&
	       fw_cfg_add_file(f, "etc/smbios/smbios-tables", b->smbios + SMBIOS_ENTRY_BYTES,
			       smbios_bytes - SMBIOS_ENTRY_BYTES) == ST_OK &&
	       fw_cfg_add_file(f, "bootorder", b->boot_order, (u32)strlen(b->boot_order) + 1) == ST_OK &&
	       fw_cfg_add_file(f, "etc/boot-fail-wait", &boot_fail_wait, sizeof(boot_fail_wait)) == ST_OK &&
	       fw_cfg_add_file(f, "etc/sercon-port", &serial_port, sizeof(serial_port)) == ST_OK;
}
