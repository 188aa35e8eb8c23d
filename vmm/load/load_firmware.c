/* SPDX-License-Identifier: MIT */
/*
 * load_firmware.c - a firmware's ROM: root has mapped it so that it ends at 4 GiB; below 1 MiB there is a copy of its
 * end in RAM, as on a PC whose shadow RAM is switched on. The first vCPU starts at the reset vector.
 */
#include <string.h>

#include "load.h"
#include "range.h"

#define SHADOW_BYTES (128 * KIB)

bool load_firmware_is(const struct load_image *image)
{
	return image->kind == IMAGE_FIRMWARE || image->kind == IMAGE_FLASH;
}

bool load_firmware(const struct load_input *in, struct load_result *out)
{
	const struct load_image *rom = &in->images[0];
	u64 count = min_u64(rom->size, SHADOW_BYTES);

	if (!vmm_firmware_size_ok(rom->size))
		return load_fail(out, "firmware must have a multiple of 64 KiB, and 16 MiB at most");
	if (rom->kind == IMAGE_FLASH && rom->size <= VMM_FLASH_BYTES)
		return load_fail(out, "firmware must have more than its variables");
	if (!guest_memory_write(in->memory, GPA(BIOS_END - count), rom->bytes + rom->size - count, count))
		return load_fail(out, "the VM has too little memory for firmware");
	out->mode = LOAD_RESET;
	return true;
}
