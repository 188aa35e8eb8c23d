/* SPDX-License-Identifier: MIT */
/*
 * The memory of a driver: below 4 GiB if its device can't reach more, and given back if there is not enough of it. Each
 * machine is a process of its own, for root boots once.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "accounts.h"
#include "drivers.h"
#include "fake_kernel.h"
#include "root_bench.h"

#define S64A BIT32(31)

enum { FINE = 100, NO_DRIVER, LEAK, BELOW_4G };	/* exit codes; root itself may end with another one */

/* What becomes of a machine with an AHCI controller of which the n-th creating call fails. */
static int machine(u32 n, u32 capabilities)
{
	static const char *const programs[] = { "ahci", NULL };

	fake_pci.functions[0] = (struct pci_function){ .bdf = 0xfa, .class_code = 0x010601,
		.bars = { [5] = { .address = 0xfe020000, .bytes = 0x2000, .kind = PCI_BAR_MEMORY } } };
	fake_pci.count = 1;
	fake_devices[0].first_register = capabilities;
	bench_programs = programs;
	fake_cmdline = "nothing";
	if (n != 0)
		fake_fail_call(n, ST_NOMEM);
	(void)bench_boot(NULL);
	if (driver_is_wanted(0))
		return (driver_memory_flags() & MEM_BELOW_4G) != 0 ? BELOW_4G : FINE;
	return driver_bytes() == 0 ? NO_DRIVER : LEAK;
}

static int run(u32 n, u32 capabilities)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (freopen("/dev/null", "w", stdout) == NULL || freopen("/dev/null", "w", stderr) == NULL)
			_exit(1);
		_exit(machine(n, capabilities));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void memory_that_is_reached(void **state)
{
	(void)state;
	assert_int_equal(run(0, S64A), FINE);
	assert_int_equal(run(0, 0), BELOW_4G);
}

static void each_call_fails_once(void **state)
{
	u32 refused = 0;

	(void)state;
	for (u32 n = 1; n < 200; n++) {
		int what = run(n, S64A);

		assert_int_not_equal(what, LEAK);
		refused += what == NO_DRIVER;
	}
	assert_true(refused >= 3 * (DRIVER_LINKS + 1));	/* created, mapped, filled */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_that_is_reached), cmocka_unit_test(each_call_fails_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
