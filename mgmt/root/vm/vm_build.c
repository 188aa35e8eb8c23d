/* SPDX-License-Identifier: MIT */
/*
 * vm_build.c - makes the kernel objects of a VM and wires them, step by step; each step is one function of the table
 * at the end. Addresses, handle slots and bits are vm_layout.h's.
 */
#include "vm.h"

#include <string.h>
#include <sys/random.h>

#include "map_window.h"
#include "range.h"
#include "root.h"
#include "rt_log.h"
#include "spec_fields.h"
#include "sys.h"
#include "vm_cd.h"
#include "vm_disks.h"
#include "vm_nics.h"
#include "wiring.h"

#define RW (RIGHT_R | RIGHT_W)
#define VMM_PROGRAM "vmm"
#define VMM_HEAP_BYTES (16 * KIB)	/* beside what each vCPU takes */
#define FURTHER_STACK_STRIDE 0x20000ull

void vm_signal(const struct vm *vm)
{
	(void)sys_notify_signal(SLOT_VMM + vm->index);	/* if it is gone, a fault report is on its way */
}

enum status vm_threads_ctl(const struct vm *vm, enum thread_op op)
{
	enum status first = ST_OK;

	for (u32 i = 0; i < vm->spec.cpus; i++) {
		enum status st = sys_thread_ctl(vm->h_threads[i], op, 0, 0, NULL);

		if (first == ST_OK)
			first = st;
	}
	return first;
}

static enum status build_pd(struct vm *vm)
{
	const char *other = vm->spec.vmm;
	const struct image *program = other[0] != '\0' ? image_find(&root.images, other, false)
						       : image_find(&root.images, VMM_PROGRAM, true);
	u64 heap_bytes;

	if (program == NULL)
		return ST_UNSUPPORTED;
	heap_bytes = VMM_HEAP_BYTES + align_up(vm->spec.cpus * VMM_VCPU_HEAP_BYTES, PAGE_SIZE);
	return pd_build(&vm->pd, program, heap_bytes, &vm->objects);
}

/* Guest RAM into the guest, around the hole below 4 GiB, and into the VMM. Also a piece of filling it. */
static enum status map_ram(struct vm *vm, u32 fill)
{
	u64 bytes = vm->spec.memory_bytes, low = min_u64(bytes, RAM_LOW_LIMIT);
	u32 rwx = RIGHT_R | RIGHT_W | RIGHT_X;
	enum status st = sys_mem_map(vm->h_vm, vm->h_ram, 0, 0, low, rwx | fill);

	if (st == ST_OK && bytes > low)
		st = sys_mem_map(vm->h_vm, vm->h_ram, 4 * GIB, low, bytes - low, rwx | fill);
	return st == ST_OK ? sys_mem_map(vm->pd.h_pd, vm->h_ram, VMM_RAM, 0, bytes, RW | fill) : st;
}

static enum status build_ram(struct vm *vm)
{
	u32 flags = MEM_LARGE | (vm->spec.memory_policy == MEMORY_LAZY ? MEM_OVERCOMMIT : 0);
	enum status st = object_set_mem(&vm->objects, vm->spec.memory_bytes, flags, &vm->h_ram);

	if (st == ST_OK)
		st = sys_vm_create(HANDLE_ROOT, &vm->h_vm);
	if (st == ST_OK)
		st = object_set_add(&vm->objects, OBJECT_VM, vm->h_vm);
	if (st == ST_OK)
		st = map_ram(vm, 0);
	return st;
}

/* Map one image read-only and describe it. string: its name, perhaps with a text for the guest; "" is none. */
static enum status add_image(const struct vm *vm, struct vmm_args *args, const char *string, enum vmm_image_kind kind)
{
	char name[IMAGE_NAME_BYTES];
	const struct image *image;
	struct vmm_image *to = &args->images[args->image_count];
	u64 address = VMM_IMAGES + args->image_count * VMM_IMAGE_STRIDE;

	if (string[0] == '\0')
		return ST_OK;
	image = image_of_module(string, name) ? image_find(&root.images, name, false) : NULL;
	if (image == NULL)
		return ST_INVAL;
	to->bytes = image->bytes;
	to->kind = kind;
	strcpy(to->name, string);
	args->image_count++;
	return pd_map(vm->pd.h_pd, image->h_mem, address, image->bytes, RIGHT_R);
}

/* The guest reads it as memory, but for its first page, where it looks for the status; its writes are commands. */
static enum status add_flash(struct vm *vm, u64 gpa)
{
	u64 h_flash;
	enum status st = object_set_mem(&vm->objects, VMM_FLASH_BYTES, 0, &h_flash);

	if (st == ST_OK)
		st = pd_fill(vm->pd.h_pd, h_flash, VMM_FLASH, 0, VMM_FLASH_BYTES, RW);
	return st == ST_OK ? sys_mem_map(vm->h_vm, h_flash, gpa + PAGE_SIZE, PAGE_SIZE, VMM_FLASH_BYTES - PAGE_SIZE,
					 RIGHT_R) : st;
}

/* Its last byte is at 4 GiB - 1. A size that is none its VMM refuses in words. */
static enum status add_firmware(struct vm *vm, struct vmm_args *args)
{
	const char *name = spec_firmware(&vm->spec);
	u32 kind = vm->spec.firmware == FIRMWARE_UEFI ? IMAGE_FLASH : IMAGE_FIRMWARE;
	enum status st = add_image(vm, args, name, kind);
	u64 bytes = st == ST_OK ? args->images[0].bytes : 0, flash = vmm_flash_bytes(kind);

	if (!vmm_firmware_size_ok(bytes) || bytes <= flash)
		return st;
	if (flash)
		st = add_flash(vm, 4 * GIB - bytes);
	if (st != ST_OK)
		return st;
	return sys_mem_map(vm->h_vm, image_find(&root.images, name, false)->h_mem, 4 * GIB - bytes + flash, flash,
			   bytes - flash, RIGHT_R | RIGHT_X);
}

static enum status add_kernel(const struct vm *vm, struct vmm_args *args)
{
	enum status st = add_image(vm, args, vm->spec.kernel, IMAGE_KERNEL);

	if (st == ST_OK)
		st = add_image(vm, args, vm->spec.initrd, IMAGE_INITRD);
	for (u32 i = 0; i < vm->spec.module_count && st == ST_OK; i++)
		st = add_image(vm, args, vm->spec.modules[i], IMAGE_MODULE);
	return st;
}

static enum status add_images(struct vm *vm, struct vmm_args *args)
{
	return spec_has_firmware(&vm->spec) ? add_firmware(vm, args) : add_kernel(vm, args);
}

static enum status fill_args(struct vm *vm, struct vmm_args *args)
{
	strcpy(args->name, vm->name);
	args->memory_bytes = vm->spec.memory_bytes;
	args->cpus = vm->spec.cpus;
	args->platform = vm->spec.platform;
	args->boot = vm->spec.boot;
	args->has_cd_drive = vm->spec.iso[0] != '\0';
	strcpy(args->cmdline, vm->spec.cmdline);
	vm_disks_args(vm, args);
	vm_nics_args(vm, args);
	/* On a machine without a random number generator the seed stays zero, which the VMM can see. */
	(void)getrandom(args->random_seed, sizeof(args->random_seed), 0);
	return add_images(vm, args);
}

static enum status build_args(struct vm *vm)
{
	struct vmm_args *args = (struct vmm_args *)(void *)map_window_at(WINDOW_TARGET);
	u64 h_args;
	enum status st = object_set_mem(&vm->objects, align_up(sizeof(*args), PAGE_SIZE), 0, &h_args);

	if (st == ST_OK)
		st = map_window_open(WINDOW_TARGET, h_args, sizeof(*args), true);
	if (st != ST_OK)
		return st;
	st = fill_args(vm, args);
	map_window_close(WINDOW_TARGET);
	if (st != ST_OK)
		return st;
	return pd_fill(vm->pd.h_pd, h_args, VMM_ARGS, 0, align_up(sizeof(*args), PAGE_SIZE), RIGHT_R);
}

static enum status build_shared(struct vm *vm)
{
	u64 h_rings = root.shared[SHARED_VM_RINGS], h_controls = root.shared[SHARED_CONTROLS], pd = vm->pd.h_pd;
	enum status st;

	memset((void *)(uintptr_t)vm_control(vm), 0, PAGE_SIZE);	/* no VMM has it now */
	vm_control(vm)->nics_unplugged = vm_nics_unplugged(vm);
	st = pd_fill(pd, h_rings, VMM_RINGS, (u64)vm->index * VM_RINGS_BYTES, VM_RINGS_BYTES, RW);
	return st == ST_OK ? pd_fill(pd, h_controls, VMM_CONTROL, vm->index * PAGE_SIZE, PAGE_SIZE, RW) : st;
}

static enum status build_cd(struct vm *vm)
{
	return vm_cd_build(vm, vm_control(vm));
}

static enum status build_vcpu(struct vm *vm, u32 i)
{
	enum status st = sys_vcpu_create(vm->h_vm, i, &vm->h_vcpus[i]);

	if (st == ST_OK)
		st = object_set_add(&vm->objects, OBJECT_VCPU, vm->h_vcpus[i]);
	if (st == ST_OK)
		st = pd_fill(vm->pd.h_pd, vm->h_vcpus[i], VMM_VCPU_PAGES + i * PAGE_SIZE, 0, PAGE_SIZE, RW);
	return st;
}

/* Thread 0 has the PD's stack, the others one each. */
static enum status build_thread(struct vm *vm, u32 i)
{
	u64 h_stack, top = i == 0 ? PD_STACK_TOP : VMM_STACKS + i * FURTHER_STACK_STRIDE;
	enum status st = ST_OK;

	if (i != 0) {
		st = object_set_mem(&vm->objects, PD_STACK_BYTES, 0, &h_stack);
		if (st == ST_OK)
			st = pd_fill(vm->pd.h_pd, h_stack, top - PD_STACK_BYTES, 0, PD_STACK_BYTES, RW);
	}
	return st == ST_OK ? pd_thread(&vm->pd, i, top, &vm->objects, &vm->h_threads[i]) : st;
}

static enum status build_vcpus(struct vm *vm)
{
	enum status st = ST_OK;

	for (u32 i = 0; i < vm->spec.cpus && st == ST_OK; i++) {
		st = build_vcpu(vm, i);
		if (st == ST_OK)
			st = build_thread(vm, i);
		if (st == ST_OK)
			st = sys_handle_grant(vm->pd.h_pd, VMM_H_VCPU + i, vm->h_vcpus[i], RIGHT_RUN, 0);
		if (st == ST_OK)
			st = pd_signal(vm->pd.h_pd, VMM_H_THREAD + i, vm->h_threads[i], VMM_BIT_KICK);
	}
	return st;
}

static enum status build_links(struct vm *vm)
{
	enum status st = pd_signal(vm->pd.h_pd, H_ROOT_SIGNAL, HANDLE_SELF_THREAD, ROOT_BIT_VMM);

	if (st == ST_OK)
		st = pd_signal(HANDLE_SELF_PD, SLOT_VMM + vm->index, vm->h_threads[0], VMM_BIT_CONTROL);
	if (st == ST_OK)
		st = wiring_connect_vm(vm);
	return st == ST_OK ? vm_nics_connect(vm) : st;
}

static enum status build_share(struct vm *vm)
{
	return vm_share_build(vm);
}

/* With all of its RAM to be granted first, vm_fill_step goes on from here. */
static enum status build_start(struct vm *vm)
{
	vm->is_filling = vm->spec.memory_policy == MEMORY_EAGER;
	return vm->is_filling ? ST_OK : vm_threads_ctl(vm, THREAD_START);
}

enum status vm_fill_step(struct vm *vm)
{
	enum status st = map_ram(vm, MAP_FILL);

	if (st != ST_OK)
		return st;
	vm->is_filling = false;
	return vm_threads_ctl(vm, THREAD_START);
}

static const struct {
	enum status (*build)(struct vm *vm);
	const char *what;
} steps[] = {
	{ build_pd, "its VMM" }, { build_ram, "its memory" }, { vm_disks_build, "its disks" },
	{ vm_nics_build, "its network cards" }, { build_args, "its arguments" },
	{ build_shared, "its shared memory" }, { build_cd, "its CD" },
	{ build_vcpus, "its vCPUs" }, { build_links, "its signals" },
	{ build_share, "its share of the pCPUs" }, { build_start, "its start" },
};

enum status vm_build(struct vm *vm)
{
	vm->button_presses = vm->nmi_presses = 0;
	vm->pause_wish = 0;
	memset(vm->h_threads, 0, sizeof(vm->h_threads));
	memset(vm->h_vcpus, 0, sizeof(vm->h_vcpus));
	for (u32 i = 0; i < ARRAY_COUNT(steps); i++) {
		enum status st = steps[i].build(vm);

		if (st == ST_OK)
			continue;
		rt_log("root: VM %s can't be built: %s (status %u)", vm->name, steps[i].what, (unsigned)st);
		return st;
	}
	return ST_OK;
}
