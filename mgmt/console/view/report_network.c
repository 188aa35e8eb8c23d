/* SPDX-License-Identifier: MIT */
/*
 * report_network.c - list-switch, show-switch and the network cards of status-vm, for people and for programs. See
 * report.h.
 */
#include <stdio.h>
#include <string.h>

#include "nic_arg.h"
#include "report.h"
#include "report_tables.h"
#include "status.h"
#include "units.h"

static const char *const service_states[SERVICE_STATE_COUNT] = { "running", "restarting", "given-up", "missing" };

/* As members of "drops" in JSON, and as show-switch says them. */
static const char *const drop_names[DROP_COUNT] = {
	[DROP_MALFORMED] = "malformed", [DROP_TOO_LONG] = "too-long", [DROP_VLAN] = "vlan",
	[DROP_RESERVED] = "reserved", [DROP_MAC] = "mac", [DROP_ADDRESS] = "address", [DROP_DHCP] = "dhcp",
	[DROP_ADVERTISEMENT] = "advertisement", [DROP_FILTER] = "filter", [DROP_RATE] = "rate",
	[DROP_FLOOD] = "flood", [DROP_FULL] = "full", [DROP_UNKNOWN] = "unknown",
};

static const char *switch_state(const struct switch_row *row)
{
	return row->state < SERVICE_STATE_COUNT ? service_states[row->state] : "?";
}

/* Of an enum status. */
static const char *port_state(u32 status)
{
	switch (status) {
	case ST_OK:
		return "up";
	case ST_AGAIN:
		return "waiting";
	case ST_EXISTS:
		return "taken";
	case ST_STATE:
		return "off";
	default:
		return "refused";
	}
}

static const char *address_text(char *text, const u8 address[4])
{
	u32 number = (u32)address[0] << 24 | (u32)address[1] << 16 | (u32)address[2] << 8 | address[3];

	return number != 0 ? ipv4_text(text, number) : "-";
}

static void json_address(struct json_writer *w, const u8 address[4])
{
	char text[UNIT_TEXT_BYTES];
	const char *shown = address_text(text, address);

	json_text(w, "ipv4", shown == text ? shown : "");
}

static u64 sum_of(const u64 drops[DROP_COUNT])
{
	u64 sum = 0;

	for (u32 i = 0; i < DROP_COUNT; i++)
		sum += drops[i];
	return sum;
}

static void cell(struct table_line *line, s32 width, const char *text)
{
	line_cell(line, width, text, strlen(text));
}

/* ---- list-switch ---- */

/* As JSON says them too. */
static const char *wire_state(const struct switch_row *row)
{
	static const char *const states[NIC_STATE_COUNT] = { "waiting", "no-carrier", "up" };

	return row->nic_state < NIC_STATE_COUNT ? states[row->nic_state] : "?";
}

static void switch_line(const struct out *out, const struct switch_row *row)
{
	struct table_line line = line_begin(out);
	char text[UNIT_TEXT_BYTES];

	cell(&line, 16, row->name);
	cell(&line, 10, switch_state(row));
	cell(&line, 6, row->uplink[0] ? row->uplink : "-");
	snprintf(text, sizeof(text), "%u", row->ports);
	cell(&line, -5, text);
	cell(&line, -11, count_text(text, row->frames));
	cell(&line, -9, size_text(text, row->bytes, false));
	cell(&line, -9, count_text(text, row->drops));
	line_end(&line);
}

void report_switches(const struct out *out, const void *what)
{
	const struct inventory *m = what;

	if (m->switch_count == 0) {
		out_text(out, "There are no switches. create-switch makes one.\n");
		return;
	}
	out_format(out, "%-16s  %-10s  %-6s  %5s  %11s  %9s  %9s\n", "NAME", "STATE", "UPLINK", "PORTS", "FRAMES",
		"DATA", "DROPPED");
	for (u32 i = 0; i < m->switch_count; i++)
		switch_line(out, &m->switches[i]);
}

/* As members of an object that is open. */
static void switch_members(struct json_writer *w, const struct switch_row *row)
{
	json_text(w, "name", row->name);
	json_text(w, "state", switch_state(row));
	json_number(w, "restarts", row->restarts);
	json_number(w, "memory", row->memory_bytes);
	json_text(w, "uplink", row->uplink);
	json_text(w, "uplink-state", row->uplink[0] ? wire_state(row) : "none");
	json_number(w, "uplink-mbits", row->nic_mbits);
	json_number(w, "port-count", row->ports);
	json_number(w, "frames", row->frames);
	json_number(w, "bytes", row->bytes);
	json_number(w, "dropped", row->drops);
}

void json_switches(struct json_writer *w, const char *key, const void *what)
{
	const struct inventory *m = what;

	json_open(w, key, '[');
	for (u32 i = 0; i < m->switch_count; i++) {
		json_open(w, 0, '{');
		switch_members(w, &m->switches[i]);
		json_close(w, '}');
	}
	json_close(w, ']');
}

/* ---- show-switch ---- */

static void drop_line(const struct out *out, const u64 drops[DROP_COUNT])
{
	struct table_line line = line_begin(out);
	char text[UNIT_TEXT_BYTES + 20];

	if (sum_of(drops) == 0)
		return;
	cell(&line, 8, "  dropped:");
	for (u32 i = 1; i < DROP_COUNT; i++) {
		snprintf(text, sizeof(text), "%s %llu", drop_names[i], (unsigned long long)drops[i]);
		if (drops[i] != 0)
			cell(&line, 0, text);
	}
	line_end(&line);
}

static void rule_lines(const struct out *out, const struct port_row *p)
{
	char text[FILTER_TEXT_BYTES], hits[UNIT_TEXT_BYTES];

	if ((p->flags & NIC_MIRROR) != 0)
		out_text(out, "      mirror: a copy of all frames\n");
	if ((p->flags & NIC_CABLE_OUT) != 0)
		out_text(out, "      cable out: nothing passes\n");
	for (u32 i = 0; i < p->rule_count && i < NIC_RULES; i++)
		out_format(out, "      filter %-44s %10s\n", filter_text(text, &p->rules[i]),
			count_text(hits, p->hits[i]));
}

static void port_line(const struct out *out, const struct port_row *p)
{
	struct table_line line = line_begin(out);
	char text[VM_NAME_BYTES + 16], mac[MAC_TEXT_BYTES], address[UNIT_TEXT_BYTES];

	snprintf(text, sizeof(text), "%u", p->index);
	cell(&line, -4, text);
	snprintf(text, sizeof(text), "%s/%u", p->client, p->card);
	cell(&line, 8, p->kind == PORT_OF_NIC || p->kind == PORT_OF_CAPTURE ? p->client : text);
	cell(&line, 5, port_state(p->status));
	snprintf(text, sizeof(text), "%u", p->vlan);
	cell(&line, -4, text);
	cell(&line, 17, p->mac ? mac_text(mac, p->mac) : "-");
	cell(&line, 13, address_text(address, p->address));
	cell(&line, -7, count_text(text, p->counts.from_frames));
	cell(&line, -7, count_text(text, p->counts.to_frames));
	line_end(&line);
	rule_lines(out, p);
	drop_line(out, p->counts.drops);
}

static void station_line(const struct out *out, const struct switch_station *s)
{
	struct table_line line = line_begin(out);
	char text[24], mac[MAC_TEXT_BYTES];

	cell(&line, 17, mac_text(mac, s->mac));
	snprintf(text, sizeof(text), "%u", s->vlan);
	cell(&line, -4, s->vlan ? text : "all");
	snprintf(text, sizeof(text), "%u", s->port);
	cell(&line, -4, text);
	snprintf(text, sizeof(text), "%u s", s->age_s);
	cell(&line, -5, s->vlan ? text : "fixed");
	line_end(&line);
}

static const struct switch_row *row_of(const struct storage_look *look)
{
	const struct inventory *m = look->inventory;
	u32 i = 0;

	while (i + 1 < m->switch_count && strcmp(m->switches[i].name, look->name) != 0)
		i++;
	return &m->switches[i];
}

static void uplink_line(const struct out *out, const struct switch_row *row)
{
	out_format(out, "uplink %s, %s", row->uplink, wire_state(row));
	if (row->nic_mbits)
		out_format(out, ", %u Mbit/s", row->nic_mbits);
	out_text(out, "\n");
}

void report_switch(const struct out *out, const void *what)
{
	const struct storage_look *look = what;
	const struct inventory *m = look->inventory;
	const struct switch_row *row = row_of(look);

	out_format(out, "switch %s, %s, %u port%s in use\n", row->name, switch_state(row), m->port_count,
		m->port_count == 1 ? "" : "s");
	if (row->uplink[0])
		uplink_line(out, row);
	if (m->port_count != 0)
		out_format(out, "%4s  %-8s  %-5s  %4s  %-17s  %-13s  %7s  %7s\n", "PORT", "CLIENT", "STATE", "VLAN",
			"MAC", "IP", "SENT", "GOT");
	for (u32 i = 0; i < m->port_count; i++)
		port_line(out, &m->ports[i]);
	if (m->station_count != 0)
		out_format(out, "%-17s  %4s  %4s  %5s\n", "ADDRESS", "VLAN", "PORT", "AGE");
	for (u32 i = 0; i < m->station_count; i++)
		station_line(out, &m->stations[i]);
}

static void json_drops(struct json_writer *w, const u64 drops[DROP_COUNT])
{
	json_open(w, "drops", '{');
	for (u32 i = 1; i < DROP_COUNT; i++)
		json_number(w, drop_names[i], drops[i]);
	json_close(w, '}');
}

static void json_filter(struct json_writer *w, const struct nic_rule *rules, const u64 *hits, u32 count)
{
	char text[FILTER_TEXT_BYTES];

	json_open(w, "filter", '[');
	for (u32 i = 0; i < count && i < NIC_RULES; i++) {
		json_open(w, 0, '{');
		json_text(w, "rule", filter_text(text, &rules[i]));
		json_number(w, "hits", hits[i]);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void port_json(struct json_writer *w, const struct port_row *p)
{
	static const char *const kinds[PORT_KIND_COUNT] = { "vm", "uplink", "router", "capture" };
	char mac[MAC_TEXT_BYTES];

	json_open(w, 0, '{');
	json_number(w, "port", p->index);
	json_text(w, "kind", p->kind < PORT_KIND_COUNT ? kinds[p->kind] : "?");
	json_text(w, "vm", p->kind == PORT_OF_VM ? p->client : "");
	json_text(w, "router", p->kind == PORT_OF_ROUTER ? p->client : "");
	json_number(w, "nic", p->card);
	json_text(w, "state", port_state(p->status));
	json_number(w, "vlan", p->vlan);
	json_text(w, "mac", p->mac ? mac_text(mac, p->mac) : "");
	json_address(w, p->address);
	json_bool(w, "guarded", p->guard != 0);
	json_number(w, "rate-limit", p->rate);
	json_number(w, "sent-frames", p->counts.from_frames);
	json_number(w, "sent-bytes", p->counts.from_bytes);
	json_number(w, "got-frames", p->counts.to_frames);
	json_number(w, "got-bytes", p->counts.to_bytes);
	json_number(w, "broken", p->counts.broken);
	json_drops(w, p->counts.drops);
	json_bool(w, "cable", (p->flags & NIC_CABLE_OUT) == 0);
	json_bool(w, "mirror", (p->flags & NIC_MIRROR) != 0);
	json_filter(w, p->rules, p->hits, p->rule_count);
	json_close(w, '}');
}

static void station_json(struct json_writer *w, const struct switch_station *s)
{
	char mac[MAC_TEXT_BYTES];

	json_open(w, 0, '{');
	json_text(w, "mac", mac_text(mac, s->mac));
	json_number(w, "vlan", s->vlan);
	json_number(w, "port", s->port);
	json_number(w, "age-s", s->age_s);
	json_bool(w, "fixed", s->vlan == 0);
	json_close(w, '}');
}

void json_switch(struct json_writer *w, const char *key, const void *what)
{
	const struct storage_look *look = what;
	const struct inventory *m = look->inventory;

	json_open(w, key, '{');
	switch_members(w, row_of(look));
	json_open(w, "ports", '[');
	for (u32 i = 0; i < m->port_count; i++)
		port_json(w, &m->ports[i]);
	json_close(w, ']');
	json_open(w, "addresses", '[');
	for (u32 i = 0; i < m->station_count; i++)
		station_json(w, &m->stations[i]);
	json_close(w, ']');
	json_close(w, '}');
}

/* ---- a VM's cards ---- */

void report_nic(const struct out *out, const struct nic_spec *spec, const struct nic_report *nic)
{
	char mac[MAC_TEXT_BYTES], address[UNIT_TEXT_BYTES], sent[UNIT_TEXT_BYTES], got[UNIT_TEXT_BYTES];
	char rate[UNIT_TEXT_BYTES], rule[FILTER_TEXT_BYTES];

	out_format(out, "switch %s, %s, MAC %s, IP %s; ", spec->network, port_state(nic->status),
		mac_text(mac, nic->mac), address_text(address, nic->address));
	out_format(out, "sent %llu frames (%s), got %llu (%s), %llu dropped", (unsigned long long)nic->sent_frames,
		size_text(sent, nic->sent_bytes, false), (unsigned long long)nic->got_frames,
		size_text(got, nic->got_bytes, false), (unsigned long long)nic->drops);
	if (spec->vlan)
		out_format(out, "; VLAN %u", spec->vlan);
	if (spec->rate)
		out_format(out, "; at most %s a second each way", size_text(rate, spec->rate, false));
	if (spec->address)
		out_format(out, "; only IP %s", ipv4_text(address, spec->address));
	if ((spec->flags & NIC_UNGUARDED) != 0)
		out_text(out, "; unguarded");
	if ((spec->flags & NIC_CABLE_OUT) != 0)
		out_text(out, "; cable out");
	if ((spec->flags & NIC_MIRROR) != 0)
		out_text(out, "; mirror");
	for (u32 i = 0; i < spec->rule_count && i < NIC_RULES; i++)
		out_format(out, "%s%s", i == 0 ? "; filter " : " ", filter_text(rule, &spec->rules[i]));
}

void json_packets(struct json_writer *w, const struct nic_report *nic)
{
	json_number(w, "sent-frames", nic->sent_frames);
	json_number(w, "sent-bytes", nic->sent_bytes);
	json_number(w, "got-frames", nic->got_frames);
	json_number(w, "got-bytes", nic->got_bytes);
	json_number(w, "dropped", nic->drops);
}

static void nic_json(struct json_writer *w, const struct nic_spec *spec, const struct nic_report *nic)
{
	char mac[MAC_TEXT_BYTES], fixed[UNIT_TEXT_BYTES];

	json_open(w, 0, '{');
	json_text(w, "switch", spec->network);
	json_text(w, "state", port_state(nic->status));
	json_text(w, "mac", mac_text(mac, nic->mac));
	json_address(w, nic->address);
	json_text(w, "ipv4-fixed", spec->address ? ipv4_text(fixed, spec->address) : "");
	json_number(w, "vlan", vlan_or_default(spec->vlan));
	json_bool(w, "guarded", (spec->flags & NIC_UNGUARDED) == 0);
	json_number(w, "rate-limit", spec->rate);
	json_packets(w, nic);
	json_bool(w, "cable", (spec->flags & NIC_CABLE_OUT) == 0);
	json_bool(w, "mirror", (spec->flags & NIC_MIRROR) != 0);
	json_close(w, '}');
}

void json_nics(struct json_writer *w, const struct vm_report *r)
{
	json_open(w, "nics", '[');
	for (u32 i = 0; i < r->spec.nic_count; i++)
		nic_json(w, &r->spec.nics[i], &r->nics[i]);
	json_close(w, ']');
}
