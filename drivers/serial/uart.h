/* SPDX-License-Identifier: MIT */
/*
 * uart.h - a 16550 UART and the two rings behind it. Pure: ports are reached through uart_io, so that host tests can
 * play the chip.
 *
 * Bytes move in bursts: one interrupt fills the transmit FIFO (16 bytes) or empties the receive FIFO. When the RX
 * ring is full, the receive interrupt is switched off and RTS drops until the client has made room.
 */
#ifndef VOS_UART_H
#define VOS_UART_H

#include "ring.h"
#include "types.h"

struct uart_io {
	u8 (*read)(void *context, u32 reg);		/* reg 0..7 */
	void (*write)(void *context, u32 reg, u8 value);
	void *context;
};

struct uart {
	struct uart_io io;
	struct ring rx;			/* producer */
	struct ring tx;			/* consumer */
	u32 fifo_bytes;			/* 16, or 1 for a chip without */
	u8 ier;				/* as last written */
	bool is_rx_stopped;		/* RX ring full: RTS is down */
	u64 overruns;			/* bytes (at least) that the chip lost */
};

/* What uart_service did, as a set. */
#define UART_RECEIVED BIT32(0)		/* bytes were put into RX */
#define UART_SENT BIT32(1)		/* bytes were taken from TX */
#define UART_MORE BIT32(2)		/* the bound was reached: call again before sleeping, no interrupt will come */

/* How many bytes the receive FIFO collects before it interrupts. */
enum uart_trigger { UART_TRIGGER_1, UART_TRIGGER_14 };

/*
 * Program the line: 8N1 at `baud`, FIFO if there is one, interrupts on. The rings must be attached. False: no UART
 * answers at these ports.
 */
bool uart_init(struct uart *uart, u32 baud, enum uart_trigger trigger);

/*
 * Move what can be moved now, until the chip has nothing more to say (an edge-triggered interrupt comes again only
 * then) or a bound is reached. Returns UART_*. Harmless when called without need.
 */
u32 uart_service(struct uart *uart);

/* Bytes wait in TX or in the chip for something that an interrupt should announce. */
bool uart_is_sending(const struct uart *uart);

#endif
