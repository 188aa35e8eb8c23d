/* SPDX-License-Identifier: MIT */
/*
 * vm_log.h - what VMs print is kept in a pool: the console, which has it, gives root pieces of it (REQ_LOG_WRITE), and
 * reads them back after a restart (REQ_LOG_READ). A VM's log is a stream of bytes, of which root keeps the end.
 *
 * A piece that is not full is written again, longer, from the same start; so the next one begins where a full one ends.
 */
#ifndef VOS_VM_LOG_H
#define VOS_VM_LOG_H

#include "types.h"

#define LOG_PIECE_BYTES 4024u	/* at most */

struct log_piece {
	u64 start;		/* of its first byte in the stream */
	u32 count;
	u32 is_more;		/* of an answer: there are later ones */
	char bytes[LOG_PIECE_BYTES];
};

#endif
