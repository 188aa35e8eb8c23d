/* SPDX-License-Identifier: MIT */
/*
 * Frames that a guest's network device gathers: when, how many, and what is never put off. When a driver hears of what
 * was sent.
 */
/* links: vmm rt */
#include "virtio_net_guest.h"

/* A driver with event indices that notifies as they say. Its buffers all go out. */
static void start_gathering(u64 features)
{
	start_driver(features | BIT64(VIRTIO_RING_F_EVENT_IDX));
	n->device.queue[1].ring.has_event_idx = true;
	ring_consumer_wait(&from_guest, true);
}

static void queue_frame(u8 gso_type)
{
	struct virtio_net_hdr_v1 header = { .gso_type = gso_type };

	if (gso_type != VIRTIO_NET_HDR_GSO_NONE)
		header = (struct virtio_net_hdr_v1){ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = gso_type,
						     .gso_size = 1448, .csum_start = 34, .csum_offset = 16 };
	memcpy(ram + OUT, &header, HEADER);
	driver_offer(&driver[1], &(struct driver_buffer){ OUT, HEADER + 200, false }, 1);
}

static u32 frames_sent(void)
{
	struct net_frame frame;
	u32 count = 0, written;

	for (; net_next(&from_guest, &frame) == NET_FRAME; count++)
		net_done(&from_guest, &frame);
	while (is_collected(1, &written))
		;
	return count;
}

/* The driver is to notify of so many frames. */
static u32 wanted(void)
{
	const u16 *event = driver_used(&driver[1]) + 2 + 4 * DRIVER_SIZE;

	return (u16)(*event + 1 - driver_available(&driver[1])[1]);
}

static void stream(u32 count, u8 gso_type)
{
	for (u32 i = 0; i < count; i++) {
		queue_frame(gso_type);
		notify(1);
		assert_int_equal(frames_sent(), 1);
	}
}

/* Frames that come one by one are taken one by one at first; then many at once, or what there is after a while. */
static void test_gather(void **state)
{
	(void)state;
	start_gathering(ALL_FEATURES);
	stream(8, VIRTIO_NET_HDR_GSO_NONE);
	assert_int_equal(wanted(), 1);
	assert_int_equal(gathered, 0);
	stream(1, VIRTIO_NET_HDR_GSO_NONE);
	assert_int_equal(wanted(), DRIVER_SIZE / 2);
	assert_int_equal(gathered, 1);
	for (u32 i = 0; i < 5; i++)
		queue_frame(VIRTIO_NET_HDR_GSO_NONE);
	virtio_net_serve_late(n);
	assert_int_equal(frames_sent(), 5);
	assert_int_equal(wanted(), DRIVER_SIZE / 2);		/* that was worth while */
	assert_int_equal(gathered, 2);
	queue_frame(VIRTIO_NET_HDR_GSO_NONE);
	virtio_net_serve_late(n);
	assert_int_equal(frames_sent(), 1);
	assert_int_equal(wanted(), 1);
	assert_int_equal(gathered, 2);
	virtio_net_serve_late(n);				/* of another card */
	assert_int_equal(wanted(), 1);
}

/* What a guest may wait for is not held up: dialogues, large segments, a driver that notifies of each frame. */
static void test_gather_nothing(void **state)
{
	(void)state;
	start_gathering(ALL_FEATURES);
	for (u32 i = 0; i < 20; i++) {
		stream(1, VIRTIO_NET_HDR_GSO_NONE);
		add_buffers(1, 2048);
		arrive_plain(60);
		assert_int_not_equal(receive(&(struct virtio_net_hdr_v1){ 0 }), 0);
	}
	stream(20, VIRTIO_NET_HDR_GSO_TCPV4);
	assert_int_equal(wanted(), 1);
	assert_int_equal(gathered, 0);
	n->device.accepted = ALL_FEATURES;
	stream(20, VIRTIO_NET_HDR_GSO_NONE);
	assert_int_equal(gathered, 0);
	start_gathering(ALL_FEATURES);
	stream(20, VIRTIO_NET_HDR_GSO_NONE);
	assert_int_equal(wanted(), DRIVER_SIZE / 2);
	assert_true(n->device.type->reset(&n->device));
	start_gathering(ALL_FEATURES);
	stream(1, VIRTIO_NET_HDR_GSO_NONE);
	assert_int_equal(wanted(), 1);
}

static bool is_interrupted(void)
{
	bool was = n->device.isr != 0;

	n->device.isr = 0;
	return was;
}

/* The driver wants to hear of the next frame that was sent. */
static void want_interrupt(void)
{
	driver_available(&driver[1])[2 + DRIVER_SIZE] = driver_used(&driver[1])[1];
}

/* Of frames that were sent a driver hears somewhat later, if it has not seen by itself: while it got something. */
static void test_told_later(void **state)
{
	(void)state;
	start_gathering(ALL_FEATURES);
	want_interrupt();
	stream(1, VIRTIO_NET_HDR_GSO_NONE);
	assert_false(is_interrupted());
	assert_int_equal(told_later, 1);
	want_interrupt();					/* it has seen that one */
	virtio_net_serve_late(n);
	assert_false(is_interrupted());
	stream(1, VIRTIO_NET_HDR_GSO_NONE);
	assert_int_equal(told_later, 2);
	stream(1, VIRTIO_NET_HDR_GSO_NONE);
	assert_int_equal(told_later, 2);			/* once */
	assert_false(is_interrupted());
	virtio_net_serve_late(n);
	assert_true(is_interrupted());
	virtio_net_serve_late(n);
	assert_false(is_interrupted());
	stream(1, VIRTIO_NET_HDR_GSO_NONE);			/* which it does not want to hear of */
	assert_int_equal(told_later, 2);
}

/* Of what its senders may wait for it hears at once. */
static void test_told_at_once(void **state)
{
	(void)state;
	start_gathering(ALL_FEATURES);
	want_interrupt();
	stream(1, VIRTIO_NET_HDR_GSO_TCPV4);
	assert_true(is_interrupted());
	want_interrupt();
	for (u32 i = 0; i < 16; i++) {
		assert_false(is_interrupted());
		n->alone = 0;					/* no gathering */
		stream(1, VIRTIO_NET_HDR_GSO_NONE);
	}
	assert_true(is_interrupted());
	want_interrupt();
	stream(1, VIRTIO_NET_HDR_GSO_NONE);
	assert_true(n->is_untold);
	assert_true(n->device.type->reset(&n->device));
	assert_false(n->is_untold);
	start_gathering(ALL_FEATURES);
	want_interrupt();
	stream(1, VIRTIO_NET_HDR_GSO_NONE);
	n->device.function.config[PCI_COMMAND] = 0;		/* no bus master: its rings may be something else */
	virtio_net_serve_late(n);
	assert_false(is_interrupted());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_gather, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gather_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_told_later, setup, teardown),
		cmocka_unit_test_setup_teardown(test_told_at_once, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
