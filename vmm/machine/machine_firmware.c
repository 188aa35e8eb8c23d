/* SPDX-License-Identifier: MIT */
/*
 * machine_firmware.c - what a machine has beside its devices when it starts with firmware: the ROM, the flash memory
 * before it, fw_cfg, and an ear for the firmware's word that there is nothing to boot. Only with firmware, since a
 * kernel would take the machine for one that QEMU has made.
 */
#include "machine.h"

#include <string.h>

#include "load.h"

static void no_medium(void *ctx)
{
	machine_report_no_medium(ctx);
}

static void serial_line_seen(void *ctx, const u8 *bytes, u32 count)
{
	firmware_log_text(ctx, bytes, count);
}

static enum status add_fw_cfg(struct machine *m)
{
	struct bios_config config = { .platform = m->args->platform, .cpus = m->vcpu_count,
				      .disks = m->disks_used, .has_cd = m->args->has_cd_drive,
				      .is_cd_first = m->args->boot == BOOT_ISO };

	fw_cfg_init(&m->fw_cfg, &m->memory);
	if (!bios_files_add(&m->bios_files, &m->fw_cfg, &m->memory, &config))
		return ST_FULL;
	return bus_add_pio(&m->bus, FW_CFG_PORT, FW_CFG_PORTS, &fw_cfg_region, &m->fw_cfg);
}

static void flash_changed(void *ctx, u64 offset, u32 count)
{
	nvram_changed(&((struct machine *)ctx)->nvram, offset, count);
}

static void flash_settled(void *ctx)
{
	machine_keep_variables(ctx);
}

enum status machine_add_firmware(struct machine *m)
{
	struct flash_ops ops = { .changed = flash_changed, .settled = flash_settled, .ctx = m };
	enum status status;

	if (!machine_has_firmware(m))
		return ST_OK;
	status = add_fw_cfg(m);
	firmware_log_init(&m->firmware_log, no_medium, m);
	if (status == ST_OK)
		status = bus_add_pio(&m->bus, FIRMWARE_LOG_PORT, 1, &firmware_log_region, &m->firmware_log);
	if (status != ST_OK || !machine_has_flash(m))
		return status;
	console_port_watch(&m->console, serial_line_seen, &m->firmware_log);
	flash_init(&m->flash, m->flash_bytes, VMM_FLASH_BYTES, &ops);
	return bus_add_mmio(&m->bus, RAM_HIGH_START - m->args->images[0].bytes, VMM_FLASH_BYTES, &flash_region,
			    &m->flash);
}

void machine_place_rom(struct machine *m, const struct load_image *image)
{
	u64 flash = vmm_flash_bytes(image->kind);

	m->memory.rom = image->bytes + flash;
	m->memory.rom_bytes = image->size - flash;
	if (flash)
		memcpy(m->flash_bytes, image->bytes, flash);
}
