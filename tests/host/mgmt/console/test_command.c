/* SPDX-License-Identifier: MIT */
/*
 * The grammar of the prompt: good and bad lines, completion, help in place.
 */
/*
 * links: console
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "complete.h"
#include "disk_arg.h"
#include "help.h"
#include "nic_arg.h"
#include "op_roles.h"
#include "syscalls.h"

static struct args args;
static struct cmd_error error;

static void accept(const char *line, const char *verb)
{
	if (!command_parse(line, &args, &error))
		fail_msg("%s: %s", line, error.text);
	assert_non_null(args.command);
	assert_string_equal(args.command->verb, verb);
}

static void refuse(const char *line, enum result code, const char *words)
{
	if (command_parse(line, &args, &error))
		fail_msg("%s was accepted", line);
	assert_int_equal(error.code, code);
	if (!strstr(error.text, words))
		fail_msg("%s: \"%s\" has no \"%s\"", line, error.text, words);
}

static void create(void **state)
{
	(void)state;
	accept("vos create-vm --name myvm --cpu 4 --memory 8G --kernel k --initrd i --cmdline \"console=ttyS0 "
	       "quiet\"",
		"create-vm");
	assert_string_equal(args.name, "myvm");
	assert_int_equal(args.spec.cpus, 4);
	assert_int_equal(args.spec.memory_bytes, 8 * GIB);
	assert_string_equal(args.spec.kernel, "k");
	assert_string_equal(args.spec.initrd, "i");
	assert_string_equal(args.spec.cmdline, "console=ttyS0 quiet");
	accept("create-vm myvm", "create-vm");
	assert_int_equal(args.spec.cpus, 1);
	assert_int_equal(args.spec.memory_bytes, 512 * MIB);
	accept("create-vm --name=myvm --memory=3MB --cmdline='a \"b\" c' --platform pc --restart on-failure:5",
		"create-vm");
	assert_int_equal(args.spec.memory_bytes, 4 * MIB);
	assert_string_equal(args.spec.cmdline, "a \"b\" c");
	assert_int_equal(args.spec.platform, PLATFORM_PC);
	assert_int_equal(args.spec.restart, RESTART_ON_FAILURE);
	assert_int_equal(args.spec.restart_limit, 5);
	accept("create-vm x --module a,b --module c", "create-vm");
	assert_int_equal(args.spec.module_count, 3);
	assert_string_equal(args.spec.modules[2], "c");
	accept("create-vm x --module \"vmlinuz root=/dev/hda1 console=hvc0,tty\" --module b", "create-vm");
	assert_int_equal(args.spec.module_count, 2);
	assert_string_equal(args.spec.modules[0], "vmlinuz root=/dev/hda1 console=hvc0,tty");
	assert_string_equal(args.spec.modules[1], "b");
	accept("create-vm x --cmdline \"--help\"", "create-vm");
	assert_string_equal(args.spec.cmdline, "--help");
	accept("create-vm x --cmdline root=/dev/sda\\ ro # a comment", "create-vm");
	assert_string_equal(args.spec.cmdline, "root=/dev/sda ro");
}

/* UEFI gets a disk for its variables where the first one is made. */
static void variables(void **state)
{
	static const struct { const char *line, *last; u32 count; } cases[] = {
		{ "--boot disk --firmware uefi --disk 4G,on=fast,encrypt=on", "2M,on=fast,encrypt=on,nvram", 2 },
		{ "--boot disk --firmware uefi --disk image=debian --disk 1G,on=ram", "2M,nvram", 3 },
		{ "--boot disk --firmware uefi --disk 4G --disk 8M,on=fast,nvram", "8M,on=fast,nvram", 2 },
		{ "--boot disk --firmware uefi --disk volume=nvme0.0,trusted", "volume=nvme0.0,trusted", 1 },
		{ "--boot disk --disk 4G,on=fast", "4G,on=fast", 1 },
		{ "--firmware uefi --disk 4G,on=fast", "4G,on=fast", 1 },
		{ "--boot disk --firmware uefi --disk 1M --disk 1M --disk 1M --disk 1M --nic a --nic b --nic c --nic d",
		  "1M", 4 },
	};
	char line[256], text[DISK_TEXT_BYTES];

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(cases); i++) {
		snprintf(line, sizeof(line), "create-vm x %s", cases[i].line);
		accept(line, "create-vm");
		assert_int_equal(args.spec.disk_count, cases[i].count);
		assert_string_equal(disk_text(text, &args.spec.disks[cases[i].count - 1]), cases[i].last);
	}
}

/* A card as it is written comes back as it was. */
static void cards(void **state)
{
	static const char *const texts[] = {
		"lan", "lan,mac=02:00:00:00:00:07,ip=10.0.0.7,vlan=7,rate=10M", "lan,guard=off,cable=out,mirror=on",
		"lan,filter=deny-out:tcp:25,filter=allow-in:udp:53-54:10.0.0.0/8,filter=deny-in:any:10.0.0.1",
		"lan,filter=allow-in:icmp,filter=deny-out:tcp,filter=deny-out:udp:192.168.0.0/16",
	};
	char line[512], text[NIC_TEXT_BYTES];

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(texts); i++) {
		snprintf(line, sizeof(line), "create-vm x --nic %s", texts[i]);
		accept(line, "create-vm");
		assert_string_equal(nic_text(text, &args.spec.nics[0]), texts[i]);
	}
	assert_int_equal(args.spec.nics[0].rule_count, 3);
	accept("create-vm x --nic lan,filter=deny-in:any:10.1.2.3/8,cable=in", "create-vm");
	assert_string_equal(nic_text(text, &args.spec.nics[0]), "lan,filter=deny-in:any:10.0.0.0/8");
	strcpy(line, "create-vm x --nic lan");
	for (u32 i = 0; i < NIC_RULES; i++)
		strcat(line, ",filter=allow-out:tcp:10000-20000:255.255.255.254/31");
	accept(line, "create-vm");
	assert_string_equal(nic_text(text, &args.spec.nics[0]), line + strlen("create-vm x --nic "));
	strcat(line, ",filter=deny-in:any");
	refuse(line, RESULT_USAGE, "at most 8 rules");
}

static void forms(void **state)
{
	(void)state;
	accept("vm create myvm --mem 1G", "create-vm");
	assert_int_equal(args.spec.memory_bytes, GIB);
	accept("vos vm list", "list-vm");
	accept("vm sto myvm --force", "stop-vm");
	accept("image list", "list-image");
	accept("config apply --dry-run", "apply-config");
	accept("star myvm", "start-vm");
	accept("log", "log");
	accept("log-vm myvm --lines 20", "log-vm");
	assert_int_equal(args.lines, 20);
	accept("stop-vm --name myvm --timeout 500ms --wait=10s", "stop-vm");
	assert_int_equal(args.timeout_ns, 500000000);
	assert_int_equal(args.wait_ns, 10000000000);
	accept("start-vm myvm --wait", "start-vm");
	assert_int_equal(args.wait_ns, 0);
	accept("create-vm --help", "create-vm");
	assert_true(args_has(&args, ARG_HELP));
	accept("start-vm -h", "start-vm");
	accept("help create-vm", "help");
	assert_string_equal(args.verb, "create-vm");
	accept("help vm create", "help");
	assert_string_equal(args.verb, "create-vm");
	accept("help", "help");
	assert_false(args_has(&args, ARG_VERB));
	assert_true(command_parse("", &args, &error) && !args.command);
	assert_true(command_parse("   # only a comment", &args, &error) && !args.command);
	assert_true(command_parse("vos", &args, &error) && args.command == command_named("help"));
	accept("vos --help", "help");
	accept("-h create-vm", "help");
	assert_string_equal(args.verb, "create-vm");
	accept("shutdown", "shutdown");
	accept("reboot --yes", "reboot");
	FOR_EACH_COMMAND(c) {
		const char *dash = strchr(c->verb, '-');
		char line[64];

		if (!dash)
			continue;
		snprintf(line, sizeof(line), "help %s %.*s", dash + 1, (int)(dash - c->verb), c->verb);
		accept(line, "help");
		assert_string_equal(args.verb, c->verb);
	}
	assert_true(command_parse(" # vos", &args, &error) && !args.command);
}

static void bad_lines(void **state)
{
	static const struct { const char *line; enum result code; const char *words; } bad[] = {
		{ "strat-vm", RESULT_USAGE, "Did you mean start-vm?" },
		{ "hlep", RESULT_USAGE, "Did you mean help?" },
		{ "foo", RESULT_USAGE, "there is no command \"foo\". Try help" },
		{ "config", RESULT_USAGE, "config needs a verb: try `config apply`" },
		{ "image", RESULT_USAGE, "image needs a verb: try `image list`" },
		{ "create-vm a --cpu 0", RESULT_USAGE, "--cpu needs a number from 1 to 16" },
		{ "create-vm a --memory 17T", RESULT_USAGE, "at most 16T" },
		{ "xyzzy", RESULT_USAGE, "Try help" },
		{ "st", RESULT_USAGE, "start-vm, stop-vm, status-vm" },
		{ "create-vm", RESULT_USAGE, "needs --name" },
		{ "create-vm --name", RESULT_USAGE, "needs a value" },
		{ "create-vm --name --cpu 1", RESULT_USAGE, "needs a value" },
		{ "create-vm --name My", RESULT_USAGE, "\"My\" is not a name" },
		{ "create-vm a b", RESULT_USAGE, "\"b\" is one word too many" },
		{ "create-vm a --name b", RESULT_USAGE, "twice" },
		{ "create-vm a --cpu 0", RESULT_USAGE, "from 1" },
		{ "create-vm a --cpu four", RESULT_USAGE, "from 1" },
		{ "create-vm a --memory 512", RESULT_USAGE, "with its unit" },
		{ "create-vm a --memory 0M", RESULT_USAGE, "not possible" },
		{ "create-vm a --memxry 1G", RESULT_USAGE, "Did you mean --memory?" },
		{ "create-vm a --force", RESULT_USAGE, "no meaning for create-vm" },
		{ "create-vm a --c 1", RESULT_USAGE, "--cpu or --cmdline" },
		{ "create-vm a --disk 100", RESULT_USAGE, "--disk is SIZE, image=NAME or volume=NAME" },
		{ "create-vm a --disk 0M", RESULT_USAGE, "not possible" },
		{ "create-vm a --disk 2000T", RESULT_USAGE, "not possible" },
		{ "create-vm a --disk 1G,2G", RESULT_USAGE, "two sizes" },
		{ "create-vm a --disk 1G,on=nvme0,on=ram", RESULT_USAGE, "--disk has on= twice: --disk is SIZE" },
		{ "create-vm a --disk volume=a,volume=b", RESULT_USAGE, "--disk has volume= twice" },
		{ "create-vm a --disk 1G,iops=1,rate=1M,iops=2", RESULT_USAGE, "--disk has iops= twice" },
		{ "create-vm a --disk ro", RESULT_USAGE, "no size" },
		{ "create-vm a --disk 1G,", RESULT_USAGE, "--disk is SIZE" },
		{ "create-vm a --disk 1G,on=", RESULT_USAGE, "not the name of a disk" },
		{ "create-vm a --disk 1G,on=RAM", RESULT_USAGE, "not the name of a disk" },
		{ "create-vm a --disk volume=.a", RESULT_USAGE, "not the name of a volume" },
		{ "create-vm a --disk volume=a12345678901234567890123456789012345b", RESULT_USAGE, "at most 36" },
		{ "create-vm a --disk 1G,serial=123456789012345678901", RESULT_USAGE, "at most 20" },
		{ "create-vm a --disk 1G,serial=", RESULT_USAGE, "at most 20" },
		{ "create-vm a --disk 1G,colour=red", RESULT_USAGE, "colour=red" },
		{ "create-vm a --disk volume=nvme0,trust", RESULT_USAGE, "ro, trusted, nvram, serial=" },
		{ "create-vm a --disk 1G,iops=0", RESULT_USAGE, "from 1 to 10000000" },
		{ "create-vm a --disk 1G,iops=10000001", RESULT_USAGE, "from 1 to 10000000" },
		{ "create-vm a --disk 1G,iops=many", RESULT_USAGE, "not \"many\"" },
		{ "create-vm a --disk 1G,rate=63K", RESULT_USAGE, "from 64K to 1T" },
		{ "create-vm a --disk 1G,rate=2T", RESULT_USAGE, "from 64K to 1T" },
		{ "create-vm a --disk 1G,rate=", RESULT_USAGE, "such as 50M" },
		{ "create-vm a --disk 1G --disk 1G --disk 1G --disk 1G --disk 1G --disk 1G --disk 1G --disk 1G "
			"--disk 1G", RESULT_USAGE, "at most 8" },
		{ "create-vm a --nic lan,filter=web", RESULT_USAGE, "\"web\" is no rule: filter= is allow-in" },
		{ "create-vm a --nic lan,filter=deny:tcp:25", RESULT_USAGE, "is no rule" },
		{ "create-vm a --nic lan,filter=deny-in", RESULT_USAGE, "is no rule" },
		{ "create-vm a --nic lan,filter=deny-in:ip", RESULT_USAGE, "is no rule" },
		{ "create-vm a --nic lan,filter=deny-in:icmp:8", RESULT_USAGE, "is no rule" },
		{ "create-vm a --nic lan,filter=deny-in:tcp:0", RESULT_USAGE, "is no rule" },
		{ "create-vm a --nic lan,filter=deny-in:tcp:65536", RESULT_USAGE, "is no rule" },
		{ "create-vm a --nic lan,filter=deny-in:tcp:9-8", RESULT_USAGE, "is no rule" },
		{ "create-vm a --nic lan,filter=deny-in:tcp:8:10.0.0.0/33", RESULT_USAGE, "is no rule" },
		{ "create-vm a --nic lan,filter=deny-in:tcp:8:10.0.0.0/0", RESULT_USAGE, "is no rule" },
		{ "create-vm a --nic lan,filter=deny-in:tcp:8:10.0.0", RESULT_USAGE, "is no rule" },
		{ "create-vm a --nic lan,filter=deny-in:tcp:8:10.0.0.1:9", RESULT_USAGE, "is no rule" },
		{ "create-vm a --nic lan,filter=deny-in:any:", RESULT_USAGE, "is no rule" },
		{ "create-vm a --nic lan,cable=yes", RESULT_USAGE, "cable= is in or out" },
		{ "create-vm a --nic lan,mirror=1", RESULT_USAGE, "mirror= is off or on" },
		{ "create-vm a --nic Lan", RESULT_USAGE, "not the name of a switch" },
		{ "create-vm a --nic vlan=7", RESULT_USAGE, "has no switch" },
		{ "create-vm a --nic lan,wan", RESULT_USAGE, "\"wan\" is not possible" },
		{ "create-vm a --nic lan,switch=wan", RESULT_USAGE, "twice" },
		{ "create-vm a --nic lan,vlan=0", RESULT_USAGE, "from 1 to 4094" },
		{ "create-vm a --nic lan,vlan=4095", RESULT_USAGE, "from 1 to 4094" },
		{ "create-vm a --nic lan,mac=02:00:00:00:00", RESULT_USAGE, "six bytes" },
		{ "create-vm a --nic lan,mac=02:00:00:00:00:0g", RESULT_USAGE, "six bytes" },
		{ "create-vm a --nic lan,mac=02:00:00:00:00:011", RESULT_USAGE, "six bytes" },
		{ "create-vm a --nic lan,mac=01:00:00:00:00:01", RESULT_USAGE, "first byte is even" },
		{ "create-vm a --nic lan,mac=00:00:00:00:00:00", RESULT_USAGE, "first byte is even" },
		{ "create-vm a --nic lan,rate=1K", RESULT_USAGE, "from 64K to 1T" },
		{ "create-vm a --nic lan,guard=no", RESULT_USAGE, "on or off" },
		{ "create-vm a --boot net", RESULT_USAGE, "--boot is kernel or disk or iso" },
		{ "create-vm a --firmware efi", RESULT_USAGE, "--firmware is bios or uefi" },
		{ "create-vm a --nic lan,ip=10.0.0", RESULT_USAGE, "an IPv4 address such as" },
		{ "create-vm a --nic lan,ip=10.0.0.256", RESULT_USAGE, "an IPv4 address such as" },
		{ "create-vm a --nic lan,ip=224.0.0.1", RESULT_USAGE, "can't be a guest's own" },
		{ "create-vm a --nic lan,ip=0.0.0.0", RESULT_USAGE, "can't be a guest's own" },
		{ "create-vm a --nic lan,ip=10.0.0.1,guard=off", RESULT_USAGE, "needs the guard" },
		{ "create-vm a --platform mac", RESULT_USAGE, "modern or pc" },
		{ "create-vm a --restart on-failure:0", RESULT_USAGE, "on-failure:5" },
		{ "create-vm a --restart on-failure", RESULT_USAGE, "on-failure:5" },
		{ "create-vm a --restart on-failure:1001", RESULT_USAGE, "up to 1000" },
		{ "create-vm a --module a,b,c,d,e,f,g,h,i", RESULT_USAGE, "at most 8" },
		{ "create-vm a --module a,,b", RESULT_USAGE, "empty" },
		{ "create-vm a --cmdline \"open", RESULT_USAGE, "not closed" },
		{ "list-vm --quiet", RESULT_USAGE, "no meaning for list-vm" },
		{ "list-vm x", RESULT_USAGE, "takes no" },
		{ "stop-vm a -force", RESULT_USAGE, "flags begin with two dashes: --force" },
		{ "stop-vm a -force=yes", RESULT_USAGE, "flags begin with two dashes: --force" },
		{ "start-vm a -z", RESULT_USAGE, "start-vm has no -z. Flags begin with two dashes. Try help start-vm" },
		{ "start-vm a -n", RESULT_USAGE, "flags begin with two dashes: --name" },
		{ "LIST-VM", RESULT_USAGE, "there is no command \"LIST-VM\". Did you mean list-vm?" },
		{ "exit", RESULT_USAGE, "logout ends your session" },
		{ "quit", RESULT_USAGE, "logout ends your session" },
		{ "create-vm a --memory 16777216T", RESULT_USAGE, "needs a size of at most " },
		{ "stop-vm a --force=maybe", RESULT_USAGE, "yes or no" },
		{ "vm", RESULT_USAGE, "needs a verb" },
		{ "vm frobnicate", RESULT_USAGE, "is not a command" },
		{ "pause-vm", RESULT_USAGE, "pause-vm needs --name NAME, or --all. For example" },
		{ "shu", RESULT_USAGE, "shutdown ends all VMs. Type it in full" },
		{ "reboo --yes", RESULT_USAGE, "reboot ends all VMs. Type it in full" },
		{ "vm s", RESULT_USAGE, "several commands" },
		{ "help strat-vm", RESULT_USAGE, "Did you mean" },
		{ "stop-vm a --timeout 0s", RESULT_USAGE, "needs a time" },
		{ "create-vm a --", RESULT_USAGE, "has no --" },
		{ "create-router r", RESULT_USAGE, "needs --inner" },
		{ "create-router r --inner lan", RESULT_USAGE, "needs a switch and an address" },
		{ "create-router r --inner lan,10.1.0.1/31", RESULT_USAGE, "is not an address with its" },
		{ "create-router r --inner lan,10.1.0.256/24", RESULT_USAGE, "is not an address" },
		{ "create-router r --inner lan,10.1.0.1/24,gateway=10.1.0.2", RESULT_USAGE, "is not possible" },
		{ "create-router r --inner lan,10.1.0.1/24,vlan=4095", RESULT_USAGE, "a VLAN from 1 to 4094" },
		{ "create-router r --inner lan,10.1.0.1/24,dhcp=off,dhcp=on", RESULT_USAGE, "is given twice" },
		{ "create-router r --inner lan,10.1.0.1/24,rip=2", RESULT_USAGE, "rip= is on or off" },
		{ "create-router r --inner lan,10.1.0.1/24,ip6=fd00::/48", RESULT_USAGE, "ip6= is the prefix of a" },
		{ "create-router r --inner lan,10.1.0.1/24,ip6=fd00:::/64", RESULT_USAGE, "ip6= is the prefix of a" },
		{ "create-router r --inner lan,10.1.0.1/24,ip6=fd00::1/64", RESULT_USAGE, "is the address of a host" },
		{ "create-router r --outer lan,ip6=fd00::/64", RESULT_USAGE, "is not possible" },
		{ "create-router r --inner lan,10.1.0.1/24,link-state=1", RESULT_USAGE, "link-state= is on or off" },
		{ "create-router r --outer lan,link-state=on", RESULT_USAGE, "is not possible" },
		{ "create-router r --outer lan,rip=on", RESULT_USAGE, "is not possible" },
		{ "create-router r --inner Lan,10.1.0.1/24", RESULT_USAGE, "is not the name of a switch" },
		{ "create-router r --inner a,10.1.0.1/24 --outer b,gateway=1.2.3.4", RESULT_USAGE, "DHCP gives" },
		{ "create-router r --inner a,10.1.0.1/24 --outer b,dns=1,dns=2", RESULT_USAGE, "dns= is an IPv4" },
		{ "set-router r --forward tcp:80:web", RESULT_USAGE, "is not possible: --forward is tcp:PORT" },
		{ "set-router r --forward tcp:0:web:80", RESULT_USAGE, "is not possible" },
		{ "set-router r --forward tcp:80:web:80:", RESULT_USAGE, "is not possible" },
		{ "set-router r --forward icmp:80:web:80", RESULT_USAGE, "is not possible" },
		{ "set-router r --forward tcp:65536:web:80", RESULT_USAGE, "is not possible" },
	};
	static char line[4000];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		refuse(bad[i].line, bad[i].code, bad[i].words);
	strcpy(line, "create-vm a --cmdline ");
	memset(line + 22, 'x', CMDLINE_BYTES);
	refuse(line, RESULT_USAGE, "too long");
	line[22 + CMDLINE_BYTES - 1] = 0;
	accept(line, "create-vm");
	memset(line, 0, sizeof(line));
	for (size_t i = 0; i < 70; i++)
		strcat(line, "w ");
	refuse(line, RESULT_USAGE, "the line has more than 64 words. Nothing was done");
}

/* ---- completion ---- */

static const char *vm_name(void *context, u32 index)
{
	static const char *const names[] = { "build1", "build2", "web" };

	(void)context;
	return index < ARRAY_COUNT(names) ? names[index] : 0;
}

static const char *image_name(void *context, u32 index)
{
	(void)context;
	return index == 0 ? "debian-kernel" : index == 1 ? "debian-initrd" : 0;
}

static const char *service_name(void *context, u32 index)
{
	static const char *const services[] = { "serial", "store", "nvme0" };

	(void)context;
	return index < ARRAY_COUNT(services) ? services[index] : 0;
}

static const char *volume_name(void *context, u32 index)
{
	return index == 2 ? "debian-initrdp1" : image_name(context, index);
}

static const struct name_source names = {
	vm_name, image_name, service_name, image_name, volume_name, service_name, service_name, image_name,
	image_name, 0
};

/* All candidates in one string. */
static const char *candidates(const char *line)
{
	static struct completion completion;
	static char text[4096];

	complete(line, strlen(line), &names, &completion);
	text[0] = 0;
	for (u32 i = 0; i < completion.count; i++) {
		strcat(text, i ? " " : "");
		strcat(text, completion.candidates[i]);
	}
	return text;
}

static void shares(void **state)
{
	(void)state;
	accept("create-vm a --class rt --cap 250% --affinity 0,2-3 --memory-policy eager", "create-vm");
	assert_int_equal(args.spec.share.class, SCHED_CLASS_RT);
	assert_int_equal(args.spec.share.weight, 0);
	assert_int_equal(args.spec.share.cap, 250);
	assert_int_equal(args.spec.share.affinity, 13);
	assert_int_equal(args.spec.memory_policy, MEMORY_EAGER);
	accept("set-vm a --weight 1000 --cap none --affinity all --class=fair", "set-vm");
	assert_int_equal(args.spec.share.weight, 1000);
	assert_int_equal(args.spec.share.cap, 0);
	assert_true(args.spec.share.affinity == SHARE_ALL_PCPUS);
	accept("vm set a --cap 50", "set-vm");
	assert_int_equal(args.spec.share.cap, 50);
	refuse("set-vm a", RESULT_USAGE, "set-vm needs something to set");
	refuse("set-vm --weight 5", RESULT_USAGE, "set-vm needs --name");
	refuse("set-vm a --timeout 1s", RESULT_USAGE, "--timeout has no meaning for set-vm");
	refuse("set-vm a --weight 0", RESULT_USAGE, "from 1 to 1000");
	refuse("set-vm a --weight 1001", RESULT_USAGE, "from 1 to 1000");
	refuse("set-vm a --class idle", RESULT_USAGE, "--class is fair or rt");
	refuse("set-vm a --class system", RESULT_USAGE, "--class is fair or rt");
	refuse("set-vm a --cap 0", RESULT_USAGE, "would never run");
	refuse("set-vm a --cap %", RESULT_USAGE, "--cap is a percentage");
	refuse("set-vm a --cap 50%%", RESULT_USAGE, "--cap is a percentage");
	refuse("set-vm a --cap 99999999999999999999", RESULT_USAGE, "--cap is a percentage");
	refuse("set-vm a --affinity 64", RESULT_USAGE, "list of pCPUs from 0 to 63");
	refuse("set-vm a --affinity 3-2", RESULT_USAGE, "list of pCPUs");
	refuse("set-vm a --affinity 1,", RESULT_USAGE, "list of pCPUs");
	refuse("set-vm a --affinity \"\"", RESULT_USAGE, "list of pCPUs");
	/* All that create-vm takes. */
	accept("set-vm a --cpu 3 --memory 1G --kernel k --cmdline \"\" --platform pc --restart always --vmm none",
	       "set-vm");
	assert_int_equal(fields_of_args(args.given), BIT32(FIELD_CPU) | BIT32(FIELD_MEMORY) | BIT32(FIELD_KERNEL) |
		BIT32(FIELD_CMDLINE) | BIT32(FIELD_PLATFORM) | BIT32(FIELD_RESTART) | BIT32(FIELD_VMM));
	assert_int_equal(args.spec.cpus, 3);
	assert_string_equal(args.spec.vmm, "");
	accept("set-vm a --initrd none --module none", "set-vm");
	assert_int_equal(args.spec.module_count, 0);
	assert_string_equal(args.spec.initrd, "");
	refuse("set-vm a --kernel \"\"", RESULT_USAGE, "an image's name is empty");
	refuse("create-vm a --module \"x \x01\"", RESULT_USAGE, "can't be printed");
	accept("top --interval 5s --count 3", "top");
	assert_int_equal(args.times, 3);
	assert_true(args.interval_ns == 5000000000);
	accept("top", "top");
	assert_true(args.times == 0 && args.interval_ns == 2000000000);
	refuse("top --interval 10ms", RESULT_USAGE, "--interval is at least 500ms");
	refuse("top --count 0", RESULT_USAGE, "from 1 to");
	accept("accounting --json", "accounting");
	accept("stats-vm a", "stats-vm");
}

static void service_names(void **state)
{
	(void)state;
	accept("restart-service nvme0", "restart-service");
	assert_string_equal(args.name, "nvme0");
	accept("restart-service --name=store --dry-run", "restart-service");
	refuse("restart-service", RESULT_USAGE, "needs --name");
	refuse("restart-service a b", RESULT_USAGE, "one word too many");
	refuse("restart-service /etc", RESULT_USAGE, "not a name");
	accept("list-service --json", "list-service");
}

static void several_names(void **state)
{
	static char line[LINE_BYTES];
	static const char *const verbs[] = {
		"start-vm", "stop-vm", "pause-vm", "resume-vm", "reset-vm", "nmi-vm", "delete-vm",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(verbs); i++) {
		snprintf(line, sizeof(line), "%s b a --name c b --quiet --name=a", verbs[i]);
		assert_true(command_parse(line, &args, &error));
		assert_string_equal(args.name, "b");
		assert_int_equal(args.names->count, 3);
		assert_string_equal(args.names->name[0], "b");
		assert_string_equal(args.names->name[1], "a");
		assert_string_equal(args.names->name[2], "c");
		snprintf(line, sizeof(line), "%s --all", verbs[i]);
		assert_true(command_parse(line, &args, &error));
		assert_null(args.names);
	}
	accept("stop-vm --name myvm", "stop-vm");
	assert_int_equal(args.names->count, 1);
	refuse("stop-vm a --all", RESULT_USAGE, "--all and a name exclude each other");
	refuse("stop-vm --all --all", RESULT_USAGE, "twice");
	refuse("stop-vm a B", RESULT_USAGE, "\"B\" is not a name");
	refuse("stop-vm", RESULT_USAGE, "needs --name");
	refuse("status-vm a b", RESULT_USAGE, "one word too many");
	refuse("status-vm --all", RESULT_USAGE, "no meaning for status-vm");
	refuse("set-vm a --name b --cap 5", RESULT_USAGE, "twice");
}

static void completions(void **state)
{
	static struct completion completion;
	u32 count = 0;

	(void)state;
	assert_string_equal(candidates("sta"), "start-vm status-vm stats-vm");
	assert_string_equal(candidates("vos cre"), "create-vm create-pool create-volume create-switch create-router");
	assert_string_equal(candidates("volume d"), "delete");
	assert_string_equal(candidates("vm s"), "start stop set snapshot status stats");
	assert_string_equal(candidates("start-vm "), "build1 build2 web");
	assert_string_equal(candidates("start-vm b"), "build1 build2");
	assert_string_equal(candidates("start-vm build1 "), "build2 web");
	assert_string_equal(candidates("start-vm build1 --name web b"), "build2");
	assert_string_equal(candidates("start-vm build1 build2 web "),
		"--name --wait --dry-run --quiet --json --help");
	assert_string_equal(candidates("start-vm --a"), "--all");
	assert_string_equal(candidates("start-vm build1 --a"), "");
	assert_string_equal(candidates("start-vm --all "), "--wait --dry-run --quiet --json --help");
	assert_string_equal(candidates("start-vm --all --n"), "");
	assert_string_equal(candidates("status-vm web "), "--json --help");
	assert_string_equal(candidates("start-vm --name w"), "web");
	assert_string_equal(candidates("start-vm --name=w"), "web");
	assert_string_equal(candidates("create-vm --name "), "");
	assert_string_equal(candidates("create-vm x --kernel "), "debian-kernel debian-initrd");
	assert_string_equal(candidates("create-vm x --platform "), "modern pc");
	assert_string_equal(candidates("create-vm x --me"), "--memory --memory-policy");
	assert_string_equal(candidates("create-vm x --memory 1G --m"), "--module --memory-policy");
	assert_string_equal(candidates("delete-vm web --f"), "--force");
	assert_string_equal(candidates("set-vm web --c"), "--cpu --cmdline --class --cap");
	assert_string_equal(candidates("set-vm web --class "), "fair rt");
	assert_string_equal(candidates("set-vm web --initrd n"), "none");
	assert_string_equal(candidates("set-vm web --kernel n"), "");
	assert_string_equal(candidates("set-vm web --cap n"), "none");
	assert_string_equal(candidates("set-vm --affinity="), "all");
	assert_string_equal(candidates("create-vm x --memory-policy e"), "eager");
	assert_string_equal(candidates("help st"), "start-vm stop-vm status-vm stats-vm storage");
	assert_string_equal(candidates("create-vm x --cmdline \"--m"), "");
	assert_string_equal(candidates("create-pool x debian-i"), "debian-initrd debian-initrdp1");
	assert_string_equal(candidates("create-pool x debian-initrd,debian-k"), "debian-initrd,debian-kernel");
	assert_string_equal(candidates("create-pool x debian-initrd,debian-i"), "");
	assert_string_equal(candidates("list-disk debian-i"), "debian-initrd");
	assert_string_equal(candidates("nonsense --m"), "");
	assert_string_equal(candidates("create-vm x # --m"), "");
	assert_string_equal(candidates("restart-service s"), "serial store");
	assert_string_equal(candidates("restart-service --name n"), "nvme0");
	assert_string_equal(candidates("restart-service store "), "--dry-run --quiet --json --help");
	complete("start-vm b", 10, &names, &completion);
	assert_int_equal(complete_common(&completion), 5);
	assert_int_equal(completion.start, 9);
	complete("", 0, &names, &completion);
	FOR_EACH_COMMAND(c)
		count++;
	assert_int_equal(completion.count, count);
}

static const char *no_name(void *context, u32 index)
{
	(void)context;
	(void)index;
	return 0;
}

static void help_in_place(const char *line, const char *words, const char *others)
{
	static const struct name_source nobody = { no_name, no_name, no_name, no_name, no_name, no_name, no_name,
						  no_name, no_name, 0 };
	static char text[8192];
	struct out_buffer buffer;
	struct out out;

	out_buffer_init(&buffer, text, sizeof(text));
	out = out_to_buffer(&buffer);
	complete_help(line, strlen(line), &nobody, &out);
	if (!strstr(text, words) || strstr(text, others))
		fail_msg("%s?: %s", line, text);
}

static void question_mark(void **state)
{
	(void)state;
	assert_true(complete_wants_help("", 0));
	assert_true(complete_wants_help("create-vm ", 10));
	assert_true(complete_wants_help("create-vm --kernel ", 19));
	assert_true(complete_wants_help("create", 6));
	assert_true(complete_wants_help("create-vm x --", 14));
	assert_true(complete_wants_help("create-vm x --mem", 17));
	assert_false(complete_wants_help("create-vm --kernel d", 20));
	assert_false(complete_wants_help("create-vm --kernel=d", 20));
	assert_false(complete_wants_help("create-vm d", 11));
	assert_false(complete_wants_help("start-vm -f", 11));
	assert_false(complete_wants_help("\"create", 7));
	help_in_place("create", "  create-vm ", "start-vm");
	help_in_place("nope", "No command begins with this", "create-vm");
	help_in_place("create-vm x --mem", "  --memory-policy lazy|eager", "--cpu");
	help_in_place("create-vm x --name", "No flag that can follow begins with this", "--");
	assert_false(complete_wants_help("create-vm x --cmdline \"what ", 28));
	assert_false(complete_wants_help("create-vm x --cmdline ", 22));
	assert_false(complete_wants_help("create-vm x --cmdline=a", 23));
}

static u32 count_of(const char *text, char c)
{
	u32 count = 0;

	for (; *text; text++)
		count += *text == c;
	return count;
}

static u32 lines(const char *text)
{
	return count_of(text, '\n');
}

/* On a terminal of 80 columns and 24 lines, with the prompt below. */
static void help_fits(void **state)
{
	static char text[262144];
	struct out_buffer buffer;
	struct out out;
	size_t column = 0;

	(void)state;
	out_buffer_init(&buffer, text, sizeof(text));
	out = out_to_buffer(&buffer);
	help_all(&out);
	assert_true(lines(text) <= 23);
	for (u32 i = 0; i < GROUP_COUNT; i++) {
		size_t start = buffer.used;

		help_group(&out, i);
		assert_true(lines(text + start) <= 23);
	}
	FOR_EACH_COMMAND(c) {
		size_t start = buffer.used;

		help_command(&out, c);
		assert_true(lines(text + start) <= 23);
		/* no explanation is cut within parentheses */
		assert_int_equal(count_of(text + start, '('), count_of(text + start, ')'));
		start = buffer.used;
		help_args(&out, c->takes, c->needs);
		assert_true(lines(text + start) <= 23);
	}
	for (u32 i = 0; i < ARG_COUNT; i++)	/* even what is shortened names each flag */
		if (command_named("create-vm")->takes & ARG_BIT(i))
			assert_non_null(strstr(strstr(text, "create-vm: "), arg_specs[i].name));
	FOR_EACH_COMMAND(c)
		help_command_full(&out, c);
	assert_false(buffer.is_full);
	for (size_t i = 0; i < buffer.used; i++) {
		column = text[i] == '\n' ? 0 : column + 1;
		assert_true(column <= HELP_COLUMNS);
		assert_true(text[i] == '\n' || (u8)text[i] >= 0x20);
	}
	assert_non_null(strstr(text, "create-vm --name NAME [--template VM] [--cpu N]"));
}

/* Every example in the table is a command that works, and every command says what it is. */
static void table(void **state)
{
	(void)state;
	FOR_EACH_COMMAND(c) {
		assert_non_null(c->verb);
		assert_non_null(c->summary);
		assert_int_equal(c->needs & ~c->takes, 0);
		accept(c->example, c->verb);
	}
}

#define OP_ROLE_ROW(op, role, is_applied, what) [op] = role,

/* Every command has a role, and no lower one than root asks for. */
static void roles(void **state)
{
	static const u32 of_ops[REQ_OP_COUNT] = { OP_ROLES(OP_ROLE_ROW) };

	(void)state;
	FOR_EACH_COMMAND(c) {
		if (c->role <= ROLE_UNSET || c->role >= ROLE_COUNT || c->role < of_ops[c->op])
			fail_msg("%s: role %u", c->verb, (unsigned)c->role);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(create),
		cmocka_unit_test(variables), cmocka_unit_test(cards), cmocka_unit_test(forms), cmocka_unit_test(shares),
		cmocka_unit_test(bad_lines),
		cmocka_unit_test(several_names),
		cmocka_unit_test(service_names),
		cmocka_unit_test(completions),
		cmocka_unit_test(question_mark),
		cmocka_unit_test(help_fits), cmocka_unit_test(roles),
		cmocka_unit_test(table),
	};

	commands = command_rows;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
