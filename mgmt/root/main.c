/* SPDX-License-Identifier: MIT */
/*
 * main.c - root, the management policy: the single grantor of handles. One thread that sleeps until somebody signals
 * or a deadline passes.
 */
#include "platform.h"
#include "root.h"
#include "rt_log.h"
#include "sys.h"

int main(void)
{
	enum status st = platform_start((struct info_page *)INFO_PAGE_ADDRESS,
					(const struct boot_page *)BOOT_PAGE_ADDRESS);
	u64 next = 0;

	if (st != ST_OK) {
		rt_log("root: no usable clock source (status %u)", (unsigned)st);
		return 1;
	}
	st = root_start();
	if (st != ST_OK) {
		rt_log("root: no memory for the rings (status %u)", (unsigned)st);
		return 1;
	}
	for (;;) {
		u64 bits = 0;

		st = sys_notify_wait(next, &bits);
		next = root_turn(st == ST_OK ? bits : 0);
	}
}
