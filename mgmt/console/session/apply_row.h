/* SPDX-License-Identifier: MIT */
/*
 * apply_row.h - what apply-config says of one VM, switch or router.
 */
#ifndef VOS_APPLY_ROW_H
#define VOS_APPLY_ROW_H

#include "session.h"

/* A VM, switch or router of vos.conf, and what was done with it. */
struct apply_vm {
	const struct args *args;
	const struct apply_row *row;
	bool is_dry_run;
};

static inline bool apply_is_vm(const struct args *args)
{
	return args->command->op == REQ_CREATE;
}

/* Of a struct apply_vm. */
extern const struct view apply_row_view;

#endif
