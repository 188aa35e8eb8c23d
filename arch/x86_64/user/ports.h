/* SPDX-License-Identifier: MIT */
/*
 * ports.h - I/O ports from ring 3: of a PD that has been granted them (SYS_PORT_GRANT), or of root.
 */
#ifndef VOS_PORTS_H
#define VOS_PORTS_H

#include "types.h"

/* bytes: 1, 2 or 4. */
static inline u32 port_in(u32 port, u32 bytes)
{
	u32 value = 0;

	if (bytes == 1)
		__asm__ volatile("inb %w1, %b0" : "+a"(value) : "Nd"(port));
	else if (bytes == 2)
		__asm__ volatile("inw %w1, %w0" : "+a"(value) : "Nd"(port));
	else
		__asm__ volatile("inl %w1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void port_out(u32 port, u32 bytes, u32 value)
{
	if (bytes == 1)
		__asm__ volatile("outb %b0, %w1" : : "a"(value), "Nd"(port));
	else if (bytes == 2)
		__asm__ volatile("outw %w0, %w1" : : "a"(value), "Nd"(port));
	else
		__asm__ volatile("outl %0, %w1" : : "a"(value), "Nd"(port));
}

#endif
