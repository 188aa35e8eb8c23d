/* SPDX-License-Identifier: MIT */
/*
 * Address spaces and MEM objects on a fake machine: what may be mapped, faults and the leaves they install, zeroing,
 * reservations, destruction of what is still mapped. Both a PD's space and guests' (NPT and EPT).
 */
/* links: kernel arch */
/* helpers: fake_arch.c fake_objects.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch.h"
#include "frames.h"
#include "mem.h"
#include "space.h"
#include "stats.h"
#include "syscalls.h"
#include "vcpu.h"

#define LIMIT (1ull << 46)
#define RW (PT_R | PT_W)

static u64 free_before, kernel_before;
static hpa_t vcpu_frame = { 0x123000 };

static hpa_t page_frame(const struct object *object)
{
	(void)object;
	return vcpu_frame;
}

static const struct object_type paged_type = { OBJECT_TYPE(struct vcpu), .page = page_frame };
static const struct object_type other_type = { OBJECT_TYPE(struct vcpu) };

static u64 stat_of(struct mem *mem, enum stat stat)
{
	u64 words[STAT_COUNT];

	object_stats(&mem->object, words);
	return words[stat];
}

static u64 free_now(void)
{
	return frames.free_user - frames.reserved;
}

static int setup(void **state)
{
	struct object *o = object_alloc(&mem_type);	/* so that the slab's own frame is counted before */

	(void)state;
	object_free(o);
	free_before = free_now();
	kernel_before = frames.free_kernel;
	return 0;
}

/* Every test gives back every frame. */
static int teardown(void **state)
{
	(void)state;
	assert_int_equal(free_now(), free_before);
	assert_int_equal(frames.free_kernel, kernel_before);
	assert_int_equal(frames.reserved, 0);
	return 0;
}

static struct mem *new_mem(u64 bytes, u32 flags)
{
	struct mem *mem;

	assert_int_equal(mem_create(bytes, flags, &mem), ST_OK);
	return mem;
}

/* Grants to the end; `pieces` counts how often it had to be asked. */
static u32 pieces;

static enum status grant(struct mem *mem, u64 offset, struct pt_leaf *leaf)
{
	enum status status;

	for (pieces = 1; (status = mem_grant(mem, offset, PT_LEVEL_2M, leaf)) == ST_AGAIN; pieces++)
		;
	return status;
}

static enum status fault(struct space *space, u64 address, u32 access)
{
	enum status status;

	while ((status = space_fault(space, address, access)) == ST_AGAIN)
		;
	return status;
}

static void end_mem(struct mem *mem)
{
	while (object_destroy(&mem->object) == ST_AGAIN)
		;
}

static void end_space(struct space *space)
{
	while (space_fini_step(space) == ST_AGAIN)
		;
}

static struct space new_pd_space(void)
{
	struct space space;

	assert_int_equal(space_init_pd(&space), ST_OK);
	return space;
}

/*
 * On two pCPUs: from the first call on no access finds the region, but what is behind it is kept until the other pCPU
 * can't have it in its TLB any more. The same for a PD and a guest.
 */
static void test_unmap_waits_for_others(void **state)
{
	struct space pd = new_pd_space(), guest;
	struct space *spaces[] = { &pd, &guest };

	(void)state;
	assert_int_equal(space_init_guest(&guest, &pt_npt, LIMIT, false), ST_OK);
	for (u32 i = 0; i < ARRAY_COUNT(spaces); i++) {
		struct space *space = spaces[i];
		struct mem *mem = new_mem(2 * PAGE_SIZE, 0);
		u64 tables, shrunk = space->shrink_count;

		pcpu_count = 2;
		assert_int_equal(space_map(space, &mem->object, 0x10000, 0, 2 * PAGE_SIZE, RW), ST_OK);
		assert_int_equal(fault(space, 0x10000, PT_W), ST_OK);
		tables = space->pt.table_count;
		fake_pcpus[1].space = space->pt.root.raw;
		assert_int_equal(object_destroy(&mem->object), ST_AGAIN);
		assert_int_equal(space_unmap(space, 0x10000, 2 * PAGE_SIZE), ST_AGAIN);
		assert_int_equal(space_fault(space, 0x10000, PT_R), ST_INVAL);
		assert_int_equal(pt_lookup(&space->pt, 0x10000).level, 0);
		assert_int_equal(space->pt.table_count, tables);	/* another pCPU may be walking them */
		assert_int_equal(space->shrink_count, shrunk + (space == &guest));
		assert_int_equal(space_fill(space, &mem->object, 0x10000, 2 * PAGE_SIZE), ST_EXISTS);
		assert_int_equal(space_map(space, &mem->object, 0x10000, 0, PAGE_SIZE, RW), ST_EXISTS);
		assert_int_equal(space_unmap(space, 0x10000, 2 * PAGE_SIZE), ST_AGAIN);
		assert_int_equal(mem->granted_frames, 1);
		fake_take_ipi(1);
		while (space_unmap(space, 0x10000, 2 * PAGE_SIZE) == ST_AGAIN)
			assert_int_equal(fake_ipis[1], 0);
		assert_int_equal(space->region_count, 0);
		pcpu_count = 1;
		fake_pcpus[1].space = 0;
		end_space(space);
	}
}

/* Memory that lives on: its mapping is gone, and its source let go, only when the other pCPU has forgotten it. */
static void test_unmap_of_living_memory(void **state)
{
	struct space pd = new_pd_space(), guest;
	struct space *spaces[] = { &pd, &guest };

	(void)state;
	assert_int_equal(space_init_guest(&guest, &pt_npt, LIMIT, false), ST_OK);
	for (u32 i = 0; i < ARRAY_COUNT(spaces); i++) {
		struct space *space = spaces[i];
		struct mem *mem = new_mem(PAGE_SIZE, 0);

		pcpu_count = 2;
		fake_pcpus[1].space = space->pt.root.raw;
		assert_int_equal(space_map(space, &mem->object, 0x10000, 0, PAGE_SIZE, RW), ST_OK);
		assert_int_equal(fault(space, 0x10000, PT_W), ST_OK);
		assert_int_equal(space_unmap(space, 0x10000, PAGE_SIZE), ST_AGAIN);
		assert_int_equal(space_unmap(space, 0x10000, PAGE_SIZE), ST_AGAIN);
		assert_int_equal(object_destroy(&mem->object), ST_AGAIN);	/* a mapping still refers to it */
		assert_int_equal(space->region_count, 1);
		fake_take_ipi(1);
		while (space_unmap(space, 0x10000, PAGE_SIZE) == ST_AGAIN)
			assert_int_equal(fake_ipis[1], 0);
		assert_int_equal(space->region_count, 0);
		pcpu_count = 1;
		fake_pcpus[1].space = 0;
		end_space(space);
	}
}

/* A PD that runs here only: nobody else is bothered. */
static void test_unmap_alone(void **state)
{
	struct space pd = new_pd_space();
	struct mem *mem = new_mem(PAGE_SIZE, 0);

	(void)state;
	pcpu_count = 2;
	fake_ipis[1] = 0;
	assert_int_equal(space_map(&pd, &mem->object, 0x10000, 0, PAGE_SIZE, RW), ST_OK);
	assert_int_equal(fault(&pd, 0x10000, PT_W), ST_OK);
	fake_tlb_flushes = 0;
	assert_int_equal(space_unmap(&pd, 0x10000, PAGE_SIZE), ST_OK);
	assert_int_equal(fake_tlb_flushes, 1);
	assert_int_equal(fake_ipis[1], 0);
	pcpu_count = 1;
	end_mem(mem);
	end_space(&pd);
}

/* A frame that is retired while a MEM has it is gone when the MEM is, and so is its reservation. */
static void test_bad_frame(void **state)
{
	u64 reserved = frames.reserved, total = frames.total, offset = 0;
	struct pt_leaf leaf;
	struct mem *mem;

	(void)state;
	assert_int_equal(mem_create(8 * PAGE_SIZE, 0, &mem), ST_OK);
	for (u64 i = 0; i < 8; i++)
		while (mem_grant(mem, i * PAGE_SIZE, PT_LEVEL_4K, &leaf) == ST_AGAIN)
			;
	leaf = mem_lookup(mem, 3 * PAGE_SIZE);
	assert_int_equal(mem_search(mem, HPA(leaf.hpa.raw + 0x10), &offset), ST_OK);
	assert_int_equal(offset, 3 * PAGE_SIZE + 0x10);
	assert_int_equal(mem_search(mem, HPA(0x1000), &offset), ST_INVAL);
	assert_int_equal(frame_pool_retire(&frames, leaf.hpa), ST_STATE);
	while (object_destroy(&mem->object) == ST_AGAIN)
		;
	assert_int_equal(frames.reserved, reserved);
	assert_int_equal(frames.total, total - 1);
	assert_int_equal(free_now(), free_before - 1);
}

static void test_mem_sizes(void **state)
{
	struct mem *mem;

	(void)state;
	assert_int_equal(mem_create(0, 0, &mem), ST_INVAL);
	assert_int_equal(mem_create(1, 0, &mem), ST_INVAL);
	assert_int_equal(mem_create(MEM_BYTES_MAX + PAGE_SIZE, 0, &mem), ST_INVAL);
	assert_int_equal(mem_create(~0xfffull, 0, &mem), ST_INVAL);
	assert_int_equal(mem_create(PAGE_SIZE, 4, &mem), ST_INVAL);
	assert_int_equal(mem_create(MEM_BYTES_MAX, 0, &mem), ST_NOMEM);
	assert_int_equal(mem_create((free_now() + 1) * PAGE_SIZE, 0, &mem), ST_NOMEM);
	mem = new_mem(free_now() * PAGE_SIZE, 0);
	assert_int_equal(free_now(), 0);
	end_mem(mem);
}

/* Two offsets in turn, as two vCPUs would; and the end of an object with a frame half zeroed. */
static void test_grants_in_turn(void **state)
{
	struct mem *mem = new_mem(8 * PAGE_SIZE_2M, MEM_LARGE);
	struct pt_leaf a, b;
	enum status first, second;

	(void)state;
	do {
		first = mem_grant(mem, 0, PT_LEVEL_2M, &a);
		second = mem_grant(mem, 5 * PAGE_SIZE_2M, PT_LEVEL_2M, &b);
	} while (first == ST_AGAIN || second == ST_AGAIN);
	assert_int_equal(first | second, ST_OK);
	assert_int_equal(a.level, PT_LEVEL_2M);
	assert_int_equal(b.level, PT_LEVEL_2M);
	assert_int_not_equal(a.hpa.raw, b.hpa.raw);
	assert_int_equal(stat_of(mem, STAT_BYTES_GRANTED), 2 * PAGE_SIZE_2M);
	assert_int_equal(mem_grant(mem, PAGE_SIZE_2M, PT_LEVEL_2M, &a), ST_AGAIN);
	end_mem(mem);
	assert_int_equal(free_now(), free_before);
}

static void test_grant_is_zeroed_and_counted(void **state)
{
	static const u8 zeros[PAGE_SIZE];
	struct mem *mem = new_mem(5 * PAGE_SIZE_2M + PAGE_SIZE, MEM_LARGE);
	struct pt_leaf leaf, again;

	(void)state;
	assert_int_equal(grant(mem, 3 * PAGE_SIZE_2M + 5, &leaf), ST_OK);
	assert_int_equal(leaf.level, PT_LEVEL_2M);
	assert_true(pieces > 4);		/* nobody waits for all of it */
	for (u32 i = 0; i < 512; i++)
		assert_memory_equal(direct_pointer(HPA(leaf.hpa.raw + i * PAGE_SIZE)), zeros, PAGE_SIZE);
	assert_int_equal(grant(mem, 3 * PAGE_SIZE_2M + 0x5000, &again), ST_OK);
	assert_int_equal(again.hpa.raw, leaf.hpa.raw);
	/* the last page: a large frame would stick out */
	assert_int_equal(grant(mem, 5 * PAGE_SIZE_2M, &leaf), ST_OK);
	assert_int_equal(leaf.level, PT_LEVEL_4K);
	assert_int_equal(stat_of(mem, STAT_BYTES_GRANTED), PAGE_SIZE_2M + PAGE_SIZE);
	assert_int_equal(grant(mem, 5 * PAGE_SIZE_2M + PAGE_SIZE, &leaf), ST_INVAL);
	assert_int_equal(grant(mem, ~0ull, &leaf), ST_INVAL);
	assert_int_equal(free_now(), free_before - 5 * 512 - 1);		/* granted or not, it is reserved */
	memset(direct_pointer(leaf.hpa), 0x77, PAGE_SIZE);
	end_mem(mem);
}

static enum status fill(struct space *space, struct mem *mem, u64 address, u64 bytes)
{
	enum status status;

	for (pieces = 1; (status = space_fill(space, &mem->object, address, bytes)) == ST_AGAIN; pieces++)
		;
	return status;
}

/* All of it is there afterwards, whatever was before; again is harmless; of another region or source it is refused. */
static void test_fill(void **state)
{
	struct space space = new_pd_space();
	struct mem *mem = new_mem(3 * MIB, 0), *large = new_mem(8 * MIB, MEM_LARGE);

	(void)state;
	assert_int_equal(space_map(&space, &mem->object, 0x10001000, 0x1000, 3 * MIB - 0x1000, RW), ST_OK);
	assert_int_equal(space_map(&space, &large->object, 0x40000000, 0, 8 * MIB, RW), ST_OK);
	assert_int_equal(space_fill(&space, &mem->object, 0x10002000, PAGE_SIZE), ST_EXISTS);
	assert_int_equal(space_fill(&space, &mem->object, 0x10001000, PAGE_SIZE), ST_EXISTS);
	assert_int_equal(space_fill(&space, &large->object, 0x10001000, 3 * MIB - 0x1000), ST_EXISTS);
	assert_int_equal(fault(&space, 0x10042000, PT_W), ST_OK);
	assert_int_equal(fill(&space, mem, 0x10001000, 3 * MIB - 0x1000), ST_OK);
	assert_true(pieces > 10);		/* nobody waits for all of it */
	assert_int_equal(stat_of(mem, STAT_BYTES_GRANTED), 3 * MIB - PAGE_SIZE);
	for (u64 at = 0x10001000; at < 0x10000000 + 3 * MIB; at += PAGE_SIZE)
		assert_int_equal(pt_lookup(&space.pt, at).level, PT_LEVEL_4K);
	assert_int_equal(space_fill(&space, &mem->object, 0x10001000, 3 * MIB - 0x1000), ST_OK);
	assert_int_equal(fill(&space, large, 0x40000000, 8 * MIB), ST_OK);
	assert_int_equal(pt_lookup(&space.pt, 0x40000000 + 7 * MIB).level, PT_LEVEL_2M);
	end_space(&space);
	end_mem(mem);
	end_mem(large);
}

static void test_fill_without_memory(void **state)
{
	struct space space = new_pd_space();
	struct mem *mem = new_mem(64 * MIB, MEM_OVERCOMMIT | MEM_LARGE);

	(void)state;
	assert_int_equal(space_map(&space, &mem->object, 0x10000000, 0, 64 * MIB, RW), ST_OK);
	assert_int_equal(fill(&space, mem, 0x10000000, 64 * MIB), ST_NOMEM);	/* the machine has 62 MiB */
	assert_int_equal(free_now(), frames.watermark_user);
	end_space(&space);
	end_mem(mem);
}

/* Nothing is reserved; what others reserved, and what is below the watermark, is not touched. */
static void test_overcommit(void **state)
{
	struct mem *mem = new_mem(MEM_BYTES_MAX, MEM_OVERCOMMIT | MEM_LARGE);
	struct mem *other = new_mem(10 * MIB, 0);
	struct pt_leaf leaf;
	u64 at = 0;

	(void)state;
	assert_int_equal(free_now(), free_before - 10 * MIB / PAGE_SIZE);
	frames.watermark_user = 700;
	while (grant(mem, at, &leaf) == ST_OK)
		at += PAGE_SIZE << 9 * (leaf.level - 1);
	assert_int_equal(leaf.level, 0);
	assert_int_equal(free_now(), 700);
	assert_int_equal(at, (free_before - 700) * PAGE_SIZE - 10 * MIB);
	assert_int_equal(stat_of(mem, STAT_BYTES_GRANTED), at);
	for (u64 offset = 0; offset < 10 * MIB; offset += PAGE_SIZE)
		assert_int_equal(grant(other, offset, &leaf), ST_OK);
	frames.watermark_user = 0;
	end_mem(mem);
	end_mem(other);
}

/* The tree of a MEM is as deep as its size needs, and holds the largest leaf that fits. */
static void test_tree_depth(void **state)
{
	static const struct { u64 bytes; u32 flags, top; } cases[] = {
		{ PAGE_SIZE, 0, 1 }, { PAGE_SIZE_2M - PAGE_SIZE, 0, 1 }, { 4 * MIB, 0, 2 }, { PAGE_SIZE, MEM_LARGE, 2 },
		{ GIB - PAGE_SIZE, MEM_LARGE, 2 }, { GIB, MEM_LARGE, 3 }, { 512 * GIB, MEM_LARGE, 4 },
		{ MEM_BYTES_MAX, 0, 4 },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(cases); i++) {
		struct mem *mem = new_mem(cases[i].bytes, cases[i].flags | MEM_OVERCOMMIT);
		struct pt_leaf leaf;

		assert_int_equal(mem->tree.top, cases[i].top);
		assert_int_equal(grant(mem, 0, &leaf), ST_OK);
		assert_int_equal(leaf.level, cases[i].flags != 0 && cases[i].bytes >= PAGE_SIZE_2M ? 2 : 1);
		assert_int_equal(grant(mem, cases[i].bytes - PAGE_SIZE, &leaf), ST_OK);
		assert_int_equal(mem_lookup(mem, cases[i].bytes - 1).level, leaf.level);
		assert_int_equal(mem_lookup(mem, 0).level != 0, true);
		end_mem(mem);
	}
}

/* Neither its own tables nor those of a space it is mapped into come from kernel frames below the watermark. */
static void test_overcommit_watermark_of_tables(void **state)
{
	struct space space = new_pd_space();
	struct mem *mem = new_mem(GIB, MEM_OVERCOMMIT), *small = new_mem(PAGE_SIZE, 0);
	struct mem *rest = new_mem(free_now() * PAGE_SIZE - 8 * PAGE_SIZE, 0);	/* so that no chunk can become KERNEL */

	(void)state;
	assert_int_equal(space_map(&space, &mem->object, 0x40000000, 0, GIB, RW), ST_OK);
	assert_int_equal(space_map(&space, &small->object, 0x10000, 0, PAGE_SIZE, RW), ST_OK);
	frames.watermark_kernel = frames.free_kernel;
	assert_int_equal(fault(&space, 0x40000000, PT_W), ST_NOMEM);
	assert_int_equal(stat_of(mem, STAT_BYTES_GRANTED), 0);
	frames.watermark_kernel = frames.free_kernel - 2;
	assert_int_equal(fault(&space, 0x40000000, PT_W), ST_NOMEM);	/* the MEM's tree takes the two */
	assert_int_equal(stat_of(mem, STAT_BYTES_GRANTED), PAGE_SIZE);
	assert_int_equal(fault(&space, 0x10000, PT_W), ST_OK);
	frames.watermark_kernel = 0;
	assert_int_equal(fault(&space, 0x40000000, PT_W), ST_OK);
	end_space(&space);
	end_mem(mem);
	end_mem(small);
	end_mem(rest);
}

static void test_bad_maps(void **state)
{
	struct space space = new_pd_space();
	struct mem *mem = new_mem(16 * PAGE_SIZE, 0);
	struct object vcpu = { .type = &paged_type }, irq = { .type = &other_type };
	struct object *o = &mem->object;

	(void)state;
	assert_int_equal(space_map(&space, o, 0x1001, 0, PAGE_SIZE, RW), ST_INVAL);
	assert_int_equal(space_map(&space, o, 0x1000, 1, PAGE_SIZE, RW), ST_INVAL);
	assert_int_equal(space_map(&space, o, 0x1000, 0, 0, RW), ST_INVAL);
	assert_int_equal(space_map(&space, o, 0x1000, 0, PAGE_SIZE + 1, RW), ST_INVAL);
	assert_int_equal(space_map(&space, o, 0x1000, 0, 17 * PAGE_SIZE, RW), ST_INVAL);
	assert_int_equal(space_map(&space, o, 0x1000, 16 * PAGE_SIZE, PAGE_SIZE, RW), ST_INVAL);
	assert_int_equal(space_map(&space, o, 0x1000, ~0xfffull, 2 * PAGE_SIZE, RW), ST_INVAL);
	assert_int_equal(space_map(&space, o, USER_LIMIT, 0, PAGE_SIZE, RW), ST_INVAL);
	assert_int_equal(space_map(&space, o, USER_LIMIT - PAGE_SIZE, 0, 2 * PAGE_SIZE, RW), ST_INVAL);
	assert_int_equal(space_map(&space, o, ~0xfffull, 0, PAGE_SIZE, RW), ST_INVAL);
	assert_int_equal(space_map(&space, o, KERNEL_BASE, 0, PAGE_SIZE, RW), ST_INVAL);
	assert_int_equal(space_map(&space, o, 0x1000, 0, PAGE_SIZE, 0), ST_INVAL);
	assert_int_equal(space_map(&space, o, 0x1000, 0, PAGE_SIZE, PT_R | PT_USER), ST_INVAL);
	assert_int_equal(space_map(&space, o, 0x1000, 0, PAGE_SIZE, PT_R | PT_W | PT_X), ST_INVAL);
	assert_int_equal(space_map(&space, &vcpu, 0x1000, 0, 2 * PAGE_SIZE, RW), ST_INVAL);
	assert_int_equal(space_map(&space, &vcpu, 0x1000, PAGE_SIZE, PAGE_SIZE, RW), ST_INVAL);
	assert_int_equal(space_map(&space, &vcpu, 0x1000, 0, PAGE_SIZE, PT_R | PT_X), ST_INVAL);
	assert_int_equal(space_map(&space, &irq, 0x1000, 0, PAGE_SIZE, RW), ST_INVAL);
	assert_int_equal(space.region_count, 0);
	assert_int_equal(o->refs, 0);
	end_space(&space);
	end_mem(mem);
}

static void test_overlaps(void **state)
{
	struct space space = new_pd_space();
	struct mem *mem = new_mem(64 * PAGE_SIZE, 0);
	struct object *o = &mem->object;

	(void)state;
	assert_int_equal(space_map(&space, o, 0x10000, 0, 4 * PAGE_SIZE, RW), ST_OK);
	assert_int_equal(space_map(&space, o, 0x10000, 0, PAGE_SIZE, RW), ST_EXISTS);
	assert_int_equal(space_map(&space, o, 0x13000, 0, PAGE_SIZE, RW), ST_EXISTS);
	assert_int_equal(space_map(&space, o, 0xf000, 0, 2 * PAGE_SIZE, RW), ST_EXISTS);
	assert_int_equal(space_map(&space, o, 0x8000, 0, 64 * PAGE_SIZE, RW), ST_EXISTS);
	assert_int_equal(space_map(&space, o, 0x14000, 0, PAGE_SIZE, RW), ST_OK);
	assert_int_equal(space_map(&space, o, 0xf000, 0, PAGE_SIZE, RW), ST_OK);
	assert_int_equal(space_map(&space, o, 0, 0, PAGE_SIZE, RW), ST_OK);
	assert_int_equal(space_map(&space, o, USER_LIMIT - PAGE_SIZE, 0, PAGE_SIZE, RW), ST_OK);
	assert_int_equal(space_unmap(&space, 0x10000, PAGE_SIZE), ST_INVAL);		/* not exactly */
	assert_int_equal(space_unmap(&space, 0x11000, 3 * PAGE_SIZE), ST_INVAL);
	assert_int_equal(space_unmap(&space, 0x50000, PAGE_SIZE), ST_INVAL);
	assert_int_equal(space_unmap(&space, 0x10000, 4 * PAGE_SIZE), ST_OK);
	assert_int_equal(space_unmap(&space, 0x10000, 4 * PAGE_SIZE), ST_INVAL);
	assert_int_equal(o->refs, 4);
	end_space(&space);
	assert_int_equal(o->refs, 0);
	end_mem(mem);
}

static void test_faults(void **state)
{
	struct space space = new_pd_space();
	struct mem *mem = new_mem(4 * PAGE_SIZE, 0);
	struct pt_leaf leaf;

	(void)state;
	assert_int_equal(space_map(&space, &mem->object, 0x10000, PAGE_SIZE, 2 * PAGE_SIZE, PT_R), ST_OK);
	assert_int_equal(fault(&space, 0xffff, PT_R), ST_INVAL);
	assert_int_equal(fault(&space, 0x12000, PT_R), ST_INVAL);
	assert_int_equal(fault(&space, ~0ull, PT_R), ST_INVAL);
	assert_int_equal(fault(&space, 0x10008, PT_W), ST_INVAL);
	assert_int_equal(fault(&space, 0x10008, PT_X), ST_INVAL);
	/* refused before anything was granted */
	assert_int_equal(pt_lookup(&space.pt, 0x10000).level, 0);
	assert_int_equal(stat_of(mem, STAT_BYTES_GRANTED), 0);
	assert_int_equal(fault(&space, 0x11ff8, PT_R), ST_OK);
	leaf = pt_lookup(&space.pt, 0x11000);
	assert_int_equal(leaf.level, PT_LEVEL_4K);
	assert_int_equal(leaf.rights, PT_R | PT_USER);
	assert_int_equal(fault(&space, 0x11000, PT_R), ST_OK);		/* again: harmless */
	assert_int_equal(fault(&space, 0x11000, PT_W), ST_INVAL);
	assert_int_equal(pt_lookup(&mem->tree, 2 * PAGE_SIZE).hpa.raw, leaf.hpa.raw);	/* the right offset */
	assert_int_equal(space_unmap(&space, 0x10000, 2 * PAGE_SIZE), ST_OK);
	assert_int_equal(pt_lookup(&space.pt, 0x11000).level, 0);
	assert_int_equal(fault(&space, 0x11000, PT_R), ST_INVAL);
	end_space(&space);
	end_mem(mem);
}

/* A large leaf only where address, offset and region agree. */
static void test_leaf_sizes(void **state)
{
	static const struct pt_format *const formats[] = { &pt_npt, &pt_ept };

	(void)state;
	for (u32 f = 0; f < ARRAY_COUNT(formats); f++) {
		struct mem *mem = new_mem(8 * MIB, MEM_LARGE);
		struct object *o = &mem->object;
		struct space space;

		assert_int_equal(space_init_guest(&space, formats[f], LIMIT, true), ST_OK);
		assert_int_equal(space_map(&space, o, 0x40000000, 0, 4 * MIB, RW | PT_X), ST_OK);
		assert_int_equal(space_map(&space, o, 0x50001000, 0, 4 * MIB, RW), ST_OK);	/* alignments differ */
		assert_int_equal(space_map(&space, o, 0x60000000, 4 * MIB, MIB, RW), ST_OK);	/* too short */
		assert_int_equal(space_map(&space, o, 0x70100000, 5 * MIB, 3 * MIB, RW), ST_OK);
		assert_int_equal(space_map(&space, o, LIMIT, 0, PAGE_SIZE, RW), ST_INVAL);
		assert_int_equal(fault(&space, 0x40212345, PT_X), ST_OK);
		assert_int_equal(pt_lookup(&space.pt, 0x40212345).level, PT_LEVEL_2M);
		assert_int_equal(pt_lookup(&space.pt, 0x40012345).level, 0);
		assert_int_equal(fault(&space, 0x50001000, PT_W), ST_OK);
		assert_int_equal(pt_lookup(&space.pt, 0x50001000).level, PT_LEVEL_4K);
		assert_int_equal(fault(&space, 0x60000000, PT_W), ST_OK);
		assert_int_equal(pt_lookup(&space.pt, 0x60000000).level, PT_LEVEL_4K);
		assert_int_equal(fault(&space, 0x70100000, PT_W), ST_OK);
		assert_int_equal(pt_lookup(&space.pt, 0x70100000).level, PT_LEVEL_4K);
		assert_int_equal(fault(&space, 0x70200000, PT_W), ST_OK);
		assert_int_equal(pt_lookup(&space.pt, 0x70200000).level, PT_LEVEL_2M);
		assert_int_equal(space.shrink_count, 0);
		assert_int_equal(space_unmap(&space, 0x40000000, 4 * MIB), ST_OK);
		assert_int_equal(space.shrink_count, 1);
		end_space(&space);
		end_mem(mem);
	}
}

static void test_vcpu_page(void **state)
{
	struct space space = new_pd_space();
	struct object vcpu = { .type = &paged_type };

	(void)state;
	assert_int_equal(space_map(&space, &vcpu, 0x20000, 0, PAGE_SIZE, RW), ST_OK);
	assert_int_equal(fault(&space, 0x20010, PT_W), ST_OK);
	assert_int_equal(pt_lookup(&space.pt, 0x20000).hpa.raw, vcpu_frame.raw);
	end_space(&space);
}

/* Device memory is what is there: uncached, nobody's to free, and never RAM of ours. */
static void test_device_memory(void **state)
{
	struct space space = new_pd_space();
	struct mem *mem;
	struct pt_leaf leaf;

	(void)state;
	assert_int_equal(mem_create_device(HPA(0), PAGE_SIZE, &mem), ST_INVAL);
	assert_int_equal(mem_create_device(HPA(FAKE_MEMORY_BYTES - PAGE_SIZE), 2 * PAGE_SIZE, &mem), ST_INVAL);
	assert_int_equal(mem_create_device(HPA(FAKE_MEMORY_BYTES + 1), PAGE_SIZE, &mem), ST_INVAL);
	assert_int_equal(mem_create_device(HPA(FAKE_MEMORY_BYTES), 0, &mem), ST_INVAL);
	assert_int_equal(mem_create_device(HPA(~0xfffull), 2 * PAGE_SIZE, &mem), ST_INVAL);
	assert_int_equal(mem_create_device(HPA(0xfed00000), PAGE_SIZE, &mem), ST_OK);
	assert_int_equal(stat_of(mem, STAT_BYTES_HELD), 0);
	assert_int_equal(space_map(&space, &mem->object, 0x10000, 0, PAGE_SIZE, RW), ST_OK);
	assert_int_equal(fault(&space, 0x10000, PT_W), ST_OK);
	leaf = pt_lookup(&space.pt, 0x10000);
	assert_int_equal(leaf.hpa.raw, 0xfed00000);
	assert_int_equal(leaf.rights & (PT_R | PT_W | PT_X | PT_UNCACHED), PT_R | PT_W | PT_UNCACHED);
	end_space(&space);
	end_mem(mem);
}

/* Destroyed while mapped: lives on for the mapping, and goes with the last one, whichever way that ends. */
static void test_destroy_while_mapped(void **state)
{
	(void)state;
	for (u32 way = 0; way < 2; way++) {
		struct space space = new_pd_space();
		struct mem *mem = new_mem(6 * MIB, 0);
		enum status status;
		u32 steps = 0;

		assert_int_equal(space_map(&space, &mem->object, 0x400000, 0, 6 * MIB, RW), ST_OK);
		for (u64 at = 0; at < 6 * MIB; at += PAGE_SIZE)
			assert_int_equal(fault(&space, 0x400000 + at, PT_W), ST_OK);
		assert_int_equal(object_destroy(&mem->object), ST_OK);
		assert_int_equal(free_now(), free_before - 6 * MIB / PAGE_SIZE);
		assert_int_equal(fault(&space, 0x400000, PT_W), ST_OK);
		do {
			status = way == 0 ? space_unmap(&space, 0x400000, 6 * MIB) : space_fini_step(&space);
			steps++;
		} while (status == ST_AGAIN);
		assert_int_equal(status, ST_OK);
		assert_true(steps > 5);
		assert_int_equal(free_now(), free_before);
		if (way == 0)
			end_space(&space);
	}
}

static void test_many_regions(void **state)
{
	struct space space = new_pd_space();
	struct mem *mem = new_mem(PAGE_SIZE, 0);
	u32 count = 0;

	(void)state;
	/* In a scattered order; the table is full at 2048. */
	while (space_map(&space, &mem->object, (u64)(count * 2657 % 4096) * 0x10000, 0, PAGE_SIZE, PT_R) == ST_OK)
		count++;
	assert_int_equal(count, REGIONS_PER_FRAME * REGION_FRAMES);
	assert_int_equal(space_map(&space, &mem->object, 0x7f0000000000, 0, PAGE_SIZE, PT_R), ST_FULL);
	for (u32 i = 0; i < count; i += 3)
		assert_int_equal(space_unmap(&space, (u64)(i * 2657 % 4096) * 0x10000, PAGE_SIZE), ST_OK);
	for (u32 i = 0; i < count; i++)
		assert_int_equal(fault(&space, (u64)(i * 2657 % 4096) * 0x10000, PT_R),
				 i % 3 == 0 ? ST_INVAL : ST_OK);
	end_space(&space);
	end_mem(mem);
}

/* No kernel frame left for a table: ST_NOMEM, nothing lost, and it works again later. */
static void test_no_frames_for_tables(void **state)
{
	struct space space = new_pd_space();
	struct mem *mem = new_mem(PAGE_SIZE, 0);
	struct mem *rest = new_mem(free_now() * PAGE_SIZE, 0);		/* so that no chunk can become KERNEL */
	void *taken[16384];
	u32 count = 0;

	(void)state;
	assert_int_equal(space_map(&space, &mem->object, 0x10000, 0, PAGE_SIZE, PT_R), ST_OK);
	while ((taken[count] = kernel_frames_alloc(1)) != NULL)
		count++;
	assert_int_equal(fault(&space, 0x10000, PT_R), ST_NOMEM);
	assert_int_equal(stat_of(mem, STAT_BYTES_GRANTED), PAGE_SIZE);	/* it has its frame, but no table leads there */
	while (count > 0)
		kernel_frames_free(taken[--count], 1);
	assert_int_equal(fault(&space, 0x10000, PT_R), ST_OK);
	end_space(&space);
	end_mem(mem);
	end_mem(rest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_bad_frame, setup),
		cmocka_unit_test_setup_teardown(test_mem_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unmap_waits_for_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unmap_of_living_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unmap_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_grants_in_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_grant_is_zeroed_and_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fill, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fill_without_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_overcommit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tree_depth, setup, teardown),
		cmocka_unit_test_setup_teardown(test_overcommit_watermark_of_tables, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_maps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_overlaps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
		cmocka_unit_test_setup_teardown(test_leaf_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_vcpu_page, setup, teardown),
		cmocka_unit_test_setup_teardown(test_device_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_destroy_while_mapped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_regions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_frames_for_tables, setup, teardown),
	};

	fake_machine_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
