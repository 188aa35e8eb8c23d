/* SPDX-License-Identifier: MIT */
/*
 * uart16550.h - a 16550A serial port: FIFOs, prioritised interrupts, loopback, modem lines.
 *
 * The line is infinitely fast: what the guest transmits leaves at once if the output has room, and stays in the
 * transmit FIFO (THRE clear) until uart_output_ready() otherwise; what comes in waits at its source until the receive
 * FIFO has room. Nothing is lost on either side unless the guest overruns its own FIFO. Four character times without
 * traffic pass at once, so that fewer bytes than the trigger level are a timeout indication.
 */
#ifndef VOS_UART16550_H
#define VOS_UART16550_H

#include "device.h"

#define UART_FIFO_BYTES 16u

struct uart_ops {
	u32 (*room)(void *ctx);					/* bytes that put() takes now */
	void (*put)(void *ctx, const u8 *bytes, u32 count);	/* count <= room() */
	/* the receive FIFO has room again: uart_receive() may be called from within; may be NULL */
	void (*input_ready)(void *ctx);
	void *ctx;
};

struct uart_fifo {
	u8 bytes[UART_FIFO_BYTES];
	u8 start, count;
};

struct uart {
	struct uart_ops ops;
	struct irq_line irq;
	struct uart_fifo rx, tx;
	u16 divisor;
	u16 rx_break;		/* bit = slot of rx that holds a break not at the top yet */
	u8 ier, lcr, mcr, lsr, msr, scratch;
	u8 trigger;		/* receive level of the RDA interrupt */
	bool is_fifo;
	bool thre_pending;	/* THRE interrupt latched; reading IIR or writing THR clears it */
	bool is_asserted;
	bool is_open;		/* see uart_is_open */
};

void uart_init(struct uart *u, const struct uart_ops *ops, const struct irq_line *irq);

/* Push bytes that came in; returns how many were taken. The caller keeps the rest for input_ready(). */
u32 uart_receive(struct uart *u, const u8 *bytes, u32 count);
/* The other side sent a break. False: not taken, there is no room for it. */
bool uart_receive_break(struct uart *u);
/*
 * Has the guest opened the line for input? It has enabled the receive interrupt, and not since let go of both that and
 * OUT2, which on a PC passes the interrupt on. A driver that polls does not. Linux masks the interrupt while the kernel
 * prints: the line stays open.
 */
static inline bool uart_is_open(const struct uart *u) { return u->is_open; }
/* The output has room again. */
void uart_output_ready(struct uart *u);

extern const struct region_ops uart_region;	/* 8 ports; device = struct uart */

#endif
