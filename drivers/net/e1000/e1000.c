/* SPDX-License-Identifier: MIT */
/*
 * e1000.c - see e1000.h.
 */
#include "e1000.h"

#include <string.h>

#include "e1000_regs.h"
#include "inet.h"

#include <linux/pci_regs.h>

#define SLOTS 256u			/* descriptors of a ring: a multiple of 8 (128 bytes) */
#define SLOT_BYTES 2048u		/* as RCTL says */
#define CAPS_MAX 48u

/* Layout of DRIVER_DMA: rings at multiples of 16 bytes (SDM 3.2.6, 3.4), then the buffers. */
#define RX_AT 0x0000u
#define TX_AT 0x1000u
#define RX_BUFFERS_AT 0x010000u
#define TX_BUFFERS_AT (RX_BUFFERS_AT + SLOTS * SLOT_BYTES)
_Static_assert(RX_AT + SLOTS * sizeof(struct e1000_rx) <= TX_AT, "layout");
_Static_assert(TX_AT + SLOTS * sizeof(struct e1000_tx) <= RX_BUFFERS_AT, "layout");
_Static_assert(TX_BUFFERS_AT + SLOTS * SLOT_BYTES <= DRIVER_PIECE_BYTES, "layout");
_Static_assert(NIC_BUFFER_BYTES <= SLOT_BYTES && NIC_MTU_MAX + ETH_BYTES + NET_TAG_BYTES <= NIC_BUFFER_BYTES, "one");

#define MASTER_OFF_US 1000u		/* Linux and 82574 3.1.3.10: 100 ms at worst; it is reset anyway */
#define RESET_US 10000u			/* until the EEPROM has been read (SDM 14.3: 5 ms; 82574 4.6.1.2: 10 ms) */
#define RESET_MS 1000u
#define EEPROM_US 50u
#define EEPROM_READS 100u
#define QUIET_256_NS 98u		/* at most 40,000 interrupts a second */
#define CAUSES (E1000_CAUSE_SENT | E1000_CAUSE_LINK | E1000_CAUSE_FEW | E1000_CAUSE_OVERRUN | E1000_CAUSE_RECEIVED)

static struct {
	struct regs regs;
	bool is_express;
	bool is_middle;		/* of a packet that does not end in one buffer: it is dropped */
	u32 rx;			/* descriptor that is received into next */
	u32 tx, tx_done;	/* next one to be sent; oldest one that the card has */
	bool is_sent;		/* since the last kick */
} self;

static u32 read(u32 offset)
{
	return regs_read(&self.regs, offset, 4);
}

static void write(u32 offset, u32 value)
{
	regs_write(&self.regs, offset, 4, value);
}

static struct e1000_rx *rx_at(const struct nic_driver *d, u32 i)
{
	return (struct e1000_rx *)(void *)(d->dma + RX_AT) + i;
}

static struct e1000_tx *tx_at(const struct nic_driver *d, u32 i)
{
	return (struct e1000_tx *)(void *)(d->dma + TX_AT) + i;
}

/* ---- Start ---- */

static bool is_express(const u8 *config)
{
	u32 at = config[PCI_CAPABILITY_LIST] & 0xfcu;

	for (u32 n = 0; at >= PCI_STD_HEADER_SIZEOF && n < CAPS_MAX; n++, at = config[at + 1] & 0xfcu)
		if (config[at] == PCI_CAP_ID_EXP)
			return true;
	return false;
}

/* A reset while requests are under way may leave the bus interface behind (82574 3.1.3.10). */
static void stop_master(const struct nic_driver *d)
{
	if (!self.is_express)
		return;
	write(E1000_CTRL, read(E1000_CTRL) | E1000_CTRL_MASTER_OFF);
	for (u32 i = 0; i < 100 && (read(E1000_STATUS) & E1000_STATUS_MASTER) != 0; i++)
		d->wait_us(MASTER_OFF_US);
}

/* SDM 14.3, 82574 4.6.1: interrupts are masked before and after. */
static bool reset(const struct nic_driver *d)
{
	write(E1000_IMC, ~0u);
	write(E1000_RCTL, 0);
	write(E1000_TCTL, E1000_TCTL_PAD);
	stop_master(d);
	write(E1000_CTRL, read(E1000_CTRL) | E1000_CTRL_RESET);
	d->wait_us(RESET_US);		/* no register may be touched for 1 us */
	for (u32 ms = 0; (read(E1000_CTRL) & E1000_CTRL_RESET) != 0; ms++) {
		if (ms == RESET_MS)
			return false;
		d->wait_us(1000);
	}
	write(E1000_IMC, ~0u);
	(void)read(E1000_ICR);
	return true;
}

/* Word `i` of the EEPROM; false: the card does not read it. */
static bool eeprom_word(const struct nic_driver *d, u32 i, u16 *out)
{
	u32 value = 0;

	write(E1000_EEPROM, E1000_EEPROM_WORD(self.is_express, i) | E1000_EEPROM_START);
	for (u32 n = 0; n < EEPROM_READS && (value & E1000_EEPROM_DONE(self.is_express)) == 0; n++) {
		d->wait_us(EEPROM_US);
		value = read(E1000_EEPROM);
	}
	*out = (u16)E1000_EEPROM_DATA(value);
	return (value & E1000_EEPROM_DONE(self.is_express)) != 0;
}

/* For show, as everything is received. A reset loads it from the EEPROM into the first receive address; in Bochs it
 * does not. */
static void find_mac(struct nic_driver *d)
{
	u32 low = read(E1000_ADDRESS_LOW), high = read(E1000_ADDRESS_HIGH);
	u16 words[3] = { (u16)low, (u16)(low >> 16), (u16)high };
	bool is_there = (high & E1000_ADDRESS_VALID) != 0;

	for (u32 i = 0; i < 3 && !is_there; i++)
		if (!eeprom_word(d, i, &words[i]))
			return;
	if ((words[0] & 1) == 0)	/* a group's is none */
		memcpy(d->card.mac, words, sizeof(d->card.mac));
}

/* The PHY negotiates by itself; the MAC follows it (SDM 14.3.1, 82574 4.6.3). */
static void set_up_link(void)
{
	const u32 off = E1000_CTRL_LINK_RESET | E1000_CTRL_INVERT | E1000_CTRL_FORCE_SPEED | E1000_CTRL_FORCE_DUPLEX |
			E1000_CTRL_VLAN | E1000_CTRL_PHY_RESET | E1000_CTRL_MASTER_OFF;
	u32 ctrl = (read(E1000_CTRL) & ~off) | E1000_CTRL_LINK_UP;

	write(E1000_CTRL, self.is_express ? ctrl : ctrl | E1000_CTRL_AUTO_SPEED);
}

static void set_up_ring(u32 ring, u64 bus)
{
	write(ring + E1000_BASE_LOW, (u32)bus);
	write(ring + E1000_BASE_HIGH, (u32)(bus >> 32));
	write(ring + E1000_RING_BYTES, SLOTS * 16);
	write(ring + E1000_HEAD, 0);
	write(ring + E1000_TAIL, 0);
}

/* Where the card puts the next packet of descriptor `i`. */
static void offer(const struct nic_driver *d, u32 i)
{
	*rx_at(d, i) = (struct e1000_rx){ .address = d->args->dma_bus + RX_BUFFERS_AT + (u64)i * SLOT_BYTES };
}

/* SDM 14.4, 82574 4.6.5. The tail comes last: one descriptor stays ours, else the ring would look empty. */
static void set_up_receiver(const struct nic_driver *d)
{
	for (u32 i = 0; i < E1000_GROUPS_COUNT; i++)
		write(E1000_GROUPS + i * 4, 0);
	for (u32 i = 0; i < SLOTS; i++)
		offer(d, i);
	set_up_ring(E1000_RX_RING, d->args->dma_bus + RX_AT);
	write(E1000_RX_DELAY, 0);
	write(E1000_RCTL, E1000_RCTL_ON | E1000_RCTL_ALL_STATIONS | E1000_RCTL_ALL_GROUPS | E1000_RCTL_BROADCASTS |
			  E1000_RCTL_NO_CRC);
	write(E1000_RX_RING + E1000_TAIL, SLOTS - 1);
}

/* SDM 14.5, 82574 4.6.6. */
static void set_up_transmitter(const struct nic_driver *d)
{
	set_up_ring(E1000_TX_RING, d->args->dma_bus + TX_AT);
	if (self.is_express)
		write(E1000_TX_CONTROL, read(E1000_TX_CONTROL) | E1000_TX_CONTROL_ONE);
	write(E1000_TIPG, E1000_TIPG_COPPER);
	write(E1000_TCTL, E1000_TCTL_ON | E1000_TCTL_PAD | E1000_TCTL_RETRIES | E1000_TCTL_DISTANCE);
}

static const char *start(struct nic_driver *d)
{
	memset(&self, 0, sizeof(self));
	self.is_express = is_express(d->args->config);
	if (!bar_regs(d->args, 0, 0, E1000_REGISTERS_END, &self.regs))
		return nic_driver_unusable(d, "the card has no registers in memory");
	if (!reset(d))
		return "the card does not reset";
	find_mac(d);
	set_up_link();
	set_up_receiver(d);
	set_up_transmitter(d);
	write(E1000_ITR, QUIET_256_NS);
	write(E1000_IMS, CAUSES);
	return NULL;
}

static void look(struct nic_driver *d, struct nic_carrier *out)
{
	static const u32 speeds[4] = { 10, 100, 1000, 1000 };
	u32 status = read(E1000_STATUS);

	(void)d;
	out->is_up = (status & E1000_STATUS_LINK_UP) != 0;
	out->mbits = out->is_up ? speeds[E1000_STATUS_SPEED(status)] : 0;
	out->is_half_duplex = out->is_up && (status & E1000_STATUS_FULL_DUPLEX) == 0;
}

/* ---- From the wire ---- */

static void receive(struct nic_driver *d, const struct e1000_rx *rx, u32 i)
{
	struct net_frame frame = { .bytes = rx->bytes };
	bool is_end = (rx->status & E1000_RX_END) != 0, was_middle = self.is_middle;

	self.is_middle = !is_end;
	if (!is_end && was_middle)
		return;			/* counted once */
	if (!is_end || was_middle || (rx->errors & E1000_RX_DAMAGED) != 0 || rx->bytes > SLOT_BYTES) {
		if (!was_middle)
			nic_driver_bad(d);
		return;
	}
	nic_driver_received(d, &frame, d->dma + RX_BUFFERS_AT + i * SLOT_BYTES);
}

/* The done bit is the last of a descriptor that the card writes, so it is read first. */
static bool take_one(struct nic_driver *d)
{
	struct e1000_rx *at = rx_at(d, self.rx), rx;

	if ((__atomic_load_n(&at->status, __ATOMIC_ACQUIRE) & E1000_DONE) == 0)
		return false;
	rx = *(volatile struct e1000_rx *)at;
	receive(d, &rx, self.rx);
	offer(d, self.rx);
	self.rx = (self.rx + 1) % SLOTS;
	return true;
}

static void take_sent(struct nic_driver *d)
{
	u32 count = 0;

	for (; self.tx_done != self.tx; self.tx_done = (self.tx_done + 1) % SLOTS, count++)
		if ((__atomic_load_n(&tx_at(d, self.tx_done)->status, __ATOMIC_ACQUIRE) & E1000_DONE) == 0)
			break;
	nic_driver_sent(d, count);
}

static bool service(struct nic_driver *d)
{
	u32 n = 0;

	take_sent(d);
	while (n < NIC_TURNS && take_one(d))
		n++;
	if (n != 0)
		write(E1000_RX_RING + E1000_TAIL, (self.rx + SLOTS - 1) % SLOTS);
	return n == NIC_TURNS;
}

/* ---- To the wire ---- */

static u32 room(struct nic_driver *d)
{
	(void)d;
	return (self.tx_done + SLOTS - 1 - self.tx) % SLOTS;
}

static u8 *buffer(struct nic_driver *d, u32 i)
{
	return d->dma + TX_BUFFERS_AT + (self.tx + i) % SLOTS * SLOT_BYTES;
}

/* Always one buffer: checksums and segments are not this driver's. */
static void send(struct nic_driver *d, const struct net_frame *frame, const struct segment_plan *plan)
{
	(void)plan;
	*tx_at(d, self.tx) = (struct e1000_tx){
		.address = d->args->dma_bus + TX_BUFFERS_AT + (u64)self.tx * SLOT_BYTES, .bytes = (u16)frame->bytes,
		.command = E1000_TX_END | E1000_TX_CRC | E1000_TX_REPORT,
	};
	self.tx = (self.tx + 1) % SLOTS;
	self.is_sent = true;
	nic_driver_gave(d, 1);
}

/* Descriptors and buffers are written before (regs.h). */
static void kick(struct nic_driver *d)
{
	(void)d;
	if (self.is_sent)
		write(E1000_TX_RING + E1000_TAIL, self.tx);
	self.is_sent = false;
}

/* Reading takes the causes back (SDM 13.4.17). The 82574 keeps them under some conditions, so they are written too
 * (82574 10.2.4.1); one that comes in between is not lost, because all is looked at afterwards. */
static bool quiet(struct nic_driver *d, u32 irq)
{
	u32 causes = read(E1000_ICR);

	(void)d;
	(void)irq;
	if (causes != 0)
		write(E1000_ICR, causes);
	return (causes & E1000_CAUSE_LINK) != 0;
}

const struct nic_driver_ops e1000_ops = {
	.start = start, .look = look, .service = service, .room = room, .buffer = buffer, .send = send, .kick = kick,
	.quiet = quiet,
};
