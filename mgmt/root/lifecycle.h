/*
 * lifecycle.h - what happens to a VM, as a table: its life x what comes in -> what to do. Pure; vm.c does it.
 *
 * Several public states (enum vm_state) have finer lives behind them. A VM has kernel objects from LIFE_LOADING on
 * until LIFE_ENDING has ended.
 */
#ifndef VOS_LIFECYCLE_H
#define VOS_LIFECYCLE_H

#include "request.h"
#include "types.h"

enum life {
	LIFE_IDLE,		/* no objects: defined, stopped or crashed */
	LIFE_LOADING,		/* the VMM loads the guest's images */
	LIFE_LIVE,
	LIFE_PAUSING,		/* asked to pause, not there yet */
	LIFE_PAUSED,
	LIFE_POWERING,		/* the power button was pressed */
	LIFE_ENDING,		/* its objects are being destroyed, slice by slice */
	LIFE_WAITING,		/* crashed, or reset too soon: no objects, will be started again in a moment */
	LIFE_COUNT
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
	IN_TIMEOUT,			/* the life's deadline has passed */
	IN_GONE,			/* the last object is destroyed */
	IN_COUNT
};

enum act {
	ACT_IGNORE,
	ACT_REFUSE,		/* wrong state */
	ACT_BUSY,		/* another request is under way */
	ACT_BUILD,		/* make the objects, start */
	ACT_RUN,		/* it runs now */
	ACT_PRESS,		/* press the power button */
	ACT_FORCE,		/* end it now, at the operator's word */
	ACT_PRESS_AGAIN,	/* it has not reacted to the button: press it again, or end it if its time is over */
	ACT_SPARE,		/* nobody wants it stopped any more: let it run */
	ACT_PAUSE, ACT_PAUSE_JOIN, ACT_PAUSE_DONE,
	ACT_RESUME,
	ACT_RESET,		/* end it, then start again */
	ACT_DELETE,		/* forget it */
	ACT_END_DELETE,		/* end it, then forget it */
	ACT_JUDGE_END,		/* believe the VMM's last words as far as they go */
	ACT_JUDGE_FAULT,
	ACT_LOAD_TIMEOUT,	/* the VMM never got going */
	ACT_STAY_STOPPED,	/* while ending: whatever was planned after, stop is what is wanted now */
	ACT_SETTLE,		/* all is gone: do what was planned after */
	ACT_CALM,		/* do not start again */
	ACT_NMI,		/* press the NMI button */
	ACT_COUNT
};

enum act lifecycle_decide(enum life life, enum input input);

/*
 * The public state. An idle VM's is its `rest`: VM_DEFINED, VM_STOPPED or VM_CRASHED. `is_restarting`: an ending or
 * waiting VM comes back.
 */
enum vm_state lifecycle_state(enum life life, enum vm_state rest, bool is_restarting);

/* True if the VM has kernel objects in that life. */
bool lifecycle_has_objects(enum life life);

#endif
