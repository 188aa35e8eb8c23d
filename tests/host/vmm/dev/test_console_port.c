/* SPDX-License-Identifier: MIT */
/* links: vmm rt */
/*
 * The outer end of the guest's serial line: the console is asked for a signal whenever one is needed, above all when
 * the guest does not read its input, for the next key has to wake it if it is suspended.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "console_port.h"
#include "fake_board.h"
#include "vm_layout.h"

static struct fake_board machine;
static struct clock clock;
static struct uart uart;
static struct console_port port;
static u8 rings[VM_RINGS_BYTES] __attribute__((aligned(4096)));
static struct ring keys, screen;	/* the console's ends */
static u32 received, signals;

static void signal_console(void *ctx)
{
	(void)ctx;
	signals++;
}

static void armed(void *ctx)
{
	(void)ctx;
}

static void note_received(void *ctx)
{
	(void)ctx;
	received++;
}

static u8 in(u32 reg)
{
	return (u8)uart_region.read(&uart, reg, 1);
}

/* The console writes a key, and signals if it was asked to. */
static bool type(u8 key)
{
	assert_int_equal(ring_write(&keys, &key, 1), 1);
	if (!ring_consumer_take_waiting(&keys))
		return false;
	console_port_signalled(&port);
	return true;
}

static int setup(void **state)
{
	static const struct host host = { .signal_console = signal_console };
	static const struct console_port_ops ops = { .armed = armed, .received = note_received };
	struct uart_ops uart_ops;
	struct irq_line line;

	(void)state;
	machine = (struct fake_board){ 0 };
	clock = fake_clock(&machine);
	memset(rings, 0, sizeof(rings));
	received = signals = 0;
	console_port_init(&port, &host, rings, &uart, &clock, &ops, NULL);
	uart_ops = console_port_uart_ops(&port);
	line = fake_line(&machine, 4);
	uart_init(&uart, &uart_ops, &line);
	uart_region.write(&uart, 2, 1, 1);	/* FIFOs on */
	ring_attach_producer(&keys, (struct ring_shared *)(void *)(rings + VM_INPUT_RING_OFFSET), VM_INPUT_RING_BYTES);
	ring_attach_consumer(&screen, (struct ring_shared *)(void *)rings, VM_OUTPUT_RING_BYTES);
	return 0;
}

/* 16 keys fill the UART, 16 more what is held for it; each one after them is still told of. */
static void test_each_key_of_a_deaf_guest(void **state)
{
	(void)state;
	for (u32 i = 0; i < 100; i++) {
		assert_true(type((u8)i));
		assert_int_equal(received, i + 1);
	}
	for (u32 i = 0; i < 100; i++) {		/* and none is lost */
		assert_int_equal(in(5) & 1, 1);
		assert_int_equal(in(0), i);
	}
	assert_int_equal(in(5) & 1, 0);
	assert_true(type('x'));
	assert_int_equal(in(0), 'x');
}

/* A full ring: the console waits for room, and is told when there is some. */
static void test_input_ring_full(void **state)
{
	u8 bytes[VM_INPUT_RING_BYTES + 64] = { 0 };
	u32 count;

	(void)state;
	console_port_signalled(&port);
	assert_int_equal(received, 0);		/* it was for output */
	while ((count = ring_write(&keys, bytes, sizeof(bytes))) != 0)
		console_port_signalled(&port);
	ring_producer_wait(&keys, true);
	signals = 0;
	for (u32 i = 0; i < 4 * UART_FIFO_BYTES; i++)
		(void)in(0);
	assert_int_equal(signals, 1);
	assert_true(ring_room(&keys) != 0);
}

/* hvc0: more than there is room for. What is written in part has asked for a signal when there is room again. */
static void test_write_asks_for_room(void **state)
{
	static u8 text[VM_OUTPUT_RING_BYTES + 100], seen[VM_OUTPUT_RING_BYTES];

	(void)state;
	assert_int_equal(console_port_write(&port, text, VM_OUTPUT_RING_BYTES - 100), VM_OUTPUT_RING_BYTES - 100);
	assert_false(ring_producer_take_waiting(&screen));
	assert_int_equal(console_port_write(&port, text, 200), 100);
	assert_int_equal(ring_read(&screen, seen, sizeof(seen)), VM_OUTPUT_RING_BYTES);
	assert_true(ring_producer_take_waiting(&screen));
}

/* ---- two consoles ---- */

#define IER_RDA 1u
#define MCR_OUT2 8u

static u32 other_bytes;

static bool other_is_open(void *ctx)
{
	(void)ctx;
	return true;
}

static u32 other_receive(void *ctx, const u8 *bytes, u32 count)
{
	(void)ctx;
	(void)bytes;
	other_bytes += count;
	return count;
}

static void other_output_ready(void *ctx)
{
	(void)ctx;
}

static void out(u32 reg, u8 value)
{
	uart_region.write(&uart, reg, 1, value);
}

/* Linux' driver of the serial line switches its interrupts off while the kernel prints: no key is lost meanwhile. */
static void test_keys_while_the_kernel_prints(void **state)
{
	static const struct console_port_other other = { other_is_open, other_receive, other_output_ready, NULL };

	(void)state;
	console_port_join(&port, &other);
	other_bytes = 0;
	assert_true(type('a'));			/* nobody has opened the serial line */
	assert_int_equal(other_bytes, 1);
	out(4, MCR_OUT2);			/* opened */
	out(1, IER_RDA);
	for (u32 i = 0; i < 100; i++) {
		out(1, 0);
		assert_true(type('b'));
		out(0, 'x');
		out(1, IER_RDA);
		assert_int_equal(in(0), 'b');
	}
	assert_int_equal(other_bytes, 1);
	out(1, 0);				/* closed, in the order of Linux and in the other one */
	out(4, 0);
	assert_true(type('c'));
	assert_int_equal(other_bytes, 2);
	out(4, MCR_OUT2);
	out(1, IER_RDA);
	out(4, 0);
	assert_true(type('d'));
	assert_int_equal(in(0), 'd');
	out(1, 0);
	assert_true(type('e'));
	assert_int_equal(other_bytes, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_each_key_of_a_deaf_guest, setup),
		cmocka_unit_test_setup(test_write_asks_for_room, setup),
		cmocka_unit_test_setup(test_input_ring_full, setup),
		cmocka_unit_test_setup(test_keys_while_the_kernel_prints, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
