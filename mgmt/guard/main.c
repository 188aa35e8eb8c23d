/* SPDX-License-Identifier: MIT */
/*
 * main.c - guard: says who somebody is, and chains the audit log. It maps two rings with root, the boot module `users`,
 * the audit log and memory that outlives it; it holds no right but to signal root.
 */
#include "audit_chain.h"
#include "info_page.h"
#include "ring.h"
#include "rt_log.h"
#include "rt_time.h"
#include "serve.h"
#include "password.h"
#include "sys.h"
#include "user.h"
#include "vm_layout.h"

#define INFO ((const struct info_page *)INFO_PAGE_ADDRESS)

static struct ring orders, reports;
#define AUDIT ((struct audit_log *)GUARD_AUDIT)
#define CHAIN_AT_ONCE 64u

static struct rt_time clock_;

static void tell(u32 line, u32 column, const char *what)
{
	rt_log("guard: users, line %u, column %u: %s", (unsigned)line, (unsigned)column, what);
}

static u64 ticks(void)
{
	return rt_time_tsc();
}

/* There is room: root sends no order without. */
static void send(const struct guard_report *report)
{
	if (!ring_put(&reports, report, sizeof(*report)))
		rt_log("guard: root takes no reports");
	(void)sys_notify_signal(H_ROOT_SIGNAL);
}

/* Root may have waited for it: then it takes no requests. */
static bool chain(void)
{
	bool was_late = AUDIT->written - AUDIT->chained > AUDIT_RECORDS / 2;
	bool is_more = audit_chain(AUDIT, CHAIN_AT_ONCE);

	if (was_late)
		(void)sys_notify_signal(H_ROOT_SIGNAL);
	return is_more;
}

int main(void)
{
	struct guard_report report;
	struct guard_order order;

	ring_attach_consumer(&orders, (struct ring_shared *)GUARD_ORDERS, GUARD_ORDER_RING_BYTES);
	ring_attach_producer(&reports, (struct ring_shared *)GUARD_REPORTS, GUARD_REPORT_RING_BYTES);
	rt_time_init(&clock_, INFO->tsc_hz, INFO->tsc_boot);
	password_init(user_random, ticks);
	serve_init((struct guard_state *)GUARD_STATE, AUDIT, (const char *)GUARD_MODULE, tell);
	serve_ready(&report);
	send(&report);
	for (;;) {
		bool is_more = chain();
		u64 bits = 0;

		while (ring_take(&orders, &order, sizeof(order))) {
			serve_order(&order, &report, rt_time_now_ns(&clock_));
			send(&report);
		}
		ring_consumer_wait(&orders, true);
		if (!is_more && ring_used(&orders) < sizeof(order))
			(void)!sys_notify_wait(DEADLINE_NONE, &bits);
		ring_consumer_wait(&orders, false);
	}
}
