/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a qcow2 image: the first clusters of its disk are read.
 */
/* links: image */
#include <stdlib.h>
#include <string.h>

#include "qcow2.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static bool read_copy(void *context, u64 offset, void *to, size_t count)
{
	memcpy(to, (const u8 *)context + offset, count);
	return true;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u8 *copy = malloc(size + 1);
	const struct qcow2_file file = { read_copy, copy, size };
	struct qcow2 *q;
	char why[200];
	static u8 piece[2u << 20];

	memcpy(copy, data, size);
	q = qcow2_open(&file, why, sizeof(why));
	for (u32 i = 0; q != NULL && i < 16; i++) {
		u64 at = (u64)i * qcow2_cluster_bytes(q);
		bool is_hole;

		(void)qcow2_is_hole(q, at, &is_hole);
		(void)qcow2_read(q, at, piece, qcow2_cluster_bytes(q));
	}
	if (q != NULL)
		qcow2_close(q);
	free(copy);
	return 0;
}
