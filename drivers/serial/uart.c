/* SPDX-License-Identifier: MIT */
/*
 * uart.c - see uart.h. Register bits: <linux/serial_reg.h>.
 */
#include "uart.h"

#include <linux/serial_reg.h>

#define UART_CLOCK_BAUD 115200u
#define FIFO_BYTES 16u
#define SERVICE_ROUNDS 64u	/* bound of one uart_service: 64 FIFOs full */
#define MCR_ON (UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT2)	/* OUT2 connects the interrupt on a PC */

static u8 get(const struct uart *uart, u32 reg)
{
	return uart->io.read(uart->io.context, reg);
}

static void put(const struct uart *uart, u32 reg, u8 value)
{
	uart->io.write(uart->io.context, reg, value);
}

static void set_ier(struct uart *uart, u8 ier)
{
	if (ier == uart->ier)
		return;
	uart->ier = ier;
	put(uart, UART_IER, ier);
}

/* The scratch register keeps what is written; open bus does not. */
static bool is_present(const struct uart *uart)
{
	put(uart, UART_SCR, 0x5a);
	if (get(uart, UART_SCR) != 0x5a)
		return false;
	put(uart, UART_SCR, 0xa5);
	return get(uart, UART_SCR) == 0xa5;
}

static void set_baud(const struct uart *uart, u32 baud)
{
	u32 divisor = baud != 0 && baud <= UART_CLOCK_BAUD ? UART_CLOCK_BAUD / baud : 1;

	put(uart, UART_LCR, UART_LCR_DLAB | UART_LCR_WLEN8);
	put(uart, UART_DLL, (u8)divisor);
	put(uart, UART_DLM, (u8)(divisor >> 8));
	put(uart, UART_LCR, UART_LCR_WLEN8);
}

static const u8 trigger_bits[] = {
	[UART_TRIGGER_1] = UART_FCR_TRIGGER_1, [UART_TRIGGER_14] = UART_FCR_TRIGGER_14,
};

bool uart_init(struct uart *uart, u32 baud, enum uart_trigger trigger)
{
	uart->ier = 0;
	uart->is_rx_stopped = false;
	uart->overruns = 0;
	if (!is_present(uart))
		return false;
	put(uart, UART_IER, 0);
	set_baud(uart, baud);
	/* The receive FIFO is not cleared: somebody may have typed already. */
	put(uart, UART_FCR, UART_FCR_ENABLE_FIFO | trigger_bits[trigger]);
	uart->fifo_bytes = (get(uart, UART_IIR) & 0xc0) == 0xc0 ? FIFO_BYTES : 1;
	put(uart, UART_MCR, MCR_ON);
	set_ier(uart, UART_IER_RDI | UART_IER_RLSI);
	return true;
}

static void stop_rx(struct uart *uart)
{
	uart->is_rx_stopped = true;
	set_ier(uart, uart->ier & (u8)~(UART_IER_RDI | UART_IER_RLSI));
	put(uart, UART_MCR, MCR_ON & ~UART_MCR_RTS);
}

static void start_rx(struct uart *uart)
{
	uart->is_rx_stopped = false;
	ring_producer_wait(&uart->rx, false);
	set_ier(uart, uart->ier | UART_IER_RDI | UART_IER_RLSI);
	put(uart, UART_MCR, MCR_ON);
}

/* True if there is room now; else reception is stopped and the client will signal. */
static bool rx_has_room(struct uart *uart)
{
	if (ring_room(&uart->rx) != 0) {
		if (uart->is_rx_stopped)
			start_rx(uart);
		return true;
	}
	if (!uart->is_rx_stopped)
		stop_rx(uart);
	ring_producer_wait(&uart->rx, true);
	return ring_room(&uart->rx) != 0;
}

static u32 receive(struct uart *uart, u8 lsr)
{
	u8 burst[FIFO_BYTES];
	u32 count = 0, limit;
	bool is_break = false;

	if (lsr & UART_LSR_OE)
		uart->overruns++;
	if (!rx_has_room(uart))
		return 0;
	limit = ring_room(&uart->rx) < FIFO_BYTES ? ring_room(&uart->rx) : FIFO_BYTES;
	/* BI is of the byte at the FIFO's top, which is 0 then; QEMU sets it as soon as the break comes. */
	while ((lsr & UART_LSR_DR) && count < limit && !is_break) {
		burst[count] = get(uart, UART_RX);
		is_break = (lsr & UART_LSR_BI) != 0;
		count += !is_break || burst[count] != 0;
		lsr = get(uart, UART_LSR);
		if (lsr & UART_LSR_OE)
			uart->overruns++;
	}
	count = ring_write(&uart->rx, burst, count);
	if (is_break)
		ring_cut(&uart->rx);
	return count != 0 || is_break ? UART_RECEIVED : 0;
}

static u32 transmit(struct uart *uart, u8 lsr)
{
	u8 burst[FIFO_BYTES];
	u32 count;

	if (!(lsr & UART_LSR_THRE))
		return 0;
	count = ring_read(&uart->tx, burst, uart->fifo_bytes);
	for (u32 i = 0; i < count; i++)
		put(uart, UART_TX, burst[i]);
	set_ier(uart, count != 0 ? uart->ier | UART_IER_THRI : uart->ier & (u8)~UART_IER_THRI);
	return count != 0 ? UART_SENT : 0;
}

u32 uart_service(struct uart *uart)
{
	u32 did = UART_MORE;

	for (u32 round = 0; round < SERVICE_ROUNDS; round++) {
		u8 iir = get(uart, UART_IIR);	/* also takes back a pending "transmitter empty" */
		u8 lsr = get(uart, UART_LSR);
		u32 now = receive(uart, lsr) | transmit(uart, lsr);

		did |= now;
		if (now == 0 && (iir & UART_IIR_NO_INT))
			return did & ~UART_MORE;
		if ((iir & UART_IIR_ID) == UART_IIR_MSI)
			(void)get(uart, UART_MSR);
	}
	return did;
}

bool uart_is_sending(const struct uart *uart)
{
	return (uart->ier & UART_IER_THRI) != 0;
}
