/* SPDX-License-Identifier: MIT */
/*
 * blk_main.c - the loop of a block driver, and its system calls. See blk_driver.h.
 */
#include "blk_driver.h"
#include "info_page.h"
#include "rt_log.h"
#include "rt_time.h"
#include "sys.h"

#define INFO ((const struct info_page *)INFO_PAGE_ADDRESS)
#define POLL_NS NS_PER_MS		/* without an interrupt, while the controller has requests */
#define STUCK_NS (60 * NS_PER_S)	/* if a disk completes nothing for so long, its controller is reset */

static struct {
	struct blk_driver driver;
	struct rt_time time;
	u64 stuck_limit, next_watch;	/* in ticks of the TSC */
	bool is_irq_proven;		/* an interrupt has come */
	u64 pending;		/* notifications that came while the driver waited for something else */
} self;

/* A level has to be gone before its line is opened again. While a driver waits inside of a request it takes no
 * completions, but others may share the line. */
static void acknowledge(u64 bits, bool is_waiting)
{
	const struct driver_args *args = self.driver.args;

	for (u32 i = 0; i < args->interrupt_count && i < DRIVER_IRQS; i++) {
		if ((bits & (DRIVER_BIT_IRQ << i)) == 0)
			continue;
		self.is_irq_proven = true;
		if (self.driver.ops->quiet != NULL)
			self.driver.ops->quiet(&self.driver, i);
		if (!is_waiting)
			self.driver.ops->service(&self.driver);
		(void)sys_irq_ack(DRIVER_H_IRQ + i);
	}
}

static void wait_us(u32 us)
{
	u64 until = rt_time_after(&self.time, (u64)us * 1000), bits;

	do {
		bits = 0;
		(void)sys_notify_wait(until, &bits);
		self.pending |= bits;
		acknowledge(bits, true);
	} while (rt_time_tsc() < until);
}

static u64 now_ms(void)
{
	return rt_time_now_ns(&self.time) / NS_PER_MS;
}

/* A line may be wired elsewhere than the firmware says: it is believed when it has fired. */
static bool needs_polling(void)
{
	u32 kind = self.driver.args->interrupts;

	return kind == DRIVER_IRQ_NONE || (kind == DRIVER_IRQ_LINES && !self.is_irq_proven);
}

static u64 next_look(void)
{
	u64 poll;

	if (!self.driver.needs_poll && (blk_driver_in_flight(&self.driver) == 0 || !needs_polling()))
		return self.next_watch;
	poll = rt_time_after(&self.time, POLL_NS);
	return poll < self.next_watch ? poll : self.next_watch;
}

/* The next life begins with a reset. */
static void watch(void)
{
	struct blk_driver *d = &self.driver;
	u32 disk = blk_driver_stuck(d, rt_time_tsc(), self.stuck_limit, &self.next_watch);

	if (disk == DRIVER_LINKS)
		return;
	rt_log("%s: no answer from disk %u for %u s", d->args->name, (unsigned)disk, (unsigned)(STUCK_NS / NS_PER_S));
	sys_thread_exit(DRIVER_EXIT_STUCK + disk);
}

static void sleep(void)
{
	u64 bits = 0;

	if (self.pending == 0)
		(void)sys_notify_wait(next_look(), &bits);
	bits |= self.pending;
	self.pending = 0;
	acknowledge(bits, false);
}

static void step(void)
{
	struct blk_driver *d = &self.driver;
	bool is_more = blk_driver_step(d);

	if (!is_more) {
		blk_driver_wait(d, true);
		is_more = blk_driver_step(d);
	}
	if (blk_driver_should_signal(d))
		(void)sys_notify_signal(DRIVER_H_STORE);
	watch();
	if (is_more)
		blk_driver_wait(d, false);
	else
		sleep();
}

/* Only root can help: it resets the device. */
static void start(void)
{
	struct blk_driver *d = &self.driver;
	const char *why = blk_driver_start(d);

	(void)sys_notify_signal(DRIVER_H_STORE);
	if (why == NULL)
		return;
	rt_log("%s: %s", d->args->name, why);
	sys_thread_exit(d->is_unusable ? DRIVER_EXIT_UNUSABLE : DRIVER_EXIT_NOT_UP);
}

void blk_main(const struct blk_driver_ops *ops)
{
	struct blk_driver *d = &self.driver;

	rt_time_init(&self.time, INFO->tsc_hz, INFO->tsc_boot);
	self.stuck_limit = rt_time_ticks(&self.time, STUCK_NS);
	d->ops = ops;
	d->args = (const struct driver_args *)DRIVER_ARGS;
	d->windows = (const u64 *)DRIVER_WINDOWS;
	d->links = (u8 *)DRIVER_LINK;
	d->dma = (u8 *)DRIVER_DMA;
	d->wait_us = wait_us;
	d->now_ms = now_ms;
	start();
	acknowledge(~0ull, false);
	self.is_irq_proven = false;
	for (;;)
		step();
}
