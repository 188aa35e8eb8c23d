/* SPDX-License-Identifier: MIT */
/*
 * rows_look.h - rows of command_table.c: looking into networks.
 */
	{
		.verb = "ping", .group = GROUP_NETWORK, .role = ROLE_OPERATOR, .ends_at_interrupt = true,
		.summary = "send echo requests from a router",
		.more = "Each answer is waited for at most 2 s. Ctrl-C ends it. Without --router, one that has the "
			"address's network sends them, else one with a way out. A switch without a router has nobody "
			"who could send them.",
		.example = "ping 10.0.2.2",
		.takes = A(TARGET) | A(BY_ROUTER) | A(PINGS) | A(JSON), .needs = A(TARGET),
		.ops = { probe_begin, probe_answer, probe_proceed },
	},
	{
		.verb = "traceroute", .group = GROUP_NETWORK, .role = ROLE_OPERATOR, .ends_at_interrupt = true,
		.summary = "show the routers on the way to an address",
		.more = "Each line is a router behind that which sends it, the last one the address. A router that "
			"does not say so within 2 s has \"no answer\". Ctrl-C ends it. Without --router, it is as for "
			"ping.",
		.example = "traceroute 10.0.2.2",
		.takes = A(TARGET) | A(BY_ROUTER) | A(HOPS) | A(JSON), .needs = A(TARGET),
		.ops = { probe_begin, probe_answer, probe_proceed },
	},
	{
		.verb = "arp", .group = GROUP_NETWORK, .role = ROLE_VIEWER,
		.summary = "show the neighbours of a router",
		.more = "Stations of the router's networks that it has asked for, or that have asked for it; of IPv6, "
			"too. Without --router, those of nat0.",
		.example = "arp --router nat0",
		.takes = A(BY_ROUTER) | A(JSON),
		.ops = { .begin = arp_begin, .answer = routers_answer },
		.tables = BIT32(FETCH_ROUTERS) | BIT32(FETCH_ROUTER_LINES) | BIT32(FETCH_VMS),
		.view = { report_neighbours, json_neighbour_tables },
	},
	{
		.verb = "capture", .group = GROUP_NETWORK, .role = ROLE_ADMIN, .is_for_people = true,
		.summary = "write the packets of a network card to a file (vos only)",
		.more = "On your own machine: the file is one of libpcap, which tcpdump, Wireshark and others read; "
			"without FILE it goes to the standard output, for a program behind a pipe. It ends at Ctrl-C. "
			"There is what the card's owner sent, whatever became of it, and what it got; a packet "
			"between VMs can have a checksum that nobody has computed, or be larger than the MTU. Packets "
			"that come faster than the line carries them are not in the file, and counted. A program "
			"behind a pipe that takes nothing for 30 s ends it. A VM need not run yet.",
		.example = "capture web/0 web.pcap",
		.takes = A(PLACE) | A(OUT_FILE) | A(SNAP) | A(PACKETS) | A(QUIET) | A(JSON), .needs = A(PLACE),
		.ops = { .begin = capture_begin },
	},
