/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a file of hosts: whatever it says, a host that is taken is one that host_parse takes by itself.
 */
/*
 * links: libvos
 */
#include <stdlib.h>
#include <string.h>

#include "host.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const char *const names[] = { NULL, "a", "default" };
	char why[HOST_WHY_BYTES], text[HOST_TEXT_BYTES + 8];
	struct host host, again;

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		why[0] = 0;
		if (!host_in_text(&host, (const char *)data, size, names[i], why)) {
			if (!why[0])
				abort();
			continue;
		}
		strcpy(text, host.text);
		if (!host_parse(&again, text, why) || strcmp(again.path, host.path) != 0 || again.kind != host.kind)
			abort();
		if (host.kind == HOST_TCP && strncmp(host.path, "127.", 4) != 0 && strcmp(host.path, "::1") != 0)
			abort();
	}
	return 0;
}
