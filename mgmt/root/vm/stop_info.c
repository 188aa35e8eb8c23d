/* SPDX-License-Identifier: MIT */
/*
 * stop_info.c - see stop_info.h.
 */
#include "stop_info.h"

#include <string.h>

#include "syscalls.h"

enum kind { KIND_REFUSED, KIND_ORDERLY, KIND_CRASH };

/* What a VMM may say about its guest. */
static const u8 kinds[STOP_COUNT] = {
	[STOP_GUEST_POWEROFF] = KIND_ORDERLY,
	[STOP_GUEST_REBOOT] = KIND_ORDERLY,
	[STOP_TRIPLE_FAULT] = KIND_CRASH,
	[STOP_GUEST_PANIC] = KIND_CRASH,
	[STOP_BAD_STATE] = KIND_CRASH,
	[STOP_BAD_IMAGE] = KIND_CRASH,
	[STOP_EMULATION] = KIND_CRASH,
	[STOP_NO_MEMORY] = KIND_CRASH,
};

void stop_info_of_reason(struct stop_info *out, enum vm_reason reason, bool is_crash)
{
	*out = (struct stop_info){ .reason = reason, .is_crash = is_crash };
}

void stop_info_judge(struct stop_info *out, const struct vmm_control *control)
{
	if (control->reason >= STOP_COUNT || kinds[control->reason] == KIND_REFUSED) {
		stop_info_of_reason(out, STOP_VMM_FAULT, true);
		return;
	}
	*out = (struct stop_info){
		.reason = control->reason,
		.last_exit = control->last_exit,
		.rip = control->rip,
		.is_crash = kinds[control->reason] == KIND_CRASH,
		.wants_restart = control->reason == STOP_GUEST_REBOOT,
	};
	memcpy(out->text, control->text, sizeof(out->text));
	out->text[sizeof(out->text) - 1] = '\0';
}

static enum vm_reason reason_of_fault(u64 kind)
{
	if (kind == FAULT_MACHINE_CHECK)
		return STOP_MEMORY_ERROR;
	return kind == FAULT_NOMEM ? STOP_NO_MEMORY : STOP_VMM_FAULT;
}

void stop_info_of_fault(struct stop_info *out, u64 kind, u64 rip, u64 address)
{
	*out = (struct stop_info){
		.reason = reason_of_fault(kind),
		.rip = rip,
		.vmm_fault = (u32)kind,
		.is_crash = true,
		.detail = address,
	};
}

bool stop_info_is_retried(const struct stop_info *stop_info, const struct vm_spec *spec, u32 done)
{
	if (!stop_info->is_crash || stop_info->reason == STOP_BAD_IMAGE)
		return false;
	return spec->restart == RESTART_ALWAYS || (spec->restart == RESTART_ON_FAILURE && done < spec->restart_limit);
}
