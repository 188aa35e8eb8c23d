/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * fw_cfg and a guest that writes anything to its ports, with commands of its own making in RAM. Items are never
 * written, never read past their ends, and only RAM is.
 */
#include <stdlib.h>
#include <string.h>

#include "fw_cfg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RAM_BYTES = 4096, COMMAND_BYTES = 16 };

static u8 ram[RAM_BYTES];
static const struct guest_memory memory = { .ram = ram, .bytes = RAM_BYTES };
static const u8 item[] = "an item of thirty-two bytes, all";

static void must(bool is_true)
{
	if (!is_true)
		abort();
}

/* A command at `at` that the input gives; every second one is for a place in RAM. */
static void run_command(struct fw_cfg *f, const uint8_t *input, u32 at)
{
	u32 low = __builtin_bswap32(at);

	memcpy(ram + at, input, COMMAND_BYTES);
	if (input[3] & 0x20) {
		memset(ram + at + 4, 0, 10);
		ram[at + 6] = input[6] & 0x1f;
		ram[at + 14] &= 0xf;
	}
	fw_cfg_region.write(f, 8, 4, low);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fw_cfg f;

	memset(ram, 0, sizeof(ram));
	fw_cfg_init(&f, &memory);
	must(fw_cfg_add_file(&f, "one", item, sizeof(item)) == ST_OK && fw_cfg_add(&f, 0x8001, item, 3) == ST_OK);
	for (; size >= COMMAND_BYTES + 2; data += COMMAND_BYTES + 2, size -= COMMAND_BYTES + 2) {
		u64 value;

		memcpy(&value, data + 2, sizeof(value));
		if (data[0] & 1)
			run_command(&f, data + 2, data[1] * 8u);
		else if (data[0] & 2)
			fw_cfg_region.write(&f, data[1] & 0xf, BIT32(data[0] >> 4 & 3), value);
		else
			(void)fw_cfg_region.read(&f, data[1] & 0xf, BIT32(data[0] >> 4 & 3));
		must(!f.selected || f.offset <= f.selected->bytes);
		must(memcmp(item, "an item of thirty-two bytes, all", sizeof(item)) == 0);
	}
	return 0;
}
