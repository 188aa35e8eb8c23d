#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes golden_router6.txt: as golden_router.py, for IPv6. Ports 1 and 2 have the networks fd00:0:0:1::/64 and
fd00:0:0:2::/64; a station's address ends in its MAC address's identifier. All frames are scapy's. Run it after a
change:
	tests/host/mgmt/net/golden_router6.py > tests/host/mgmt/net/golden_router6.txt
"""
from scapy.all import DNS, DNSQR, DNSRR, Ether, ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest, \
	ICMPv6MLReport2, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6ND_Redirect, ICMPv6ND_RS, ICMPv6NDOptDstLLAddr, \
	ICMPv6NDOptMTU, ICMPv6NDOptPrefixInfo, ICMPv6NDOptRDNSS, ICMPv6NDOptSrcLLAddr, ICMPv6PacketTooBig, \
	ICMPv6ParamProblem, ICMPv6TimeExceeded, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, Raw, \
	TCP, UDP, raw
from golden_router import IN, IN2, OUT, OWN, case, expect, from_router, mac, put, to_router, wait

NET = {IN: "fd00:0:0:1:", IN2: "fd00:0:0:2:"}
FAR = "2001:db8::1"
ALL = "33:33:00:00:00:01"


def identifier(port, n):
	return "0:ff:fe00:%x" % (port << 8 | n)


def local(port, n):
	return "fe80::" + identifier(port, n)[2:]


def address(port, n):
	return NET[port] + identifier(port, n)


def own(port):
	return address(port, 1)


def own_local(port):
	return local(port, 1)


def solicited(ip):
	last = int(ip.split(":")[-1], 16)
	return "ff02::1:ff00:%x" % last, "33:33:ff:00:%02x:%02x" % (last >> 8, last & 255)


def icmp(src, dst, what, hops=255):
	return IPv6(src=src, dst=dst, hlim=hops) / what


def question(port, n, target, src=None, **more):
	"""Neighbour solicitation of station n, to the target's group."""
	group, group_mac = solicited(target)
	src = src or address(port, n)
	ask = ICMPv6ND_NS(tgt=target)
	if src != "::":
		ask /= ICMPv6NDOptSrcLLAddr(lladdr=more.pop("lladdr", mac(port, n)))
	return Ether(dst=group_mac, src=mac(port, n)) / icmp(src, group, ask, **more)


def answer(port, n, target, dst, solicited_one=1):
	return Ether(dst=mac(port, n), src=OWN[port][0]) / icmp(
		target, dst, ICMPv6ND_NA(R=1, S=solicited_one, O=1, tgt=target) /
		ICMPv6NDOptDstLLAddr(lladdr=OWN[port][0]))


def meet(port, n):
	put(port, question(port, n, own(port)))
	expect(port, answer(port, n, own(port), address(port, n)))


def asked(port, n, target=None, to=None):
	"""The router looks for a station: all of its group, or it alone."""
	target = target or address(port, n)
	group, group_mac = solicited(target)
	src = own_local(port) if target.startswith("fe80") else own(port)
	return Ether(dst=to or group_mac, src=OWN[port][0]) / icmp(
		src, target if to else group, ICMPv6ND_NS(tgt=target) / ICMPv6NDOptSrcLLAddr(lladdr=OWN[port][0]))


def found(port, n, lladdr=None, flags=3, dst=None, target=None):
	return to_router(port, n) / icmp(
		address(port, n), dst or own(port), ICMPv6ND_NA(R=0, S=flags & 1, O=flags >> 1,
		                                                 tgt=target or address(port, n)) /
		ICMPv6NDOptDstLLAddr(lladdr=lladdr or mac(port, n)))


def advertisement(port, to=None, to_mac=ALL):
	return Ether(dst=to_mac, src=OWN[port][0]) / icmp(own_local(port), to or "ff02::1", ICMPv6ND_RA(
		chlim=64, M=0, O=0, prf=3, routerlifetime=1800) /
		ICMPv6NDOptSrcLLAddr(lladdr=OWN[port][0]) / ICMPv6NDOptMTU(mtu=1500) /
		ICMPv6NDOptPrefixInfo(prefixlen=64, L=1, A=1, validlifetime=86400, preferredlifetime=14400,
		                      prefix=NET[port] + ":") /
		ICMPv6NDOptRDNSS(len=3, lifetime=1800, dns=[own(port)]))


def udp(src, dst, hops=64, size=32, sport=5000, dport=7000, **more):
	return IPv6(src=src, dst=dst, hlim=hops) / UDP(sport=sport, dport=dport, **more) / Raw(b"u" * size)


def error(port, n, quoted, what, src=None, dst=None):
	"""What quotes a packet that station n sent: as much as fits into 1,280 bytes."""
	return from_router(port, n) / icmp(src or own(port), dst or address(port, n),
	                                   what / Raw(raw(quoted)[:1232]), hops=64)


def silent(port, packet):
	put(port, packet)


def advertisement_cases():
	case("ra: a port that gets IPv6 says so at once")
	print("6 0")
	wait(1)
	expect(IN, advertisement(IN))
	expect(IN2, advertisement(IN2))
	case("ra: to one that asks, and to all for one that has no address; not twice within 3 s")
	put(IN, Ether(dst="33:33:00:00:00:02", src=mac(IN, 5)) / icmp(
		local(IN, 5), "ff02::2", ICMPv6ND_RS() / ICMPv6NDOptSrcLLAddr(lladdr=mac(IN, 5))))
	expect(IN, advertisement(IN, local(IN, 5), mac(IN, 5)))
	put(IN, Ether(dst="33:33:00:00:00:02", src=mac(IN, 6)) / icmp("::", "ff02::2", ICMPv6ND_RS()))
	wait(2)
	wait(1)
	expect(IN, advertisement(IN))
	case("ra: not for a solicitation that was forwarded, has a code, or is wrong")
	ask = ICMPv6ND_RS() / ICMPv6NDOptSrcLLAddr(lladdr=mac(IN, 5))
	silent(IN, to_router(IN, 5) / icmp(local(IN, 5), "ff02::2", ask, hops=254))
	silent(IN, to_router(IN, 5) / icmp(local(IN, 5), "ff02::2", ICMPv6ND_RS(code=1)))
	silent(IN, to_router(IN, 5) / icmp("::", "ff02::2", ask))
	silent(IN, to_router(IN, 5) / icmp(local(IN, 5), "ff02::2", ICMPv6ND_RS() / Raw(b"\1\0" + b"\0" * 6)))
	silent(IN, to_router(IN, 5) / icmp(local(IN, 5), "ff02::2", ICMPv6ND_RS() /
	                                   ICMPv6NDOptSrcLLAddr(lladdr=mac(IN, 6))))
	case("ra: another router's is not believed; no IPv6 outside")
	silent(IN, Ether(dst=ALL, src=mac(IN, 5)) / icmp(local(IN, 5), "ff02::1", ICMPv6ND_RA()))
	silent(OUT, to_router(OUT, 5) / icmp("fe80::5", "ff02::2", ICMPv6ND_RS()))


def neighbour_cases():
	case("nd: an answer for the own addresses, not for others")
	meet(IN, 5)
	put(IN, question(IN, 5, own_local(IN), src=local(IN, 5)))
	expect(IN, answer(IN, 5, own_local(IN), local(IN, 5)))
	silent(IN, question(IN, 5, address(IN, 9)))
	silent(IN2, question(IN2, 5, own(IN)))
	case("nd: who asks whether the own address is free is told that it is not (RFC 4862)")
	put(IN, question(IN, 5, own(IN), src="::"))
	told = answer(IN, 5, own(IN), "ff02::1", 0)
	told.dst = ALL
	expect(IN, told)
	case("nd: not for what was forwarded, comes in another's name, or is wrong (RFC 4861, 7.1.1)")
	silent(IN, question(IN, 5, own(IN), hops=254))
	silent(IN, question(IN, 5, own(IN), lladdr=mac(IN, 6)))
	silent(IN, question(IN, 5, own(IN), src=own(IN)))
	silent(IN, question(IN, 5, own(IN), src=address(IN2, 5)))
	silent(IN, to_router(IN, 5) / icmp("::", own(IN), ICMPv6ND_NS(tgt=own(IN))))
	silent(IN, to_router(IN, 5) / icmp(address(IN, 5), own(IN), ICMPv6ND_NS(tgt="ff02::1")))
	wrong = question(IN, 5, own(IN))
	wrong[ICMPv6ND_NS].cksum = 1
	silent(IN, wrong)
	cut = raw(icmp(address(IN, 5), own(IN), ICMPv6ND_NS(tgt=own(IN))))[:-8]
	silent(IN, to_router(IN, 5) / IPv6(src=address(IN, 5), dst=own(IN), nh=58, hlim=255) / Raw(cut[40:]))
	case("nd: a packet waits for the answer; a stranger's answer teaches nothing")
	put(IN2, found(IN2, 6))
	packet = udp(address(IN, 5), address(IN2, 6))
	put(IN, to_router(IN, 5) / packet)
	expect(IN2, asked(IN2, 6))
	silent(IN2, found(IN2, 6, lladdr=mac(IN2, 7)))
	silent(IN2, found(IN2, 7, target=own(IN2)))
	put(IN2, found(IN2, 6))
	packet.hlim = 63
	expect(IN2, from_router(IN2, 6) / packet)
	case("nd: one that does not override leaves what is known, one that does changes it (7.2.5)")
	moved = found(IN2, 8, flags=0, dst="ff02::1", target=address(IN2, 6))
	moved.dst = ALL
	silent(IN2, moved)
	put(IN, to_router(IN, 5) / udp(address(IN, 5), address(IN2, 6)))
	expect(IN2, from_router(IN2, 6) / packet)
	moved = found(IN2, 8, flags=2, dst="ff02::1", target=address(IN2, 6))
	moved.dst = ALL
	silent(IN2, moved)
	put(IN, to_router(IN, 5) / udp(address(IN, 5), address(IN2, 6)))
	expect(IN2, Ether(dst=mac(IN2, 8), src=OWN[IN2][0]) / packet)
	meet(IN2, 6)
	case("nd: nobody answers, the sender is told")
	lone = udp(address(IN, 5), address(IN2, 77))
	put(IN, to_router(IN, 5) / lone)
	for _ in range(3):
		expect(IN2, asked(IN2, 77))
		wait(1)
	lone.hlim = 63
	expect(IN, error(IN, 5, lone, ICMPv6DestUnreach(code=3)))
	put(IN, to_router(IN, 5) / lone)


def forward_cases():
	case("forward: between networks, extension headers as they are, a hop less; traffic class and flow stay")
	packet = IPv6(src=address(IN, 5), dst=address(IN2, 6), hlim=9, tc=0xb8, fl=0x12345) / IPv6ExtHdrDestOpt() / \
		UDP(sport=1, dport=2) / Raw(b"x")
	put(IN, to_router(IN, 5) / packet)
	packet.hlim = 8
	expect(IN2, from_router(IN2, 6) / packet)
	packet = IPv6(src=address(IN2, 6), dst=address(IN, 5)) / IPv6ExtHdrFragment(nh=17, offset=185, m=1, id=7) / \
		Raw(b"y" * 64)
	put(IN2, to_router(IN2, 6) / packet)
	packet.hlim = 63
	expect(IN, from_router(IN, 5) / packet)
	case("forward: no route, no hops left, too long (RFC 4443, 3); what is quoted is as it came")
	lost = udp(address(IN, 5), FAR)
	put(IN, to_router(IN, 5) / lost)
	expect(IN, error(IN, 5, lost, ICMPv6DestUnreach(code=0)))
	last = udp(address(IN, 5), address(IN2, 6), hops=1)
	put(IN, to_router(IN, 5) / last)
	expect(IN, error(IN, 5, last, ICMPv6TimeExceeded(code=0)))
	long = udp(address(IN, 5), address(IN2, 6), size=1453)
	put(IN, to_router(IN, 5) / long)
	expect(IN, error(IN, 5, long, ICMPv6PacketTooBig(mtu=1500)))
	fits = udp(address(IN, 5), address(IN2, 6), size=1452)
	put(IN, to_router(IN, 5) / fits)
	fits.hlim = 63
	expect(IN2, from_router(IN2, 6) / fits)
	case("forward: an address of the link goes nowhere; its sender is told (RFC 4443, 3.1)")
	put(IN, question(IN, 5, own_local(IN), src=local(IN, 5)))
	expect(IN, answer(IN, 5, own_local(IN), local(IN, 5)))
	out = udp(local(IN, 5), address(IN2, 6))
	put(IN, to_router(IN, 5) / out)
	expect(IN, error(IN, 5, out, ICMPv6DestUnreach(code=2), own_local(IN), local(IN, 5)))
	silent(IN, to_router(IN, 5) / udp(address(IN, 5), local(IN2, 6)))
	case("forward: no error about errors, about what went to many, and to nobody (RFC 4443, 2.4 e)")
	silent(IN, to_router(IN, 5) / icmp(address(IN, 5), FAR, ICMPv6DestUnreach() / Raw(raw(lost)), hops=64))
	silent(IN, to_router(IN, 5) / icmp(address(IN, 5), FAR, ICMPv6ND_Redirect()))
	silent(IN, to_router(IN, 5) / udp(address(IN, 5), "ff05::1"))
	silent(IN, Ether(dst=ALL, src=mac(IN, 5)) / lost)
	silent(IN, to_router(IN, 5) / udp("::", FAR))
	silent(IN, to_router(IN, 5) / udp("ff02::1", FAR))
	case("forward: not with another network's address, the router's, or none's")
	for src in address(IN2, 6), own(IN), own(IN2), FAR, "::1", "::ffff:10.0.0.5":
		silent(IN, to_router(IN, 5) / udp(src, address(IN2, 6)))
	silent(IN, to_router(IN, 5) / udp(address(IN, 5), "::1"))


def own_cases():
	case("own: echo, at each of its addresses")
	for src, dst in (address(IN, 5), own(IN)), (local(IN, 5), own_local(IN)), (address(IN, 5), own(IN2)):
		put(IN, to_router(IN, 5) / icmp(src, dst, ICMPv6EchoRequest(id=7, seq=1, data=b"abc"), hops=64))
		expect(IN, from_router(IN, 5) / icmp(dst, src, ICMPv6EchoReply(id=7, seq=1, data=b"abc"), hops=64))
	case("own: not to groups, with a wrong checksum, in fragments, behind headers; nor for reports of groups")
	silent(IN, Ether(dst=ALL, src=mac(IN, 5)) / icmp(address(IN, 5), "ff02::1", ICMPv6EchoRequest()))
	silent(IN, to_router(IN, 5) / icmp(address(IN, 5), own(IN), ICMPv6EchoRequest(cksum=1)))
	silent(IN, to_router(IN, 5) / IPv6(src=address(IN, 5), dst=own(IN)) / IPv6ExtHdrFragment(nh=58) /
	       ICMPv6EchoRequest())
	silent(IN, to_router(IN, 5) / IPv6(src=address(IN, 5), dst=own(IN)) / IPv6ExtHdrDestOpt() / ICMPv6EchoRequest())
	silent(IN, Ether(dst="33:33:00:00:00:16", src=mac(IN, 5)) / IPv6(src=local(IN, 5), dst="ff02::16", hlim=1) /
	       IPv6ExtHdrHopByHop() / ICMPv6MLReport2())
	case("own: nothing listens")
	shut = udp(address(IN, 5), own(IN))
	put(IN, to_router(IN, 5) / shut)
	expect(IN, error(IN, 5, shut, ICMPv6DestUnreach(code=4)))
	silent(IN, to_router(IN, 5) / udp(address(IN, 5), own(IN), chksum=0))
	put(IN, to_router(IN, 5) / IPv6(src=address(IN, 5), dst=own(IN)) / TCP(sport=9, dport=80, flags="S", seq=100))
	expect(IN, from_router(IN, 5) / IPv6(src=own(IN), dst=address(IN, 5), hlim=64) /
	       TCP(sport=80, dport=9, flags="RA", seq=0, ack=101, window=0))
	other = IPv6(src=address(IN, 5), dst=own(IN), nh=132) / Raw(b"s" * 12)
	put(IN, to_router(IN, 5) / other)
	expect(IN, error(IN, 5, other, ICMPv6ParamProblem(code=1, ptr=6)))


def dns(message, dst):
	return to_router(IN, 7) / IPv6(src=address(IN, 7), dst=dst) / UDP(sport=5353, dport=53) / message


def dns_expect(message, src):
	expect(IN, from_router(IN, 7) / IPv6(src=src, dst=address(IN, 7), hlim=64) /
	       UDP(sport=53, dport=5353) / message)


def dns_cases():
	ask = DNSQR(qname="web.vos", qtype="AAAA")
	case("dns: a VM's address of version 6 is not known before the VM has one")
	put(IN, dns(DNS(id=1, rd=1, qd=ask), own(IN)))
	dns_expect(DNS(id=1, qr=1, aa=1, rd=1, ra=1, qd=ask), own(IN))
	case("dns: it is when it asks whether the address is free; the one of its MAC address counts")
	for host in "1234:5678:9abc:def0", identifier(IN, 7), "dead:beef:dead:beef":
		target = NET[IN] + host
		last = [int(part, 16) for part in host.split(":")[-2:]]
		group_mac = "33:33:ff:%02x:%02x:%02x" % (last[0] & 255, last[1] >> 8, last[1] & 255)
		silent(IN, Ether(dst=group_mac, src=mac(IN, 7)) /
		       icmp("::", "ff02::1:ff%02x:%x" % (last[0] & 255, last[1]), ICMPv6ND_NS(tgt=target)))
	put(IN, dns(DNS(id=2, rd=1, qd=ask), own(IN)))
	dns_expect(DNS(id=2, qr=1, aa=1, rd=1, ra=1, qd=ask,
	               an=DNSRR(rrname=b"\xc0\x0c", type="AAAA", ttl=60, rdata=address(IN, 7))), own(IN))
	case("dns: the other kind of address, over version 6 too, and to the address of the link")
	ask4 = DNSQR(qname="web.vos")
	put(IN, dns(DNS(id=3, rd=1, qd=ask4), own_local(IN)))
	dns_expect(DNS(id=3, qr=1, aa=1, rd=1, ra=1, qd=ask4,
	               an=DNSRR(rrname=b"\xc0\x0c", ttl=60, rdata="10.0.0.7")), own_local(IN))


advertisement_cases()
neighbour_cases()
forward_cases()
own_cases()
dns_cases()
