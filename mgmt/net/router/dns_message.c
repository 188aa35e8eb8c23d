/* SPDX-License-Identifier: MIT */
/*
 * dns_message.c - see dns_message.h.
 */
#include "dns_message.h"

#include <string.h>

#include "inet.h"

#define REPLY 0x8000u
#define OPCODE 0x7800u
#define AUTHORITATIVE 0x0400u
#define TRUNCATED 0x0200u
#define RECURSION_DESIRED 0x0100u
#define RECURSION_AVAILABLE 0x0080u
#define LABEL_MOST 63u
#define POINTER_TO_NAME 0xc000u		/* RFC 1035, 4.1.4 */
#define TYPE_OPT 41u			/* RFC 6891, 6.1.2 */
#define OPT_SIZE 3u			/* in the record, behind its empty name and type: what the station takes */
#define OPT_BYTES 11u

static u8 lower(u8 c)
{
	return c >= 'A' && c <= 'Z' ? (u8)(c + 32) : c;
}

/* Length of the name at `at`, with its end; 0: there is none, or a compressed one, which no question has. */
static u32 name_length(const u8 *bytes, u32 at, u32 count)
{
	u32 first = at;

	while (at < count && bytes[at] != 0) {
		if (bytes[at] > LABEL_MOST || at + 1 - first + bytes[at] > DNS_NAME_MOST - 1)
			return 0;
		at += 1u + bytes[at];
	}
	return at < count ? at + 1 - first : 0;
}

static u64 hash(const u8 *bytes, u32 count)
{
	u64 sum = 0xcbf29ce484222325ull;

	for (u32 i = 0; i < count; i++)
		sum = (sum ^ lower(bytes[i])) * 0x100000001b3ull;
	return sum;
}

static bool read_question(struct dns_message *m, const u8 *bytes, u32 count)
{
	u32 name = name_length(bytes, DNS_HEADER, count);

	if (be16_load(bytes + 4) != 1 || name == 0 || count < DNS_HEADER + name + 4)
		return false;
	m->question_bytes = name + 4;
	m->type = be16_load(bytes + DNS_HEADER + name);
	m->class = be16_load(bytes + DNS_HEADER + name + 2);
	m->question = hash(bytes + DNS_HEADER, name) ^ ((u64)m->type << 16 | m->class);
	return true;
}

bool dns_read(struct dns_message *m, const u8 *bytes, u32 count, enum dns_rcode *error)
{
	*m = (struct dns_message){ 0 };
	if (count < DNS_HEADER || count > DNS_MOST)
		return false;
	m->id = be16_load(bytes);
	m->flags = be16_load(bytes + 2);
	m->is_reply = (m->flags & REPLY) != 0;
	*error = DNS_NO_ERROR;
	if ((m->flags & OPCODE) != 0)
		*error = DNS_NOT_IMPLEMENTED;
	else if (!read_question(m, bytes, count) || (!m->is_reply && be32_load(bytes + 6) != 0))
		*error = DNS_FORMAT_ERROR;
	return true;
}

bool dns_is_vos(const u8 *bytes, char name[64])
{
	u32 at = DNS_HEADER, last = 0, labels = 0;

	for (; bytes[at] != 0; at += 1u + bytes[at]) {
		last = at;
		labels++;
	}
	name[0] = '\0';
	if (labels == 0 || bytes[last] != 3 || lower(bytes[last + 1]) != 'v' || lower(bytes[last + 2]) != 'o' ||
	    lower(bytes[last + 3]) != 's')
		return false;
	if (labels != 2)
		return true;
	if (memchr(bytes + DNS_HEADER + 1, 0, bytes[DNS_HEADER]) != NULL)
		return true;
	for (u32 i = 0; i < bytes[DNS_HEADER]; i++)
		name[i] = (char)lower(bytes[DNS_HEADER + 1 + i]);
	name[bytes[DNS_HEADER]] = '\0';
	return true;
}

/* The record of EDNS is the first one behind the question in all queries that have one, but for signed ones. */
void dns_limit_answer(const struct dns_message *m, u8 *query, u32 count)
{
	u8 *opt = query + DNS_HEADER + m->question_bytes;

	if (DNS_HEADER + m->question_bytes + OPT_BYTES > count || opt[0] != 0 || be16_load(opt + 1) != TYPE_OPT)
		return;
	if (be16_load(opt + OPT_SIZE) > DNS_UDP_MOST)
		be16_store(opt + OPT_SIZE, DNS_UDP_MOST);
}

static u32 put_address(u8 *out, const struct dns_address *address, u32 ttl_s)
{
	u32 bytes = address->type == DNS_TYPE_A ? 4 : 16;

	be16_store(out, POINTER_TO_NAME | DNS_HEADER);
	be16_store(out + 2, address->type);
	be16_store(out + 4, DNS_CLASS_IN);
	be32_store(out + 6, ttl_s);
	be16_store(out + 10, (u16)bytes);
	memcpy(out + 12, address->bytes, bytes);
	return 12 + bytes;
}

u32 dns_answer(u8 *out, const struct dns_message *m, const u8 *query, enum dns_rcode error,
	       const struct dns_address *address, u32 ttl_s)
{
	bool has_question = error != DNS_FORMAT_ERROR && error != DNS_NOT_IMPLEMENTED;
	u32 used = DNS_HEADER;

	memset(out, 0, DNS_HEADER);
	be16_store(out, m->id);
	be16_store(out + 2, (u16)(REPLY | (m->flags & (OPCODE | RECURSION_DESIRED)) | RECURSION_AVAILABLE | error));
	if (!has_question)
		return used;
	be16_store(out + 4, 1);
	memcpy(out + used, query + DNS_HEADER, m->question_bytes);
	used += m->question_bytes;
	if (error != DNS_SERVER_FAILURE)
		be16_store(out + 2, be16_load(out + 2) | AUTHORITATIVE);
	if (address->type == 0)
		return used;
	be16_store(out + 6, 1);
	return used + put_address(out + used, address, ttl_s);
}

u32 dns_truncate(u8 *out, const struct dns_message *m, const u8 *reply)
{
	memset(out, 0, DNS_HEADER);
	be16_store(out, m->id);
	be16_store(out + 2, m->flags | TRUNCATED);
	be16_store(out + 4, 1);
	memcpy(out + DNS_HEADER, reply + DNS_HEADER, m->question_bytes);
	return DNS_HEADER + m->question_bytes;
}
