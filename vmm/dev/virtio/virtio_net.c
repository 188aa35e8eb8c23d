/* SPDX-License-Identifier: MIT */
/*
 * virtio_net.c - see virtio_net.h.
 */
#include "virtio_net.h"

#include <string.h>

#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>

#include "checksum.h"
#include "inet.h"
#include "range.h"

enum { QUEUE_TO_GUEST = 0, QUEUE_FROM_GUEST = 1, QUEUE_CONTROL = 2, QUEUES = 3 };
#define CLASS_ETHERNET 0x020000u
#define HEADER_BYTES ((u32)sizeof(struct virtio_net_hdr_v1))
#define CONFIG_BYTES ((u32)offsetof(struct virtio_net_config, speed))
#define CONTROL_BYTES 3u	/* class, command, and what follows at least */

/* Frames of the guest that are gathered: see note_kick(). */
#define GATHER_AFTER 8u		/* notifications of few frames each */
#define GATHER_LEAST 4u
#define GATHER_MOST 32u
#define TOLD_AT_ONCE 16u	/* frames that were sent */

#define FEATURES \
	(BIT64(VIRTIO_NET_F_MAC) | BIT64(VIRTIO_NET_F_STATUS) | BIT64(VIRTIO_NET_F_MTU) | \
	 BIT64(VIRTIO_NET_F_MRG_RXBUF) | BIT64(VIRTIO_NET_F_CTRL_VQ) | BIT64(VIRTIO_NET_F_CTRL_RX) | \
	 BIT64(VIRTIO_NET_F_CSUM) | BIT64(VIRTIO_NET_F_HOST_TSO4) | BIT64(VIRTIO_NET_F_HOST_TSO6) | \
	 BIT64(VIRTIO_NET_F_GUEST_CSUM) | BIT64(VIRTIO_NET_F_GUEST_TSO4) | BIT64(VIRTIO_NET_F_GUEST_TSO6))

/* enum net_segmenting */
static const struct { u8 gso_type; u8 from_guest, to_guest; } segmenting[NET_SEGMENTING_COUNT] = {
	[NET_WHOLE] = { VIRTIO_NET_HDR_GSO_NONE, 0, 0 },
	[NET_TCP4] = { VIRTIO_NET_HDR_GSO_TCPV4, VIRTIO_NET_F_HOST_TSO4, VIRTIO_NET_F_GUEST_TSO4 },
	[NET_TCP6] = { VIRTIO_NET_HDR_GSO_TCPV6, VIRTIO_NET_F_HOST_TSO6, VIRTIO_NET_F_GUEST_TSO6 },
};

/* ---- From the guest ---- */

static u8 segmenting_of(const struct virtio_net *n, u8 gso_type)
{
	for (u32 i = NET_TCP4; i < NET_SEGMENTING_COUNT; i++)
		if (segmenting[i].gso_type == gso_type && virtio_has(&n->device, segmenting[i].from_guest))
			return (u8)i;
	return gso_type == VIRTIO_NET_HDR_GSO_NONE ? NET_WHOLE : NET_SEGMENTING_COUNT;
}

/* A segment that is to be cut may be longer. */
static bool is_too_long(const struct virtio_net *n, const struct net_frame *f)
{
	return f->segmenting == NET_WHOLE && f->bytes > n->longest;
}

/* The guest's description, in the words of the link. False: it makes no sense. */
static bool describe(const struct virtio_net *n, const struct virtio_net_hdr_v1 *h, u32 bytes, struct net_frame *out)
{
	*out = (struct net_frame){ .bytes = bytes, .segmenting = segmenting_of(n, h->gso_type) };
	if (out->segmenting != NET_WHOLE)
		out->segment_bytes = h->gso_size;
	if ((h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0) {
		if (!virtio_has(&n->device, VIRTIO_NET_F_CSUM))
			return false;
		out->flags = NET_NEEDS_CHECKSUM;
		out->checksum_start = h->csum_start;
		out->checksum_offset = h->csum_offset;
	}
	return net_frame_ok(out) && !is_too_long(n, out);
}

/* False: no room. */
static bool send(struct virtio_net *n)
{
	const struct virtqueue_chain *chain = &n->out;
	u32 at = 0;

	if (!net_begin(&n->to_switch, &n->held))
		return false;
	for (u32 i = 0; i < chain->readable; i++) {
		const struct virtqueue_segment *s = &chain->segment[i];
		u32 skip = at < HEADER_BYTES ? (u32)min_u64(HEADER_BYTES - at, s->len) : 0;

		if (s->len > skip)
			net_write(&n->to_switch, at + skip - HEADER_BYTES, s->at + skip, s->len - skip);
		at += s->len;
	}
	net_end(&n->to_switch, &n->held);
	n->has_sent = true;
	return true;
}

static void stop_gathering(struct virtio_net *n)
{
	n->gathers = false;
	n->alone = 0;
}

/* A chain of the guest is done with, or is held. */
static void take(struct virtio_net *n)
{
	struct virtio_net_hdr_v1 header;

	if (virtqueue_read(&n->out, 0, &header, HEADER_BYTES) != HEADER_BYTES) {
		virtio_broken(&n->device, "a packet has no header");
		return;
	}
	if (header.gso_type != VIRTIO_NET_HDR_GSO_NONE) {	/* few of them fill the ring */
		n->is_large = true;
		stop_gathering(n);
	}
	if (!describe(n, &header, n->out.readable_bytes - HEADER_BYTES, &n->held)) {
		n->drops->bad++;
	} else if (!send(n)) {
		n->is_held = true;
		return;
	}
	virtio_push(&n->device, QUEUE_FROM_GUEST, n->out.head, 0);
}

/* The chain that is held goes, if there is room. The switch is asked to signal before the ring is looked at again. */
static bool release_held(struct virtio_net *n)
{
	if (!n->is_held)
		return true;
	if (!send(n)) {
		ring_producer_wait(&n->to_switch, true);
		if (!send(n))
			return false;
		ring_producer_wait(&n->to_switch, false);
	}
	n->is_held = false;
	virtio_push(&n->device, QUEUE_FROM_GUEST, n->out.head, 0);
	return true;
}

/* A switch that waits for frames need not hear that there are none. */
static bool is_signal_due(struct virtio_net *n)
{
	bool is_due = n->has_sent && ring_consumer_take_waiting(&n->to_switch);

	n->has_sent = false;
	return is_due;
}

/* The next notification is wanted; while frames are gathered, of many. True: there are some already. */
static bool await(struct virtio_net *n)
{
	u32 half = n->device.queue[QUEUE_FROM_GUEST].ring.size / 2;

	return virtio_await(&n->device, QUEUE_FROM_GUEST, n->gathers ? (u32)min_u64(GATHER_MOST, half) : 1);
}

/* Returns how many there were. */
static u32 from_guest(struct virtio_net *n)
{
	struct virtio_device *d = &n->device;
	u32 turns = 0;

	n->is_large = false;
	if (!virtio_is_running(d))
		return 0;
	do {
		while (turns < VIRTIO_NET_TURNS && release_held(n) && virtio_pop(d, QUEUE_FROM_GUEST, &n->out)) {
			take(n);
			turns++;
		}
	} while (turns < VIRTIO_NET_TURNS && !n->is_held && await(n));
	n->is_behind = turns == VIRTIO_NET_TURNS;
	if (n->is_behind)
		n->ops.later(n->ops.ctx, n->number);
	if (is_signal_due(n))
		n->ops.signal(n->ops.ctx, n->number);
	if (n->gathers && !n->is_held)
		n->ops.put_off(n->ops.ctx);
	return turns;
}

/*
 * Frames that come together cost less each: an exit, a signal, a turn of the switch and of the receiver, an interrupt
 * are for all of them. A driver notifies of each, and where the switch runs at once it has that one before the guest
 * makes the next. So after many notifications of few frames, while nothing comes back that the guest may wait for, the
 * next notification is wanted when there are GATHER_MOST. What is there when a vCPU has nothing else to do, or somewhat
 * later, goes then; if that is little, the guest has done with it.
 */
static void note_kick(struct virtio_net *n, u32 frames)
{
	n->alone = frames < GATHER_LEAST ? n->alone + 1 : 0;
	if (n->alone >= GATHER_AFTER && virtio_has(&n->device, VIRTIO_RING_F_EVENT_IDX) &&
	    n->device.queue[QUEUE_FROM_GUEST].ring.size >= 2 * GATHER_LEAST)
		n->gathers = true;
}

/*
 * A driver frees what was sent, and does that as well when it gets something, as answers. So it is told at once of many
 * frames and of large ones, whose senders may wait for it; of others somewhat later, if it still wants to hear of them.
 */
static void tell_sent(struct virtio_net *n)
{
	u32 untold = virtqueue_untold(&n->device.queue[QUEUE_FROM_GUEST].ring);

	if (untold == 0 || untold >= TOLD_AT_ONCE || n->is_large || n->gathers) {
		virtio_interrupt(&n->device, QUEUE_FROM_GUEST);
	} else if (!n->is_untold) {
		n->is_untold = true;
		n->ops.tell_later(n->ops.ctx);
	}
}

static void kicked(struct virtio_net *n)
{
	note_kick(n, from_guest(n));
	tell_sent(n);
}

static void gather(struct virtio_net *n)
{
	if (virtqueue_waiting(&n->device.queue[QUEUE_FROM_GUEST].ring) < GATHER_LEAST)
		stop_gathering(n);
	(void)from_guest(n);
}

void virtio_net_serve_late(struct virtio_net *n)
{
	if (!virtio_is_running(&n->device) || (!n->gathers && !n->is_untold))
		return;
	if (n->gathers)
		gather(n);
	n->is_untold = false;
	virtio_interrupt(&n->device, QUEUE_FROM_GUEST);
}

/* ---- To the guest ---- */

static void read_frame(const struct virtio_net *n, u32 offset, void *to, u32 count)
{
	if (n->delivery.is_flat)
		memcpy(to, n->flat + offset, count);
	else
		net_read(&n->to_guest, offset, to, count);
}

static void finish_checksum(struct net_frame *f, u8 *bytes)
{
	u8 *field = bytes + f->checksum_start + f->checksum_offset;
	u16 sum = checksum_finish(checksum_add(0, bytes + f->checksum_start, f->bytes - f->checksum_start));

	/* For UDP, 0 says that there is none (RFC 768); elsewhere both are zero. */
	be16_store(field, sum == 0 ? 0xffff : sum);
	f->flags &= (u8)~NET_NEEDS_CHECKSUM;
	f->checksum_start = f->checksum_offset = 0;
}

/* The next piece of a segment that the guest can't take whole, in `flat`. */
static void make_piece(struct virtio_net *n)
{
	struct virtio_net_delivery *v = &n->delivery;
	u32 bytes;

	memcpy(n->flat, v->headers, v->plan.header_bytes);
	bytes = segment_headers(&v->plan, v->piece, n->flat);
	net_read(&n->to_guest, v->plan.header_bytes + v->piece * v->plan.segment_bytes, n->flat + v->plan.header_bytes,
		 bytes);
	v->now = (struct net_frame){
		.bytes = v->plan.header_bytes + bytes, .flags = NET_NEEDS_CHECKSUM,
		.checksum_start = v->plan.transport, .checksum_offset = TCP_CHECKSUM,
	};
	if (!virtio_has(&n->device, VIRTIO_NET_F_GUEST_CSUM))
		finish_checksum(&v->now, n->flat);
}

/* False: it can't be cut. */
static bool begin_cut(struct virtio_net *n)
{
	struct virtio_net_delivery *v = &n->delivery;

	net_read(&n->to_guest, 0, v->headers, (u32)min_u64(v->frame.bytes, sizeof(v->headers)));
	v->is_flat = v->is_cut = segment_plan(&v->plan, &v->frame, v->headers) &&
			      segment_longest(&v->plan) <= n->longest;
	if (v->is_cut)
		make_piece(n);
	return v->is_cut;
}

/* The frame in the ring, as the guest can take it. False: not at all. */
static bool begin(struct virtio_net *n, const struct net_frame *frame)
{
	struct virtio_net_delivery *v = &n->delivery;

	v->is_active = true;
	v->is_flat = v->is_cut = false;
	v->frame = v->now = *frame;
	v->piece = v->done = v->count = 0;
	if (is_too_long(n, frame))
		return false;
	if (frame->segmenting != NET_WHOLE && !virtio_has(&n->device, segmenting[frame->segmenting].to_guest))
		return begin_cut(n);
	if ((frame->flags & NET_NEEDS_CHECKSUM) != 0 && !virtio_has(&n->device, VIRTIO_NET_F_GUEST_CSUM)) {
		net_read(&n->to_guest, 0, n->flat, frame->bytes);
		v->is_flat = true;
		finish_checksum(&v->now, n->flat);
	}
	return true;
}

static void end(struct virtio_net *n)
{
	net_done(&n->to_guest, &n->delivery.frame);
	n->delivery.is_active = false;
}

/* Bytes [v->done, ...) of header and frame into a chain; the header is at its begin if it is the first. */
static u32 fill(struct virtio_net *n, const struct virtqueue_chain *chain)
{
	struct virtio_net_delivery *v = &n->delivery;
	u32 total = HEADER_BYTES + v->now.bytes, begin_at = v->done;

	for (u32 i = chain->readable; i < chain->count && v->done < total; i++) {
		const struct virtqueue_segment *s = &chain->segment[i];
		u32 in_header = v->done < HEADER_BYTES ? (u32)min_u64(HEADER_BYTES - v->done, s->len) : 0;
		u32 count = (u32)min_u64(s->len - in_header, total - v->done - in_header);

		if (count != 0)
			read_frame(n, v->done + in_header - HEADER_BYTES, s->at + in_header, count);
		v->done += in_header + count;
	}
	return v->done - begin_at;
}

static struct virtio_net_hdr_v1 header_of(const struct virtio_net *n)
{
	const struct virtio_net_delivery *v = &n->delivery;
	struct virtio_net_hdr_v1 h = { .num_buffers = (u16)v->count, .gso_type = segmenting[v->now.segmenting].gso_type,
				       .gso_size = v->now.segment_bytes };

	if ((v->now.flags & NET_NEEDS_CHECKSUM) != 0) {
		h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h.csum_start = v->now.checksum_start;
		h.csum_offset = v->now.checksum_offset;
	} else if ((v->now.flags & NET_CHECKSUM_GOOD) != 0 && virtio_has(&n->device, VIRTIO_NET_F_GUEST_CSUM)) {
		h.flags = VIRTIO_NET_HDR_F_DATA_VALID;
	}
	return h;
}

enum filled { FILLED, FILL_NO_BUFFER, FILL_TOO_LARGE };

/* Buffers that a frame may take. One that held all of the queue would wait for ever: the driver gets none back. */
static u32 most_buffers(const struct virtio_net *n)
{
	if (!virtio_has(&n->device, VIRTIO_NET_F_MRG_RXBUF))
		return 1;
	return (u32)min_u64(VIRTIO_NET_BUFFERS, n->device.queue[QUEUE_TO_GUEST].ring.size / 2);
}

/* What is delivered now, into as many chains as it takes, or into those that there are. */
static enum filled fill_chains(struct virtio_net *n)
{
	struct virtio_net_delivery *v = &n->delivery;
	u32 most = most_buffers(n);

	while (v->done < HEADER_BYTES + v->now.bytes) {
		struct virtqueue_chain *chain = v->count == 0 ? &v->first : &n->in;

		if (v->count == most)
			return FILL_TOO_LARGE;
		if (!virtio_pop(&n->device, QUEUE_TO_GUEST, chain))
			return FILL_NO_BUFFER;
		if (chain->writable_bytes < HEADER_BYTES) {
			virtio_broken(&n->device, "a receive buffer has no room for a header");
			return FILL_NO_BUFFER;
		}
		v->head[v->count] = chain->head;
		v->written[v->count++] = fill(n, chain);
	}
	return FILLED;
}

/*
 * Buffers go back with what they hold, all at once (virtio 1.2, 5.1.6.4.1): a driver that looks meanwhile must not see
 * a part of a frame. Those of a frame that does not fit hold nothing.
 */
static void give_back(struct virtio_net *n, bool is_whole)
{
	struct virtio_net_delivery *v = &n->delivery;
	struct virtio_net_hdr_v1 header = header_of(n);

	if (is_whole)
		(void)virtqueue_write(&v->first, 0, &header, HEADER_BYTES);
	for (u32 i = 0; i < v->count; i++) {
		bool is_last = i + 1 == v->count;

		(is_last ? virtio_push : virtio_put)(&n->device, QUEUE_TO_GUEST, v->head[i],
						     is_whole ? v->written[i] : 0);
	}
	v->done = v->count = 0;
}

/* The next frame of the ring. The switch is asked to signal before the ring is looked at for the last time. */
static enum net_next next(struct virtio_net *n, struct net_frame *frame)
{
	enum net_next what = net_next(&n->to_guest, frame);

	if (what == NET_NONE) {
		ring_consumer_wait(&n->to_guest, true);
		what = net_next(&n->to_guest, frame);
	}
	if (what == NET_BROKEN) {
		n->drops->broken++;
		net_drop_all(&n->to_guest);
	}
	return what;
}

/* No frame is on its way: begin with the next one. True: there may be more to do. */
static bool take_next(struct virtio_net *n)
{
	struct net_frame frame;
	enum net_next what = next(n, &frame);

	if (what == NET_FRAME && !begin(n, &frame)) {
		n->drops->too_large++;
		end(n);
	}
	return what != NET_NONE;
}

/* True: there may be more to do. */
static bool deliver(struct virtio_net *n)
{
	struct virtio_net_delivery *v = &n->delivery;

	if (!v->is_active)
		return take_next(n);
	switch (fill_chains(n)) {
	case FILL_NO_BUFFER:
		return virtio_has_more(&n->device, QUEUE_TO_GUEST);
	case FILL_TOO_LARGE:
		n->drops->too_large++;
		give_back(n, false);
		end(n);
		return true;
	case FILLED:
		n->alone = 0;
		give_back(n, true);
		break;
	}
	if (v->is_cut && ++v->piece < v->plan.count)
		make_piece(n);
	else
		end(n);
	return true;
}

static void to_guest(struct virtio_net *n)
{
	if (!virtio_is_running(&n->device) || !virtqueue_is_enabled(&n->device.queue[QUEUE_TO_GUEST].ring))
		return;
	for (u32 turn = 0; deliver(n); turn++)
		if (turn == 2 * VIRTIO_NET_TURNS) {		/* one to begin a frame, one to deliver it */
			n->ops.later(n->ops.ctx, n->number);
			break;
		}
	virtio_interrupt(&n->device, QUEUE_TO_GUEST);
}

/* ---- Control ---- */

/*
 * What a driver wants to receive is its own business: the switch sends what is for this address. With CTRL_RX come the
 * modes, of one byte each, and the table of addresses (virtio 1.2, 5.1.6.5.1 and 5.1.6.5.2).
 */
static u8 obey(const struct virtqueue_chain *chain)
{
	u8 order[CONTROL_BYTES];

	if (virtqueue_read(chain, 0, order, CONTROL_BYTES) != CONTROL_BYTES)
		return VIRTIO_NET_ERR;
	if (order[0] == VIRTIO_NET_CTRL_MAC)
		return order[1] == VIRTIO_NET_CTRL_MAC_TABLE_SET ? VIRTIO_NET_OK : VIRTIO_NET_ERR;
	return order[0] == VIRTIO_NET_CTRL_RX && order[1] <= VIRTIO_NET_CTRL_RX_ALLMULTI &&
	       chain->readable_bytes == CONTROL_BYTES ? VIRTIO_NET_OK : VIRTIO_NET_ERR;
}

static void control(struct virtio_net *n)
{
	struct virtio_device *d = &n->device;

	do {
		while (virtio_pop(d, QUEUE_CONTROL, &n->in)) {
			u8 answer = obey(&n->in);

			virtio_push(d, QUEUE_CONTROL, n->in.head, virtqueue_write(&n->in, 0, &answer, 1));
		}
	} while (virtio_has_more(d, QUEUE_CONTROL));
	virtio_interrupt(d, QUEUE_CONTROL);
}

/* ---- The device ---- */

static void net_notify(struct virtio_device *d, u32 queue)
{
	static void (*const serve[QUEUES])(struct virtio_net *n) = {
		[QUEUE_TO_GUEST] = to_guest, [QUEUE_FROM_GUEST] = kicked, [QUEUE_CONTROL] = control,
	};

	serve[queue](d->model);
}

/* A frame that was on its way stays in the ring, and comes again. */
static bool net_reset(struct virtio_device *d)
{
	struct virtio_net *n = d->model;

	n->is_held = n->is_behind = n->is_untold = false;
	stop_gathering(n);
	n->delivery.is_active = false;
	return true;
}

static const struct virtio_type net_type = {
	.name = "virtio-net", .id = VIRTIO_ID_NET, .class_code = CLASS_ETHERNET, .notify = net_notify,
	.reset = net_reset,
};

void virtio_net_poll(struct virtio_net *n)
{
	if (n->is_held || n->is_behind) {	/* else the driver notifies */
		(void)from_guest(n);
		virtio_interrupt(&n->device, QUEUE_FROM_GUEST);
	}
	to_guest(n);
}

static void set_status(struct virtio_net *n, bool is_up)
{
	const u16 status = is_up ? VIRTIO_NET_S_LINK_UP : 0;

	memcpy(n->device.config + offsetof(struct virtio_net_config, status), &status, sizeof(status));
}

void virtio_net_set_link(struct virtio_net *n, bool is_up)
{
	set_status(n, is_up);
	virtio_config_changed(&n->device);
}

/* It has no requests under way: its reset is done at once. */
void virtio_net_unplug(struct virtio_net *n)
{
	(void)virtio_unplug(&n->device);
}

enum status virtio_net_init(struct virtio_net *n, u8 devfn, const struct virtio_net_nic *nic, void *link,
			    const struct virtio_net_ops *ops, const struct virtio_host *host, struct pci_bus *bus)
{
	const struct virtio_setup setup = {
		.features = FEATURES, .queue_count = QUEUES, .queue_size = VIRTIO_NET_QUEUE_SIZE,
		.config_bytes = CONFIG_BYTES, .devfn = devfn, .is_hot = nic->is_hot,
	};
	enum status status;
	u8 *at = link;

	memset(n, 0, sizeof(*n));
	n->ops = *ops;
	n->number = nic->number;
	n->drops = nic->drops;
	n->longest = ETH_BYTES + NET_TAG_BYTES + nic->mtu;
	ring_attach_producer(&n->to_switch, (struct ring_shared *)(at + NET_TO_SWITCH), NET_RING_BYTES);
	ring_attach_consumer(&n->to_guest, (struct ring_shared *)(at + NET_TO_CLIENT), NET_RING_BYTES);
	status = virtio_init(&n->device, &net_type, &setup, host, bus);
	memcpy(n->device.config, nic->mac, sizeof(nic->mac));
	memcpy(n->device.config + offsetof(struct virtio_net_config, mtu), &nic->mtu, sizeof(nic->mtu));
	set_status(n, true);
	n->device.model = n;
	return status;
}
