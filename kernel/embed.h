/* SPDX-License-Identifier: MIT */
/*
 * Programs linked into the kernel image.  The table and the bytes come from a generated assembly file (iso/embed.py);
 * each program starts on a page and the rest of its last page is zero, so whole pages may be mapped into a PD.
 */
#ifndef VOS_EMBED_H
#define VOS_EMBED_H

struct embed_module {
	const char *name;		/* NUL-terminated, e.g. "root" */
	const unsigned char *start;	/* page-aligned, kernel virtual address */
	const unsigned char *end;	/* one past the last byte of the ELF file */
};

extern const struct embed_module embed_modules[];
extern const unsigned embed_count;

/* Of the program "root". */
struct embed_segment {
	unsigned long address;		/* in root */
	const unsigned char *bytes;
	unsigned long file_bytes, memory_bytes;
	unsigned long rights;		/* PT_R PT_W PT_X */
};

extern const struct embed_segment embed_root[];
extern const unsigned embed_root_count;
extern const unsigned long embed_root_entry;

#endif
