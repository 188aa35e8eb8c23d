/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * All image loaders on any bytes, with a small RAM: they read only the image, write only RAM, and either say why not or
 * leave a usable first state. The first byte chooses a magic to plant, so that the parsers behind it are reached.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "image_magic.h"
#include "load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RAM_BYTES (4 * MIB)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static u8 *ram;
	static const u8 initrd[100];
	struct guest_memory memory;
	struct memory_map map;
	struct load_result result;
	struct vcpu_page page = { 0 };
	uint8_t *image = malloc(size ? size : 1);

	if (!ram)
		ram = calloc(1, RAM_BYTES);
	if (!ram || !image)
		abort();
	if (size)
		memcpy(image, data, size);
	if (size)
		plant(image, size, data[0]);
	memory = (struct guest_memory){ .ram = ram, .bytes = RAM_BYTES };
	memory_map_build(&map, &memory);

	struct load_image images[2] = { { image, size, IMAGE_KERNEL, "k" },
					{ initrd, sizeof(initrd), IMAGE_INITRD, "i" } };
	struct load_input in = {
		.memory = &memory, .map = &map, .images = images, .image_count = 2, .cmdline = "x", .rsdp = BIOS_START
	};

	if (load(&in, &result)) {
		if (result.mode > LOAD_LONG || result.entry >= 4 * GIB)
			abort();
		load_registers(&result, &memory, &page);
	} else if (!result.why || !*result.why) {
		abort();
	}
	free(image);
	return 0;
}
