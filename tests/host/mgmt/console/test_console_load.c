/* SPDX-License-Identifier: MIT */
/*
 * The console in front of a fake root: shares of the processors, statistics, accounting, and top on terminals of all
 * kinds.
 */
/*
 * links: console
 * helpers: fake_root.c
 */
#include "console_bench.h"
#include "histogram.h"
#include "report_tables.h"
#include "vcpu_page.h"

static void shares(void **state)
{
	(void)state;
	root->info.pcpu_count = 4;
	command("create-vm a --cpu 2 --affinity 1 --cap 150%",
		"Note: its 2 vCPUs share 1 pCPU.", RESULT_OK);
	command("set-vm a --weight 200 --cap 50% --affinity 0,2-3",
		"a: fair, weight 200, cap 50%, pCPUs 0,2,3\r\n", RESULT_OK);
	expect_not("Note:");
	command("status-vm a", "Class       fair, weight 200\r\nCap         50% of a pCPU\r\nAffinity    0,2,3\r\n",
		RESULT_OK);
	command("set-vm a --class rt --cap none --affinity all", "a: real-time, no cap, all pCPUs\r\n", RESULT_OK);
	expect("Note: a real-time VM without a cap");
	command("set-vm a --weight 5", "a real-time VM has no weight", RESULT_USAGE);
	command("set-vm a --cap 201%",
		"--cap 201% is more than a can use: 100% of a pCPU for each of its 2 vCPUs. Try --cap 200%, or none",
		RESULT_USAGE);
	command("set-vm a --affinity 4", "there is no pCPU 4: this machine has 4, 0 to 3. Try --affinity all",
		RESULT_USAGE);
	command("set-vm a --cap 10 --dry-run", "set-vm a would succeed. Nothing was changed.", RESULT_OK);
	command("status-vm a --json", "\"class\":\"rt\",\"weight\":200,\"cap\":\"none\",\"affinity\":\"all\","
		"\"memory-policy\":\"lazy\"", RESULT_OK);
	command("create-vm c --class rt", "Note: a real-time VM without a cap", RESULT_OK);
	command("set-vm b --cap 10", "there is no VM \"b\"", RESULT_NOT_FOUND);
	command("start-vm a", "running", RESULT_OK);
	command("status-vm a", "vCPUs       0 off, 0.000 s; 1 off, 0.000 s\r\n", RESULT_OK);
	expect_80_columns();
}

/* What each vCPU is at; lines end between two of them. */
static void vcpus(void **state)
{
	struct vm_report *r = &root->vms[0].report;

	(void)state;
	command("create-vm a --cpu 5", "defined", RESULT_OK);
	command("start-vm a", "running", RESULT_OK);
	for (u8 i = 0; i < 5; i++)
		r->vcpu_state[i] = i < 4 ? VCPU_IS_RUNNING + i : 77;
	r->vcpu_time_ns[1] = 1234567890;
	command("status-vm a", "vCPUs       0 running, 0.000 s; 1 halted, 1.234 s; 2 waiting-for-sipi, 0.000 s;\r\n"
		"            3 paused, 0.000 s; 4 ?, 0.000 s\r\n", RESULT_OK);
	expect_80_columns();
	command("status-vm a --json", "\"vcpus\":[{\"state\":\"running\",\"online\":true,\"cpu-time-ns\":0},"
		"{\"state\":\"halted\",\"online\":true,\"cpu-time-ns\":1234567890},"
		"{\"state\":\"waiting-for-sipi\",\"online\":false,", RESULT_OK);
}

static void statistics(void **state)
{
	(void)state;
	make_vm("a");
	command("stats-vm a", "  port                         1,000,000    81.0%         1,234    12.3\r\n"
		"  cpuid                          234,567    18.9%        10,000    23.4\r\n", RESULT_OK);
	expect("  in the guest                      4.000 s    40.0%\r\n");
	expect("  waiting (pCPU taken, cap)         1.000 s    10.0%\r\n");
	expect("  at once                   45  ##\r\n"
	       "  from    1 us             900  ########################################\r\n"
	       "  from    2 us               0\r\n"
	       "  from    4 us              99  ####\r\n");
	expect("  from    1 ms               1  #\r\n");
	expect("Memory: 100.0 MiB of 512.0 MiB RAM granted, 400.0 KiB second-level tables,\r\n");
	expect_80_columns();
	command("stats-vm a --json", "\"exit-reasons\":[{\"reason\":\"port\",\"count\":1000000,\"ns\":1234000000}",
		RESULT_OK);
	command("stats-vm b", "there is no VM \"b\"", RESULT_NOT_FOUND);
	for (u32 i = 0; i < EXIT_REASON_COUNT; i++)
		assert_string_not_equal(exit_text(i), "?");
}

static void disk_figures(void **state)
{
	struct vm_report *r = &root->vms[0].report;

	(void)state;
	command("create-vm a --memory 2M --disk 64M,on=ram --disk 1M,on=ram", "defined", RESULT_OK);
	r->disks[0].io = (struct io_counts){
		.reads = 1000, .read_bytes = 4 * MIB, .writes = 20, .written_bytes = 160 * KIB, .flushes = 3,
		.errors = 1, .in_flight = 5,
	};
	r->io = r->disks[0].io;
	r->service_ns = 1500000000;
	command("status-vm a", "Disk 0      volume a.0, 64.0 MiB in memory: lost when VOS ends; 1,023 requests:\r\n"
		"            read 4.0 MiB in 1,000, wrote 160.0 KiB in 20; 1 error, 5 in flight\r\n", RESULT_OK);
	expect("Disk 1      volume a.1, 1.0 MiB in memory: lost when VOS ends; 0 requests: ");
	expect_80_columns();
	command("status-vm a --json", "\"errors\":1,\"in-flight\":5,\"iops-limit\":0,\"rate-limit\":0}", RESULT_OK);
	command("set-vm a --disk 64M,on=ram,iops=1500,rate=50MB --disk 1M,on=ram,rate=2G",
		"a: disk 64M,on=ram,iops=1500,rate=48829K; disk 1M,on=ram,rate=2G\r\n", RESULT_OK);
	command("status-vm a", "at most 1,500 requests, 47.6 MiB a second", RESULT_OK);
	expect("0 in flight; at most 2.0 GiB a\r\n");
	command("status-vm a --json", "\"iops-limit\":1500,\"rate-limit\":50000896}", RESULT_OK);
	command("export-config a", "disk 64M,on=ram,iops=1500,rate=48829K; disk 1M,on=ram,rate=2G;", RESULT_OK);
	command("stats-vm a", "Disk 0: volume a.0; queue depth 3, 2 errors\r\n", RESULT_OK);
	expect("  REQUEST            COUNT     COUNT/S        DATA      DATA/S\r\n"
	       "  read              12,345       1,234    96.0 MiB     9.5 MiB\r\n"
	       "  write                655          65     5.0 MiB   512.0 KiB\r\n"
	       "  flush                 10           1\r\n"
	       "  Latency: p50 below 32 us, p90 below 32 us, p99 below 32 us\r\n"
	       "  from   16 us          13,000  ########################################\r\n");
	expect("Disk 1: volume a.1;");
	expect_not("Network card");
	expect_not("discard");
	expect_80_columns();
	command("stats-vm a --json", "\"reads-per-second\":1234,", RESULT_OK);
	expect("\"latency-p50-ns\":32768,\"latency-p90-ns\":32768,\"latency-p99-ns\":32768,"
		"\"latency-log2-ns\":[0,0,");
	command("create-vm b --nic lan", "b is defined", RESULT_OK);
	command("stats-vm b", "Network card 0: lan, 02:00:00:00:00:01; 3 dropped\r\n"
		"  PACKETS            COUNT     COUNT/S        DATA      DATA/S\r\n"
		"  sent              12,345       1,234    96.0 MiB     9.5 MiB\r\n"
		"  got                  655          65    63.9 KiB     6.3 KiB\r\n", RESULT_OK);
	command("stats-vm b --json", "\"got-bytes\":65500,\"dropped\":3,\"sent-frames-per-second\":1234,", RESULT_OK);
	command("accounting", "DISK I/O                     REQUESTS       READ    WRITTEN ERRORS     CPU TIME\r\n"
		"a                               1,023    4.0 MiB  160.0 KiB      1      1.500 s\r\n"
		"VMs that were deleted               7        0 B   28.0 KiB      0      0.250 s\r\n"
		"for no VM                           0        0 B        0 B      0      0.125 s\r\n", RESULT_OK);
	expect_80_columns();
	command("accounting --json", "\"deleted-vms\":{\"reads\":0,\"writes\":7,", RESULT_OK);
}

static void percentiles(void **state)
{
	u64 latency[STORE_LATENCY_BUCKETS] = { 0 };

	(void)state;
	assert_int_equal(histogram_percentile(latency, STORE_LATENCY_BUCKETS, 50), STORE_LATENCY_BUCKETS);
	latency[5] = 1;
	assert_int_equal(histogram_percentile(latency, STORE_LATENCY_BUCKETS, 99), 5);
	latency[31] = 1;
	assert_int_equal(histogram_percentile(latency, STORE_LATENCY_BUCKETS, 50), 5);
	assert_int_equal(histogram_percentile(latency, STORE_LATENCY_BUCKETS, 51), 31);
	latency[5] = 90;
	latency[7] = 9;
	assert_int_equal(histogram_percentile(latency, STORE_LATENCY_BUCKETS, 90), 5);
	assert_int_equal(histogram_percentile(latency, STORE_LATENCY_BUCKETS, 91), 7);
	assert_int_equal(histogram_percentile(latency, STORE_LATENCY_BUCKETS, 99), 7);
	latency[5] = ~0ull / 2;		/* no overflow */
	latency[7] = 0;
	assert_int_equal(histogram_percentile(latency, STORE_LATENCY_BUCKETS, 99), 5);
}

static void accounts(void **state)
{
	(void)state;
	root->info.pcpu_count = 2;
	make_vm("a");
	command("accounting", "Time adds up", RESULT_OK);
	expect("Memory adds up");
	expect("\r\na                                        536,870,912     512.0 MiB\r\n");
	expect("0              1.000 s     50.00%     20.00%     10.00%     20.00%  0 ppm\r\n");
	expect_80_columns();
	command("accounting --json", "\"time-adds-up\":true", RESULT_OK);
	expect("\"memory-adds-up\":true");
	root->is_unsound = true;
	command("accounting", "TIME DOES NOT ADD UP", RESULT_OK);
	expect("MEMORY DOES NOT ADD UP: 4,096 bytes are missing.");
	command("accounting --json", "\"time-adds-up\":false", RESULT_OK);
	expect("\"memory-adds-up\":false");
	command("info", "Load        pCPU 0 80.0%; pCPU 1 80.0%\r\n", RESULT_OK);
}

static void pass_time(u64 ms)
{
	root->now_ns += ms * 1000000;
	fake_run(root);
}

/* A terminal that says nothing gets one table below the other. */
static void top_plain(void **state)
{
	(void)state;
	make_vm("idle");
	run_vm("busy");
	root->vms[1].report.spec.disk_count = root->vms[1].report.spec.nic_count = 1;
	clear_screen();
	fake_type(root, "top --count 2\rresult\r");
	expect_not("NAME");
	pass_time(500);
	expect("busy      running      1   12.3   10.0    4000   1500     6M    250    4M    0B\r\n"
	       "idle      defined      1    0.0    0.0       0      0     0B      0    0B    0B\r\n");
	expect("0        50.0    20.0    10.0    20.0\r\n");
	expect_80_columns();
	fake_event(root, "busy", VM_CRASHED, STOP_TRIPLE_FAULT);
	fake_run(root);
	expect("busy crashed: triple-fault");
	clear_screen();
	pass_time(1999);
	expect_not("NAME");
	pass_time(1);
	expect("busy      crashed ");
	expect("vos> result\r\n0 E_OK\r\n");		/* what was typed meanwhile */
	command("top", "", RESULT_OK);
	pass_time(500);
	pass_time(2000);
	clear_screen();
	fake_type(root, "\x03");
	expect("^C\r\nvos> ");
	fake_type(root, "top\rq");
	expect("vos> top\r\n\x1b[cvos> ");
}

/* One that answers gets it drawn in place, and what is told meanwhile comes afterwards. */
static void top_screen(void **state)
{
	(void)state;
	run_vm("a");
	clear_screen();
	fake_type(root, "top\r");
	expect("\x1b[c");
	fake_type(root, "\x1b[?64;1;2;6;9;15;16;17;18;21;22;28;29c");
	expect("\x1b[6n");
	fake_type(root, "\x1b[30;132R");
	assert_int_equal(session.top.rows, 30);
	clear_screen();
	pass_time(500);
	expect("\x1b[H\x1b[2J\x1b[1;1Hup ");
	expect("\x1b[2;1HPCPU   GUEST%");
	expect_not("\n");
	fake_log(root, "the kernel says something\n");
	fake_event(root, "a", VM_CRASHED, STOP_TRIPLE_FAULT);
	clear_screen();
	pass_time(2000);
	expect_not("\x1b[2J");
	expect_not("PCPU");
	expect_not("the kernel says");
	expect("a         crashed ");
	clear_screen();
	fake_type(root, " ");
	fake_type(root, "q");
	expect("a crashed: triple-fault");
	expect("the kernel says something");
	assert_int_equal(session.mode, MODE_PROMPT);
	/* A sequence that never ends, and one that means nothing, do no harm. */
	fake_type(root, "top\r\x1b[");
	for (u32 i = 0; i < 200; i++)
		fake_type(root, "1");
	fake_type(root, "\x1b\x1b[5Rq");
	assert_int_equal(session.mode, MODE_PROMPT);
}

static void check_narrow(const char *size, u32 columns, const char *title)
{
	char wanted[100];

	clear_screen();
	fake_type(root, size);		/* no wait for the next table */
	snprintf(wanted, sizeof(wanted), "H%s\x1b[K", title);
	expect(wanted);
	for (u32 row = 0; row < TOP_ROWS; row++)
		assert_true(strlen(session.top.shown[row]) <= columns);
	pass_time(2000);
	expect("\x1b[6n");		/* asked again with each table */
	clear_screen();
	pass_time(2000);
	expect_not("\x1b[2J");
}

/* The terminal is made narrower and wider: columns go and come, the least important first. */
static void top_follows_the_width(void **state)
{
	(void)state;
	root->info.pcpu_count = 6;
	command("create-vm a --memory 2M", "defined", RESULT_OK);
	command("create-vm a-name-of-31-characters-for-onc --memory 2M", "defined", RESULT_OK);
	command("start-vm a", "running", RESULT_OK);
	fake_type(root, "top\r\x1b[?1;2c\x1b[24;80R");
	pass_time(500);
	expect("HNAME                           STATE     VCPU   CPU% GUEST% EXITS/S   IO/S  USED\x1b[K");
	expect("a-name-of-31-characters-for-o  defined ");
	check_narrow("\x1b[24;66R", 66, "NAME             STATE     VCPU   CPU% GUEST% EXITS/S   IO/S  USED");
	check_narrow("\x1b[24;60R", 60, "NAME       STATE     VCPU   CPU% GUEST% EXITS/S   IO/S  USED");
	check_narrow("\x1b[24;40R", 40, "NAME      STATE     VCPU   CPU%  USED");
	check_narrow("\x1b[24;20R", 20, "NAME       CPU%");
	check_narrow("\x1b[24;1R", 16, "NAME       CPU%");
	check_narrow("\x1b[40;200R", 200,
		"NAME                             STATE     VCPU   CPU% GUEST% EXITS/S WAKES/S   IO/S DATA/S  PKT/S "
		"NET/S  DISK%  USED");

	expect_not("and ");
	clear_screen();
	fake_type(root, "\x1b[8;80R");
	expect("\x1b[2J");
	expect_not("\x1b[9;1H");
	fake_type(root, "q");
	expect("vos> ");
}

/* What was on the screen before comes back, however top ends; a table that ends by itself stays. */
static void top_gives_the_screen_back(void **state)
{
	static const char *const ends[] = { "q", "Q", "\x03" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(ends); i++) {
		const char *taken, *back;

		clear_screen();
		fake_type(root, "top\r\x1b[?1;2c\x1b[24;80R");
		pass_time(500);
		fake_log(root, "meanwhile\n");
		fake_type(root, ends[i]);
		taken = strstr(root->terminal, "\x1b[?1049h");
		back = strstr(root->terminal, "\x1b[?1049l");
		assert_true(taken && back && taken < strstr(root->terminal, "HNAME"));
		assert_non_null(strstr(back, "meanwhile\r\n"));
		assert_non_null(strstr(back, "vos> "));
	}
	clear_screen();
	fake_type(root, "top --count 1\r\x1b[?1;2c\x1b[24;80R");
	pass_time(500);
	expect("HNAME");
	expect_not("1049");
	clear_screen();
	fake_type(root, "top\rq");		/* a terminal that says nothing */
	expect_not("1049");
}

/* A program gets an event a table, and the last one as the answer. */
static void top_wire(void **state)
{
	(void)state;
	make_vm("a");
	clear_screen();
	wire("{\"execute\":\"top\",\"arguments\":{\"count\":2},\"id\":7}");
	assert_int_equal(session.mode, MODE_PROMPT);
	pass_time(2000);
	expect("\x1b_vos;1;events;");
	expect_not("\x1b_vos;1;control;");
	clear_screen();
	pass_time(2000);
	expect("\x1b_vos;1;control;");
	clear_screen();
	pass_time(10000);
	assert_int_equal(strlen(root->terminal), 0);
}

/* A listing that begins while another is under way does not make that one drop what it has seen. */
static void listings_overlap(void **state)
{
	u64 written;

	(void)state;
	make_vm("a");
	make_vm("b");
	command("start-vm a", "running", RESULT_OK);
	fake_guest_writes(root, "a", "the guest's words\n");
	fake_run(root);
	written = root->console->inventory.vms[0].history.written;
	assert_int_not_equal(written, 0);
	root->is_slow = true;
	fake_type(root, "list-vm\r");
	fake_answer_one(root);		/* a, to the prompt's */
	fake_answer_one(root);		/* b; that there are no more comes next */
	wire("{\"execute\":\"list-vm\",\"id\":1}");
	for (u32 i = 0; i < 20; i++)
		fake_answer_one(root);
	root->is_slow = false;
	fake_run(root);
	assert_int_equal(root->console->inventory.vms[0].history.written, written);
	command("log-vm a", "the guest's words", RESULT_OK);
	/* One that has gone is dropped by the next listing. */
	root->vms[1].is_used = false;
	command("list-vm", "running", RESULT_OK);
	expect_not("defined");
}

/* The largest listing there can be is one object, whole. */
static void a_full_table(void **state)
{
	char line[80];

	(void)state;
	for (u32 i = 0; i < VM_COUNT; i++) {
		snprintf(line, sizeof(line), "create-vm a-name-of-some-length-%03u --cpu 16 --memory 2M", i);
		command(line, "defined", RESULT_OK);
		root->vms[i].report.state = VM_RUNNING;
	}
	command("list-vm --json", "{\"return\":[{\"name\":\"a-name-of-some-length-000\"", RESULT_OK);
	expect("a-name-of-some-length-127");
	command("top --json", "", RESULT_OK);
	pass_time(2000);
	expect("{\"return\":{\"uptime-ns\"");
	command("list-vm", "a-name-of-some-length-127", RESULT_OK);
	expect_80_columns();
	command("accounting", "a-name-of-some-length-127", RESULT_OK);
	expect_80_columns();
}

/* So many VMs and pCPUs that the screen has no room for all: the busiest are there, the rest is counted. */
static void top_crowd(void **state)
{
	char line[40];

	(void)state;
	root->info.pcpu_count = 64;
	for (u32 i = 0; i < 40; i++) {
		snprintf(line, sizeof(line), "create-vm vm%u --memory 2M", i);
		command(line, "defined", RESULT_OK);
	}
	command("start-vm vm39", "running", RESULT_OK);
	fake_type(root, "top\r\x1b[?1;2c");
	clear_screen();
	pass_time(500);
	expect("\x1b[12;1HNAME");
	expect("\x1b[13;1Hvm39 ");
	expect("\x1b[11;1Hand 48 more; accounting shows all");
	expect("\x1b[21;1Hand 32 more; list-vm shows all");
	expect("\x1b[23;1Hq quits, space updates.");
	expect_not("\x1b[24;1Hv");
	fake_type(root, "q");
	command("top --json", "", RESULT_OK);
	pass_time(2000);
	expect("\"pcpu\":63,");
	expect("\"vms\":[{\"name\":\"vm39\",");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(shares, setup, teardown),
		cmocka_unit_test_setup_teardown(vcpus, setup, teardown),
		cmocka_unit_test_setup_teardown(statistics, setup, teardown),
		cmocka_unit_test_setup_teardown(disk_figures, setup, teardown),
		cmocka_unit_test(percentiles),
		cmocka_unit_test_setup_teardown(accounts, setup, teardown),
		cmocka_unit_test_setup_teardown(top_plain, setup, teardown),
		cmocka_unit_test_setup_teardown(top_screen, setup, teardown),
		cmocka_unit_test_setup_teardown(top_follows_the_width, setup, teardown),
		cmocka_unit_test_setup_teardown(top_gives_the_screen_back, setup, teardown),
		cmocka_unit_test_setup_teardown(top_wire, setup, teardown),
		cmocka_unit_test_setup_teardown(listings_overlap, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_table, setup, teardown),
		cmocka_unit_test_setup_teardown(top_crowd, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
