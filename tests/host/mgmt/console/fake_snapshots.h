/* SPDX-License-Identifier: MIT */
/*
 * fake_snapshots.h - what fake_root.c says of snapshots: its VM "snapped" has a disk in a pool, with two of them.
 */
#ifndef VOS_TEST_FAKE_SNAPSHOTS_H
#define VOS_TEST_FAKE_SNAPSHOTS_H

#include <stdio.h>
#include <string.h>

#include "errors.h"
#include "request.h"

static inline void fake_change_snapshot(const struct request *r, struct reply *reply)
{
	if (r->op != REQ_SNAPSHOT_VM && strcmp(r->snapshot, "old") != 0 && r->snapshot[0] != '\0') {
		reply->result = RESULT_NOT_FOUND;
		reply->error = ERR_NO_SNAPSHOT;
		snprintf(reply->text, sizeof(reply->text), "%.31s", r->snapshot);
		return;
	}
	if (r->op != REQ_SNAPSHOT_VM)
		return;
	reply->snapshot.disks = 2;
	snprintf(reply->snapshot.name, sizeof(reply->snapshot.name), "%.31s", r->snapshot[0] ? r->snapshot : "snap1");
}

#endif
