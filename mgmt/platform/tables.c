/* SPDX-License-Identifier: MIT */
/*
 * tables.c - the firmware's ACPI tables of this machine, found once, and the interrupt lines that they tell.
 */
#include <string.h>

#include "platform_parts.h"

struct acpi_info acpi;

/* ACPI 5.2.12.5. */
#define OVERRIDE_POLARITY 3u
#define OVERRIDE_LOW 3u
#define OVERRIDE_TRIGGER 12u
#define OVERRIDE_LEVEL 12u

void tables_find(const struct info_page *info, const struct boot_page *boot)
{
	static const struct acpi_source source = { .read = platform_read };
	u8 rsdp[ACPI_RSDP_BYTES];

	if (boot->rsdp_bytes != 0 && acpi_scan(&source, boot->rsdp, boot->rsdp_bytes, &acpi) == ST_OK)
		return;
	if (strcmp(info->firmware, "UEFI") != 0 && acpi_find_rsdp(&source, rsdp) == ST_OK &&
	    acpi_scan(&source, rsdp, sizeof(rsdp), &acpi) == ST_OK)
		return;
	memset(&acpi, 0, sizeof(acpi));
}

u32 platform_isa_irq(u32 isa, u32 *flags)
{
	*flags = 0;
	for (u32 i = 0; i < acpi.override_count; i++) {
		const struct acpi_override *o = &acpi.overrides[i];

		if (o->isa != isa)
			continue;
		if ((o->flags & OVERRIDE_POLARITY) == OVERRIDE_LOW)
			*flags |= IRQ_LOW;
		if ((o->flags & OVERRIDE_TRIGGER) == OVERRIDE_LEVEL)
			*flags |= IRQ_LEVEL;
		return o->gsi;
	}
	return isa;
}
