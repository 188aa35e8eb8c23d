/* SPDX-License-Identifier: MIT */
/*
 * router_arg.c - see router_arg.h. Whether there are such switches, and addresses fit together, root says.
 */
#include "router_arg.h"

#include <stdio.h>
#include <string.h>

#include "ipv6_text.h"
#include "items.h"
#include "range.h"
#include "request.h"
#include "units.h"

#define OUTER_USAGE "--outer is SWITCH, or SWITCH,ADDRESS/BITS,gateway=ADDRESS, then vlan=N, dns=ADDRESS, with " \
	"commas between"
#define INNER_USAGE "--inner is SWITCH,ADDRESS/BITS such as lan,10.1.0.1/24, then vlan=N, dhcp=off, rip=on, " \
	"link-state=on, ip6=PREFIX/64, with commas between"
#define FORWARD_USAGE "--forward is tcp:PORT:VM:PORT or udp:PORT:VM:PORT, such as tcp:8080:web:80"

/* A port that is being read. */
struct reading {
	struct router_spec *spec;
	struct router_port_spec *port;
	const char *usage;
	bool is_outer;
	u32 bare;		/* items without a key so far */
	u32 given;		/* keys so far */
};

static bool set_network(struct reading *r, const char *value, struct cmd_error *error)
{
	if (!name_ok(value))
		return error_set(error, RESULT_USAGE, "\"%.40s\" is not the name of a switch: %s", value, r->usage);
	strcpy(r->port->network, value);
	return true;
}

static bool set_address(struct reading *r, const char *value, struct cmd_error *error)
{
	const char *slash = strchr(value, '/');
	char address[20] = "";

	if (r->is_outer && strcmp(value, "dhcp") == 0)
		return true;
	if (slash && (size_t)(slash - value) < sizeof(address))
		memcpy(address, value, (size_t)(slash - value));
	if (!slash || !ipv4_parse(address, &r->port->address) || r->port->address == 0 ||
	    !count_parse(slash + 1, 30, &r->port->prefix_bits) || r->port->prefix_bits == 0)
		return error_set(error, RESULT_USAGE, "\"%.40s\" is not an address with its network's bits, such as "
			"10.1.0.1/24: %s", value, r->usage);
	return true;
}

static bool set_vlan(struct reading *r, const char *value, struct cmd_error *error)
{
	return (count_parse(value, NIC_VLAN_MAX, &r->port->vlan) && r->port->vlan != 0) ||
		error_set(error, RESULT_USAGE, "vlan= is a VLAN from 1 to %u, not \"%.40s\"", NIC_VLAN_MAX, value);
}

/* `flag` stands for the key's value `word`, which is on or off. */
static bool set_flag(struct reading *r, const char *key, const char *value, const char *word, u32 flag,
		     struct cmd_error *error)
{
	if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
		return error_set(error, RESULT_USAGE, "%s is on or off, not \"%.40s\"", key, value);
	r->port->flags |= strcmp(value, word) == 0 ? flag : 0;
	return true;
}

static bool set_dhcp(struct reading *r, const char *value, struct cmd_error *error)
{
	return set_flag(r, "dhcp=", value, "off", ROUTER_NO_DHCP, error);
}

static bool set_rip(struct reading *r, const char *value, struct cmd_error *error)
{
	return set_flag(r, "rip=", value, "on", ROUTER_SPEAKS_RIP, error);
}

static bool set_prefix6(struct reading *r, const char *value, struct cmd_error *error)
{
	const char *slash = strchr(value, '/');
	char text[IPV6_TEXT_BYTES] = "";
	u64 address[2] = { 0 };

	if (slash && (size_t)(slash - value) < sizeof(text))
		memcpy(text, value, (size_t)(slash - value));
	if (!slash || strcmp(slash, "/64") != 0 || !ipv6_parse(text, address) || address[0] == 0)
		return error_set(error, RESULT_USAGE, "ip6= is the prefix of a network of 64 bits, such as "
			"fd00:1:2:3::/64, not \"%.50s\"", value);
	if (address[1] != 0)
		return error_set(error, RESULT_USAGE, "\"%.50s\" is the address of a host. ip6= is the network's: "
			"leave out what is behind its first 64 bits, as in fd00:1:2:3::/64", value);
	r->port->prefix6 = address[0];
	return true;
}

static bool set_ls(struct reading *r, const char *value, struct cmd_error *error)
{
	return set_flag(r, "link-state=", value, "on", ROUTER_SPEAKS_LS, error);
}

static bool set_gateway(struct reading *r, const char *value, struct cmd_error *error)
{
	return (ipv4_parse(value, &r->spec->gateway) && r->spec->gateway != 0) ||
		error_set(error, RESULT_USAGE, "gateway= is an IPv4 address such as 192.0.2.1, not \"%.40s\"", value);
}

static bool set_server(struct reading *r, const char *value, struct cmd_error *error)
{
	u32 i = 0, address;

	if (!ipv4_parse(value, &address) || address == 0)
		return error_set(error, RESULT_USAGE, "dns= is an IPv4 address such as 192.0.2.1, not \"%.40s\"",
			value);
	while (i < ROUTER_SERVERS && r->spec->servers[i] != 0)
		i++;
	if (i == ROUTER_SERVERS)
		return error_set(error, RESULT_USAGE, "at most %u dns= are possible", ROUTER_SERVERS);
	r->spec->servers[i] = address;
	return true;
}

enum port_kind_bit { OF_OUTER = 1, OF_INNER = 2, MANY = 4 };

static const struct {
	const char *key;
	bool (*set)(struct reading *, const char *, struct cmd_error *);
	u32 kinds;
} keys[] = {
	{ "vlan=", set_vlan, OF_OUTER | OF_INNER }, { "dhcp=", set_dhcp, OF_INNER },
	{ "rip=", set_rip, OF_INNER }, { "ip6=", set_prefix6, OF_INNER },
	{ "link-state=", set_ls, OF_INNER },
	{ "gateway=", set_gateway, OF_OUTER }, { "dns=", set_server, OF_OUTER | MANY },
};

static bool set_item(void *to, const char *item, struct cmd_error *error)
{
	struct reading *r = to;
	u32 key = 0;

	while (key < ARRAY_COUNT(keys) && strncmp(item, keys[key].key, strlen(keys[key].key)) != 0)
		key++;
	if (key == ARRAY_COUNT(keys) && !strchr(item, '=') && r->bare < 2)
		return r->bare++ == 0 ? set_network(r, item, error) : set_address(r, item, error);
	if (key == ARRAY_COUNT(keys) || (keys[key].kinds & (r->is_outer ? OF_OUTER : OF_INNER)) == 0)
		return error_set(error, RESULT_USAGE, "\"%.40s\" is not possible: %s", item, r->usage);
	if ((r->given & BIT32(key)) && !(keys[key].kinds & MANY))
		return error_set(error, RESULT_USAGE, "%s is given twice: %s", keys[key].key, r->usage);
	r->given |= BIT32(key);
	return keys[key].set(r, item + strlen(keys[key].key), error);
}

bool router_parse_outer(struct router_spec *to, const char *value, struct cmd_error *error)
{
	struct reading r = { .spec = to, .port = &to->outer, .usage = OUTER_USAGE, .is_outer = true };

	if (strcmp(value, "none") == 0)
		return true;
	if (!items_each(value, OUTER_USAGE, set_item, &r, error))
		return false;
	if (to->outer.network[0] == 0)
		return error_set(error, RESULT_USAGE, "--outer has no switch: " OUTER_USAGE);
	if (to->outer.address == 0 && to->gateway != 0)
		return error_set(error, RESULT_USAGE, "without an address, DHCP gives the gateway too. Leave out "
			"gateway=, or give an address: " OUTER_USAGE);
	return true;
}

bool router_parse_inner(struct router_spec *to, const char *value, struct cmd_error *error)
{
	struct reading r = { .spec = to, .port = &to->inner[to->inner_count], .usage = INNER_USAGE };

	if (to->inner_count == ROUTER_INNER_PORTS)
		return error_set(error, RESULT_USAGE, "at most %u inner ports are possible", ROUTER_INNER_PORTS);
	if (!items_each(value, INNER_USAGE, set_item, &r, error))
		return false;
	if (r.bare < 2)
		return error_set(error, RESULT_USAGE, "--inner needs a switch and an address: " INNER_USAGE);
	to->inner_count++;
	return true;
}

/* ---- forwards ---- */

/* The next of four parts with colons between, into text[VM_NAME_BYTES]. */
static bool next_part(const char **value, char *text, bool is_last)
{
	size_t length = strcspn(*value, ":");

	if (length == 0 || length >= VM_NAME_BYTES || (*value)[length] != (is_last ? 0 : ':'))
		return false;
	memcpy(text, *value, length);
	text[length] = 0;
	*value += length + !is_last;
	return true;
}

static bool port_parse(const char *text, u16 *port)
{
	u32 number;

	if (!count_parse(text, 65535, &number) || number == 0)
		return false;
	*port = (u16)number;
	return true;
}

static bool forward_parse(struct router_forward_spec *to, const char *value)
{
	char part[4][VM_NAME_BYTES];

	for (u32 i = 0; i < 4; i++)
		if (!next_part(&value, part[i], i == 3))
			return false;
	to->protocol = strcmp(part[0], "tcp") == 0 ? 6 : 17;
	if ((to->protocol == 17 && strcmp(part[0], "udp") != 0) || !port_parse(part[1], &to->outer_port) ||
	    !port_parse(part[3], &to->port))
		return false;
	if (ipv4_parse(part[2], &to->address))
		return to->address != 0;
	strcpy(to->vm, part[2]);
	return name_ok(to->vm);
}

bool router_parse_forward(struct router_spec *to, const char *value, struct cmd_error *error)
{
	struct router_forward_spec *forward = &to->forward[to->forward_count];

	if (to->forward_count == 0 && strcmp(value, "none") == 0)
		return true;
	if (to->forward_count == ROUTER_FORWARDS)
		return error_set(error, RESULT_USAGE, "at most %u forwards are possible", ROUTER_FORWARDS);
	if (!forward_parse(forward, value))
		return error_set(error, RESULT_USAGE, "\"%.60s\" is not possible: " FORWARD_USAGE, value);
	to->forward_count++;
	return true;
}

/* ---- back ---- */

const char *router_protocol_text(u32 protocol)
{
	return protocol == 6 ? "tcp" : protocol == 17 ? "udp" : protocol == 1 ? "icmp" : "?";
}

const char *router_network_text(char *text, u32 address, u32 bits)
{
	char dotted[UNIT_TEXT_BYTES];

	(void)snprintf(text, ROUTER_TEXT_BYTES, "%s/%u", ipv4_text(dotted, address), bits);
	return text;
}

static u32 begin_port(char *text, const struct router_port_spec *port)
{
	char network[ROUTER_TEXT_BYTES];
	u32 used = (u32)snprintf(text, ROUTER_TEXT_BYTES, "%.*s", (int)sizeof(port->network) - 1, port->network);

	if (port->address)
		used += (u32)snprintf(text + used, ROUTER_TEXT_BYTES - used, ",%s",
			router_network_text(network, port->address, port->prefix_bits));
	if (port->vlan)
		used += (u32)snprintf(text + used, ROUTER_TEXT_BYTES - used, ",vlan=%u", port->vlan);
	return used;
}

const char *router_outer_text(char *text, const struct router_spec *spec)
{
	u32 used = begin_port(text, &spec->outer);
	char dotted[UNIT_TEXT_BYTES];

	if (spec->gateway)
		used += (u32)snprintf(text + used, ROUTER_TEXT_BYTES - used, ",gateway=%s",
			ipv4_text(dotted, spec->gateway));
	for (u32 i = 0; i < ROUTER_SERVERS; i++)
		if (spec->servers[i])
			used += (u32)snprintf(text + used, ROUTER_TEXT_BYTES - used, ",dns=%s",
				ipv4_text(dotted, spec->servers[i]));
	return text;
}

const char *router_network6_text(char *text, const u64 address[2], u32 bits)
{
	char groups[IPV6_TEXT_BYTES];

	(void)snprintf(text, ROUTER_TEXT_BYTES, "%s/%u", ipv6_text(groups, address), bits);
	return text;
}

const char *router_inner_text(char *text, const struct router_port_spec *port)
{
	u32 used = begin_port(text, port);
	char network[ROUTER_TEXT_BYTES];

	if ((port->flags & ROUTER_NO_DHCP) != 0)
		used += (u32)snprintf(text + used, ROUTER_TEXT_BYTES - used, ",dhcp=off");
	if ((port->flags & ROUTER_SPEAKS_RIP) != 0)
		used += (u32)snprintf(text + used, ROUTER_TEXT_BYTES - used, ",rip=on");
	if ((port->flags & ROUTER_SPEAKS_LS) != 0)
		used += (u32)snprintf(text + used, ROUTER_TEXT_BYTES - used, ",link-state=on");
	if (port->prefix6 != 0)
		(void)snprintf(text + used, ROUTER_TEXT_BYTES - used, ",ip6=%s",
			router_network6_text(network, (const u64[2]){ port->prefix6, 0 }, 64));
	return text;
}

const char *router_forward_text(char *text, const struct router_forward_spec *f)
{
	char dotted[UNIT_TEXT_BYTES];

	(void)snprintf(text, ROUTER_TEXT_BYTES, "%s:%u:%.*s:%u", router_protocol_text(f->protocol), f->outer_port,
		(int)sizeof(f->vm) - 1, f->vm[0] ? f->vm : ipv4_text(dotted, f->address), f->port);
	return text;
}
