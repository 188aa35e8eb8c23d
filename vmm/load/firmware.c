/* SPDX-License-Identifier: MIT */
/*
 * firmware.c - writes what a PC's firmware leaves in low memory.
 */
#include "firmware.h"

#include "acpi_pm.h"
#include "acpi_tables.h"
#include "memory_map.h"
#include "platform.h"
#include "smbios.h"
#include "vm_layout.h"

#define VECTORS 256u
#define RESET_VECTOR 0xffff0ull
#define BIOS_SEGMENT 0xf000u
#define BIOS_CODE 0xff00u		/* offset in the segment */
#define BIOS_REFUSE (BIOS_CODE + 1)
#define BDA_EBDA_SEGMENT 0x40eull	/* BIOS data area */
#define BDA_BASE_KIB 0x413ull

/*
 * The reset vector FFFF:0000 holds code that resets the machine. Linux jumps there if it knows no other way to reboot,
 * which is always so with hardware-reduced ACPI and without EFI.
 */
static bool write_reset_vector(const struct guest_memory *memory, u32 platform)
{
	u16 port = (u16)(ACPI_PORT + (platform == PLATFORM_PC ? ACPI_PC_RESET : ACPI_RESET));
	const u8 code[] = {
		0xba, (u8)port, (u8)(port >> 8),	/* mov dx, port */
		0xb0, ACPI_RESET_VALUE,			/* mov al, value */
		0xee,					/* out dx, al */
		0xf4, 0xeb, 0xfd,			/* hlt; jmp to the hlt */
	};

	return guest_memory_write(memory, GPA(RESET_VECTOR), code, sizeof(code));
}

/* Exceptions and the 8259s' default vectors. */
static bool is_for_hardware(u32 vector)
{
	return vector < 0x10 || (vector >= 0x70 && vector < 0x78);
}

/* There is no BIOS: its calls return "function not supported" (carry, AH = 86h), interrupts do nothing. */
static bool write_vectors(const struct guest_memory *memory)
{
	static const u8 code[] = {
		0xcf,					/* iret */
		0x55, 0x89, 0xe5,			/* push bp; mov bp, sp */
		0x80, 0x4e, 0x06, 0x01,			/* or byte [bp+6], 1: carry in the saved flags */
		0xb4, 0x86,				/* mov ah, 86h */
		0x5d, 0xcf,				/* pop bp; iret */
	};
	for (u32 i = 0; i < VECTORS; i++) {
		u16 vector[2] = { is_for_hardware(i) ? BIOS_CODE : BIOS_REFUSE, BIOS_SEGMENT };

		if (!guest_memory_write(memory, GPA(i * sizeof(vector)), vector, sizeof(vector)))
			return false;
	}
	return guest_memory_write(memory, GPA(BIOS_SEGMENT * 16 + BIOS_CODE), code, sizeof(code));
}

bool firmware_write(const struct guest_memory *memory, u32 platform, u32 cpus)
{
	struct acpi_config acpi = { .platform = platform, .cpus = cpus };
	u8 *tables = guest_memory_at(memory, GPA(BIOS_START), ACPI_TABLES_BYTES);
	u8 *smbios = guest_memory_at(memory, GPA(SMBIOS_GPA), SMBIOS_BYTES);
	u16 ebda_segment = BIOS_EBDA >> 4, base_kib = BIOS_EBDA / KIB;

	return tables && smbios && write_reset_vector(memory, platform) && write_vectors(memory) &&
	       acpi_build(&acpi, tables, ACPI_TABLES_BYTES, GPA(BIOS_START)) != 0 &&
	       smbios_build(smbios, SMBIOS_BYTES, GPA(SMBIOS_GPA)) != 0 &&
	       guest_memory_write(memory, GPA(BDA_EBDA_SEGMENT), &ebda_segment, sizeof(ebda_segment)) &&
	       guest_memory_write(memory, GPA(BDA_BASE_KIB), &base_kib, sizeof(base_kib)) &&
	       guest_memory_write(memory, GPA(BIOS_EBDA), "\1", 1);	/* the EBDA's size in KiB */
}
