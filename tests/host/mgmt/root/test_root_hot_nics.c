/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: network cards that a VM gets and loses, at rest and while it runs. The test plays the console,
 * the switch, and a VMM whose guest lets cards go when it is asked, when it is not, or never, or which lies about that.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include "networks_bench.h"
#include "vm_layout.h"

static u64 vmm;

static volatile struct vmm_control *control(void)
{
	return bench_vmm_control();
}

static void ask_attach(const char *network)
{
	struct request r = a_vm("a", network);

	r.op = REQ_ATTACH_NIC;
	bench_send(&r);
}

static void ask_detach(u32 card, u32 timeout_ms)
{
	struct request r = bench_make_request(REQ_DETACH_NIC, "a", 0);

	r.index = card;
	r.timeout_ms = timeout_ms;
	bench_send(&r);
}

static void attach(void)
{
	ask_attach("lan");
	bench_expect(ERR_NONE);
	follow();
}

static void guest_ejects(u32 slot, enum vmm_disk_state state, u32 generation)
{
	control()->nic_news[slot] = vmm_disk_news(state, generation);
	bench_turns(ROOT_BIT_VMM, 3);
}

static void expect_cards(u32 count, const u64 *macs)
{
	bench_ask(REQ_STATUS, "a", 0);
	bench_await_answer();
	assert_int_equal(bench_answer.vm.spec.nic_count, count);
	for (u32 i = 0; i < count; i++)
		assert_int_equal(bench_answer.vm.nics[i].mac, macs[i]);
}

static u64 mac_of(u32 card)
{
	bench_ask(REQ_STATUS, "a", 0);
	bench_await_answer();
	return bench_answer.vm.nics[card].mac;
}

static void start_a(void)
{
	create_switch("lan");
	create_vm("a", "lan");
	bench_start("a");
	vmm = bench_vmm_thread();
	follow();
}

static void end_all(void)
{
	delete_vm("a");
	delete_switch("lan");
}

/* The second card comes, the first one goes, and its slot is taken by the next one; the next run has what is left. */
static void comes_and_goes(void **state)
{
	u64 pd, macs[2];

	(void)state;
	start_a();
	pd = fake_pd_of(vmm);
	attach();
	macs[0] = mac_of(0);
	macs[1] = mac_of(1);
	assert_int_not_equal(macs[0], macs[1]);
	assert_int_equal(control()->nics[1].generation, 1);
	assert_int_equal(control()->nics[1].nic.mac[5], macs[1] & 0xff);
	assert_non_null(fake_memory(pd, VMM_NIC_LINKS + NET_LINK_STRIDE));
	assert_int_equal(fake_badge(fake_pd_of(h_switch), SWITCH_H_PORT + 1, vmm), VMM_BIT_NIC << 1);
	assert_int_equal(config()->port[1].setup.flags & PORT_UP, PORT_UP);

	ask_detach(0, 0);
	assert_false(bench_is_answered());
	assert_int_equal(control()->nics[0].ejects, 1);
	guest_ejects(0, VMM_DISK_GONE, 0);
	bench_expect(ERR_NONE);
	expect_cards(1, &macs[1]);
	assert_int_equal(bench_answer.vm.spec.nics[0].mac, macs[1]);
	assert_non_null(fake_memory(pd, VMM_NIC_LINKS));	/* the switch has it */
	follow();
	assert_null(fake_memory(pd, VMM_NIC_LINKS));
	assert_non_null(fake_memory(pd, VMM_NIC_LINKS + NET_LINK_STRIDE));
	assert_non_null(fake_memory(pd, VMM_NICS));

	attach();
	assert_int_equal(control()->nics[0].generation, 1);
	assert_int_equal(control()->nics[0].ejects & 1, 0);
	bench_turns(ROOT_BIT_VMM, 3);				/* nic_news is that of the last one */
	assert_int_equal(mac_of(0), macs[1]);
	bench_ask(REQ_RESET, "a", 0);
	bench_turns(0, 10);
	follow();
	bench_turns(0, 10);
	follow();
	vmm = bench_vmm_thread();
	assert_int_equal(control()->nics[0].generation, 0);
	assert_int_equal(((struct vmm_args *)fake_memory(fake_pd_of(vmm), VMM_ARGS))->nics[0].mac[5], macs[1] & 0xff);
	end_all();
}

/* The guest keeps it: so does the VM. What it ejects later it has ejected. A VMM that lies changes nothing. */
static void never_consents(void **state)
{
	(void)state;
	start_a();
	ask_detach(1, 20);
	bench_expect(ERR_NO_CARD);
	ask_detach(0, 20);
	bench_expect(ERR_NIC_NOT_EJECTED);
	assert_int_equal(control()->nics[0].ejects, 2);
	guest_ejects(5, VMM_DISK_GONE, 0);
	guest_ejects(0, VMM_DISK_GONE, 7);
	guest_ejects(0, 99, 0);
	assert_int_not_equal(mac_of(0), 0);
	guest_ejects(0, VMM_DISK_GONE, 0);
	expect_cards(0, NULL);
	guest_ejects(0, VMM_DISK_GONE, 0);
	follow();
	ask_detach(0, 60000);
	bench_expect(ERR_NO_CARD);
	attach();
	ask_detach(0, 60000);
	bench_ask(REQ_STOP, "a", REQ_FLAG_FORCE);
	follow();
	bench_settle(0);
	bench_ask(REQ_STATUS, "a", 0);
	bench_await_answer();
	assert_int_equal(bench_answer.vm.spec.nic_count, 1);
	end_all();
}

/* A VM at rest. */
static void at_rest(void **state)
{
	struct request r;
	u64 second;

	(void)state;
	create_switch("lan");
	create_vm("a", "lan");
	ask_attach("nothing");
	bench_expect(ERR_NO_SWITCH);
	ask_attach("lan");
	bench_expect(ERR_NONE);
	second = mac_of(1);
	r = a_vm("a", "lan");
	r.op = REQ_ATTACH_NIC;
	r.spec.nic_count = VM_DEVICES - 1;
	bench_send(&r);
	bench_expect(ERR_LIMIT);
	r.spec.nic_count = 0;
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	r.spec.nic_count = 1;
	r.spec.nics[0].mac = second;
	bench_send(&r);
	bench_expect(ERR_MAC_TAKEN);
	ask_detach(2, 0);
	bench_expect(ERR_NO_CARD);
	ask_detach(0, 0);
	bench_expect(ERR_NONE);
	expect_cards(1, &second);
	end_all();
}

static int boot(void **state)
{
	static const char *const programs[] = { "switch", NULL };

	bench_programs = programs;
	return bench_boot(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_and_goes), cmocka_unit_test(never_consents), cmocka_unit_test(at_rest),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
