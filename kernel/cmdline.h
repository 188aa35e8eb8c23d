/*
 * cmdline.h - the words of the kernel command line that concern kernel/; the others (console=, com1= ...) are read
 * where they are used.
 */
#ifndef VOS_CMDLINE_H
#define VOS_CMDLINE_H

#include "types.h"

struct boot_info;

struct cmdline {
	bool is_noreboot;
	u32 pcpu_limit;		/* maxcpus= */
};

/* Sets the log level, fills *out, logs words that nobody knows. */
void cmdline_apply(const struct boot_info *boot, struct cmdline *out);

#endif
