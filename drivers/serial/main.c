/* SPDX-License-Identifier: MIT */
/*
 * main.c - the serial driver: one UART, one client (the console). It reaches nothing but eight I/O ports, one
 * interrupt and two rings. A second UART has a driver of its own, which is the same program.
 *
 * It sleeps until the interrupt or the client has something for it. A machine whose interrupt is missing or dead is
 * noticed and polled.
 */
#include <cpuid.h>
#include <string.h>

#include "info_page.h"
#include "rt_log.h"
#include "rt_ring.h"
#include "rt_time.h"
#include "serial.h"
#include "uart.h"
#include "vm_layout.h"

#define INFO ((const struct info_page *)INFO_PAGE_ADDRESS)
#define ARGS ((const struct serial_args *)SERIAL_ARGS)
#define CPUID_1_ECX_HYPERVISOR BIT32(31)
#define POLL_NS (1 * NS_PER_MS)			/* no interrupt: shorter than 16 bytes at 115200 baud */
#define UNPROVEN_NS (10 * NS_PER_MS)		/* no interrupt seen yet: look this often */
#define OVERRUN_LOG_NS NS_PER_S
#define ROOM_TO_TELL (SERIAL_TX_BYTES / 2)	/* wake a waiting client when so much is free, not for every burst */

struct driver {
	struct uart uart;
	struct rt_time time;
	bool is_irq_proven;
	u64 overruns_told, next_tell_tsc;
};

static u8 port_read(void *context, u32 reg)
{
	u16 port = (u16)(*(const u32 *)context + reg);
	u8 value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void port_write(void *context, u32 reg, u8 value)
{
	u16 port = (u16)(*(const u32 *)context + reg);

	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

/*
 * On a real chip the FIFO interrupts at the first byte: a key alone then needs no character time-out, more bytes come
 * in one go anyway when there is more to do, and fifteen character times remain. QEMU hands over only as many bytes as
 * the trigger level at a time (serial_can_receive in hw/char/serial.c), however many are waiting: level 14 receives a
 * program's input ten times as fast as level 1. Bochs 2.7 is not a hypervisor to CPUID, and must not get level 14: it
 * forgets to stop the time-out when the FIFO is emptied behind a trigger level, and then offers a byte from long ago.
 */
static enum uart_trigger rx_trigger(void)
{
	u32 eax, ebx, ecx, edx;

	__cpuid(1, eax, ebx, ecx, edx);
	(void)eax;
	(void)ebx;
	(void)edx;
	return ecx & CPUID_1_ECX_HYPERVISOR ? UART_TRIGGER_14 : UART_TRIGGER_1;
}

static void tell_overruns(struct driver *d)
{
	u64 now = rt_time_tsc();

	if (d->uart.overruns == d->overruns_told || now < d->next_tell_tsc)
		return;
	rt_log("%s: the UART lost input (%llu times)", ARGS->name, (unsigned long long)d->uart.overruns);
	d->overruns_told = d->uart.overruns;
	d->next_tell_tsc = now + rt_time_ticks(&d->time, OVERRUN_LOG_NS);
}

static void tell_client(struct driver *d)
{
	rt_ring_wrote(&d->uart.rx, LINE_H_CONSOLE);
	if (SERIAL_TX_BYTES - ring_used(&d->uart.tx) >= ROOM_TO_TELL)
		rt_ring_took(&d->uart.tx, LINE_H_CONSOLE);
}

static u64 next_look(const struct driver *d)
{
	if (d->is_irq_proven)
		return DEADLINE_NONE;
	return rt_time_after(&d->time, !ARGS->has_irq || uart_is_sending(&d->uart) ? POLL_NS : UNPROVEN_NS);
}

/* Everything there is to do, then sleep. */
static void step(struct driver *d)
{
	u64 bits = 0;
	u32 did;

	ring_consumer_wait(&d->uart.tx, false);
	did = uart_service(&d->uart);
	tell_client(d);
	tell_overruns(d);
	ring_consumer_wait(&d->uart.tx, !uart_is_sending(&d->uart));	/* else the interrupt finds what is new */
	if ((did & UART_MORE) != 0 || (ring_used(&d->uart.tx) != 0 && !uart_is_sending(&d->uart)))
		return;
	if (sys_notify_wait(next_look(d), &bits) != ST_OK || (bits & SERIAL_BIT_IRQ) == 0)
		return;
	d->is_irq_proven = true;
	(void)sys_irq_ack(SERIAL_H_IRQ);
}

int main(void)
{
	static struct driver d;
	static u32 port;

	port = ARGS->port;
	d.uart.io = (struct uart_io){ .read = port_read, .write = port_write, .context = &port };
	rt_time_init(&d.time, INFO->tsc_hz, INFO->tsc_boot);
	ring_attach_producer(&d.uart.rx, (struct ring_shared *)LINE_RX, SERIAL_RX_BYTES);
	ring_attach_consumer(&d.uart.tx, (struct ring_shared *)LINE_TX, SERIAL_TX_BYTES);
	if (!uart_init(&d.uart, ARGS->baud, rx_trigger())) {
		rt_log("%s: no UART at port 0x%x", ARGS->name, (unsigned)port);
		for (;;)
			(void)sys_notify_wait(DEADLINE_NONE, NULL);
	}
	(void)sys_irq_ack(SERIAL_H_IRQ);	/* one may be pending from a life before */
	for (;;)
		step(&d);
}
