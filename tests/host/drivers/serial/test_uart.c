/* SPDX-License-Identifier: MIT */
/*
 * The serial driver's engine against a model of a 16550: bursts, flow control, overruns, a chip without FIFO, no chip.
 */
/* links: serial rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <linux/serial_reg.h>

#include "uart.h"

#define RING 256u

struct chip {
	bool is_absent, has_fifo;
	u8 regs[8], divisor[2];
	u8 in[4096];
	u32 in_count, in_taken;
	u8 out[65536];
	u32 out_count, in_fifo;		/* in_fifo: bytes not on the line yet */
	bool is_overrun, is_timing_out, is_phantom;
	u32 break_after;	/* so many bytes; 0 = none comes */
	u32 reads, writes;
};

static struct chip chip;
static struct uart uart;
static u64 rx_memory[RING_BYTES(RING) / 8], tx_memory[RING_BYTES(RING) / 8];
static struct ring client_rx, client_tx;

static u8 lsr(struct chip *c)
{
	u8 value = 0;

	if (c->in_taken < c->in_count || c->is_phantom)
		value |= UART_LSR_DR;
	if ((value & UART_LSR_DR) && c->break_after != 0 && c->in_taken == c->break_after)
		value |= UART_LSR_BI;
	if (c->in_fifo == 0)
		value |= UART_LSR_THRE | UART_LSR_TEMT;
	if (c->is_overrun)
		value |= UART_LSR_OE;
	c->is_overrun = false;
	return value;
}

static u8 iir(const struct chip *c)
{
	u8 fifo = c->has_fifo ? 0xc0 : 0;

	if ((c->regs[UART_IER] & UART_IER_RDI) && c->in_taken < c->in_count)
		return fifo | UART_IIR_RDI;
	if ((c->regs[UART_IER] & UART_IER_THRI) && c->in_fifo == 0)
		return fifo | UART_IIR_THRI;
	return fifo | UART_IIR_NO_INT;
}

static u8 chip_read(void *context, u32 reg)
{
	struct chip *c = context;

	assert_in_range(reg, 0, 7);
	c->reads++;
	if (c->is_absent)
		return 0xff;
	if (reg == UART_RX) {
		c->is_phantom = false;
		return c->in_taken < c->in_count ? c->in[c->in_taken++] : 'e';
	}
	if (reg == UART_IIR)
		return iir(c);
	if (reg == UART_LSR)
		return lsr(c);
	return c->regs[reg];
}

static void chip_write(void *context, u32 reg, u8 value)
{
	struct chip *c = context;

	assert_in_range(reg, 0, 7);
	c->writes++;
	if (reg <= 1 && (c->regs[UART_LCR] & UART_LCR_DLAB)) {
		c->divisor[reg] = value;
		return;
	}
	if (reg == UART_TX) {
		assert_true(c->in_fifo < (c->has_fifo ? 16u : 1u));	/* a byte too many would be lost */
		c->in_fifo++;
		c->out[c->out_count++] = value;
		return;
	}
	c->regs[reg] = value;
}

static void type(const void *bytes, u32 count)
{
	memcpy(chip.in + chip.in_count, bytes, count);
	chip.in_count += count;
}

/*
 * As in Bochs 2.7: a byte that does not reach the trigger level starts the character time-out, one that does stops
 * it, and reading doesn't.
 */
static void arrive(u8 byte)
{
	static const u8 levels[] = { 1, 4, 8, 14 };

	type(&byte, 1);
	chip.is_timing_out = levels[chip.regs[UART_FCR] >> 6] != 1 &&
		chip.in_count - chip.in_taken != levels[chip.regs[UART_FCR] >> 6];
}

static void time_out(void)
{
	chip.is_phantom = chip.is_timing_out && chip.in_taken == chip.in_count;
	chip.is_timing_out = false;
}

static int fresh(void **state)
{
	(void)state;
	chip = (struct chip){ .has_fifo = true };
	memset(rx_memory, 0, sizeof(rx_memory));
	memset(tx_memory, 0, sizeof(tx_memory));
	uart = (struct uart){ .io = { chip_read, chip_write, &chip } };
	ring_attach_producer(&uart.rx, (struct ring_shared *)rx_memory, RING);
	ring_attach_consumer(&uart.tx, (struct ring_shared *)tx_memory, RING);
	ring_attach_consumer(&client_rx, (struct ring_shared *)rx_memory, RING);
	ring_attach_producer(&client_tx, (struct ring_shared *)tx_memory, RING);
	return 0;
}

static void programs_the_line(void **state)
{
	(void)state;
	assert_true(uart_init(&uart, 9600, UART_TRIGGER_1));
	assert_int_equal(chip.divisor[0], 12);
	assert_int_equal(chip.divisor[1], 0);
	assert_int_equal(chip.regs[UART_LCR], UART_LCR_WLEN8);
	assert_int_equal(uart.fifo_bytes, 16);
	assert_true(chip.regs[UART_MCR] & UART_MCR_OUT2);
	assert_true(chip.regs[UART_MCR] & UART_MCR_RTS);
	assert_true(uart_init(&uart, 0, UART_TRIGGER_1));
	assert_int_equal(chip.divisor[0], 1);
}

static void obeys_the_trigger(void **state)
{
	(void)state;
	assert_true(uart_init(&uart, 115200, UART_TRIGGER_1));
	assert_int_equal(chip.regs[UART_FCR], UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_1);
	assert_true(uart_init(&uart, 115200, UART_TRIGGER_14));
	assert_int_equal(chip.regs[UART_FCR], UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_14);	/* nothing is cleared */
}

/* Fewer bytes than the trigger level are received too, when the chip's time-out brings us here. */
static void receives_below_the_trigger(void **state)
{
	(void)state;
	assert_true(uart_init(&uart, 115200, UART_TRIGGER_14));
	for (u32 count = 1; count <= 16; count++) {
		type("abcdefghijklmnop", count);
		assert_int_equal(uart_service(&uart), UART_RECEIVED);
	}
	assert_int_equal(ring_used(&client_rx), 16 * 17 / 2);
}

static void sees_that_there_is_none(void **state)
{
	(void)state;
	chip.is_absent = true;
	assert_false(uart_init(&uart, 115200, UART_TRIGGER_1));
}

static void sends_in_bursts(void **state)
{
	static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyz....";
	u32 count = sizeof(text) - 1;

	(void)state;
	assert_true(uart_init(&uart, 115200, UART_TRIGGER_1));
	assert_int_equal(ring_write(&client_tx, text, count), count);
	assert_int_equal(uart_service(&uart), UART_SENT);
	assert_int_equal(chip.out_count, 16);
	assert_true(uart_is_sending(&uart));
	chip.reads = chip.writes = 0;
	chip.in_fifo = 0;
	assert_int_equal(uart_service(&uart), UART_SENT);
	assert_int_equal(chip.out_count, 32);
	assert_int_equal(chip.writes, 16);	/* the hot path: nothing but the bytes is written, */
	assert_in_range(chip.reads, 2, 4);	/* and little is read */
	chip.in_fifo = 0;
	(void)uart_service(&uart);
	chip.in_fifo = 0;
	assert_int_equal(uart_service(&uart), 0);
	assert_false(uart_is_sending(&uart));
	assert_int_equal(chip.out_count, count);
	assert_memory_equal(chip.out, text, count);
}

static void sends_without_fifo(void **state)
{
	(void)state;
	chip.has_fifo = false;
	assert_true(uart_init(&uart, 115200, UART_TRIGGER_1));
	assert_int_equal(uart.fifo_bytes, 1);
	assert_int_equal(ring_write(&client_tx, "ab", 2), 2);
	for (u32 i = 0; i < 2; i++, chip.in_fifo = 0)
		assert_int_equal(uart_service(&uart), UART_SENT);
	assert_memory_equal(chip.out, "ab", 2);
}

static void receives_and_stops_when_full(void **state)
{
	u8 bytes[400], got[400];

	(void)state;
	for (u32 i = 0; i < sizeof(bytes); i++)
		bytes[i] = (u8)i;
	assert_true(uart_init(&uart, 115200, UART_TRIGGER_1));
	type(bytes, sizeof(bytes));
	assert_int_equal(uart_service(&uart), UART_RECEIVED);
	assert_int_equal(ring_used(&client_rx), RING);
	assert_false(chip.regs[UART_MCR] & UART_MCR_RTS);
	assert_false(chip.regs[UART_IER] & UART_IER_RDI);
	assert_int_equal(uart_service(&uart), 0);		/* still full: nothing happens, nothing is lost */
	assert_int_equal(ring_read(&client_rx, got, 200), 200);
	assert_true(ring_producer_take_waiting(&client_rx));
	assert_int_equal(uart_service(&uart), UART_RECEIVED);
	assert_true(chip.regs[UART_MCR] & UART_MCR_RTS);
	assert_true(chip.regs[UART_IER] & UART_IER_RDI);
	assert_int_equal(ring_read(&client_rx, got + 200, 200), 200);
	assert_memory_equal(got, bytes, 400);
}

/* Nothing comes twice, whatever the driver finds in the FIFO when it looks. */
static void a_late_time_out_adds_nothing(void **state)
{
	(void)state;
	assert_true(uart_init(&uart, 115200, UART_TRIGGER_1));
	for (u32 count = 1; count <= 16; count++) {
		for (u32 i = 0; i < count; i++)
			arrive('a');
		(void)uart_service(&uart);
		time_out();
		(void)uart_service(&uart);
	}
	assert_int_equal(ring_used(&client_rx), 16 * 17 / 2);
}

/* What was typed before it comes first, then the mark; the zero that the chip has for it is not typed. */
static void a_break_is_a_mark(void **state)
{
	char bytes[8];
	bool is_cut;

	(void)state;
	type("ab\0cd", 5);
	chip.break_after = 2;
	(void)uart_service(&uart);
	assert_int_equal(ring_used_to_cut(&client_rx, &is_cut), 2);
	assert_int_equal(ring_read(&client_rx, bytes, 2), 2);
	assert_memory_equal(bytes, "ab", 2);
	assert_int_equal(ring_used_to_cut(&client_rx, &is_cut), 0);
	assert_true(is_cut);
	assert_int_equal(ring_read(&client_rx, bytes, sizeof(bytes)), 2);
	assert_memory_equal(bytes, "cd", 2);
}

static void counts_overruns(void **state)
{
	(void)state;
	assert_true(uart_init(&uart, 115200, UART_TRIGGER_1));
	type("x", 1);
	chip.is_overrun = true;
	assert_int_equal(uart_service(&uart), UART_RECEIVED);
	assert_int_equal(uart.overruns, 1);
}

static void a_hostile_client_gets_nothing(void **state)
{
	struct ring_shared *tx = (struct ring_shared *)tx_memory, *rx = (struct ring_shared *)rx_memory;

	(void)state;
	assert_true(uart_init(&uart, 115200, UART_TRIGGER_1));
	tx->head = 0x80000000u;
	rx->tail = 0x12345678u;
	type("hello", 5);
	(void)uart_service(&uart);
	assert_int_equal(chip.out_count, 0);
}

/* A line that never runs dry does not hold the driver for ever. */
static void is_bounded(void **state)
{
	(void)state;
	chip.is_absent = false;
	assert_true(uart_init(&uart, 115200, UART_TRIGGER_1));
	chip.is_absent = true;				/* now every register reads 0xff: data ready for ever */
	assert_true(uart_service(&uart) & UART_MORE || ring_used(&client_rx) == RING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(programs_the_line, fresh),
		cmocka_unit_test_setup(obeys_the_trigger, fresh),
		cmocka_unit_test_setup(receives_below_the_trigger, fresh),
		cmocka_unit_test_setup(sees_that_there_is_none, fresh),
		cmocka_unit_test_setup(sends_in_bursts, fresh),
		cmocka_unit_test_setup(sends_without_fifo, fresh),
		cmocka_unit_test_setup(receives_and_stops_when_full, fresh),
		cmocka_unit_test_setup(a_late_time_out_adds_nothing, fresh),
		cmocka_unit_test_setup(a_break_is_a_mark, fresh),
		cmocka_unit_test_setup(counts_overruns, fresh),
		cmocka_unit_test_setup(a_hostile_client_gets_nothing, fresh),
		cmocka_unit_test_setup(is_bounded, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
