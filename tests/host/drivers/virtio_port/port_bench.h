/* SPDX-License-Identifier: MIT */
/*
 * port_bench.h - the driver of a virtio port on the host: its memory, its rings with the console, and a device that a
 * test plays. Bus addresses are not pointers, so that the two can't be mixed up.
 */
#ifndef VOS_PORT_BENCH_H
#define VOS_PORT_BENCH_H

#include "virtio_port.h"

#include <linux/virtio_console.h>

#define BENCH_QUEUES 10u		/* of four ports */
#define BENCH_PORTS 4u
#define BENCH_RX_BYTES 65536u
#define BENCH_TX_BYTES 16384u

struct bench_queue {
	u64 desc, avail, used;
	u16 size, vector, enable;
	u16 seen, done;			/* the device's indices */
	u32 notifies;
};

extern struct port bench;
extern struct driver_args bench_args;
extern struct ring bench_rx, bench_tx;	/* the console's ends */
extern u8 *bench_memory;		/* DRIVER_DMA */

extern struct bench_device {
	u64 features, taken;
	u32 select, ports;
	u8 status;
	u16 queue;
	struct bench_queue queues[64];
	bool refuses_features, is_mute, takes_no_interrupt;
	u16 queue_size, notify_off;
	u32 isr_reads;
} bench_device;

/* A device with four ports, which has been reset; nothing is started. */
void bench_reset(void);
/* Start it as it must, and open the port "vos", which is number 2. */
void bench_bring_up(void);
void bench_steps(void);

/* DMA memory that a device may reach; it must be all inside. */
void *bench_dma(u64 bus, u64 bytes);
/* The device sends a control message, with a name behind it unless that is NULL. */
void bench_say(u32 port, u16 event, u16 value, const char *name);
/* The next message of the driver; false: none. */
bool bench_heard(struct virtio_console_control *message);
void bench_expect_message(u32 port, u16 event, u16 value);
void bench_expect_silence(void);
/* The device writes to a queue what fits into the buffers that it has; returns how much that was. */
u32 bench_write(u32 queue, const void *bytes, u32 count);
/* ... reads what is in a queue. */
u32 bench_read(u32 queue, void *bytes, u32 count);
/* Buffers of a queue that the device has and has not used. */
u32 bench_buffers(u32 queue);
/* A used element as the device likes. */
void bench_use(u32 queue, u32 id, u32 length);

#endif
