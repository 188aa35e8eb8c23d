/* SPDX-License-Identifier: MIT */
/*
 * Frames of any bytes through a switch of two VLANs with a trunk, beside a port, alone in a third one, whose client
 * writes anything into its ring. Each frame ends in a mark that says from which port and in which VLAN it was sent;
 * nobody may get another VLAN's, no port may send with another's address, and counts must add up.
 */
/* links: net rt */
#include <stdlib.h>
#include <string.h>

#include "inet.h"
#include "rt_time.h"
#include "switch_io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAC(port) (0x020000000001ull + (port))
#define MARK 0x4d41524bu	/* "MARK" */
#define MARK_BYTES 8u
enum { PORTS = 7, TRUNK = 5, HOSTILE = 6, VLANS = 3 };

static struct net_switch sw;
static struct switch_port_figures figures[SWITCH_PORTS];
static struct switch_io io;
static struct ring to_switch[PORTS], to_client[PORTS];
static u8 links[PORTS][NET_LINK_BYTES] __attribute__((aligned(64)));
static u64 sent[PORTS];

static void check(bool is_true)
{
	if (!is_true)
		abort();
}

static u16 vlan_of(u32 port)
{
	if (port == HOSTILE)
		return 30;
	return port == TRUNK ? 40 : port % 2 == 0 ? 10 : 20;
}

static void begin(void)
{
	memset(&io, 0, sizeof(io));
	memset(sent, 0, sizeof(sent));
	memset(figures, 0, sizeof(figures));
	switch_init(&sw, 99, figures);
	io.s = &sw;
	for (u32 i = 0; i < PORTS; i++) {
		struct port_setup setup = { .mac = i == TRUNK ? 0 : MAC(i), .vlan = vlan_of(i), .max_bytes = 9014,
					    .guard = i == TRUNK ? 0 : GUARD_ALL, .most_addresses = 8,
					    .flags = PORT_UP };

		if (i == TRUNK) {
			setup.flags |= PORT_TRUNK;
			setup.vlans[10 / 8] |= 1u << 10 % 8;
			setup.vlans[20 / 8] |= 1u << 20 % 8;
		}
		memset(links[i], 0, 4096);
		memset(links[i] + NET_TO_CLIENT, 0, 4096);
		check(switch_add_port(&sw, i, &setup) == ST_OK);
		switch_io_attach(&io, i, links[i]);
		ring_attach_producer(&to_switch[i], (struct ring_shared *)(links[i] + NET_TO_SWITCH), NET_RING_BYTES);
		ring_attach_consumer(&to_client[i], (struct ring_shared *)(links[i] + NET_TO_CLIENT), NET_RING_BYTES);
	}
}

/* The VLAN in which a port sends these bytes; of the trunk, 0 if it may send none such. */
static u32 sent_in(u32 port, const u8 *bytes)
{
	u16 tag;

	if (port != TRUNK)
		return vlan_of(port);
	if (be16_load(bytes + ETH_TYPE) != ETHERTYPE_VLAN)
		return 40;
	tag = be16_load(bytes + 14) & VLAN_ID_MASK;
	return tag == 0 ? 40 : tag == 10 || tag == 20 || tag == 40 ? tag : 0;
}

/* Now and then with a checksum to be computed, or to be cut: what is left to be done must not matter here. */
static void send(u32 port, u8 kind, const u8 *bytes, u32 count)
{
	struct net_frame frame = { .bytes = count + MARK_BYTES };
	u8 mark[MARK_BYTES];

	if ((kind & 12) != 0) {
		frame.flags = NET_NEEDS_CHECKSUM;
		frame.checksum_start = (u16)(14 + bytes[0] % 64);
		frame.checksum_offset = kind & 8 ? TCP_CHECKSUM : UDP_CHECKSUM;
		frame.segmenting = (kind & 12) == 12 ? NET_TCP4 : NET_WHOLE;
		frame.segment_bytes = frame.segmenting == NET_WHOLE ? 0 : 100;
	}
	if (count < ETH_BYTES + NET_TAG_BYTES || !net_frame_ok(&frame) || !net_begin(&to_switch[port], &frame))
		return;
	be32_store(mark, MARK);
	be16_store(mark + 4, (u16)port);
	be16_store(mark + 6, (u16)sent_in(port, bytes));
	net_write(&to_switch[port], 0, bytes, count);
	net_write(&to_switch[port], count, mark, MARK_BYTES);
	net_end(&to_switch[port], &frame);
	sent[port]++;
}

static void judge(u32 port, const u8 *bytes, u32 count)
{
	u32 vlan, sender, own = vlan_of(port);
	u64 from = mac_load(bytes + ETH_FROM);

	check(count >= ETH_BYTES + MARK_BYTES && be32_load(bytes + count - MARK_BYTES) == MARK);
	sender = be16_load(bytes + count - 4);
	vlan = be16_load(bytes + count - 2);
	if (port == TRUNK) {
		bool is_tagged = be16_load(bytes + ETH_TYPE) == ETHERTYPE_VLAN;

		own = is_tagged ? be16_load(bytes + 14) & VLAN_ID_MASK : own;
		check(!is_tagged || be16_load(bytes + 16) != ETHERTYPE_VLAN);
	}
	check(vlan == own && port != HOSTILE);
	for (u32 i = 0; i < PORTS; i++)
		check(i == TRUNK || from != MAC(i) || sender == i);
	check(sender == TRUNK || from == MAC(sender));
}

static void take_all(void)
{
	static u8 bytes[NET_FRAME_MAX];
	struct net_frame frame;

	for (u32 i = 0; i < PORTS; i++)
		while (net_next(&to_client[i], &frame) == NET_FRAME) {
			net_read(&to_client[i], 0, bytes, frame.bytes);
			net_done(&to_client[i], &frame);
			judge(i, bytes, frame.bytes);
		}
}

static void scribble(const u8 *bytes, u32 count)
{
	struct ring_shared *ring = (struct ring_shared *)(links[HOSTILE] + NET_TO_SWITCH);

	if (count >= 4)
		memcpy(&ring->head, bytes, 4);
	for (u32 i = 4; i < count; i++)
		ring->data[(i * 4099u) % NET_RING_BYTES] = bytes[i];
	if (count >= 8)
		memcpy(&((struct ring_shared *)(links[HOSTILE] + NET_TO_CLIENT))->tail, bytes + 4, 4);
}

/* A frame of an operation: addresses are mostly those that are there. */
static void send_some(u32 port, u8 kind, const u8 *data, u32 count)
{
	u8 bytes[600];

	memcpy(bytes, data, count);
	if (count >= ETH_BYTES && (kind & 1) != 0) {
		u64 to = kind & 2 ? MAC((kind >> 4) % PORTS) : MAC_BROADCAST;

		be16_store(bytes, (u16)(to >> 32));
		be32_store(bytes + 2, (u32)to);
		be16_store(bytes + 6, (u16)(MAC(port) >> 32));
		be32_store(bytes + 8, (u32)MAC(port));
	}
	send(port, kind, bytes, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	u64 now_ns = NS_PER_S;

	begin();
	while (size >= 3) {
		u32 port = data[0] % PORTS, count = data[1] * 2u;
		u8 kind = data[2];

		data += 3;
		size -= 3;
		count = count < size ? count : (u32)size;
		if (port == HOSTILE)
			scribble(data, count);
		else
			send_some(port, kind, data, count);
		switch_io_woken(&io, sw.up);
		while (switch_io_step(&io, now_ns, 8))
			;
		now_ns += (u64)kind * NS_PER_MS;
		take_all();
		data += count;
		size -= count;
	}
	for (u32 i = 0; i < HOSTILE; i++)
		check(sw.port[i].figures->counts.from_frames == sent[i]);
	return 0;
}
