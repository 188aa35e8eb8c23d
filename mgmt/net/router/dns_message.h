/* SPDX-License-Identifier: MIT */
/*
 * dns_message.h - as much of DNS messages as a forwarder has to know (RFC 1035, 4.1): the header and one question. What
 * is behind them is carried as it is. Pure.
 */
#ifndef VOS_DNS_MESSAGE_H
#define VOS_DNS_MESSAGE_H

#include "types.h"

#define DNS_HEADER 12u
#define DNS_NAME_MOST 255u
#define DNS_ANSWER_MOST 28u		/* of the one that dns_answer adds */
#define DNS_MOST 1472u			/* of a message that is carried: what an Ethernet frame has room for */

enum dns_rcode { DNS_NO_ERROR, DNS_FORMAT_ERROR, DNS_SERVER_FAILURE, DNS_NAME_ERROR, DNS_NOT_IMPLEMENTED };
#define DNS_TYPE_A 1u
#define DNS_TYPE_AAAA 28u
#define DNS_TYPE_ANY 255u
#define DNS_CLASS_IN 1u

struct dns_message {
	u16 id, flags;
	bool is_reply;
	u16 type, class;
	u32 question_bytes;	/* name, type and class: they begin at DNS_HEADER */
	u64 question;		/* a hash of them, in which the case of letters does not count */
};

/* An address of that name. */
struct dns_address {
	u16 type;		/* DNS_TYPE_A, with 4 bytes, or DNS_TYPE_AAAA, with 16; 0: there is none */
	u8 bytes[16];
};

/* Of a foreign message. False: it is not even one to answer; else *error is what is wrong with a query, or NO_ERROR. */
bool dns_read(struct dns_message *m, const u8 *bytes, u32 count, enum dns_rcode *error);

/* Of a query without an error: is the name one of .vos? Then `name` is what is in front of that, in lower case; "" =
 * nothing, several labels, or one that is no text. */
bool dns_is_vos(const u8 *bytes, char name[64]);

/* Of a query without an error, `count` bytes: the answer may have DNS_UDP_MOST bytes at most, whatever the station
 * takes. So a server cuts it and says so, instead of sending fragments, which get lost; the station asks again by
 * TCP. */
#define DNS_UDP_MOST 1232u		/* fits into what any link carries (IPv6: 1,280 bytes) */
void dns_limit_answer(const struct dns_message *m, u8 *query, u32 count);

/* An answer to that query, of DNS_HEADER + question_bytes + DNS_ANSWER_MOST at most. Returns its length. What has a
 * format error is answered by the header alone. */
u32 dns_answer(u8 *out, const struct dns_message *m, const u8 *query, enum dns_rcode error,
	       const struct dns_address *address, u32 ttl_s);
/* The head of a reply that is too long for who asked: it is to ask again by TCP (RFC 2181, 9). Returns its length. */
u32 dns_truncate(u8 *out, const struct dns_message *m, const u8 *reply);

#endif
