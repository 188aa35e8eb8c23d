/* SPDX-License-Identifier: MIT */
/*
 * exports.h - what the console and root say about a volume or snapshot that is read out, as a stream of extents
 * (lib/image/extents.h). Requests have in .image:
 *
 *	REQ_EXPORT_OPEN		name, offset; .snapshot: of that volume, or ""; .to: an older snapshot of it, whose
 *				difference is wanted, or "". One of the same volume or snapshot ends
 *	REQ_EXPORT_READ		upload (the export's number), count: answered with the next bytes when there are some
 *	REQ_EXPORT_CLOSE	upload: likewise
 */
#ifndef VOS_EXPORTS_H
#define VOS_EXPORTS_H

#include "store.h"
#include "types.h"

#define EXPORTS 4u		/* at a time */
#define EXPORT_DATA_BYTES 6144u	/* in one answer at most */

struct export_report {
	u64 number;		/* of the export; no other one has it, before or after */
	u64 bytes;		/* of the disk */
	u32 slot;		/* below EXPORTS; who had it before has it no more */
	u32 zero;
	u8 guid[STORE_GUID_BYTES];	/* of what is read; zeros: it has none */
};

struct export_data {
	u64 offset;		/* of the first byte, in the stream */
	u32 count;
	u32 is_over;		/* the stream ends behind them */
	u8 bytes[EXPORT_DATA_BYTES];
};

#endif
