/* SPDX-License-Identifier: MIT */
/*
 * vm.h - a VM in six words:
 *
 *	VM *vm = create_vm();
 *	start_vm(vm);
 *	pause_vm(vm);
 *	resume_vm(vm);
 *	stop_vm(vm);
 *	delete_vm(vm);
 *
 * The machine is $VOS_HOST (vos.h). create_vm() defines a VM of one vCPU with VOS's defaults and a name of its own;
 * create_named_vm() takes a name and, in `config`, all else. The others return 0 or the enum vos_result of vos.h, and
 * vm_error() says why. Each VM has a connection of its own, so different threads may use different VMs. delete_vm()
 * frees the VM in any case; after an error the machine may still have it.
 */
#ifndef VM_H
#define VM_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <vos.h>

typedef struct VM {
	struct vos *vos;
	char name[VOS_NAME_BYTES];
} VM;

/* NULL: it failed, and vm_error(NULL) says why. */
static inline VM *create_named_vm(const char *name, const struct vos_vm_config *config)
{
	struct vos_vm_config with_name = config ? *config : (struct vos_vm_config){ 0 };
	VM *vm = (VM *)calloc(1, sizeof(*vm));

	if (!vm)
		return NULL;
	snprintf(vm->name, sizeof(vm->name), "%s", name);
	with_name.name = vm->name;
	vm->vos = vos_open(NULL);
	if (vm->vos && vos_create_vm(vm->vos, &with_name) == VOS_OK)
		return vm;
	if (vm->vos)
		fprintf(stderr, "create_vm: %s\n", vos_error(vm->vos));
	vos_close(vm->vos);
	free(vm);
	return NULL;
}

static inline VM *create_vm(void)
{
	static unsigned count;
	char name[VOS_NAME_BYTES];

	snprintf(name, sizeof(name), "vm-%lx-%x-%u", (unsigned long)time(NULL), (unsigned)getpid(), ++count);
	return create_named_vm(name, NULL);
}

static inline int start_vm(VM *vm)
{
	return vos_start_vm(vm->vos, vm->name);
}

static inline int pause_vm(VM *vm)
{
	return vos_pause_vm(vm->vos, vm->name);
}

static inline int resume_vm(VM *vm)
{
	return vos_resume_vm(vm->vos, vm->name);
}

/* Asks the guest to shut down, and forces it off after 30 seconds. */
static inline int stop_vm(VM *vm)
{
	return vos_stop_vm(vm->vos, vm->name, -1);
}

static inline int delete_vm(VM *vm)
{
	int result = vos_delete_vm(vm->vos, vm->name, 0);

	vos_close(vm->vos);
	free(vm);
	return result;
}

static inline const char *vm_error(const VM *vm)
{
	return vos_error(vm ? vm->vos : NULL);
}

#endif
