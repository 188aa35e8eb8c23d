/* SPDX-License-Identifier: MIT */
/*
 * vm.h - VM objects: a guest-physical address space and its vCPUs.
 */
#ifndef VOS_VM_H
#define VOS_VM_H

#include "object.h"
#include "space.h"

#define VM_VCPUS_MAX 64u

struct vcpu;

struct vm {
	struct object object;	/* referenced by each of its vCPUs */
	struct space space;
	struct vcpu *vcpus[VM_VCPUS_MAX];
};

/* Its vCPUs are destroyed first. */
extern const struct object_type vm_type;

/* ST_UNSUPPORTED without virtualization, ST_NOMEM. */
enum status vm_create(struct vm **out) MUST_CHECK;
/* ST_INVAL (index), ST_EXISTS, ST_NOMEM. */
enum status vm_add_vcpu(struct vm *vm, u64 index, struct vcpu **out) MUST_CHECK;

#endif
