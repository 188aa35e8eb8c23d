/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * The UART as drivers use it: probing, FIFOs, every interrupt source and its priority, flow in both directions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fake_board.h"
#include "uart16550.h"

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR };
#define FCR IIR

static struct fake_board machine;
static struct uart uart;
static u8 output[256];
static u32 output_used, output_room;
static u8 input[64];
static u32 input_used, input_count;

static u32 room(void *ctx)
{
	(void)ctx;
	return output_room;
}

static void put(void *ctx, const u8 *bytes, u32 count)
{
	(void)ctx;
	assert_true(count <= output_room);
	memcpy(output + output_used, bytes, count);
	output_used += count;
	output_room -= count;
}

static void input_ready(void *ctx)
{
	(void)ctx;
	input_used += uart_receive(&uart, input + input_used, input_count - input_used);
}

static u8 in(u32 reg)
{
	return (u8)uart_region.read(&uart, reg, 1);
}

static void out(u32 reg, u8 value)
{
	uart_region.write(&uart, reg, 1, value);
}

static int setup(void **state)
{
	const struct uart_ops ops = { room, put, input_ready, NULL };
	struct irq_line line;

	(void)state;
	machine = (struct fake_board){ 0 };
	line = fake_line(&machine, 4);
	output_used = input_used = input_count = 0;
	output_room = sizeof(output);
	uart_init(&uart, &ops, &line);
	return 0;
}

static void test_probe(void **state)
{
	(void)state;
	assert_int_equal(in(LSR), 0x60);
	assert_int_equal(in(IIR), 0x01);
	assert_int_equal(in(MSR), 0xb0);
	out(SCR, 0x5a);
	assert_int_equal(in(SCR), 0x5a);
	out(IER, 0xff);
	assert_int_equal(in(IER), 0x0f);
	out(IER, 0);
	out(MCR, 0xff);
	assert_int_equal(in(MCR), 0x1f);
	/* Loopback: OUT2 -> DCD, OUT1 -> RI, DTR -> DSR, RTS -> CTS. */
	out(MCR, 0x1a);
	assert_int_equal(in(MSR) & 0xf0, 0x90);
	out(MCR, 0x15);
	assert_int_equal(in(MSR) & 0xf0, 0x60);
	out(MCR, 0);
	out(FCR, 0x01);
	assert_int_equal(in(IIR), 0xc1);
	out(FCR, 0);
	assert_int_equal(in(IIR), 0x01);
	out(LCR, 0x83);
	out(DATA, 0x34);
	out(IER, 0x12);
	assert_int_equal(uart_region.read(&uart, 0, 2), 0x1234);
	out(LCR, 0x03);
	assert_int_equal(in(IER), 0);
	assert_int_equal(output_used, 0);
}

static void test_bad_accesses(void **state)
{
	(void)state;
	assert_int_equal(uart_region.read(&uart, 8, 1), 0xff);
	assert_int_equal(uart_region.read(&uart, ~0ull, 4), 0xffffffff);
	assert_int_equal(uart_region.read(&uart, SCR, 2) >> 8, 0xff);
	uart_region.write(&uart, 8, 4, 0x12345678);
	uart_region.write(&uart, ~0ull, 8, 0x12345678);
	uart_region.write(&uart, SCR, 8, 0x77);
	assert_int_equal(in(SCR), 0x77);
	assert_int_equal(output_used, 0);
}

static void test_transmit(void **state)
{
	(void)state;
	out(DATA, 'a');
	assert_int_equal(in(LSR), 0x60);
	out(FCR, 0x01);
	output_room = 3;
	for (u8 i = 0; i < 10; i++)
		out(DATA, (u8)('b' + i));
	assert_int_equal(in(LSR) & 0x60, 0);
	assert_memory_equal(output, "abcd", 4);
	assert_int_equal(output_used, 4);
	output_room = 2;
	uart_output_ready(&uart);
	assert_int_equal(in(LSR) & 0x60, 0);
	output_room = 100;
	uart_output_ready(&uart);
	assert_int_equal(in(LSR) & 0x60, 0x60);
	assert_memory_equal(output, "abcdefghijk", 11);
	assert_int_equal(output_used, 11);
}

static void test_thre_interrupt(void **state)
{
	(void)state;
	out(IER, 0x02);		/* THR is empty: an interrupt at once */
	assert_int_equal(machine.edges, 1);
	assert_int_equal(in(IIR), 0x02);
	assert_int_equal(in(IIR), 0x01);
	assert_false(machine.is_asserted);
	out(IER, 0x02);		/* no 0 -> 1 */
	assert_int_equal(machine.edges, 1);
	out(IER, 0);
	out(IER, 0x02);
	assert_int_equal(machine.edges, 2);
	out(DATA, 'x');		/* falls and rises: another edge, although IIR was not read */
	assert_int_equal(machine.edges, 3);
	assert_int_equal(in(IIR), 0x02);
	output_room = 0;
	out(DATA, 'y');		/* busy: no interrupt before there is room */
	assert_int_equal(machine.edges, 3);
	assert_int_equal(in(IIR), 0x01);
	output_room = 1;
	uart_output_ready(&uart);
	assert_int_equal(machine.edges, 4);
	assert_int_equal(machine.gsi, 4);
	uart_output_ready(&uart);
	in(IIR);
	uart_output_ready(&uart);	/* nothing was sent: no second THRE */
	assert_int_equal(in(IIR), 0x01);
}

static void test_receive_fifo(void **state)
{
	u8 bytes[40];

	(void)state;
	for (u32 i = 0; i < sizeof(bytes); i++)
		bytes[i] = (u8)i;
	out(FCR, 0x81);		/* trigger 8 */
	out(IER, 0x01);
	assert_int_equal(uart_receive(&uart, bytes, 7), 7);
	assert_int_equal(in(IIR), 0xcc);	/* fewer than the level: time-out */
	assert_int_equal(uart_receive(&uart, bytes + 7, 1), 1);
	assert_int_equal(in(IIR), 0xc4);
	assert_int_equal(uart_receive(&uart, bytes + 8, 32), 8);
	assert_int_equal(machine.edges, 1);
	assert_int_equal(in(LSR), 0x61);
	for (u32 i = 0; i < 16; i++)
		assert_int_equal(in(DATA), i);
	assert_int_equal(in(LSR), 0x60);
	assert_false(machine.is_asserted);
	assert_int_equal(in(DATA), 0);
	out(FCR, 0x00);		/* no FIFO: one byte at a time */
	assert_int_equal(uart_receive(&uart, bytes, 5), 1);
	assert_int_equal(in(IIR), 0x04);
}

/* Every byte arrives once and in order, and each refill of an emptied FIFO is a new edge. */
static void test_input_is_pulled(void **state)
{
	(void)state;
	for (u32 i = 0; i < sizeof(input); i++)
		input[i] = (u8)(i + 1);
	out(FCR, 0x01);
	out(IER, 0x01);
	input_count = sizeof(input);
	input_ready(NULL);
	for (u32 i = 0; i < sizeof(input); i++) {
		assert_true(machine.is_asserted);
		assert_int_equal(in(DATA), i + 1);
	}
	assert_false(machine.is_asserted);
	assert_int_equal(machine.edges, sizeof(input) / UART_FIFO_BYTES);
}

static void test_loopback(void **state)
{
	(void)state;
	out(MCR, 0x10);
	assert_int_equal(uart_receive(&uart, (const u8 *)"q", 1), 0);	/* kept by its source */
	out(DATA, 'L');
	assert_int_equal(in(LSR), 0x61);
	assert_int_equal(in(DATA), 'L');
	out(DATA, '1');
	out(DATA, '2');
	assert_int_equal(in(LSR), 0x63);	/* overrun, and cleared by reading */
	assert_int_equal(in(LSR), 0x61);
	assert_int_equal(in(DATA), '2');
	input[0] = 'q';
	input_count = 1;
	out(MCR, 0);				/* leaving loopback asks for what waits */
	assert_int_equal(in(DATA), 'q');
	assert_int_equal(output_used, 0);
}

static void test_line_and_modem_interrupts(void **state)
{
	(void)state;
	out(FCR, 0xc1);
	out(IER, 0x0f);
	in(IIR);
	uart_receive(&uart, (const u8 *)"a", 1);
	assert_true(uart_receive_break(&uart));
	assert_int_equal(in(IIR), 0xcc);
	assert_int_equal(in(LSR), 0xe1);	/* an error somewhere in the FIFO */
	assert_int_equal(in(DATA), 'a');
	assert_int_equal(in(IIR), 0xc6);	/* now at the top: line status wins over data */
	assert_int_equal(in(LSR), 0xf9);
	assert_int_equal(in(IIR), 0xcc);
	assert_int_equal(in(DATA), 0);
	assert_int_equal(uart_receive(&uart, (const u8 *)"0123456789abcdef", 16), 16);
	assert_false(uart_receive_break(&uart));	/* no room: nothing is overrun */
	assert_int_equal(in(LSR) & 0x1e, 0);
	out(FCR, 0xc3);
	out(MCR, 0x10);				/* all lines drop */
	assert_false(uart_receive_break(&uart));
	assert_int_equal(in(IIR), 0xc0);
	assert_int_equal(in(MSR), 0x0b);
	assert_int_equal(in(IIR), 0xc1);
	out(MCR, 0x14);				/* RI rises: no event; falls: TERI */
	assert_int_equal(in(MSR), 0x40);
	out(MCR, 0x10);
	assert_int_equal(in(MSR), 0x04);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_probe, setup),
		cmocka_unit_test_setup(test_bad_accesses, setup),
		cmocka_unit_test_setup(test_transmit, setup),
		cmocka_unit_test_setup(test_thre_interrupt, setup),
		cmocka_unit_test_setup(test_receive_fifo, setup),
		cmocka_unit_test_setup(test_input_is_pulled, setup),
		cmocka_unit_test_setup(test_loopback, setup),
		cmocka_unit_test_setup(test_line_and_modem_interrupts, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
