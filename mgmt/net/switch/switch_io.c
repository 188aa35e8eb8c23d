/* SPDX-License-Identifier: MIT */
/*
 * switch_io.c - see switch_io.h.
 */
#include "switch_io.h"

#include <string.h>

#include "capture.h"
#include "dhcp_watch.h"
#include "inet.h"
#include "range.h"
#include "rt_time.h"

#define ADDRESSES (2u * MAC_BYTES)	/* of a frame, in front of its tag */

void switch_io_attach(struct switch_io *io, u32 port, void *link)
{
	struct port_rings *r = &io->rings[port];
	u8 *at = link;

	ring_attach_consumer(&r->from, (struct ring_shared *)(at + NET_TO_SWITCH), NET_RING_BYTES);
	ring_attach_producer(&r->to, (struct ring_shared *)(at + NET_TO_CLIENT), NET_RING_BYTES);
	/* A switch before this one may have moved frames, and died before it told the client. */
	io->written |= BIT64(port);
	io->taken |= BIT64(port);
	io->active |= BIT64(port);
}

/*
 * A frame as it leaves: `from` is where what follows the addresses and the tag begins in the one that came in. If that
 * had no tag and gets none, all is as it came.
 */
struct departure {
	struct net_frame frame;
	u32 from;
	u8 start[ADDRESSES + NET_TAG_BYTES];
	u32 start_bytes;
};

static struct departure depart(const struct net_frame *frame, const u8 *head, const struct packet *packet,
			       const struct switch_exit *exit)
{
	struct departure d;

	d.frame = *frame;
	d.frame.flags &= (u8)~NET_CHECKSUM_GOOD;		/* so says somebody who may not be trusted */
	d.from = d.start_bytes = 0;
	if (!packet->is_tagged && !exit->has_tag)
		return d;
	d.from = ADDRESSES + (packet->is_tagged ? NET_TAG_BYTES : 0);
	d.start_bytes = ADDRESSES + (exit->has_tag ? NET_TAG_BYTES : 0);
	memcpy(d.start, head, ADDRESSES);
	if (exit->has_tag) {
		be16_store(d.start + ADDRESSES, ETHERTYPE_VLAN);
		be16_store(d.start + ADDRESSES + 2, exit->tag);
	}
	d.frame.bytes = d.start_bytes + frame->bytes - d.from;
	if ((frame->flags & NET_NEEDS_CHECKSUM) != 0)
		d.frame.checksum_start = (u16)(frame->checksum_start + d.start_bytes - d.from);
	return d;
}

/* Also with a tag more. Before rates are charged. */
static bool has_room(const struct switch_io *io, u32 port, const struct net_frame *frame)
{
	return ring_room(&io->rings[port].to) >= frame->bytes + NET_TAG_BYTES + 2 * NET_ALIGN;
}

/* What was judged goes out as it was judged: the head from the copy, the rest from the ring. */
static enum net_drop deliver(struct switch_io *io, u32 port, const struct ring *from, const struct departure *d,
			     const u8 *head, u32 head_bytes)
{
	struct ring *to = &io->rings[port].to;
	u32 at = d->start_bytes;

	if (!net_frame_ok(&d->frame))		/* with its tag it is longer than a frame can be */
		return DROP_TOO_LONG;
	if (!net_begin(to, &d->frame))
		return DROP_FULL;
	if (at != 0)
		net_write(to, 0, d->start, at);
	net_write(to, at, head + d->from, head_bytes - d->from);
	at += head_bytes - d->from;
	if (at < d->frame.bytes)
		net_copy(from, head_bytes, to, at, d->frame.bytes - at);
	net_end(to, &d->frame);
	io->written |= BIT64(port);
	return DROP_NONE;
}

/* A copy for each port that captures those of `port`. Whoever does not take them costs nobody else anything. */
static void capture(struct switch_io *io, u32 port, const struct captured *frame, u64 now_ns)
{
	for (u64 left = io->s->captures; left != 0; left &= left - 1) {
		u32 to = (u32)__builtin_ctzll(left);
		const struct port_setup *setup = &io->s->port[to].setup;
		u32 bytes;

		if (setup->captured != port + 1)
			continue;
		bytes = capture_write(&io->rings[to].to, frame, setup->snap_bytes, now_ns);
		io->written |= bytes != 0 ? BIT64(to) : 0;
		if (bytes != 0)
			switch_delivered(io->s, to, bytes);
		else
			switch_dropped(io->s, to, DROP_FULL);
	}
}

static void capture_departed(struct switch_io *io, u32 port, const struct ring *from, const struct departure *d,
			     const u8 *head, u32 head_bytes, u64 now_ns)
{
	const struct captured c = {
		.bytes = d->frame.bytes, .start = d->start, .start_bytes = d->start_bytes, .head = head + d->from,
		.head_bytes = head_bytes - d->from, .rest = from, .rest_at = head_bytes,
	};

	capture(io, port, &c, now_ns);
}

static enum net_drop forward_to(struct switch_io *io, u32 to, const struct ring *from, const struct net_frame *frame,
				const u8 *head, u64 now_ns, struct switch_verdict *v)
{
	enum net_drop drop = DROP_FULL;
	u32 head_bytes = (u32)min_u64(frame->bytes, PACKET_HEAD_BYTES);
	struct switch_exit exit;
	struct departure d;

	if (has_room(io, to, frame))
		drop = switch_out(io->s, to, frame, head, now_ns, v, &exit);
	if (drop != DROP_NONE)
		return drop;
	d = depart(frame, head, &v->packet, &exit);
	drop = deliver(io, to, from, &d, head, head_bytes);
	if (drop != DROP_NONE)
		return drop;
	switch_delivered(io->s, to, d.frame.bytes);
	if ((io->s->captured & BIT64(to)) != 0)
		capture_departed(io, to, from, &d, head, head_bytes, now_ns);
	return DROP_NONE;
}

/* A DHCP server's message is longer than what all frames are judged by. */
static void watch_dhcp(struct switch_io *io, const struct ring *from, const struct net_frame *frame, u64 now_ns,
		       const struct switch_verdict *v)
{
	static u8 bytes[DHCP_SEEN_BYTES];	/* too large for the stack */

	net_read(from, 0, bytes, (u32)min_u64(frame->bytes, sizeof(bytes)));
	switch_grant(io->s, frame, bytes, now_ns, v);
}

static void forward(struct switch_io *io, u32 port, const struct net_frame *frame, u64 now_ns)
{
	const struct ring *from = &io->rings[port].from;
	u32 head_bytes = (u32)min_u64(frame->bytes, PACKET_HEAD_BYTES);
	u8 head[PACKET_HEAD_BYTES];
	struct switch_verdict v;

	net_read(from, 0, head, head_bytes);
	if ((io->s->captured & BIT64(port)) != 0) {
		const struct captured c = {
			.bytes = frame->bytes, .head = head, .head_bytes = head_bytes, .rest = from,
			.rest_at = head_bytes,
		};

		capture(io, port, &c, now_ns);
	}
	switch_in(io->s, port, frame, head, now_ns, &v);
	if (v.ports != 0 && switch_may_grant(io->s, port, frame, head, &v))
		watch_dhcp(io, from, frame, now_ns, &v);
	for (u64 left = v.ports; left != 0; left &= left - 1) {
		u32 to = (u32)__builtin_ctzll(left);
		enum net_drop drop = forward_to(io, to, from, frame, head, now_ns, &v);

		if (drop != DROP_NONE)
			switch_dropped(io->s, to, drop);
	}
}

/* No frame is there. False: none is there still, after the client was asked to signal the next one. */
static bool has_come(struct port_rings *r)
{
	struct net_frame frame;

	ring_consumer_wait(&r->from, true);
	if (net_next(&r->from, &frame) == NET_NONE)
		return false;
	ring_consumer_wait(&r->from, false);
	return true;
}

/* True: there may be more. */
static bool step_port(struct switch_io *io, u32 port, u64 now_ns, u32 budget)
{
	struct port_rings *r = &io->rings[port];
	struct net_frame frame;

	for (u32 i = 0; i < budget; i++)
		switch (net_next(&r->from, &frame)) {
		case NET_NONE:
			return has_come(r);
		case NET_BROKEN:
			io->s->port[port].figures->counts.broken++;
			net_drop_all(&r->from);
			io->taken |= BIT64(port);
			break;
		case NET_FRAME:
			forward(io, port, &frame, now_ns);
			net_done(&r->from, &frame);
			io->taken |= BIT64(port);
			break;
		}
	return true;
}

static void step_ports(struct switch_io *io, u64 ports, u64 now_ns, u32 budget)
{
	for (; ports != 0; ports &= ports - 1) {
		u32 port = (u32)__builtin_ctzll(ports);
		u64 since = rt_time_tsc();

		if (!step_port(io, port, now_ns, budget))
			io->active &= ~BIT64(port);
		io->s->port[port].figures->ticks += rt_time_tsc() - since;
	}
}

void switch_io_woken(struct switch_io *io, u64 ports)
{
	io->active |= ports;
}

bool switch_io_step(struct switch_io *io, u64 now_ns, u32 budget)
{
	u64 earlier = BIT64(io->next) - 1;

	io->active &= io->s->up;
	io->next = (io->next + 1) % SWITCH_PORTS;
	step_ports(io, io->active & ~earlier, now_ns, budget);
	step_ports(io, io->active & earlier, now_ns, budget);
	return io->active != 0;
}

u64 switch_io_to_signal(struct switch_io *io)
{
	u64 found = 0;

	for (u64 left = io->written & io->s->up; left != 0; left &= left - 1)
		if (ring_consumer_take_waiting(&io->rings[__builtin_ctzll(left)].to))
			found |= left & -left;
	for (u64 left = io->taken & io->s->up; left != 0; left &= left - 1)
		if (ring_producer_take_waiting(&io->rings[__builtin_ctzll(left)].from))
			found |= left & -left;
	io->written = io->taken = 0;
	return found;
}
