/* SPDX-License-Identifier: MIT */
/*
 * own_machine.h - runs each test in a process of its own, on a machine of its own: root's state is static.
 */
#ifndef VOS_OWN_MACHINE_H
#define VOS_OWN_MACHINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "types.h"

/* Returns how many failed. */
static inline int run_on_own_machines(const struct CMUnitTest *tests, u32 count, CMFixtureFunction begin)
{
	int failed = 0;

	for (u32 i = 0; i < count; i++) {
		const struct CMUnitTest one[] = { tests[i] };
		int status = 0;
		pid_t pid = fork();

		if (pid == 0)
			exit(cmocka_run_group_tests(one, begin, NULL));
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
			failed++;
	}
	return failed;
}

#endif
