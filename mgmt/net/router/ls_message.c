/* SPDX-License-Identifier: MIT */
/*
 * ls_message.c - see ls_message.h.
 */
#include "ls_message.h"

#include "range.h"

#define BODY (ETH_BYTES + LS_HEADER)

u32 ls_kind_of(const u8 *frame, u32 count)
{
	const u8 *h = frame + ETH_BYTES;

	if (count < BODY + LS_HELLO_BYTES || mac_load(frame + ETH_TO) != LS_GROUP_MAC || be32_load(h) != LS_MAGIC ||
	    !range_ok(BODY, be16_load(h + 6), count))
		return 0;
	return h[4] == LS_HELLO || h[4] == LS_STATE ? h[4] : 0;
}

static bool id_ok(u64 id)
{
	return id != 0 && id >> 48 == 0 && !mac_is_group(id);
}

bool ls_read_hello(struct ls_hello *h, const u8 *frame)
{
	const u8 *at = frame + BODY;

	h->count = frame[ETH_BYTES + 5];
	if (h->count > LS_NEIGHBOURS || be16_load(frame + ETH_BYTES + 6) != LS_HELLO_BYTES + h->count * 8)
		return false;
	h->id = be64_load(at);
	h->address = be32_load(at + 8);
	for (u32 i = 0; i < h->count; i++)
		h->heard[i] = be64_load(at + LS_HELLO_BYTES + i * 8);
	return id_ok(h->id);
}

static bool read_link(struct ls_link *l, const u8 *at)
{
	l->id = be64_load(at);
	l->cost = be16_load(at + 8);
	return id_ok(l->id) && l->cost >= 1 && l->cost <= LS_COST_MOST;
}

static bool read_prefix(struct ls_prefix *p, const u8 *at)
{
	u32 shift;

	p->version = at[0];
	p->bits = at[1];
	p->cost = be16_load(at + 2);
	p->prefix = ip6_load(at + 4);
	if ((p->version != 4 && p->version != 6) || p->bits > (p->version == 4 ? 32 : 64) || p->cost > LS_COST_MOST)
		return false;
	shift = p->version == 4 ? 96 : 0;
	if (!ip6_equal(ip6_prefix(p->prefix, p->bits + shift), p->prefix))
		return false;
	return p->version == 4 ? ip6_is_mapped(p->prefix) : p->bits == 0 || ip6_prefix_ok(p->prefix.high);
}

bool ls_read_state(struct ls_state *s, const u8 *frame)
{
	const u8 *at = frame + BODY;
	u32 bytes = be16_load(frame + ETH_BYTES + 6);

	if (bytes < LS_STATE_BYTES)
		return false;
	*s = (struct ls_state){ .id = be64_load(at), .sequence = be32_load(at + 8), .age_s = be16_load(at + 12),
				.link_count = frame[ETH_BYTES + 5], .prefix_count = be16_load(at + 14) };
	if (!id_ok(s->id) || s->age_s > LS_AGE_MOST_S || s->link_count > LS_NEIGHBOURS ||
	    s->prefix_count > LS_PREFIXES ||
	    bytes != LS_STATE_BYTES + s->link_count * LS_LINK_BYTES + s->prefix_count * LS_PREFIX_BYTES)
		return false;
	at += LS_STATE_BYTES;
	for (u32 i = 0; i < s->link_count; i++, at += LS_LINK_BYTES)
		if (!read_link(&s->link[i], at))
			return false;
	for (u32 i = 0; i < s->prefix_count; i++, at += LS_PREFIX_BYTES)
		if (!read_prefix(&s->prefix[i], at))
			return false;
	return true;
}

static void begin(u8 *frame, u64 mac, enum ls_kind kind, u32 count, u32 bytes)
{
	u8 *h = frame + ETH_BYTES;

	mac_store(frame + ETH_TO, LS_GROUP_MAC);
	mac_store(frame + ETH_FROM, mac);
	be16_store(frame + ETH_TYPE, ETHERTYPE_LS);
	be32_store(h, LS_MAGIC);
	h[4] = (u8)kind;
	h[5] = (u8)count;
	be16_store(h + 6, (u16)bytes);
}

u32 ls_write_hello(u8 *frame, u64 mac, const struct ls_hello *h)
{
	u8 *at = frame + BODY;
	u32 bytes = LS_HELLO_BYTES + h->count * 8;

	begin(frame, mac, LS_HELLO, h->count, bytes);
	be64_store(at, h->id);
	be32_store(at + 8, h->address);
	for (u32 i = 0; i < h->count; i++)
		be64_store(at + LS_HELLO_BYTES + i * 8, h->heard[i]);
	return BODY + bytes;
}

u32 ls_write_state(u8 *frame, u64 mac, const struct ls_state *s)
{
	u8 *at = frame + BODY;
	u32 bytes = LS_STATE_BYTES + s->link_count * LS_LINK_BYTES + s->prefix_count * LS_PREFIX_BYTES;

	begin(frame, mac, LS_STATE, s->link_count, bytes);
	be64_store(at, s->id);
	be32_store(at + 8, s->sequence);
	be16_store(at + 12, (u16)s->age_s);
	be16_store(at + 14, (u16)s->prefix_count);
	at += LS_STATE_BYTES;
	for (u32 i = 0; i < s->link_count; i++, at += LS_LINK_BYTES) {
		be64_store(at, s->link[i].id);
		be16_store(at + 8, (u16)s->link[i].cost);
	}
	for (u32 i = 0; i < s->prefix_count; i++, at += LS_PREFIX_BYTES) {
		at[0] = s->prefix[i].version;
		at[1] = s->prefix[i].bits;
		be16_store(at + 2, s->prefix[i].cost);
		ip6_store(at + 4, s->prefix[i].prefix);
	}
	return BODY + bytes;
}
