/* SPDX-License-Identifier: MIT */
/*
 * machine_mac.c - see machine_mac.h.
 */
#include "machine_mac.h"

#include "driver_nics.h"
#include "drivers.h"
#include "inet.h"
#include "nic_mac.h"
#include "rt_log.h"

static bool is_known;

/* DRIVER_COUNT: there is none. */
static u32 first_card(void)
{
	u32 i = 0;

	while (i < DRIVER_COUNT && !(driver_is_nic(i) && driver_is_wanted(i)))
		i++;
	return i;
}

bool machine_mac_is_known(bool is_late)
{
	u32 card = first_card();
	struct nic_page page;

	if (is_known)
		return true;
	if (card == DRIVER_COUNT) {
		is_known = true;
	} else if (driver_nic_look(card, &page)) {
		nic_mac_set_machine(mac_load(page.mac));
		is_known = true;
	} else if (is_late) {
		rt_log("root: network card %s has not said its address: those of VMs are made without it, and may be "
		       "another machine's too", driver_name(card));
		is_known = true;
	}
	return is_known;
}
