/* SPDX-License-Identifier: MIT */
/*
 * uart16550.c - 16550A (TL16C550C data sheet), see uart16550.h for what this line is like.
 *
 * The interrupt output is the OR of the enabled, pending sources; it is lowered before a source is raised anew,
 * because the I/O APIC input behind it is edge triggered and would otherwise miss the second event.
 */
#include "uart16550.h"

#include "byte_region.h"

enum { REG_DATA, REG_IER, REG_IIR_FCR, REG_LCR, REG_MCR, REG_LSR, REG_MSR, REG_SCRATCH, REG_COUNT };

#define IER_RDA BIT32(0)
#define IER_THRE BIT32(1)
#define IER_LINE BIT32(2)
#define IER_MODEM BIT32(3)

#define IIR_NONE 0x01u
#define IIR_MODEM 0x00u
#define IIR_THRE 0x02u
#define IIR_RDA 0x04u
#define IIR_LINE 0x06u
#define IIR_TIMEOUT 0x0cu
#define IIR_FIFO 0xc0u

#define FCR_ENABLE BIT32(0)
#define FCR_CLEAR_RX BIT32(1)
#define FCR_CLEAR_TX BIT32(2)

#define LCR_DLAB BIT32(7)
#define MCR_DTR BIT32(0)
#define MCR_RTS BIT32(1)
#define MCR_OUT1 BIT32(2)
#define MCR_OUT2 BIT32(3)
#define MCR_LOOP BIT32(4)

#define LSR_DATA BIT32(0)
#define LSR_OVERRUN BIT32(1)
#define LSR_FRAMING BIT32(3)
#define LSR_BREAK BIT32(4)
#define LSR_THRE BIT32(5)
#define LSR_TEMT BIT32(6)
#define LSR_FIFO_ERROR BIT32(7)
#define LSR_ERRORS (LSR_OVERRUN | LSR_FRAMING | LSR_BREAK)

#define MSR_CTS BIT32(4)
#define MSR_DSR BIT32(5)
#define MSR_RI BIT32(6)
#define MSR_DCD BIT32(7)
#define MSR_LINES 0xf0u

static u32 fifo_depth(const struct uart *u)
{
	return u->is_fifo ? UART_FIFO_BYTES : 1;
}

static u8 fifo_slot(const struct uart_fifo *f, u32 position)
{
	return (u8)((f->start + position) % UART_FIFO_BYTES);
}

static u8 fifo_pop(struct uart_fifo *f)
{
	u8 byte = f->bytes[f->start];

	f->start = fifo_slot(f, 1);
	f->count--;
	return byte;
}

static void fifo_push(struct uart_fifo *f, u8 byte)
{
	f->bytes[fifo_slot(f, f->count)] = byte;
	f->count++;
}

/* The pending source of the highest priority that is enabled. */
static u32 pending_source(const struct uart *u)
{
	if ((u->ier & IER_LINE) && (u->lsr & LSR_ERRORS))
		return IIR_LINE;
	if ((u->ier & IER_RDA) && u->rx.count)
		return !u->is_fifo || u->rx.count >= u->trigger ? IIR_RDA : IIR_TIMEOUT;
	if ((u->ier & IER_THRE) && u->thre_pending)
		return IIR_THRE;
	if ((u->ier & IER_MODEM) && (u->msr & ~MSR_LINES))
		return IIR_MODEM;
	return IIR_NONE;
}

static void update_irq(struct uart *u)
{
	bool is_asserted = pending_source(u) != IIR_NONE;

	if (is_asserted != u->is_asserted) {
		u->is_asserted = is_asserted;
		irq_line_set(&u->irq, is_asserted);
	}
}

/* A break's flags show when it gets to the top of the FIFO. */
static void show_rx_top(struct uart *u)
{
	if (u->rx.count && (u->rx_break & BIT32(u->rx.start))) {
		u->rx_break &= (u16)~BIT32(u->rx.start);
		u->lsr |= LSR_BREAK | LSR_FRAMING;
	}
}

/* False: overrun. In FIFO mode the new byte is lost, else it replaces the old one. */
static bool rx_push(struct uart *u, u8 byte, bool is_break)
{
	if (u->rx.count >= fifo_depth(u)) {
		u->lsr |= LSR_OVERRUN;
		if (u->is_fifo)
			return false;
		u->rx.count = 0;
	}
	if (is_break)
		u->rx_break |= (u16)BIT32(fifo_slot(&u->rx, u->rx.count));
	fifo_push(&u->rx, byte);
	show_rx_top(u);
	return true;
}

static void rx_clear(struct uart *u)
{
	u->rx.count = 0;
	u->rx_break = 0;
}

/* Lowers the interrupt first if that was the last byte, so that refilling gives a new edge. */
static void ask_for_input(struct uart *u)
{
	update_irq(u);
	if (u->rx.count == 0 && !(u->mcr & MCR_LOOP) && u->ops.input_ready)
		u->ops.input_ready(u->ops.ctx);
}

/* Send what the output takes; THRE is latched when the transmitter has run empty. */
static void drain_tx(struct uart *u)
{
	u8 bytes[UART_FIFO_BYTES];
	u32 count = 0, room;

	if (u->mcr & MCR_LOOP) {
		while (u->tx.count)
			rx_push(u, fifo_pop(&u->tx), false);
	} else if (u->tx.count) {
		room = u->ops.room(u->ops.ctx);
		while (u->tx.count && count < room)
			bytes[count++] = fifo_pop(&u->tx);
		if (count)
			u->ops.put(u->ops.ctx, bytes, count);
	}
	if (u->tx.count == 0 && !(u->lsr & LSR_THRE)) {
		u->lsr |= LSR_THRE | LSR_TEMT;
		u->thre_pending = true;
	}
	update_irq(u);
}

static void write_data(struct uart *u, u8 byte)
{
	u->thre_pending = false;
	u->lsr &= (u8)~(LSR_THRE | LSR_TEMT);
	update_irq(u);
	if (u->tx.count < fifo_depth(u))
		fifo_push(&u->tx, byte);
	drain_tx(u);
}

static u8 read_data(struct uart *u)
{
	u8 byte;

	if (u->rx.count == 0)
		return 0;
	byte = fifo_pop(&u->rx);
	show_rx_top(u);
	if (u->rx.count == 0)
		ask_for_input(u);
	update_irq(u);
	return byte;
}

static void note_open(struct uart *u)
{
	if (u->ier & IER_RDA)
		u->is_open = true;
	else if (!(u->mcr & MCR_OUT2))
		u->is_open = false;
}

static void write_ier(struct uart *u, u8 value)
{
	/* Enabling THRE with an empty transmitter raises it: drivers start sending that way. */
	if ((value & IER_THRE) && !(u->ier & IER_THRE) && (u->lsr & LSR_THRE))
		u->thre_pending = true;
	u->ier = value & 0x0f;
	note_open(u);
	update_irq(u);
}

static u8 read_iir(struct uart *u)
{
	u32 source = pending_source(u);

	if (source == IIR_THRE) {
		u->thre_pending = false;
		update_irq(u);
	}
	return (u8)(source | (u->is_fifo ? IIR_FIFO : 0));
}

static void write_fcr(struct uart *u, u8 value)
{
	static const u8 triggers[4] = { 1, 4, 8, 14 };
	bool is_fifo = value & FCR_ENABLE;
	bool is_changed = is_fifo != u->is_fifo;

	u->is_fifo = is_fifo;
	u->trigger = is_fifo ? triggers[value >> 6] : 1;
	if (is_changed || (is_fifo && (value & FCR_CLEAR_RX))) {
		rx_clear(u);
		ask_for_input(u);
	}
	if (is_changed || (is_fifo && (value & FCR_CLEAR_TX)))
		u->tx.count = 0;
	drain_tx(u);
}

/* Take over the modem lines: the other side's, always on, or our own outputs in loopback. Changes leave their mark. */
static void update_modem_lines(struct uart *u)
{
	u32 lines = MSR_CTS | MSR_DSR | MSR_DCD;
	u32 old = u->msr & MSR_LINES, changed;

	if (u->mcr & MCR_LOOP)
		lines = ((u->mcr & MCR_RTS) ? MSR_CTS : 0) | ((u->mcr & MCR_DTR) ? MSR_DSR : 0) |
			((u->mcr & MCR_OUT1) ? MSR_RI : 0) | ((u->mcr & MCR_OUT2) ? MSR_DCD : 0);
	changed = (lines ^ old) & ~MSR_RI;
	if ((old & MSR_RI) && !(lines & MSR_RI))
		changed |= MSR_RI;	/* the trailing edge only */
	u->msr = (u8)(lines | (u->msr & ~MSR_LINES) | changed >> 4);
}

static void write_mcr(struct uart *u, u8 value)
{
	bool was_loop = u->mcr & MCR_LOOP;

	u->mcr = value & 0x1f;
	note_open(u);
	update_modem_lines(u);
	if (was_loop && !(u->mcr & MCR_LOOP))
		ask_for_input(u);
	drain_tx(u);
}

static u8 read_lsr(struct uart *u)
{
	u8 value = u->lsr;

	if (u->rx.count)
		value |= LSR_DATA;
	if (u->is_fifo && (u->rx_break || (value & (LSR_BREAK | LSR_FRAMING))))
		value |= LSR_FIFO_ERROR;
	if (u->lsr & LSR_ERRORS) {
		u->lsr &= (u8)~LSR_ERRORS;
		update_irq(u);
	}
	return value;
}

static u8 read_msr(struct uart *u)
{
	u8 value = u->msr;

	if (value & ~MSR_LINES) {
		u->msr &= MSR_LINES;
		update_irq(u);
	}
	return value;
}

static u8 uart_read_reg(void *device, u32 reg)
{
	struct uart *u = device;
	bool is_dlab = u->lcr & LCR_DLAB;

	switch (reg) {
	case REG_DATA:
		return is_dlab ? (u8)u->divisor : read_data(u);
	case REG_IER:
		return is_dlab ? (u8)(u->divisor >> 8) : u->ier;
	case REG_IIR_FCR:
		return read_iir(u);
	case REG_LCR:
		return u->lcr;
	case REG_MCR:
		return u->mcr;
	case REG_LSR:
		return read_lsr(u);
	case REG_MSR:
		return read_msr(u);
	default:
		return u->scratch;
	}
}

static void uart_write_reg(void *device, u32 reg, u8 value)
{
	struct uart *u = device;
	bool is_dlab = u->lcr & LCR_DLAB;

	switch (reg) {
	case REG_DATA:
		if (is_dlab)
			u->divisor = (u16)((u->divisor & 0xff00) | value);
		else
			write_data(u, value);
		break;
	case REG_IER:
		if (is_dlab)
			u->divisor = (u16)((u->divisor & 0xff) | value << 8);
		else
			write_ier(u, value);
		break;
	case REG_IIR_FCR:
		write_fcr(u, value);
		break;
	case REG_LCR:
		u->lcr = value;
		break;
	case REG_MCR:
		write_mcr(u, value);
		break;
	case REG_SCRATCH:
		u->scratch = value;
		break;
	default:	/* LSR and MSR: factory test only */
		break;
	}
}

static u64 uart_read(void *device, u64 offset, u32 size)
{
	return byte_region_read(device, offset, size, REG_COUNT, uart_read_reg);
}

static void uart_write(void *device, u64 offset, u32 size, u64 value)
{
	byte_region_write(device, offset, size, REG_COUNT, value, uart_write_reg);
}

const struct region_ops uart_region = { .read = uart_read, .write = uart_write };

void uart_init(struct uart *u, const struct uart_ops *ops, const struct irq_line *irq)
{
	*u = (struct uart){ .ops = *ops, .irq = *irq, .divisor = 12, .lsr = LSR_THRE | LSR_TEMT,
			    .msr = MSR_CTS | MSR_DSR | MSR_DCD, .trigger = 1 };
}

u32 uart_receive(struct uart *u, const u8 *bytes, u32 count)
{
	u32 taken = 0;

	if (u->mcr & MCR_LOOP)
		return 0;
	while (taken < count && u->rx.count < fifo_depth(u))
		rx_push(u, bytes[taken++], false);
	update_irq(u);
	return taken;
}

bool uart_receive_break(struct uart *u)
{
	if ((u->mcr & MCR_LOOP) || u->rx.count >= fifo_depth(u))
		return false;
	rx_push(u, 0, true);
	update_irq(u);
	return true;
}

void uart_output_ready(struct uart *u)
{
	drain_tx(u);
}
