/* SPDX-License-Identifier: MIT */
/*
 * nic_arg.c - see nic_arg.h. Whether there is a switch of that name, root says.
 */
#include "nic_arg.h"

#include <stdio.h>
#include <string.h>

#include "items.h"
#include "nic.h"
#include "range.h"
#include "units.h"

#define USAGE "--nic is SWITCH or switch=NAME, then mac=ADDRESS, ip=ADDRESS, vlan=N, rate=SIZE, filter=RULE " \
	"(several), cable=out, mirror=on, guard=off, with commas between"

static bool set_switch(struct nic_spec *to, const char *value, struct cmd_error *error)
{
	if (!name_ok(value))
		return error_set(error, RESULT_USAGE, "\"%.40s\" is not the name of a switch: " USAGE, value);
	strcpy(to->network, value);
	return true;
}

static bool digit_parse(char c, u64 *digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c != 0 ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : 0;

	*digit = at ? (u64)(at - digits) : 0;
	return at != 0;
}

static bool mac_parse(const char *value, u64 *mac)
{
	u64 high, low;

	*mac = 0;
	for (u32 i = 0; i < 6; i++, value += 3) {
		if (!digit_parse(value[0], &high) || !digit_parse(value[1], &low) || value[2] != (i < 5 ? ':' : 0))
			return false;
		*mac = *mac << 8 | high << 4 | low;
	}
	return true;
}

static bool set_mac(struct nic_spec *to, const char *value, struct cmd_error *error)
{
	if (!mac_parse(value, &to->mac))
		return error_set(error, RESULT_USAGE,
			"\"%.40s\" is not a MAC address: six bytes such as 02:00:00:00:00:07", value);
	if (to->mac == 0 || (to->mac & MAC_GROUP) != 0)
		return error_set(error, RESULT_USAGE,
			"%s can't be a network card's own address: the first byte is even, and it is not all zero",
			value);
	return true;
}

static bool set_vlan(struct nic_spec *to, const char *value, struct cmd_error *error)
{
	return (count_parse(value, NIC_VLAN_MAX, &to->vlan) && to->vlan != 0) ||
		error_set(error, RESULT_USAGE, "vlan= is a VLAN from 1 to %u, not \"%.40s\"", NIC_VLAN_MAX, value);
}

static bool set_rate(struct nic_spec *to, const char *value, struct cmd_error *error)
{
	if (!size_parse(value, &to->rate) || to->rate < NIC_RATE_MIN || to->rate > NIC_RATE_MAX)
		return error_set(error, RESULT_USAGE,
			"rate= is the most bytes a second each way, such as 10M, from 64K to 1T, not \"%.40s\"", value);
	to->rate = align_up(to->rate, KIB);
	return true;
}

/* Of two words, the one that sets the flag and the other, which is the default. */
static bool set_flag(struct nic_spec *to, u32 flag, const char *key, const char *set, const char *other,
		     const char *value, struct cmd_error *error)
{
	if (strcmp(value, set) != 0 && strcmp(value, other) != 0)
		return error_set(error, RESULT_USAGE, "%s is %s or %s, not \"%.40s\"", key, other, set, value);
	if (strcmp(value, set) == 0)
		to->flags |= flag;
	return true;
}

static bool set_guard(struct nic_spec *to, const char *value, struct cmd_error *error)
{
	return set_flag(to, NIC_UNGUARDED, "guard=", "off", "on", value, error);
}

static bool set_cable(struct nic_spec *to, const char *value, struct cmd_error *error)
{
	return set_flag(to, NIC_CABLE_OUT, "cable=", "out", "in", value, error);
}

static bool set_mirror(struct nic_spec *to, const char *value, struct cmd_error *error)
{
	return set_flag(to, NIC_MIRROR, "mirror=", "on", "off", value, error);
}

static bool set_ip(struct nic_spec *to, const char *value, struct cmd_error *error)
{
	if (!ipv4_parse(value, &to->address))
		return error_set(error, RESULT_USAGE, "ip= is an IPv4 address such as 10.0.0.7, not \"%.40s\"", value);
	if (!nic_address_ok(to->address))
		return error_set(error, RESULT_USAGE, "%s can't be a guest's own address", value);
	return true;
}

static bool set_filter(struct nic_spec *to, const char *value, struct cmd_error *error)
{
	if (to->rule_count == NIC_RULES)
		return error_set(error, RESULT_USAGE, "a network card has at most %u rules of filter=", NIC_RULES);
	return filter_parse(&to->rules[to->rule_count++], value, error);
}

static const struct {
	const char *key;
	bool (*set)(struct nic_spec *, const char *, struct cmd_error *);
	bool is_list;			/* it may be given several times */
} keys[] = {
	{ "switch=", set_switch, false }, { "mac=", set_mac, false }, { "vlan=", set_vlan, false },
	{ "rate=", set_rate, false }, { "guard=", set_guard, false }, { "ip=", set_ip, false },
	{ "cable=", set_cable, false }, { "mirror=", set_mirror, false }, { "filter=", set_filter, true },
};

/* A card that is being read. */
struct reading {
	struct nic_spec *to;
	u32 given;		/* keys so far */
};

static bool set_item(void *to, const char *item, struct cmd_error *error)
{
	struct reading *reading = to;
	u32 key = 0;
	size_t length = 0;

	while (key < ARRAY_COUNT(keys) && strncmp(item, keys[key].key, strlen(keys[key].key)) != 0)
		key++;
	if (key < ARRAY_COUNT(keys))
		length = strlen(keys[key].key);
	else if (strchr(item, '=') || reading->given)	/* a bare word in front is the switch */
		return error_set(error, RESULT_USAGE, "\"%.40s\" is not possible: " USAGE, item);
	else
		key = 0;
	if ((reading->given & BIT32(key)) != 0 && !keys[key].is_list)
		return error_set(error, RESULT_USAGE, "--nic has %s twice: " USAGE, keys[key].key);
	reading->given |= BIT32(key);
	return keys[key].set(reading->to, item + length, error);
}

bool nic_parse(struct nic_spec *to, const char *value, struct cmd_error *error)
{
	struct reading reading = { .to = to };

	memset(to, 0, sizeof(*to));
	if (!items_each(value, USAGE, set_item, &reading, error))
		return false;
	if (to->address != 0 && (to->flags & NIC_UNGUARDED) != 0)
		return error_set(error, RESULT_USAGE, "ip= needs the guard that guard=off switches off");
	return to->network[0] != 0 || error_set(error, RESULT_USAGE, "--nic has no switch: " USAGE);
}

const char *mac_text(char *text, u64 mac)
{
	(void)snprintf(text, MAC_TEXT_BYTES, "%02x:%02x:%02x:%02x:%02x:%02x", (u32)(mac >> 40) & 0xff,
		(u32)(mac >> 32) & 0xff, (u32)(mac >> 24) & 0xff, (u32)(mac >> 16) & 0xff, (u32)(mac >> 8) & 0xff,
		(u32)mac & 0xff);
	return text;
}

static u32 add_item(char *text, u32 used, const char *key, const char *value)
{
	if (*value == 0 || used >= NIC_TEXT_BYTES)
		return used;
	return used + (u32)snprintf(text + used, NIC_TEXT_BYTES - used, "%s%s%s", used ? "," : "", key, value);
}

const char *nic_text(char *text, const struct nic_spec *nic)
{
	char part[UNIT_TEXT_BYTES], rule[FILTER_TEXT_BYTES], name[VM_NAME_BYTES] = "";
	u32 used;

	memcpy(name, nic->network, sizeof(name) - 1);
	used = add_item(text, 0, "", name);
	used = add_item(text, used, "mac=", nic->mac ? mac_text(part, nic->mac) : "");
	used = add_item(text, used, "ip=", nic->address ? ipv4_text(part, nic->address) : "");
	(void)snprintf(part, sizeof(part), "%u", nic->vlan);
	used = add_item(text, used, "vlan=", nic->vlan ? part : "");
	used = add_item(text, used, "rate=", rate_text(part, nic->rate));
	used = add_item(text, used, "", (nic->flags & NIC_UNGUARDED) != 0 ? "guard=off" : "");
	used = add_item(text, used, "", (nic->flags & NIC_CABLE_OUT) != 0 ? "cable=out" : "");
	used = add_item(text, used, "", (nic->flags & NIC_MIRROR) != 0 ? "mirror=on" : "");
	for (u32 i = 0; i < nic->rule_count && i < NIC_RULES; i++)
		used = add_item(text, used, "filter=", filter_text(rule, &nic->rules[i]));
	return text;
}

bool nic_parse_place(char name[VM_NAME_BYTES], u32 *number, const char *value, struct cmd_error *error)
{
	const char *slash = strchr(value, '/');
	size_t length = slash ? (size_t)(slash - value) : strlen(value);

	*number = CAPTURE_UPLINK;
	if (length < VM_NAME_BYTES) {
		memcpy(name, value, length);
		name[length] = 0;
	}
	if (length < VM_NAME_BYTES && name_ok(name) &&
		(slash ? count_parse(slash + 1, VM_DEVICES, number) : strncmp(name, NIC_NAME, strlen(NIC_NAME)) == 0))
		return true;
	return error_set(error, RESULT_USAGE, "\"%.40s\" is no network card: VM/N such as myvm/0 is card N of a VM, "
		"ROUTER/N port N of a router, nic0 a card of this machine", value);
}

bool nic_parse_snap(u32 *bytes, const char *value, struct cmd_error *error)
{
	if (!count_parse(value, CAPTURE_SNAP_MAX, bytes) || *bytes < CAPTURE_SNAP_MIN)
		return error_set(error, RESULT_USAGE, "--snap needs a number from %u to %u, not \"%.40s\"",
			CAPTURE_SNAP_MIN, CAPTURE_SNAP_MAX, value);
	return true;
}

bool nic_parse_card(u32 *card, const char *value, struct cmd_error *error)
{
	return count_parse(value, VM_DEVICES - 1, card) ||
		error_set(error, RESULT_USAGE, "--nic needs a card's number, not \"%.40s\"", value);
}
