/* SPDX-License-Identifier: MIT */
/*
 * vos.conf: what it gives, where its mistakes are, and that a mistake costs only its own VM.
 */
/*
 * links: console
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "command.h"
#include "config.h"
#include "syscalls.h"

static struct args vms[8];
static u32 vm_count, mistakes;
static char names[512], mistake[512];

static bool has_networks;
static struct args last_network;

static void on_vm(void *context, const struct args *args)
{
	(void)context;
	if (vm_count < ARRAY_COUNT(vms))
		vms[vm_count++] = *args;
	strcat(names, args->name);
	strcat(names, " ");
}

static void on_network(void *context, const struct args *args)
{
	(void)context;
	strcat(names, args->command->op == REQ_CREATE_ROUTER ? "router " : "switch ");
	last_network = *args;
	strcat(names, args->name);
	strcat(names, " ");
}

static void on_networks(void *context)
{
	(void)context;
	has_networks = true;
}

static void on_mistake(void *context, u32 line, u32 column, const char *text)
{
	(void)context;
	if (mistakes++ == 0)
		snprintf(mistake, sizeof(mistake), "%u:%u: %s", line, column, text);
}

static void parse(const char *text)
{
	static const struct config_ops ops = { on_vm, on_network, on_networks, on_mistake, 0, NULL };
	char *copy = malloc(strlen(text) + 1);

	memcpy(copy, text, strlen(text));
	vm_count = mistakes = 0;
	has_networks = false;
	names[0] = mistake[0] = 0;
	config_parse(copy, strlen(text), &ops);
	free(copy);
}

static void example(void **state)
{
	(void)state;
	parse("vm myvm { cpu 2; memory 512M; kernel debian-kernel; initrd debian-initrd; cmdline \"console=ttyS0\"; "
		"autostart yes; restart on-failure:5 }");
	assert_int_equal(mistakes, 0);
	assert_string_equal(names, "myvm ");
	assert_int_equal(vms[0].spec.cpus, 2);
	assert_int_equal(vms[0].spec.memory_bytes, 512 * MIB);
	assert_string_equal(vms[0].spec.kernel, "debian-kernel");
	assert_string_equal(vms[0].spec.cmdline, "console=ttyS0");
	assert_true(vms[0].spec.autostart);
	assert_int_equal(vms[0].spec.restart, RESTART_ON_FAILURE);
	assert_int_equal(vms[0].spec.restart_limit, 5);
	parse("");
	assert_int_equal(mistakes + vm_count, 0);
	parse("# nothing\n\n  # at all");
	assert_int_equal(mistakes + vm_count, 0);
	parse("vm a{}vm b{cpu 1}vm \"c\" {\n\tmodule x,y;\n\tmodule z;\n\tautostart no\n}\n");
	assert_int_equal(mistakes, 0);
	assert_string_equal(names, "a b c ");
	assert_int_equal(vms[2].spec.module_count, 3);
	assert_false(vms[2].spec.autostart);
	parse("vm a { cmdline \"a \\\"quoted\\\" \\\\ word\" }");
	assert_string_equal(vms[0].spec.cmdline, "a \"quoted\" \\ word");
}

static void switches(void **state)
{
	(void)state;
	parse("vm a { nic lan; nic switch=wan,vlan=7,rate=1M } switch lan { }\nswitch wan { }");
	assert_int_equal(mistakes, 0);
	assert_string_equal(names, "a switch lan switch wan ");
	assert_int_equal(vms[0].spec.nic_count, 2);
	assert_string_equal(vms[0].spec.nics[1].network, "wan");
	assert_int_equal(vms[0].spec.nics[1].vlan, 7);
	parse("switch lan { cpu 2 } switch lan { } vm a { }");
	assert_int_equal(mistakes, 2);
	assert_string_equal(mistake, "1:14: \"cpu\" is not a key: a switch has uplink alone");
	assert_string_equal(names, "a ");
	parse("router r { outer lan,vlan=7; inner a,10.1.0.1/24; inner b,10.2.0.1/24,dhcp=off,rip=on,link-state=on; "
	      "forward udp:1:web:2 }");
	assert_int_equal(mistakes, 0);
	assert_string_equal(names, "router r ");
	assert_true(has_networks);
	assert_int_equal(last_network.router.inner_count, 2);
	assert_int_equal(last_network.router.inner[1].flags, ROUTER_NO_DHCP | ROUTER_SPEAKS_RIP | ROUTER_SPEAKS_LS);
	assert_int_equal(last_network.router.outer.vlan, 7);
	assert_int_equal(last_network.router.forward[0].protocol, 17);
	parse("networks none;");
	assert_int_equal(mistakes, 0);
	assert_true(has_networks);
	parse("networks all;");
	assert_string_equal(mistake, "1:10: `networks none;` is expected here");
	parse("vm a { }");
	assert_false(has_networks);
	parse("switch Lan { }");
	assert_int_equal(mistakes, 1);
}

static void defaults(void **state)
{
	(void)state;
	parse("vm early { }\ndefault { kernel k; initrd i; cmdline \"c\"; memory 1G; autostart yes }\n"
		"vm plain { }\nvm own { kernel other; memory 64M; autostart no }");
	assert_int_equal(mistakes, 0);
	assert_string_equal(vms[0].spec.kernel, "");
	assert_string_equal(vms[1].spec.kernel, "k");
	assert_string_equal(vms[1].spec.cmdline, "c");
	assert_int_equal(vms[1].spec.memory_bytes, GIB);
	assert_true(vms[1].spec.autostart);
	assert_string_equal(vms[2].spec.kernel, "other");
	assert_string_equal(vms[2].spec.initrd, "");
	assert_string_equal(vms[2].spec.cmdline, "");
	assert_int_equal(vms[2].spec.memory_bytes, 64 * MIB);
	assert_false(vms[2].spec.autostart);
}

static void mistakes_are_told(void **state)
{
	static const struct { const char *text, *first, *names; } cases[] = {
		{ "vm a { cpu x }\nvm b { }", "1:12: --cpu needs", "b " },
		{ "vm a { }\nvm b { memxxx 1G; cpu 1 }\nvm c { }", "2:8: \"memxxx\" is not a key", "a c " },
		{ "vm a { cpu }\nvm b {}", "1:12: cpu needs a value", "b " },
		{ "vm a { cpu 1 memory 2G }\nvm b {}", "1:14: a ; or }", "b " },
		{ "vm a { cmdline a b }", "1:18: a ; or } is missing here (a text", "" },
		{ "vm a { cpu 1; cpu 2 }", "1:19: --cpu is given twice", "" },
		{ "vm a {}\nvm a {}\nvm b {}", "2:4: there is a VM of that name", "a b " },
		{ "vm Bad {}\nvm b {}", "1:4: \"Bad\" is not a name", "b " },
		{ "vm { }\nvm b {}", "1:4: the name", "b " },
		{ "vm a cpu 1 }\nvm b {}", "1:6: a {", "b " },
		{ "vm a {", "1:7: a } is missing", "" },
		{ "vm a { cmdline \"open\n}\nvm b {}", "1:16: the quote is not closed on its line", "b " },
		{ "vm a { cmdline \"open", "1:16: the quote is not closed", "" },
		{ "\tfoo { }\nvm b {}", "1:2: `vm NAME", "b " },
		{ "vm a { disk 10X }\nvm b {}", "1:13: \"10X\" is not possible: --disk is SIZE", "b " },
		{ "vm a { wait 10s }", "1:8: \"wait\" is not a key", "" },
		{ "vm a { ; }", "1:8: a key", "" },
		{ "}\nvm b {}", "1:1: `vm NAME", "b " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		parse(cases[i].text);
		assert_int_equal(mistakes, 1);
		if (strncmp(mistake, cases[i].first, strlen(cases[i].first)) != 0)
			fail_msg("%s\ngives %s", cases[i].text, mistake);
		assert_string_equal(names, cases[i].names);
	}
}

/* The same keys as create-vm's flags, and defaults for those that are not said. */
static void shares(void **state)
{
	(void)state;
	parse("default { class rt; affinity 0-1; memory-policy eager }\n"
	      "vm a { cap 50% }\nvm b { class fair; weight 7; cap none; affinity all; memory-policy lazy }\n"
	      "vm c { cap 1x }\nvm d { affinity }\nvm e { interval 5s }\n");
	assert_int_equal(vms[0].spec.share.class, SCHED_CLASS_RT);
	assert_int_equal(vms[0].spec.share.affinity, 3);
	assert_int_equal(vms[0].spec.share.cap, 50);
	assert_int_equal(vms[0].spec.memory_policy, MEMORY_EAGER);
	assert_int_equal(vms[1].spec.share.class, SCHED_CLASS_FAIR);
	assert_int_equal(vms[1].spec.share.weight, 7);
	assert_int_equal(vms[1].spec.share.cap, 0);
	assert_true(vms[1].spec.share.affinity == SHARE_ALL_PCPUS);
	assert_int_equal(vms[1].spec.memory_policy, MEMORY_LAZY);
	assert_string_equal(names, "a b ");
	assert_int_equal(mistakes, 3);
	/* A default weight is for fair VMs. */
	parse("default { weight 5 }\nvm a { class rt }\nvm b { }\nvm c { class rt; weight 6 }\n");
	assert_int_equal(vms[0].spec.share.weight, 0);
	assert_false(args_has(&vms[0], ARG_WEIGHT));
	assert_int_equal(vms[1].spec.share.weight, 5);
	assert_int_equal(vms[2].spec.share.weight, 6);	/* root refuses it, in words */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(example), cmocka_unit_test(defaults), cmocka_unit_test(switches),
		cmocka_unit_test(shares), cmocka_unit_test(mistakes_are_told),
	};

	commands = command_rows;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
