/* SPDX-License-Identifier: MIT */
/*
 * main.c - a switch: one PD for each. It maps the links with its ports' clients, and two areas with root; no guest's
 * memory, no device. It holds no right but to signal.
 */
#include "follow.h"
#include "info_page.h"
#include "rt_time.h"
#include "sys.h"
#include "vm_layout.h"

#define BUDGET 16u		/* frames of a port before the next one's turn */
#define SWEEP_S 30u
#define INFO ((const struct info_page *)INFO_PAGE_ADDRESS)
#define PORT_BITS 32u

static struct net_switch net_switch;
static struct switch_io io = { .s = &net_switch };
static struct rt_time clock_;

static void *link_at(u32 port)
{
	return (void *)(SWITCH_LINKS + port * NET_LINK_STRIDE);
}

static struct switch_follow follow = {
	.io = &io, .config = (const struct switch_config *)SWITCH_CONFIG,
	.figures = (struct switch_figures *)SWITCH_FIGURES, .link_at = link_at,
};

static void signal_clients(void)
{
	u64 ports = switch_io_to_signal(&io);

	if ((ports & net_switch.captures) != 0)		/* root reads these */
		(void)sys_notify_signal(H_ROOT_SIGNAL);
	for (u64 left = ports & ~net_switch.captures; left != 0; left &= left - 1)
		(void)sys_notify_signal(SWITCH_H_PORT + (u64)__builtin_ctzll(left));	/* gone: its port goes too */
}

static void follow_root(u64 now_ns)
{
	if (follow_turn(&follow, (u32)(now_ns / NS_PER_S)))
		(void)sys_notify_signal(H_ROOT_SIGNAL);
}

/* Each bit is that of two ports. */
static u64 ports_of(u64 bits)
{
	u64 low = bits / SWITCH_BIT_PORT;

	return low | low << PORT_BITS;
}

static void sweep(u64 now_ns)
{
	static u32 swept_s;
	u32 now_s = (u32)(now_ns / NS_PER_S);

	if (now_s - swept_s < SWEEP_S)
		return;
	swept_s = now_s;
	mac_table_sweep(&net_switch.table, now_s);
}

int main(void)
{
	u64 bits = SWITCH_BIT_ROOT;

	rt_time_init(&clock_, INFO->tsc_hz, INFO->tsc_boot);
	follow_init(&follow);
	for (;;) {
		u64 now_ns = rt_time_now_ns(&clock_);
		bool is_busy;

		sweep(now_ns);
		if ((bits & SWITCH_BIT_ROOT) != 0)
			follow_root(now_ns);
		switch_io_woken(&io, ports_of(bits));
		is_busy = switch_io_step(&io, now_ns, BUDGET);
		signal_clients();
		if (sys_notify_wait(is_busy ? 0 : DEADLINE_NONE, &bits) != ST_OK)
			bits = 0;
	}
}
