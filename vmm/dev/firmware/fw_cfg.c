/* SPDX-License-Identifier: MIT */
/*
 * fw_cfg.c - see fw_cfg.h. Ports: 0 selects (16 bits), 1 is the data, 4 and 8 are the upper and the lower half of a
 * command's address, big endian; writing the lower half starts the command.
 */
#include "fw_cfg.h"

#include <string.h>

#define ID_PORTS BIT32(0)
#define ID_DMA BIT32(1)

enum { PORT_SELECT = 0, PORT_DATA = 1, PORT_DMA_HIGH = 4, PORT_DMA_LOW = 8 };

/* What reading the address gives: "QEMU CFG". */
#define DMA_SIGNATURE_HIGH 0x51454d55u
#define DMA_SIGNATURE_LOW 0x20434647u

#define DMA_ERROR BIT32(0)
#define DMA_READ BIT32(1)
#define DMA_SKIP BIT32(2)
#define DMA_SELECT BIT32(3)	/* the key is in the upper 16 bits */
#define DMA_WRITE BIT32(4)	/* items are read only: an error */

/* Big endian in RAM. */
struct dma_command { u32 control, length; u64 address; };
_Static_assert(sizeof(struct dma_command) == 16, "fw_cfg");

/* ---- Items ---- */

static const struct fw_cfg_item *find(const struct fw_cfg *f, u16 key)
{
	for (u32 i = 0; i < f->item_count; i++)
		if (f->items[i].key == key)
			return &f->items[i];
	return NULL;
}

static void put_be(u8 *at, u32 bytes, u32 value)
{
	for (u32 i = 0; i < bytes; i++)
		at[i] = (u8)(value >> (8 * (bytes - 1 - i)));
}

enum status fw_cfg_add(struct fw_cfg *f, u16 key, const void *data, u32 bytes)
{
	if (f->item_count == FW_CFG_ITEMS)
		return ST_FULL;
	if (find(f, key))
		return ST_EXISTS;
	f->items[f->item_count++] = (struct fw_cfg_item){ .data = data, .bytes = bytes, .key = key };
	return ST_OK;
}

enum status fw_cfg_add_file(struct fw_cfg *f, const char *name, const void *data, u32 bytes)
{
	u8 *entry = f->directory + 4 + f->file_count * FW_CFG_FILE_BYTES;
	u16 key = (u16)(FW_CFG_FIRST_FILE + f->file_count);
	enum status status;

	if (f->file_count == FW_CFG_FILES)
		return ST_FULL;
	if (strlen(name) >= FW_CFG_NAME_BYTES)
		return ST_INVAL;
	status = fw_cfg_add(f, key, data, bytes);
	if (status != ST_OK)
		return status;
	put_be(entry, 4, bytes);
	put_be(entry + 4, 2, key);
	strcpy((char *)entry + 8, name);
	put_be(f->directory, 4, ++f->file_count);
	return ST_OK;
}

void fw_cfg_init(struct fw_cfg *f, const struct guest_memory *memory)
{
	static const u32 id = ID_PORTS | ID_DMA;
	static const struct fw_cfg_item fixed[] = {
		{ .key = FW_CFG_SIGNATURE, .data = "QEMU", .bytes = 4 },
		{ .key = FW_CFG_ID, .data = &id, .bytes = sizeof(id) },
	};

	*f = (struct fw_cfg){ .memory = memory, .item_count = ARRAY_COUNT(fixed) };
	memcpy(f->items, fixed, sizeof(fixed));
	f->items[f->item_count++] = (struct fw_cfg_item){ .key = FW_CFG_DIRECTORY, .data = f->directory,
							  .bytes = sizeof(f->directory) };
}

static void select_item(struct fw_cfg *f, u16 key)
{
	f->selected = find(f, key);
	f->offset = 0;
}

/* How many of the next `count` bytes the selected item has. */
static u32 available(const struct fw_cfg *f, u32 count)
{
	u32 rest = f->selected ? f->selected->bytes - f->offset : 0;

	return count < rest ? count : rest;
}

static u8 next_byte(struct fw_cfg *f)
{
	return available(f, 1) ? ((const u8 *)f->selected->data)[f->offset++] : 0;
}

/* ---- Commands ---- */

/* Into RAM: what is not all RAM gets nothing. */
static bool dma_read(struct fw_cfg *f, u64 address, u32 length)
{
	u8 *to = length <= FW_CFG_DMA_BYTES_MAX ? guest_memory_at(f->memory, GPA(address), length) : NULL;
	u32 count = available(f, length);

	if (!to)
		return false;
	if (count)
		memcpy(to, (const u8 *)f->selected->data + f->offset, count);
	memset(to + count, 0, length - count);
	f->offset += count;
	return true;
}

static bool dma_do(struct fw_cfg *f, const struct dma_command *command)
{
	u32 control = __builtin_bswap32(command->control), length = __builtin_bswap32(command->length);

	if (control & DMA_SELECT)
		select_item(f, (u16)(control >> 16));
	if (control & DMA_READ)
		return dma_read(f, __builtin_bswap64(command->address), length);
	if (control & DMA_SKIP) {
		f->offset += available(f, length);
		return true;
	}
	return !(control & DMA_WRITE);
}

/* The guest waits for the control word to be zero, or the error bit alone. A command that is not in RAM has nowhere. */
static void dma_run(struct fw_cfg *f, u64 gpa)
{
	struct dma_command command;
	u32 result;

	if (!guest_memory_read(f->memory, GPA(gpa), &command, sizeof(command)))
		return;
	result = __builtin_bswap32(dma_do(f, &command) ? 0 : DMA_ERROR);
	(void)!guest_memory_write(f->memory, GPA(gpa), &result, sizeof(result));
}

/* ---- Ports ---- */

static u64 fw_cfg_read(void *device, u64 offset, u32 size)
{
	if (offset == PORT_DATA && size == 1)
		return next_byte(device);
	if (size != 4)
		return ~0ull;
	if (offset == PORT_DMA_HIGH)
		return __builtin_bswap32(DMA_SIGNATURE_HIGH);
	return offset == PORT_DMA_LOW ? __builtin_bswap32(DMA_SIGNATURE_LOW) : ~0ull;
}

static void fw_cfg_write(void *device, u64 offset, u32 size, u64 value)
{
	struct fw_cfg *f = device;

	if (offset == PORT_SELECT && size == 2) {
		select_item(f, (u16)value);
	} else if (offset == PORT_DMA_HIGH && size == 4) {
		f->dma_high = __builtin_bswap32((u32)value);
	} else if (offset == PORT_DMA_LOW && size == 4) {
		dma_run(f, (u64)f->dma_high << 32 | __builtin_bswap32((u32)value));
		f->dma_high = 0;
	}
}

const struct region_ops fw_cfg_region = { .read = fw_cfg_read, .write = fw_cfg_write };
