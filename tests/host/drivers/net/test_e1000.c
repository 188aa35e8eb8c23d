/* SPDX-License-Identifier: MIT */
/*
 * The driver of Intel's gigabit cards against a model of one (SDM 317453): order of the set-up, rings, what the card
 * writes, and cards that lie. The model is stricter than QEMU's and Bochs': it stops the test at a register that is not
 * the driver's, at a ring that is changed while it runs, and at a tail that gives away what the card must not have.
 */
/* links: e1000 rt */
/* helpers: nic_bench.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "checksum.h"
#include "e1000.h"
#include "e1000_regs.h"
#include "inet.h"
#include "nic_bench.h"

#include <linux/pci_regs.h>

#define RING 256u
#define WORD(offset) dev.words[(offset) / 4]

static struct {
	u32 words[0x20000 / 4];
	u32 resets, unmasked_resets;
	bool hangs, keeps_master, loads_no_address, is_blank;
} dev;

static bool is_on(u32 control)
{
	return (WORD(control) & BIT32(1)) != 0;
}

static void reset_device(void)
{
	if (WORD(E1000_IMS) != 0)
		dev.unmasked_resets++;
	memset(dev.words, 0, sizeof(dev.words));
	memset(&WORD(E1000_GROUPS), 0xff, E1000_GROUPS_COUNT * 4);
	WORD(E1000_STATUS) = E1000_STATUS_LINK_UP | E1000_STATUS_FULL_DUPLEX | 2 << 6;
	WORD(E1000_ADDRESS_LOW) = 0x12005452;
	WORD(E1000_ADDRESS_HIGH) = dev.loads_no_address ? 0 : E1000_ADDRESS_VALID | 0x5634;
	dev.resets++;
}

u64 device_read(u32 offset, u32 size)
{
	u32 value;

	assert_int_equal(size, 4);
	assert_true(offset < E1000_REGISTERS_END && offset % 4 == 0);
	value = WORD(offset);
	if (offset == E1000_ICR)
		WORD(offset) = 0;
	return value;
}

static void write_control(u32 value)
{
	if ((value & E1000_CTRL_RESET) != 0 && !dev.hangs) {
		assert_false(is_on(E1000_RCTL) || is_on(E1000_TCTL));
		reset_device();
		return;
	}
	if ((value & E1000_CTRL_MASTER_OFF) != 0 && !dev.keeps_master)
		WORD(E1000_STATUS) &= ~E1000_STATUS_MASTER;
	WORD(E1000_CTRL) = value;
}

static void read_eeprom(u32 value)
{
	static const u16 words[3] = { 0x5452, 0x1200, 0x5634 };
	bool is_express = bench_args.config[PCI_CAPABILITY_LIST] != 0;
	u32 word = (value & 0xffff) >> (is_express ? 2 : 8);

	assert_true((value & 1) != 0 && word < 3);
	WORD(E1000_EEPROM) = dev.is_blank ? value : (u32)words[word] << 16 | value | (is_express ? 2 : 0x10);
}

/* SDM 14.4, 14.5: rings are set up while the unit is off; RDT may move while it is on. */
static void check_ring_write(u32 offset)
{
	bool is_tail = offset == E1000_RX_RING + E1000_TAIL || offset == E1000_TX_RING + E1000_TAIL;

	if (offset >= E1000_RX_RING && offset < E1000_RX_RING + 0x20 && !is_tail)
		assert_false(is_on(E1000_RCTL));
	if (offset >= E1000_TX_RING && offset < E1000_TX_RING + 0x20 && !is_tail)
		assert_false(is_on(E1000_TCTL));
	if (is_tail)
		assert_true(dev.words[(offset & ~0xffu) / 4 + E1000_RING_BYTES / 4] == RING * 16);
}

void device_write(u32 offset, u32 size, u64 value)
{
	assert_int_equal(size, 4);
	assert_true(offset < E1000_REGISTERS_END && offset % 4 == 0);
	check_ring_write(offset);
	if (offset == E1000_CTRL)
		write_control((u32)value);
	else if (offset == E1000_EEPROM)
		read_eeprom((u32)value);
	else if (offset == E1000_IMC)
		WORD(E1000_IMS) &= ~(u32)value;
	else if (offset == E1000_IMS)
		WORD(E1000_IMS) |= (u32)value;
	else if (offset == E1000_ICR)
		WORD(E1000_ICR) &= ~(u32)value;
	else
		WORD(offset) = (u32)value;
}

static u64 base_of(u32 ring)
{
	return WORD(ring + E1000_BASE_LOW) | (u64)WORD(ring + E1000_BASE_HIGH) << 32;
}

static void *next_descriptor(u32 ring)
{
	u32 head = WORD(ring + E1000_HEAD);

	assert_true(head < RING && WORD(ring + E1000_TAIL) < RING);
	if (head == WORD(ring + E1000_TAIL))
		return NULL;
	WORD(ring + E1000_HEAD) = (head + 1) % RING;
	return (u8 *)bench_dma(base_of(ring), RING * 16) + (u64)head * 16;
}

/* False: the driver has given the card no buffer. */
static bool receive(const u8 *bytes, u16 count, u8 status, u8 errors, u16 said)
{
	struct e1000_rx *rx = next_descriptor(E1000_RX_RING);

	assert_true(is_on(E1000_RCTL));
	if (rx == NULL)
		return false;
	assert_int_equal(rx->status, 0);
	memcpy(bench_dma(rx->address, 2048), bytes, count);
	rx->bytes = said;
	rx->errors = errors;
	rx->status = status;
	return true;
}

static bool receive_good(const u8 *bytes, u16 count)
{
	return receive(bytes, count, E1000_DONE | E1000_RX_END, 0, count);
}

/* Takes a frame into bench_got; 0: there is none. */
static u32 transmit(void)
{
	struct e1000_tx *tx = next_descriptor(E1000_TX_RING);

	if (tx == NULL)
		return 0;
	assert_true(is_on(E1000_TCTL));
	assert_int_equal(tx->command, E1000_TX_END | E1000_TX_CRC | E1000_TX_REPORT);
	memcpy(bench_got, bench_dma(tx->address, tx->bytes), tx->bytes);
	tx->status = E1000_DONE;
	return tx->bytes;
}

static int setup(void **state)
{
	(void)state;
	memset(&dev, 0, sizeof(dev));
	bench_reset(&e1000_ops);
	WORD(E1000_IMS) = 0xff;		/* as a former driver left it */
	WORD(E1000_RCTL) = WORD(E1000_TCTL) = BIT32(1);
	return 0;
}

static int setup_up(void **state)
{
	(void)setup(state);
	bench_start();
	return 0;
}

static void make_express(void)
{
	bench_args.config[PCI_CAPABILITY_LIST] = 0xe0;
	bench_args.config[0xe0] = PCI_CAP_ID_EXP;
}

static void it_comes_up(void **state)
{
	static const u8 mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

	(void)state;
	assert_int_equal(dev.resets, 1);
	assert_int_equal(dev.unmasked_resets, 0);
	assert_memory_equal(bench_page.mac, mac, 6);
	assert_int_equal(bench_page.state, NIC_UP);
	assert_int_equal(bench_page.mbits, 1000);
	assert_int_equal(bench_page.mtu, 1500);
	assert_true((WORD(E1000_RCTL) & E1000_RCTL_ALL_STATIONS) != 0);
	assert_int_equal(WORD(E1000_RX_RING + E1000_TAIL), RING - 1);
	assert_true((WORD(E1000_CTRL) & E1000_CTRL_LINK_UP) != 0 && (WORD(E1000_CTRL) & E1000_CTRL_VLAN) == 0);
	for (u32 i = 0; i < E1000_GROUPS_COUNT; i++)
		assert_int_equal(WORD(E1000_GROUPS + i * 4), 0);
}

/* Where the reset does not load it, the driver reads the EEPROM; a card without one has no address to show. */
static void the_address(void **state)
{
	static const u8 mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 }, none[6];

	dev.loads_no_address = true;
	bench_start();
	assert_memory_equal(bench_page.mac, mac, 6);
	(void)setup(state);
	dev.loads_no_address = true;
	make_express();
	bench_start();
	assert_memory_equal(bench_page.mac, mac, 6);
	(void)setup(state);
	dev.loads_no_address = dev.is_blank = true;
	bench_start();
	assert_memory_equal(bench_page.mac, none, 6);
}

static void what_does_not_come_up(void **state)
{
	static u64 nothing[NET_LINK_BYTES / 8];

	(void)state;
	dev.hangs = true;
	assert_non_null(nic_driver_start(&bench, nothing));
	assert_false(bench.is_unusable);
	dev.hangs = false;
	bench_args.bars[0].bytes = 0x1000;
	assert_non_null(nic_driver_start(&bench, nothing));
	assert_true(bench.is_unusable);
}

/* A card that does not let the bus go is reset all the same. */
static void express(void **state)
{
	(void)state;
	make_express();
	dev.keeps_master = true;
	WORD(E1000_STATUS) = E1000_STATUS_MASTER;
	bench_start();
	assert_int_equal(dev.resets, 1);
	assert_true((WORD(E1000_TX_CONTROL) & E1000_TX_CONTROL_ONE) != 0);
	assert_true((WORD(E1000_CTRL) & E1000_CTRL_MASTER_OFF) == 0);
}

static void frames_from_the_wire(void **state)
{
	struct net_frame frame;
	u8 bytes[1518];

	(void)state;
	for (u32 i = 0; i < 3 * RING; i++) {
		bench_fill(bytes, sizeof(bytes), i);
		assert_true(receive_good(bytes, (u16)(60 + i)));
		bench_steps();
		assert_true(bench_take(&frame));
		assert_int_equal(frame.bytes, 60 + i);
		assert_int_equal(frame.flags, 0);
		assert_memory_equal(bench_got, bytes, 60 + i);
	}
	assert_int_equal(bench_page.frames_from_wire, 3 * RING);
	for (u32 i = 0; i < RING - 1; i++)
		assert_true(receive_good(bytes, 60));
	assert_false(receive_good(bytes, 60));	/* one descriptor is never the card's */
	bench_steps();
	for (u32 i = 0; i < RING - 1; i++)
		assert_true(bench_take(&frame));
	assert_false(bench_take(&frame));
}

static void nonsense_from_the_wire(void **state)
{
	struct net_frame frame;
	u8 bytes[100] = { 0 };

	(void)state;
	assert_true(receive(bytes, 100, E1000_DONE | E1000_RX_END, 0, 2049));
	assert_true(receive(bytes, 100, E1000_DONE | E1000_RX_END, 0, 0xffff));
	assert_true(receive(bytes, 100, E1000_DONE | E1000_RX_END, 0, 13));
	assert_true(receive(bytes, 100, E1000_DONE | E1000_RX_END, 1, 100));
	assert_true(receive(bytes, 100, E1000_DONE, 0, 100));		/* three of a packet that does not fit */
	assert_true(receive(bytes, 100, E1000_DONE, 0, 100));
	assert_true(receive(bytes, 100, E1000_DONE | E1000_RX_END, 0, 100));
	bench_steps();
	assert_false(bench_take(&frame));
	assert_int_equal(bench_page.drops[NIC_DROP_BAD], 5);
	assert_true(receive_good(bytes, 100));
	bench_steps();
	assert_true(bench_take(&frame));
}

static void nobody_at_the_link(void **state)
{
	struct net_frame frame;
	u8 bytes[1500] = { 0 };

	(void)state;
	bench_page.is_plugged = 0;
	assert_true(receive_good(bytes, 100));
	bench_steps();
	assert_false(bench_take(&frame));
	assert_int_equal(bench_page.drops[NIC_DROP_NO_SWITCH], 1);
	bench_page.is_plugged = 1;
	for (u32 i = 0; i < 400; i++) {		/* a switch that sleeps */
		assert_true(receive_good(bytes, 1500));
		bench_steps();
	}
	assert_true(bench_page.drops[NIC_DROP_FULL] > 0);
	assert_int_equal(bench_page.frames_from_wire + bench_page.drops[NIC_DROP_FULL], 400);
}

static void frames_to_the_wire(void **state)
{
	u8 bytes[1518];

	(void)state;
	for (u32 i = 0; i < 3 * RING; i++) {
		bench_fill(bytes, sizeof(bytes), i);
		bench_send_plain(bytes, 14 + i);
		bench_steps();
		assert_int_equal(transmit(), 14 + i);
		assert_memory_equal(bench_got, bytes, 14 + i);
	}
	for (u32 i = 0; i < 300; i++)		/* the card is slow: the rest waits in the link */
		bench_send_plain(bytes, 100);
	bench_steps();
	for (u32 i = 0; i < RING - 1; i++)
		assert_int_equal(transmit(), 100);
	assert_int_equal(transmit(), 0);
	bench_steps();
	for (u32 i = RING - 1; i < 300; i++)
		assert_int_equal(transmit(), 100);
	assert_int_equal(bench_page.frames_to_wire, 3 * RING + 300);
}

static void too_long(void **state)
{
	u8 bytes[1600];

	(void)state;
	bench_fill(bytes, sizeof(bytes), 0);
	bench_send_plain(bytes, 1515);
	bench_send_plain(bytes, 1514);
	be16_store(bytes + ETH_TYPE, ETHERTYPE_VLAN);
	bench_send_plain(bytes, 1519);
	bench_send_plain(bytes, 1518);
	bench_steps();
	assert_int_equal(transmit(), 1514);
	assert_int_equal(transmit(), 1518);
	assert_int_equal(transmit(), 0);
	assert_int_equal(bench_page.drops[NIC_DROP_TOO_LONG], 2);
}

static bool checksum_is_good(const u8 *bytes, u32 count)
{
	const u8 *ip = bytes + ETH_BYTES;
	u32 length = count - ETH_BYTES - IPV4_BYTES;
	u64 sum = checksum_add(checksum_pseudo(ip, PROTOCOL_TCP, length), ip + IPV4_BYTES, length);

	return checksum_finish(checksum_add(0, ip, IPV4_BYTES)) == 0 && checksum_finish(sum) == 0 &&
	       be16_load(ip + IPV4_LENGTH) == count - ETH_BYTES;
}

/* The card can do neither: checksums are filled in, segments cut, also if they have more pieces than the ring. */
static void segments(void **state)
{
	static u8 bytes[BENCH_FRAME_BYTES];
	struct net_frame frame = bench_segment(bytes, 5000, 1460);
	u32 got = 0;

	(void)state;
	bench_send(&frame, bytes);
	bench_steps();
	for (u32 count; (count = transmit()) != 0; got += count - 54) {
		assert_true(checksum_is_good(bench_got, count));
		assert_memory_equal(bench_got + 54, bytes + 54 + got, count - 54);
		assert_int_equal(be32_load(bench_got + ETH_BYTES + IPV4_BYTES + TCP_SEQUENCE), got);
	}
	assert_int_equal(got, 5000);
	frame = bench_segment(bytes, 8000, 8);
	bench_send(&frame, bytes);
	for (got = 0; got < 8000;) {
		bench_steps();
		for (u32 count; (count = transmit()) != 0; got += count - 54)
			assert_memory_equal(bench_got + 54, bytes + 54 + got, count - 54);
	}
	frame = bench_segment(bytes, 100, 1461);
	frame.segmenting = NET_WHOLE;
	frame.segment_bytes = 0;
	bench_send(&frame, bytes);
	frame = bench_segment(bytes, 3000, 1461);	/* pieces that the wire does not take */
	bench_send(&frame, bytes);
	bench_steps();
	assert_int_equal(transmit(), 154);
	assert_true(checksum_is_good(bench_got, 154));
	assert_int_equal(transmit(), 0);
	assert_int_equal(bench_page.drops[NIC_DROP_TOO_LONG], 1);
}

static void a_broken_link(void **state)
{
	u8 bytes[60] = { 0 };

	(void)state;
	bench_break_link();
	bench_steps();
	assert_int_equal(bench_page.drops[NIC_DROP_BROKEN], 1);
	bench_send_plain(bytes, 60);
	bench_steps();
	assert_int_equal(transmit(), 60);
}

static void the_cable(void **state)
{
	u8 bytes[60] = { 0 };

	(void)state;
	WORD(E1000_ICR) = E1000_CAUSE_RECEIVED;
	assert_false(e1000_ops.quiet(&bench, 0));
	WORD(E1000_ICR) = E1000_CAUSE_LINK;
	assert_true(e1000_ops.quiet(&bench, 0));
	assert_int_equal(WORD(E1000_ICR), 0);
	WORD(E1000_STATUS) = 0;
	nic_driver_look(&bench);
	bench_send_plain(bytes, 60);
	bench_steps();
	assert_int_equal(transmit(), 0);
	assert_int_equal(bench_page.state, NIC_NO_CARRIER);
	assert_int_equal(bench_page.mbits, 0);
	assert_int_equal(bench_page.drops[NIC_DROP_NO_CARRIER], 1);
	WORD(E1000_STATUS) = E1000_STATUS_LINK_UP;
	nic_driver_look(&bench);
	nic_driver_publish(&bench);
	assert_int_equal(bench_page.mbits, 10);
	assert_int_equal(bench_page.is_half_duplex, 1);
}

/* A card that sends nothing is stuck; one without a cable is not. */
static void the_watchdog(void **state)
{
	u8 bytes[60] = { 0 };
	u64 next;

	(void)state;
	assert_false(nic_driver_is_stuck(&bench, 1, 100, &next));
	assert_true(next == ~0ull);
	for (u32 i = 0; i < 2; i++)
		bench_send_plain(bytes, 60);
	bench_steps();
	assert_false(nic_driver_is_stuck(&bench, 10, 100, &next));
	assert_int_equal(next, 110);
	assert_false(nic_driver_is_stuck(&bench, 109, 100, &next));
	assert_int_equal(transmit(), 60);
	bench_steps();
	assert_false(nic_driver_is_stuck(&bench, 110, 100, &next));
	assert_int_equal(next, 210);
	WORD(E1000_STATUS) = 0;
	nic_driver_look(&bench);
	assert_false(nic_driver_is_stuck(&bench, 1000, 100, &next));
	WORD(E1000_STATUS) = E1000_STATUS_LINK_UP;
	nic_driver_look(&bench);
	assert_false(nic_driver_is_stuck(&bench, 1001, 100, &next));
	assert_true(nic_driver_is_stuck(&bench, 1101, 100, &next));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(it_comes_up, setup_up), cmocka_unit_test_setup(what_does_not_come_up, setup),
		cmocka_unit_test_setup(express, setup), cmocka_unit_test_setup(the_address, setup),
		cmocka_unit_test_setup(frames_from_the_wire, setup_up),
		cmocka_unit_test_setup(nonsense_from_the_wire, setup_up),
		cmocka_unit_test_setup(nobody_at_the_link, setup_up),
		cmocka_unit_test_setup(frames_to_the_wire, setup_up), cmocka_unit_test_setup(too_long, setup_up),
		cmocka_unit_test_setup(segments, setup_up), cmocka_unit_test_setup(a_broken_link, setup_up),
		cmocka_unit_test_setup(the_cable, setup_up), cmocka_unit_test_setup(the_watchdog, setup_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
