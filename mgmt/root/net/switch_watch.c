/* SPDX-License-Identifier: MIT */
/*
 * switch_watch.c - see switch_watch.h.
 */
#include "switch_watch.h"

#include "rt_log.h"
#include "services.h"
#include "supervisor.h"
#include "switches.h"

u64 switch_watch(u32 number, u64 limit_tsc, u64 now)
{
	if (limit_tsc > now)
		return limit_tsc;
	rt_log("root: switch %s does not answer: it is started again", switch_name(number));
	supervisor_restart(SERVICE_SWITCH(number));
	return 0;
}
