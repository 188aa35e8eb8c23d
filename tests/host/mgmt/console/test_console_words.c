/* SPDX-License-Identifier: MIT */
/*
 * The console in front of a fake root: what it says and shows - help and guesses, logs in pieces, figures that were
 * rounded, exit codes.
 */
/*
 * links: console
 * helpers: fake_root.c
 */
#include <stdlib.h>

#include "console_bench.h"
#include "root_info.h"

/* The images are asked for by info itself: nobody need have looked at them before. */
static void info_counts_images(void **state)
{
	(void)state;
	memset(root->console->inventory.images, 0, sizeof(root->console->inventory.images));
	root->console->inventory.image_count = 0;
	command("info", "Images      3; list-image shows them\r\n", RESULT_OK);
	command("info --json", "\"images\":3", RESULT_OK);
}

/* With and without drivers, contained and not, left alone; and names that do not end. */
static void devices_and_their_dma(void **state)
{
	static const char *const rows[] = {
		"00:00.0  8086:29c0  vos       -              -       -      host bridge",
		"virtio0   not contained  2 msi   -      SCSI or virtio disk",
		"00:1f.2  8086:2922  ahci0     contained      line    7      AHCI controller\r\n    3 requests refused",
		"01:1f.7  ffee:0001  firmware  unknown        -       -      device",
		"ff:1f.7  ffee:0001  no-end-of-it-al",
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(rows); i++)
		command("list-device", rows[i], RESULT_OK);
	command("list-device --json", "{\"address\":\"00:1f.2\",\"vendor\":\"8086\",\"device\":\"2922\"", RESULT_OK);
	command("list-device --json", "\"driver\":\"ahci0\",\"state\":\"restarting\",\"owner\":\"vos\","
		"\"dma\":\"contained\",\"interrupts\":\"line\",\"group\":7,\"refused\":3}", RESULT_OK);
	command("info", "DMA         none: no device has a driver", RESULT_OK);
	root->info.dma = DMA_NOT_CONTAINED;
	command("info", "DMA         not contained (no IOMMU)", RESULT_OK);
	command("info --json", "\"dma\":\"not contained\"", RESULT_OK);
	strcpy(root->info.iommu_problem, "it has no pages of 2 MiB");
	command("info", "DMA         not contained (IOMMU not used: it has no pages of 2 MiB): drivers", RESULT_OK);
	root->info.iommu_problem[0] = 0;
	root->info.dma = DMA_CONTAINED;
	command("info", "DMA         contained: an IOMMU confines", RESULT_OK);
	root->info.dma = DMA_INTERRUPTS_OPEN;
	command("info", "DMA         contained, but a device can raise any interrupt", RESULT_OK);
	command("info --json", "\"dma\":\"contained, not interrupts\"", RESULT_OK);
	root->info.dma = DMA_NONE;
}

static void services_are_restarted(void **state)
{
	(void)state;
	command("list-service", "NAME              STATE       RESTARTS      MEMORY\r\n"
		"store             running            2     4.0 MiB\r\n"
		"screen            restarting         0         0 B\r\n"
		"nvme0             missing            0         0 B\r\n", RESULT_OK);
	command("list-service --json", "{\"name\":\"store\",\"state\":\"running\",\"restarts\":2,\"memory\":4194304}",
		RESULT_OK);
	command("restart-service nvme", "error[E_NOT_FOUND]: there is no service \"nvme\". There are store, screen, "
		"nvme0", RESULT_NOT_FOUND);
	command("restart-service store --dry-run", "would succeed", RESULT_OK);
	assert_string_equal(root->restarted, "");
	command("restart-service store", "store and the drivers of disks are restarted. VMs", RESULT_OK);
	assert_string_equal(root->restarted, "store");
	command("restart-service nvme0", "nvme0 is restarted. list-service shows its state.", RESULT_OK);
	assert_string_equal(root->restarted, "nvme0");
	command("restart-service screen", "error[E_BUSY]: screen is not running", RESULT_TIMEOUT);
	command("restart-service nvme0 --json", "{\"return\":{}", RESULT_OK);
	expect_80_columns();
}

/* Names that do not end, words out of range, escape sequences in a model. */
static void disks_and_volumes(void **state)
{
	static const char *const rows[] = {
		"NAME       SIZE        FREE        STATE         DRIVER      MODEL\r\n",
		"virtio0    128.0 GiB   28.0 GiB    ready         virtio_blk  -\r\n",
		"nvme0.0    500.0 GiB   -           whole: db     nvme\r\n"
		"    QEMU \\x1b[31mNVMe Ctrl  serial S\\x1b\r\n",
		"no-end-of-it-all-no-end  -           -           coming        no-end-of-it-al\r\n    -\r\n",
		"ahci0.2    -           -           ?             ",
	}, *const volume_rows[] = {
		"NAME            SIZE       USED       ON         VM        MADE FOR  STATE\r\n",
		"myvm.0          100.0 GiB  -          virtio0    myvm      myvm      ready\r\n",
		"scratch         64.0 MiB   -          ram        -         -\r\n    being deleted\r\n",
		"nvme0.0         500.0 GiB  -          nvme0.0    db        -         whole disk\r\n",
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(rows); i++)
		command("list-disk", rows[i], RESULT_OK);
	for (u32 i = 0; i < ARRAY_COUNT(volume_rows); i++)
		command("list-volume", volume_rows[i], RESULT_OK);
	clear_screen();
	command("list-disk nvme0.0", "nvme0.0", RESULT_OK);
	expect_not("virtio0");
	command("list-volume --name scratch --json", "\"return\":[{\"name\":\"scratch\",\"bytes\":67108864,"
		"\"block-bytes\":512,\"kind\":\"memory\",\"on\":\"ram\",\"used-bytes\":67108864,"
		"\"reserve-bytes\":0,\"policy\":\"\",\"integrity\":\"\",\"encrypt\":\"\",\"of\":\"\","
		"\"snapshot\":\"\",\"vm\":\"\","
		"\"made-for\":\"\","
		"\"state\":\"being deleted\",\"percent\":0}]", RESULT_OK);
	command("list-disk --name nvme0.0 --json", "\"read-only\":true,\"state\":\"whole\",\"driver\":\"nvme\"",
		RESULT_OK);
	command("volume list gone", "error[E_NOT_FOUND]: there is no volume \"gone\". list-volume shows",
		RESULT_NOT_FOUND);
	command("list-disk vda", "error[E_NOT_FOUND]: there is no disk \"vda\"", RESULT_NOT_FOUND);
	command("list-volume A/B", "is not the name of a volume", RESULT_USAGE);
}

static void pools(void **state)
{
	static const char *const rows[] = {
		"NAME      ON        SIZE        USED        FREE        VOLS  SIZES       STATE\r\n",
		"fast      virtio0   100.0 GiB   80.0 GiB    20.0 GiB    2     400.0 GiB   ready, default\r\n",
		"no-end-of-it-all-no-end", "failed: damaged",
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(rows); i++)
		command("list-pool", rows[i], RESULT_OK);
	command("list-pool fast --json", "\"return\":[{\"name\":\"fast\",\"on\":\"virtio0\",\"bytes\":", RESULT_OK);
	command("list-pool fast --json", "\"default\":true", RESULT_OK);
	command("list-pool slow", "error[E_NOT_FOUND]: there is no pool \"slow\"", RESULT_NOT_FOUND);
	command("create-pool slow", "needs --disk DISK", RESULT_USAGE);
	command("create-pool slow virtio0 now", "is one word too many", RESULT_USAGE);
	command("create-pool abcdefghijklmnopqrstuvwx virtio0", "is not the name of a pool", RESULT_USAGE);
	command("create-pool slow virtio0 --dry-run", "create-pool slow would succeed", RESULT_OK);
	command("create-pool slow virtio0 --yes", "pool slow, 28.0 GiB on virtio0. New disks", RESULT_OK);
	command("create-pool slow virtio0 --json", "error", RESULT_STATE);
	command("create-pool slow --disk virtio0 --size 1G --yes --json", "\"return\":{\"name\":\"slow\"", RESULT_OK);
	command("delete-pool slow", "pool slow is deleted", RESULT_OK);
	command("delete-pool fast",
		"error[E_EXISTS]: pool fast is not empty (volumes and snapshots: 2). Delete", RESULT_STATE);
	command("delete-pool fast --force --yes", "pool fast is deleted", RESULT_OK);
	command("list-pool spare", "ready, imported, scrub: 45 %", RESULT_OK);
	command("list-pool bad", "ready, damaged: 3 faults", RESULT_OK);
	command("check-pool fast", "pool fast is sound: 28.0 MiB read, no damage found", RESULT_OK);
	command("scrub-pool fast --json", "\"scrub\":\"done\",\"scrub-data\":true,\"scrub-percent\":100", RESULT_OK);
	command("scrub-pool fast --dry-run", "scrub-pool fast would succeed", RESULT_OK);
	command("check-pool", "needs --name POOL", RESULT_USAGE);
	command("check-pool bad", "error[E_INTEGRITY]: pool bad is damaged: 3 faults; log says where. Save",
		RESULT_INTEGRITY);
}

/* Right after boot, none that is found is not the same as none. */
static void no_pools(void **state)
{
	static struct inventory m;
	const struct storage_look look = { &m, "" };
	struct out_buffer buffer;
	char text[128] = "";
	struct out out;

	(void)state;
	for (u32 i = 0; i < 3; i++) {
		m.disk_count = i;
		m.disks[1].state = DISK_ROW_COMING;
		m.disks[0].state = DISK_ROW_READY;
		out_buffer_init(&buffer, text, sizeof(text));
		out = out_to_buffer(&buffer);
		report_pools(&out, &look);
		text[buffer.used] = '\0';
		assert_string_equal(text, i < 2 ? "There are no pools. create-pool NAME DISK makes one.\n" :
			"No pool is found yet: disks are still starting; see list-disk.\n");
	}
}

/* create-pool shows what the disk has, and asks; delete-pool --force asks. */
static void pools_are_asked_for(void **state)
{
	(void)state;
	fake_type(root, "create-pool slow virtio0\r");
	expect("Make pool slow on virtio0? [y/N] ");
	expect("virtio0    128.0 GiB   28.0 GiB    ready         virtio_blk  -\r\n"
		"  volume myvm.0, 100.0 GiB on virtio0\r\n  pool fast, 100.0 GiB on virtio0\r\n"
		"Pool slow takes 28.0 GiB, the largest free part. What is on the disk stays.\r\n");
	fake_type(root, "n\r");
	expect("Nothing was done.");
	expect_not("pool slow, 28.0 GiB");
	fake_type(root, "create-pool slow virtio0 --size 10G\r");
	expect("Pool slow takes 10.0 GiB. What is on the disk stays.");
	fake_type(root, "y\r");
	expect("pool slow, 10.0 GiB on virtio0. New disks of VMs are made in it.");
	expect_80_columns();
	clear_screen();
	command("create-pool slow vda", "error[E_NOT_FOUND]: there is no disk or pool \"vda\"; see list-disk",
		RESULT_NOT_FOUND);
	expect_not("[y/N]");
	fake_type(root, "create-pool slow ahci0.2p3\r");
	expect("  volume ahci0.2p3, 200.0 GiB on ahci0.2\r\n"
		"Pool slow takes all of partition ahci0.2p3. All that is in it is lost.\r\n"
		"Make pool slow of ahci0.2p3? [y/N] ");
	fake_type(root, "\r");
	expect("Nothing was done.");
	expect_80_columns();
	command("create-pool slow ahci0.2p3 --json", "all that is in partition ahci0.2p3 would be lost", RESULT_STATE);
	command("create-pool slow ahci0.2p4", "error[E_NOT_FOUND]: there is no disk or pool \"ahci0.2p4\"",
		RESULT_NOT_FOUND);
	fake_type(root, "delete-pool slow --force\r");
	expect("If pool slow can't be opened, all that is in it is lost.\r\nDelete pool slow? [y/N] ");
	fake_type(root, "\r");
	expect("Nothing was done.");
	expect_not("pool slow is deleted");
	fake_type(root, "delete-pool slow --force\ry\r");
	expect("pool slow is deleted");
	command("delete-pool slow --force --json", "all that is in pool slow would be lost. Say", RESULT_STATE);
}

/* A passphrase is asked for, and nothing of it is seen, nor remembered. */
static void pool_keys(void **state)
{
	(void)state;
	fake_type(root, "unlock-pool fast\r");
	expect("Passphrase of pool fast: ");
	fake_type(root, "open sesam\r");
	expect("error[E_INTEGRITY]: that is not the passphrase or key of pool fast. Nothing was");
	command("result", "10", RESULT_INTEGRITY);
	fake_type(root, "unlock-pool fast\ropen xesame\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x7fs\r");
	expect("pool fast is unlocked");
	expect_not("open");
	expect_not("sesam");
	fake_type(root, "unlock-pool fast\r\x03");
	expect("Nothing was done.");
	fake_type(root, "set-pool fast --passphrase\rshort\r");
	expect("a passphrase has at least 8 characters");
	fake_type(root, "set-pool fast --passphrase\rlong enough\rlong enoughh\r");
	expect("the two were not the same. Nothing was changed");
	fake_type(root, "set-pool fast --passphrase\rlong enough\rlong enough\r");
	expect("pool fast has a new passphrase. Without it, what is encrypted there is lost.");
	expect_not("enough");
	fake_type(root, "\x1b[A");
	expect("set-pool fast --passphrase");
	fake_type(root, "\x03");
	command("set-pool fast", "what is to be set? --passphrase asks for one", RESULT_USAGE);
	command("set-pool fast --secret tellme", "that is for programs: a line is remembered", RESULT_USAGE);
	command("set-pool fast --passphrase --key-module k", "give one of --passphrase and --key-module", RESULT_USAGE);
	command("set-pool fast --key 12", "--key takes 64 hex digits", RESULT_USAGE);
	command("unlock-pool fast --json", "a program gives the passphrase as", RESULT_USAGE);
	command("unlock-pool fast --key-module fast.key", "pool fast is unlocked", RESULT_OK);
	command("set-pool fast --key-module fast.key", "pool fast has a new key. Without it", RESULT_OK);
}

/* In what the program has for data, as a copy of its memory would have it. */
__attribute__((no_sanitize("address"))) static bool is_in_memory(const char *text)
{
	extern char __data_start[], _end[];
	uintptr_t end = (uintptr_t)_end - strlen(text);

	for (uintptr_t at = (uintptr_t)__data_start; at < end; at++) {
		u32 same = 0;

		while (text[same] != 0 && ((const volatile char *)at)[same] == text[same])
			same++;
		if (text[same] == 0)
			return true;
	}
	return false;
}

/* What a program gave is not kept: neither its value, nor the message, which has all of it also in base64. */
static void secrets_are_wiped(void **state)
{
	char secret[24] = "", message[160];
	const char *tail;

	(void)state;
	for (u32 i = 0; i < sizeof(secret) - 1; i++)
		secret[i] = (char)('a' + i * 7 % 26);
	snprintf(message, sizeof(message),
		"{\"execute\":\"unlock-pool\",\"id\":1,"
		"\"arguments\":{\"name\":\"fast\",\"secret\":\"%s\"}}", secret);
	exchange(message, "");
	assert_false(is_in_memory(secret));
	tail = strrchr(framed("control", message), ';') - 12;
	for (size_t i = 0; i + 12 <= session.scanner.size; i++) {
		assert_int_not_equal(memcmp(session.scanner.body + i, secret, 8), 0);
		assert_int_not_equal(memcmp(session.scanner.body + i, tail, 12), 0);
	}
}

/* One line for the disks of a VM, the oldest first; revert-vm says what is lost, and asks. */
static void snapshots(void **state)
{
	(void)state;
	command("create-vm myvm", "myvm is defined", RESULT_OK);
	command("list-snapshot", "NAME              OF              DISKS  SIZE       USED       CLONES\r\n"
		"old               myvm            1      100.0 GiB  1.0 GiB    copy.0\r\n"
		"new               myvm            1      100.0 GiB  3.0 MiB    -\r\n", RESULT_OK);
	command("list-snapshot nobody", "error[E_NOT_FOUND]: there is no VM \"nobody\"", RESULT_NOT_FOUND);
	command("list-snapshot myvm --json", "\"return\":[{\"name\":\"old\",\"vm\":\"myvm\",\"volume\":\"\","
		"\"disks\":1,\"bytes\":107374182400,\"used-bytes\":1073741824,\"clones\":[\"copy.0\"]},", RESULT_OK);
	command("snapshot-vm myvm", "snapshot snap1 of myvm is made, of 2 disks. revert-vm goes back to it.",
		RESULT_OK);
	command("snapshot-vm myvm x --json", "\"return\":{\"name\":\"x\",\"vm\":\"myvm\",\"disks\":2}", RESULT_OK);
	command("snapshot-vm myvm --dry-run", "snapshot-vm myvm would succeed. Nothing was changed.", RESULT_OK);
	command("create-vm twin --template myvm --cpu 2",
		"twin is defined as a clone of myvm. start-vm twin starts it.", RESULT_OK);
	command("status-vm twin", "CPU         2", RESULT_OK);
	command("create-vm twin --template myvm", "there is a VM \"twin\" already", RESULT_STATE);
	command("create-vm other --template none", "there is no VM \"none\"", RESULT_NOT_FOUND);
	command("create-vm other --template myvm --disk 1G", "the disks are those of the --template", RESULT_USAGE);
	command("create-vm other --snapshot x", "--snapshot is that of a --template", RESULT_USAGE);
	command("delete-vm twin", "twin is deleted", RESULT_OK);
	command("snapshot-vm myvm A", "\"A\" is not a name", RESULT_USAGE);
	command("revert-vm myvm", "needs --snapshot SNAPSHOT", RESULT_USAGE);
	fake_type(root, "revert-vm myvm old\r");
	expect("What myvm has written to its disks since snapshot old is lost; newer snapshots\r\n"
		"  are deleted: new\r\nPut myvm back to old? [y/N] ");
	fake_type(root, "\r");
	expect("Nothing was done.");
	expect_not("has its disks back");
	fake_type(root, "revert-vm myvm old\ry\r");
	expect("myvm has its disks back as they were at snapshot old");
	command("revert-vm myvm --snapshot old --json",
		"since snapshot old is lost; newer snapshots are deleted: new. Say", RESULT_STATE);
	command("revert-vm myvm gone",
		"error[E_NOT_FOUND]: myvm has no snapshot \"gone\". list-snapshot myvm shows", RESULT_NOT_FOUND);
	command("delete-snapshot myvm old", "snapshot old of myvm is deleted", RESULT_OK);
	expect_80_columns();
}

static void volumes_are_made_and_deleted(void **state)
{
	(void)state;
	command("vos create-volume --name data.1 --size 10G", "volume data.1, 10.0 GiB on virtio0. create-vm --disk "
		"volume=data.1 gives it to a VM.", RESULT_OK);
	command("create-volume data --size 1T", "error[E_NOSPACE]: disk virtio0 has room for a volume of 28.0 GiB, "
		"not of 1.0 TiB", RESULT_RESOURCES);
	command("create-volume data --size 10G --on ram --json", "\"return\":{\"name\":\"data\"", RESULT_OK);
	command("create-volume data", "needs --size SIZE", RESULT_USAGE);
	command("create-volume data --size 0G", "--size needs a size from 1M to 1024T", RESULT_USAGE);
	command("create-volume data --size 10", "--size needs a size from 1M to 1024T", RESULT_USAGE);
	command("create-volume data --size 1G --on /dev/sda", "is not the name of a disk", RESULT_USAGE);
	command("create-volume data --size 1G --dry-run", "create-volume data would succeed", RESULT_OK);
	command("delete-volume --name data", "volume data is deleted\r\n", RESULT_OK);
	command("delete-volume gone", "error[E_NOT_FOUND]: there is no volume \"gone\"", RESULT_NOT_FOUND);
	command("delete-volume", "needs --name VOLUME", RESULT_USAGE);
}

/* Room that a pool keeps for a volume. */
static void reserves_are_set(void **state)
{
	(void)state;
	command("set-volume data --reserve 10G", "volume data has 10.0 GiB room kept in its pool\r\n",
		RESULT_OK);
	command("set-volume data --reserve none", "volume data has no room kept in its pool\r\n", RESULT_OK);
	command("set-volume data --reserve 10", "--reserve needs a size from 1M to 1024T with its unit, such as 10G, "
		"or none, not \"10\"", RESULT_USAGE);
	command("set-volume data", "needs --reserve SIZE|none", RESULT_USAGE);
	command("set-volume gone --reserve 1G", "error[E_NOT_FOUND]: there is no volume \"gone\"", RESULT_NOT_FOUND);
}

/* What a volume in a pool is besides its size. */
static void traits_are_said(void **state)
{
	(void)state;
	command("create-volume a --size 1G --on fast --policy thick --integrity on",
		"volume a, 1.0 GiB on fast, policy=thick, integrity=on. create-vm --disk", RESULT_OK);
	command("create-volume a --size 1G --on fast --integrity on --json",
		"\"used-bytes\":0,\"reserve-bytes\":0,\"policy\":\"thin\",\"integrity\":\"on\",\"encrypt\":\"off\""
		",\"of\"", RESULT_OK);
	command("create-volume a --size 27G --on fast --policy thick", "error[E_NOSPACE]: pool fast has 20.0 GiB "
		"free, which a thick volume of 27.0 GiB and its maps do not fit into. Try a smaller size, or "
		"a thin one; see list-pool", RESULT_RESOURCES);
	command("create-volume a --size 1G --on ram --policy thick", "error[E_USAGE]: policy= is for volumes in a "
		"pool, and ram is none. Leave it out, or choose a pool; see list-pool", RESULT_USAGE);
	command("create-volume a --size 1G --integrity off", "error[E_USAGE]: integrity= is for volumes in a pool, "
		"and there is none. create-pool NAME DISK makes one", RESULT_USAGE);
	command("list-volume copy.0", "copy.0          100.0 GiB  0 B        fast       -         -         ready\r\n"
		"    policy=thick integrity=on  reserve=3.0 GiB\r\n", RESULT_OK);
	expect_80_columns();
	command("create-vm v --disk 64M,policy=thick,on=fast", "Disk 0: volume v.0, 64.0 MiB on fast, policy=thick\r\n",
		RESULT_OK);
	command("status-vm v", "volume v.0, 64.0 MiB on fast, policy=thick; 0 requests", RESULT_OK);
	command("status-vm v --json", "\"policy\":\"thick\",\"integrity\":\"\",", RESULT_OK);
	command("export-config v", "disk 64M,on=fast,policy=thick;", RESULT_OK);
}

static void result_keeps_the_class(void **state)
{
	(void)state;
	make_vm("a");
	command("create-vm a", "error[E_EXISTS]", RESULT_STATE);
	command("result", "4 E_EXISTS\r\n", RESULT_STATE);
	command("create-vm big --memory 8G", "error[E_NOMEM]", RESULT_RESOURCES);
	command("result", "5 E_NOMEM\r\n", RESULT_RESOURCES);
	command("start-vm", "error[E_USAGE]", RESULT_USAGE);
	command("result", "2 E_USAGE\r\n", RESULT_USAGE);
	command("version", "VOS", RESULT_OK);
	command("result", "0 E_OK\r\n", RESULT_OK);
}

/* Somebody who types just the project's name wants to know what there is. */
static void vos_alone_is_help(void **state)
{
	(void)state;
	command("vos", "Virtual machines (help vm): ", RESULT_OK);
	command("vos list-vm", "There are no VMs", RESULT_OK);
	command("  ", "vos> ", RESULT_OK);
	expect_not("Virtual machines");
}

/* A guess is near to what was typed, or there is none. */
static void guesses(void **state)
{
	static const struct { const char *typed, *guess; } rows[] = {
		{ "help nope", "Try help" }, { "nope", "Try help" }, { "foo", "Try help" },
		{ "stat-mv", "Did you mean start-vm?" },
		{ "hlep", "Did you mean help?" }, { "tpo", "Did you mean top?" },
		{ "creat-vm x", "Did you mean create-vm?" }, { "crate-vmm x", "Did you mean create-vm?" },
		{ "lst-vm", "Did you mean list-vm?" }, { "shutdwon", "Did you mean shutdown?" },
		{ "help strat-vm", "Did you mean start-vm?" }, { "acounting", "Did you mean accounting?" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		command(rows[i].typed, rows[i].guess, RESULT_USAGE);
}

/* More than was typed is said so; an exact size is not mentioned. */
static void rounded_sizes(void **state)
{
	static const struct { const char *typed, *got, *note; } rows[] = {
		{ "512MB", "512.0 MiB", "Note: --memory is rounded up, from 488.2 MiB to 512.0 MiB.\r\n" },
		{ "1.5GB", "1.5 GiB", "from 1.3 GiB to 1.5 GiB.\r\n" },
		{ "3M", "4.0 MiB", "from 3.0 MiB to 4.0 MiB.\r\n" },
		{ "512MiB", "512.0 MiB", 0 }, { "1G", "1.0 GiB", 0 }, { "64m", "64.0 MiB", 0 },
	};
	char line[80], defined[80];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		snprintf(line, sizeof(line), "create-vm a --memory %s", rows[i].typed);
		snprintf(defined, sizeof(defined), "a is defined: 1 vCPU, %s.", rows[i].got);
		command(line, defined, RESULT_OK);
		if (rows[i].note)
			expect(rows[i].note);
		else
			expect_not("Note:");
		command("delete-vm a", "deleted", RESULT_OK);
	}
}

static void help_topics(void **state)
{
	(void)state;
	command("help vm", "  create-vm       define a VM", RESULT_OK);
	expect_not("shutdown");
	command("help machine", "  shutdown        switch this machine off", RESULT_OK);
	command("help prompt", "  result          show the exit code", RESULT_OK);
	command("help vm create", "create-vm: define", RESULT_OK);
	command("help create-vm", "create-vm: define", RESULT_OK);
	expect("  --class fair|rt       fair: shares pCPUs by weight; rt: real-time\r\n");
	expect("  --template --module --on-io-error --memory-policy --vmm --snapshot --wait\r\n"
		"  --dry-run --quiet --json\r\n");
	command("create-vm --help", "  --name NAME           name of the VM: a-z, 0-9 and - (needed)\r\n", RESULT_OK);
	command("help create-vm full", "print nothing on success", RESULT_OK);
	command("help vm create full", "print nothing on success", RESULT_OK);
	command("help disk", "  attach-disk     ", RESULT_OK);
	expect("  detach-disk     ");
	expect("  list-disk       ");
	expect_not("create-volume");
	expect_not("To begin");
	command("help volume", "  create-volume   ", RESULT_OK);
	command("help log", "log: show", RESULT_OK);		/* a command, too */
	command("help dis", "Try help", RESULT_USAGE);
	command("help full", "Try help", RESULT_USAGE);
}

static u64 number_after(const char *key)
{
	const char *at = strstr(root->terminal, key);

	if (!at)
		fail_msg("no %s in:\n%s", key, root->terminal);
	return at ? strtoull(at + strlen(key), 0, 10) : 0;
}

/* Of this text only newlines are escaped. */
static size_t unescape(char *to, const char *as_json)
{
	size_t used = 0;

	for (; *as_json != '"'; as_json++) {
		bool is_escape = *as_json == '\\';

		to[used++] = is_escape ? '\n' : *as_json;
		as_json += is_escape;
	}
	return used;
}

/* All of a log in pieces, each of which says where the next one begins. */
static void log_in_pieces(void **state)
{
	static char line[64], all[HISTORY_BYTES * 2];
	u64 offset, next = 0, used = 0;
	size_t all_used = 0;
	u32 pieces = 0;

	(void)state;
	run_vm("a");
	for (u32 i = 0; i < 5000; i++) {
		snprintf(line, sizeof(line), "line %04u of what the guest wrote\n", i);
		used += strlen(line);
		fake_guest_writes(root, "a", line);
		if (i % 100 == 0)
			fake_run(root);
	}
	fake_run(root);
	do {
		char ask[80];

		snprintf(ask, sizeof(ask), "log-vm a --json --offset %llu", (unsigned long long)next);
		command(ask, "{\"return\":{\"text\":\"", RESULT_OK);
		offset = number_after("\"offset\":");
		if (pieces == 0)
			assert_int_equal(offset, used - HISTORY_BYTES);	/* what was before is lost */
		else
			assert_int_equal(offset, next);
		next = number_after("\"next\":");
		assert_int_equal(number_after("\"end\":"), used);
		all_used += unescape(all + all_used, strstr(root->terminal, "\"text\":\"") + 8);
		pieces++;
		assert_true(pieces < 20);
	} while (next != used);
	assert_true(pieces >= 3);
	assert_int_equal(all_used, HISTORY_BYTES);
	for (u32 i = 0, at = (u32)all_used; i < 1900; i++) {
		int length = snprintf(line, sizeof(line), "line %04u of what the guest wrote\n", 4999 - i);

		at -= (u32)length;
		assert_memory_equal(all + at, line, (size_t)length);
	}
	fake_guest_writes(root, "a", "one more\n");
	fake_run(root);
	snprintf(line, sizeof(line), "log-vm a --json --offset %llu", (unsigned long long)next);
	command(line, "{\"return\":{\"text\":\"one more\\n\"", RESULT_OK);
	command("log-vm a --json --offset 18446744073709551615", "{\"text\":\"\",", RESULT_OK);
	command("log-vm a --offset x", "error[E_USAGE]: --offset needs a number", RESULT_USAGE);
	command("log-vm a --json --lines 1", "{\"text\":\"one more\\n\"", RESULT_OK);
	command("log-vm a --lines 1 --offset 7", "error[E_USAGE]: --lines and --offset", RESULT_USAGE);
	snprintf(line, sizeof(line), "log-vm a --offset %llu", (unsigned long long)next);
	command(line, "one more\r\nvos> ", RESULT_OK);
	expect_not("line ");
}

/* The kernel counts from its start; people want to know when that was. */
static void log_has_the_time_of_day(void **state)
{
	(void)state;
	root->info.wall_boot_ns = 1709210096ull * 1000000000 + 500000000;	/* 2024-02-29 12:34:56.5 UTC */
	fake_log(root, "[    0.250000] early\n[    1.500000] pd 3: \x1b[31mred\nno time\n[86400.000001] next day\n");
	command("log", "2024-02-29 12:34:56 [    0.250000] early\r\n"
		"2024-02-29 12:34:58 [    1.500000] pd 3: \\x1b[31mred\r\n"
		"no time\r\n"
		"2024-03-01 12:34:56 [86400.000001] next day\r\nvos> ", RESULT_OK);
	command("log --json", "\"text\":\"[    0.250000] early\\n", RESULT_OK);
	expect("\"boot-time-ns\":1709210096500000000");
	root->info.wall_boot_ns = 0;
	command("log --lines 1", "\r\n[86400.000001] next day\r\nvos> ", RESULT_OK);
}

/* Of a line that is overwritten in part nothing is shown. */
static void log_begins_with_a_line(void **state)
{
	(void)state;
	for (u32 i = 0; i < 3000; i++) {
		fake_log(root, "[    0.250000] a line of the kernel\n");
		if (i % 100 == 0)
			fake_run(root);
	}
	fake_run(root);
	command("log", "log\r\n[    0.250000] a line of the kernel\r\n[", RESULT_OK);
}

/* Each error has a class and a message; one that root should not have is told by its number. */
static void every_error_is_told(void **state)
{
	static struct request request = { .op = REQ_START, .name = "web" };
	static struct reply reply;
	static const struct { u32 error; const char *class, *words; } some[] = {
		{ ERR_NO_VM, "E_NOT_FOUND", "there is no VM \"web\". list-vm" },
		{ ERR_TOO_MANY_VCPUS, "E_UNSUPPORTED", "web needs 5000000000 vCPUs; a VM can have 16. Try --cpu 16" },
		{ ERR_NO_IMAGE, "E_NOT_FOUND", "there is no image \"01234567890123456789012345678901234567890123456789"
			"01234567890123\". list-image" },
		{ ERR_LIMIT, "E_LIMIT", "16 0123456789" },
		{ ERR_GUEST_MEMORY, "E_USAGE", "web asks for 4.7 GiB of memory; a VM can have 16 B on this machine" },
		{ ERROR_COUNT, "E_FAILED", "web failed (error " },
		{ ~0u, "E_FAILED", "web failed (error 4294967295)" },
	};
	static const struct request attach = { .op = REQ_ATTACH_DISK, .name = "web" };
	static const struct reply no_disk = { .error = ERR_BAD_FIELD, .have = FIELD_DISK };
	struct cmd_error error;

	(void)state;
	reply.need = 5000000000;
	reply.have = 16;
	for (size_t i = 0; i < sizeof(reply.text); i++)		/* without a zero: it is root's to send one */
		reply.text[i] = (char)('0' + i % 10);
	for (u32 i = 0; i <= ERROR_COUNT; i++) {
		reply.error = i;
		memset(&error, 0, sizeof(error));
		report_refusal(&error, &request, &reply, &root->console->inventory);
		assert_true(strlen(error.text) > 10 && strlen(error.text) < sizeof(error.text));
		assert_non_null(strstr(error.class, "E_"));
		assert_null(strchr(error.text, '{'));
	}
	report_refusal(&error, &attach, &no_disk, &root->console->inventory);
	assert_string_equal(error.text, "--disk is not accepted with this value. Try attach-disk --help");
	for (size_t i = 0; i < ARRAY_COUNT(some); i++) {
		reply.error = some[i].error;
		report_refusal(&error, &request, &reply, &root->console->inventory);
		assert_string_equal(error.class, some[i].class);
		if (!strstr(error.text, some[i].words))
			fail_msg("no \"%s\" in \"%s\"", some[i].words, error.text);
	}
}

/* Disks of a VM that is stopped, runs, or is paused. */
static void a_disk_more_and_less(void **state)
{
	(void)state;
	make_vm("a");
	command("attach-disk a", "attach-disk needs --disk SIZE", RESULT_USAGE);
	command("attach-disk a --disk 16M,on=ram", "a has 1 disk.\r\nDisk 0: volume a.0, 16.0 MiB in memory",
		RESULT_OK);
	command("disk attach a --disk 1M,on=ram --json", "\"volume\":\"a.1\"", RESULT_OK);
	/* What a disk was before is said once: in the answer to what made it. */
	command("attach-disk a --disk volume=old,on=nvme0", "Disk 2: volume a.2, 0 B on nvme0; it was there and keeps "
		"its data, delete-vm\r\n        keeps it\r\n", RESULT_OK);
	command("attach-disk a --disk 1G,on=nvme0", "Disk 0: volume a.0, 16.0 MiB in memory: lost when VOS ends\r\n"
		"Disk 1: volume a.1, 1.0 MiB in memory: lost when VOS ends\r\n"
		"Disk 2: volume a.2, 0 B on nvme0\r\n"
		"Disk 3: volume a.3, 1.0 GiB on nvme0, which was blank and is taken into use\r\n", RESULT_OK);
	expect_80_columns();
	command("set-vm a --on-io-error pause", "a: on-io-error pause\r\n", RESULT_OK);
	expect_not("Note");
	command("detach-disk a --volume a.3", "Disk 2: volume a.2, 0 B on nvme0\r\n", RESULT_OK);
	command("detach-disk a --volume a.2", "a has 2 disks.", RESULT_OK);
	command("detach-disk a --volume b.7",
		"error[E_NOT_FOUND]: volume \"b.7\" is not a disk of a. status-vm a shows its disks", RESULT_NOT_FOUND);
	command("detach-disk a", "detach-disk needs --volume VOLUME", RESULT_USAGE);
	command("detach-disk a --volume a.1",
		"Volume a.1 is no longer a disk of a, and is kept.\r\na has 1 disk.\r\nDisk 0: volume a.0", RESULT_OK);
	command("start-vm a", "is running", RESULT_OK);
	command("attach-disk a --disk 16M,on=ram", "a has 2 disks.", RESULT_OK);
	command("detach-disk a --volume a.1 --timeout 20s", "Volume a.1 is no longer a disk of a", RESULT_OK);
	command("detach-disk a --volume a.1 --timeout 0s", "needs a time", RESULT_USAGE);
	command("pause-vm a", "paused", RESULT_OK);
	command("attach-disk a --disk 16M,on=ram", "error[E_STATE]: a is paused. Try resume-vm a", RESULT_STATE);
	command("detach-disk a --volume a.0", "a is paused. Try resume-vm a", RESULT_STATE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(info_counts_images, setup, teardown),
		cmocka_unit_test_setup_teardown(devices_and_their_dma, setup, teardown),
		cmocka_unit_test_setup_teardown(services_are_restarted, setup, teardown),
		cmocka_unit_test_setup_teardown(disks_and_volumes, setup, teardown),
		cmocka_unit_test_setup_teardown(a_disk_more_and_less, setup, teardown),
		cmocka_unit_test_setup_teardown(volumes_are_made_and_deleted, setup, teardown),
		cmocka_unit_test_setup_teardown(traits_are_said, setup, teardown),
		cmocka_unit_test_setup_teardown(reserves_are_set, setup, teardown),
		cmocka_unit_test_setup_teardown(pools, setup, teardown),
		cmocka_unit_test(no_pools),
		cmocka_unit_test_setup_teardown(pools_are_asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(pool_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(secrets_are_wiped, setup, teardown),
		cmocka_unit_test_setup_teardown(snapshots, setup, teardown),
		cmocka_unit_test_setup_teardown(result_keeps_the_class, setup, teardown),
		cmocka_unit_test_setup_teardown(vos_alone_is_help, setup, teardown),
		cmocka_unit_test_setup_teardown(guesses, setup, teardown),
		cmocka_unit_test_setup_teardown(help_topics, setup, teardown),
		cmocka_unit_test_setup_teardown(rounded_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(log_in_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(log_has_the_time_of_day, setup, teardown),
		cmocka_unit_test_setup_teardown(log_begins_with_a_line, setup, teardown),
		cmocka_unit_test_setup_teardown(every_error_is_told, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
