/* SPDX-License-Identifier: MIT */
/*
 * uplinks.c - see uplinks.h.
 */
#include "uplinks.h"

#include <string.h>

#include "driver_nics.h"
#include "drivers.h"
#include "pd.h"
#include "root.h"
#include "switch_ports.h"
#include "switches.h"
#include "sys.h"

#define ETHERNET_HEADER_BYTES 14u
#define WIRE_ADDRESSES 512u	/* learned behind it; the rest of SWITCH_STATIONS is VMs' */

static struct {
	bool is_used;
	u32 driver, port;
} uplinks[SWITCHES];

/* Of the drivers that are up, by number: the other end. */
static struct port_client cards[DRIVER_COUNT];

bool uplink_has(u32 number)
{
	return uplinks[number].is_used;
}

bool uplink_is(u32 number, u32 port)
{
	return uplinks[number].is_used && uplinks[number].port == port;
}

const char *uplink_name(u32 number)
{
	return uplinks[number].is_used ? driver_name(uplinks[number].driver) : "";
}

bool uplink_look(u32 number, struct nic_page *out)
{
	return uplinks[number].is_used && driver_nic_look(uplinks[number].driver, out);
}

/* SWITCHES: none has it. */
static u32 switch_with(u32 driver)
{
	u32 i = 0;

	while (i < SWITCHES && !(uplinks[i].is_used && uplinks[i].driver == driver))
		i++;
	return i;
}

/* DRIVER_COUNT: there is none of that name. */
static u32 card_named(const char *name)
{
	u32 i = 0;

	while (i < DRIVER_COUNT && !(driver_is_nic(i) && strcmp(driver_name(i), name) == 0))
		i++;
	return i;
}

struct error_info uplink_judge(const struct switch_spec *spec)
{
	u32 driver, other;

	if (memchr(spec->uplink, 0, sizeof(spec->uplink)) == NULL)
		return error_info_of(ERR_BAD_NAME, 0, 0);
	if (spec->uplink[0] == 0)
		return ERROR_INFO_NONE;
	driver = card_named(spec->uplink);
	if (driver == DRIVER_COUNT)
		return error_info_about(ERR_NO_NIC, spec->uplink);
	other = switch_with(driver);
	if (other < SWITCHES && !switch_is_there(other))	/* it is on its way down */
		return error_info_of(ERR_BUSY, 0, 0);
	return other < SWITCHES ? error_info_about(ERR_NIC_TAKEN, switch_name(other)) : ERROR_INFO_NONE;
}

/* Whoever is on the wire has an address of his own, and may be a server. VLANs are tags there, but for the default. */
static const struct port_setup *wire_setup(void)
{
	static struct port_setup setup = {	/* too large for the stack */
		.flags = PORT_TRUNK, .max_bytes = ETHERNET_HEADER_BYTES + NIC_MTU_MAX,
		.most_addresses = WIRE_ADDRESSES, .vlan = VLAN_DEFAULT,
	};

	memset(setup.vlans, 0xff, sizeof(setup.vlans));
	setup.vlans[0] &= (u8)~1u;	/* 0 and 4095 are none (IEEE 802.1Q, table 9-2) */
	setup.vlans[VLAN_SET_BYTES - 1] &= 0x7f;
	return &setup;
}

enum status uplink_add(u32 number, const struct switch_spec *spec)
{
	u32 driver = card_named(spec->uplink), port;
	enum status st;

	if (spec->uplink[0] == 0)
		return ST_OK;
	st = switch_port_add(number, driver_nic_link(driver), &port);
	if (st == ST_OK)
		st = switch_port_client(number, port, &cards[driver]);
	if (st != ST_OK)
		return st;
	uplinks[number].driver = driver;
	uplinks[number].port = port;
	uplinks[number].is_used = true;
	switch_port_set(number, port, wire_setup());
	return ST_OK;
}

void uplink_remove(u32 number)
{
	uplinks[number].is_used = false;
}

void uplink_plug(u32 number, bool is_plugged)
{
	u32 driver = uplinks[number].driver;

	if (!uplinks[number].is_used)
		return;
	driver_nic_plug(driver, is_plugged);
	if (cards[driver].h_pd != 0)
		(void)sys_notify_signal(SLOT_NIC + driver);
}

/* The port's client, if a switch has the card. */
static enum status connect(u32 driver)
{
	u32 number = switch_with(driver);

	return number < SWITCHES ? switch_port_client(number, uplinks[number].port, &cards[driver]) : ST_OK;
}

enum status uplink_card_up(u32 driver, u64 h_pd, u64 h_thread)
{
	enum status st = pd_signal(HANDLE_SELF_PD, SLOT_NIC + driver, h_thread, DRIVER_BIT_LINK);

	if (st != ST_OK)
		return st;
	cards[driver] = (struct port_client){
		.h_pd = h_pd, .h_thread = h_thread, .slot = NIC_H_SWITCH, .badge = DRIVER_BIT_LINK,
	};
	st = connect(driver);
	if (st != ST_OK)
		uplink_card_down(driver);
	return st;
}

void uplink_card_down(u32 driver)
{
	cards[driver] = (struct port_client){ 0 };
	(void)connect(driver);		/* no client any more: nothing that can fail */
}
