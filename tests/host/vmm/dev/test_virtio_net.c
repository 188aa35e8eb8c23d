/* SPDX-License-Identifier: MIT */
/*
 * The network device of a guest: frames both ways, in buffers of any shape; a switch that does not take them, or breaks
 * the rules; guests that can't compute or cut; headers that make no sense.
 */
/* links: vmm rt */
#include "virtio_net_guest.h"

/* ---- From the guest ---- */

/* A packet of `bytes`, cut into buffers of `piece`. */
static void offer(struct virtio_net_hdr_v1 header, u32 bytes, u32 piece)
{
	struct driver_buffer buffers[DRIVER_SIZE];
	u32 count = 0, total = HEADER + bytes;

	memcpy(ram + OUT, &header, HEADER);
	pattern(ram + OUT + HEADER, bytes, 0);
	for (u32 at = 0; at < total; at += piece)
		buffers[count++] = (struct driver_buffer){ OUT + at, piece < total - at ? piece : total - at, false };
	driver_offer(&driver[1], buffers, count);
	notify(1);
}

static void expect_sent(u32 bytes, struct net_frame *frame)
{
	static u8 wanted[NET_FRAME_MAX], got[NET_FRAME_MAX];

	assert_int_equal(net_next(&from_guest, frame), NET_FRAME);
	assert_int_equal(frame->bytes, bytes);
	net_read(&from_guest, 0, got, bytes);
	pattern(wanted, bytes, 0);
	assert_memory_equal(got, wanted, bytes);
	net_done(&from_guest, frame);
}

static void test_send(void **state)
{
	static const u32 pieces[] = { 5, HEADER, HEADER + 1, 100 };
	struct net_frame frame;
	u32 written;

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(pieces); i++) {
		u32 bytes = pieces[i] == 5 ? 20 : 80;		/* at most eight buffers */

		offer((struct virtio_net_hdr_v1){ 0 }, bytes, pieces[i]);
		expect_sent(bytes, &frame);
		assert_true(is_collected(1, &written));
		assert_int_equal(written, 0);
	}
	assert_int_equal(signals, 0);				/* nobody asked */
	ring_consumer_wait(&from_guest, true);
	offer((struct virtio_net_hdr_v1){ 0 }, 60, 1000);
	offer((struct virtio_net_hdr_v1){ 0 }, 60, 1000);
	assert_int_equal(signals, 1);
	ring_consumer_wait(&from_guest, true);
	virtio_net_poll(n);					/* it has signalled; there is nothing for it */
	notify(1);
	assert_int_equal(signals, 1);
}

static void test_send_unfinished(void **state)
{
	struct virtio_net_hdr_v1 h = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
				       .gso_size = 1448, .csum_start = 34, .csum_offset = 16 };
	struct net_frame frame;

	(void)state;
	offer(h, 60000, 30000);
	expect_sent(60000, &frame);
	assert_true(frame.flags == NET_NEEDS_CHECKSUM && frame.segmenting == NET_TCP4);
	assert_true(frame.segment_bytes == 1448 && frame.checksum_start == 34 && frame.checksum_offset == 16);
}

static void test_send_nonsense(void **state)
{
	static const struct virtio_net_hdr_v1 bad[] = {
		{ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 99, .csum_offset = 0 },
		{ .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 1448 },
		{ .gso_type = VIRTIO_NET_HDR_GSO_TCPV6, .gso_size = 1448 },	/* not negotiated */
		{ .gso_type = VIRTIO_NET_HDR_GSO_UDP, .gso_size = 1448 },
		{ .gso_type = 99 },
	};
	struct net_frame frame;
	u32 written;

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++) {
		offer(bad[i], 100, 1000);
		assert_true(is_collected(1, &written));
	}
	offer((struct virtio_net_hdr_v1){ 0 }, 13, 1000);
	offer((struct virtio_net_hdr_v1){ 0 }, NET_FRAME_MAX + 1, 1000000);
	offer((struct virtio_net_hdr_v1){ 0 }, LONGEST + 1, 1000000);
	start_driver(0);
	offer((struct virtio_net_hdr_v1){ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34 }, 100, 1000);
	assert_int_equal(drops.bad, ARRAY_COUNT(bad) + 4);
	assert_int_equal(net_next(&from_guest, &frame), NET_NONE);
	assert_int_equal(faults, 0);
	driver_offer(&driver[1], &(struct driver_buffer){ OUT, HEADER - 1, false }, 1);
	notify(1);
	assert_int_equal(faults, 1);
	assert_true(n->device.status & VIRTIO_CONFIG_S_NEEDS_RESET);
}

/* Nothing that a guest sends is lost while the switch takes its time. */
static void test_send_waits(void **state)
{
	struct net_frame frame;
	u32 sent = 0, written;

	(void)state;
	n->longest = NET_FRAME_MAX;
	do {
		offer((struct virtio_net_hdr_v1){ 0 }, 60000, 100000);
		sent++;
	} while (is_collected(1, &written));
	assert_in_range(sent, 8, 9);
	assert_true(ring_producer_take_waiting(&from_guest));
	expect_sent(60000, &frame);
	virtio_net_poll(n);
	assert_true(is_collected(1, &written));
	for (u32 i = 1; i < sent; i++)
		expect_sent(60000, &frame);
	assert_int_equal(net_next(&from_guest, &frame), NET_NONE);
	/* The guest resets its device instead of waiting. */
	while (!n->is_held)
		offer((struct virtio_net_hdr_v1){ 0 }, 60000, 100000), (void)is_collected(1, &written);
	assert_true(n->device.type->reset(&n->device));
	start_driver(ALL_FEATURES);
	for (u32 i = 0; i < 8; i++)
		expect_sent(60000, &frame);
	virtio_net_poll(n);
	assert_int_equal(net_next(&from_guest, &frame), NET_NONE);
}

/* ---- To the guest ---- */

static void begin_receiving(u64 features)
{
	start_driver(features);
	offered = taken = 0;
}

static void expect_plain(u32 bytes, u32 buffers)
{
	struct virtio_net_hdr_v1 header;
	u8 wanted[NET_FRAME_MAX];

	assert_int_equal(receive(&header), HEADER + bytes);
	assert_int_equal(header.num_buffers, buffers);
	pattern(wanted, bytes, bytes);
	assert_memory_equal(received + HEADER, wanted, bytes);
}

static void test_receive(void **state)
{
	struct virtio_net_hdr_v1 header;

	(void)state;
	begin_receiving(ALL_FEATURES);
	add_buffers(8, 1024);
	arrive_plain(60);
	expect_plain(60, 1);
	arrive_plain(1012);					/* just fits */
	expect_plain(1012, 1);
	arrive_plain(1013);
	expect_plain(1013, 2);
	arrive_plain(3000);
	expect_plain(3000, 3);
	arrive_plain(2000);					/* there is one left; it takes two */
	assert_int_equal(receive(&header), 0);
	add_buffers(1, 1024);
	expect_plain(2000, 2);
	arrive_plain(60);					/* none are left */
	arrive_plain(61);
	assert_int_equal(receive(&header), 0);
	add_buffers(2, 1024);
	expect_plain(60, 1);
	expect_plain(61, 1);
}

static void test_receive_alone(void **state)
{
	struct virtio_net_hdr_v1 header;
	u32 written;

	(void)state;
	begin_receiving(0);					/* one buffer a frame */
	add_buffers(2, 1526);
	arrive_plain(1514);
	expect_plain(1514, 1);
	arrive_plain(1515);					/* does not fit: its buffer comes back empty */
	assert_true(is_collected(0, &written));
	taken++;
	assert_int_equal(written, 0);
	assert_int_equal(drops.too_large, 1);
	add_buffers(1, 1526);
	arrive_plain(100);
	expect_plain(100, 1);
	assert_int_equal(receive(&header), 0);
}

/* Buffers so small that one frame would take half of the queue: the driver gets them back, and goes on. */
static void test_receive_in_crumbs(void **state)
{
	u32 written;

	(void)state;
	begin_receiving(ALL_FEATURES);
	add_buffers(DRIVER_SIZE, 1024);
	arrive_plain(DRIVER_SIZE / 2 * 1024);
	assert_int_equal(drops.too_large, 1);
	for (u32 i = 0; i < DRIVER_SIZE / 2; i++, taken++) {
		assert_true(is_collected(0, &written));
		assert_int_equal(written, 0);
	}
	arrive_plain(60);
	expect_plain(60, 1);
	assert_int_equal(faults, 0);
	begin_receiving(ALL_FEATURES);
	add_buffers(1, HEADER - 1);
	arrive_plain(60);
	assert_int_equal(faults, 1);
}

static void test_receive_too_long(void **state)
{
	(void)state;
	begin_receiving(ALL_FEATURES);
	add_buffers(DRIVER_SIZE, 16384);
	arrive_plain(LONGEST);
	expect_plain(LONGEST, 1);
	arrive_plain(LONGEST + 1);
	assert_int_equal(drops.too_large, 1);
	arrive_plain(60);
	expect_plain(60, 1);
}

/* Frames that cost the guest no buffer do not keep the VMM here. */
static void test_turns(void **state)
{
	const struct net_frame frame = { .bytes = 60 };
	u32 polls = 0;

	(void)state;
	begin_receiving(ALL_FEATURES);
	n->longest = 59;
	for (u32 i = 0; i < 2000; i++) {
		assert_true(net_begin(&to_guest, &frame));
		net_end(&to_guest, &frame);
	}
	do {
		put_off = 0;
		virtio_net_poll(n);
		polls++;
	} while (put_off != 0);
	assert_int_equal(drops.too_large, 2000);
	assert_in_range(polls, 2000 / (2 * VIRTIO_NET_TURNS + 1), 2000 / VIRTIO_NET_TURNS);
	assert_true(ring_consumer_take_waiting(&to_guest));
}

static struct test_frame udp_frame(void)
{
	struct test_frame f = frame_ethernet(A, B, -1, 0x0800);

	frame_add_ipv4(&f, PROTOCOL_UDP, 0x0a000001, 0x0a000002, 8 + 33);
	frame_add_udp(&f, 1000, 2000, 33);
	be16_store(f.bytes + 34 + UDP_CHECKSUM,
		   (u16)~checksum_finish(checksum_pseudo(f.bytes + 14, PROTOCOL_UDP, 8 + 33)));
	return f;
}

static void test_checksum(void **state)
{
	const struct net_frame unfinished = { .flags = NET_NEEDS_CHECKSUM, .checksum_start = 34, .checksum_offset = 6 };
	struct test_frame f = udp_frame();
	struct net_frame frame = unfinished;
	struct virtio_net_hdr_v1 header;
	u64 sum;

	(void)state;
	frame.bytes = f.count;
	begin_receiving(ALL_FEATURES);				/* left to the guest */
	add_buffers(1, 2000);
	arrive(frame, f.bytes);
	assert_int_equal(receive(&header), HEADER + f.count);
	assert_true(header.flags == VIRTIO_NET_HDR_F_NEEDS_CSUM && header.csum_start == 34 && header.csum_offset == 6);
	assert_memory_equal(received + HEADER, f.bytes, f.count);
	begin_receiving(BIT64(VIRTIO_NET_F_MRG_RXBUF));		/* which can't */
	add_buffers(1, 2000);
	arrive(frame, f.bytes);
	assert_int_equal(receive(&header), HEADER + f.count);
	assert_true(header.flags == 0 && header.csum_start == 0);
	sum = checksum_add(checksum_pseudo(f.bytes + 14, PROTOCOL_UDP, 41), received + HEADER + 34, 41);
	assert_int_equal(checksum_finish(sum), 0);
}

#define PAYLOAD 6000u

static struct test_frame tcp_frame(void)
{
	struct test_frame f = frame_ethernet(A, B, -1, 0x0800);
	const u8 tcp[20] = { 0x10, 0x00, 0x00, 0x50, [12] = 0x50, 0x18, 0xff, 0xff };

	frame_add_ipv4(&f, PROTOCOL_TCP, 0x0a000001, 0x0a000002, 20 + PAYLOAD);
	frame_add(&f, tcp, sizeof(tcp));
	return f;
}

/* A guest that can't take large segments gets them cut, as its buffers come. */
static void test_cut(void **state)
{
	struct net_frame frame = { .flags = NET_NEEDS_CHECKSUM, .checksum_start = 34, .checksum_offset = 16,
				   .segmenting = NET_TCP4, .segment_bytes = 1460 };
	struct test_frame f = tcp_frame();
	struct virtio_net_hdr_v1 header;
	u32 done = 0, bytes;

	(void)state;
	memcpy(frame_bytes, f.bytes, f.count);
	pattern(frame_bytes + f.count, PAYLOAD, 3);
	frame.bytes = f.count + PAYLOAD;
	begin_receiving(BIT64(VIRTIO_NET_F_MRG_RXBUF));
	add_buffers(2, 1600);
	arrive(frame, frame_bytes);
	while (done < PAYLOAD) {
		bytes = receive(&header);
		if (bytes == 0) {
			add_buffers(1, 1600);
			continue;
		}
		bytes -= HEADER + 54;
		assert_true(header.flags == 0 && header.gso_type == VIRTIO_NET_HDR_GSO_NONE);
		assert_int_equal(be32_load(received + HEADER + 34 + TCP_SEQUENCE), done);
		assert_memory_equal(received + HEADER + 54, frame_bytes + 54 + done, bytes);
		assert_int_equal(checksum_finish(checksum_add(
					 checksum_pseudo(received + HEADER + 14, PROTOCOL_TCP, 20 + bytes),
					 received + HEADER + 34, 20 + bytes)), 0);
		done += bytes;
	}
	assert_int_equal(done, PAYLOAD);
	arrive_plain(60);
	add_buffers(1, 1600);
	expect_plain(60, 1);
	memcpy(frame_bytes, f.bytes, f.count);
	frame_bytes[14 + IPV4_PROTOCOL] = PROTOCOL_UDP;		/* what can't be cut is dropped */
	arrive(frame, frame_bytes);
	assert_int_equal(drops.too_large, 1);
}

static void test_reset(void **state)
{
	struct virtio_net_hdr_v1 header;

	(void)state;
	begin_receiving(ALL_FEATURES);
	add_buffers(2, 1024);
	arrive_plain(3000);					/* half of it is in buffers */
	assert_true(n->device.type->reset(&n->device));
	virtio_net_poll(n);
	begin_receiving(ALL_FEATURES);
	add_buffers(4, 1024);
	expect_plain(3000, 3);
	assert_int_equal(receive(&header), 0);
}

/* Whenever the device stops looking, the switch is asked to signal. */
static void test_broken_ring(void **state)
{
	const struct net_frame nonsense = { .bytes = 3 };

	(void)state;
	begin_receiving(ALL_FEATURES);
	add_buffers(4, 1024);
	virtio_net_poll(n);
	assert_true(ring_consumer_take_waiting(&to_guest));
	ring_write_ahead(&to_guest, 0, &nonsense, sizeof(nonsense));
	ring_publish(&to_guest, 500);
	virtio_net_poll(n);
	assert_int_equal(drops.broken, 1);
	assert_true(ring_consumer_take_waiting(&to_guest));
	arrive_plain(60);
	expect_plain(60, 1);
	assert_true(ring_consumer_take_waiting(&to_guest));
}

/* ---- Control ---- */

static u8 order(u8 class, u8 command, u32 bytes)
{
	struct driver_buffer buffers[2] = { { CONTROL, bytes, false }, { CONTROL + 64, 1, true } };
	u32 written;

	ram[CONTROL] = class;
	ram[CONTROL + 1] = command;
	ram[CONTROL + 64] = 0x77;
	driver_offer(&driver[2], buffers, 2);
	notify(2);
	assert_true(is_collected(2, &written));
	assert_int_equal(written, 1);
	return ram[CONTROL + 64];
}

static void test_control(void **state)
{
	(void)state;
	assert_int_equal(order(VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, 3), VIRTIO_NET_OK);
	assert_int_equal(order(VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_NOBCAST, 3), VIRTIO_NET_ERR);
	assert_int_equal(order(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, 10), VIRTIO_NET_OK);
	assert_int_equal(order(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, 8), VIRTIO_NET_ERR);
	assert_int_equal(order(VIRTIO_NET_CTRL_RX, 0, 4), VIRTIO_NET_ERR);
	assert_int_equal(order(VIRTIO_NET_CTRL_RX, 0, 1), VIRTIO_NET_ERR);
}

static void test_config(void **state)
{
	struct virtio_net_config config;

	(void)state;
	memcpy(&config, n->device.config, offsetof(struct virtio_net_config, speed));
	assert_memory_equal(config.mac, ((u8[]){ 2, 0, 0, 0, 0, 1 }), 6);
	assert_int_equal(config.mtu, MTU);
	assert_int_equal(config.status, VIRTIO_NET_S_LINK_UP);
	virtio_net_set_link(n, false);
	memcpy(&config, n->device.config, offsetof(struct virtio_net_config, speed));
	assert_int_equal(config.status, 0);
	assert_int_equal(n->device.generation, 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_send), TEST(test_send_unfinished), TEST(test_send_nonsense), TEST(test_send_waits),
		TEST(test_receive), TEST(test_receive_alone), TEST(test_receive_in_crumbs), TEST(test_receive_too_long),
		TEST(test_turns), TEST(test_checksum),
		TEST(test_cut), TEST(test_reset), TEST(test_broken_ring), TEST(test_control), TEST(test_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
