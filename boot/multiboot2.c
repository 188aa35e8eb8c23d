/* SPDX-License-Identifier: MIT */
/*
 * multiboot2.c - parser of the Multiboot2 boot information. Pure.
 *
 * One table of handlers by tag type; a handler gets a tag that lies wholly within the blob, and copies from it. Loaders
 * are trusted to be loaded (they could do anything to us), not to be free of bugs: every length and range is checked.
 */
#include "multiboot2.h"

#include <string.h>

#include "boot_info.h"
#include "range.h"
#include "text.h"

#define NO_LIMIT (~0ull)

/* VGA's text memory, which is there if nothing else is said. */
static const struct info_screen text_screen = {
	.address = 0xb8000, .pitch = 160, .width = 80, .height = 25, .bits_per_pixel = 16, .type = SCREEN_TEXT,
};

typedef bool (*tag_handler)(struct boot_info *out, const u8 *tag, u32 bytes);

/* Empty ranges are ignored; what wraps or does not fit is counted in dropped_ranges. */
static void add_range(struct boot_info *out, u64 start, u64 bytes, u32 type)
{
	if (bytes == 0)
		return;
	if (out->range_count == BOOT_RANGES || !range_ok(start, bytes, NO_LIMIT)) {
		out->dropped_ranges++;
		return;
	}
	out->ranges[out->range_count++] = (struct boot_range){
		.start = HPA(start), .bytes = bytes,
		.type = type >= BOOT_MEMORY_USABLE && type <= BOOT_MEMORY_BAD ? type : BOOT_MEMORY_RESERVED,
	};
}

/* The string that starts at `from` within the tag must end within it. */
static bool string_ok(const u8 *tag, u32 bytes, u32 from)
{
	return from < bytes && memchr(tag + from, '\0', bytes - from) != NULL;
}

static bool copy_tag(const u8 *tag, u32 bytes, char *to, size_t room)
{
	u32 from = sizeof(struct mb2_tag);

	if (!string_ok(tag, bytes, from))
		return false;
	text_copy(to, room, (const char *)tag + from);
	return true;
}

static bool on_cmdline(struct boot_info *out, const u8 *tag, u32 bytes)
{
	return copy_tag(tag, bytes, out->cmdline, sizeof(out->cmdline));
}

static bool on_loader(struct boot_info *out, const u8 *tag, u32 bytes)
{
	return copy_tag(tag, bytes, out->loader, sizeof(out->loader));
}

static void leave_out(struct boot_info *out, const char *string)
{
	size_t used = strlen(out->left_out);

	out->left_out_count++;
	if (used + 1 < sizeof(out->left_out))
		out->left_out[used++] = ' ';
	for (; *string != '\0' && *string != ' ' && used + 1 < sizeof(out->left_out); string++)
		out->left_out[used++] = *string;
}

static bool on_module(struct boot_info *out, const u8 *tag, u32 bytes)
{
	struct boot_info_module *module;
	struct mb2_module m;

	if (!string_ok(tag, bytes, sizeof(m)))
		return false;
	memcpy(&m, tag, sizeof(m));
	if (m.end < m.start)
		return false;
	if (out->module_count == BOOT_INFO_MODULES) {
		leave_out(out, (const char *)tag + sizeof(m));
		return true;
	}
	module = &out->modules[out->module_count++];
	module->start = HPA(m.start);
	module->bytes = m.end - m.start;
	text_copy(module->string, sizeof(module->string), (const char *)tag + sizeof(m));
	return true;
}

static bool on_memory_map(struct boot_info *out, const u8 *tag, u32 bytes)
{
	struct mb2_memory_map map;
	struct mb2_memory entry;
	u32 at = sizeof(map);

	if (bytes < sizeof(map))
		return false;
	memcpy(&map, tag, sizeof(map));
	if (map.entry_bytes < sizeof(entry))
		return false;
	for (; range_ok(at, map.entry_bytes, bytes); at += map.entry_bytes) {
		memcpy(&entry, tag + at, sizeof(entry));
		add_range(out, entry.start, entry.bytes, entry.type);
	}
	return at == bytes;
}

static bool on_framebuffer(struct boot_info *out, const u8 *tag, u32 bytes)
{
	struct mb2_framebuffer fb;

	if (bytes < offsetof(struct mb2_framebuffer, type) + 1)
		return false;
	memset(&fb, 0, sizeof(fb));
	memcpy(&fb, tag, offsetof(struct mb2_framebuffer, type) + 1);
	if (fb.type != SCREEN_RGB)
		return true;
	out->screen = (struct info_screen){
		.address = fb.address, .pitch = fb.pitch, .width = fb.width, .height = fb.height,
		.bits_per_pixel = fb.bits_per_pixel, .type = fb.type,
	};
	return true;
}

static bool on_efi(struct boot_info *out, const u8 *, u32)
{
	out->firmware = BOOT_UEFI;
	return true;
}

/* The tag holds a copy of the RSDP. A revision 2 one (new) wins over the first 20 bytes (old), in whatever order they
 * come. */
static bool on_acpi(struct boot_info *out, const u8 *tag, u32 bytes)
{
	u32 from = sizeof(struct mb2_tag);
	u32 rsdp_bytes = bytes - from;

	if (rsdp_bytes < 20)
		return false;
	if (rsdp_bytes > sizeof(out->rsdp_copy))
		rsdp_bytes = sizeof(out->rsdp_copy);
	if (rsdp_bytes <= out->rsdp_copy_bytes)
		return true;
	memcpy(out->rsdp_copy, tag + from, rsdp_bytes);
	out->rsdp_copy_bytes = rsdp_bytes;
	return true;
}

static const tag_handler handlers[] = {
	[MB2_CMDLINE] = on_cmdline,
	[MB2_LOADER] = on_loader,
	[MB2_MODULE] = on_module,
	[MB2_MEMORY_MAP] = on_memory_map,
	[MB2_FRAMEBUFFER] = on_framebuffer,
	[MB2_EFI32] = on_efi,
	[MB2_EFI64] = on_efi,
	[MB2_ACPI_OLD] = on_acpi,
	[MB2_ACPI_NEW] = on_acpi,
};

/* Unknown tags are fine. */
static bool handle(struct boot_info *out, u32 type, const u8 *tag, u32 bytes)
{
	return type >= ARRAY_COUNT(handlers) || !handlers[type] || handlers[type](out, tag, bytes);
}

enum status boot_parse_multiboot2(const void *blob, size_t bytes, struct boot_info *out)
{
	const u8 *base = blob;
	struct mb2_info info;
	struct mb2_tag tag;
	u64 at = sizeof(info);

	memset(out, 0, sizeof(*out));
	out->screen = text_screen;
	if (bytes < sizeof(info))
		return ST_INVAL;
	memcpy(&info, base, sizeof(info));
	if (info.total_bytes > bytes)
		return ST_INVAL;
	for (;;) {
		if (!range_ok(at, sizeof(tag), info.total_bytes))
			return ST_INVAL;	/* no end tag */
		memcpy(&tag, base + at, sizeof(tag));
		if (tag.bytes < sizeof(tag) || !range_ok(at, tag.bytes, info.total_bytes))
			return ST_INVAL;
		if (tag.type == MB2_END)
			break;
		if (!handle(out, tag.type, base + at, tag.bytes))
			return ST_INVAL;
		at += align_up(tag.bytes, 8);
	}
	if (out->firmware == BOOT_UEFI && out->screen.type == SCREEN_TEXT)
		out->screen.type = SCREEN_NONE;		/* UEFI has no text mode */
	return out->range_count > 0 ? ST_OK : ST_INVAL;
}
