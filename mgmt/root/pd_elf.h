/* SPDX-License-Identifier: MIT */
/*
 * pd_elf.h - reads the program headers of a static ELF64 program for ring 3. Pure.
 *
 * What comes out can be mapped as it is: page-aligned, disjoint, within [PD_ELF_LOWEST, PD_ELF_LIMIT), never writable
 * and executable at once. Segments that are not writable have no bytes beyond the file's, so that they can be shared
 * with the file's own pages.
 */
#ifndef VOS_PD_ELF_H
#define VOS_PD_ELF_H

#include "status.h"
#include "types.h"

#define PD_ELF_SEGMENTS 8u
#define PD_ELF_LOWEST 0x400000ull
#define PD_ELF_LIMIT 0x10000000ull

struct pd_elf_segment {
	u64 address;		/* page aligned */
	u64 bytes;		/* whole pages */
	u64 file_offset;	/* page aligned: the file's bytes from here on belong at `address` */
	u64 file_bytes;		/* how many, counted from file_offset; the rest of `bytes` is zero */
	u32 rights;		/* RIGHT_R, RIGHT_W, RIGHT_X */
	u32 zero;
};

struct pd_elf {
	u64 entry;		/* within an executable segment */
	u32 segment_count;
	u32 zero;
	struct pd_elf_segment segments[PD_ELF_SEGMENTS];
};

/* ST_INVAL: malformed; ST_UNSUPPORTED: an ELF file that this is not for (dynamic, other machine, relocatable). */
enum status pd_elf_parse(const u8 *file, u64 bytes, struct pd_elf *out) MUST_CHECK;

#endif
