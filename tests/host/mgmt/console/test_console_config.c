/* SPDX-License-Identifier: MIT */
/*
 * The console in front of a fake root: vos.conf applied, set-vm, export-config, and definitions that would be lost.
 */
/*
 * links: console
 * helpers: fake_root.c
 */
#include "console_bench.h"

static void configuration(void **state)
{
	(void)state;
	root = fake_start(&session,
		"vm web { memory 256M; autostart yes }\nvm bad { cpu x }\nvm big { memory 64G }\nvm idle { }\n");
	expect("vos.conf:2:14: --cpu needs");
	expect("vos.conf: big: error[E_NOMEM]: big needs 64.0 GiB");
	command("list-vm", "web      running", RESULT_OK);
	expect("idle     defined");
	expect_not("bad");
	command("apply-config --dry-run", "= web: no change", RESULT_FAILED);
	expect("vos.conf: big: error[E_NOMEM]");
	expect("error[E_FAILED]: vos.conf has 2 errors");
	command("delete-vm idle", "deleted", RESULT_OK);
	command("apply-config --dry-run", "+ idle: would be created\r\n", RESULT_FAILED);
	command("list-vm", "web", RESULT_OK);
	expect_not("idle");
	command("apply-config", "+ idle: created", RESULT_FAILED);
	command("delete-vm web --force", "deleted", RESULT_OK);
	command("create-vm web --cpu 2 --memory 128M", "defined", RESULT_OK);
	command("start-vm web", "is running", RESULT_OK);
	command("apply-config", "! web: cpu, memory differ; stop the VM to apply it", RESULT_FAILED);
	command("stop-vm web", "has stopped", RESULT_OK);
	command("apply-config --dry-run", "~ web: would be set: cpu 1; memory 256M\r\n", RESULT_FAILED);
	command("apply-config", "~ web: is set: cpu 1; memory 256M\r\n", RESULT_FAILED);
	command("apply-config", "= web: no change", RESULT_FAILED);
	command("create-vm web", "E_EXISTS", RESULT_STATE);
}

/* What differs is set, nothing at the start of a console. */
static void configured_shares(void **state)
{
	static const char conf[] = "default { weight 50 }\n"
		"vm a { cpu 2; cap 150% }\nvm b { class rt; affinity 0; module one }\n";

	(void)state;
	root = fake_start(&session, conf);
	command("status-vm a", "Class       fair, weight 50", RESULT_OK);
	command("status-vm b", "Class       rt, before all fair VMs", RESULT_OK);
	command("apply-config", "= a: no change", RESULT_OK);
	expect("= b: no change");
	command("set-vm a --weight 7 --cap none --affinity 0", "weight 7, no cap", RESULT_OK);
	command("set-vm b --class fair", "fair", RESULT_OK);
	command("apply-config --dry-run", "~ a: would be set: weight 50; cap 150%\r\n", RESULT_OK);
	expect("~ b: would be set: class rt\r\n");
	command("status-vm a", "fair, weight 7", RESULT_OK);
	/* The console is started again: root's VMs are as they were. */
	fake_restart(root, conf);
	command("status-vm a", "fair, weight 7", RESULT_OK);
	command("apply-config --quiet", "", RESULT_OK);
	expect_not("~ a");
	command("status-vm a", "fair, weight 50", RESULT_OK);
	expect("Cap         150%");
	command("status-vm b", "rt, before all fair VMs", RESULT_OK);
	command("set-vm a --cap 20%", "cap 20%", RESULT_OK);
	command("apply-config", "~ a: is set: cap 150%\r\n", RESULT_OK);
	expect("= b: no change");
	root->vms[0].report.spec.cpus = 1;
	command("list-vm", "a ", RESULT_OK);
	command("set-vm a --cap none", "no cap", RESULT_OK);
	root->vms[0].report.state = VM_RUNNING;
	command("list-vm", "running", RESULT_OK);
	command("apply-config", "! a: cpu differs; stop the VM to apply it", RESULT_FAILED);
	expect("vos.conf: a: error[E_USAGE]: --cap 150% is more than a can use");
	expect("= b: no change");
	expect("error[E_FAILED]: vos.conf has 1 error;");
	root = fake_start(&session, "# nothing\n");
	command("apply-config", "vos.conf defines no VM.", RESULT_OK);
	root = fake_start(&session, 0);
	command("apply-config", "There is no vos.conf on this boot medium.", RESULT_OK);
}

/* What the terminal got for export-config. */
static const char *exported(void)
{
	static char text[32768];
	char *from, *to;

	fake_screen(root);
	fake_type(root, "export-config\r");
	from = strstr(root->terminal, "export-config\r\n");
	assert_non_null(from);
	from += strlen("export-config\r\n");
	to = strstr(from, "vos> ");
	assert_non_null(to);
	snprintf(text, sizeof(text), "%.*s", (int)(to - from), from);
	return text;
}

/* What export-config prints makes the same again: begin anew with it as vos.conf, and it prints the same. */
static void export_round_trip(void **state)
{
	static char first[32768], line[LINE_BYTES + 2];

	(void)state;
	command("export-config", "# There are no VMs.", RESULT_OK);
	make_vm("a");
	command("create-vm vm --cpu 2 --memory 1G --kernel memtest --initrd debian-initrd --platform pc --vmm memtest "
		"--restart on-failure:7 --weight 3 --cap 150% --affinity 0 --memory-policy eager "
		"--module \"debian-initrd a,b; \\\"c\\\" } # vm x { \\\\\" --module debian-initrd "
		"--cmdline \"\\\\ \\\"quoted\\\"; autostart yes } # vm evil { \\\\\\\"\"", "defined", RESULT_OK);
	command("create-vm rt --memory 64M --class rt --cmdline ';' --restart always", "defined", RESULT_OK);
	snprintf(line, sizeof(line), "create-vm long --memory 64M --cmdline %0*d", (int)CMDLINE_BYTES - 1, 7);
	command(line, "defined", RESULT_OK);
	command("create-vm own --memory 64M --boot disk --disk 64M,on=ram", "defined", RESULT_OK);
	strcpy(first, exported());
	assert_non_null(strstr(strstr(first, "vm own {"),
			       "\tboot disk;\r\n\tfirmware bios;\r\n\tiso none;\r\n\tinitrd none;\r\n"));
	assert_non_null(strstr(strstr(first, "vm own {"), "\tplatform pc;\r\n"));
	assert_non_null(strstr(first,
		"\tmodule \"debian-initrd a,b; \\\"c\\\" } # vm x { \\\\\"; module debian-initrd;\r\n"));
	assert_non_null(strstr(first,
		"\tcmdline \"\\\\ \\\"quoted\\\"; autostart yes } # vm evil { \\\\\\\"\";\r\n"));
	assert_null(strstr(strstr(first, "vm rt {"), "weight 1\r"));
	root = fake_start(&session, first);
	expect_not("vos.conf:");
	command("list-vm", "long", RESULT_OK);
	assert_string_equal(exported(), first);
	command("apply-config", "= a: no change", RESULT_OK);
	expect("= vm: no change");
	expect("= rt: no change");
	expect("= long: no change");
	expect("= own: no change");
	/* The platform that comes with booting from a disk need not be said. */
	root = fake_start(&session, "vm own { boot disk; disk 64M,on=ram }\n");
	command("apply-config", "= own: no change", RESULT_OK);
	command("status-vm own", "Boot        disk\r\nFirmware    bios\r\nPlatform    pc", RESULT_OK);
	/* Only one; and what vos.conf starts is in it. */
	root = fake_start(&session, "vm a { autostart yes }\nvm b { }\n");
	command("delete-vm a --force", "a is deleted", RESULT_OK);
	command("delete-vm b", "b is deleted", RESULT_OK);
	command("apply-config --dry-run", "+ a: would be created and started\r\n+ b: would be created\r\n", RESULT_OK);
	command("apply-config", "+ a: created and started\r\n+ b: created\r\n", RESULT_OK);
	/* Somebody else has deleted it: apply-config looks first. */
	root->vms[1].is_used = false;
	command("apply-config", "= a: no change\r\n+ b: created\r\n", RESULT_OK);
	command("export-config b", "vm b {", RESULT_OK);
	expect_not("vm a {");
	command("export-config", "\tautostart yes;\r\n\ton-io-error report;", RESULT_OK);
	command("export-config c", "E_NOT_FOUND", RESULT_NOT_FOUND);
	command("export-config b --json", "{\"return\":{\"text\":\"vm b {\\n", RESULT_OK);
}

/* Definitions that vos.conf lacks are told before the machine goes down. */
static void lost_definitions(void **state)
{
	(void)state;
	root = fake_start(&session, "default { weight 5 }\nvm a { }\nvm b { class rt; memory 64M }\n");
	command("list-vm", "a ", RESULT_OK);
	fake_screen(root);
	fake_type(root, "reboot\r");
	expect("Rebooting.");
	assert_true(root->is_down);
	root->is_down = false;
	command("set-vm a --cpu 2", "cpu 2", RESULT_OK);
	fake_screen(root);
	fake_type(root, "reboot\r");
	expect("vos.conf does not define a as it is: export-config prints what will be lost.");
	expect("Reboot anyway? [y/N] ");
	fake_type(root, "n\r");
	expect("Nothing was done.");
	assert_false(root->is_down);
	run_vm("c");
	fake_screen(root);
	fake_type(root, "shutdown\r");
	expect("c is running and will be cut off.\r\nvos.conf does not define a, c as they are:");
	fake_type(root, "\r");
	command("shutdown --json", "VMs are running: c; vos.conf lacks definitions, see export-config: a, c. "
		"Say \\\"yes\\\" if that is meant", RESULT_STATE);
	assert_false(root->is_down);
	fake_type(root, "shutdown --yes\r");
	expect("Switching off.");
	assert_true(root->is_down);
}

/* set-vm of a VM at rest, and of one that runs. */
static void set_all(void **state)
{
	(void)state;
	command("create-vm a --module one", "defined", RESULT_OK);
	command("set-vm a --cpu 2 --memory 100M --cmdline \"a b\" --module none --restart on-failure:3 --weight 9",
		"a: fair, weight 9, no cap, all pCPUs\r\n"
		"a: cpu 2; memory 100M; module none; cmdline \"a b\"; restart on-failure:3\r\n", RESULT_OK);
	command("status-vm a", "Memory      100.0 MiB lazy", RESULT_OK);
	expect("Restart     on-failure:3, restarted 0 times");
	expect("Platform    modern\r\n");
	command("set-vm a --memory 99M", "Note: --memory is rounded up, from 99.0 MiB to 100.0 MiB", RESULT_OK);
	command("set-vm a --kernel nothing", "E_NOT_FOUND", RESULT_NOT_FOUND);
	command("start-vm a", "running", RESULT_OK);
	command("set-vm a --cpu 1 --restart never", "error[E_STATE]: a is running. Stop it first", RESULT_STATE);
	command("set-vm a --restart never", "a: restart never\r\n", RESULT_OK);
	command("status-vm a --json", "\"cpu\":2,\"memory\":104857600", RESULT_OK);
	expect("\"restart\":\"never\"");
}

/* Switches are made before VMs, and export-config has them. */
static void switches(void **state)
{
	(void)state;
	root = fake_start(&session, "vm a { nic lan,rate=1M }\nswitch lan { uplink nic0 }\n");
	command("list-switch", "lan               running     nic0        1        1,234    4.0 MiB          3\r\n",
		RESULT_OK);
	command("apply-config", "= switch lan: no change\r\n= a: no change", RESULT_OK);
	command("export-config", "switch lan {\r\n\tuplink nic0;\r\n}\r\nvm a {", RESULT_OK);
	expect("nic lan,rate=1M;");
	command("status-vm a", "NIC 0       switch lan, up, MAC 02:11:22:33:44:55, IP 10.0.0.9; sent 1200", RESULT_OK);
	command("show-switch lan", "switch lan, running, 1 port in use\r\nuplink nic0, up, 1000 Mbit/s\r\n", RESULT_OK);
	expect("   2  a/0       up        7  02:11:22:33:44:55  10.0.0.9         1,200       34\r\n"
	       "      filter deny-out:tcp:25:10.0.0.0/8                        1,234\r\n"
	       "  dropped:  mac 2  rate 1\r\n");
	expect("02:11:22:33:44:66     7     3   12 s\r\n");
	command("show-switch wan", "E_NOT_FOUND", RESULT_NOT_FOUND);
	command("delete-switch lan", "E_STATE", RESULT_STATE);
	command("create-switch lan --dry-run", "would succeed", RESULT_OK);
	command("create-switch hostile-without-an-end-of-names", "is made", RESULT_OK);
	command("list-switch", "hostile-without-an-end-of-names", RESULT_OK);
	command("show-switch hostile-without-an-end-of-names", "0 ports in use", RESULT_OK);
	command("delete-switch hostile-without-an-end-of-names", "is deleted", RESULT_OK);
	command("create-switch wan --uplink nic1", "there is no network card \"nic1\"", RESULT_NOT_FOUND);
	command("create-switch wan --uplink Nic", "--uplink is the name of its driver", RESULT_USAGE);
	root = fake_start(&session, "switch lan { uplink none; }\nswitch wan { uplink nic1; mtu 1; }\n");
	expect("\"mtu\" is not a key: a switch has uplink alone");
	command("apply-config", "its uplink is nic0, not none", RESULT_FAILED);
	root = fake_start(&session, "");
	command("apply-config", "There is no vos.conf", RESULT_OK);
	command("list-switch", "There are no switches. create-switch makes one.\r\n", RESULT_OK);
}

static const char a_router[] = "switch lan { uplink nic0 }\n"
	"router nat { outer lan; inner lan,10.1.0.1/24,ip6=fd00:1:2:3::/64; forward tcp:8080:web:80 }\n";

/* Routers are made behind switches; what they forward can be changed. */
static void routers(void **state)
{
	(void)state;
	root = fake_start(&session, a_router);
	command("list-router", "nat           running     lan     10.0.2.15               1     1,234        9\r\n",
		RESULT_OK);
	command("show-router nat", "router nat, running, 1234 packets handed on, 5 answered\r\n"
		"outside     switch lan, 10.0.2.15/24, DHCP bound, lease 01:00:00\r\n"
		"gateway     10.0.2.2, name server 10.0.2.3\r\n"
		"forwards    tcp:8080:web:80  (10.111.0.7)\r\n"
		"routes      default via 10.0.2.2, port 0, preference 10, given\r\n"
		"ipv6        port 1 fd00:1:2:3::11/64\r\n"
		"routes6     fd00:1:2:3::/64 via -, port 1, preference 0, own\r\n", RESULT_OK);
	expect("dropped:    ttl 2  unasked 7\r\n");
	expect("10.111.0.7       02:11:22:33:44:55  -                 00:01:30\r\n");
	expect("10.0.2.2         02:00:00:00:00:09     0\r\n");
	expect("fd00:1:2:3:11:2233:4455:6677             02:00:00:00:00:08     1\r\n");
	expect("tcp    10.111.0.7:4000         4001  1.1.1.1:443               60 s\r\n");
	command("export-config", "router nat {\r\n\touter lan;\r\n\tinner lan,10.1.0.1/24,ip6=fd00:1:2:3::/64;\r\n"
		"\tforward tcp:8080:web:80;\r\n}\r\n", RESULT_OK);
	command("apply-config", "= switch lan: no change\r\n= router nat: no change\r\n", RESULT_OK);
	command("set-router nat --forward udp:53:10.1.0.9:53 --forward tcp:22:new:22", "has 2 forwards now", RESULT_OK);
	command("apply-config", "~ router nat: is set: what it forwards\r\n", RESULT_OK);
	command("set-router nat --forward none", "has 0 forwards now", RESULT_OK);
	command("set-router nat", "set-router needs --forward", RESULT_USAGE);
	command("show-router wan", "there is no router \"wan\"", RESULT_NOT_FOUND);
	command("create-router nat --inner lan,10.2.0.1/24", "there is a router nat already", RESULT_STATE);
	command("create-router wan --inner wan,10.2.0.1/24", "two ports are in one network", RESULT_USAGE);
	command("create-router hostile --inner lan,10.2.0.1/24", "router hostile is made", RESULT_OK);
	command("list-router", "hostile", RESULT_OK);
	command("show-router hostile", "router hostile, ?", RESULT_OK);
	command("export-config", "router hostile {", RESULT_OK);
	command("delete-router hostile", "router hostile is deleted", RESULT_OK);
	root = fake_start(&session, "router nat { outer lan }\nswitch lan { }\n");
	expect("the key inner is missing");
	command("list-router", "There are no routers. create-router makes one.\r\n", RESULT_OK);
}

/* A machine with a card has a way out, unless vos.conf says something of networks. */
static void default_networks(void **state)
{
	(void)state;
	root = fake_start(&session, "");
	command("export-config", "# There are no VMs.\r\n", RESULT_OK);
	root->has_card = true;
	fake_restart(root, "");
	command("list-router", "nat0          running     lan0", RESULT_OK);
	command("export-config", "router nat0 {\r\n\touter lan0;\r\n\tinner nat0,10.111.0.1/24;\r\n}\r\n", RESULT_OK);
	root->routers.count = root->switch_count = 0;
	command("export-config", "networks none;\r\n", RESULT_OK);
	fake_restart(root, "networks none;\n");
	command("list-router", "There are no routers.", RESULT_OK);
	fake_restart(root, "switch lan { }\n");
	command("list-router", "There are no routers.", RESULT_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(configuration, setup, teardown),
		cmocka_unit_test_setup_teardown(configured_shares, setup, teardown),
		cmocka_unit_test_setup_teardown(set_all, setup, teardown),
		cmocka_unit_test_setup_teardown(export_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(lost_definitions, setup, teardown),
		cmocka_unit_test_setup_teardown(switches, setup, teardown),
		cmocka_unit_test_setup_teardown(routers, setup, teardown),
		cmocka_unit_test_setup_teardown(default_networks, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
