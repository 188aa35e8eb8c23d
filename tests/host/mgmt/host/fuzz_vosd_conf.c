/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a vosd.conf: refused with a reason, or taken with settings that end where they should.
 */
/*
 * links: vosd libvos
 */
#include <stdlib.h>
#include <string.h>

#include "vosd.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct settings settings = { 0 };
	char why[HOST_WHY_BYTES] = "";
	bool is_taken = conf_text(&settings, (const char *)data, size, why);

	if (is_taken != (why[0] == 0) || !memchr(settings.host, 0, HOST_TEXT_BYTES) ||
	    !memchr(settings.socket, 0, HOST_TEXT_BYTES) || !memchr(settings.pid_file, 0, HOST_TEXT_BYTES))
		abort();
	return 0;
}
