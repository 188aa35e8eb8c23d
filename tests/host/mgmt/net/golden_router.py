#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes golden_router.txt: what goes into the router of router_world.h, and what must come out of it. All frames, also
those that are expected, are scapy's (python3-scapy 2.5.0); no code of VOS made them. Run it after a change:
	tests/host/mgmt/net/golden_router.py > tests/host/mgmt/net/golden_router.txt
"""
from scapy.all import ARP, BOOTP, DHCP, DNS, DNSQR, DNSRR, Ether, \
	ICMP, IP, IPOption, RIP, RIPAuth, RIPEntry, Raw, TCP, UDP, fragment, raw

OUT, IN, IN2 = 0, 1, 2
NETS = {OUT: "192.0.2.", IN: "10.0.0.", IN2: "10.0.1."}
OWN = {OUT: ("02:00:00:00:00:02", "192.0.2.2"), IN: ("02:00:00:00:01:01", "10.0.0.1"),
       IN2: ("02:00:00:00:02:01", "10.0.1.1")}
FAR = "198.51.100.7"
BROADCAST = "ff:ff:ff:ff:ff:ff"


def mac(port, n):
	return "02:00:00:00:%02x:%02x" % (port, n)


def address(port, n):
	return NETS[port] + str(n)


def case(name):
	print("# " + name)


def put(port, packet):
	print(">", port, raw(packet).hex())


def expect(port, packet):
	print("<", port, raw(packet).hex())


def wait(seconds):
	print("+", seconds)


def to_router(port, n):
	return Ether(dst=OWN[port][0], src=mac(port, n))


def from_router(port, n):
	return Ether(dst=mac(port, n), src=OWN[port][0])


def meet(port, n):
	"""The router learns a neighbour, because it asks for the router."""
	put(port, Ether(dst=BROADCAST, src=mac(port, n)) / ARP(op=1, hwsrc=mac(port, n), psrc=address(port, n),
	                                                      pdst=OWN[port][1]))
	expect(port, from_router(port, n) / ARP(op=2, hwsrc=OWN[port][0], psrc=OWN[port][1], hwdst=mac(port, n),
	                                        pdst=address(port, n)))


def ask(port, n, to=BROADCAST):
	return Ether(dst=to, src=OWN[port][0]) / ARP(op=1, hwsrc=OWN[port][0], psrc=OWN[port][1],
	                                             hwdst="00:00:00:00:00:00", pdst=address(port, n))


def reply(port, n):
	return Ether(dst=OWN[port][0], src=mac(port, n)) / ARP(op=2, hwsrc=mac(port, n), psrc=address(port, n),
	                                                      hwdst=OWN[port][0], pdst=OWN[port][1])


def error(port, n, quoted, type, code, mtu=0):
	"""An ICMP error about a packet that station n sent."""
	return from_router(port, n) / IP(src=OWN[port][1], dst=address(port, n), id=0) / ICMP(
		type=type, code=code, nexthopmtu=mtu, unused=0) / Raw(raw(quoted))


def udp(src, dst, sport=5000, dport=7000, ttl=64, size=32, **more):
	return IP(src=src, dst=dst, ttl=ttl, **more) / UDP(sport=sport, dport=dport) / Raw(b"u" * size)


def tcp(src, dst, flags, sport=6000, dport=80, ttl=64, **more):
	return IP(src=src, dst=dst, ttl=ttl) / TCP(sport=sport, dport=dport, flags=flags, **more)


def arp_cases():
	case("arp: an answer for the own address, not for others")
	meet(IN, 5)
	put(IN, Ether(dst=BROADCAST, src=mac(IN, 5)) / ARP(op=1, hwsrc=mac(IN, 5), psrc=address(IN, 5),
	                                                  pdst="10.0.0.9"))
	case("arp: a probe for the own address is answered (RFC 5227)")
	put(IN, Ether(dst=BROADCAST, src=mac(IN, 5)) / ARP(op=1, hwsrc=mac(IN, 5), psrc="0.0.0.0", pdst="10.0.0.1"))
	expect(IN, from_router(IN, 5) / ARP(op=2, hwsrc=OWN[IN][0], psrc="10.0.0.1", hwdst=mac(IN, 5), pdst="0.0.0.0"))
	case("arp: a packet waits for the answer; a stranger's answer teaches nothing")
	put(IN2, reply(IN2, 6))
	put(IN, to_router(IN, 5) / udp(address(IN, 5), address(IN2, 6)))
	expect(IN2, ask(IN2, 6))
	put(IN2, reply(IN2, 6))
	expect(IN2, from_router(IN2, 6) / udp(address(IN, 5), address(IN2, 6), ttl=63))
	case("arp: nobody answers, the sender is told (RFC 1812, 5.2.7.1)")
	meet(IN, 5)
	lone = udp(address(IN, 5), address(IN2, 77))
	put(IN, to_router(IN, 5) / lone)
	for _ in range(3):
		expect(IN2, ask(IN2, 77))
		wait(1)
	lone.ttl = 63
	expect(IN, error(IN, 5, lone, 3, 1))
	put(IN, to_router(IN, 5) / lone)
	case("arp: a known neighbour is asked again before it is forgotten")
	meet(IN, 5)
	meet(IN2, 6)
	wait(61)
	put(IN, to_router(IN, 5) / udp(address(IN, 5), address(IN2, 6)))
	expect(IN2, Ether(dst=mac(IN2, 6), src=OWN[IN2][0]) / ARP(
		op=1, hwsrc=OWN[IN2][0], psrc=OWN[IN2][1], hwdst="00:00:00:00:00:00", pdst=address(IN2, 6)))
	expect(IN2, from_router(IN2, 6) / udp(address(IN, 5), address(IN2, 6), ttl=63))


def forward_cases():
	case("forward: between networks, options kept, a hop less")
	meet(IN, 5)
	meet(IN2, 6)
	packet = udp(address(IN, 5), address(IN2, 6), options=[IPOption(b"\x01\x01\x01\x00")])
	put(IN, to_router(IN, 5) / packet)
	packet.ttl = 63
	expect(IN2, from_router(IN2, 6) / packet)
	case("forward: the hops are used up")
	last = udp(address(IN, 5), address(IN2, 6), ttl=1)
	put(IN, to_router(IN, 5) / last)
	expect(IN, error(IN, 5, last, 11, 0))
	case("forward: no error about an ICMP error, a later fragment, a broadcast (RFC 1812, 4.3.2.7)")
	put(IN, to_router(IN, 5) / IP(src=address(IN, 5), dst=address(IN2, 6), ttl=1) / ICMP(type=3, code=1) / Raw(
		raw(udp(address(IN2, 6), address(IN, 5)))))
	put(IN, to_router(IN, 5) / udp(address(IN, 5), address(IN2, 6), ttl=1, frag=5))
	put(IN, Ether(dst=BROADCAST, src=mac(IN, 5)) / udp(address(IN, 5), address(IN2, 6), ttl=1))
	case("forward: fragments between networks")
	for piece in fragment(udp(address(IN, 5), address(IN2, 6), size=1000, id=77), 400):
		put(IN, to_router(IN, 5) / piece)
		aged = IP(raw(piece))
		aged.ttl = 63
		del aged.chksum
		expect(IN2, from_router(IN2, 6) / aged)
	case("forward: sources that can't be there, wrong checksum and lengths, other MAC")
	put(IN, to_router(IN, 5) / udp("10.0.1.9", address(IN2, 6)))
	put(IN, to_router(IN, 5) / udp("127.0.0.1", address(IN2, 6)))
	put(IN, to_router(IN, 5) / udp("10.0.0.255", address(IN2, 6)))
	put(IN, to_router(IN, 5) / udp("10.0.0.1", address(IN2, 6)))
	put(IN, to_router(IN, 5) / udp("224.0.0.5", address(IN2, 6)))
	put(IN, to_router(IN, 5) / udp(address(IN, 5), address(IN2, 6), chksum=0x1234))
	put(IN, to_router(IN, 5) / udp(address(IN, 5), address(IN2, 6), len=600))
	put(IN, to_router(IN, 5) / udp(address(IN, 5), address(IN2, 6), version=5))
	put(IN, Ether(dst="02:00:00:00:09:09", src=mac(IN, 5)) / udp(address(IN, 5), address(IN2, 6)))
	put(IN, to_router(IN, 5) / udp(address(IN, 5), "224.0.0.9"))
	case("forward: nothing from outside to an inner address")
	meet(OUT, 1)
	put(OUT, to_router(OUT, 1) / udp(FAR, address(IN, 5)))
	put(OUT, to_router(OUT, 1) / udp(FAR, "10.0.0.1"))


def own_cases():
	case("own: echo, also from outside; not to a broadcast")
	meet(IN, 5)
	ping = ICMP(type=8, id=9, seq=3) / Raw(b"abcdefg")
	pong = ICMP(type=0, id=9, seq=3) / Raw(b"abcdefg")
	put(IN, to_router(IN, 5) / IP(src=address(IN, 5), dst="10.0.0.1") / ping)
	expect(IN, from_router(IN, 5) / IP(src="10.0.0.1", dst=address(IN, 5), id=0) / pong)
	put(IN, to_router(IN, 5) / IP(src=address(IN, 5), dst="10.0.1.1") / ping)
	expect(IN, from_router(IN, 5) / IP(src="10.0.1.1", dst=address(IN, 5), id=0) / pong)
	put(OUT, to_router(OUT, 1) / IP(src=FAR, dst="192.0.2.2") / ping)
	expect(OUT, from_router(OUT, 1) / IP(src="192.0.2.2", dst=FAR, id=0) / pong)
	put(IN, Ether(dst=BROADCAST, src=mac(IN, 5)) / IP(src=address(IN, 5), dst="10.0.0.255") / ping)
	put(IN, to_router(IN, 5) / IP(src=address(IN, 5), dst="10.0.0.1") / ICMP(type=8, chksum=1))
	case("own: UDP and TCP that nobody serves, from inside; silence outside")
	meet(IN, 5)
	lost = udp(address(IN, 5), "10.0.0.1")
	put(IN, to_router(IN, 5) / lost)
	expect(IN, error(IN, 5, lost, 3, 3))
	put(IN, to_router(IN, 5) / tcp(address(IN, 5), "10.0.0.1", "S", seq=1000))
	expect(IN, from_router(IN, 5) / IP(src="10.0.0.1", dst=address(IN, 5), id=0) / TCP(
		sport=80, dport=6000, flags="RA", seq=0, ack=1001, window=0))
	put(IN, to_router(IN, 5) / tcp(address(IN, 5), "10.0.0.1", "A", seq=1000, ack=77))
	expect(IN, from_router(IN, 5) / IP(src="10.0.0.1", dst=address(IN, 5), id=0) / TCP(
		sport=80, dport=6000, flags="R", seq=77, ack=0, window=0))
	put(OUT, to_router(OUT, 1) / udp(FAR, "192.0.2.2"))
	put(OUT, to_router(OUT, 1) / tcp(FAR, "192.0.2.2", "S"))


def nat_cases():
	case("nat: UDP out and back, the port is kept; others' answers are not let in")
	meet(OUT, 1)
	meet(IN, 5)
	put(IN, to_router(IN, 5) / udp(address(IN, 5), FAR))
	expect(OUT, from_router(OUT, 1) / udp("192.0.2.2", FAR, ttl=63))
	put(OUT, to_router(OUT, 1) / udp(FAR, "192.0.2.2", 7000, 5000))
	expect(IN, from_router(IN, 5) / udp(FAR, address(IN, 5), 7000, 5000, ttl=63))
	put(OUT, to_router(OUT, 1) / udp(FAR, "192.0.2.2", 7001, 5000))		# the same address (RFC 4787, REQ-8)
	expect(IN, from_router(IN, 5) / udp(FAR, address(IN, 5), 7001, 5000, ttl=63))
	put(OUT, to_router(OUT, 1) / udp("198.51.100.8", "192.0.2.2", 7000, 5000))
	put(OUT, to_router(OUT, 1) / udp(FAR, "192.0.2.2", 7000, 5001))
	case("nat: the same mapping for another peer (RFC 4787, REQ-1)")
	put(IN, to_router(IN, 5) / udp(address(IN, 5), "198.51.100.8"))
	expect(OUT, from_router(OUT, 1) / udp("192.0.2.2", "198.51.100.8", ttl=63))
	case("nat: UDP without checksum stays so; UDP whose checksum becomes 0 has ffff")
	none = udp(address(IN, 5), FAR)
	none[UDP].chksum = 0
	put(IN, to_router(IN, 5) / none)
	none.src, none.ttl = "192.0.2.2", 63
	expect(OUT, from_router(OUT, 1) / none)
	for n in range(65536):
		probe = IP(src="192.0.2.2", dst=FAR, ttl=63) / UDP(sport=5000, dport=7000) / Raw(n.to_bytes(2, "big"))
		if raw(probe)[26:28] == b"\xff\xff":
			break
	inner = probe.copy()
	inner.src, inner.ttl = address(IN, 5), 64
	put(IN, to_router(IN, 5) / inner)
	expect(OUT, from_router(OUT, 1) / probe)
	case("nat: it ends after 300 s, and what comes in does not prolong it")
	wait(200)
	meet(OUT, 1)
	meet(IN, 5)
	put(OUT, to_router(OUT, 1) / udp(FAR, "192.0.2.2", 7000, 5000))
	expect(IN, from_router(IN, 5) / udp(FAR, address(IN, 5), 7000, 5000, ttl=63))
	wait(101)
	put(OUT, to_router(OUT, 1) / udp(FAR, "192.0.2.2", 7000, 5000))
	case("nat: TCP out and back, odd lengths")
	meet(OUT, 1)
	meet(IN, 5)
	for flags, ours in (("S", True), ("SA", False), ("A", True), ("PA", False), ("FA", True), ("FA", False)):
		data = Raw(b"xyz") if flags == "PA" else Raw(b"")
		if ours:
			put(IN, to_router(IN, 5) / tcp(address(IN, 5), FAR, flags, seq=5) / data)
			expect(OUT, from_router(OUT, 1) / tcp("192.0.2.2", FAR, flags, seq=5, ttl=63) / data)
		else:
			put(OUT, to_router(OUT, 1) / tcp(FAR, "192.0.2.2", flags, 80, 6000, seq=9) / data)
			expect(IN, from_router(IN, 5) / tcp(FAR, address(IN, 5), flags, 80, 6000, seq=9, ttl=63) / data)
	case("nat: what has ended lasts 240 s more; a SYN uses the ports again")
	wait(239)
	meet(OUT, 1)
	meet(IN, 5)
	put(IN, to_router(IN, 5) / tcp(address(IN, 5), FAR, "S", seq=50))
	expect(OUT, from_router(OUT, 1) / tcp("192.0.2.2", FAR, "S", seq=50, ttl=63))
	put(OUT, to_router(OUT, 1) / tcp(FAR, "192.0.2.2", "SA", 80, 6000))
	expect(IN, from_router(IN, 5) / tcp(FAR, address(IN, 5), "SA", 80, 6000, ttl=63))
	wait(7000)
	meet(IN, 5)
	put(OUT, to_router(OUT, 1) / tcp(FAR, "192.0.2.2", "A", 80, 6000))
	expect(IN, from_router(IN, 5) / tcp(FAR, address(IN, 5), "A", 80, 6000, ttl=63))
	case("nat: ping out and back")
	call = ICMP(type=8, id=4000, seq=1) / Raw(b"ping!")
	answer = ICMP(type=0, id=4000, seq=1) / Raw(b"ping!")
	meet(OUT, 1)
	put(IN, to_router(IN, 5) / IP(src=address(IN, 5), dst=FAR) / call)
	expect(OUT, from_router(OUT, 1) / IP(src="192.0.2.2", dst=FAR, ttl=63) / call)
	put(OUT, to_router(OUT, 1) / IP(src=FAR, dst="192.0.2.2") / answer)
	expect(IN, from_router(IN, 5) / IP(src=FAR, dst=address(IN, 5), ttl=63) / answer)
	case("nat: an error about what went out; its quote is translated (RFC 5508, 4)")
	sent = tcp("192.0.2.2", FAR, "S", seq=50, ttl=1)
	was = tcp(address(IN, 5), FAR, "S", seq=50, ttl=1)
	for quote in (len(raw(sent)), 28):		# all of it, and as little as RFC 792 demands
		put(OUT, to_router(OUT, 1) / IP(src="203.0.113.9", dst="192.0.2.2") / ICMP(type=11) / Raw(
			raw(sent)[:quote]))
		expect(IN, from_router(IN, 5) / IP(src="203.0.113.9", dst=address(IN, 5), ttl=63) / ICMP(
			type=11) / Raw(raw(was)[:quote]))
	put(OUT, to_router(OUT, 1) / IP(src="203.0.113.9", dst="192.0.2.2") / ICMP(
		type=3, code=4, nexthopmtu=1400) / Raw(raw(sent)))
	expect(IN, from_router(IN, 5) / IP(src="203.0.113.9", dst=address(IN, 5), ttl=63) / ICMP(
		type=3, code=4, nexthopmtu=1400) / Raw(raw(was)))
	case("nat: an error about what was never sent")
	put(OUT, to_router(OUT, 1) / IP(src="203.0.113.9", dst="192.0.2.2") / ICMP(type=3, code=1) / Raw(
		raw(tcp("192.0.2.2", "198.51.100.99", "S"))))
	case("nat: an error from inside about what came in")
	back = tcp(FAR, address(IN, 5), "A", 80, 6000, ttl=60)
	put(IN, to_router(IN, 5) / IP(src=address(IN, 5), dst=FAR) / ICMP(type=3, code=3) / Raw(raw(back)))
	expect(OUT, from_router(OUT, 1) / IP(src="192.0.2.2", dst=FAR, ttl=63) / ICMP(type=3, code=3) / Raw(
		raw(tcp(FAR, "192.0.2.2", "A", 80, 6000, ttl=60))))
	case("nat: hops used up before a translation: the quote is what the sender knows")
	last = tcp(address(IN, 5), FAR, "A", ttl=1)
	put(IN, to_router(IN, 5) / last)
	expect(IN, error(IN, 5, last, 11, 0))
	meet(OUT, 1)
	last = tcp(FAR, "192.0.2.2", "A", 80, 6000, ttl=1)
	put(OUT, to_router(OUT, 1) / last)
	expect(OUT, from_router(OUT, 1) / IP(src="192.0.2.2", dst=FAR, id=0) / ICMP(type=11) / Raw(raw(last)))
	case("nat: fragments follow the first one, in both directions; without it they are dropped")
	pieces = fragment(udp(address(IN, 5), FAR, size=3000, id=99), 1400)
	outer = fragment(udp("192.0.2.2", FAR, size=3000, id=99, ttl=63), 1400)
	put(IN, to_router(IN, 5) / pieces[1])
	for piece, other in zip(pieces, outer):
		put(IN, to_router(IN, 5) / piece)
		expect(OUT, from_router(OUT, 1) / other)
	pieces = fragment(udp(FAR, "192.0.2.2", 7000, 5000, size=3000, id=98), 1400)
	inner = fragment(udp(FAR, address(IN, 5), 7000, 5000, size=3000, id=98, ttl=63), 1400)
	for piece, other in zip(pieces, inner):
		put(OUT, to_router(OUT, 1) / piece)
		expect(IN, from_router(IN, 5) / other)
	case("nat: other protocols are refused")
	put(IN, to_router(IN, 5) / IP(src=address(IN, 5), dst=FAR, proto=47) / Raw(b"gre!"))
	case("nat: hairpin, with the source as others see it (RFC 4787, REQ-9)")
	meet(IN2, 6)
	put(IN2, to_router(IN2, 6) / udp(address(IN2, 6), "192.0.2.2", 4444, 5000))	# not asked for
	put(IN, to_router(IN, 5) / udp(address(IN, 5), "192.0.2.2", 5000, 4444))
	expect(IN2, from_router(IN2, 6) / udp("192.0.2.2", address(IN2, 6), 5000, 4444, ttl=63))
	put(IN2, to_router(IN2, 6) / udp(address(IN2, 6), "192.0.2.2", 4444, 5000))
	expect(IN, from_router(IN, 5) / udp("192.0.2.2", address(IN, 5), 4444, 5000, ttl=63))


def pad(packet, count=300):
	"""A message of DHCP has at least 300 bytes (RFC 1542, 2.1)."""
	return Raw(raw(packet).ljust(count, b"\0"))


def bootp(n, op, xid, options, **more):
	return pad(BOOTP(op=op, xid=xid, chaddr=bytes.fromhex("0200000001%02x" % n) + bytes(10), **more) / DHCP(
		options=options + ["end"]))


def dhcp_put(n, xid, options, src="0.0.0.0", dst="255.255.255.255", to=BROADCAST, **more):
	put(IN, Ether(dst=to, src=mac(IN, n)) / IP(src=src, dst=dst) / UDP(sport=68, dport=67) / bootp(
		n, 1, xid, options, **more))


def dhcp_expect(n, xid, type, yours, to, to_mac, tail=(), **more):
	options = [("message-type", type), ("server_id", "10.0.0.1")]
	if type != "nak":
		options += [("subnet_mask", "255.255.255.0"), ("router", "10.0.0.1"), ("domain", b"vos"),
		            ("interface-mtu", 1500), ("broadcast_address", "10.0.0.255"), ("name_server", "10.0.0.1")]
	if yours != "0.0.0.0":
		options += [("lease_time", 3600), ("renewal_time", 1800), ("rebinding_time", 3150)]
	expect(IN, Ether(dst=to_mac, src=OWN[IN][0]) / IP(src="10.0.0.1", dst=to, id=0) / UDP(
		sport=67, dport=68) / bootp(n, 2, xid, options + list(tail), yiaddr=yours, **more))


def dhcp_cases():
	case("dhcp: a station that root has given an address, with an identifier (RFC 6842)")
	ident = ("client_id", b"\1\2\0\0\0\1\7")
	dhcp_put(7, 77, [("message-type", "discover"), ident])
	dhcp_expect(7, 77, "offer", "10.0.0.7", "10.0.0.7", mac(IN, 7), [ident])
	dhcp_put(7, 77, [("message-type", "request"), ("server_id", "10.0.0.1"), ("requested_addr", "10.0.0.7")])
	dhcp_expect(7, 77, "ack", "10.0.0.7", "10.0.0.7", mac(IN, 7))
	case("dhcp: another one may not have that address, in no state; it is told by broadcast")
	dhcp_put(8, 78, [("message-type", "request"), ("requested_addr", "10.0.0.7")])
	dhcp_expect(8, 78, "nak", "0.0.0.0", "255.255.255.255", BROADCAST)
	case("dhcp: a wish from the pool, by broadcast; then it is renewed, and given back")
	dhcp_put(8, 79, [("message-type", "discover"), ("requested_addr", "10.0.0.105")], flags=0x8000)
	dhcp_expect(8, 79, "offer", "10.0.0.105", "255.255.255.255", BROADCAST, flags=0x8000)
	dhcp_put(8, 79, [("message-type", "request"), ("server_id", "10.0.0.1"), ("requested_addr", "10.0.0.105")])
	dhcp_expect(8, 79, "ack", "10.0.0.105", "10.0.0.105", mac(IN, 8))
	dhcp_put(8, 80, [("message-type", "request")], src="10.0.0.105", dst="10.0.0.1", to=OWN[IN][0],
	         ciaddr="10.0.0.105")
	dhcp_expect(8, 80, "ack", "10.0.0.105", "10.0.0.105", mac(IN, 8), ciaddr="10.0.0.105")
	dhcp_put(9, 81, [("message-type", "request"), ("requested_addr", "10.0.0.105")])
	dhcp_expect(9, 81, "nak", "0.0.0.0", "255.255.255.255", BROADCAST)
	dhcp_put(8, 82, [("message-type", "release"), ("server_id", "10.0.0.1")], src="10.0.0.105", dst="10.0.0.1",
	         to=OWN[IN][0], ciaddr="10.0.0.105")
	dhcp_put(9, 83, [("message-type", "request"), ("requested_addr", "10.0.0.105")])
	dhcp_expect(9, 83, "ack", "10.0.0.105", "10.0.0.105", mac(IN, 9))
	case("dhcp: who declines an address gets another one")
	dhcp_put(9, 84, [("message-type", "decline"), ("server_id", "10.0.0.1"), ("requested_addr", "10.0.0.105")])
	dhcp_put(9, 85, [("message-type", "request"), ("requested_addr", "10.0.0.105")])
	dhcp_expect(9, 85, "nak", "0.0.0.0", "255.255.255.255", BROADCAST)
	case("dhcp: only the network's data for who has an address")
	dhcp_put(20, 86, [("message-type", "inform")], src="10.0.0.20", dst="10.0.0.1", to=OWN[IN][0],
	         ciaddr="10.0.0.20")
	dhcp_expect(20, 86, "ack", "0.0.0.0", "10.0.0.20", mac(IN, 20), ciaddr="10.0.0.20")
	case("dhcp: no answer to who asks for another one's MAC, through a relay, or another server")
	put(IN, Ether(dst=BROADCAST, src=mac(IN, 9)) / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(
		sport=68, dport=67) / bootp(10, 1, 87, [("message-type", "discover")]))
	dhcp_put(9, 88, [("message-type", "discover")], giaddr="10.0.1.1")
	dhcp_put(9, 89, [("message-type", "request"), ("server_id", "10.0.0.2"), ("requested_addr", "10.0.0.106")])


def port_forward_cases():
	case("forward of a port: from outside, back, and from inside by the outer address")
	meet(OUT, 1)
	meet(IN, 7)
	meet(IN2, 6)
	put(OUT, to_router(OUT, 1) / tcp("198.51.100.50", "192.0.2.2", "S", 3333, 8080))
	expect(IN, from_router(IN, 7) / tcp("198.51.100.50", address(IN, 7), "S", 3333, 80, ttl=63))
	put(IN, to_router(IN, 7) / tcp(address(IN, 7), "198.51.100.50", "SA", 80, 3333))
	expect(OUT, from_router(OUT, 1) / tcp("192.0.2.2", "198.51.100.50", "SA", 8080, 3333, ttl=63))
	put(IN2, to_router(IN2, 6) / tcp(address(IN2, 6), "192.0.2.2", "S", 3334, 8080))
	expect(IN, from_router(IN, 7) / tcp("192.0.2.2", address(IN, 7), "S", 3334, 80, ttl=63))
	put(IN, to_router(IN, 7) / tcp(address(IN, 7), "192.0.2.2", "SA", 80, 3334))
	expect(IN2, from_router(IN2, 6) / tcp("192.0.2.2", address(IN2, 6), "SA", 8080, 3334, ttl=63))
	put(OUT, to_router(OUT, 1) / tcp("198.51.100.50", "192.0.2.2", "S", 3333, 8081))
	put(OUT, to_router(OUT, 1) / udp("198.51.100.50", "192.0.2.2", 3333, 8080))


RIP_GROUP = ("01:00:5e:00:00:09", "224.0.0.9")


def rip(*entries, cmd=2, version=2):
	"""Entries: network, mask, metric."""
	packet = RIP(cmd=cmd, version=version)
	for network, mask, metric in entries:
		packet /= RIPEntry(AF=2 if network != "all" else 0, addr="0.0.0.0" if network == "all" else network,
		                   mask=mask, metric=metric)
	return packet


def rip_put(n, packet, sport=520, to=RIP_GROUP):
	put(IN2, Ether(dst=to[0], src=mac(IN2, n)) / IP(src=address(IN2, n), dst=to[1], ttl=1) / UDP(
		sport=sport, dport=520) / packet)


def rip_expect(packet, to=RIP_GROUP, dport=520):
	expect(IN2, Ether(dst=to[0], src=OWN[IN2][0]) / IP(src=OWN[IN2][1], dst=to[1], id=0) / UDP(
		sport=520, dport=dport) / packet)


OWN_RIP = [("192.0.2.0", "255.255.255.0", 1), ("10.0.0.0", "255.255.255.0", 1), ("0.0.0.0", "0.0.0.0", 1)]


def rip_cases():
	net = ("172.16.0.0", "255.255.0.0")
	packet = udp(address(IN, 5), "172.16.3.4")
	case("rip: not on a port that does not speak it")
	rip_put(6, rip((*net, 2)))
	case("rip: a port that begins asks, then tells what the router reaches (RFC 2453, 3.9)")
	print("=", IN2)
	rip_expect(rip(("all", "0.0.0.0", 16), cmd=1))
	wait(1)
	rip_expect(rip(*OWN_RIP))
	case("rip: what a neighbour tells is reached through it, and told back as unreachable")
	meet(IN, 5)
	meet(IN2, 6)
	rip_put(6, rip((*net, 2)))
	put(IN, to_router(IN, 5) / packet)
	expect(IN2, from_router(IN2, 6) / udp(address(IN, 5), "172.16.3.4", ttl=63))
	put(IN2, to_router(IN2, 6) / udp("172.16.3.4", address(IN, 5)))
	expect(IN, from_router(IN, 5) / udp("172.16.3.4", address(IN, 5), ttl=63))
	wait(6)
	rip_expect(rip((*net, 16)))
	case("rip: one who asks gets all, where he asked from")
	rip_put(6, rip(("all", "0.0.0.0", 16), cmd=1), sport=4000, to=OWN[IN2])
	rip_expect(rip(*OWN_RIP, (*net, 16)), to=(mac(IN2, 6), address(IN2, 6)), dport=4000)
	case("rip: nothing is taken with a password, of version 1, or from another port")
	rip_put(6, RIP(cmd=2, version=2) / RIPAuth(authtype=2, password=b"secret") / RIPEntry(
		AF=2, addr="172.17.0.0", mask="255.255.0.0", metric=1))
	rip_put(6, rip(("172.17.0.0", "255.255.0.0", 1), version=1))
	rip_put(6, rip(("172.17.0.0", "255.255.0.0", 1)), sport=521)
	put(IN, Ether(dst=RIP_GROUP[0], src=mac(IN, 5)) / IP(src=address(IN, 5), dst=RIP_GROUP[1], ttl=1) / UDP(
		sport=520, dport=520) / rip(("172.17.0.0", "255.255.0.0", 1)))
	rip_put(6, rip(("all", "0.0.0.0", 16), cmd=1), sport=4000, to=OWN[IN2])
	rip_expect(rip(*OWN_RIP, (*net, 16)), to=(mac(IN2, 6), address(IN2, 6)), dport=4000)
	case("rip: what the neighbour no longer reaches goes by the default route")
	meet(OUT, 1)
	rip_put(6, rip((*net, 16)))
	put(IN, to_router(IN, 5) / tcp(address(IN, 5), "172.16.3.4", "S", 6001))
	expect(OUT, from_router(OUT, 1) / tcp("192.0.2.2", "172.16.3.4", "S", 6001, ttl=63))


def dns_put(message, n=5, to="10.0.0.1", sport=5353):
	put(IN, to_router(IN, n) / IP(src=address(IN, n), dst=to) / UDP(sport=sport, dport=53) / message)


def dns_expect(message, n=5, sport=5353):
	expect(IN, from_router(IN, n) / IP(src="10.0.0.1", dst=address(IN, n), id=0) / UDP(
		sport=53, dport=sport) / message)


def dns_cases():
	case("dns: a name that root gave, in whatever letters (RFC 1035)")
	dns_put(DNS(id=7, rd=1, qd=DNSQR(qname="web.vos")))
	dns_expect(DNS(id=7, qr=1, aa=1, rd=1, ra=1, qd=DNSQR(qname="web.vos"),
	               an=DNSRR(rrname=b"\xc0\x0c", ttl=60, rdata="10.0.0.7")))
	dns_put(DNS(id=8, rd=0, qd=DNSQR(qname="WEB.Vos")))
	dns_expect(DNS(id=8, qr=1, aa=1, rd=0, ra=1, qd=DNSQR(qname="WEB.Vos"),
	               an=DNSRR(rrname=b"\xc0\x0c", ttl=60, rdata="10.0.0.7")))
	case("dns: it has no address of version 6; other names of .vos are nobody's, and are not asked for outside")
	dns_put(DNS(id=9, rd=1, qd=DNSQR(qname="web.vos", qtype="AAAA")))
	dns_expect(DNS(id=9, qr=1, aa=1, rd=1, ra=1, qd=DNSQR(qname="web.vos", qtype="AAAA")))
	for name in "mail.vos", "a.web.vos", "vos":
		dns_put(DNS(id=10, rd=1, qd=DNSQR(qname=name)))
		dns_expect(DNS(id=10, qr=1, aa=1, rd=1, ra=1, rcode=3, qd=DNSQR(qname=name)))
	case("dns: two questions, none, and what is no question; an answer is not answered")
	dns_put(DNS(id=11, rd=1, qd=DNSQR(qname="web.vos") / DNSQR(qname="web.vos")))
	dns_expect(DNS(id=11, qr=1, rd=1, ra=1, rcode=1, qd=None))
	dns_put(DNS(id=12, rd=1, qd=None))
	dns_expect(DNS(id=12, qr=1, rd=1, ra=1, rcode=1, qd=None))
	dns_put(DNS(id=13, opcode=2, rd=0, qd=DNSQR(qname="web.vos")))
	dns_expect(DNS(id=13, qr=1, opcode=2, rd=0, ra=1, rcode=4, qd=None))
	dns_put(DNS(id=14, qr=1, qd=DNSQR(qname="web.vos")))


def dns_tcp_cases():
	case("dns: by TCP the router stands for the server outside, both ways; it is not reached from outside")
	meet(IN, 5)
	meet(OUT, 53)
	put(IN, to_router(IN, 5) / tcp(address(IN, 5), "10.0.0.1", "S", sport=4444, dport=53))
	expect(OUT, from_router(OUT, 53) / tcp("192.0.2.2", "192.0.2.53", "S", sport=4444, dport=53, ttl=63))
	put(OUT, to_router(OUT, 53) / tcp("192.0.2.53", "192.0.2.2", "SA", sport=53, dport=4444, seq=7, ack=1))
	expect(IN, from_router(IN, 5) / tcp("10.0.0.1", address(IN, 5), "SA", sport=53, dport=4444, ttl=63, seq=7,
	                                  ack=1))
	put(IN, to_router(IN, 5) / tcp(address(IN, 5), "10.0.0.1", "A", sport=4444, dport=53, seq=1, ack=8) / Raw(b"q"))
	expect(OUT, from_router(OUT, 53) / tcp("192.0.2.2", "192.0.2.53", "A", sport=4444, dport=53, ttl=63, seq=1,
	                                       ack=8) / Raw(b"q"))
	put(OUT, to_router(OUT, 53) / tcp("192.0.2.53", "192.0.2.2", "SA", sport=53, dport=4445))
	put(OUT, to_router(OUT, 53) / tcp("192.0.2.53", "192.0.2.2", "S", sport=4444, dport=53))
	case("dns: who asks the server itself by TCP gets its own answer")
	put(IN, to_router(IN, 5) / tcp(address(IN, 5), "192.0.2.53", "S", sport=4446, dport=53))
	expect(OUT, from_router(OUT, 53) / tcp("192.0.2.2", "192.0.2.53", "S", sport=4446, dport=53, ttl=63))
	put(OUT, to_router(OUT, 53) / tcp("192.0.2.53", "192.0.2.2", "SA", sport=53, dport=4446))
	expect(IN, from_router(IN, 5) / tcp("192.0.2.53", address(IN, 5), "SA", sport=53, dport=4446, ttl=63))


if __name__ == "__main__":
	arp_cases()
	forward_cases()
	own_cases()
	nat_cases()
	port_forward_cases()
	dhcp_cases()
	dns_cases()
	dns_tcp_cases()
	rip_cases()
