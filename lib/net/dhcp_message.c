/* SPDX-License-Identifier: MIT */
/*
 * dhcp_message.c - see dhcp_message.h. Options are in the options field alone: overloading of the fields for names
 * (RFC 2132, 9.3) is used by nobody who has few of them, and is not read.
 */
#include "dhcp_message.h"

#include <string.h>

#include "range.h"

#define COOKIE 0x63825363u
#define OP 0u			/* offsets in the header */
#define HARDWARE 1u
#define ID 4u
#define FLAGS 10u
#define CLIENT 12u
#define YOURS 16u
#define RELAY 24u
#define MAC 28u
#define REQUEST 1u
#define REPLY 2u

static void read_number(u32 *out, const u8 *value, u32 count)
{
	if (count >= 4)
		*out = be32_load(value);
}

static void read_servers(struct dhcp_message *m, const u8 *value, u32 count)
{
	for (u32 i = 0; i < ROUTER_SERVERS && count >= 4 * (i + 1); i++)
		m->servers[i] = be32_load(value + 4 * i);
}

static void read_client_id(struct dhcp_message *m, const u8 *value, u32 count)
{
	if (count > DHCP_ID_MOST)
		return;
	memcpy(m->client_id, value, count);
	m->client_id_bytes = (u8)count;
}

/* The offset of the field for an option that is a number of 32 bits, or an address; 0: it is none. */
static u32 number_field(u8 option)
{
	static const u16 fields[] = {
		[DHCP_MASK] = offsetof(struct dhcp_message, mask),
		[DHCP_ROUTER] = offsetof(struct dhcp_message, gateway),
		[DHCP_REQUESTED] = offsetof(struct dhcp_message, requested),
		[DHCP_LEASE] = offsetof(struct dhcp_message, lease_s),
		[DHCP_SERVER] = offsetof(struct dhcp_message, server),
		[DHCP_RENEW] = offsetof(struct dhcp_message, renew_s),
		[DHCP_REBIND] = offsetof(struct dhcp_message, rebind_s),
	};

	return option < ARRAY_COUNT(fields) ? fields[option] : 0;
}

static void read_option(struct dhcp_message *m, u8 option, const u8 *value, u32 count)
{
	u32 field = number_field(option);

	if (field != 0)
		read_number((u32 *)(void *)((u8 *)m + field), value, count);
	else if (option == DHCP_TYPE && count == 1)
		m->type = value[0];
	else if (option == DHCP_DNS)
		read_servers(m, value, count);
	else if (option == DHCP_MTU && count == 2)
		m->mtu = be16_load(value);
	else if (option == DHCP_CLIENT_ID)
		read_client_id(m, value, count);
}

bool dhcp_read(struct dhcp_message *m, const u8 *bytes, u32 count)
{
	u32 at = DHCP_HEADER + 4;

	*m = (struct dhcp_message){ 0 };
	if (count < at || be32_load(bytes + DHCP_HEADER) != COOKIE || be16_load(bytes + HARDWARE) != 0x0106 ||
	    (bytes[OP] != REQUEST && bytes[OP] != REPLY))
		return false;
	m->is_reply = bytes[OP] == REPLY;
	m->id = be32_load(bytes + ID);
	m->flags = be16_load(bytes + FLAGS);
	m->client = be32_load(bytes + CLIENT);
	m->yours = be32_load(bytes + YOURS);
	m->relay = be32_load(bytes + RELAY);
	m->mac = mac_load(bytes + MAC);
	while (at < count && bytes[at] != DHCP_END) {
		if (bytes[at] == DHCP_PAD) {
			at++;
			continue;
		}
		if (!range_ok(at, 2, count) || !range_ok(at + 2, bytes[at + 1], count))
			return false;
		read_option(m, bytes[at], bytes + at + 2, bytes[at + 1]);
		at += 2u + bytes[at + 1];
	}
	return m->type >= DHCP_DISCOVER && m->type <= DHCP_INFORM;
}

void dhcp_begin(struct dhcp_writer *w, u8 *bytes, const struct dhcp_message *m)
{
	*w = (struct dhcp_writer){ bytes, DHCP_HEADER + 4 };
	memset(bytes, 0, DHCP_MOST);
	bytes[OP] = m->is_reply ? REPLY : REQUEST;
	be16_store(bytes + HARDWARE, 0x0106);
	be32_store(bytes + ID, m->id);
	be16_store(bytes + FLAGS, m->flags);
	be32_store(bytes + CLIENT, m->client);
	be32_store(bytes + YOURS, m->yours);
	mac_store(bytes + MAC, m->mac);
	be32_store(bytes + DHCP_HEADER, COOKIE);
	dhcp_add(w, DHCP_TYPE, &m->type, 1);
}

/* All that is ever added takes less than there is: a client's identifier and some numbers. */
void dhcp_add(struct dhcp_writer *w, enum dhcp_option option, const void *value, u32 count)
{
	w->bytes[w->at] = (u8)option;
	w->bytes[w->at + 1] = (u8)count;
	memcpy(w->bytes + w->at + 2, value, count);
	w->at += 2 + count;
}

void dhcp_add32(struct dhcp_writer *w, enum dhcp_option option, u32 value)
{
	u8 bytes[4];

	be32_store(bytes, value);
	dhcp_add(w, option, bytes, 4);
}

u32 dhcp_end(struct dhcp_writer *w)
{
	w->bytes[w->at++] = DHCP_END;
	return w->at < DHCP_LEAST ? DHCP_LEAST : w->at;
}
