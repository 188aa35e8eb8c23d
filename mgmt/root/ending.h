/*
 * ending.h - how a VM's run ended: what the VMM's last words, or its fault, are taken for. Pure.
 */
#ifndef VOS_ENDING_H
#define VOS_ENDING_H

#include "request.h"
#include "types.h"
#include "vm_layout.h"

struct ending {
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
void ending_judge(struct ending *out, const struct vmm_control *control);

/* From the words of THREAD_GET_FAULT. */
void ending_of_fault(struct ending *out, u64 kind, u64 rip, u64 address);

/* Something root itself found. */
void ending_of_reason(struct ending *out, enum vm_reason reason, bool is_crash);

/*
 * Whether root starts a crashed VM again: by its policy, and never when the image is at fault. `done`: restarts after
 * crashes so far.
 */
bool ending_is_retried(const struct ending *ending, const struct vm_spec *spec, u32 done);

#endif
