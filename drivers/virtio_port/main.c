/* SPDX-License-Identifier: MIT */
/*
 * main.c - the program of the virtio port driver: its loop, and its system calls.
 */
#include "info_page.h"
#include "rt_log.h"
#include "rt_ring.h"
#include "rt_time.h"
#include "serial.h"
#include "sys.h"
#include "virtio_port.h"
#include "vm_layout.h"

#define INFO ((const struct info_page *)INFO_PAGE_ADDRESS)
#define ARGS ((const struct driver_args *)DRIVER_ARGS)
#define POLL_NS NS_PER_MS		/* without an interrupt */
#define ROOM_TO_TELL (PORT_TX_BYTES / 2)	/* wake a waiting console when so much is free */

static struct {
	struct port port;
	struct rt_time time;
	bool is_irq_proven;	/* an interrupt has come */
} self;

static void wait_us(u32 us)
{
	u64 until = rt_time_after(&self.time, (u64)us * 1000), bits;

	while (rt_time_tsc() < until)
		(void)sys_notify_wait(until, &bits);
}

/* A line is believed when it has fired. */
static u64 next_look(void)
{
	bool has_irq = ARGS->interrupts == DRIVER_IRQ_MESSAGES ||
		       (ARGS->interrupts == DRIVER_IRQ_LINES && self.is_irq_proven);

	return has_irq ? DEADLINE_NONE : rt_time_after(&self.time, POLL_NS);
}

static void tell_console(void)
{
	struct port *p = &self.port;

	rt_ring_wrote(&p->rx, LINE_H_CONSOLE);
	if (PORT_TX_BYTES - ring_used(&p->tx) >= ROOM_TO_TELL)
		rt_ring_took(&p->tx, LINE_H_CONSOLE);
	if (p->has_news)
		(void)sys_notify_signal(LINE_H_CONSOLE);
	p->has_news = false;
}

/* A level has to be gone before its line is opened again. */
static void acknowledge(u64 bits)
{
	if ((bits & DRIVER_BIT_IRQ) == 0 || ARGS->interrupt_count == 0)
		return;
	self.is_irq_proven = true;
	(void)virtio_pci_quiet(&self.port.pci);
	(void)sys_irq_ack(DRIVER_H_IRQ);
}

static void step(void)
{
	u64 bits = 0;
	bool is_more = port_step(&self.port);

	tell_console();
	if (!is_more) {
		port_wait(&self.port, true);
		is_more = port_step(&self.port);
		tell_console();
	}
	/* A line that is not acknowledged stays masked: also while there is more. */
	if (sys_notify_wait(is_more ? 0 : next_look(), &bits) == ST_OK)
		acknowledge(bits);
	port_wait(&self.port, false);
}

int main(void)
{
	struct port *p = &self.port;
	const char *why;

	rt_time_init(&self.time, INFO->tsc_hz, INFO->tsc_boot);
	p->pci.args = ARGS;
	p->pci.wait_us = wait_us;
	p->dma = (u8 *)DRIVER_DMA;
	ring_attach_producer(&p->rx, (struct ring_shared *)LINE_RX, PORT_RX_BYTES);
	ring_attach_consumer(&p->tx, (struct ring_shared *)LINE_TX, PORT_TX_BYTES);
	why = port_start(p);
	if (why != NULL) {
		rt_log("%s: %s", ARGS->name, why);
		sys_thread_exit(p->pci.is_unusable ? DRIVER_EXIT_UNUSABLE : DRIVER_EXIT_NOT_UP);
	}
	acknowledge(DRIVER_BIT_IRQ);	/* one may be pending from a life before */
	self.is_irq_proven = false;
	for (;;)
		step();
}
