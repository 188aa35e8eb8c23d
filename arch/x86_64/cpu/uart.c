/* SPDX-License-Identifier: MIT */
/*
 * uart.c - a polled 16550. Every loop is bounded, because a machine without a serial port answers 0xff or whatever it
 * likes.
 */
#include "uart.h"

#include <linux/serial_reg.h>

#include "x86.h"

#define UART_CLOCK_BAUD 115200u
#define POLLS 100000u		/* about 0.1 s of port reads */

static bool is_stuck;

static u8 reg_read(u16 port, u32 reg)
{
	return inb((u16)(port + reg));
}

static void reg_write(u16 port, u32 reg, u32 value)
{
	outb((u16)(port + reg), (u8)value);
}

static bool wait_for(u16 port, u8 bit)
{
	for (u32 i = 0; i < POLLS; i++)
		if (reg_read(port, UART_LSR) & bit)
			return true;
	return false;
}

static bool scratch_ok(u16 port)
{
	reg_write(port, UART_SCR, 0x5a);
	if (reg_read(port, UART_SCR) != 0x5a)
		return false;
	reg_write(port, UART_SCR, 0xa5);
	return reg_read(port, UART_SCR) == 0xa5;
}

/* One byte through the UART's own loop. */
static bool loopback_ok(u16 port)
{
	bool ok;

	reg_write(port, UART_MCR, UART_MCR_LOOP | UART_MCR_RTS | UART_MCR_DTR);
	reg_write(port, UART_TX, 0xae);
	ok = wait_for(port, UART_LSR_DR) && reg_read(port, UART_RX) == 0xae;
	reg_write(port, UART_MCR, UART_MCR_OUT2 | UART_MCR_RTS | UART_MCR_DTR);
	return ok;
}

bool uart_init(u16 port, u32 baud)
{
	u32 divisor = baud == 0 || baud > UART_CLOCK_BAUD ? 1 : UART_CLOCK_BAUD / baud;

	if (!scratch_ok(port))
		return false;
	reg_write(port, UART_IER, 0);
	reg_write(port, UART_LCR, UART_LCR_DLAB);
	reg_write(port, UART_DLL, divisor & 0xff);
	reg_write(port, UART_DLM, divisor >> 8);
	reg_write(port, UART_LCR, UART_LCR_WLEN8);
	reg_write(port, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR | UART_FCR_CLEAR_XMIT);
	return loopback_ok(port);
}

void uart_put(u16 port, char c)
{
	if (is_stuck && !(reg_read(port, UART_LSR) & UART_LSR_THRE))
		return;
	is_stuck = !wait_for(port, UART_LSR_THRE);
	if (!is_stuck)
		reg_write(port, UART_TX, (u8)c);
}
