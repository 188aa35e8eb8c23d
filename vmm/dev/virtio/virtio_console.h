/* SPDX-License-Identifier: MIT */
/*
 * virtio_console.h - console device (virtio 1.2, 5.3) with one port: hvc0 in Linux. A line of text costs one exit,
 * where a UART costs several for each byte.
 *
 * No byte is lost: while the output has no room, the chain waits; input that finds no buffer stays at its source.
 */
#ifndef VOS_VIRTIO_CONSOLE_H
#define VOS_VIRTIO_CONSOLE_H

#include "virtio_pci.h"

struct virtio_console_ops {
	u32 (*put)(void *ctx, const u8 *bytes, u32 count);	/* returns how many it took */
	void (*input_ready)(void *ctx);	/* there are buffers: virtio_console_receive() may be called from within */
	void *ctx;
};

struct virtio_console {
	struct virtio_device device;
	struct virtio_console_ops ops;
	bool is_held;			/* `output` waits for room */
	u32 output_sent;		/* bytes of it that are sent */
	struct virtqueue_chain output, input;
};

enum status virtio_console_init(struct virtio_console *c, u8 devfn, const struct virtio_console_ops *ops,
				const struct virtio_host *host, struct pci_bus *bus) MUST_CHECK;

/* The guest's driver has been started. */
bool virtio_console_is_open(const struct virtio_console *c);
/* Bytes that came in; returns how many were taken. */
u32 virtio_console_receive(struct virtio_console *c, const u8 *bytes, u32 count);
/* The output has room again. */
void virtio_console_output_ready(struct virtio_console *c);

#endif
