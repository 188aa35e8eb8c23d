/* SPDX-License-Identifier: MIT */
/*
 * nic_bench.c - see nic_bench.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "checksum.h"
#include "inet.h"
#include "nic_bench.h"
#include "rt_log.h"

#define BUS 0x7000000000ull

struct nic_driver bench;
struct driver_args bench_args;
struct nic_page bench_page;
u32 bench_waited_us;
u8 bench_got[BENCH_FRAME_BYTES];

static u64 link_memory[NET_LINK_BYTES / 8];
static struct ring to_switch, to_nic;
static u8 *dma;

void rt_log(const char *format, ...)
{
	(void)format;
}

/* ---- Registers ---- */

static u64 fake_read(void *at, u32 offset, u32 size)
{
	return device_read((u32)((u64)at - BENCH_BAR) + offset, size);
}

static void fake_write(void *at, u32 offset, u32 size, u64 value)
{
	device_write((u32)((u64)at - BENCH_BAR) + offset, size, value);
}

struct regs regs_memory(u64 address, u64 bytes)
{
	return (struct regs){ fake_read, fake_write, (void *)address, bytes };
}

struct regs regs_ports(u32 port, u32 count)
{
	return regs_memory(port, count);
}

struct regs regs_part(const struct regs *r, u32 offset, u64 bytes)
{
	return regs_memory((u64)r->at + offset, bytes);
}

static void wait_us(u32 us)
{
	bench_waited_us += us;
}

/* ---- Its life ---- */

void bench_reset(const struct nic_driver_ops *ops)
{
	if (dma == NULL)
		dma = malloc(DRIVER_PIECE_BYTES);
	assert_non_null(dma);
	memset(dma, 0, DRIVER_PIECE_BYTES);
	memset(link_memory, 0, sizeof(link_memory));
	bench_args = (struct driver_args){ .name = "nic0", .interrupts = DRIVER_IRQ_MESSAGES, .interrupt_count = 1,
					   .dma_bus = BUS, .dma_bits = 64 };
	bench_args.bars[0] = (struct driver_bar){ .address = BENCH_BAR, .bytes = 0x20000 };
	bench_page = (struct nic_page){ .is_plugged = 1 };
	bench = (struct nic_driver){ .ops = ops, .args = &bench_args, .page = &bench_page, .dma = dma,
				     .wait_us = wait_us };
	ring_attach_consumer(&to_switch, (struct ring_shared *)(void *)((u8 *)link_memory + NET_TO_SWITCH),
			     NET_RING_BYTES);
	ring_attach_producer(&to_nic, (struct ring_shared *)(void *)((u8 *)link_memory + NET_TO_CLIENT),
			     NET_RING_BYTES);
	bench_waited_us = 0;
}

void bench_start(void)
{
	const char *why = nic_driver_start(&bench, link_memory);

	if (why != NULL)
		fail_msg("%s", why);
}

void bench_steps(void)
{
	for (u32 i = 0; i < 1000 && nic_driver_step(&bench); i++)
		;
	nic_driver_publish(&bench);
}

void *bench_dma(u64 bus, u64 bytes)
{
	assert_true(bus >= BUS && bytes <= DRIVER_PIECE_BYTES && bus - BUS <= DRIVER_PIECE_BYTES - bytes);
	return dma + (bus - BUS);
}

/* ---- The switch ---- */

void bench_send(const struct net_frame *frame, const u8 *bytes)
{
	assert_true(net_begin(&to_nic, frame));
	net_write(&to_nic, 0, bytes, frame->bytes);
	net_end(&to_nic, frame);
}

void bench_send_plain(const u8 *bytes, u32 count)
{
	struct net_frame frame = { .bytes = count };

	bench_send(&frame, bytes);
}

bool bench_take(struct net_frame *frame)
{
	enum net_next next = net_next(&to_switch, frame);

	assert_int_not_equal(next, NET_BROKEN);
	if (next == NET_NONE)
		return false;
	net_read(&to_switch, 0, bench_got, frame->bytes);
	net_done(&to_switch, frame);
	return true;
}

void bench_break_link(void)
{
	u8 nonsense[64];

	memset(nonsense, 0xff, sizeof(nonsense));
	(void)ring_write(&to_nic, nonsense, sizeof(nonsense));
}

void bench_fill(u8 *bytes, u32 count, u32 seed)
{
	for (u32 i = 0; i < count; i++)
		bytes[i] = (u8)(i * 7 + seed);
	be16_store(bytes + ETH_TYPE, 0x88b5);
}

struct net_frame bench_segment(u8 *bytes, u32 payload, u16 segment)
{
	u32 count = ETH_BYTES + IPV4_BYTES + TCP_BYTES + payload;
	u8 *ip = bytes + ETH_BYTES, *tcp = ip + IPV4_BYTES;

	bench_fill(bytes, count, 3);
	memset(ip, 0, IPV4_BYTES + TCP_BYTES);
	be16_store(bytes + ETH_TYPE, ETHERTYPE_IPV4);
	ip[0] = 0x45;
	be16_store(ip + IPV4_LENGTH, (u16)(count - ETH_BYTES));
	ip[IPV4_TTL] = 64;
	ip[IPV4_PROTOCOL] = PROTOCOL_TCP;
	be32_store(ip + IPV4_FROM, 0x0a000001);
	be32_store(ip + IPV4_TO, 0x0a000002);
	be16_store(ip + IPV4_CHECKSUM, checksum_finish(checksum_add(0, ip, IPV4_BYTES)));
	tcp[TCP_OFFSET] = 5 << 4;
	be16_store(tcp + TCP_CHECKSUM, (u16)~checksum_finish(checksum_pseudo(ip, PROTOCOL_TCP, TCP_BYTES + payload)));
	return (struct net_frame){ .bytes = count, .flags = NET_NEEDS_CHECKSUM, .segmenting = NET_TCP4,
				   .segment_bytes = segment, .checksum_start = ETH_BYTES + IPV4_BYTES,
				   .checksum_offset = TCP_CHECKSUM };
}
