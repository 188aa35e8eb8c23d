/* SPDX-License-Identifier: MIT */
/*
 * load_elf.h - the two ELF classes as the loaders need them: segments by physical address, and notes. Pure; the file is
 * foreign.
 */
#ifndef VOS_LOAD_ELF_H
#define VOS_LOAD_ELF_H

#include "load.h"

#define ELF_SEGMENTS 64u

struct elf_segment { u32 type; u64 offset, physical, file_bytes, memory_bytes, align; };

struct elf {
	bool is_64;
	u64 entry;		/* as the header says: virtual */
	u32 count;
	struct elf_segment segment[ELF_SEGMENTS];
};

/* Reads and judges header and program headers: every segment lies within the file. NULL, or what is wrong. */
const char *elf_parse(struct elf *elf, const struct load_image *image);

/* Copies the loadable segments; *end = end of the highest one. NULL, or what is wrong. */
const char *elf_load(const struct elf *elf, const struct load_input *in, u64 *end);

/* A virtual entry that lies in a segment, as a physical address; others unchanged. */
u64 elf_physical_entry(const struct elf *elf, const struct load_image *image);

/* The first note called `name` with this type: copies up to `capacity` bytes of it. Returns its size, 0 = none. */
u32 elf_note(const struct elf *elf, const struct load_image *image, const char *name, u32 type, void *to, u32 capacity);

#endif
