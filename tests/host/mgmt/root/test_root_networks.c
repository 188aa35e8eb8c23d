/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: switches as services, the network cards of VMs, ports and links. The test plays the switches,
 * well-meant and hostile ones.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "card_bench.h"
#include "fake_kernel.h"
#include "root.h"
#include "root_bench.h"
#include "spec_fields.h"
#include "syscalls.h"

/* ---- switches ---- */

static void made_and_deleted(void **state)
{
	(void)state;
	create_switch("lan");
	assert_int_equal(fake_rights(fake_pd_of(h_switch), SWITCH_CONFIG), RIGHT_R);
	assert_int_equal(fake_rights(fake_pd_of(h_switch), SWITCH_FIGURES), RIGHT_R | RIGHT_W);
	assert_int_equal(fake_badge(fake_pd_of(h_switch), H_ROOT_SIGNAL, HANDLE_SELF_THREAD), ROOT_BIT_SWITCH);
	assert_int_not_equal(config()->secret, 0);
	bench_ask(REQ_CREATE_SWITCH, "lan", 0);
	bench_expect(ERR_SWITCH_EXISTS);
	bench_ask(REQ_CREATE_SWITCH, "store", 0);
	bench_expect(ERR_SERVICE_NAME);
	bench_ask(REQ_CREATE_SWITCH, "No", 0);
	bench_expect(ERR_BAD_NAME);
	bench_ask(REQ_DELETE_SWITCH, "wan", 0);
	bench_expect(ERR_NO_SWITCH);
	bench_ask(REQ_DELETE_SWITCH, "lan", REQ_FLAG_DRY_RUN);
	bench_expect(ERR_NONE);
	bench_ask(REQ_SWITCHES, "", 0);
	bench_await_answer();
	assert_int_equal(bench_row_count, 1);
	assert_string_equal(bench_rows[0].network.name, "lan");
	assert_int_equal(bench_rows[0].network.state, SERVICE_UP);
	delete_switch("lan");
	bench_ask(REQ_SWITCHES, "", 0);
	bench_expect(ERR_NO_SWITCH);
}

static void as_many_as_there_can_be(void **state)
{
	char name[] = "s0";

	(void)state;
	for (u32 i = 0; i < SWITCHES; i++, name[1]++)
		create_switch(name);
	bench_ask(REQ_CREATE_SWITCH, "more", 0);
	bench_expect(ERR_LIMIT);
	bench_ask(REQ_SERVICES, "", 0);
	bench_await_answer();
	assert_string_equal(bench_rows[bench_row_count - 1].service.name, "s7");
	for (u32 i = 0; i < SWITCHES; i++) {
		name[1]--;
		bench_ask(REQ_DELETE_SWITCH, name, 0);
		bench_expect(ERR_NONE);
		bench_settle(0);
	}
	assert_int_equal(fake_free_bytes(), bench_idle_bytes);
	assert_int_equal(fake_object_count(), bench_idle_objects);
}

static void each_call_fails_once(void **state)
{
	u32 n = 1;

	(void)state;
	for (; n < 100; n++) {
		fake_fail_call(n, ST_NOMEM);
		bench_ask(REQ_CREATE_SWITCH, "lan", 0);
		fake_fail_call(0, ST_OK);
		bench_await_answer();
		bench_settle(0);
		if (bench_answer.error == ERR_NONE)
			delete_switch("lan");
		assert_int_equal(fake_free_bytes(), bench_idle_bytes);
		assert_int_equal(fake_object_count(), bench_idle_objects);
	}
}

/* ---- cards ---- */

static void refused_cards(void **state)
{
	struct request r;

	(void)state;
	create_switch("lan");
	r = a_vm("a", "wan");
	bench_send(&r);
	bench_expect(ERR_NO_SWITCH);
	assert_string_equal(bench_answer.text, "wan");
	r = a_vm("a", "lan");
	r.spec.nics[0].vlan = NIC_VLAN_MAX + 1;
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	assert_int_equal(bench_answer.have, FIELD_NIC);
	r = a_vm("a", "lan");
	r.spec.nics[0].mac = MAC_GROUP;
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	r = a_vm("a", "lan");
	r.spec.nics[0].rate = NIC_RATE_MIN - 1;
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	r = a_vm("a", "lan");
	r.spec.nics[0].flags = NIC_FLAGS + 1;
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	r = a_vm("a", "lan");
	memset(r.spec.nics[0].network, 'x', VM_NAME_BYTES);
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	r = a_vm("a", "lan");
	r.spec.nic_count = VM_DEVICES + 1;
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	r = a_vm("a", "lan");
	r.spec.nic_count = 2;
	r.spec.nics[1] = r.spec.nics[0];
	r.spec.nics[0].mac = r.spec.nics[1].mac = MAC_LOCAL | 5;
	bench_send(&r);
	bench_expect(ERR_MAC_TAKEN);
	delete_switch("lan");
}

/* The same name and place give the same address, unless another VM has it. */
static void addresses(void **state)
{
	struct request r;
	u64 mac;

	(void)state;
	create_switch("lan");
	create_vm("a", "lan");
	mac = bench_answer.vm.nics[0].mac;
	assert_true((mac & MAC_LOCAL) != 0 && (mac & MAC_GROUP) == 0 && mac >> MAC_BITS == 0);
	assert_int_equal(bench_answer.vm.spec.nics[0].mac, 0);
	delete_vm("a");
	create_vm("a", "lan");
	assert_int_equal(bench_answer.vm.nics[0].mac, mac);
	delete_vm("a");
	r = a_vm("b", "lan");
	r.spec.nics[0].mac = mac;
	bench_send(&r);
	bench_expect(ERR_NONE);
	create_vm("a", "lan");
	assert_int_not_equal(bench_answer.vm.nics[0].mac, mac);
	r = a_vm("c", "lan");
	r.spec.nics[0].mac = mac;
	bench_send(&r);
	bench_expect(ERR_MAC_TAKEN);
	assert_string_equal(bench_answer.text, "b");
	bench_ask(REQ_DELETE_SWITCH, "lan", 0);
	bench_expect(ERR_SWITCH_USED);
	delete_vm("a");
	delete_vm("b");
	delete_switch("lan");
}

static void at_rest_alone(void **state)
{
	struct request r;

	(void)state;
	create_switch("lan");
	create_vm("a", "lan");
	r = a_vm("a", "lan");
	r.op = REQ_SET;
	r.spec.nic_count = 0;
	bench_start("a");
	bench_send(&r);
	bench_expect(ERR_VM_STATE);
	bench_ask(REQ_STOP, "a", REQ_FLAG_FORCE);
	bench_settle(0);
	follow();
	bench_expect(ERR_NONE);
	bench_send(&r);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.spec.nic_count, 0);
	delete_switch("lan");		/* no card on it any more, but a VM */
	delete_vm("a");
}

/* ---- ports ---- */

static void wired(void **state)
{
	u64 h_vmm, vmm_pd, switch_pd;
	const struct port_setup *setup;
	struct request r;

	(void)state;
	create_switch("lan");
	r = a_vm("a", "lan");
	r.spec.nics[0].vlan = 7;
	r.spec.nics[0].rate = MIB;
	bench_send(&r);
	bench_expect(ERR_NONE);
	bench_start("a");
	h_vmm = bench_vmm_thread();
	vmm_pd = fake_pd_of(h_vmm);
	switch_pd = fake_pd_of(h_switch);
	setup = &config()->port[0].setup;
	assert_true(config()->port[0].version != 0 && config()->port[0].version % 2 == 0);
	assert_int_equal(setup->flags, PORT_UP);
	assert_int_equal(setup->guard, GUARD_ALL);
	assert_int_equal(setup->mac, bench_answer.vm.nics[0].mac);
	assert_int_equal(setup->vlan, 7);
	assert_int_equal(setup->from_rate, MIB);
	strcpy(fake_memory(vmm_pd, VMM_NIC_LINKS), "hello");
	assert_string_equal(fake_memory(switch_pd, SWITCH_LINKS), "hello");
	assert_int_equal(fake_badge(switch_pd, SWITCH_H_PORT, h_vmm), VMM_BIT_NIC);
	assert_int_equal(fake_badge(vmm_pd, VMM_H_NIC, h_switch), SWITCH_BIT_PORT);
	assert_int_equal(((const struct vmm_args *)fake_memory(vmm_pd, VMM_ARGS))->nic_count, 1);
	assert_int_equal(((const struct vmm_args *)fake_memory(vmm_pd, VMM_ARGS))->nics[0].mac[5], setup->mac & 0xff);
	assert_int_equal(bench_answer.vm.nics[0].status, ST_AGAIN);
	follow();
	figures()->port[0].counts.from_frames = 3;
	figures()->port[0].counts.drops[DROP_MAC] = 2;
	memcpy(figures()->port[0].address, (u8[]){ 10, 0, 0, 9 }, 4);
	bench_ask(REQ_STATUS, "a", 0);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.nics[0].status, ST_OK);
	assert_int_equal(bench_answer.vm.nics[0].sent_frames, 3);
	assert_int_equal(bench_answer.vm.nics[0].drops, 2);
	assert_int_equal(bench_answer.vm.nics[0].address[3], 9);
	bench_ask(REQ_PORTS, "lan", 0);
	bench_await_answer();
	assert_int_equal(bench_row_count, 1);
	assert_string_equal(bench_rows[0].port.client, "a");
	assert_int_equal(bench_rows[0].port.counts.drops[DROP_MAC], 2);
	bench_ask(REQ_PORTS, "wan", 0);
	bench_expect(ERR_NO_SWITCH);

	/* The link stays until the switch has followed. */
	bench_ask(REQ_STOP, "a", REQ_FLAG_FORCE);
	bench_settle(0);
	assert_false(bench_is_answered());
	assert_int_equal(config()->port[0].setup.flags, 0);
	assert_non_null(fake_memory(switch_pd, SWITCH_LINKS));
	follow();
	bench_expect(ERR_NONE);
	assert_null(fake_memory(switch_pd, SWITCH_LINKS));
	assert_int_equal(figures()->port[0].counts.from_frames, 0);
	assert_int_equal(bench_answer.vm.nics[0].sent_frames, 3);
	delete_vm("a");
	delete_switch("lan");
}

static void starts_that_fail(void **state)
{
	u64 before;
	u32 objects, n = 1;

	(void)state;
	create_switch("lan");
	create_vm("a", "lan");
	bench_settle(0);
	before = fake_free_bytes();
	objects = fake_object_count();
	for (bool is_done = false; !is_done && n < 300; n++) {
		fake_fail_call(n, ST_NOMEM);
		bench_ask(REQ_START, "a", 0);
		fake_fail_call(0, ST_OK);
		is_done = !bench_is_answered();
		bench_ask(REQ_STOP, "a", REQ_FLAG_FORCE);
		bench_settle(0);
		follow();
		bench_settle(0);
		assert_int_equal(fake_free_bytes(), before);
		assert_int_equal(fake_object_count(), objects);
	}
	assert_true(n > 20 && n < 300);
	delete_vm("a");
	delete_switch("lan");
}

/* Whatever a switch writes, root reads numbers in their range. */
static void a_hostile_switch(void **state)
{
	(void)state;
	create_switch("lan");
	create_vm("a", "lan");
	bench_start("a");
	memset(figures(), 0xff, sizeof(*figures()));
	bench_ask(REQ_STATUS, "a", 0);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.nics[0].status, ST_AGAIN);
	figures()->port[0].version = config()->port[0].version;
	bench_ask(REQ_STATUS, "a", 0);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.nics[0].status, ST_INVAL);
	bench_ask(REQ_STATIONS, "lan", 0);
	list_addresses(~0u);
	bench_await_answer();
	assert_int_equal(bench_row_count, (SWITCH_STATIONS + STATION_ROWS - 1) / STATION_ROWS);
	for (u32 i = 0; i < bench_row_count; i++)
		assert_true(bench_rows[i].stations.count <= STATION_ROWS);
	bench_ask(REQ_STATIONS, "lan", 0);
	list_addresses(3);
	bench_await_answer();
	assert_int_equal(bench_rows[0].stations.count, 3);
	delete_vm("a");
	delete_switch("lan");
}

/* An IPv4 address is one card's in its switch and VLAN, and the switch is told of it before the port is up. */
static void ipv4_addresses(void **state)
{
	struct request r = a_vm("a", "lan"), other = a_vm("b", "lan");

	(void)state;
	create_switch("lan");
	r.spec.nics[0].address = 0x7f000001;
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	r.spec.nics[0].address = 0x0a000005;
	r.spec.nics[0].flags = NIC_UNGUARDED;
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	r.spec.nics[0].flags = 0;
	bench_send(&r);
	bench_expect(ERR_NONE);
	other.spec.nics[0].address = 0x0a000005;
	bench_send(&other);
	bench_expect(ERR_ADDRESS_TAKEN);
	assert_string_equal(bench_answer.text, "a");
	other.spec.nics[0].vlan = VLAN_DEFAULT;
	bench_send(&other);
	bench_expect(ERR_ADDRESS_TAKEN);
	other.spec.nics[0].vlan = 7;
	other.spec.nics[1] = other.spec.nics[0];
	other.spec.nic_count = 2;
	bench_send(&other);
	bench_expect(ERR_ADDRESS_TAKEN);			/* its own, twice */
	other.spec.nics[1].vlan = 8;
	bench_send(&other);
	bench_expect(ERR_NONE);
	bench_start("a");
	assert_memory_equal(config()->port[0].address, ((u8[]){ 10, 0, 0, 5 }), 4);
	assert_int_equal(config()->port[0].setup.flags, PORT_UP);
	assert_int_equal(config()->port[0].version % 2, 0);
	delete_vm("a");
	delete_vm("b");
	delete_switch("lan");
}

/* Rules of IP without an address are two of the switch's; each is counted as one. */
static void filters(void **state)
{
	struct request r = a_vm("a", "lan");
	struct nic_spec *nic = &r.spec.nics[0];
	const struct filter_rule *rules;

	(void)state;
	create_switch("lan");
	nic->rule_count = NIC_RULES + 1;
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	nic->rule_count = 2;
	nic->rules[0] = (struct nic_rule){ .action = FILTER_DROP, .direction = FILTER_FROM_PORT, .protocol = 1 };
	nic->rules[1] = (struct nic_rule){ .action = FILTER_DROP, .direction = FILTER_TO_PORT, .protocol = 6, .bits = 8,
					   .port_first = 80, .port_last = 79, .address = 0x0a000000 };
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	nic->rules[1].port_last = 89;
	bench_send(&r);
	bench_expect(ERR_NONE);
	bench_start("a");
	rules = config()->port[0].rules;
	assert_int_equal(config()->port[0].rule_count, 3);
	assert_int_equal(config()->port[0].drops_rest, 0);
	assert_true(rules[0].protocol == 1 && rules[0].ethertype == 0x0800 && rules[0].direction == FILTER_FROM_PORT);
	assert_true(rules[1].protocol == 58 && rules[1].ethertype == 0x86dd && rules[1].action == FILTER_DROP);
	assert_true(rules[2].protocol == 6 && rules[2].to_port_first == 80 && rules[2].to_port_last == 89);
	assert_true(rules[2].from_bits == 104 && rules[2].to_bits == 0 && rules[2].from[12] == 10 &&
		    rules[2].from[11] == 0xff && rules[2].from[9] == 0);
	follow();
	figures()->port[0].hits[0] = 3;
	figures()->port[0].hits[1] = 4;
	figures()->port[0].hits[2] = 5;
	bench_ask(REQ_PORTS, "lan", 0);
	bench_await_answer();
	assert_int_equal(bench_rows[0].port.rule_count, 2);
	assert_int_equal(bench_rows[0].port.hits[0], 7);
	assert_int_equal(bench_rows[0].port.hits[1], 5);
	delete_vm("a");
	delete_switch("lan");
}

/* What set-vm changes of a card while the VM runs; the switch and the MAC it does not. */
static void changes_while_it_runs(void **state)
{
	struct request r = a_vm("a", "lan");
	struct nic_spec *nic = &r.spec.nics[0];
	u64 mac;

	(void)state;
	create_switch("lan");
	bench_send(&r);
	bench_expect(ERR_NONE);
	bench_start("a");
	mac = bench_answer.vm.nics[0].mac;
	follow();
	r.op = REQ_SET;
	nic->vlan = 9;
	nic->rate = MIB;
	nic->address = 0x0a000005;
	nic->flags = NIC_CABLE_OUT;
	nic->rule_count = 1;
	nic->rules[0] = (struct nic_rule){ .action = FILTER_DROP };
	r.flags = REQ_FLAG_DRY_RUN;
	bench_send(&r);
	bench_expect(ERR_NONE);
	assert_int_equal(config()->port[0].setup.vlan, VLAN_DEFAULT);
	r.flags = 0;
	bench_send(&r);
	bench_expect(ERR_NONE);
	assert_int_equal(config()->port[0].setup.vlan, 9);
	assert_int_equal(config()->port[0].setup.from_rate, MIB);
	assert_int_equal(config()->port[0].setup.mac, mac);
	assert_int_equal(config()->port[0].setup.flags, PORT_UP);
	assert_int_equal(config()->port[0].address[3], 5);
	assert_int_equal(config()->port[0].drops_rest, 1);		/* whatever the guest makes of its link */
	assert_int_equal(bench_vmm_control()->nics_unplugged, 1);
	nic->flags = NIC_MIRROR;
	nic->mac = mac;							/* the one that it has */
	bench_send(&r);
	bench_expect(ERR_NONE);
	assert_int_equal(config()->port[0].setup.flags, PORT_UP | PORT_MIRROR);
	assert_int_equal(config()->port[0].drops_rest, 0);
	assert_int_equal(config()->port[0].rule_count, 2);
	assert_int_equal(bench_vmm_control()->nics_unplugged, 0);
	nic->mac = mac ^ 8;
	bench_send(&r);
	bench_expect(ERR_VM_STATE);
	nic->mac = 0;
	strcpy(nic->network, "wan");
	bench_send(&r);
	bench_expect(ERR_VM_STATE);
	r.spec.nic_count = 0;
	bench_send(&r);
	bench_expect(ERR_VM_STATE);
	delete_vm("a");
	delete_switch("lan");
}

/* ---- uplinks ---- */

static struct nic_page *card_page(void)
{
	return fake_memory(fake_pd_of(h_card), NIC_PAGE);
}

static void expect_wired(void)
{
	u64 card_pd = fake_pd_of(h_card), switch_pd = fake_pd_of(h_switch);

	assert_ptr_equal(fake_memory(card_pd, NIC_LINK), fake_memory(switch_pd, SWITCH_LINKS));
	assert_int_equal(fake_badge(switch_pd, SWITCH_H_PORT, h_card), DRIVER_BIT_LINK);
	assert_int_equal(fake_badge(card_pd, NIC_H_SWITCH, h_switch), SWITCH_BIT_PORT);
	assert_int_equal(card_page()->is_plugged, 1);
}

static void an_uplink_is_wired(void **state)
{
	const struct port_setup *setup;

	(void)state;
	assert_int_equal(card_page()->is_plugged, 0);
	ask_switch("lan", "nic0");
	bench_expect(ERR_NONE);
	(void)await_switch();
	expect_wired();
	setup = &config()->port[0].setup;
	assert_int_equal(setup->flags, PORT_UP | PORT_TRUNK);
	assert_int_equal(setup->guard, 0);
	assert_int_equal(setup->mac, 0);
	assert_int_equal(setup->vlans[0], 0xfe);
	assert_int_equal(setup->vlans[VLAN_SET_BYTES - 1], 0x7f);
	assert_true((fake_pending(h_card) & DRIVER_BIT_LINK) != 0);
	follow();
	bench_ask(REQ_PORTS, "lan", 0);
	bench_await_answer();
	assert_int_equal(bench_row_count, 1);
	assert_int_equal(bench_rows[0].port.kind, PORT_OF_NIC);
	assert_string_equal(bench_rows[0].port.client, "nic0");
	*card_page() = (struct nic_page){ .is_plugged = 1, .state = NIC_UP, .mtu = NIC_MTU_MAX, .mbits = 1000 };
	bench_ask(REQ_SWITCHES, "", 0);
	bench_await_answer();
	assert_string_equal(bench_rows[0].network.uplink, "nic0");
	assert_int_equal(bench_rows[0].network.nic_state, NIC_UP);
	assert_int_equal(bench_rows[0].network.nic_mbits, 1000);
	card_page()->mtu = 0;		/* nonsense */
	bench_ask(REQ_SWITCHES, "", 0);
	bench_await_answer();
	assert_int_equal(bench_rows[0].network.nic_state, NIC_STARTING);
	delete_switch("lan");
	assert_int_equal(card_page()->is_plugged, 0);
}

static void refused_uplinks(void **state)
{
	struct request r = bench_make_request(REQ_CREATE_SWITCH, "wan", 0);

	(void)state;
	ask_switch("wan", "nic1");
	bench_expect(ERR_NO_NIC);
	assert_string_equal(bench_answer.text, "nic1");
	ask_switch("wan", "store");
	bench_expect(ERR_NO_NIC);
	memset(r.network.uplink, 'n', sizeof(r.network.uplink));
	bench_send(&r);
	bench_expect(ERR_BAD_NAME);
	ask_switch("lan", "nic0");
	bench_expect(ERR_NONE);
	(void)await_switch();
	ask_switch("wan", "nic0");
	bench_expect(ERR_NIC_TAKEN);
	assert_string_equal(bench_answer.text, "lan");
	delete_switch("lan");
	ask_switch("wan", "nic0");		/* another one can have it then */
	bench_expect(ERR_NONE);
	(void)await_switch();
	expect_wired();
	delete_switch("wan");
}

static void swap(u64 *a, u64 *b)
{
	u64 was = *a;

	*a = *b;
	*b = was;
}

/* Either end is started again, or both: the other one keeps the link, and gets the new handle. */
static void ends_of_an_uplink_come_back(void **state)
{
	u32 made;

	(void)state;
	ask_switch("lan", "nic0");
	bench_expect(ERR_NONE);
	(void)await_switch();
	follow();
	strcpy(fake_memory(fake_pd_of(h_card), NIC_LINK), "hello");
	fake_fault(h_switch, 14, 0, 0);
	(void)root_turn(ROOT_BIT_FAULT);
	assert_int_equal(card_page()->is_plugged, 0);
	h_switch = bench_await_thread(fake_threads_made());
	expect_wired();
	fake_fault(h_card, 14, 0, 0);
	(void)root_turn(ROOT_BIT_FAULT);
	h_card = bench_await_thread(fake_threads_made());
	expect_wired();
	/* Both are down. */
	made = fake_threads_made();
	fake_fault(h_card, 14, 0, 0);
	fake_fault(h_switch, 14, 0, 0);
	(void)root_turn(ROOT_BIT_FAULT);
	h_card = bench_await_thread(made);
	h_switch = bench_await_thread(made + 1);
	if (fake_memory(fake_pd_of(h_card), NIC_PAGE) == NULL)
		swap(&h_card, &h_switch);
	bench_settle(0);
	expect_wired();
	assert_string_equal(fake_memory(fake_pd_of(h_switch), SWITCH_LINKS), "hello");
	delete_switch("lan");
}

static void uplinks_that_fail(void **state)
{
	(void)state;
	for (u32 n = 1; n < 100; n++) {
		fake_fail_call(n, ST_NOMEM);
		ask_switch("lan", "nic0");
		fake_fail_call(0, ST_OK);
		bench_await_answer();
		bench_settle(0);
		if (bench_answer.error == ERR_NONE)
			delete_switch("lan");
		assert_int_equal(card_page()->is_plugged, 0);
		assert_int_equal(fake_free_bytes(), bench_idle_bytes);
		assert_int_equal(fake_object_count(), bench_idle_objects);
	}
}

/* Each field has its own bytes of a spec: to set one changes no other. */
static void fields_do_not_overlap(void **state)
{
	(void)state;
	for (u32 a = 0; a < FIELD_SPEC_COUNT; a++)
		for (u32 b = 0; b < FIELD_SPEC_COUNT; b++)
			assert_true(a == b || spec_fields[a].offset + spec_fields[a].bytes <= spec_fields[b].offset ||
				    spec_fields[b].offset + spec_fields[b].bytes <= spec_fields[a].offset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_do_not_overlap),
		cmocka_unit_test(made_and_deleted),
		cmocka_unit_test(as_many_as_there_can_be),
		cmocka_unit_test(each_call_fails_once),
		cmocka_unit_test(refused_cards),
		cmocka_unit_test(addresses),
		cmocka_unit_test(wired),
		cmocka_unit_test(starts_that_fail),
		cmocka_unit_test(a_hostile_switch),
		cmocka_unit_test(ipv4_addresses),
		cmocka_unit_test(filters),
		cmocka_unit_test(changes_while_it_runs),
		cmocka_unit_test(at_rest_alone),
		cmocka_unit_test(refused_uplinks),
		cmocka_unit_test(an_uplink_is_wired),
		cmocka_unit_test(ends_of_an_uplink_come_back),
		cmocka_unit_test(uplinks_that_fail),
	};

	return cmocka_run_group_tests(tests, boot_with_card, NULL);
}
