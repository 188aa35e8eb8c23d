/*
 * loop.c - root's start and its turns. It starts the services, then serves requests, watches VMMs, and gives back
 * what ended VMs leave behind, a slice at a time. It parses no text, and everything it reads from other PDs is copied
 * once and judged.
 */
#include "answer.h"
#include "console_link.h"
#include "dispatch.h"
#include "memory_report.h"
#include "power.h"
#include "root.h"
#include "supervisor.h"
#include "syscalls.h"
#include "vm_layout.h"
#include "vm_watch.h"
#include "waiter.h"

static u64 earlier(u64 a, u64 b)
{
	return a < b ? a : b;
}

u64 root_turn(u64 bits)
{
	u64 next;

	if ((bits & ROOT_BIT_FAULT) != 0) {
		supervisor_check_faults();
		vm_poll_faults();
	}
	if ((bits & ROOT_BIT_VMM) != 0)
		vm_poll_controls();
	next = dispatch_requests() ? DEADLINE_NONE : 0;
	next = earlier(next, vm_step());
	next = earlier(next, supervisor_step());
	next = earlier(next, power_step());
	/* With no room for these the console signals when there is. */
	if (!waiter_flush() || !answer_flush_events())
		return next;
	return console_link_may_sleep() ? next : 0;
}

enum status root_start(void)
{
	enum status st;

	rt_time_init(&root.time, INFO->tsc_hz, INFO->tsc_boot);
	memory_report_init();
	st = root_share();
	if (st != ST_OK)
		return st;
	console_link_reset();
	boot_modules_read(&root.images, &root.conf);
	supervisor_start();
	return ST_OK;
}
