/* SPDX-License-Identifier: MIT */
/*
 * fake_vm_logs.h - the fake root's part in keeping logs of VMs: pieces, which outlive the fake machine. Included by
 * fake_root.c alone.
 */
#ifndef VOS_FAKE_VM_LOGS_H
#define VOS_FAKE_VM_LOGS_H

#include <string.h>

#include "fake_root.h"

static inline void fake_write_log(struct fake_root *root, const struct request *r)
{
	u32 i = 0;

	if (r->log.count == 0) {
		root->log_flushes++;
		return;
	}
	while (i < root->piece_count && (strcmp(root->pieces[i].name, r->name) != 0 ||
					 root->pieces[i].piece.start != r->log.start))
		i++;
	if (i == FAKE_PIECES)
		return;
	root->piece_count += i == root->piece_count;
	memcpy(root->pieces[i].name, r->name, VM_NAME_BYTES);
	root->pieces[i].piece = r->log;
}

static inline void fake_read_log(const struct fake_root *root, const struct request *r, struct reply *reply)
{
	const struct log_piece *best = NULL;

	for (u32 i = 0; i < root->piece_count; i++) {
		const struct log_piece *piece = &root->pieces[i].piece;

		if (strcmp(root->pieces[i].name, r->name) == 0 && piece->start >= r->log.start &&
		    (!best || piece->start < best->start))
			best = piece;
	}
	if (best) {
		reply->log = *best;
		reply->log.is_more = 1;
	}
}

#endif
