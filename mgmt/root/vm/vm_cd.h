/* SPDX-License-Identifier: MIT */
/*
 * vm_cd.h - the disc in a VM's CD drive: root's side of struct vmm_disc (vm_layout.h). The image of a disc that was
 * taken out is the VM's until its VMM has said that it looks at another one.
 */
#ifndef VOS_VM_CD_H
#define VOS_VM_CD_H

#include "error_info.h"
#include "vm.h"

typedef volatile struct vmm_control *vm_control_page;	/* of the VM */

/* The first disc, before the VMM's first instruction. */
enum status vm_cd_build(struct vm *vm, vm_control_page control) MUST_CHECK;
/* May the drive get the disc of `next` while the VM lives? */
struct error_info vm_cd_judge(const struct vm *vm, vm_control_page control, const struct vm_spec *next);
/* It gets that of vm->spec; the VMM is to be signalled. */
struct error_info vm_cd_change(struct vm *vm, vm_control_page control);
/* Its VMM may have answered. Of a VM that lives. */
void vm_cd_watch(struct vm *vm, vm_control_page control);
/* Is its disc that image, or was it until just now? */
bool vm_cd_has(const struct vm *vm, const char *image);

#endif
