/* SPDX-License-Identifier: MIT */
/*
 * uart.h - a polled 16550, enough for the kernel's first and last words. The serial driver (ring 3) is another program.
 */
#ifndef VOS_UART_H
#define VOS_UART_H

#include "types.h"

/* Is there a UART that holds what is written to it and loops bytes back? Never hangs. Leaves it programmed: 8N1 at this
 * rate, FIFOs on. */
bool uart_init(u16 port, u32 baud);

/* Polled output. A transmitter that does not empty in time loses the byte, and later ones are not waited for until it
 * has emptied. */
void uart_put(u16 port, char c);

#endif
