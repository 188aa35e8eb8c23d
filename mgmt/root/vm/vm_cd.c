/* SPDX-License-Identifier: MIT */
/*
 * vm_cd.c - see vm_cd.h.
 */
#include "vm_cd.h"

#include <string.h>

#include "lifecycle.h"
#include "range.h"
#include "root.h"
#include "sys.h"

#define DISC_BYTES_MIN 2048u

static struct vm_disc *disc_of(struct vm *vm, u32 generation)
{
	return &vm->discs[generation % 2];
}

static bool is_seen(const struct vm *vm, vm_control_page control)
{
	return __atomic_load_n(&control->disc_seen, __ATOMIC_ACQUIRE) == vm->disc_generation;
}

/* Where the VMM looks for that generation; nothing if the drive is to be empty. */
static enum status map(struct vm *vm, u32 generation)
{
	bool is_empty = strcmp(vm->spec.iso, IMAGE_NO_DISC) == 0 || vm->spec.iso[0] == '\0';
	const struct image *image = is_empty ? NULL : image_find(&root.images, vm->spec.iso, false);
	struct vm_disc *disc = disc_of(vm, generation);
	enum status st;

	*disc = (struct vm_disc){ 0 };
	if (is_empty)
		return ST_OK;
	if (image == NULL)
		return ST_INVAL;
	st = pd_map(vm->pd.h_pd, image->h_mem, VMM_DISCS + generation % 2 * VMM_DISC_STRIDE, image->bytes, RIGHT_R);
	if (st != ST_OK)
		return st;
	disc->bytes = image->bytes;
	strcpy(disc->image, vm->spec.iso);
	return ST_OK;
}

enum status vm_cd_build(struct vm *vm, vm_control_page control)
{
	enum status st = map(vm, 0);

	vm->disc_generation = 0;
	*disc_of(vm, 1) = (struct vm_disc){ 0 };
	control->disc.bytes = disc_of(vm, 0)->bytes;
	return st;
}

struct error_info vm_cd_judge(const struct vm *vm, vm_control_page control, const struct vm_spec *next)
{
	const struct image *image;

	if (strcmp(vm->spec.iso, next->iso) == 0)
		return ERROR_INFO_NONE;
	if (vm->spec.iso[0] == '\0')
		return error_info_of(ERR_NO_CD_DRIVE, 0, 0);
	if (next->iso[0] == '\0')
		return error_info_of(ERR_CD_DRIVE_STAYS, 0, 0);
	image = image_find(&root.images, next->iso, false);
	if (image != NULL && image->bytes < DISC_BYTES_MIN)
		return error_info_about(ERR_NOT_A_DISC, next->iso);
	if (vm_is_alive(vm) && !is_seen(vm, control))
		return error_info_of(ERR_BUSY, 0, 0);
	return ERROR_INFO_NONE;
}

struct error_info vm_cd_change(struct vm *vm, vm_control_page control)
{
	u32 generation = vm->disc_generation + 1;
	enum status st;

	vm_cd_watch(vm, control);
	if (strcmp(disc_of(vm, vm->disc_generation)->image, vm->spec.iso) == 0)
		return ERROR_INFO_NONE;
	st = map(vm, generation);
	if (st != ST_OK)
		return error_info_of(ERR_INTERNAL, 0, st);
	control->disc.bytes = disc_of(vm, generation)->bytes;
	vm->disc_generation = generation;
	__atomic_store_n(&control->disc.generation, generation, __ATOMIC_RELEASE);
	return ERROR_INFO_NONE;
}

void vm_cd_watch(struct vm *vm, vm_control_page control)
{
	struct vm_disc *before = disc_of(vm, vm->disc_generation + 1);

	if (before->bytes == 0 || !is_seen(vm, control))
		return;
	while (sys_mem_unmap(vm->pd.h_pd, VMM_DISCS + (vm->disc_generation + 1) % 2 * VMM_DISC_STRIDE,
			     align_up(before->bytes, PAGE_SIZE)) == ST_AGAIN)
		;
	*before = (struct vm_disc){ 0 };
}

bool vm_cd_has(const struct vm *vm, const char *image)
{
	return strcmp(vm->spec.iso, image) == 0 ||
	       (lifecycle_has_objects(vm->phase) &&
		(strcmp(vm->discs[0].image, image) == 0 || strcmp(vm->discs[1].image, image) == 0));
}
