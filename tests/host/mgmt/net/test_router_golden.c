/* SPDX-License-Identifier: MIT */
/*
 * The router against frames that scapy made (golden_router.py, golden_router6.py): each line of their output is a frame
 * that comes in ("> port bytes"), one that must leave next ("< port bytes"), seconds that pass ("+ n"), a port that
 * begins to speak RIP ("= port"), inner ports that get IPv6 ("6 0"), or the name of what follows ("# name"). Nothing
 * else may leave.
 */
/* links: net rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "router_world.h"

static struct world w;
static u32 taken;
static char name[200];

static u32 bytes_of(const char *hex, u8 *out)
{
	u32 count = 0;
	unsigned int byte;

	while (sscanf(hex + 2 * count, "%2x", &byte) == 1)
		out[count++] = (u8)byte;
	return count;
}

static void nothing_left(void)
{
	for (u32 i = taken; i < w.kept; i++) {
		print_error("%s: a frame that nobody expects, at port %u:\n", name, w.frame[i].port);
		for (u32 b = 0; b < w.frame[i].count; b++)
			print_error("%02x", w.frame[i].bytes[b]);
		print_error("\n");
	}
	assert_int_equal(taken, w.kept);
	taken = w.kept = 0;
}

static void expect(u32 port, const u8 *bytes, u32 count)
{
	const struct world_frame *f = &w.frame[taken];

	if (taken == w.kept)
		fail_msg("%s: a frame is missing", name);
	if (f->port != port || f->count != count || memcmp(f->bytes, bytes, count) != 0) {
		print_error("%s: port %u, %u bytes\n", name, f->port, f->count);
		for (u32 b = 0; b < f->count; b++)
			print_error("%02x", f->bytes[b]);
		print_error("\n");
		for (u32 b = 0; b < count; b++)
			print_error("%02x", bytes[b]);
		print_error("\n");
	}
	assert_int_equal(f->port, port);
	assert_int_equal(f->count, count);
	assert_memory_equal(f->bytes, bytes, count);
	taken++;
}

static void speak_rip(u32 port)
{
	struct router_config config = w.g.config;

	config.port[port].speaks_rip = 1;
	assert_int_equal(gateway_configure(&w.g, &config, w.now_ns), ROUTER_OK);
}

/* fd00:0:0:1::/64 and fd00:0:0:2::/64. */
static void begin_ipv6(void)
{
	struct router_config config = w.g.config;

	config.port[1].prefix6 = 0xfd00000000000001;
	config.port[2].prefix6 = 0xfd00000000000002;
	assert_int_equal(gateway_configure(&w.g, &config, w.now_ns), ROUTER_OK);
}

static void run(char *line)
{
	static u8 bytes[PACKET_MOST];
	u32 port = (u32)strtoul(line + 2, NULL, 10), count;

	if (line[0] != '<' && line[0] != '+')
		nothing_left();
	if (line[0] == '=')
		speak_rip(port);
	if (line[0] == '6')
		begin_ipv6();
	if (line[0] == '+')
		world_tick(&w, port);
	if (line[0] == '#')
		snprintf(name, sizeof(name), "%.190s", line + 2);
	if (line[0] != '>' && line[0] != '<')
		return;
	count = bytes_of(line + 4, bytes);
	if (line[0] == '>')
		world_in(&w, port, bytes, count, NULL);
	else
		expect(port, bytes, count);
}

static void run_file(const char *path)
{
	static char line[2 * PACKET_MOST + 16];
	FILE *file = fopen(path, "r");
	u32 lines = 0;

	assert_non_null(file);
	world_init(&w);
	for (; fgets(line, sizeof(line), file) != NULL; lines++)
		run(line);
	nothing_left();
	fclose(file);
	assert_true(lines > 100);
}

static void test_golden(void **state)
{
	(void)state;
	run_file("tests/host/mgmt/net/golden_router.txt");
}

static void test_golden6(void **state)
{
	(void)state;
	run_file("tests/host/mgmt/net/golden_router6.txt");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_golden), cmocka_unit_test(test_golden6) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
