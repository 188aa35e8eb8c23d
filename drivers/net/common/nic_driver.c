/* SPDX-License-Identifier: MIT */
/*
 * nic_driver.c - see nic_driver.h.
 */
#include "nic_driver.h"

#include <string.h>

#include "checksum.h"
#include "inet.h"
#include "range.h"

const char *nic_driver_unusable(struct nic_driver *d, const char *why)
{
	d->is_unusable = true;
	return why;
}

static void drop(struct nic_driver *d, enum nic_drop why)
{
	d->card.drops[why]++;
}

/* ---- To the wire ---- */

void nic_driver_gave(struct nic_driver *d, u32 buffers)
{
	d->busy += buffers;
}

void nic_driver_sent(struct nic_driver *d, u32 buffers)
{
	d->busy -= buffers;
	d->sent += buffers;
}

static u32 buffers_of(u32 bytes)
{
	return (bytes + NIC_BUFFER_BYTES - 1) / NIC_BUFFER_BYTES;
}

/* UDP's zero means that there is none (RFC 768); TCP and ICMPv6 take ffffh for zero, too. */
static void fill_checksum(u8 *bytes, u32 count, u32 start, u32 offset)
{
	u16 sum = checksum_finish(checksum_add(0, bytes + start, count - start));

	be16_store(bytes + start + offset, sum != 0 ? sum : 0xffff);
}

static void hand_over(struct nic_driver *d, const struct net_frame *frame, const struct segment_plan *plan)
{
	u32 pieces = plan != NULL ? plan->count : 1;
	u32 headers = plan != NULL ? (pieces - 1) * plan->header_bytes : 0;

	d->ops->send(d, frame, plan);
	d->card.frames_to_wire += pieces;
	d->card.bytes_to_wire += frame->bytes + headers;
}

/* As it is, but for its checksum. There is room. */
static void send_whole(struct nic_driver *d, const struct net_frame *f, const struct segment_plan *plan)
{
	struct net_frame frame = *f;

	for (u32 i = 0, at = 0; at < f->bytes; i++, at += NIC_BUFFER_BYTES)
		net_read(&d->from_switch, at, d->ops->buffer(d, i),
			 (u32)min_u64(NIC_BUFFER_BYTES, f->bytes - at));
	if ((f->flags & NET_NEEDS_CHECKSUM) != 0 && !d->can_checksum) {
		fill_checksum(d->ops->buffer(d, 0), f->bytes, f->checksum_start, f->checksum_offset);
		frame.flags = 0;
		frame.checksum_start = frame.checksum_offset = 0;
	}
	hand_over(d, &frame, plan);
}

/* Piece `next` of the segment that is cut here. */
static void send_piece(struct nic_driver *d)
{
	struct nic_cut *cut = &d->cut;
	struct net_frame piece = { 0 };
	u8 *buffer = d->ops->buffer(d, 0), head[PACKET_HEAD_BYTES];
	u32 header = cut->plan.header_bytes, payload;

	memcpy(head, cut->head, sizeof(head));
	payload = segment_headers(&cut->plan, cut->next, head);
	memcpy(buffer, head, header);
	net_read(&d->from_switch, header + cut->next * cut->plan.segment_bytes, buffer + header, payload);
	piece.bytes = header + payload;
	fill_checksum(buffer, piece.bytes, cut->plan.transport, TCP_CHECKSUM);
	hand_over(d, &piece, NULL);
	cut->next++;
}

static bool send_pieces(struct nic_driver *d, const struct net_frame *f)
{
	struct nic_cut *cut = &d->cut;

	for (; cut->next < cut->plan.count; send_piece(d))
		if (d->ops->room(d) == 0)
			return false;
	cut->is_active = false;
	net_done(&d->from_switch, f);
	return true;
}

static u32 longest(const struct nic_driver *d, const u8 *head)
{
	return d->card.mtu + ETH_BYTES + (be16_load(head + ETH_TYPE) == ETHERTYPE_VLAN ? NET_TAG_BYTES : 0);
}

/*
 * A card that is not told of CWR (RFC 3168, 6.1.2) repeats it in every piece. One that holds fewer buffers than the
 * segment needs would never have room for it.
 */
static bool is_for_card(const struct nic_driver *d, const struct segment_plan *plan, const u8 *head, u32 bytes)
{
	return d->can_cut[plan->kind] && (head[plan->transport + TCP_FLAGS] & TCP_CWR) == 0 &&
	       buffers_of(bytes) <= d->most;
}

/* f->segmenting is not NET_WHOLE; the head is in cut. False: no room now. */
static bool send_segment(struct nic_driver *d, const struct net_frame *f)
{
	struct nic_cut *cut = &d->cut;

	if (!segment_plan(&cut->plan, f, cut->head) || segment_longest(&cut->plan) > longest(d, cut->head)) {
		drop(d, NIC_DROP_TOO_LONG);
	} else if (!is_for_card(d, &cut->plan, cut->head, f->bytes)) {
		cut->is_active = true;
		cut->next = 0;
		return send_pieces(d, f);
	} else if (d->ops->room(d) < buffers_of(f->bytes)) {
		return false;
	} else {
		send_whole(d, f, &cut->plan);
	}
	net_done(&d->from_switch, f);
	return true;
}

/* The next frame of the link. False: no room now; it is looked at again. */
static bool send_frame(struct nic_driver *d, const struct net_frame *f)
{
	u8 *head = d->cut.head;

	net_read(&d->from_switch, 0, head, (u32)min_u64(f->bytes, PACKET_HEAD_BYTES));
	if (d->card.state != NIC_UP) {
		drop(d, NIC_DROP_NO_CARRIER);
	} else if (f->segmenting != NET_WHOLE) {
		return send_segment(d, f);
	} else if (f->bytes > longest(d, head)) {
		drop(d, NIC_DROP_TOO_LONG);
	} else if (d->ops->room(d) == 0) {
		return false;
	} else {
		send_whole(d, f, NULL);
	}
	net_done(&d->from_switch, f);
	return true;
}

/* False: there is nothing, or no room. */
static bool send_next(struct nic_driver *d)
{
	struct net_frame frame;

	switch (net_next(&d->from_switch, &frame)) {
	case NET_FRAME:
		return d->cut.is_active ? send_pieces(d, &frame) : send_frame(d, &frame);
	case NET_BROKEN:
		drop(d, NIC_DROP_BROKEN);
		d->cut.is_active = false;
		net_drop_all(&d->from_switch);
		return true;
	case NET_NONE:
		break;
	}
	return false;
}

/* ---- From the wire ---- */

void nic_driver_bad(struct nic_driver *d)
{
	drop(d, NIC_DROP_BAD);
}

static bool is_plugged(const struct nic_driver *d)
{
	return __atomic_load_n(&d->page->is_plugged, __ATOMIC_RELAXED) != 0;
}

void nic_driver_received(struct nic_driver *d, const struct net_frame *frame, const u8 *bytes)
{
	if (!net_frame_ok(frame)) {
		drop(d, NIC_DROP_BAD);
	} else if (!is_plugged(d)) {
		drop(d, NIC_DROP_NO_SWITCH);
	} else if (!net_begin(&d->to_switch, frame)) {
		drop(d, NIC_DROP_FULL);
	} else {
		net_write(&d->to_switch, 0, bytes, frame->bytes);
		net_end(&d->to_switch, frame);
		d->card.frames_from_wire++;
		d->card.bytes_from_wire += frame->bytes;
	}
}

/* ---- Its life ---- */

const char *nic_driver_start(struct nic_driver *d, void *link)
{
	u8 *at = link;
	const char *why;

	ring_attach_producer(&d->to_switch, (struct ring_shared *)(void *)(at + NET_TO_SWITCH), NET_RING_BYTES);
	ring_attach_consumer(&d->from_switch, (struct ring_shared *)(void *)(at + NET_TO_CLIENT), NET_RING_BYTES);
	d->card.mtu = NIC_MTU_MAX;
	why = d->ops->start(d);
	if (why == NULL) {
		d->most = d->ops->room(d);
		nic_driver_look(d);
		nic_driver_publish(d);
	}
	return why;
}

void nic_driver_look(struct nic_driver *d)
{
	struct nic_carrier carrier = { 0 };

	d->ops->look(d, &carrier);
	d->card.state = carrier.is_up ? NIC_UP : NIC_NO_CARRIER;
	d->card.mbits = carrier.mbits;
	d->card.is_half_duplex = carrier.is_half_duplex;
}

bool nic_driver_step(struct nic_driver *d)
{
	bool is_more = d->ops->service(d);
	u32 n = 0;

	while (n < NIC_TURNS && send_next(d))
		n++;
	d->ops->kick(d);
	return is_more || n == NIC_TURNS;
}

void nic_driver_publish(struct nic_driver *d)
{
	const u32 from = offsetof(struct nic_page, mtu);

	memcpy((u8 *)d->page + from, (const u8 *)&d->card + from, sizeof(d->card) - from);
	__atomic_store_n(&d->page->state, d->card.state, __ATOMIC_RELEASE);
}

bool nic_driver_is_stuck(struct nic_driver *d, u64 now, u64 limit, u64 *next)
{
	bool is_idle = d->busy == 0 || d->card.state != NIC_UP;

	if (!is_idle && d->stuck_at != 0 && d->sent == d->seen && now >= d->stuck_at)
		return true;
	if (is_idle || d->stuck_at == 0 || d->sent != d->seen)
		d->stuck_at = is_idle ? 0 : now + limit;
	d->seen = d->sent;
	*next = d->stuck_at != 0 ? d->stuck_at : ~0ull;
	return false;
}
