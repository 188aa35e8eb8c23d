/* SPDX-License-Identifier: MIT */
/*
 * fake_kernel.c - see fake_kernel.h.
 */
#define _GNU_SOURCE
#include "fake_kernel.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "info_page.h"
#include "platform.h"
#include "range.h"
#include "stats.h"
#include "rt_log.h"
#include "sys.h"

enum kind { NONE, ROOT, PD, THREAD, MEM, VM, VCPU, IRQ };

#define OBJECTS 16384u
#define MAPS 64u
#define DESTROY_CALLS 3u
#define FILL_CALLS 2u

struct map { u64 address, offset, bytes; u32 mem, rights, fill_calls; };

struct object {
	enum kind kind;
	u32 generation;
	bool is_dying;
	u32 destroy_calls;
	u64 bytes;
	bool is_overcommitted;		/* MEM: nothing of it is granted */
	bool is_fixed;			/* it was there before root */
	u8 *view;			/* MEM, VCPU */
	u32 mapped;			/* MEM: how often */
	u64 share[PD_OP_COUNT];		/* PD: as told with sys_pd_ctl; 0 = not told */
	u32 owner;			/* THREAD: its PD */
	bool is_running, is_waiting;
	u64 fault[FAULT_WORD_COUNT], pending;
	struct map maps[MAPS];		/* PD, VM */
	u32 map_count;
	struct handle { u32 object, generation; u64 badge; u32 rights; } *handles;	/* PD */
};

static struct object objects[OBJECTS];
static u32 object_used = 1, object_free = 1, threads[4096], thread_count, fail_countdown, root_pd;
static u64 ready_ticks;
static u32 share_fails = PD_OP_COUNT;
static enum status fail_status;
static struct boot_page *boot;
static struct stats_page *stats;
static u64 spare_bytes;

static void die(const char *why)
{
	fprintf(stderr, "fake kernel: %s\n", why);
	abort();
}

static u32 object_new(enum kind kind)
{
	u32 i = object_free;

	while (i < object_used && objects[i].kind != NONE)
		i++;
	if (i == OBJECTS)
		die("too many objects");
	if (i == object_used)
		object_used++;
	object_free = i + 1;
	objects[i] = (struct object){ .kind = kind, .generation = objects[i].generation + 1 };
	if (kind == PD) {
		objects[i].handles = calloc(HANDLE_COUNT, sizeof(struct handle));
		if (objects[i].handles == NULL)
			die("no memory");
	}
	return i;
}

static void back_with_memory(u32 i, u64 bytes)
{
	struct object *o = &objects[i];

	o->bytes = bytes;
	o->view = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (o->view == MAP_FAILED)
		die("mmap");
}

static struct handle *slot_of(u32 pd, u64 slot)
{
	return slot != 0 && slot < HANDLE_COUNT ? &objects[pd].handles[slot] : NULL;
}

static bool is_live(const struct handle *h)
{
	return h != NULL && h->object != 0 && objects[h->object].generation == h->generation &&
	       !objects[h->object].is_dying;
}

/* Root's handle -> object, 0 if it is dead or of another kind. */
static u32 lookup(u64 slot, enum kind kind)
{
	struct handle *h = slot_of(root_pd, slot);

	return is_live(h) && (kind == NONE || objects[h->object].kind == kind) ? h->object : 0;
}

static u64 give_root(u32 object)
{
	for (u32 slot = HANDLE_CHOSEN; slot < HANDLE_COUNT; slot++) {
		struct handle *h = &objects[root_pd].handles[slot];

		if (is_live(h))
			continue;
		*h = (struct handle){ object, objects[object].generation, 0, RIGHT_ALL };
		return slot;
	}
	die("root has no slot left");
	return 0;
}

static bool fails(enum status *st)
{
	if (fail_countdown == 0 || --fail_countdown != 0)
		return false;
	*st = fail_status;
	return true;
}

void fake_fail_call(u32 n, enum status st)
{
	fail_countdown = n;
	fail_status = st;
}

u64 fake_free_bytes(void)
{
	u64 used = 0;

	for (u32 i = 1; i < object_used; i++)
		if (objects[i].kind != NONE)
			used += PAGE_SIZE + (objects[i].is_overcommitted ? 0 : objects[i].bytes);
	return used < FAKE_MEMORY_BYTES ? FAKE_MEMORY_BYTES - used : 0;
}

u64 fake_spare_bytes(void)
{
	return spare_bytes;
}

u32 fake_object_count(void)
{
	u32 count = 0;

	for (u32 i = 1; i < object_used; i++)
		count += objects[i].kind != NONE;
	return count;
}

/* ---- memory ---- */

enum status sys_mem_create(u64 h_root, u64 bytes, u32 flags, u64 *h_mem)
{
	enum status st;
	u32 i;

	if (fails(&st))
		return st;
	if (h_root != HANDLE_ROOT || bytes == 0 || bytes % PAGE_SIZE != 0 || flags >= MEM_DEVICE)
		return ST_INVAL;
	if ((flags & MEM_OVERCOMMIT) == 0 && bytes > fake_free_bytes())
		return ST_NOMEM;
	i = object_new(MEM);
	objects[i].is_overcommitted = (flags & MEM_OVERCOMMIT) != 0;
	back_with_memory(i, bytes);
	*h_mem = give_root(i);
	return ST_OK;
}

enum status sys_mem_create_device(u64 h_root, u64 address, u64 bytes, u64 *h_mem)
{
	enum status st;
	u32 i;

	if (fails(&st))
		return st;
	if (h_root != HANDLE_ROOT || bytes == 0 || (address | bytes) % PAGE_SIZE != 0)
		return ST_INVAL;
	i = object_new(MEM);
	objects[i].is_overcommitted = true;
	back_with_memory(i, bytes);
	*h_mem = give_root(i);
	return ST_OK;
}

/* The same memory once more: mremap of no bytes copies a shared mapping. */
static void map_here(const struct object *mem, u64 address, u64 offset, u64 bytes, u32 rights)
{
	int prot = PROT_READ | (rights & RIGHT_W ? PROT_WRITE : 0);
	void *at = (void *)address;

	if (mmap(at, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != at)
		die("root's window is taken");
	if (mremap(mem->view + offset, 0, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, at) != at ||
	    mprotect(at, bytes, prot) != 0)
		die("mremap");
}

enum status sys_mem_map(u64 h_space, u64 h_mem, u64 address, u64 offset, u64 bytes, u32 rights)
{
	u32 space = lookup(h_space, NONE), mem = lookup(h_mem, NONE);
	struct object *s = &objects[space];
	bool is_filled = (rights & MAP_FILL) != 0;
	enum status st;

	rights &= ~MAP_FILL;
	if (fails(&st))
		return st;
	if (space == 0 || mem == 0 || (s->kind != PD && s->kind != VM) || objects[mem].view == NULL)
		return ST_HANDLE;
	if ((address | offset | bytes) % PAGE_SIZE != 0 || bytes == 0 || !range_ok(offset, bytes, objects[mem].bytes) ||
	    (s->kind == PD && (rights & RIGHT_W) && (rights & RIGHT_X)))
		return ST_INVAL;
	for (u32 i = 0; i < s->map_count; i++) {
		if (is_filled && s->maps[i].mem == mem && s->maps[i].address == address && s->maps[i].bytes == bytes)
			return ++s->maps[i].fill_calls < FILL_CALLS ? ST_AGAIN : ST_OK;
		if (address < s->maps[i].address + s->maps[i].bytes && s->maps[i].address < address + bytes)
			return ST_EXISTS;
	}
	if (s->map_count == MAPS)
		die("too many maps");
	s->maps[s->map_count++] = (struct map){ address, offset, bytes, mem, rights, 0 };
	objects[mem].mapped++;
	if (space == root_pd)
		map_here(&objects[mem], address, offset, bytes, rights);
	return is_filled ? ST_AGAIN : ST_OK;
}

enum status sys_mem_unmap(u64 h_space, u64 address, u64 bytes)
{
	struct object *s = &objects[lookup(h_space, NONE)];

	for (u32 i = 0; i < s->map_count; i++) {
		if (s->maps[i].address != address || s->maps[i].bytes != bytes)
			continue;
		objects[s->maps[i].mem].mapped--;
		s->maps[i] = s->maps[--s->map_count];
		if (s == &objects[root_pd])
			munmap((void *)address, bytes);
		return ST_OK;
	}
	die("unmap of what is not mapped");
	return ST_INVAL;
}

static const struct map *map_at(u64 h_pd, u64 address)
{
	const struct object *s = &objects[lookup(h_pd, NONE)];

	for (u32 i = 0; i < s->map_count; i++)
		if (address - s->maps[i].address < s->maps[i].bytes)
			return &s->maps[i];
	return NULL;
}

void *fake_memory(u64 h_pd, u64 address)
{
	const struct map *m = map_at(h_pd, address);

	return m != NULL ? objects[m->mem].view + m->offset + (address - m->address) : NULL;
}

u32 fake_rights(u64 h_pd, u64 address)
{
	const struct map *m = map_at(h_pd, address);

	return m != NULL ? m->rights : 0;
}

/* ---- other objects ---- */

static enum status create(enum kind kind, bool is_allowed, u64 *h)
{
	enum status st;

	if (fails(&st))
		return st;
	if (!is_allowed)
		return ST_HANDLE;
	*h = give_root(object_new(kind));
	return ST_OK;
}

enum status sys_pd_create(u64 h_root, u64 *h_pd)
{
	return create(PD, h_root == HANDLE_ROOT, h_pd);
}

enum status sys_vm_create(u64 h_root, u64 *h_vm)
{
	return create(VM, h_root == HANDLE_ROOT, h_vm);
}

enum status sys_vcpu_create(u64 h_vm, u64 index, u64 *h_vcpu)
{
	enum status st = create(VCPU, lookup(h_vm, VM) != 0 && index < 16, h_vcpu);

	if (st == ST_OK)
		back_with_memory(lookup(*h_vcpu, VCPU), PAGE_SIZE);
	return st;
}

enum status sys_irq_create(u64 h_root, u64 gsi, u32 flags, u64 h_thread, u64 badge, u64 *h_irq)
{
	(void)gsi;
	(void)flags;
	return create(IRQ, h_root == HANDLE_ROOT && lookup(h_thread, THREAD) != 0 && badge != 0, h_irq);
}

enum status sys_thread_create(u64 h_pd, u64 entry, u64 stack, u64 arg, u64 fault_badge, u64 *h_thread)
{
	u32 pd = lookup(h_pd, PD);
	enum status st =
		create(THREAD, pd != 0 && entry != 0 && stack % 16 == 0 && arg != 0 && fault_badge != 0, h_thread);
	u32 i;

	if (st != ST_OK)
		return st;
	i = lookup(*h_thread, THREAD);
	objects[i].owner = pd;
	threads[thread_count++ % ARRAY_COUNT(threads)] = (u32)*h_thread;
	return ST_OK;
}

enum status sys_port_grant(u64 h_pd, u64 first, u64 count)
{
	return lookup(h_pd, PD) != 0 && range_ok(first, count, 0x10000) ? ST_OK : ST_INVAL;
}

enum status sys_pd_ctl(u64 h_pd, enum pd_op op, u64 a)
{
	u32 i = lookup(h_pd, PD);

	if (i == 0 || op >= PD_OP_COUNT)
		return ST_HANDLE;
	if (op == share_fails)
		return ST_UNSUPPORTED;
	objects[i].share[op] = a;
	return ST_OK;
}

void fake_ready_time(u64 ticks)
{
	ready_ticks = ticks;
}

u64 fake_share(u64 h_pd, enum pd_op op)
{
	return objects[lookup(h_pd, PD)].share[op];
}

void fake_fail_share(u32 op)
{
	share_fails = op;
}

enum status sys_thread_ctl(u64 h_thread, enum thread_op op, u64 a, u64 b, u64 *value)
{
	u32 i = lookup(h_thread, THREAD);
	struct object *t = &objects[i];

	(void)b;
	if (i == 0)
		return ST_HANDLE;
	if (op == THREAD_START && t->is_running)
		return ST_STATE;
	if (op == THREAD_START || op == THREAD_STOP)
		t->is_running = op == THREAD_START;
	if (op == THREAD_GET_FAULT)
		*value = t->fault[a];
	return ST_OK;
}

void fake_wait(u64 h_thread, bool is_waiting)
{
	struct object *t = &objects[lookup(h_thread, THREAD)];

	t->is_waiting = is_waiting;
}

void fake_fault(u64 h_thread, u64 kind, u64 rip, u64 address)
{
	struct object *t = &objects[lookup(h_thread, THREAD)];

	t->is_running = false;
	t->fault[FAULT_KIND] = kind;
	t->fault[FAULT_RIP] = rip;
	t->fault[FAULT_ADDRESS] = address;
}

/* ---- handles ---- */

enum status sys_handle_grant(u64 h_pd, u64 slot, u64 h_source, u32 rights, u64 badge)
{
	u32 pd = lookup(h_pd, PD), source = lookup(h_source, NONE);
	struct handle *h = slot_of(pd, slot);
	enum status st;

	if (fails(&st))
		return st;
	if (pd == 0 || source == 0)
		return ST_HANDLE;
	if (h == NULL || slot >= HANDLE_CHOSEN)
		return ST_INVAL;
	if ((rights & RIGHT_CTL) != 0)
		die("root gives its own power away");
	if (is_live(h))
		return h->object == source && h->badge == badge && h->rights == rights ? ST_OK : ST_EXISTS;
	*h = (struct handle){ source, objects[source].generation, badge, rights };
	return ST_OK;
}

enum status sys_handle_close(u64 slot)
{
	struct handle *h = slot_of(root_pd, slot);

	if (h == NULL || h->object == 0)
		return ST_HANDLE;
	h->object = 0;
	return ST_OK;
}

u64 fake_badge(u64 h_pd, u64 slot, u64 h_thread)
{
	const struct handle *h = slot_of(lookup(h_pd, PD), slot);

	return is_live(h) && h->object == lookup(h_thread, NONE) && (h->rights & RIGHT_SIGNAL) ? h->badge : 0;
}

enum status sys_notify_signal(u64 slot)
{
	struct handle *h = slot_of(root_pd, slot);

	if (!is_live(h))
		return ST_HANDLE;
	objects[h->object].pending |= h->badge;
	return ST_OK;
}

u64 fake_pending(u64 h_thread)
{
	struct object *t = &objects[lookup(h_thread, THREAD)];
	u64 bits = t->pending;

	t->pending = 0;
	return bits;
}

enum status sys_object_destroy(u64 slot)
{
	struct handle *h = slot_of(root_pd, slot);
	struct object *o;

	if (h == NULL || h->object == 0 || objects[h->object].generation != h->generation)
		die("destroy of a dead handle");
	o = &objects[h->object];
	o->is_dying = true;
	if (++o->destroy_calls < DESTROY_CALLS)
		return ST_AGAIN;
	if (o->kind == MEM && o->mapped != 0)	/* root destroys the PD first */
		die("a MEM is destroyed while it is mapped");
	for (u32 m = 0; m < o->map_count; m++)
		objects[o->maps[m].mem].mapped--;
	if (o->view != NULL)
		munmap(o->view, o->bytes);
	free(o->handles);
	*o = (struct object){ .generation = o->generation + 1 };
	if (h->object < object_free)
		object_free = h->object;
	h->object = 0;
	return ST_OK;
}

static u32 threads_of(u32 pd)
{
	u32 count = 0;

	for (u32 i = 1; i < object_used; i++)
		count += objects[i].kind == THREAD && objects[i].owner == pd;
	return count;
}

/* Figures that nothing here has are 1000 and more. */
static u64 object_word(u32 i, enum stat stat)
{
	switch (stat) {
	case STAT_KERNEL_BYTES: return objects[i].is_fixed ? 0 : PAGE_SIZE;
	case STAT_BYTES_HELD: return objects[i].is_fixed || objects[i].is_overcommitted ? 0 : objects[i].bytes;
	case STAT_BYTES_GRANTED: return objects[i].is_overcommitted ? 0 : objects[i].bytes;
	case STAT_IS_WAITING: return objects[i].is_waiting;
	case STAT_TIME_READY:
		if (ready_ticks != 0)
			return ready_ticks * (objects[i].kind == PD ? threads_of(i) : 1);
		/* fall through */
	default: return 1000u + stat;
	}
}

enum status sys_object_stat(u64 h)
{
	const struct handle *handle = slot_of(root_pd, h);
	u32 i = handle != NULL ? handle->object : 0;

	if (i == 0 || objects[i].generation != handle->generation)
		return ST_HANDLE;
	for (u32 stat = 0; stat < STAT_COUNT; stat++)
		stats->object[stat] = object_word(i, (enum stat)stat);
	return ST_OK;
}

/* This kernel needs no memory of its own but a page an object. */
static void fill_memory(u64 *words)
{
	words[FRAMES_INSTALLED] = FAKE_MEMORY_BYTES;
	words[FRAMES_FREE] = fake_free_bytes();
	words[FRAMES_KERNEL] = fake_object_count() * PAGE_SIZE;
	words[FRAMES_GRANTED] = FAKE_MEMORY_BYTES - words[FRAMES_FREE] - words[FRAMES_KERNEL];
}

enum status sys_system_ctl(u64 h_root, enum system_op op, u64 a, u64 b, u64 *value)
{
	(void)b;
	if (h_root != HANDLE_ROOT)
		return ST_HANDLE;
	if (op == SYSTEM_SPARE)
		spare_bytes = a;
	if (op == SYSTEM_MEMORY)
		fill_memory(stats->memory);
	if (value != NULL)
		*value = 0;
	return ST_OK;
}

/* ---- the machine, as root's other half knows it ---- */

u32 platform_isa_irq(u32 isa, u32 *flags)
{
	*flags = 0;
	return isa;
}

enum status platform_power_off(void)
{
	return ST_UNSUPPORTED;
}

enum status platform_reboot(void)
{
	return ST_OK;
}

/* ---- threads, boot ---- */

u32 fake_threads_made(void)
{
	return thread_count;
}

u64 fake_thread_nth(u32 n)
{
	return n < thread_count && lookup(threads[n % ARRAY_COUNT(threads)], THREAD) != 0
		       ? threads[n % ARRAY_COUNT(threads)]
		       : 0;
}

u64 fake_pd_of(u64 h_thread)
{
	u32 pd = objects[lookup(h_thread, THREAD)].owner;

	for (u32 slot = 1; slot < HANDLE_COUNT; slot++)
		if (lookup(slot, PD) == pd)
			return slot;
	return 0;
}

bool fake_is_running(u64 h_thread)
{
	return objects[lookup(h_thread, THREAD)].is_running;
}

static void *page_at(u64 address, u64 bytes)
{
	void *p = mmap((void *)address, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (p != (void *)address)
		die("a fixed address is taken");
	return p;
}

void fake_boot(void)
{
	struct info_page *info = page_at(INFO_PAGE_ADDRESS, PAGE_SIZE);

	boot = page_at(BOOT_PAGE_ADDRESS, 2 * PAGE_SIZE);
	stats = page_at(STATS_ADDRESS, PAGE_SIZE);
	info->magic = boot->magic = INFO_MAGIC;
	info->tsc_hz = 30000000;	/* root's seconds pass about a hundred times as fast */
	info->pcpu_count = 2;
	info->virt = VIRT_SVM;
	info->serial_port = 0x3f8;
	info->serial_irq = 4;
	info->screen = (struct info_screen){ .address = 0xfd000800, .pitch = 4096, .width = 1024, .height = 768,
					     .bits_per_pixel = 32, .type = SCREEN_RGB };
	root_pd = object_new(PD);
	objects[root_pd].handles[HANDLE_SELF_PD] =
		(struct handle){ root_pd, objects[root_pd].generation, 0, RIGHT_ALL };
	for (u32 slot = HANDLE_ROOT; slot <= HANDLE_LOG_MEM; slot++) {
		static const enum kind kinds[] = { NONE, ROOT, NONE, THREAD, MEM, MEM };
		u32 i;

		if (slot == HANDLE_SELF_PD)
			continue;
		i = object_new(kinds[slot]);
		objects[root_pd].handles[slot] = (struct handle){ i, objects[i].generation, 0, RIGHT_ALL };
		if (kinds[slot] == MEM)
			back_with_memory(i, 64 * KIB);
	}
}

void fake_module(const char *name, const void *bytes, u64 count, bool is_built_in)
{
	struct boot_module *m = &boot->modules[boot->module_count++];
	u32 i = object_new(MEM);

	back_with_memory(i, align_up(count, PAGE_SIZE));
	objects[i].is_fixed = true;
	memcpy(objects[i].view, bytes, count);
	*m = (struct boot_module){ .bytes = count, .built_in = is_built_in,
				   .handle = HANDLE_FIRST_MODULE + boot->module_count - 1 };
	objects[root_pd].handles[m->handle] = (struct handle){ i, objects[i].generation, 0, RIGHT_ALL };
	snprintf(m->name, sizeof(m->name), "%s", name);
}

void rt_log(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "    log: ");
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}
