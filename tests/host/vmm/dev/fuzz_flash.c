/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * Flash memory and a guest that writes anything: what lies behind it stays, reading it changes nothing, and what is not
 * read as the array is the status.
 */
#include <stdlib.h>
#include <string.h>

#include "flash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BYTES = 2 * FLASH_BLOCK_BYTES, BEHIND = 64 };

static u8 bytes[BYTES + BEHIND];

static void must(bool is_true)
{
	if (!is_true)
		abort();
}

/* What is said to have changed is in the flash memory. */
static void changed(void *ctx, u64 offset, u32 count)
{
	(void)ctx;
	must(offset < BYTES && count != 0 && count <= BYTES - offset);
}

static void settled(void *ctx)
{
	(void)ctx;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct flash_ops ops = { .changed = changed, .settled = settled };
	static const u8 commands[] = { 0xff, 0x70, 0x50, 0x10, 0x40, 0x20, 0xd0, 0xe8 };
	static u8 behind[BEHIND];
	struct flash f;

	memset(bytes, 0x5a, sizeof(bytes));
	memset(behind, 0x5a, sizeof(behind));
	flash_init(&f, bytes, BYTES, &ops);
	for (; size >= 8; data += 8, size -= 8) {
		u64 offset = (u64)(data[0] | data[1] << 8) % (BYTES + 16), value;
		u32 width = BIT32(data[2] & 3);

		memcpy(&value, data, sizeof(value));
		if (data[2] & 4)
			value = commands[data[3] % sizeof(commands)];
		if (data[2] & 8)
			must(flash_region.read(&f, offset, width) == flash_region.read(&f, offset, width));
		else
			flash_region.write(&f, offset, width, value);
		must(memcmp(bytes + BYTES, behind, BEHIND) == 0);
	}
	return 0;
}
