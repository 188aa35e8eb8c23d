/* SPDX-License-Identifier: MIT */
/*
 * pd_elf: a good program, and every way to spoil it.
 */
/* links: root */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <elf.h>

#include "pd_elf.h"
#include "syscalls.h"

#define FILE_BYTES 0x4000u

struct program {
	Elf64_Ehdr header;
	Elf64_Phdr ph[3];
};

static struct program good(void)
{
	struct program p = {
		.header = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT, .e_entry = 0x401010,
			.e_phoff = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 3,
		},
		.ph = {	/* type, flags, offset, vaddr, paddr, filesz, memsz, align */
			{ PT_LOAD, PF_R, 0, 0x400000, 0, 0x200, 0x200, 0 },
			{ PT_LOAD, PF_R | PF_X, 0x1000, 0x401000, 0, 0x1800, 0x1800, 0 },
			{ PT_LOAD, PF_R | PF_W, 0x2fe0, 0x403fe0, 0, 0x60, 0x5000, 0 },
		},
	};

	return p;
}

/* On a heap copy of exactly `bytes`, so that a read beyond it is seen. */
static enum status parse(const struct program *p, u64 bytes, struct pd_elf *out)
{
	u8 *file = calloc(1, bytes != 0 ? bytes : 1);
	enum status st;

	assert_non_null(file);
	memcpy(file, p, bytes < sizeof(*p) ? bytes : sizeof(*p));
	st = pd_elf_parse(file, bytes, out);
	free(file);
	return st;
}

static void takes_a_good_one(void **state)
{
	struct program p = good();
	struct pd_elf elf;

	(void)state;
	assert_int_equal(parse(&p, FILE_BYTES, &elf), ST_OK);
	assert_int_equal(elf.entry, 0x401010);
	assert_int_equal(elf.segment_count, 3);
	assert_int_equal(elf.segments[1].rights, RIGHT_R | RIGHT_X);
	assert_int_equal(elf.segments[1].bytes, 0x2000);
	assert_int_equal(elf.segments[2].address, 0x403000);
	assert_int_equal(elf.segments[2].file_offset, 0x2000);
	assert_int_equal(elf.segments[2].file_bytes, 0x1040);
	assert_int_equal(elf.segments[2].bytes, 0x6000);
	assert_int_equal(elf.segments[2].rights, RIGHT_R | RIGHT_W);
}

static void is_never_cut_short(void **state)
{
	struct program p = good();
	struct pd_elf elf;

	(void)state;
	for (u64 bytes = 0; bytes < 0x3040; bytes += bytes < 0x200 ? 1 : 0x101)
		assert_int_not_equal(parse(&p, bytes, &elf), ST_OK);
	assert_int_equal(parse(&p, 0x3040, &elf), ST_OK);
}

enum field {
	MAGIC, CLASS, DATA, TYPE, MACHINE, ENTRY, PHOFF, PHENTSIZE, PHNUM,
	P_TYPE, P_FLAGS, P_OFFSET, P_VADDR, P_FILESZ, P_MEMSZ,
};

static void spoil(struct program *p, enum field field, u32 segment, u64 value)
{
	Elf64_Phdr *ph = &p->ph[segment];

	switch (field) {
	case MAGIC: p->header.e_ident[0] = (u8)value; break;
	case CLASS: p->header.e_ident[EI_CLASS] = (u8)value; break;
	case DATA: p->header.e_ident[EI_DATA] = (u8)value; break;
	case TYPE: p->header.e_type = (u16)value; break;
	case MACHINE: p->header.e_machine = (u16)value; break;
	case ENTRY: p->header.e_entry = value; break;
	case PHOFF: p->header.e_phoff = value; break;
	case PHENTSIZE: p->header.e_phentsize = (u16)value; break;
	case PHNUM: p->header.e_phnum = (u16)value; break;
	case P_TYPE: ph->p_type = (u32)value; break;
	case P_FLAGS: ph->p_flags = (u32)value; break;
	case P_OFFSET: ph->p_offset = value; break;
	case P_VADDR: ph->p_vaddr = value; break;
	case P_FILESZ: ph->p_filesz = value; break;
	case P_MEMSZ: ph->p_memsz = value; break;
	}
}

static void refuses_what_is_spoilt(void **state)
{
	static const struct { enum field field; u32 segment; u64 value; enum status want; } cases[] = {
		{ MAGIC, 0, 'E', ST_INVAL },
		{ CLASS, 0, ELFCLASS32, ST_UNSUPPORTED },
		{ DATA, 0, ELFDATA2MSB, ST_UNSUPPORTED },
		{ TYPE, 0, ET_DYN, ST_UNSUPPORTED },
		{ MACHINE, 0, EM_386, ST_UNSUPPORTED },
		{ ENTRY, 0, 0x400010, ST_INVAL },		/* not executable */
		{ ENTRY, 0, 0x402800, ST_INVAL },		/* beyond the file's bytes */
		{ ENTRY, 0, ~0ull, ST_INVAL },
		{ PHOFF, 0, FILE_BYTES - 1, ST_INVAL },
		{ PHOFF, 0, ~0ull - 8, ST_INVAL },
		{ PHENTSIZE, 0, 32, ST_INVAL },
		{ PHNUM, 0, 0, ST_INVAL },
		{ PHNUM, 0, 0xffff, ST_INVAL },
		{ P_TYPE, 0, PT_INTERP, ST_UNSUPPORTED },
		{ P_TYPE, 0, PT_DYNAMIC, ST_UNSUPPORTED },
		{ P_FLAGS, 1, PF_R | PF_W | PF_X, ST_INVAL },	/* W and X */
		{ P_OFFSET, 1, 0x1001, ST_INVAL },
		{ P_OFFSET, 1, ~0ull - 0xfff, ST_INVAL },
		{ P_VADDR, 1, 0x1000, ST_INVAL },
		{ P_VADDR, 1, 0x400000, ST_INVAL },		/* overlaps segment 0 */
		{ P_VADDR, 1, 0xfffff000, ST_INVAL },
		{ P_VADDR, 1, 0xfffffffffffff000, ST_INVAL },
		{ P_FILESZ, 1, 0x1000, ST_INVAL },		/* zero-filled text */
		{ P_FILESZ, 2, 0x5001, ST_INVAL },
		{ P_FILESZ, 2, ~0ull, ST_INVAL },
		{ P_MEMSZ, 2, 0x10000000, ST_INVAL },
		{ P_MEMSZ, 2, ~0ull, ST_INVAL },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(cases); i++) {
		struct program p = good();
		struct pd_elf elf;

		spoil(&p, cases[i].field, cases[i].segment, cases[i].value);
		if (parse(&p, FILE_BYTES, &elf) != cases[i].want)
			fail_msg("case %u", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_good_one),
		cmocka_unit_test(is_never_cut_short),
		cmocka_unit_test(refuses_what_is_spoilt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
