/* SPDX-License-Identifier: MIT */
/*
 * filter_arg.c - see filter_arg.h. The parts of a rule stand between colons: action, protocol, port of the receiver,
 * address of the other station.
 */
#include "filter_arg.h"

#include <stdio.h>
#include <string.h>

#include "range.h"
#include "units.h"

#define USAGE "filter= is allow-in, allow-out, deny-in or deny-out, then :tcp, :udp, :icmp or :any, then for tcp and " \
	"udp :PORT or :PORT-PORT, then :ADDRESS or :ADDRESS/BITS"
#define PARTS 4u
#define PART_BYTES 24u

static const struct { const char *word; u8 action, direction; } actions[] = {
	{ "allow-in", FILTER_ALLOW, FILTER_TO_PORT }, { "allow-out", FILTER_ALLOW, FILTER_FROM_PORT },
	{ "deny-in", FILTER_DROP, FILTER_TO_PORT }, { "deny-out", FILTER_DROP, FILTER_FROM_PORT },
};

static const struct { const char *word; u8 number; bool has_ports; } protocols[] = {
	{ "any", 0, false }, { "icmp", 1, false }, { "tcp", 6, true }, { "udp", 17, true },
};

static bool split(char parts[PARTS][PART_BYTES], u32 *count, const char *value)
{
	for (*count = 0; *count < PARTS; value++) {
		size_t length = strcspn(value, ":");

		if (length >= PART_BYTES)
			return false;
		memcpy(parts[*count], value, length);
		parts[(*count)++][length] = 0;
		value += length;
		if (*value == 0)
			return true;
	}
	return false;
}

static bool set_action(struct nic_rule *rule, const char *word)
{
	for (u32 i = 0; i < ARRAY_COUNT(actions); i++) {
		if (strcmp(word, actions[i].word) != 0)
			continue;
		rule->action = actions[i].action;
		rule->direction = actions[i].direction;
		return true;
	}
	return false;
}

static bool set_protocol(struct nic_rule *rule, bool *has_ports, const char *word)
{
	for (u32 i = 0; i < ARRAY_COUNT(protocols); i++) {
		if (strcmp(word, protocols[i].word) != 0)
			continue;
		rule->protocol = protocols[i].number;
		*has_ports = protocols[i].has_ports;
		return true;
	}
	return false;
}

static bool port_parse(const char *text, u16 *port)
{
	u32 number;

	if (!count_parse(text, 65535, &number) || number == 0)
		return false;
	*port = (u16)number;
	return true;
}

static bool set_ports(struct nic_rule *rule, char *text)
{
	char *last = strchr(text, '-');

	if (last != NULL)
		*last++ = 0;
	return port_parse(text, &rule->port_first) && port_parse(last != NULL ? last : text, &rule->port_last) &&
	       rule->port_first <= rule->port_last;
}

/* What is not among the bits of the prefix is not part of it: 10.0.0.7/8 is 10.0.0.0/8. */
static bool set_address(struct nic_rule *rule, char *text)
{
	char *slash = strchr(text, '/');
	u32 bits = 32;

	if (slash != NULL)
		*slash++ = 0;
	if (!ipv4_parse(text, &rule->address) || (slash != NULL && (!count_parse(slash, 32, &bits) || bits == 0)))
		return false;
	rule->bits = (u8)bits;
	rule->address &= ~0u << (32 - bits);
	return true;
}

static bool parse(struct nic_rule *rule, const char *value)
{
	char parts[PARTS][PART_BYTES];
	bool has_ports = false;
	u32 count, next = 2;

	memset(rule, 0, sizeof(*rule));
	if (!split(parts, &count, value) || count < 2 || !set_action(rule, parts[0]) ||
	    !set_protocol(rule, &has_ports, parts[1]))
		return false;
	if (has_ports && next < count && strchr(parts[next], '.') == NULL && !set_ports(rule, parts[next++]))
		return false;
	if (next < count && !set_address(rule, parts[next++]))
		return false;
	return next == count;
}

bool filter_parse(struct nic_rule *rule, const char *value, struct cmd_error *error)
{
	return parse(rule, value) || error_set(error, RESULT_USAGE, "\"%.47s\" is no rule: " USAGE, value);
}

static const char *number_text(char *text, u32 number)
{
	(void)snprintf(text, UNIT_TEXT_BYTES, "%u", number);
	return text;
}

static const char *action_word(const struct nic_rule *rule)
{
	for (u32 i = 0; i < ARRAY_COUNT(actions); i++)
		if (actions[i].action == rule->action && actions[i].direction == rule->direction)
			return actions[i].word;
	return "?";
}

static const char *protocol_word(const struct nic_rule *rule)
{
	for (u32 i = 0; i < ARRAY_COUNT(protocols); i++)
		if (protocols[i].number == rule->protocol)
			return protocols[i].word;
	return "?";
}

static size_t add(char *text, size_t used, const char *before, const char *part)
{
	return used + (size_t)snprintf(text + used, FILTER_TEXT_BYTES - used, "%s%s", before, part);
}

const char *filter_text(char *text, const struct nic_rule *rule)
{
	char part[UNIT_TEXT_BYTES];
	size_t used = add(text, 0, "", action_word(rule));

	used = add(text, used, ":", protocol_word(rule));
	if (rule->port_last != 0)
		used = add(text, used, ":", number_text(part, rule->port_first));
	if (rule->port_last != rule->port_first)
		used = add(text, used, "-", number_text(part, rule->port_last));
	if (rule->bits != 0)
		used = add(text, used, ":", ipv4_text(part, rule->address));
	if (rule->bits != 0 && rule->bits < 32)
		(void)add(text, used, "/", number_text(part, rule->bits));
	return text;
}
