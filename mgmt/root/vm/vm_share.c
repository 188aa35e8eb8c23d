/* SPDX-License-Identifier: MIT */
/*
 * vm_share.c - a VM's share of the processors, from its spec to the kernel: all of it when its VMM is built, and what
 * an operator changes at once.
 */
#include "cpu_share.h"
#include "sys.h"
#include "vm.h"

/* What a new PD has by itself. */
static const struct vm_share kernel_default = { .weight = SCHED_WEIGHT_DEFAULT, .affinity = SHARE_ALL_PCPUS };

/* Tell the kernel what differs. */
static enum status apply(u64 h_pd, const struct vm_share *is, const struct vm_share *want)
{
	enum status st = ST_OK;

	if (is->affinity != want->affinity)
		st = sys_pd_ctl(h_pd, PD_SET_AFFINITY, want->affinity);
	if (st == ST_OK && is->cap != want->cap)
		st = sys_pd_ctl(h_pd, PD_SET_CAP, want->cap);
	if (st == ST_OK && is->weight != want->weight)
		st = sys_pd_ctl(h_pd, PD_SET_WEIGHT, want->weight);
	if (st == ST_OK && is->class != want->class)
		st = sys_pd_ctl(h_pd, PD_SET_CLASS, want->class);
	return st;
}

enum status vm_share_build(const struct vm *vm)
{
	return apply(vm->pd.h_pd, &kernel_default, &vm->spec.share);
}

struct error_info vm_share_change(const struct vm *vm, const struct vm_share *next)
{
	enum status st;

	if (!vm_is_alive(vm))
		return ERROR_INFO_NONE;
	st = apply(vm->pd.h_pd, &vm->spec.share, next);
	if (st != ST_OK)
		(void)apply(vm->pd.h_pd, next, &vm->spec.share);	/* back, as far as that goes */
	return error_info_status(st);
}
