/* SPDX-License-Identifier: MIT */
/*
 * newc_next stays within the archive and always gets on.
 */
/* links: root */
#include <stdlib.h>
#include <string.h>

#include "newc.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u64 at = 0, before;
	struct newc_file file;
	enum status st;

	do {
		before = at;
		st = newc_next(data, size, &at, &file);
		if (st != ST_OK)
			break;
		if (at <= before || file.bytes < data || file.count > size ||
		    (u64)(file.bytes - data) > size - file.count || memchr(file.name, 0, sizeof(file.name)) == NULL)
			abort();
	} while (true);
	return 0;
}
