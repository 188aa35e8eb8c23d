/* SPDX-License-Identifier: MIT */
/*
 * The driver of a virtio port against a model of a device (virtio 1.2, 5.3): the port that is called vos and no other,
 * bytes both ways, a host that comes and goes, and devices that lie.
 */
/* links: virtio_port rt */
/* helpers: port_bench.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "port_bench.h"

#define IN 6u			/* queues of port 2 */
#define OUT 7u

static u8 pattern[300000], received[sizeof(pattern)];

static int setup(void **state)
{
	(void)state;
	for (u32 i = 0; i < sizeof(pattern); i++)
		pattern[i] = (u8)(i * 7 + i / 251);
	bench_reset();
	return 0;
}

static u32 take_input(u32 most)
{
	return ring_read(&bench_rx, received, most);
}

static void handshake(void **state)
{
	(void)state;
	assert_null(port_start(&bench));
	assert_int_equal(bench_device.status & VIRTIO_CONFIG_S_DRIVER_OK, VIRTIO_CONFIG_S_DRIVER_OK);
	assert_true(bench_device.taken == (BIT64(VIRTIO_F_VERSION_1) | BIT64(VIRTIO_F_ACCESS_PLATFORM) |
					   BIT64(VIRTIO_CONSOLE_F_MULTIPORT)));
	for (u32 i = 0; i < BENCH_QUEUES; i++)
		assert_int_equal(bench_device.queues[i].enable, 1);
	assert_int_equal(bench_device.queues[BENCH_QUEUES].enable, 0);
	bench_expect_message(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	bench_say(0, VIRTIO_CONSOLE_PORT_ADD, 1, NULL);
	bench_say(1, VIRTIO_CONSOLE_PORT_ADD, 1, NULL);
	bench_say(2, VIRTIO_CONSOLE_PORT_ADD, 1, NULL);
	bench_steps();
	for (u32 i = 0; i < 3; i++)
		bench_expect_message(i, VIRTIO_CONSOLE_PORT_READY, 1);
	bench_say(1, VIRTIO_CONSOLE_PORT_NAME, 1, "vosx");
	bench_say(0, VIRTIO_CONSOLE_PORT_NAME, 1, "");
	bench_say(1, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
	bench_expect_silence();
	bench_say(2, VIRTIO_CONSOLE_PORT_NAME, 1, "vos");
	bench_steps();
	bench_expect_message(2, VIRTIO_CONSOLE_PORT_OPEN, 1);
	assert_int_equal(bench_buffers(IN), PORT_SLOTS);
	assert_int_equal(bench_buffers(0), 0);		/* the others get no buffers */
	assert_int_equal(bench_buffers(4), 0);
	assert_false(bench.is_open);
	bench_say(2, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
	bench_expect_silence();
	assert_true(bench.is_open && bench.has_news);
	assert_int_equal(bench.broken, 0);
}

/* Messages for which the device has left no room are said when there is some. */
static void control_queue_is_full(void **state)
{
	(void)state;
	bench_device.queue_size = 2;
	assert_null(port_start(&bench));
	for (u32 i = 0; i < 3; i++) {
		bench_say(i, VIRTIO_CONSOLE_PORT_ADD, 1, NULL);
		bench_steps();
	}
	bench_say(2, VIRTIO_CONSOLE_PORT_NAME, 1, "vos");
	bench_steps();
	bench_expect_message(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
	bench_expect_message(0, VIRTIO_CONSOLE_PORT_READY, 1);
	bench_steps();
	bench_expect_message(1, VIRTIO_CONSOLE_PORT_READY, 1);
	bench_expect_message(2, VIRTIO_CONSOLE_PORT_READY, 1);
	bench_steps();
	bench_expect_message(2, VIRTIO_CONSOLE_PORT_OPEN, 1);
	bench_expect_silence();
	assert_int_equal(bench.broken, 0);
}

static void both_ways(void **state)
{
	u32 at = 0, got = 0;

	(void)state;
	bench_bring_up();
	while (got < sizeof(pattern)) {		/* more than ring and buffers hold: it waits, and nothing is lost */
		u32 left = (u32)sizeof(pattern) - at;

		at += bench_write(IN, pattern + at, left > 5000 ? 5000 : left);
		bench_steps();
		if (at % 3 == 0 || at == sizeof(pattern) || bench_buffers(IN) == 0)
			got += ring_read(&bench_rx, received + got, 3001);
	}
	assert_memory_equal(received, pattern, sizeof(pattern));
	memset(received, 0, sizeof(received));
	for (at = got = 0; got < sizeof(pattern);) {
		at += ring_write(&bench_tx, pattern + at, (u32)sizeof(pattern) - at);
		bench_steps();
		got += bench_read(OUT, received + got, (u32)sizeof(received) - got);
	}
	assert_memory_equal(received, pattern, sizeof(pattern));
	assert_int_equal(bench.dropped, 0);
	assert_int_equal(bench.broken, 0);
	assert_true(bench_device.queues[IN].notifies > 10 && bench_device.queues[OUT].notifies > 10);
}

/* Bytes that have no room wait in the device's buffers; the console is asked to tell when there is some. */
static void full(void **state)
{
	u32 at = 0, before;

	(void)state;
	bench_bring_up();
	do {
		before = at;
		at += bench_write(IN, pattern + at, 4000);
		bench_steps();
	} while (at != before);
	assert_int_equal(ring_used(&bench_rx), BENCH_RX_BYTES);
	assert_true(bench.has_held);
	port_wait(&bench, true);
	assert_int_equal(take_input(100), 100);
	assert_true(ring_producer_take_waiting(&bench_rx));
	bench_steps();
	assert_int_equal(ring_used(&bench_rx), BENCH_RX_BYTES);
	for (u32 got = 100; got < at; got += BENCH_RX_BYTES / 4) {
		u32 most = at - got < BENCH_RX_BYTES / 4 ? at - got : BENCH_RX_BYTES / 4;

		assert_int_equal(take_input(most), most);
		assert_memory_equal(received, pattern + got, most);
		bench_steps();
	}
	assert_false(bench.has_held);
}

static void expect_cut(bool is_cut)
{
	bool told;

	(void)ring_used_to_cut(&bench_rx, &told);
	assert_int_equal(told, is_cut);
}

static void host_comes_and_goes(void **state)
{
	(void)state;
	bench_bring_up();
	expect_cut(true);
	assert_int_equal(bench_write(IN, "old", 3), 3);
	bench_steps();
	bench_say(2, VIRTIO_CONSOLE_PORT_OPEN, 0, NULL);
	bench_steps();
	assert_int_equal(ring_write(&bench_tx, pattern, 10000), 10000);
	bench_steps();
	assert_int_equal(bench.dropped, 10000);
	assert_int_equal(bench_buffers(OUT), 0);
	bench.has_news = false;
	bench_say(2, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
	bench_steps();
	assert_true(bench.has_news);
	assert_int_equal(bench_write(IN, "new", 3), 3);
	bench_steps();
	expect_cut(false);
	assert_int_equal(take_input(3), 3);
	assert_memory_equal(received, "old", 3);
	expect_cut(true);
	assert_int_equal(take_input(10), 3);
	assert_memory_equal(received, "new", 3);
	bench_say(2, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);	/* said twice: no other stream */
	bench_steps();
	expect_cut(false);
	assert_int_equal(ring_write(&bench_tx, "answer", 6), 6);
	bench_steps();
	assert_int_equal(bench_read(OUT, received, 100), 6);
	assert_int_equal(bench.dropped, 10000);
}

/* What the last program's bytes left waiting is not the next one's. */
static void held_bytes_are_dropped(void **state)
{
	(void)state;
	bench_bring_up();
	expect_cut(true);
	while (bench_write(IN, pattern, 4000) != 0)
		bench_steps();
	assert_true(bench.has_held);
	bench_say(2, VIRTIO_CONSOLE_PORT_OPEN, 0, NULL);
	bench_say(2, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
	bench_steps();
	assert_int_equal(take_input(BENCH_RX_BYTES), BENCH_RX_BYTES);
	expect_cut(true);
}

/* The device learns that it has the buffer of dropped bytes again. */
static void dropped_buffer_is_told(void **state)
{
	u32 before;

	(void)state;
	bench_bring_up();
	expect_cut(true);
	for (u32 at = 0; at < BENCH_RX_BYTES; at += 4096) {
		assert_int_equal(bench_write(IN, pattern + at, 4096), 4096);
		bench_steps();
	}
	assert_int_equal(bench_write(IN, pattern, 1), 1);
	bench_steps();
	assert_true(bench.has_held);
	before = bench_device.queues[IN].notifies;
	bench_say(2, VIRTIO_CONSOLE_PORT_OPEN, 0, NULL);
	bench_say(2, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
	bench_steps();
	assert_int_equal(bench_buffers(IN), PORT_SLOTS);
	assert_int_equal(bench_device.queues[IN].notifies, before + 1);
}

static void port_goes_and_comes_back(void **state)
{
	(void)state;
	bench_bring_up();
	bench_say(2, VIRTIO_CONSOLE_PORT_REMOVE, 0, NULL);
	bench_say(1, VIRTIO_CONSOLE_PORT_NAME, 1, "vos");	/* another one's queues have no buffers */
	bench_expect_silence();
	assert_false(bench.is_open);
	bench_say(2, VIRTIO_CONSOLE_PORT_ADD, 1, NULL);
	bench_say(2, VIRTIO_CONSOLE_PORT_NAME, 1, "vos");
	bench_say(2, VIRTIO_CONSOLE_PORT_OPEN, 1, NULL);
	bench_steps();
	bench_expect_message(2, VIRTIO_CONSOLE_PORT_READY, 1);
	bench_expect_message(2, VIRTIO_CONSOLE_PORT_OPEN, 1);
	assert_int_equal(bench_buffers(IN), PORT_SLOTS);
	assert_int_equal(bench_write(IN, "again", 5), 5);
	bench_steps();
	assert_int_equal(take_input(10), 5);
}

static void expect_works(void)
{
	(void)take_input(BENCH_RX_BYTES);
	assert_int_equal(bench_write(IN, "still", 5), 5);
	bench_steps();
	assert_int_equal(take_input(100), 5);
	assert_memory_equal(received, "still", 5);
}

static void lies(void **state)
{
	static const u32 ids[] = { PORT_SLOTS, PORT_SLOTS - 1, 0x80000000, ~0u, 3 };
	u8 message[4] = { 2, 0, 0, 0 };
	u64 broken;

	(void)state;
	bench_bring_up();
	for (u32 i = 0; i < ARRAY_COUNT(ids); i++) {
		broken = bench.broken;
		bench_use(OUT, ids[i], 0);		/* the device has none of these */
		assert_int_equal(ring_write(&bench_tx, "x", 1), 1);
		bench_steps();
		assert_int_equal(bench.broken, broken + 1);
		assert_int_equal(bench_read(OUT, received, 100), 1);
	}
	for (u32 i = 0; i < 3; i++) {
		bench_use(IN, ids[i % 2 * 3], 1);
		bench_steps();
		expect_works();
	}
	broken = bench.broken;
	bench_use(IN, bench_device.queues[IN].seen % PORT_SLOTS, PORT_BUFFER_BYTES + 1);	/* longer than it is */
	bench_device.queues[IN].seen++;
	bench_steps();
	assert_int_equal(bench.broken, broken + 1);
	assert_int_equal(ring_used(&bench_rx), 0);
	expect_works();
	assert_int_equal(bench_write(2, message, sizeof(message)), sizeof(message));	/* half a message */
	bench_say(BENCH_PORTS, VIRTIO_CONSOLE_PORT_ADD, 1, NULL);
	bench_say(~0u, VIRTIO_CONSOLE_PORT_OPEN, 0, NULL);
	bench_say(2, 99, 1, NULL);
	bench_expect_silence();
	expect_works();
	for (u32 i = 0; i < 100; i++) {			/* announced again and again, and no answer is taken */
		bench_say(1, VIRTIO_CONSOLE_PORT_ADD, 1, NULL);
		bench_steps();
	}
	expect_works();
}

/* An index that no buffers stand for moves nothing, for ever. */
static void index_jumps(void **state)
{
	struct vring_used *used;

	(void)state;
	bench_bring_up();
	used = bench_dma(bench_device.queues[IN].used, 4);
	used->idx = (u16)(used->idx + 60000);
	bench_steps();
	assert_int_equal(ring_used(&bench_rx), 0);
	assert_int_equal(ring_write(&bench_tx, "x", 1), 1);
	bench_steps();
	assert_int_equal(bench_read(OUT, received, 100), 1);
}

static void expect_refusal(bool is_unusable)
{
	assert_non_null(port_start(&bench));
	assert_int_equal(bench.pci.is_unusable, is_unusable);
	assert_int_equal(bench_device.status & VIRTIO_CONFIG_S_DRIVER_OK, 0);
	bench_reset();
}

static void devices_that_are_not_driven(void **state)
{
	(void)state;
	bench_device.features &= ~BIT64(VIRTIO_F_VERSION_1);
	expect_refusal(true);
	bench_device.features &= ~BIT64(VIRTIO_CONSOLE_F_MULTIPORT);
	expect_refusal(true);
	bench_device.ports = 0;
	expect_refusal(true);
	bench_args.is_contained = 1;
	bench_device.features &= ~BIT64(VIRTIO_F_ACCESS_PLATFORM);
	expect_refusal(true);
	bench_args.config[0x34] = 0;
	expect_refusal(true);
	bench_device.refuses_features = true;
	expect_refusal(false);
	bench_device.is_mute = true;
	expect_refusal(false);
	bench_device.takes_no_interrupt = true;
	expect_refusal(false);
	bench_device.queue_size = 48;
	expect_refusal(false);
	bench_device.notify_off = 0x400;
	expect_refusal(false);
	bench_device.ports = 0x7fffffff;		/* as many as are looked at */
	bench_device.queue_size = 4;			/* short queues are no obstacle */
	bench_bring_up();
	expect_works();
}

/* The next instance begins at the rings' ends, and with a cut. */
static void next_instance_goes_on(void **state)
{
	struct port next = { 0 };

	(void)state;
	bench_bring_up();
	assert_int_equal(bench_write(IN, "first", 5), 5);
	bench_steps();
	expect_cut(true);
	next.pci.args = bench.pci.args;
	next.pci.wait_us = bench.pci.wait_us;
	next.dma = bench.dma;
	ring_attach_producer(&next.rx, bench.rx.shared, BENCH_RX_BYTES);
	ring_attach_consumer(&next.tx, bench.tx.shared, BENCH_TX_BYTES);
	memset(bench_memory, 0, DRIVER_PIECE_BYTES);
	bench = next;
	bench_bring_up();
	assert_int_equal(take_input(10), 5);
	expect_cut(true);
	expect_works();
}

/* An interrupt line is taken back by reading the status (4.1.4.5); a message is not. */
static void line_is_quieted(void **state)
{
	(void)state;
	bench_bring_up();
	virtio_pci_quiet(&bench.pci);
	assert_int_equal(bench_device.isr_reads, 0);
	bench_args.interrupts = DRIVER_IRQ_LINES;
	virtio_pci_quiet(&bench.pci);
	assert_int_equal(bench_device.isr_reads, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(handshake, setup), cmocka_unit_test_setup(control_queue_is_full, setup),
		cmocka_unit_test_setup(both_ways, setup), cmocka_unit_test_setup(dropped_buffer_is_told, setup),
		cmocka_unit_test_setup(full, setup), cmocka_unit_test_setup(host_comes_and_goes, setup),
		cmocka_unit_test_setup(held_bytes_are_dropped, setup),
		cmocka_unit_test_setup(port_goes_and_comes_back, setup), cmocka_unit_test_setup(lies, setup),
		cmocka_unit_test_setup(index_jumps, setup), cmocka_unit_test_setup(devices_that_are_not_driven, setup),
		cmocka_unit_test_setup(next_instance_goes_on, setup), cmocka_unit_test_setup(line_is_quieted, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
