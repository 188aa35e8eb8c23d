/* SPDX-License-Identifier: MIT */
/*
 * console_port.h - the outer end of the guest's consoles, its serial line and its virtio console: the VM's two console
 * rings. Output of both goes into one ring. Input goes to the serial line, or to the virtio console while that has a
 * driver and nothing in the guest has opened the serial line for input.
 *
 * No byte is lost: while the output ring is full, the UART's transmitter stays busy, and input waits in its ring until
 * the receiver has room. The VMM notifies the console of output in portions, because a notification for each byte would
 * cost two switches of address space a byte.
 */
#ifndef VOS_CONSOLE_PORT_H
#define VOS_CONSOLE_PORT_H

#include "host.h"
#include "ring.h"
#include "uart16550.h"

/* The guest's other console. */
struct console_port_other {
	bool (*is_open)(void *ctx);
	u32 (*receive)(void *ctx, const u8 *bytes, u32 count);	/* returns how many it took */
	void (*output_ready)(void *ctx);
	void *ctx;
};

struct console_port_ops {
	void (*armed)(void *ctx);	/* the deadline notify_ns has come nearer */
	/* As host.wait, except that other threads may use the console port meanwhile, and that it may return early. */
	enum status (*wait)(void *ctx, u64 deadline_tsc, u64 *bits);
	void (*deferred)(void *ctx);	/* deferred_bits is not 0 any more */
	void (*received)(void *ctx);	/* the input ring has bytes that this call takes, or leaves there */
};

struct console_port {
	const struct host *host;
	struct ring out, in;
	struct uart *uart;
	u8 held[UART_FIFO_BYTES];	/* read from the ring, not taken by the UART yet */
	u32 held_count;
	u32 held_breaks;		/* bit i: held[i] is a break */
	bool is_marked;			/* the ring's last byte was VM_INPUT_MARK: the next one says what it marks */
	u64 deferred_bits;		/* atomic: notification bits that came while waiting for room */
	const struct clock *clock;
	const struct console_port_ops *ops;
	void *ctx;
	struct console_port_other other;	/* is_open is NULL: there is none */
	void (*watch)(void *ctx, const u8 *bytes, u32 count);	/* NULL: nobody does */
	void *watch_ctx;
	u32 unnotified;			/* bytes in the output ring since the console's last notification */
	u64 notify_ns;			/* guest time of the next notification; DEADLINE_NONE = none is due */
};

#define CONSOLE_PORTION_BYTES 1024u
#define CONSOLE_PORTION_NS 5000000ull

/* rings: VM_RINGS_BYTES of shared memory. ops->armed says that the deadline of console_port_timer has changed. */
void console_port_init(struct console_port *c, const struct host *host, void *rings, struct uart *uart,
		       const struct clock *clock, const struct console_port_ops *ops, void *ctx);
static inline bool console_port_has_deferred_bits(const struct console_port *c)
{
	return __atomic_load_n(&c->deferred_bits, __ATOMIC_RELAXED) != 0;
}
void console_port_defer(struct console_port *c, u64 bits);
static inline u64 console_port_take_deferred_bits(struct console_port *c)
{
	return console_port_has_deferred_bits(c) ? __atomic_exchange_n(&c->deferred_bits, 0, __ATOMIC_ACQ_REL) : 0;
}
/* Notify the console of all output now. Thread 0 calls this before it sleeps. */
void console_port_notify(struct console_port *c);
extern const struct timer_ops console_port_timer;	/* device = struct console_port */
/* For uart_init. */
struct uart_ops console_port_uart_ops(struct console_port *c);
/* Show it what the serial line sends, too. */
void console_port_watch(struct console_port *c, void (*watch)(void *ctx, const u8 *bytes, u32 count), void *ctx);
/* The guest has another console; what it writes and when it takes input. */
void console_port_join(struct console_port *c, const struct console_port_other *other);
u32 console_port_write(void *console_port, const u8 *bytes, u32 count);	/* returns how many bytes there was room for */
void console_port_pump(void *console_port);
/* The console signalled: room in the output, or bytes in the input. */
void console_port_signalled(struct console_port *c);
/* Write one byte without the UART (debug port): waits up to a quarter of a second for room. */
void console_port_put(void *console_port, u8 byte);
/* The machine stops: wait until `deadline` (host TSC) for the console to take what the UART still holds. */
void console_port_flush(struct console_port *c, u64 deadline);

#endif
