/* SPDX-License-Identifier: MIT */
/*
 * nic_main.c - the loop of a network card's driver, and its system calls. See nic_driver.h.
 */
#include "info_page.h"
#include "nic_driver.h"
#include "range.h"
#include "rt_log.h"
#include "rt_ring.h"
#include "rt_time.h"
#include "sys.h"

#define INFO ((const struct info_page *)INFO_PAGE_ADDRESS)
#define POLL_NS NS_PER_MS		/* without an interrupt */
#define STUCK_NS (10 * NS_PER_S)	/* a card that sends nothing for so long is reset */

static struct {
	struct nic_driver driver;
	struct rt_time time;
	u64 stuck_limit, next_watch, next_poll;	/* in ticks of the TSC */
	bool is_irq_proven;		/* an interrupt has come */
	u32 said;			/* enum nic_state in the log */
} self;

static void wait_us(u32 us)
{
	u64 until = rt_time_after(&self.time, (u64)us * 1000);

	while (rt_time_tsc() < until)
		(void)sys_notify_wait(until, &(u64){ 0 });
}

static void say_carrier(void)
{
	struct nic_driver *d = &self.driver;

	if (d->card.state == self.said)
		return;
	self.said = d->card.state;
	if (self.said == NIC_NO_CARRIER)
		rt_log("%s: no carrier", d->args->name);
	else if (d->card.mbits != 0)
		rt_log("%s: carrier, %u Mbit/s", d->args->name, (unsigned)d->card.mbits);
	else
		rt_log("%s: carrier", d->args->name);
}

/* A level has to be gone before its line is opened again. */
static void acknowledge(u64 bits)
{
	struct nic_driver *d = &self.driver;
	bool is_news = false;

	for (u32 i = 0; i < d->args->interrupt_count && i < DRIVER_IRQS; i++) {
		if ((bits & (DRIVER_BIT_IRQ << i)) == 0)
			continue;
		self.is_irq_proven = true;
		is_news = d->ops->quiet(d, i) || is_news;
		(void)sys_irq_ack(DRIVER_H_IRQ + i);
	}
	if (is_news)
		nic_driver_look(d);
}

/* A line may be wired elsewhere than the firmware says: it is believed when it has fired. */
static bool needs_polling(void)
{
	u32 kind = self.driver.args->interrupts;

	return kind != DRIVER_IRQ_MESSAGES && (kind != DRIVER_IRQ_LINES || !self.is_irq_proven);
}

/* Under load, too: the cable of a busy card may be pulled. */
static void poll(void)
{
	if (!needs_polling() || rt_time_tsc() < self.next_poll)
		return;
	nic_driver_look(&self.driver);
	self.next_poll = rt_time_after(&self.time, POLL_NS);
}

static u64 next_look(void)
{
	return needs_polling() ? min_u64(self.next_poll, self.next_watch) : self.next_watch;
}

/* The next life begins with a reset. */
static void watch(void)
{
	struct nic_driver *d = &self.driver;

	if (!nic_driver_is_stuck(d, rt_time_tsc(), self.stuck_limit, &self.next_watch))
		return;
	rt_log("%s: the card sends nothing for %u s", d->args->name, (unsigned)(STUCK_NS / NS_PER_S));
	sys_thread_exit(DRIVER_EXIT_STUCK);
}

static bool move(void)
{
	struct nic_driver *d = &self.driver;
	bool is_more = nic_driver_step(d);

	rt_ring_wrote(&d->to_switch, NIC_H_SWITCH);
	rt_ring_took(&d->from_switch, NIC_H_SWITCH);
	return is_more;
}

static void step(void)
{
	struct nic_driver *d = &self.driver;
	u64 bits = 0;
	bool is_more = move();

	if (!is_more) {
		ring_consumer_wait(&d->from_switch, true);
		is_more = move();
	}
	poll();
	say_carrier();
	nic_driver_publish(d);
	watch();
	/* Also while there is more: a line that is not acknowledged stays masked, and root takes us for deaf. */
	if (sys_notify_wait(is_more ? 0 : next_look(), &bits) == ST_OK)
		acknowledge(bits);
	ring_consumer_wait(&d->from_switch, false);
}

static void say_card(const char *name, const u8 *mac, u32 mtu)
{
	rt_log("%s: MAC %02x:%02x:%02x:%02x:%02x:%02x, MTU %u", name, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
	       (unsigned)mtu);
}

/* Only root can help: it resets the device. */
static void start(void)
{
	struct nic_driver *d = &self.driver;
	const char *why = nic_driver_start(d, (void *)NIC_LINK);

	if (why == NULL) {
		say_card(d->args->name, d->card.mac, d->card.mtu);
		return;
	}
	rt_log("%s: %s", d->args->name, why);
	sys_thread_exit(d->is_unusable ? DRIVER_EXIT_UNUSABLE : DRIVER_EXIT_NOT_UP);
}

void nic_main(const struct nic_driver_ops *ops)
{
	struct nic_driver *d = &self.driver;

	rt_time_init(&self.time, INFO->tsc_hz, INFO->tsc_boot);
	self.stuck_limit = rt_time_ticks(&self.time, STUCK_NS);
	d->ops = ops;
	d->args = (const struct driver_args *)DRIVER_ARGS;
	d->page = (struct nic_page *)NIC_PAGE;
	d->dma = (u8 *)DRIVER_DMA;
	d->wait_us = wait_us;
	start();
	acknowledge(~0ull);	/* one may be pending from a life before */
	self.is_irq_proven = false;
	for (;;)
		step();
}
