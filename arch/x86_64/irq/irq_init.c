/*
 * irq_init.c - second half of arch_init: firmware tables, interrupt controllers, clocks.
 */
#include <string.h>

#include "info_page.h"
#include "platform_irq.h"
#include "range.h"

#define NS_PER_SECOND 1000000000ull

struct acpi_info acpi;

/* Physical memory through the window, frame by frame. */
static bool physical_read(void *ctx, u64 at, void *to, u32 bytes)
{
	u8 *out = to;

	(void)ctx;
	if (!range_ok(at, bytes, BIT64(cpu_features.physical_bits)))
		return false;
	while (bytes > 0) {
		u32 piece = (u32)min_u64(bytes, PAGE_SIZE - at % PAGE_SIZE);

		arch_frame_read(HPA(at), out, piece);
		out += piece;
		at += piece;
		bytes -= piece;
	}
	return true;
}

/* Without tables everything in `acpi` stays zero: no I/O APIC, no S5. */
static void find_acpi(const struct boot_info *boot)
{
	static const struct acpi_source source = { .read = physical_read };
	u8 rsdp[ACPI_RSDP_BYTES];

	if (boot->rsdp_copy_bytes && acpi_scan(&source, boot->rsdp_copy, boot->rsdp_copy_bytes, &acpi) == ST_OK)
		return;
	if (boot->rsdp.raw && physical_read(NULL, boot->rsdp.raw, rsdp, sizeof(rsdp)) &&
	    acpi_scan(&source, rsdp, sizeof(rsdp), &acpi) == ST_OK)
		return;
	if (boot->firmware != BOOT_UEFI && acpi_find_rsdp(&source, rsdp) == ST_OK &&
	    acpi_scan(&source, rsdp, sizeof(rsdp), &acpi) == ST_OK)
		return;
	memset(&acpi, 0, sizeof(acpi));
}

static void tell_time(struct info_page *info)
{
	u64 seconds = clock_rtc_seconds();
	u64 ticks = arch_tsc() - info->tsc_boot;
	u64 since_boot = ticks / info->tsc_hz * NS_PER_SECOND + ticks % info->tsc_hz * NS_PER_SECOND / info->tsc_hz;

	if (seconds * NS_PER_SECOND > since_boot)
		info->wall_boot_ns = seconds * NS_PER_SECOND - since_boot;
}

enum status arch_init_late(const struct boot_info *boot, struct info_page *info)
{
	u64 timer_hz;
	enum status status;

	find_acpi(boot);
	apic_8259_mask();
	status = apic_local_init();
	if (status != ST_OK)
		return status;
	apic_io_init();
	power_init();
	status = clock_calibrate(&info->tsc_hz, &timer_hz);
	if (status != ST_OK)
		return status;
	apic_local_timer_start(info->tsc_hz, timer_hz);
	cpu_tell_features(info);
	tell_time(info);
	return ST_OK;
}
