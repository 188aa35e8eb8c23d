/*
 * main.c - root, the management policy: the single grantor of handles. One thread that sleeps until somebody signals
 * or a deadline passes.
 */
#include "root.h"
#include "rt_log.h"
#include "sys.h"

int main(void)
{
	enum status st = root_start();
	u64 next = 0;

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
