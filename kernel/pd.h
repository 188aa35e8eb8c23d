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
#include "space.h"

struct pd {
	struct object object;
	struct space space;
	struct handle_table handles;
	struct port_set ports;
	struct list threads;	/* of struct thread, through pd_link */
	struct log_writer writer;
	u32 id;			/* for the log */
	u32 class, weight;	/* of its threads, also of those to come */
	u64 time_tsc, time_guest_tsc;	/* of threads that are gone */
};

enum status pd_create(struct pd **out) MUST_CHECK;
/* SYS_PD_CTL. */
enum status pd_ctl(struct pd *pd, u64 op, u64 a) MUST_CHECK;
/* STAT_TIME_TSC or STAT_TIME_GUEST_TSC. */
u64 pd_time(struct pd *pd, u64 stat);
/* Destroys its threads too. */
enum status pd_destroy_step(struct object *object) MUST_CHECK;

#endif
