/* SPDX-License-Identifier: MIT */
/*
 * pd.h - protection domains: an address space, a table of handles, I/O ports, threads.
 */
#ifndef VOS_PD_H
#define VOS_PD_H

#include "arch.h"
#include "handle.h"
#include "list.h"
#include "log.h"
#include "object.h"
#include "sched_group.h"
#include "space.h"

struct pd {
	struct object object;
	struct space space;
	struct handle_table handles;
	struct port_set ports;
	struct list threads;	/* of struct thread, through pd_link */
	struct log_writer writer;
	u32 id;			/* for the log */
	struct sched_group group;	/* of its threads, also of those to come */
	u64 gone_times[STAT_TIME_COUNT];	/* of threads that are gone */
};

/* Its threads are destroyed first. */
extern const struct object_type pd_type;

enum status pd_create(struct pd **out) MUST_CHECK;
/* SYS_PD_CTL. */
enum status pd_ctl(struct pd *pd, u64 op, u64 a) MUST_CHECK;

#endif
