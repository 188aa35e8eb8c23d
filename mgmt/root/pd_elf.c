/* SPDX-License-Identifier: MIT */
/*
 * pd_elf.c - see pd_elf.h. The file may be a boot module, so nothing in it is believed.
 */
#include "pd_elf.h"

#include <elf.h>
#include <string.h>

#include "range.h"
#include "syscalls.h"

static enum status header_ok(const u8 *file, u64 bytes, Elf64_Ehdr *out)
{
	if (bytes < sizeof(*out))
		return ST_INVAL;
	memcpy(out, file, sizeof(*out));
	if (memcmp(out->e_ident, ELFMAG, SELFMAG) != 0)
		return ST_INVAL;
	if (out->e_ident[EI_CLASS] != ELFCLASS64 || out->e_ident[EI_DATA] != ELFDATA2LSB ||
	    out->e_machine != EM_X86_64 || out->e_type != ET_EXEC)
		return ST_UNSUPPORTED;
	if (out->e_phentsize != sizeof(Elf64_Phdr) || out->e_phnum == 0 || out->e_phnum > 32)
		return ST_INVAL;
	if (!range_ok(out->e_phoff, (u64)out->e_phnum * sizeof(Elf64_Phdr), bytes))
		return ST_INVAL;
	return ST_OK;
}

static u32 rights_of(u32 flags)
{
	return RIGHT_R | (flags & PF_W ? RIGHT_W : 0) | (flags & PF_X ? RIGHT_X : 0);
}

static bool segment_overlaps(const struct pd_elf *image, const struct pd_elf_segment *s)
{
	for (u32 i = 0; i < image->segment_count; i++) {
		const struct pd_elf_segment *other = &image->segments[i];

		if (s->address < other->address + other->bytes && other->address < s->address + s->bytes)
			return true;
	}
	return false;
}

static enum status add_segment(struct pd_elf *image, const Elf64_Phdr *ph, u64 file_bytes)
{
	u64 slack = ph->p_vaddr & (PAGE_SIZE - 1);
	struct pd_elf_segment s;

	if (ph->p_memsz == 0)
		return ST_OK;
	if (image->segment_count == PD_ELF_SEGMENTS || ph->p_filesz > ph->p_memsz)
		return ST_INVAL;
	if (!range_ok(ph->p_offset, ph->p_filesz, file_bytes) || ph->p_offset % PAGE_SIZE != slack)
		return ST_INVAL;
	if (ph->p_vaddr < PD_ELF_LOWEST || !range_ok(ph->p_vaddr, ph->p_memsz, PD_ELF_LIMIT))
		return ST_INVAL;
	s = (struct pd_elf_segment){
		.address = ph->p_vaddr - slack,
		.bytes = align_up(slack + ph->p_memsz, PAGE_SIZE),
		.file_offset = ph->p_offset - slack,
		.file_bytes = slack + ph->p_filesz,
		.rights = rights_of(ph->p_flags),
	};
	if ((s.rights & RIGHT_W) != 0 ? (s.rights & RIGHT_X) != 0 : ph->p_filesz != ph->p_memsz)
		return ST_INVAL;
	if (segment_overlaps(image, &s))
		return ST_INVAL;
	image->segments[image->segment_count++] = s;
	return ST_OK;
}

static bool entry_ok(const struct pd_elf *image)
{
	for (u32 i = 0; i < image->segment_count; i++) {
		const struct pd_elf_segment *s = &image->segments[i];

		if ((s->rights & RIGHT_X) != 0 && image->entry >= s->address &&
		    image->entry - s->address < s->file_bytes)
			return true;
	}
	return false;
}

enum status pd_elf_parse(const u8 *file, u64 bytes, struct pd_elf *out)
{
	Elf64_Ehdr header;
	enum status st = header_ok(file, bytes, &header);

	*out = (struct pd_elf){ 0 };
	if (st != ST_OK)
		return st;
	out->entry = header.e_entry;
	for (u32 i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr ph;

		memcpy(&ph, file + header.e_phoff + i * sizeof(ph), sizeof(ph));
		if (ph.p_type == PT_INTERP || ph.p_type == PT_DYNAMIC)
			return ST_UNSUPPORTED;
		if (ph.p_type == PT_LOAD)
			st = add_segment(out, &ph, bytes);
		if (st != ST_OK)
			return st;
	}
	return entry_ok(out) ? ST_OK : ST_INVAL;
}
