/* SPDX-License-Identifier: MIT */
/*
 * stop_info.h - how a VM's run ended: what the VMM's last words, or its fault, are taken for. Pure.
 */
#ifndef VOS_STOP_INFO_H
#define VOS_STOP_INFO_H

#include "request.h"
#include "types.h"
#include "vm_layout.h"

struct stop_info {
	u32 reason;		/* enum vm_reason */
	u32 last_exit;
	u64 rip;
	u32 vmm_fault;		/* FAULT_KIND, or 0 */
	bool is_crash;
	bool wants_restart;	/* the guest asked for a reset */
	u64 detail;
	char text[96];		/* ends with a zero byte; else foreign */
};

/* From a private copy of the control page. A reason that a VMM cannot give is taken as a fault of the VMM. */
void stop_info_judge(struct stop_info *out, const struct vmm_control *control);

/* From the words of THREAD_GET_FAULT. */
void stop_info_of_fault(struct stop_info *out, u64 kind, u64 rip, u64 address);

/* Something root itself found. */
void stop_info_of_reason(struct stop_info *out, enum vm_reason reason, bool is_crash);

/*
 * Whether root starts a crashed VM again: by its policy, and never when the image is at fault. `done`: restarts after
 * crashes so far.
 */
bool stop_info_is_retried(const struct stop_info *stop_info, const struct vm_spec *spec, u32 done);

#endif
