/* SPDX-License-Identifier: MIT */
/*
 * console_port.c - moves bytes between the guest's consoles and the VM's console rings.
 */
#include "console_port.h"

#include <string.h>

#include "syscalls.h"
#include "vm_layout.h"

void console_port_notify(struct console_port *c)
{
	if (c->unnotified == 0)
		return;
	c->unnotified = 0;
	c->notify_ns = DEADLINE_NONE;
	if (ring_consumer_take_waiting(&c->out))
		c->host->signal_console(c->host->ctx);
}

static u64 timer_deadline(void *console_port)
{
	return ((struct console_port *)console_port)->notify_ns;
}

static void timer_run(void *console_port)
{
	struct console_port *c = console_port;

	if (c->notify_ns != DEADLINE_NONE && c->clock->ns(c->clock->ctx) >= c->notify_ns)
		console_port_notify(c);
}

const struct timer_ops console_port_timer = { .deadline_ns = timer_deadline, .run = timer_run };

static u32 room_or_wait(struct console_port *c)
{
	u32 room = ring_room(&c->out);

	if (room)
		return room;
	console_port_notify(c);
	ring_producer_wait(&c->out, true);
	return ring_room(&c->out);
}

static u32 uart_room(void *ctx)
{
	return room_or_wait(ctx);
}

static void write_out(struct console_port *c, const u8 *bytes, u32 count)
{
	ring_write(&c->out, bytes, count);
	c->unnotified += count;
	if (c->unnotified >= CONSOLE_PORTION_BYTES) {
		console_port_notify(c);
	} else if (c->notify_ns == DEADLINE_NONE) {
		c->notify_ns = c->clock->ns(c->clock->ctx) + CONSOLE_PORTION_NS;
		c->ops->armed(c->ctx);
	}
}

u32 console_port_write(void *console_port, const u8 *bytes, u32 count)
{
	u32 done = 0, room;

	/* Until all is out, or room_or_wait has asked for a signal when there is room again. */
	while (done < count && (room = room_or_wait(console_port)) != 0) {
		u32 part = count - done < room ? count - done : room;

		write_out(console_port, bytes + done, part);
		done += part;
	}
	return done;
}

static void uart_put(void *ctx, const u8 *bytes, u32 count)
{
	const struct console_port *c = ctx;

	if (c->watch)
		c->watch(c->watch_ctx, bytes, count);
	write_out(ctx, bytes, count);
}

/* The ring's bytes are the console's encoding of bytes and breaks (vm_layout.h). */
static void hold_byte(struct console_port *c, u8 byte)
{
	if (!c->is_marked && byte == VM_INPUT_MARK) {
		c->is_marked = true;
		return;
	}
	if (c->is_marked && byte == VM_INPUT_BREAK)
		c->held_breaks |= BIT32(c->held_count);
	c->is_marked = false;
	c->held[c->held_count++] = byte;
}

/* Refill `held`; false: the ring is empty, and the console will signal when it is not. */
static bool refill(struct console_port *c)
{
	u8 bytes[UART_FIFO_BYTES];
	u32 count;

	do {
		count = ring_read(&c->in, bytes, sizeof(bytes));
		if (count == 0) {
			ring_consumer_wait(&c->in, true);
			count = ring_read(&c->in, bytes, sizeof(bytes));
		}
		if (count)
			c->ops->received(c->ctx);
		if (count && ring_producer_take_waiting(&c->in))
			c->host->signal_console(c->host->ctx);
		for (u32 i = 0; i < count; i++)
			hold_byte(c, bytes[i]);
	} while (count && c->held_count == 0);
	return c->held_count != 0;
}

/* Held bytes before the next break. */
static u32 before_break(const struct console_port *c)
{
	return c->held_breaks ? (u32)__builtin_ctz(c->held_breaks) : c->held_count;
}

/* Give the other console the bytes before the next break; it knows no breaks. Returns how many it took. */
static u32 give_other(struct console_port *c)
{
	if (c->held_breaks & 1)
		return 1;
	return c->other.receive(c->other.ctx, c->held, before_break(c));
}

/* Give the UART a break, or the bytes before the next break; returns how many it took. */
static u32 give_held(struct console_port *c)
{
	if (c->other.is_open && !uart_is_open(c->uart) && c->other.is_open(c->other.ctx))
		return give_other(c);
	if (c->held_breaks & 1)
		return uart_receive_break(c->uart) ? 1 : 0;
	return uart_receive(c->uart, c->held, before_break(c));
}

void console_port_pump(void *console_port)
{
	struct console_port *c = console_port;

	while (c->held_count || refill(c)) {
		u32 taken = give_held(c);

		if (taken == 0) {
			ring_consumer_wait(&c->in, true);	/* more may come and wake the guest */
			if (ring_used(&c->in) != 0)
				c->ops->received(c->ctx);
			return;
		}
		c->held_count -= taken;
		c->held_breaks >>= taken;
		memmove(c->held, c->held + taken, c->held_count);
	}
}

void console_port_init(struct console_port *c, const struct host *host, void *rings, struct uart *uart,
		       const struct clock *clock, const struct console_port_ops *ops, void *ctx)
{
	u8 *base = rings;

	memset(c, 0, sizeof(*c));
	c->host = host;
	c->uart = uart;
	c->clock = clock;
	c->ops = ops;
	c->ctx = ctx;
	c->notify_ns = DEADLINE_NONE;
	ring_attach_producer(&c->out, (struct ring_shared *)(void *)base, VM_OUTPUT_RING_BYTES);
	ring_attach_consumer(&c->in, (struct ring_shared *)(void *)(base + VM_INPUT_RING_OFFSET), VM_INPUT_RING_BYTES);
	ring_consumer_wait(&c->in, true);
}

void console_port_join(struct console_port *c, const struct console_port_other *other)
{
	c->other = *other;
}

void console_port_watch(struct console_port *c, void (*watch)(void *ctx, const u8 *bytes, u32 count), void *ctx)
{
	c->watch = watch;
	c->watch_ctx = ctx;
}

struct uart_ops console_port_uart_ops(struct console_port *c)
{
	return (struct uart_ops){ .room = uart_room, .put = uart_put, .input_ready = console_port_pump, .ctx = c };
}

void console_port_signalled(struct console_port *c)
{
	if (ring_room(&c->out))
		ring_producer_wait(&c->out, false);
	uart_output_ready(c->uart);
	if (c->other.output_ready)
		c->other.output_ready(c->other.ctx);
	console_port_pump(c);
}

void console_port_defer(struct console_port *c, u64 bits)
{
	__atomic_fetch_or(&c->deferred_bits, bits, __ATOMIC_ACQ_REL);
	if (bits)
		c->ops->deferred(c->ctx);
}

/* Wait until there is room or the deadline passes. Other notification bits are deferred to the loop. */
static bool wait_for_room(struct console_port *c, u64 deadline)
{
	while (room_or_wait(c) == 0) {
		u64 bits = 0;

		if (c->ops->wait(c->ctx, deadline, &bits) == ST_TIMEOUT)
			return false;
		console_port_defer(c, bits);
	}
	return true;
}

void console_port_put(void *console_port, u8 byte)
{
	struct console_port *c = console_port;

	/*
	 * 2^28 ticks: a quarter of a second at 1 GHz, less on faster counters. A console that is stuck that long loses
	 * the byte.
	 */
	if (wait_for_room(c, c->host->tsc(c->host->ctx) + BIT64(28)))
		write_out(c, &byte, 1);
}

void console_port_flush(struct console_port *c, u64 deadline)
{
	u32 before = UART_FIFO_BYTES + 1;

	/* Ends when no byte moves any more: a transmitter in loopback, for example, never empties. */
	while (c->uart->tx.count != 0 && c->uart->tx.count < before && wait_for_room(c, deadline)) {
		before = c->uart->tx.count;
		uart_output_ready(c->uart);
	}
	console_port_notify(c);
}
