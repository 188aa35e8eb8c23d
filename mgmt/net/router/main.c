/* SPDX-License-Identifier: MIT */
/*
 * main.c - a router: one PD for each. It maps the links with the switches of its ports, its configuration (read only)
 * and its report; no guest's memory, no device. It holds no right but to signal.
 */
#include <string.h>

#include "blake2b.h"
#include "info_page.h"
#include "router_io.h"
#include "rt_time.h"
#include "share.h"
#include "sys.h"
#include "vm_layout.h"

#define BUDGET 16u		/* frames of a port before the next one's turn */
#define INFO ((const struct info_page *)INFO_PAGE_ADDRESS)
#define REPORT ((struct router_report *)ROUTER_REPORT)

static struct gateway gateway;
static struct router_io io = { .g = &gateway };
static struct rt_time clock_;
static u32 taken, error;

/* ---- Random numbers: a hash of root's seed and of how many were made before ---- */

static struct { u64 seed[4], count; } rolls;

static u64 roll(void *context)
{
	u64 digest[BLAKE2B_BYTES / 8];
	struct blake2b b;

	(void)context;
	rolls.count++;
	blake2b_init(&b);
	blake2b_add(&b, &rolls, sizeof(rolls));
	blake2b_finish(&b, (u8 *)digest);
	return digest[0];
}

static void seed(const struct router_config *c)
{
	u64 tsc = rt_time_tsc();

	/* Root's seed is of this start; the time makes another one of it if root should give one twice. */
	memcpy(rolls.seed, c->seed, sizeof(rolls.seed));
	rolls.seed[0] ^= tsc;
}

/* ---- Root ---- */

static void attach(const struct router_config *c)
{
	for (u32 i = 0; i < ROUTER_PORTS; i++) {
		bool is_up = c->port[i].is_up != 0;

		if (is_up && !io.rings[i].is_up)
			router_io_attach(&io, i, (void *)(ROUTER_LINKS + i * ROUTER_LINK_STRIDE));
		else if (!is_up)
			router_io_detach(&io, i);
	}
}

static void report(u64 now_ns)
{
	struct router_report *r = REPORT;

	share_begin_report(r);
	gateway_report(&gateway, r, now_ns);
	r->taken = taken;
	r->error = error;
	for (u32 i = 0; i < ROUTER_PORTS; i++) {
		r->port[i].in_frames = io.rings[i].in_frames;
		r->port[i].in_bytes = io.rings[i].in_bytes;
		r->port[i].out_frames = io.rings[i].out_frames;
		r->port[i].out_bytes = io.rings[i].out_bytes;
	}
	share_end_report(r);
}

static void configure(u64 now_ns)
{
	static struct router_config config;
	static bool is_started;

	if (!share_read_config((const struct router_config *)ROUTER_CONFIG, taken, &config))
		return;
	if (!is_started) {
		seed(&config);
		gateway_init(&gateway, roll(NULL), (struct outlet){ router_io_send, &io },
			     (struct dice){ roll, NULL });
		is_started = true;
	}
	error = gateway_configure(&gateway, &config, now_ns);
	taken = config.generation;
	if (error == ROUTER_OK)
		attach(&config);
	report(now_ns);
}

/* ---- Time ---- */

static void tick(u64 now_ns)
{
	static u64 last_ns;

	if (taken == 0 || now_ns - last_ns < NS_PER_S)
		return;
	last_ns = now_ns;
	gateway_tick(&gateway, now_ns);
	report(now_ns);
}

/* Root waits for the answer to an echo request. */
static void report_probe(u64 now_ns)
{
	if (taken == 0 || memcmp(&REPORT->probe, &gateway.plane.probe.report, sizeof(REPORT->probe)) == 0)
		return;
	report(now_ns);
	(void)sys_notify_signal(H_ROOT_SIGNAL);
}

static void signal_switches(void)
{
	for (u32 left = router_io_to_signal(&io); left != 0; left &= left - 1)
		(void)sys_notify_signal(ROUTER_H_SWITCH + (u64)__builtin_ctz(left));	/* gone: it comes back */
}

int main(void)
{
	u64 bits = 0;

	rt_time_init(&clock_, INFO->tsc_hz, INFO->tsc_boot);
	for (;;) {
		u64 now_ns = rt_time_now_ns(&clock_);
		bool is_busy;

		configure(now_ns);
		tick(now_ns);
		router_io_wait(&io, false);
		is_busy = router_io_step(&io, now_ns, BUDGET);
		if (!is_busy) {
			router_io_wait(&io, true);
			is_busy = router_io_step(&io, now_ns, BUDGET);		/* what came before that */
		}
		report_probe(now_ns);
		signal_switches();
		(void)(sys_notify_wait(is_busy ? 0 : taken == 0 ? DEADLINE_NONE : rt_time_after(&clock_, NS_PER_S),
				       &bits) == ST_OK);
	}
}
