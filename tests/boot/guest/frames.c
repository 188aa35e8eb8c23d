/* SPDX-License-Identifier: MIT */
/*
 * frames.c - in a Linux guest: sends frames that a switch must not carry, each of a kind in turn.
 *
 *	frames INTERFACE COUNT VICTIM ADDRESS
 *
 * VICTIM is the MAC address of another VM, 12 hexadecimal digits, ADDRESS its IPv4 address. Whatever is not said is
 * random, from a fixed seed.
 * Prints `sent N`.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define FRAME_BYTES 120u
#define EXPERIMENT 0x88b5u	/* a type for experiments (IEEE 802) */

static uint8_t own[6], victim[6], address[4], frame[FRAME_BYTES];

static void scramble(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15ull;

	for (unsigned i = 0; i < FRAME_BYTES; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		frame[i] = (uint8_t)state;
	}
}

static void put16(unsigned at, unsigned value)
{
	frame[at] = (uint8_t)(value >> 8);
	frame[at + 1] = (uint8_t)value;
}

static void begin(const uint8_t *from, unsigned type)
{
	memset(frame, 0xff, 6);
	memcpy(frame + 6, from, 6);
	put16(12, type);
}

static void ipv4(unsigned first_byte, unsigned protocol)
{
	begin(own, ETH_P_IP);
	frame[14] = (uint8_t)first_byte;
	put16(16, FRAME_BYTES - 14);
	put16(20, 0);
	frame[23] = (uint8_t)protocol;
}

static void from_anybody(void)
{
	frame[6] |= 2;
	frame[6] &= 0xfe;
	put16(12, EXPERIMENT);
}

static void from_victim(void)
{
	begin(victim, EXPERIMENT);
	memcpy(frame, victim, 6);
}

static void arp(const uint8_t *sender)
{
	static const uint8_t kind[] = { 0, 1, 8, 0, 6, 4, 0, 2 };

	begin(own, ETH_P_ARP);
	memcpy(frame + 14, kind, sizeof(kind));
	memcpy(frame + 22, sender, 6);
}

static void arp_of_victim(void)
{
	arp(victim);
}

static void arp_of_its_address(void)
{
	arp(own);
	memcpy(frame + 28, address, 4);
}

static void tagged(void)
{
	begin(own, ETH_P_8021Q);
	put16(14, 7);
}

static void service_tagged(void)
{
	begin(own, ETH_P_8021AD);
	put16(14, 1);
}

static void udp(unsigned from, unsigned to)
{
	ipv4(0x45, IPPROTO_UDP);
	memset(frame + 26, 0, 4);
	put16(34, from);
	put16(36, to);
	put16(38, FRAME_BYTES - 34);
}

static void from_its_address(void)
{
	udp(1000, 1000);
	memcpy(frame + 26, address, 4);
}

static void dhcp_server(void)
{
	udp(67, 68);
}

static void dhcp_in_its_name(void)
{
	udp(68, 67);
	memcpy(frame + 70, victim, 6);
}

static void router_advertisement(void)
{
	begin(own, ETH_P_IPV6);
	frame[14] = 0x60;
	put16(18, FRAME_BYTES - 54);
	frame[20] = IPPROTO_ICMPV6;
	frame[54] = 134;
}

static void reserved(void)
{
	static const uint8_t to[6] = { 0x01, 0x80, 0xc2 };

	begin(own, ETH_P_IP);
	memcpy(frame, to, 6);
}

static void broken_header(void)
{
	ipv4(0x44, IPPROTO_UDP);
}

static void (*const kinds[])(void) = {
	from_anybody, from_victim, arp_of_victim, arp_of_its_address, from_its_address, tagged, service_tagged,
	dhcp_server, dhcp_in_its_name, router_advertisement, reserved, broken_header,
};

/* 0: both are good. */
static int parse(const char *text, const char *ip)
{
	for (unsigned i = 0; i < 6; i++)
		if (sscanf(text + 2 * i, "%2hhx", &victim[i]) != 1)
			return -1;
	return inet_pton(AF_INET, ip, address) == 1 ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_halen = 6 };
	struct ifreq request = { .ifr_ifindex = 0 };
	unsigned long count, sent = 0;
	int fd;

	if (argc != 5 || parse(argv[3], argv[4])) {
		fprintf(stderr, "usage: frames INTERFACE COUNT VICTIM ADDRESS\n");
		return 2;
	}
	count = strtoul(argv[2], NULL, 10);
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	strncpy(request.ifr_name, argv[1], IFNAMSIZ - 1);
	to.sll_ifindex = (int)if_nametoindex(argv[1]);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request))
		return perror("frames"), 1;
	memcpy(own, request.ifr_hwaddr.sa_data, 6);
	for (unsigned long i = 0; i < count; i++) {
		scramble();
		kinds[i % (sizeof(kinds) / sizeof(kinds[0]))]();
		sent += sendto(fd, frame, FRAME_BYTES, 0, (const struct sockaddr *)&to, sizeof(to)) == FRAME_BYTES;
	}
	printf("sent %lu\n", sent);
	return 0;
}
