/* SPDX-License-Identifier: MIT */
/*
 * Whatever pd_elf_parse accepts can be mapped and copied from without leaving the file.
 */
/* links: root */
#include <stdlib.h>
#include <string.h>

#include "pd_elf.h"
#include "range.h"
#include "syscalls.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* Random bytes never look like a program, so the fixed parts are supplied. */
static void help_along(u8 *file, size_t size)
{
	static const u8 head[20] = { 0x7f, 'E', 'L', 'F', 2, 1, 1, [16] = 2, [18] = 62 };

	if (size < 64 || (file[4] & 1))
		return;
	memcpy(file, head, sizeof(head));
	memcpy(file + 54, (u8[]){ 56, 0 }, 2);
	file[57] = 0;
	memset(file + 33, 0, 7);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct pd_elf elf;
	u8 *file = malloc(size != 0 ? size : 1);

	if (file == NULL)
		abort();
	memcpy(file, data, size);
	help_along(file, size);
	if (pd_elf_parse(file, size, &elf) == ST_OK)
		for (u32 i = 0; i < elf.segment_count; i++) {
			const struct pd_elf_segment *s = &elf.segments[i];

			if (!range_ok(s->file_offset, s->file_bytes, size) || s->file_bytes > s->bytes ||
			    s->bytes == 0 || !range_ok(s->address, s->bytes, PD_ELF_LIMIT) ||
			    (s->rights & (RIGHT_W | RIGHT_X)) == (RIGHT_W | RIGHT_X) ||
			    !aligned_ok(s->address | s->bytes | s->file_offset, PAGE_SIZE))
				abort();
		}
	free(file);
	return 0;
}
