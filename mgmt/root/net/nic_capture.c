/* SPDX-License-Identifier: MIT */
/*
 * nic_capture.c - see nic_capture.h. One that has ended keeps its place and its link until the switch has followed.
 */
#include "nic_capture.h"

#include <string.h>

#include "client.h"
#include "info_page.h"
#include "net_link.h"
#include "nic_place.h"
#include "object_set.h"
#include "pcap.h"
#include "range.h"
#include "reply.h"
#include "root.h"
#include "shared_mem.h"
#include "switch_ports.h"
#include "switches.h"
#include "sys.h"
#include "vm_layout.h"

#define LINKS_ADDRESS 0x220000000000ull	/* + slot * NET_LINK_STRIDE, in root's own address space */
#define HEAD_BYTES 24u

static struct capture {
	u64 number;		/* 0: it has ended */
	u64 h_link;		/* 0: the place is free */
	u32 client;
	struct nic_place place;
	u32 port;		/* its own, of place.switch_number */
	u32 snap_bytes;
	bool is_aimed;		/* its port is set up */
	bool is_gone;		/* the card is */
	struct ring ring;
	u64 at;			/* offset in the stream */
	/* In hand: */
	struct net_frame frame;	/* the one that is being given; bytes 0: none */
	u8 head[HEAD_BYTES];	/* goes before it: the first head_bytes, from head_at on */
	u32 head_at, head_bytes, frame_at;
	/* A REQ_CAPTURE_READ that is not answered yet: */
	bool is_waiting;
	u32 request_id, count;
} captures[CAPTURES];

static u64 last_number;
_Static_assert(sizeof(struct pcap_header) == HEAD_BYTES && sizeof(struct pcap_record) <= HEAD_BYTES, "head");

static u32 slot_of(const struct capture *c)
{
	return (u32)(c - captures);
}

static u64 address_of(const struct capture *c)
{
	return LINKS_ADDRESS + slot_of(c) * NET_LINK_STRIDE;
}

/* ---- beginning ---- */

/* It gets the frames of the port that the card has now. */
static void aim(struct capture *c)
{
	static struct port_setup setup;		/* too large for the stack */
	u32 card_port = SWITCH_PORTS, captured;

	c->is_gone = c->is_gone || !nic_place_now(&c->place, &card_port);
	captured = !c->is_gone && card_port < SWITCH_PORTS &&
		   !switch_port_is_ending(c->place.switch_number, card_port) ? card_port + 1 : 0;
	if (c->is_aimed && switch_port_captured(c->place.switch_number, c->port) == captured)
		return;
	setup = (struct port_setup){
		.flags = PORT_CAPTURE, .max_bytes = NET_FRAME_MAX, .vlan = VLAN_DEFAULT, .captured = (u16)captured,
		.snap_bytes = (u16)c->snap_bytes,
	};
	switch_port_set(c->place.switch_number, c->port, &setup);
	c->is_aimed = true;
}

static void set_head(struct capture *c, const void *head, u32 bytes)
{
	memcpy(c->head, head, bytes);
	c->head_at = 0;
	c->head_bytes = bytes;
}

static struct error_info begin(struct capture *c)
{
	const struct pcap_header header = {
		.magic = PCAP_MAGIC_NS, .major = 2, .minor = 4, .snap_bytes = c->snap_bytes,
		.link_type = PCAP_ETHERNET,
	};
	enum status st = shared_mem_make(NET_LINK_BYTES, address_of(c), &c->h_link);

	if (st == ST_NOMEM)
		return error_info_of(ERR_NO_MEMORY, NET_LINK_BYTES, 0);
	if (st == ST_OK)
		st = switch_port_add(c->place.switch_number, c->h_link, &c->port);
	if (st != ST_OK)
		shared_mem_drop(&c->h_link, address_of(c), NET_LINK_BYTES);
	if (st != ST_OK)
		return st == ST_FULL ? error_info_limit(SWITCH_PORTS, "ports of a switch") : error_info_status(st);
	ring_attach_consumer(&c->ring, (struct ring_shared *)(address_of(c) + NET_TO_CLIENT), NET_RING_BYTES);
	set_head(c, &header, sizeof(header));
	aim(c);
	return ERROR_INFO_NONE;
}

static struct capture *free_place(void)
{
	for (u32 i = 0; i < CAPTURES; i++)
		if (captures[i].h_link == 0)
			return &captures[i];
	return NULL;
}

struct error_info nic_capture_open(u32 client, const struct request *want, struct capture_report *out)
{
	struct capture *c = free_place();
	struct error_info no;

	if (want->image.count < CAPTURE_SNAP_MIN || want->image.count > CAPTURE_SNAP_MAX)
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_SET);
	if (c == NULL)
		return error_info_limit(CAPTURES, "captures at a time");
	*c = (struct capture){ .client = client, .snap_bytes = want->image.count };
	no = nic_place_find(want->name, want->index, &c->place);
	if (no.error == ERR_NONE)
		no = begin(c);
	if (no.error != ERR_NONE)
		return no;
	c->number = ++last_number;
	*out = (struct capture_report){ .number = c->number, .slot = slot_of(c) };
	return ERROR_INFO_NONE;
}

/* ---- what was captured ---- */

/* The frame in hand has its record. What the switch says is foreign, and goes no further than the file. */
static void begin_frame(struct capture *c)
{
	struct capture_record record;
	struct pcap_record head;
	u64 time_ns;

	net_read(&c->ring, 0, &record, sizeof(record));
	c->frame_at = sizeof(record);
	time_ns = INFO->wall_boot_ns + record.time_ns;
	head = (struct pcap_record){
		.time_s = (u32)(time_ns / NS_PER_S), .time_ns = (u32)(time_ns % NS_PER_S),
		.bytes = c->frame.bytes - (u32)sizeof(record),
	};
	head.frame_bytes = (u32)max_u64(head.bytes, record.bytes);
	set_head(c, &head, sizeof(head));
}

/* There is a frame in hand. */
static bool has_frame(struct capture *c)
{
	while (c->frame.bytes == 0)
		switch (net_next(&c->ring, &c->frame)) {
		case NET_NONE:
			c->frame.bytes = 0;
			return false;
		case NET_BROKEN:
			net_drop_all(&c->ring);
			c->frame.bytes = 0;
			break;
		case NET_FRAME:
			if (c->frame.bytes > sizeof(struct capture_record)) {
				begin_frame(c);
				break;
			}
			net_done(&c->ring, &c->frame);
			c->frame.bytes = 0;
			break;
		}
	return true;
}

static u32 give_head(struct capture *c, u8 *to, u32 room)
{
	u32 count = (u32)min_u64(room, c->head_bytes - c->head_at);

	memcpy(to, c->head + c->head_at, count);
	c->head_at += count;
	return count;
}

static u32 give_frame(struct capture *c, u8 *to, u32 room)
{
	u32 count = (u32)min_u64(room, c->frame.bytes - c->frame_at);

	if (count != 0)
		net_read(&c->ring, c->frame_at, to, count);
	c->frame_at += count;
	if (c->frame_at != c->frame.bytes)
		return count;
	net_done(&c->ring, &c->frame);
	c->frame.bytes = 0;
	return count;
}

static u32 give(struct capture *c, u8 *to, u32 room)
{
	u32 done = give_head(c, to, room);

	while (done != room && has_frame(c)) {
		done += give_head(c, to + done, room - done);
		done += give_frame(c, to + done, room - done);
	}
	return done;
}

static u64 drops_of(const struct capture *c)
{
	static struct port_state state;		/* too large for the stack */

	switch_port_state(c->place.switch_number, c->port, &state);
	return state.counts.drops[DROP_FULL];
}

/* True: there is an answer. The switch signals what it writes from here on. */
static bool take(struct capture *c, u32 count, struct capture_data *out)
{
	out->offset = c->at;
	out->count = give(c, out->bytes, count);
	if (out->count == 0) {
		ring_consumer_wait(&c->ring, true);
		out->count = give(c, out->bytes, count);
	}
	out->is_over = out->count == 0 && c->is_gone;
	if (out->count == 0 && !c->is_gone)
		return false;
	ring_consumer_wait(&c->ring, false);
	c->at += out->count;
	out->dropped = drops_of(c);
	return true;
}

static struct capture *numbered(u32 client, u64 number)
{
	for (u32 i = 0; i < CAPTURES; i++)
		if (number != 0 && captures[i].number == number && captures[i].client == client)
			return &captures[i];
	return NULL;
}

bool nic_capture_read(u32 client, const struct request *want, struct error_info *no, struct capture_data *out)
{
	struct capture *c = numbered(client, want->image.upload);
	u32 count = want->image.count;

	*no = error_info_of(c == NULL ? ERR_NO_CAPTURE : ERR_BUSY, 0, 0);
	if (c == NULL || c->is_waiting)
		return true;
	*no = error_info_of(ERR_BAD_FIELD, 0, FIELD_SET);
	if (count == 0 || count > CAPTURE_DATA_BYTES)
		return true;
	*no = ERROR_INFO_NONE;
	if (take(c, count, out))
		return true;
	c->is_waiting = true;
	c->request_id = want->id;
	c->count = count;
	return false;
}

/* ---- answers that come later, and ends ---- */

static void answer(struct capture *c)
{
	static struct reply reply;

	if (client_room(c->client) == 0)
		return;
	memset(&reply, 0, sizeof(reply));
	reply.kind = REPLY_ANSWER;
	reply.id = c->request_id;
	if (!take(c, c->count, &reply.captured))
		return;
	c->is_waiting = false;
	(void)client_send(c->client, &reply);
}

struct error_info nic_capture_close(u32 client, const struct request *want)
{
	const struct error_info gone = error_info_of(ERR_NO_CAPTURE, 0, 0);
	struct capture *c = numbered(client, want->image.upload);

	if (c == NULL)
		return gone;
	if (c->is_waiting)
		(void)reply_send(c->client, c->request_id, &gone, NULL);
	c->number = 0;
	return ERROR_INFO_NONE;
}

void nic_capture_drop(u32 client)
{
	for (u32 i = 0; i < CAPTURES; i++)
		if (captures[i].client == client)
			captures[i].number = 0;
}

static u64 go_on_down(struct capture *c)
{
	struct port_counts last;

	if (!switch_port_remove(c->place.switch_number, c->port, &last))
		return switch_port_limit(c->place.switch_number, c->port);
	shared_mem_drop(&c->h_link, address_of(c), NET_LINK_BYTES);
	*c = (struct capture){ 0 };
	return DEADLINE_NONE;
}

u64 nic_capture_step(u32 *waits_for)
{
	u64 next = DEADLINE_NONE;

	for (u32 i = 0; i < CAPTURES; i++) {
		struct capture *c = &captures[i];

		if (c->h_link == 0)
			continue;
		if (c->number == 0) {
			u32 number = c->place.switch_number;
			u64 limit_tsc = go_on_down(c);

			*waits_for = limit_tsc < next ? number : *waits_for;
			next = min_u64(next, limit_tsc);
			continue;
		}
		aim(c);
		if (c->is_waiting)
			answer(c);
	}
	return next;
}

u64 nic_captures_bytes(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < CAPTURES; i++)
		sum += object_bytes(captures[i].h_link);
	return sum;
}
