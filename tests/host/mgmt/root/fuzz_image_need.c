/* SPDX-License-Identifier: MIT */
/*
 * Root's look at a kernel image on any bytes: it reads only the file. Whatever the VMM's loaders take into a RAM, root
 * must not have refused for that RAM. The first byte chooses a magic to plant, so that the parsers behind are reached.
 */
/* links: root vmm */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "image_magic.h"
#include "image_need.h"
#include "load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RAM_BYTES (4 * MIB)

static bool loads(const uint8_t *image, size_t size, const u64 *others, u32 count)
{
	static const u8 other[100];
	static u8 *ram;
	struct guest_memory memory = { .bytes = RAM_BYTES };
	struct load_image images[2] = { { image, size, IMAGE_KERNEL, "k" }, { other, others[0], IMAGE_INITRD, "i" } };
	struct memory_map map;
	struct load_input in = { .memory = &memory, .map = &map, .images = images, .image_count = 1 + count,
		.cmdline = "" };
	struct load_result out;

	if (!ram)
		ram = calloc(1, RAM_BYTES);
	if (!ram)
		abort();
	memory.ram = ram;
	memory_map_build(&map, &memory);
	return load(&in, &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const u64 others[] = { 100 };
	u32 count = size > 1 ? data[1] & 1 : 0;
	uint8_t *image = malloc(size ? size : 1);

	if (!image)
		abort();
	if (size) {
		memcpy(image, data, size);
		plant(image, size, data[0]);
	}
	if (image_need(image_end(image, size), others, count) > RAM_BYTES && loads(image, size, others, count))
		abort();
	free(image);
	return 0;
}
