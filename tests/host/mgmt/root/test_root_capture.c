/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: captures of network cards. The test plays the switch: what it writes becomes a file of
 * libpcap, in pieces of any size; cards that come and go; what a hostile switch writes; ends.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "card_bench.h"
#include "fake_kernel.h"
#include "net_link.h"
#include "pcap.h"
#include "root.h"
#include "root_bench.h"
#include "syscalls.h"

#define HEADER sizeof(struct pcap_header)
#define RECORD sizeof(struct pcap_record)

static u8 bytes[1 << 20];
static u32 used;

static struct request make(enum request_op op)
{
	struct request r = bench_make_request(op, "", 0);

	memset(&r.image, 0, sizeof(r.image));
	return r;
}

static void ask_open(const char *name, u32 number, u32 snap)
{
	struct request r = make(REQ_CAPTURE_OPEN);

	strcpy(r.name, name);
	r.index = number;
	r.image.count = snap;
	bench_send(&r);
	bench_turns(0, 2);
}

static u64 open_it(const char *name, u32 number, u32 snap)
{
	ask_open(name, number, snap);
	bench_expect(ERR_NONE);
	used = 0;
	return bench_answer.capture.number;
}

static void ask_number(enum request_op op, u64 number, u32 count)
{
	struct request r = make(op);

	r.image.upload = number;
	r.image.count = count;
	bench_send(&r);
	bench_turns(0, 2);
}

static void close_it(u64 number)
{
	ask_number(REQ_CAPTURE_CLOSE, number, 0);
	bench_expect(ERR_NONE);
	bench_turns(0, 2);
	follow();
}

/* The port that captures, of the last switch. */
static u32 capture_port(void)
{
	for (u32 i = 0; i < SWITCH_PORTS; i++)
		if ((config()->port[i].setup.flags & PORT_CAPTURE) != 0)
			return i;
	return SWITCH_PORTS;
}

static u32 captured(void)
{
	return config()->port[capture_port()].setup.captured;
}

static struct ring link_ring(void)
{
	u8 *link = fake_memory(fake_pd_of(h_switch), SWITCH_LINKS + capture_port() * NET_LINK_STRIDE);
	struct ring r;

	assert_non_null(link);
	ring_attach_producer(&r, (struct ring_shared *)(link + NET_TO_CLIENT), NET_RING_BYTES);
	return r;
}

/* As a switch does, with a frame of so many bytes, of which so many are kept. */
static void write_frame(u32 frame_bytes, u32 kept, u64 time_ns)
{
	const struct capture_record record = { .time_ns = time_ns, .bytes = frame_bytes };
	struct net_frame frame = { .bytes = (u32)sizeof(record) + kept };
	struct ring r = link_ring();

	assert_true(net_begin(&r, &frame));
	net_write(&r, 0, &record, sizeof(record));
	for (u32 i = 0; i < kept; i++)
		net_write(&r, (u32)sizeof(record) + i, &(u8){ (u8)(frame_bytes + i) }, 1);
	net_end(&r, &frame);
}

/* All that there is, in pieces of that size; the last question stays. */
static void read_all(u64 number, u32 piece)
{
	for (;;) {
		ask_number(REQ_CAPTURE_READ, number, piece);
		if (!bench_is_answered())
			return;
		assert_int_equal(bench_answer.error, ERR_NONE);
		assert_int_equal(bench_answer.captured.offset, used);
		assert_in_range(bench_answer.captured.count, 1, piece);
		memcpy(bytes + used, bench_answer.captured.bytes, bench_answer.captured.count);
		used += bench_answer.captured.count;
	}
}

static void expect_header(u32 snap)
{
	const struct pcap_header want = { PCAP_MAGIC_NS, 2, 4, { 0, 0 }, snap, PCAP_ETHERNET };

	assert_memory_equal(bytes, &want, sizeof(want));
}

/* At that offset; returns the next one. */
static u32 expect_frame(u32 at, u32 frame_bytes, u32 kept, u32 time_ns)
{
	struct pcap_record record;

	assert_true(used - at >= sizeof(record) + kept);
	memcpy(&record, bytes + at, sizeof(record));
	assert_int_equal(record.frame_bytes, frame_bytes);
	assert_int_equal(record.bytes, kept);
	assert_int_equal(record.time_ns, (INFO->wall_boot_ns + time_ns) % NS_PER_S);
	for (u32 i = 0; i < kept; i++)
		assert_int_equal(bytes[at + sizeof(record) + i], (u8)(frame_bytes + i));
	return at + (u32)sizeof(record) + kept;
}

static void a_running_vm(const char *name)
{
	create_vm(name, "lan");
	bench_start(name);
	follow();
}

static void pieces(void **state)
{
	static const u32 sizes[] = { 1, 7, 16, 24, 25, 1000, CAPTURE_DATA_BYTES };
	u64 number;

	(void)state;
	create_switch("lan");
	a_running_vm("a");
	for (u32 i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		u32 at = HEADER;

		number = open_it("a", 0, 1500);
		assert_int_equal(captured(), 1);
		assert_int_equal(config()->port[capture_port()].setup.snap_bytes, 1500);
		write_frame(60, 60, 1);
		write_frame(9000, 1500, 2);
		write_frame(14, 14, 999999999);
		read_all(number, sizes[i]);
		expect_header(1500);
		at = expect_frame(at, 60, 60, 1);
		at = expect_frame(at, 9000, 1500, 2);
		at = expect_frame(at, 14, 14, 999999999);
		assert_int_equal(used, at);
		/* The question that waits is answered by the next frame, and the count of drops goes with it. */
		figures()->port[capture_port()].counts.drops[DROP_FULL] = 5;
		write_frame(20, 20, 3);
		bench_turns(ROOT_BIT_SWITCH, 2);
		assert_true(bench_is_answered());
		assert_int_equal(bench_answer.captured.dropped, 5);
		close_it(number);
	}
	delete_vm("a");
	delete_switch("lan");
}

/* Before its VM runs, after it has ended, and again; another VM's port is never captured. */
static void comes_and_goes(void **state)
{
	u64 number;

	(void)state;
	create_switch("lan");
	create_vm("a", "lan");
	create_vm("b", "lan");
	number = open_it("a", 0, 1500);
	assert_int_equal(captured(), 0);
	bench_start("a");
	follow();
	assert_int_equal(captured(), 1 + 1);
	bench_ask(REQ_STOP, "a", REQ_FLAG_FORCE);
	assert_int_equal(captured(), 0);		/* at once: the port may be another's soon */
	bench_settle(0);
	follow();
	bench_start("b");
	follow();
	assert_int_equal(config()->port[1].setup.flags & PORT_UP, PORT_UP);
	assert_int_equal(captured(), 0);
	bench_start("a");
	follow();
	assert_int_equal(captured(), 2 + 1);
	read_all(number, 1000);
	delete_vm("a");
	assert_true(bench_is_answered());
	bench_ask(REQ_DELETE_SWITCH, "lan", 0);
	bench_expect(ERR_SWITCH_USED);
	ask_number(REQ_CAPTURE_READ, number, 1000);
	assert_int_equal(bench_answer.error, ERR_NONE);
	assert_true(bench_answer.captured.is_over && bench_answer.captured.count == 0);
	delete_vm("b");
	bench_ask(REQ_DELETE_SWITCH, "lan", 0);
	bench_expect(ERR_SWITCH_CAPTURED);
	close_it(number);
	delete_switch("lan");
}

static void refused(void **state)
{
	u64 numbers[CAPTURES];

	(void)state;
	create_switch("lan");
	a_running_vm("a");
	ask_open("a", 1, 1500);
	bench_expect(ERR_CAPTURE_CARD);
	ask_open("a", CAPTURE_UPLINK, 1500);
	bench_expect(ERR_CAPTURE_CARD);
	ask_open("nobody", 0, 1500);
	bench_expect(ERR_CAPTURE_CARD);
	ask_open("Bad", 0, 1500);
	bench_expect(ERR_BAD_NAME);
	ask_open("a", 0, CAPTURE_SNAP_MIN - 1);
	bench_expect(ERR_BAD_FIELD);
	ask_open("a", 0, CAPTURE_SNAP_MAX + 1);
	bench_expect(ERR_BAD_FIELD);
	for (u32 i = 0; i < CAPTURES; i++)
		numbers[i] = open_it("a", 0, CAPTURE_SNAP_MAX);
	ask_open("a", 0, 1500);
	bench_expect(ERR_LIMIT);
	ask_number(REQ_CAPTURE_READ, numbers[0], 0);
	bench_expect(ERR_BAD_FIELD);
	ask_number(REQ_CAPTURE_READ, numbers[0], CAPTURE_DATA_BYTES + 1);
	bench_expect(ERR_BAD_FIELD);
	ask_number(REQ_CAPTURE_READ, ~0ull, 1);
	bench_expect(ERR_NO_CAPTURE);
	ask_number(REQ_CAPTURE_CLOSE, 0, 0);
	bench_expect(ERR_NO_CAPTURE);
	read_all(numbers[0], 1000);
	ask_number(REQ_CAPTURE_READ, numbers[0], 1000);		/* one at a time */
	bench_expect(ERR_BUSY);
	for (u32 i = 0; i < CAPTURES; i++)
		close_it(numbers[i]);
	delete_vm("a");
	delete_switch("lan");
}

/* Frames without a record, a broken ring, a record that lies: the file stays one. */
static void hostile_switch(void **state)
{
	u64 number;
	u32 at = HEADER;
	struct net_frame frame = { .bytes = NET_FRAME_MIN };
	struct ring r;

	(void)state;
	create_switch("lan");
	a_running_vm("a");
	number = open_it("a", 0, 1500);
	r = link_ring();
	assert_true(net_begin(&r, &frame));
	net_end(&r, &frame);
	write_frame(3, 20, ~0ull);		/* of a frame of 3 bytes it has 20 */
	read_all(number, 500);
	assert_int_equal(used, HEADER + RECORD + 20);
	assert_int_equal(((const struct pcap_record *)(bytes + at))->frame_bytes, 20);
	r = link_ring();
	frame.bytes = NET_FRAME_MAX + 1;
	ring_write_ahead(&r, 0, &frame, sizeof(frame));
	ring_publish(&r, sizeof(frame));
	bench_turns(ROOT_BIT_SWITCH, 2);
	assert_false(bench_is_answered());
	write_frame(60, 60, 1);
	bench_turns(ROOT_BIT_SWITCH, 2);
	assert_true(bench_is_answered());
	assert_int_equal(bench_answer.captured.count, RECORD + 60);
	fake_fault(h_switch, 14, 0, 0);		/* the next one finds the port, and goes on */
	bench_settle(ROOT_BIT_FAULT);
	h_switch = bench_await_thread(fake_threads_made());
	follow();
	assert_int_equal(captured(), 1);
	used = HEADER + RECORD + 20 + RECORD + 60;
	write_frame(61, 61, 1);
	read_all(number, 500);
	close_it(number);
	delete_vm("a");
	delete_switch("lan");
}

static void an_uplink(void **state)
{
	u64 number;

	(void)state;
	ask_switch("lan", "nic0");
	bench_expect(ERR_NONE);
	(void)await_switch();
	number = open_it("nic0", CAPTURE_UPLINK, 64);
	assert_int_equal(captured(), 1);
	close_it(number);
	delete_switch("lan");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces), cmocka_unit_test(comes_and_goes), cmocka_unit_test(refused),
		cmocka_unit_test(hostile_switch), cmocka_unit_test(an_uplink),
	};

	return cmocka_run_group_tests(tests, boot_with_card, NULL);
}
