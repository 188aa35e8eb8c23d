/* SPDX-License-Identifier: MIT */
/*
 * MAC addresses that root chooses: with the machine's own card in them, which root waits for before it applies
 * definitions. The test plays the card's driver.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include "card_bench.h"
#include "nic_mac.h"

static u64 mac_of(const char *name)
{
	create_vm(name, "lan");
	return bench_answer.vm.nics[0].mac;
}

/* No VM is defined before the card has said its address: then the console gets its first task. */
static void the_card_comes_first(void **state)
{
	struct nic_page *page = fake_memory(fake_pd_of(h_card), NIC_PAGE);
	u64 mac;

	(void)state;
	bench_ask_task(0, 0);
	bench_turns(0, 50);
	assert_int_equal(bench_task.task, DEFINITIONS_NOTHING);
	*page = (struct nic_page){ .state = NIC_UP, .mtu = NIC_MTU_MAX, .mac = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 } };
	bench_turns(0, 50);
	assert_int_equal(bench_task.task, DEFINITIONS_CONF);
	create_switch("lan");
	mac = mac_of("web");
	assert_int_equal(mac, nic_mac_of("web", 0, 0));
	nic_mac_set_machine(0x525400123457);
	assert_int_not_equal(mac, nic_mac_of("web", 0, 0));
	nic_mac_set_machine(0x525400123456);
	assert_int_equal(mac, nic_mac_of("web", 0, 0));
	nic_mac_set_machine(0);
	assert_int_not_equal(mac, nic_mac_of("web", 0, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_card_comes_first) };

	return cmocka_run_group_tests(tests, boot_with_card, NULL);
}
