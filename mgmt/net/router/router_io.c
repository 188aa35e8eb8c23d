/* SPDX-License-Identifier: MIT */
/*
 * router_io.c - see router_io.h. A frame that is handed on goes from ring to ring: its head from the copy that was
 * judged, the rest as it is.
 */
#include "router_io.h"

#include <string.h>

#include "checksum.h"
#include "range.h"

void router_io_attach(struct router_io *io, u32 port, void *link)
{
	struct router_rings *r = &io->rings[port];
	u8 *at = link;

	ring_attach_consumer(&r->from, (struct ring_shared *)(at + NET_TO_CLIENT), NET_RING_BYTES);
	ring_attach_producer(&r->to, (struct ring_shared *)(at + NET_TO_SWITCH), NET_RING_BYTES);
	r->is_up = true;
	/* A router before this one may have moved frames, and died before it told the switch. */
	io->written |= BIT32(port);
	io->taken |= BIT32(port);
}

void router_io_detach(struct router_io *io, u32 port)
{
	io->rings[port].is_up = false;
}

static void sent(struct router_io *io, u32 port, const struct net_frame *frame)
{
	struct router_rings *r = &io->rings[port];

	net_end(&r->to, frame);
	r->out_frames++;
	r->out_bytes += frame->bytes;
	io->written |= BIT32(port);
}

static bool begin(struct router_io *io, u32 port, const struct net_frame *frame)
{
	if (io->rings[port].is_up && net_begin(&io->rings[port].to, frame))
		return true;
	plane_dropped(&io->g->plane, ROUTER_DROP_FULL);
	return false;
}

void router_io_send(void *context, u32 port, const u8 *bytes, u32 count)
{
	struct router_io *io = context;
	struct net_frame frame = { .bytes = count };

	if (!begin(io, port, &frame))
		return;
	net_write(&io->rings[port].to, 0, bytes, count);
	sent(io, port, &frame);
}

/* The packet alone: what is behind it is padding of another network. */
static u32 packet_end(const u8 *head)
{
	if (be16_load(head + ETH_TYPE) == ETHERTYPE_IPV6)
		return ETH_BYTES + IPV6_BYTES + be16_load(head + ETH_BYTES + IPV6_LENGTH);
	return ETH_BYTES + be16_load(head + ETH_BYTES + IPV4_LENGTH);
}

static void hand_on(struct router_io *io, u32 port, const struct ring *from, struct net_frame frame, const u8 *head)
{
	u32 head_bytes;

	frame.flags &= (u8)~NET_CHECKSUM_GOOD;
	frame.bytes = packet_end(head);
	head_bytes = (u32)min_u64(frame.bytes, PACKET_HEAD_BYTES);
	if (!begin(io, port, &frame))
		return;
	net_write(&io->rings[port].to, 0, head, head_bytes);
	net_copy(from, head_bytes, &io->rings[port].to, head_bytes, frame.bytes - head_bytes);
	sent(io, port, &frame);
}

/* What somebody was to compute later: nobody is told of it any more. */
static bool complete(const struct net_frame *frame, u8 *bytes, u32 count)
{
	u32 start = frame->checksum_start, at = start + frame->checksum_offset;
	u16 sum;

	if ((frame->flags & NET_NEEDS_CHECKSUM) == 0)
		return true;
	if (frame->segmenting != NET_WHOLE || at + 2 > count)
		return false;
	sum = checksum_finish(checksum_add(0, bytes + start, count - start));
	be16_store(bytes + at, sum == 0 && frame->checksum_offset == UDP_CHECKSUM ? 0xffff : sum);
	return true;
}

/* A frame that is looked at, or held, as a whole. `head` has been changed if it is to go on. */
static void whole(struct router_io *io, u32 port, const struct net_frame *frame, const u8 *head,
		  const struct plane_verdict *v, u64 now_ns)
{
	u32 head_bytes = (u32)min_u64(frame->bytes, PACKET_HEAD_BYTES), count = frame->bytes;
	static u8 bytes[PACKET_MOST];

	if (v->action == PLANE_TELL)
		count = (u32)min_u64(count, ICMP6_ERROR_MOST);
	if (count > PACKET_MOST) {
		plane_dropped(&io->g->plane, v->action == PLANE_TAKE ? ROUTER_DROP_LOCAL : ROUTER_DROP_NEIGHBOUR);
		return;
	}
	memcpy(bytes, head, head_bytes);
	net_read(&io->rings[port].from, head_bytes, bytes + head_bytes, count - head_bytes);
	if (v->action == PLANE_TAKE) {
		gateway_take(io->g, port, frame, bytes, now_ns);
		return;
	}
	if (v->action == PLANE_TELL) {
		plane6_tell(&io->g->plane.v6, port, bytes, count, v->error, now_ns);
		return;
	}
	count = packet_end(bytes);
	if (complete(frame, bytes, count))
		plane_wait(&io->g->plane, v, port, bytes, count, now_ns);
	else
		plane_dropped(&io->g->plane, ROUTER_DROP_NEIGHBOUR);
}

static void take(struct router_io *io, u32 port, const struct net_frame *frame, u64 now_ns)
{
	struct router_rings *r = &io->rings[port];
	u8 head[PACKET_HEAD_BYTES];
	struct plane_verdict v;

	r->in_frames++;
	r->in_bytes += frame->bytes;
	net_read(&r->from, 0, head, (u32)min_u64(frame->bytes, PACKET_HEAD_BYTES));
	plane_in(&io->g->plane, port, frame, head, now_ns, &v);
	if (v.action == PLANE_SEND)
		hand_on(io, v.port, &r->from, *frame, head);
	else if (v.action != PLANE_DROPPED)
		whole(io, port, frame, head, &v, now_ns);
}

/* True: there may be more. */
static bool step_port(struct router_io *io, u32 port, u64 now_ns, u32 budget)
{
	struct router_rings *r = &io->rings[port];
	struct net_frame frame;

	for (u32 i = 0; i < budget; i++) {
		enum net_next next = net_next(&r->from, &frame);

		if (next == NET_NONE)
			return false;
		io->taken |= BIT32(port);
		if (next == NET_BROKEN) {
			plane_dropped(&io->g->plane, ROUTER_DROP_LINK);
			net_drop_all(&r->from);
			return false;
		}
		take(io, port, &frame, now_ns);
		net_done(&r->from, &frame);
	}
	return true;
}

bool router_io_step(struct router_io *io, u64 now_ns, u32 budget)
{
	bool is_more = false;

	for (u32 i = 0; i < ROUTER_PORTS; i++)
		if (io->rings[i].is_up && step_port(io, i, now_ns, budget))
			is_more = true;
	return is_more;
}

void router_io_wait(struct router_io *io, bool is_waiting)
{
	for (u32 i = 0; i < ROUTER_PORTS; i++)
		if (io->rings[i].is_up)
			ring_consumer_wait(&io->rings[i].from, is_waiting);
}

u32 router_io_to_signal(struct router_io *io)
{
	u32 found = 0;

	for (u32 i = 0; i < ROUTER_PORTS; i++) {
		struct router_rings *r = &io->rings[i];

		if (!r->is_up)
			continue;
		if ((io->written >> i & 1) != 0 && ring_consumer_take_waiting(&r->to))
			found |= BIT32(i);
		if ((io->taken >> i & 1) != 0 && ring_producer_take_waiting(&r->from))
			found |= BIT32(i);
	}
	io->written = io->taken = 0;
	return found;
}
