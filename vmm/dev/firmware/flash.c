/* SPDX-License-Identifier: MIT */
/*
 * flash.c - see flash.h.
 */
#include "flash.h"

#include <string.h>

#include "range.h"

enum {
	READ_ARRAY = 0xff, READ_STATUS = 0x70, CLEAR_STATUS = 0x50, PROGRAM = 0x10, PROGRAM_TOO = 0x40,
	ERASE = 0x20, ERASE_CONFIRM = 0xd0,
};

#define STATUS_READY 0x80u
#define STATUS_BAD_SEQUENCE 0x30u

static u64 flash_read(void *device, u64 offset, u32 size)
{
	const struct flash *f = device;
	u64 value = 0;

	if (!range_ok(offset, size, f->count))
		return ~0ull;
	if (f->command != READ_ARRAY)
		return f->status;
	memcpy(&value, f->bytes + offset, size);
	return value;
}

static void program(struct flash *f, u64 offset, u32 size, u64 value)
{
	for (u32 i = 0; i < size; i++)
		f->bytes[offset + i] &= (u8)(value >> 8 * i);
	f->ops.changed(f->ops.ctx, offset, size);
	f->status |= STATUS_READY;
	f->command = READ_STATUS;
}

static void erase(struct flash *f, u64 offset, u8 value)
{
	u64 block = offset & ~(u64)(FLASH_BLOCK_BYTES - 1);

	if (value == ERASE_CONFIRM) {
		memset(f->bytes + block, 0xff, FLASH_BLOCK_BYTES);
		f->ops.changed(f->ops.ctx, block, FLASH_BLOCK_BYTES);
	}
	f->status |= value == ERASE_CONFIRM ? STATUS_READY : STATUS_READY | STATUS_BAD_SEQUENCE;
	f->command = READ_STATUS;
}

static void take_command(struct flash *f, u8 command)
{
	switch (command) {
	case CLEAR_STATUS:
		f->status = 0;
		f->command = READ_ARRAY;
		break;
	case READ_ARRAY:
		f->command = command;
		f->ops.settled(f->ops.ctx);
		break;
	case READ_STATUS: case PROGRAM: case PROGRAM_TOO: case ERASE:
		f->command = command;
		break;
	default:
		f->status |= STATUS_READY | STATUS_BAD_SEQUENCE;
		f->command = READ_STATUS;
	}
}

static void flash_write(void *device, u64 offset, u32 size, u64 value)
{
	struct flash *f = device;

	if (!range_ok(offset, size, f->count))
		return;
	if (f->command == PROGRAM || f->command == PROGRAM_TOO)
		program(f, offset, size, value);
	else if (f->command == ERASE)
		erase(f, offset, (u8)value);
	else
		take_command(f, (u8)value);
}

const struct region_ops flash_region = { .read = flash_read, .write = flash_write };

void flash_init(struct flash *f, u8 *bytes, u32 count, const struct flash_ops *ops)
{
	*f = (struct flash){ .ops = *ops, .bytes = bytes, .count = count, .command = READ_ARRAY };
}
