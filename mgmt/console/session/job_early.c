/* SPDX-License-Identifier: MIT */
/*
 * job_early.c - which requests wait: soon after the start, until the definitions of vos.conf or of a pool are there;
 * and before the end, until a pool has what VMs have printed.
 */
#include "session.h"
#include "units.h"

#define APPLY_SECONDS 15u	/* that it takes to apply them, and root to start */
#define EARLY_NS ((DEFINITIONS_SEARCH_SECONDS + DEFINITIONS_IMAGES_SECONDS + APPLY_SECONDS) * NS_PER_SECOND)

/* They are about what vos.conf or a pool may define. */
static const bool changes_definitions[REQ_OP_COUNT] = {
	[REQ_CREATE] = true, [REQ_START] = true, [REQ_STOP] = true, [REQ_PAUSE] = true, [REQ_RESUME] = true,
	[REQ_RESET] = true, [REQ_NMI] = true, [REQ_DELETE] = true, [REQ_SET] = true, [REQ_ATTACH_DISK] = true,
	[REQ_DETACH_DISK] = true, [REQ_ATTACH_NIC] = true, [REQ_DETACH_NIC] = true, [REQ_RESIZE_DISK] = true,
	[REQ_CREATE_SWITCH] = true, [REQ_DELETE_SWITCH] = true, [REQ_CREATE_ROUTER] = true, [REQ_SET_ROUTER] = true,
	[REQ_DELETE_ROUTER] = true, [REQ_SNAPSHOT_VM] = true, [REQ_REVERT_VM] = true, [REQ_DELETE_SNAPSHOT] = true,
	[REQ_CLONE_VM] = true,
};

u64 job_early_until_ns(const struct console *c)
{
	return c->keeper.is_settled ? 0 : c->begun_ns + EARLY_NS;
}

bool job_ends_vos(const struct job *job)
{
	return job->is_unsent && (job->request.op == REQ_REBOOT || job->request.op == REQ_POWEROFF);
}

/* Not long: log_keeper.c says until when. */
static bool waits_for_logs(const struct job *job)
{
	const struct log_keeper *logs = &job->session->console->logs;

	return job_ends_vos(job) && logs->is_late &&
	       (logs->power_ns == 0 || session_now(job->session) < logs->power_ns);
}

bool job_is_early(const struct job *job)
{
	const struct session *s = job->session;

	return waits_for_logs(job) ||
	       (session_now(s) < job_early_until_ns(s->console) && job->origin != JOB_STARTUP &&
	       job->origin != JOB_KEEPER && changes_definitions[job->request.op]);
}
