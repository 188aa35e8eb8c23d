/* SPDX-License-Identifier: MIT */
/*
 * virtio_port.h - driver of a virtio console device (virtio 1.2, 5.3) that has a port called "vos": a line of the
 * console's. Other ports are left alone; so is the device while it has no such port. Pure: system calls are main.c's.
 *
 * The device reaches DRIVER_DMA alone: queues, and buffers from and to which all bytes are copied. What it writes there
 * is read once and judged.
 *
 * A program of the host that opens the port begins a new stream: it is marked in the ring (ring_cut). While none has it
 * open, what the console sends is dropped.
 */
#ifndef VOS_VIRTIO_PORT_H
#define VOS_VIRTIO_PORT_H

#include "ring.h"
#include "virtio_pci.h"

#define PORT_NAME "vos"
#define PORT_SLOTS 32u			/* buffers of a queue, at most */
#define PORT_BUFFER_BYTES 4096u		/* of one buffer for data */
#define PORT_PORTS 31u			/* ports of a device that are looked at */
#define PORT_QUEUES (2u * (PORT_PORTS + 1u))

/* A queue in use: buffer i is its descriptor i. */
struct port_channel {
	u16 number;		/* of the queue */
	bool is_input;		/* the device writes */
	u32 buffers_at;		/* in DRIVER_DMA */
	u32 buffer_bytes;
	u32 slots;		/* 0 = not in use */
	u32 busy;		/* bit = the device has the buffer */
	u16 avail, used;	/* our indices */
};

struct port {
	/* set before port_start */
	struct virtio_pci pci;
	u8 *dma;		/* DRIVER_DMA */
	struct ring rx, tx;	/* producer, consumer */
	/* all else is zero before */
	struct virtio_queue queues[PORT_QUEUES];
	u32 port_count;
	struct port_channel control_in, control_out, in, out;
	bool is_found, is_open;	/* the port is there; the host has it open */
	bool has_news;		/* a cut: the console is to be signalled although it did not ask */
	u32 number;		/* of the port, once it was found */
	u32 ready_due;		/* bit = port that is to be told READY when there is room for the message */
	bool is_open_due;	/* ... and the line OPEN */
	bool has_held;		/* a buffer that RX had no room for */
	u32 held, held_at, held_end;	/* its slot; bytes of it that remain */
	u64 broken;		/* what the device said that can't be */
	u64 dropped;		/* bytes that went nowhere, because the port was not open */
};

/* Bring up the device, which has been reset. NULL, or the reason why not, for the log. */
const char *port_start(struct port *p);
/* Move what can be moved. True if there may be more right now. */
bool port_step(struct port *p);
/* Before sleeping (true; then step once more) and after waking (false): what the console is to signal. */
void port_wait(struct port *p, bool is_waiting);

#endif
