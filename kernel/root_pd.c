/* SPDX-License-Identifier: MIT */
/*
 * root_pd.c - see root_pd.h. What root finds when it starts is the contract of info_page.h.
 *
 * Everything here is our own (the image) or judged before use (the modules' places and strings); what can't be done
 * ends in a panic, since without root there is nobody to tell.
 */
#include "arch.h"
#include "embed.h"
#include "info_page.h"
#include "mem.h"
#include "panic.h"
#include "pd.h"
#include "range.h"
#include "root_pd.h"
#include "sched.h"

#include <string.h>

#define HEAP_ADDRESS 0x30020000ull	/* as PD_HEAP_ADDRESS of the ring-3 programs' layout */
#define HEAP_BYTES (64 * KIB)
#define STACK_TOP 0x30010000ull
#define STACK_BYTES (64 * KIB)

static union {
	struct boot_page page;
	u8 bytes[2 * PAGE_SIZE];
} boot_page __attribute__((aligned(4096)));

union root_stats root_stats __attribute__((aligned(4096)));

_Static_assert(BUILT_IN_MODULES + BOOT_INFO_MODULES <= BOOT_MODULES, "each module that the loader told of has a place");

/* The right to call what only root may; there is one, for ever. */
struct root { struct object object; };
const struct object_type root_type = { OBJECT_TYPE(struct root) };

static const u8 zeros[PAGE_SIZE];

static void check_or_panic(enum status status, const char *what)
{
	if (status != ST_OK)
		panic("root: %s: status %d", what, (int)status);
}

/* All of it at once: nothing that root consists of can be missing later, and what it takes never changes. */
static void map(struct pd *pd, struct mem *mem, u64 address, u32 rights)
{
	enum status status;

	check_or_panic(space_map(&pd->space, &mem->object, address, 0, mem->bytes, rights), "mapping");
	do
		status = space_fill(&pd->space, &mem->object, address, mem->bytes);
	while (status == ST_AGAIN);
	check_or_panic(status, "filling");
}

/* A new MEM in root's space. */
static struct mem *map_new(struct pd *pd, u64 address, u64 bytes, u32 rights)
{
	struct mem *mem;

	check_or_panic(mem_create(bytes, 0, &mem), "memory");
	map(pd, mem, address, rights);
	return mem;
}

/* Part of the kernel image, with a handle. */
static struct mem *give_fixed(struct pd *pd, u64 slot, const void *start, u64 bytes, u32 rights)
{
	struct mem *mem;

	check_or_panic(mem_create_fixed(arch_image_hpa(start), bytes, &mem), "image memory");
	check_or_panic(handle_put(&pd->handles, slot, &mem->object, rights | RIGHT_CTL, 0), "handle");
	return mem;
}

/* Part of the kernel image, to be read only, without a handle. */
static void map_fixed(struct pd *pd, const void *start, u64 bytes, u64 address)
{
	struct mem *mem;

	check_or_panic(mem_create_fixed(arch_image_hpa(start), bytes, &mem), "page");
	map(pd, mem, address, PT_R);
}

/* ---- program ------------------------------------------------------------------------------------ */

static void load_program(struct pd *pd)
{
	for (u32 i = 0; i < embed_root_count; i++) {
		const struct embed_segment *s = &embed_root[i];
		u64 first = align_down(s->address, PAGE_SIZE);
		u64 end = align_up(s->address + s->memory_bytes, PAGE_SIZE);
		struct mem *mem = map_new(pd, first, end - first, (u32)s->rights);

		check_or_panic(mem_write(mem, s->address - first, s->bytes, s->file_bytes), "program");
	}
}

/* ---- modules ------------------------------------------------------------------------------------ */

/* From a page boundary on; the rest of its last page becomes zero. */
static void add_module(struct pd *pd, hpa_t start, u64 bytes, const char *string, bool is_built_in)
{
	u32 slot = HANDLE_FIRST_MODULE + boot_page.page.module_count;
	struct boot_module *m = &boot_page.page.modules[boot_page.page.module_count];
	struct mem *mem;

	if (bytes == 0 || bytes > MEM_BYTES_MAX - PAGE_SIZE ||
	    mem_create_fixed(start, align_up(bytes, PAGE_SIZE), &mem) != ST_OK) {
		printk(LOG_WARNING, "module %s at %llx, %llu bytes: not usable", string,
		       (unsigned long long)start.raw, (unsigned long long)bytes);
		return;
	}
	arch_frame_write(HPA(start.raw + bytes), zeros, align_up(bytes, PAGE_SIZE) - bytes);
	check_or_panic(handle_put(&pd->handles, slot, &mem->object, RIGHT_R | RIGHT_X | RIGHT_CTL, 0), "module handle");
	for (u32 i = 0; i + 1 < sizeof(m->name) && string[i] != 0 && string[i] != ' '; i++)
		m->name[i] = string[i];
	m->bytes = bytes;
	m->handle = slot;
	m->built_in = is_built_in;
	boot_page.page.module_count++;
}

static void add_modules(struct pd *pd, const struct boot_info *boot)
{
	check_or_panic(embed_count <= BUILT_IN_MODULES ? ST_OK : ST_FULL, "built-in modules");
	for (u32 i = 0; i < embed_count; i++) {
		const struct embed_module *m = &embed_modules[i];

		add_module(pd, arch_image_hpa(m->start), (u64)(m->end - m->start), m->name, true);
	}
	for (u32 i = 0; i < boot->module_count; i++) {
		const struct boot_info_module *m = &boot->modules[i];

		add_module(pd, m->start, m->bytes, m->string, false);
	}
	if (boot->left_out_count != 0)
		printk(LOG_WARNING, "boot modules left out: %u, more than %u are not possible:%s", boot->left_out_count,
		       BOOT_INFO_MODULES, boot->left_out);
}

/* ---- all together ------------------------------------------------------------------------------- */

static void map_pages(struct pd *pd, const struct info_page *info)
{
	map(pd, give_fixed(pd, HANDLE_INFO_MEM, info, PAGE_SIZE, RIGHT_R), INFO_PAGE_ADDRESS, PT_R | PT_W);
	map(pd, give_fixed(pd, HANDLE_LOG_MEM, &log_ring, sizeof(struct log_ring), RIGHT_R), LOG_ADDRESS, PT_R);
	map_fixed(pd, &boot_page, sizeof(boot_page), BOOT_PAGE_ADDRESS);
	map_fixed(pd, &root_stats, sizeof(root_stats), STATS_ADDRESS);
	(void)map_new(pd, HEAP_ADDRESS, HEAP_BYTES, PT_R | PT_W);
	(void)map_new(pd, STACK_TOP - STACK_BYTES, STACK_BYTES, PT_R | PT_W);
}

void root_pd_start(const struct boot_info *boot, struct info_page *info)
{
	struct object *right = object_alloc(&root_type);
	struct thread *thread;
	struct pd *pd = NULL;

	check_or_panic(right != NULL ? pd_create(&pd) : ST_NOMEM, "PD");
	boot_page.page.magic = INFO_MAGIC;
	boot_page.page.rsdp_bytes = boot->rsdp_copy_bytes;
	memcpy(boot_page.page.rsdp, boot->rsdp_copy, sizeof(boot_page.page.rsdp));
	add_modules(pd, boot);
	map_pages(pd, info);
	load_program(pd);
	pd->group.class = SCHED_CLASS_SYSTEM;
	check_or_panic(thread_create(pd, embed_root_entry, STACK_TOP, HEAP_BYTES, NULL, 0, &thread), "thread");
	arch_thread_allow_ports(&thread->arch);
	check_or_panic(handle_put(&pd->handles, HANDLE_ROOT, right, RIGHT_CTL, 0), "root right");
	check_or_panic(handle_put(&pd->handles, HANDLE_SELF_PD, &pd->object, RIGHT_CTL, 0), "own PD");
	check_or_panic(handle_put(&pd->handles, HANDLE_SELF_THREAD, &thread->object, RIGHT_SIGNAL | RIGHT_CTL, 0),
		       "own thread");
	info->magic = INFO_MAGIC;
	check_or_panic(sched_start(thread), "start");
}
