/* SPDX-License-Identifier: MIT */
/*
 * bios_files.h - what a BIOS or UEFI learns of its machine by fw_cfg: RAM, CPUs, boot order, where its screen is; and
 * the ACPI and SMBIOS tables as files, with the commands by which firmware puts them into RAM (QEMU,
 * hw/acpi/bios-linker-loader.c). Pure.
 */
#ifndef VOS_BIOS_FILES_H
#define VOS_BIOS_FILES_H

#include "acpi_tables.h"
#include "fw_cfg.h"
#include "guest_memory.h"
#include "smbios.h"

struct bios_config {
	u32 platform;			/* enum vm_platform */
	u32 cpus;
	u32 disks;			/* bit d: there is one in slot PCI_SLOT_DISKS + d */
	bool has_cd, is_cd_first;	/* is it tried before the disks? */
};

/* A command to the loader of tables, little endian. */
struct bios_loader_command {
	u32 command;
	u8 operands[124];
};

struct bios_e820 { u32 start_low, start_high, len_low, len_high, type; };

#define BIOS_LOADER_COMMANDS (2 + 1 + ACPI_POINTERS + 3)
#define BIOS_BOOT_ORDER_BYTES 320u

struct bios_files {
	u8 rsdp[ACPI_RSDP_BYTES];
	u8 tables[ACPI_TABLES_BYTES];
	struct bios_loader_command loader[BIOS_LOADER_COMMANDS];
	u32 loader_count;
	struct bios_e820 e820[2];
	u8 smbios[SMBIOS_BYTES];
	char boot_order[BIOS_BOOT_ORDER_BYTES];
	u16 cpus;
};

/* Builds the files and adds them; they must live as long as the device. False: they don't fit. */
bool bios_files_add(struct bios_files *b, struct fw_cfg *f, const struct guest_memory *memory,
		    const struct bios_config *config) MUST_CHECK;

#endif
