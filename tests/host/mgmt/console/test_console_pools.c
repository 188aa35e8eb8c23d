/* SPDX-License-Identifier: MIT */
/*
 * The console in front of a fake root: pools of other machines.
 */
/*
 * links: console
 * helpers: fake_root.c
 */
#include "console_bench.h"

/* Pools of other machines. */
static void pools_move(void **state)
{
	(void)state;
	command("list-pool bad", "    has definitions, as another pool has; import-pool takes it over\r\n"
		"    UUID effa3133-a3a2-4e42-ade5-3ca4d892e62f", RESULT_OK);
	command("list-pool spare", "ready, imported, scrub: 45 %", RESULT_OK);
	command("list-pool bad --json", "\"uuid\":\"effa3133-a3a2-4e42-ade5-3ca4d892e62f\","
		"\"owner\":\"another-machine\"", RESULT_OK);
	command("import-pool", "needs --name POOL", RESULT_USAGE);
	command("import-pool A/B", "is not the name of a pool, nor its UUID", RESULT_USAGE);
	command("import-pool theirs abcdefghijklmnopqrstuvwx", "is one word too many", RESULT_USAGE);
	command("import-pool theirs --to abcdefghijklmnopqrstuvwx", "is not the name of a pool", RESULT_USAGE);
	command("import-pool fast", "error[E_STATE]: pool fast is this machine's already; see list-pool", RESULT_STATE);
	command("import-pool effa3133-a3a2-4e42-ade5-3ca4d892e62f --to old", "pool old, 100.0 GiB on ahci0.2, is open: "
		"list-volume shows what is in it.\r\nIts definitions of VMs are not applied", RESULT_OK);
	command("import-pool back", "they are this machine's from now on", RESULT_OK);
	command("import-pool theirs --json", "\"return\":{\"name\":\"theirs\"", RESULT_OK);
	command("import-pool theirs --dry-run", "import-pool theirs would succeed", RESULT_OK);
	command("export-pool theirs", "pool theirs is closed. import-pool opens it, here or on another", RESULT_OK);
	command("grow-pool fast", "pool fast, 100.0 GiB on ahci0.2 by now", RESULT_OK);
	command("grow-pool full", "error[E_NOSPACE]: there is no free room right behind pool full on its disk",
		RESULT_RESOURCES);
	command("grow-pool full --dry-run", "error[E_NOSPACE]", RESULT_RESOURCES);
	command("export-pool fast", "error[E_STATE]: pool fast has this machine's definitions, and stays open",
		RESULT_STATE);
	expect_80_columns();
}

/* A mirror's two disks are on a line of their own: the table stays one, within 80 columns. */
static void a_mirror_in_the_table(void **state)
{
	static const char *const lines[STORE_MEMBER_STATES] = {
		[STORE_MEMBER_GONE] = "    degraded: nvme1.0 is lost\n",
		[STORE_MEMBER_COPIED_TO] = "    copying to nvme1.0: 40 %\n",
		[STORE_MEMBER_GOOD] = "    in sync: nvme0.0 and nvme1.0\n",
	};
	static struct inventory m = { .pool_count = 1, .pools = { { .bytes = 100 * GIB, .name = "fast", .on = "nvme0.0",
		.members = STORE_MEMBERS, .member_on = { "nvme0.0", "nvme1.0" }, .member_percent = 40,
		.member_state = { STORE_MEMBER_GOOD, 0 } } } };
	const struct storage_look look = { &m, "" };
	char text[512], want[512];

	(void)state;
	for (u32 i = 0; i < STORE_MEMBER_STATES; i++) {
		struct out_buffer buffer;
		struct out out;

		m.pools[0].member_state[1] = (u8)i;
		out_buffer_init(&buffer, text, sizeof(text));
		out = out_to_buffer(&buffer);
		report_pools(&out, &look);
		text[buffer.used] = '\0';
		snprintf(want, sizeof(want), "%s%s%s",
			"NAME      ON        SIZE        USED        FREE        VOLS  SIZES       STATE\n",
			"fast      mirror    100.0 GiB   0 B         0 B         0     0 B         ready\n", lines[i]);
		assert_string_equal(text, want);
	}
}

/* What root would refuse is not asked: a person who says yes has said it to something that can be done. */
static void asked_only_if_it_can_be(void **state)
{
	static const char *const lines[] = { "open-pool none", "replace-disk none virtio0 virtio1",
		"delete-pool none --force", "set-pool none --passphrase", "unlock-pool none" };

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(lines); i++)
		command(lines[i], "there is no pool \"none\"", RESULT_NOT_FOUND);
	command("revert-vm snapped gone", "snapped has no snapshot", RESULT_NOT_FOUND);
	expect_not("[y/N]");
	expect_not("assphrase of pool");
	fake_type(root, "open-pool half\r");
	expect("Use pool half with this disk alone? [y/N] ");
	fake_type(root, "y\r");
	expect("pool half is open");
	expect_not("at the next start");
	fake_task(root, DEFINITIONS_LOAD, "vm c { kernel gone }\n");
	command("open-pool half --yes", "pool half is open\r\n"
		"Definitions that waited for it are applied now; forget-definitions shows what waits.", RESULT_OK);
	fake_type(root, "replace-disk half virtio0 virtio1\ry\r");
	expect("Copy pool half to virtio1, in the place of virtio0? [y/N] ");
	expect("pool half is being copied to virtio1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pools_move, setup, teardown),
		cmocka_unit_test(a_mirror_in_the_table),
		cmocka_unit_test_setup_teardown(asked_only_if_it_can_be, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
