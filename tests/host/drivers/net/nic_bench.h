/* SPDX-License-Identifier: MIT */
/*
 * nic_bench.h - a network card's driver on the host: its memory, its link with a switch that a test plays, its page,
 * and a wire at the card, which a test gives. Bus addresses are not pointers, so that the two can't be mixed up.
 */
#ifndef VOS_NIC_BENCH_H
#define VOS_NIC_BENCH_H

#include "nic_driver.h"

#define BENCH_BAR 0x10000ull
#define BENCH_FRAME_BYTES 70000u

extern struct nic_driver bench;
extern struct driver_args bench_args;
extern struct nic_page bench_page;
extern u32 bench_waited_us;

/* The registers in the BAR at BENCH_BAR, by the test. */
u64 device_read(u32 offset, u32 size);
void device_write(u32 offset, u32 size, u64 value);

/* A driver that is not started, with a switch at its link. */
void bench_reset(const struct nic_driver_ops *ops);
/* Start it as it must. */
void bench_start(void);
/* Steps until there is no more to do. */
void bench_steps(void);

/* Memory of DRIVER_DMA that the card may reach; it must be all inside. */
void *bench_dma(u64 bus, u64 bytes);

/* The switch sends `bytes`, and takes the next frame into bench_got; false: there is none. */
void bench_send(const struct net_frame *frame, const u8 *bytes);
void bench_send_plain(const u8 *bytes, u32 count);
bool bench_take(struct net_frame *frame);
extern u8 bench_got[BENCH_FRAME_BYTES];
/* The switch writes nonsense into the ring. */
void bench_break_link(void);

/* A frame: UDP from one station to another, whose bytes depend on `seed`; its description. */
void bench_fill(u8 *bytes, u32 count, u32 seed);
/* A TCP segment over IPv4 with `payload` bytes, to be cut into pieces of `segment`. */
struct net_frame bench_segment(u8 *bytes, u32 payload, u16 segment);

#endif
