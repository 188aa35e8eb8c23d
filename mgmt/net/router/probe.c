/* SPDX-License-Identifier: MIT */
/*
 * probe.c - see probe.h.
 */
#include "probe.h"

#include <string.h>

#include "checksum.h"
#include "icmp_error.h"

void probe_end(struct probe *b, const struct router_probe *wanted, u32 state, u32 from)
{
	b->is_waiting = false;
	b->report = (struct router_probe_report){ .number = wanted->number, .state = state, .from = from };
}

u32 probe_write(struct probe *b, const struct router_probe *wanted, u32 from, u64 cookie, u8 *out, u64 now_ns)
{
	u8 *ip = out + ETH_BYTES, *icmp = ip + IPV4_BYTES;
	u32 bytes = ICMP_BYTES + wanted->bytes;

	probe_end(b, wanted, ROUTER_PROBE_WAITING, 0);
	b->is_waiting = true;
	b->sent = *wanted;
	b->from = from;
	b->cookie = cookie;
	b->sent_ns = now_ns;
	memset(icmp, 0, bytes);
	icmp[0] = ICMP_ECHO;
	be16_store(icmp + ICMP_ID, wanted->id);
	be16_store(icmp + ICMP_SEQUENCE, wanted->sequence);
	memcpy(icmp + ICMP_BYTES, &cookie, sizeof(cookie));
	be16_store(icmp + ICMP_CHECKSUM, checksum_finish(checksum_add(0, icmp, bytes)));
	ipv4_header_write(ip, PROTOCOL_ICMP, from, wanted->address, bytes);
	be16_store(ip + IPV4_CHECKSUM, checksum_update(be16_load(ip + IPV4_CHECKSUM),
						       (u16)(ip[IPV4_TTL] << 8), (u16)(wanted->ttl << 8)));
	ip[IPV4_TTL] = wanted->ttl;
	return ETH_BYTES + IPV4_BYTES + bytes;
}

static bool has_numbers(const struct probe *b, const u8 *icmp)
{
	return be16_load(icmp + ICMP_ID) == b->sent.id && be16_load(icmp + ICMP_SEQUENCE) == b->sent.sequence;
}

static bool is_reply(const struct probe *b, const struct datagram *d)
{
	return d->from == b->sent.address && d->there - d->header >= ICMP_BYTES + sizeof(b->cookie) &&
	       has_numbers(b, d->transport) && memcmp(d->transport + ICMP_BYTES, &b->cookie, sizeof(b->cookie)) == 0;
}

/* An error quotes what it is about: its IP header, and 8 bytes at least. */
static bool is_error(const struct probe *b, const struct datagram *d)
{
	u32 at = d->header + ICMP_BYTES;
	struct datagram q;

	return d->there > at && datagram_read_quoted(&q, d->ip + at, d->there - at) && q.protocol == PROTOCOL_ICMP &&
	       q.from == b->from && q.to == b->sent.address && q.transport != NULL &&
	       q.there - q.header >= ICMP_BYTES && q.icmp_type == ICMP_ECHO && has_numbers(b, q.transport);
}

bool probe_is_answer(const struct probe *b, const struct datagram *d)
{
	if (!b->is_waiting || d->protocol != PROTOCOL_ICMP || d->is_fragment || d->transport == NULL ||
	    d->to != b->from || d->there < d->header + ICMP_BYTES)
		return false;
	if (d->icmp_type == ICMP_ECHO_REPLY)
		return is_reply(b, d);
	return (d->icmp_type == ICMP_UNREACHABLE || d->icmp_type == ICMP_TIME_EXCEEDED) && is_error(b, d);
}

void probe_heard(struct probe *b, const struct datagram *d, u64 now_ns)
{
	probe_end(b, &b->sent, d->icmp_type == ICMP_ECHO_REPLY ? ROUTER_PROBE_REPLIED : ROUTER_PROBE_REFUSED, d->from);
	b->report.icmp_type = d->icmp_type;
	b->report.icmp_code = d->transport[1];
	b->report.ttl = d->ttl;
	b->report.time_ns = now_ns - b->sent_ns;
}
