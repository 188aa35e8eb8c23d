/* SPDX-License-Identifier: MIT */
/*
 * pd.c - see pd.h.
 */
#include "pd.h"

#include <string.h>

#include "map_window.h"
#include "pd_elf.h"
#include "range.h"
#include "sys.h"
#include "vm_layout.h"

enum status pd_map(u64 h_pd, u64 h_mem, u64 address, u64 bytes, u32 rights)
{
	return sys_mem_map(h_pd, h_mem, address, 0, align_up(bytes, PAGE_SIZE), rights);
}

enum status pd_fill(u64 h_pd, u64 h_mem, u64 address, u64 offset, u64 bytes, u32 rights)
{
	enum status st;

	do
		st = sys_mem_map(h_pd, h_mem, address, offset, bytes, rights | MAP_FILL);
	while (st == ST_AGAIN);
	return st;
}

enum status pd_signal(u64 h_pd, u64 slot, u64 h_thread, u64 badge)
{
	return h_thread != 0 ? sys_handle_grant(h_pd, slot, h_thread, RIGHT_SIGNAL, badge) : ST_OK;
}

/* A writable segment: memory of its own with a copy of the file's bytes. */
static enum status copy_segment(u64 h_pd, const struct pd_elf_segment *s, const u8 *file, struct object_set *objects)
{
	u64 h_mem;
	enum status st = object_set_mem(objects, s->bytes, 0, &h_mem);

	if (st == ST_OK)
		st = map_window_open(WINDOW_TARGET, h_mem, s->bytes, true);
	if (st != ST_OK)
		return st;
	memcpy(map_window_at(WINDOW_TARGET), file + s->file_offset, s->file_bytes);
	map_window_close(WINDOW_TARGET);
	return pd_fill(h_pd, h_mem, s->address, 0, s->bytes, s->rights);
}

static enum status map_program(u64 h_pd, const struct pd_elf *elf, u64 h_file, const u8 *file,
			       struct object_set *objects)
{
	enum status st = ST_OK;

	for (u32 i = 0; i < elf->segment_count && st == ST_OK; i++) {
		const struct pd_elf_segment *s = &elf->segments[i];

		if ((s->rights & RIGHT_W) != 0)
			st = copy_segment(h_pd, s, file, objects);
		else
			st = pd_fill(h_pd, h_file, s->address, s->file_offset, s->bytes, s->rights);
	}
	return st;
}

/* Heap, stack, info page. */
static enum status map_common(const struct pd *pd, struct object_set *objects)
{
	u64 h_heap, h_stack;
	enum status st = object_set_mem(objects, pd->heap_bytes, 0, &h_heap);

	if (st == ST_OK)
		st = pd_map(pd->h_pd, h_heap, PD_HEAP_ADDRESS, pd->heap_bytes, RIGHT_R | RIGHT_W);
	if (st == ST_OK)
		st = object_set_mem(objects, PD_STACK_BYTES, 0, &h_stack);
	if (st == ST_OK)
		st = pd_fill(pd->h_pd, h_stack, PD_STACK_TOP - PD_STACK_BYTES, 0, PD_STACK_BYTES, RIGHT_R | RIGHT_W);
	if (st == ST_OK)
		st = pd_fill(pd->h_pd, HANDLE_INFO_MEM, INFO_PAGE_ADDRESS, 0, PAGE_SIZE, RIGHT_R);
	return st;
}

static enum status build_from(struct pd *out, u64 h_file, const u8 *file, u64 bytes, struct object_set *objects)
{
	struct pd_elf elf;
	enum status st = pd_elf_parse(file, bytes, &elf);

	if (st == ST_OK)
		st = sys_pd_create(HANDLE_ROOT, &out->h_pd);
	if (st != ST_OK)
		return st;
	out->entry = elf.entry;
	st = object_set_add(objects, OBJECT_PD, out->h_pd);
	if (st == ST_OK)
		st = map_program(out->h_pd, &elf, h_file, file, objects);
	return st == ST_OK ? map_common(out, objects) : st;
}

enum status pd_build(struct pd *out, const struct image *program, u64 heap_bytes, struct object_set *objects)
{
	enum status st = map_window_open(WINDOW_SOURCE, program->h_mem, program->bytes, false);

	if (st != ST_OK)
		return st;
	*out = (struct pd){ .heap_bytes = heap_bytes };
	st = build_from(out, program->h_mem, map_window_at(WINDOW_SOURCE), program->bytes, objects);
	map_window_close(WINDOW_SOURCE);
	return st;
}

enum status pd_thread(const struct pd *pd, u32 index, u64 stack_top, struct object_set *objects, u64 *h_thread)
{
	u64 argument = index == 0 ? pd->heap_bytes : index;
	enum status st = sys_thread_create(pd->h_pd, pd->entry, stack_top, argument, ROOT_BIT_FAULT, h_thread);

	return st == ST_OK ? object_set_add(objects, OBJECT_THREAD, *h_thread) : st;
}
