/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: routers as services, their ports with a switch, what root writes for them, and their reports.
 * The test plays the switch and the router, well-meant and hostile ones.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "config_judge.h"
#include "fake_kernel.h"
#include "inet.h"
#include "networks_bench.h"
#include "range.h"
#include "root_bench.h"

#define OUTER 0u
#define INNER 1u

static u64 h_router;		/* the thread of the router that was started last */
static u64 h_card;		/* that of the network card's driver */

static struct router_config *router_config(void)
{
	return fake_memory(fake_pd_of(h_router), ROUTER_CONFIG);
}

static struct router_report *router_report(void)
{
	return fake_memory(fake_pd_of(h_router), ROUTER_REPORT);
}

/* A switch for both: the outer port is in another VLAN. */
static struct request a_router(const char *name)
{
	struct request r = bench_make_request(REQ_CREATE_ROUTER, name, 0);

	r.router.inner_count = 1;
	strcpy(r.router.outer.network, "lan");
	r.router.outer.vlan = 7;
	strcpy(r.router.inner[0].network, "lan");
	r.router.inner[0].address = 0x0a090001;
	r.router.inner[0].prefix_bits = 24;
	r.router.inner[0].flags = ROUTER_SPEAKS_RIP;
	return r;
}

static void expect_created(struct request *r)
{
	bench_send(r);
	bench_expect(ERR_NONE);
	bench_settle(0);
	h_router = fake_thread_nth(fake_threads_made() - 1);
	assert_true(fake_is_running(h_router));
	follow();
}

static void create_router(const char *name)
{
	struct request r = a_router(name);

	create_switch("lan");
	expect_created(&r);
}

static void delete_router(const char *name)
{
	bench_ask(REQ_DELETE_ROUTER, name, 0);
	bench_expect(ERR_NONE);
	bench_settle(0);
	follow();
}

static void delete_all(void)
{
	delete_router("nat0");
	delete_switch("lan");
}

static void expect_good_config(void)
{
	assert_int_equal(router_config()->generation % 2, 0);
	assert_int_equal(config_judge(router_config()), ROUTER_OK);
}

static void made_and_deleted(void **state)
{
	u64 h_pd;

	(void)state;
	create_router("nat0");
	h_pd = fake_pd_of(h_router);
	assert_int_equal(fake_rights(h_pd, ROUTER_CONFIG), RIGHT_R);
	assert_int_equal(fake_rights(h_pd, ROUTER_REPORT), RIGHT_R | RIGHT_W);
	expect_good_config();
	assert_int_equal(router_config()->port[OUTER].is_outer, 1);
	assert_int_equal(router_config()->port[INNER].serves_dhcp, 1);
	assert_int_equal(router_config()->port[INNER].speaks_rip, 1);
	assert_int_equal(router_config()->port[OUTER].speaks_rip, 0);
	assert_int_equal(router_config()->port[INNER].pool_last, 0x0a0900fe);
	for (u32 i = 0; i < 2; i++) {
		assert_ptr_equal(fake_memory(h_pd, ROUTER_LINKS + i * ROUTER_LINK_STRIDE),
				 fake_memory(fake_pd_of(h_switch), SWITCH_LINKS + i * NET_LINK_STRIDE));
		assert_int_equal(fake_badge(h_pd, ROUTER_H_SWITCH + i, h_switch), SWITCH_BIT_PORT << i);
		assert_int_equal(fake_badge(fake_pd_of(h_switch), SWITCH_H_PORT + i, h_router), ROUTER_BIT_LINK);
		assert_int_equal(config()->port[i].setup.flags, PORT_UP);
		assert_int_equal(config()->port[i].setup.mac, mac_load(router_config()->port[i].mac));
	}
	assert_int_equal(config()->port[0].setup.vlan, 7);
	bench_ask(REQ_DELETE_ROUTER, "nat0", REQ_FLAG_DRY_RUN);
	bench_expect(ERR_NONE);
	bench_ask(REQ_DELETE_ROUTER, "nat1", 0);
	bench_expect(ERR_NO_ROUTER);
	delete_all();
}

static void refuse(const struct request *r, enum error error, u64 have)
{
	struct request dry = *r;

	dry.flags = REQ_FLAG_DRY_RUN;
	bench_send(&dry);
	bench_expect(error);
	assert_int_equal(bench_answer.have, have);
}

static void refused_specs(void **state)
{
	struct request r;

	(void)state;
	create_router("nat0");
	r = a_router("nat0");
	refuse(&r, ERR_ROUTER_EXISTS, 0);
	r = a_router("a-name-that-is-just-a-bit-too-x");
	refuse(&r, ERR_ROUTER_SPEC, ROUTER_BAD_NAME);
	r = a_router("n");
	strcpy(r.router.inner[0].network, "wan");
	refuse(&r, ERR_NO_SWITCH, 0);
	r = a_router("n");
	memset(r.router.inner[0].network, 'a', VM_NAME_BYTES);
	refuse(&r, ERR_BAD_NAME, 0);
	r = a_router("n");
	r.router.inner_count = ROUTER_INNER_PORTS + 1;
	refuse(&r, ERR_ROUTER_SPEC, ROUTER_BAD_COUNT);
	r = a_router("n");
	r.router.inner_count = 0;
	refuse(&r, ERR_ROUTER_SPEC, ROUTER_BAD_COUNT);
	r = a_router("n");
	r.router.inner[0].address = 0;
	refuse(&r, ERR_ROUTER_SPEC, ROUTER_BAD_OUTER);
	r = a_router("n");
	r.router.inner[0].prefix_bits = 31;
	refuse(&r, ERR_ROUTER_SPEC, ROUTER_BAD_PORT);
	r = a_router("n");
	r.router.outer.flags = ROUTER_NO_DHCP;
	refuse(&r, ERR_ROUTER_SPEC, ROUTER_BAD_PORT);
	r = a_router("n");
	r.router.gateway = 0x0a010101;			/* there is no outer address */
	refuse(&r, ERR_ROUTER_SPEC, ROUTER_BAD_ROUTE);
	r = a_router("n");
	r.router.forward_count = 1;
	r.router.forward[0] = (struct router_forward_spec){ .protocol = 6, .outer_port = 1, .port = 1 };
	refuse(&r, ERR_ROUTER_SPEC, ROUTER_BAD_FORWARD);	/* to nobody */
	r.router.forward[0].address = 0x0a0a0a0a;
	refuse(&r, ERR_ROUTER_SPEC, ROUTER_BAD_FORWARD);	/* behind no port */
	r.router.forward[0].address = 0x0a090005;
	r.router.inner[0].vlan = 9;
	refuse(&r, ERR_NONE, 0);
	memset(&r.router.outer, 0, sizeof(r.router.outer));
	refuse(&r, ERR_ROUTER_SPEC, ROUTER_BAD_FORWARD);	/* from nowhere */
	strcpy(r.router.outer.network, "lan");
	strcpy(r.router.forward[0].vm, "web");
	refuse(&r, ERR_ROUTER_SPEC, ROUTER_BAD_FORWARD);	/* to two */
	delete_all();
}

/* A router's address on a switch is no VM's, and no other router's. */
static void one_address_each(void **state)
{
	struct request vm = a_vm("a", "lan"), router = a_router("n");

	(void)state;
	create_router("nat0");
	vm.spec.nics[0].address = 0x0a090001;
	refuse(&vm, ERR_ADDRESS_TAKEN, 0);
	assert_string_equal(bench_answer.text, "router-nat0");
	refuse(&router, ERR_ADDRESS_TAKEN, 0);
	assert_string_equal(bench_answer.text, "router-nat0");
	vm.spec.nics[0].vlan = router.router.inner[0].vlan = 9;
	refuse(&router, ERR_NONE, 0);
	bench_send(&vm);
	bench_expect(ERR_NONE);
	refuse(&router, ERR_ADDRESS_TAKEN, 0);
	assert_string_equal(bench_answer.text, "a");
	delete_vm("a");
	delete_all();
}

static void as_many_as_there_can_be(void **state)
{
	char name[] = "r0";
	struct request r;

	(void)state;
	create_switch("lan");
	for (u32 i = 0; i < ROUTERS; i++, name[1]++) {
		r = a_router(name);
		r.router.inner[0].address += i << 8;
		expect_created(&r);
	}
	r = a_router(name);
	r.router.inner[0].address += ROUTERS << 8;
	refuse(&r, ERR_LIMIT, ROUTERS);
	while (name[1]-- > '0')
		delete_router(name);
	delete_switch("lan");
}

static void the_switch_knows_its_router(void **state)
{
	(void)state;
	create_router("nat0");
	bench_ask(REQ_DELETE_SWITCH, "lan", 0);
	bench_expect(ERR_SWITCH_ROUTED);
	assert_string_equal(bench_answer.text, "nat0");
	bench_ask(REQ_PORTS, "lan", 0);
	bench_await_answer();
	assert_int_equal(bench_row_count, 2);
	assert_int_equal(bench_rows[1].port.kind, PORT_OF_ROUTER);
	assert_int_equal(bench_rows[1].port.card, INNER);
	assert_string_equal(bench_rows[1].port.client, "nat0");
	delete_all();
}

/* Each VM behind it has an address, which it keeps; a forward follows its VM. */
static void names_of_vms(void **state)
{
	struct request r;
	u32 address;

	(void)state;
	create_router("nat0");
	r = bench_make_request(REQ_SET_ROUTER, "nat0", 0);
	r.router.forward_count = 1;
	r.router.forward[0] = (struct router_forward_spec){ .protocol = 6, .outer_port = 8080, .port = 80 };
	strcpy(r.router.forward[0].vm, "web");
	bench_send(&r);
	bench_expect(ERR_NONE);
	assert_int_equal(router_config()->forward_count, 0);
	create_vm("web", "lan");
	bench_settle(0);
	expect_good_config();
	assert_int_equal(router_config()->name_count, 1);
	assert_string_equal(router_config()->name[0].name, "web");
	address = router_config()->name[0].address;
	assert_true(address > 0x0a090001 && address < router_config()->port[INNER].pool_first);
	assert_int_equal(router_config()->forward[0].address, address);
	create_vm("a", "lan");
	r = a_vm("b", "lan");
	r.spec.nics[0].vlan = 9;				/* not behind it */
	bench_send(&r);
	bench_expect(ERR_NONE);
	bench_settle(0);
	expect_good_config();
	assert_int_equal(router_config()->name_count, 2);
	bench_ask(REQ_ROUTERS, "", 0);
	bench_await_answer();
	assert_int_equal(bench_rows[0].router.forward_address[0], address);
	delete_vm("web");
	bench_settle(0);
	expect_good_config();
	assert_int_equal(router_config()->name_count, 1);
	assert_int_equal(router_config()->forward_count, 0);
	delete_vm("a");
	delete_vm("b");
	delete_all();
}

/* A VM may have the name of the router's program: its card has another address than the router's port. */
static void a_vm_of_the_programs_name(void **state)
{
	(void)state;
	create_router("nat0");
	create_vm("router-nat0", "lan");
	bench_settle(0);
	expect_good_config();
	assert_int_equal(router_config()->name_count, 1);
	assert_true(mac_load(router_config()->name[0].mac) != mac_load(router_config()->port[OUTER].mac));
	delete_vm("router-nat0");
	delete_all();
}

/* Its name and DHCP say the same as ip=: in the pool's part, where another VM's address was, and without DHCP. */
static void an_address_of_the_operators(void **state)
{
	struct request r;
	u32 address;

	(void)state;
	create_router("nat0");
	create_vm("a", "lan");
	bench_settle(0);
	address = router_config()->name[0].address;
	for (u32 i = 0; i < 3; i++) {
		static const char names[][2] = { "b", "c", "d" };

		r = a_vm(names[i], "lan");
		r.spec.nics[0].address = i == 0 ? 0x0a0900fe : i == 1 ? 0x0a080005 : address;
		bench_send(&r);
		bench_expect(ERR_NONE);
		bench_settle(0);
		expect_good_config();
	}
	assert_int_equal(router_config()->name_count, 3);		/* c is of another network */
	assert_string_equal(router_config()->name[0].name, "b");
	assert_int_equal(router_config()->name[0].address, 0x0a0900fe);
	assert_string_equal(router_config()->name[1].name, "d");
	assert_int_equal(router_config()->name[1].address, address);
	assert_string_equal(router_config()->name[2].name, "a");
	assert_int_not_equal(router_config()->name[2].address, address);
	for (char name[] = "a"; name[0] <= 'd'; name[0]++)
		delete_vm(name);
	delete_all();
}

static void a_small_network_runs_out(void **state)
{
	struct request r = a_router("nat0");
	char name[] = "a";

	(void)state;
	create_switch("lan");
	r.router.inner[0].prefix_bits = 29;			/* six hosts: itself, one for the pool */
	expect_created(&r);
	for (; name[0] < 'g'; name[0]++)
		create_vm(name, "lan");
	bench_settle(0);
	expect_good_config();
	assert_int_equal(router_config()->name_count, 6);
	assert_int_not_equal(router_config()->name[3].address, 0);
	assert_int_equal(router_config()->name[4].address, 0);
	while (name[0]-- > 'a')
		delete_vm(name);
	delete_all();
}

/* Its links stay as they were, and its random numbers are others. */
static void the_router_restarts(void **state)
{
	void *link;
	u64 seed;

	(void)state;
	create_router("nat0");
	link = fake_memory(fake_pd_of(h_router), ROUTER_LINKS);
	seed = router_config()->seed[0];
	fake_fault(h_router, 14, 0, 0);
	bench_settle(ROOT_BIT_FAULT);
	h_router = bench_await_thread(fake_threads_made());
	assert_ptr_equal(fake_memory(fake_pd_of(h_router), ROUTER_LINKS), link);
	assert_int_equal(fake_badge(fake_pd_of(h_router), ROUTER_H_SWITCH, h_switch), SWITCH_BIT_PORT);
	assert_int_equal(fake_badge(fake_pd_of(h_switch), SWITCH_H_PORT, h_router), ROUTER_BIT_LINK);
	assert_true(router_config()->seed[0] != seed);
	expect_good_config();
	delete_all();
}

static void the_switch_restarts(void **state)
{
	(void)state;
	create_router("nat0");
	fake_fault(h_switch, 14, 0, 0);
	bench_settle(ROOT_BIT_FAULT);
	h_switch = bench_await_thread(fake_threads_made());
	assert_ptr_equal(fake_memory(fake_pd_of(h_router), ROUTER_LINKS),
			 fake_memory(fake_pd_of(h_switch), SWITCH_LINKS));
	assert_int_equal(fake_badge(fake_pd_of(h_router), ROUTER_H_SWITCH, h_switch), SWITCH_BIT_PORT);
	follow();
	delete_all();
}

static void the_switch_hangs(void **state)
{
	u32 made;

	(void)state;
	create_router("nat0");
	bench_ask(REQ_DELETE_ROUTER, "nat0", 0);
	bench_expect(ERR_NONE);
	bench_settle(0);
	bench_ask(REQ_DELETE_SWITCH, "lan", 0);
	bench_expect(ERR_BUSY);
	made = fake_threads_made();
	h_switch = bench_await_thread(made);
	assert_null(fake_memory(fake_pd_of(h_switch), SWITCH_LINKS));
	bench_settle(0);
	delete_switch("lan");
}

/* On a wire another machine may have a router of that name: the card's address makes the difference. */
static void an_address_of_its_own_on_a_wire(void **state)
{
	struct nic_page *page = fake_memory(fake_pd_of(h_card), NIC_PAGE);
	struct request r = a_router("nat0");
	u64 mac;

	(void)state;
	page->state = NIC_STARTING;
	ask_switch("lan", "nic0");
	bench_expect(ERR_NONE);
	(void)await_switch();
	follow();
	expect_created(&r);
	mac = mac_load(router_config()->port[OUTER].mac);
	memcpy(page->mac, (u8[]){ 2, 0, 0, 1, 2, 3 }, MAC_BYTES);
	page->mtu = NIC_MTU_MAX;
	page->state = NIC_UP;
	bench_settle(0);
	follow();
	expect_good_config();
	assert_true(mac_load(router_config()->port[OUTER].mac) != mac);
	mac = mac_load(router_config()->port[OUTER].mac);
	assert_int_equal(config()->port[1].setup.mac, mac);
	page->state = NIC_STARTING;			/* its driver is started again: the address stays */
	bench_settle(0);
	assert_int_equal(mac_load(router_config()->port[OUTER].mac), mac);
	delete_all();
}

static void each_call_fails_once(void **state)
{
	u32 objects;
	u64 bytes;

	(void)state;
	create_switch("lan");
	objects = fake_object_count();
	bytes = fake_free_bytes();
	for (u32 n = 1; n < 60; n++) {
		struct request r = a_router("nat0");

		fake_fail_call(n, ST_NOMEM);
		bench_send(&r);
		fake_fail_call(0, ST_OK);
		bench_await_answer();
		bench_settle(0);
		if (bench_answer.error == ERR_NONE)
			delete_router("nat0");
		else
			follow();
		assert_int_equal(fake_object_count(), objects);
		assert_int_equal(fake_free_bytes(), bytes);
	}
	delete_switch("lan");
}

/* ---- reports ---- */

static void expect_lines(u32 row, u32 table, u32 count)
{
	assert_true(row < bench_row_count);
	assert_int_equal(bench_rows[row].lines.table, table);
	assert_int_equal(bench_rows[row].lines.count, count);
}

static void reports(void **state)
{
	struct router_report *report;

	(void)state;
	create_router("nat0");
	report = router_report();
	report->route_count = 1;
	report->neighbour_count = ROUTER_LINES + 1;
	report->neighbour[ROUTER_LINES].address = 0x0a090042;
	report->session_total = 9;
	report->drops[ROUTER_DROP_TTL] = 5;
	bench_ask(REQ_ROUTERS, "", 0);
	bench_await_answer();
	assert_int_equal(bench_row_count, 1);
	assert_int_equal(bench_rows[0].router.sessions, 9);
	assert_int_equal(bench_rows[0].router.drops[ROUTER_DROP_TTL], 5);
	assert_int_equal(bench_rows[0].router.port_status[INNER], ST_OK);
	assert_int_equal(bench_rows[0].router.port_status[INNER + 1], ST_STATE);
	bench_ask(REQ_ROUTER_LINES, "nat0", 0);
	bench_expect(ERR_NO_DEVICE);
	assert_int_equal(bench_row_count, 3);
	expect_lines(0, ROUTER_TABLE_ROUTES, 1);
	expect_lines(1, ROUTER_TABLE_NEIGHBOURS, ROUTER_LINES);
	expect_lines(2, ROUTER_TABLE_NEIGHBOURS, 1);
	assert_int_equal(bench_rows[2].lines.neighbour[0].address, 0x0a090042);
	bench_ask(REQ_ROUTER_LINES, "nat1", 0);
	bench_expect(ERR_NO_ROUTER);
	delete_all();
}

/* Counts without end, and a report that is always being written. */
#define ROWS(count) (((count) + ROUTER_LINES - 1) / ROUTER_LINES)

/* One answer has at most 32 rows, however many there are: as the console does, what follows is asked for. */
static u32 all_lines(const char *name)
{
	struct request r = bench_make_request(REQ_ROUTER_LINES, name, 0);
	u32 rows = 0;

	do {
		bench_send(&r);
		bench_await_answer();
		rows += bench_row_count;
		r.index = bench_row_count != 0 ? bench_rows[bench_row_count - 1].lines.next : 0;
	} while (bench_answer.error == ERR_NONE);
	assert_int_equal(bench_answer.error, ERR_NO_DEVICE);
	return rows;
}

static void hostile_report(void **state)
{
	(void)state;
	create_router("nat0");
	memset(router_report(), 0xff, sizeof(struct router_report));
	bench_ask(REQ_ROUTERS, "", 0);
	bench_await_answer();
	assert_int_equal(bench_row_count, 1);
	assert_int_equal(all_lines("nat0"), ROWS(ROUTER_REPORT_ROUTES) + ROWS(ROUTER_REPORT_LEASES) +
			 ROWS(ROUTER_REPORT_NEIGHBOURS) + ROWS(ROUTER_REPORT_SESSIONS) + ROWS(ROUTER_REPORT_ROUTES6) +
			 ROWS(ROUTER_REPORT_NEIGHBOURS));
	delete_all();
}

static int boot(void **state)
{
	static const char *const programs[] = { "switch", "router", "e1000", NULL };
	int rc;

	fake_pci.functions[0] = (struct pci_function){
		.bdf = 0x50, .vendor = 0x8086, .device = 0x10d3, .class_code = 0x020000,
		.bars = { { .address = 0xfe060000, .bytes = 0x20000, .kind = PCI_BAR_MEMORY } },
		.irq_pin = 1, .irq_line = 10,
	};
	fake_pci.count = 1;
	bench_programs = programs;
	rc = bench_boot(state);
	h_card = fake_thread_nth(fake_threads_made() - 1);
	return rc;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_and_deleted),
		cmocka_unit_test(refused_specs),
		cmocka_unit_test(one_address_each),
		cmocka_unit_test(as_many_as_there_can_be),
		cmocka_unit_test(the_switch_knows_its_router),
		cmocka_unit_test(names_of_vms),
		cmocka_unit_test(a_vm_of_the_programs_name),
		cmocka_unit_test(an_address_of_the_operators),
		cmocka_unit_test(a_small_network_runs_out),
		cmocka_unit_test(the_router_restarts),
		cmocka_unit_test(the_switch_restarts),
		cmocka_unit_test(the_switch_hangs),
		cmocka_unit_test(an_address_of_its_own_on_a_wire),
		cmocka_unit_test(each_call_fails_once),
		cmocka_unit_test(reports),
		cmocka_unit_test(hostile_report),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
