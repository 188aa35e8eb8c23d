/* SPDX-License-Identifier: MIT */
/*
 * lifecycle.h - what happens to a VM, as a table: its phase x what comes in -> what to do. Pure; vm_action.c does it.
 *
 * Several public states (enum vm_state) have finer phases behind them. A VM has kernel objects from VM_PHASE_LOADING on
 * until VM_PHASE_ENDING has ended.
 */
#ifndef VOS_LIFECYCLE_H
#define VOS_LIFECYCLE_H

#include "request.h"
#include "types.h"

enum vm_phase {
	VM_PHASE_IDLE,		/* no objects: defined, stopped or crashed */
	VM_PHASE_LOADING,		/* the VMM loads the guest's images */
	VM_PHASE_LIVE,
	VM_PHASE_PAUSING,		/* asked to pause, not there yet */
	VM_PHASE_PAUSED,
	VM_PHASE_POWERING,		/* the power button was pressed */
	VM_PHASE_ENDING,		/* its objects are being destroyed, slice by slice */
	VM_PHASE_WAITING,		/* crashed, or reset too soon: no objects, will be started again in a moment */
	VM_PHASE_COUNT
};

enum input {
	/* requests */
	IN_START, IN_STOP, IN_STOP_FORCE, IN_PAUSE, IN_RESUME, IN_RESET, IN_DELETE, IN_DELETE_FORCE, IN_NMI,
	IN_REQUEST_COUNT,
	/* events */
	IN_RUNNING = IN_REQUEST_COUNT,	/* the VMM has loaded the guest and enters it */
	IN_PAUSED,			/* it has stopped entering it */
	IN_ENDED,			/* it has reported the guest's end */
	IN_FAULT,			/* a thread of it has faulted */
	IN_CANCELED,			/* nobody waits for the stop any more */
	IN_TIMEOUT,			/* the phase's deadline has passed */
	IN_GONE,			/* the last object is destroyed */
	IN_COUNT
};

enum action {
	ACTION_IGNORE,
	ACTION_REFUSE,		/* wrong state */
	ACTION_BUSY,		/* another request is under way */
	ACTION_BUILD,		/* make the objects, start */
	ACTION_RUN,		/* it runs now */
	ACTION_ACPI_SHUTDOWN,		/* press the power button */
	ACTION_FORCE,		/* end it now, at the operator's word */
	ACTION_ACPI_SHUTDOWN_AGAIN,	/* it has not reacted: press the button again, or end it if its time is over */
	ACTION_CANCEL_SHUTDOWN,		/* nobody wants it stopped any more: let it run */
	ACTION_PAUSE, ACTION_PAUSE_JOIN, ACTION_PAUSE_DONE,
	ACTION_RESUME,
	ACTION_RESET,		/* end it, then start again */
	ACTION_DELETE,		/* forget it */
	ACTION_END_DELETE,		/* end it, then forget it */
	ACTION_HANDLE_STOP_REPORT,		/* believe the VMM's last words as far as they go */
	ACTION_HANDLE_FAULT,
	ACTION_LOAD_TIMEOUT,	/* the VMM never got going */
	ACTION_CANCEL_PLAN,	/* while ending: whatever was planned after, stop is what is wanted now */
	ACTION_FINISH_TEARDOWN,		/* all is gone: do what was planned after */
	ACTION_CANCEL_RESTART,		/* do not start again */
	ACTION_NMI,		/* press the NMI button */
	ACTION_COUNT
};

enum action lifecycle_decide(enum vm_phase phase, enum input input);

/*
 * The public state. An idle VM's is its `idle_state`: VM_DEFINED, VM_STOPPED or VM_CRASHED. `is_restarting`: an ending
 * or waiting VM comes back.
 */
enum vm_state lifecycle_state(enum vm_phase phase, enum vm_state idle_state, bool is_restarting);

/* True if the VM has kernel objects in that phase. */
bool lifecycle_has_objects(enum vm_phase phase);

#endif
