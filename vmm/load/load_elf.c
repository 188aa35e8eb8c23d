/* SPDX-License-Identifier: MIT */
/*
 * load_elf.c - reads, checks and loads ELF files of both classes.
 */
#include "load_elf.h"

#include <linux/elf.h>
#include <string.h>

#include "range.h"

static bool read_at(const struct load_image *image, u64 offset, void *to, u64 count)
{
	if (!range_ok(offset, count, image->size))
		return false;
	memcpy(to, image->bytes + offset, count);
	return true;
}

static bool segment_64(const struct load_image *image, u64 offset, struct elf_segment *s)
{
	struct elf64_phdr p;

	if (!read_at(image, offset, &p, sizeof(p)))
		return false;
	*s = (struct elf_segment){ p.p_type, p.p_offset, p.p_paddr, p.p_filesz, p.p_memsz, p.p_align };
	return true;
}

static bool segment_32(const struct load_image *image, u64 offset, struct elf_segment *s)
{
	struct elf32_phdr p;

	if (!read_at(image, offset, &p, sizeof(p)))
		return false;
	*s = (struct elf_segment){ p.p_type, p.p_offset, p.p_paddr, p.p_filesz, p.p_memsz, p.p_align };
	return true;
}

static const char *parse_segments(struct elf *elf, const struct load_image *image, u64 offset, u32 entry_bytes,
				  u32 count)
{
	u32 expected = elf->is_64 ? sizeof(struct elf64_phdr) : sizeof(struct elf32_phdr);

	if (entry_bytes != expected)
		return "ELF program headers have an odd size";
	if (count == 0 || count > ELF_SEGMENTS)
		return "ELF file has no or too many program headers";
	if (!range_ok(offset, (u64)entry_bytes * count, image->size))
		return "ELF program headers lie outside the file";
	for (u32 i = 0; i < count; i++) {
		struct elf_segment *s = &elf->segment[i];
		u64 at = offset + (u64)entry_bytes * i;

		if (!(elf->is_64 ? segment_64(image, at, s) : segment_32(image, at, s)))
			return "ELF program headers lie outside the file";
		if (!range_ok(s->offset, s->file_bytes, image->size))
			return "ELF segment lies outside the file";
		if (s->type == PT_LOAD && s->file_bytes > s->memory_bytes)
			return "ELF segment is larger in the file than in memory";
	}
	elf->count = count;
	return NULL;
}

const char *elf_parse(struct elf *elf, const struct load_image *image)
{
	struct elf64_hdr h64;
	struct elf32_hdr h32;
	unsigned char ident[EI_NIDENT];

	memset(elf, 0, sizeof(*elf));
	if (!read_at(image, 0, ident, sizeof(ident)) || memcmp(ident, ELFMAG, SELFMAG) != 0)
		return "not an ELF file";
	if (ident[EI_DATA] != ELFDATA2LSB)
		return "ELF file is not little-endian";
	if (ident[EI_CLASS] == ELFCLASS64 && read_at(image, 0, &h64, sizeof(h64))) {
		if (h64.e_machine != EM_X86_64)
			return "ELF file is not for x86";
		elf->is_64 = true;
		elf->entry = h64.e_entry;
		return parse_segments(elf, image, h64.e_phoff, h64.e_phentsize, h64.e_phnum);
	}
	if (ident[EI_CLASS] == ELFCLASS32 && read_at(image, 0, &h32, sizeof(h32))) {
		if (h32.e_machine != EM_386)
			return "ELF file is not for x86";
		elf->entry = h32.e_entry;
		return parse_segments(elf, image, h32.e_phoff, h32.e_phentsize, h32.e_phnum);
	}
	return "ELF header is cut off";
}

const char *elf_load(const struct elf *elf, const struct load_input *in, u64 *end)
{
	const struct load_image *image = &in->images[0];
	const char *why;

	*end = 0;
	for (u32 i = 0; i < elf->count; i++) {
		const struct elf_segment *s = &elf->segment[i];

		if (s->type != PT_LOAD || s->memory_bytes == 0)
			continue;
		why = load_copy(in, s->physical, image->bytes + s->offset, s->file_bytes, s->memory_bytes);
		if (why)
			return why;
		*end = max_u64(*end, s->physical + s->memory_bytes);
	}
	return *end ? NULL : "ELF file has nothing to load";
}

/* Virtual addresses are not in struct elf_segment: this is the only place that wants them. */
static u64 segment_virtual(const struct elf *elf, const struct load_image *image, u32 index)
{
	struct elf64_hdr h64;
	struct elf32_hdr h32;
	struct elf64_phdr p64;
	struct elf32_phdr p32;

	if (elf->is_64 && read_at(image, 0, &h64, sizeof(h64)) &&
	    read_at(image, h64.e_phoff + index * sizeof(p64), &p64, sizeof(p64)))
		return p64.p_vaddr;
	if (!elf->is_64 && read_at(image, 0, &h32, sizeof(h32)) &&
	    read_at(image, h32.e_phoff + index * sizeof(p32), &p32, sizeof(p32)))
		return p32.p_vaddr;
	return 0;
}

u64 elf_physical_entry(const struct elf *elf, const struct load_image *image)
{
	for (u32 i = 0; i < elf->count; i++) {
		const struct elf_segment *s = &elf->segment[i];
		u64 start = segment_virtual(elf, image, i);

		if (s->type == PT_LOAD && elf->entry >= start && elf->entry - start < s->memory_bytes)
			return s->physical + (elf->entry - start);
	}
	return elf->entry;
}

static u32 find_note(const struct load_image *image, const struct elf_segment *s, const char *name, u32 type, void *to,
		     u32 capacity)
{
	u64 align = s->align == 8 ? 8 : 4, at = 0;
	struct elf64_note note;

	while (range_ok(at, sizeof(note), s->file_bytes)) {
		u64 name_at = at + sizeof(note), data_at;

		memcpy(&note, image->bytes + s->offset + at, sizeof(note));
		data_at = align_up(name_at + note.n_namesz, align);
		if (!range_ok(data_at, note.n_descsz, s->file_bytes) ||
		    !range_ok(name_at, note.n_namesz, s->file_bytes))
			return 0;
		if (note.n_type == type && note.n_namesz == strlen(name) + 1 &&
		    memcmp(image->bytes + s->offset + name_at, name, note.n_namesz) == 0) {
			memcpy(to, image->bytes + s->offset + data_at, min_u64(note.n_descsz, capacity));
			return note.n_descsz;
		}
		at = align_up(data_at + note.n_descsz, align);
	}
	return 0;
}

u32 elf_note(const struct elf *elf, const struct load_image *image, const char *name, u32 type, void *to, u32 capacity)
{
	for (u32 i = 0; i < elf->count; i++) {
		u32 found;

		if (elf->segment[i].type != PT_NOTE)
			continue;
		found = find_note(image, &elf->segment[i], name, type, to, capacity);
		if (found)
			return found;
	}
	return 0;
}
