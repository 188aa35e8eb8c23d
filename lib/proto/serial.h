/* SPDX-License-Identifier: MIT */
/*
 * serial.h - the service of a line's driver: two byte rings shared with one client, the console. What the client
 * produces in TX goes out on the line, what comes in on the line is in RX.
 *
 * A serial driver that finds RX full stops taking bytes from the UART and drops RTS; nothing is lost silently: bytes
 * lost to an overrun of the UART itself are logged. A break on the line is a mark in RX (ring_cut). The driver of a
 * virtio port keeps bytes in the device's buffers then. It marks in RX where another program has opened the other end,
 * and drops TX while none has.
 */
#ifndef VOS_SERIAL_H
#define VOS_SERIAL_H

#include "ring.h"

/* The lines of the console: its rings, handles and sessions are numbered so (vm_layout.h). */
enum console_line {
	LINE_SERIAL,		/* the kernel's, com1=: a person and programs */
	LINE_SERIAL2,		/* com2=: programs alone, in plain frames */
	LINE_PORT,		/* a virtio port: the same */
	LINE_KINDS
};

#define SERIAL_RX_BYTES 65536u
#define SERIAL_TX_BYTES 16384u
#define PORT_RX_BYTES 262144u
#define PORT_TX_BYTES 131072u

/* What a serial driver drives. */
struct serial_args {
	u32 port;		/* eight I/O ports from here on */
	u32 has_irq;		/* SERIAL_H_IRQ is its interrupt, unless that could not be bound: it polls then */
	u32 baud;
	u32 zero;
	char name[16];		/* of the service, for the log */
};

#endif
