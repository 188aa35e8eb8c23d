/* SPDX-License-Identifier: MIT */
/*
 * debug_port.h - port E9h: every byte written is output, reading gives E9h (the port exists).
 */
#ifndef VOS_DEBUG_PORT_H
#define VOS_DEBUG_PORT_H

#include "device.h"

struct debug_port {
	void (*put)(void *ctx, u8 byte);
	void *ctx;
};

void debug_port_init(struct debug_port *d, void (*put)(void *ctx, u8 byte), void *ctx);
extern const struct region_ops debug_port_region;	/* 1 port; device = struct debug_port */

#endif
