/* SPDX-License-Identifier: MIT */
/*
 * fake_networks.h - what fake_root.c says of switches: the first that is made is lan, with a port of VM a's; the second
 * is one that tells nonsense.
 */
#ifndef VOS_TEST_FAKE_NETWORKS_H
#define VOS_TEST_FAKE_NETWORKS_H

#include "fake_disks.h"
#include <string.h>

#include "errors.h"
#include "request.h"
#include "status.h"

static const struct switch_row fake_switches[] = {
	{ .name = "lan", .uplink = "nic0", .nic_state = NIC_UP, .nic_mbits = 1000, .state = SERVICE_UP,
	  .ports = 1, .frames = 1234, .bytes = 4 * MIB, .drops = 3,
	  .memory_bytes = MIB },
	{ .index = 1, .name = "hostile-without-an-end-of-names", .uplink = "without-an-end-", .state = 99,
	  .ports = ~0u, .nic_state = 99 },
};

static const struct port_row fake_port = {
	.index = 2, .status = ST_OK, .mac = 0x021122334455, .rate = MIB, .guard = GUARD_ALL, .vlan = 7,
	.address = { 10, 0, 0, 9 }, .client = "a",
	.counts = { 1200, 4 * MIB, 34, 5000, { [DROP_MAC] = 2, [DROP_RATE] = 1 }, 0 },
	.rule_count = 1, .rules = { { FILTER_DROP, FILTER_FROM_PORT, 6, 8, 25, 25, 0x0a000000 } }, .hits = { 1234 },
};

static const struct station_rows fake_stations = {
	.count = 2, .station = { { 0x021122334455, 0, 2, 0 }, { 0x021122334466, 7, 3, 12 } },
};

static inline void fake_network_refuse(struct reply *reply, enum error error)
{
	reply->result = RESULT_NOT_FOUND;
	reply->error = error;
}

/* *count: that were made. */
static inline void fake_network(u32 *count, const struct request *r, struct reply *reply)
{
	bool is_hostile = strcmp(r->name, fake_switches[1].name) == 0;

	if (r->op == REQ_SWITCHES && r->index < *count) {
		reply->network = fake_switches[r->index];
	} else if (r->op == REQ_PORTS && r->index <= 2) {
		reply->port = fake_port;
		if (is_hostile)
			memset(&reply->port, 0xff, sizeof(reply->port));
	} else if (r->op == REQ_STATIONS && r->index == 0) {
		reply->stations = fake_stations;
		if (is_hostile)
			memset(&reply->stations, 0xff, sizeof(reply->stations));
	} else if (r->op == REQ_CREATE_SWITCH && strcmp(r->network.uplink, "nic1") == 0) {
		fake_network_refuse(reply, ERR_NO_NIC);
		strcpy(reply->text, r->network.uplink);
	} else if (r->op == REQ_CREATE_SWITCH && *count < ARRAY_COUNT(fake_switches)) {
		*count += (r->flags & REQ_FLAG_DRY_RUN) == 0;
	} else if (r->op == REQ_CREATE_SWITCH) {
		reply->result = RESULT_STATE;
		reply->error = ERR_SWITCH_EXISTS;
		strcpy(reply->text, r->name);
	} else if (r->op == REQ_DELETE_SWITCH && *count == ARRAY_COUNT(fake_switches)) {
		--*count;
	} else if (r->op == REQ_DELETE_SWITCH && *count != 0) {
		reply->result = RESULT_STATE;
		reply->error = ERR_SWITCH_USED;
		strcpy(reply->text, "a");
	} else {
		fake_network_refuse(reply, r->op == REQ_PORTS || r->op == REQ_STATIONS ? ERR_NO_DEVICE : ERR_NO_SWITCH);
		strcpy(reply->text, "wan");
	}
}

/* What status-vm says of a card. */
static inline void fake_nics(struct vm_report *to)
{
	for (u32 i = 0; i < to->spec.nic_count && i < VM_DEVICES; i++)
		to->nics[i] = (struct nic_report){
			.mac = 0x021122334455 + i, .port = i, .sent_frames = 1200, .sent_bytes = 4 * MIB,
			.got_frames = 34, .got_bytes = 5000, .drops = 3, .address = { 10, 0, 0, 9 },
		};
}

/* Of a table: the row behind that answer's. */
static inline u32 fake_next_index(const struct request *r, const struct reply *reply)
{
	if (r->op == REQ_LIST)
		return reply->vm.index + 1;
	if (r->op == REQ_DISKS)
		return reply->disk.index + 1;
	if (r->op == REQ_PORTS)
		return reply->port.index + 1;
	if (r->op == REQ_POOLS)
		return reply->pool.index + 1;
	return r->op == REQ_VOLUMES ? reply->volume.index + 1 : r->index + 1;
}

/* attach-nic, detach-nic. A card's MAC is its number. */
static inline void fake_change_nics(struct vm_report *to, const struct request *r, struct reply *reply)
{
	u32 *count = &to->spec.nic_count;

	if (r->op == REQ_ATTACH_NIC) {
		to->spec.nics[*count] = r->spec.nics[0];
		to->nics[*count] = (struct nic_report){ .mac = MAC_LOCAL | *count };
		(*count)++;
	} else if (r->index < *count) {
		(*count)--;
		memmove(&to->spec.nics[r->index], &to->spec.nics[r->index + 1],
			(*count - r->index) * sizeof(to->spec.nics[0]));
		memmove(&to->nics[r->index], &to->nics[r->index + 1], (*count - r->index) * sizeof(to->nics[0]));
	} else {
		reply->result = RESULT_NOT_FOUND;
		reply->error = ERR_NO_CARD;
		reply->need = *count;
		reply->have = r->index;
	}
	reply->vm = *to;
}

static inline bool fake_changes_devices(u32 op)
{
	return op == REQ_ATTACH_DISK || op == REQ_DETACH_DISK || op == REQ_ATTACH_NIC || op == REQ_DETACH_NIC;
}

static inline void fake_change_devices(struct vm_report *to, const struct request *r, struct reply *reply)
{
	if (r->op == REQ_ATTACH_DISK || r->op == REQ_DETACH_DISK)
		fake_change_disks(to, r, reply);
	else
		fake_change_nics(to, r, reply);
}

static inline void fake_nic_load(struct nic_report *to)
{
	to->sent_frames += 200;
	to->got_frames += 50;
	to->sent_bytes += 3 * MIB;
	to->got_bytes += 1 * MIB;
}

static inline void fake_nic_stats(const struct vm_report *r, struct vm_stats *to)
{
	to->nic_count = r->spec.nic_count;
	for (u32 i = 0; i < r->spec.nic_count; i++) {
		memcpy(to->nics[i].network, r->spec.nics[i].network, sizeof(to->nics[i].network));
		to->nics[i].report = (struct nic_report){
			.mac = 0x020000000001, .sent_frames = 12345, .drops = 3, .sent_bytes = 96 * MIB,
			.got_frames = 655, .got_bytes = 65500,
		};
	}
}

/* Of no frames. */
static inline void fake_capture(u32 *open, const struct request *r, struct reply *reply)
{
	static u64 last;

	if (r->op == REQ_CAPTURE_OPEN) {
		reply->capture = (struct capture_report){ .number = ++last, .slot = *open };
		++*open;
	}
	*open -= r->op == REQ_CAPTURE_CLOSE;
}

#endif
